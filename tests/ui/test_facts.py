"""Lines of the left pane: as high as their text needs, one below the other."""

from __future__ import annotations

from dataclasses import replace

from crmdesk.ui.itemmodels.facts import Fact
from tests.ui import sample
from tests.ui.conftest import Seat


def test_long_alerts_push_down_what_follows(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    facts = seat.parts.caller.list
    alert = Fact(
        "alert", "Same fault: recall question about the infotainment, time 2 in 30 days", icon="again"
    )
    short = replace(alert, text="Call after six")
    facts.facts.show([short])
    facts.executeDelayedItemsLayout()
    seat.settle()
    assert facts.verticalScrollBar().maximum() == 0
    width = facts.viewport().width()
    facts.facts.show([alert, short, *[alert] * 20, Fact("line", "26 700 km", "Mileage")])
    seat.settle()
    facts.viewport().repaint()
    delegate = facts.itemDelegate()
    top = facts.visualRect(facts.facts.place(0)).top()
    heights = []
    for number in range(len(facts.facts.rows)):
        area = facts.visualRect(facts.facts.place(number))
        painted = delegate.row_height(facts.facts, number)  # type: ignore[attr-defined]  # ours
        assert (area.top(), area.height()) == (top, painted)
        heights.append(painted)
        top += painted
    assert heights[0] == heights[2] > heights[1] > heights[-1]
    assert facts.verticalScrollBar().maximum() > 0
    assert facts.viewport().width() == width, "the bar took room from lines that were laid out already"


def test_texts_are_on_the_screen(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    facts, pictures = seat.parts.caller.list, []
    for text in ("", "26 700 km"):
        facts.facts.show([Fact("line", text)])
        seat.settle()
        pictures.append(facts.grab().toImage())
    assert pictures[0] != pictures[1]
