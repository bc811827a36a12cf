"""A list of complaints as a screen shows it: its lines, and the names of the codes that stand in them.

The first screen asks for one right after its first paint: the procedure is loaded when there are lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.models.types import AgentId, TeamId
from crmdesk.services.complaints import lists
from crmdesk.services.complaints.lists import ComplaintLine, Lines
from crmdesk.services.customers.values import micros, rows
from crmdesk.services.store.complaint_index import OPEN
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.models.complaint_file import Rules
    from crmdesk.services.complaints.procedure import House

MINE, TEAM, APPROVE, EVERYBODY = "mine", "team", "approve", "everybody"
SEGMENTS = (MINE, TEAM, APPROVE, EVERYBODY)
REGIME_DAYS = 2
"""Business days ahead in which a regime's deadline is near."""
_CATEGORIES = "SELECT key, name_en, name_zh FROM complaint_category"
_TEAM = "SELECT team_id FROM agent WHERE id = ?"
# CROSS: from the open ones to their ledgers, not through all ledgers there ever were.
_REGIME_LINES = f"""SELECT k.complaint_id, k.n, k.clock, k.event, k.due, k.undoes
 FROM complaint AS c CROSS JOIN clock_line AS k ON k.complaint_id = c.id
 WHERE c.{OPEN} AND instr(k.clock, '/')"""

Names = Mapping[str, tuple[str, str]]
"""English and Chinese names by key."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Lines by their next clock, read ``at`` (UTC); ``full``: there may be more than are shown.

    ``whose`` list it is, if it is one's own: lines with another owner were handed over and not taken yet.
    ``rules`` by which dates are counted, None when there are no lines.
    """

    segment: str
    lines: Lines
    states: Names
    categories: Names
    at: datetime
    full: bool = False
    whose: AgentId | None = None
    rules: Rules | None = None

    def is_provisional(self, line: ComplaintLine) -> bool:
        """Whether the date of *line* may move, because holidays of its year are not announced."""
        if self.rules is None or line.next_due_at is None:
            return False
        from crmdesk.models.complaint_file import may_move

        return may_move(self.rules, line.next_clock, line.severity, line.next_due_at)


def listing(
    connection: Any,
    segment: str,
    agent_id: AgentId | None,
    now: datetime,
    limit: int = lists.LIMIT,
    house: House | None = None,
) -> Listing:
    """Return one of the :data:`SEGMENTS` for *agent_id*, at most *limit* lines.

    *house* says by which limits proposals wait and by which calendar dates are counted. To whoever works here
    without a name all complaints are his, and every proposal waits for his yes; somebody without a team sees
    what is due of all teams.
    """
    found = _lines(connection, segment, agent_id, now, limit, house)
    return _named(connection, segment, agent_id, found, now, limit, house)


def regime_listing(
    connection: Any, segment: str, agent_id: AgentId | None, now: datetime, house: House
) -> Listing:
    """Return those lines of a segment whose regime has a deadline in two business days; that clock is shown.

    Only what a regime asks of the firm: what binds an authority is its own affair, and a date that an outside
    body named is no regime's. Both are in :func:`listing`, as is a clock of the firm that is due before.
    """
    from crmdesk.services.complaints.procedure import business_time

    until = business_time(house.calendar).close_of(now, REGIME_DAYS)
    lines = _lines(connection, segment, agent_id, now, lists.LIMIT, house)
    near = lines.with_clocks(_regime_dues(connection, until))
    return _named(connection, segment, agent_id, near, now, lists.LIMIT, house)


def _lines(
    connection: Any,
    segment: str,
    agent_id: AgentId | None,
    now: datetime,
    limit: int,
    house: House | None,
) -> Lines:
    if agent_id is None or segment == EVERYBODY:
        every = lists.due_list(connection, now, None, limit)
        return every.in_state("PROPOSED") if segment == APPROVE else every
    if segment == TEAM:
        return lists.due_list(connection, now, _team_of(connection, agent_id), limit)
    if segment == APPROVE:
        return _approvals(connection, agent_id, now, limit, house)
    return lists.mine(connection, agent_id, now, limit)


def _approvals(connection: Any, agent_id: AgentId, now: datetime, limit: int, house: House | None) -> Lines:
    from crmdesk.models.operations import Author
    from crmdesk.services.complaints.approvals import approvals
    from crmdesk.services.complaints.files import actor_of
    from crmdesk.services.complaints.procedure import House, procedure
    from crmdesk.services.store.rows import StoredRows

    rules = procedure(connection, house or House())
    actor = actor_of(StoredRows(connection), connection, Author(str(agent_id), "", lambda: now))
    return approvals(connection, actor, rules.limits, now, limit)


def _team_of(connection: Any, agent_id: AgentId) -> TeamId | None:
    found = rows(connection, _TEAM, agent_id.bytes)
    return TeamId(UUID(bytes=found[0][0])) if found and found[0][0] else None


def _named(
    connection: Any,
    segment: str,
    agent_id: AgentId | None,
    lines: Lines,
    now: datetime,
    limit: int,
    house: House | None,
) -> Listing:
    whose = agent_id if segment == MINE else None
    if not lines:
        return Listing(segment, lines, MappingProxyType({}), MappingProxyType({}), now, whose=whose)
    from crmdesk.services.complaints.procedure import House, rules_of, workflow

    states = {state.key: (state.en, state.zh) for state in workflow().states}
    categories = {key: (en, zh) for key, en, zh in rows(connection, _CATEGORIES)}
    rules = rules_of(house or House())
    return Listing(segment, lines, states, categories, now, len(lines) >= limit, whose, rules)


def _regime_dues(connection: Any, until: datetime) -> dict[bytes, tuple[str, int]]:
    """Return by complaint the regime's clock that runs and is due first (µs), if that is by *until*."""
    from crmdesk.models.clock import STOP, UNDO

    asked = _asked_of_us()
    found = sorted(rows(connection, _REGIME_LINES), key=lambda row: row[1])
    undone = {(of, undoes) for of, _, _, event, _, undoes in found if event == UNDO}
    latest = {
        (of, clock): (event, due)
        for of, n, clock, event, due, _ in found
        if event != UNDO and (of, n) not in undone
    }
    return _earliest(
        (of, clock, due)
        for (of, clock), (event, due) in latest.items()
        if clock in asked and event != STOP and due <= micros(until)
    )


def _asked_of_us() -> frozenset[str]:
    """Return the names of the clocks by which regimes bind the firm."""
    from crmdesk.models.clock import regime_clock
    from crmdesk.models.regime import FIRM
    from crmdesk.services.complaints.procedure import regimes

    return frozenset(
        regime_clock(key, each.clock)
        for key, regime in regimes().items()
        for each in regime.clocks
        if each.binds == FIRM
    )


def _earliest(dues: Iterable[tuple[bytes, str, int]]) -> dict[bytes, tuple[str, int]]:
    ordered = sorted(dues, key=lambda each: each[2], reverse=True)
    return {of: (clock, due) for of, clock, due in ordered}
