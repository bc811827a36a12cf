"""The one way in: rows, log, history and search indexes change together or not at all."""

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from sqlcipher3 import dbapi2

from crmdesk.errors import Bug, Conflict, InvalidInput, NotFound, StoreFault, StoreUnwritable
from crmdesk.models.changes import ChangeSet
from crmdesk.models.customer import Customer, open_customer
from crmdesk.models.note import append_note
from crmdesk.models.operations import Author, RowChange
from crmdesk.models.visit import ServiceVisit, record_visit
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork
from tests.stores import KEY, empty_store

START = datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return empty_store(tmp_path / "store.db")


def ticking() -> Callable[[], datetime]:
    moments = iter(START + timedelta(seconds=n) for n in range(100_000))
    return lambda: next(moments)


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    with closing(Store(path, KEY, Author("agent", "desk", ticking()))) as held:
        yield held


def add_customer(work: UnitOfWork, name: str = "Li", number: str = "+8613800138000") -> UUID:
    operation = open_customer(work.author, {"name": name}, [{"raw": number, "value": number}])
    work.do(operation)
    work.commit()
    return UUID(operation.payload["id"])


def change_customer(work: UnitOfWork, customer_id: UUID, changes: dict[str, Any], base: int | None) -> None:
    customer = work.load(Customer, customer_id)
    work.do(customer.change(work.author, changes, base))
    work.commit()


