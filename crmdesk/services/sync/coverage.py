"""Of which histories everything is here. Without a row here nothing is known to be complete.

Two kinds: ``window`` (no key), all customers' history since a moment; ``customer`` (his id), one customer's.
Coverage is written in the transaction of the rows it speaks of. Shrinking, it goes first, then the rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.models.operations import RowChange
from crmdesk.models.outbox import ContactTotal, PulledRow
from crmdesk.services.store.connection import Connection, empty_log
from crmdesk.services.store.values import from_micros, to_micros
from crmdesk.services.sync.outbox import is_shared
from crmdesk.services.sync.replica import lay_more
from crmdesk.services.sync.totals import lay_totals
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

WINDOW = "window"
CUSTOMER = "customer"
MOMENTS: Mapping[str, str] = MappingProxyType({"interaction": "at", "call": "started_at", "note": "at"})
"""The tables that make a history, and the moment that tells how old a row is."""
_OWN_COVERAGE = (
    "SELECT 1 FROM coverage AS c WHERE c.kind = 'customer' AND c.key = hex(t.customer_id)"
    " AND (c.from_at IS NULL OR c.from_at <= ?)"
)


@dataclass(frozen=True, slots=True)
class Coverage:
    """All rows of ``kind`` and ``key`` from ``from_at`` on (None: all there are) are here.

    ``complete_since`` is the tick it was so at; the feed keeps it so. ``total`` is how many lines the time
    line has at the server, None where it did not say.
    """

    kind: str
    key: str
    from_at: datetime | None
    complete_since: int
    total: int | None = None


def customer_key(customer_id: UUID) -> str:
    """Return the key of a customer's coverage."""
    return customer_id.hex.upper()


def coverage_of(connection: Connection, kind: str, key: str = "") -> Coverage | None:
    """Return what is known to be complete, None when nothing is."""
    found = connection.execute(
        "SELECT from_at, complete_since, total FROM coverage WHERE kind = ? AND key = ?", (kind, key)
    ).fetchone()
    if found is None:
        return None
    from_at, since, total = found
    return Coverage(kind, key, None if from_at is None else from_micros(from_at), since, total)


def is_complete(connection: Connection, customer_id: UUID, since: datetime | None) -> bool:
    """Whether all of a customer's history from *since* on (None: from the beginning) is here."""
    if not is_shared(connection):
        return True
    own = coverage_of(connection, CUSTOMER, customer_key(customer_id))
    return any(_reaches(each, since) for each in (own, coverage_of(connection, WINDOW)))


def _reaches(coverage: Coverage | None, since: datetime | None) -> bool:
    if coverage is None:
        return False
    return coverage.from_at is None or (since is not None and coverage.from_at <= since)


def cover(work: UnitOfWork, coverage: Coverage) -> None:
    """Note *coverage*; inside the caller's transaction, the one of the rows it speaks of."""
    work.connection.execute(
        "INSERT INTO coverage (kind, key, from_at, complete_since, total) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (kind, key) DO UPDATE SET from_at = excluded.from_at,"
        " complete_since = excluded.complete_since, total = excluded.total",
        (
            coverage.kind,
            coverage.key,
            None if coverage.from_at is None else to_micros(coverage.from_at),
            coverage.complete_since,
            coverage.total,
        ),
    )


def take_history(
    work: UnitOfWork, rows: Sequence[PulledRow], coverage: Coverage, total: ContactTotal | None = None
) -> None:
    """Lay rows fetched on demand and note what they complete, in one transaction."""
    lay_more(work, rows)
    cover(work, coverage)
    lay_totals(work.connection, (total,) if total else ())
    work.commit()


def shrink(work: UnitOfWork, from_at: datetime, limit: int = 5_000) -> int:
    """Let history before *from_at* go, but of customers whose own is covered; return how many rows went.

    The window's coverage shrinks first. At most *limit* rows of each table go at once: call again until
    nothing goes. Rows under operations that wait stay.
    """
    connection, micros = work.connection, to_micros(from_at)
    window = coverage_of(connection, WINDOW)
    if window is not None and (window.from_at is None or window.from_at < from_at):
        cover(work, Coverage(WINDOW, "", from_at, window.complete_since, window.total))
    gone: list[RowChange] = []
    for table, moment in MOMENTS.items():
        found = connection.execute(
            f"SELECT t.id FROM {table} AS t WHERE t.{moment} < ? AND NOT EXISTS ({_OWN_COVERAGE})"
            " AND NOT EXISTS (SELECT 1 FROM server_row AS s WHERE s.table_name = ? AND s.row_id = t.id)"
            " LIMIT ?",
            (micros, micros, table, limit),
        ).fetchall()
        gone.extend(RowChange(table, UUID(bytes=key), None) for (key,) in found)
    gone.extend(_legs(connection, [change.id for change in gone if change.table == "call"]))
    _forget(work, gone)
    work.commit()
    if gone:
        empty_log(connection)
    return len(gone)


def _legs(connection: Connection, calls: Sequence[UUID]) -> list[RowChange]:
    found: list[Any] = []
    for call in calls:
        found.extend(
            connection.execute(
                "SELECT id FROM call_leg WHERE call_id = ? AND id NOT IN"
                " (SELECT row_id FROM server_row WHERE table_name = 'call_leg')",
                (call.bytes,),
            ).fetchall()
        )
    return [RowChange("call_leg", UUID(bytes=key), None) for (key,) in found]


def _forget(work: UnitOfWork, gone: Sequence[RowChange]) -> None:
    work.lay(gone)
    work.connection.executemany(
        "DELETE FROM history WHERE row_id = ? AND table_name = ?",
        [(change.id.bytes, change.table) for change in gone],
    )
