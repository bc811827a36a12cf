"""A remedy that was only ordered is marked done by a key on its line."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from tests.services.complaints.house import CALL, ComplaintDesk, proposed, settled
from tests.ui.aftercare_house import AftercareSeat
from tests.ui.conftest import Seat

DOWN = Qt.Key.Key_Down


@pytest.fixture
def place(seat: Seat, tmp_path: Path) -> Iterator[AftercareSeat]:
    house = ComplaintDesk(tmp_path)
    made = AftercareSeat(seat, house, tmp_path)
    yield made
    seat.settle()
    made.close()
    house.close()


def asides(place: AftercareSeat) -> dict[str, str]:
    """Return what is told of each remedy, by its name."""
    return {line.label: line.aside for line in place.page.view.file.lines.rows if line.kind == "remedy"}


def to_line(place: AftercareSeat, label: str) -> None:
    """Go down with the arrow to the line with this label."""
    file = place.page.view.file
    file.list.choose_row(0)
    while file.current_line().label != label:
        place.seat.key(DOWN)


def pressed(place: AftercareSeat) -> str:
    """Press d where the keyboard is; return what is said."""
    place.seat.key(Qt.Key.Key_D)
    place.seat.settle()
    return str(place.seat.parts.messages.text)


def test_d_marks_the_remedy_of_the_line_done_and_the_last_one_ends_the_clock(place: AftercareSeat) -> None:
    row = settled(place.house)
    place.open(row)
    assert asides(place) == {
        "Refund": "ordered: SO-1 · d marks it done",
        "Voucher": "ordered: SO-1 · d marks it done",
    }
    to_line(place, "Refund")
    assert pressed(place) == "Refund: done today."
    told = asides(place)
    assert told["Refund"].startswith("done ") and "d marks" not in told["Refund"]
    (clock,) = (each for each in place.page.record.clocks if each.clock == "resolve")
    assert clock.state == "running"
    to_line(place, "Voucher")
    assert pressed(place) == "Voucher: done today."
    (clock,) = (each for each in place.page.record.clocks if each.clock == "resolve")
    assert (clock.state, clock.verdict) == ("stopped", "met")
    assert {each["done_at"] for each in place.house.rows("remedy_line", row["id"])} == {place.house.now}


def test_where_it_cannot_be_it_is_said_why(place: AftercareSeat) -> None:
    row = proposed(place.house)
    place.open(row)
    assert set(asides(place).values()) == {"proposed"}
    to_line(place, "Refund")
    assert pressed(place) == "This remedy is only proposed. Tell the customer the decision first."
    place.page.view.file.list.choose_row(0)
    assert pressed(place) == "Choose the line of a remedy first: d marks it done."
    row = place.house.step(row, "T9", proposal_version=1, call_id=str(CALL), sent_via="phone")
    place.page.refresh()
    place.seat.settle()
    assert set(asides(place).values()) == {"promised · d marks it done"}
    to_line(place, "Refund")
    pressed(place)
    assert pressed(place) == "Refund: this was done already."
    assert asides(place)["Voucher"] == "promised · d marks it done"


def test_the_hint_is_there_in_chinese(place: AftercareSeat) -> None:
    place.open(settled(place.house))
    place.seat.window.words.use("zh")
    assert asides(place) == {"退款": "已下单：SO-1 · 按 d 标记完成", "代金券": "已下单：SO-1 · 按 d 标记完成"}


def test_no_input_method_takes_the_letter_that_marks(place: AftercareSeat) -> None:
    place.open(settled(place.house))
    to_line(place, "Refund")
    assert not place.page.view.file.list.testAttribute(Qt.WidgetAttribute.WA_InputMethodEnabled)


@pytest.mark.parametrize("told", [False, True])
def test_where_there_is_no_remedy_none_is_proposed_or_promised(place: AftercareSeat, *, told: bool) -> None:
    row = proposed(place.house, remedies=({"type": "none", "value": 0},))
    if told:
        row = place.house.step(row, "T9", proposal_version=1, call_id=str(CALL), sent_via="phone")
    place.open(row)
    assert asides(place) == {"No remedy": ""}
