"""The server lets out the letters that a desk lets out, and no others, whatever a desk sends."""

from __future__ import annotations

import json
import random
from itertools import product
from typing import Any
from uuid import UUID

import psycopg
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.models.gates import Case
from crmdesk.models.operations import Operation
from crmdesk.models.sending import sending_lacks
from crmdesk.models.workflow import ROLES
from crmdesk.services.complaints.correspondence import send_letter
from crmdesk.services.complaints.letters import KINDS
from crmdesk.services.complaints.taking import approve
from tests.models.cases import CIRCUMSTANCES, complete, workflow
from tests.models.test_workflow import STATES
from tests.services.complaints.house import ANNA, CHEN, ComplaintDesk
from tests.services.complaints.test_taking import proposed
from tests.services.server.mirror import DEVICE, lay_out, rows_before
from tests.services.server.sender import rows_of
from tests.services.server.test_procedure import any_case, as_sent

JUDGE = (
    "SELECT crm.letter_lacks(e.c ->> 'kind', jsonb_populate_record(NULL::crm.step_case, e.c))"
    " FROM jsonb_array_elements(%s::jsonb) WITH ORDINALITY AS e(c, n) ORDER BY e.n"
)
SEND = "SELECT crm.apply(ROW(%s, %s, 1, %s::jsonb, NULL, %s, 'agent', %s, %s, false)::crm.operation_in)"
TELL = workflow().transition("T9")


def compare(base: Any, asked: list[tuple[str, Case]]) -> set[str]:
    """Ask both enforcers of each letter; return what they say, the same."""
    sent = json.dumps([{**as_sent(TELL, case), "kind": kind} for kind, case in asked])
    there = [answer and answer["why"] for (answer,) in base.execute(JUDGE, (sent,)).fetchall()]
    here = [lacks and lacks.template for lacks in (sending_lacks(kind, case) for kind, case in asked)]
    assert there == here
    return {answer or "" for answer in there}


def test_both_say_the_same_of_every_letter_state_and_role(base: Any) -> None:
    asked = [
        (kind, CIRCUMSTANCES[name](complete(TELL, state, role)))
        for kind, state, role in product(KINDS, STATES, ROLES)
        for name in ("granted_200", "granted_201", "granted_2001", "proposed_by_another", "is_S1")
    ]
    assert len(compare(base, asked)) == 4


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_both_say_the_same_of_any_case(base: Any, seed: int) -> None:
    chance = random.Random(seed)
    compare(base, [(chance.choice(KINDS), any_case(chance)[1]) for _ in range(250)])


def send(server: Any, operation: Operation) -> str:
    """Have the server do an operation of ANNA; return the code of its refusal, empty without."""
    values = (operation.id, operation.kind, json.dumps(dict(operation.payload)), str(ANNA), DEVICE)
    try:
        with server.transaction():
            server.execute(SEND, (*values, operation.at))
    except psycopg.Error as error:
        assert error.sqlstate == "CR100", error
        return str(json.loads(error.diag.message_detail or "")["rejected"])
    return ""


def test_a_promise_that_is_not_approved_is_not_let_out(desk: ComplaintDesk, server: Any) -> None:
    row = proposed(desk, 300_00)
    letter = UUID(desk.letter(row, "decision"))
    wanted = desk.author.describe("letter.send", {"id": str(letter), "sent_via": "mail"})
    lay_out(server, rows_before(desk))
    assert send(server, wanted) == "illegal"
    assert rows_of(server)["letter"][letter]["sent_at"] is None
    desk.who = CHEN
    with desk.work() as work:
        approve(work, desk.rules(), row["id"], 1)
    desk.who = ANNA
    lay_out(server, rows_before(desk))
    assert send(server, wanted) == ""
    with desk.work() as work:
        send_letter(work, desk.rules(), letter, "mail")
    assert rows_of(server)["letter"][letter] == desk.row("letter", letter)


def test_a_rejection_nobody_decided_is_not_let_out(desk: ComplaintDesk, server: Any) -> None:
    letter = desk.letter(desk.log())
    lay_out(server, rows_before(desk))
    operation = desk.author.describe("letter.send", {"id": letter, "sent_via": "mail"})
    assert send(server, operation) == "illegal"
