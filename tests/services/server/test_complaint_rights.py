"""Who sees what of a complaint, who may do what with it, and what goes with it to another team."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from crmdesk.models.complaint_effects import CHILDREN
from crmdesk.models.effects import apply
from crmdesk.models.operations import Operation
from crmdesk.models.wire import Row
from tests.cluster import Database, Person
from tests.faults.sync_complaints import illegal_complaints
from tests.models.complaint_moves import COMPLAINT_MOVES, log_complaint, make_letter, step_taken
from tests.models.moves import START, Dice, Hotline
from tests.services.server.sender import Sender, rows_of

DICE = Dice(0, 3, "The brakes squeal.")
HEADS = {"complaint", "interaction", "task"}
"""Tables of which everybody sees what the steps here write."""


class Desk:
    """Somebody at a desk of his own at the server."""

    def __init__(self, database: Database, person: Person, stack: ExitStack) -> None:
        self.person = person
        self.connection = stack.enter_context(database.connect(person.login))
        self.connection.execute("SET timezone = 'UTC'")
        self.sender = Sender(self.connection)

    def push(self, operation: Operation) -> dict[str, Any]:
        return self.sender.push(operation)

    def sees(self) -> dict[str, set[uuid.UUID]]:
        """The rows of complaints that this person can read, by table."""
        tables = {"complaint", "complaint_body", "interaction", "task", *CHILDREN}
        return {table: set(rows) for table, rows in rows_of(self.connection).items() if table in tables}


class House:
    """An agent and two supervisors of the hotline, an agent of the workshop; one memory of what was done."""

    def __init__(self, database: Database, stack: ExitStack) -> None:
        people = [("anna", "agent", "hotline"), ("chen", "supervisor", "hotline")]
        people += [("dora", "supervisor", "hotline"), ("bela", "agent", "workshop")]
        self.desks = {
            login: Desk(database, database.person(login, role, teams=(team,)), stack)
            for login, role, team in people
        }
        self.world = Hotline()
        self.teams = {login: next(iter(desk.person.teams.values())) for login, desk in self.desks.items()}

    def as_if(self, login: str) -> Hotline:
        """The world as somebody at his desk."""
        desk = self.desks[login]
        self.world.author = replace(
            self.world.author, actor=str(desk.person.agent_id), device=str(desk.sender.device)
        )
        return self.world

    def log(self, login: str) -> uuid.UUID:
        operation = log_complaint(self.as_if(login), DICE, team=self.teams[login])
        assert self.desks[login].push(operation) == {"ok": True}
        return uuid.UUID(operation.payload["id"])

    def step(self, login: str, complaint: uuid.UUID, key: str, *, extra: Row | None = None) -> Any:
        """Take a step; return the server's answer."""
        return self.desks[login].push(step_taken(self.as_if(login), DICE, complaint, key, extra or {}))


@pytest.fixture
def house(database: Database) -> Iterator[House]:
    with ExitStack() as stack:
        with database.connect() as admin:
            admin.execute("SELECT crm.set_clock(%s)", (START.replace(month=12),))
            for table, key in (("complaint_category", "repair"), ("cause", "wrong_part")):
                admin.execute(f"INSERT INTO crm.{table} (id, key) VALUES (gen_random_uuid(), %s)", (key,))
        yield House(database, stack)


def test_every_team_sees_the_head_and_only_its_own_the_rest(house: House) -> None:
    house.log("anna")
    seen = {login: house.desks[login].sees() for login in ("anna", "chen", "bela")}
    assert seen["anna"] == seen["chen"]
    assert set(seen["anna"]) == {
        "complaint",
        "complaint_body",
        "complaint_event",
        "clock_line",
        "interaction",
    }
    assert seen["bela"] == {table: ids for table, ids in seen["anna"].items() if table in HEADS}


def test_who_cannot_read_it_cannot_act_on_it(house: House) -> None:
    complaint = house.log("anna")
    for key in ("T2", "E2"):
        answer = house.step("bela", complaint, key)
        assert answer["rejected"] == "denied"
        assert answer["why"].startswith("Another team handles the complaint {number}")
        assert answer["current"] is None
    author = house.as_if("bela").author
    fields = {"complaint_id": str(complaint), "text": "x"}
    operation = author.describe("letter.make", {"id": author.new_id(), "fields": fields})
    assert house.desks["bela"].push(operation)["rejected"] == "denied"
    operation = author.describe(
        "letter.make", {"id": author.new_id(), "fields": {**fields, "complaint_id": None}}
    )
    assert house.desks["bela"].push(operation)["rejected"] == "invalid"


def test_a_complaint_handed_to_another_team_goes_with_everything(house: House) -> None:
    complaint = house.log("anna")
    note = house.as_if("anna").author.describe(
        "note.append",
        {
            "id": uuid.uuid4(),
            "call_id": None,
            "customer_id": None,
            "text": "He is angry.",
            "complaint_id": complaint,
            "team_id": house.teams["anna"],
        },
    )
    assert house.desks["anna"].push(note) == {"ok": True}
    before = house.desks["anna"].sees()
    cursor = house.desks["anna"].connection.execute("SELECT max(id) FROM crm.feed").fetchone()[0]
    heir = house.desks["bela"].person.agent_id
    answer = house.step("anna", complaint, "H1", extra={"to": str(heir), "team_id": house.teams["bela"]})
    assert answer == {"ok": True}
    after = house.desks["bela"].sees()
    assert all(before[table] <= after[table] for table in before)
    assert "complaint_body" not in house.desks["anna"].sees()
    told = house.desks["anna"].connection.execute(
        "SELECT DISTINCT tab FROM crm.feed WHERE id > %s AND pk = ANY (%s)",
        (cursor, [row_id for ids in before.values() for row_id in ids]),
    )
    lost = {"complaint_body", "complaint_event", "clock_line", "note"}
    assert lost <= {tab for (tab,) in told.fetchall()}, "whoever loses rows is told of each"


