"""What was typed and is not yet a note: a small encrypted file of its own, which only the window writes.

Kept apart from the store so that typing never waits for anything else. Each save is durable before its future
is done; saves of one draft that are still waiting give way to the newest. What could not be saved is held,
told when it is asked for, and saved as soon as there is room. A damaged file is set aside, never deleted, and
a new one begun.
"""

from __future__ import annotations

import logging
import threading
from _blake2 import blake2b  # hashlib is the same, but loads OpenSSL while somebody waits for a window
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from crmdesk.errors import DiskFull, StoreFault, WrongKey
from crmdesk.models.text import Text, say
from crmdesk.services.executor import Lane
from crmdesk.services.store.connection import DATABASE_ERRORS, Connection, explained, open_connection
from crmdesk.services.store.files import set_aside, worded
from crmdesk.services.store.values import from_micros, to_micros

if TYPE_CHECKING:
    from crmdesk.models.screen_pop import NoteDraft

T = TypeVar("T")
COLUMNS = "draft_id, call_id, text, cursor, saved_at"
FORM = "form/"
"""How the ids of drafts begin that hold a form and not a note; their ``call_id`` is the same."""
SCHEMA = """CREATE TABLE IF NOT EXISTS draft (
    draft_id TEXT PRIMARY KEY,
    call_id TEXT NOT NULL,
    text TEXT NOT NULL,
    cursor INTEGER NOT NULL,
    saved_at INTEGER NOT NULL
) WITHOUT ROWID"""
SET_ASIDE = "damaged"
"""What stands in the name of a file that was damaged, and set aside."""
AGAIN_SECONDS = 2.0
"""So long after a save that failed it is tried again."""
DAMAGED = "The file of unfinished notes was damaged. It was set aside as {name}; nothing in it was deleted."
_log = logging.getLogger("crmdesk.drafts")


def drafts_key(store_key: bytes) -> bytes:
    """Return the key of the drafts, derived from the store's, so that one recovery code brings both back."""
    return blake2b(b"drafts", key=store_key, digest_size=32, person=b"crmdesk").digest()


def _later(work: Callable[[], object]) -> None:
    waiting = threading.Timer(AGAIN_SECONDS, work)
    waiting.daemon = True
    waiting.start()


def _no_room() -> bool:
    return False


