"""Business time: the hours of a shop as data, and the same hours worked out into moments.

A :class:`Calendar` says when a shop works: several intervals for each day of the week in local minutes, and
the days that are different (holidays, working Saturdays 调休). :class:`BusinessTime` is it worked out for a
span of years: sorted intervals in UTC with the business time before each, so that one question costs one
search in a list. PostgreSQL gets the same intervals as rows and answers the same.

Where clocks change, the wall clock decides: an interval begins and ends when the clock on the wall first
shows its time; a time the clock leaps over is the moment of the leap.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from crmdesk.errors import InvalidInput
from crmdesk.models.table import Table
from crmdesk.values import dataclass

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
YEARS = (1990, 2200)

Hours = tuple[tuple[int, int], ...]
"""Intervals of one day: minutes after local midnight, from (included) and to (not included), at most 1440."""

_HOURS = re.compile(r"(\d\d):([0-5]\d)-(\d\d):([0-5]\d)")
_INSTANT = timedelta(microseconds=1)
_NOTHING = timedelta()
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class SpecialDay:
    """A date with hours of its own: none on a holiday, a weekday's on a working Saturday."""

    day: date
    hours: Hours
    name_en: str
    name_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """When a shop works. ``known_years`` are those whose holidays are announced; None: no holidays at all.

    Raises:
        InvalidInput: no hours, an interval that ends before it starts, two that overlap, an unknown zone,
            one date twice.
    """

    key: str
    edition: int
    name_en: str
    name_zh: str
    zone: str
    week: tuple[Hours, ...]
    special_days: tuple[SpecialDay, ...] = ()
    known_years: frozenset[int] | None = None
    source: str = ""
    checked_on: date | None = None

    def __post_init__(self) -> None:
        self._check_zone()
        for name, hours in zip(WEEKDAYS, self.week, strict=True):
            self._check_hours(name, hours)
        if not any(self.week):
            raise InvalidInput(
                "The calendar {calendar} has no business hours on any day of the week.",
                fields=("week",),
                calendar=self.key,
            )
        seen: set[date] = set()
        for special in self.special_days:
            if special.day in seen:
                raise InvalidInput(
                    "The calendar {calendar} names the day {day} twice.",
                    fields=("special_days",),
                    calendar=self.key,
                    day=special.day,
                )
            seen.add(special.day)
            self._check_hours(special.day.isoformat(), special.hours)

    @property
    def version(self) -> str:
        """What due dates and rows keep of the calendar they were computed with."""
        return f"{self.key}/{self.edition}"

    def knows(self, year: int) -> bool:
        """Whether the holidays of *year* are announced."""
        return self.known_years is None or year in self.known_years

    def _check_zone(self) -> None:
        try:
            ZoneInfo(self.zone)
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise InvalidInput(
                "The calendar {calendar} has the time zone {zone}, which is not known; "
                "write one such as Europe/London.",
                fields=("zone",),
                calendar=self.key,
                zone=self.zone,
            ) from None

    def _check_hours(self, day: str, hours: Hours) -> None:
        last = 0
        for opens, closes in hours:
            told = {"calendar": self.key, "day": day, "hours": hours_in_words(((opens, closes),))}
            if not 0 <= opens < closes <= DAY_MINUTES:
                raise InvalidInput(
                    "The calendar {calendar}, {day}: {hours} must end after it starts, at 24:00 at the "
                    "latest; write hours over midnight as two days.",
                    fields=("hours",),
                    **told,
                )
            if opens < last:
                raise InvalidInput(
                    "The calendar {calendar}, {day}: {hours} begins before the interval ahead of it ends.",
                    fields=("hours",),
                    **told,
                )
            last = closes


def hours_in_words(hours: Hours) -> str:
    """Return *hours* as they are written: ``09:00-12:00, 13:00-18:00``."""
    return ", ".join(f"{a // 60:02d}:{a % 60:02d}-{b // 60:02d}:{b % 60:02d}" for a, b in hours)


