"""Complaints of another system: state, dates and texts as given, no gate asked, nothing invented.

Clocks are worked out from the dates that are there. One whose end is not known, although the state says that
it has ended, is left out; so are all of a complaint that is older than the calendar. Nobody is reminded of
what was due before it came here.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.clock import Ledger, Why, regime_clock
from crmdesk.models.complaint_effects import IMPORT, UNDECIDED
from crmdesk.models.complaint_file import Outcome, Rules, next_due
from crmdesk.models.complaint_step import Decided, describe_step
from crmdesk.models.deadline import Due, due
from crmdesk.models.operations import Author, Operation
from crmdesk.models.regime import RECEIPT
from crmdesk.models.wire import Row
from crmdesk.values import dataclass


@dataclass(frozen=True, slots=True)
class Dated:
    """A clock: the field it counts from, the one that ends it, the states in which it runs."""

    clock: str
    since: str
    end: str
    runs_in: frozenset[str]


CLOCKED = (
    Dated("acknowledge", "received_at", "acknowledged_at", frozenset({"RECEIVED"})),
    Dated("assess", "acknowledged_at", "", frozenset({"ACKNOWLEDGED"})),
    Dated("containment", "received_at", "", frozenset({"RECEIVED", "ACKNOWLEDGED"})),
    Dated("contact", "received_at", "contacted_at", frozenset({"RECEIVED", "ACKNOWLEDGED", "ASSESSED"})),
    Dated("update", "contacted_at", "", frozenset({"INVESTIGATING", "WAITING", "PROPOSED"})),
    Dated("decide", "received_at", "responded_at", UNDECIDED),
    Dated("resolve", "received_at", "resolved_at", UNDECIDED | {"RESPONDED"}),
    Dated("follow_up", "resolved_at", "closed_at", frozenset({"RESOLVED", "FOLLOW_UP"})),
)
WINDOWS = (("waiting", "WAITING", "wait_until"), ("answer_window", "RESPONDED", "answer_until"))
"""Clocks against the customer, the state in which they run, and the field that holds their end."""
_WHY = "imported"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A complaint as another system tells it: head and body as one row, and its remedies."""

    fields: Row
    remedies: Sequence[Row] = ()


def describe_import(author: Author, rules: Rules, complaint_id: UUID, told: Foreign) -> Operation:
    """Describe that a complaint is taken over; ``number`` has been given to it already."""
    operation_id, now = author.new_id(), author.now()
    fields: Row = {"logged_at": now, **told.fields}
    ledger = ledger_from(rules, fields, Why(_WHY, (("operation", str(operation_id)),)))
    clock, at = next_due(ledger) or ("", None)
    changed = {**fields, "imported": True, "next_clock": clock, "next_due_at": at}
    if "remedy_total" not in fields:
        changed["remedy_total"] = sum(line["value"] for line in told.remedies)
    decided = Decided(
        complaint_id=complaint_id,
        transition=IMPORT,
        version=0,
        from_state="",
        fields={name: fields[name] for name in ("external_id",) if fields.get(name)},
        outcome=Outcome(changed, ledger, granted=tuple(told.remedies)),
        before=Ledger(),
    )
    return describe_step(author, decided, operation_id)


def ledger_from(rules: Rules, fields: Row, why: Why) -> Ledger:
    """Return the clocks that the dates of a complaint speak of."""
    ledger, state, severity = Ledger(), fields["state"], fields.get("severity") or "S3"
    reaches = rules.time.bounds[0] <= fields["received_at"] <= rules.time.bounds[1]
    if not reaches:
        return ledger
    for each in CLOCKED:
        span, since = rules.targets.span(each.clock, severity), fields.get(each.since)
        if span is not None and since is not None:
            begun = ledger.start(each.clock, since, since, due(span, since, rules.time), why)
            ledger = _ended(ledger, begun, each, each.clock, rules, fields)
    ledger = _regimes(ledger, rules, fields, why)
    for clock, during, until in WINDOWS:
        if state == during and fields.get(until) is not None:
            since = fields.get("responded_at") or fields["received_at"]
            ledger = ledger.start(clock, since, since, Due(fields[until]), why)
    return ledger


def _regimes(ledger: Ledger, rules: Rules, fields: Row, why: Why) -> Ledger:
    """Return *ledger* with the regime's clocks that count from receipt and that a date can end."""
    known, dated = rules.regimes.get(fields.get("regime") or ""), {each.clock: each for each in CLOCKED}
    received = fields["received_at"]
    for clock, when in known.deadlines(received, rules.time, RECEIPT) if known else ():
        if clock.clock in dated:
            name = regime_clock(fields["regime"], clock.clock)
            begun = ledger.start(name, received, received, when, why)
            ledger = _ended(ledger, begun, dated[clock.clock], name, rules, fields)
    return ledger


def _ended(before: Ledger, begun: Ledger, dated: Dated, name: str, rules: Rules, fields: Row) -> Ledger:
    """Return *begun* where the clock *name* runs or its end is known, else the ledger as it was *before*."""
    if fields["state"] in dated.runs_in:
        return begun
    ended = fields.get(dated.end)
    return before if ended is None else begun.stop(name, ended, rules.measures, begun.lines[-1].why)


def refuse_unknown_codes(fields: Row, known: dict[str, frozenset[str]]) -> None:
    """Refuse keys that the shop's lists do not have; *known* by field."""
    for name, keys in known.items():
        value = fields.get(name)
        if value and value not in keys:
            raise InvalidInput(
                "{name}: {value} is not in the list. Add it there, or map it to one that is.",
                fields=(name,),
                name=name,
                value=str(value)[:80],
            )
