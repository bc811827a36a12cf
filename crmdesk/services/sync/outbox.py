"""What waits for the server: operations with numbers of their own, and the rows under them as they were.

``outbox.n`` counts this desk's operations without gaps, as the server expects them; an operation stays in the
table after its answer, because a server restored from a backup may ask for it again. Those beyond
``sync.reached`` are laid on the server's rows here (see :mod:`crmdesk.services.sync.replica`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from crmdesk.models.operations import Operation, RowChange
from crmdesk.models.outbox import VOID, Pending, based_place
from crmdesk.models.wire import Row, to_json
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.values import from_micros, to_micros
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

SERVER = "server"
"""The name in ``sync`` that says with which server this desk shares; without it, it is on its own."""
NUMBERED = "numbered"
"""The name in ``sync`` of the number after which this desk's operations begin."""
ANSWERS_KEPT = timedelta(days=30)
"""How long answered operations stay: at least as old as the oldest backup a server is restored from."""
_HOLES = UUID("8c2b7f0e-3f0b-5d7c-9d55-6a1f6c3f2a10")

_PENDING = (
    "SELECT b.n, b.base_revision, b.previous_state, o.id, o.kind, o.version, o.payload, o.actor, o.device,"
    " o.at, b.state, b.outlook FROM outbox AS b LEFT JOIN operation AS o ON o.id = b.op_id"
)
_KEEP = (
    "INSERT INTO server_row (table_name, row_id, rev, row) VALUES (?, ?, ?, ?)"
    " ON CONFLICT (table_name, row_id) DO NOTHING"
)
_LAST = (
    "SELECT max(coalesce((SELECT max(n) FROM outbox), 0),"
    " coalesce((SELECT CAST(value AS INTEGER) FROM sync WHERE name = ?), 0))"
)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An operation in the outbox: the server's base revision, its state, and what is expected of it."""

    n: int
    operation: Operation
    state: str
    outlook: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many operations wait for an answer, will be refused, are parked, and were not accepted."""

    pending: int
    doubtful: int
    parked: int
    refused: int


class Outbox:
    """Numbers the operations of a shared desk, in the transaction of the rows they change."""

    def __init__(self) -> None:
        self._shared: bool | None = None

    def shared(self, connection: Connection) -> bool:
        """Whether this desk shares with a server; read once."""
        if self._shared is None:
            self._shared = is_shared(connection)
        return self._shared

    def look_again(self) -> None:
        """Forget whether this desk is shared: it may have changed."""
        self._shared = None

    def announce(
        self, connection: Connection, operation: Operation, touched: Sequence[tuple[RowChange, Row | None]]
    ) -> None:
        """Number *operation*, and keep the rows it *touched* as they were before, where they are not kept."""
        connection.execute(
            "INSERT INTO outbox (n, op_id, base_revision, state, outlook, trouble)"
            " VALUES (?, ?, ?, 'new', '', '')",
            (last_number(connection) + 1, operation.id.bytes, _base(connection, operation, touched)),
        )
        connection.executemany(
            _KEEP,
            [(change.table, change.id.bytes, *kept_form(before)) for change, before in touched],
        )


def _base(
    connection: Connection, operation: Operation, touched: Sequence[tuple[RowChange, Row | None]]
) -> int | None:
    """Return the server's revision under the row that was looked at, whatever is laid on it here.

    Revisions of rows with unsent operations on them are this desk's forecast: the server may have given
    them to somebody else's change. What is here passed the check against all that this desk knows.
    """
    place = based_place(operation)
    if place is None:
        return operation.base_revision
    table, row_id = place
    kept = connection.execute(
        "SELECT rev FROM server_row WHERE table_name = ? AND row_id = ?", (table, row_id.bytes)
    ).fetchone()
    if kept:
        return int(kept[0])
    before = next((row for change, row in touched if (change.table, change.id) == place), None)
    return operation.base_revision if before is None else int(before["rev"])


def kept_form(row: Row | None) -> tuple[int, str | None]:
    """Return revision and JSON of a server's row as ``server_row`` holds them."""
    if row is None:
        return 0, None
    return row["rev"], json.dumps(to_json(row), ensure_ascii=False)


def is_shared(connection: Connection) -> bool:
    """Whether this desk shares with a server."""
    return connection.execute("SELECT 1 FROM sync WHERE name = ?", (SERVER,)).fetchone() is not None