def test_who_owned_it_before_is_told_that_it_went(house: House, database: Database) -> None:
    """He left the team and read it as its owner: the pointer must reach him all the same."""
    complaint = house.log("anna")
    anna = house.desks["anna"]
    with database.connect() as owner:
        owner.execute("DELETE FROM crm.member WHERE login = 'anna'")
    assert complaint in anna.sees()["complaint_body"]
    heir = house.desks["bela"].person.agent_id
    house.step("chen", complaint, "H1", extra={"to": str(heir), "team_id": house.teams["bela"]})
    assert "complaint_body" not in anna.sees()
    told = anna.connection.execute(
        "SELECT count(*) FROM crm.feed WHERE tab = 'complaint_body' AND pk = %s", (complaint,)
    )
    assert told.fetchone() == (2,), "of both changes"


def test_two_supervisors_approve_and_nobody_his_own(house: House) -> None:
    complaint = house.log("anna")
    for login, key in (("anna", "T2"), ("chen", "T4"), ("anna", "T5"), ("chen", "T8")):
        assert house.step(login, complaint, key) == {"ok": True}, key
    values = {"complaint_id": str(complaint), "proposal_version": 1}
    for login, code in (("chen", "denied"), ("anna", "denied")):
        operation = house.as_if(login).author.describe("complaint.approve", {"id": uuid.uuid4(), **values})
        assert house.desks[login].push(operation)["rejected"] == code
    stale = house.as_if("dora").author.describe(
        "complaint.approve", {"id": uuid.uuid4(), **values, "proposal_version": 2}
    )
    assert house.desks["dora"].push(stale)["rejected"] == "conflict"
    operation = house.as_if("dora").author.describe("complaint.approve", {"id": uuid.uuid4(), **values})
    assert house.desks["dora"].push(operation) == {"ok": True}
    (change,) = apply(house.world.memory, replace(operation, actor=str(house.desks["dora"].person.agent_id)))
    rows = rows_of(house.desks["dora"].connection)["approval"]
    assert rows == {change.id: change.row}


@pytest.mark.parametrize("key", ["T8", "T3"])
def test_nobody_signs_for_somebody_else(house: House, key: str) -> None:
    complaint = house.log("anna")
    if key == "T8":
        for login, before in (("anna", "T2"), ("chen", "T4"), ("anna", "T5")):
            assert house.step(login, complaint, before) == {"ok": True}
    else:
        rejection = replace(DICE, b=2)
        assert house.desks["chen"].push(make_letter(house.as_if("chen"), rejection)) == {"ok": True}
    operation = step_taken(house.as_if("chen"), DICE, complaint, key, {})
    payload = dict(operation.payload)
    name = {"T8": "proposer_id", "T3": "rejected_by"}[key]
    assert payload["body"][name] == str(house.desks["chen"].person.agent_id)
    payload["body"] = {**payload["body"], name: str(house.desks["dora"].person.agent_id)}
    answer = house.desks["chen"].push(replace(operation, payload=payload))
    assert answer["rejected"] == "denied"


TAMPERED = {
    "its state is not what its events led to": "UPDATE crm.complaint SET state = 'CLOSED'",
    "its events are not as many as its versions": "DELETE FROM crm.complaint_event WHERE transition = 'T1'",
    "nobody owns it": "UPDATE crm.complaint SET owner_id = NULL",
    "its body belongs to somebody else": "UPDATE crm.complaint_body SET author = ''",
    "it began in a state nobody had led to": (
        "UPDATE crm.complaint_event SET from_state = 'RESPONDED' WHERE transition = 'T2'"
    ),
    "nobody can do that there": "UPDATE crm.complaint_event SET transition = 'T9' WHERE transition = 'T2'",
    "it led elsewhere": "UPDATE crm.complaint_event SET to_state = 'CLOSED' WHERE transition = 'T2'",
    "an agent lowered the level": (
        "UPDATE crm.complaint_event SET after = CASE transition WHEN 'T1' THEN '{\"level\": 2}'"
        " ELSE '{\"level\": 1}' END"
    ),
}


def test_the_judge_of_the_fault_run_sees_what_no_procedure_leads_to(house: House, database: Database) -> None:
    complaint = house.log("anna")
    assert house.step("anna", complaint, "T2") == {"ok": True}
    with database.connect() as owner:
        assert illegal_complaints(owner) == []
        for told, statement in TAMPERED.items():
            with owner.transaction(force_rollback=True):
                owner.execute(statement)
                assert any(told in each for each in illegal_complaints(owner)), told
        assert illegal_complaints(owner) == []


def test_what_a_file_holds_is_of_those_who_made_it(house: House) -> None:
    complaint = house.log("anna")
    for kind in ("letter.make", "survey.record", "action.save"):
        operation = COMPLAINT_MOVES[kind](house.as_if("chen"), Dice(0, 3, "x"))
        fields = {**operation.payload["fields"], "complaint_id": str(complaint)}
        sent = replace(operation, payload={**operation.payload, "fields": fields})
        assert house.desks["chen"].push(sent) == {"ok": True}
        forged = {**sent.payload, "fields": {**fields, "author": "somebody"}}
        answer = house.desks["chen"].push(replace(sent, id=uuid.uuid4(), payload=forged))
        assert answer["rejected"] == "invalid"
    rows = rows_of(house.desks["anna"].connection)
    for table in ("letter", "survey", "corrective_action"):
        ((_, row),) = rows[table].items()
        assert row["author"] == str(house.desks["chen"].person.agent_id)
        assert row["team_id"] == house.teams["anna"]
