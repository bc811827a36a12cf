"""Collisions of what must be one: the owner of a complaint, and the proposal that a yes was said to."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import Denied
from crmdesk.models.wire import Row
from crmdesk.services.complaints import taking
from crmdesk.services.complaints.procedure import House, procedure
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync.refused import refused_lines
from tests.cluster import Database
from tests.services.complaints.house import CHECKLIST
from tests.services.sync.test_two_desks_complaints import PROPOSAL, Team, team

__all__ = ["team"]


def grave(team: Team) -> UUID:
    """A complaint that is being investigated and is S2: nobody decides on his own proposal."""
    complaint, owner = team.log(team.anna), str(team.anna.person.agent_id)
    team.step(team.anna, complaint, "T2", checklist=CHECKLIST, ack_channel="phone", owner=owner)
    assessed: dict[str, Any] = {"severity": "S2", "impact": {"persons": 0, "money": 0}}
    team.step(team.anna, complaint, "T4", **assessed, regime="none", cause_class="B")
    team.step(team.anna, complaint, "T5", contacted_at=team.anna.store.author.now().isoformat())
    return complaint


def owners(team: Team, database: Database, complaint: UUID) -> list[UUID]:
    """Return who owns it at each desk that sees its head, and at the server."""
    found = [row["owner_id"] for at in (team.anna, team.ben, team.tom) for row in at.rows("complaint")]
    with database.connect() as server:
        query = "SELECT owner_id FROM crm.complaint WHERE id = %s"
        return found + [owner for (owner,) in server.execute(query, (complaint,)).fetchall()]


def test_of_two_hand_overs_offline_one_holds_everywhere_and_the_other_is_shown(
    team: Team, database: Database
) -> None:
    complaint = team.investigated()
    ben, tom = (str(at.person.agent_id) for at in (team.ben, team.tom))
    team.step(team.ben, complaint, "H1", to=ben, open_points="I take it over.")
    team.step(team.anna, complaint, "H1", to=tom, open_points="Look at the brakes.")
    assert team.ben.worker.run_once().accepted >= 1
    assert team.anna.worker.run_once().refused >= 1
    team.settle()
    assert owners(team, database, complaint) == [team.ben.person.agent_id] * 4
    lines = team.anna.store.read(refused_lines).result()
    assert [line.code for line in lines if "Look at the brakes." in line.text] == ["conflict"]


def approved(team: Team, at: Any, complaint: UUID, version: int) -> None:
    """Say yes at that desk to a proposal."""

    def perform(work: UnitOfWork) -> Row:
        rules = procedure(work.connection, House())
        return taking.approve(work, rules, complaint, version)

    at.store.write(perform).result()


def test_a_yes_said_offline_to_a_proposal_that_was_changed_counts_for_nothing(
    team: Team, database: Database
) -> None:
    complaint = grave(team)
    team.step(team.anna, complaint, "T8", **PROPOSAL)
    team.settle()
    approved(team, team.ben, complaint, 1)
    team.step(team.anna, complaint, "T10", missing="The invoice.")
    team.step(team.anna, complaint, "T8", **{**PROPOSAL, "remedies": [{"type": "refund", "value": 150_00}]})
    assert team.anna.worker.run_once().refused == 0
    assert team.ben.worker.run_once().refused == 1
    (line,) = team.ben.store.read(refused_lines).result()
    assert line.code == "conflict", "it is shown to who said it"
    team.settle()
    assert team.complaint(team.anna, complaint)["proposal_version"] == 2
    told = {"proposal_version": 2, "call_id": str(UUID(int=9)), "sent_via": "phone"}
    with pytest.raises(Denied):
        team.step(team.anna, complaint, "T9", **told)
    with database.connect() as server:
        query = "SELECT count(*) FROM crm.approval WHERE complaint_id = %s AND proposal_version = 2"
        assert server.execute(query, (complaint,)).fetchone() == (0,)
    approved(team, team.ben, complaint, 2)
    assert team.ben.worker.run_once().refused == 0
    team.settle()
    row = team.step(team.anna, complaint, "T9", **told)
    assert row["state"] == "RESPONDED"
    assert team.anna.worker.run_once().refused == 0
