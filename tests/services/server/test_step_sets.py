"""A step sets at the server what follows by its definition from what was filled in, and not a field more."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings

from crmdesk.models.complaint_file import ComplaintFile, Step
from crmdesk.models.gates import Actor
from crmdesk.models.steps import take
from crmdesk.models.wire import to_json
from crmdesk.models.workflow import Transition
from tests.cluster import Cluster
from tests.models.cases import CIRCUMSTANCES, NOW, complete, workflow
from tests.models.cases import IDS as PEOPLE
from tests.models.test_steps import RULES, Desk, _payload, walks
from tests.models.test_workflow import LINES

TOLD = """
CREATE FUNCTION pg_temp.told(p_step text, p_case jsonb, p_set jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    detail jsonb;
BEGIN
    PERFORM crm.check_sets(t, jsonb_populate_record(NULL::crm.step_case, p_case), p_set)
    FROM crm.procedure_transition t WHERE t.id = p_step;
    RETURN '';
EXCEPTION WHEN SQLSTATE 'CR100' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN concat_ws(' ', detail ->> 'rejected', detail -> 'fields' ->> 0);
END
$$
"""
ASK = (
    "SELECT pg_temp.told(e.c ->> 0, e.c -> 1, e.c -> 2)"
    " FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS e(c, n) ORDER BY e.n"
)
JUDGED_OTHERWISE = ("U1",)
"""What it sets is what it had changed, whatever its definition says."""
TEXTS = (
    *("containment", "accepted_by", "cause", "corrective_reason"),
    *("complainant", "third_party", "what_happened", "outlet"),
)
IDS = ("customer_id", "call_id", "asset_id", "survey_id", "owner_id")
VALUES: dict[str, tuple[Any, Any, Any]] = {
    **{name: (str(uuid.UUID(int=77)), None, str(uuid.UUID(int=78))) for name in IDS},
    **dict.fromkeys(TEXTS, ("Told before.", "", "Made up.")),
    "contacted_at": (NOW.isoformat(), None, (NOW + timedelta(days=1)).isoformat()),
    "score": (30, None, -90),
    "severity": ("S2", "S3", "S1"),
    "regime": ("CN-ODR", "none", "UK-8W"),
    "unidentified": (False, False, True),
    "declined": (True, False, False),
    "corrective_action": (True, None, False),
}
"""Of each field that a step may set or not: what it holds, what a new complaint holds, something else."""
Asked = tuple[Transition, Step, dict[str, Any]]


@pytest.fixture(scope="module")
def server(cluster: Cluster) -> Iterator[Any]:
    """A connection of the owner that can be asked what is said to a step."""
    database = cluster.database()
    with database.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.execute(TOLD)
        yield connection
    database.drop()


def said(server: Any, asked: list[Asked]) -> list[str]:
    """Return what the server says to each: nothing, or the code of the refusal and the field."""
    sent = json.dumps([[step.id, _case(taken), to_json(changed)] for step, taken, changed in asked])
    return [answer for (answer,) in server.execute(ASK, (sent,)).fetchall()]


def _case(taken: Step) -> dict[str, Any]:
    case = {"complaint": taken.file.fields, "actor": taken.actor.id, "role": taken.actor.role}
    made: dict[str, Any] = to_json({**case, "payload": taken.payload, "now": taken.at})
    return made


def decided(step: Transition, taken: Step) -> Asked:
    """The step with what a desk makes of it."""
    return step, taken, dict(take(step, taken).changed)


def written_down() -> Iterator[tuple[Transition, Step]]:
    """Yield each line of the table typed by hand that may be done."""
    for step_id, state, role, circumstances, may in LINES:
        if may and step_id not in JUDGED_OTHERWISE:
            step = workflow().transition(step_id)
            case = complete(step, state, role)
            for name in circumstances.split():
                case = CIRCUMSTANCES[name](case)
            held = {name: each[0] for name, each in VALUES.items()}
            fields = {**held, "received_at": NOW, "cause": "wrong_part", **case.complaint} if state else {}
            file = ComplaintFile(fields, remedies=case.remedies)
            yield step, Step(file, case.actor, case.payload, case.now, RULES, uuid.UUID(int=1))


def with_less(step: Transition, taken: Step) -> Iterator[Step]:
    """Yield the step as it is, and without each field that need not be filled in."""
    yield taken
    for field in step.payload:
        if field.name in taken.payload and not field.required:
            yield replace(taken, payload={k: v for k, v in taken.payload.items() if k != field.name})


def test_what_was_written_down_passes(server: Any) -> None:
    asked = [decided(step, each) for step, taken in written_down() for each in with_less(step, taken)]
    assert said(server, asked) == [""] * len(asked)
    assert {step.id for step, _, _ in asked} == {s.id for s in workflow().transitions} - {*JUDGED_OTHERWISE}
    assert len(asked) > 200


@settings(max_examples=25)
@given(desk=walks())
def test_what_any_complaint_comes_to_passes(server: Any, desk: Desk) -> None:
    asked = []
    for step in RULES.workflow.steps_from(desk.file.fields["state"]):
        if step.id in (*JUDGED_OTHERWISE, "T19"):
            continue
        for who in step.who:
            actor = Actor(PEOPLE[who.role], who.role)
            level = {"to_level": 3} if step.id == "E1" else {}
            payload = {**_payload(step.id, desk.now), **level}
            taken = Step(desk.file, actor, payload, desk.now, RULES, uuid.UUID(int=1))
            asked += [decided(step, each) for each in with_less(step, taken)]
    assert said(server, asked) == [""] * len(asked)


def test_what_was_not_filled_in_stays_or_is_emptied_as_the_procedure_says(server: Any) -> None:
    first = {step.id: taken for step, taken in reversed(list(written_down()))}
    wrong, tried = [], 0
    for step, name, field in not_needed():
        taken = first[step.id]
        fields = {**taken.file.fields, name: VALUES[name][0]} if step.sources else {}
        payload = {key: value for key, value in taken.payload.items() if key != field}
        taken = replace(taken, file=replace(taken.file, fields=fields), payload=payload)
        _, _, changed = decided(step, taken)
        answers = said(server, [(step, taken, {**changed, name: value}) for value in VALUES[name]])
        held, empty, _ = VALUES[name]
        fit = {json.dumps(held if step.sources else empty)}
        fit |= {json.dumps(empty)} if name in step.emptied else set()
        for value, answer in zip(VALUES[name], answers, strict=True):
            tried += 1
            if answer != ("" if json.dumps(value) in fit else f"invalid {name}"):
                wrong.append((step.id, name, value, answer))
    assert wrong == []
    assert tried > 50


def test_a_text_of_nothing_is_not_filled_in(server: Any) -> None:
    step, taken = next(each for each in written_down() if each[0].id == "T5")
    fields = {**taken.file.fields, "containment": "The car stays here."}
    taken = replace(taken, file=replace(taken.file, fields=fields))
    asked = step, replace(taken, payload={**taken.payload, "containment": ""}), decided(step, taken)[2]
    assert said(server, [asked]) == [""]
    asked[2]["containment"] = ""
    assert said(server, [asked]) == ["invalid containment"]


def not_needed() -> Iterator[tuple[Transition, str, str]]:
    """Yield each step with a field it sets and the field of its payload, where that need not be filled in."""
    for step in workflow().transitions:
        free = {field.name for field in step.payload if not field.required}
        for name, source in step.sets:
            if (field := source.partition(".")[0]) in free:
                yield step, name, field
