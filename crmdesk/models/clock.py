"""The ledger of a complaint's clocks: lines that are only ever added, and what they come to.

A clock starts, pauses, goes on and stops; its due date is worked out anew when the severity, the calendar or
the receipt changes. Every such event is a :class:`Line`; none is ever edited. An undo adds a line that takes
another out of the reckoning, and both stay to be read. :class:`Ledger` is the lines and what may be added;
:class:`Standing` is how a clock stands at a moment.

Only waiting for the customer pauses, and only the firm's own clocks: a regime's clock runs on. A pause moves
the due date by exactly the time it lasted, counted as that clock counts (business time or by the clock).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field, replace
from datetime import datetime, timedelta
from typing import Any

from crmdesk.errors import InvalidInput
from crmdesk.models.deadline import BY_CLOCK, Course, Due, Measure, WallTime
from crmdesk.values import dataclass

START, PAUSE, RESUME, STOP = "start", "pause", "resume", "stop"
RECOMPUTE, EXTEND, UNDO = "recompute", "extend", "undo"

CUSTOMER = "customer"
THE_CUSTOMERS_OWN = frozenset({"answer_window", "waiting", "appeal_window", "reopen_window"})
"""Clocks that run against the customer; waiting for him is what they are about."""

ALL_DAY = frozenset({"follow_up"})
"""Clocks that are met all day long on which they are due: some customers are reached in the evening only."""
ASKED = "asked"
"""The value of a reason that says when the customer was tried first: then he was asked, in time or late."""

ENDED_OTHERWISE = frozenset({"withdrawn", "merged", "rejected"})
"""Reasons of a stop after which a clock was neither met nor breached."""

HOLDING_REPLY = "holding_reply"
"""Reason of the line with which a letter that it takes longer extends a regime's clock, or meets it."""

ASSESSED = "assessed"
"""Reason of a start by the severity that was found; before, the clock had no target."""

RUNNING, PAUSED, STOPPED = "running", "paused", "stopped"
OPEN, MET, BREACHED, VOID = "open", "met", "breached", "void"
LATE, BY_REASSESSMENT = "late", "by_reassessment"

Measures = Mapping[str, Measure]
"""The ways to count time by calendar version; :data:`WALL` under ``BY_CLOCK`` is understood."""

WALL = WallTime()


@dataclass(frozen=True, slots=True)
class Why:
    """The reason of a line: a key, and values for the words that belong to it."""

    key: str
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One event. ``at``: when it took place; ``since``: what its clock counts from; ``due``: after the event.

    ``calendar`` is the version the due date was worked out with; ``undoes`` the line that an undo cancels.
    """

    n: int
    clock: str
    event: str
    at: datetime
    since: datetime
    due: datetime
    why: Why
    calendar: str = BY_CLOCK
    provisional: bool = False
    undoes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How a clock stands at a moment. A clock may run several times; this is run number ``run``.

    ``state``: running, paused or stopped. ``verdict``: open, met, breached, or void when the
    complaint ended otherwise. ``breach``: empty, late, or by reassessment: a new severity or receipt put the
    due date into the past. ``percent``: the share used. ``course``: the way to the due date.
    """

    clock: str
    run: int
    state: str
    verdict: str
    breach: str
    percent: int
    course: Course
    provisional: bool

    @property
    def due(self) -> datetime:
        """When it is due; while it is paused, were it to go on at once."""
        return self.course.due

    @property
    def paused(self) -> timedelta:
        """The time that did not count."""
        return self.course.paused()


def regime_clock(regime: str, clock: str) -> str:
    """Return the name of a regime's clock in the ledger."""
    return f"{regime}/{clock}"


def is_regimes(clock: str) -> bool:
    """Whether *clock* is a regime's, not the firm's own."""
    return "/" in clock


def pauses(clock: str) -> bool:
    """Whether *clock* stands still while the customer is waited for."""
    return not is_regimes(clock) and clock not in THE_CUSTOMERS_OWN


