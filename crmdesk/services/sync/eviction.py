"""Letting go of history that a desk holds no longer: small steps, each a transaction, other work in between.

Once a day, when the window has moved on: what lies before it and is not held for a reason of its own. When
the store has grown past its limit: whole histories that were fetched on demand, the one not looked at for
longest first. What is claimed to be complete shrinks first, then the rows go, in one transaction.

Held whatever their age: histories covered for themselves, all of whoever has an open task or complaint, the
files of complaints that were fetched last to be looked at, and every row that an operation lies on which the
server does not have yet. The file of a complaint goes as a whole; its head stays.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.models.operations import RowChange
from crmdesk.services.store.complaint_index import OPEN
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.values import to_micros
from crmdesk.services.sync.coverage import COMPLAINT, CUSTOMER, WINDOW, Coverage, cover, coverage_of
from crmdesk.services.sync.holding import FILES, in_window
from crmdesk.services.sync.replica import write_names
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork

STEP_ROWS = 200
"""Rows that go in one transaction: some ten milliseconds."""
STEPS_A_LOOK = 50
KEPT = 200
"""Histories and files fetched on demand that stay whatever the size: those an agent comes back to."""
EVICTED_TO = "evicted_to"
"""The name in ``sync`` of the beginning of the window (microseconds) up to which history was let go."""

_OWN_COVERAGE = (
    "EXISTS (SELECT 1 FROM coverage AS c WHERE c.kind = 'customer' AND c.key = hex(t.customer_id)"
    " AND (c.from_at IS NULL OR c.from_at <= :from_at))"
)
_OPEN_TASK = (
    "EXISTS (SELECT 1 FROM task AS k WHERE k.customer_id = t.customer_id AND k.state = 'open')"
    " OR EXISTS (SELECT 1 FROM task AS k WHERE k.call_id = {call} AND k.state = 'open')"
)
_OPEN_COMPLAINT = f"EXISTS (SELECT 1 FROM complaint AS f WHERE f.customer_id = t.customer_id AND f.{OPEN})"
_FETCHED_FILE = (
    "EXISTS (SELECT 1 FROM coverage AS c WHERE c.kind = 'complaint' AND c.key = hex(t.{complaint}))"
)
_UNSENT = "t.id IN (SELECT row_id FROM server_row)"
_log = logging.getLogger("crmdesk.sync")


@dataclass(frozen=True, slots=True)
class Kind:
    """A table whose rows go: how it lies in the store, and what holds a row besides its age.

    With a row go those of ``parts`` (table, column that names it): some ``weight`` in all.
    """

    order: tuple[str, ...]
    held: tuple[str, ...]
    parts: tuple[tuple[str, str], ...] = ()
    weight: int = 1


KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "interaction": Kind(
            ("customer_id", "at", "id"),
            (_OWN_COVERAGE, _OPEN_TASK.format(call="t.id"), _OPEN_COMPLAINT, _UNSENT),
        ),
        "complaint_body": Kind(
            ("id",),
            (_FETCHED_FILE.format(complaint="id"), _UNSENT),
            tuple((table, name) for table, name in FILES.items() if table != "complaint_body"),
            weight=20,
        ),
        "note": Kind(
            ("id",),
            (
                _FETCHED_FILE.format(complaint="complaint_id"),
                *(_OWN_COVERAGE, _OPEN_TASK.format(call="t.call_id"), _OPEN_COMPLAINT, _UNSENT),
            ),
        ),
        "call": Kind(
            ("id",),
            (_OWN_COVERAGE, _OPEN_TASK.format(call="t.id"), _OPEN_COMPLAINT, _UNSENT),
            (("call_leg", "call_id"),),
        ),
        "article_use": Kind(("id",), ("EXISTS (SELECT 1 FROM call WHERE id = t.call_id)", _UNSENT)),
    }
)
"""In the order they go: what was used in a call goes after the call, notes of a complaint after its body."""

OF_CUSTOMERS = ("interaction", "note", "call")

Place = tuple[object, ...]
"""Where in the order of a table somebody stopped looking; empty: at its beginning."""


def _before(table: str) -> str:
    """Return the condition that a row of *table* lies before ``:from_at`` and nothing holds it."""
    return f"NOT {in_window(table, 't', ':from_at', '')} AND NOT ({' OR '.join(KINDS[table].held)})"


def candidates(
    connection: Connection, table: str, from_at: datetime, after: Place, limit: int = STEP_ROWS
) -> tuple[tuple[UUID, ...], Place]:
    """Return rows that may go, from *after* on, at most *limit*, and where to go on; none: that was all."""
    order = ", ".join(f"t.{name}" for name in KINDS[table].order)
    names = [f":p{n}" for n in range(len(after))]
    behind = f"({order}) > ({', '.join(names)}) AND " if after else ""
    values = {"from_at": to_micros(from_at), "limit": limit} | {f"p{n}": v for n, v in enumerate(after)}
    found = connection.execute(
        f"SELECT {order} FROM {table} AS t WHERE {behind}{_before(table)} ORDER BY {order} LIMIT :limit",
        values,
    ).fetchall()
    return tuple(UUID(bytes=row[-1]) for row in found), tuple(found[-1]) if found else ()


def shrink(work: UnitOfWork, table: str, ids: Sequence[UUID], from_at: datetime) -> int:
    """Let those of *ids* go that lie before *from_at* and that nothing holds by now; return how many went."""
    marks = ", ".join(f"x'{each.hex}'" for each in ids)
    found = work.connection.execute(
        f"SELECT t.id FROM {table} AS t WHERE t.id IN ({marks}) AND {_before(table)}",
        {"from_at": to_micros(from_at)},
    ).fetchall()
    _let_go(work, table, [UUID(bytes=key) for (key,) in found], from_at)
    work.commit()
    return len(found)


def _let_go(work: UnitOfWork, table: str, ids: Sequence[UUID], from_at: datetime) -> None:
    """Claim less, then forget the rows. Where all there is was here it stays so until a row goes."""
    window = coverage_of(work.connection, WINDOW) if table in OF_CUSTOMERS else None
    if ids and window is not None and (window.from_at is None or window.from_at < from_at):
        cover(work, Coverage(WINDOW, "", from_at, window.complete_since, window.total))
    _forget(work, table, ids)


def _forget(work: UnitOfWork, table: str, ids: Sequence[UUID]) -> None:
    gone = [RowChange(table, each, None) for each in ids]
    for part, column in KINDS[table].parts:
        gone.extend(RowChange(part, each, None) for each in _parts(work.connection, part, column, ids))
    work.lay(gone)
    work.connection.executemany(
        "DELETE FROM history WHERE row_id = ? AND table_name = ?",
        [(change.id.bytes, change.table) for change in gone],
    )


def _parts(connection: Connection, table: str, column: str, ids: Sequence[UUID]) -> Iterator[UUID]:
    for each in ids:
        found = connection.execute(
            f"SELECT id FROM {table} WHERE {column} = ? AND id NOT IN (SELECT row_id FROM server_row)"
            " AND id NOT IN (SELECT id FROM attachment_file WHERE state = 'here')",
            (each.bytes,),
        ).fetchall()
        yield from (UUID(bytes=key) for (key,) in found)


def used_bytes(connection: Connection) -> int:
    """Return how much of the file holds something."""
    (pages,) = connection.execute("PRAGMA page_count").fetchone()
    (free,) = connection.execute("PRAGMA freelist_count").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    return (int(pages) - int(free)) * int(size)  # SQLCipher tells the size as text


def least_used(connection: Connection, kept: int = KEPT) -> UUID | None:
    """Return whose own history was not looked at for longest; not of the last *kept*, nor with open tasks."""
    found = connection.execute(
        "SELECT c.key FROM (SELECT key FROM coverage WHERE kind = 'customer'"
        " ORDER BY complete_since DESC, key LIMIT -1 OFFSET ?) AS c WHERE NOT EXISTS"
        " (SELECT 1 FROM task AS k WHERE hex(k.customer_id) = c.key AND k.state = 'open')",
        (kept,),
    ).fetchall()
    return UUID(hex=found[-1][0]) if found else None


def forget_fetched(work: UnitOfWork, kept: int = KEPT) -> None:
    """Hold of the files of complaints that were fetched only the last *kept* any longer."""
    work.connection.execute(
        "DELETE FROM coverage WHERE kind = ? AND key NOT IN (SELECT key FROM coverage WHERE kind = ?"
        " ORDER BY complete_since DESC, key LIMIT ?)",
        (COMPLAINT, COMPLAINT, kept),
    )
    work.commit()


def look_at(work: UnitOfWork, customer_id: UUID) -> None:
    """Note that somebody looks at this history: it is covered at this tick, too; the caller commits."""
    work.connection.execute(
        "UPDATE coverage SET complete_since = max(complete_since,"
        " coalesce((SELECT CAST(value AS INTEGER) FROM sync WHERE name = 'cursor'), 0))"
        " WHERE kind = 'customer' AND key = ?",
        (customer_id.hex.upper(),),
    )


def uncover(work: UnitOfWork, customer_id: UUID, from_at: datetime, limit: int = STEP_ROWS) -> int:
    """Hold a history only as far as the window goes: *limit* older rows of a table go; return how many."""
    connection, gone = work.connection, 0
    connection.execute("DELETE FROM coverage WHERE kind = ? AND key = ?", (CUSTOMER, customer_id.hex.upper()))
    for table in OF_CUSTOMERS:
        found = connection.execute(
            f"SELECT t.id FROM {table} AS t WHERE t.customer_id = :customer AND {_before(table)}"
            " LIMIT :limit",
            {"customer": customer_id.bytes, "from_at": to_micros(from_at), "limit": limit},
        ).fetchall()
        _let_go(work, table, [UUID(bytes=key) for (key,) in found], from_at)
        gone += len(found)
    work.commit()
    return gone


class Eviction:
    """Lets history go, some steps at each look.

    Args:
        store: of this desk.
        limit_bytes: how large the store may be before histories fetched on demand go.
        kept: so many of them stay whatever the size, and of files of complaints that were fetched.
        step_rows: rows of one transaction.
        steps: transactions at each look.
    """

    def __init__(
        self,
        store: Store,
        limit_bytes: int,
        *,
        kept: int = KEPT,
        step_rows: int = STEP_ROWS,
        steps: int = STEPS_A_LOOK,
    ) -> None:
        self._store = store
        self._limit_bytes = limit_bytes
        self._kept = kept
        self._step_rows = step_rows
        self._steps = steps
        self._left: list[str] = []
        self._after: Place = ()

    def look(self, from_at: datetime) -> int:
        """Let go of what lies before *from_at*, where the window begins; return how many rows went.

        Some steps only: call again. Any thread but the store lane's.
        """
        gone = self._past_window(from_at) + self._past_limit(from_at)
        if gone:
            _log.info("let %s rows of history go that this desk holds no longer", gone)
        return gone

    def _past_window(self, from_at: datetime) -> int:
        if not self._left:
            if self._store.read(_evicted_to).result() >= to_micros(from_at):
                return 0
            self._left, self._after = list(KINDS), ()
            self._store.write(forget_fetched, self._kept).result()
        gone = 0
        for _ in range(self._steps):
            table = self._left[0]
            rows = max(1, self._step_rows // KINDS[table].weight)
            ids, self._after = self._store.read(candidates, table, from_at, self._after, rows).result()
            if ids:
                gone += self._store.write(shrink, table, ids, from_at, initiator="sync").result().result
                continue
            self._left.pop(0)
            if not self._left:
                self._store.write(_note_evicted, to_micros(from_at)).result()
                break
        return gone

    def _past_limit(self, from_at: datetime) -> int:
        gone, victim = 0, None
        for _ in range(self._steps):
            if victim is None:
                if self._store.read(used_bytes).result() <= self._limit_bytes:
                    break
                victim = self._store.read(least_used, self._kept).result()
                if victim is None:
                    break
            asked = (victim, from_at, self._step_rows)
            went = self._store.write(uncover, *asked, initiator="sync").result().result
            gone += went
            victim = victim if went >= self._step_rows else None
        return gone


def _evicted_to(connection: Connection) -> int:
    found = connection.execute("SELECT value FROM sync WHERE name = ?", (EVICTED_TO,)).fetchone()
    return int(found[0]) if found else 0


def _note_evicted(work: UnitOfWork, micros: int) -> None:
    write_names(work.connection, {EVICTED_TO: micros})
    work.commit()
