"""Joining a shared database from the window, and the answers of a PC that works alone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from crmdesk.errors import InvalidInput, WorldFault
from crmdesk.models.sync_views import JoinFields, SyncStatus
from crmdesk.ui.alone import Alone
from crmdesk.ui.views.join_pane import JoinPane
from tests.ui import sample
from tests.ui.conftest import Seat
from tests.ui.fake_sharing import shared
from tests.ui.test_accessibility import unnamed


def _fill(seat: Seat) -> JoinPane:
    seat.ctrl_shift(Qt.Key.Key_J)
    for text in ("crm.example/crm", "lin.yue", "correct horse", ""):
        if text:
            seat.qtbot.keyClicks(seat.focus(), text)
        seat.key(Qt.Key.Key_Tab)
    return _pane(seat)


def _pane(seat: Seat) -> JoinPane:
    (pane,) = seat.window.findChildren(JoinPane)
    return pane


def test_four_fields_join_by_keys_alone_and_the_password_goes(seat: Seat) -> None:
    pane = _fill(seat)
    assert unnamed(seat.window) == []
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert seat.desk.named("join") == [(JoinFields("crm.example/crm", "lin.yue", "correct horse"),)]
    assert pane.isHidden()
    password = pane.lines["password"]
    assert password.text() == ""
    assert not password.isUndoAvailable()
    assert "first copy" in seat.parts.messages.text
    seat.bridge.sync_changed.emit(shared(first_sync=0.07, last_pull_at=None))
    assert "First copy: 7 %" in seat.parts.status.accessibleDescription()


def test_the_password_is_in_no_words_of_the_fields() -> None:
    assert "correct horse" not in repr(JoinFields("crm.example", "lin", "correct horse"))


def test_work_goes_on_while_the_server_is_asked(seat: Seat) -> None:
    pane = _fill(seat)
    seat.desk.held.clear()
    seat.window.commands.run("go-on")
    seat.window.commands.run("go-on")
    assert not pane.lines["address"].isEnabled()
    assert pane.told.text() == "Asking the server …"
    seat.bridge.popped.emit(sample.pop())
    assert seat.parts.band.cards
    seat.desk.held.set()
    seat.settle()
    assert len(seat.desk.named("join")) == 1


def test_what_is_missing_is_told_at_its_field(seat: Seat) -> None:
    seat.ctrl_shift(Qt.Key.Key_J)
    seat.qtbot.keyClicks(seat.focus(), "crm.example")
    seat.key(Qt.Key.Key_Return)
    pane = _pane(seat)
    assert pane.told.text() == "Please fill in: User"
    assert seat.focus() is pane.lines["user"]
    assert seat.desk.named("join") == []


def test_a_failure_is_a_sentence_in_the_pane(seat: Seat) -> None:
    seat.desk.refuse["join"] = WorldFault("The password is wrong.", fields=("password",))
    pane = _fill(seat)
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert pane.isVisible()
    assert pane.told.text() == "The password is wrong."
    assert seat.focus() is pane.lines["password"]
    assert seat.parts.messages.isHidden()


def test_a_failure_after_the_pane_was_closed_is_told_all_the_same(seat: Seat) -> None:
    seat.desk.refuse["join"] = WorldFault("The server does not answer.")
    pane = _fill(seat)
    seat.desk.held.clear()
    seat.window.commands.run("go-on")
    seat.window.commands.run("leave")
    assert pane.isHidden()
    seat.desk.held.set()
    seat.settle()
    assert seat.parts.messages.text == "The server does not answer."
    assert pane.lines["password"].text() == ""


def test_escape_keeps_the_address_but_not_the_password(seat: Seat) -> None:
    pane = _fill(seat)
    seat.key(Qt.Key.Key_Escape)
    assert pane.isHidden()
    assert (pane.lines["address"].text(), pane.lines["password"].text()) == ("crm.example/crm", "")


def test_what_is_here_can_be_taken_along(seat: Seat) -> None:
    pane = _fill(seat)
    assert seat.focus() is pane.data
    seat.key(Qt.Key.Key_Down)
    seat.ctrl(Qt.Key.Key_Return)
    (asked,) = seat.desk.named("join")
    assert asked[0].adopt is True


def test_records_of_its_own_ask_for_a_choice(seat: Seat) -> None:
    seat.desk.refuse["join"] = InvalidInput(
        "This desk holds {count} records. Say --adopt or --fresh.", fields=("adopt",), count=12
    )
    pane = _fill(seat)
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert pane.told.text() == "This desk holds 12 records of its own. Choose what becomes of them."
    assert seat.focus() is pane.data


def test_a_desk_that_shares_does_not_join_again(seat: Seat) -> None:
    seat.bridge.sync_changed.emit(shared())
    seat.ctrl_shift(Qt.Key.Key_J)
    assert seat.parts.messages.text == "This desk shares a database already"
    assert seat.window.findChildren(JoinPane) == []


def test_a_pc_alone_has_nothing_to_share() -> None:
    alone = Alone()
    assert alone.sync_status().result() == SyncStatus()
    for nothing in (
        alone.pending(),
        alone.refused(),
        alone.presence(sample.CHEN),
        alone.helpers(),
        alone.help_requests(),
    ):
        assert nothing.result() == ()
    alone.load_history(sample.CHEN).result()
    alone.tell_presence("ready", sample.CHEN, "open")
    for refused in (
        alone.resolve(sample.made_id("op"), {}),
        alone.dismiss(sample.made_id("op")),
        alone.send_as_note(sample.made_id("op"), sample.CHEN),
        alone.cancel_help(sample.made_id("help")),
        alone.take_help(sample.made_id("help")),
        alone.join(JoinFields("", "", "")),
    ):
        with pytest.raises(WorldFault):
            refused.result()
