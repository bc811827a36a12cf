"""Of a restricted complaint other teams' desks hold number, state and whom to ask, and not a byte more."""

from __future__ import annotations

import json
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from crmdesk.models.complaint import SHOWN_OF_RESTRICTED
from crmdesk.models.complaint_number import read_number
from crmdesk.models.screen_pop import TimelineEntry
from crmdesk.models.task import SHOWN_OF_TASK, Task
from crmdesk.models.types import CustomerId
from crmdesk.models.wire import Row
from crmdesk.services.calls import append_note
from crmdesk.services.complaints import taking
from crmdesk.services.complaints.procedure import House, procedure
from crmdesk.services.complaints.record import complaint_record, numbered
from crmdesk.services.customers.profile import counters
from crmdesk.services.customers.timeline import newest_lines, timeline_page
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync import replica
from tests.cluster import Database
from tests.pages import decrypted
from tests.services.complaints.house import CHECKLIST
from tests.services.server.test_security import Sender
from tests.services.sync.desks import TestDesk, desk
from tests.services.sync.test_two_desks_complaints import Team, team

__all__ = ["team"]

OUTLET = "Outlet beside the canary"
NOTE = "Nobody answers at the canary's"
SHOWN = SHOWN_OF_RESTRICTED - {"closed_at"}
"""Of one that is not closed."""


def log(team: Team, at: TestDesk, *, restricted: bool = True, repeat_of: UUID | None = None) -> UUID:
    """Write a complaint down whose outlet nobody else has."""

    def perform(work: UnitOfWork) -> Row:
        fields = {
            "received_at": (work.author.now() - timedelta(minutes=1)).isoformat(),
            "channel": "phone",
            "category": "repair",
            "what_happened": "A mechanic insulted me.",
            "remedy_wanted": "apology",
            "customer_id": str(team.customer),
        }
        intake = taking.Intake(restricted=restricted, outlet=OUTLET, repeat_of=repeat_of)
        return taking.open_complaint(work, procedure(work.connection, House()), "K7Q", fields, intake)

    made: UUID = at.store.write(perform).result().result["id"]
    assert at.worker.run_once().refused == 0
    team.settle()
    return made


def head(at: TestDesk, complaint: UUID) -> Row:
    """A head as a desk holds it."""
    row = at.row("complaint", complaint)
    assert row is not None
    return row


def told(row: Row) -> set[str]:
    return {name for name, value in row.items() if value not in (None, "", 0, False)}


def holds(at: TestDesk, words: str) -> bool:
    return words.encode() in decrypted(at.store.path, at.profile.key)


def holds_outlet(at: TestDesk) -> bool:
    return holds(at, OUTLET)


def test_another_team_holds_number_state_and_whom_to_ask(team: Team, database: Database) -> None:
    complaint = log(team, team.anna)
    assert told(head(team.tom, complaint)) == SHOWN
    assert head(team.tom, complaint)["number"] == head(team.anna, complaint)["number"]
    assert head(team.ben, complaint) == head(team.anna, complaint)
    assert (holds_outlet(team.ben), holds_outlet(team.tom)) == (True, False)
    for at in (team.anna, team.ben, team.tom):
        assert at.worker.check() == 0, "each holds what is for it"
    with database.connect("tom") as session:
        assert session.execute("SELECT count(*) FROM crm.interaction").fetchone() == (0,)


def test_it_is_found_by_its_number_and_names_whom_to_ask(team: Team) -> None:
    complaint = log(team, team.anna)
    number = read_number(head(team.anna, complaint)["number"])
    assert number is not None

    def read(connection: Any) -> Any:
        author = team.tom.store.author
        record = complaint_record(connection, complaint, author=author, now=author.now(), house=House())
        return numbered(connection, number), record

    (found,), record = team.tom.store.read(read).result()
    assert (found.id, found.customer) == (complaint, "")
    assert (record.body, record.customer.id, record.head.restricted) == (None, None, True)
    assert record.owner is not None
    assert record.owner.key == "anna"


