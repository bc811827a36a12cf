"""The mark of the status line: how old the data is, what waits, and never a dialog."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt

from crmdesk.models.sync_views import SyncStatus
from crmdesk.models.text import say
from crmdesk.ui.moments import Moments
from crmdesk.ui.sync_words import sync_mark
from crmdesk.ui.translation import Words
from crmdesk.ui.views.sharing_panel import SharingPanel
from tests.ui import sample
from tests.ui.conftest import SHANGHAI, Seat
from tests.ui.fake_sharing import shared

PROBE = "import sys, crmdesk.app.program; print([name for name in sys.argv[1:] if name in sys.modules])"
LATER = ("crmdesk.models.sync_views", "crmdesk.ui.sync_words", "crmdesk.ui.shared_side", "crmdesk.ui.desk")
NEVER_ALONE = (
    "crmdesk.ui.views.sharing_panel",
    "crmdesk.ui.views.help_pane",
    "crmdesk.ui.views.join_pane",
    "crmdesk.ui.views.presence",
)


def ago(**length: float) -> dict[str, Any]:
    return {"last_pull_at": sample.NOW - timedelta(**length)}


@pytest.mark.parametrize(
    ("status", "text", "tone"),
    [
        (SyncStatus(), "This PC alone", "plain"),
        (shared(), "Up to date", "plain"),
        (shared(**ago(seconds=50)), "Up to date", "plain"),
        (shared(**ago(minutes=3)), "Data of 09:57", "plain"),
        (shared(**ago(minutes=6)), "Data of 09:54", "due"),
        (shared(last_pull_at=None), "Not synced yet", "due"),
        (shared(pending=3), "Up to date · 3 to send", "plain"),
        (shared(refused=1), "Up to date · 1 needs your choice", "due"),
        (shared(refused=2, pending=1), "Up to date · 1 to send · 2 need your choice", "due"),
        (shared(connected=False), "Server not reachable · data of 10:00", "plain"),
        (
            shared(connected=False, pending=3, **ago(minutes=20)),
            "Server not reachable · data of 09:40 · 3 to send",
            "due",
        ),
        (shared(connected=False, **ago(days=2)), "Server not reachable · data of 18 Nov 10:00", "due"),
        (shared(first_sync=0.426), "First copy: 42 %", "plain"),
        (shared(first_sync=0.1, connected=False), "Server not reachable · First copy: 10 %", "plain"),
        (shared(trouble=say("Update crmdesk.")), "Update crmdesk. · Up to date", "due"),
    ],
)
def test_the_mark_tells_age_and_what_waits(status: SyncStatus, text: str, tone: str) -> None:
    words = Words({})
    mark = sync_mark(words, Moments(words, lambda: sample.NOW, SHANGHAI), status)
    assert (mark.text, mark.tone) == (text, tone)


def test_data_grows_old_by_itself(seat: Seat) -> None:
    seat.bridge.sync_changed.emit(shared())
    assert "Up to date" in seat.parts.status.accessibleDescription()
    seat.clock.go_on(20 * 60)
    seat.parts.status._look_at_age()
    assert "Data of 10:00" in seat.parts.status.accessibleDescription()


def test_a_trouble_is_told_beside_the_mark(seat: Seat) -> None:
    trouble = say("The server does not answer.")
    seat.bridge.sync_changed.emit(shared(connected=False, trouble=trouble))
    assert "The server does not answer." in seat.parts.status.accessibleDescription()
    assert seat.parts.status.toolTip() == "The server does not answer."
    assert seat.parts.messages.isHidden()


def test_the_mark_speaks_both_languages(seat: Seat) -> None:
    seat.bridge.sync_changed.emit(shared(pending=2))
    seat.window.commands.run("language")
    assert "数据为最新 · 2 项待发送" in seat.parts.status.accessibleDescription()


def test_a_click_on_the_mark_opens_the_panel(seat: Seat) -> None:
    seat.bridge.sync_changed.emit(shared())
    status = seat.parts.status
    status.grab()
    seat.qtbot.mouseClick(status, Qt.MouseButton.LeftButton, pos=QPoint(20, 10))
    assert seat.window.findChildren(SharingPanel) == []
    seat.qtbot.mouseClick(status, Qt.MouseButton.LeftButton, pos=QPoint(status.width() - 30, 10))
    (panel,) = seat.window.findChildren(SharingPanel)
    assert panel.isVisible()


def test_a_pc_alone_is_told_how_to_join(seat: Seat) -> None:
    seat.ctrl_shift(Qt.Key.Key_S)
    assert "Ctrl+Shift+J" in seat.parts.messages.text
    seat.key(Qt.Key.Key_F4)
    assert "works alone" in seat.parts.messages.text
    assert seat.window.findChildren(SharingPanel) == []


def test_a_key_asks_how_things_stand_when_no_news_came_yet(seat: Seat) -> None:
    seat.desk.sharing.status = shared(pending=1)
    assert seat.desk.named("sync_status") == []
    seat.ctrl_shift(Qt.Key.Key_S)
    assert "Up to date · 1 to send" in seat.parts.status.accessibleDescription()
    assert seat.window.side.shared.panel.view.isVisible()


def test_the_first_paint_loads_nothing_of_sharing() -> None:
    found = subprocess.run(
        [sys.executable, "-c", PROBE, *LATER, *NEVER_ALONE],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert found.stdout.strip() == "[]"
