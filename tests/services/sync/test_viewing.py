"""Whose records are opened is written down here and told to the server, behind everything else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.models.customer import open_customer
from crmdesk.services.server.viewed import View, views
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync.coverage import CUSTOMER, Coverage, cover, coverage_of, customer_key
from crmdesk.services.sync.sharing import stop_sharing
from crmdesk.services.sync.viewing import BATCH, Views, note_view
from tests.cluster import Database, Person
from tests.services.sync.desks import TestDesk, desk


@pytest.fixture(autouse=True)
def looked_after_in_each_round(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("crmdesk.services.sync.tending.DUE_SECONDS", 0.0)


@pytest.fixture
def anna(database: Database) -> Person:
    return database.person("anna", teams=("hotline",))


@pytest.fixture
def one(database: Database, anna: Person, tmp_path: Path) -> Iterator[TestDesk]:
    with desk(database, anna, tmp_path / "a") as made:
        yield made


def opened(at: TestDesk, name: str = "王伟") -> UUID:
    made = at.do(at.describe(open_customer, {"name": name, "kind": "person"}))
    return UUID(made.payload["id"])


def note(at: TestDesk, customer: UUID, count: int = 1) -> None:
    for n in range(count):
        moment = at.store.author.now() - timedelta(seconds=count - n)
        at.store.write(note_view, customer, moment, "call").result()


def waiting(at: TestDesk) -> int:
    at.store.write(lambda _work: None).result()  # whatever was queued before is written then
    ((count,),) = at.asked("SELECT count(*) FROM viewed")
    return int(count)


def seen_by(database: Database, login: str) -> tuple[View, ...]:
    with database.connect(login) as session:
        return views(session)


def test_views_are_told_after_everything_else(one: TestDesk, database: Database) -> None:
    customer = opened(one)
    Views(one.store).opened(customer, "record")
    with database.connect() as owner:
        assert one.worker.run_once().sent == 1  # busy: views can wait
        assert waiting(one) == 1
        one.worker.run_once()
        assert waiting(one) == 0
        (held,) = views(owner)
    assert (held.login, held.customer_id, held.name, held.why) == ("anna", customer, "王伟", "record")
    assert held.desk != ""


def test_many_views_go_in_batches_and_the_same_ones_again_count_once(
    one: TestDesk, database: Database
) -> None:
    customer = opened(one)
    note(one, customer, BATCH + 3)
    kept = one.asked("SELECT at, customer_id, why FROM viewed")
    one.worker.run_once()
    one.worker.run_once()
    assert waiting(one) == 0

    def again(work: UnitOfWork) -> None:
        work.connection.executemany("INSERT INTO viewed VALUES (?, ?, ?)", kept)
        work.commit()

    one.store.write(again).result()
    one.worker.run_once()
    with database.connect() as owner:
        assert owner.execute("SELECT count(*) FROM crm.viewed").fetchone() == (BATCH + 3,)


def test_a_server_that_takes_no_views_holds_nothing_up(one: TestDesk, database: Database) -> None:
    customer = opened(one)
    note(one, customer)
    with database.connect() as owner:
        owner.execute("REVOKE EXECUTE ON FUNCTION crm.record_views(uuid, jsonb) FROM crm_agent")
        for _ in range(3):
            one.worker.run_once()
        assert (waiting(one), one.worker.status.connected, one.worker.status.trouble) == (1, True, None)
        opened(one, "another")
        assert one.worker.run_once().accepted == 1
        owner.execute("GRANT EXECUTE ON FUNCTION crm.record_views(uuid, jsonb) TO crm_agent")
    one.worker.run_once()
    assert waiting(one) == 0


def test_a_record_fetched_again_soon_was_opened_once(one: TestDesk) -> None:
    customer, other = opened(one), opened(one, "another")
    seen = Views(one.store)
    for _ in range(3):
        seen.opened(customer, "call")
        seen.opened(other, "record")
    one.profile.clock.set("+11m")
    seen.opened(customer, "record")
    assert waiting(one) == 3
    assert one.asked("SELECT why FROM viewed WHERE customer_id = ? ORDER BY at", customer.bytes) == [
        ("call",),
        ("record",),
    ]


def test_each_of_his_complaints_is_opened_by_itself(one: TestDesk) -> None:
    customer = opened(one)
    seen = Views(one.store)
    for why in (
        "call",
        "complaint C26-K7Q-0001",
        "complaint C26-K7Q-0002",
        "complaint C26-K7Q-0001",
        "record",
    ):
        seen.opened(customer, why)
    assert waiting(one) == 3


def test_a_desk_that_works_alone_writes_nothing_down(one: TestDesk) -> None:
    customer = opened(one)
    note(one, customer)
    one.store.write(lambda work: stop_sharing(work, unsent=True)).result()
    assert waiting(one) == 0
    note(one, customer)
    assert waiting(one) == 0


def test_a_history_that_is_looked_at_is_the_last_to_go(one: TestDesk) -> None:
    customer = opened(one)
    one.worker.run_once()

    def fetched(work: UnitOfWork) -> None:
        cover(work, Coverage(CUSTOMER, customer_key(customer), None, 0))
        work.commit()

    one.store.write(fetched).result()
    note(one, customer)
    held = one.store.read(coverage_of, CUSTOMER, customer_key(customer)).result()
    assert held is not None
    assert held.complete_since == one.worker.status.tick > 0


def test_who_sees_whose_views(one: TestDesk, database: Database) -> None:
    customer = opened(one)
    note(one, customer)
    one.worker.run_once()
    one.worker.run_once()
    people = {"erin": ("supervisor", "hotline"), "gina": ("supervisor", "night")}
    people |= {"olga": ("auditor", "night"), "adam": ("administrator", "night")}
    for login, (role, team) in people.items():
        database.person(login, role, teams=(team,))
        with database.connect() as owner:
            owner.execute(f'GRANT crm_{role} TO "{login}"')
    assert [len(seen_by(database, login)) for login in ("erin", "gina", "olga", "adam")] == [1, 0, 1, 1]
    with database.connect("anna") as session, pytest.raises(Exception, match="permission denied"):
        views(session)
