"""Whom proposals wait for: compared with the gate that decides when the yes is given."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.models.gates import GATES
from crmdesk.models.types import AgentId
from crmdesk.models.wire import Row
from crmdesk.services.complaints import approvals, lists
from crmdesk.services.complaints.files import actor_of, case_of, file_of
from crmdesk.services.complaints.listing import APPROVE, listing
from crmdesk.services.complaints.procedure import House
from crmdesk.services.complaints.taking import approve
from crmdesk.services.store.rows import StoredRows
from tests.services.complaints.house import ANNA, BELA, CALL, CHEN, DORA, EMIL, ComplaintDesk
from tests.services.complaints.test_taking import proposed

EVERYBODY = (ANNA, BELA, CHEN, DORA, EMIL)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    desk = ComplaintDesk(tmp_path)
    yield desk
    desk.close()


def waits_for(desk: ComplaintDesk, row: Row) -> set[UUID]:
    """Return those in whose list the complaint stands."""
    ask = partial(listing, desk.connection, APPROVE, now=desk.now, house=House())
    found = {who: ask(agent_id=AgentId(who)) for who in EVERYBODY}
    return {who for who, held in found.items() if row["id"] in {line.id for line in held.lines}}


def expected(desk: ComplaintDesk, row: Row) -> set[UUID]:
    """Return whose yes is wanted, and who may tell the decision by what the gate says."""
    stored, wanted = StoredRows(desk.connection), set()
    file = file_of(stored, row["id"])
    said = {each["approver_id"] for each in desk.rows("approval", row["id"])}
    for who in EVERYBODY:
        desk.who = who
        actor = actor_of(stored, desk.connection, desk.author)
        case = case_of(stored, desk.connection, desk.rules(), file, actor, {}, desk.now)
        proposer = case.has("proposer_id")
        tells = who in {proposer, case.has("owner_id")} and GATES["approvals_enough"](case) is None
        if tells or (actor.role == "supervisor" and who != proposer and who not in said):
            wanted.add(who)
    return wanted


def by(desk: ComplaintDesk, who: UUID, value: int, severity: str) -> Row:
    desk.who = who
    return proposed(desk, value, severity)


@pytest.mark.parametrize(("who", "severity"), [(ANNA, "S3"), (CHEN, "S2"), (CHEN, "S3")])
@pytest.mark.parametrize("value", [200_00, 201_00, 2_000_00, 2_001_00])
def test_a_proposal_waits_for_whom_the_gate_lets_or_needs(
    desk: ComplaintDesk, who: UUID, severity: str, value: int
) -> None:
    row = by(desk, who, value, severity)
    for supervisor in (DORA, EMIL):
        assert waits_for(desk, row) == expected(desk, row)
        desk.who = supervisor
        with desk.work() as work:
            approve(work, desk.rules(), row["id"], 1)
    assert waits_for(desk, row) == expected(desk, row)


def test_an_agent_is_not_asked_about_what_he_may_not_decide(desk: ComplaintDesk) -> None:
    row = by(desk, ANNA, 3_000_00, "S3")
    assert waits_for(desk, row) == {CHEN, DORA, EMIL}
    small = by(desk, ANNA, 100_00, "S3")
    assert waits_for(desk, small) == {ANNA, CHEN, DORA, EMIL}
    told = {"proposal_version": 1, "call_id": str(CALL), "sent_via": "phone"}
    desk.step(small, "T9", ANNA, **told)
    assert waits_for(desk, small) == set()


def test_what_is_granted_in_a_repeat_counts_against_the_limit_and_what_is_proposed_does_not(
    desk: ComplaintDesk,
) -> None:
    first, second = by(desk, ANNA, 150_00, "S3"), by(desk, ANNA, 100_00, "S3")
    link = (first["id"].bytes, second["id"].bytes)
    desk.connection.execute("UPDATE complaint SET repeat_of = ? WHERE id = ?", link)
    for row in (first, second):
        assert waits_for(desk, row) == expected(desk, row) == {ANNA, CHEN, DORA, EMIL}
    told = {"proposal_version": 1, "call_id": str(CALL), "sent_via": "phone"}
    assert desk.step(second, "T9", ANNA, **told)["state"] == "RESPONDED"
    assert waits_for(desk, first) == expected(desk, first) == {CHEN, DORA, EMIL}


def test_a_yes_of_an_earlier_proposal_does_not_count(desk: ComplaintDesk) -> None:
    row = by(desk, ANNA, 3_000_00, "S3")
    desk.who = CHEN
    with desk.work() as work:
        approve(work, desk.rules(), row["id"], 1)
    assert waits_for(desk, row) == {DORA, EMIL}
    desk.connection.execute("UPDATE complaint_body SET proposal_version = 2 WHERE id = ?", (row["id"].bytes,))
    assert waits_for(desk, row) == {CHEN, DORA, EMIL}


def test_proposals_are_looked_up_through_indexes(desk: ComplaintDesk) -> None:
    query = f"EXPLAIN QUERY PLAN {lists._LINE}{approvals._WAITING}{lists._BY_CLOCK}"
    plan = " ".join(str(row) for row in desk.connection.execute(query, (b"", 0, 0, 1, 9)))
    assert "ix_complaint_repeat_of" in plan
    assert "SCAN" not in plan.replace("SCAN CONSTANT ROW", "")


def test_a_repeat_of_a_repeat_belongs_to_the_first(desk: ComplaintDesk) -> None:
    first = desk.log()
    again = desk.log(repeat_of=first["id"])
    assert desk.log(repeat_of=again["id"])["repeat_of"] == first["id"]
