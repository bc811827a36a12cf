"""Complaints in the fault run: what somebody at a desk does with them, and what must hold at the end."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from crmdesk.models.wire import to_json
from crmdesk.models.workflow import Transition
from crmdesk.services.complaints import taking
from crmdesk.services.complaints.files import actor_of, file_of
from crmdesk.services.complaints.procedure import House, Procedure, procedure
from crmdesk.services.exchange.complaints import Importing, plan_complaint, ready_complaint
from crmdesk.services.store.unit_of_work import UnitOfWork
from tests.models.cases import PAYLOADS
from tests.models.complaint_moves import payload_for
from tests.models.moves import Dice, Hotline

ADMINISTRATOR = "administrator"
"""Who takes complaints of another system over, and puts right what stands in one."""
SELDOM = frozenset({"T3", "T13", "T15", "T18", "T19", "T20", "C1", "E1", "E2", "H1", "U1"})
"""Steps that end a complaint, or lead nowhere."""
ELSEWHERE = {
    "H1": ("to", "SELECT id FROM agent WHERE ? IS NOT NULL ORDER BY id"),
    "T19": (
        "target_id",
        "SELECT t.id FROM complaint AS t JOIN complaint AS c ON c.customer_id = t.customer_id"
        " WHERE c.id = ? AND t.id <> c.id AND t.state <> 'MERGED' ORDER BY t.id",
    ),
}
"""Steps that lead to somebody else, or to another complaint: the field, and whom it may name."""
CODES = (("complaint_category", "repair"), ("cause", "wrong_part"))
RESTRICTED = 0.2
"""Of what is logged, so much is restricted; then the text stands in the head, too, which others get empty."""
UNDONE = 0.2
"""Of what is done with complaints, so much is that somebody takes his last step back."""
LAST_STEPS = """
SELECT e.complaint_id FROM complaint_event AS e
JOIN complaint AS c ON c.id = e.complaint_id AND c.rev = e.version
WHERE e.author = ? AND e.transition <> 'T1' ORDER BY e.at DESC LIMIT 1
"""
"""Complaints whose last step was somebody's own."""


def something(
    work: UnitOfWork, chance: random.Random, customer: UUID, text: str
) -> tuple[UUID, str, UUID | None]:
    """Log a complaint with *text*, or take a step on one; commit.

    Returns the operation's id, what it was, and whose complaint it is about.

    Raises:
        AgentError: the procedure does not allow it.
    """
    rules = procedure(work.connection, House())
    known = work.connection.execute(
        "SELECT c.id FROM complaint AS c JOIN complaint_body AS b ON b.id = c.id ORDER BY c.id LIMIT 12"
    ).fetchall()
    own = work.connection.execute(LAST_STEPS, (work.author.actor,)).fetchone()
    about = UUID(bytes=chance.choice(known)[0]) if known else None
    if actor_of(work.stored, work.connection, work.author).role == ADMINISTRATOR:
        whose = _administer(work, rules, about if chance.random() < 0.5 else None, customer, text)
    elif about is None or len(known) < 8 or chance.random() < 0.1:
        whose = _log(work, rules, customer, text, restricted=chance.random() < RESTRICTED)
    elif own and chance.random() < UNDONE:
        whose = _undo(work, rules, UUID(bytes=own[0]))
    else:
        whose = _step(work, rules, chance, about)
    (key,) = work.connection.execute("SELECT id FROM operation ORDER BY n DESC LIMIT 1").fetchone()
    return UUID(bytes=key), "complaint", whose


def _log(work: UnitOfWork, rules: Procedure, customer: UUID, text: str, *, restricted: bool) -> UUID:
    fields = {
        **PAYLOADS["T1"],
        "received_at": work.author.now().isoformat(),
        "what_happened": text,
        "customer_id": str(customer),
    }
    told = taking.Intake(restricted=True, outlet=text) if restricted else taking.Intake()
    taking.open_complaint(work, rules, taking.tag_of(work.connection, "K7Q"), fields, told)
    return customer


def _administer(
    work: UnitOfWork, rules: Procedure, complaint: UUID | None, customer: UUID, text: str
) -> UUID | None:
    """Put something right in *complaint*; without one take one over that another system has of *customer*."""
    if complaint is not None:
        taking.take_step(work, rules, complaint, "D1", PAYLOADS["D1"])
        return customer_of(work, complaint)
    owner, team = work.connection.execute(
        "SELECT login, hex(team_id) FROM agent WHERE role = 'supervisor' AND team_id ="
        " (SELECT team_id FROM agent WHERE id = ?) ORDER BY id LIMIT 1",
        (UUID(work.author.actor).bytes,),
    ).fetchone() or ("", "")
    told = {
        "external_id": uuid4().hex,
        "state": "INVESTIGATING",
        "category": "repair",
        "what_happened": text,
        "received_at": (work.author.now() - timedelta(days=3)).isoformat(),
        "customer_id": str(customer),
        **({"owner": owner, "team": str(UUID(team))} if owner else {"owner": work.author.actor}),
    }
    fields, items, links = ready_complaint(told, House().tzinfo, "CNY")
    known = {"external_id": told["external_id"]}
    ready = {"fields": to_json(fields), "items": items, "links": links, "known": known}
    importing = Importing(House(), taking.tag_of(work.connection, "K7Q"))
    _, operations = plan_complaint(work, ready, importing)
    for operation in operations:
        work.do(operation)
    work.commit()
    return customer


