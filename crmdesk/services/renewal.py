"""Writing the whole store into a fresh file, so that no byte is left of what was taken out of it.

``secure_delete`` overwrites what is deleted where it lies, but copies that the splitting of pages left in
their slack stay, in any table and any index. A fresh file holds what SQLite writes anew and nothing else. It
is made beside the store by a process of its own while people work; what changes here meanwhile is noted and
carried over when the fresh file takes the store's place between two use cases.

``setting`` keeps, under ``renewal``, the names of what was taken out and is to be renewed (``due``), and of
what a fresh file is known not to hold (``done``); whoever gave a name forgets it with :func:`forget`.
``LEFT`` stands for rows that this desk may not hold any more.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import DiskFull, StoreFault
from crmdesk.models.effects import ENTITIES
from crmdesk.models.operations import RowChange
from crmdesk.services.customers import search_index
from crmdesk.services.store.connection import DATABASE_ERRORS, Connection, explained, open_connection
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.store.space import LOW_BYTES, free_bytes
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork

SUFFIX = ".anew"
SETTING = "renewal"
FOLLOWS = ("knowledge_", "suggestion", "customer_search", "customer_stale", "alembic_version", "sqlite_")
"""Beginnings of tables that follow the rows of the entities, or never change; so does what search indexes."""

LEFT = "left"
LEAST_ROOM = 16 << 20
"""Bytes left beside the smallest fresh file."""

_NOTE = "note_change"
_LOOK_SECONDS = 0.5
_log = logging.getLogger("crmdesk.store")

Copy = Callable[[Path, Path, bytes], None]
"""Makes the fresh file: from the store, to the file beside it, with the key."""


@dataclass(frozen=True, slots=True)
class State:
    """What is to be renewed, and what a fresh file is known not to hold; by the names callers gave.

    ``at`` is when the last fresh file took its place, in seconds by this computer's clock.
    """

    due: tuple[str, ...] = ()
    done: tuple[str, ...] = ()
    at: float = 0.0


def state(connection: Connection) -> State:
    """Return what is due and what is done."""
    found = connection.execute("SELECT value FROM setting WHERE name = ?", (SETTING,)).fetchone()
    held = json.loads(found[0]) if found else {}
    return State(tuple(held.get("due", ())), tuple(held.get("done", ())), held.get("at", 0.0))


def mark_due(connection: Connection, name: str) -> None:
    """Note, inside the transaction that takes something out, that the file is to be renewed for it."""
    held = state(connection)
    if name not in (*held.due, *held.done):
        _keep(connection, State((*held.due, name), held.done, held.at))


def mark_left(connection: Connection) -> None:
    """Note, inside the transaction that takes rows away, that the file is to be renewed; each time anew."""
    held = state(connection)
    if LEFT not in held.due:
        done = tuple(name for name in held.done if name != LEFT)
        _keep(connection, State((*held.due, LEFT), done, held.at))


def forget(connection: Connection, names: Iterable[str]) -> None:
    """Forget what is done; inside the caller's transaction."""
    held, gone = state(connection), set(names)
    _keep(connection, State(held.due, tuple(name for name in held.done if name not in gone), held.at))


def _keep(connection: Connection, held: State) -> None:
    if not held.due and not held.done:
        connection.execute("DELETE FROM setting WHERE name = ?", (SETTING,))
        return
    connection.execute(
        "INSERT INTO setting (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (SETTING, json.dumps({"due": held.due, "done": held.done, "at": held.at})),
    )


def renew(store: Store, key: bytes, copy: Copy | None = None) -> State:
    """Put a fresh file in the place of the store's when something is due; return what is done then.

    People go on reading and writing; only the change of files waits for the use case at hand. Once at a time.

    Raises:
        DiskFull: there is no room for a second file; nothing has changed.
        StoreFault: the fresh file could not be made or the store was replaced meanwhile; try again later.
    """
    before = store.read(state).result()
    if not before.due:
        return before
    beside = store.path.with_name(store.path.name + SUFFIX)
    edition = store.edition
    changes = store.write(_begin).result().result
    try:
        _remove(beside)
        _refuse_without_room(store.path)
        (copy or copied_in_child)(store.path, beside, key)
        store.replace(beside, lambda old, work: _carry(store, edition, changes, old, work)).result()
    finally:
        _remove(beside)
        if store.edition == edition:
            store.write(_end).result()
    _log.info("the store was written anew")
    return store.read(state).result()


def is_small(path: Path, limit_bytes: int = 32 << 20) -> bool:
    """Whether a fresh file of the store at *path* is made in a moment."""
    return path.stat().st_size <= limit_bytes


def wanted_room(size: int) -> int:
    """Return the free bytes that a fresh file of a store of *size* bytes wants: its own, and as many again.

    The others are for what is written meanwhile, and no more than what people are told to keep free.
    """
    return size + min(LOW_BYTES, max(size, LEAST_ROOM))


def _refuse_without_room(path: Path) -> None:
    wanted = wanted_room(path.stat().st_size)
    if free_bytes(path.parent) < wanted:
        raise DiskFull(
            "The store is to be written anew because somebody was erased, which needs {megabytes} MB of free"
            " space. Free some; it is tried again by itself.",
            megabytes=wanted >> 20,
        )


