"""What somebody may do with a complaint now, and why not the rest."""

from __future__ import annotations

from dataclasses import replace

from crmdesk.models.gates import GATES, Case
from crmdesk.models.text import Text, say
from crmdesk.models.workflow import START, Permission, Transition, Workflow
from crmdesk.values import dataclass

NOT_THIS_ROLE = "Your role may not do this."


@dataclass(frozen=True, slots=True)
class Verdict:
    """One step and whether it may be done.

    Attributes:
        refusal: None when it may be done; else why not.
        fields: fields of the payload that a gate is about, none when it is about something else.
        forecast: True when only the server can tell for sure.
    """

    transition: str
    refusal: Text | None
    forecast: bool = False

    @property
    def may(self) -> bool:
        """Whether it may be done."""
        return self.refusal is None


def verdict(step: Transition, case: Case) -> Verdict:
    """Return whether *step* may be done in *case*: state, then role, then the gates in their order."""
    state = case.has("state") or START
    if not step.starts_from(state):
        return Verdict(step.id, say("This cannot be done in the state {state}.", state=state or "-"))
    refusal = _permitted(step, case)
    if refusal is None:
        refusal = next((no for no in (GATES[name](case) for name in step.gates) if no is not None), None)
    return Verdict(step.id, refusal, forecast=bool(step.server_only))


def possible(workflow: Workflow, case: Case) -> tuple[Verdict, ...]:
    """Return a verdict on each step by state and role alone: what is offered before it is filled in."""
    unfilled = replace(case, payload={})
    steps = workflow.steps_from(case.has("state") or START)
    return tuple(Verdict(step.id, _permitted(step, unfilled)) for step in steps)


def _permitted(step: Transition, case: Case) -> Text | None:
    """Return None when one of the permissions fits, else what the nearest one lacks."""
    refusals = [_lacks(each, case) for each in step.who if each.role == case.actor.role]
    if not refusals:
        return say(NOT_THIS_ROLE)
    return None if None in refusals else refusals[-1]


def _lacks(permission: Permission, case: Case) -> Text | None:
    if permission.own and not _is_own(case):
        return say("Only the owner, his team or a supervisor may do this.")
    if permission.severities and case.has("severity") not in permission.severities:
        return say("With severity {severity} a supervisor has to do this.", severity=case.has("severity"))
    for field, values in permission.given:
        if case.payload and case.given(field) not in values:
            return say("A supervisor has to do this, with what is chosen here.")
    return GATES[permission.gate](case) if permission.gate else None


def _is_own(case: Case) -> bool:
    """Return whether the actor owns the complaint, or is of the owner's team; nobody's is everybody's."""
    owner, team = case.has("owner_id"), case.has("team_id")
    return owner is None or owner == case.actor.id or team in case.actor.teams
