"""The clock of one desk: the computer's, guarded against jumps; in test profiles frozen or shifted."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from crmdesk.errors import Denied, InvalidInput
from crmdesk.models.types import Clock, utc_now

CLOCK_VARIABLE = "CRMDESK_CLOCK"
JUMP = timedelta(minutes=5)
HELD_AT_MOST = timedelta(hours=24)
"""A clock that was wrongly ahead by more than this is not followed: a year ahead by mistake must not last."""

FARTHEST = timedelta(weeks=5_000)
MICROSECOND = timedelta(microseconds=1)
EARLIEST_YEAR, LATEST_YEAR = 1970, 2200
"""What a test profile's clock may show: beyond it dates of the past or next months could not be told."""
_SHIFT = re.compile(r"([+-])(\d{1,6})([smhdw])")
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_log = logging.getLogger("crmdesk.clock")


class DeskClock:
    """Gives the present moment, UTC; never one before the last it gave, unless it was set by hand.

    A computer's clock that jumps by more than five minutes against the time that passed is logged. Any thread
    may call.

    Args:
        settable: a test profile, whose clock may be frozen and shifted.
        system: the computer's clock.
        elapsed: seconds that passed since some start, untouched by the computer's clock.
    """

    def __init__(
        self,
        *,
        settable: bool = False,
        system: Clock = utc_now,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self.settable = settable
        self._system = system
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._frozen: datetime | None = None
        self._shift = timedelta()
        self._last: datetime | None = None
        self._seen = (system(), elapsed())

    def __call__(self) -> datetime:
        """Return the present moment."""
        with self._lock:
            if self._frozen is not None:
                return self._frozen
            system = self._system()
            self._notice_jump(system)
            self._last = self._guarded(system + self._shift)
            return self._last

    def not_before(self, moment: datetime) -> None:
        """Let no moment be given before *moment*, the last one this desk wrote down."""
        with self._lock:
            if self._frozen is None and (self._last is None or moment > self._last):
                self._last = moment

    def set(self, words: str) -> datetime:
        """Freeze at ``2026-11-20T09:58:00Z``, or go ``+3d`` (s, m, h, d, w) ahead; return the new moment.

        Raises:
            Denied: this is no test profile.
            InvalidInput: *words* are neither a moment with its zone nor a shift.
        """
        if not self.settable:
            raise Denied("Only the clock of a test profile can be set.")
        moment = read_clock(words)
        with self._lock:
            if isinstance(moment, datetime):
                self._frozen = _sensible(moment, timedelta(), words)
            elif self._frozen is not None:
                self._frozen = _sensible(self._frozen, moment, words)
            else:
                _sensible(self._system(), self._shift + moment, words)
                self._shift += moment
            self._last = None
        return self()

    def _guarded(self, now: datetime) -> datetime:
        if self._last is not None and timedelta() <= self._last - now < HELD_AT_MOST:
            return self._last + MICROSECOND
        return now

    def _notice_jump(self, system: datetime) -> None:
        elapsed = self._elapsed()
        expected = self._seen[0] + timedelta(seconds=elapsed - self._seen[1])
        self._seen = (system, elapsed)
        if abs(system - expected) > JUMP:
            _log.warning("the computer's clock jumped by %d s", (system - expected).total_seconds())


def read_clock(words: str) -> datetime | timedelta:
    """Return the moment or the shift that *words* name; raise InvalidInput for neither."""
    if shift := _SHIFT.fullmatch(words.strip()):
        sign, count, unit = shift.groups()
        ahead = timedelta(**{_UNITS[unit]: int(sign + count)})
        if abs(ahead) > FARTHEST:
            raise _refused(words)
        return ahead
    try:
        moment = datetime.fromisoformat(words.strip())
    except ValueError as error:
        raise _refused(words) from error
    if moment.tzinfo is None:
        raise _refused(words)
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        raise _refused(words) from error


def _sensible(moment: datetime, ahead: timedelta, words: str) -> datetime:
    """Return *moment* + *ahead*; refuse a year outside of those a test profile may show."""
    try:
        reached = moment + ahead
    except OverflowError as error:
        raise _refused(words) from error
    if not EARLIEST_YEAR <= reached.year <= LATEST_YEAR:
        raise _refused(words)
    return reached


def _refused(words: str) -> InvalidInput:
    return InvalidInput(
        "A clock is set like 2026-11-20T09:58:00Z or +3d, not {words}.", fields=("clock",), words=words
    )
