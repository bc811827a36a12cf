"""One complaint at several desks: offline steps meet, nobody's typing is lost, and only its team reads it."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import Conflict, NotFound
from crmdesk.models.agent import save_code
from crmdesk.models.complaint_number import read_number
from crmdesk.models.customer import open_customer
from crmdesk.models.effects import OF_TEAMS
from crmdesk.models.note import append_note
from crmdesk.models.wire import Row
from crmdesk.services.complaints import taking
from crmdesk.services.complaints.files import fields_of
from crmdesk.services.complaints.procedure import House, procedure
from crmdesk.services.complaints.record import numbered
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync.refused import refused_lines, send_again
from crmdesk.services.sync.replica import PRIVATE
from tests.cluster import Database, team_id
from tests.pages import decrypted
from tests.services.complaints.house import CHECKLIST
from tests.services.sync.desks import TestDesk, desk

FILE = ("complaint_body", "complaint_event", "clock_line")
PROPOSAL: dict[str, Any] = {
    "cause": "wrong_part",
    "cause_class": "B",
    "finding": "upheld",
    "remedies": [{"type": "refund", "value": 100_00}],
    "reason_text": "We fitted the wrong part.",
}
FAREWELL = {"words": "Leave it, I sold the car.", "channel": "phone"}


@dataclass
class Team:
    """Anna and Ben of the hotline, Tom of the workshop, and a customer who complains."""

    anna: TestDesk
    ben: TestDesk
    tom: TestDesk
    customer: UUID

    def log(self, at: TestDesk) -> UUID:
        """Write a complaint down."""

        def perform(work: UnitOfWork) -> Row:
            now = work.author.now()
            fields = {
                "received_at": (now - timedelta(minutes=1)).isoformat(),
                "channel": "phone",
                "category": "repair",
                "what_happened": "The brakes squeal again after the third visit.",
                "remedy_wanted": "refund",
                "customer_id": str(self.customer),
            }
            rules = procedure(work.connection, House())
            return taking.open_complaint(work, rules, "K7Q", fields, taking.Intake(complainant="Mr Zhang"))

        made: UUID = at.store.write(perform).result().result["id"]
        return made

    def step(self, at: TestDesk, complaint: UUID, key: str, **fields: Any) -> Row:
        """Take a step on the complaint as this desk shows it."""

        def perform(work: UnitOfWork) -> Row:
            rules = procedure(work.connection, House())
            return taking.take_step(work, rules, complaint, key, fields)

        row: Row = at.store.write(perform).result().result
        return row

    def investigated(self, regime: str = "none") -> UUID:
        """A complaint that is being investigated, on all desks."""
        complaint = self.log(self.anna)
        owner = str(self.anna.person.agent_id)
        self.step(self.anna, complaint, "T2", checklist=CHECKLIST, ack_channel="phone", owner=owner)
        self.step(
            self.anna,
            complaint,
            "T4",
            severity="S3",
            impact={"persons": 0, "money": 0},
            regime=regime,
            cause_class="B",
        )
        self.step(self.anna, complaint, "T5", contacted_at=self.anna.store.author.now().isoformat())
        assert self.anna.worker.run_once().refused == 0
        self.settle()
        return complaint

    def settle(self) -> None:
        for at in (self.anna, self.ben, self.tom) * 2:
            at.worker.run_once()

    def complaint(self, at: TestDesk, complaint: UUID) -> Row:
        """Head and body as a desk shows them."""
        return at.store.read(lambda connection: fields_of(StoredRows(connection), complaint)).result()


@pytest.fixture
def team(database: Database, tmp_path: Path) -> Iterator[Team]:
    with ExitStack() as stack:
        people = [database.person(login, "supervisor") for login in ("anna", "ben")]
        people.append(database.person("tom", teams=("workshop",)))
        desks = [stack.enter_context(desk(database, who, tmp_path / who.login)) for who in people]
        yield furnished(desks, by=desks[0])


def furnished(desks: list[TestDesk], by: TestDesk) -> Team:
    """Return three desks with a category, a cause and a customer, made *by* somebody who may."""
    for each in desks:
        each.worker.run_once()
    for table, key in (("complaint_category", "repair"), ("cause", "wrong_part")):
        by.do(by.describe(save_code, table, {"id": str(team_id(key)), "key": key}))
    made = by.do(by.describe(open_customer, {"name": "Zhang San", "kind": "person"}, []))
    assert by.worker.run_once().refused == 0
    anna, ben, tom = desks
    team = Team(anna, ben, tom, UUID(made.payload["id"]))
    team.settle()
    return team


def test_of_two_steps_taken_offline_one_wins_and_both_texts_stay_readable(team: Team) -> None:
    complaint = team.investigated()
    team.step(team.anna, complaint, "T8", **PROPOSAL)
    team.step(team.ben, complaint, "T18", **FAREWELL)
    assert team.ben.worker.run_once().accepted == 1
    assert team.anna.worker.run_once().refused == 1
    team.settle()
    for at in (team.anna, team.ben):
        row = team.complaint(at, complaint)
        assert row["state"] == "WITHDRAWN"
        assert (row["ended_why"], row["reason_text"]) == (FAREWELL["words"], "")
        assert at.rows("remedy_line") == []
        assert at.asked("SELECT count(*) FROM server_row") == [(0,)]
    for table in (*FILE, "complaint", "interaction", "task"):
        assert team.anna.rows(table) == team.ben.rows(table), table
    (line,) = team.anna.store.read(refused_lines).result()
    assert line.code == "conflict"
    assert line.customer_id == team.customer
    assert "We fitted the wrong part." in line.text
    assert "wrong_part" in line.text
    assert "state" not in line.text, "what was typed, not what was worked out from it"


def test_a_step_that_lost_is_taken_again_on_the_complaint_as_it_stands(team: Team) -> None:
    complaint = team.investigated()
    team.step(team.anna, complaint, "T8", **PROPOSAL)
    team.step(
        team.ben,
        complaint,
        "T6",
        wait_for="customer",
        what="A picture.",
        until=(team.ben.store.author.now() + timedelta(days=1)).isoformat(),
    )
    team.ben.worker.run_once()
    assert team.anna.worker.run_once().refused == 1
    team.settle()
    team.step(team.anna, complaint, "T7")
    (line,) = team.anna.store.read(refused_lines).result()
    team.anna.store.write(send_again, line.op_id).result()
    assert team.anna.worker.run_once().refused == 0
    team.settle()
    assert team.complaint(team.ben, complaint)["state"] == "PROPOSED"
    assert team.complaint(team.ben, complaint)["reason_text"] == PROPOSAL["reason_text"]
    assert team.anna.store.read(refused_lines).result() == ()


def test_steps_that_waited_together_clash_with_nobody_and_with_what_they_have_not_seen(team: Team) -> None:
    complaint = team.investigated()
    day = (team.anna.store.author.now() + timedelta(days=1)).isoformat()
    team.step(team.anna, complaint, "T6", wait_for="customer", what="A picture.", until=day)
    team.step(team.anna, complaint, "T7")
    team.step(team.ben, complaint, "E1", to_level=2, reason="The press called.")
    team.step(team.anna, complaint, "E1", to_level=1, reason="He is angry.")
    assert team.ben.worker.run_once().accepted == 1
    done = team.anna.worker.run_once()
    assert (done.accepted, done.refused) == (2, 1), "the level was another one, and he had not seen it"
    team.settle()
    assert team.complaint(team.anna, complaint)["level"] == 2
    assert team.complaint(team.anna, complaint)["state"] == "INVESTIGATING"
    (line,) = team.anna.store.read(refused_lines).result()
    assert (line.code, "He is angry." in line.text) == ("conflict", True)


def test_of_two_with_one_number_the_second_is_told_apart_and_its_owner_is_asked(team: Team) -> None:
    first, second = team.log(team.anna), team.log(team.ben)
    told = team.complaint(team.anna, first)["number"]
    assert team.complaint(team.ben, second)["number"] == told, "neither desk could know of the other"
    assert team.anna.worker.run_once().refused == 0
    assert team.ben.worker.run_once().refused == 0
    team.settle()
    for at in (team.anna, team.ben, team.tom):
        numbers = {row["id"]: row["number"] for row in at.rows("complaint")}
        assert numbers == {first: told, second: f"{told}B"}
    for at in (team.anna, team.ben):
        (task,) = at.rows("task")
        assert (task["errand"], task["subject"], task["note"]) == ("number_twice", f"{told}B", told)
        assert (task["complaint_id"], task["owner_id"]) == (second, team.ben.person.agent_id)
        said = read_number(told.lower())
        assert said is not None
        found = at.store.read(numbered, said).result()
        assert {each.id for each in found} == {first, second}
        assert at.asked("SELECT count(*) FROM server_row") == [(0,)]
    third = team.log(team.ben)
    assert team.complaint(team.ben, third)["number"] not in (told, f"{told}B")


def slipped_in(team: Team) -> tuple[UUID, int]:
    """A step of Ben's that got the version Anna had seen, with her own unsent step behind it."""
    complaint = team.investigated()
    team.step(team.anna, complaint, "E2", body="12315", reference="17", date="2026-11-01T00:00:00+00:00")
    seen = team.complaint(team.anna, complaint)["rev"]
    team.step(team.ben, complaint, "E1", to_level=2, reason="The press called.")
    assert team.ben.worker.run_once().accepted == 1
    assert team.anna.worker.run_once().accepted == 1
    events = {row["transition"]: row["version"] for row in team.anna.rows("complaint_event")}
    assert (events["E1"], events["E2"]) == (seen, seen + 1)
    return complaint, seen


