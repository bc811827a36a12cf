"""What a desk says of itself in a step is looked at: to which team a complaint goes, and when it was."""

from __future__ import annotations

import copy
import json
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from crmdesk.services.complaints.importing import Foreign, describe_import
from tests.cluster import Database
from tests.models.complaint_moves import log_complaint, rules
from tests.models.moves import START, Dice
from tests.services.server.sender import rows_of
from tests.services.server.test_complaint_rights import DICE, Desk, House
from tests.services.server.test_complaint_rights import house as _house
from tests.services.server.test_judge_import import TOLD

house = _house
RESTRICTED = Dice(0, 7, "A mechanic insulted me.")


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


def test_a_restricted_complaint_comes_to_nobody_without_a_team(
    house: House, admin: Any, database: Database
) -> None:
    with ExitStack() as stack:
        for login, role, teams in (("emil", "supervisor", ()), ("ida", "administrator", ("hotline",))):
            house.desks[login] = Desk(database, database.person(login, role, teams=teams), stack)
        made = log_complaint(house.as_if("emil"), RESTRICTED)
        answer = house.desks["emil"].push(made)
        assert (answer["rejected"], answer["fields"]) == ("invalid", ["restricted"])
        assert answer["why"].startswith("A restricted complaint is for one team, and who handles it belongs")
        told = Foreign({**TOLD, "restricted": True})
        foreign = describe_import(house.as_if("ida").author, rules().rules, uuid.uuid4(), told)
        assert house.desks["ida"].push(foreign)["fields"] == ["restricted"]
        plain = log_complaint(house.as_if("emil"), replace(DICE, b=4))
        assert house.desks["emil"].push(plain) == {"ok": True}, "what is not restricted is everybody's then"
        complaint = log_restricted(house)
        nobodys = str(house.desks["emil"].person.agent_id)
        for login, key, field in (("anna", "T2", "owner"), ("anna", "H1", "to"), ("ida", "D1", "to")):
            for team in ({"team_id": None}, {}):
                kept = copy.deepcopy(house.world.memory.tables)
                answer = house.step(login, complaint, key, extra={field: nobodys, **team})
                assert answer["fields"] == ["restricted"], (key, team)
                house.world.memory.tables = kept
        assert team_of(admin, complaint) == house.teams["anna"]


def test_a_house_without_teams_keeps_what_is_restricted_to_itself(house: House, admin: Any) -> None:
    admin.execute("UPDATE crm.agent SET team_id = NULL")
    admin.execute("DELETE FROM crm.member")
    admin.execute("DELETE FROM crm.team")
    assert team_of(admin, log_restricted(house)) is None


def log_restricted(house: House) -> uuid.UUID:
    """Log a restricted complaint as Anna and return its id."""
    made = log_complaint(house.as_if("anna"), RESTRICTED, team=house.teams["anna"])
    assert made.payload["head"]["restricted"]
    assert house.desks["anna"].push(made) == {"ok": True}
    return uuid.UUID(made.payload["id"])


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
