"""The only way to change anything: load, call the entity, do, commit.

One transaction writes the rows, the log of operations and the history, and keeps the search indexes level.
Leaving without :meth:`UnitOfWork.commit` takes everything back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

from crmdesk.errors import Bug, NotFound
from crmdesk.models.changes import ChangeSet
from crmdesk.models.effects import ENTITIES, apply
from crmdesk.models.operations import Author, Operation, RowChange
from crmdesk.models.rules import refuse_overwriting
from crmdesk.models.wire import Row, from_json, to_json
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.store.values import to_micros

E = TypeVar("E")
TABLE_OF = {entity: name for name, entity in ENTITIES.items()}


class Follower(Protocol):
    """A search index or prepared set that follows the rows, inside their transaction."""

    def follow(self, connection: Any, changes: Sequence[RowChange]) -> None:
        """Bring the index up to *changes*; *connection* is the raw one of the transaction."""


class UnitOfWork:
    """One change of the store, by one author; use as a context manager on the store lane.

    Args:
        connection: the one that writes, outside of any transaction.
        author: describes the operations.
        followers: indexes kept level within the transaction.
        initiator: who asked, told in the ChangeSet.
    """

    def __init__(
        self,
        connection: Connection,
        author: Author,
        followers: Sequence[Follower] = (),
        initiator: str = "",
    ) -> None:
        self.author = author
        self.initiator = initiator
        self._raw = connection
        self._followers = followers
        self._rows: StoredRows | None = None
        self._loaded: dict[tuple[str, UUID], Any] = {}
        self._done: list[RowChange] = []
        self._lasting: list[RowChange] = []
        self._torn = False

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
        for change in changes:
            self._remember(operation, change, rows.write(change))
        for follower in self._followers:
            follower.follow(self._raw, changes)
        self._refresh(changes)
        self._done.extend(changes)
        self._torn = False
        return changes

    def commit(self) -> ChangeSet:
        """Make it last; return what was touched.

        Raises:
            Bug: an operation failed half-way and somebody went on regardless; nothing is kept.
        """
        if self._torn:
            raise Bug("A change failed half-way and was taken back.")
        if self._rows is not None:
            self._raw.execute("COMMIT")
            self._rows = None
        self._lasting = list(self._done)
        return self.changes

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

    def _refresh(self, changes: Sequence[RowChange]) -> None:
        for change in changes:
            held = self._loaded.get((change.table, change.id))
            for name, value in (change.row or {}).items() if held is not None else ():
                setattr(held, name, value)

    def _log(self, operation: Operation) -> bool:
        """Write *operation* down; return False when it stands in the log already."""
        payload = json.dumps(dict(operation.payload), ensure_ascii=False)
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
        named = [name for name in (after or earlier) if earlier.get(name) != after.get(name)]
        self._raw.execute(
            "INSERT INTO history (operation_id, table_name, row_id, rev, before, after)"
            " VALUES (?, ?, ?, ?, ?, ?)",
            (
                operation.id.bytes,
                change.table,
                change.id.bytes,
                after.get("rev", 0),
                _json({name: earlier[name] for name in named} if before else {}),
                _json({name: after.get(name) for name in named}),
            ),
        )

    def _refuse_clash(self, rows: StoredRows, operation: Operation) -> None:
        if operation.base_revision is None or operation.kind not in _CHANGED_TABLE:
            return
        table = _CHANGED_TABLE[operation.kind]
        current = rows.get(table, UUID(operation.payload["id"]))
        if current is None:
            raise NotFound("This {what} is not here any more.", what=table.replace("_", " "))
        if operation.base_revision == current["rev"]:
            return
        given = operation.payload.get("changes", operation.payload.get("fields", {}))
        wanted = from_json(ENTITIES[table], given)
        since = self._changed_since(table, current["id"], operation.base_revision)
        refuse_overwriting(current, operation.base_revision, since, wanted)

    def _changed_since(self, table: str, row_id: UUID, revision: int) -> frozenset[str]:
        """Return the fields changed after *revision*; a visit and its line have one id, but own revisions."""
        found = self._raw.execute(
            "SELECT after FROM history WHERE row_id = ? AND rev > ? AND table_name = ?",
            (row_id.bytes, revision, table),
        ).fetchall()
        return frozenset().union(*(json.loads(after) for (after,) in found))


def _json(values: Mapping[str, object]) -> str:
    return json.dumps(to_json(values), ensure_ascii=False)


_CHANGED_TABLE = {
    "customer.change": "customer",
    "asset.change": "asset",
    "task.change": "task",
    "visit.change": "service_visit",
    "contact_point.change": "contact_point",
    "article.save": "article",
}