def everything(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables as they lie in the file."""
    with closing(open_connection(path, KEY, role="reader")) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        return {
            name: connection.execute(f'SELECT * FROM "{name}"').fetchall()
            for (name,) in tables
            if not name.startswith(("knowledge_fts", "customer_fts", "contact_point_fts", "asset_fts"))
        }


def test_a_change_is_rows_log_and_history(store: Store, path: Path) -> None:
    customer_id = store.write(add_customer).result().result
    store.write(change_customer, customer_id, {"hint": "先生"}, 1).result()
    held = everything(path)
    assert [row[2] for row in held["operation"]] == ["customer.create", "customer.change"]
    changed = held["history"][-1]
    assert changed[2:5] == ("customer", customer_id.bytes, 2)
    assert '"hint": ""' in str(changed[5]) and '"hint": "先生"' in str(changed[6])
    assert "name" not in str(changed[6])


def test_leaving_without_commit_changes_nothing_and_tells_nobody(store: Store, path: Path) -> None:
    told: list[ChangeSet] = []
    store.on_change(told.append)
    before = everything(path)

    def forgetful(work: UnitOfWork) -> None:
        work.do(open_customer(work.author, {"name": "Li"}))
        assert work.rows("customer", "name", "Li")

    outcome = store.write(forgetful).result()
    assert everything(path) == before
    assert outcome.changes == ChangeSet()
    assert told == []


def test_a_use_case_that_fails_changes_nothing(store: Store, path: Path) -> None:
    before = everything(path)

    def failing(work: UnitOfWork) -> None:
        work.do(open_customer(work.author, {"name": "Li"}))
        raise InvalidInput("not today")

    with pytest.raises(InvalidInput):
        store.write(failing).result()
    assert everything(path) == before
    store.write(add_customer).result()


class FailingConnection:
    """The raw connection, whose *fatal*-th change of the file fails as a disk does."""

    def __init__(self, real: Any, fatal: int) -> None:
        self.real = real
        self.left = fatal

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def execute(self, statement: str, *values: Any) -> Any:
        if statement.startswith(("INSERT", "UPDATE", "DELETE")):
            self.left -= 1
            if self.left == 0:
                raise dbapi2.OperationalError("disk I/O error")
        return self.real.execute(statement, *values)


@pytest.mark.parametrize("fatal", range(1, 6))
def test_a_failure_at_any_step_changes_nothing(store: Store, path: Path, fatal: int) -> None:
    """Log, two rows and their history: five statements; each of them fails once."""
    store.write(add_customer, "Wang", "+8613900139000").result()
    before = everything(path)

    def unlucky(work: UnitOfWork) -> None:
        work._raw = FailingConnection(work._raw, fatal)
        work.do(open_customer(work.author, {"name": "Li"}, [{"raw": "1", "value": "1"}]))
        work.commit()

    with pytest.raises(StoreFault, match="disk"):
        store.write(unlucky).result()
    assert everything(path) == before


def test_nobody_goes_on_after_half_an_operation(path: Path) -> None:
    class Failing:
        def follow(self, connection: Any, changes: Sequence[RowChange]) -> None:
            raise ValueError("index")

    def stubborn(work: UnitOfWork) -> None:
        with pytest.raises(ValueError, match="index"):
            work.do(open_customer(work.author, {"name": "Li"}))
        work.commit()

    before = everything(path)
    author = Author("agent", "desk", ticking())
    with closing(Store(path, KEY, author, lambda: (Failing(),))) as store, pytest.raises(Bug):
        store.write(stubborn).result()
    assert everything(path) == before


class Following:
    """Keeps what it was told to follow, call by call."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def follow(self, connection: Any, changes: Sequence[RowChange]) -> None:
        self.calls.append(len(changes))


def test_indexes_follow_what_is_done_together_at_its_end(path: Path) -> None:
    following = Following()

    def three(work: UnitOfWork) -> None:
        with work.together():
            for name in ("Li", "Wang", "Zhao"):
                work.do(open_customer(work.author, {"name": name}))
            assert following.calls == []
        assert following.calls == [3]
        work.do(open_customer(work.author, {"name": "Qian"}))
        work.commit()

    author = Author("agent", "desk", ticking())
    with closing(Store(path, KEY, author, lambda: (following,))) as store:
        store.write(three).result()
    assert following.calls == [3, 1]


def test_nobody_goes_on_when_indexes_were_left_behind(store: Store, path: Path) -> None:
    def stubborn(work: UnitOfWork) -> None:
        with pytest.raises(KeyError), work.together():
            work.do(open_customer(work.author, {"name": "Li"}))
            raise KeyError
        work.commit()

    before = everything(path)
    with pytest.raises(Bug):
        store.write(stubborn).result()
    assert everything(path) == before


def test_an_operation_done_twice_is_done_once(store: Store, path: Path) -> None:
    def twice(work: UnitOfWork) -> tuple[int, int]:
        operation = open_customer(work.author, {"name": "Li"})
        counts = len(work.do(operation)), len(work.do(operation))
        work.commit()
        return counts

    assert store.write(twice).result().result == (1, 0)
    assert len(everything(path)["operation"]) == 1


def test_different_fields_merge_and_the_same_field_is_for_the_person(store: Store) -> None:
    customer_id = store.write(add_customer).result().result
    store.write(change_customer, customer_id, {"hint": "loud"}, 1).result()
    store.write(change_customer, customer_id, {"city": "Shanghai"}, 1).result()
    with pytest.raises(Conflict) as refused:
        store.write(change_customer, customer_id, {"hint": "deaf", "name": "Wang"}, 1).result()
    assert refused.value.fields == ("hint",)
    assert refused.value.current["hint"] == "loud"
    store.write(change_customer, customer_id, {"hint": "loud"}, 1).result()
    row = store.write(lambda work: work.row("customer", customer_id)).result().result
    assert row is not None and (row["hint"], row["city"], row["name"]) == ("loud", "Shanghai", "Li")


def test_a_revision_that_never_was_overwrites_nothing(store: Store) -> None:
    customer_id = store.write(add_customer).result().result
    with pytest.raises(Conflict) as refused:
        store.write(change_customer, customer_id, {"hint": "deaf", "name": "Li"}, 99).result()
    assert refused.value.fields == ("hint",)


def test_what_a_line_shows_of_a_visit_is_no_change_of_the_visit(store: Store) -> None:
    def visited(work: UnitOfWork) -> str:
        values = {"asset_id": UUID(int=1), "customer_id": UUID(int=2), "visited_at": START}
        operation = record_visit(work.author, values, [{"text": "oil"}])
        work.do(operation)
        for changes in ({"note": "noisy"}, {"summary": "service"}):
            work.do(work.load(ServiceVisit, UUID(operation.payload["id"])).change(work.author, changes, 1))
        return work.load(ServiceVisit, UUID(operation.payload["id"])).summary

    assert store.write(visited).result().result == "service"


def test_what_is_not_there_is_told_so(store: Store) -> None:
    with pytest.raises(NotFound, match="customer is not here"):
        store.write(change_customer, UUID(int=1), {"hint": "x"}, 1).result()
    assert store.write(lambda work: work.row("customer", UUID(int=1))).result().result is None


def test_an_entity_shows_what_was_done_to_it(store: Store) -> None:
    customer_id = store.write(add_customer).result().result

    def look(work: UnitOfWork) -> tuple[str, int]:
        customer = work.load(Customer, customer_id)
        work.do(customer.change(work.author, {"hint": "new"}, customer.rev))
        return customer.hint, customer.rev

    assert store.write(look).result().result == ("new", 2)


def test_work_goes_on_after_a_commit(store: Store, path: Path) -> None:
    def in_two(work: UnitOfWork) -> ChangeSet:
        add_customer(work, "Li")
        work.do(open_customer(work.author, {"name": "Wang"}))
        return work.lasting_changes

    outcome = store.write(in_two).result()
    assert outcome.changes == outcome.result
    assert [row[4] for row in everything(path)["customer"]] == ["Li"]


def test_a_save_costs_few_statements(store: Store) -> None:
    customer_id = store.write(add_customer).result().result
    statements: list[str] = []

    def note(work: UnitOfWork) -> None:
        work.connection.set_trace_callback(statements.append)
        work.do(append_note(work.author, "oil light", customer_id=customer_id))
        work.connection.set_trace_callback(None)
        work.commit()

    store.write(note).result()
    kinds = [statement.split()[0] for statement in statements]
    assert (kinds.count("SELECT"), kinds.count("INSERT"), len(kinds)) == (2, 5, 7), statements


def test_a_change_writes_only_the_columns_that_changed(store: Store) -> None:
    customer_id = store.write(add_customer).result().result
    statements: list[str] = []

    def change(work: UnitOfWork) -> None:
        customer = work.load(Customer, customer_id)
        work.connection.set_trace_callback(statements.append)
        work.do(customer.change(work.author, {"hint": "x"}, 1))
        work.connection.set_trace_callback(None)

    store.write(change).result()
    updates = list({statement for statement in statements if statement.startswith("UPDATE")})
    assert len(updates) == 1
    assert "hint =" in updates[0] and "name =" not in updates[0] and "external_id" not in updates[0]


def test_a_listener_that_fails_fails_nobody_else(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    told: list[ChangeSet] = []

    def deaf(changes: ChangeSet) -> None:
        raise RuntimeError("deaf")

    store.on_change(deaf)
    store.on_change(told.append)
    with caplog.at_level(logging.CRITICAL, "crmdesk.store"):
        customer_id = store.write(add_customer, initiator="band").result().result
    assert len(told) == 1
    assert customer_id in told[0].ids and told[0].initiator == "band"


def test_readers_change_nothing_and_see_one_moment(store: Store) -> None:
    store.write(add_customer).result()
    with pytest.raises(StoreUnwritable):
        store.read(lambda connection: connection.execute("DELETE FROM customer")).result()
    with pytest.raises(Bug, match="no such column"):
        store.read(lambda connection: connection.execute("SELECT colour FROM customer")).result()

    def two_looks(connection: Any) -> tuple[int, int]:
        query = "SELECT count(*) FROM customer"
        first = connection.execute(query).fetchone()[0]
        store.write(add_customer, "Wang", "+8613900139000").result()
        return first, connection.execute(query).fetchone()[0]

    assert store.read(two_looks).result() == (1, 1)