class Drafts:
    """The drafts of one desk. Methods return at once; the work is done on a lane of its own.

    Args:
        path: the file; made when absent.
        key: 32 bytes, see :func:`drafts_key`.
        make_room: gives up a reserve of disk space; returns whether there was one.
        later: calls what it is given after a while, on any thread.
    """

    def __init__(
        self,
        path: Path,
        key: bytes,
        make_room: Callable[[], bool] = _no_room,
        later: Callable[[Callable[[], object]], None] = _later,
    ) -> None:
        self._path = path
        self._key = key
        self._make_room = make_room
        self._later = later
        self._to_try_again = False
        self._lane = Lane("drafts")
        self._connection: Connection = None
        self._waiting: dict[str, NoteDraft] = {}
        self._guard = threading.Lock()
        self.trouble: Text | None = None
        """What to tell the person about an earlier file that was damaged; None when nothing was."""

    def save(self, draft: NoteDraft) -> Future[None]:
        """Keep *draft*; the latest of its id wins."""
        with self._guard:
            self._waiting[draft.draft_id] = draft
        return self._run(self._save, draft.draft_id)

    def load(self, call_id: str) -> Future[NoteDraft | None]:
        """Ask for the newest draft of a call; None when there is none."""
        return self._run(self._load, call_id)

    def open_drafts(self) -> Future[tuple[NoteDraft, ...]]:
        """Ask for all drafts of notes, the newest first; forms are asked for one by one."""
        return self._run(self._all)

    def open_forms(self, key: str) -> Future[tuple[NoteDraft, ...]]:
        """Ask for the drafts of forms whose keys begin with *key*, the newest first."""
        return self._run(self._forms, key)

    def forget(self, draft_id: str) -> Future[None]:
        """Forget the draft that became a note, and saves of it that still wait."""
        with self._guard:
            self._waiting.pop(draft_id, None)
        return self._run(self._forget, draft_id)

    def close(self) -> None:
        """Save what waits and close the file."""
        self._lane.run(self._shut).result()
        self._lane.close()

    def _run(self, work: Callable[..., T], *arguments: Any) -> Future[T]:
        return self._lane.run(self._worded, work, *arguments)

    def _worded(self, work: Callable[..., T], *arguments: Any) -> T:
        try:
            if self._connection is None:
                self._connection = self._opened()
            return self._performed(work, *arguments)
        except StoreFault:
            self._try_again_later()
            raise

    def _performed(self, work: Callable[..., T], *arguments: Any) -> T:
        """Return what *work* returns; on a full disk once more with the reserve given up."""
        try:
            return work(*arguments)
        except DATABASE_ERRORS as error:
            trouble = explained(error, self._path)
            if not isinstance(trouble, DiskFull) or not self._make_room():
                raise trouble from error
        try:
            return work(*arguments)
        except DATABASE_ERRORS as error:
            raise explained(error, self._path) from error

    def _try_again_later(self) -> None:
        """Let what waits be saved after a while, if something does; on the lane."""
        if self._waiting and not self._to_try_again:
            self._to_try_again = True
            self._later(lambda: self._lane.run(self._try_again))

    def _try_again(self) -> None:
        self._to_try_again = False
        try:
            self._worded(self._save_waiting)
        except StoreFault as error:
            _log.warning("what was typed still waits to be saved: %s", error)

    def _opened(self) -> Connection:
        existed = self._path.exists()
        try:
            return self._prepared()
        except StoreFault as error:
            if not existed or not _is_damage(error):
                raise
        with worded(self._path.parent):
            aside = set_aside(self._path, SET_ASIDE)
            for suffix in ("-wal", "-shm"):
                beside = self._path.with_name(self._path.name + suffix)
                if beside.exists():
                    beside.rename(aside.with_name(aside.name + suffix))
        self.trouble = say(DAMAGED, name=aside.name)
        _log.error("the drafts were damaged and lie in %s", aside.name)
        return self._prepared()

    def _prepared(self) -> Connection:
        connection = open_connection(self._path, self._key, role="writer", create=True)
        try:
            connection.execute("PRAGMA cache_size = -1024")
            connection.execute("PRAGMA wal_autocheckpoint = 64")
            connection.execute(SCHEMA)
            damage = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        except DATABASE_ERRORS as error:
            connection.close()
            raise explained(error, self._path) from error
        if damage != "ok":
            connection.close()
            raise StoreFault(DAMAGED_STORE, path=self._path)
        return connection

    def _save(self, draft_id: str) -> None:
        with self._guard:
            draft = self._waiting.pop(draft_id, None)
        if draft is None:
            return
        try:
            self._connection.execute(
                f"INSERT OR REPLACE INTO draft ({COLUMNS}) VALUES (?, ?, ?, ?, ?)",
                (draft.draft_id, draft.call_id, draft.text, draft.cursor, to_micros(draft.saved_at)),
            )
        except DATABASE_ERRORS:
            with self._guard:
                self._waiting.setdefault(draft_id, draft)
            raise

    def _save_waiting(self) -> None:
        for draft_id in tuple(self._waiting):
            self._save(draft_id)

    def _load(self, call_id: str) -> NoteDraft | None:
        rows = self._connection.execute(f"SELECT {COLUMNS} FROM draft WHERE call_id = ?", (call_id,))
        return next(iter(self._newest(rows, lambda draft: draft.call_id == call_id)), None)

    def _all(self) -> tuple[NoteDraft, ...]:
        rows = self._connection.execute(f"SELECT {COLUMNS} FROM draft WHERE draft_id NOT GLOB '{FORM}*'")
        return self._newest(rows, lambda draft: not draft.draft_id.startswith(FORM))

    def _forms(self, key: str) -> tuple[NoteDraft, ...]:
        rows = self._connection.execute(
            f"SELECT {COLUMNS} FROM draft WHERE draft_id >= ? AND draft_id < ?",
            (FORM + key, FORM + key + "\U0010ffff"),
        )
        return self._newest(rows, lambda draft: draft.draft_id.startswith(FORM + key))

    def _newest(
        self, rows: Iterable[tuple[Any, ...]], wanted: Callable[[NoteDraft], bool]
    ) -> tuple[NoteDraft, ...]:
        """Return the drafts of *rows*, and those *wanted* that still wait to be saved; the newest first."""
        held = {draft.draft_id: draft for draft in map(_draft, rows)}
        with self._guard:
            held |= {draft.draft_id: draft for draft in self._waiting.values() if wanted(draft)}
        by_id = sorted(held.values(), key=lambda draft: draft.draft_id)
        return tuple(sorted(by_id, key=lambda draft: draft.saved_at, reverse=True))

    def _forget(self, draft_id: str) -> None:
        self._connection.execute("DELETE FROM draft WHERE draft_id = ?", (draft_id,))

    def _shut(self) -> None:
        if self._waiting:
            self._try_again()
        if self._connection is not None:
            self._connection.close()
            self._connection = None


DAMAGED_STORE = "The store at {path} is damaged. Restore it from a backup."


def _is_damage(error: StoreFault) -> bool:
    return isinstance(error, WrongKey) or error.sentence == DAMAGED_STORE


def _draft(row: tuple[Any, ...]) -> NoteDraft:
    from crmdesk.models.screen_pop import NoteDraft

    return NoteDraft(row[0], row[1], row[2], row[3], from_micros(row[4]))
