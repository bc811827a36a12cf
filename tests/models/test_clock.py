"""The ledger of clocks: what pauses, what moves a due date, what an undo leaves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.errors import InvalidInput
from crmdesk.models.calendar import BusinessTime
from crmdesk.models.clock import (
    BREACHED,
    BY_REASSESSMENT,
    CUSTOMER,
    LATE,
    MET,
    OPEN,
    PAUSED,
    RUNNING,
    STOPPED,
    VOID,
    WALL,
    Ledger,
    Why,
    regime_clock,
)
from crmdesk.models.complaint_file import next_due
from crmdesk.models.deadline import BY_BUSINESS, UNITS, Due, Measure, Span, due
from tests.models.hours import MINUTE, OFFICE, at, calendar, moments, regimes, shop, targets, wall

WHY = Why("test")
LAW = regime_clock("UK-8W", "decide")
HOUR = timedelta(hours=1)
RECEIVED = at("2026-11-16 09:00")


def measures() -> Mapping[str, Measure]:
    return {shop().version: shop()}


TWO_DAYS = Span(960, "business_minutes")


def started(*clocks: str, span: Span = TWO_DAYS, since: datetime = RECEIVED) -> Ledger:
    ledger = Ledger()
    for clock in clocks or ("decide",):
        ledger = ledger.start(clock, since, since, due(span, since, shop()), WHY)
    return ledger


def waited(ledger: Ledger, a: str, b: str) -> Ledger:
    return ledger.wait(at(a), CUSTOMER, WHY).resume(at(b), measures(), WHY)


def dues(ledger: Ledger, moment: str) -> dict[str, str]:
    return {clock: wall(each.due) for clock, each in ledger.standings(at(moment), measures()).items()}


def test_a_phone_complaint_on_friday_at_two_minutes_to_six() -> None:
    received = at("2026-11-20 17:58")
    span = targets().span("acknowledge", "S3")
    assert span
    ledger = started("acknowledge", span=span, since=received)
    standing = ledger.standings(at("2026-11-21 12:00"), measures())["acknowledge"]
    assert wall(standing.due) == "2026-11-23 13:58"
    assert standing.course.used(at("2026-11-21 12:00")) == 2 * MINUTE
    assert standing.percent == 0


def test_what_a_clock_says_from_start_to_stop() -> None:
    ledger = started()
    asked = ledger.standings(at("2026-11-16 18:00"), measures())["decide"]
    assert (asked.state, asked.verdict, asked.percent, wall(asked.due)) == (
        RUNNING,
        OPEN,
        50,
        "2026-11-17 18:00",
    )
    ledger = ledger.stop("decide", at("2026-11-17 18:00"), measures(), WHY)
    asked = ledger.standings(at("2026-12-17 18:00"), measures())["decide"]
    assert (asked.state, asked.verdict, asked.percent, asked.breach) == (STOPPED, MET, 100, "")


def test_late_by_a_microsecond_is_late() -> None:
    ledger = started().stop("decide", at("2026-11-17 18:00:00.000001"), measures(), WHY)
    asked = ledger.standings(RECEIVED, measures())["decide"]
    assert (asked.verdict, asked.breach) == (BREACHED, LATE)
    still = started().standings(at("2026-11-18 09:00"), measures())["decide"]
    assert (still.state, still.verdict, still.breach) == (RUNNING, BREACHED, LATE)


def test_waiting_for_the_customer_moves_the_due_date_by_business_time() -> None:
    """Three hours of Monday are lost; the night and the noon count for nothing."""
    ledger = waited(started(), "2026-11-16 11:00", "2026-11-16 15:00")
    asked = ledger.standings(at("2026-11-16 18:00"), measures())["decide"]
    assert (wall(asked.due), asked.paused, asked.percent) == ("2026-11-18 12:00", 3 * HOUR, 31)
    night = waited(started(), "2026-11-16 18:00", "2026-11-17 09:00")
    assert dues(night, "2026-11-17 09:00") == {"decide": "2026-11-17 18:00"}


def test_while_it_waits_the_due_date_moves_and_the_share_does_not() -> None:
    ledger = started().wait(at("2026-11-16 14:00"), CUSTOMER, WHY)
    for moment, expected in (
        ("2026-11-16 15:00", "2026-11-18 10:00"),
        ("2026-11-17 12:00", "2026-11-18 17:00"),
    ):
        asked = ledger.standings(at(moment), measures())["decide"]
        assert (asked.state, asked.percent, wall(asked.due)) == (PAUSED, 25, expected)


def test_waiting_for_a_third_party_and_a_regimes_clock_do_not_pause() -> None:
    ledger = started("decide", LAW, "answer_window")
    assert ledger.wait(at("2026-11-16 11:00"), "third_party", WHY) == ledger
    paused = ledger.wait(at("2026-11-16 11:00"), CUSTOMER, WHY)
    assert [line.clock for line in paused.lines[3:]] == ["decide"]
    assert paused.wait(at("2026-11-16 11:30"), CUSTOMER, WHY) == paused


def test_a_clock_by_the_wall_waits_by_the_wall() -> None:
    ledger = started("update", span=Span(1440, "clock_minutes"))
    ledger = waited(ledger, "2026-11-16 17:00", "2026-11-17 08:00")
    assert dues(ledger, "2026-11-17 08:00") == {"update": "2026-11-18 00:00"}


def test_stopping_while_it_waits_ends_the_wait() -> None:
    ledger = started().wait(at("2026-11-16 14:00"), CUSTOMER, WHY)
    ledger = ledger.stop("decide", at("2026-11-20 14:00"), measures(), WHY)
    asked = ledger.standings(RECEIVED, measures())["decide"]
    assert (asked.state, asked.verdict, asked.percent, asked.paused) == (STOPPED, MET, 25, 32 * HOUR)


def test_waiting_after_the_due_date_heals_nothing() -> None:
    """Due on Friday at closing time: on Saturday it is late, though no business time has passed since."""
    ledger = started(since=at("2026-11-19 09:00")).wait(at("2026-11-21 10:00"), CUSTOMER, WHY)
    ledger = ledger.stop("decide", at("2026-11-23 10:00"), measures(), WHY)
    asked = ledger.standings(RECEIVED, measures())["decide"]
    assert wall(asked.due) == "2026-11-23 10:00"
    assert (asked.verdict, asked.breach) == (BREACHED, LATE)


def test_a_stop_for_another_reason_is_no_verdict() -> None:
    ledger = started().stop("decide", at("2026-11-16 14:00"), measures(), Why("withdrawn"))
    assert ledger.standings(RECEIVED, measures())["decide"].verdict == VOID
    late = started().stop("decide", at("2026-11-26 14:00"), measures(), Why("withdrawn"))
    assert late.standings(RECEIVED, measures())["decide"].verdict == BREACHED


def reassessed(ledger: Ledger, moment: str, severity: str, since: datetime = RECEIVED) -> Ledger:
    span = targets().span("decide", severity)
    assert span
    why = Why("severity", (("severity", severity),))
    return ledger.recompute("decide", at(moment), since, due(span, since, shop()), measures(), why)


def test_a_graver_severity_counts_from_receipt_and_its_breach_is_by_reassessment() -> None:
    ledger = started(span=Span(7, "business_days"))
    ledger = reassessed(ledger, "2026-11-19 10:00", "S1")
    asked = ledger.standings(at("2026-11-19 10:00"), measures())["decide"]
    assert wall(asked.due) == "2026-11-17 18:00"
    assert (asked.verdict, asked.breach) == (BREACHED, BY_REASSESSMENT)
    assert len(ledger.lines) == 2
    milder = reassessed(ledger, "2026-11-19 11:00", "S4")
    assert milder.standings(at("2026-11-19 11:00"), measures())["decide"].verdict == OPEN
    graver = reassessed(ledger, "2026-11-19 11:00", "S1")
    assert graver.standings(at("2026-11-19 11:00"), measures())["decide"].breach == BY_REASSESSMENT


def test_a_breach_that_was_there_before_is_our_own() -> None:
    ledger = reassessed(started(span=Span(3, "business_days")), "2026-11-20 10:00", "S1")
    assert ledger.standings(at("2026-11-20 10:00"), measures())["decide"].breach == LATE
    in_time = reassessed(started(span=Span(7, "business_days")), "2026-11-17 10:00", "S1")
    assert in_time.standings(at("2026-11-18 10:00"), measures())["decide"].breach == LATE


def test_reassessing_keeps_the_pauses_also_the_one_that_lasts() -> None:
    ledger = waited(started(span=Span(7, "business_days")), "2026-11-16 14:00", "2026-11-16 16:00")
    ledger = ledger.wait(at("2026-11-17 09:00"), CUSTOMER, WHY)
    ledger = reassessed(ledger, "2026-11-17 10:00", "S2")
    assert wall(ledger.lines[-1].due) == "2026-11-20 11:00"
    assert dues(ledger, "2026-11-17 10:00") == {"decide": "2026-11-20 12:00"}
    ledger = ledger.resume(at("2026-11-17 12:00"), measures(), WHY)
    assert wall(ledger.lines[-1].due) == "2026-11-20 15:00"
    assert dues(ledger, "2026-11-18 10:00") == {"decide": "2026-11-20 15:00"}


def test_a_wait_begun_in_time_is_no_breach_of_ours_when_it_is_reassessed() -> None:
    ledger = started(span=Span(7, "business_days")).wait(at("2026-11-17 10:00"), CUSTOMER, WHY)
    ledger = reassessed(ledger, "2026-11-25 10:00", "S1")
    assert ledger.standings(at("2026-11-25 10:00"), measures())["decide"].verdict == OPEN


def test_merging_takes_the_earlier_receipt() -> None:
    ledger = reassessed(
        started(span=Span(3, "business_days")), "2026-11-17 10:00", "S2", at("2026-11-11 09:00")
    )
    line = ledger.lines[-1]
    assert (wall(line.since), wall(line.due)) == ("2026-11-11 09:00", "2026-11-16 18:00")
    assert ledger.standings(at("2026-11-17 10:00"), measures())["decide"].breach == BY_REASSESSMENT


def test_a_new_calendar_counts_past_pauses_its_own_way() -> None:
    """The new edition works on Saturdays; the pause over Saturday lasts its eight hours longer."""
    new = BusinessTime(calendar(key="cn-default", edition=2, week=(OFFICE,) * 6 + ((),)), 2023, 2030)
    both = {**measures(), new.version: new}
    ledger = waited(started(span=Span(7, "business_days")), "2026-11-20 17:00", "2026-11-23 10:00")
    assert wall(ledger.lines[-1].due) == "2026-11-26 11:00"
    seven = due(Span(7, "business_days"), RECEIVED, new)
    ledger = ledger.recompute("decide", at("2026-11-23 11:00"), RECEIVED, seven, both, Why("calendar"))
    line = ledger.lines[-1]
    assert (line.calendar, wall(seven.at), wall(line.due)) == (
        new.version,
        "2026-11-24 18:00",
        "2026-11-26 11:00",
    )
    asked = ledger.standings(at("2026-11-23 11:00"), both)["decide"]
    assert asked.paused == 10 * HOUR
    with pytest.raises(InvalidInput, match="cn-default/2 is not on this desk"):
        ledger.standings(at("2026-11-23 11:00"), measures())


def test_a_holding_reply_extends_a_regimes_clock() -> None:
    regime = regimes()["UK-PSD"].clocks[1]
    assert regime.extended
    ledger = started(LAW, span=regime.span)
    longer = due(regime.extended, RECEIVED, shop())
    ledger = ledger.extend(LAW, at("2026-12-04 10:00"), longer, Why("holding_reply"))
    asked = ledger.standings(at("2026-12-20 10:00"), measures())[LAW]
    assert (asked.due, asked.verdict, asked.provisional) == (longer.at, OPEN, True)
    with pytest.raises(InvalidInput, match="must be later"):
        ledger.extend(LAW, at("2026-12-04 10:00"), longer, WHY)


def test_undo_adds_lines_and_restores_the_standing() -> None:
    before = waited(started("decide", "resolve"), "2026-11-16 10:00", "2026-11-16 11:00")
    paused = before.wait(at("2026-11-16 14:00"), CUSTOMER, WHY)
    added = [line.n for line in paused.lines[len(before.lines) :]]
    undone = paused.undo(added, at("2026-11-16 14:00:40"), Why("undo"))
    assert undone.lines[: len(paused.lines)] == paused.lines
    assert [line.undoes for line in undone.lines[len(paused.lines) :]] == sorted(added, reverse=True)
    moment = at("2026-11-17 10:00")
    assert undone.standings(moment, measures()) == before.standings(moment, measures())


def test_undoing_a_start_and_a_stop() -> None:
    stopped = started().stop("decide", at("2026-11-16 14:00"), measures(), WHY)
    undone = stopped.undo([2], at("2026-11-16 14:01"), WHY)
    assert undone.standings(at("2026-11-16 18:00"), measures())["decide"].state == RUNNING
    nothing = started().undo([1], at("2026-11-16 09:01"), WHY)
    assert nothing.standings(at("2026-11-16 18:00"), measures()) == {}
    assert len(nothing.lines) == 2


def test_only_the_last_line_of_a_clock_can_be_undone_and_once() -> None:
    ledger = waited(started(), "2026-11-16 10:00", "2026-11-16 11:00")
    with pytest.raises(InvalidInput, match="Only the last change of the clock decide"):
        ledger.undo([2], at("2026-11-16 11:01"), WHY)
    once = ledger.undo([3], at("2026-11-16 11:01"), WHY)
    with pytest.raises(InvalidInput, match="Only the last change"):
        once.undo([3], at("2026-11-16 11:02"), WHY)


def test_a_clock_that_runs_cannot_start_and_one_that_has_stopped_runs_anew() -> None:
    ledger = started()
    with pytest.raises(InvalidInput, match="decide runs already"):
        ledger.start("decide", RECEIVED, RECEIVED, Due(RECEIVED), WHY)
    again = at("2026-12-01 09:00")
    span = targets().span("decide", "S3", reopened=True)
    assert span
    ledger = waited(ledger, "2026-11-16 10:00", "2026-11-16 11:00")
    ledger = ledger.stop("decide", at("2026-11-16 14:00"), measures(), WHY)
    ledger = ledger.start("decide", again, again, due(span, again, shop()), Why("reopened"))
    asked = ledger.standings(again, measures())["decide"]
    assert (asked.run, wall(asked.due), asked.paused) == (2, "2026-12-07 18:00", timedelta())
    runs = ledger.runs()["decide"]
    assert [run.standing(again, measures()).verdict for run in runs] == [MET, OPEN]


def test_what_does_not_run_is_left_alone() -> None:
    ledger, moment = Ledger(), at("2026-11-16 14:00")
    assert ledger.stop("decide", moment, measures(), WHY) == ledger
    assert ledger.extend("decide", moment, Due(moment), WHY) == ledger
    assert ledger.recompute("decide", moment, moment, Due(moment), measures(), WHY) == ledger
    assert ledger.wait(moment, CUSTOMER, WHY).resume(moment, measures(), WHY) == ledger


def test_lines_of_a_clock_that_does_not_run_count_for_nothing() -> None:
    """Two desks were apart: one stopped, the other waited."""
    stopped = started().stop("decide", at("2026-11-16 14:00"), measures(), WHY)
    waiting = started().wait(at("2026-11-16 13:00"), CUSTOMER, WHY).lines[-1]
    moment = at("2026-11-17 10:00")
    both = Ledger((*stopped.lines, waiting))
    assert both.standings(moment, measures()) == stopped.standings(moment, measures())
    assert Ledger((waiting,)).standings(moment, measures()) == {}


def test_a_wait_that_ends_before_it_began_lasted_nothing() -> None:
    """Two desks whose clocks differ by a minute."""
    ledger = waited(started(), "2026-11-16 10:01", "2026-11-16 10:00")
    assert dues(ledger, "2026-11-16 12:00") == {"decide": "2026-11-17 18:00"}
    assert ledger.standings(at("2026-11-16 12:00"), measures())["decide"].paused == timedelta()


def test_the_earliest_of_target_and_regime_is_the_effective_one() -> None:
    ledger = started("decide", span=Span(10, "business_days"))
    body = regime_clock("CN-ODR", "decide")
    ledger = ledger.start(body, RECEIVED, RECEIVED, Due(at("2026-11-20 18:00")), WHY)
    assert next_due(ledger) == (body, at("2026-11-20 18:00"))
    ledger = ledger.stop(body, at("2026-11-17 18:00"), measures(), WHY)
    assert next_due(ledger) == ("decide", ledger.lines[0].due)
    assert next_due(Ledger()) is None


@st.composite
def waits(draw: st.DrawFn) -> list[tuple[datetime, datetime, str]]:
    """Moments of waiting after a receipt, for the customer or somebody else."""
    gaps = draw(st.lists(st.timedeltas(timedelta(), timedelta(days=6)), max_size=12))
    moment = RECEIVED
    edges = [moment := moment + gap for gap in gaps]
    whom = st.sampled_from((CUSTOMER, "third_party"))
    return [(a, b, draw(whom)) for a, b in zip(edges[::2], edges[1::2], strict=False)]


SPANS = st.builds(Span, st.integers(1, 30), st.sampled_from(UNITS))


def played(span: Span, waiting: list[tuple[datetime, datetime, str]]) -> Ledger:
    ledger = started("decide", LAW, span=span)
    for a, b, whom in waiting:
        ledger = ledger.wait(a, whom, WHY).resume(b, measures(), WHY)
    return ledger


@given(span=SPANS, waiting=waits())
def test_a_pause_moves_the_due_date_by_exactly_its_time(
    span: Span, waiting: list[tuple[datetime, datetime, str]]
) -> None:
    measure = shop() if span.unit in BY_BUSINESS else WALL
    lost = sum((measure.between(a, b) for a, b, whom in waiting if whom == CUSTOMER), timedelta())
    end = RECEIVED + timedelta(days=100)
    standing = played(span, waiting).standings(end, measures())["decide"]
    assert standing.due == measure.add(due(span, RECEIVED, shop()).at, lost)
    assert standing.paused == lost


@given(span=SPANS, waiting=waits(), later=st.timedeltas(timedelta(), timedelta(days=100)))
def test_a_regime_knows_no_waiting(
    span: Span, waiting: list[tuple[datetime, datetime, str]], later: timedelta
) -> None:
    moment = RECEIVED + later
    paused, plain = played(span, waiting), played(span, [])
    assert paused.standings(moment, measures())[LAW] == plain.standings(moment, measures())[LAW]


@given(span=SPANS, other=SPANS, waiting=waits())
def test_recomputing_equals_having_begun_so(
    span: Span, other: Span, waiting: list[tuple[datetime, datetime, str]]
) -> None:
    moment = RECEIVED + timedelta(days=100)
    ledger = played(span, waiting)
    changed = ledger.recompute("decide", moment, RECEIVED, due(other, RECEIVED, shop()), measures(), WHY)
    assert changed.lines[: len(ledger.lines)] == ledger.lines
    asked, begun = (
        each.standings(moment, measures())["decide"] for each in (changed, played(other, waiting))
    )
    assert (asked.due, asked.percent, asked.verdict) == (begun.due, begun.percent, begun.verdict)


@given(
    span=SPANS, waiting=waits(), a=moments("2026-11-16", "2027-02-01"), b=moments("2026-11-16", "2027-02-01")
)
def test_the_share_never_falls_and_a_breach_stays(
    span: Span, waiting: list[tuple[datetime, datetime, str]], a: datetime, b: datetime
) -> None:
    a, b = sorted((a, b))
    ledger = started("decide", span=span)
    for start, _, _ in waiting[:1]:
        ledger = ledger.wait(start, CUSTOMER, WHY)
        a, b = max(a, start), max(b, start)
    first, second = (ledger.standings(moment, measures())["decide"] for moment in (a, b))
    assert first.percent <= second.percent
    assert first.verdict in (OPEN, second.verdict)
