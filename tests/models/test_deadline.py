"""Spans, due dates and the way there."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.models.deadline import (
    BY_BUSINESS,
    BY_CLOCK,
    REMINDERS,
    UNITS,
    Course,
    Due,
    Span,
    WallTime,
    due,
    effective,
    read_span,
)
from crmdesk.models.table import Table
from tests.models.hours import MINUTE, at, moments, shop, wall

SPANS = st.builds(Span, st.integers(1, 40), st.sampled_from(UNITS))


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30 min, clock", Span(30, "clock_minutes")),
        ("2 h", Span(120, "business_minutes")),
        ("45 min", Span(45, "business_minutes")),
        ("2 h, clock", Span(120, "clock_minutes")),
        ("1 day, clock", Span(1440, "clock_minutes")),
        ("3 BD", Span(3, "business_days")),
        ("end of next business day", Span(1, "business_days")),
        ("15 days", Span(15, "calendar_days")),
        ("8 weeks", Span(8, "weeks")),
        ("-", None),
        ("–", None),
    ],
)
def test_spans_read_as_people_write_them(text: str, span: Span | None) -> None:
    assert read_span(Table("table", {"cell": text}), "cell") == span


@pytest.mark.parametrize(
    ("span", "received", "end"),
    [
        (Span(240, "business_minutes"), "2026-11-20 17:58", "2026-11-23 13:58"),
        (Span(240, "business_minutes"), "2026-05-08 17:58", "2026-05-09 13:58"),
        (Span(30, "clock_minutes"), "2026-11-20 23:50", "2026-11-21 00:20"),
        (Span(1440, "clock_minutes"), "2026-11-20 17:58", "2026-11-21 17:58"),
        (Span(1, "business_days"), "2026-11-20 17:58", "2026-11-23 18:00"),
        (Span(3, "business_days"), "2026-11-21 03:00", "2026-11-25 18:00"),
        (Span(15, "calendar_days"), "2026-11-20 08:00", "2026-12-05 23:59"),
        (Span(8, "weeks"), "2026-11-20 23:00", "2027-01-15 23:59"),
        # 2 h received at midnight on Saturday count from the next opening.
        (Span(120, "business_minutes"), "2026-11-21 00:00", "2026-11-23 11:00"),
        # Ends at closing time, not at the next opening.
        (Span(60, "business_minutes"), "2026-11-20 17:00", "2026-11-20 18:00"),
    ],
)
def test_when_a_span_ends(span: Span, received: str, end: str) -> None:
    assert wall(due(span, at(received), shop()).at) == end


def test_eight_weeks_over_the_end_of_summer_time_end_with_their_day() -> None:
    received = at("2026-09-10 23:30", "Europe/London")
    end = due(Span(8, "weeks"), received, shop("uk-default")).at
    assert end == at("2026-11-05 23:59:59", "Europe/London")


def test_a_due_date_keeps_its_calendar_and_whether_it_is_provisional() -> None:
    received = at("2026-12-30 10:00")
    assert due(Span(1, "business_days"), received, shop()) == Due(
        at("2026-12-31 18:00"), provisional=False, calendar="cn-default/1"
    )
    assert due(Span(2, "business_days"), received, shop()).provisional
    assert due(Span(960, "business_minutes"), received, shop()).provisional
    assert due(Span(2, "weeks"), received, shop()) == Due(at("2027-01-13 23:59:59"), calendar=BY_CLOCK)
    assert not due(Span(2880, "clock_minutes"), received, shop()).provisional


def test_the_earlier_of_target_and_regime_counts() -> None:
    target, regime = Due(at("2026-11-25 18:00")), Due(at("2026-11-24 18:00"), provisional=True)
    assert effective(target, None, regime) is regime
    assert effective(target, None) is target
    assert effective(None) is None


def test_reminders_at_half_three_quarters_and_the_end() -> None:
    """Received on Monday at 14:00: three business days are 28 hours."""
    received = at("2026-11-16 14:00")
    course = Course(received, due(Span(3, "business_days"), received, shop()).at, shop())
    moments = [course.moment(percent) for percent in REMINDERS]
    assert [wall(moment) for moment in moments] == [
        "2026-11-18 11:00",
        "2026-11-19 10:00",
        "2026-11-19 18:00",
    ]
    assert [course.percent(moment) for moment in moments] == [50, 75, 100]


def test_a_deadline_on_a_sunday_is_reached_on_the_sunday() -> None:
    course = Course(at("2026-11-20 18:30"), at("2026-11-22 12:00"), shop())
    assert [course.percent(at(f"2026-11-22 {clock}")) for clock in ("11:59", "12:00")] == [0, 100]
    assert course.moment(100) == at("2026-11-22 12:00")


def test_the_clock_on_the_wall_counts_nights() -> None:
    course = Course(at("2026-11-20 18:00"), at("2026-11-21 18:00"), WallTime())
    assert course.percent(at("2026-11-21 06:00")) == 50
    assert not WallTime().provisional(at("2031-01-01 00:00"))


def test_a_moment_with_pauses_before_and_after_it() -> None:
    since = at("2026-11-16 09:00")
    pauses = (
        (at("2026-11-16 10:00"), at("2026-11-16 12:00")),
        (at("2026-11-17 09:00"), at("2026-11-17 10:00")),
    )
    due_at = shop().add(since, timedelta(hours=16 + 3))
    course = Course(since, due_at, shop(), pauses)
    assert (course.target(), course.paused()) == (timedelta(hours=16), timedelta(hours=3))
    found = [wall(course.moment(percent)) for percent in (0, 25, 50, 100)]
    assert found == ["2026-11-16 09:00", "2026-11-16 16:00", "2026-11-17 12:00", "2026-11-18 12:00"]
    assert course.used(at("2026-11-16 11:00")) == timedelta(hours=1)
    assert course.used(at("2026-11-13 11:00")) == timedelta()


def test_a_share_reached_as_a_pause_begins_is_reached_then() -> None:
    pause = (at("2026-11-20 11:00"), at("2026-11-20 15:00"))
    course = Course(at("2026-11-20 09:00"), at("2026-11-20 17:00"), shop(), (pause,))
    assert (course.target(), course.moment(50)) == (timedelta(hours=4), pause[0])


def test_a_pause_after_the_due_date_leaves_the_moment_it_was_missed() -> None:
    since, missed = at("2026-11-20 09:00"), at("2026-11-20 11:00")
    pause = (at("2026-11-20 14:00"), at("2026-11-20 15:00"))
    course = Course(since, shop().add(missed, timedelta(hours=1)), shop(), (pause,))
    assert course.moment(100) == missed
    assert course.percent(pause[1]) == 200


@given(span=SPANS, a=moments(), b=moments())
def test_received_later_is_due_later(span: Span, a: datetime, b: datetime) -> None:
    first, second = (due(span, moment, shop()).at for moment in sorted((a, b)))
    assert first <= second
    assert first > min(a, b)


@given(span=SPANS, since=moments())
def test_one_more_is_due_later(span: Span, since: datetime) -> None:
    more = Span(span.amount + 1, span.unit)
    assert due(span, since, shop()).at < due(more, since, shop()).at


@given(span=SPANS, since=moments(), percent=st.integers(1, 99), data=st.data())
def test_share_and_moment_are_inverse(span: Span, since: datetime, percent: int, data: st.DataObject) -> None:
    """Whole minutes, so that a hundredth of them is a whole number of microseconds."""
    since = since.replace(second=0, microsecond=0)
    gaps = data.draw(st.lists(st.integers(1, 3000), max_size=8))
    edges = [since + sum(gaps[: n + 1]) * MINUTE for n in range(len(gaps) // 2 * 2)]
    pauses = tuple(zip(edges[::2], edges[1::2], strict=True))
    measure = shop() if span.unit in BY_BUSINESS else WallTime()
    lost = sum((measure.between(*pause) for pause in pauses), timedelta())
    end = measure.add(due(span, since, shop()).at, lost)
    if span.unit in ("calendar_days", "weeks"):
        end += timedelta(seconds=1)
    course = Course(since, end, measure, pauses)
    assert course.percent(course.moment(percent)) == percent
    assert course.moment(percent) <= course.moment(percent + 1)
    assert course.percent(course.moment(100)) == 100