def last_number(connection: Connection) -> int:
    """Return the number of the last operation of this desk, 0 when it had none."""
    (last,) = connection.execute(_LAST, (NUMBERED,)).fetchone()
    return int(last)


def unsent(connection: Connection, limit: int = 500) -> tuple[Pending, ...]:
    """Return the next operations to be sent, at most *limit*, by number.

    In the place of one that was refused before the server forgot it stands a void one: what was not accepted
    is the person's to decide, it is not tried behind his back.
    """
    found = connection.execute(f"{_PENDING} WHERE b.state = 'new' ORDER BY b.n LIMIT ?", (limit,)).fetchall()
    return tuple(_pending(connection, row) for row in found)


def _pending(connection: Connection, row: Sequence[Any]) -> Pending:
    n, previous = row[0], row[2]
    if previous == "refused" or row[3] is None:
        return Pending(n, _void(connection, n), again=True)
    return Pending(n, _operation(row), again=previous is not None)


def _void(connection: Connection, n: int) -> Operation:
    (op_id,) = connection.execute("SELECT op_id FROM outbox WHERE n = ?", (n,)).fetchone()
    held = connection.execute("SELECT at FROM operation WHERE id = ?", (op_id,)).fetchone()
    at = from_micros(held[0] if held else 0)
    return Operation(UUID(bytes=op_id), VOID, 1, {}, None, "", "", at)


def _operation(row: Sequence[Any]) -> Operation:
    _n, base, _previous, key, kind, version, payload, actor, device, at = row[:10]
    return Operation(
        UUID(bytes=key), kind, version, json.loads(payload), base, actor, device, from_micros(at)
    )


def waiting(connection: Connection, after: int, upto: int | None = None) -> Iterator[Waiting]:
    """Yield the operations numbered after *after* that the server did not refuse, by number."""
    found = connection.execute(
        f"{_PENDING} WHERE b.n > ? AND b.n <= ? AND b.state <> 'refused'"
        " AND b.previous_state IS NOT 'refused' AND o.id IS NOT NULL ORDER BY b.n",
        (after, (1 << 62) if upto is None else upto),
    ).fetchall()
    for row in found:
        yield Waiting(row[0], _operation(row), row[10], row[11])


def counts(connection: Connection) -> Counts:
    """Return how much waits: for the server, and for the person."""
    pending, doubtful, parked = connection.execute(
        "SELECT count(*), total(outlook = 'refusal'), total(outlook = 'parked') FROM outbox"
        " WHERE state = 'new' AND previous_state IS NOT 'refused'"
    ).fetchone()
    (refused,) = connection.execute("SELECT count(*) FROM not_accepted WHERE dismissed_at IS NULL").fetchone()
    return Counts(pending, int(doubtful), int(parked), refused)


def fill_holes(connection: Connection, last_n: int) -> None:
    """Make sure that the number after *last_n* and all up to ours stand here.

    Those that were put away long ago are filled with void ones, so that a server restored from a very old
    backup can count on.
    """
    (first,) = connection.execute("SELECT min(n) FROM outbox WHERE n > ?", (last_n,)).fetchone()
    for n in range(last_n + 1, first if first is not None else last_number(connection) + 1):
        connection.execute(
            "INSERT INTO outbox (n, op_id, state, previous_state, outlook, trouble)"
            " VALUES (?, ?, 'new', 'refused', '', '')",
            (n, uuid5(_HOLES, f"{device(connection)}/{n}").bytes),
        )


def device(connection: Connection) -> str:
    """Return the id under which the server knows this desk, empty when it does not."""
    found = connection.execute("SELECT value FROM sync WHERE name = 'device'").fetchone()
    return str(found[0]) if found else ""


def prune(work: UnitOfWork, reached: int) -> int:
    """Put away the answers older than :data:`ANSWERS_KEPT` up to number *reached*; return how many."""
    before = to_micros(work.author.now() - ANSWERS_KEPT)
    gone = work.connection.execute(
        "DELETE FROM outbox WHERE n <= ? AND state <> 'new' AND answered_at < ?"
        " AND n < (SELECT max(n) FROM outbox)",
        (reached, before),
    ).rowcount
    work.commit()
    return int(gone)