def copied_in_child(
    path: Path, beside: Path, key: bytes, stopped: Callable[[], bool] = lambda: False
) -> None:
    """Make the fresh file in a process of its own: names are analysed anew, which keeps Python busy.

    It is ended when *stopped* says so.

    Raises:
        StoreFault: it could not be made; the log says why.
    """
    import multiprocessing

    child = multiprocessing.get_context("spawn").Process(
        target=copied, args=(path, beside, key), name="crmdesk-renewal", daemon=True
    )
    child.start()
    while child.exitcode is None:
        child.join(_LOOK_SECONDS)
        if stopped():
            child.terminate()
    if child.exitcode:
        raise StoreFault("The store could not be written anew ({code}).", code=child.exitcode)


def copied(path: Path, beside: Path, key: bytes) -> None:
    """Write what the store at *path* holds at this moment into the fresh file *beside*.

    The indexes of names and numbers are built from the rows: their old ones keep the beginnings of words.

    Raises:
        StoreFault: no space, or the folder cannot be written.
    """
    with suppress(OSError):
        os.nice(10)
    beside.touch(mode=0o600)
    try:
        with closing(open_connection(path, key, role="bulk")) as source:
            source.execute("VACUUM INTO ?", (str(beside),))
        with closing(open_connection(beside, key, role="bulk")) as fresh:
            fresh.execute("BEGIN IMMEDIATE")
            search_index.rebuild(fresh)
            fresh.execute("COMMIT")
    except DATABASE_ERRORS as error:
        raise explained(error, path) from error


def _remove(beside: Path) -> None:
    for tail in ("", "-wal", "-shm", "-journal"):
        beside.with_name(beside.name + tail).unlink(missing_ok=True)


class _Changes:
    """The keys of rows that changed since, by table; noted by triggers of the connection that writes."""

    def __init__(self, due: tuple[str, ...]) -> None:
        self.due = due
        self.keys: dict[str, set[tuple[Any, ...]]] = {}

    def note(self, table: str, *key: Any) -> None:
        """Note one; one too many does no harm."""
        self.keys.setdefault(table, set()).add(key)


def _begin(work: UnitOfWork) -> _Changes:
    """Note changes from now on; return them as they grow."""
    connection = work.connection
    changes = _Changes(state(connection).due)
    connection.create_function(_NOTE, -1, changes.note)
    for table, key in {**dict.fromkeys(ENTITIES, ("id",)), **carried(connection)}.items():
        for event, row in (("INSERT", "new"), ("UPDATE", "new"), ("UPDATE", "old"), ("DELETE", "old")):
            listed = ", ".join(f"{row}.{column}" for column in key)
            connection.execute(
                f"CREATE TEMP TRIGGER {_trigger(table, event, row)} AFTER {event} ON main.{table}"
                f" BEGIN SELECT {_NOTE}('{table}', {listed}); END"
            )
    work.commit()
    return changes


def _end(work: UnitOfWork) -> None:
    """Note no more."""
    connection = work.connection
    found = connection.execute("SELECT name FROM temp.sqlite_master WHERE type = 'trigger'").fetchall()
    for (name,) in found:
        connection.execute(f"DROP TRIGGER temp.{name}")
    work.commit()


def _trigger(table: str, event: str, row: str) -> str:
    return f"renewal_{table}_{event}_{row}".lower()


def carried(connection: Connection) -> dict[str, tuple[str, ...]]:
    """Return the tables that are carried over row by row besides those of the entities, with their keys."""
    found = connection.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall()
    named = [name for (name,) in found if "_fts" not in name and not name.startswith(FOLLOWS)]
    return {table: _key(connection, table) for table in named if table not in ENTITIES}


def _key(connection: Connection, table: str) -> tuple[str, ...]:
    columns = connection.execute(f"PRAGMA main.table_info({table})").fetchall()
    return tuple(name for _, name, _, _, _, place in sorted(columns, key=lambda row: row[5]) if place)


def _carry(store: Store, edition: int, changes: _Changes, old: Connection, work: UnitOfWork) -> None:
    """Bring the fresh file level with the store; on the store's lane, so nothing changes meanwhile."""
    if store.edition != edition:
        raise StoreFault("The store was replaced while it was written anew.")
    fresh = work.connection
    for table, key in carried(old).items():
        _carry_rows(old, fresh, table, key, changes.keys.get(table, set()))
    rows = StoredRows(old)
    work.lay(
        [
            RowChange(table, row_id, rows.get(table, row_id))
            for table in ENTITIES
            for row_id in sorted(UUID(bytes=key) for (key,) in changes.keys.get(table, ()))
        ]
    )
    held = state(fresh)
    left = tuple(name for name in held.due if name not in changes.due)
    _keep(fresh, State(left, tuple(dict.fromkeys((*held.done, *changes.due))), time.time()))
    work.commit()


def _carry_rows(
    old: Connection, fresh: Connection, table: str, key: tuple[str, ...], keys: set[tuple[Any, ...]]
) -> None:
    condition = " AND ".join(f"{column} = ?" for column in key)
    for each in keys:
        fresh.execute(f"DELETE FROM {table} WHERE {condition}", each)
    for each in keys:
        row = old.execute(f"SELECT * FROM {table} WHERE {condition}", each).fetchone()
        if row is not None:
            fresh.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