def test_the_time_line_shows_it_to_its_team_alone(team: Team) -> None:
    plain, complaint = log(team, team.anna, restricted=False), log(team, team.anna)
    customer = CustomerId(team.customer)
    for at, seen in ((team.anna, {plain, complaint}), (team.ben, {plain, complaint}), (team.tom, {plain})):
        page = at.store.read(timeline_page, customer).result()
        assert {UUID(line.id) for line in page.items} == seen
        assert (page.total, page.complete) == (len(seen), True)
        first, topics = at.store.read(partial(newest_lines, customer_id=customer, limit=20, total=1)).result()
        assert (first, topics) == (page, ("repair",) * len(seen))
        assert (
            at.store.read(partial(timeline_page, customer_id=customer, kinds=("call",))).result().items == ()
        )
    pages: list[TimelineEntry] = []
    after: str | None = None
    for _ in range(2):
        page = team.ben.store.read(
            partial(timeline_page, customer_id=customer, after=after, limit=1)
        ).result()
        pages += page.items
        after = page.after
    assert [UUID(line.id) for line in pages] == [complaint, plain]
    assert after is None


def test_who_comes_into_the_team_gets_it_and_who_leaves_keeps_no_byte(team: Team, database: Database) -> None:
    complaint = log(team, team.anna)
    for _ in range(5):
        log(team, team.anna)
    repeat = log(team, team.tom, restricted=False, repeat_of=complaint)
    assert head(team.anna, repeat)["repeat_of"] == complaint
    team.settle()
    assert head(team.tom, repeat)["repeat_of"] is None
    database.person("tom", teams=("workshop", "hotline"))
    team.settle()
    assert head(team.tom, complaint) == head(team.anna, complaint)
    assert head(team.tom, repeat)["repeat_of"] == complaint
    database.person("ben", "supervisor", teams=("workshop",))
    team.settle()
    assert told(head(team.ben, complaint)) == SHOWN
    assert head(team.ben, repeat)["repeat_of"] is None
    assert head(team.ben, repeat)["outlet"] == OUTLET, "that one is everybody's"
    assert team.ben.worker.check() == 0


def test_no_history_names_it(team: Team, database: Database) -> None:
    database.person("anna", "supervisor", teams=("hotline", "workshop"))
    team.settle()
    complaint = log(team, team.anna)
    repeat = log(team, team.tom, restricted=False, repeat_of=complaint)
    owner = str(team.anna.person.agent_id)
    team.step(team.anna, complaint, "T2", checklist=CHECKLIST, ack_channel="phone", owner=owner)
    team.step(team.anna, repeat, "T19", target_id=str(complaint))
    assert team.anna.worker.run_once().refused == 0
    for login in ("anna", "tom"):
        database.person(login, "supervisor", teams=("workshop",))
    team.settle()
    assert head(team.tom, repeat)["state"] == "MERGED"
    with database.connect("tom") as session:
        events = session.execute("SELECT transition, fields, after FROM crm.complaint_event").fetchall()
    assert {transition for transition, _, _ in events} == {"T1", "T19"}
    assert str(complaint) not in str(events)
    for at in (team.anna, team.tom):
        assert str(complaint) not in str(at.asked("SELECT fields, before, after FROM complaint_event"))
        assert str(complaint) not in str(at.asked("SELECT before, after FROM history"))
        assert at.worker.check() == 0


def test_no_merge_finds_out_whose_it_is(team: Team, database: Database) -> None:
    database.person("tom", "supervisor", teams=("workshop",))
    restricted = log(team, team.anna)
    mine, other = (log(team, team.tom, restricted=False) for _ in range(2))
    team.step(team.tom, mine, "T19", target_id=str(other))
    ((taken,),) = team.tom.asked("SELECT payload FROM operation WHERE payload LIKE '%T19%'")
    sender = Sender(database, "tom")
    answers = []
    for target in (restricted, uuid4()):
        payload = json.loads(taken.replace(str(other), str(target))) | {"target": None}
        answers.append(sender.push("complaint.step", payload, base=1))
    sender.session.close()
    assert answers[0]["why"] == "Choose another complaint that is still open."
    assert answers[0] == answers[1]


