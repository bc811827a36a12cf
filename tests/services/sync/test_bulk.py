"""The bulk lane: batches, rights, going on after a break, and how other desks hear of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import psycopg
import pytest

from crmdesk.errors import ServerFault, ServerRefused
from crmdesk.models.customer import Customer
from crmdesk.models.interaction import Interaction
from crmdesk.models.operations import row_of
from crmdesk.models.types import utc_now
from crmdesk.models.wire import Row
from crmdesk.services.sync import bulk, reloading
from crmdesk.services.sync.bulk import Cargo, Loaded, digest_of, load
from crmdesk.services.sync.connection import Link, connect
from crmdesk.services.sync.coverage import WINDOW, coverage_of
from tests.cluster import Database, Person
from tests.services.sync.desks import TestDesk, address_of, desk

SPACE = UUID("5d3b3f62-9e25-5b9e-9d0c-5b6f0c9c8a11")
MANY = 23


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several batches, and pages, of few rows."""
    monkeypatch.setattr(bulk, "BATCH_ROWS", 5)
    monkeypatch.setattr(reloading, "PAGE_ROWS", 2)


@pytest.fixture
def boss(database: Database) -> Person:
    """An administrator of the house."""
    person = database.person("boss", role="administrator")
    with database.connect() as admin:
        admin.execute("GRANT crm_administrator TO boss")
    return person


@pytest.fixture
def link(database: Database, boss: Person) -> Iterator[Link]:
    """The administrator's line."""
    with closing(connect(address_of(database, boss.login), boss.password)) as made:
        yield made


@pytest.fixture
def other(database: Database, tmp_path: Path) -> Iterator[TestDesk]:
    """The desk of somebody else, level with the server."""
    with desk(database, database.person("wang"), tmp_path / "other") as made:
        made.worker.run_once()
        yield made


def customers(count: int = MANY, mark: str = "c") -> list[Row]:
    made = [
        Customer(
            id=uuid5(SPACE, f"{mark}{n}"),
            rev=3,
            kind="person",
            name=f"{mark} {n}",
            external_id=f"{mark}-{n}",
            created_at=utc_now(),
            updated_at=utc_now(),
        )
        for n in range(count)
    ]
    return sorted((row_of(each) for each in made), key=lambda row: row["id"])


def lines(of: Sequence[Row], at: datetime) -> list[Row]:
    made = [
        Interaction(id=uuid5(row["id"], str(at)), customer_id=row["id"], kind="visit", at=at, subject="oil")
        for row in of
    ]
    return sorted((row_of(each) for each in made), key=lambda row: row["id"])


def cargo(tables: Mapping[str, Sequence[Row]]) -> Cargo:
    counts, digest = digest_of(list(tables), lambda table: tables[table])
    return Cargo(counts, digest, lambda table: tables[table])


def counted(database: Database, table: str) -> int:
    with database.connect() as admin:
        found: int = admin.execute(f'SELECT count(*) FROM crm."{table}"').fetchone()[0]
        return found


def _window(connection: Any) -> datetime | None:
    """Return since when every history is here, None for always."""
    covered = coverage_of(connection, WINDOW)
    assert covered is not None
    return covered.from_at


def asked(database: Database, statement: str) -> list[tuple[Any, ...]]:
    with database.connect() as admin:
        found: list[tuple[Any, ...]] = admin.execute(statement).fetchall()
        return found


@pytest.mark.usefixtures("small_batches")
def test_each_batch_leaves_one_pointer_and_one_line_of_the_audit(
    link: Link, database: Database, boss: Person
) -> None:
    told: list[tuple[int, int]] = []
    sent = cargo({"customer": customers()})
    before = asked(database, "SELECT count(*) FROM crm.audit")[0][0]
    loaded = load(link, address_of(database, "boss"), sent, lambda *each: told.append(each))
    assert loaded == Loaded(added=MANY, same=0, refused=0)
    assert told[-1] == (MANY, MANY)
    assert counted(database, "customer") == MANY
    assert (
        asked(database, "SELECT tab FROM crm.feed WHERE tab LIKE '%customer'") == [("reload customer",)] * 5
    )
    audit = asked(
        database,
        "SELECT a.login::text, v.after ->> 'digest', (v.after ->> 'rows')::int FROM crm.audit a"
        " JOIN crm.audit_value v ON v.audit = a.n WHERE a.tab = 'reload customer' ORDER BY a.n",
    )
    assert audit == [("boss", sent.digest, rows) for rows in (5, 5, 5, 5, 3)]
    assert asked(database, "SELECT count(*) FROM crm.audit")[0][0] == before + 5
    link.execute("SELECT crm.stamp()")
    assert asked(database, "SELECT * FROM crm.broken_audit()") == []
    assert asked(database, "SELECT count(*) FROM crm.staging_customer") == [(0,)]


