"""A date for which no calendar is announced says so wherever it is read."""

from __future__ import annotations

from PySide6.QtCore import Qt

from crmdesk.ui.itemmodels.complaint_lines import RecordLine
from tests.ui.complaint_house import ComplaintSeat
from tests.ui.test_complaint_list import opened

WHY = "Provisional: holidays of that year are not announced yet; only weekends are left out."


def trail(place: ComplaintSeat) -> list[RecordLine]:
    return list(place.page.view.trail.lines.rows)


def test_a_year_without_a_calendar_is_told_with_the_date(place: ComplaintSeat) -> None:
    place.pass_time(days=2_000)
    place.open(place.house.log())
    clocks = [line for line in trail(place) if line.kind == "clock"]
    assert clocks and all(line.aside.endswith(", provisional") for line in clocks)
    assert place.page.view.head.card.clock.aside.endswith(", provisional")
    assert [line.text for line in trail(place) if line.kind == "text"] == [WHY]
    view = place.page.view.trail
    view.list.setFocus()
    view.list.choose_row(1)
    place.seat.key(Qt.Key.Key_Return)
    (ledger,) = [line for line in trail(place) if line.kind == "detail"]
    assert ", provisional" in ledger.aside


def test_who_calls_hears_that_the_date_may_move(place: ComplaintSeat) -> None:
    place.pass_time(days=2_000)
    place.open(place.house.log())
    told = place.page.view.standing.sentence.text()
    assert told.endswith("That may still move by a few days: the public holidays are not announced yet.")


def test_the_lines_of_lists_say_so(place: ComplaintSeat) -> None:
    place.pass_time(days=2_000)
    place.house.log()
    lists = opened(place)
    for segment in (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_4):
        place.seat.key(segment)
        line = lists._worded(lists.view.list.lines.rows[0])
        assert line.aside_below == "provisional · Acknowledge"


def test_a_year_with_a_calendar_says_nothing(place: ComplaintSeat) -> None:
    place.open(place.house.log())
    assert trail(place) and not any("rovisional" in line.aside + line.text for line in trail(place))
    assert "may still move" not in place.page.view.standing.sentence.text()
    lists = opened(place)
    assert lists._worded(lists.view.list.lines.rows[0]).aside_below == "Acknowledge"