@dataclass(slots=True, kw_only=True)
class Run:
    """One run of a clock, put together from its lines; ``overdue`` if it was late before a pause began."""

    number: int
    last: Line
    pauses: list[tuple[datetime, datetime]] = field(default_factory=list)
    paused_at: datetime | None = None
    stop: Line | None = None
    overdue: bool = False
    reassessed: bool = False

    @classmethod
    def begun(cls, number: int, line: Line) -> Run:
        """Return the run that *line* starts; begun too late by an assessment it is no fault."""
        late = line.why.key == ASSESSED and pauses(line.clock) and line.due < line.at
        return cls(number=number, last=line, overdue=late, reassessed=late)

    def take(self, line: Line) -> None:
        """Go on with the next *line*."""
        if line.event == PAUSE:
            self.overdue = self.overdue or line.at > self.last.due
            self.paused_at = line.at
        elif line.event in (RESUME, STOP):
            self._end_pause(line.at)
            self.stop = line if line.event == STOP else None
        else:
            self._judge_anew(line)
        self.last = line

    def _end_pause(self, at: datetime) -> None:
        if self.paused_at is not None:
            self.pauses.append((self.paused_at, max(self.paused_at, at)))
            self.paused_at = None

    def _judge_anew(self, line: Line) -> None:
        """Take a new due date: may it have made the clock late, that was not late before?"""
        moment = self.paused_at or line.at
        was_late = self.overdue or self.last.due < moment
        self.overdue = line.due < moment
        self.reassessed = self.overdue and (self.reassessed or not was_late)

    def course(self, at: datetime, measures: Measures) -> Course:
        """Return the way so far; a pause that lasts counts until *at* and has moved the due date."""
        line, measure = self.last, measure_of(self.last.calendar, measures)
        if self.paused_at is None:
            return Course(line.since, line.due, measure, tuple(self.pauses))
        lasting = (self.paused_at, max(self.paused_at, at))
        moved = measure.add(line.due, measure.between(*lasting))
        return Course(line.since, moved, measure, (*self.pauses, lasting))

    def standing(self, at: datetime, measures: Measures) -> Standing:
        """Return how it stands at *at*, or how it stood when it stopped."""
        until = self.stop.at if self.stop else at
        course = self.course(until, measures)
        late = self.overdue or self._is_late(until, course)
        return Standing(
            clock=self.last.clock,
            run=self.number,
            state=STOPPED if self.stop else PAUSED if self.paused_at else RUNNING,
            verdict=self._verdict(late),
            breach=(BY_REASSESSMENT if self.reassessed else LATE) if late else "",
            percent=course.percent(until),
            course=course,
            provisional=self._provisional(course),
        )

    def _is_late(self, until: datetime, course: Course) -> bool:
        if self.last.clock not in ALL_DAY:
            return until > course.due
        asked = dict(self.stop.why.values).get(ASKED) if self.stop else None
        first = min(until, datetime.fromisoformat(asked)) if asked else until
        return first > max(course.due, course.measure.day_end(course.due))

    def _provisional(self, course: Course) -> bool:
        """Whether the due date may move: by holidays to be announced, or by a calendar not at hand."""
        if self.last.provisional or self.stop is not None:
            return self.last.provisional
        measure = course.measure
        return measure.version != self.last.calendar or measure.provisional(course.due)

    def _verdict(self, late: bool) -> str:
        if late:
            return BREACHED
        if self.stop is None:
            return OPEN
        return VOID if self.stop.why.key in ENDED_OTHERWISE else MET


def measure_of(calendar: str, measures: Measures) -> Measure:
    """Return the way to count time of a calendar *version*; it may be a stand-in with another version.

    Raises:
        InvalidInput: that version is not at hand, and nothing for it.
    """
    if calendar == BY_CLOCK:
        return WALL
    try:
        return measures[calendar]
    except KeyError:
        raise InvalidInput(
            "The business calendar {calendar} is not on this desk; fetch the settings again.",
            calendar=calendar,
        ) from None