def test_after_a_batch_every_change_leaves_its_own_pointer_again(link: Link, database: Database) -> None:
    load(link, address_of(database, "boss"), cargo({"customer": customers()}))
    with database.connect() as admin:
        # The setting alone proves nothing: without a batch under way the row is written down.
        admin.execute("SET crm.bulk = 'on'")
        admin.execute("UPDATE crm.customer SET name = 'x', rev = rev + 1")
    assert asked(database, "SELECT count(*) FROM crm.feed WHERE tab = 'customer'") == [(MANY,)]


@pytest.mark.usefixtures("small_batches")
def test_the_same_once_more_changes_nothing(link: Link, database: Database) -> None:
    rows, where = customers(), address_of(database, "boss")
    load(link, where, cargo({"customer": rows}))
    feed = asked(database, "SELECT count(*) FROM crm.feed")
    assert load(link, where, cargo({"customer": rows})) == Loaded(MANY, 0, 0)
    renamed = [{**row, "name": "other"} for row in rows]
    assert load(link, where, cargo({"customer": renamed})) == Loaded(0, MANY, 0)
    strangers = [{**row, "id": uuid5(SPACE, row["name"] + "!")} for row in rows]
    assert load(link, where, cargo({"customer": strangers})) == Loaded(0, MANY, 0)
    twice = [{**row, "external_id": "K-1"} for row in customers(4, "d")]
    assert load(link, where, cargo({"customer": twice})) == Loaded(1, 3, 0)
    assert asked(database, "SELECT count(*) FROM crm.feed") == [(feed[0][0] + 1,)]
    assert asked(database, "SELECT count(*) FROM crm.customer WHERE name = 'other'") == [(0,)]


