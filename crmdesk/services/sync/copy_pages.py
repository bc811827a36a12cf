"""How a first copy reads a table: page by page, as its rows lie in the file, in the order they lie there.

The server turns ids, moments and flags into what the file holds, and sends them by binary COPY: what comes is
written as it is, without a Python object a value. The time line lies customer by customer (decision 5), so it
is read in that order; in the order of ids the file's pages would be written over and over.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmdesk.models.effects import ENTITIES
from crmdesk.models.wire import field_types
from crmdesk.services.store.rows import CLUSTERS
from crmdesk.services.sync.connection import Link
from crmdesk.services.sync.holding import at_server, in_window
from crmdesk.services.sync.totals import TABLE as TOTALS
from crmdesk.values import dataclass

Values = tuple[Any, ...]
Cursor = list[Any]
"""Where a page ended: the values of the key of its last row as the file holds them, ids in hexadecimal."""

_FORMS: Mapping[type, tuple[str, str]] = MappingProxyType(
    {
        UUID: ("uuid_send({0})", "bytea"),
        datetime: ("(extract(epoch FROM {0}) * 1000000)::bigint", "int8"),
        date: ("{0}::text", "text"),
        bool: ("{0}::integer", "int4"),
        int: ("{0}::bigint", "int8"),
        str: ("{0}", "text"),
        tuple: ("{0}", "text[]"),
    }
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Part:
    """One reading of a table: the condition of its rows, and the columns it is ordered by."""

    where: str
    key: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A table to be copied: its columns with their forms, and the parts that are read one after the other."""

    table: str
    types: Mapping[str, type]
    parts: tuple[Part, ...]

    @property
    def insert(self) -> str:
        """The statement that writes a row."""
        marks = ", ".join("?" * len(self.types))
        return f"INSERT INTO {self.table} ({', '.join(self.types)}) VALUES ({marks})"

    def page(
        self, link: Link, part: int, after: Cursor | None, since: datetime, limit: int
    ) -> tuple[list[Values], Cursor | None]:
        """Return the next rows of *part* behind *after*, at most *limit*, and where the page ended."""
        chosen = self.parts[part]
        values = {"since": since, "limit": limit}
        if after is not None:
            values |= {f"k{n}": self._of_server(name, after[n]) for n, name in enumerate(chosen.key)}
        with link.cursor() as cursor, cursor.copy(self._query(chosen, after is not None), values) as copy:
            copy.set_types([_FORMS[kind][1] for kind in self.types.values()])
            rows = [self._whole(row) for row in copy.rows()]
        return rows, self._cursor(chosen, rows[-1]) if rows else None

    def count(self, link: Link, since: datetime) -> int:
        """Return how many rows there are."""
        found = link.execute(
            f"SELECT count(*) FROM {at_server(self.table)} AS k WHERE {self._window()}", {"since": since}
        ).fetchone()
        return int(found[0]) if found else 0

    def _query(self, part: Part, behind: bool) -> str:
        columns = ", ".join(self._form(name) for name in self.types)
        order = ", ".join(f"k.{name}" for name in part.key)
        marks = ", ".join(f"%(k{n})s" for n in range(len(part.key)))
        after = f"({order}) > ({marks}) AND " if behind else ""
        return (
            f"COPY (SELECT {columns} FROM {at_server(self.table)} AS k WHERE {after}{part.where}"
            f" AND {self._window()} ORDER BY {order} LIMIT %(limit)s) TO STDOUT (FORMAT binary)"
        )

    def _window(self) -> str:
        return "true" if self.table == TOTALS else in_window(self.table, "k", "%(since)s")

    def _form(self, name: str) -> str:
        form = _FORMS[self.types[name]][0].format(f'k."{name}"')
        return f"coalesce({form}, ''::bytea)" if name == "customer_id" and self.table in CLUSTERS else form

    def _whole(self, row: Values) -> Values:
        """Return *row* with its lists as text; most tables have none."""
        if tuple not in self.types.values():
            return row
        return tuple(
            json.dumps(value, ensure_ascii=False) if isinstance(value, list) else value for value in row
        )

    def _cursor(self, part: Part, row: Values) -> Cursor:
        names = list(self.types)
        held = [row[names.index(name)] for name in part.key]
        return [value.hex() if isinstance(value, bytes) else value for value in held]

    def _of_server(self, name: str, held: Any) -> object:
        """Return a value of a cursor as the server's column holds it."""
        kind = self.types[name]
        if kind is UUID:
            return UUID(hex=held)
        return _EPOCH + timedelta(microseconds=held) if kind is datetime else held


@cache
def sources() -> tuple[Source, ...]:
    """Return the tables of a first copy, in order; the totals of contacts are the last."""
    tables = tuple(
        Source(table, {name: kind for name, (kind, _) in field_types(entity).items()}, _parts(table))
        for table, entity in ENTITIES.items()
    )
    total = {"customer_id": UUID, "contact_count": int, "last_contact": datetime}
    return (*tables, Source(TOTALS, total, (Part("true", ("customer_id",)),)))


def _parts(table: str) -> tuple[Part, ...]:
    cluster = CLUSTERS.get(table)
    if cluster is None:
        return (Part("true", ("id",)),)
    first, *others = (*cluster, "id")
    # Rows without an owner lie before all others in the file, and behind them at the server.
    return (
        Part(f"k.{first} IS NULL", tuple(others)),
        Part(f"k.{first} IS NOT NULL", (first, *others)),
    )
