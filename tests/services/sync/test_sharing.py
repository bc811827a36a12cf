"""Joining a server with nothing or with all that was done before, leaving it, being another device."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.errors import InvalidInput
from crmdesk.models.customer import Customer
from crmdesk.models.outbox import Answer
from crmdesk.services.store.bulk import BulkLoader, rows_by_table
from crmdesk.services.sync.outbox import unsent
from crmdesk.services.sync.refused import refused_lines
from crmdesk.services.sync.replica import record_answers
from crmdesk.services.sync.sharing import begin_sharing, change_device, server_of, stop_sharing
from tests.services.sync.conftest import SERVER, START, SharedDesk
from tests.services.sync.model_server import Device, ModelServer
from tests.services.sync.test_replica import add_customer, add_note, change, shared_customer
from tests.stores import KEY, empty_store


@pytest.fixture
def alone(tmp_path: Path, server: ModelServer, clock: Callable[[], datetime]) -> Iterator[SharedDesk]:
    """A desk that shares with nobody yet."""
    desk = SharedDesk(empty_store(tmp_path / "alone.db"), "alone", server, clock)
    yield desk
    desk.store.close()


def test_fresh_begins_with_nothing_of_its_own(alone: SharedDesk) -> None:
    customer_id = add_customer(alone)
    add_note(alone, customer_id, "我的")
    begun = alone.store.write(begin_sharing, SERVER).result().result
    assert (begun.operations, begun.removed) == (0, 4)
    assert alone.rows() == {}
    for table in ("operation", "history", "customer_search", "server_row", "outbox"):
        assert alone.sql(f"SELECT count(*) FROM {table}") == [(0,)]
    assert alone.read(server_of) == SERVER
    add_customer(alone)
    assert [each.n for each in alone.read(unsent)] == [1], "from now on changes are for the server"


def test_adopting_sends_all_that_was_done_in_order(
    alone: SharedDesk, join: Callable[[str], SharedDesk]
) -> None:
    other = join("two")
    add_customer(other, "李娜")
    other.sync()
    customer_id = add_customer(alone)
    change(alone, customer_id, hint="先生")
    add_note(alone, customer_id, "我的")
    before = alone.rows()
    begun = alone.store.write(lambda work: begin_sharing(work, SERVER, "new", 7, adopt=True)).result().result
    assert begun.operations == 3
    assert [(each.n, each.operation.base_revision) for each in alone.read(unsent)] == [
        (8, None),
        (9, None),
        (10, None),
    ]
    assert alone.rows() == before
    alone.server.state.devices["alone"] = Device(last_n=7, feed_to={7: 0})
    alone.pull()
    assert {place: alone.rows().get(place) for place in before} == before
    alone.push()
    alone.pull()
    assert alone.rows() == alone.server.shown()
    assert len([1 for table, _ in alone.rows() if table == "customer"]) == 2
    assert alone.sql("SELECT * FROM server_row") == []


def test_rows_that_no_operation_made_are_not_left_behind_silently(alone: SharedDesk) -> None:
    alone.store.close()
    customer = Customer(id=UUID(int=4711), name="王伟", created_at=START, updated_at=START)
    with BulkLoader(alone.path, KEY) as loader:
        for table, rows in rows_by_table([customer]).items():
            loader.rows(table, rows)
        loader.finish()
    alone.crash()
    with pytest.raises(InvalidInput, match="1 rows of customer"):
        alone.store.write(lambda work: begin_sharing(work, SERVER, adopt=True)).result()
    assert alone.sql("SELECT * FROM sync") == alone.sql("SELECT * FROM server_row") == []
    add_customer(alone)
    assert alone.read(unsent) == (), "still on its own"


def test_nobody_joins_twice(desk: SharedDesk) -> None:
    with pytest.raises(InvalidInput, match="already"):
        desk.store.write(begin_sharing, SERVER).result()


def test_leaving_keeps_rows_and_what_was_not_accepted(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.server.denies = {"note.append"}
    add_note(desk, customer_id, "refused")
    desk.sync()
    change(desk, customer_id, hint="unsent")
    with pytest.raises(InvalidInput, match="1 changes"):
        desk.store.write(stop_sharing).result()
    assert desk.read(server_of) == SERVER
    rows = desk.rows()
    desk.store.write(lambda work: stop_sharing(work, unsent=True)).result()
    assert desk.rows() == rows
    assert rows["customer", customer_id]["hint"] == "unsent"
    assert [line.text for line in desk.read(refused_lines)] == ["refused"]
    change(desk, customer_id, hint="alone")
    for table in ("outbox", "server_row", "coverage", "sync", "witness"):
        assert desk.sql(f"SELECT count(*) FROM {table}") == [(0,)]


def test_another_device_numbers_what_waits_anew(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    add_note(desk, customer_id, "answered")
    desk.push()
    add_note(desk, customer_id, "waits")
    desk.store.write(change_device, "copy", 0).result()
    assert [each.n for each in desk.read(unsent)] == [1]
    desk.device = "copy"
    answers = [Answer(each.n, desk.server.push("copy", each)) for each in desk.read(unsent)]
    desk.store.write(record_answers, answers).result()
    desk.pull()
    assert desk.rows() == desk.server.shown()
    assert len(desk.server.state.done) == 3
