"""Nothing typed is lost when somebody else makes a step impossible while its form is open."""

from __future__ import annotations

from PySide6.QtCore import Qt

from crmdesk.models.wire import Row
from tests.services.complaints.house import CHEN
from tests.ui.complaint_house import ComplaintSeat
from tests.ui.test_complaint_record import done, next_form

TOLD = "This step is not possible any more. What you typed waits as a note: F7 opens it."


def typed_in_vain(place: ComplaintSeat) -> Row:
    """Type the reason of a decision, while a supervisor withdraws the complaint; then try to propose."""
    row = place.investigated()
    place.open(row)
    next_form(place)
    place.form.field("reason_text").to_field()
    place.seat.commit("我们装错了垫片。")
    place.house.step(row, "T18", CHEN, words="He sold the car.", channel="phone")
    done(place)
    return row


def note(place: ComplaintSeat) -> str:
    """Press F7; return what stands in the form of the note."""
    place.seat.key(Qt.Key.Key_F7)
    place.seat.settle()
    return str(place.form.values().get("note") or "")


def test_what_was_typed_for_a_step_that_became_impossible_waits_as_a_note(place: ComplaintSeat) -> None:
    row = typed_in_vain(place)
    assert "What you typed stays here." in place.form.top.text()
    place.seat.key(Qt.Key.Key_Escape)
    place.seat.settle()
    assert place.seat.parts.messages.text == TOLD
    assert note(place) == "我们装错了垫片。"
    done(place)
    assert [each["text"] for each in place.house.rows("note", row["id"])] == ["我们装错了垫片。"]


def test_it_stands_below_a_note_that_was_begun_before(place: ComplaintSeat) -> None:
    row = place.investigated()
    place.open(row)
    note(place)
    place.seat.commit("已问过车间。")
    place.seat.key(Qt.Key.Key_Escape)
    place.seat.settle()
    assert place.seat.parts.messages.text != TOLD
    next_form(place)
    place.form.field("reason_text").to_field()
    place.seat.commit("我们装错了垫片。")
    place.house.step(row, "T18", CHEN, words="He sold the car.", channel="phone")
    place.page.refresh()
    place.seat.settle()
    place.seat.key(Qt.Key.Key_Escape)
    place.seat.settle()
    assert note(place) == "已问过车间。\n我们装错了垫片。"


def test_a_form_nobody_typed_into_leaves_no_note(place: ComplaintSeat) -> None:
    row = place.investigated()
    place.open(row)
    place.page.begin("H1")
    place.seat.settle()
    assert place.form.values()["open_points"], "filled in by the window"
    place.house.step(row, "T18", CHEN, words="He sold the car.", channel="phone")
    place.page.refresh()
    place.seat.settle()
    place.seat.key(Qt.Key.Key_Escape)
    place.seat.settle()
    assert note(place) == ""