def test_a_step_that_slipped_in_under_ones_own_was_not_seen(team: Team) -> None:
    complaint, seen = slipped_in(team)

    def perform(work: UnitOfWork) -> Row:
        rules = procedure(work.connection, House())
        fields = {"to_level": 3, "reason": "He is angry."}
        return taking.take_step(work, rules, complaint, "E1", fields, "INVESTIGATING", seen)

    with pytest.raises(Conflict, match="level"):
        team.anna.store.write(perform).result()
    fields = {"wait_for": "customer", "what": "A picture.", "until": "2099-01-01T00:00:00+00:00"}
    step = functools.partial(taking.take_step, from_state="INVESTIGATING", base_version=seen)
    team.anna.store.write(
        lambda work: step(work, procedure(work.connection, House()), complaint, "T6", fields)
    ).result()
    assert team.anna.worker.run_once().refused == 0, "what it does not read may have changed"


def test_the_server_sees_it_where_a_desk_does_not(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    complaint, seen = slipped_in(team)
    monkeypatch.setattr(taking, "_refuse_stale", lambda *_: None)

    def perform(work: UnitOfWork) -> Row:
        rules = procedure(work.connection, House())
        fields = {"to_level": 3, "reason": "He is angry."}
        return taking.take_step(work, rules, complaint, "E1", fields, "INVESTIGATING", seen)

    team.anna.store.write(perform).result()
    assert team.anna.worker.run_once().refused == 1
    team.settle()
    assert team.complaint(team.anna, complaint)["level"] == 2


def test_another_team_reads_the_head_alone_and_cannot_act(team: Team, database: Database) -> None:
    complaint = team.investigated()
    team.anna.do(
        team.anna.describe(
            append_note, "He is a journalist.", complaint_id=complaint, team_id=team_id("hotline")
        )
    )
    team.settle()
    assert [row["id"] for row in team.tom.rows("complaint")] == [complaint]
    for table in (*FILE, "note"):
        assert team.ben.rows(table), table
        assert team.tom.rows(table) == [], table
        with database.connect("tom") as session:
            assert session.execute(f"SELECT count(*) FROM crm.{table}").fetchone() == (0,), table
    with database.connect("tom") as session:
        assert session.execute("SELECT state FROM crm.complaint_head").fetchall() == [("INVESTIGATING",)]
    database.person("tom", teams=("workshop", "hotline"))
    team.tom.worker.run_once()
    for table in (*FILE, "note"):
        assert team.tom.rows(table) == team.ben.rows(table), table
    database.person("tom", teams=("workshop",))
    team.tom.worker.run_once()
    for table in (*FILE, "note"):
        assert team.tom.rows(table) == [], table


def test_a_complaint_handed_to_another_team_leaves_the_desks_of_the_first(team: Team) -> None:
    complaint = team.investigated()
    tom = str(team.tom.person.agent_id)
    team.step(team.anna, complaint, "H1", to=tom, open_points="Look at the brakes.")
    assert team.anna.worker.run_once().refused == 0
    team.settle()
    assert team.complaint(team.tom, complaint)["owner_id"] == team.tom.person.agent_id
    assert len(team.tom.rows("complaint_event")) == 5
    for at in (team.anna, team.ben):
        assert at.rows("complaint_body") == []
        assert [row["owner_id"] for row in at.rows("complaint")] == [team.tom.person.agent_id]
    assert team.ben.rows("complaint_event") == []
    with pytest.raises(NotFound, match="Another team handles"):
        team.step(team.ben, complaint, "E2", body="12315", reference="17", date="2026-11-01T00:00:00+00:00")


def test_who_leaves_the_team_keeps_no_word_of_its_complaints(team: Team, database: Database) -> None:
    complaint = team.investigated()
    for _ in range(6):
        other = team.log(team.anna)
        team.settle()
        owner = str(team.anna.person.agent_id)
        team.step(team.anna, other, "T2", checklist=CHECKLIST, ack_channel="phone", owner=owner)
    team.step(team.anna, complaint, "T8", **PROPOSAL)
    team.step(team.ben, complaint, "T18", **FAREWELL)
    assert team.anna.worker.run_once().refused == 0
    assert team.ben.worker.run_once().refused == 1
    told = (b"squeal again", b"Mr Zhang", b"fitted the wrong part")
    assert all(words in _pages(team.ben) for words in told), "the search finds what is here"
    found = {
        table for table in OF_TEAMS if any(words.decode() in str(team.ben.rows(table)) for words in told)
    }
    assert {"complaint_body", "complaint_event"} <= found <= PRIVATE, "slack of their pages is seen to"
    kept = team.ben.asked("SELECT before || after FROM history")
    assert not any(words.decode() in entry for (entry,) in kept for words in told)
    database.person("ben", "supervisor", teams=("workshop",))
    team.settle()
    pages = _pages(team.ben)
    assert [words for words in told if words in pages] == []
    assert FAREWELL["words"].encode() in pages, "what he typed himself stays"
    (line,) = team.ben.store.read(refused_lines).result()
    assert FAREWELL["words"] in line.text


def _pages(at: TestDesk) -> bytes:
    return decrypted(at.profile.store_path, at.profile.key)
