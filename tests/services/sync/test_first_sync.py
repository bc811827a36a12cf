"""The first copy of a large database: page by page beside the store in use, resumed, and swapped in."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.errors import ServerUnreachable
from crmdesk.models.customer import open_customer
from crmdesk.models.note import append_note
from crmdesk.models.screen_pop import TimelinePage
from crmdesk.models.types import CustomerId
from crmdesk.services.customers.search import find
from crmdesk.services.customers.timeline import timeline_page
from crmdesk.services.store.migrations.declared import declared_statements
from crmdesk.services.sync.coverage import is_complete
from crmdesk.services.sync.history import load_history
from crmdesk.services.sync.holding import TABLES
from tests.cluster import Database
from tests.services.sync.desks import TestDesk, desk
from tests.services.sync.proxy import Line


def _filled(at: TestDesk, customers: int = 30) -> None:
    for n in range(customers):
        made = at.do(at.describe(open_customer, {"name": f"Customer {n}", "kind": "person"}))
        at.do(at.describe(append_note, f"note {n}", customer_id=UUID(made.payload["id"])))
    at.worker.run_once()


def _same(one: TestDesk, other: TestDesk) -> None:
    for table in TABLES:
        assert one.rows(table) == other.rows(table), table


def test_a_large_first_copy_comes_in_pages_and_takes_the_place_of_the_store(
    database: Database, tmp_path: Path
) -> None:
    anna, ben = database.person("anna"), database.person("ben")
    with (
        desk(database, anna, tmp_path / "a") as one,
        desk(database, ben, tmp_path / "b", at_once=10) as other,
    ):
        _filled(one)
        other.do(other.describe(open_customer, {"name": "Typed meanwhile", "kind": "person"}))
        parts: list[float | None] = []
        other.worker.on_status(lambda status: parts.append(status.first_sync))
        assert other.worker.run_once().tick > 0
        one.worker.run_once()
        _same(one, other)
        assert other.store.edition == 1
        assert not (tmp_path / "b" / "store.db.next").exists()
        seen = [part for part in parts if part is not None]
        assert seen == sorted(seen)
        assert len(seen) > 5
        assert other.worker.status.first_sync is None
        found = other.store.read(lambda connection: find(connection, "typed meanwhile")).result()
        assert len(found.items) == 1
        other.do(other.describe(open_customer, {"name": "Afterwards", "kind": "person"}))
        other.worker.run_once()
        one.worker.run_once()
        _same(one, other)


def test_a_copy_that_broke_off_goes_on_and_misses_nothing_done_meanwhile(
    database: Database, tmp_path: Path
) -> None:
    anna, ben = database.person("anna"), database.person("ben")
    with (
        Line(database.cluster.port) as line,
        desk(database, anna, tmp_path / "a") as one,
        desk(database, ben, tmp_path / "b", at_once=10, port=line.port) as other,
    ):
        _filled(one)
        cut: list[float] = []

        def cut_once(part: float | None) -> None:
            if part is not None and part > 0.4 and not cut:
                cut.append(part)
                line.cut()

        other.worker.on_status(lambda status: cut_once(status.first_sync))
        with pytest.raises(ServerUnreachable):
            other.worker.run_once()
        assert cut
        assert (tmp_path / "b" / "store.db.next").exists()
        first = one.rows("customer")[0]["id"]
        one.do(one.describe(append_note, "written meanwhile", customer_id=first))
        one.worker.run_once()
        parts: list[float] = []
        other.worker.on_status(lambda status: parts.append(status.first_sync or 0.0))
        other.worker.run_once()
        assert next(part for part in parts if part) >= cut[0]
        _same(one, other)


def test_the_new_store_has_the_declared_schema(database: Database, tmp_path: Path) -> None:
    anna, ben = database.person("anna"), database.person("ben")
    with (
        desk(database, anna, tmp_path / "a") as one,
        desk(database, ben, tmp_path / "b", at_once=10) as other,
    ):
        _filled(one, 10)
        other.worker.run_once()
        query = "SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite_%' ORDER BY type, name"
        assert other.asked(query) == one.asked(query)
    assert len(declared_statements()) > 0


def test_older_history_comes_when_it_is_asked_for_and_is_known_to_be_whole(
    database: Database, tmp_path: Path
) -> None:
    anna, ben = database.person("anna"), database.person("ben")
    with desk(database, anna, tmp_path / "a") as one, desk(database, ben, tmp_path / "b") as other:
        one.profile.clock.set("-200d")
        _filled(one, 3)
        customer = UUID(str(one.rows("customer")[0]["id"]))
        with database.connect() as admin:
            admin.execute("UPDATE crm.interaction SET at = at - interval '200 days'")
            admin.execute("UPDATE crm.note SET at = at - interval '200 days'")
        other.worker.run_once()
        assert other.rows("interaction") == []
        assert not _whole(other, customer)
        assert not _page(other, customer).complete
        progress: list[tuple[int, int]] = []
        load_history(
            other.store,
            other.profile,
            other.worker.address,
            customer,
            lambda done, total: progress.append((done, total)),
        )
        assert progress == [(0, 0), (1, 1)]
        assert [row["text"] for row in other.rows("note")] == ["note 0"]
        assert _whole(other, customer)
        assert _page(other, customer).complete
        one.do(one.describe(append_note, "one more", customer_id=customer))
        one.worker.run_once()
        other.worker.run_once()
        assert len(other.rows("note")) == 2


def test_where_nothing_is_older_everything_is_known_to_be_here(database: Database, tmp_path: Path) -> None:
    anna, ben = database.person("anna"), database.person("ben")
    with (
        desk(database, anna, tmp_path / "a") as one,
        desk(database, ben, tmp_path / "b", at_once=2) as other,
    ):
        _filled(one, 3)
        one.worker.run_once()
        other.worker.run_once()
        assert other.store.edition == 1
        assert _whole(other, UUID(str(one.rows("customer")[0]["id"])))


def _whole(at: TestDesk, customer: UUID) -> bool:
    return at.store.read(lambda connection: is_complete(connection, customer, None)).result()


def _page(at: TestDesk, customer: UUID) -> TimelinePage:
    return at.store.read(lambda connection: timeline_page(connection, CustomerId(customer))).result()
