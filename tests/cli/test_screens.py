"""`crmdesk call` and `open`: the running window takes it, else one is started, else a sentence."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmdesk.cli import program, screens
from crmdesk.services.profile import new_profile
from crmdesk.services.store.connection import open_connection
from crmdesk.services.telephony.hook import HookCall
from crmdesk.services.telephony.hook_server import HookServer

CUSTOMER = "01a1ffd7-67fd-74cc-96da-e56609a2c4de"


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands of windows that would have been started."""
    found: list[list[str]] = []

    def note(command: list[str], **_options: Any) -> None:
        found.append(command)

    monkeypatch.setattr(subprocess, "Popen", note)
    return found


@pytest.fixture
def taken(tmp_path: Path) -> Iterator[list[Any]]:
    """What a running window of the profile gets."""
    calls: list[Any] = []
    arrived = threading.Lock()

    def take(call: HookCall) -> str:
        with arrived:
            calls.append(call)
        return "key"

    server = HookServer(tmp_path, take, calls.append)
    server.start()
    yield calls
    server.stop()


def run(tmp_path: Path, *words: str) -> int:
    return program.run(["--profile", str(tmp_path), *words], None)  # type: ignore[arg-type]  # no window opens


def test_the_running_window_takes_a_call(tmp_path: Path, taken: list[Any], started: list[list[str]]) -> None:
    words = ("call", "+86", "138", "0013%208000", "--name", "Zhang San", "--to", "02158208001", "--id", "x7")
    assert run(tmp_path, *words) == 0
    call = taken[0]
    assert (call.number, call.name, call.to) == ("+86 138 0013 8000", "Zhang San", "02158208001")
    assert (call.event, call.external_id) == ("ringing", "x7")
    assert not started


def test_without_a_window_one_is_started(
    tmp_path: Path, started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DISPLAY", ":9")
    assert run(tmp_path, "call", "13800138000", "--id", "x7") == 0
    assert started[0][-3:-1] == ["window", "--address"]
    assert started[0][-1].startswith("crmdesk://call?from=13800138000")
    assert "id=x7" in started[0][-1]


def test_a_call_that_is_over_starts_no_window(tmp_path: Path, started: list[list[str]]) -> None:
    assert run(tmp_path, "call", "13800138000", "--event", "ended") == 0
    assert not started


def test_without_a_display_there_is_a_sentence(
    tmp_path: Path,
    started: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    for words in (("call", "110"), ("open", f"crmdesk://customer/{CUSTOMER}"), ("demo",), ()):
        assert run(tmp_path, *words) == 1
        assert "There is no display here" in capsys.readouterr().err
    assert not started


def test_addresses_reach_the_window(tmp_path: Path, taken: list[Any], started: list[list[str]]) -> None:
    assert run(tmp_path, "open", "crmdesk://call?from=%2B8613800138000&name=Ann") == 0
    assert run(tmp_path, "open", f"crmdesk://customer/{CUSTOMER}") == 0
    assert (taken[0].number, taken[0].name) == ("+8613800138000", "Ann")
    assert taken[1] == f"crmdesk://customer/{CUSTOMER}"
    assert not started


@pytest.mark.parametrize(
    "address", ["", "K7", "https://example.com", "crmdesk://customer/K7", "crmdesk://foo"]
)
def test_an_address_nobody_understands_is_refused(
    tmp_path: Path,
    taken: list[Any],
    started: list[list[str]],
    capsys: pytest.CaptureFixture[str],
    address: str,
) -> None:
    assert run(tmp_path, "open", address) == 1
    assert "This address is not understood" in capsys.readouterr().err
    assert not taken and not started


def test_a_frozen_program_starts_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert screens.own_command() == [sys.executable]


def test_a_call_that_no_window_could_show_is_refused(
    tmp_path: Path,
    started: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("DISPLAY", ":9")
    monkeypatch.setenv("CRMDESK_KEY_FILE", str(tmp_path / "keys.json"))
    profile = new_profile(tmp_path / "desk").profile
    assert run(profile.path, "call", "13800138000") == 0
    assert len(started) == 1
    connection = open_connection(profile.store_path, profile.key, role="writer")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert run(profile.path, "call", "13800138000") == 1
    assert "A newer crmdesk" in capsys.readouterr().err
    profile.close()
    monkeypatch.setenv("CRMDESK_KEY_FILE", str(tmp_path / "others.json"))
    assert run(profile.path, "open", f"crmdesk://customer/{CUSTOMER}") == 1
    assert "recovery code" in capsys.readouterr().err
    profile.store_path.unlink()
    monkeypatch.setenv("CRMDESK_KEY_FILE", str(tmp_path / "keys.json"))
    assert run(profile.path, "call", "13800138000") == 1
    assert "missing or empty" in capsys.readouterr().err
    assert len(started) == 1
