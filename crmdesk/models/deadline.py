"""Deadlines: spans of time, when they end, and how far along the way one is.

A span is measured in business time or by the clock on the wall. "n business days" means the closing time of
the n-th business day after the local day of receipt, whatever the hour of receipt; days and weeks by the
calendar end with the last second of their day at the shop; minutes are counted one by one.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Protocol

from crmdesk.errors import InvalidInput
from crmdesk.models.calendar import BusinessTime
from crmdesk.models.table import Table
from crmdesk.values import dataclass

BUSINESS_MINUTES, CLOCK_MINUTES = "business_minutes", "clock_minutes"
BUSINESS_DAYS, CALENDAR_DAYS, WEEKS = "business_days", "calendar_days", "weeks"
UNITS = (BUSINESS_MINUTES, CLOCK_MINUTES, BUSINESS_DAYS, CALENDAR_DAYS, WEEKS)
BY_BUSINESS = frozenset({BUSINESS_MINUTES, BUSINESS_DAYS})
"""Units that a calendar stretches."""

BY_CLOCK = ""
"""Stands where a calendar's version would, for spans that no calendar stretches."""

REMINDERS = (50, 75, 100)
"""Percent of the way at which the owner is reminded."""

_NOTHING = timedelta()
_SPAN = re.compile(r"(\d{1,5}) (min|h|BD|day|days|weeks)(, clock)?")
_UNIT_OF = {
    ("min", False): (BUSINESS_MINUTES, 1),
    ("h", False): (BUSINESS_MINUTES, 60),
    ("BD", False): (BUSINESS_DAYS, 1),
    ("min", True): (CLOCK_MINUTES, 1),
    ("h", True): (CLOCK_MINUTES, 60),
    ("day", True): (CLOCK_MINUTES, 1440),
    ("days", True): (CLOCK_MINUTES, 1440),
    ("days", False): (CALENDAR_DAYS, 1),
    ("weeks", False): (WEEKS, 1),
}


class Measure(Protocol):
    """A way to count time: by a calendar's business hours or by the clock."""

    @property
    def version(self) -> str:
        """The calendar's, empty for the clock."""

    def between(self, a: datetime, b: datetime) -> timedelta:
        """Return the time counted from *a* to *b*."""

    def add(self, a: datetime, business: timedelta) -> datetime:
        """Return the earliest moment with that much time counted after *a*."""

    def day_end(self, due: datetime) -> datetime:
        """Return the last second of the shop's day on which something is *due*; the clock knows no days."""

    def provisional(self, moment: datetime, since: datetime | None = None) -> bool:
        """Whether a calendar year on the way is not announced yet."""


class WallTime:
    """The clock on the wall: every second counts."""

    version = BY_CLOCK

    def between(self, a: datetime, b: datetime) -> timedelta:
        """Return the time from *a* to *b*."""
        return b - a

    def add(self, a: datetime, business: timedelta) -> datetime:
        """Return *a* and so much later."""
        return a + business

    def day_end(self, due: datetime) -> datetime:
        """Return *due*: the clock knows no days."""
        return due

    def provisional(self, moment: datetime, since: datetime | None = None) -> bool:
        """Return no: nobody announces the clock."""
        return False


@dataclass(frozen=True, slots=True)
class Span:
    """How long something may take: a whole number of one of ``UNITS``."""

    amount: int
    unit: str

    def halved(self) -> Span:
        """Return half of it, rounded up to a whole one: a reopened complaint's target."""
        return Span(-(-self.amount // 2), self.unit)


def read_span(table: Table, name: str) -> Span | None:
    """Return the span that *table* has at *name*, None for ``-`` and for nothing.

    Written as people write them: ``30 min, clock``, ``2 h``, ``1 BD`` (business day), ``1 day, clock``,
    ``15 days``, ``8 weeks``, ``end of next business day``.
    """
    text = table.text(name, "-")
    if text in ("-", "–"):
        return None
    if text == "end of next business day":
        return Span(1, BUSINESS_DAYS)
    match = _SPAN.fullmatch(text)
    unit = _UNIT_OF.get((match[2], bool(match[3]))) if match else None
    if match is None or unit is None or not int(match[1]):
        raise InvalidInput(
            "{place}: {name} must be a time such as '30 min, clock', '2 h', '3 BD', '8 weeks' or "
            "'end of next business day'; this is '{text}'.",
            **table.at(name),
            text=text,
        )
    return Span(int(match[1]) * unit[1], unit[0])


@dataclass(frozen=True, slots=True)
class Due:
    """When something is due (UTC), and by which calendar version it was worked out.

    ``provisional``: the holidays of a year on the way were not announced, only weekends were counted.
    """

    at: datetime
    provisional: bool = False
    calendar: str = BY_CLOCK


def due(span: Span, since: datetime, time: BusinessTime) -> Due:
    """Return when *span* ends that counts from *since*."""
    if span.unit == CLOCK_MINUTES:
        return Due(since + timedelta(minutes=span.amount))
    if span.unit in (CALENDAR_DAYS, WEEKS):
        return Due(time.end_of_day(since, span.amount * (7 if span.unit == WEEKS else 1)))
    if span.unit == BUSINESS_DAYS:
        at = time.close_of(since, span.amount)
    else:
        at = time.add(since, timedelta(minutes=span.amount))
    return Due(at, time.provisional(at, since), time.version)


def effective(*dues: Due | None) -> Due | None:
    """Return the earliest of them: the internal target or a regime's deadline, whichever is first."""
    return min((each for each in dues if each), key=lambda each: each.at, default=None)


@dataclass(frozen=True, slots=True)
class Course:
    """The way from *since* to *due* in the time that *measure* counts, less the *pauses* (from, to) on it.

    *due* has been moved by the pauses already; they are in their order and do not overlap.
    """

    since: datetime
    due: datetime
    measure: Measure
    pauses: tuple[tuple[datetime, datetime], ...] = ()

    def paused(self, at: datetime | None = None) -> timedelta:
        """Return the time that counts for nothing, all of it or what lies before *at*."""
        between = self.measure.between
        if at is None:
            return sum((between(a, b) for a, b in self.pauses), _NOTHING)
        return sum((between(a, min(b, at)) for a, b in self.pauses if a < at), _NOTHING)

    def target(self) -> timedelta:
        """Return the whole time allowed."""
        return max(self.measure.between(self.since, self.due) - self.paused(), _NOTHING)

    def used(self, at: datetime) -> timedelta:
        """Return the time used until *at*."""
        return max(self.measure.between(self.since, at) - self.paused(at), _NOTHING)

    def percent(self, at: datetime) -> int:
        """Return the share used until *at* in whole percent, rounded down; above 100 when it is late."""
        target = self.target()
        if target:
            return self.used(at) * 100 // target
        return 100 if at >= self.due else 0

    def moment(self, percent: int) -> datetime:
        """Return when so much of it is used, as far as pauses are known."""
        left, start = self.target() * percent // 100, self.since
        for a, b in self.pauses:
            running = self.measure.between(start, a)
            if left <= running:
                break
            left, start = left - running, b
        else:
            if percent == 100:
                return self.due
        return self.measure.add(start, left)