def test_no_limit_tells_what_was_granted_there(team: Team) -> None:
    solved: dict[str, Any] = {
        "severity": "S3",
        "customer_agreed": True,
        "cause_class": "B",
        "checklist": CHECKLIST,
        "what_was_done": "We gave the money back.",
        "remedies": [{"type": "refund", "value": 150_00}],
    }
    restricted = log(team, team.anna)
    team.step(team.anna, restricted, "T13", **solved)
    repeat = log(team, team.tom, restricted=False, repeat_of=restricted)
    team.step(team.tom, repeat, "T13", **solved)
    for at in (team.anna, team.tom):
        assert at.worker.run_once().refused == 0


def test_handed_to_another_team_it_leaves_the_desks_of_the_first(team: Team) -> None:
    complaint = log(team, team.anna)
    owner = str(team.anna.person.agent_id)
    team.step(team.anna, complaint, "T2", checklist=CHECKLIST, ack_channel="phone", owner=owner)
    team.settle()
    assert holds_outlet(team.ben), "the search finds what is here"
    kept = team.ben.asked("SELECT before || after FROM history WHERE table_name = 'complaint'")
    assert not any(OUTLET in entry or str(team.customer) in entry for (entry,) in kept)
    team.step(team.anna, complaint, "H1", to=str(team.tom.person.agent_id), open_points="Ask the mechanic.")
    assert team.anna.worker.run_once().refused == 0
    team.settle()
    assert head(team.tom, complaint)["outlet"] == OUTLET
    for at in (team.anna, team.ben):
        assert told(head(at, complaint)) == SHOWN
        assert at.worker.check() == 0
    assert not holds_outlet(team.ben)


