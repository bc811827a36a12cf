"""The shared database in the window: where, as whom, how far; and leaving it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from crmdesk.errors import InvalidInput, WorldFault
from crmdesk.models.sync_views import JoinFields, Membership, SyncStatus
from crmdesk.models.text import say
from crmdesk.ui.views.join_pane import JoinPane
from crmdesk.ui.views.membership_pane import MembershipPane
from tests.ui import sample, sample_sharing
from tests.ui.conftest import Seat
from tests.ui.fake_sharing import shared
from tests.ui.test_accessibility import unnamed

TWO = "{count} changes have not reached the server yet."


def _opened(seat: Seat, **status: object) -> MembershipPane:
    seat.bridge.sync_changed.emit(shared(**status))
    seat.ctrl_shift(Qt.Key.Key_J)
    (pane,) = seat.window.findChildren(MembershipPane)
    return pane


def _facts(pane: MembershipPane) -> list[str]:
    return [label.text() for label in pane.facts.values()]


def test_it_says_where_and_as_whom_this_desk_works(seat: Seat) -> None:
    pane = _opened(seat)
    assert unnamed(seat.window) == []
    assert _facts(pane) == [
        "db.example.com:5432/crmdesk",
        "lin.yue · Supervisor",
        "Hotline, Night shift",
        "Up to date",
    ]
    assert pane.bar.isHidden()
    assert pane.choice.isHidden()
    seat.window.words.use("zh")
    seat.settle()
    assert _facts(pane)[1:3] == ["lin.yue · 主管", "热线, 夜班"]


def test_role_and_teams_change_while_it_is_looked_at(seat: Seat) -> None:
    pane = _opened(seat)
    seat.desk.sharing.belongs = Membership("db.example.com:5432/crmdesk", "lin.yue", "agent", ())
    seat.bridge.sync_changed.emit(shared(tick=4183))
    seat.settle()
    assert _facts(pane)[1:3] == ["lin.yue · Agent", "—"]


def test_a_first_copy_that_was_broken_off_says_that_it_goes_on(seat: Seat) -> None:
    trouble = say("The server does not answer.")
    pane = _opened(seat, connected=False, first_sync=0.37, trouble=trouble)
    assert not pane.bar.isHidden()
    assert "37 %" in pane.bar.accessibleName()
    assert pane.trouble.text().startswith("The server does not answer. The first copy goes on")
    seat.bridge.sync_changed.emit(shared(first_sync=0.52))
    seat.settle()
    assert "52 %" in pane.bar.accessibleName()
    assert pane.trouble.isHidden()
    seat.bridge.sync_changed.emit(shared())
    seat.settle()
    assert pane.bar.isHidden()


def test_leaving_takes_the_key_twice(seat: Seat) -> None:
    pane = _opened(seat)
    seat.ctrl(Qt.Key.Key_Return)
    assert seat.desk.named("leave") == []
    assert seat.parts.messages.text == "Ctrl+Enter once more leaves"
    seat.ctrl(Qt.Key.Key_Return)
    assert seat.desk.named("leave") == [(False,)]
    assert pane.isHidden()
    assert "works alone now" in seat.parts.messages.text


def test_a_key_pressed_once_long_ago_does_not_count(seat: Seat) -> None:
    pane = _opened(seat)
    seat.ctrl(Qt.Key.Key_Return)
    seat.key(Qt.Key.Key_Escape)
    assert seat.parts.messages.isHidden()
    seat.ctrl(Qt.Key.Key_Return)
    assert seat.desk.named("leave") == []
    seat.window.commands.run("leave")
    seat.window.commands.run("leave")
    assert pane.isHidden()
    seat.ctrl_shift(Qt.Key.Key_J)
    seat.ctrl(Qt.Key.Key_Return)
    assert seat.desk.named("leave") == []


def test_what_is_not_sent_is_counted_listed_and_stays_unless_it_is_chosen(seat: Seat) -> None:
    seat.desk.sharing.waiting = sample_sharing.pending()
    seat.desk.refuse["leave"] = InvalidInput(TWO, fields=("unsent",), count=3)
    pane = _opened(seat, connected=False, pending=3)
    assert pane.unsent.text() == "3 changes have not reached the server yet."
    assert len(pane.unsent_lines.rows) == 3
    for _ in range(2):
        seat.ctrl(Qt.Key.Key_Return)
    assert seat.desk.named("leave") == [(False,)]
    assert pane.isVisible()
    assert pane.trouble.text() == "3 changes have not reached the server yet."
    assert pane.has_focus
    del seat.desk.refuse["leave"]
    pane.choice.setFocus()
    seat.key(Qt.Key.Key_Down)
    for _ in range(2):
        seat.ctrl(Qt.Key.Key_Return)
    assert seat.desk.named("leave") == [(False,), (True,)]
    assert pane.isHidden()


def test_texts_that_were_not_sent_can_be_saved_by_keys(seat: Seat, tmp_path: Path) -> None:
    seat.desk.sharing.waiting = sample_sharing.pending()
    pane = _opened(seat, pending=3)
    pane.save.setFocus()
    seat.key(Qt.Key.Key_Space)
    (dialog,) = pane.findChildren(QFileDialog)
    assert not dialog.isModal()
    dialog.setDirectory(str(tmp_path))
    dialog.selectFile("mine.txt")
    dialog.accept()
    seat.settle()
    ((path, text),) = seat.desk.named("keep_text")
    assert path == str(tmp_path / "mine.txt")
    for each in sample_sharing.pending():
        assert each.text in text
        assert each.subject in text
    assert seat.parts.messages.text == "Saved"


def test_a_new_password_is_taken_where_the_rest_is_known(seat: Seat) -> None:
    pane = _opened(seat, connected=False, trouble=say("The server does not accept this password."))
    pane.anew.setFocus()
    seat.key(Qt.Key.Key_Space)
    assert pane.isHidden()
    (joining,) = seat.window.findChildren(JoinPane)
    assert seat.focus() is joining.lines["password"]
    seat.qtbot.keyClicks(seat.focus(), "another horse")
    seat.ctrl(Qt.Key.Key_Return)
    (asked,) = seat.desk.named("join")
    assert asked == (
        JoinFields("db.example.com:5432/crmdesk", "lin.yue", "another horse", "/etc/crm/ca.pem"),
    )


def test_a_call_comes_while_it_is_left(seat: Seat) -> None:
    pane = _opened(seat)
    seat.window.commands.run("go-on")
    seat.desk.held.clear()
    for _ in range(2):
        seat.window.commands.run("go-on")
    assert not pane.go.isEnabled()
    seat.bridge.popped.emit(sample.pop())
    assert seat.parts.band.cards
    seat.window.commands.run("leave")
    assert pane.isHidden()
    seat.desk.refuse["leave"] = WorldFault("The server does not answer.")
    seat.desk.held.set()
    seat.settle()
    assert len(seat.desk.named("leave")) == 1
    assert seat.parts.messages.text == "The server does not answer."


def test_a_desk_that_was_taken_off_elsewhere_shows_it_no_longer(seat: Seat) -> None:
    pane = _opened(seat)
    seat.bridge.sync_changed.emit(SyncStatus())
    assert pane.isHidden()
