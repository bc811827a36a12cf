"""Steps of the procedure as use cases: look whether it may be done, decide, write, commit."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, tzinfo
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import Conflict, Denied, InvalidInput
from crmdesk.models.clock import Ledger
from crmdesk.models.complaint_effects import LOG
from crmdesk.models.complaint_file import RECOUNTED, ComplaintFile, Errand, Outcome, Step
from crmdesk.models.complaint_number import next_number
from crmdesk.models.complaint_step import Decided, describe_step
from crmdesk.models.gates import Actor
from crmdesk.models.operations import Rows
from crmdesk.models.outside import ERRAND
from crmdesk.models.payload import checked
from crmdesk.models.rules import NAME_LIMIT, clean_line, within
from crmdesk.models.steps import recount, take
from crmdesk.models.types import child_id
from crmdesk.models.verdict import verdict
from crmdesk.models.wire import Json, Row
from crmdesk.models.workflow import Transition
from crmdesk.services.complaints.approvals import is_one_of_two
from crmdesk.services.complaints.correspondence import mark_sent
from crmdesk.services.complaints.errands import see_to_errands, take_back_errands
from crmdesk.services.complaints.files import (
    actor_of,
    case_of,
    escalated_to,
    fields_of,
    file_of,
    reads_changed,
)
from crmdesk.services.complaints.follow_up import finish_errands
from crmdesk.services.complaints.named import check_named
from crmdesk.services.complaints.procedure import Procedure
from crmdesk.services.sync.outbox import device
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

SEQUENCE = "complaint_sequence"
"""The name in ``setting`` of the last number given out: the desk's tag and its sequence."""
APPROVE, SOLVE, SUPERVISOR = "T9", "T13", "supervisor"
UNDO = "U1"
ENDS_ERRANDS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"T16": ("follow_up",), "T17": ("follow_up", ERRAND), **dict.fromkeys(("T20", "T21"), (ERRAND,))}
)
"""Steps that do what was asked of somebody: asking the customer, taking up what a body decided."""
"""Steps with which the follow-up is over."""
ESCALATED = "escalated"
SYSTEM = Actor(None, "system")


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """What a complaint has besides the payload of its first step; ``money`` is the sum it is about."""

    complainant: str = ""
    third_party: str = ""
    outlet: str = ""
    language: str = ""
    repeat_of: UUID | None = None
    restricted: bool = False
    money: int = 0


def open_complaint(
    work: UnitOfWork,
    rules: Procedure,
    tag: str,
    fields: Mapping[str, Json],
    intake: Intake,
    complaint_id: UUID | None = None,
    solution: Mapping[str, Json] | None = None,
) -> Row:
    """Log a complaint (T1); return head and body as one row. The same *complaint_id* again changes nothing.

    Args:
        work: the unit of work; committed.
        rules: by what it is handled.
        tag: of this desk, for the number.
        fields: the payload of T1.
        intake: what else is known.
        complaint_id: a draft's, so that saving it twice makes one complaint.
        solution: the payload of T13 when it was solved on the call; then both steps are kept, or none.

    Raises:
        InvalidInput: a field is missing or wrong.
        Denied: this role may not log complaints, or not solve this one alone.
    """
    row_id = complaint_id or work.author.new_id()
    if work.row("complaint", row_id) is None:
        _log(work, rules, tag, fields, intake, row_id)
        if solution is not None:
            _solve(work, rules, row_id, solution)
    work.commit()
    return fields_of(work.stored, row_id)


def _log(
    work: UnitOfWork, rules: Procedure, tag: str, fields: Mapping[str, Json], intake: Intake, row_id: UUID
) -> None:
    step = rules.rules.workflow.transition(LOG)
    payload = checked(step, fields, rules.codes)
    actor = actor_of(work.stored, work.connection, work.author)
    taken = _judged(work, rules, step, ComplaintFile({}), actor, payload)
    received = taken.moment("received_at") or taken.at
    number = give_number(work.connection, received, rules.house.tzinfo, tag)
    team = _team(work, actor.id, restricted=intake.restricted)
    extra: Row = {"number": number, "team_id": team, **_told(intake)}
    extra["repeat_of"] = _first_of_row(work, intake.repeat_of)
    _write(work, step, taken, row_id, extra)


