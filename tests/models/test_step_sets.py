"""A step changes the fields that the procedure says it sets, and takes their values from where it says."""

from __future__ import annotations

from copy import copy
from datetime import datetime
from typing import Any
from uuid import UUID

from hypothesis import given

from crmdesk.models.complaint_file import Outcome
from crmdesk.models.wire import to_json
from crmdesk.models.workflow import BY_ACTOR, SET_BY_EVERY_STEP, Transition
from tests.models.cases import AGENT, SUPERVISOR
from tests.models.test_steps import RULES, Desk, _payload, walks

ACTORS = {"agent": AGENT, "supervisor": SUPERVISOR, "administrator": None, "system": None}


def said(step: Transition, payload: dict[str, Any], actor: UUID | None) -> dict[str, Any]:
    """Return field → value for whatever the procedure says where the value comes from."""
    found: dict[str, Any] = {}
    for name, source in step.sets:
        field, _, part = source.partition(".")
        if source == BY_ACTOR:
            found[name] = actor
        elif field and payload.get(field) is not None:
            found[name] = payload[field][part] if part else payload[field]
    return found


def alike(held: Any, told: Any) -> bool:
    if isinstance(held, datetime):
        return held == datetime.fromisoformat(told)
    return bool(to_json(held) == to_json(told))


def changed_by(desk: Desk, step: Transition, role: str) -> Outcome:
    """Do *step* on a copy of the complaint."""
    extra: dict[str, Any] = {"to_level": 3} if step.id == "E1" else {}
    return copy(desk).do(step.id, role=role, **extra)


@given(walks())
def test_a_step_changes_what_the_procedure_says_and_nothing_else(desk: Desk) -> None:
    for step in RULES.workflow.steps_from(desk.file.fields["state"]):
        if step.id in ("U1", "T19"):
            continue
        role = step.who[0].role
        outcome = changed_by(desk, step, role)
        names = {name for name, _ in step.sets}
        assert set(outcome.changed) <= names | SET_BY_EVERY_STEP, step.id
        assert {errand.kind for errand in outcome.errands} <= step.errands, step.id
        payload = {**_payload(step.id, desk.now), **({"to_level": 3} if step.id == "E1" else {})}
        for name, value in said(step, payload, ACTORS[role]).items():
            assert alike(outcome.changed[name], value), (step.id, name)


def test_undoing_sets_what_the_last_step_had_changed_and_merging_names_the_target() -> None:
    desk = Desk()
    desk.do("T2")
    assert desk.file.last is not None
    before = set(desk.file.last.before)
    assert set(copy(desk).do("U1").changed) <= before | SET_BY_EVERY_STEP
    step = RULES.workflow.transition("T19")
    names = {name for name, _ in step.sets} | SET_BY_EVERY_STEP
    assert set(changed_by(desk, step, "supervisor").changed) <= names
