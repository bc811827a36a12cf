"""Where the keyboard goes at complaints, and what a screen reader says there."""

from __future__ import annotations

from PySide6.QtCore import Qt

from tests.services.complaints.house import CHEN
from tests.services.complaints.test_taking import proposed
from tests.ui.complaint_house import ComplaintSeat
from tests.ui.conftest import Seat
from tests.ui.test_complaint_intake import f8, talk
from tests.ui.test_complaint_list import opened
from tests.ui.test_complaint_record import next_form


def test_tab_leads_from_the_fields_of_f8_to_its_button(seat: Seat) -> None:
    talk(seat)
    made = f8(seat)
    made.fields.attach.setFocus()
    seat.key(Qt.Key.Key_Tab)
    assert made.save.hasFocus()


def test_tab_goes_through_a_form_to_its_button(place: ComplaintSeat) -> None:
    place.open(place.investigated())
    next_form(place)
    place.form.field("reason_text").to_field()
    place.seat.key(Qt.Key.Key_Tab)
    assert place.form.button.hasFocus()


def test_each_part_of_a_remedy_has_a_name_of_its_own(place: ComplaintSeat) -> None:
    place.open(place.investigated())
    next_form(place)
    field = place.form.field("remedies")
    controls = (field.type, field.amount, field.due.usual, field.list)
    names = [control.accessibleName() for control in controls]
    assert names == ["Remedies: Kind", "Remedies: Sum", "Remedies: Due", "Remedies"]


def test_f9_where_nobody_is_to_be_asked_says_so_and_leaves_the_keyboard(place: ComplaintSeat) -> None:
    seat = place.seat
    place.open(place.investigated())
    before = seat.focus()
    seat.key(Qt.Key.Key_F9)
    assert seat.focus() is before
    assert seat.parts.messages.text == "No customer is to be asked here now."
    seat.ctrl_shift(Qt.Key.Key_M)
    seat.key(Qt.Key.Key_F9)
    assert seat.focus() is seat.window.side.complaints.lists.view.list


def test_no_input_method_takes_the_letters_that_decide(place: ComplaintSeat) -> None:
    proposed(place.house, 1_000_00)
    lists, seat = opened(place, CHEN), place.seat
    composes = Qt.WidgetAttribute.WA_InputMethodEnabled
    assert lists.view.list.testAttribute(composes), "words are filtered by in any language"
    seat.key(Qt.Key.Key_3)
    assert not lists.view.list.testAttribute(composes)
    seat.qtbot.keyClicks(seat.focus(), "/")
    assert lists.view.list.testAttribute(composes), "now letters are words"
    seat.commit("漏油")
    assert lists.view.list.filter_text == "漏油"
    seat.key(Qt.Key.Key_Escape)
    assert not lists.view.list.testAttribute(composes)
    seat.key(Qt.Key.Key_4)
    assert lists.view.list.testAttribute(composes)
