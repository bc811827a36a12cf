"""Filling a new store fast: rows as the file holds them, no log of operations, indexes at the end.

Only for stores nobody works in yet: the demo company and benchmarks. The caller lets go of search indexes
that follow rows before he loads, and has them built by what he hands to :meth:`BulkLoader.finish`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial
from itertools import islice
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

from crmdesk.errors import StoreFault
from crmdesk.models.effects import ENTITIES
from crmdesk.models.wire import field_types
from crmdesk.services.store.connection import DATABASE_ERRORS, Connection, explained, open_connection
from crmdesk.services.store.rows import shape_of
from crmdesk.services.store.schema import ensure_schema

CHUNK_ROWS = 100_000
"""Rows of one transaction of a large load."""

_Converter = tuple[int, Callable[[Any], object]]
_TABLE_OF = MappingProxyType({entity: name for name, entity in ENTITIES.items()})


class BulkLoader:
    """Fills the store at *path*, which is made when it is not there; use as a context manager.

    Leaving without :meth:`finish` takes a small load back; the file of a large load is good for nothing then.

    Args:
        path: the file.
        key: 32 bytes.
        large: millions of rows: no journal, secondary indexes last. The file must be nobody else's meanwhile.

    Raises:
        StoreFault: somebody works in this store already.
    """

    def __init__(self, path: Path, key: bytes, *, large: bool = False) -> None:
        self._path = path
        self._key = key
        self._large = large
        self._dropped: list[str] = []

    def __enter__(self) -> Self:
        """Open the store."""
        ensure_schema(self._path, self._key)
        self.connection: Connection = open_connection(self._path, self._key, role="bulk")
        try:
            self._refuse_used()
            if self._large:
                self._prepare_large()
            self.connection.execute("BEGIN IMMEDIATE")
        except BaseException:
            self.connection.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Take back what was not finished, close the file."""
        if self.connection.in_transaction:
            self.connection.execute("ROLLBACK")
        self.connection.close()
        if isinstance(error, DATABASE_ERRORS):
            raise explained(error, self._path) from error

    def rows(self, table: str, rows: Iterable[tuple[object, ...]]) -> int:
        """Write *rows*, each the stored values in the order of :func:`columns_of`; return how many."""
        names = columns_of(table)
        marks = ", ".join("?" * len(names))
        statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})"
        count = 0
        for chunk in _chunks(rows):
            self.connection.executemany(statement, chunk)
            count += len(chunk)
            if self._large:
                self.connection.execute("COMMIT")
                self.connection.execute("BEGIN IMMEDIATE")
        return count

    def finish(self, *build_indexes: Callable[[Connection], object]) -> None:
        """Keep the rows, create the indexes and call each of *build_indexes* with the connection.

        They run outside of a transaction and begin their own.
        """
        self.connection.execute("COMMIT")
        for statement in self._dropped:
            self.connection.execute(statement)
        for build in build_indexes:
            build(self.connection)
        self.connection.execute("PRAGMA optimize")
        if self._large:
            self.connection.execute("PRAGMA locking_mode = NORMAL")
            self.connection.execute("PRAGMA journal_mode = WAL")

    def _refuse_used(self) -> None:
        used = self.connection.execute(
            "SELECT EXISTS (SELECT 1 FROM operation) OR EXISTS (SELECT 1 FROM customer)"
        ).fetchone()[0]
        if used:
            raise StoreFault(
                "Somebody works in the store at {path}; only a new one is filled.", path=self._path
            )

    def _prepare_large(self) -> None:
        for pragma in ("locking_mode = EXCLUSIVE", "journal_mode = OFF", "synchronous = OFF"):
            self.connection.execute(f"PRAGMA {pragma}")
        self.connection.execute("PRAGMA secure_delete = OFF")
        ours = "', '".join(ENTITIES)
        found = self.connection.execute(
            f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('{ours}')"
            " AND sql IS NOT NULL"
        ).fetchall()
        for name, statement in found:
            self.connection.execute(f'DROP INDEX "{name}"')
            self._dropped.append(statement)


def rows_by_table(entities: Iterable[object]) -> dict[str, list[tuple[object, ...]]]:
    """Return *entities* as rows for :meth:`BulkLoader.rows`, sorted out by table."""
    sorted_out: dict[str, list[tuple[object, ...]]] = defaultdict(list)
    for entity in entities:
        sorted_out[_TABLE_OF[type(entity)]].append(stored(entity))
    return sorted_out


@cache
def columns_of(table: str) -> tuple[str, ...]:
    """Return the columns of an entity's table in the order rows are handed over, without ``seq``."""
    return tuple(field_types(ENTITIES[table]))


def stored(entity: object) -> tuple[object, ...]:
    """Return the values of *entity* as the file holds them, in the order of :func:`columns_of`."""
    take, converters = _reader(_TABLE_OF[type(entity)])
    values = list(take(entity))
    for n, convert in converters:
        values[n] = convert(values[n])
    return tuple(values)


@cache
def _reader(table: str) -> tuple[attrgetter[tuple[Any, ...]], tuple[_Converter, ...]]:
    shape = shape_of(table)
    converters = tuple(
        (n, partial(shape.stored, name)) for n, name in enumerate(shape.columns) if name in shape.to_file
    )
    return attrgetter(*shape.columns), converters


def _chunks(rows: Iterable[tuple[object, ...]]) -> Iterator[list[tuple[object, ...]]]:
    remaining = iter(rows)
    while chunk := list(islice(remaining, CHUNK_ROWS)):
        yield chunk
