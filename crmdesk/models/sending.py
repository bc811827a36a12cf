"""Which letters may leave the house: what decides goes out once it is decided, and not before.

The server has the same rule in ``crm.letter_lacks``.
"""

from __future__ import annotations

from dataclasses import replace

from crmdesk.models.gates import GATES, Case
from crmdesk.models.text import Text, say

DECISION, REJECTION = "decision", "rejection"
TOLD_BY = {"T3": (REJECTION,), "T9": (DECISION, "summary")}
"""Steps that tell the customer something, and the kinds of letters that do."""
DECIDING = (DECISION, REJECTION)
"""Kinds of letters that promise something, or turn somebody away."""
TOLD = frozenset({"RESPONDED", "RESOLVED", "FOLLOW_UP", "CLOSED"})
"""States of a complaint whose decision was told."""


def sending_lacks(kind: str, case: Case) -> Text | None:
    """Return why a letter of this *kind* may not leave the house in *case*, None when it may."""
    if kind == REJECTION:
        return _rejection_lacks(case)
    return _decision_lacks(case) if kind == DECISION else None


def _rejection_lacks(case: Case) -> Text | None:
    """A supervisor may send it ahead of the step, as only he may take that for any reason."""
    state = case.has("state")
    if state == "REJECTED" or (state == "RECEIVED" and case.actor.role == "supervisor"):
        return None
    return say("This complaint is not rejected. Take that step first, then mark the letter as sent.")


def _decision_lacks(case: Case) -> Text | None:
    """Until it is told, it needs the approvals that telling it needs; nobody signs but supervisors."""
    state = case.has("state")
    if state in TOLD:
        return None
    if state != "PROPOSED":
        return say(
            "There is no decision on this complaint that a letter could tell. Propose one, and have it "
            "approved."
        )
    role = case.actor.role if case.actor.role == "supervisor" else "agent"
    if GATES["approvals_enough"](replace(case, actor=replace(case.actor, role=role))) is None:
        return None
    return say(
        "This decision is not approved yet. Wait for a supervisor's approval, or for two above his limit, "
        "and mark the letter as sent then."
    )
