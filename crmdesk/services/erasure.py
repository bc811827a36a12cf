"""Taking a person out of everything this desk keeps: store, drafts, copies beside the store, backups, log.

What is said of him goes at once (:meth:`Erasure.take_out`). That no byte of it stays takes a fresh file of
the store, and fresh backups: at once where the store is small, else on a thread of its own while people work.
Backups and copies that somebody put elsewhere are not in the program's hands.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from concurrent.futures import CancelledError
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.errors import CrmdeskError, StoreBusy, StoreFault
from crmdesk.logs import forget_words
from crmdesk.services import renewal
from crmdesk.services.attachments.orphans import forget_held, held_files, named_in_drafts
from crmdesk.services.attachments.room import sweep
from crmdesk.services.customers.erase import Erased, calls_of, complaints_of, erase, mentions
from crmdesk.services.followers import followers
from crmdesk.services.store.connection import DATABASE_ERRORS, emptied_log, explained, open_connection
from crmdesk.services.store.drafts import FORM, drafts_key
from crmdesk.services.store.files import sync_folder, worded
from crmdesk.services.store.schema import HEAD, stored_version
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync.outbox import is_shared
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.profile import Profile
    from crmdesk.services.store.store import Store

THREAD = "crmdesk-erasure"
TIDIED_EVERY = 86_400.0
"""Seconds until the store is written anew once more because rows left it."""
ERASED = "erasures"
"""The name in ``setting`` of who was erased at a desk of its own."""

_FORGET_DRAFT = (
    f"DELETE FROM draft WHERE call_id = :of OR (draft_id GLOB '{FORM}*'"
    " AND (instr(draft_id, :of) OR instr(text, :of)))"
)
_TAILS = ("-wal", "-shm", "-journal")
_MADE_ANEW = (renewal.SUFFIX, ".next", ".lock")
"""Ends of files beside the store that are made anew each time, or empty, and hold nothing older."""

_log = logging.getLogger("crmdesk.erasure")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Somebody to be erased: under which name that is known, who, and rows that are known to be his.

    With a ``reason`` the store keeps that he was erased: his id, when, by whom, why.
    """

    name: str
    customer: UUID
    rows: tuple[UUID, ...] = ()
    reason: str = ""