def _solve(work: UnitOfWork, rules: Procedure, row_id: UUID, fields: Mapping[str, Json]) -> None:
    step = rules.rules.workflow.transition(SOLVE)
    file = file_of(work.stored, row_id)
    payload = checked(step, _with_regime(rules, step, file, fields), rules.codes)
    actor = actor_of(work.stored, work.connection, work.author)
    taken = _judged(work, rules, step, file, actor, payload)
    _write(work, step, taken, row_id, {})


def take_step(
    work: UnitOfWork,
    rules: Procedure,
    complaint_id: UUID,
    transition: str,
    fields: Mapping[str, Json],
    from_state: str | None = None,
    base_version: int | None = None,
) -> Row:
    """Do one step; return head and body as one row.

    A supervisor's yes beyond which a second one is needed is kept as an approval, and the state stays.

    Args:
        work: the unit of work; committed.
        rules: by what it is handled.
        complaint_id: which one.
        transition: T2 … T21, C1, E1, E2, H1, D1 or U1.
        fields: the payload.
        from_state: the state the person saw, None to take the present one.
        base_version: the version the person saw, None for the present one.

    Raises:
        Conflict: the state is another one, or a field the step looks at was changed.
        InvalidInput: a field is missing or wrong.
        Denied: it may not be done; the sentence says why.
        NotFound: the complaint, or the letter or survey it names, is not here.
    """
    step = rules.rules.workflow.transition(transition)
    rows = work.stored
    file = file_of(rows, complaint_id, _target(rows, step, complaint_id, fields))
    _refuse_stale(work, step, file, from_state, base_version)
    payload = checked(step, _with_regime(rules, step, file, fields), rules.codes)
    check_named(rows, step.id, payload, complaint_id)
    actor = actor_of(rows, work.connection, work.author)
    if _only_first_of_two(work, rules, step, file, actor, payload):
        approve(work, rules, complaint_id, payload["proposal_version"])
        return fields_of(work.stored, complaint_id)
    taken = _judged(work, rules, step, file, actor, payload)
    _write(work, step, taken, complaint_id, _consequences(work, file, payload), base_version)
    if payload.get("letter_id") and payload.get("sent_via"):
        mark_sent(work, rules, UUID(payload["letter_id"]), payload["sent_via"], complaint_id)
    finish_errands(work, complaint_id, ENDS_ERRANDS.get(step.id, ()))
    if step.id == UNDO and file.last is not None:
        take_back_errands(work, complaint_id, file.last)
    see_to_errands(work, rules, complaint_id, actor.id)
    work.commit()
    return fields_of(work.stored, complaint_id)


def approve(work: UnitOfWork, rules: Procedure, complaint_id: UUID, proposal_version: int) -> Row:
    """Keep a supervisor's yes to a proposal; return head and body.

    Raises:
        Conflict: the proposal is another one by now.
        Denied: no supervisor, or his own proposal.
    """
    fields = fields_of(work.stored, complaint_id)
    actor = actor_of(work.stored, work.connection, work.author)
    if fields["state"] != "PROPOSED" or fields["proposal_version"] != proposal_version:
        raise Conflict(
            "The proposal was changed meanwhile. Look at it again before you approve it.", current=fields
        )
    if actor.role != SUPERVISOR or (actor.id is not None and actor.id == fields["proposer_id"]):
        raise Denied("A supervisor who did not propose it has to approve this.")
    done = {
        row["approver_id"]
        for row in work.rows("approval", "complaint_id", complaint_id)
        if row["proposal_version"] == proposal_version
    }
    if actor.id not in done:
        row_id = work.author.new_id()
        values = {"id": row_id, "complaint_id": complaint_id, "proposal_version": proposal_version}
        work.do(work.author.describe("complaint.approve", values))
    work.commit()
    return fields


def take_by_time(
    work: UnitOfWork,
    rules: Procedure,
    file: ComplaintFile,
    transition: str,
    payload: Mapping[str, Json],
    operation_id: UUID,
) -> bool:
    """Do a step as the system; not committed. Return whether it may be done: a gate may want a person."""
    step = rules.rules.workflow.transition(transition)
    now = work.author.now()
    case = case_of(work.stored, work.connection, rules, file, SYSTEM, payload, now)
    if verdict(step, case).may:
        taken = Step(file, SYSTEM, payload, now, rules.rules, operation_id)
        _write(work, step, taken, file.fields["id"], {})
        return True
    return False


