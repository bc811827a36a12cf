"""Complaints on the wire: their fields, and how rows, steps, clocks and history become JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType

from crmdesk.models.clock import Ledger, Line, Standing
from crmdesk.models.complaint import SHOWN_OF_RESTRICTED, Complaint, ComplaintBody, RemedyLine
from crmdesk.models.wire import Json, Row, field_types, to_json
from crmdesk.services.complaints.allowed import Allowed, AskedField
from crmdesk.services.complaints.procedure import House
from crmdesk.services.rpc.kinds import (
    BY_TYPE,
    COUNT,
    FLAG,
    ID,
    INTEGER,
    MOMENT,
    TEXT,
    Field,
    Kind,
    list_of,
    nullable,
    record,
)
from crmdesk.services.rpc.money import COLUMNS, MONEY, told_money, with_money
from crmdesk.services.rpc.records import VERSION

CALLED = MappingProxyType(
    {"rev": "version", "owner_id": "owner", "team_id": "team", "next_clock": "due_clock"}
    | {"next_due_at": "due_at"}
)
"""Columns that the interface calls otherwise."""
BEHIND = MappingProxyType({name: column for column, name in CALLED.items()})
"""The column behind such a name."""
HEAD = tuple(CALLED.get(name, name) for name in field_types(Complaint))
BODY = tuple(name for name in field_types(ComplaintBody) if name not in ("id", "rev", "team_id", "author"))
TOLD_OF_RESTRICTED = frozenset(CALLED.get(name, name) for name in SHOWN_OF_RESTRICTED)
REMEDY_NAMES = (
    *("id", "position", "type", "due", "proposal_version", "granted_at", "order_id", "done_at", "failed_at"),
)
_DOCS = MappingProxyType(
    {
        "version": VERSION,
        "owner": "who handles it: an agent's id",
        "team": "a team's id",
        "due_clock": "the clock that is due next",
        "due_at": "when that is, as of the last step",
        "provisional": "the severity was guessed when it was logged and is not assessed yet",
        "level": "of escalation, 0 to 3",
        "imported": "brought in from another system: no gate was asked",
        "what_happened": "null, as all that follows: another team handles it",
    }
)


def _field(name: str, entity: type) -> Field:
    kind, optional = field_types(entity)[BEHIND.get(name, name)]
    told = MONEY if name in COLUMNS else BY_TYPE[kind]
    whole = entity is Complaint and name in TOLD_OF_RESTRICTED
    return Field(name, told if whole and not optional else nullable(told), _DOCS.get(name, ""), required=True)


REMEDY = record(
    *(
        Field(name, nullable(BY_TYPE[kind]) if optional else BY_TYPE[kind], required=True)
        for name in REMEDY_NAMES
        for kind, optional in (field_types(RemedyLine)[name],)
    ),
    Field("value", MONEY, required=True),
    title="Remedy",
)
COMPLAINT = record(
    *(_field(name, Complaint) for name in HEAD),
    *(_field(name, ComplaintBody) for name in BODY),
    Field("remedies", nullable(list_of(REMEDY)), "what is proposed or granted now", required=True),
    title="Complaint",
)
ANYTHING = Kind({}, lambda _path, value: value)
ASKED = record(
    Field("name", TEXT, required=True),
    Field("type", TEXT, "as named in the procedure", required=True),
    Field("required", FLAG, required=True),
    Field("choices", list_of(ANYTHING), "values it or a part of it can have; empty: anything", required=True),
    Field("max", ANYTHING, "the highest number, most characters, or most money; null: none", required=True),
    Field("default", ANYTHING, "what to begin with; null: nothing", required=True),
)
ALLOWED = record(
    Field("transition", TEXT, required=True),
    Field("name", TEXT, required=True),
    Field("who", list_of(TEXT), "roles that may ever do it", required=True),
    Field("fields", list_of(ASKED), required=True),
    Field("refused_because", list_of(TEXT), "empty: it can be done now", required=True),
    title="Allowed",
)
LINE = record(
    Field("n", COUNT, "counts up over all clocks of the complaint", required=True),
    Field("event", TEXT, required=True),
    Field("at", MOMENT, required=True),
    Field("since", MOMENT, required=True),
    Field("due_at", MOMENT, "after the event", required=True),
    Field("why", TEXT, required=True),
    Field("why_values", record(open_ended=True), required=True),
    Field("calendar", TEXT, "version it was worked out with; empty: by the clock", required=True),
    Field("provisional", FLAG, required=True),
    Field("undoes", nullable(COUNT), "the line that this one takes out of the reckoning", required=True),
)
CLOCK = record(
    Field("clock", TEXT, "a regime's has the regime before a stroke", required=True),
    Field("run", COUNT, "how many times it was started", required=True),
    Field("since", MOMENT, "what it counts from", required=True),
    Field("due_at", MOMENT, required=True),
    Field("percent", INTEGER, "share of its time that is used", required=True),
    Field("state", TEXT, "running, paused or stopped", required=True),
    Field("verdict", TEXT, "open, met, breached, or void when the complaint ended otherwise", required=True),
    Field("breach", TEXT, "late, by_reassessment or empty", required=True),
    Field("provisional", FLAG, "the calendar does not reach that far yet", required=True),
    Field("paused_seconds", COUNT, "waiting for the customer, as the clock counts", required=True),
    Field("lines", list_of(LINE), "its ledger", required=True),
    title="Clock",
)
EVENT = record(
    Field("id", ID, "of the operation: what undo names", required=True),
    Field("transition", TEXT, required=True),
    Field("name", TEXT, required=True),
    Field("from_state", TEXT, required=True),
    Field("to_state", TEXT, required=True),
    Field("version_before", COUNT, required=True),
    Field("version_after", COUNT, required=True),
    Field("at", MOMENT, required=True),
    Field("at_local", TEXT, "the same with the site's zone", required=True),
    Field("who", nullable(ID), "the agent's id; null: the system, or nobody signed in", required=True),
    Field("who_name", TEXT, required=True),
    Field("device", TEXT, "the desk's id", required=True),
    Field("changed", record(open_ended=True), "field → before and after", required=True),
    Field("fields", record(open_ended=True), "as they were given", required=True),
    Field("reason", nullable(TEXT), "the words given for it, where the step asks for some", required=True),
    title="ComplaintEvent",
)
_REASONS = ("reason", "text", "reason_text", "missing", "words", "what_was_done", "what", "open_points")
"""Fields of payloads that say why, the first that is given counts."""


def tell_complaint(head: Row, body: Row | None, remedies: Iterable[Row], currency: str) -> dict[str, Json]:
    """Return a complaint; fields of the body are null where it is not for this person."""
    told = {name: to_json(head[BEHIND.get(name, name)]) for name in HEAD}
    if body is None and head["restricted"]:
        told = {name: value if name in TOLD_OF_RESTRICTED else None for name, value in told.items()}
    for name in BODY:
        value = None if body is None else body[name]
        told[name] = to_json(value if value is None or name not in COLUMNS else told_money(value, currency))
    lines = [row for row in sorted(remedies, key=lambda row: row["position"]) if not row["void"]]
    told["remedies"] = None if body is None else [tell_remedy(row, currency) for row in lines]
    return told


def tell_remedy(row: Row, currency: str) -> Json:
    """Return a remedy line."""
    return {
        **{name: to_json(row[name]) for name in REMEDY_NAMES},
        "value": told_money(row["value"], currency),
    }


def tell_allowed(step: Allowed, currency: str) -> Json:
    """Return one step with its fields and why it is refused."""
    return {
        "transition": step.transition,
        "name": step.en,
        "who": list(step.who),
        "fields": [_asked(field, currency) for field in step.fields],
        "refused_because": [str(each) for each in step.refused],
    }


def _asked(field: AskedField, currency: str) -> Json:
    most: Json = field.most
    if field.type == "remedies" and field.most is not None:
        most = told_money(field.most, currency)
    return {
        "name": field.name,
        "type": field.type,
        "required": field.required,
        "choices": [each.value for each in field.choices],
        "max": most,
        "default": with_money({field.name: field.default}, currency)[field.name],
    }


def tell_clocks(ledger: Ledger, standings: Mapping[str, Standing]) -> list[Json]:
    """Return each clock with its ledger, the one due first before the others, stopped ones last."""
    ordered = sorted(standings.values(), key=lambda each: (each.state == "stopped", each.due, each.clock))
    return [
        _tell_clock(each, (line for line in ledger.lines if line.clock == each.clock)) for each in ordered
    ]


def _tell_clock(standing: Standing, lines: Iterable[Line]) -> Json:
    return {
        "clock": standing.clock,
        "run": standing.run,
        "since": to_json(standing.course.since),
        "due_at": to_json(standing.due),
        "percent": standing.percent,
        "state": standing.state,
        "verdict": standing.verdict,
        "breach": standing.breach,
        "provisional": standing.provisional,
        "paused_seconds": int(standing.paused.total_seconds()),
        "lines": [_tell_line(line) for line in lines],
    }


def _tell_line(line: Line) -> Json:
    return {
        "n": line.n,
        "event": line.event,
        "at": to_json(line.at),
        "since": to_json(line.since),
        "due_at": to_json(line.due),
        "why": line.why.key,
        "why_values": dict(line.why.values),
        "calendar": line.calendar,
        "provisional": line.provisional,
        "undoes": line.undoes,
    }


def tell_event(row: Row, names: Mapping[str, str], people: Mapping[str, str], here: House) -> Json:
    """Return one step that was done; *names* of transitions, *people* by their ids as text."""
    fields = json.loads(row["fields"])
    before, after = json.loads(row["before"]), json.loads(row["after"])
    at: datetime = row["at"]
    return {
        "id": str(row["id"]),
        "transition": row["transition"],
        "name": names.get(row["transition"], row["transition"]),
        "from_state": row["from_state"],
        "to_state": row["to_state"],
        "version_before": row["version"] - 1,
        "version_after": row["version"],
        "at": to_json(at),
        "at_local": at.astimezone(here.tzinfo).isoformat(timespec="seconds"),
        "who": row["author"] or None,
        "who_name": people.get(row["author"], ""),
        "device": row["device"],
        "changed": _changes(before, after, here.currency),
        "fields": with_money(fields, here.currency),
        "reason": next((str(fields[name]) for name in _REASONS if fields.get(name)), None),
    }


def _changes(before: Mapping[str, Json], after: Mapping[str, Json], currency: str) -> Json:
    def money(name: str, value: Json) -> Json:
        return told_money(value, currency) if name in COLUMNS and value is not None else value

    return {
        CALLED.get(name, name): {"before": money(name, before.get(name)), "after": money(name, value)}
        for name, value in after.items()
    }
