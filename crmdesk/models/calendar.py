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
from dataclasses import replace
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
    """Return the newest edition of each calendar of a parsed file by its key.

    Raises:
        InvalidInput: with the place in the file.
    """
    return {key: editions[-1] for key, editions in read_editions(tables).items()}


def read_editions(tables: object) -> dict[str, tuple[Calendar, ...]]:
    """Return all editions of the calendars of a parsed file by their keys, the newest last.

    Raises:
        InvalidInput: with the place in the file.
    """
    file = Table("calendars", tables)
    return {key: tuple(_editions(key, file.table(key))) for key in file}


def read_calendar(key: str, table: Table) -> Calendar:
    """Return the first edition of a calendar from its *table*."""
    table.only(
        *("edition", "name_en", "name_zh", "zone", "week", "special_days", "editions"),
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
        special_days=tuple(_read_special_days(table)),
        known_years=_known_years(table),
        source=table.text("source", ""),
        checked_on=table.day_or_none("checked_on"),
    )


def _editions(key: str, table: Table) -> Iterator[Calendar]:
    """Yield the calendar as it began, and as each later edition changed it."""
    calendar = read_calendar(key, table)
    yield calendar
    for line in table.tables("editions"):
        calendar = _changed(calendar, line)
        yield calendar


def _changed(calendar: Calendar, line: Table) -> Calendar:
    """Return the edition that *line* makes of the one before: what it does not name stays."""
    line.only("edition", "week", "special_days", "known_years", "source", "checked_on")
    week = line.table("week") if "week" in line else None
    if week:
        week.only(*WEEKDAYS)
    special = tuple(_read_special_days(line))
    told = {each.day for each in special}
    years = _known_years(line)
    return replace(
        calendar,
        edition=line.number("edition", calendar.edition + 1, 1_000_000),
        week=tuple(
            _read_hours(week, name) if week and name in week else hours
            for name, hours in zip(WEEKDAYS, calendar.week, strict=True)
        ),
        special_days=(*(each for each in calendar.special_days if each.day not in told), *special),
        known_years=(calendar.known_years or frozenset()) | years if years else calendar.known_years,
        source=line.text("source", calendar.source),
        checked_on=line.day_or_none("checked_on") or calendar.checked_on,
    )


def _known_years(table: Table) -> frozenset[int] | None:
    return frozenset(table.numbers("known_years", *YEARS)) if "known_years" in table else None


def _read_special_days(table: Table) -> Iterator[SpecialDay]:
    return (day for line in table.tables("special_days") for day in _special_days(line))


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


class _Hours:
    """The intervals of some years one after the other, with the business time before and after each."""

    def __init__(self, calendar: Calendar, zone: ZoneInfo, first_year: int, last_year: int) -> None:
        self.years = (first_year, last_year)
        self.opens: list[datetime] = []
        self.closes: list[datetime] = []
        self.before: list[timedelta] = []
        self.after: list[timedelta] = []
        self.day_of: list[date] = []
        self.days: list[date] = []
        self.day_ends: list[datetime] = []
        first, end = date(first_year, 1, 1), date(last_year + 1, 1, 1)
        special = {each.day: each.hours for each in calendar.special_days}
        self.start = midnight = wall_moment(first, 0, zone)
        for n in range((end - first).days):
            day, before = first + timedelta(days=n), midnight
            midnight = wall_moment(day + _DAY, 0, zone)
            for minutes in special.get(day, calendar.week[day.weekday()]):
                if midnight - before == _DAY:
                    opens, closes = (before + timedelta(minutes=minute) for minute in minutes)
                else:
                    opens, closes = (wall_moment(day, minute, zone) for minute in minutes)
                if opens != closes:  # as when the clocks leap over all of it
                    self._lay_out(day, opens, closes)
        self.end = midnight

    def _lay_out(self, day: date, opens: datetime, closes: datetime) -> None:
        before = self.after[-1] if self.after else _NOTHING
        self.opens.append(opens)
        self.closes.append(closes)
        self.before.append(before)
        self.after.append(before + (closes - opens))
        self.day_of.append(day)
        if self.days and self.days[-1] == day:
            self.day_ends[-1] = closes
        else:
            self.days.append(day)
            self.day_ends.append(closes)

    def until(self, moment: datetime) -> timedelta:
        """Return the business time from the first year's start to *moment*, which lies within the years."""
        i = bisect_right(self.opens, moment) - 1
        if i < 0:
            return _NOTHING
        if moment >= self.closes[i]:
            return self.after[i]
        return self.before[i] + (moment - self.opens[i])


def wall_moment(day: date, minute: int, zone: ZoneInfo) -> datetime:
    """Return the first moment at which the wall clock shows *minute* of *day*, or has leapt over it."""
    wall = datetime.combine(day, time.min) + timedelta(minutes=minute)
    moment = wall.replace(tzinfo=zone).astimezone(UTC)
    if moment.astimezone(zone).replace(tzinfo=None) == wall:
        return moment
    offset = wall.replace(tzinfo=zone).utcoffset()
    early = wall.replace(tzinfo=zone, fold=1).astimezone(UTC)
    leap = bisect_left(
        range(int((moment - early).total_seconds())),
        True,
        key=lambda s: (early + timedelta(seconds=s)).astimezone(zone).utcoffset() != offset,
    )
    return early + timedelta(seconds=leap)