def recount_by_time(work: UnitOfWork, rules: Procedure, file: ComplaintFile, operation_id: UUID) -> None:
    """Give clocks the dates of the calendar's new edition, as the system; not committed."""
    taken = Step(file, SYSTEM, {}, work.author.now(), rules.rules, operation_id)
    _record(work, RECOUNTED, taken, recount(taken), file.fields["id"])


def _with_regime(
    rules: Procedure, step: Transition, file: ComplaintFile, fields: Mapping[str, Json]
) -> Mapping[str, Json]:
    """Return the payload *fields* with the house's regime, where something is solved and none was chosen."""
    chosen = file.fields.get("regime") in rules.rules.regimes
    return (
        fields
        if step.id != SOLVE or chosen or not rules.house.regime
        else {"regime": rules.house.regime, **fields}
    )


def _refuse_stale(
    work: UnitOfWork, step: Transition, file: ComplaintFile, from_state: str | None, version: int | None
) -> None:
    """Refuse a step decided on what no longer holds: the state, or a field the step reads."""
    fields = file.fields
    changed: Iterable[str] = ()
    if from_state is not None and from_state != fields["state"]:
        changed = ("state",)
    elif version is not None and version < fields["rev"]:
        devices = (work.author.device, device(work.connection))
        changed = sorted(reads_changed(step, work.stored, fields["id"], version, devices))
    if changed:
        raise Conflict(
            "The complaint was changed meanwhile: {names}. Look at it again.",
            current=fields,
            fields=tuple(changed),
            names=", ".join(changed),
        )


def _judged(
    work: UnitOfWork,
    rules: Procedure,
    step: Transition,
    file: ComplaintFile,
    actor: Actor,
    payload: Mapping[str, Json],
) -> Step:
    """Return the step to take; refuse what state, role or a gate forbids."""
    now = work.author.now()
    case = case_of(work.stored, work.connection, rules, file, actor, payload, now)
    found = verdict(step, case)
    if found.refusal is not None:
        values: dict[str, Any] = dict(found.refusal.values)
        raise Denied(found.refusal.template, **values)
    return Step(file, actor, payload, now, rules.rules, work.author.new_id())


def _only_first_of_two(
    work: UnitOfWork,
    rules: Procedure,
    step: Transition,
    file: ComplaintFile,
    actor: Actor,
    payload: Mapping[str, Json],
) -> bool:
    """Whether this is a supervisor's yes that does not suffice, but counts."""
    if step.id != APPROVE:
        return False
    case = case_of(work.stored, work.connection, rules, file, actor, payload, work.author.now())
    enough = replace(case, granted=case.limits.supervisor)
    return is_one_of_two(case) and not verdict(step, case).may and verdict(step, enough).may


def _write(
    work: UnitOfWork, step: Transition, taken: Step, row_id: UUID, extra: Row, seen: int | None = None
) -> None:
    """Take the step, decided on what was *seen*, and write what it came to."""
    outcome = take(step, taken)
    _record(work, step.id, taken, replace(outcome, changed={**outcome.changed, **extra}), row_id, seen)


def _record(
    work: UnitOfWork, transition: str, taken: Step, outcome: Outcome, row_id: UUID, seen: int | None = None
) -> None:
    """Write what a step came to."""
    fields = taken.file.fields
    target = taken.file.target
    decided = Decided(
        complaint_id=row_id,
        transition=transition,
        version=fields.get("rev", 0) if seen is None else seen,
        from_state=fields.get("state", ""),
        fields=taken.payload,
        outcome=outcome,
        before=taken.file.ledger,
        tasks=_tasks(work, taken, outcome),
        target_id=target.fields["id"] if target else None,
        target_before=target.ledger if target else Ledger(),
    )
    work.do(describe_step(work.author, decided, taken.operation_id))


