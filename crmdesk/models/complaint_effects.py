"""What operations on complaints write: the effects, apart from all that decides a step.

A start loads these with every other effect; the procedure is loaded when somebody takes a step.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.models.complaint import (
    Approval,
    ClockLine,
    Complaint,
    ComplaintBody,
    ComplaintEvent,
    CorrectiveAction,
    Letter,
    RemedyLine,
    Survey,
)
from crmdesk.models.complaint_number import told_apart
from crmdesk.models.interaction import shown
from crmdesk.models.operations import Operation, RowChange, Rows, fresh, patched
from crmdesk.models.task import Task
from crmdesk.models.types import child_id
from crmdesk.models.wire import Json, Row, from_json, to_json

if TYPE_CHECKING:
    from crmdesk.models.clock import Ledger

LOG, IMPORT = "T1", "import"
ACKNOWLEDGEMENT, ACKNOWLEDGE = "acknowledgement", "acknowledge"
"""The kind of letter, and the clock of a regime that ends when one has left the house."""
HOLDING = "holding"
"""The letter that says it takes longer."""
OUTSIDE, REFERRAL, ANSWER = "E2", "referral", "answer"
"""The step by which an outside body asks, the letter to it, and the clock by which it is answered."""
UNDECIDED = frozenset({"RECEIVED", "ACKNOWLEDGED", "ASSESSED", "INVESTIGATING", "WAITING", "PROPOSED"})
"""States in which a letter to an outside body cannot tell the decision yet."""
RESOLVE = "resolve"
SETTLED = frozenset({"RESOLVED", "FOLLOW_UP"})
"""States in which only remedies that were ordered keep the clock ``resolve`` running."""
CHILDREN = (
    "complaint_event",
    "clock_line",
    "remedy_line",
    "approval",
    "letter",
    "corrective_action",
    "survey",
    "note",
    "attachment",
)
"""Rows that follow the team of their complaint."""
NAMES_ANOTHER = frozenset({"repeat_of", "merged_into", "target_id"})
"""Fields that name another complaint."""


def stepped(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``complaint.step``; nothing where the state it started from no longer holds."""
    payload = operation.payload
    row_id = UUID(payload["id"])
    head, body = rows.get("complaint", row_id), rows.get("complaint_body", row_id)
    if payload["transition"] in (LOG, IMPORT):
        if head is None:
            yield from _logged(rows, operation, row_id)
        return
    if (
        head is None
        or body is None
        or ("state" in payload["head"] and head["state"] != payload["from_state"])
    ):
        return
    after, inside = from_json(Complaint, payload["head"]), from_json(ComplaintBody, payload["body"])
    moved = after.get("team_id", head["team_id"])
    after |= {"last_operation_id": operation.id, "last_step_at": operation.at}
    yield patched("complaint", head, after)
    inside |= {"team_id": moved, "author": str(after.get("owner_id", head["owner_id"]) or "")}
    if any(body[name] != value for name, value in inside.items()):
        yield patched("complaint_body", body, inside)
    if moved != head["team_id"]:
        yield from _moved(rows, row_id, moved)
    yield from _shown(rows, {**head, **after})
    yield _event(rows, operation, head, body, after, inside, moved)
    yield from _children(rows, operation, row_id, moved, {**body, **inside})
    yield from _merged(rows, operation)


def _logged(rows: Rows, operation: Operation, row_id: UUID) -> Iterator[RowChange]:
    """Yield the complaint that the first step makes."""
    payload = operation.payload
    head = from_json(Complaint, payload["head"]) | {
        "last_operation_id": operation.id,
        "last_step_at": operation.at,
    }
    told = head.get("number", "")
    head["number"] = told_apart(told, lambda number: bool(rows.where("complaint", "number", number)))
    body = from_json(ComplaintBody, payload["body"])
    body |= {"team_id": head.get("team_id"), "author": str(head.get("owner_id") or "")}
    yield fresh("complaint", Complaint(id=row_id, **head))
    yield fresh("complaint_body", ComplaintBody(id=row_id, **body))
    yield from _shown(rows, {"id": row_id, **head})
    empty: Row = dict.fromkeys((*head, *body))
    start = {**empty, "state": "", "rev": 0, "team_id": head.get("team_id")}
    yield _event(rows, operation, start, empty, head, body, head.get("team_id"))
    yield from _children(rows, operation, row_id, head.get("team_id"), body)
    if head["number"] != told:
        yield fresh("task", _number_twice(operation, row_id, head, told))


