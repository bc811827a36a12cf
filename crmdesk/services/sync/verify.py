"""Proving that this desk holds what the server holds, by fingerprints of some ten thousand rows each.

Both engines work the same sums out over the same range of ids: how many rows, the sum of their revisions, the
sum of a hash of the whole id times the revision modulo 2^61, the length of all texts. Where a row lies under
operations that the server does not hold yet, its original counts. A range that differs is fetched anew and
told to the log: it is a defect, ours or the database's.

The hash is plain arithmetic on both sides, no function of ours runs once a row: each byte of the id times a
number of its own, 60 bits in all. Two rows that swapped their revisions, or one id in the place of another,
leave the sum as it was only if the ids' hashes are equal.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any
from uuid import UUID

from crmdesk.models.effects import ENTITIES
from crmdesk.models.outbox import PulledRow
from crmdesk.models.wire import field_types
from crmdesk.services.store.connection import Connection
from crmdesk.services.sync.connection import Link
from crmdesk.services.sync.holding import FILES, TABLES, at_server, in_window, named
from crmdesk.services.sync.pull import selected_rows
from crmdesk.services.sync.totals import TABLE as TOTALS
from crmdesk.values import dataclass

CHUNK_ROWS = 65_536
ID_BYTES = 16
_BYTES = bytes(range(256))
_MOST = 1 << 16
"""Revisions count up to here in the sum of hashes, so that it fits: 30 bits, 16 bits, 65 536 rows."""
_MOMENTS = 1 << 40
"""Microseconds of a moment count up to here, so that the sum of 65 536 fits."""
_HALF = 30
_MODULUS = 1 << 61
_log = logging.getLogger("crmdesk.sync")

Sums = tuple[int, int, int, int]
"""Rows, sum of revisions, sum of hash times revision, length of all texts."""

NONE: Sums = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Chunk:
    """The rows of *table* with ids from *low* (None: the first) up to before *high* (None: the last)."""

    table: str
    low: UUID | None
    high: UUID | None

    def holds(self, row_id: UUID) -> bool:
        """Whether *row_id* lies in it."""
        return (self.low is None or row_id >= self.low) and (self.high is None or row_id < self.high)


def texts(table: str) -> tuple[str, ...]:
    """Return the columns of *table* that hold text."""
    return tuple(name for name, (kind, _) in field_types(ENTITIES[table]).items() if kind is str)


def server_sums(
    link: Link, table: str, since: object, rows_each: int = CHUNK_ROWS
) -> tuple[tuple[Chunk, Sums], ...]:
    """Return the chunks of *table* at the server, in order, with their sums; *since* begins the window."""
    window = in_window(table, "k", "%(since)s")
    bounds = link.execute(
        f"SELECT id FROM (SELECT k.id, row_number() OVER (ORDER BY k.id) AS r FROM {_there(table)} AS k"
        f" WHERE {window}) AS q WHERE r %% %(each)s = 0 ORDER BY id",
        {"since": since, "each": rows_each},
    ).fetchall()
    edges = [row[0] for row in bounds]
    found = link.execute(
        f"SELECT b, count(*), sum(rev)::bigint, {_HALVES.format('::bigint')}, sum(length)::bigint FROM"
        f" (SELECT width_bucket(k.id, %(edges)s::uuid[]) AS b, k.rev, {_hash(_SERVER_BYTE)} AS h,"
        f" {_lengths(table)} AS length FROM (SELECT {_named(table)}, uuid_send(k.id) AS bytes"
        f" FROM {_there(table)} AS k WHERE {window} OFFSET 0) AS k OFFSET 0) AS q GROUP BY b",
        {"since": since, "edges": edges},
    ).fetchall()
    by_bucket = {bucket: _joined(*sums) for bucket, *sums in found}
    ends: list[UUID | None] = [None, *edges, None]
    return tuple((Chunk(table, ends[n], ends[n + 1]), by_bucket.get(n, NONE)) for n in range(len(edges) + 1))


@cache
def factors() -> tuple[int, ...]:
    """Return what each byte of an id is multiplied with: 48 bits, so that all together have 60."""
    return tuple(int.from_bytes(hashlib.sha256(bytes([n])).digest()[:6], "big") for n in range(ID_BYTES))


def hash_of(row_id: UUID) -> int:
    """Return the hash of an id, below 2^60."""
    return sum(byte * factor for byte, factor in zip(row_id.bytes, factors(), strict=True))


def _hash(byte: str) -> str:
    """Return :func:`hash_of` in SQL; *byte* is the expression of the byte at a place."""
    return " + ".join(f"{byte.format(n, n + 1)} * {factor}" for n, factor in enumerate(factors()))


_SERVER_BYTE = "get_byte(k.bytes, {0})::bigint"
_DESK_BYTE = "(instr(:bytes, substr(k.id, {1}, 1)) - 1)"
_HALVES = (
    f"sum((h >> {_HALF}) * (rev & {_MOST - 1})){{0}},"
    f" sum((h & {(1 << _HALF) - 1}) * (rev & {_MOST - 1})){{0}}"
)
"""The sums of the two halves of the hash times the revision, as one number would not fit; {0} is a cast."""


def _joined(count: int, revisions: int, high: int, low: int, lengths: int) -> Sums:
    """Return the sums of an engine, which works out the two halves of the hash each for itself."""
    return count, revisions, ((high << _HALF) + low) % _MODULUS, lengths


def _there(table: str) -> str:
    """Return what is read at the server: totals in the form of rows, their counts as revisions."""
    if table != TOTALS:
        return at_server(table)
    last = "(extract(epoch FROM last_contact) * 1000000)::bigint"
    return f"(SELECT customer_id AS id, contact_count AS rev, {last} AS last FROM crm.{TOTALS})"


def _here(table: str) -> str:
    """Return what is read in the store, in the same form."""
    if table != TOTALS:
        return table
    return f"(SELECT customer_id AS id, contact_count AS rev, last_contact AS last FROM {TOTALS})"


def _named(table: str) -> str:
    return "k.id, k.rev, k.last" if table == TOTALS else named(table, "k")


def _lengths(table: str) -> str:
    """Return the length of all texts of a row; of a total its moment, so that it counts as well."""
    if table == TOTALS:
        return f"(k.last & {_MOMENTS - 1})"
    return " + ".join(f'coalesce(length(k."{name}"), 0)' for name in texts(table)) or "0"


def _within(chunk: Chunk) -> tuple[str, dict[str, object]]:
    """Return the condition of the store's rows of *chunk* without unsent operations, and its values."""
    window = in_window(chunk.table, "k", ":since", "")
    condition = (
        f"k.id >= :low AND k.id < :high AND {window} AND k.id NOT IN"
        " (SELECT row_id FROM server_row WHERE table_name = :table)"
    )
    values: dict[str, object] = {
        "low": chunk.low.bytes if chunk.low else b"",
        "high": chunk.high.bytes if chunk.high else b"\xff" * 17,
        "table": chunk.table,
        "bytes": _BYTES,
    }
    return condition, values


