"""The thread that keeps a desk level with the server, and goes on trying while there is none.

It alone talks to the server on the desk's standing connection: push, stamp and pull follow each other, so
that no pull under way can take back what was just pushed. Nothing here is ever waited for by the window.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import field
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.errors import Bug, CrmdeskError, DeviceForgotten, ServerRefused
from crmdesk.models.sync_views import SyncStatus
from crmdesk.models.text import Text, say
from crmdesk.services.erasure import Erasure
from crmdesk.services.store.connection import Connection
from crmdesk.services.sync import outbox, replica
from crmdesk.services.sync.address import PASSWORD, ServerAddress
from crmdesk.services.sync.connection import is_transient
from crmdesk.services.sync.contents import Contents
from crmdesk.services.sync.hearing import Waker
from crmdesk.services.sync.lock import LOCKED, LoginLock
from crmdesk.services.sync.questions import Questions
from crmdesk.services.sync.session import INITIATOR, Round, Session, destroy_and_confirm, greeted
from crmdesk.services.sync.status import OnStatus, StatusBoard, worded
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.models.changes import ChangeSet
    from crmdesk.services.profile import Profile
    from crmdesk.services.store.store import Store
    from crmdesk.services.sync.first_sync import Copy

THREAD = "crmdesk-sync"
CLOSE_SECONDS = 1.0
"""How long a round under way may still take when the program ends."""
SKEW_MS = 120_000
"""A clock further off than this is told to the person."""
SKEWED = "The clock of this computer is {minutes} minutes off. Set it right: times of calls depend on it."
_log = logging.getLogger("crmdesk.sync")


@dataclass(frozen=True, slots=True)
class Pace:
    """How often to look and to try, in seconds; ``chance`` spreads the desks."""

    poll: float = 30.0
    poll_spread: float = 10.0
    deaf_poll: tuple[float, float] = (2.0, 5.0)
    """Between two looks where hints do not get through."""

    first_retry: float = 0.5
    longest_retry: float = 60.0
    lasting_retry: float = 300.0
    """After a fault that will not pass by itself."""

    chance: random.Random = field(default_factory=random.Random)

    def until_poll(self, *, hears: bool) -> float:
        """Return how long to wait for a hint."""
        if not hears:
            return self.chance.uniform(*self.deaf_poll)
        return self.chance.uniform(self.poll - self.poll_spread, self.poll + self.poll_spread)

    def until_retry(self, failures: int, *, transient: bool) -> float:
        """Return how long to wait after the *failures*-th fault in a row."""
        most = self.longest_retry if transient else self.lasting_retry
        return self.chance.uniform(0.0, min(most, self.first_retry * 2 ** min(failures, 20)))


class SyncWorker:
    """Keeps *store* level with the server at *address*.

    Args:
        store: of the profile; its ``on_change`` may be connected to :meth:`changed`.
        profile: who this desk is, and the password among its secrets.
        address: where the server is.
        pace: how often to look and to try.
        on_forgotten: called on the worker's thread when the administrator has put this desk off: closes the
            store and destroys what the profile holds; its return means that nothing is left.
        copy: makes a large first copy; by default beside the profile's store.
    """

    def __init__(
        self,
        store: Store,
        profile: Profile,
        address: ServerAddress,
        *,
        pace: Pace | None = None,
        on_forgotten: Callable[[], None] | None = None,
        copy: Copy | None = None,
    ) -> None:
        self.address = address
        self._store = store
        self._profile = profile
        self._pace = pace or Pace()
        self._on_forgotten = on_forgotten
        self._copy = copy
        self._erasure = Erasure(profile, store)
        self.contents = Contents(store, profile, address)
        self._board = StatusBoard(SyncStatus(configured=True))
        self._waker = Waker()
        self.questions = Questions(self._waker.wake)
        self._kicked = threading.Event()
        self._closing = threading.Event()
        self._asked: list[Future[Round]] = []
        self._guard = threading.Lock()
        self._one = threading.Lock()
        self._session: Session | None = None
        self._failures = 0
        self._lock = LoginLock(store)
        self._gone: DeviceForgotten | None = None
        self._shown: UUID | None = None
        self._thread: threading.Thread | None = None

    @property
    def status(self) -> SyncStatus:
        """How this desk and the server stand."""
        return self._board.status

    @property
    def locked(self) -> bool:
        """Whether the server refused the account so often that nothing is tried any more."""
        return self._lock.held

    def on_status(self, listener: OnStatus) -> None:
        """Tell *listener* of each change of the status, on the worker's thread."""
        self._board.on_status(listener)

    def on_forgotten(self, destroy: Callable[[], None]) -> None:
        """Have *destroy* called when the administrator has put this desk off; see the class."""
        self._on_forgotten = destroy

    def start(self) -> None:
        """Begin to keep the desk level, in the background."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=THREAD, daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the connection and the thread."""
        self._closing.set()
        self._waker.wake()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(CLOSE_SECONDS)
            session = self._session
            if self._thread.is_alive() and session is not None:
                session.link.interrupt()
            self._thread.join()
        with self._one:
            self._end_session()
        self.contents.close()
        self._erasure.close()
        self._refuse_asked(Bug("Sharing ends."))
        self._waker.close()

    def kick(self) -> None:
        """Say that there is something to send; any thread, returns at once."""
        self._kicked.set()
        self._waker.wake()

    def changed(self, changes: ChangeSet) -> None:
        """Take in that the store changed: what this desk did itself is to be sent."""
        if changes.initiator != INITIATOR:
            self.kick()

    def show(self, customer_id: UUID | None) -> None:
        """Say whose record is open here: news of that customer is fetched without waiting for others."""
        self._shown = customer_id

    def retry(self) -> None:
        """Try again at once, whatever happened before: the password or the network is another one now."""
        self._failures = 0
        self._lock.release()
        self.kick()

    def run_once(self) -> Round:
        """Do one whole round now, and return what it did.

        Raises:
            ServerFault: one of its kinds; what was done before stays.
        """
        if self._gone is not None:
            raise self._gone
        if self._closing.is_set():
            raise Bug("Sharing ends.")
        if self._thread is None:
            return self._perform()
        asked: Future[Round] = Future()
        with self._guard:
            self._asked.append(asked)
        self._waker.wake()
        return asked.result()

    def check(self) -> int:
        """Compare all that is here with the server and fetch what differs; return how many chunks differed.

        Raises:
            ServerFault: one of its kinds.
        """
        self.run_once()
        with self._one:
            return 0 if self._session is None else self._session.check()

    def close_line(self) -> None:
        """End the connection; the next round makes a new one."""
        with self._one:
            self._end_session()

    def _run(self) -> None:
        while not self._closing.is_set():
            try:
                self._stand_locked()
                self._waker.settle()
                self._perform()
                self._rest()
            except DeviceForgotten:
                return
            except CrmdeskError as trouble:
                self._wait_after(trouble)
            except Exception:  # noqa: BLE001 - the edge of a thread: sharing tries again, the log says why
                _log.exception("a round of sharing failed")
                self._wait_after(Bug("Sharing met a fault of its own. Details are in the log."))

    def _perform(self) -> Round:
        """Do one round, connecting first where that is needed; answer those who asked for one."""
        with self._guard:
            asked, self._asked = self._asked, []
        try:
            with self._one:
                done = self._round()
        except BaseException as error:
            for each in asked:
                each.set_exception(error)
            if isinstance(error, CrmdeskError):
                self._note_trouble(error)
            raise
        for each in asked:
            each.set_result(done)
        return done

    def _round(self) -> Round:
        kicked = self._kicked.is_set()
        self._kicked.clear()
        try:
            if kicked or self._session is None:
                self._tell_counts()
            if self._session is None:
                self._session = self._greeted()
            done = self._session.round()
            while done.first_sync is not None and not self._closing.is_set():
                self._board.change(connected=True, trouble=None, first_sync=done.first_sync)
                done = self._session.round()
        except BaseException:
            self._end_session()
            raise
        self._failures = 0
        if self._thread is not None:
            # Before it is told that there is a connection: whoever hears that may ask.
            self.questions.open()
        self._board.change(
            connected=True,
            trouble=_warning(self._session),
            tick=done.tick,
            last_pull_at=self._store.author.now(),
            first_sync=done.first_sync,
        )
        self._tell_counts()
        self.contents.wake(wait=self._thread is None)
        return done

    def _greeted(self) -> Session:
        password = self._profile.secrets.get(self._profile.id, PASSWORD) or ""
        try:
            at = (self._store, self._profile, self.address, password)
            session = greeted(*at, self._erasure, self._copy)
        except DeviceForgotten as gone:
            self._gone = gone
            self._destroy(password)
            raise
        except ServerRefused:
            self._lock.refused()
            raise
        self._lock.release()
        return session

    def _destroy(self, password: str) -> None:
        """Have everything destroyed, then confirm it."""
        _log.warning("the administrator has put this desk off the server; what it holds is destroyed")
        if self._on_forgotten is not None:
            destroy_and_confirm(self._on_forgotten, self.address, password, self._profile.identity.device)

    def _rest(self) -> None:
        """Wait for a hint, a change here, or the time to look; follow a hint up after a random moment."""
        session = self._session
        if session is None or self._asked:
            return
        hearing = session.hearing
        try:
            hinted = self._wait_and_answer(session, self._pace.until_poll(hears=hearing.hears))
            if hinted and not self._closing.is_set():
                seconds = self._pace.chance.uniform(0.0, hearing.delay_seconds)
                hearing.let_others_first(self._waker, seconds, self._shown)
        except BaseException:
            with self._one:
                self._end_session()
            raise

    def _wait_and_answer(self, session: Session, seconds: float) -> bool:
        """Answer questions for *seconds*, or until something wants a round; return whether it was a hint."""
        until = time.monotonic() + seconds
        while True:
            self.questions.answer(session.link)
            hinted = session.hearing.wait(self._waker, until - time.monotonic())
            # First this: whoever wakes us after the look is still heard by the next wait.
            self._waker.settle()
            wanted = hinted or self._kicked.is_set() or self._asked or self._closing.is_set()
            if wanted or time.monotonic() >= until:
                return hinted

    def _wait_after(self, trouble: CrmdeskError) -> None:
        self._failures += 1
        seconds = self._pace.until_retry(self._failures, transient=is_transient(trouble))
        with self._guard:
            asked = bool(self._asked)
        if not self._stand_locked() and not asked:
            self._wait_for(seconds)

    def _stand_locked(self) -> bool:
        """Wait while the account is locked, also over a restart; return whether it was."""
        if not self.locked:
            return False
        self._board.change(trouble=LOCKED)
        self._wait_until(lambda: not self.locked)
        return True

    def _wait_for(self, seconds: float) -> None:
        """Wait *seconds*; changes made here do not cut it short, a wish for a round or :meth:`retry` does."""
        until = time.monotonic() + seconds
        self._wait_until(lambda: time.monotonic() >= until or self._failures == 0, until)

    def _wait_until(self, done: Callable[[], bool], until: float | None = None) -> None:
        while not self._closing.is_set() and not self._asked and not done():
            self._tell_counts()
            self._waker.wait(3_600.0 if until is None else until - time.monotonic())
            self._waker.settle()

    def _note_trouble(self, error: CrmdeskError) -> None:
        if self._gone is None:
            self._tell_counts()
        self._board.change(connected=False, trouble=worded(error))
        _log.info("sharing: %s", error)

    def _tell_counts(self) -> None:
        counts = self._store.read(_counts).result()
        self._board.change(pending=counts.pending, refused=counts.refused)

    def _end_session(self) -> None:
        self.questions.close()
        if self._session is not None:
            self._session.close()
            self._session = None

    def _refuse_asked(self, error: CrmdeskError) -> None:
        with self._guard:
            asked, self._asked = self._asked, []
        for each in asked:
            each.set_exception(error)


def _warning(session: Session) -> Text | None:
    if abs(session.offset_ms) > SKEW_MS:
        return say(SKEWED, minutes=round(abs(session.offset_ms) / 60_000))
    message = (session.last_taken.scope or {}).get("message")
    return say("{message}", message=message) if message else None


def _counts(connection: Connection) -> outbox.Counts:
    return outbox.counts(connection)


def first_status(connection: Connection) -> SyncStatus:
    """Return the status of a shared desk before it was connected."""
    place, counts = replica.read_place(connection), outbox.counts(connection)
    return SyncStatus(
        configured=True,
        tick=place.cursor,
        last_pull_at=place.last_pull_at,
        pending=counts.pending,
        refused=counts.refused,
        first_sync=None if place.cursor else 0.0,
    )
