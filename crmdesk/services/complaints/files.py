"""A complaint read from the store as the procedure sees it: its file, and the case that the gates look at."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crmdesk.errors import NotFound
from crmdesk.models.complaint import Complaint, ComplaintBody
from crmdesk.models.complaint_effects import ACKNOWLEDGEMENT
from crmdesk.models.complaint_file import LEVEL_MOST, ComplaintFile, LastEvent
from crmdesk.models.complaint_step import ledger_of, version_under
from crmdesk.models.gates import Actor, Case, LastStep
from crmdesk.models.operations import Author, Rows
from crmdesk.models.types import AgentId
from crmdesk.models.wire import Json, Row, field_types, from_json
from crmdesk.models.workflow import Transition
from crmdesk.services.complaints.procedure import Procedure
from crmdesk.services.store.complaint_index import ENDED
from crmdesk.services.store.values import to_micros

ADMINISTRATOR, SUPERVISOR, MERGED = "administrator", "supervisor", "MERGED"
CAUSE_WINDOW = timedelta(days=90)
_ACTIVE = "SELECT count(*) FROM agent WHERE active"
CLOSED_FROM = "FOLLOW_UP"
CAUSES_COUNTED = 100
"""A cause that came more often than that is not counted to the end: it is frequent by far."""
_CAUSE_SEEN = (
    "SELECT count(*) FROM (SELECT 1 FROM complaint_body AS b CROSS JOIN complaint AS c ON c.id = b.id"
    " WHERE b.cause = ? AND b.id >= ? AND c.received_at >= ? ORDER BY b.id DESC LIMIT ?)"
)
"""Ids are in the order of time and lie so in the index of causes: only what is recent is looked at, the
latest first, until enough of it was received lately. What came from another system is recent by its id alone,
and passed over by its receipt."""


def actor_of(rows: Rows, connection: Any, author: Author) -> Actor:
    """Return who acts, with role and teams; whoever works here alone leads himself."""
    row = rows.get("agent", UUID(author.actor)) if author.actor else None
    if row is None:
        return Actor(None, SUPERVISOR, author.device)
    role = str(row["role"])
    if role == "agent" and connection.execute(_ACTIVE).fetchone()[0] == 1:
        role = SUPERVISOR
    teams = frozenset({row["team_id"]} if row["team_id"] else ())
    return Actor(AgentId(row["id"]), role, author.device, teams)


def escalated_to(connection: Any, level: int, team_id: UUID | None) -> tuple[UUID, ...]:
    """Return whom *level* calls: 1 the team's supervisors, 2 all of them, 3 administrators as well.

    A team without a supervisor has those of the house.
    """
    roles = ("supervisor", "administrator") if level >= LEVEL_MOST else ("supervisor",)
    marks = ", ".join("?" * len(roles))
    people = connection.execute(
        f"SELECT id, team_id FROM agent WHERE active AND role IN ({marks}) ORDER BY id", roles
    ).fetchall()
    known = [(UUID(bytes=who), team and UUID(bytes=team)) for who, team in people]
    own = [who for who, team in known if level == 1 and team is not None and team == team_id]
    return tuple(own or [who for who, _ in known])


def fields_of(rows: Rows, complaint_id: UUID) -> Row:
    """Return head and body of a complaint as one row; its revision is the head's.

    Raises:
        NotFound: there is none, or its body is not for this person.
    """
    head, body = rows.get("complaint", complaint_id), rows.get("complaint_body", complaint_id)
    if head is None:
        raise NotFound("This {what} is not here any more.", what="complaint")
    if body is None:
        raise _not_here(head)
    return {**body, **head}


def _not_here(head: Row) -> NotFound:
    number = head["number"]
    if head["state"] in ENDED:
        return NotFound(
            "The file of the complaint {number} is not on this PC. Open it to fetch it, or ask its owner.",
            number=number,
        )
    return NotFound("Another team handles the complaint {number}: ask its owner.", number=number)


def file_of(rows: Rows, complaint_id: UUID, target_id: UUID | None = None) -> ComplaintFile:
    """Return the file of a complaint, and of the one it is to be merged into."""
    ledger = ledger_of(rows.where("clock_line", "complaint_id", complaint_id))
    remedies = tuple(row for row in remedies_of(rows, complaint_id) if not row["void"])
    known = target_id is not None and rows.get("complaint_body", target_id) is not None
    target = file_of(rows, target_id) if known and target_id else None
    fields = fields_of(rows, complaint_id)
    letters = rows.where("letter", "complaint_id", complaint_id)
    written = any(row["kind"] == ACKNOWLEDGEMENT and row["sent_at"] is not None for row in letters)
    return ComplaintFile(fields, ledger, remedies, _last_event(rows, fields), target, written)


def remedies_of(rows: Rows, complaint_id: UUID) -> list[Row]:
    """Return the remedy lines of a complaint in their order."""
    return sorted(rows.where("remedy_line", "complaint_id", complaint_id), key=lambda row: row["position"])


def case_of(
    rows: Rows,
    connection: Any,
    rules: Procedure,
    file: ComplaintFile,
    actor: Actor,
    payload: Mapping[str, Json],
    now: datetime,
) -> Case:
    """Return what the gates may look at for a step with *payload*."""
    fields = file.fields
    return Case(
        complaint=fields,
        actor=actor,
        payload=payload,
        now=now,
        limits=rules.limits,
        remedies=file.remedies,
        approvals=_approvals(rows, fields.get("id")),
        granted=_granted(rows, fields),
        csm=_csm(rows, fields, payload),
        wording_missing=_wording_missing(rows, rules, fields, payload),
        cause_seen=_cause_seen(connection, fields, payload, now),
        target=file.target.fields if file.target else None,
        last=_last_step(rows, rules, fields),
        open_states=frozenset(state.key for state in rules.rules.workflow.states if state.open),
    )


def reads_changed(
    step: Transition, rows: Rows, complaint_id: UUID, version: int, devices: Collection[str]
) -> frozenset[str]:
    """Return the fields that *step* reads and that changed after what was seen as *version* here.

    Args:
        step: the step to take.
        rows: the store.
        complaint_id: which complaint.
        version: what was seen.
        devices: the names of this desk, here and at the server.
    """
    events = rows.where("complaint_event", "complaint_id", complaint_id)
    own = [row["version"] for row in events if row["device"] in devices]
    under = version_under(version, own)
    later = (row for row in events if row["version"] > (version if row["device"] in devices else under))
    return frozenset(step.reads).intersection(frozenset().union(*(json.loads(row["after"]) for row in later)))


def _approvals(rows: Rows, complaint_id: UUID | None) -> frozenset[tuple[UUID, int]]:
    held = rows.where("approval", "complaint_id", complaint_id) if complaint_id else []
    return frozenset((row["approver_id"], row["proposal_version"]) for row in held if row["approver_id"])


def _granted(rows: Rows, fields: Row) -> int:
    """Return the sum of the remedies of this complaint, and of those granted in its repeats."""
    first, own = fields.get("repeat_of") or fields.get("id"), fields.get("id")
    if first is None:
        return 0
    linked = {first, own, *(row["id"] for row in rows.where("complaint", "repeat_of", first))}
    lines = (row for each in linked for row in rows.where("remedy_line", "complaint_id", each))
    return sum(
        row["value"]
        for row in lines
        if not row["void"] and (row["complaint_id"] == own or row["granted_at"] or row["done_at"])
    )


def _csm(rows: Rows, fields: Row, payload: Mapping[str, Json]) -> int | None:
    named = payload.get("survey_id")
    survey = rows.get("survey", UUID(named)) if named else None
    scores = (survey["csm"] if survey else None, fields.get("csm"))
    return min((each for each in scores if each is not None), default=None)


def _wording_missing(
    rows: Rows, rules: Procedure, fields: Row, payload: Mapping[str, Json]
) -> tuple[str, ...]:
    """Return the sentences that the regime demands and the letter named lacks."""
    regime, named = rules.rules.regimes.get(fields.get("regime") or ""), payload.get("letter_id")
    letter = rows.get("letter", UUID(named)) if named else None
    if regime is None or named is None:
        return ()
    language = letter["language"] if letter else "en"
    return regime.missing_sentences(letter["text"] if letter else "", language)


def _cause_seen(connection: Any, fields: Row, payload: Mapping[str, Json], now: datetime) -> int:
    """Return how often a cause came lately; asked for where a complaint can be closed, else it is nothing."""
    cause = payload.get("root_cause") or fields.get("cause")
    if not cause or fields.get("state") != CLOSED_FROM:
        return 0
    since = now - CAUSE_WINDOW
    earliest = (int((since - timedelta(days=1)).timestamp() * 1000) << 80).to_bytes(16, "big")
    values = (cause, earliest, to_micros(since), CAUSES_COUNTED)
    return int(connection.execute(_CAUSE_SEEN, values).fetchone()[0])


def _last_row(rows: Rows, fields: Row) -> Row | None:
    named = fields.get("last_operation_id")
    return rows.get("complaint_event", named) if named else None


def _last_event(rows: Rows, fields: Row) -> LastEvent | None:
    row = _last_row(rows, fields)
    if row is None:
        return None
    before = json.loads(row["before"])
    head = {name: value for name, value in before.items() if name in field_types(Complaint)}
    body = {name: value for name, value in before.items() if name not in head}
    lines = tuple(range(row["first_line"], row["last_line"] + 1)) if row["first_line"] else ()
    return LastEvent(
        operation_id=row["id"],
        before={**from_json(ComplaintBody, body), **from_json(Complaint, head)},
        lines=lines,
        remedies=tuple(UUID(each) for each in row["remedies"]),
        at=row["at"],
        target_received=_received_without(rows, fields) if row["to_state"] == MERGED else None,
    )


def _received_without(rows: Rows, merged: Row) -> datetime | None:
    """Return when the complaint that *merged* went into came in, itself or with others merged into it."""
    into = merged["merged_into"]
    events = rows.where("complaint_event", "complaint_id", into)
    logged = (json.loads(row["after"]) for row in events if row["version"] == 1)
    own = [from_json(Complaint, {"received_at": each["received_at"]})["received_at"] for each in logged]
    others = rows.where("complaint", "merged_into", into)
    return min((*own, *(row["received_at"] for row in others if row["id"] != merged["id"])), default=None)


def _last_step(rows: Rows, rules: Procedure, fields: Row) -> LastStep | None:
    row = _last_row(rows, fields)
    if row is None:
        return None
    known = {step.id: step for step in rules.rules.workflow.transitions}
    step = known.get(row["transition"])
    return LastStep(
        operation_id=row["id"],
        actor_id=UUID(row["author"]) if row["author"] else None,
        device=row["device"],
        at=row["at"],
        can_undo=bool(step and step.undo),
        left_the_house=row["left_the_house"] or _sent_since(rows, fields, row["at"]),
    )


def _sent_since(rows: Rows, fields: Row, at: datetime) -> bool:
    """Whether a letter has left the house since *at*: whoever gets it relies on the step before it."""
    letters = rows.where("letter", "complaint_id", fields["id"])
    return any(letter["sent_at"] is not None and letter["sent_at"] >= at for letter in letters)
