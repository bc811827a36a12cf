"""A complaint as the procedure sees it: its fields, its remedies, its ledger; and what a step makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from uuid import UUID

from crmdesk.models.calendar import BusinessTime
from crmdesk.models.clock import START, Ledger, Measures, Run, Why, is_regimes, regime_clock
from crmdesk.models.deadline import BY_BUSINESS, BY_CLOCK, Due, Measure, Span, due
from crmdesk.models.gates import Actor
from crmdesk.models.regime import RECEIPT, Regime, RegimeClock, not_said
from crmdesk.models.targets import CLOCKS, Targets
from crmdesk.models.wire import Json, Row
from crmdesk.models.workflow import Workflow
from crmdesk.values import dataclass

FROM_RECEIPT = ("acknowledge", "contact", "containment", "decide", "resolve")
"""The firm's clocks that count from receipt and begin with it."""
RECOUNTED = "calendar"
"""The key of what is worked out anew because the calendar has a new edition: no step of the procedure."""
HALVED = ("decide", "resolve")
COMES_BACK = frozenset({"remedy_failed", "not_satisfied", "reopened"})
"""Reasons of a start after which those clocks have half their time."""
AWAITED = ("waiting", "answer_window")
"""Clocks against others at whose end somebody here goes on."""
LEVEL_MOST = 3


@dataclass(frozen=True, slots=True)
class Rules:
    """By what a complaint is handled: the procedure, targets, regimes, and business time.

    ``time`` is the calendar in force; ``measures`` holds that and every older version a ledger may name.
    """

    workflow: Workflow
    targets: Targets
    regimes: Mapping[str, Regime]
    time: BusinessTime
    measures: Mapping[str, Measure]


@dataclass(frozen=True, slots=True)
class LastEvent:
    """The last step as undoing needs it: fields before it, lines of the ledger and remedies it added.

    ``target_received``: after a merge, when the complaint merged into came in without this one, else None.
    """

    operation_id: UUID
    before: Row
    lines: tuple[int, ...] = ()
    remedies: tuple[UUID, ...] = ()
    at: datetime | None = None
    target_received: datetime | None = None


@dataclass(frozen=True, slots=True)
class ComplaintFile:
    """Where a step starts from.

    Attributes:
        fields: head and body as one row; empty before it is logged.
        remedies: rows of its remedy lines.
        last: the last step that may be undone, None without.
        target: the file that ``target_id`` names, for merging.
        acknowledged_in_writing: a letter that says so has left the house.
    """

    fields: Row
    ledger: Ledger = field(default_factory=Ledger)
    remedies: tuple[Row, ...] = ()
    last: LastEvent | None = None
    target: ComplaintFile | None = None
    acknowledged_in_writing: bool = False


