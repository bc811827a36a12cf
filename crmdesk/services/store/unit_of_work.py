"""The only way to change anything: load, call the entity, do, commit.

One transaction writes the rows, the log of operations and the history, and keeps the search indexes level.
Leaving without :meth:`UnitOfWork.commit` takes everything back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

from crmdesk.errors import Bug, NotFound
from crmdesk.models.changes import ChangeSet
from crmdesk.models.complaint_effects import NAMES_ANOTHER
from crmdesk.models.effects import ENTITIES, OF_TEAMS, apply
from crmdesk.models.operations import Author, Operation, RowChange
from crmdesk.models.outbox import revised_place, wanted_fields
from crmdesk.models.rules import refuse_overwriting
from crmdesk.models.wire import Row, to_json
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.store.values import to_micros

E = TypeVar("E")
TABLE_OF = {entity: name for name, entity in ENTITIES.items()}


class Follower(Protocol):
    """A search index or prepared set that follows the rows, inside their transaction."""

    def follow(self, connection: Any, changes: Sequence[RowChange]) -> None:
        """Bring the index up to *changes*; *connection* is the raw one of the transaction."""


class Announcer(Protocol):
    """Takes down, inside their transaction, the operations of a shared desk for the server."""

    def shared(self, connection: Any) -> bool:
        """Whether this desk shares with a server; asked before each operation, so it must cost nothing."""

    def announce(
        self, connection: Any, operation: Operation, touched: Sequence[tuple[RowChange, Row | None]]
    ) -> None:
        """Number *operation* and keep the rows it *touched* as they were before, where they are not kept."""

    def look_again(self) -> None:
        """Forget whether this desk is shared: it may have changed."""


class UnitOfWork:
    """One change of the store, by one author; use as a context manager on the store lane.

    Args:
        connection: the one that writes, outside of any transaction.
        author: describes the operations.
        followers: indexes kept level within the transaction.
        initiator: who asked, told in the ChangeSet.
        announcer: takes operations down for the server; without one this desk cannot be shared.
    """

    def __init__(
        self,
        connection: Connection,
        author: Author,
        followers: Sequence[Follower] = (),
        initiator: str = "",
        announcer: Announcer | None = None,
    ) -> None:
        self.author = author
        self.initiator = initiator
        self._raw = connection
        self._followers = followers
        self._announcer = announcer
        self._rows: StoredRows | None = None
        self._loaded: dict[tuple[str, UUID], Any] = {}
        self._done: list[RowChange] = []
        self._light = 0
        self._lasting: list[RowChange] = []
        self._torn = False
        self._removed = False
        self._unindexed: list[RowChange] | None = None

    def __enter__(self) -> Self:
        """Begin; the transaction itself begins with the first read or change."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take back what was not committed."""
        if self._raw.in_transaction:
            self._raw.execute("ROLLBACK")
            self.look_again()

    def load(self, entity: type[E], row_id: UUID) -> E:
        """Return the entity with that id, the same object each time; raise NotFound when there is none.

        It shows what is done to it in this unit of work; to change it, do what its methods describe.
        """
        place = (TABLE_OF[entity], row_id)
        row = self._begun().get(*place)
        if row is None:
            raise NotFound("This {what} is not here any more.", what=place[0].replace("_", " "))
        if place not in self._loaded:
            self._loaded[place] = entity(**row)
        found: E = self._loaded[place]
        return found

    def row(self, table: str, row_id: UUID) -> Row | None:
        """Return one row as plain values, None when there is none."""
        found = self._begun().get(table, row_id)
        return None if found is None else dict(found)

    def rows(self, table: str, column: str, value: object) -> list[Row]:
        """Return the rows of *table* whose *column* equals *value*."""
        return [dict(row) for row in self._begun().where(table, column, value)]

    @property
    def connection(self) -> Any:
        """The raw connection inside this transaction, for plain SQL reads."""
        self._begun()
        return self._raw

    @property
    def stored(self) -> StoredRows:
        """The rows inside this transaction, shared: copy them before changing them."""
        return self._begun()

    def let_go_of_rows(self) -> StoredRows:
        """Forget the rows read and written so far, but not which: for work with more than memory holds."""
        self._begun()
        self._rows = StoredRows(self._raw)
        for n in range(self._light, len(self._done)):
            self._done[n] = RowChange(self._done[n].table, self._done[n].id, None)
        self._light = len(self._done)
        return self._rows

    def look_again(self) -> None:
        """Have the next operation find out anew whether this desk is shared."""
        if self._announcer is not None:
            self._announcer.look_again()

    def do(self, operation: Operation) -> tuple[RowChange, ...]:
        """Apply *operation*: rows, log, history and indexes; return what it changed.

        An operation that was done before changes nothing, so that a repeat is harmless.

        Raises:
            Conflict: a field it changes was changed by somebody else after its base revision.
            NotFound: what it changes is not here any more.
        """
        rows = self._begun()
        self._refuse_clash(rows, operation)
        self._torn = True
        if not self._log(operation):
            self._torn = False
            return ()
        changes = apply(rows, operation)
        touched = [(change, rows.write(change)) for change in changes]
        for change, before in touched:
            self._remember(operation, change, before)
        if self._announcer is not None and self._announcer.shared(self._raw):
            self._announcer.announce(self._raw, operation, touched)
        self._tell(changes)
        self._torn = False
        return changes

    def touch(self, table: str, row_id: UUID) -> None:
        """Have listeners told of a row of which something outside of the entities' tables changed."""
        self._begun()
        self._done.append(RowChange(table, row_id, None))

    @contextmanager
    def together(self) -> Iterator[None]:
        """Have the indexes follow what is done in the block at its end, all at once."""
        self._unindexed = []
        yield
        self._index(self._unindexed)
        self._unindexed = None

    def lay(self, changes: Sequence[RowChange]) -> None:
        """Write rows as they come from elsewhere: no operation, no history; indexes follow."""
        rows = self._begun()
        self._torn = True
        rows.lay(changes)
        self._removed |= any(change.row is None for change in changes)
        self._tell(changes)
        self._torn = False

    def write_anew(self, table: str) -> None:
        """Write the rows that *table* still has into fresh pages: no byte is left of those taken away.

        ``secure_delete`` overwrites what is deleted where it lies, but copies that the splitting of pages
        left in their slack stay; pages given back are overwritten whole.
        """
        self._begun()
        for statement in (
            f"CREATE TEMP TABLE kept AS SELECT * FROM main.{table}",
            f"DELETE FROM main.{table}",
            f"INSERT INTO main.{table} SELECT * FROM temp.kept",
            "DROP TABLE temp.kept",
        ):
            self._raw.execute(statement)

    def commit(self) -> ChangeSet:
        """Make it last; return what was touched.

        Raises:
            Bug: an operation failed half-way and somebody went on regardless; nothing is kept.
        """
        if self._torn or self._unindexed is not None:
            raise Bug("A change failed half-way and was taken back.")
        if self._rows is not None:
            self._raw.execute("COMMIT")
            self._rows = None
        self._lasting = list(self._done)
        return self.changes

    @property
    def removed(self) -> bool:
        """Whether rows were taken away because this desk is to hold them no longer."""
        return self._removed

    @property
    def changes(self) -> ChangeSet:
        """What was touched so far."""
        return ChangeSet.of(self._done, self.initiator)

    @property
    def lasting_changes(self) -> ChangeSet:
        """What was touched and committed."""
        return ChangeSet.of(self._lasting, self.initiator)

    def _begun(self) -> StoredRows:
        """Begin the transaction if it has not; it waits for the write lock here, never in its middle."""
        if self._rows is None:
            self._raw.execute("BEGIN IMMEDIATE")
            self._rows = StoredRows(self._raw)
        return self._rows

    def _tell(self, changes: Sequence[RowChange]) -> None:
        """Bring indexes and loaded entities up to *changes*."""
        if self._unindexed is None:
            self._index(changes)
        else:
            self._unindexed.extend(changes)
        self._done.extend(changes)
        for change in changes:
            held = self._loaded.get((change.table, change.id))
            for name, value in (change.row or {}).items() if held is not None else ():
                setattr(held, name, value)

    def _index(self, changes: Sequence[RowChange]) -> None:
        for follower in self._followers:
            follower.follow(self._raw, changes)

    def _log(self, operation: Operation) -> bool:
        """Write *operation* down; return False when it stands in the log already."""
        payload = _encoded(dict(operation.payload))
        written = self._raw.execute(
            "INSERT INTO operation (id, kind, version, payload, base_revision, actor, device, at)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING",
            (
                operation.id.bytes,
                operation.kind,
                operation.version,
                payload,
                operation.base_revision,
                operation.actor,
                operation.device,
                to_micros(operation.at),
            ),
        )
        return bool(written.rowcount)

    def _remember(self, operation: Operation, change: RowChange, before: Row | None) -> None:
        after, earlier = change.row or {}, before or {}
        if before is None:
            named = [name for name, value in after.items() if value is not None]
        else:
            named = [name for name in (after or earlier) if earlier.get(name) != after.get(name)]
        self._raw.execute(
            "INSERT INTO history (operation_id, table_name, row_id, rev, before, after)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                operation.id.bytes,
                change.table,
                change.id.bytes,
                after.get("rev", 0),
                remembered(change.table, earlier, named) if before else "{}",
                remembered(change.table, after, named),
            ),
        )

    def _refuse_clash(self, rows: StoredRows, operation: Operation) -> None:
        place = revised_place(operation)
        if place is None:
            return
        current = rows.get(*place)
        if current is None:
            raise NotFound("This {what} is not here any more.", what=place[0].replace("_", " "))
        base = operation.base_revision
        if base is not None and base != current["rev"]:
            since = self._changed_since(*place, base)
            refuse_overwriting(current, base, since, wanted_fields(operation))

    def _changed_since(self, table: str, row_id: UUID, revision: int) -> frozenset[str]:
        """Return the fields changed after *revision*; a visit and its line have one id, but own revisions."""
        found = self._raw.execute(
            "SELECT after FROM history WHERE row_id = ? AND rev > ? AND table_name = ?",
            (row_id.bytes, revision, table),
        ).fetchall()
        return frozenset().union(*(json.loads(after) for (after,) in found))


def remembered(table: str, values: Mapping[str, object], named: Sequence[str]) -> str:
    """Return as JSON what ``history`` keeps of the fields *named*: of rows of teams only that they changed.

    The same of restricted complaints, of tasks of any, and of which complaint one names. Nobody reads more of
    those, and somebody may lose the right to them.
    """
    private = table in OF_TEAMS or bool(values.get("restricted") or values.get("complaint_id"))
    hidden = named if private else NAMES_ANOTHER
    return _json({name: None if name in hidden else values.get(name) for name in named})


def _json(values: Mapping[str, object]) -> str:
    return _encoded(to_json(values))


_encoded = json.JSONEncoder(ensure_ascii=False).encode
