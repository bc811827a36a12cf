"""A window waits for whoever has its profile open, and hands its address over when that is a window."""

import os
import threading
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from crmdesk.app import window
from crmdesk.app.farewell import Farewell
from crmdesk.errors import StoreBusy
from crmdesk.services.profile import Profile, new_profile
from crmdesk.services.telephony import hook_server
from crmdesk.services.telephony.hook_server import HookServer


@pytest.fixture
def held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, light_recovery: None) -> Profile:
    monkeypatch.setenv("CRMDESK_KEY_FILE", str(tmp_path / "keys.json"))
    return new_profile(tmp_path / "desk").profile


def test_a_script_that_ends_is_waited_for(held: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    def end(_path: Path, _address: str) -> bool:
        held.close()
        return False

    monkeypatch.setattr(hook_server, "open_in_running", end)
    opened = window._opened(held.path, "crmdesk://call?from=1")
    assert opened is not None
    opened.close()


def test_a_window_that_was_about_to_begin_takes_the_address(held: Profile) -> None:
    taken: list[str] = []
    server = HookServer(held.path, lambda _call: "", taken.append)
    server.start()
    assert window._opened(held.path, "crmdesk://window") is None
    server.stop()
    held.close()
    assert taken == ["crmdesk://window"]


def test_whoever_stays_is_not_waited_for_forever(held: Profile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(window, "WAIT_SECONDS", 0.0)
    with pytest.raises(StoreBusy):
        window._opened(held.path, "")
    held.close()


@pytest.mark.skipif(os.name != "posix", reason="signals between processes")
def test_a_signal_is_heard_while_qt_waits(qtbot: QtBot) -> None:
    import signal

    left = threading.Event()
    farewell = Farewell(left.set)
    os.kill(os.getpid(), signal.SIGTERM)
    qtbot.waitUntil(left.is_set)
    farewell.end()
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