class Erasure:
    """Takes people out of one profile. One thread at a time calls it.

    Args:
        profile: whose files these are.
        store: its store, open.
        copy: makes a fresh file; by default a process of its own does.
        is_small: whether the store at a path is renewed at once.
    """

    def __init__(
        self,
        profile: Profile,
        store: Store,
        copy: renewal.Copy | None = None,
        is_small: Callable[[Path], bool] = renewal.is_small,
    ) -> None:
        self._profile = profile
        self._store = store
        self._closing = threading.Event()
        self._copy = copy or partial(renewal.copied_in_child, stopped=self._closing.is_set)
        self._is_small = is_small
        self._thread: threading.Thread | None = None
        self._tidy_at = 0.0
        self._clean: frozenset[str] = frozenset()

    def take_out(self, wanted: Wanted, initiator: str = "") -> Erased:
        """Erase what is said of him here, in short transactions; again finds nothing more.

        Raises:
            StoreFault: the disk is full, or somebody else works in the drafts; try again later.
        """
        calls = self._store.read(calls_of, wanted.customer, wanted.rows).result()
        complaints = self._store.read(complaints_of, wanted.customer, wanted.rows).result()
        self._erase_forms((wanted.customer, *calls, *complaints))
        told = self._store.read(mentions, wanted.customer, None, wanted.rows).result()

        def perform(work: UnitOfWork) -> Erased:
            done = erase(work, wanted.customer, wanted.rows, told)
            renewal.mark_due(work.connection, wanted.name)
            if wanted.reason:
                _write_down(work, wanted, done)
            work.commit()
            return done

        done: Erased = self._store.write(perform, initiator=initiator).result().result
        sweep(self._store, self._profile)
        forget_words(self._profile.logs_path, done.words)
        _log.info("erased a person: %s rows, %s entries", sum(done.rows.values()), done.traces)
        return done

    def foreseen(self, customer: UUID) -> Erased:
        """Return what :meth:`take_out` would erase; nothing is changed."""

        def look(work: UnitOfWork) -> Erased:
            return erase(work, customer)

        done: Erased = self._store.write(look).result().result
        return done

    def cleaned(self, wanted: Sequence[Wanted]) -> frozenset[str]:
        """See to it that no byte stays of what was taken out; return the names of whom none is left.

        A large store is seen to on a thread of its own: ask again later.
        """
        names = {each.name for each in wanted}
        if self._is_small(self._store.path):
            self._look_after(wanted)
        elif not names <= self._clean:
            self._begin(partial(self._look_after, tuple(wanted)))
        return self._clean & names

    def tidy(self) -> None:
        """Write the store anew when rows left it that this desk may not hold any more: once a day at most.

        On a thread of its own; what is in the way is told to the log, and it is tried again the next day.
        """
        due = renewal.LEFT in self._store.read(renewal.state).result().due
        if not due or time.monotonic() < self._tidy_at:
            return
        if self._begin(partial(self._look_after, (), copies=False)):
            self._tidy_at = time.monotonic() + TIDIED_EVERY

    def clean(self, wanted: Sequence[Wanted]) -> None:
        """Write store, copies and backups anew, however long it takes.

        Raises:
            CrmdeskError: something is in the way; what was done stays, try again later.
        """
        from crmdesk.services.store.backup import backup_anew

        state = renewal.renew(self._store, self._profile.key, self._copy)
        for path in self._copies():
            self._erase_copy(path, wanted)
        folder = self._profile.settings.text("backup_folder")
        if folder:
            backup_anew(self._profile, Path(folder), self._profile.clock(), state.at)
        self._clean = self._clean | {each.name for each in wanted}.intersection(state.done)

    def finish(self, names: Iterable[str]) -> None:
        """Forget that these are clean: whoever wanted to know has been told."""
        gone = frozenset(names)
        if not gone:
            return

        def perform(work: UnitOfWork) -> None:
            renewal.forget(work.connection, gone)
            work.commit()

        self._store.write(perform).result()
        self._clean -= gone

    def wait(self) -> None:
        """Wait for the work in the background."""
        if self._thread is not None:
            self._thread.join()

    def close(self) -> None:
        """Break off the work in the background; it begins anew the next time."""
        self._closing.set()
        self.wait()

    def _begin(self, work: Callable[[], None]) -> bool:
        """Do *work* in the background; return whether it begins, as one thing is done at a time."""
        if self._thread is not None and self._thread.is_alive():
            return False
        self._thread = threading.Thread(target=work, name=THREAD, daemon=True)
        self._thread.start()
        return True

    def _look_after(self, wanted: Sequence[Wanted], *, copies: bool = True) -> None:
        try:
            if copies:
                self.clean(wanted)
            else:
                renewal.renew(self._store, self._profile.key, self._copy)
        except CancelledError:
            _log.info("the program ends; the store is written anew the next time")
        except CrmdeskError as trouble:
            _log.warning("bytes of what was taken out stay for now: %s", trouble)
        except Exception:  # noqa: BLE001 - the edge of a thread: it is tried again
            _log.exception("writing the store anew failed")

    def _erase_forms(self, about: Collection[UUID]) -> None:
        """Delete what is being typed in or about any of *about*, and the files that only those forms held."""
        held = self._store.read(held_files).result()
        before = named_in_drafts(self._profile, held)
        self._erase_drafts(about)
        gone = before - named_in_drafts(self._profile, before)
        if gone:
            self._store.write(forget_held, gone).result()

    def _erase_drafts(self, about: Collection[UUID]) -> None:
        """Delete what is being typed in or about any of *about*, and write the file anew: it is small."""
        path, key = self._profile.drafts_path, drafts_key(self._profile.key)
        if not path.exists():
            return
        try:
            with closing(open_connection(path, key, role="writer")) as connection:
                made = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'draft'").fetchone()
                if made:
                    connection.executemany(_FORGET_DRAFT, [{"of": str(each)} for each in about])
                connection.execute("VACUUM")
                if not emptied_log(connection):
                    raise StoreBusy("Somebody is typing just now. Try again in a moment.")
        except DATABASE_ERRORS as error:
            raise explained(error, path) from error

    def _copies(self) -> list[Path]:
        """Return the copies beside the store that older versions of it left."""
        store = self._profile.store_path
        return [
            path
            for path in sorted(store.parent.glob(f"{store.name}.*"))
            if not path.name.endswith(_TAILS) and path.suffix not in _MADE_ANEW
        ]

    def _erase_copy(self, path: Path, wanted: Sequence[Wanted]) -> None:
        """Write a copy of the store anew without them; one of an older schema served its time and goes."""
        key = self._profile.key
        try:
            if stored_version(path, key) != HEAD:
                _log.warning("%s is from before an upgrade and was deleted", path.name)
                _remove(path)
                return
        except StoreFault as trouble:
            _log.warning("%s could not be opened and stays: %s", path.name, trouble)
            return
        fresh = path.with_name(path.name + renewal.SUFFIX)
        fresh.unlink(missing_ok=True)
        with closing(open_connection(path, key, role="bulk")) as connection:
            with UnitOfWork(connection, self._profile.author(), followers()) as work:
                for each in wanted:
                    erase(work, each.customer, each.rows)
                work.commit()
            emptied_log(connection)
        self._copy(path, fresh, key)
        with worded(path.parent):
            _remove(path)
            fresh.replace(path)
            sync_folder(path.parent)


def finish_left(profile: Profile, store: Store) -> int:
    """See to what a desk of its own could not finish when it erased somebody; return how many that were.

    A shared desk does that with its next contact.
    """
    held = store.read(renewal.state).result()
    names = (*held.due, *held.done)
    if not names or store.read(is_shared).result():
        return 0
    erasure = Erasure(profile, store)
    erasure.clean([Wanted(name, UUID(name)) for name in names if name != renewal.LEFT])
    erasure.finish(names)
    return len(names)


def _write_down(work: UnitOfWork, wanted: Wanted, done: Erased) -> None:
    """Keep that somebody was erased."""
    found = work.connection.execute("SELECT value FROM setting WHERE name = ?", (ERASED,)).fetchone()
    line = {
        "customer_id": str(wanted.customer),
        "at": work.author.now().isoformat(),
        "by": work.author.actor,
        "reason": wanted.reason,
        "rows": sum(done.rows.values()),
    }
    work.connection.execute(
        "INSERT INTO setting (name, value) VALUES (?, ?)"
        " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (ERASED, json.dumps([*(json.loads(found[0]) if found else ()), line], ensure_ascii=False)),
    )


def _remove(path: Path) -> None:
    for tail in ("", *_TAILS):
        path.with_name(path.name + tail).unlink(missing_ok=True)
