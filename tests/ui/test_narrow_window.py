"""What an agent sees of a complaint on a small screen: 1024 by 700, or a larger one at 125 or 150 %."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QScrollArea, QWidget

from crmdesk.ui.look import Look
from crmdesk.ui.widgets.inputs import Composing, Reserved, SearchBox
from crmdesk.ui.widgets.pane import ActionButton, Pane
from tests.ui.complaint_house import ComplaintSeat
from tests.ui.conftest import Seat
from tests.ui.test_complaint_intake import f8, talk
from tests.ui.test_complaint_record import next_form

LANGUAGES = ["en", "zh"]


def narrow(seat: Seat, language: str) -> None:
    seat.window.resize(1024, 700)
    if language == "zh":
        seat.ctrl_shift(Qt.Key.Key_L)
    seat.settle()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_form_of_f8_is_as_wide_as_what_is_seen_of_it(seat: Seat, language: str) -> None:
    narrow(seat, language)
    talk(seat)
    made = f8(seat)
    made.show_solution()
    made.fields.more.setChecked(True)
    seat.settle()
    (area,) = made.findChildren(QScrollArea)
    assert made.fields.width() <= area.viewport().width()
    for control in made.fields.controls():
        right = control.mapTo(made.fields, QPoint(control.width(), 0)).x()
        assert not control.isVisible() or right <= area.viewport().width(), control.accessibleName()


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_button_of_a_complaint_is_cut(place: ComplaintSeat, language: str) -> None:
    narrow(place.seat, language)
    place.open(place.house.log())
    next_form(place)
    place.seat.key(Qt.Key.Key_Space)
    place.seat.ctrl(Qt.Key.Key_Return)
    assert place.page.view.undo_button.isVisible()
    shown = [each for each in place.page.view.findChildren(ActionButton) if each.isVisible()]
    assert len(shown) == 6
    for button in shown:
        assert button.width() >= button.sizeHint().width(), button.accessibleName()


def test_a_heading_goes_before_what_stands_aside_of_it(look: Look) -> None:
    pane, quiet = Pane(look.ink), Pane(look.ink)
    for each in (pane, quiet):
        each.resize(220, 40)
        each.set_heading("New complaint")
    pane.set_aside("Esc closes, what was typed is kept")
    heading = look.ink.strong.horizontalAdvance("New complaint") + 16
    assert _left(pane, heading) == _left(quiet, heading)
    assert pane.grab().toImage() != quiet.grab().toImage()
    for each in (pane, quiet):
        each.deleteLater()


def test_a_hint_too_long_for_its_box_ends_in_dots(look: Look) -> None:
    box, short = (SearchBox(Composing(), Reserved()) for _ in range(2))
    for each in (box, short):
        each.setFont(look.ink.fonts.body)
        each.resize(140, 32)
    box.setPlaceholderText("Type to search: words, pinyin, initials")
    room = box.rect().adjusted(12, 0, -9, 0).width()
    short.setPlaceholderText(
        short.fontMetrics().elidedText(box.placeholderText(), Qt.TextElideMode.ElideRight, room)
    )
    assert short.placeholderText().endswith("…")
    assert box.grab().toImage() == short.grab().toImage()
    for each in (box, short):
        each.deleteLater()


def _left(pane: QWidget, width: int) -> object:
    return pane.grab().toImage().copy(0, 0, width, 32)
