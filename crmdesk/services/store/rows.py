"""The entities mapped onto the tables: rows as effects see them, by plain statements made from their fields.

Entities stay plain classes that know nothing of it. A save runs a dozen statements; a general mapper costs
several times what the database itself needs for them, and a quarter of a second to load.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmdesk.models.effects import ENTITIES
from crmdesk.models.operations import RowChange
from crmdesk.models.wire import Row, field_types
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.values import from_micros, to_micros
from crmdesk.values import dataclass

Converter = Callable[[Any], Any]

TO_FILE: Mapping[type, Converter] = MappingProxyType(
    {
        UUID: lambda value: value.bytes,
        datetime: to_micros,
        date: date.isoformat,
        tuple: lambda value: json.dumps(list(value), ensure_ascii=False),
        bool: int,
    }
)
CLUSTERS: Mapping[str, tuple[str, ...]] = MappingProxyType({"interaction": ("customer_id", "at")})
"""Tables that lie in the order of these columns and then of the id: what is read together lies together."""
NOBODY = b""
"""Holds the place of "none" in an id that a table is ordered by: such a column cannot be NULL."""
FETCHED_AT_ONCE = 500
"""Rows read by one statement."""

_FROM_FILE: Mapping[type, Converter] = MappingProxyType(
    {
        UUID: lambda held: UUID(bytes=held) if held else None,
        datetime: from_micros,
        date: date.fromisoformat,
        tuple: lambda held: tuple(json.loads(held)),
        bool: bool,
    }
)


@dataclass(frozen=True, slots=True)
class Shape:
    """The columns of one table and how their values lie in the file."""

    table: str
    columns: tuple[str, ...]
    to_file: Mapping[str, Converter]
    from_file: tuple[Converter | None, ...]
    writers: tuple[tuple[str, Converter | None, bytes | None], ...]
    """Of each column its name, what converts a value for the file, and what stands there for none."""

    def read(self, stored: Sequence[Any]) -> Row:
        """Return the row of the *stored* values, in the order of ``columns``."""
        return {
            name: value if convert is None or value is None else convert(value)
            for name, convert, value in zip(self.columns, self.from_file, stored, strict=True)
        }

    def stored(self, name: str, value: Any) -> Any:
        """Return *value* of the column *name* as it lies in the file."""
        convert = self.to_file.get(name)
        if value is None:
            return NOBODY if name in CLUSTERS.get(self.table, ()) else None
        return value if convert is None else convert(value)

    def all_stored(self, row: Row) -> list[Any]:
        """Return the values of *row* as they lie in the file, in the order of ``columns``."""
        return [
            none if (value := row[name]) is None else value if convert is None else convert(value)
            for name, convert, none in self.writers
        ]

    @property
    def lists(self) -> tuple[str, ...]:
        """The columns that hold lists."""
        return tuple(name for name, convert in self.to_file.items() if convert is TO_FILE[tuple])

    @property
    def insert(self) -> str:
        """The statement that writes a new row."""
        marks = ", ".join("?" * len(self.columns))
        return f"INSERT INTO {self.table} ({', '.join(self.columns)}) VALUES ({marks})"

    @property
    def select(self) -> str:
        """The statement's beginning that reads all columns."""
        return f"SELECT {', '.join(self.columns)} FROM {self.table}"


@cache
def shape_of(table: str) -> Shape:
    """Return the shape of an entity's table."""
    types = field_types(ENTITIES[table])
    to_file = {name: TO_FILE[kind] for name, (kind, _optional) in types.items() if kind in TO_FILE}
    cluster = CLUSTERS.get(table, ())
    return Shape(
        table,
        tuple(types),
        to_file,
        tuple(_FROM_FILE.get(kind) for kind, _optional in types.values()),
        tuple((name, to_file.get(name), NOBODY if name in cluster else None) for name in types),
    )


class StoredRows:
    """The rows of the store inside one transaction, each read from the file at most once."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[tuple[str, UUID], Row | None] = {}

    def get(self, table: str, row_id: UUID) -> Row | None:
        """Return one row, None when there is none. It is shared: copy it before changing it."""
        place = (table, row_id)
        if place not in self._known:
            shape = shape_of(table)
            found = self._connection.execute(f"{shape.select} WHERE id = ?", (row_id.bytes,)).fetchone()
            self._known[place] = shape.read(found) if found else None
        return self._known[place]

    def where(self, table: str, column: str, value: object) -> list[Row]:
        """Return the rows whose *column* equals *value*, ordered by id."""
        shape = shape_of(table)
        if column not in shape.columns:
            raise KeyError(column)
        found = self._connection.execute(
            f"{shape.select} WHERE {column} = ? ORDER BY id", (shape.stored(column, value),)
        ).fetchall()
        rows = [shape.read(stored) for stored in found]
        for row in rows:
            self._known[table, row["id"]] = row
        return rows

    def write(self, change: RowChange) -> Row | None:
        """Write one row; return it as it was before, None when there was none."""
        shape, before = shape_of(change.table), self.get(change.table, change.id)
        if change.row is None:
            self._connection.execute(f"DELETE FROM {change.table} WHERE id = ?", (change.id.bytes,))
        elif before is None:
            self._insert(shape, change.row)
        else:
            self._update(shape, before, change.row)
        self._known[change.table, change.id] = change.row
        return before

    def fetch(self, table: str, ids: Iterable[UUID]) -> None:
        """Read many rows at once; :meth:`get` then has them, and knows which are not there."""
        shape, known = shape_of(table), self._known
        wanted = [row_id for row_id in ids if (table, row_id) not in known]
        for at in range(0, len(wanted), FETCHED_AT_ONCE):
            part = wanted[at : at + FETCHED_AT_ONCE]
            for row_id in part:
                known[table, row_id] = None
            marks = ", ".join("?" * len(part))
            for stored in self._connection.execute(
                f"{shape.select} WHERE id IN ({marks})", [row_id.bytes for row_id in part]
            ).fetchall():
                row = shape.read(stored)
                known[table, row["id"]] = row

    def lay(self, changes: Sequence[RowChange]) -> None:
        """Write many rows, each once, table by table."""
        by_table: dict[str, list[RowChange]] = {}
        for change in changes:
            by_table.setdefault(change.table, []).append(change)
        for table, held in by_table.items():
            self.fetch(table, [change.id for change in held])
            new = [c for c in held if c.row is not None and self._known[table, c.id] is None]
            shape = shape_of(table)
            self._connection.executemany(
                shape.insert, [shape.all_stored(change.row) for change in new if change.row is not None]
            )
            for change in new:
                self._known[table, change.id] = change.row
            for change in held:
                if self._known[table, change.id] is not change.row:
                    self.write(change)

    def _insert(self, shape: Shape, row: Row) -> None:
        self._connection.execute(shape.insert, shape.all_stored(row))

    def _update(self, shape: Shape, before: Row, row: Row) -> None:
        """Write the columns that changed: SQLite rewrites the index entries of every column that is set."""
        changed = [name for name in shape.columns if row[name] != before[name]]
        if changed:
            self._connection.execute(
                f"UPDATE {shape.table} SET {', '.join(f'{name} = ?' for name in changed)} WHERE id = ?",
                [*(shape.stored(name, row[name]) for name in changed), row["id"].bytes],
            )
