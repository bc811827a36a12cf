"""Of a restricted complaint another team gets number, state and whom to ask, whatever it asks in SQL."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest

from crmdesk.models.complaint import SHOWN_OF_RESTRICTED, Complaint
from crmdesk.models.task import OWNER_IS_TOLD, SHOWN_OF_TASK, Task
from crmdesk.models.wire import field_types
from crmdesk.services.server import install
from tests.cluster import Cluster, Database, Person, team_id
from tests.services.server.rows import MOMENT, add_customer, stamp_all
from tests.services.server.test_complaint_security import EVERYWHERE, PATHS
from tests.services.server.test_security import Sender, said

SECRET = "canary-4ead"
HEAD = tuple(field_types(Complaint))


@dataclass(frozen=True)
class House:
    """A restricted complaint of the legal team, one that repeats it, one merged into it; two customers."""

    database: Database
    li: Person
    restricted: uuid.UUID
    task: uuid.UUID
    repeat: uuid.UUID
    merged: uuid.UUID
    customer: uuid.UUID
    other: uuid.UUID


@pytest.fixture(scope="module")
def house(cluster: Cluster) -> Iterator[House]:
    made = cluster.database()
    wang = made.person("wang", teams=("hotline",))
    li = made.person("li", teams=("legal",))
    with made.connect() as owner:
        customer = add_customer(owner)
        texts = {name: SECRET for name, (kind, _) in field_types(Complaint).items() if kind is str}
        shown = {"number": "C26-K7Q-0001", "state": "ASSESSED"}
        legal: dict[str, Any] = {
            "team_id": li.teams["legal"],
            "owner_id": li.agent_id,
            "customer_id": customer,
        }
        legal |= {"restricted": True, "first_contact": True, "level": 2}
        legal |= {"last_step_at": MOMENT, "closed_at": MOMENT}
        restricted = _log(owner, texts | shown | legal)
        other = add_customer(owner, "Li Si")
        hotline = {"team_id": wang.teams["hotline"], "owner_id": wang.agent_id, "customer_id": other}
        repeat = _log(owner, {"number": "C26-K7Q-0002", "repeat_of": restricted} | hotline)
        merged = _log(owner, {"number": "C26-K7Q-0003", "merged_into": restricted} | hotline)
        task = _task(owner, restricted, customer, li.agent_id)
        stamp_all(owner)
    yield House(made, li, restricted, task, repeat, merged, customer, other)
    made.drop()


@pytest.fixture
def own(house: House) -> Iterator[House]:
    """The same in a database that the test may change."""
    made = house.database.copy()
    yield replace(house, database=made)
    made.drop()


def _log(owner: Any, values: dict[str, Any]) -> uuid.UUID:
    row_id = uuid.uuid4()
    made = {"id": row_id, "received_at": MOMENT, "logged_at": MOMENT} | values
    marks = ", ".join("%s" for _ in made)
    owner.execute(f"INSERT INTO crm.complaint ({', '.join(made)}) VALUES ({marks})", list(made.values()))
    return row_id


def _task(owner: Any, complaint: uuid.UUID, customer: uuid.UUID, whose: uuid.UUID) -> uuid.UUID:
    row_id = uuid.uuid4()
    owner.execute(
        "INSERT INTO crm.task (id, complaint_id, customer_id, owner_id, subject, note, due_at, created_at,"
        " errand) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 'reminder')",
        (row_id, complaint, customer, whose, SECRET, SECRET, MOMENT, MOMENT),
    )
    return row_id


def head(
    house: House, login: str, row_id: uuid.UUID, view: str = "complaint_head", names: tuple[str, ...] = HEAD
) -> dict[str, Any]:
    """The head of a complaint, or a row of another *view*, as a desk of *login* gets it."""
    with house.database.connect(login) as session:
        listed = ", ".join(names)
        found = session.execute(f"SELECT {listed} FROM crm.{view} WHERE id = %s", (row_id,)).fetchone()
    return dict(zip(names, found, strict=True))


def task(house: House, login: str) -> dict[str, Any]:
    """The task of the restricted complaint as a desk of *login* gets it."""
    return head(house, login, house.task, "task_head", tuple(field_types(Task)))


def test_number_state_and_whom_to_ask_are_told_and_nothing_else(house: House) -> None:
    told = head(house, "wang", house.restricted)
    assert {name for name, value in told.items() if value not in (None, "", 0, False)} == SHOWN_OF_RESTRICTED
    assert (told["number"], told["state"], told["restricted"]) == ("C26-K7Q-0001", "ASSESSED", True)
    assert (told["team_id"], told["owner_id"]) == (house.li.teams["legal"], house.li.agent_id)


def test_who_handles_it_gets_all_of_it(house: House) -> None:
    told = head(house, "li", house.restricted)
    assert (told["customer_id"], told["category"], told["level"]) == (house.customer, SECRET, 2)
    assert head(house, "li", house.repeat)["repeat_of"] == house.restricted


def test_so_does_the_owner_who_works_in_another_team(own: House) -> None:
    mei = own.database.person("mei", teams=("hotline",))
    with own.database.connect() as owner:
        owner.execute("UPDATE crm.complaint SET owner_id = %s WHERE restricted", (mei.agent_id,))
    assert head(own, "mei", own.restricted)["customer_id"] == own.customer
    assert head(own, "li", own.restricted)["customer_id"] == own.customer, "his team still handles it"
    assert head(own, "wang", own.restricted)["customer_id"] is None


def test_a_complaint_that_names_it_does_not_tell_so_to_others(house: House) -> None:
    assert head(house, "wang", house.repeat)["repeat_of"] is None
    assert head(house, "wang", house.merged)["merged_into"] is None
    assert head(house, "wang", house.repeat)["customer_id"] == house.other


def test_of_its_tasks_others_get_whose_they_are(own: House) -> None:
    told = task(own, "wang")
    assert {name for name, value in told.items() if value not in (None, "", 0)} <= SHOWN_OF_TASK
    assert (told["complaint_id"], told["owner_id"]) == (own.restricted, own.li.agent_id)
    assert task(own, "li")["customer_id"] == own.customer
    mei = own.database.person("mei", "supervisor", teams=("hotline",))
    with own.database.connect() as owner:
        owner.execute("UPDATE crm.task SET owner_id = %s", (mei.agent_id,))
    told = task(own, "mei")
    assert (told["subject"], told["errand"]) == (SECRET, "reminder")
    assert {name for name, value in told.items() if value} <= SHOWN_OF_TASK | OWNER_IS_TOLD


def test_of_tasks_of_other_complaints_everybody_gets_all(own: House) -> None:
    with own.database.connect() as owner:
        owner.execute("UPDATE crm.task SET complaint_id = %s", (own.repeat,))
    assert task(own, "wang") == task(own, "li")
    assert task(own, "wang")["note"] == SECRET


HIDDEN = [
    *((table, column) for table in ("complaint", "complaint_head") for column in ("category", "outlet")),
    *((table, "customer_id") for table in ("complaint", "complaint_head", "task", "task_head")),
    *((table, "note") for table in ("task", "task_head")),
]


@pytest.mark.parametrize(("table", "column"), HIDDEN)
def test_no_path_leads_to_more(house: House, table: str, column: str) -> None:
    with house.database.connect("wang", autocommit=False) as session:
        for path in PATHS:
            told = said(session, path.format(table, column))
            session.rollback()
            assert SECRET not in told, path
            assert str(house.customer) not in told, path


@pytest.mark.parametrize("statement", EVERYWHERE)
def test_nor_does_anything_that_is_told_of_all_tables(house: House, statement: str) -> None:
    with house.database.connect("wang", autocommit=False) as session:
        assert SECRET not in said(session, statement)


def test_the_paths_find_it_for_the_team(house: House) -> None:
    with house.database.connect("li", autocommit=False) as session:
        assert SECRET in said(session, PATHS[6].format("complaint_head", "category"))


def test_no_pointer_tells_whose_it_is(own: House) -> None:
    with own.database.connect() as owner:
        owner.execute(
            "UPDATE crm.complaint SET rev = rev + 1, customer_id = %s", (add_customer(owner, "Wu"),)
        )
        owner.execute("UPDATE crm.task SET rev = rev + 1, customer_id = %s", (own.other,))
        stamp_all(owner)
    with own.database.connect("wang") as session:
        told = session.execute("SELECT pk, parent FROM crm.feed").fetchall()
    parents = {pk: {parent for key, parent in told if key == pk} for pk, _ in told}
    assert parents[own.restricted] == parents[own.task] == {None}
    assert own.other in parents[own.repeat]


def test_another_team_makes_the_complaints_that_name_it_be_looked_at_again(own: House) -> None:
    with own.database.connect() as owner:
        seq = stamp_all(owner)
        owner.execute("UPDATE crm.complaint SET rev = rev + 1, level = 1 WHERE restricted")
        stamp_all(owner)
        assert changed(owner, seq) == [own.restricted], "the control: only itself"
        owner.execute(
            "UPDATE crm.complaint SET rev = rev + 1, team_id = %s WHERE restricted",
            (team_id("workshop"),),
        )
        seq = stamp_all(owner) and seq
    everything = {own.restricted, own.repeat, own.merged, own.task}
    own.database.person("tom", teams=("workshop",))
    for login, told in (("li", everything), ("tom", everything), ("wang", {own.restricted})):
        with own.database.connect(login) as session:
            assert set(changed(session, seq)) == told, "nobody else hears which ones name it"


def changed(session: Any, after: int) -> list[uuid.UUID]:
    found = session.execute(
        "SELECT DISTINCT pk FROM crm.feed WHERE tab IN ('complaint', 'task') AND seq > %s", (after,)
    )
    return [row[0] for row in found.fetchall()]


def test_a_desk_finds_heads_by_their_ids_and_never_reads_them_all(own: House) -> None:
    with own.database.connect() as owner:
        owner.execute(
            "INSERT INTO crm.complaint (id, number, team_id, restricted, repeat_of, received_at, logged_at)"
            " SELECT gen_random_uuid(), n::text, %s, n %% 100 = 0, gen_random_uuid(), %s, %s"
            " FROM generate_series(1, 20000) n",
            (own.li.teams["legal"], MOMENT, MOMENT),
        )
        stamp_all(owner)
        owner.execute("ANALYZE crm.complaint, crm.feed")
    with own.database.connect("wang") as session:
        plan = session.execute(
            f"EXPLAIN SELECT f.pk, {', '.join(f'k.{name}' for name in HEAD)} FROM (SELECT DISTINCT pk"
            " FROM crm.feed WHERE tab = 'complaint' AND seq > 20000 AND seq <= 20001) AS f"
            " LEFT JOIN crm.complaint_head AS k ON k.id = f.pk"
        ).fetchall()
    assert not any("Seq Scan on complaint" in line for (line,) in plan), plan


def test_what_a_database_told_before_is_taken_back(own: House) -> None:
    with own.database.connect() as owner:
        owner.execute(
            "INSERT INTO crm.interaction (id, customer_id, kind, at, topic)"
            " VALUES (%s, %s, 'complaint', %s, %s)",
            (own.restricted, own.customer, MOMENT, SECRET),
        )
        told = {own.restricted, own.task}
        owner.execute("UPDATE crm.feed SET parent = %s WHERE pk = ANY (%s)", (own.customer, list(told)))
        seq = stamp_all(owner)
    install.upgrade(own.database.owner_dsn, password=own.database.password())
    with own.database.connect() as owner:
        stamp_all(owner)
    with own.database.connect("wang") as session:
        assert session.execute("SELECT count(*) FROM crm.interaction").fetchone() == (0,)
        found = session.execute(
            "SELECT pk, parent FROM crm.feed WHERE pk = ANY (%s)", (list(told),)
        ).fetchall()
        assert set(found) == {(pk, None) for pk in told}
        assert set(changed(session, seq)) == told, "desks look at them again"


def test_who_may_not_read_it_is_not_told_of_it_in_an_answer(own: House) -> None:
    sender = Sender(own.database, "wang")
    for kind in ("complaint.step", "complaint.approve", "letter.make"):
        payload = {"id": str(own.restricted), "complaint_id": str(own.restricted), "fields": {}}
        told = str(sender.push(kind, payload, base=1))
        assert SECRET not in told and str(own.customer) not in told, told
    sender.session.close()