def desk_sums(connection: Connection, chunk: Chunk, since_micros: int) -> Sums:
    """Return the sums of the server's rows as this desk has them; the window begins with *since_micros*."""
    condition, values = _within(chunk)
    found = connection.execute(
        f"SELECT count(*), sum(rev), {_HALVES.format('')}, sum(length) FROM"
        f" (SELECT k.rev AS rev, {_hash(_DESK_BYTE)} AS h, {_lengths(chunk.table)} AS length"
        f" FROM {_here(chunk.table)} AS k WHERE {condition} LIMIT -1)",
        {**values, "since": since_micros},
    ).fetchone()
    sums = _joined(*found) if found[0] else NONE
    for row in _originals(connection, chunk, since_micros):
        sums = _with(sums, chunk.table, row)
    return sums


def _originals(connection: Connection, chunk: Chunk, since_micros: int) -> Iterator[Mapping[str, Any]]:
    """Yield the server's rows under unsent operations, as JSON values."""
    rows, window = "SELECT row_id, row FROM server_row WHERE table_name = :table AND row IS NOT NULL", "1"
    if chunk.table in FILES:
        name = FILES[chunk.table]
        of = f"unhex(replace(json_extract(row, '$.{name}'), '-', '')) AS {name}"
        rows, window = rows.replace(", row ", f", row, {of} ", 1), in_window(chunk.table, "k", ":since", "")
    values = {"table": chunk.table, "since": since_micros}
    for key, row in connection.execute(f"SELECT k.row_id, k.row FROM ({rows}) AS k WHERE {window}", values):
        if chunk.holds(UUID(bytes=key)):
            yield json.loads(row)


def _with(sums: Sums, table: str, row: Mapping[str, Any]) -> Sums:
    count, revisions, hashes, lengths = sums
    own = hash_of(UUID(row["id"])) * (row["rev"] & (_MOST - 1))
    length = sum(len(row[name] or "") for name in texts(table))
    return count + 1, revisions + row["rev"], (hashes + own) % _MODULUS, lengths + length


def ids_here(connection: Connection, chunk: Chunk, since_micros: int) -> set[UUID]:
    """Return the ids of the server's rows of *chunk* as this desk has them."""
    condition, values = _within(chunk)
    del values["bytes"]
    found = connection.execute(
        f"SELECT k.id FROM {_here(chunk.table)} AS k WHERE {condition}", {**values, "since": since_micros}
    ).fetchall()
    ids = {UUID(bytes=key) for (key,) in found}
    return ids | {UUID(row["id"]) for row in _originals(connection, chunk, since_micros)}


def differs(connection: Connection, chunk: Chunk, told: Sums, since_micros: int) -> bool:
    """Whether this desk holds other rows of *chunk* than the server, which *told* its sums."""
    ours = desk_sums(connection, chunk, since_micros)
    if ours != told:
        _log.warning("%s differs from the server: here %s, there %s", chunk.table, ours, told)
    return ours != told


def all_sums(link: Link, since: object, rows_each: int = CHUNK_ROWS) -> tuple[tuple[Chunk, Sums], ...]:
    """Return all chunks of all tables at the server with their sums."""
    return tuple(each for table in (*TABLES, TOTALS) for each in server_sums(link, table, since, rows_each))


def chunk_rows(link: Link, chunk: Chunk, since: object, here: set[UUID]) -> list[PulledRow]:
    """Return the server's rows of *chunk*, and as gone those that are only *here*."""
    condition = "true"
    if chunk.low is not None:
        condition += " AND k.id >= %(low)s"
    if chunk.high is not None:
        condition += " AND k.id < %(high)s"
    window = in_window(chunk.table, "k", "%(since)s")
    rows = selected_rows(
        link,
        chunk.table,
        f"{condition} AND {window}",
        {"low": chunk.low, "high": chunk.high, "since": since},
    )
    shown = {row.id for row in rows}
    return rows + [PulledRow(chunk.table, row_id, None) for row_id in sorted(here - shown)]