@pytest.mark.usefixtures("small_batches")
@pytest.mark.parametrize("staged", [True, False])
def test_broken_off_it_goes_on_where_it_stopped(
    link: Link, database: Database, boss: Person, staged: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows, where = customers(), address_of(database, "boss")
    sent, batches = cargo({"customer": rows}), []
    copied = bulk._copy

    def dying(link: Link, *more: Any) -> None:
        batches.append(more[2])
        if len(batches) == 3:
            if staged:
                copied(link, *more)
            link.close()
        copied(link, *more)

    monkeypatch.setattr(bulk, "_copy", dying)
    with pytest.raises(ServerFault):
        load(link, where, sent)
    assert counted(database, "customer") == 10
    with closing(connect(where, boss.password)) as again:
        assert load(again, where, sent) == Loaded(MANY, 0, 0)
    assert batches == [0, 5, 10, *((15, 20) if staged else (10, 15, 20))]
    assert counted(database, "customer") == MANY


def test_a_row_whose_record_is_not_there_is_told_and_left_out(link: Link, database: Database) -> None:
    rows = customers(3)
    tables = {"customer": rows[:2], "interaction": lines(rows, utc_now())}
    loaded = load(link, address_of(database, "boss"), cargo(tables))
    assert (loaded.added, loaded.refused) == (4, 1)
    (refusal,) = loaded.reasons
    assert (refusal.table, refusal.why) == ("interaction", "customer_id")
    assert asked(database, "SELECT sum(contact_count) FROM crm.contact_total") == [(2,)]


def test_somebody_erased_does_not_come_back(link: Link, database: Database) -> None:
    rows, where = customers(2), address_of(database, "boss")
    load(link, where, cargo({"customer": rows[:1]}))
    with database.connect() as admin:
        admin.execute("SELECT crm.erase_customer(%s)", (rows[0]["id"],))
    loaded = load(link, where, cargo({"customer": rows}))
    assert (loaded.added, loaded.refused) == (1, 1)
    assert loaded.reasons[0].why == "erased"


@pytest.mark.parametrize("role", ["agent", "supervisor", "auditor"])
def test_nobody_but_an_administrator_may(database: Database, role: str) -> None:
    person = database.person("lin", role=role)
    where = address_of(database, "lin")
    with closing(connect(where, person.password)) as line:
        with pytest.raises(ServerRefused):
            load(line, where, cargo({"customer": customers()}))
        for statement in (
            "INSERT INTO crm.staging_customer (load, row_n) VALUES (gen_random_uuid(), 1)",
            "SELECT * FROM crm.staging_customer",
            "SELECT crm.merge_load(gen_random_uuid(), 'customer')",
            "SELECT crm.refused_of_load(gen_random_uuid(), 1)",
            "UPDATE crm.load SET busy = pg_current_xact_id()",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                line.execute(statement)


def test_a_change_in_the_transaction_of_a_batch_is_written_down_all_the_same(database: Database) -> None:
    row = customers(1)[0]
    with database.connect() as admin, admin.transaction():
        admin.execute("SELECT crm.begin_load(%s, 'x', '{customer}')", (SPACE,))
        bulk._copy(admin, SPACE, "customer", 0, [row])
        admin.execute("SELECT crm.merge_load(%s, 'customer')", (SPACE,))
        admin.execute("SET crm.bulk = 'on'")
        admin.execute("UPDATE crm.customer SET name = 'x', rev = rev + 1")
    assert asked(database, "SELECT count(*) FROM crm.feed WHERE tab = 'customer'") == [(1,)]


def test_an_administrator_who_is_none_any_more_may_not_either(link: Link, database: Database) -> None:
    link.execute("SELECT crm.begin_load(%s, 'x', '{customer}')", (SPACE,))
    with database.connect() as admin:
        admin.execute("UPDATE crm.person SET role = 'agent' WHERE login = 'boss'")
    with pytest.raises(psycopg.Error, match="Only an administrator"):
        link.execute("SELECT crm.merge_load(%s, 'customer')", (SPACE,))
    with pytest.raises(ServerRefused):
        load(link, address_of(database, "boss"), cargo({"customer": customers()}))


def test_the_load_of_somebody_else_is_not_gone_on_with(link: Link, database: Database) -> None:
    sent = cargo({"customer": customers()})
    load(link, address_of(database, "boss"), sent)
    person = database.person("chief", role="administrator")
    with database.connect() as admin:
        admin.execute("GRANT crm_administrator TO chief")
    where = address_of(database, "chief")
    with (
        closing(connect(where, person.password)) as line,
        pytest.raises(ServerRefused, match="another one"),
    ):
        load(line, where, sent)


@pytest.mark.usefixtures("small_batches")
def test_other_desks_fetch_the_range_and_are_level(link: Link, database: Database, other: TestDesk) -> None:
    rows, where = customers(), address_of(database, "boss")
    load(link, where, cargo({"customer": rows, "interaction": lines(rows, utc_now())}))
    round_ = other.worker.run_once()
    assert not round_.reloaded
    assert [row["id"] for row in other.rows("customer")] == [row["id"] for row in rows]
    assert len(other.rows("interaction")) == MANY
    assert other.asked("SELECT sum(contact_count) FROM contact_total") == [(MANY,)]
    assert other.worker.check() == 0


def test_old_lines_stay_at_the_server_and_nobody_takes_his_history_for_whole(
    link: Link, database: Database, other: TestDesk
) -> None:
    assert other.store.read(_window).result() is None
    rows, where = customers(4), address_of(database, "boss")
    old = utc_now() - timedelta(days=400)
    load(link, where, cargo({"customer": rows, "interaction": lines(rows, old)}))
    other.worker.run_once()
    assert len(other.rows("customer")) == 4
    assert other.rows("interaction") == []
    assert other.store.read(_window).result() is not None
    assert other.asked("SELECT sum(contact_count) FROM contact_total") == [(4,)]


def test_whose_history_was_fetched_gets_his_old_lines_too(
    link: Link, database: Database, other: TestDesk
) -> None:
    from crmdesk.services.sync.history import load_history

    rows, where = customers(4), address_of(database, "boss")
    load(link, where, cargo({"customer": rows}))
    other.worker.run_once()
    wang = address_of(database, "wang")
    load_history(other.store, other.profile, wang, rows[0]["id"], lambda _done, _total: None)
    load(link, where, cargo({"interaction": lines(rows, utc_now() - timedelta(days=400))}))
    other.worker.run_once()
    assert [row["customer_id"] for row in other.rows("interaction")] == [rows[0]["id"]]


def test_what_is_typed_meanwhile_stays_on_top(link: Link, database: Database, other: TestDesk) -> None:
    rows, where = customers(4), address_of(database, "boss")
    load(link, where, cargo({"customer": rows[:1]}))
    other.worker.run_once()

    def rename(work: Any) -> None:
        held = work.load(Customer, rows[0]["id"])
        work.do(held.change(work.author, {"name": "mine"}, held.rev))
        work.commit()

    load(link, where, cargo({"customer": rows}))
    other.store.write(rename).result()
    other.worker.run_once()
    here = other.row("customer", rows[0]["id"])
    assert here is not None
    assert here["name"] == "mine"
    assert len(other.rows("customer")) == 4
    assert other.worker.check() == 0
