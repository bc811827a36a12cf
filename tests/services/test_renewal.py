"""In every table pages keep copies of what was deleted; a fresh file keeps none, in none of them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crmdesk.models.effects import ENTITIES
from crmdesk.models.operations import Author
from crmdesk.models.types import utc_now
from crmdesk.services import renewal
from crmdesk.services.followers import followers
from crmdesk.services.store.connection import Connection, open_connection
from crmdesk.services.store.schema import ensure_schema
from crmdesk.services.store.store import Store
from tests.pages import decrypted

KEY = bytes(range(32))
TABLES = (*ENTITIES, "operation", "history", "request", "server_row", "not_accepted")
ROWS = 300


def secret(table: str) -> bytes:
    return f"canary-{table}.".encode()


def come_and_go(connection: Connection, table: str, dice: random.Random) -> None:
    """Write rows in no order, take some of them away now and then; texts of those name the table."""
    declared = connection.execute(f"PRAGMA table_info({table})").fetchall()
    columns = [(name, kind) for _, name, kind, _, _, keyed in declared if not (keyed and kind == "INTEGER")]
    key = next(name for name in ("id", "row_id", "op_id") if name in dict(columns))
    listed, marks = ", ".join(name for name, _ in columns), ", ".join("?" * len(columns))
    theirs: list[tuple[Any]] = []
    for n in range(ROWS):
        text = "note " + "y" * dice.randint(0, 40)
        taken = dice.random() < 0.4
        words = f"{secret(table).decode() if taken else 'other'} {n} {text}"
        row = [
            dice.randbytes(16) if kind == "BLOB" else words if kind == "TEXT" else 1 for _, kind in columns
        ]
        connection.execute(f'INSERT INTO "{table}" ({listed}) VALUES ({marks})', row)
        theirs += [(row[[name for name, _ in columns].index(key)],)] if taken else []
        if n == ROWS - 1 or (n % 57 == 56 and dice.random() < 0.7):
            connection.executemany(f'DELETE FROM "{table}" WHERE {key} = ?', theirs)
            theirs.clear()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    path = tmp_path / "store.db"
    ensure_schema(path, KEY)
    with closing(open_connection(path, KEY, role="writer")) as connection:
        for at, table in enumerate(TABLES):
            connection.execute("BEGIN")
            come_and_go(connection, table, random.Random(at))
            connection.execute("COMMIT")
        renewal.mark_due(connection, "one")
    made = Store(path, KEY, Author("agent", "desk", utc_now), followers)
    yield made
    made.close()


def test_a_fresh_file_holds_none_of_what_tables_keep_in_their_slack(store: Store) -> None:
    before = {table: _rows(store, table) for table in TABLES}
    pages = decrypted(store.path, KEY)
    kept = {table for table in TABLES if secret(table) in pages}
    assert len(kept) >= 5, "the control must find copies of deleted rows, in many tables"
    done = renewal.renew(store, KEY, renewal.copied)
    assert (done.due, done.done) == ((), ("one",))
    pages = decrypted(store.path, KEY)
    assert [table for table in TABLES if secret(table) in pages] == []
    assert {table: _rows(store, table) for table in TABLES} == before


def test_nothing_is_done_when_nothing_is_due(store: Store) -> None:
    renewal.renew(store, KEY, renewal.copied)
    again = renewal.renew(store, KEY, lambda *_: pytest.fail("nothing was due"))
    assert again.done == ("one",)


def _rows(store: Store, table: str) -> list[tuple[Any, ...]]:
    found: list[tuple[Any, ...]] = store.read(
        lambda connection: connection.execute(f'SELECT * FROM "{table}" ORDER BY 1, 2, 3').fetchall()
    ).result()
    return found


@pytest.mark.parametrize(("size", "wanted"), [(1, 17), (100, 200), (1_000, 1_256)])
def test_a_fresh_file_wants_room_as_the_store_is_large(size: int, wanted: int) -> None:
    """Megabytes; a desk with a small disk can let somebody go, too."""
    assert renewal.wanted_room(size << 20) == wanted << 20
