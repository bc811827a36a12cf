"""A complaint in the window, by keys: the main line, what is refused, undone, changed by others, hidden."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from crmdesk.errors import ServerFault
from crmdesk.models.changes import ChangeSet
from crmdesk.models.types import CallId
from crmdesk.services.complaints.due import act_on
from crmdesk.ui.views.timeline import TimelinePane
from tests.services.complaints.house import (
    BELA,
    CALL,
    CHECKLIST,
    CHEN,
    OTHER_TEAM,
    settled,
)
from tests.ui import sample
from tests.ui.complaint_house import ComplaintSeat, line_of
from tests.ui.test_accessibility import unnamed

ALT_SHIFT = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ShiftModifier


def done(place: ComplaintSeat, *keys: Qt.Key) -> None:
    """Press *keys* where the keyboard is, then Ctrl+Enter."""
    for key in keys:
        place.seat.key(key)
    place.seat.ctrl(Qt.Key.Key_Return)
    place.seat.settle()


def next_form(place: ComplaintSeat) -> None:
    """Open the form of the one obvious step."""
    place.seat.ctrl(Qt.Key.Key_Return)
    place.seat.settle()
    assert place.page.forms.is_open


def test_the_whole_main_line_by_keys(place: ComplaintSeat) -> None:
    seat, house = place.seat, place.house
    seat.ring(replace(sample.pop(), call_id=CallId(CALL)), "talking")
    row = house.log()
    place.open(row)
    next_form(place)
    done(place, Qt.Key.Key_Space)
    assert place.stands(row) == "ACKNOWLEDGED"
    next_form(place)
    done(place, Qt.Key.Key_Down, Qt.Key.Key_Down)
    assert place.stands(row) == "ASSESSED"
    next_form(place)
    done(place)
    assert place.stands(row) == "INVESTIGATING"
    next_form(place)
    seat.key(Qt.Key.Key_Down)
    place.form.field("finding").fill("upheld")
    place.form.field("remedies").to_field()
    seat.key(Qt.Key.Key_Down)
    place.form.field("reason_text").to_field()
    seat.commit("It was our mistake.")
    done(place)
    assert place.stands(row) == "PROPOSED"
    next_form(place)
    assert place.form.values()["call_id"] == str(CALL)
    done(place)
    assert place.stands(row) == "RESPONDED"
    next_form(place)
    seat.key(Qt.Key.Key_Down)
    place.form.field("remedies_state").to_field()
    done(place, Qt.Key.Key_Space)
    assert place.stands(row) == "RESOLVED"
    place.pass_time(days=10)
    with house.work() as work:
        act_on(work, house.rules(), row["id"])
    place.page.refresh()
    seat.settle()
    assert place.stands(row) == "FOLLOW_UP"
    next_form(place)
    place.form.field("declined").to_field()
    done(place, Qt.Key.Key_Space)
    assert place.stands(row) == "CLOSED"
    assert seat.parts.messages.text == "Done: Close"


def test_enter_on_its_line_of_the_time_line_opens_it_and_escape_goes_back(place: ComplaintSeat) -> None:
    seat = place.seat
    row = place.house.log()
    seat.ring(replace(sample.pop(), timeline=line_of(row)), "talking")
    timeline: TimelinePane = seat.parts.timeline
    assert str(timeline.model.data(timeline.model.index(0))).endswith(f"{row['number']}, Logged")
    timeline.list.setFocus()
    seat.key(Qt.Key.Key_Down)
    seat.key(Qt.Key.Key_Return)
    seat.settle()
    view = place.page.view
    assert view.isVisible()
    assert view.head.card.number == row["number"]
    seat.key(Qt.Key.Key_Escape)
    assert seat.parts.stage.shown is seat.parts.record
    assert seat.focus() is timeline.list


def test_a_number_typed_in_any_form_finds_it(place: ComplaintSeat) -> None:
    seat = place.seat
    row = place.house.log()
    seat.ctrl(Qt.Key.Key_K)
    seat.qtbot.keyClicks(seat.focus(), "c26 k7q 1")
    seat.parts.box.setText("ｃ26 k7q 0001")
    seat.parts.box.textEdited.emit(seat.parts.box.text())
    seat.qtbot.waitUntil(lambda: [line.text for line in seat.parts.finder.model.rows] == [row["number"]])
    seat.key(Qt.Key.Key_Return)
    seat.settle()
    assert place.page.view.head.card.number == row["number"]


def test_a_refused_step_says_why_beside_the_field_and_keeps_what_was_typed(place: ComplaintSeat) -> None:
    seat = place.seat
    row = place.investigated()
    place.open(row)
    next_form(place)
    place.form.field("reason_text").to_field()
    seat.commit("Because the part was wrong.")
    done(place)
    fault = place.form._faults["cause"]
    assert fault.text() == "Please fill in Cause."
    assert seat.focus() is place.form.field("cause").box
    assert place.form.values()["reason_text"] == "Because the part was wrong."
    assert place.stands(row) == "INVESTIGATING"


def test_a_gate_that_refuses_is_told_above_the_fields(place: ComplaintSeat) -> None:
    place.open(place.house.log())
    next_form(place)
    done(place)
    assert place.form.top.text().startswith("The check-list of acceptance does not hold")
    assert place.form.top.tone == "breach"


def test_what_was_typed_survives_escape_and_the_end_of_the_program(place: ComplaintSeat) -> None:
    seat = place.seat
    row = place.investigated()
    place.open(row)
    next_form(place)
    place.form.field("reason_text").to_field()
    seat.commit("Half a sentence")
    seat.key(Qt.Key.Key_Escape)
    seat.settle()
    assert not place.page.forms.is_open
    kept = place.drafts.load(f"form/{row['id']}/T8").result()
    assert kept is not None and "Half a sentence" in kept.text
    assert place.drafts.open_drafts().result() == ()
    next_form(place)
    assert place.form.values()["reason_text"] == "Half a sentence"


def test_the_last_step_is_taken_back_by_a_key_within_a_minute(place: ComplaintSeat) -> None:
    seat = place.seat
    row = place.house.log()
    place.open(row)
    next_form(place)
    done(place, Qt.Key.Key_Space)
    assert place.stands(row) == "ACKNOWLEDGED"
    assert not place.page.view.undo_button.isHidden()
    seat.ctrl(Qt.Key.Key_Z)
    seat.settle()
    assert place.stands(row) == "RECEIVED"
    assert seat.parts.messages.text == "Taken back: Accept and acknowledge"


def test_after_a_minute_the_key_says_why_it_cannot(place: ComplaintSeat) -> None:
    seat = place.seat
    row = place.house.log()
    place.open(row)
    next_form(place)
    done(place, Qt.Key.Key_Space)
    place.pass_time(minutes=2)
    place.page.refresh()
    seat.settle()
    seat.ctrl(Qt.Key.Key_Z)
    seat.settle()
    assert place.stands(row) == "ACKNOWLEDGED"
    assert seat.parts.messages.text.startswith("A step can be undone for a minute")


def test_ctrl_z_in_a_text_undoes_typing_and_no_step(place: ComplaintSeat) -> None:
    seat = place.seat
    row = place.house.log()
    place.open(row)
    next_form(place)
    done(place, Qt.Key.Key_Space)
    seat.key(Qt.Key.Key_F7)
    seat.settle()
    seat.qtbot.keyClicks(seat.focus(), "typed")
    seat.ctrl(Qt.Key.Key_Z)
    assert place.form.values() == {}
    assert place.stands(row) == "ACKNOWLEDGED"


def test_a_colleague_was_quicker_and_the_form_goes_on_from_there(place: ComplaintSeat) -> None:
    seat, house = place.seat, place.house
    row = place.investigated()
    place.open(row)
    next_form(place)
    place.form.field("reason_text").to_field()
    seat.commit("Ours.")
    waiting = house.step(row, "T6", BELA, wait_for="customer", what="photos", until=house.iso(days=2))
    done(place)
    assert "It is now: Waiting, and this step is not possible" in place.form.top.text()
    assert place.form.values()["reason_text"] == "Ours."
    assert place.page.view.head.card.chips[0][0] == "Waiting"
    house.step(waiting, "T7", BELA)
    place.page.refresh()
    seat.settle()
    place.form.field("cause").fill("wrong_part")
    place.form.field("finding").fill("partly")
    place.form.field("remedies").fill([{"type": "apology", "value": 0}])
    done(place)
    assert place.stands(row) == "PROPOSED"


def test_after_a_conflict_the_same_key_does_it_all_the_same(place: ComplaintSeat) -> None:
    row = place.investigated()
    place.open(row)
    place.page.begin("E1")
    place.seat.settle()
    place.form.field("to_level").fill(2)
    place.form.field("reason").fill("He calls the press.")
    place.house.step(row, "E1", CHEN, to_level=1, reason="Third visit.")
    done(place)
    assert "It is now: Investigating. Ctrl+Enter does it all the same." in place.form.top.text()
    assert place.house.row("complaint", row["id"])["level"] == 1
    done(place)
    assert place.house.row("complaint", row["id"])["level"] == 2


def test_the_body_of_another_teams_complaint_is_not_shown(place: ComplaintSeat) -> None:
    row = place.house.log(restricted=True)
    place.house.veil(row["id"])
    place.open(row)
    view = place.page.view
    texts = " ".join(line.spoken() for line in view.file.lines.rows)
    assert "Another team handles this complaint. Ask p1." in texts
    assert "brakes" not in texts
    assert [text for text, _ in view.head.card.chips] == ["Received", "Restricted"]
    assert view.next_button.isHidden() and view.steps_button.isHidden()
    place.seat.ctrl(Qt.Key.Key_Return)
    assert not place.page.forms.is_open
    place.seat.key(Qt.Key.Key_F7)
    assert not place.page.forms.is_open


def test_the_file_of_one_that_ended_long_ago_is_fetched_when_it_is_opened(place: ComplaintSeat) -> None:
    row = place.house.log()
    held = place.house.connection.execute("SELECT * FROM complaint_body").fetchone()
    place.house.connection.execute("DELETE FROM complaint_body")
    place.house.connection.executemany(
        "INSERT INTO sync (name, value) VALUES (?, ?)",
        [("server", "{}"), ("scope", json.dumps({"teams": [str(row["team_id"])]}))],
    )
    place.seat.desk.refuse["load_file"] = ServerFault("The server {host} does not answer.", host="db")
    place.open(row)
    assert place.seat.parts.messages.text == "The server db does not answer."
    told = [line.text for line in place.page.view.file.lines.rows]
    ended = "This complaint ended long ago: its file lies at the server."
    assert told == [ended, "Enter fetches it from there"]
    del place.seat.desk.refuse["load_file"]
    place.open(row)
    assert place.seat.desk.named("load_file") == [(row["id"],)] * 2
    place.house.connection.execute(f"INSERT INTO complaint_body VALUES ({', '.join('?' * len(held))})", held)
    place.seat.bridge.changed.emit(ChangeSet(frozenset({"complaint_body"}), frozenset({row["id"]}), "sync"))
    place.seat.settle()
    assert "brakes" in " ".join(line.spoken() for line in place.page.view.file.lines.rows)


def test_all_steps_are_listed_with_the_reason_why_not(place: ComplaintSeat) -> None:
    seat = place.seat
    place.open(place.investigated())
    seat.ctrl_shift(Qt.Key.Key_N)
    lines = {line.source: line for line in place.page.view.steps.lines.rows}
    assert place.page.view.steps.lines.rows[0].source == "T8"
    assert lines["T19"].below == "This takes another role: Supervisor."
    assert lines["T6"].icon == "check"
    steps = place.page.view.steps
    assert steps.list.hasFocus()
    while steps.lines.rows[steps.list.current_row()].source != "H1":
        seat.key(Qt.Key.Key_Down)
    seat.key(Qt.Key.Key_Return)
    seat.settle()
    assert place.form.names() == ("to", "open_points")
    assert str(place.form.values()["open_points"]).startswith("Due next: ")
    place.form.field("to").fill(str(BELA))
    done(place)
    assert place.page.record.owner.key == "p2"


def test_a_supervisor_merges_by_number(place: ComplaintSeat) -> None:
    seat, house = place.seat, place.house
    first, second = house.log(), house.log()
    house.who = CHEN
    place.open(second)
    place.page.begin("T19")
    seat.settle()
    seat.qtbot.keyClicks(seat.focus(), "c26k7q0001")
    seat.settle()
    assert place.form.field("target_id").told.text().startswith(first["number"])
    done(place)
    assert place.stands(second) == "MERGED"
    assert [line.text for line in place.page.view.file.lines.rows if line.kind == "link"] == [first["number"]]


def test_enter_on_another_complaint_opens_it(place: ComplaintSeat) -> None:
    seat, house = place.seat, place.house
    first = house.log()
    place.open(house.log(repeat_of=first["id"]))
    lines = place.page.view.file
    lines.list.choose_row(next(n for n, line in enumerate(lines.lines.rows) if line.kind == "link"))
    seat.key(Qt.Key.Key_Return)
    seat.settle()
    assert place.page.view.head.card.number == first["number"]


def test_remedies_tell_the_limit_before_anybody_promises(place: ComplaintSeat) -> None:
    seat = place.seat
    place.open(place.investigated())
    next_form(place)
    field = place.form.field("remedies")
    field.fill([{"type": "voucher", "value": 15000}])
    assert field.told.text() == "Together CNY 150: within your limit of CNY 200."
    field.to_field()
    seat.key(Qt.Key.Key_Down)
    field.amount.setFocus()
    field.amount.selectAll()
    seat.qtbot.keyClicks(field.amount, "100")
    seat.key(Qt.Key.Key_Return)
    assert [line["value"] for line in field.value()] == [15000, 10000]
    assert field.told.tone == "due"
    assert "a supervisor has to approve" in field.told.text()
    field.list.setFocus()
    field.list.choose_row(0)
    seat.key(Qt.Key.Key_Delete)
    assert [line["value"] for line in field.value()] == [10000]
    field.fill([{"type": "refund", "value": 300_000}])
    assert "two supervisors" in field.told.text()


def test_a_note_goes_into_the_log_once(place: ComplaintSeat) -> None:
    seat = place.seat
    row = place.investigated()
    place.open(row)
    seat.key(Qt.Key.Key_F7)
    seat.settle()
    seat.commit("The workshop confirms it.")
    seat.key(Qt.Key.Key_Escape)
    kept = place.drafts.load(f"form/{row['id']}/note").result()
    assert kept is not None
    seat.key(Qt.Key.Key_F7)
    seat.settle()
    done(place)
    (note,) = place.house.rows("note", row["id"])
    assert note["text"] == "The workshop confirms it."
    assert str(note["id"]) == json.loads(kept.text)["note_id"]
    shown = [line.text for line in place.page.view.file.lines.rows if line.kind == "log"]
    assert shown == ["The workshop confirms it."]
    assert place.drafts.load(f"form/{row['id']}/note").result() is None


def test_clocks_unfold_their_ledger_by_key(place: ComplaintSeat) -> None:
    seat = place.seat
    place.open(place.investigated())
    trail = place.page.view.trail
    trail.list.setFocus()
    trail.list.choose_row(1)
    before = len(trail.lines.rows)
    seat.key(Qt.Key.Key_Return)
    assert trail.lines.rows[2].kind == "detail"
    assert "started" in trail.lines.rows[2].text
    assert trail.list.more(trail.lines.rows[1])
    seat.key(Qt.Key.Key_Return)
    assert len(trail.lines.rows) == before


def test_the_number_is_copied_as_written_and_as_told(place: ComplaintSeat) -> None:
    place.open(place.house.log())
    place.seat.ctrl_shift(Qt.Key.Key_C)
    assert QApplication.clipboard().text() == "C26-K7Q-0001"
    place.seat.key(Qt.Key.Key_C, ALT_SHIFT)
    assert QApplication.clipboard().text() == "C 2 6, K 7 Q, 0 0 0 1"


def test_a_body_outside_decides_against_us_and_the_key_takes_it_up_again(place: ComplaintSeat) -> None:
    row = settled(place.house)
    letter: dict[str, Any] = {"body": "12315", "reference": "SH-17", "date": place.house.iso()}
    place.house.step(row, "E2", **letter, decided="upheld")
    place.open(row)
    alerts = [line.text for line in place.page.view.file.lines.rows if line.kind == "alert"]
    assert alerts[-1] == "An outside body decided against us: take it up again"
    assert place.page.view.next.text() == "Reopen"
    next_form(place)
    assert place.form.values()["reason"] == "external"
    place.form.field("text").to_field()
    place.seat.qtbot.keyClicks(place.seat.focus(), "They decided for her.")
    done(place)
    assert place.stands(row) == "INVESTIGATING"
    assert not place.page.record.decided_outside


def test_every_control_of_page_and_forms_says_what_it_is(place: ComplaintSeat) -> None:
    seat = place.seat
    place.open(place.house.log())
    assert unnamed(seat.window) == []
    next_form(place)
    assert unnamed(seat.window) == []
    done(place, Qt.Key.Key_Space)
    for transition in ("T4", "T13", "T18", "E1", "E2", "H1"):
        place.page.begin(transition)
        seat.settle()
        assert unnamed(seat.window) == [], transition


def test_forms_speak_chinese_and_keep_what_stands_in_them(place: ComplaintSeat) -> None:
    seat = place.seat
    place.open(place.investigated())
    next_form(place)
    place.form.field("reason_text").to_field()
    seat.commit("配件用错。")
    seat.window.commands.run("language")
    seat.settle()
    assert place.form.values()["reason_text"] == "配件用错。"
    assert place.page.view.head.card.chips[0][0] == "调查中"


def test_a_change_elsewhere_shows_by_itself(place: ComplaintSeat) -> None:
    row = place.house.log()
    place.open(row)
    place.house.step(row, "T2", BELA, checklist=CHECKLIST, ack_channel="phone", owner=str(BELA))
    place.seat.bridge.changed.emit(ChangeSet(frozenset({"complaint"}), frozenset(), "sync"))
    place.seat.settle()
    assert place.page.view.head.card.chips[0][0] == "Acknowledged"


def test_an_address_with_a_number_opens_it(place: ComplaintSeat) -> None:
    row = place.house.log()
    place.seat.window.commands.open_numbered("C26-K7Q-0001")
    place.seat.settle()
    place.seat.settle()
    assert place.page.view.head.card.number == row["number"]
    place.seat.window.commands.open_numbered("C26-K7Q-0099")
    place.seat.settle()
    assert place.seat.parts.messages.text == "There is no complaint C26-K7Q-0099 here."


@pytest.mark.parametrize("typed", ["c26 k7q 0001", "c26 k7q 0099", "nothing yet"])
def test_a_number_typed_into_the_form_of_a_merger_survives_escape(place: ComplaintSeat, typed: str) -> None:
    seat, house = place.seat, place.house
    target, house.who = house.log(), CHEN
    place.open(house.log())
    place.page.begin("T19")
    seat.settle()
    line = place.form.field("target_id").line
    line.setFocus()
    seat.qtbot.keyClicks(line, typed)
    seat.key(Qt.Key.Key_Escape)
    seat.settle()
    assert not place.page.forms.is_open
    place.page.begin("T19")
    seat.settle()
    assert place.form.field("target_id").line.text() == typed
    found = str(target["id"]) if typed.endswith("01") else None
    assert place.form.values().get("target_id") == found


def test_why_a_step_cannot_be_taken_takes_no_room_from_the_buttons(place: ComplaintSeat) -> None:
    row = place.investigated()
    columns = (CHEN.bytes, OTHER_TEAM.bytes, row["id"].bytes)
    place.house.connection.execute("UPDATE complaint SET owner_id = ?, team_id = ? WHERE id = ?", columns)
    place.seat.window.resize(1060, 700)
    place.pass_time(minutes=2)
    place.open(row)
    view = place.page.view
    assert view.why_not.text() == "Only the owner, his team or a supervisor may do this."
    place.seat.settle()
    for button in (view.next_button, view.steps_button, view.letter_button, view.copy_button):
        assert button.width() >= button.sizeHint().width()
    assert view.why_not.width() > 600
