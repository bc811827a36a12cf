"""A date for which no calendar is announced says so wherever it is read."""

from __future__ import annotations

from uuid import UUID

import pytest
from PySide6.QtCore import Qt

from crmdesk.models.text import say
from crmdesk.services.complaints.intake import Logged
from crmdesk.services.complaints.intake_sheet import Sheet
from crmdesk.ui.itemmodels.complaint_lines import RecordLine
from crmdesk.ui.presenters.intake_cases import Case, told_of
from tests.ui import sample
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
    place.open(place.house.log(language="en"))
    told = place.page.view.standing.sentence.text()
    assert told.endswith("That may still move by a few days: the public holidays are not announced yet.")


@pytest.mark.parametrize(
    ("moves", "told"), [(False, "Next: Today 10:00"), (True, "Next: Today 10:00, provisional")]
)
def test_what_comes_next_after_a_call_says_so(place: ComplaintSeat, moves: bool, told: str) -> None:
    steered = place.page._place
    case = Case(key="", who="", sheet=Sheet(complaint_id="", received_at=""))
    logged = Logged(UUID(int=1), "C26", "RECEIVED", "S3", sample.NOW, say("Read."), provisional=moves)
    assert told_of(case, logged, steered.words, steered.moments)[1] == told


def test_the_lines_of_lists_say_so(place: ComplaintSeat) -> None:
    place.pass_time(days=2_000)
    place.house.log()
    lists = opened(place)
    for segment in (Qt.Key.Key_1, Qt.Key.Key_2, Qt.Key.Key_4):
        place.seat.key(segment)
        line = lists._worded(lists.view.list.lines.rows[0])
        assert line.aside_below == "provisional · Acknowledge"


def test_a_year_with_a_calendar_says_nothing(place: ComplaintSeat) -> None:
    place.open(place.house.log(language="en"))
    assert trail(place) and not any("rovisional" in line.aside + line.text for line in trail(place))
    assert "may still move" not in place.page.view.standing.sentence.text()
    lists = opened(place)
    assert lists._worded(lists.view.list.lines.rows[0]).aside_below == "Acknowledge"
