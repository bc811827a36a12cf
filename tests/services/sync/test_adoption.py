"""Taking a store along that was filled without operations: matched, sent, and made a shared desk."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import Denied, ServerFault
from crmdesk.models.customer import Customer, open_customer
from crmdesk.models.effects import ENTITIES
from crmdesk.models.sync_views import Duplicate
from crmdesk.resources import resource
from crmdesk.services.demo.company import fill_demo
from crmdesk.services.demo_content import load_demo_content
from crmdesk.services.followers import followers
from crmdesk.services.profile import Profile, new_profile
from crmdesk.services.server import people
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.store import Store
from crmdesk.services.sync import bulk
from crmdesk.services.sync.desk import SharedDesk
from crmdesk.services.sync.join import Joined
from crmdesk.services.sync.outbox import is_shared
from tests.cluster import Database, Person
from tests.services.sync.desks import desk

CUSTOMERS = 12


@pytest.fixture
def profile(tmp_path: Path, light_recovery: None) -> Iterator[Profile]:
    """A test profile with the demo company in it."""
    made = new_profile(tmp_path / "demo", test=True, secrets=MemorySecrets(), environment={}).profile
    content = load_demo_content(resource("demo"))
    fill_demo(made.store_path, made.key, content, now=made.clock(), customers=CUSTOMERS)
    yield made
    made.close()


@pytest.fixture
def store(profile: Profile) -> Iterator[Store]:
    """Its store."""
    opened = profile.open_store("", followers)
    yield opened
    opened.close()


@pytest.fixture
def side(profile: Profile, store: Store) -> Iterator[SharedDesk]:
    """The shared side of that profile."""
    made = SharedDesk(profile, store)
    yield made
    made.close()


@pytest.fixture
def boss(database: Database) -> Person:
    """An administrator of a house with its code tables."""
    with database.connect() as admin:
        people.furnish(admin)
        person = database.person("boss", role="administrator")
        admin.execute("GRANT crm_administrator TO boss")
    return person


def joined(side: SharedDesk, database: Database, person: Person, **more: Any) -> Joined:
    where = f"127.0.0.1:{database.cluster.port}/{database.name}"
    return side.join(where, person.login, person.password, ca=str(database.ca), adopt=True, **more)


def counts(connection: Any) -> dict[str, int]:
    return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ENTITIES}


def at_server(database: Database) -> dict[str, int]:
    with database.connect() as admin:
        return {
            table: admin.execute(f'SELECT count(*) FROM crm."{table}"').fetchone()[0] for table in ENTITIES
        }


def asked(store: Store, statement: str, *values: object) -> list[Any]:
    found: list[Any] = store.read(
        lambda connection: connection.execute(statement, values).fetchall()
    ).result()
    return found


def test_all_of_a_demo_goes_along_and_comes_back(
    side: SharedDesk, store: Store, profile: Profile, database: Database, boss: Person, tmp_path: Path
) -> None:
    before, there = store.read(counts).result(), at_server(database)
    told: list[tuple[int, int]] = []
    done = joined(side, database, boss, told=lambda *each: told.append(each))
    assert done.loaded is not None
    assert (done.loaded.refused, done.operations) == (0, 0)
    assert told[-1] == (sum(before.values()) - _matched(before, done), told[-1][0])
    after = at_server(database)
    grown = {table: after[table] - there[table] for table in ENTITIES}
    for table in ("customer", "contact_point", "asset", "service_visit", "call", "interaction", "article"):
        assert grown[table] == before[table], table
    assert side.run().reloaded
    for table in ("customer", "contact_point", "asset", "service_visit"):
        assert store.read(counts).result()[table] == before[table]
    assert done.copy is not None
    with closing(open_connection(done.copy, profile.key, role="reader")) as copy:
        assert counts(copy) == before
    with desk(database, database.person("wang"), tmp_path / "other") as other:
        other.worker.run_once()
        assert len(other.rows("customer")) == before["customer"]
        (total,) = asked(store, "SELECT sum(contact_count) FROM contact_total")[0]
        assert total == before["interaction"] - _of_nobody(profile, done)


def _matched(before: dict[str, int], done: Joined) -> int:
    assert done.loaded is not None
    return sum(before.values()) - done.loaded.added - done.loaded.same


def _of_nobody(profile: Profile, done: Joined) -> int:
    assert done.copy is not None
    with closing(open_connection(done.copy, profile.key, role="reader")) as copy:
        found = copy.execute("SELECT count(*) FROM interaction WHERE nullif(customer_id, x'') IS NULL")
        return int(found.fetchone()[0])


def test_people_and_codes_of_the_house_take_the_place_of_ours(
    side: SharedDesk, store: Store, database: Database, boss: Person
) -> None:
    login, ours = asked(store, "SELECT login, id FROM agent ORDER BY login LIMIT 1")[0]
    person = database.person(login)
    written = asked(store, "SELECT count(*) FROM call WHERE agent_id = ?", ours)[0][0]
    key = asked(store, "SELECT key FROM disposition ORDER BY key LIMIT 1")[0][0]
    joined(side, database, boss)
    with database.connect() as admin:
        found = admin.execute("SELECT count(*) FROM crm.call WHERE agent_id = %s", (person.agent_id,))
        assert found.fetchone() == (written,)
        assert admin.execute("SELECT 1 FROM crm.agent WHERE id = %s", (UUID(bytes=ours),)).fetchone() is None
        twice = admin.execute("SELECT key FROM crm.disposition GROUP BY key HAVING count(*) > 1").fetchall()
        assert twice == []
        assert admin.execute("SELECT 1 FROM crm.disposition WHERE key = %s", (key,)).fetchone()
        strangers = admin.execute(
            "SELECT bool_or(active) FROM crm.agent a WHERE NOT EXISTS ("
            "SELECT 1 FROM crm.person p WHERE p.agent_id = a.id)"
        ).fetchone()
        assert strangers == (False,)


def test_a_rehearsal_lists_what_may_be_there_twice_and_changes_nothing(
    side: SharedDesk, store: Store, profile: Profile, database: Database, boss: Person, tmp_path: Path
) -> None:
    number, name = asked(
        store,
        "SELECT p.value, c.name FROM contact_point p JOIN customer c ON c.id = p.customer_id"
        " WHERE p.kind = 'phone' AND p.value <> '' ORDER BY p.value LIMIT 1",
    )[0]
    source = asked(store, "SELECT external_id, name FROM customer WHERE external_id <> '' LIMIT 1")
    external = source[0] if source else None
    with desk(database, database.person("wang"), tmp_path / "other") as other:
        given = {"name": "Somebody", "kind": "person", "external_id": external[0] if external else ""}
        other.do(
            other.describe(
                open_customer,
                given,
                [{"kind": "phone", "raw": number, "value": number, "national": number}],
            )
        )
        other.worker.run_once()
    before, there = store.read(counts).result(), at_server(database)
    where = f"127.0.0.1:{database.cluster.port}/{database.name}"
    plan = side.adoption(where, boss.login, boss.password, ca=str(database.ca))
    assert Duplicate("number", number, name, "Somebody") in plan.duplicates
    assert plan.duplicate_count == len(plan.duplicates)
    assert plan.sent["customer"] + plan.matched.get("customer", 0) == before["customer"]
    assert (store.read(counts).result(), at_server(database)) == (before, there)
    assert not store.read(is_shared).result()
    with database.connect() as admin:
        devices = admin.execute("SELECT count(*) FROM crm.device WHERE login = 'boss'").fetchone()
        assert devices == (0,)


def test_a_record_with_the_number_of_its_source_becomes_the_one_that_is_there(
    side: SharedDesk, store: Store, database: Database, boss: Person, tmp_path: Path
) -> None:
    ours = asked(store, "SELECT customer_id FROM asset ORDER BY customer_id LIMIT 1")[0][0]
    store.write(_numbered, UUID(bytes=ours)).result()
    points = asked(store, "SELECT value FROM contact_point WHERE customer_id = ?", ours)
    with desk(database, database.person("wang"), tmp_path / "other") as other:
        made = other.do(
            other.describe(
                open_customer,
                {"name": "Somebody", "kind": "person", "external_id": "K-1"},
                [{"kind": "phone", "raw": points[0][0], "value": points[0][0], "national": ""}],
            )
        )
        other.worker.run_once()
    theirs = UUID(made.payload["id"])
    joined(side, database, boss)
    with database.connect() as admin:
        assert (
            admin.execute("SELECT 1 FROM crm.customer WHERE id = %s", (UUID(bytes=ours),)).fetchone() is None
        )
        assets = admin.execute("SELECT count(*) FROM crm.asset WHERE customer_id = %s", (theirs,)).fetchone()
        assert assets[0] >= 1
        held = admin.execute(
            "SELECT value FROM crm.contact_point WHERE customer_id = %s AND value <> ''", (theirs,)
        ).fetchall()
        assert len(held) == len(set(held)) == len(points)


def _numbered(work: Any, row_id: UUID) -> None:
    held = work.load(Customer, row_id)
    work.do(held.change(work.author, {"external_id": "K-1"}, held.rev))
    work.commit()


def test_what_is_done_while_rows_are_sent_goes_after_them(
    side: SharedDesk, store: Store, database: Database, boss: Person
) -> None:
    (key,) = asked(store, "SELECT id FROM customer LIMIT 1")[0]
    done: list[bool] = []

    def meanwhile(_done: int, _total: int) -> None:
        if not done:
            done.append(True)
            store.write(_renamed, UUID(bytes=key)).result()

    assert joined(side, database, boss, told=meanwhile).operations == 1
    round_ = side.run()
    assert (round_.accepted, round_.refused) == (1, 0)
    side.run()
    assert asked(store, "SELECT name FROM customer WHERE id = ?", key) == [("Named meanwhile",)]
    with database.connect() as admin:
        name = admin.execute("SELECT name FROM crm.customer WHERE id = %s", (UUID(bytes=key),)).fetchone()
        assert name == ("Named meanwhile",)


def _renamed(work: Any, row_id: UUID) -> None:
    held = work.load(Customer, row_id)
    work.do(held.change(work.author, {"name": "Named meanwhile"}, held.rev))
    work.commit()


def test_only_an_administrator_takes_along_what_no_operation_made(
    side: SharedDesk, store: Store, profile: Profile, database: Database, boss: Person
) -> None:
    before = store.read(counts).result()
    with pytest.raises(Denied, match="An administrator takes it along"):
        joined(side, database, database.person("anna"))
    assert store.read(counts).result() == before
    assert not store.read(is_shared).result()


def test_broken_off_nothing_here_changes_and_once_more_it_is_finished(
    side: SharedDesk,
    store: Store,
    profile: Profile,
    database: Database,
    boss: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bulk, "BATCH_ROWS", 40)
    before, copied, sent = store.read(counts).result(), bulk._copy, []

    def dying(link: Any, load_id: UUID, table: str, after: int, rows: Any) -> None:
        sent.append((table, after))
        if len(sent) == 6:
            link.close()
        copied(link, load_id, table, after, rows)

    monkeypatch.setattr(bulk, "_copy", dying)
    with pytest.raises(ServerFault):
        joined(side, database, boss)
    assert store.read(counts).result() == before
    assert not store.read(is_shared).result()
    assert list(profile.path.glob("*before-joining*")) == []
    done = joined(side, database, boss)
    assert done.loaded is not None
    assert done.loaded.refused == 0
    assert len(sent) == len(set(sent)) + 1
    assert at_server(database)["interaction"] == before["interaction"]
