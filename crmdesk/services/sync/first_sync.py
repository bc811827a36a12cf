"""The first copy of a large database: a new store beside the one in use, which takes its place when whole.

Each page is one transaction together with the place reached in its table, so that a copy that was broken off
goes on there. What changes meanwhile is pulled afterwards: the tick to pull from is noted before the first
page. Indexes are made last. It keeps Python busy for minutes, so a desk has it done by a process of its own
(``copying``).
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crmdesk.errors import StoreFault
from crmdesk.models.outbox import Pulled
from crmdesk.services.store.connection import DATABASE_ERRORS, Connection, explained, open_connection
from crmdesk.services.store.schema import ensure_schema
from crmdesk.services.store.values import from_micros, to_micros
from crmdesk.services.sync import replica
from crmdesk.services.sync.connection import Link
from crmdesk.services.sync.copy_pages import sources
from crmdesk.services.sync.holding import TABLES
from crmdesk.services.sync.totals import ALL_HERE

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork
    from crmdesk.services.sync.coverage import Coverage
    from crmdesk.services.sync.pull import Snapshot

SUFFIX = ".next"
PAGE_ROWS = 50_000
"""Rows of one transaction."""

AT_ONCE = 20_000

CARRIED = ("operation", "history", "outbox", "not_accepted", "request", "setting", "attachment_file")
"""What only the store in use holds: this desk's own words, and what it was told about them."""

PLACE = frozenset({"cursor", "fp", "scope", "reached", "last_pull_at", "stale"})
"""What ``sync`` says of the place in the server's history: the new store's holds."""

_STATE = (
    "CREATE TABLE IF NOT EXISTS boot (n INTEGER PRIMARY KEY, part INTEGER NOT NULL, last TEXT,"
    " done INTEGER NOT NULL, rows INTEGER NOT NULL, total INTEGER NOT NULL)",
    "CREATE TABLE IF NOT EXISTS boot_index (statement TEXT NOT NULL)",
)
_log = logging.getLogger("crmdesk.sync")


class Copy(Protocol):
    """A first copy under way, here or in a process of its own; one thread uses it."""

    path: Path
    at_once: int

    @property
    def progress(self) -> float:
        """The part that is here, 0 to 1."""

    def begin(self, link: Link, seen: Snapshot, coverage: Coverage, since: datetime, /) -> None:
        """Begin, or go on where an earlier attempt stopped."""

    def step(self, link: Link, /) -> int:
        """Go on for a while; return how many rows came, -1 when all are here."""

    def finish(self) -> None:
        """Make the file whole and let go of it."""

    def close(self) -> None:
        """Let go of it; what is copied stays."""


