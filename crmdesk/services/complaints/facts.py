"""What figures need of a complaint: from the rows as they stand, and again from the log of its steps alone.

Both must say the same; a difference means that somebody changed rows behind the procedure's back.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from crmdesk.models.calendar import BusinessTime
from crmdesk.models.clock import CUSTOMER
from crmdesk.models.complaint import Complaint, ComplaintBody
from crmdesk.models.complaint_effects import IMPORT
from crmdesk.models.complaint_fact import ComplaintFact
from crmdesk.models.wire import Row, field_types, from_json

UNDO, HAND_OVER, ADMINISTER = "U1", "H1", "D1"
_REOPENS = frozenset({"T17", "T20"})
_BACK = frozenset({"T14", "T17", "T20"})
"""Steps after which the complaint is not resolved any more."""
_DECIDED_ANEW = frozenset({"T17", "T20"})
_AS_THEY_ARE = (
    *("severity", "category", "regime", "channel", "customer_id", "asset_id", "owner_id", "team_id"),
    *("cause", "cause_class", "finding", "level", "external", "repeat_of", "accepted", "csm"),
)


def fact_of(fields: Row) -> ComplaintFact:
    """Return the fact of a complaint, from head and body as one row."""
    return ComplaintFact(
        id=fields["id"],
        received_at=fields["received_at"],
        state=fields["state"],
        acknowledged_at=fields["acknowledged_at"],
        contacted_at=fields["contacted_at"],
        responded_at=fields["responded_at"],
        resolved_at=fields["resolved_at"],
        closed_at=fields["closed_at"],
        wait_seconds=fields["wait_seconds"],
        remedy_value=fields["remedy_total"],
        first_contact=fields["first_contact"],
        reopened=fields["reopen_count"],
        handed_over=fields["hand_overs"],
        imported=fields["imported"],
        **{name: fields[name] for name in _AS_THEY_ARE},
    )


def fact_from_events(events: Iterable[Row], remedies: Iterable[Row], time: BusinessTime) -> ComplaintFact:
    """Return the fact that the steps of a complaint come to.

    Args:
        events: rows of ``complaint_event`` of one complaint, in any order.
        remedies: its remedy lines.
        time: the calendar by which waiting is counted.
    """
    ordered = sorted(events, key=lambda row: row["version"])
    kept = list(_without_undone(ordered))
    fields, brought = _folded(ordered), _folded(row for row in ordered if row["transition"] == IMPORT)
    moments = _moments(kept)
    return ComplaintFact(
        id=ordered[0]["complaint_id"],
        received_at=fields["received_at"],
        state=ordered[-1]["to_state"],
        contacted_at=fields["contacted_at"],
        wait_seconds=brought["wait_seconds"] + _waited(kept, time),
        remedy_value=sum(row["value"] for row in remedies if not row["void"]),
        first_contact=brought["first_contact"] or any(row["transition"] == "T13" for row in kept),
        reopened=brought["reopen_count"] + sum(row["transition"] in _REOPENS for row in kept),
        handed_over=brought["hand_overs"] + sum(map(_is_handed_over, kept)),
        imported=fields["imported"],
        **moments,
        **{name: fields[name] for name in _AS_THEY_ARE},
    )


def _is_handed_over(event: Row) -> bool:
    """Whether a step gave the complaint to somebody else."""
    step = event["transition"]
    return step == HAND_OVER or (step == ADMINISTER and "to" in json.loads(event["fields"]))


def _without_undone(ordered: Sequence[Row]) -> Iterator[Row]:
    """Yield the steps that count: neither undone ones nor what undid them."""
    undone = {UUID(json.loads(row["fields"])["operation_id"]) for row in ordered if row["transition"] == UNDO}
    return (row for row in ordered if row["transition"] != UNDO and row["id"] not in undone)


def _folded(ordered: Iterable[Row]) -> Row:
    """Return the fields that the steps left, laid one over the other."""
    held: dict[str, Any] = {}
    for row in ordered:
        held |= json.loads(row["after"])
    head = {name: value for name, value in held.items() if name in field_types(Complaint)}
    body = {name: value for name, value in held.items() if name not in head}
    return {**_DEFAULTS, **from_json(ComplaintBody, body), **from_json(Complaint, head)}


def _moments(kept: Iterable[Row]) -> dict[str, Any]:
    """Return when it was acknowledged, answered, resolved and closed, by its steps or as brought in."""
    found: dict[str, Any] = dict.fromkeys(("acknowledged_at", "responded_at", "resolved_at", "closed_at"))
    for row in kept:
        step, at = row["transition"], row["at"]
        if step == IMPORT:
            told = _folded([row])
            found = {name: told[name] for name in found}
        if step in ("T2", "T21") or (step == "T13" and found["acknowledged_at"] is None):
            found["acknowledged_at"] = at
        if step in ("T9", "T13"):
            found["responded_at"] = at
        if step in ("T11", "T13"):
            found["resolved_at"] = at
        if step == "T16":
            found["closed_at"] = at
        if step in _BACK:
            found |= {"resolved_at": None}
        if step in _DECIDED_ANEW:
            found |= {"responded_at": None, "closed_at": None}
    return found


def _waited(kept: Iterable[Row], time: BusinessTime) -> int:
    """Return the business seconds between each wait for the customer and its end, where it ended."""
    total, since = 0, None
    for row in kept:
        if row["transition"] == "T6":
            since = row["at"] if json.loads(row["fields"])["wait_for"] == CUSTOMER else None
        elif row["transition"] == "T7" and since is not None:
            total += int(time.between(since, row["at"]).total_seconds())
            since = None
    return total


_DEFAULTS: Row = {
    **{
        name: getattr(entity, name, None)
        for entity in (ComplaintBody, Complaint)
        for name in field_types(entity)
    }
}
"""What a field holds that no step ever named."""
