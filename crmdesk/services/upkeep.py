"""What a desk does for itself in the background: stale indexes, the nightly backup, answers long given.

Re-indexing keeps Python busy, so a child process does it; the key of the store reaches it through the pipe by
which a spawned process gets its arguments, never by its command line or environment.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.errors import CrmdeskError
from crmdesk.services.customers import search_index
from crmdesk.services.erasure import finish_left
from crmdesk.services.knowledge import index as knowledge_index
from crmdesk.services.profile import Profile
from crmdesk.services.store.backup import nightly
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.store import Store
from crmdesk.services.store.values import to_micros

if TYPE_CHECKING:
    from crmdesk.services.complaints.due import DueClock
    from crmdesk.services.store.unit_of_work import UnitOfWork

_log = logging.getLogger("crmdesk.upkeep")
EVERY_SECONDS = 3_600.0
ANSWERS_KEPT = timedelta(days=30)
"""How long a repeated request still gets the answer given before."""


class Upkeep:
    """Looks after a desk on a thread of its own, at the start and then every hour; beside it runs a DueClock.

    Args:
        profile: whose settings name the folder of the nightly backup.
        store: its store, open.
    """

    def __init__(self, profile: Profile, store: Store) -> None:
        self._profile = profile
        self._store = store
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)
        self._due: DueClock | None = None

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the work at hand; safe to call when not started."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join()
        if self._due is not None:
            self._due.stop()

    def look_after(self) -> None:
        """Do what is due now."""
        if not self._store.read(_is_current).result():
            reindex_in_child(self._store.path, self._profile.key)
        from crmdesk.services.starter import complete

        self._store.write(complete).result()
        run_due(self._profile, self._store)
        finish_left(self._profile, self._store)
        from crmdesk.services.attachments.room import sweep

        sweep(self._store, self._profile)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look_after()
            except CrmdeskError as error:
                _log.error("%s", error)
            except Exception:  # noqa: BLE001 - the edge of a thread: it tries again in an hour
                _log.exception("looking after the desk failed")
            self._watch_clocks()
            self._stopping.wait(EVERY_SECONDS)

    def _watch_clocks(self) -> None:
        """Let time act on complaints from now on; what that takes is loaded on this thread."""
        from crmdesk.services.complaints.due import DueClock

        if self._due is None and not self._stopping.is_set():
            self._due = DueClock(self._profile.settings, self._profile.clock, self._store)
            self._due.start()


def run_due(profile: Profile, store: Store) -> int:
    """Do what the desk's clock makes due: forget old answers, move complaints on, write today's backup.

    Returns how much was done.

    Raises:
        CrmdeskError: the backup could not be written; old answers are forgotten all the same.
    """
    done = store.write(forget_answers, profile.clock() - ANSWERS_KEPT).result().result
    from crmdesk.services.complaints.due import DueClock

    done += DueClock(profile.settings, profile.clock, store).look()
    folder = profile.settings.text("backup_folder")
    if folder:
        keep = profile.settings.number("backup_keep")
        done += nightly(profile, Path(folder), profile.clock(), keep) is not None
    return done


def reindex_in_child(path: Path, key: bytes) -> None:
    """Bring the search indexes of the store at *path* to this program's analysis, in a child process."""
    import multiprocessing

    child = multiprocessing.get_context("spawn").Process(
        target=reindex, args=(path, key), name="crmdesk-reindex"
    )
    child.start()
    child.join()
    if child.exitcode:
        _log.error("re-indexing ended with %s; it is tried again later", child.exitcode)


def reindex(path: Path, key: bytes) -> None:
    """Index anew what an older analysis indexed; articles in short transactions, customers in one."""
    connection = open_connection(path, key, role="bulk")
    try:
        if not knowledge_index.up_to_date(connection):
            for _ in knowledge_index.reindex_all(connection):
                pass
        if not search_index.is_current(connection):
            connection.execute("BEGIN IMMEDIATE")
            search_index.rebuild(connection)
            connection.execute("COMMIT")
    finally:
        connection.close()


def forget_answers(work: UnitOfWork, before: datetime) -> int:
    """Forget answers to requests given *before* that moment; return how many."""
    forgotten: int = work.connection.execute(
        "DELETE FROM request WHERE at < ?", (to_micros(before),)
    ).rowcount
    work.commit()
    return forgotten


def _is_current(connection: Any) -> bool:
    return bool(knowledge_index.up_to_date(connection) and search_index.is_current(connection))
