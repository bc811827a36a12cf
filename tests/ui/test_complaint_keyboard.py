"""Where the keyboard goes at complaints, and what a screen reader says there."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage, QPalette
from PySide6.QtWidgets import QComboBox, QSplitterHandle

from tests.services.complaints.house import ANNA, CHECKLIST, CHEN
from tests.services.complaints.test_taking import proposed
from tests.ui import sample
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


@pytest.mark.parametrize("part", ["type", "amount"])
def test_no_call_comes_between_somebody_and_the_form_he_fills_in(place: ComplaintSeat, part: str) -> None:
    seat = place.seat
    place.open(place.investigated())
    next_form(place)
    remedies = place.form.field("remedies")
    field = getattr(remedies, part)
    field.setFocus()
    seat.qtbot.keyClicks(seat.focus(), "25")
    seat.ring(sample.pop(), "talking")
    seat.qtbot.keyClicks(seat.focus(), "00")
    assert seat.focus() is field
    assert place.form.isVisible()
    assert seat.parts.stage.shown is not seat.parts.record
    assert part == "type" or remedies.amount.cents() == 2_500_00


def test_who_opens_a_call_from_a_form_types_into_its_note(place: ComplaintSeat) -> None:
    seat = place.seat
    place.open(place.investigated())
    next_form(place)
    place.form.field("remedies").amount.setFocus()
    seat.ring(sample.pop(), "talking")
    seat.ctrl(Qt.Key.Key_Down)
    seat.qtbot.keyClicks(seat.focus(), "oil again")
    assert seat.note() == "oil again"


def test_nothing_of_a_covered_page_shows_between_the_panes_of_another(seat: Seat) -> None:
    seat.parts.home.tasks.setFocus()
    seat.ring(sample.pop())
    assert seat.parts.stage.holds_keys
    handle = next(each for each in seat.parts.record.findChildren(QSplitterHandle) if each.isVisible())
    at = handle.mapTo(seat.window, handle.rect().topLeft())
    drawn = QImage(seat.window.size(), QImage.Format.Format_RGB32)
    drawn.fill(Qt.GlobalColor.magenta)
    seat.window.render(drawn)
    assert drawn.pixelColor(at) == seat.window.palette().color(QPalette.ColorRole.Window)


@pytest.mark.parametrize("from_the_list", [False, True])
def test_a_form_opened_by_a_key_shows_where_the_keyboard_is(
    place: ComplaintSeat, *, from_the_list: bool
) -> None:
    seat = place.seat
    place.open(place.investigated())
    if from_the_list:
        seat.ctrl_shift(Qt.Key.Key_N)
        seat.key(Qt.Key.Key_Return)
    else:
        next_form(place)
    assert seat.focus() is place.form.field("cause").controls()[0]
    ring = Qt.WidgetAttribute.WA_KeyboardFocusChange
    assert seat.window.testAttribute(ring), "Qt draws the ring of a box only then"


@pytest.mark.parametrize("name", ["persons", "money"])
@pytest.mark.parametrize("clicked", [False, True])
def test_a_number_typed_takes_the_place_of_the_one_there(
    place: ComplaintSeat, name: str, *, clicked: bool
) -> None:
    row = place.house.log()
    place.open(place.house.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA)))
    next_form(place)
    box = getattr(place.form.field("impact"), name)
    if clicked:
        place.seat.qtbot.mouseClick(box.lineEdit(), Qt.MouseButton.LeftButton)
    else:
        box.setFocus(Qt.FocusReason.OtherFocusReason)
    place.seat.qtbot.waitUntil(lambda: box.lineEdit().selectedText() != "", timeout=1000)
    place.seat.qtbot.keyClicks(box, "25")
    assert box.value() == 25


def test_what_went_well_lies_over_nothing_that_comes_next(place: ComplaintSeat) -> None:
    seat, messages = place.seat, place.seat.parts.messages
    place.open(place.house.log())
    next_form(place)
    seat.key(Qt.Key.Key_Space)
    seat.ctrl(Qt.Key.Key_Return)
    assert messages.text == "Done: Accept and acknowledge"
    assert messages.isVisible()
    seat.ctrl_shift(Qt.Key.Key_N)
    assert messages.isHidden()
    messages.say("Done", "good")
    seat.key(Qt.Key.Key_Escape)
    assert not place.page.view.steps.isVisible(), "Esc closes what says so, at once"


def test_what_stays_until_esc_says_so(place: ComplaintSeat) -> None:
    seat, messages = place.seat, place.seat.parts.messages
    messages.say("A fifth call rings", "due")
    assert messages.accessibleDescription() == "Esc closes"
    place.open(place.investigated())
    seat.ctrl_shift(Qt.Key.Key_N)
    assert messages.isVisible()
    seat.key(Qt.Key.Key_Escape)
    assert messages.isHidden()
    assert place.page.view.steps.isVisible()


def test_ctrl_z_where_nothing_is_taken_back_says_why_in_words_of_people(place: ComplaintSeat) -> None:
    row = place.house.log()
    row = place.house.step(row, "T18", words="Never mind", channel="phone")
    place.open(row)
    place.seat.ctrl(Qt.Key.Key_Z)
    assert place.seat.parts.messages.text == "This cannot be done in the state Withdrawn."


def test_a_step_that_wants_a_letter_says_how_there_comes_to_be_one(place: ComplaintSeat) -> None:
    row = place.house.log()
    place.house.who = CHEN
    place.open(row)
    place.page.begin("T3")
    place.seat.settle()
    letter = place.form.field("letter_id").controls()[0]
    assert isinstance(letter, QComboBox)
    assert letter.currentText() == "None yet: Ctrl+P writes one"


def test_the_class_of_cause_follows_the_cause_and_can_be_changed_after(place: ComplaintSeat) -> None:
    seat = place.seat
    place.open(place.investigated())
    next_form(place)
    group = place.form.field("cause_class")
    group.fill("A")
    seat.key(Qt.Key.Key_Down)
    assert (place.form.field("cause").value(), group.value()) == ("wrong_part", "B")
    group.to_field()
    seat.key(Qt.Key.Key_Down)
    assert group.value() == "C"
