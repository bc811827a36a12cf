"""Lists of complaints, each read from the front of one index: whose clock is next, what waits for a yes.

A line is of the head only, which every desk holds; due dates are those of the last step. Of a restricted
complaint that another team handles there are number, state and owner.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crmdesk.models.types import AgentId, CustomerId, TeamId
from crmdesk.models.wire import Row
from crmdesk.services.customers.values import identity, micros, moment, moment_at, rows
from crmdesk.services.store.complaint_index import OPEN, OPEN_COMPLAINT
from crmdesk.values import dataclass

LIMIT = 5000
RECENT = timedelta(days=90)
_HIDDEN = "c.restricted AND NOT EXISTS (SELECT 1 FROM complaint_body AS b WHERE b.id = c.id)"
_LINE = f"""SELECT c.id, {", ".join(f"c.{name}" for name in OPEN_COMPLAINT)}, {_HIDDEN}, ifnull(k.name, ''),
 ifnull(nullif(a.name_zh, ''), ifnull(nullif(a.name_en, ''), ifnull(a.login, '')))
 FROM complaint AS c LEFT JOIN customer AS k ON k.id = c.customer_id LEFT JOIN agent AS a ON a.id = c.owner_id
 WHERE c.{OPEN}"""
_UNSEEN: Row = {"category": "", "customer_id": None}
"""What nobody but its team sees of a restricted complaint."""
_BY_CLOCK = " ORDER BY c.next_due_at IS NULL, c.next_due_at LIMIT ?"
_UNAPPROVED = """ AND c.state = 'PROPOSED' AND c.id IN (
 SELECT b.id FROM complaint_body AS b WHERE b.id = c.id AND (b.proposer_id IS NULL OR b.proposer_id <> ?)
 AND NOT EXISTS (SELECT 1 FROM approval AS p WHERE p.complaint_id = b.id AND p.approver_id = ?
 AND p.proposal_version = b.proposal_version))"""
_COUNTS = f"""SELECT count(*), ifnull(sum({OPEN}), 0), ifnull(sum(received_at >= ?), 0), max(received_at),
 ifnull(max(CASE WHEN {OPEN} THEN severity = 'S1' OR level > 0 END), 0)
 FROM complaint WHERE customer_id = ?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintLine:
    """One complaint in a list; moments are UTC, names as they stand."""

    id: UUID
    number: str
    state: str
    severity: str
    level: int
    external: str
    category: str
    customer_id: CustomerId | None
    customer_name: str
    owner_id: AgentId | None
    owner_name: str
    team_id: TeamId | None
    next_clock: str
    next_due_at: datetime | None
    wait_for: str
    wait_until: datetime | None
    received_at: datetime
    repeat_of: UUID | None
    reopen_count: int
    version: int
    overdue: bool


@dataclass(frozen=True, slots=True)
class ComplaintCounts:
    """How many complaints a customer has; ``recent``: in 90 days; ``grave``: S1 or escalated, and open."""

    ever: int
    open: int
    recent: int
    last_at: datetime | None
    grave: bool


def mine(connection: Any, agent_id: AgentId, now: datetime, limit: int = LIMIT) -> tuple[ComplaintLine, ...]:
    """Return the open complaints that *agent_id* owns, by their next clock."""
    query = f"{_LINE} AND c.owner_id = ?{_BY_CLOCK}"
    return _lines(rows(connection, query, agent_id.bytes, limit), now)


def due_list(
    connection: Any, now: datetime, team_id: TeamId | None = None, limit: int = LIMIT
) -> tuple[ComplaintLine, ...]:
    """Return the open complaints of *team_id* by their next clock; of everybody without a team."""
    if team_id is None:
        return _lines(rows(connection, _LINE + _BY_CLOCK, limit), now)
    return _lines(rows(connection, f"{_LINE} AND c.team_id = ?{_BY_CLOCK}", team_id.bytes, limit), now)


def approvals(
    connection: Any, agent_id: AgentId, now: datetime, limit: int = LIMIT
) -> tuple[ComplaintLine, ...]:
    """Return the proposals that *agent_id* did not make and has not said yes to, by their next clock."""
    query = _LINE + _UNAPPROVED + _BY_CLOCK
    return _lines(rows(connection, query, agent_id.bytes, agent_id.bytes, limit), now)


def counts(connection: Any, customer_id: CustomerId, now: datetime) -> ComplaintCounts:
    """Return how many complaints a customer has; reads his own entries of one index."""
    found = rows(connection, _COUNTS, micros(now - RECENT), customer_id.bytes)
    ever, open_, recent, last, grave = found[0]
    return ComplaintCounts(ever, open_, recent, moment(last), bool(grave))


def _lines(found: Iterable[tuple[Any, ...]], now: datetime) -> tuple[ComplaintLine, ...]:
    return tuple(_line(values, now) for values in found)


def _line(values: tuple[Any, ...], now: datetime) -> ComplaintLine:
    held: Row = dict(zip(OPEN_COMPLAINT, values[1:], strict=False))
    if values[-3]:
        held |= _UNSEEN
    due = moment(held["next_due_at"])
    customer, owner, team = (identity(held[name]) for name in ("customer_id", "owner_id", "team_id"))
    return ComplaintLine(
        id=UUID(bytes=values[0]),
        number=held["number"],
        state=held["state"],
        severity=held["severity"],
        level=held["level"],
        external=held["external"],
        category=held["category"],
        customer_id=CustomerId(customer) if customer else None,
        customer_name="" if values[-3] else values[-2],
        owner_id=AgentId(owner) if owner else None,
        owner_name=values[-1],
        team_id=TeamId(team) if team else None,
        next_clock=held["next_clock"],
        next_due_at=due,
        wait_for=held["wait_for"],
        wait_until=moment(held["wait_until"]),
        received_at=moment_at(held["received_at"]),
        repeat_of=identity(held["repeat_of"]),
        reopen_count=held["reopen_count"],
        version=held["rev"],
        overdue=due is not None and due < now,
    )
