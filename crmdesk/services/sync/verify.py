"""Proving that this desk holds what the server holds, by fingerprints of some ten thousand rows each.

Both engines work the same sums out over the same range of ids: how many rows, the sum of their revisions, the
sum of revision times three bytes of the id, the length of all texts. Where a row lies under operations that
the server does not hold yet, its original counts. A range that differs is fetched anew and told to the log:
it is a defect, ours or the database's.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from crmdesk.models.effects import ENTITIES
from crmdesk.models.outbox import PulledRow
from crmdesk.models.wire import field_types
from crmdesk.services.store.connection import Connection
from crmdesk.services.sync.connection import Link
from crmdesk.services.sync.holding import TABLES, at_server, in_window
from crmdesk.services.sync.pull import selected_rows
from crmdesk.values import dataclass

CHUNK_ROWS = 65_536
_BYTES = bytes(range(256))
_MOST = 1 << 16
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
        f"SELECT id FROM (SELECT k.id, row_number() OVER (ORDER BY k.id) AS r FROM {at_server(table)} AS k"
        f" WHERE {window}) AS q WHERE r %% %(each)s = 0 ORDER BY id",
        {"since": since, "each": rows_each},
    ).fetchall()
    edges = [row[0] for row in bounds]
    found = link.execute(
        f"SELECT width_bucket(k.id, %(edges)s::uuid[]), count(*), sum(k.rev)::bigint,"
        f" sum({_SERVER_HASH} * (k.rev %% {_MOST}))::bigint, sum({_lengths(table)})::bigint"
        f" FROM {at_server(table)} AS k WHERE {window} GROUP BY 1",
        {"since": since, "edges": edges},
    ).fetchall()
    by_bucket: dict[int, Sums] = {row[0]: (row[1], row[2], row[3], row[4]) for row in found}
    ends: list[UUID | None] = [None, *edges, None]
    return tuple((Chunk(table, ends[n], ends[n + 1]), by_bucket.get(n, NONE)) for n in range(len(edges) + 1))


_SERVER_HASH = (
    "(get_byte(uuid_send(k.id), 13) * 65536 + get_byte(uuid_send(k.id), 14) * 256"
    " + get_byte(uuid_send(k.id), 15))::bigint"
)
_DESK_HASH = (
    "((instr(:bytes, substr(k.id, 14, 1)) - 1) * 65536 + (instr(:bytes, substr(k.id, 15, 1)) - 1) * 256"
    " + instr(:bytes, substr(k.id, 16, 1)) - 1)"
)


def _lengths(table: str) -> str:
    return " + ".join(f'coalesce(length(k."{name}"), 0)' for name in texts(table)) or "0"


def _here(chunk: Chunk) -> tuple[str, dict[str, object]]:
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
    condition, values = _here(chunk)
    found = connection.execute(
        f"SELECT count(*), coalesce(sum(k.rev), 0), coalesce(sum({_DESK_HASH} * (k.rev % {_MOST})), 0),"
        f" coalesce(sum({_lengths(chunk.table)}), 0) FROM {chunk.table} AS k WHERE {condition}",
        {**values, "since": since_micros},
    ).fetchone()
    sums: Sums = (found[0], found[1], found[2], found[3])
    for row in _originals(connection, chunk):
        sums = _with(sums, chunk.table, row)
    return sums


def _originals(connection: Connection, chunk: Chunk) -> Iterator[Mapping[str, Any]]:
    """Yield the server's rows under unsent operations, as JSON values."""
    found = connection.execute(
        "SELECT row_id, row FROM server_row WHERE table_name = ? AND row IS NOT NULL", (chunk.table,)
    ).fetchall()
    for key, row in found:
        if chunk.holds(UUID(bytes=key)):
            yield json.loads(row)


def _with(sums: Sums, table: str, row: Mapping[str, Any]) -> Sums:
    count, revisions, hashes, lengths = sums
    own = int.from_bytes(UUID(row["id"]).bytes[13:], "big") * (row["rev"] % _MOST)
    length = sum(len(row[name] or "") for name in texts(table))
    return count + 1, revisions + row["rev"], hashes + own, lengths + length


def ids_here(connection: Connection, chunk: Chunk, since_micros: int) -> set[UUID]:
    """Return the ids of the server's rows of *chunk* as this desk has them."""
    condition, values = _here(chunk)
    del values["bytes"]
    found = connection.execute(
        f"SELECT k.id FROM {chunk.table} AS k WHERE {condition}", {**values, "since": since_micros}
    ).fetchall()
    ids = {UUID(bytes=key) for (key,) in found}
    return ids | {UUID(row["id"]) for row in _originals(connection, chunk)}


def differing(
    connection: Connection, told: Sequence[tuple[Chunk, Sums]], since_micros: int
) -> tuple[Chunk, ...]:
    """Return the chunks of which this desk holds other rows than the server *told*."""
    found = []
    for chunk, sums in told:
        ours = desk_sums(connection, chunk, since_micros)
        if ours != sums:
            _log.warning("%s differs from the server: here %s, there %s", chunk.table, ours, sums)
            found.append(chunk)
    return tuple(found)


def all_sums(link: Link, since: object, rows_each: int = CHUNK_ROWS) -> tuple[tuple[Chunk, Sums], ...]:
    """Return all chunks of all tables at the server with their sums."""
    return tuple(each for table in TABLES for each in server_sums(link, table, since, rows_each))


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
