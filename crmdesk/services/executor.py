"""Where work runs: lanes of one thread, so that what must be serial is.

The GUI thread only hands work over and gets a future. Nothing here knows what the work is.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")


class Lane:
    """One named thread that works off what it is handed, in order."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._latest: Future[Any] | None = None

    def run(self, work: Callable[..., T], *arguments: Any) -> Future[T]:
        """Queue ``work(*arguments)``; the future holds its result or failure, cancelled after the close."""
        queued = _submitted(self._pool, work, *arguments)
        self._latest = queued
        return queued

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for his turn behind what runs just now."""
        latest = self._latest
        return latest is not None and not (latest.running() or latest.done())

    def close(self) -> None:
        """Finish what is queued, then end the thread."""
        self._pool.shutdown(wait=True)


class Readers:
    """A few threads, each with a read-only connection of its own, opened when first needed."""

    def __init__(self, name: str, open_reader: Callable[[], Any], count: int = 2) -> None:
        self._open = open_reader
        self._count = count
        self._held = threading.local()
        self._opened: list[Any] = []
        self._pool = ThreadPoolExecutor(max_workers=count, thread_name_prefix=name)

    def run(self, query: Callable[..., T], *arguments: Any) -> Future[T]:
        """Queue ``query(connection, *arguments)`` inside one read transaction; cancelled after the close."""
        return _submitted(self._pool, self._in_transaction, query, *arguments)

    def rest(self, meanwhile: Callable[[], None]) -> None:
        """Call *meanwhile* while nobody reads and no connection is open; queries wait until it is done."""
        still, done = threading.Barrier(self._count + 1), threading.Event()
        held = [_submitted(self._pool, self._stand_still, still, done) for _ in range(self._count)]
        try:
            still.wait()
            meanwhile()
        finally:
            done.set()
            for each in held:
                each.result()

    def _stand_still(self, still: threading.Barrier, done: threading.Event) -> None:
        held = self._held.__dict__.pop("connection", None)
        if held is not None:
            self._opened.remove(held)
            held.close()
        still.wait()
        done.wait()

    def _in_transaction(self, query: Callable[..., T], *arguments: Any) -> T:
        return in_snapshot(self._connection(), query, *arguments)

    def _connection(self) -> Any:
        if not hasattr(self._held, "connection"):
            self._held.connection = self._open()
            self._opened.append(self._held.connection)
        return self._held.connection

    def close(self) -> None:
        """Finish what is queued, end the threads, close their connections."""
        self._pool.shutdown(wait=True)
        for connection in self._opened:
            connection.close()


def _submitted(pool: ThreadPoolExecutor, work: Callable[..., T], *arguments: Any) -> Future[T]:
    """Hand *work* to *pool*; a pool that was shut down meanwhile gives a cancelled future.

    A signal that was on its way while the program closes may still ask for something; nobody waits for it.
    """
    try:
        return pool.submit(work, *arguments)
    except RuntimeError:
        late: Future[T] = Future()
        late.cancel()
        late.set_running_or_notify_cancel()
        return late


def in_snapshot(connection: Any, query: Callable[..., T], *arguments: Any) -> T:
    """Return ``query(connection, *arguments)``, all of its reads from one state of the store."""
    connection.execute("BEGIN")
    try:
        return query(connection, *arguments)
    finally:
        connection.execute("ROLLBACK")
