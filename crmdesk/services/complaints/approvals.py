"""Proposals that wait for somebody: for a supervisor's yes, or for whoever may tell them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crmdesk.models.gates import MINOR, Actor, Case, Limits
from crmdesk.services.complaints.files import SUPERVISOR
from crmdesk.services.complaints.lists import LIMIT, Lines, open_lines

_GRANTED = """(SELECT ifnull(sum(r.value), 0) FROM remedy_line AS r WHERE NOT r.void
 AND (r.complaint_id = c.id OR r.granted_at IS NOT NULL OR r.done_at IS NOT NULL) AND r.complaint_id IN (
 SELECT c.id UNION SELECT ifnull(c.repeat_of, c.id)
 UNION SELECT x.id FROM complaint AS x WHERE x.repeat_of = ifnull(c.repeat_of, c.id)))"""
_SAID_YES = """(SELECT count(DISTINCT p.approver_id) FROM approval AS p WHERE p.complaint_id = b.id
 AND p.proposal_version = b.proposal_version AND p.approver_id IS NOT b.proposer_id)"""
# ?1 who asks, ?2 up to what he decides on his own proposal, ?3 above what two supervisors do, ?4 is he one.
_WAITING = f""" AND c.state = 'PROPOSED' AND c.id IN (SELECT b.id FROM complaint_body AS b
 WHERE b.id = c.id AND (?4 AND b.proposer_id IS NOT ?1
 AND NOT EXISTS (SELECT 1 FROM approval AS p WHERE p.complaint_id = b.id
 AND p.approver_id = ?1 AND p.proposal_version = b.proposal_version)
 OR b.proposer_id = ?1 AND c.severity IN ({", ".join(repr(each) for each in MINOR)}) AND {_GRANTED} <= ?2
 OR (b.proposer_id = ?1 OR c.owner_id = ?1) AND {_SAID_YES} >= 1 + ({_GRANTED} > ?3)))"""


def yes_wanted(case: Case) -> bool:
    """Whether the yes of who looks at *case* is wanted: a supervisor's, once, to a proposal of another."""
    return (
        case.has("state") == "PROPOSED"
        and case.actor.role == SUPERVISOR
        and case.actor.id is not None
        and case.actor.id not in {case.has("proposer_id"), *case.said_yes}
    )


def yeses_wanted(case: Case) -> int:
    """Return how many supervisors still have to say yes to the proposal as it is."""
    return max(0, case.yeses_needed - len(case.said_yes))


def is_one_of_two(case: Case) -> bool:
    """Whether the yes of who acts in *case* counts, though a second supervisor's is needed."""
    return (
        case.actor.role == SUPERVISOR and case.actor.id != case.has("proposer_id") and case.yeses_needed > 1
    )


def approvals(connection: Any, actor: Actor, limits: Limits, now: datetime, limit: int = LIMIT) -> Lines:
    """Return the proposals that wait for *actor*, by their next clock.

    A supervisor's yes is wanted by those of others he has not said yes to. Everybody tells his own small ones
    without asking, and what he proposed or owns once all who are needed said yes.
    """
    supervisor = actor.role != "agent"
    own = limits.supervisor if supervisor else limits.agent
    values = (actor.id.bytes if actor.id else b"", own, limits.supervisor, supervisor)
    return open_lines(connection, _WAITING, now, *values, limit=limit)
