"""Times as people say them, in the zone of the site; storage knows UTC only."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from datetime import time as time_of_day
from typing import TYPE_CHECKING

from crmdesk.ui.translation import CHINESE

if TYPE_CHECKING:
    from datetime import date, tzinfo

    from crmdesk.models.types import Clock
    from crmdesk.ui.translation import Words

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

Monotonic = Callable[[], float]
"""Seconds that never run backwards."""


class Moments:
    """Formats times relative to now."""

    def __init__(self, words: Words, clock: Clock, zone: tzinfo) -> None:
        self._words = words
        self._clock = clock
        self._zone = zone

    def now(self) -> datetime:
        """Return the present moment in UTC."""
        return self._clock()

    @property
    def zone(self) -> tzinfo:
        """The zone of the site."""
        return self._zone

    def today(self) -> date:
        """Return the date at the site."""
        return self._clock().astimezone(self._zone).date()

    def day_end(self) -> datetime:
        """Return when today ends at the site."""
        return datetime.combine(self.today() + timedelta(days=1), time_of_day(), self._zone)

    def local(self, moment: datetime) -> datetime:
        """Return *moment* as clocks at the site show it."""
        return moment.astimezone(self._zone)

    def clock_time(self, moment: datetime) -> str:
        """Return hours and minutes, e.g. ``10:40``."""
        return self.local(moment).strftime("%H:%M")

    def day(self, day: date, today: date | None = None) -> str:
        """Return ``Today``, ``12 Nov`` or, of another year, ``12 Nov 2025``; *today* if it is known."""
        today = today or self.today()
        if day == today:
            return self._words.tr("Today")
        if day == today - timedelta(days=1):
            return self._words.tr("Yesterday")
        if day == today + timedelta(days=1):
            return self._words.tr("Tomorrow")
        if self._words.language == CHINESE:
            return (
                f"{day.month}月{day.day}日"
                if day.year == today.year
                else f"{day.year}年{day.month}月{day.day}日"
            )
        short = f"{day.day} {_MONTHS[day.month - 1]}"
        return short if day.year == today.year else f"{short} {day.year}"

    def short_day(self, day: date, today: date | None = None) -> str:
        """Return the day for a narrow column: other years as ``2025-11-12``; *today* if it is known."""
        today = today or self.today()
        return self.day(day, today) if day.year == today.year else day.isoformat()

    def day_and_time(self, moment: datetime) -> str:
        """Return ``Today 10:40``."""
        return f"{self.day(self.local(moment).date())} {self.clock_time(moment)}"

    def amid(self, told: str) -> str:
        """Return a day or moment told by this as it stands within a sentence: ``tomorrow 10:40``."""
        for name in ("Today", "Yesterday", "Tomorrow"):
            word = self._words.tr(name)
            if told.startswith(word):
                return word.lower() + told[len(word) :]
        return told

    def day_of(self, moment: datetime) -> date:
        """Return the date at the site when *moment* was."""
        return self.local(moment).date()


def stopwatch(seconds: float) -> str:
    """Return a length of time as ``2:14`` or ``1:02:14``."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, 3600)
    minutes, left = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"