@dataclass(frozen=True, slots=True)
class Errand:
    """A task that a step brings about; ``due`` None: as soon as possible."""

    kind: str
    due: datetime | None = None
    not_by_owner: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a step makes of a complaint.

    Attributes:
        changed: field → value afterwards.
        ledger: with lines added.
        granted: remedy lines to add, as in the payload.
        marked: remedy id → what is to be written there (done, ordered, failed).
        taken_back: remedies that an undone step had added.
        errands: tasks to open.
        target: what becomes of the complaint merged into, None otherwise.
    """

    changed: Row
    ledger: Ledger
    granted: tuple[Mapping[str, Json], ...] = ()
    marked: Mapping[UUID, Row] = field(default_factory=dict)
    taken_back: tuple[UUID, ...] = ()
    errands: tuple[Errand, ...] = ()
    target: Outcome | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """One step being done: the file, who does it with which payload, when (effective time), by what rules."""

    file: ComplaintFile
    actor: Actor
    payload: Mapping[str, Json]
    at: datetime
    rules: Rules
    operation_id: UUID

    @property
    def measures(self) -> Measures:
        """The ways to count time, by calendar version."""
        return self.rules.measures

    def has(self, name: str) -> Json:
        """Return a field of the complaint, None when it has none."""
        return self.file.fields.get(name)

    def given(self, name: str) -> Json:
        """Return a field of the payload, None when it was not given."""
        return self.payload.get(name)

    def moment(self, name: str) -> datetime | None:
        """Return a time of the payload."""
        value = self.payload.get(name)
        return None if value is None else datetime.fromisoformat(value)

    def level_up(self) -> int:
        """Return the next level."""
        return min(LEVEL_MOST, (self.has("level") or 0) + 1)

    def why(self, key: str, **told: str) -> Why:
        """Return *key* as the reason of lines of this step, with what else is *told* of it."""
        return Why(key, (("operation", str(self.operation_id)), *told.items()))

    def span(self, clock: str, severity: str, *, halved: bool = False) -> Span | None:
        """Return how long *clock* may run with *severity*."""
        return self.rules.targets.span(clock, severity, reopened=halved)

    def span_of(self, ledger: Ledger, clock: str) -> Span | None:
        """Return how long the clock *clock* of *ledger* may run, whoever set it; None without a target."""
        if is_regimes(clock):
            known = clock_of(self.rules.regimes, clock)
            return known.allowed(longer=ledger.extended(clock)) if known else None
        if clock not in CLOCKS:
            return None
        begun = [line for line in ledger.active() if line.clock == clock and line.event == START]
        halved = clock in HALVED and begun[-1].why.key in COMES_BACK
        return self.span(clock, self.has("severity"), halved=halved)

    def start(
        self, ledger: Ledger, clock: str, severity: str, since: datetime, why: str, *, halved: bool = False
    ) -> Ledger:
        """Return *ledger* with *clock* begun that counts from *since*; as it is where there is no target."""
        span = self.span(clock, severity, halved=halved)
        if span is None or runs(ledger, clock):
            return ledger
        return ledger.start(clock, self.at, since, due(span, since, self.rules.time), self.why(why))

    def until(self, ledger: Ledger, clock: str, moment: datetime, why: str) -> Ledger:
        """Return *ledger* with *clock* begun that ends at *moment* by the wall."""
        stopped = self.stop(ledger, (clock,), why)
        return stopped.start(clock, self.at, self.at, Due(moment), self.why(why))

    def stop(self, ledger: Ledger, clocks: Iterable[str], why: str, **told: str) -> Ledger:
        """Return *ledger* with *clocks* stopped, each with the regimes' clocks of that name."""
        wanted = set(clocks)
        for clock in going(ledger):
            if clock in wanted or (is_regimes(clock) and clock.rpartition("/")[2] in wanted):
                ledger = ledger.stop(clock, self.at, self.measures, self.why(why, **told))
        return ledger

    def stop_all(self, ledger: Ledger, why: str) -> Ledger:
        """Return *ledger* with nothing running any more."""
        for clock in going(ledger):
            ledger = ledger.stop(clock, self.at, self.measures, self.why(why))
        return ledger

    def bind(
        self, ledger: Ledger, regime: str, received_at: datetime, why: str, clocks: Iterable[str]
    ) -> Ledger:
        """Return *ledger* with those *clocks* of *regime* begun that count from receipt and do not run.

        One that a holding reply extended goes on with the longer time, one that such a reply met does not.
        """
        known, wanted = self.rules.regimes.get(regime), set(clocks)
        for clock in known.clocks if known else ():
            name = regime_clock(regime, clock.clock)
            begins = clock.clock in wanted and not runs(ledger, name) and not ledger.met_by_reply(name)
            if clock.counts_from == RECEIPT and begins:
                span = clock.allowed(longer=ledger.extended(name))
                when = due(span, received_at, self.rules.time)
                ledger = ledger.start(name, self.at, received_at, when, self.why(why))
        return ledger

    def count_from(self, earlier: datetime, why: str) -> Ledger:
        """Return the file's ledger with all that runs from its receipt counted from an *earlier* one.

        What began anew since, as with a refusal, counts from that.
        """
        ledger = self.file.ledger
        for clock, runs_ in self.file.ledger.runs().items():
            run, span = runs_[-1], self.span_of(ledger, clock)
            counts = run.stop is None and run.last.since == self.has("received_at")
            if counts and span is not None and from_receipt(self.rules.regimes, clock):
                when = due(span, earlier, self.rules.time)
                ledger = ledger.recompute(clock, self.at, earlier, when, self.measures, self.why(why))
        return ledger

    def reassess(self, ledger: Ledger, severity: str, received_at: datetime, why: str) -> Ledger:
        """Return *ledger* with what counts from receipt worked out anew for *severity* and *received_at*."""
        for clock in FROM_RECEIPT:
            span = self.span(clock, severity)
            if span is None:
                ledger = self.stop(ledger, (clock,), why)
            elif runs(ledger, clock):
                when = due(span, received_at, self.rules.time)
                ledger = ledger.recompute(clock, self.at, received_at, when, self.measures, self.why(why))
        return ledger


