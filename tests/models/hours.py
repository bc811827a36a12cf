"""Calendars of the house and made-up ones, moments at a shop, and an oracle that counts minute by minute."""

from __future__ import annotations

import tomllib
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from crmdesk.models.calendar import BusinessTime, Calendar, Hours, SpecialDay, read_calendars
from crmdesk.models.regime import Regime, read_regimes
from crmdesk.models.targets import Targets, read_targets
from crmdesk.resources import resource

MINUTE = timedelta(minutes=1)
OFFICE: Hours = ((9 * 60, 12 * 60), (13 * 60, 18 * 60))


def parsed(name: str) -> dict[str, Any]:
    """One of the house's files, parsed."""
    return tomllib.loads(resource(name).read_text(encoding="utf-8"))


@cache
def shop(key: str = "cn-default", first: int = 2023, last: int = 2030) -> BusinessTime:
    """A calendar of the house, worked out."""
    return BusinessTime(read_calendars(parsed("calendars.toml"))[key], first, last)


@cache
def targets() -> Targets:
    """The targets of the house."""
    return read_targets(parsed("targets.toml"))


@cache
def regimes() -> dict[str, Regime]:
    """The regimes of the house."""
    return read_regimes(parsed("regimes.toml"))


def calendar(zone: str = "Asia/Shanghai", **changes: Any) -> Calendar:
    """A calendar with office hours from Monday to Friday."""
    values: dict[str, Any] = {
        "key": "test",
        "edition": 1,
        "name_en": "Test",
        "name_zh": "测试",
        "zone": zone,
        "week": (OFFICE,) * 5 + ((), ()),
    }
    return Calendar(**(values | changes))


def at(text: str, zone: str = "Asia/Shanghai") -> datetime:
    """The moment at which the wall clock of *zone* shows *text*."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def wall(moment: datetime, zone: str = "Asia/Shanghai") -> str:
    """What the wall clock of *zone* shows, to the minute."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M")


@st.composite
def day_hours(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Hours:
    """Up to three intervals of a day."""
    edges = sorted(draw(st.sets(st.integers(0, 1440), min_size=0, max_size=6)))
    return tuple(zip(edges[::2], edges[1::2], strict=False))


@st.composite
def calendars(draw: Callable[[st.SearchStrategy[Any]], Any], zones: tuple[str, ...]) -> Calendar:
    """Any hours at all, holidays and working weekends early in 2026."""
    week = tuple(draw(st.lists(day_hours(), min_size=7, max_size=7).filter(any)))
    days = draw(st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=20))
    special = tuple(SpecialDay(day, draw(day_hours()), "Special", "特殊") for day in sorted(days))
    return calendar(draw(st.sampled_from(zones)), week=week, special_days=special)


def moments(first: str = "2024-01-02", last: str = "2027-06-30") -> st.SearchStrategy[datetime]:
    """Moments of some years, to the microsecond."""
    return st.datetimes(datetime.fromisoformat(first), datetime.fromisoformat(last), timezones=st.just(UTC))


def open_minutes(calendar: Calendar, a: datetime, b: datetime) -> int:
    """How many minutes from *a* to *b* are business time, found by looking at the clock every minute."""
    zone = ZoneInfo(calendar.zone)
    special = {each.day: each.hours for each in calendar.special_days}
    count = 0
    while a < b:
        shown = _shown(a, zone)
        hours = special.get(shown.date(), calendar.week[shown.weekday()])
        minute = shown.hour * 60 + shown.minute
        count += any(opens <= minute < closes for opens, closes in hours)
        a += MINUTE
    return count


def _shown(moment: datetime, zone: ZoneInfo) -> datetime:
    """What the wall clock shows; an hour that comes again counts as the minute before it came again."""
    while moment.astimezone(zone).fold:
        moment -= MINUTE
    return moment.astimezone(zone)