def read_calendars(tables: object) -> dict[str, Calendar]:
    """Return the calendars of a parsed file by their keys.

    Raises:
        InvalidInput: with the place in the file.
    """
    file = Table("calendars", tables)
    return {key: read_calendar(key, file.table(key)) for key in file}


def read_calendar(key: str, table: Table) -> Calendar:
    """Return one calendar from its *table*."""
    table.only(
        *("edition", "name_en", "name_zh", "zone", "week", "special_days"),
        *("known_years", "source", "checked_on"),
    )
    week = table.table("week")
    week.only(*WEEKDAYS)
    return Calendar(
        key=key,
        edition=table.number("edition", 1, 1_000_000),
        name_en=table.text("name_en"),
        name_zh=table.text("name_zh"),
        zone=table.text("zone"),
        week=tuple(_read_hours(week, name) for name in WEEKDAYS),
        special_days=tuple(day for line in table.tables("special_days") for day in _special_days(line)),
        known_years=frozenset(table.numbers("known_years", *YEARS)) if "known_years" in table else None,
        source=table.text("source", ""),
        checked_on=table.day_or_none("checked_on"),
    )


def _special_days(line: Table) -> Iterator[SpecialDay]:
    line.only("days", "first", "last", "hours", "name_en", "name_zh")
    hours, names = _read_hours(line, "hours"), (line.text("name_en"), line.text("name_zh"))
    days = line.days("days") if "days" in line else tuple(_from_to(line))
    return (SpecialDay(day, hours, *names) for day in days)


def _from_to(line: Table) -> Iterator[date]:
    first, last = line.day("first"), line.day("last")
    if not 0 <= (last - first).days <= 366:
        raise InvalidInput("{place}: {name} must lie within a year after the first day.", **line.at("last"))
    return (first + timedelta(days=n) for n in range((last - first).days + 1))


def _read_hours(table: Table, name: str) -> Hours:
    found = []
    for text in table.texts(name):
        match = _HOURS.fullmatch(text)
        if match is None:
            raise InvalidInput("{place}: {name} must be hours such as 09:00-12:30.", **table.at(name))
        a, b, c, d = map(int, match.groups())
        found.append((a * 60 + b, c * 60 + d))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class BusinessInterval:
    """One row of ``business_interval``: a local day's hours in UTC and the business seconds before them."""

    version: str
    day: date
    opens: datetime
    closes: datetime
    seconds_before: int