def _number_twice(operation: Operation, row_id: UUID, head: Row, told: str) -> Task:
    """Return the owner's task to tell the customer the number that his complaint has now."""
    return Task(
        id=child_id(operation.id, "number", 0),
        created_at=operation.at,
        complaint_id=row_id,
        errand="number_twice",
        subject=head["number"],
        note=told,
        customer_id=head.get("customer_id"),
        owner_id=head.get("owner_id"),
        team_id=head.get("team_id"),
        due_at=operation.at,
    )


def _shown(rows: Rows, head: Row) -> Iterable[RowChange]:
    """Yield the line of the time line that tells of the complaint and how it stands.

    None of a restricted one: lines are everybody's.
    """
    if head.get("restricted"):
        return ()
    line = {
        "id": head["id"],
        "customer_id": head.get("customer_id"),
        "asset_id": head.get("asset_id"),
        "kind": "complaint",
        "at": head["received_at"],
        "subject": head.get("number", ""),
        "state": head.get("state", "RECEIVED"),
        "topic": head.get("category", ""),
    }
    return shown(rows, line)


def _event(
    rows: Rows, operation: Operation, head: Row, body: Row, after: Row, inside: Row, team: UUID | None
) -> RowChange:
    payload, lines = operation.payload, operation.payload["lines"]
    silent = ("last_operation_id", "last_step_at", "author")
    changes = {name: value for name, value in {**inside, **after}.items() if name not in silent}
    held = {**body, **head}
    named = [name for name in changes if held.get(name) != changes[name]]
    before = {name: held[name] for name in named} if head["rev"] else {}
    event = ComplaintEvent(
        id=operation.id,
        complaint_id=UUID(payload["id"]),
        team_id=team,
        author=operation.actor,
        transition=payload["transition"],
        from_state=head["state"],
        to_state=after.get("state") or head["state"],
        version=head["rev"] + 1,
        at=operation.at,
        device=operation.device,
        fields=_told(rows, payload["fields"]),
        before=_told(rows, to_json(before)),
        after=_told(rows, to_json({name: changes[name] for name in named})),
        first_line=lines[0]["n"] if lines else 0,
        last_line=lines[-1]["n"] if lines else 0,
        remedies=tuple(line["id"] for line in payload["granted"]),
        left_the_house=bool(payload["fields"].get("sent_via")),
    )
    return fresh("complaint_event", event)


def _told(rows: Rows, values: Mapping[str, Json]) -> str:
    """Return what a history keeps of *values*: not which restricted complaint is named, as others read it."""

    def is_secret(name: str, value: Json) -> bool:
        other = rows.get("complaint", UUID(str(value))) if name in NAMES_ANOTHER and value else None
        return other is not None and bool(other["restricted"])

    return _encoded({name: None if is_secret(name, value) else value for name, value in values.items()})


def _children(
    rows: Rows, operation: Operation, row_id: UUID, team: UUID | None, body: Row
) -> Iterator[RowChange]:
    payload = operation.payload
    whose: Row = {"complaint_id": row_id, "team_id": team, "author": operation.actor}
    for line in payload["lines"]:
        values = from_json(ClockLine, line)
        yield fresh("clock_line", ClockLine(**whose, **values))
    yield from _remedies(rows, operation, row_id, whose, body)
    for task in payload["tasks"]:
        held = from_json(Task, task)
        yield fresh("task", Task(created_at=operation.at, complaint_id=row_id, **held))


def is_unsettled(row: Row) -> bool:
    """Return whether a remedy was neither carried out nor ordered, or failed: a new proposal takes its place.

    So it is with what was promised and refused: nobody gets both.
    """
    return row.get("done_at") is None and (not row.get("order_id") or row.get("failed_at") is not None)


def _remedies(rows: Rows, operation: Operation, row_id: UUID, whose: Row, body: Row) -> Iterator[RowChange]:
    """Yield remedy lines: what is proposed replaces what is unsettled; marks go over the rest."""
    payload, held = operation.payload, rows.where("remedy_line", "complaint_id", row_id)
    told = payload["transition"] in ("T9", "T13")
    gone = {UUID(each) for each in payload["taken_back"]}
    undone = payload["fields"].get("operation_id")
    for row in held:
        mark = from_json(RemedyLine, payload["marked"].get(str(row["id"]), {}))
        replaced = bool(payload["granted"]) and is_unsettled(row) and not row["void"]
        if row["id"] in gone or replaced:
            mark |= {"void": True, "voided_by": operation.id}
        elif undone and row["voided_by"] == UUID(undone):
            mark |= {"void": False, "voided_by": None}
        elif told and row["granted_at"] is None and not row["void"]:
            mark |= {"granted_at": operation.at}
        if any(row[name] != value for name, value in mark.items()):
            yield patched("remedy_line", row, mark)
    version, granted_at = body.get("proposal_version") or 0, operation.at if told else None
    for n, line in enumerate(payload["granted"]):
        made = RemedyLine(
            **whose,
            position=len(held) + n,
            # One from another system brings its own version and dates along.
            **{"proposal_version": version, "granted_at": granted_at, **from_json(RemedyLine, line)},
        )
        yield fresh("remedy_line", made)


