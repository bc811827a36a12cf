"""What a desk says of itself in a step is looked at: to which team a complaint goes, and when it was."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from tests.cluster import Database
from tests.models.complaint_moves import log_complaint
from tests.models.moves import START
from tests.services.server.sender import rows_of
from tests.services.server.test_complaint_rights import DICE, Desk, House
from tests.services.server.test_complaint_rights import house as _house

house = _house


@pytest.fixture
def admin(database: Database) -> Iterator[Any]:
    """A connection of the owner to the same database."""
    with ExitStack() as stack:
        yield stack.enter_context(database.connect())


def team_of(admin: Any, complaint: uuid.UUID) -> Any:
    return rows_of(admin)["complaint_body"][complaint]["team_id"]


def test_a_complaint_belongs_to_the_team_of_its_owner_whatever_a_desk_says(house: House, admin: Any) -> None:
    operation = log_complaint(house.as_if("anna"), DICE, team=house.teams["bela"])
    assert house.desks["anna"].push(operation) == {"ok": True}
    complaint = uuid.UUID(operation.payload["id"])
    assert team_of(admin, complaint) == house.teams["anna"]
    heir = house.desks["bela"].person.agent_id
    answer = house.step("anna", complaint, "H1", extra={"to": str(heir), "team_id": None})
    assert answer == {"ok": True}
    assert team_of(admin, complaint) == house.teams["bela"], "nobody makes it everybody's"
    (task,) = [row for row in rows_of(admin)["task"].values() if row["errand"] == "taken_over"]
    assert task["team_id"] == house.teams["bela"]


def test_an_administrator_gives_what_his_teams_handle_to_the_team_of_the_new_owner(
    house: House, admin: Any, database: Database
) -> None:
    complaint = house.log("anna")
    heir = str(house.desks["bela"].person.agent_id)
    with ExitStack() as stack:
        ida = database.person("ida", "administrator", teams=("hotline",))
        house.desks["ida"] = Desk(database, ida, stack)
        answer = house.step("ida", complaint, "D1", extra={"to": heir, "team_id": None})
        assert answer == {"ok": True}
        assert team_of(admin, complaint) == house.teams["bela"]
        (task,) = [row for row in rows_of(admin)["task"].values() if row["errand"] == "taken_over"]
        assert task["team_id"] == house.teams["bela"]
        extra = {"to": str(house.desks["anna"].person.agent_id)}
        answer = house.step("ida", complaint, "D1", extra=extra)
    assert answer["why"].startswith("Another team handles the complaint {number}")


def test_who_belongs_to_several_teams_takes_it_to_any_of_them(
    house: House, admin: Any, database: Database
) -> None:
    database.person("anna", teams=("hotline", "workshop"))
    operation = log_complaint(house.as_if("anna"), DICE, team=house.teams["bela"])
    assert house.desks["anna"].push(operation) == {"ok": True}
    assert team_of(admin, uuid.UUID(operation.payload["id"])) == house.teams["bela"]


JUDGE = (
    "SELECT crm.check_moments(ROW("
    "gen_random_uuid(), 'complaint.step', 1, %s::jsonb, NULL, '', 'agent', NULL, %s, %s)::crm.operation_in)"
)


@pytest.mark.parametrize("off", [timedelta(days=-1), timedelta(minutes=-61), timedelta(minutes=61)])
def test_clocks_of_a_desk_whose_own_is_wrong_are_not_believed(admin: Any, off: timedelta) -> None:
    def payload(shift: timedelta) -> str:
        return json.dumps({"lines": [{"at": START.isoformat()}, {"at": (START + shift).isoformat()}]})

    admin.execute(JUDGE, (payload(off), START, False))
    admin.execute("UPDATE crm.meta SET test = false")
    with pytest.raises(psycopg.Error, match="The clock of this computer was wrong"):
        admin.execute(JUDGE, (payload(off), START, False))
    admin.execute(JUDGE, (payload(timedelta(minutes=-50)), START, False))
    admin.execute(JUDGE, (payload(off), START, True))


def test_a_step_is_looked_at_for_it_and_logging_is_not(house: House, admin: Any) -> None:
    complaint = house.log("anna")
    admin.execute(
        "CREATE OR REPLACE FUNCTION crm.check_moments(o crm.operation_in) RETURNS void LANGUAGE plpgsql AS"
        " $$ BEGIN PERFORM crm.refuse('invalid', 'Looked at.'); END $$"
    )
    house.log("anna")
    assert house.step("anna", complaint, "E1")["why"] == "Looked at."
