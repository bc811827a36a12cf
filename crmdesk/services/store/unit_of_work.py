"""The only way to change anything: load, call the entity, do, commit.

One transaction writes the rows, the log of operations and the history, and keeps the search indexes level.
Leaving without :meth:`UnitOfWork.commit` takes everything back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Table, delete, insert, select, update
from sqlalchemy.orm import Session

from crmdesk.errors import NotFound
from crmdesk.models.changes import ChangeSet
from crmdesk.models.effects import ENTITIES, apply
from crmdesk.models.operations import Author, Operation, RowChange
from crmdesk.models.rules import refuse_overwriting
from crmdesk.models.wire import Row, from_json, to_json
from crmdesk.services.store.tables import Schema

E = TypeVar("E")
TABLE_OF = {entity: name for name, entity in ENTITIES.items()}


class Follower(Protocol):
    """A search index or prepared set that follows the rows, inside their transaction."""

    def follow(self, connection: Any, changes: Sequence[RowChange]) -> None:
        """Bring the index up to *changes*; *connection* is the raw one of the transaction."""


class StoredRows:
    """The rows of the store as an effect sees them."""

    def __init__(self, connection: Connection, tables: Mapping[str, Table]) -> None:
        self._connection = connection
        self._tables = tables

    def get(self, table: str, row_id: UUID) -> Row | None:
        """Return one row, None when there is none."""
        held = self._tables[table]
        found = (
            self._connection.execute(select(*_columns(held)).where(held.c.id == row_id)).mappings().first()
        )
        return dict(found) if found else None

    def where(self, table: str, column: str, value: object) -> list[Row]:
        """Return the rows whose *column* equals *value*, ordered by id."""
        held = self._tables[table]
        query = select(*_columns(held)).where(held.c[column] == value).order_by(held.c.id)
        return [dict(row) for row in self._connection.execute(query).mappings()]

    def write(self, change: RowChange, known: bool) -> None:
        """Write one row; *known* says whether it was there before."""
        held = self._tables[change.table]
        if change.row is None:
            self._connection.execute(delete(held).where(held.c.id == change.id))
        elif known:
            self._connection.execute(update(held).where(held.c.id == change.id).values(**change.row))
        else:
            self._connection.execute(insert(held).values(**change.row))


def _columns(table: Table) -> list[Any]:
    return [column for column in table.c if column.name != "seq"]


class UnitOfWork:
    """One change of the store, by one author; use as a context manager.

    Args:
        session: begins its transaction when first used.
        schema: the declared tables.
        author: describes the operations.
        followers: indexes kept level within the transaction.
        initiator: who asked, told in the ChangeSet.
    """

    def __init__(
        self,
        session: Callable[[], Session],
        schema: Schema,
        author: Author,
        followers: Sequence[Follower] = (),
        initiator: str = "",
    ) -> None:
        self.author = author
        self.initiator = initiator
        self._open = session
        self._schema = schema
        self._followers = followers
        self._changes: list[RowChange] = []

    def __enter__(self) -> Self:
        """Begin."""
        self._session = self._open()
        self._rows = StoredRows(self._session.connection(), self._schema.tables)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take back what was not committed."""
        self._session.rollback()
        self._session.close()

    def load(self, entity: type[E], row_id: UUID) -> E:
        """Return the entity with that id; raise NotFound when there is none."""
        found = self._session.get(entity, row_id)
        if found is None:
            raise NotFound("This {what} is not here any more.", what=TABLE_OF[entity].replace("_", " "))
        return found

    def row(self, table: str, row_id: UUID) -> Row | None:
        """Return one row as plain values, None when there is none."""
        return self._rows.get(table, row_id)

    def rows(self, table: str, column: str, value: object) -> list[Row]:
        """Return the rows of *table* whose *column* equals *value*."""
        return self._rows.where(table, column, value)

    @property
    def connection(self) -> Any:
        """The raw connection inside this transaction, for plain SQL reads."""
        return self._session.connection().connection.dbapi_connection

    def do(self, operation: Operation) -> tuple[RowChange, ...]:
        """Apply *operation*: rows, log, history and indexes; return what it changed.

        Raises:
            Conflict: a field it changes was changed by somebody else after its base revision.
        """
        self._refuse_clash(operation)
        changes = apply(self._rows, operation)
        self._log(operation)
        for n, change in enumerate(changes):
            before = self._rows.get(change.table, change.id)
            self._rows.write(change, known=before is not None)
            self._remember(operation, n, change, before)
        for follower in self._followers:
            follower.follow(self.connection, changes)
        self._session.expire_all()
        self._changes.extend(changes)
        return changes

    def commit(self) -> ChangeSet:
        """Make it last; return what was touched."""
        self._session.commit()
        return self.changes

    @property
    def changes(self) -> ChangeSet:
        """What was touched so far."""
        return ChangeSet.of(self._changes, self.initiator)

    def _log(self, operation: Operation) -> None:
        log = self._schema.metadata.tables["operation"]
        values = {name: getattr(operation, name) for name in _LOGGED}
        payload = json.dumps(dict(operation.payload), ensure_ascii=False)
        self._session.connection().execute(insert(log).values(**values, payload=payload))

    def _remember(self, operation: Operation, n: int, change: RowChange, before: Row | None) -> None:
        after = change.row or {}
        named = [name for name in (after or before or {}) if (before or {}).get(name) != after.get(name)]
        history = self._schema.metadata.tables["history"]
        values = {
            "operation_id": operation.id,
            "table_name": change.table,
            "row_id": change.id,
            "rev": after.get("rev", 0),
            "before": _json({name: (before or {}).get(name) for name in named} if before else {}),
            "after": _json({name: after.get(name) for name in named}),
        }
        self._session.connection().execute(insert(history).values(**values))

    def _refuse_clash(self, operation: Operation) -> None:
        if operation.base_revision is None or "changes" not in operation.payload:
            return
        table = _CHANGED_TABLE[operation.kind]
        current = self._rows.get(table, UUID(operation.payload["id"]))
        if current is None:
            raise NotFound("This {what} is not here any more.", what=table.replace("_", " "))
        wanted = from_json(ENTITIES[table], operation.payload["changes"])
        since = self._changed_since(current["id"], operation.base_revision)
        refuse_overwriting(current, operation.base_revision, since, wanted)

    def _changed_since(self, row_id: UUID, revision: int) -> frozenset[str]:
        history = self._schema.metadata.tables["history"]
        query = select(history.c.after).where(history.c.row_id == row_id, history.c.rev > revision)
        names = [set(json.loads(after)) for (after,) in self._session.connection().execute(query)]
        return frozenset().union(*names)


def _json(values: Mapping[str, object]) -> str:
    return json.dumps(to_json(values), ensure_ascii=False)


_LOGGED = ("id", "kind", "version", "base_revision", "actor", "device", "at")
_CHANGED_TABLE = {
    "customer.change": "customer",
    "asset.change": "asset",
    "task.change": "task",
    "contact_point.change": "contact_point",
}