def _undo(work: UnitOfWork, rules: Procedure, complaint: UUID) -> UUID | None:
    """Take the last step on *complaint* back."""
    last = file_of(work.stored, complaint).last
    taking.take_step(work, rules, complaint, "U1", {"operation_id": str(last.operation_id) if last else ""})
    return customer_of(work, complaint)


def customer_of(work: UnitOfWork, complaint: UUID) -> UUID | None:
    """Return whose complaint it is."""
    row = work.row("complaint", complaint)
    return row["customer_id"] if row else None


def _step(work: UnitOfWork, rules: Procedure, chance: random.Random, complaint: UUID) -> UUID | None:
    """Take a step that may be possible; a supervisor may approve instead. Return whose complaint it is."""
    file = file_of(work.stored, complaint)
    actor = actor_of(work.stored, work.connection, work.author)
    if actor.role == "supervisor" and file.fields["state"] == "PROPOSED" and chance.random() < 0.5:
        taking.approve(work, rules, complaint, file.fields["proposal_version"])
        return customer_of(work, complaint)
    steps = [step for step in rules.rules.workflow.steps_from(file.fields["state"]) if step.id != "D1"]
    onward = [step for step in steps if step.id not in SELDOM]
    away, luck = [step for step in steps if step.id in ELSEWHERE], chance.random()
    steps = away if away and luck < 0.2 else onward if onward and luck < 0.8 else steps
    step: Transition = chance.choice(steps)
    world = Hotline(now=work.author.now())
    world.author = work.author
    dice = Dice(chance.randrange(10), chance.randrange(100), f"typed {uuid4().hex[:8]}")
    payload: dict[str, Any] = payload_for(world, dice, step, file, complaint) or {}
    if step.id in ELSEWHERE:
        name, those = ELSEWHERE[step.id]
        found = work.connection.execute(those, (complaint.bytes,)).fetchall()
        payload[name] = str(UUID(bytes=chance.choice(found)[0])) if found else str(complaint)
    taking.take_step(work, rules, complaint, step.id, payload)
    return customer_of(work, complaint)


EVENTS = """
SELECT c.number || ': ' || w.what FROM crm.complaint c
CROSS JOIN LATERAL (
    SELECT count(*) AS events, max(e.version) AS last,
           (array_agg(e.to_state ORDER BY e.version DESC))[1] AS state FROM crm.complaint_event e
    WHERE e.complaint_id = c.id) e
CROSS JOIN LATERAL (VALUES
    (e.state IS DISTINCT FROM c.state, 'its state is not what its events led to'),
    (e.last > c.rev OR e.events <> (
        -- Erasing somebody, merging into it and undoing that count up its version without a step of its own.
        SELECT count(*) FROM crm.audit a WHERE a.tab = 'complaint' AND a.pk = c.id AND a.op IS NOT NULL
        AND NOT EXISTS (
            SELECT 1 FROM crm.audit b JOIN crm.complaint_event m ON m.id = b.pk
            WHERE b.op = a.op AND b.tab = 'complaint_event' AND m.complaint_id <> c.id
            AND m.transition IN ('T19', 'U1'))),
     'its events are not as many as its versions'),
    (c.owner_id IS NULL, 'nobody owns it'),
    (NOT EXISTS (SELECT 1 FROM crm.complaint_body b WHERE b.id = c.id AND b.author = c.owner_id::text),
     'its body belongs to somebody else')
) AS w(broken, what) WHERE w.broken
"""
STEPS = """
SELECT e.complaint_id::text || ', version ' || e.version || ': ' || w.what
FROM (SELECT *, lag(to_state, 1, '') OVER o AS before_it, lag(level, 1, 0) OVER o AS level_before
      FROM (SELECT *, coalesce((after::jsonb ->> 'level')::integer, (
                SELECT (f.after::jsonb ->> 'level')::integer FROM crm.complaint_event f
                WHERE f.complaint_id = e.complaint_id AND f.version < e.version AND f.after::jsonb ? 'level'
                ORDER BY f.version DESC LIMIT 1), 0) AS level
            FROM crm.complaint_event e) q
      WINDOW o AS (PARTITION BY complaint_id ORDER BY version)) e
LEFT JOIN crm.procedure_transition t ON t.id = e.transition
LEFT JOIN crm.person p ON p.agent_id::text = e.author
CROSS JOIN LATERAL (VALUES
    (e.from_state <> e.before_it, 'it began in a state nobody had led to'),
    (NOT coalesce(e.from_state = ANY (nullif(t.sources, '{}')), e.from_state = ''),
     'nobody can do that there'),
    (e.transition <> 'U1' AND t.target <> '' AND e.to_state <> t.target, 'it led elsewhere'),
    (e.level < e.level_before AND e.transition <> 'U1' AND p.role <> 'supervisor',
     'an agent lowered the level')
) AS w(broken, what) WHERE w.broken
"""
APPROVALS = """
SELECT a.id::text || ': approved by who proposed it' FROM crm.approval a
JOIN crm.complaint_event e ON e.complaint_id = a.complaint_id AND e.transition = 'T8'
    AND (e.after::jsonb ->> 'proposal_version')::bigint = a.proposal_version
WHERE e.author = a.approver_id::text
"""


def illegal_complaints(owner: Any) -> list[str]:
    """Return what the complaints at the server tell that the procedure forbids."""
    return [what for asked in (EVENTS, STEPS, APPROVALS) for (what,) in owner.execute(asked).fetchall()]