def _tasks(work: UnitOfWork, taken: Step, outcome: Outcome) -> tuple[Row, ...]:
    """Return the tasks of all errands; an escalation goes to each of those whom its level names."""
    found: list[Row] = []
    for errand in outcome.errands:
        made = _task(taken, outcome, len(found), errand)
        level = outcome.changed.get("level") if errand.kind == ESCALATED else None
        people = escalated_to(work.connection, level, made["team_id"]) if level else ()
        ids = (child_id(taken.operation_id, "task", len(found) + n) for n in range(len(people)))
        called = [{**made, "id": row_id, "owner_id": who} for row_id, who in zip(ids, people, strict=True)]
        found += called or [made]
    return tuple(found)


def _task(taken: Step, outcome: Outcome, n: int, errand: Errand) -> Row:
    """Return the task of *errand*; what the rated owner must not do goes to his team."""
    held = {**taken.file.fields, **outcome.changed}
    return {
        "id": child_id(taken.operation_id, "task", n),
        "kind": "task",
        "errand": errand.kind,
        "subject": str(held.get("number") or ""),
        "customer_id": held.get("customer_id"),
        "owner_id": None if errand.not_by_owner else held.get("owner_id"),
        "team_id": held.get("team_id"),
        "due_at": errand.due or taken.at,
    }


def _consequences(work: UnitOfWork, file: ComplaintFile, payload: Mapping[str, Json]) -> Row:
    """Return what a new owner brings about: the complaint goes to his team."""
    owner = payload.get("to") or payload.get("owner")
    restricted = bool(file.fields.get("restricted"))
    return {"team_id": _team(work, UUID(owner), restricted=restricted)} if owner else {}


def _team(work: UnitOfWork, agent_id: UUID | None, *, restricted: bool) -> UUID | None:
    """Return the team of whoever handles a complaint; None, where he has none: then it is everybody's.

    Raises:
        InvalidInput: it is restricted, and there are teams, but he has none.
    """
    row = work.row("agent", agent_id) if agent_id else None
    team: UUID | None = row["team_id"] if row else None
    if restricted and team is None and work.connection.execute("SELECT 1 FROM team LIMIT 1").fetchone():
        raise InvalidInput(
            "A restricted complaint is for one team, and who handles it belongs to none. Let the"
            " administrator put him into one, or choose somebody else.",
            fields=("restricted",),
        )
    return team


def _first_of_row(work: UnitOfWork, earlier: UUID | None) -> UUID | None:
    """Return the first of a row of repeats: all are linked to it, and limits count them all."""
    row = work.row("complaint", earlier) if earlier else None
    return (row["repeat_of"] or earlier) if row else earlier


def _told(intake: Intake) -> Row:
    lines = {
        name: within(name, clean_line(getattr(intake, name)), NAME_LIMIT)
        for name in ("complainant", "third_party", "outlet", "language")
    }
    names = ("restricted", *(("money",) if intake.money else ()))
    return {**lines, **{name: getattr(intake, name) for name in names}}


def tag_of(connection: Any, own: str) -> str:
    """Return the tag with which this desk's numbers begin: the server's word, else its *own*."""
    told = connection.execute("SELECT value FROM sync WHERE name = 'tag'").fetchone()
    return str(told[0]) if told else own


def give_number(connection: Any, received_at: datetime, zone: tzinfo, tag: str) -> str:
    """Give out the next number under *tag*; it is kept in the transaction of *connection*."""
    held = connection.execute("SELECT value FROM setting WHERE name = ?", (SEQUENCE,)).fetchone()
    before, last = json.loads(held[0]) if held else (tag, 0)
    number = next_number(received_at, zone, tag, last if before == tag else 0)
    while connection.execute("SELECT 1 FROM complaint WHERE number = ?", (str(number),)).fetchone():
        number = next_number(received_at, zone, tag, number.sequence)
    connection.execute(
        "INSERT INTO setting (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (SEQUENCE, json.dumps([tag, number.sequence])),
    )
    return str(number)


def _target(rows: Rows, step: Transition, complaint_id: UUID, fields: Mapping[str, Json]) -> UUID | None:
    """Return the other complaint that a step is about; undoing a merge is about the one merged into."""
    if step.id != UNDO:
        return _id(fields.get("target_id"))
    head = rows.get("complaint", complaint_id)
    return head["merged_into"] if head else None


def _id(value: Any) -> UUID | None:
    try:
        return UUID(value) if value else None
    except (ValueError, TypeError, AttributeError):
        return None
