"""The store of one desk: one lane that writes, a few readers, and whoever wants to hear of changes."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from crmdesk.errors import DiskFull, StoreBusy
from crmdesk.models.changes import ChangeSet
from crmdesk.models.operations import Author
from crmdesk.models.text import Text
from crmdesk.services.executor import Lane, Readers
from crmdesk.services.store.connection import (
    DATABASE_ERRORS,
    Connection,
    emptied_log,
    explained,
    log_left,
    open_connection,
)
from crmdesk.services.store.files import sync_folder, worded
from crmdesk.services.store.space import Space
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import Follower, UnitOfWork

T = TypeVar("T")
V = TypeVar("V")
_log = logging.getLogger("crmdesk.store")


@dataclass(frozen=True, slots=True)
class Outcome(Generic[T]):
    """What a use case returned, and what it changed."""

    result: T
    changes: ChangeSet


class Store:
    """The encrypted store of one desk.

    Reads run on reader threads, changes one after another on the store lane. What only changes need is loaded
    by the first of them, so that the first window does not wait for it.

    Args:
        path: the file; it exists and its schema is this program's (see ``migrations``).
        key: 32 bytes.
        author: describes the changes made here.
        followers: gives the indexes that follow the rows.
        readers: how many read at once.
        space: watches the disk; without it nobody is told before it is full.
    """

    def __init__(
        self,
        path: Path,
        key: bytes,
        author: Author,
        followers: Callable[[], Sequence[Follower]] = tuple,
        readers: int = 2,
        space: Space | None = None,
    ) -> None:
        self.path = path
        self.author = author
        self._key = key
        self._followers = followers
        self._lane = Lane("store")
        self._closing = threading.Event()
        self._opening = threading.Lock()
        self.edition = 0
        self._readers = Readers("reader", self.open_reader, readers)
        self._space = space
        self._listeners: list[Callable[[ChangeSet], None]] = []
        self._worried: list[Callable[[Text | None], None]] = []
        self._begin: Callable[[str], UnitOfWork] | None = None
        self._dispose: Callable[[], None] = lambda: None
        self._empty_log: Callable[[], bool] = lambda: True
        self._stained = False
        self._still_until = 0.0

    def open_reader(self) -> Connection:
        """Return a read-only connection for a thread that wants its own (the telephone's, say).

        It shows the file of this ``edition``: when that counts up, a new one is wanted.
        """
        with self._opening:
            return open_connection(self.path, self._key, role="reader")

    def replace(self, beside: Path, carry: Callable[[Connection, UnitOfWork], None]) -> Future[object]:
        """Queue putting the store *beside* in the place of this one, between two use cases.

        *carry* takes over, from the connection to what is here into a unit of work of the new store, what
        only this one holds, and commits. After a crash the old or the new store is there, whole.
        """
        return self._lane.run(self._replace, beside, carry)

    def read(self, query: Callable[..., T], *arguments: Any) -> Future[T]:
        """Queue ``query(connection, *arguments)`` on a reader, in one snapshot."""
        return self._readers.run(self._ask, query, *arguments)

    def _ask(self, connection: Connection, query: Callable[..., T], *arguments: Any) -> T:
        try:
            return query(connection, *arguments)
        except DATABASE_ERRORS as error:
            raise explained(error, self.path) from error

    def write(self, use_case: Callable[..., T], *arguments: Any, initiator: str = "") -> Future[Outcome[T]]:
        """Queue ``use_case(work, *arguments)`` on the store lane.

        The use case commits; what it changed is told to the listeners before the future is done.
        """
        return self._lane.run(self._perform, use_case, arguments, initiator)

    @property
    def wanted(self) -> bool:
        """Whether somebody waits for the store lane: long work that asks this ends its transaction."""
        return self._lane.wanted

    def let_pass(self, seconds: float) -> None:
        """Keep the store lane still for *seconds* from now: what is queued later starts afterwards."""
        self._still_until = time.monotonic() + seconds
        self._lane.run(self._keep_still)

    def on_change(self, listener: Callable[[ChangeSet], None]) -> None:
        """Call *listener* with each ChangeSet, on the store lane."""
        self._listeners.append(listener)

    def on_trouble(self, listener: Callable[[Text | None], None]) -> None:
        """Call *listener* with what to tell people of the disk, None when all is well again; store lane."""
        self._worried.append(listener)

    def warm(self) -> Future[object]:
        """Load what the first change will need, in the background; hold a reserve of disk space."""
        return self._lane.run(self._warm)

    def close(self) -> None:
        """Finish what is queued and close the file; once more changes nothing."""
        if self._closing.is_set():
            return
        self._closing.set()
        self._lane.run(self._shut).result()
        self._lane.close()
        self._readers.close()

    def _keep_still(self) -> None:
        self._closing.wait(max(0.0, self._still_until - time.monotonic()))

    def _warm(self) -> None:
        self._prepare()
        if self._space is not None:
            self._space.hold()
        self._look_at_disk()

    def _perform(self, use_case: Callable[..., T], arguments: tuple[Any, ...], initiator: str) -> Outcome[T]:
        try:
            outcome = self._attempt(use_case, arguments, initiator)
        except DiskFull:
            # Nothing of the first attempt was kept, so it may be made again.
            if self._space is None or not self._space.release():
                raise
            outcome = self._attempt(use_case, arguments, initiator)
        if outcome.changes.ids:
            _tell(self._listeners, outcome.changes)
        self._look_at_disk()
        return outcome

    def _look_at_disk(self) -> None:
        if self._space is not None and self._space.look():
            if self._space.trouble is None:
                self._space.hold()
            _tell(self._worried, self._space.trouble)

    def _attempt(self, use_case: Callable[..., T], arguments: tuple[Any, ...], initiator: str) -> Outcome[T]:
        begin = self._prepare()
        try:
            with begin(initiator) as work:
                result = use_case(work, *arguments)
                changes = work.lasting_changes
            self._stained |= work.removed
            if self._stained:
                self._stained = not self._empty_log()
        except DATABASE_ERRORS as error:
            raise explained(error, self.path) from error
        return Outcome(result, changes)

    def _prepare(self) -> Callable[[str], UnitOfWork]:
        if self._begin is not None:
            return self._begin
        from crmdesk.services.store.unit_of_work import UnitOfWork
        from crmdesk.services.sync.outbox import Outbox

        connection = open_connection(self.path, self._key, role="writer")
        followers, outbox = tuple(self._followers()), Outbox()
        self._begin = lambda initiator: UnitOfWork(connection, self.author, followers, initiator, outbox)
        self._dispose = connection.close
        self._empty_log = lambda: emptied_log(connection)
        self._stained = log_left(self.path)
        return self._begin

    def _replace(self, beside: Path, carry: Callable[[Connection, UnitOfWork], None]) -> None:
        from crmdesk.models.effects import ENTITIES
        from crmdesk.services.store.unit_of_work import UnitOfWork

        self._prepare()
        try:
            with (
                closing(open_connection(self.path, self._key, role="writer")) as old,
                closing(open_connection(beside, self._key, role="writer")) as new,
            ):
                with UnitOfWork(new, self.author, tuple(self._followers()), "sync") as work:
                    carry(old, work)
                new.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except DATABASE_ERRORS as error:
            raise explained(error, self.path) from error
        self._readers.rest(lambda: self._swap(beside))
        _tell(self._listeners, ChangeSet(frozenset(ENTITIES), frozenset(), "sync"))

    def _swap(self, beside: Path) -> None:
        """Rename *beside*; nobody may find the old file's log beside the new one."""
        self._shut()
        self._empty_old_log()
        with self._opening, worded(self.path):
            for path in (beside, self.path):
                for tail in ("-wal", "-shm"):
                    path.with_name(path.name + tail).unlink(missing_ok=True)
            beside.replace(self.path)
            sync_folder(self.path.parent)
            self.edition += 1

    def _empty_old_log(self) -> None:
        """Have everything in the old file: its log goes first, and a crash may come before the new one."""
        try:
            with closing(open_connection(self.path, self._key, role="writer")) as old:
                busy, _pages, _moved = old.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except DATABASE_ERRORS as error:
            raise explained(error, self.path) from error
        if busy:
            raise StoreBusy("Another program uses this store. Close it, or try again in a moment.")

    def _shut(self) -> None:
        self._dispose()
        self._begin = None


def _tell(listeners: Sequence[Callable[[V], None]], news: V) -> None:
    for listener in listeners:
        try:
            listener(news)
        except Exception:  # noqa: BLE001 - what was saved stays saved, whoever fails to hear of it
            _log.exception("a listener failed to take in a change")
