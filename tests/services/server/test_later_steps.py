"""Complaints that two people and time carry on: the server's rows are those that every desk forecasts.

Besides what one person alone can do: follow-ups begun by time, closing, customers who are not satisfied, and
appeals on which somebody else decides than who rejected.
"""

from __future__ import annotations

import copy
import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from crmdesk.models.operations import Operation
from crmdesk.models.wire import Json
from crmdesk.services.complaints.files import file_of
from tests.cluster import Cluster
from tests.models.complaint_moves import TEAMS, log_complaint, payload_for, rules, step_taken
from tests.models.moves import START, Dice, Hotline
from tests.services.server.sender import Expected, Sender, rows_of
from tests.services.server.test_effects import CODES, differences

PEOPLE = ("chen", "dora")
ADMINISTRATOR = "ida"
ADMINISTERED = 0.1
"""The share of steps that an administrator takes, once all complaints are logged."""
SYSTEM = "system"
BY_TIME_ALONE = ("T15",)
FEW = 12
ONWARD = {
    "RECEIVED": ("T2", "T3", "T3"),
    "REJECTED": ("T21",),
    "ACKNOWLEDGED": ("T4",),
    "ASSESSED": ("T5",),
    "INVESTIGATING": ("T8", "T8", "T6"),
    "WAITING": ("T7",),
    "PROPOSED": ("T9", "T9", "T10"),
    "RESPONDED": ("T11", "T11", "T12"),
    "RESOLVED": ("T15", "T15", "T14"),
    "FOLLOW_UP": ("T16", "T17"),
    "CLOSED": ("T20",),
}
BY_TIME = (
    "SELECT crm.apply_complaint_step("
    "ROW(%s, 'complaint.step', 1, %s::jsonb, NULL, '', 'system', NULL, %s, false)::crm.operation_in)"
)
WORDS = ("再次异响", "x", "It squeals.")
LATER = {"T15", "T16", "T17", "T21", "D1"}


class Desks:
    """Two supervisors at a desk each, and the server's own hand, all in one transaction."""

    def __init__(self, connection: Any, people: dict[str, str]) -> None:
        self.connection = connection
        self.people = people
        self.senders = {}
        for login in people:
            self.sit_down(login)
            self.senders[login] = Sender(connection)
        self.sit_down("")

    def sit_down(self, login: str) -> None:
        """Let statements be those of *login*, of the owner without one."""
        self.connection.execute(
            f'SET SESSION AUTHORIZATION "{login}"' if login else "RESET SESSION AUTHORIZATION"
        )

    def push(self, login: str, operation: Operation) -> dict[str, Json]:
        """Push as somebody, or do it as time does; return the answer."""
        if login != SYSTEM:
            self.sit_down(login)
            answer = self.senders[login].push(operation)
            self.sit_down("")
            return answer
        try:
            with self.connection.transaction():
                self.connection.execute("SELECT crm.begin_operation(%s, NULL)", (operation.id,))
                payload = json.dumps(dict(operation.payload))
                self.connection.execute(BY_TIME, (operation.id, payload, operation.at))
        except psycopg.Error as refused:
            told: dict[str, Json] = json.loads(refused.diag.message_detail or "")
            return told
        return {"ok": True}


@pytest.fixture
def desks(cluster: Cluster) -> Iterator[Desks]:
    database = cluster.database()
    roles = {**dict.fromkeys(PEOPLE, "supervisor"), ADMINISTRATOR: "administrator"}
    people = {login: str(database.person(login, role, teams=()).agent_id) for login, role in roles.items()}
    with database.connect() as admin:
        admin.execute("TRUNCATE crm.agent, crm.feed, crm.audit, crm.audit_value")
        for login in people:
            for team in TEAMS:
                admin.execute("INSERT INTO crm.member (login, team) VALUES (%s, %s)", (login, team))
        for table, row_id, key in CODES:
            admin.execute(f"INSERT INTO crm.{table} (id, key) VALUES (%s, %s)", (row_id, key))
        admin.execute("SELECT crm.set_clock(%s)", (START + timedelta(days=900),))
    with database.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        yield Desks(connection, people)
    database.drop()


@pytest.mark.parametrize("seed", [1, 2])
def test_what_time_and_two_people_do_gives_equal_rows(desks: Desks, seed: int) -> None:
    chance, world, done = random.Random(seed), Hotline(), Counter[str]()
    expected = Expected("", rows_of(desks.connection))
    for _ in range(300):
        administered = len(world.complaints) == FEW and chance.random() < ADMINISTERED
        login = ADMINISTRATOR if administered else chance.choice(PEOPLE)
        device = desks.senders[login].device
        world.author = replace(world.author, actor=desks.people[login], device=str(device))
        dice = Dice(chance.randrange(4), chance.randrange(1, 100), chance.choice(WORDS))
        operation = put_right(world, dice, chance) if administered else next_move(world, dice, chance)
        step = str(operation.payload.get("transition", operation.kind))
        by_time = step in BY_TIME_ALONE
        answer = desks.push(SYSTEM if by_time else login, operation)
        assert not administered or "ok" in answer, answer
        done[step] += "ok" in answer
        done.update(operation.payload["fields"].keys() if step == "D1" else ())
        expected.actor = "" if by_time else desks.people[login]
        if operation.kind == "complaint.step":
            expected.step(operation, "" if by_time else device, answer)  # type: ignore[arg-type]
        else:
            expected.answer(operation, device)
        world.memory.tables = copy.deepcopy(expected.rows.tables)
    desks.sit_down(PEOPLE[0])  # of all teams, so that restricted complaints are whole
    assert list(differences(rows_of(desks.connection), expected.tables)) == []
    assert {step for step in LATER if done[step] > 1} == LATER, done
    assert done["D1"] > done["to"] > 3, done
    assert done["D1"] > done["corrections"] > 3, done


def put_right(world: Hotline, dice: Dice, chance: random.Random) -> Operation:
    """An administrator's step on one of the complaints, whose new owner belongs to some team."""
    complaint, step = chance.choice(world.complaints), rules().rules.workflow.transition("D1")
    fields = payload_for(world, dice, step, file_of(world.memory, complaint), complaint) or {}
    extra = {"team_id": chance.choice(TEAMS)} if "to" in fields else {}
    return step_taken(world, dice, complaint, "D1", extra)


def letter_about(world: Hotline, complaint: str) -> Operation:
    fields = {
        "complaint_id": complaint,
        "kind": "rejection",
        "language": "zh",
        "text": "x",
        "digest": "0" * 64,
    }
    return world.author.describe("letter.make", {"id": world.author.new_id(), "fields": fields})


def next_move(world: Hotline, dice: Dice, chance: random.Random) -> Operation:
    """A step that leads on, of one of a few complaints; or a letter where one is needed first."""
    if len(world.complaints) < FEW:
        return log_complaint(world, dice)
    complaint = chance.choice(world.complaints)
    head = world.memory.get("complaint", complaint)
    assert head is not None
    step = chance.choice(ONWARD[head["state"]])
    if step == "T3" and not world.memory.where("letter", "complaint_id", complaint):
        return letter_about(world, str(complaint))
    if step == "T15":
        world.now += timedelta(days=4)
    return step_taken(world, dice, complaint, step, {})