class FirstCopy:
    """A store being filled at *path*; resumed when an earlier attempt left one. One thread uses it.

    Args:
        path: the new file.
        key: 32 bytes, those of the store it will replace.
        page_rows: rows of one transaction.
        at_once: up to so many rows in all no new file is made; they are taken in as any other.
    """

    def __init__(self, path: Path, key: bytes, page_rows: int = PAGE_ROWS, at_once: int = AT_ONCE) -> None:
        self.path = path
        self.at_once = at_once
        self._key = key
        self._page_rows = page_rows
        self._connection: Connection | None = None

    def begin(self, link: Link, seen: Snapshot, coverage: Coverage, since: datetime) -> None:
        """Begin at the snapshot *seen*, its window at *since*; or go on where an earlier attempt stopped.

        *coverage* is what will be complete.

        Raises:
            StoreFault: no space, or the folder cannot be written.
        """
        if self._resumed(link, seen):
            _log.info("the first copy goes on: %.0f %% were here", self.progress * 100)
            return
        for tail in ("", "-wal", "-shm"):
            self.path.with_name(self.path.name + tail).unlink(missing_ok=True)
        ensure_schema(self.path, self._key)
        connection = self._opened()
        connection.execute("BEGIN IMMEDIATE")
        for statement in _STATE:
            connection.execute(statement)
        _let_go_of_indexes(connection)
        place = {
            "cursor": seen.head,
            "fp": seen.fp.hex(),
            "scope": json.dumps(dict(seen.scope), ensure_ascii=False, sort_keys=True),
            "reached": seen.reached,
            "boot_since": to_micros(since),
        }
        replica.write_names(connection, place)
        connection.execute(
            "INSERT INTO coverage (kind, key, from_at, complete_since) VALUES (?, ?, ?, ?)",
            (
                coverage.kind,
                coverage.key,
                None if coverage.from_at is None else to_micros(coverage.from_at),
                coverage.complete_since,
            ),
        )
        for n, source in enumerate(sources()):
            total = source.count(link, since)
            connection.execute("INSERT INTO boot VALUES (?, 0, NULL, ?, 0, ?)", (n, int(not total), total))
        connection.execute("COMMIT")

    @property
    def progress(self) -> float:
        """The part that is here, 0 to 1."""
        here, total = self._opened().execute("SELECT total(rows), total(total) FROM boot").fetchone()
        return min(1.0, here / total) if total else 1.0

    def step(self, link: Link) -> int:
        """Fetch one page; return how many rows came, -1 when all tables are here.

        Raises:
            psycopg.Error: the page was not kept.
            StoreFault: no space; the page was not kept.
        """
        connection = self._opened()
        found = connection.execute(
            "SELECT n, part, last FROM boot WHERE NOT done ORDER BY n LIMIT 1"
        ).fetchone()
        if found is None:
            return -1
        n, part, last = found
        source, since = sources()[n], self._since()
        rows, end = source.page(link, part, json.loads(last) if last else None, since, self._page_rows)
        whole = len(rows) < self._page_rows
        if whole:
            part, end = part + 1, None
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany(source.insert, rows)
            connection.execute(
                "UPDATE boot SET part = ?, last = ?, rows = rows + ?, done = ? WHERE n = ?",
                (part, json.dumps(end) if end else None, len(rows), part == len(source.parts), n),
            )
            connection.execute("COMMIT")
        except DATABASE_ERRORS as error:
            raise explained(error, self.path) from error
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
        return len(rows)

    def finish(self, told: Callable[[float], None] = lambda _part: None) -> None:
        """Make the indexes, tables of their own gone; the file is whole then and closed.

        *told* hears the part that is done, 0 to 1.
        """
        from crmdesk.services.customers.search_index import rebuild
        from crmdesk.services.knowledge.index import reindex_all

        connection = self._opened()
        statements = connection.execute("SELECT statement FROM boot_index").fetchall()
        connection.execute("BEGIN IMMEDIATE")
        for n, (statement,) in enumerate(statements):
            connection.execute(statement)
            told((n + 1) / (len(statements) * 2))
        rebuild(connection)
        for table in ("boot", "boot_index"):
            connection.execute(f"DROP TABLE {table}")
        connection.execute("DELETE FROM sync WHERE name = 'boot_since'")
        replica.write_names(connection, {ALL_HERE: 1})
        connection.execute("COMMIT")
        told(0.9)
        for _ in reindex_all(connection):
            pass
        connection.execute("PRAGMA optimize")
        told(1.0)
        self.close()

    def close(self) -> None:
        """Let go of the file."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _resumed(self, link: Link, seen: Snapshot) -> bool:
        """Whether what an earlier attempt left is of this server, this person and this history."""
        if not self.path.exists():
            return False
        try:
            connection = self._opened()
            held = dict(connection.execute("SELECT name, value FROM sync").fetchall())
            connection.execute("SELECT count(*) FROM boot").fetchone()
            place = replica.read_place(connection)
        except (*DATABASE_ERRORS, StoreFault):
            self.close()
            return False
        known = link.execute("SELECT fp FROM crm.tick WHERE seq = %s", (place.cursor,)).fetchone()
        if "boot_since" in held and known and known[0] == place.fp and place.scope == dict(seen.scope):
            return True
        self.close()
        return False

    def _opened(self) -> Connection:
        if self._connection is None:
            self._connection = open_connection(self.path, self._key, role="bulk")
        return self._connection

    def _since(self) -> datetime:
        held = self._opened().execute("SELECT value FROM sync WHERE name = 'boot_since'").fetchone()
        return from_micros(int(held[0]))


def carry(old: Connection, work: UnitOfWork) -> None:
    """Take over what only the *old* store holds, and lay its operations on the rows of the new one."""
    new = work.connection
    for table in CARRIED:
        columns = [row[1] for row in old.execute(f"PRAGMA table_info({table})").fetchall()]
        marks = ", ".join("?" * len(columns))
        new.executemany(
            f"INSERT OR IGNORE INTO {table} ({', '.join(columns)}) VALUES ({marks})",
            old.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall(),
        )
    held = dict(old.execute("SELECT name, value FROM sync").fetchall())
    place = replica.read_place(new)
    kept = {name: value for name, value in held.items() if name not in PLACE}
    replica.write_names(new, kept)
    head = place.cursor
    replica.take_in(work, Pulled(head, head, place.fp, place.scope, place.reached, rows=(), reload=True))


def _let_go_of_indexes(connection: Connection) -> None:
    """Drop the indexes of the tables that are filled, and what keeps the search indexes level."""
    from crmdesk.services.customers.search_index import suspend

    suspend(connection)
    listed = "', '".join(TABLES)
    found = connection.execute(
        f"SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('{listed}')"
        " AND sql IS NOT NULL"
    ).fetchall()
    for name, statement in found:
        connection.execute(f'DROP INDEX "{name}"')
        connection.execute("INSERT INTO boot_index VALUES (?)", (statement,))
