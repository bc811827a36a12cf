"""Catching up with much: what changed comes in pages into tables beside, then all of it counts at once.

Neither the server's rows nor ours are ever all in memory: pages are fetched through a cursor of the snapshot
and written down between other work. The tick is taken in by one transaction, so no reader sees half of it; it
goes through what was written down page by page. Rows under operations of this desk come last, with the
operations laid on them again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.models.outbox import Pulled, PulledRow
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.rows import shape_of
from crmdesk.services.sync.holding import TABLES, at_server, named
from crmdesk.services.sync.replica import take_in_pages

if TYPE_CHECKING:
    from crmdesk.models.outbox import Place
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork
    from crmdesk.services.sync.connection import Link
    from crmdesk.services.sync.pull import Snapshot

AT_ONCE = 5_000
"""Up to so many changed rows are taken in as they come."""
PAGE_ROWS = 1_000
GONE = "staged_gone"


def is_much(seen: Snapshot) -> bool:
    """Whether so many rows changed that they are better staged."""
    return sum(count for table, count in seen.news.items() if table in TABLES) > AT_ONCE


def stage(store: Store, link: Link, seen: Snapshot, place: Place) -> int:
    """Write down here what changed since *place*; return how many rows."""
    store.write(_prepare, initiator="sync").result()
    rows = 0
    for table in TABLES:
        if seen.news.get(table):
            for page in _changed(link, table, place.cursor, seen.head):
                store.write(_keep, table, page, initiator="sync").result()
                rows += len(page)
    return rows


def stage_more(store: Store, rows: Sequence[PulledRow]) -> int:
    """Write down *rows* besides what changed; return how many they are."""
    for table in dict.fromkeys(row.table for row in rows):
        page = [row for row in rows if row.table == table]
        store.write(_keep, table, page, initiator="sync").result()
    return len(rows)


def take_in_staged(work: UnitOfWork, pulled: Pulled) -> None:
    """Take in what was staged, as of the tick *pulled*; all or nothing.

    Raises:
        Bug: see :func:`crmdesk.services.sync.replica.take_in`.
    """
    take_in_pages(work, pulled, _pages(work.connection), lambda: _drop(work.connection))


def forget_staged(work: UnitOfWork) -> None:
    """Drop what was staged and not taken in."""
    _drop(work.connection)
    work.commit()


def _changed(link: Link, table: str, after: int, upto: int) -> Iterator[list[PulledRow]]:
    names = shape_of(table).columns
    query = (
        f"SELECT f.pk, {named(table, 'k')} FROM (SELECT DISTINCT pk FROM crm.feed WHERE tab = %s AND seq > %s"
        f" AND seq <= %s) AS f LEFT JOIN {at_server(table)} AS k ON k.id = f.pk"
    )
    with link.cursor(name="changed") as cursor:
        cursor.execute(query, (table, after, upto))
        while found := cursor.fetchmany(PAGE_ROWS):
            yield [
                PulledRow(
                    table, key, dict(zip(names, values, strict=True)) if values[0] is not None else None
                )
                for key, *values in found
            ]


def _prepare(work: UnitOfWork) -> None:
    connection = work.connection
    _drop(connection)
    connection.execute(f"CREATE TABLE {GONE} (table_name TEXT NOT NULL, row_id BLOB NOT NULL)")
    for table in TABLES:
        columns = ", ".join(shape_of(table).columns)
        connection.execute(f"CREATE TABLE staged_{table} AS SELECT {columns} FROM {table} WHERE 0")
    work.commit()


def _drop(connection: Connection) -> None:
    for name in (GONE, *(f"staged_{table}" for table in TABLES)):
        connection.execute(f"DROP TABLE IF EXISTS {name}")


def _keep(work: UnitOfWork, table: str, page: Sequence[PulledRow]) -> None:
    shape, connection = shape_of(table), work.connection
    statement = shape.insert.replace(f"INTO {table} ", f"INTO staged_{table} ", 1)
    connection.executemany(statement, [shape.all_stored(row.row) for row in page if row.row is not None])
    connection.executemany(
        f"INSERT INTO {GONE} (table_name, row_id) VALUES (?, ?)",
        [(table, row.id.bytes) for row in page if row.row is None],
    )
    work.commit()


def _pages(connection: Connection) -> Iterator[list[PulledRow]]:
    for table in TABLES:
        shape = shape_of(table)
        select = f"SELECT rowid, {', '.join(shape.columns)} FROM staged_{table}"
        for found in _in_pages(connection, select):
            rows = [shape.read(stored) for _, *stored in found]
            yield [PulledRow(table, row["id"], row) for row in rows]
    select = f"SELECT rowid, table_name, row_id FROM {GONE}"
    for found in _in_pages(connection, select):
        yield [PulledRow(table, UUID(bytes=key), None) for _, table, key in found]


def _in_pages(connection: Connection, select: str) -> Iterator[list[Any]]:
    last = 0
    while found := connection.execute(
        f"{select} WHERE rowid > ? ORDER BY rowid LIMIT {PAGE_ROWS}", (last,)
    ).fetchall():
        last = found[-1][0]
        yield found
