"""The filters of the time line: one bar, by mouse and by keys."""

from __future__ import annotations

from PySide6.QtCore import Qt

from crmdesk.ui.translation import CHINESE
from tests.ui import sample
from tests.ui.conftest import Seat


def test_arrows_and_clicks_choose_kinds(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    timeline = seat.parts.timeline
    chosen: list[object] = []
    timeline.kinds_chosen.connect(chosen.append)
    timeline.filters.setFocus()
    seat.key(Qt.Key.Key_Right)
    assert chosen == [("call",)]
    place = timeline.filters.tabRect(3).center()
    seat.qtbot.mouseClick(timeline.filters, Qt.MouseButton.LeftButton, pos=place)
    assert chosen == [("call",), ("note",)]
    assert timeline.kinds == ("note",)


def test_the_next_caller_is_shown_whole_without_telling(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    timeline = seat.parts.timeline
    timeline.filters.setCurrentIndex(2)
    chosen: list[object] = []
    timeline.kinds_chosen.connect(chosen.append)
    timeline.begin(sample.page())
    assert timeline.kinds == ()
    assert chosen == []


def test_the_bar_speaks_both_languages(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    filters = seat.parts.timeline.filters
    narrow = filters.tabRect(7).right()
    seat.window.words.use(CHINESE)
    assert filters.accessibleTabName(1) == "通话"
    assert filters.tabRect(7).right() != narrow


def test_nothing_is_wrapped_up_while_it_rings(seat: Seat) -> None:
    seat.ring(sample.pop())
    strip = seat.parts.wrap_up
    assert strip.isVisible()
    assert not strip.box.isVisible()
    seat.ring(sample.pop(), "talking")
    assert strip.box.isVisible()
