"""What the doctor says of telephone, clock, disk and backup."""

import os
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from crmdesk.cli import doctor
from crmdesk.settings import Settings


@pytest.fixture
def port() -> Iterator[int]:
    """A telephone system that greets."""
    listener = socket.create_server(("127.0.0.1", 0))

    def greet() -> None:
        visitor, _ = listener.accept()
        with visitor:
            visitor.sendall(b"Asterisk Call Manager/11.0.0\r\n")

    thread = threading.Thread(target=greet)
    thread.start()
    yield listener.getsockname()[1]
    thread.join()
    listener.close()


def settings(**values: object) -> Settings:
    return Settings().changed_by("it", values)


def test_a_telephone_system_that_answers(port: int, tmp_path: Path) -> None:
    found = doctor._telephony(tmp_path, settings(telephony="ami", telephony_port=port))
    assert (found.state, "Asterisk Call Manager" in found.found) == ("ok", True)


def test_a_telephone_system_that_does_not(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        free = unused.getsockname()[1]
    found = doctor._telephony(tmp_path, settings(telephony="ami", telephony_port=free))
    assert found.state == "bad"
    assert "firewall" in found.advice


@pytest.mark.parametrize(("source", "state"), [("off", "look"), ("hook", "ok")])
def test_other_sources_of_calls(tmp_path: Path, source: str, state: str) -> None:
    assert doctor._telephony(tmp_path, settings(telephony=source)).state == state


@pytest.mark.parametrize(
    ("ahead", "test", "state"), [(0, False, "ok"), (3_600, False, "bad"), (3_600, True, "ok")]
)
def test_the_clock(ahead: int, test: bool, state: str) -> None:
    now = (datetime.now(UTC) + timedelta(seconds=ahead)).isoformat()
    assert doctor._clock({"now": now, "test": test}).state == state


@pytest.mark.parametrize(
    ("not_sent", "refused", "state", "told"),
    [(0, 0, "ok", "3 contents"), (2, 0, "look", "2 not sent yet"), (2, 1, "look", "1 cannot be sent")],
)
def test_files_that_were_not_sent(not_sent: int, refused: int, state: str, told: str) -> None:
    found = doctor._attachments({"here": 3, "not_sent": not_sent, "refused": refused})
    assert (found.state, told in found.found) == (state, True)


@pytest.mark.parametrize(("days", "state"), [(None, "bad"), (0.5, "ok"), (30, "bad")])
def test_the_age_of_the_backup(tmp_path: Path, days: float | None, state: str) -> None:
    if days is not None:
        file = tmp_path / "x.crmdesk-backup"
        file.write_bytes(b"")
        at = datetime.now(UTC).timestamp() - days * 86_400
        os.utime(file, (at, at))
    assert doctor._backup(settings(backup_folder=str(tmp_path))).state == state
    assert doctor._backup(settings()).state == "look"


@pytest.mark.parametrize(("free", "state"), [(1 << 40, "ok"), (500 << 20, "look"), (50 << 20, "bad")])
def test_the_space_that_is_left(
    tmp_path: Path, free: int, state: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        def __init__(self) -> None:
            self.free = free

    monkeypatch.setattr("shutil.disk_usage", lambda _path: Usage())
    assert doctor._disk(tmp_path / "profile" / "deep").state == state


@pytest.mark.parametrize(
    ("calendar", "today", "state", "found"),
    [
        ("uk-default", date(2026, 12, 1), "ok", "last looked up on 2026-"),
        ("cn-default", date(2026, 9, 30), "ok", "last looked up on 2026-"),
        ("cn-default", date(2026, 10, 1), "look", "does not know the holidays of 2027 yet"),
        ("uk-default", date(2028, 12, 1), "look", "last looked up on 2026-"),
    ],
)
def test_rules_that_age(calendar: str, today: date, state: str, found: str) -> None:
    made = doctor._rules(settings(calendar=calendar), today)
    assert (made.state, found in made.found) == (state, True), made
    assert bool(made.advice) == (state == "look")


@pytest.mark.parametrize(
    ("own", "state", "found"),
    [
        ({}, "ok", "none: rules and letters are those that crmdesk came with"),
        (
            {"regimes.toml": True, "letters/zh/closing.txt": True},
            "ok",
            "regimes.toml, letters/zh/closing.txt in ",
        ),
        ({"regimes.toml": True, "regime.toml": False}, "look", "crmdesk reads no regime.toml in "),
    ],
)
def test_files_of_the_house(
    own: dict[str, bool], state: str, found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crmdesk.resources.own_files", lambda: own)
    made = doctor._own_files()
    assert (made.state, made.found.startswith(found)) == (state, True), made
    assert bool(made.advice) == bool(own)
