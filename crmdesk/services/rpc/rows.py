"""Rows of the store for the wire: read with plain SQL, told as JSON under the names the interface uses."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from crmdesk.errors import NotFound
from crmdesk.models.wire import Json, Row, field_types, to_json
from crmdesk.services.store.values import from_micros, to_micros


def column(name: str) -> str:
    """Return the column behind the wire's field *name*."""
    return "rev" if name == "version" else name


def stored(value: object) -> object:
    """Return *value* as the store holds it: ids as 16 bytes, moments as microseconds, dates as text."""
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, datetime):
        return to_micros(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return json.dumps(list(value), ensure_ascii=False)
    return value


def read(kind: type, value: Any) -> object:
    """Return the stored *value* as the Python type *kind*."""
    if value is None:
        return None
    if kind is UUID:
        return UUID(bytes=bytes(value))
    if kind is datetime:
        return from_micros(value)
    if kind is date:
        return date.fromisoformat(value)
    if kind is tuple:
        return tuple(json.loads(value))
    return bool(value) if kind is bool else value


def select(
    connection: Any, table: str, entity: type, rest: str = "", values: Iterable[object] = ()
) -> list[Row]:
    """Return rows of *table* as Python values by column name; *rest* is what follows ``FROM table``.

    *rest* is put together from constants only; *values* are bound in order.
    """
    types = field_types(entity)
    names = tuple(types)
    sql = f"SELECT {', '.join(names)} FROM {table} {rest}"
    found = connection.execute(sql, tuple(stored(value) for value in values))
    return [{n: read(types[n][0], v) for n, v in zip(names, row, strict=True)} for row in found]


def one(connection: Any, table: str, entity: type, row_id: UUID) -> Row:
    """Return one row by its id; raise NotFound when there is none."""
    rows = select(connection, table, entity, "WHERE id = ?", (row_id,))
    if not rows:
        raise NotFound("This {what} is not here any more.", what=table.replace("_", " "))
    return rows[0]


def told(row: Row, names: Sequence[str]) -> dict[str, Json]:
    """Return the fields *names* of *row* as JSON values."""
    return {name: to_json(row[column(name)]) for name in names}