@dataclass(frozen=True, slots=True)
class Ledger:
    """The lines of one complaint in their order; each method returns the ledger with lines added."""

    lines: tuple[Line, ...] = ()

    def start(self, clock: str, at: datetime, since: datetime, due: Due, why: Why) -> Ledger:
        """Start *clock*, which counts from *since*; one that has stopped runs anew.

        Raises:
            InvalidInput: it runs already.
        """
        if self._going(clock):
            raise InvalidInput("The clock {clock} runs already.", clock=clock)
        return self._with(
            Line(
                n=0,
                clock=clock,
                event=START,
                at=at,
                since=since,
                due=due.at,
                why=why,
                calendar=due.calendar,
                provisional=due.provisional,
            )
        )

    def wait(self, at: datetime, wait_for: str, why: Why) -> Ledger:
        """Pause what runs and may pause, if the customer is waited for; a third party stops no clock."""
        if wait_for != CUSTOMER:
            return self
        running = (run.last for run in self._all_going() if run.paused_at is None and pauses(run.last.clock))
        return self._with(*(replace(line, **_event(PAUSE, at, why)) for line in running))

    def resume(self, at: datetime, measures: Measures, why: Why) -> Ledger:
        """Let what is paused go on, with the due date moved by the pause."""
        paused = (run for run in self._all_going() if run.paused_at is not None)
        return self._with(*(_moved(run, RESUME, at, measures, why) for run in paused))

    def stop(self, clock: str, at: datetime, measures: Measures, why: Why) -> Ledger:
        """Stop *clock*; one that does not run is left as it is."""
        run = self._going(clock)
        return self._with(_moved(run, STOP, at, measures, why)) if run else self

    def stop_unpaused(self, clock: str, at: datetime, why: Why) -> Ledger:
        """Stop a *clock* that nothing pauses, as those of regimes: that needs no calendar."""
        run = self._going(clock)
        return self._with(replace(run.last, **_event(STOP, at, why))) if run else self

    def recompute(
        self, clock: str, at: datetime, since: datetime, due: Due, measures: Measures, why: Why
    ) -> Ledger:
        """Give a running *clock* the due date it has without pauses; those it had move it as they did.

        A new severity, a new calendar version, an earlier receipt: *due* is worked out by the caller from
        *since*. A pause that lasts is added when it ends.
        """
        run = self._going(clock)
        if run is None:
            return self
        measure = measure_of(due.calendar, measures)
        lost = Course(since, due.at, measure, tuple(run.pauses)).paused()
        moved = measure.add(due.at, lost)
        return self._with(
            replace(
                run.last,
                **_event(RECOMPUTE, at, why),
                since=since,
                due=moved,
                calendar=due.calendar,
                provisional=due.provisional or measure.provisional(moved),
            )
        )

    def extend(self, clock: str, at: datetime, due: Due, why: Why) -> Ledger:
        """Give a running *clock* the later due date *due*, as a holding reply or a supervisor does.

        Raises:
            InvalidInput: *due* is no later.
        """
        run = self._going(clock)
        if run is None:
            return self
        if due.at <= run.last.due:
            raise InvalidInput(
                "The new date for {clock} must be later than the present one.", fields=("due",), clock=clock
            )
        return self._with(
            replace(
                run.last,
                **_event(EXTEND, at, why),
                due=due.at,
                calendar=due.calendar,
                provisional=due.provisional,
            )
        )

    def extended(self, clock: str) -> bool:
        """Whether *clock* was given its longer time, in this run or an earlier one."""
        return any(line.clock == clock and line.event == EXTEND for line in self.active())

    def may_extend(self, clock: str, at: datetime, due: Due) -> bool:
        """Whether *clock* may get the date *due* at *at*: it runs, is not late, and it is the first time."""
        run = self._going(clock)
        return run is not None and at <= run.last.due < due.at and not self.extended(clock)

    def in_time(self, clock: str, at: datetime) -> bool:
        """Whether *clock* runs and is not late at *at*."""
        run = self._going(clock)
        return run is not None and at <= run.last.due

    def met_by_reply(self, clock: str) -> bool:
        """Whether a holding reply met *clock*: for good, whatever becomes of the complaint."""
        return any(
            (line.clock, line.event, line.why.key) == (clock, STOP, HOLDING_REPLY) for line in self.active()
        )

    def undo(self, numbers: Iterable[int], at: datetime, why: Why) -> Ledger:
        """Take the lines *numbers* out of the reckoning; they must be the last ones of their clocks.

        Raises:
            InvalidInput: a later line of the clock rests on one of them.
        """
        ledger = self
        for n in sorted(numbers, reverse=True):
            line = ledger.lines[n - 1]
            active = [each for each in ledger.active() if each.clock == line.clock]
            if not active or active[-1].n != n:
                raise InvalidInput(
                    "Only the last change of the clock {clock} can be undone.", clock=line.clock
                )
            rest = active[-2] if len(active) > 1 else line
            ledger = ledger._with(replace(rest, **_event(UNDO, at, why, undoes=n)))
        return ledger

    def active(self) -> Iterator[Line]:
        """Yield the lines that count: no undone ones, no undos."""
        undone = {line.undoes for line in self.lines}
        return (line for line in self.lines if line.event != UNDO and line.n not in undone)

    def runs(self) -> dict[str, list[Run]]:
        """Return the runs of each clock in their order."""
        found: dict[str, list[Run]] = {}
        for line in self.active():
            if line.event == START:
                runs = found.setdefault(line.clock, [])
                runs.append(Run.begun(len(runs) + 1, line))
            elif line.clock in found and found[line.clock][-1].stop is None:
                found[line.clock][-1].take(line)
        return found

    def standings(self, at: datetime, measures: Measures) -> dict[str, Standing]:
        """Return how the latest run of each clock stands at *at*; one that has not started is not there."""
        return {clock: runs[-1].standing(at, measures) for clock, runs in self.runs().items()}

    def _all_going(self) -> Iterator[Run]:
        return (runs[-1] for runs in self.runs().values() if runs[-1].stop is None)

    def _going(self, clock: str) -> Run | None:
        return next((run for run in self._all_going() if run.last.clock == clock), None)

    def _with(self, *lines: Line) -> Ledger:
        first = len(self.lines) + 1
        return Ledger((*self.lines, *(replace(line, n=n) for n, line in enumerate(lines, first))))


def _event(event: str, at: datetime, why: Why, undoes: int | None = None) -> dict[str, Any]:
    return {"event": event, "at": at, "why": why, "undoes": undoes}


def _moved(run: Run, event: str, at: datetime, measures: Measures, why: Why) -> Line:
    """Return the line of *event*, which ends a pause that lasts; it names the calendar that counted it."""
    course = run.course(at, measures)
    measure = course.measure
    return replace(
        run.last,
        **_event(event, at, why),
        due=course.due,
        calendar=measure.version,
        provisional=run.last.provisional or measure.provisional(course.due),
    )