class BusinessTime:
    """A calendar from the first to the last of its years, both included; worked out as far as it is asked.

    Moments are aware; questions that lead out of the years are refused with InvalidInput. A year whose
    holidays are not announced counts its weekends only. Any thread may ask.
    """

    def __init__(self, calendar: Calendar, first_year: int, last_year: int) -> None:
        self.calendar = calendar
        self.version = calendar.version
        self.years = (first_year, last_year)
        self._zone = ZoneInfo(calendar.zone)
        self._start = wall_moment(date(first_year, 1, 1), 0, self._zone)
        self._end = wall_moment(date(last_year + 1, 1, 1), 0, self._zone)
        self._laid: _Hours | None = None

    @property
    def bounds(self) -> tuple[datetime, datetime]:
        """The first and the last moment that questions may be about."""
        return self._start, self._end

    def between(self, a: datetime, b: datetime) -> timedelta:
        """Return the business time from *a* to *b*; negative when *b* is the earlier one."""
        hours = self._over(a, b)
        return hours.until(b) - hours.until(a)

    def add(self, a: datetime, business: timedelta) -> datetime:
        """Return the earliest moment with *business* time after *a*: *a* itself when that is none."""
        if not business:
            return a
        if business < _NOTHING:
            raise ValueError("business time is added, not taken away")
        hours = self._over(a, a)
        while (target := hours.until(a) + business) > (hours.after[-1] if hours.after else _NOTHING):
            hours = self._beyond(hours)
        i = bisect_left(hours.after, target)
        return hours.opens[i] + (target - hours.before[i])

    def close_of(self, received: datetime, n: int) -> datetime:
        """Return the closing time of the *n*-th business day after the local day of *received* (day 0)."""
        if n < 1:
            raise ValueError("business days are counted from 1")
        hours, day = self._over(received, received), self.local_day(received)
        while (i := bisect_right(hours.days, day) + n - 1) >= len(hours.days):
            hours = self._beyond(hours)
        return hours.day_ends[i]

    def after(self, due: datetime, n: int) -> datetime:
        """Return the closing time of the *n*-th business day after the local day on which *due* ends."""
        return self.close_of(due - _INSTANT, n)

    def opening(self, due: datetime) -> datetime:
        """Return the opening time of the last business day that began before *due*."""
        hours = self._over(due, due)
        while (i := bisect_left(hours.opens, due) - 1) < 0:
            hours = self._beyond(hours, backwards=True)
        return hours.opens[bisect_left(hours.day_of, hours.day_of[i])]

    def back(self, due: datetime, n: int) -> datetime:
        """Return the closing time of the *n*-th business day before the local day on which *due* ends."""
        if n < 1:
            raise ValueError("business days are counted from 1")
        hours, day = self._over(due, due), self.local_day(due - _INSTANT)
        while (i := bisect_left(hours.days, day) - n) < 0:
            hours = self._beyond(hours, backwards=True)
        return hours.day_ends[i]

    def end_of_day(self, received: datetime, n: int) -> datetime:
        """Return the last second of the *n*-th calendar day after the local day of *received*."""
        day = self.local_day(received) + timedelta(days=n + 1)
        return wall_moment(day, 0, self._zone) - timedelta(seconds=1)

    def day_end(self, due: datetime) -> datetime:
        """Return the last second of the local day that something *due* ends, or that it lies in."""
        return self.end_of_day(due - _INSTANT, 0)

    def local_day(self, moment: datetime) -> date:
        """Return the date at the shop."""
        return moment.astimezone(self._zone).date()

    def provisional(self, moment: datetime, since: datetime | None = None) -> bool:
        """Whether the holidays of a year from *since* to *moment* are not announced: only weekends count."""
        last = self.local_day(moment).year
        first = self.local_day(since).year if since else last
        return not all(self.calendar.knows(year) for year in range(first, last + 1))

    def rows(self) -> Iterator[BusinessInterval]:
        """Yield the intervals of all years as PostgreSQL keeps them, in their order."""
        second, hours = timedelta(seconds=1), _Hours(self.calendar, self._zone, *self.years)
        for day, opens, closes, before in zip(
            hours.day_of, hours.opens, hours.closes, hours.before, strict=True
        ):
            yield BusinessInterval(self.version, day, opens, closes, before // second)

    def _over(self, a: datetime, b: datetime) -> _Hours:
        """Return hours that reach over both moments, worked out anew where those there are do not."""
        hours = self._laid
        if hours is not None and hours.start <= a <= hours.end and hours.start <= b <= hours.end:
            return hours
        if not (self._start <= a <= self._end and self._start <= b <= self._end):
            raise self._outside()
        asked = (self.local_day(a).year, self.local_day(b).year)
        return self._lay_out(min(asked) - 1, max(asked) + 1)

    def _beyond(self, hours: _Hours, *, backwards: bool = False) -> _Hours:
        """Return hours that reach further than *hours*."""
        first, last = hours.years
        if (first if backwards else last) == self.years[not backwards]:
            raise self._outside()
        return self._lay_out(first - 2, last) if backwards else self._lay_out(first, last + 2)

    def _lay_out(self, first: int, last: int) -> _Hours:
        """Work out those years beside the ones that were, and keep them."""
        known = self._laid.years if self._laid else (first, last)
        first, last = max(self.years[0], min(first, known[0])), min(self.years[1], max(last, known[1]))
        self._laid = made = _Hours(self.calendar, self._zone, first, last)
        return made

    def _outside(self) -> InvalidInput:
        first, last = self.years
        return InvalidInput(
            "The calendar {calendar} is worked out for {first} to {last} only; please check the date.",
            calendar=self.calendar.key,
            first=first,
            last=last,
        )
