"""Joining a shared database from the window, and the answers of a PC that works alone."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from crmdesk.errors import FileFault, InvalidInput, WorldFault
from crmdesk.models.sync_views import AuthoritySeen, JoinFields, JoinProgress, SyncStatus
from crmdesk.ui.alone import Alone
from crmdesk.ui.views.join_pane import JoinPane
from crmdesk.ui.views.membership_pane import MembershipPane
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
    seat.key(Qt.Key.Key_Tab)  # past what looks for a file
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
    told = {name: note.text() for name, note in pane.notes.items() if not note.isHidden()}
    assert told == {"user": "Please fill in: User", "password": "Please fill in: Password"}
    assert seat.focus() is pane.lines["user"]
    assert pane.lines["user"].accessibleDescription() == "Please fill in: User Your name on the server"
    seat.qtbot.keyClicks(seat.focus(), "l")
    assert pane.notes["user"].isHidden()
    assert seat.desk.named("join") == []


@pytest.mark.parametrize("field", ["address", "user", "password", "ca_file"])
def test_a_failure_is_a_sentence_below_its_field_and_what_was_typed_stays(seat: Seat, field: str) -> None:
    seat.desk.refuse["join"] = WorldFault("That was not it.", fields=(field,))
    pane = _fill(seat)
    before = pane.fields()
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert pane.isVisible()
    told = {name: note.text() for name, note in pane.notes.items() if not note.isHidden()}
    assert told == {field: "That was not it."}
    assert pane.notes[field].tone == "breach"
    assert seat.focus() is pane.lines[field]
    assert pane.fields() == before
    assert seat.parts.messages.isHidden()
    seat.desk.refuse["join"] = WorldFault("No room.")
    seat.ctrl(Qt.Key.Key_Return)
    assert all(note.isHidden() for note in pane.notes.values())
    del seat.desk.refuse["join"]
    seat.ctrl(Qt.Key.Key_Return)
    assert pane.isHidden()


def test_a_failure_of_no_field_is_told_below_all(seat: Seat) -> None:
    seat.desk.refuse["join"] = WorldFault("The server has no room just now.")
    pane = _fill(seat)
    seat.ctrl(Qt.Key.Key_Return)
    assert (pane.told.text(), pane.told.tone) == ("The server has no room just now.", "breach")
    assert all(note.isHidden() for note in pane.notes.values())
    assert seat.focus() is pane.lines["address"]


def test_the_certificate_is_read_out_before_it_is_used(seat: Seat) -> None:
    seat.ctrl_shift(Qt.Key.Key_J)
    pane = _pane(seat)
    note = pane.notes["ca_file"]
    pane.to_field("ca_file")
    seat.qtbot.keyClicks(seat.focus(), "/etc/crm/ca.pem")
    seat.qtbot.waitUntil(lambda: bool(note.text()))
    assert seat.desk.named("authority") == [("/etc/crm/ca.pem",)]
    assert (note.text(), note.tone) == ("Certificate of Our house CA, valid until 8 May 2029", "good")
    for days, tone in ((20, "due"), (-1, "breach")):
        seat.desk.sharing.certificate = AuthoritySeen("Our house CA", sample.NOW + timedelta(days=days))
        pane.ca_named.emit("/etc/crm/ca.pem")
        seat.settle()
        assert note.tone == tone
    assert "ended on" in note.text()
    seat.desk.refuse["authority"] = FileFault("{path} is no certificate.", path="/etc/crm/ca.pem")
    pane.ca_named.emit("/etc/crm/ca.pem")
    seat.settle()
    assert (note.text(), note.tone) == ("/etc/crm/ca.pem is no certificate.", "breach")


def test_a_file_is_chosen_by_keys_while_calls_go_on(seat: Seat, tmp_path: Path) -> None:
    chosen = tmp_path / "ca.pem"
    chosen.write_text("")
    seat.ctrl_shift(Qt.Key.Key_J)
    pane = _pane(seat)
    pane.to_field("ca_file")
    seat.key(Qt.Key.Key_Tab)
    assert seat.focus() is pane.choose
    seat.key(Qt.Key.Key_Space)
    (dialog,) = pane.findChildren(QFileDialog)
    assert not dialog.isModal()
    seat.bridge.popped.emit(sample.pop())
    assert seat.parts.band.cards
    dialog.setDirectory(str(tmp_path))
    dialog.selectFile(str(chosen))
    dialog.accept()
    seat.settle()
    assert pane.fields().ca_file == str(chosen)
    assert seat.desk.named("authority")[-1] == (str(chosen),)


def test_nothing_that_is_said_is_cut_off(seat: Seat) -> None:
    seat.desk.refuse["join"] = WorldFault("The server says that this does not do. " * 6, fields=("user",))
    pane = _fill(seat)
    before = pane.height()
    seat.ctrl(Qt.Key.Key_Return)
    note = pane.notes["user"]
    assert note.height() >= note.heightForWidth(note.width())
    assert pane.height() > before
    seat.key(Qt.Key.Key_A)
    assert pane.height() == before


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


def test_rows_that_go_along_are_counted_and_a_break_says_that_it_goes_on(seat: Seat) -> None:
    pane = _fill(seat)
    seat.desk.held.clear()
    seat.window.commands.run("go-on")
    assert pane.bar.isHidden()
    seat.bridge.join_progressed.emit(JoinProgress(15_000, 60_000))
    assert not pane.bar.isHidden()
    assert pane.told.text() == "Sent: 15,000 of 60,000 rows. You go on working meanwhile."
    assert pane.bar.accessibleName() == pane.told.text()
    seat.desk.refuse["join"] = WorldFault("The connection broke.", fields=("address",))
    seat.desk.held.set()
    seat.settle()
    assert pane.bar.isHidden()
    told = "The connection broke. What was sent is there; joining once more goes on where it stopped."
    assert (pane.told.text(), pane.told.tone) == (told, "breach")
    seat.bridge.join_progressed.emit(JoinProgress(20_000, 60_000))
    assert pane.told.text() == told


def test_records_of_its_own_ask_for_a_choice(seat: Seat) -> None:
    seat.desk.refuse["join"] = InvalidInput(
        "This desk holds {count} records. Say --adopt or --fresh.", fields=("adopt",), count=12
    )
    pane = _fill(seat)
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    told = pane.notes["adopt"].text()
    assert told == "This desk holds 12 records of its own. Choose what becomes of them."
    assert seat.focus() is pane.data


def test_a_desk_that_shares_sees_what_it_shares_instead(seat: Seat) -> None:
    seat.bridge.sync_changed.emit(shared())
    seat.ctrl_shift(Qt.Key.Key_J)
    assert seat.window.findChildren(JoinPane) == []
    (pane,) = seat.window.findChildren(MembershipPane)
    assert pane.isVisible()
    seat.ctrl_shift(Qt.Key.Key_S)
    assert pane.isHidden()


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
    assert alone.membership().result() is None
    alone.load_history(sample.CHEN).result()
    alone.tell_presence("ready", sample.CHEN, "open")
    for refused in (
        alone.resolve(sample.made_id("op"), {}),
        alone.dismiss(sample.made_id("op")),
        alone.send_as_note(sample.made_id("op"), sample.CHEN),
        alone.cancel_help(sample.made_id("help")),
        alone.take_help(sample.made_id("help")),
        alone.join(JoinFields("", "", "")),
        alone.authority("ca.pem"),
        alone.leave(unsent=True),
        alone.keep_text("mine.txt", ""),
    ):
        with pytest.raises(WorldFault):
            refused.result()