def _merged(rows: Rows, operation: Operation) -> Iterator[RowChange]:
    """Yield what becomes of the complaint merged into: the earlier receipt and its clocks."""
    target = operation.payload["target"]
    head = rows.get("complaint", UUID(target["id"])) if target else None
    if head is None:
        return
    yield patched("complaint", head, from_json(Complaint, target["head"]))
    whose: Row = {"complaint_id": head["id"], "team_id": head["team_id"], "author": operation.actor}
    for line in target["lines"]:
        yield fresh("clock_line", ClockLine(**whose, **from_json(ClockLine, line)))


def _moved(rows: Rows, row_id: UUID, team: UUID | None) -> Iterator[RowChange]:
    """Yield the rows of a complaint that went to another team."""
    for table in CHILDREN:
        for row in rows.where(table, "complaint_id", row_id):
            yield patched(table, row, {"team_id": team})


def approved(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``complaint.approve``; nothing where the proposal is another one by now."""
    payload = operation.payload
    row_id = UUID(payload["complaint_id"])
    head, body = rows.get("complaint", row_id), rows.get("complaint_body", row_id)
    fits = head and body and head["state"] == "PROPOSED"
    if fits and body and head and body["proposal_version"] == payload["proposal_version"]:
        yield fresh(
            "approval",
            Approval(
                id=UUID(payload["id"]),
                complaint_id=row_id,
                team_id=head["team_id"],
                author=operation.actor,
                approver_id=UUID(operation.actor) if operation.actor else None,
                proposal_version=payload["proposal_version"],
                at=operation.at,
            ),
        )


def letter_made(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``letter.make``; one that exists already stays as it is."""
    yield from _kept(rows, operation, "letter", Letter, {"made_at": operation.at})


def letter_sent(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``letter.send``: it left the house; the first word of it counts, for the clocks as well."""
    row = rows.get("letter", UUID(operation.payload["id"]))
    if row and row["sent_at"] is None:
        yield patched("letter", row, {"sent_at": operation.at, "sent_via": operation.payload["sent_via"]})
        head = rows.get("complaint", row["complaint_id"])
        if head is not None and row["kind"] == ACKNOWLEDGEMENT:
            yield from _ended(rows, operation, head, ACKNOWLEDGE, "acknowledged")
        elif head is not None and row["kind"] == HOLDING:
            yield from _held(rows, operation, head)
        elif head is not None and row["kind"] == REFERRAL and (clock := _answered_by(rows, head, row)):
            yield from _ended(rows, operation, head, clock, "answered")


def _answered_by(rows: Rows, head: Row, letter: Row) -> str:
    """Return the clock of the outside body that a letter answers, empty when it answers none.

    It answers who had asked last when it was written, once it tells the decision: written before that, or
    before the body asked again, it says nothing that it waits for.
    """
    events = sorted(rows.where("complaint_event", "complaint_id", head["id"]), key=lambda row: row["version"])
    written = letter["made_at"]
    decided = (row for row in events if row["from_state"] in UNDECIDED and row["to_state"] not in UNDECIDED)
    asked = [(row["at"], json.loads(row["fields"])["body"]) for row in events if row["transition"] == OUTSIDE]
    body = next((body for at, body in reversed(asked) if at <= written), "")
    undecided = head["state"] in UNDECIDED or any(row["at"] > written for row in decided)
    if not body or undecided or any(each == body and at > written for at, each in asked):
        return ""
    return f"{body}/{ANSWER}"


def _ended(
    rows: Rows, operation: Operation, head: Row, name: str, why: str, *, own: bool = False
) -> Iterator[RowChange]:
    """Yield the end of the clocks *name* of regimes and outside bodies, and of our *own*: none is paused.

    With its regime or body a *name* is that of one clock.
    """
    from crmdesk.models.clock import Why, is_regimes
    from crmdesk.models.complaint_file import going
    from crmdesk.models.complaint_step import ledger_of

    before = ledger = ledger_of(rows.where("clock_line", "complaint_id", head["id"]))
    for clock in going(before):
        called = clock if is_regimes(name) else clock.rpartition("/")[2]
        if called == name and (own or is_regimes(clock)):
            reason = Why(why, (("operation", str(operation.id)),))
            ledger = ledger.stop_unpaused(clock, operation.at, reason)
    yield from _counted(operation, head, before, ledger)


def _held(rows: Rows, operation: Operation, head: Row) -> Iterator[RowChange]:
    """Yield what a holding reply does to regimes' clocks, as worked out when it was sent."""
    from crmdesk.models.clock import HOLDING_REPLY, Why
    from crmdesk.models.complaint_step import ledger_of
    from crmdesk.models.deadline import Due

    before = ledger = ledger_of(rows.where("clock_line", "complaint_id", head["id"]))
    reason = Why(HOLDING_REPLY, (("operation", str(operation.id)),))
    for each in operation.payload.get("extended", ()):
        told = from_json(ClockLine, each)
        clock, due = told["clock"], Due(told["due"], told["provisional"], told["calendar"])
        if ledger.may_extend(clock, operation.at, due):
            ledger = ledger.extend(clock, operation.at, due, reason)
    for clock in operation.payload.get("met", ()):
        if ledger.in_time(clock, operation.at):
            ledger = ledger.stop_unpaused(clock, operation.at, reason)
    yield from _counted(operation, head, before, ledger)


def _counted(operation: Operation, head: Row, before: Ledger, ledger: Ledger) -> Iterator[RowChange]:
    """Yield the lines that *ledger* has beyond the one *before*, and the clock that is due next then."""
    from crmdesk.models.complaint_file import next_due
    from crmdesk.models.complaint_step import line_to_json

    if ledger is before:
        return
    whose: Row = {"complaint_id": head["id"], "team_id": head["team_id"], "author": operation.actor}
    for line in ledger.lines[len(before.lines) :]:
        row_id = child_id(operation.id, "line", line.n)
        yield fresh("clock_line", ClockLine(id=row_id, **whose, **from_json(ClockLine, line_to_json(line))))
    clock, at = next_due(ledger) or ("", None)
    if (clock, at) != (head["next_clock"], head["next_due_at"]):
        yield patched("complaint", head, {"next_clock": clock, "next_due_at": at})


def survey_recorded(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``survey.record``: answers never conflict; the complaint's own satisfaction is the latest."""
    yield from _kept(rows, operation, "survey", Survey, {"at": operation.at})
    found = operation.payload["fields"]
    of = found.get("complaint_id")
    body = rows.get("complaint_body", UUID(of)) if of else None
    if body and found.get("csm") is not None:
        marks = {"csm": found["csm"], "survey_id": UUID(operation.payload["id"])}
        if any(body[name] != value for name, value in marks.items()):
            yield patched("complaint_body", body, marks)


def action_saved(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``action.save``: a corrective action, new or changed."""
    row = rows.get("corrective_action", UUID(operation.payload["id"]))
    if row is None:
        yield from _kept(rows, operation, "corrective_action", CorrectiveAction, {"opened_at": operation.at})
        return
    fields = from_json(CorrectiveAction, operation.payload["fields"])
    if any(row[name] != value for name, value in fields.items()):
        yield patched("corrective_action", row, fields)


def remedy_marked(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``remedy.mark``: done or ordered; the first date stays. The last one done may end a clock."""
    row = rows.get("remedy_line", UUID(operation.payload["id"]))
    if row is None:
        return
    marks = from_json(RemedyLine, operation.payload["marks"])
    fields = {name: value for name, value in marks.items() if not row[name]}
    if fields:
        yield patched("remedy_line", row, fields)
    head = rows.get("complaint", row["complaint_id"])
    if head is None or head["state"] not in SETTLED or not fields.get("done_at"):
        return
    others = (
        each for each in rows.where("remedy_line", "complaint_id", head["id"]) if each["id"] != row["id"]
    )
    if all(each["void"] or each["done_at"] or each["type"] == "none" for each in others):
        yield from _ended(rows, operation, head, RESOLVE, "resolved", own=True)


def _kept(rows: Rows, operation: Operation, table: str, entity: type, times: Row) -> Iterator[RowChange]:
    """Yield a new row of *table* from the operation's fields, under the team of its complaint."""
    row_id = UUID(operation.payload["id"])
    if rows.get(table, row_id) is not None:
        return
    fields = from_json(entity, operation.payload["fields"])
    of = fields.get("complaint_id")
    head = rows.get("complaint", of) if of else None
    made: Any = entity(
        id=row_id,
        **times,
        **{**fields, "team_id": head["team_id"] if head else None, "author": operation.actor},
    )
    yield fresh(table, made)


def _encoded(value: Json) -> str:
    """Return *value* as JSON, names ordered as PostgreSQL's ``jsonb`` has them: short ones first."""
    return json.dumps(_ordered(value), ensure_ascii=False)


def _ordered(value: Json) -> Json:
    if isinstance(value, dict):
        names = sorted(value, key=lambda name: (len(name.encode()), name.encode()))
        return {name: _ordered(value[name]) for name in names}
    if isinstance(value, list | tuple):
        return [_ordered(each) for each in value]
    return value