def written_anew(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The tables that desks write anew from now on."""
    anew: list[str] = []
    write_anew = UnitOfWork.write_anew

    def noted(work: UnitOfWork, table: str) -> None:
        anew.append(table)
        write_anew(work, table)

    monkeypatch.setattr(UnitOfWork, "write_anew", noted)
    return anew


def errand(at: TestDesk, complaint: UUID) -> Row:
    """What is asked for a complaint, as a desk holds it."""
    (found,) = (row for row in at.rows("task") if row["complaint_id"] == complaint)
    return found


def test_its_tasks_tell_others_nothing_of_it(
    team: Team, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaint = log(team, team.anna)
    owner = str(team.anna.person.agent_id)
    team.step(team.anna, complaint, "T2", checklist=CHECKLIST, ack_channel="phone", owner=owner)
    team.step(team.anna, complaint, "H1", to=str(team.ben.person.agent_id), open_points="Ask the mechanic.")
    assert team.anna.worker.run_once().refused == 0
    team.settle()
    ours = errand(team.ben, complaint)
    assert (ours["errand"], ours["customer_id"]) == ("taken_over", team.customer)
    assert told(errand(team.tom, complaint)) <= SHOWN_OF_TASK
    team.ben.do(Task(**ours).change(team.ben.store.author, {"note": NOTE}, ours["rev"]))
    team.settle()
    assert errand(team.anna, complaint)["note"] == NOTE
    database.person("tom", teams=("workshop", "hotline"))
    team.settle()
    assert errand(team.tom, complaint) == errand(team.ben, complaint)
    assert holds(team.tom, NOTE), "the search finds what is here"
    database.person("tom", teams=("workshop",))
    anew = written_anew(monkeypatch)
    team.settle()
    assert told(errand(team.tom, complaint)) <= SHOWN_OF_TASK
    assert not holds(team.tom, NOTE)
    assert "task" in anew
    for at in (team.anna, team.ben, team.tom):
        assert at.worker.check() == 0


def test_a_note_that_comes_late_goes_to_the_team_that_has_it(team: Team) -> None:
    complaint = log(team, team.anna)
    owner = str(team.anna.person.agent_id)
    team.step(team.anna, complaint, "T2", checklist=CHECKLIST, ack_channel="phone", owner=owner)
    team.settle()
    late = partial(append_note, text=NOTE, call_id=None, customer_id=None, complaint_id=complaint)
    noted: UUID = team.ben.store.write(late).result().result
    team.step(team.anna, complaint, "H1", to=str(team.tom.person.agent_id), open_points="Ask the mechanic.")
    assert team.anna.worker.run_once().refused == 0
    assert team.ben.worker.run_once().refused == 0
    team.settle()
    holders = [at for at in (team.anna, team.ben, team.tom) if at.row("note", noted)]
    assert holders == [team.ben, team.tom], "its author keeps it"
    assert team.anna.worker.check() == 0


def test_the_pages_of_heads_are_written_anew_for_it(team: Team, monkeypatch: pytest.MonkeyPatch) -> None:
    complaint = log(team, team.anna)
    owner = str(team.anna.person.agent_id)
    team.step(team.anna, complaint, "T2", checklist=CHECKLIST, ack_channel="phone", owner=owner)
    team.settle()
    anew = written_anew(monkeypatch)
    team.step(team.anna, complaint, "E1", to_level=2, reason="The press called.")
    assert team.anna.worker.run_once().refused == 0
    team.settle()
    assert anew == [], "nobody lost anything"
    team.step(team.anna, complaint, "H1", to=str(team.tom.person.agent_id), open_points="Ask the mechanic.")
    assert team.anna.worker.run_once().refused == 0
    team.ben.worker.run_once()
    assert anew.count("complaint") == 2, "at both desks of the first team"


def test_a_step_of_one_who_lost_it_is_refused_and_changes_nothing(team: Team) -> None:
    complaint = log(team, team.anna)
    owner = str(team.anna.person.agent_id)
    team.step(team.anna, complaint, "T2", checklist=CHECKLIST, ack_channel="phone", owner=owner)
    team.settle()
    team.step(team.ben, complaint, "E1", to_level=2, reason="The press called.")
    team.step(team.anna, complaint, "H1", to=str(team.tom.person.agent_id), open_points="Ask the mechanic.")
    assert team.anna.worker.run_once().refused == 0
    assert team.ben.worker.run_once().refused == 1
    team.settle()
    assert told(head(team.ben, complaint)) == SHOWN
    assert team.ben.asked("SELECT count(*) FROM server_row") == [(0,)]
    assert team.complaint(team.tom, complaint)["level"] == 0


@pytest.mark.parametrize("at_once", [1, 10_000])
def test_a_first_copy_brings_no_more(team: Team, database: Database, tmp_path: Path, at_once: int) -> None:
    complaint = log(team, team.anna)
    mei = database.person("mei", teams=("workshop",))
    with ExitStack() as stack:
        made = stack.enter_context(desk(database, mei, tmp_path / "mei", at_once=at_once))
        for _ in range(60):
            made.worker.run_once()
            if made.store.read(replica.read_place).result().cursor:
                break
        assert told(head(made, complaint)) == SHOWN
        assert not holds_outlet(made)


def test_it_is_counted_for_its_team_alone(team: Team) -> None:
    log(team, team.anna)
    customer = CustomerId(team.customer)
    now = team.anna.store.author.now()
    ours = team.ben.store.read(partial(counters, customer_id=customer, now=now)).result()
    theirs = team.tom.store.read(partial(counters, customer_id=customer, now=now)).result()
    assert (ours.open_complaints, theirs.open_complaints) == (1, 0)