def clock_of(regimes: Mapping[str, Regime], clock: str) -> RegimeClock | None:
    """Return the regime's clock that is called *clock* in a ledger, None for another's."""
    regime, _, name = clock.rpartition("/")
    known = regimes.get(regime)
    return next((each for each in known.clocks if each.clock == name), None) if known else None


def may_move(rules: Rules, clock: str, severity: str, due_at: datetime) -> bool:
    """Whether the date of *clock*, which runs, is provisional: holidays of its year are not announced.

    Known without the ledger; that says the same, line by line.
    """
    regimes = clock_of(rules.regimes, clock)
    span = regimes.span if regimes else rules.targets.spans.get((clock, severity))
    return span is not None and span.unit in BY_BUSINESS and rules.time.provisional(due_at)


def from_receipt(regimes: Mapping[str, Regime], clock: str) -> bool:
    """Whether *clock*, the firm's or a regime's, begins with the receipt."""
    known = clock_of(regimes, clock)
    return known.counts_from == RECEIPT if known else clock in FROM_RECEIPT


def extensions(ledger: Ledger, rules: Rules, at: datetime) -> dict[str, Due]:
    """Return the later dates that clocks of regimes get by a holding reply that is sent at *at*."""
    found: dict[str, Due] = {}
    for run in (each[-1] for each in ledger.runs().values()):
        clock = run.last.clock
        known = clock_of(rules.regimes, clock)
        if known and known.extended and known.counts_from == RECEIPT:
            later = due(known.extended, run.last.since, rules.time)
            if ledger.may_extend(clock, at, later):
                found[clock] = later
    return found


def met_by_reply(ledger: Ledger, rules: Rules, at: datetime, letter: str, language: str) -> tuple[str, ...]:
    """Return the regimes' clocks that a holding *letter* meets which is sent at *at*, by what it says."""
    found = []
    for clock in going(ledger):
        known = clock_of(rules.regimes, clock)
        if known and known.holding_suffices and ledger.in_time(clock, at):
            wanted = rules.regimes[clock.rpartition("/")[0]].holding_sentences
            if not not_said(wanted, letter, language):
                found.append(clock)
    return tuple(found)


def outdated(ledger: Ledger, version: str) -> tuple[Run, ...]:
    """Return the runs that last and were worked out with another calendar than that *version*."""
    latest = (each[-1] for each in ledger.runs().values())
    return tuple(run for run in latest if run.stop is None and run.last.calendar not in (BY_CLOCK, version))


def going(ledger: Ledger) -> tuple[str, ...]:
    """Return the clocks that run or are paused."""
    return tuple(clock for clock, runs_ in ledger.runs().items() if runs_[-1].stop is None)


def runs(ledger: Ledger, clock: str) -> bool:
    """Return whether *clock* runs or is paused."""
    return clock in going(ledger)


def paused_since(ledger: Ledger) -> datetime | None:
    """Return since when clocks are paused, None when none is."""
    runs_ = (each[-1] for each in ledger.runs().values())
    return min((run.paused_at for run in runs_ if run.paused_at and run.stop is None), default=None)


def next_due(ledger: Ledger) -> tuple[str, datetime] | None:
    """Return the clock that is due next and not paused, with its date; also that of an answer awaited."""
    latest = (each[-1] for each in ledger.runs().values())
    running = [run.last for run in latest if run.stop is None and run.paused_at is None]
    first = min(
        (line for line in running if _counts(line.clock)),
        key=lambda line: (line.due, line.clock),
        default=None,
    )
    return (first.clock, first.due) if first else None


def _counts(clock: str) -> bool:
    return is_regimes(clock) or clock in CLOCKS or clock in AWAITED
