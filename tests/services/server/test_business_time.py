"""Due dates: the server works out what the desk works out, to the microsecond."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest

from crmdesk.errors import InvalidInput
from crmdesk.models.calendar import BusinessTime, SpecialDay
from crmdesk.models.deadline import UNITS, Course, Span, due
from crmdesk.models.targets import LevelRule
from crmdesk.services.complaints.procedure import calendars
from crmdesk.services.server import procedure
from tests.cluster import Cluster
from tests.models.hours import OFFICE, calendar

CASES = 10_000
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
DAYS = 6 * 365
MICRO = timedelta(microseconds=1)
MOST = {"business_minutes": 20_000, "clock_minutes": 20_000, "business_days": 60}
MOST |= {"calendar_days": 90, "weeks": 12}
NIGHT = ((0, 95), (150, 400), (1380, 1440))
EXCHANGED = (SpecialDay(date(2026, 2, 28), OFFICE, "Exchange", "调休"),)
FREE = tuple(SpecialDay(date(2026, 10, day), (), "National Day", "国庆节") for day in range(1, 8))
MADE_UP = (
    *("America/New_York", "Australia/Lord_Howe", "America/Havana", "Africa/Cairo", "Pacific/Apia"),
    "Europe/Dublin",
)
"""Zones whose clocks change at night, by half an hour, and at midnight, to both sides."""


def _times() -> list[BusinessTime]:
    ours = list(calendars())
    nights = [calendar(zone, key=zone.lower(), week=(NIGHT,) * 7) for zone in MADE_UP]
    known = {"special_days": EXCHANGED + FREE, "known_years": frozenset({2025, 2026})}
    days = [calendar(zone, key=f"day {zone}", **known) for zone in MADE_UP]
    return [*ours, *(BusinessTime(each, 2023, 2031) for each in (*nights, *days))]


TIMES = _times()


@pytest.fixture(scope="module")
def server(cluster: Cluster) -> Iterator[Any]:
    """A connection of the owner to a server that knows all these calendars."""
    database = cluster.database()
    with database.connect() as connection:
        for time in TIMES:
            procedure.fill_calendar(connection, time)
        connection.execute("SET timezone = 'Europe/Berlin'; ANALYZE crm.business_interval")
        yield connection
    database.drop()


def moments(chance: random.Random, count: int) -> list[datetime]:
    """Any moments, half of them on whole minutes, where hours begin and end."""
    made = []
    for _ in range(count):
        moment = BEGIN + timedelta(days=chance.randrange(DAYS), minutes=chance.randrange(1440))
        made.append(moment + timedelta(microseconds=chance.choice((0, chance.randrange(60_000_000)))))
    return made


def columns(rows: list[tuple[Any, ...]]) -> tuple[list[Any], ...]:
    return tuple(list(column) for column in zip(*rows, strict=True))


def test_ten_thousand_due_dates(server: Any) -> None:
    chance = random.Random(20261122)
    rows = []
    for since in moments(chance, CASES):
        unit = chance.choice(UNITS)
        rows.append((chance.choice(TIMES), chance.randint(1, MOST[unit]), unit, since))
    times, *rest = columns(rows)
    told = server.execute(
        "SELECT d.at, d.provisional, d.calendar FROM unnest("
        "  %s::integer[], %s::text[], %s::timestamptz[], %s::text[])"
        " WITH ORDINALITY AS c(amount, unit, since, version, n),"
        " crm.due(c.amount, c.unit, c.since, c.version) d ORDER BY c.n",
        (*rest, [time.version for time in times]),
    ).fetchall()
    wanted = [due(Span(amount, unit), since, time) for time, amount, unit, since in rows]
    wrong = [
        (rows[n][0].version, rows[n][1:], str(at), str(each.at))
        for n, ((at, *more), each) in enumerate(zip(told, wanted, strict=True))
        if at.astimezone(UTC) != each.at or more != [each.provisional, each.calendar]
    ]
    assert wrong[:3] == []
    assert {each.provisional for each in wanted} == {True, False}


def test_business_time_between_added_and_back(server: Any) -> None:
    chance = random.Random(7)
    count = 3_000
    rows = [
        (chance.choice(TIMES), a, b, chance.randrange(10**11), chance.randint(1, 20))
        for a, b in zip(moments(chance, count), moments(chance, count), strict=True)
    ]
    for time in TIMES:
        edges = [edge for row in time.rows() if row.day.year == 2026 for edge in (row.opens, row.closes)]
        for a, b in zip(edges[:60], edges[200:260], strict=True):
            midnight = time.end_of_day(b, 0) + timedelta(seconds=1)
            rows.append((time, a, midnight, 3_600_000_000 * chance.randint(1, 40), chance.randint(1, 20)))
    times, a_s, b_s, spans, days = columns(rows)
    told = server.execute(
        "SELECT crm.business_between(v, a, b), crm.business_add(v, a, s), crm.back_from(v, b, n),"
        " crm.opening(v, b) FROM unnest("
        "  %s::text[], %s::timestamptz[], %s::timestamptz[], %s::bigint[], %s::integer[])"
        " WITH ORDINALITY AS c(v, a, b, s, n, i) ORDER BY i",
        ([time.version for time in times], a_s, b_s, spans, days),
    ).fetchall()
    for (time, a, b, span, n), (between, added, back, opening) in zip(rows, told, strict=True):
        where = (time.version, a, b, span, n)
        assert between == time.between(a, b) // MICRO, where
        assert added == time.add(a, span * MICRO), where
        assert back == time.back(b, n), where
        # In an hour that comes twice nothing of another zone is equal.
        assert opening.astimezone(UTC) == time.opening(b), where


def test_levels_that_come_days_after_the_decision_is_due(server: Any) -> None:
    chance = random.Random(11)
    rows = []
    for since in moments(chance, 300):
        time, amount, days = chance.choice(TIMES), chance.randint(1, 9), chance.randint(1, 9)
        rows.append((time, since, due(Span(amount, "business_days"), since, time).at, days))
    times, sinces, dues, days_after = columns(rows)
    told = server.execute(
        "SELECT crm.level_moment("
        "  jsonb_populate_record(NULL::crm.level_rule, jsonb_build_object('days_after', days)), since,"
        "  jsonb_populate_record(NULL::crm.clock_run, jsonb_build_object('due', due)), NULL, v)"
        " FROM unnest(%s::text[], %s::timestamptz[], %s::timestamptz[], %s::integer[])"
        " WITH ORDINALITY AS c(v, since, due, days, n) ORDER BY n",
        ([time.version for time in times], sinces, dues, days_after),
    ).fetchall()
    for (time, since, late, days), (moment,) in zip(rows, told, strict=True):
        wanted = LevelRule(days_after=days).moment(since, Course(since, late, time), None, time)
        assert moment.astimezone(UTC) == wanted, (time.version, since, late, days)
    assert any(time.local_day(late) > time.local_day(late - MICRO) for time, _, late, _ in rows)


def test_outside_of_the_years_both_refuse(server: Any) -> None:
    time = TIMES[0]
    first, last = time.bounds
    asked = (
        (first - timedelta(seconds=1), 1, "business_minutes"),
        (last + timedelta(seconds=1), 1, "business_days"),
        (last - timedelta(days=3), 20_000, "business_minutes"),
        (last - timedelta(days=3), 30, "business_days"),
    )
    for since, amount, unit in asked:
        with pytest.raises(InvalidInput, match="worked out for"):
            due(Span(amount, unit), since, time)
        with pytest.raises(psycopg.Error, match="worked out for"):
            server.execute("SELECT crm.due(%s, %s, %s, %s)", (amount, unit, since, time.version))
    whole = "SELECT crm.business_between(%s, %s, %s)"
    (told,) = server.execute(whole, (time.version, first, last)).fetchone()
    assert told == time.between(first, last) // timedelta(microseconds=1)


def test_shares_of_the_way_with_pauses_on_it(server: Any) -> None:
    chance = random.Random(5)
    wanted = []
    for _ in range(400):
        time, since = chance.choice(TIMES[:3]), moments(chance, 1)[0]
        count = 2 * chance.randrange(4)
        stops = sorted(since + timedelta(minutes=chance.randrange(9_000)) for _ in range(count))
        pauses = tuple(zip(stops[::2], stops[1::2], strict=True))
        at = due(Span(chance.randint(1, 9), "business_days"), since, time).at
        lost = Course(since, at, time, pauses).paused()
        course = Course(since, time.add(at, lost), time, pauses)
        wanted.append((time.version, course, [course.moment(percent) for percent in (10, 50, 75, 100)]))
    for version, course, told in wanted:
        flat = [edge for pause in course.pauses for edge in pause]
        found = server.execute(
            "SELECT array_agg(crm.moment_of("
            "  ROW('x', 1, %s, %s, %s, false, NULL, %s::timestamptz[], false)::crm.clock_run, p) ORDER BY p)"
            " FROM unnest(ARRAY[10, 50, 75, 100]) p",
            (course.since, course.due, version, flat),
        ).fetchone()[0]
        assert [each.astimezone(UTC) for each in found] == told, (version, course)
