"""Much that changed is written down beside and taken in at once, by pages; nobody sees half of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.errors import Bug, ServerRefused
from crmdesk.models.customer import open_customer
from crmdesk.models.note import append_note
from crmdesk.models.outbox import Pulled
from crmdesk.services.customers.search import find
from crmdesk.services.sync import replica, staging
from crmdesk.services.sync.holding import TABLES
from tests.cluster import Database
from tests.services.sync.desks import TestDesk, desk
from tests.services.sync.test_totals import same_as_there

Two = tuple[TestDesk, TestDesk]


@pytest.fixture(autouse=True)
def little_is_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(staging, "AT_ONCE", 20)
    monkeypatch.setattr(staging, "PAGE_ROWS", 7)


@pytest.fixture
def two(database: Database, tmp_path: Path) -> Iterator[Two]:
    anna, ben = database.person("anna"), database.person("ben")
    with desk(database, anna, tmp_path / "a") as one, desk(database, ben, tmp_path / "b") as other:
        customers(one, 5)
        other.worker.run_once()
        yield one, other


def customers(at: TestDesk, count: int) -> list[UUID]:
    made = []
    for n in range(count):
        created = at.do(at.describe(open_customer, {"name": f"Nova {n}", "kind": "person"}))
        made.append(UUID(created.payload["id"]))
        at.do(at.describe(append_note, f"note {n}", customer_id=made[-1]))
    at.worker.run_once()
    return made


def leftovers(at: TestDesk) -> list[tuple[object, ...]]:
    return at.asked("SELECT name FROM sqlite_master WHERE name LIKE 'staged%'")


def same(one: TestDesk, other: TestDesk) -> None:
    for table in TABLES:
        assert one.rows(table) == other.rows(table), table


def test_much_comes_as_it_is_at_the_server(two: Two, database: Database) -> None:
    one, other = two
    kept = one.rows("customer")[0]["id"]
    with database.connect() as owner:
        owner.execute("UPDATE crm.customer SET name = 'Renamed', rev = rev + 1 WHERE id = %s", (kept,))
        owner.execute("DELETE FROM crm.note WHERE text = 'note 1'")
        owner.execute("DELETE FROM crm.interaction WHERE id NOT IN (SELECT id FROM crm.note)")
    customers(one, 30)
    one.worker.run_once()
    assert other.worker.run_once().rows > 20
    same(one, other)
    assert leftovers(other) == []
    assert same_as_there(other, database)
    assert other.worker.check() == 0
    assert len(other.store.read(find, "Renamed").result().items) == 1
    assert other.store.read(find, "Nova 29").result().items
    changed = other.asked("SELECT after FROM history WHERE row_id = ? AND operation_id = x''", kept.bytes)
    assert any("Renamed" in after for (after,) in changed)


def test_what_waits_here_is_laid_on_what_came(two: Two, database: Database) -> None:
    one, other = two
    row = other.rows("customer")[0]
    customers(one, 30)
    with database.connect() as owner:
        owner.execute("UPDATE crm.customer SET hint = 'theirs', rev = rev + 1 WHERE id = %s", (row["id"],))
    mine = other.describe(append_note, "mine", customer_id=row["id"])
    other.do(mine)
    with database.connect() as owner:
        owner.execute("REVOKE EXECUTE ON FUNCTION crm.stamp() FROM crm_agent")
    with pytest.raises(ServerRefused, match="may not do this"):
        other.worker.run_once()
    with database.connect() as owner:
        owner.execute("GRANT EXECUTE ON FUNCTION crm.stamp() TO crm_agent")
    other.worker.run_once()
    one.worker.run_once()
    assert other.row("note", UUID(mine.payload["id"])) is not None
    assert (other.row("customer", row["id"]) or {})["hint"] == "theirs"
    assert other.asked("SELECT count(*) FROM server_row") == [(0,)]
    same(one, other)


def test_readers_see_all_of_it_or_nothing(two: Two) -> None:
    one, other = two
    customers(one, 30)
    seen: set[int] = set()

    def watch(work: object, pulled: Pulled) -> None:
        def pages() -> Iterator[object]:
            for page in original(work.connection):  # type: ignore[attr-defined]
                seen.add(len(other.rows("customer")))
                yield page

        replica.take_in_pages(work, pulled, pages(), lambda: None)  # type: ignore[arg-type]

    original = staging._pages
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crmdesk.services.sync.intake.take_in_staged", watch)
        other.worker.run_once()
    assert seen == {5}
    assert len(other.rows("customer")) == 35


def test_what_fails_half_way_leaves_everything_as_it_was(two: Two) -> None:
    one, other = two
    customers(one, 30)
    before = [other.rows(table) for table in TABLES]

    def broken(*_: object) -> None:
        raise Bug("cut off")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replica, "_move_on", broken)
        with pytest.raises(Bug, match="cut off"):
            other.worker.run_once()
    assert [other.rows(table) for table in TABLES] == before
    assert leftovers(other) == []
    other.worker.run_once()
    same(one, other)
