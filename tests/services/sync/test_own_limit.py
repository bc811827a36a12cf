"""What somebody may grant alone is his own limit where IT gave him one, at his desk and at the server."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.errors import Denied
from tests.cluster import Database
from tests.services.complaints.house import CHECKLIST
from tests.services.sync.desks import desk
from tests.services.sync.test_two_desks_complaints import PROPOSAL, Team, furnished

REFUND = [{"type": "refund", "value": 250_00}]


@pytest.fixture
def team(database: Database, tmp_path: Path) -> Iterator[Team]:
    """Anna is an agent who may grant 300, Ben one who may grant what agents may, Tom a supervisor."""
    with ExitStack() as stack:
        people = [database.person("anna"), database.person("ben"), database.person("tom", "supervisor")]
        limited(database, "anna", 300)
        desks = [stack.enter_context(desk(database, who, tmp_path / who.login)) for who in people]
        yield furnished(desks, by=desks[2])


def limited(database: Database, login: str, limit: int) -> None:
    with database.connect() as owner:
        owner.execute("UPDATE crm.person SET amount_limit = %s WHERE login = %s", (limit, login))


def tell(team: Team, complaint: UUID) -> str:
    told = {"proposal_version": 1, "call_id": str(team.customer), "sent_via": "phone"}
    return str(team.step(team.anna, complaint, "T9", **told)["state"])


def test_an_agent_with_a_limit_of_her_own_grants_up_to_it(team: Team, database: Database) -> None:
    complaint = team.investigated()
    team.step(team.anna, complaint, "T8", **{**PROPOSAL, "remedies": REFUND})
    assert tell(team, complaint) == "RESPONDED"
    assert team.anna.worker.run_once().refused == 0
    team.settle()
    assert team.complaint(team.ben, complaint)["state"] == "RESPONDED"
    other = team.log(team.ben)
    solved = {
        "severity": "S3",
        "remedies": REFUND,
        "customer_agreed": True,
        "cause_class": "B",
        "checklist": CHECKLIST,
        "what_was_done": "Refunded.",
    }
    with pytest.raises(Denied, match="more than you may grant alone"):
        team.step(team.ben, other, "T13", **solved)


def test_the_limit_at_the_server_is_the_one_that_holds(team: Team, database: Database) -> None:
    complaint = team.investigated()
    limited(database, "anna", 100)
    team.step(team.anna, complaint, "T8", **{**PROPOSAL, "remedies": REFUND})
    tell(team, complaint)
    assert team.anna.worker.run_once().refused == 1, "her desk had not heard of it yet"