class BusinessTime:
    """A calendar worked out from the first to the last of its years, both included.

    Moments are aware; questions that lead out of the years are refused with InvalidInput.
    """

    def __init__(self, calendar: Calendar, first_year: int, last_year: int) -> None:
        self.calendar = calendar
        self.version = calendar.version
        self.years = (first_year, last_year)
        self._zone = ZoneInfo(calendar.zone)
        first, end = date(first_year, 1, 1), date(last_year + 1, 1, 1)
        self._start, self._end = self._moment(first, 0), self._moment(end, 0)
        self._opens: list[datetime] = []
        self._closes: list[datetime] = []
        self._before: list[timedelta] = []
        self._after: list[timedelta] = []
        self._day_of: list[date] = []
        self._days: list[date] = []
        self._day_ends: list[datetime] = []
        special = {each.day: each.hours for each in calendar.special_days}
        midnight = self._start
        for n in range((end - first).days):
            day, before = first + timedelta(days=n), midnight
            midnight = self._moment(day + _DAY, 0)
            for minutes in special.get(day, calendar.week[day.weekday()]):
                if midnight - before == _DAY:
                    opens, closes = (before + timedelta(minutes=minute) for minute in minutes)
                else:
                    opens, closes = (self._moment(day, minute) for minute in minutes)
                if opens != closes:  # as when the clocks leap over all of it
                    self._lay_out(day, opens, closes)

    def _lay_out(self, day: date, opens: datetime, closes: datetime) -> None:
        before = self._after[-1] if self._after else _NOTHING
        self._opens.append(opens)
        self._closes.append(closes)
        self._before.append(before)
        self._after.append(before + (closes - opens))
        self._day_of.append(day)
        if self._days and self._days[-1] == day:
            self._day_ends[-1] = closes
        else:
            self._days.append(day)
            self._day_ends.append(closes)

    def _moment(self, day: date, minute: int) -> datetime:
        """Return the first moment at which the wall clock shows *minute* of *day*, or has leapt over it."""
        wall = datetime.combine(day, time.min) + timedelta(minutes=minute)
        moment = wall.replace(tzinfo=self._zone).astimezone(UTC)
        if moment.astimezone(self._zone).replace(tzinfo=None) == wall:
            return moment
        offset = wall.replace(tzinfo=self._zone).utcoffset()
        early = wall.replace(tzinfo=self._zone, fold=1).astimezone(UTC)
        leap = bisect_left(
            range(int((moment - early).total_seconds())),
            True,
            key=lambda s: (early + timedelta(seconds=s)).astimezone(self._zone).utcoffset() != offset,
        )
        return early + timedelta(seconds=leap)

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The first and the last moment that questions may be about."""
        return self._start, self._end

    def between(self, a: datetime, b: datetime) -> timedelta:
        """Return the business time from *a* to *b*; negative when *b* is the earlier one."""
        return self._until(b) - self._until(a)

    def add(self, a: datetime, business: timedelta) -> datetime:
        """Return the earliest moment with *business* time after *a*: *a* itself when that is none."""
        if not business:
            return a
        if business < _NOTHING:
            raise ValueError("business time is added, not taken away")
        target = self._until(a) + business
        i = bisect_left(self._after, target)
        if i == len(self._after):
            raise self._outside()
        return self._opens[i] + (target - self._before[i])

    def close_of(self, received: datetime, n: int) -> datetime:
        """Return the closing time of the *n*-th business day after the local day of *received* (day 0)."""
        if n < 1:
            raise ValueError("business days are counted from 1")
        self._until(received)
        i = bisect_right(self._days, self.local_day(received)) + n - 1
        if i >= len(self._days):
            raise self._outside()
        return self._day_ends[i]

    def back(self, due: datetime, n: int) -> datetime:
        """Return the closing time of the *n*-th business day before the local day on which *due* ends."""
        if n < 1:
            raise ValueError("business days are counted from 1")
        self._until(due)
        i = bisect_left(self._days, self.local_day(due - _INSTANT)) - n
        if i < 0:
            raise self._outside()
        return self._day_ends[i]

    def end_of_day(self, received: datetime, n: int) -> datetime:
        """Return the last second of the *n*-th calendar day after the local day of *received*."""
        day = self.local_day(received) + timedelta(days=n + 1)
        return self._moment(day, 0) - timedelta(seconds=1)

    def local_day(self, moment: datetime) -> date:
        """Return the date at the shop."""
        return moment.astimezone(self._zone).date()

    def provisional(self, moment: datetime, since: datetime | None = None) -> bool:
        """Whether the holidays of a year from *since* to *moment* are not announced: only weekends count."""
        last = self.local_day(moment).year
        first = self.local_day(since).year if since else last
        return not all(self.calendar.knows(year) for year in range(first, last + 1))

    def rows(self) -> Iterator[BusinessInterval]:
        """Yield the intervals as PostgreSQL keeps them, in their order."""
        second = timedelta(seconds=1)
        for day, opens, closes, before in zip(
            self._day_of, self._opens, self._closes, self._before, strict=True
        ):
            yield BusinessInterval(self.version, day, opens, closes, before // second)

    def _until(self, moment: datetime) -> timedelta:
        """Return the business time from the first year's start to *moment*."""
        i = bisect_right(self._opens, moment) - 1
        if i < 0 or moment > self._closes[-1]:
            if not self._start <= moment <= self._end:
                raise self._outside()
            return self._after[i] if i >= 0 else _NOTHING
        if moment >= self._closes[i]:
            return self._after[i]
        return self._before[i] + (moment - self._opens[i])

    def _outside(self) -> InvalidInput:
        first, last = self.years
        return InvalidInput(
            "The calendar {calendar} is worked out for {first} to {last} only; please check the date.",
            calendar=self.calendar.key,
            first=first,
            last=last,
        )
