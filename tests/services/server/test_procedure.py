"""Two enforcers, one procedure: the server's verdict is the desk's, and both are the one typed by hand."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import product
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.errors import InvalidInput
from crmdesk.models.gates import GATES, Case
from crmdesk.models.payload import TYPES, checked
from crmdesk.models.verdict import verdict
from crmdesk.models.wire import to_json
from crmdesk.models.workflow import ROLES, Transition
from crmdesk.services.server import procedure
from tests.cluster import Cluster
from tests.models.cases import CIRCUMSTANCES, CODES, CUSTOMER, PAYLOADS, complete, workflow
from tests.models.test_workflow import LINES, STATES

JUDGE = (
    "SELECT crm.verdict(e.c ->> 'step', jsonb_populate_record(NULL::crm.step_case, e.c))"
    " FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS e(c, n) ORDER BY e.n"
)
Asked = tuple[Transition, Case]


@pytest.fixture(scope="module")
def server(cluster: Cluster) -> Iterator[Any]:
    """A connection of the owner."""
    database = cluster.database()
    with database.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        yield connection
    database.drop()


def as_sent(step: Transition, case: Case) -> dict[str, Any]:
    """Return the case as ``crm.step_case`` in JSON."""
    last = case.last and {
        "operation_id": case.last.operation_id,
        "actor": case.last.actor_id,
        "device": case.last.device,
        "at": case.last.at,
        "can_undo": case.last.can_undo,
        "left_the_house": case.last.left_the_house,
    }
    sent: dict[str, Any] = to_json(
        {
            "step": step.id,
            "complaint": case.complaint,
            "actor": case.actor.id,
            "role": case.actor.role,
            "device": case.actor.device,
            "payload": case.payload,
            "now": case.now,
            "agent_limit": case.limits.agent,
            "supervisor_limit": case.limits.supervisor,
            "reopen_days": case.limits.reopen_days,
            "remedies": case.remedies,
            "approvals": sorted([str(who), of] for who, of in case.approvals),
            "granted": case.granted,
            "csm": case.csm,
            "cause_seen": case.cause_seen,
            "target": case.target,
            "last": last,
        }
    )
    arrays = {
        "teams": case.actor.teams,
        "wording_missing": case.wording_missing,
        "open_states": case.open_states,
    }
    return {**sent, **{name: [str(each) for each in values] for name, values in arrays.items()}}


def judged(server: Any, asked: list[Asked]) -> list[tuple[str, dict[str, Any]] | None]:
    """Return what the server says to each: None, or the sentence and its values."""
    sent = json.dumps([as_sent(step, case) for step, case in asked])
    said = [answer for (answer,) in server.execute(JUDGE, (sent,)).fetchall()]
    return [answer and (answer["why"], answer["values"]) for answer in said]


def by_the_desk(asked: list[Asked]) -> list[tuple[str, dict[str, Any]] | None]:
    """Return what the desk says to each, in the same form."""
    said = (verdict(step, case).refusal for step, case in asked)
    return [None if no is None else (no.template, dict(no.values)) for no in said]


def test_both_enforcers_say_what_was_written_down(server: Any) -> None:
    """Each line of the table typed by hand: may or may not, and why not in the same words."""
    asked = []
    for step_id, state, role, circumstances, _ in LINES:
        step = workflow().transition(step_id)
        case = complete(step, state, role)
        for name in circumstances.split():
            case = CIRCUMSTANCES[name](case)
        asked.append((step, case))
    told = judged(server, asked)
    wrong = [line for line, no in zip(LINES, told, strict=True) if (no is None) is not line[-1]]
    assert wrong == []
    assert told == by_the_desk(asked)


def test_both_say_the_same_of_every_state_step_and_role(server: Any) -> None:
    asked = [
        (step, complete(step, state, role))
        for step, state, role in product(workflow().transitions, STATES, ROLES)
    ]
    assert judged(server, asked) == by_the_desk(asked)


def test_every_gate_stands_in_both_enforcers(server: Any) -> None:
    found = server.execute(
        "SELECT substr(proname, 6) FROM pg_proc"
        " WHERE pronamespace = 'crm'::regnamespace AND proname LIKE 'gate\\_%'"
    ).fetchall()
    assert {name for (name,) in found} == set(GATES)


def well_typed(step: Transition, case: Case) -> Iterator[tuple[str, Any]]:
    """Yield what of the payload passes the check of types, which comes before any gate."""
    for field in step.payload:
        if field.name in case.payload:
            with suppress(InvalidInput):
                yield field.name, TYPES[field.type](field.name, case.payload[field.name], CODES)


def any_case(chance: random.Random) -> Asked:
    """A step somebody wants, with any circumstances at once, and anything missing."""
    step = chance.choice(workflow().transitions)
    case = complete(step, chance.choice(step.sources or ("",)), chance.choice(ROLES))
    for name in chance.choices(sorted(CIRCUMSTANCES), k=chance.randrange(4)):
        case = CIRCUMSTANCES[name](case)
    payload = {name: value for name, value in well_typed(step, case) if chance.random() > 0.1}
    kept = ("id", "state")
    complaint = {
        name: value if name in kept or chance.random() > 0.1 else None
        for name, value in case.complaint.items()
    }
    return step, replace(case, payload=payload, complaint=complaint)


@settings(max_examples=12)
@given(seed=st.integers(0, 2**32))
def test_both_say_the_same_of_any_case(server: Any, seed: int) -> None:
    chance = random.Random(seed)
    asked = [any_case(chance) for _ in range(250)]
    assert judged(server, asked) == by_the_desk(asked)


def test_filling_again_changes_nothing_and_what_was_altered_is_set_right(server: Any) -> None:
    assert list(procedure.fill(server)) == []
    server.execute("UPDATE crm.target SET amount = 1 WHERE clock = 'decide'")
    server.execute("DELETE FROM crm.business_interval WHERE version = 'always/1'")
    server.execute("INSERT INTO crm.calendar VALUES ('old/1', 'old', 1, 'UTC', 2020, 2020, now(), now())")
    (told,) = procedure.fill(server)
    assert str(told) == "The procedure was loaded: business_interval, target."
    assert server.execute("SELECT count(*) FROM crm.calendar WHERE key = 'old'").fetchone() == (1,)
    server.execute("DELETE FROM crm.calendar WHERE key = 'old'")


def test_the_house_works_by_a_calendar_that_is_known(server: Any) -> None:
    with server.transaction(force_rollback=True):
        assert server.execute("SELECT crm.calendar_in_force()").fetchone() == ("cn-default/1",)
        server.execute("SELECT crm.set_house('uk-default', 'GBP')")
        assert server.execute("SELECT crm.calendar_in_force()").fetchone() == ("uk-default/1",)
        with pytest.raises(psycopg.Error, match=r"There is no business calendar mars\. Choose one of"):
            server.execute("SELECT crm.set_house('mars')")


CHECK = """
CREATE FUNCTION pg_temp.told(p_step text, p_fields jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    detail text;
BEGIN
    PERFORM crm.check_fields(p_step, p_fields);
    RETURN NULL;
EXCEPTION WHEN SQLSTATE 'CR100' THEN
    GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
    RETURN detail::jsonb;
END
$$
"""
MOMENT = "2026-03-04T10:00:00+00:00"
LINE = {"type": "refund", "value": 1, "due": "2026-03-04T10:00:00+08:00"}
JUNK: tuple[Any, ...] = (
    *("", " ", "x", "S1", "S9", "phone", "none", "2026-03-04", "2026-03-04T10:00:00", MOMENT),
    *("2026-13-04T10:00:00+00:00", "2026-03-04T10:00:00+08:05:43", "2026-03-04T10:00:00+23:00"),
    *(str(CUSTOMER), "not-an-id", "x" * 100_001, 0, 1, 3, 4, -30, -30.0, 1.5),
    *(True, False, None, [], {}, [MOMENT], ["soon"]),
    *([LINE], [LINE] * 51, [{**LINE, "value": -1}], [{**LINE, "type": "yacht"}], [{**LINE, "colour": "red"}]),
    *([{"id": str(CUSTOMER), "done_at": "soon"}], [{"id": "x"}]),
    *([{"time": MOMENT, "part": "night"}], [{"time": MOMENT, "part": "morning"}]),
    *({"ours": True}, {"ours": 1}, {"theirs": True}, {"decided": True, "reason": " "}),
    *({"persons": 1, "money": 2}, {"persons": -1}, {"money": 1e12}),
    *({"decided": "yes", "reason": "So."}, {"decided": True, "reason": "So."}),
)
"""What fields of a payload may hold by mistake or on purpose, right for one type and wrong for the others."""


def payloads() -> Iterator[tuple[Transition, dict[str, Any]]]:
    """Each payload as it must be, with a field too many, with each one missing, with any junk in each."""
    for step in workflow().transitions:
        whole = PAYLOADS[step.id]
        yield step, whole
        yield step, {**whole, "more": 1}
        for field in step.payload:
            yield step, {name: value for name, value in whole.items() if name != field.name}
            for junk in JUNK:
                yield step, {**whole, field.name: junk}


def cleaned(step: Transition, payload: dict[str, Any]) -> tuple[dict[str, Any], str | None, dict[str, Any]]:
    """Return what a desk sends: the payload cleaned, or as it is with the sentence that refuses it."""
    try:
        return checked(step, payload, CODES), None, {}
    except InvalidInput as fault:
        return payload, fault.sentence, {name: str(value) for name, value in fault.values.items()}


def test_both_refuse_the_same_payloads_in_the_same_words(server: Any) -> None:
    wanted = [(step, *cleaned(step, payload)) for step, payload in payloads()]
    with server.transaction(force_rollback=True):
        server.execute("INSERT INTO crm.complaint_category (id, key) VALUES (gen_random_uuid(), 'repair')")
        server.execute("INSERT INTO crm.cause (id, key) VALUES (gen_random_uuid(), 'wrong_part')")
        server.execute(CHECK)
        sent = json.dumps([[step.id, payload] for step, payload, _, _ in wanted])
        told = server.execute(
            "SELECT pg_temp.told(e.c ->> 0, e.c -> 1) FROM jsonb_array_elements(%s::jsonb)"
            " WITH ORDINALITY AS e(c, n) ORDER BY e.n",
            (sent,),
        ).fetchall()
    for (step, payload, why, values), (answer,) in zip(wanted, told, strict=True):
        where = (step.id, {name: str(value)[:60] for name, value in payload.items()})
        assert (answer and answer["why"]) == why, where
        if answer and "value" not in values:
            assert {name: str(value) for name, value in answer["values"].items()} == values, where
    met = {why for _, _, why, _ in wanted}
    assert met >= {None, "Please fill in {name}.", "There is no field {names} here."}
