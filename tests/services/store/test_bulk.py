"""A store filled in bulk is the same as one filled by operations."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import Bug, StoreFault
from crmdesk.models import asset, customer
from crmdesk.models.asset import Asset
from crmdesk.models.customer import ContactPoint, Customer
from crmdesk.models.operations import Author, Operation
from crmdesk.models.screen_pop import CallerNumber
from crmdesk.services.customers.lookup import match_number
from crmdesk.services.customers.search import find
from crmdesk.services.customers.search_index import rebuild, suspend
from crmdesk.services.followers import followers
from crmdesk.services.store.bulk import BulkLoader, columns_of, rows_by_table, stored
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.schema import ensure_schema
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork

KEY = bytes(range(32))
NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
OWNER, POINT, CAR = UUID(int=1), UUID(int=2), UUID(int=3)
NUMBER = CallerNumber("13800138000", "+8613800138000", "mobile", "138 0013 8000")
OBJECTS = "SELECT type, name, tbl_name FROM sqlite_master WHERE type IN ('index', 'trigger') ORDER BY name"


def load(path: Path, *, large: bool) -> None:
    """Fill a store with one customer, his number and his car."""
    rows = rows_by_table(
        [
            Customer(id=OWNER, name="张建国", name_alt="Zhang Jianguo", created_at=NOON, updated_at=NOON),
            ContactPoint(
                id=POINT,
                customer_id=OWNER,
                raw="138 0013 8000",
                value="+8613800138000",
                national="13800138000",
                sharing="own",
            ),
            Asset(id=CAR, customer_id=OWNER, model="SUV-7", plate="沪A12345", plate_key="沪A12345"),
        ]
    )
    with BulkLoader(path, KEY, large=large) as loader:
        suspend(loader.connection)
        for table, held in rows.items():
            loader.rows(table, held)
        loader.finish(_indexed)


def _indexed(connection: Any) -> None:
    connection.execute("BEGIN IMMEDIATE")
    rebuild(connection)
    connection.execute("COMMIT")


def by_operations(path: Path) -> None:
    """Do the same with operations."""
    ensure_schema(path, KEY)
    store = Store(path, KEY, Author("", "desk", lambda: NOON), followers)
    point = {"raw": "138 0013 8000", "value": "+8613800138000", "national": "13800138000", "sharing": "own"}
    person = {"name": "张建国", "name_alt": "Zhang Jianguo"}
    store.write(_do, customer.open_customer(store.author, person, [point], OWNER)).result(30)
    car = {"customer_id": OWNER, "model": "SUV-7", "plate": "沪A12345"}
    store.write(_do, asset.open_asset(store.author, car, CAR)).result(30)
    store.close()


def _do(work: UnitOfWork, operation: Operation) -> None:
    work.do(operation)
    work.commit()


@pytest.mark.parametrize("large", [False, True])
def test_a_bulk_load_equals_operations(tmp_path: Path, large: bool) -> None:
    seen = []
    load(tmp_path / "bulk.db", large=large)
    by_operations(tmp_path / "one_by_one.db")
    for name in ("bulk.db", "one_by_one.db"):
        reader = open_connection(tmp_path / name, KEY, role="reader")
        found = [find(reader, text).items for text in ("张建国", "zjg", "0138", "沪A123")]
        tables = [
            reader.execute(f"SELECT {', '.join(columns_of(table)[1:])} FROM {table}").fetchall()
            for table in ("customer", "asset")
        ]
        seen.append(
            (match_number(reader, NUMBER, now=NOON), found, tables, reader.execute(OBJECTS).fetchall())
        )
        reader.close()
    assert all(seen[0][1])
    assert seen[0] == seen[1]


@pytest.mark.parametrize("large", [False, True])
def test_a_filled_store_is_worked_in_like_any_other(tmp_path: Path, large: bool) -> None:
    path = tmp_path / "store.db"
    load(path, large=large)
    store = Store(path, KEY, Author("", "desk", lambda: NOON), followers)
    store.write(_do, customer.open_customer(store.author, {"name": "李娜"}, [], UUID(int=9))).result(30)
    names = [[found.name for found in store.read(find, text).result(30).items] for text in ("李娜", "张")]
    mode = store.read(lambda connection: connection.execute("PRAGMA journal_mode").fetchone()[0]).result(30)
    store.close()
    assert names == [["李娜"], ["张建国"]]
    assert mode == "wal"


def test_a_store_somebody_works_in_is_refused(tmp_path: Path) -> None:
    by_operations(tmp_path / "store.db")
    with pytest.raises(StoreFault, match="only a new one"), BulkLoader(tmp_path / "store.db", KEY):
        pass


def test_an_unfinished_load_is_taken_back(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with BulkLoader(path, KEY) as loader:
        loader.rows("customer", [stored(Customer(id=OWNER, name="x", created_at=NOON, updated_at=NOON))])
    reader = open_connection(path, KEY, role="reader")
    assert reader.execute("SELECT count(*) FROM customer").fetchone() == (0,)
    reader.close()


def test_a_row_that_does_not_fit_is_told(tmp_path: Path) -> None:
    with pytest.raises(Bug, match="NOT NULL"), BulkLoader(tmp_path / "store.db", KEY) as loader:
        loader.rows("customer", [(None,) * len(columns_of("customer"))])


def test_values_are_stored_as_the_file_holds_them() -> None:
    row = dict(
        zip(
            columns_of("customer"),
            stored(
                Customer(
                    id=OWNER,
                    key_account=True,
                    first_business_on=date(2020, 2, 29),
                    created_at=NOON,
                    updated_at=NOON,
                )
            ),
            strict=True,
        )
    )
    assert row["id"] == OWNER.bytes
    assert row["key_account"] == 1
    assert row["first_business_on"] == "2020-02-29"
    assert row["created_at"] == 1_795_147_200_000_000
