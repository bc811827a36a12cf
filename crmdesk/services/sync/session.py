"""One conversation of a desk with the server: hello, then rounds of push, stamp and pull."""

from __future__ import annotations

import json
import logging
import platform
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import DeviceForgotten, ServerUnfit
from crmdesk.models.outbox import Answer
from crmdesk.models.wire import Json
from crmdesk.services.sync import outbox, replica, sharing
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.connection import Link, connect, nonsense, worded
from crmdesk.services.sync.copying import CopyElsewhere
from crmdesk.services.sync.eviction import Eviction
from crmdesk.services.sync.first_sync import SUFFIX, Copy
from crmdesk.services.sync.hearing import Hearing
from crmdesk.services.sync.intake import Intake, Taken
from crmdesk.services.sync.pull import known_scope
from crmdesk.services.sync.push import BATCH, Sender, fault, send, stamp, waits_for_others
from crmdesk.services.sync.tending import SharedUpkeep
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.erasure import Erasure
    from crmdesk.services.profile import Profile
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork

INITIATOR = "sync"
"""Who asks for the changes that come from the server."""
JUMP_SECONDS = 2.0
"""A clock that went so much more or less than time did was set."""
_MILLISECOND = timedelta(milliseconds=1)
_log = logging.getLogger("crmdesk.sync")


@dataclass(frozen=True, slots=True)
class Round:
    """What one round did: operations sent, taken and refused; changes numbered; rows that came.

    ``tick`` is the server's state held here afterwards, ``reloaded`` tells that rows were compared and
    fetched anew because the server's history is another one. While a large first copy comes page by page,
    ``first_sync`` is the part that is here, and another round is wanted at once.
    """

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    stamped: int = 0
    rows: int = 0
    tick: int = 0
    reloaded: bool = False
    first_sync: float | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """Operations sent, how they were answered, and how many changes were numbered after them.

    ``waits`` is the fault to tell when the next one builds upon what other desks are still to bring back.
    """

    sent: int = 0
    accepted: int = 0
    refused: int = 0
    stamped: int = 0
    waits: Exception | None = None


class Session:
    """A desk at the server; made by :func:`greeted`, closed by whoever holds it. One thread uses it."""

    def __init__(
        self,
        link: Link,
        store: Store,
        address: ServerAddress,
        device: UUID,
        copy: Copy,
        erasure: Erasure,
        eviction: Eviction,
    ) -> None:
        self.link = link
        self.address = address
        self.device = device
        self.offset_ms = 0
        self._measured: tuple[float, datetime] | None = None
        self.hearing = Hearing(link, address)
        self._store = store
        self._copy = copy
        self._upkeep = SharedUpkeep(store, link, address, self.check, device, erasure, eviction)
        self._intake = Intake(store, link, address, device, copy)

    def close(self) -> None:
        """End it."""
        self._copy.close()
        self.link.close()

    def erase(self) -> None:
        """Take out of this desk whom the server had erased: first thing at each contact."""
        self._upkeep.erase()

    @property
    def last_taken(self) -> Taken:
        """What the last pull brought."""
        return self._intake.last

    def round(self) -> Round:
        """Push what waits, have it numbered, pull what others did.

        Raises:
            ServerFault: what was answered up to there is kept; the rest is done in the next round.
        """
        self.measure()
        pushed = self._push()
        stamped = pushed.stamped if pushed.sent else self._stamp()
        # What is heard from here on may be newer than the snapshot that comes.
        self.hearing.forget()
        taken = self._intake.pull()
        self._upkeep.look(busy=bool(pushed.sent or taken.rows or taken.first_sync is not None))
        if pushed.waits is not None:
            raise pushed.waits
        return Round(
            pushed.sent,
            pushed.accepted,
            pushed.refused,
            stamped,
            taken.rows,
            taken.head,
            taken.reloaded,
            taken.first_sync,
        )

    def measure(self) -> None:
        """Measure how far the clocks are apart, the first time and when this desk's was set."""
        clock = self._store.author.clock
        now, at = time.monotonic(), clock()
        if self._measured is not None:
            passed = (at - self._measured[1]).total_seconds()
            if abs(passed - (now - self._measured[0])) < JUMP_SECONDS:
                return
        with worded(self.address):
            self.offset_ms = measured_offset(self.link, clock)
        self._measured = (now, at)

    def check(self) -> int:
        """Compare what is here with the server; return how many chunks differed and were fetched anew."""
        return self._intake.check()

    def _push(self) -> Pushed:
        sender = Sender(self.device, self._store.author.clock, self.offset_ms)
        total = Pushed()
        while True:
            waiting = self._store.read(outbox.unsent, BATCH).result()
            if not waiting:
                return total
            sent = send(self.link, sender, waiting, self.address)
            refused = sum("rejected" in each.result for each in sent.answers)
            total = Pushed(
                total.sent + len(sent.answers),
                total.accepted + len(sent.answers) - refused,
                total.refused + refused,
                total.stamped + (self._keep_and_stamp(sent.answers) if sent.answers else 0),
            )
            if (trouble := fault(sent, self.address)) is not None:
                if waits_for_others(sent):
                    return replace(total, waits=trouble)
                raise trouble
            if sent.gap is not None:
                self._fill(sent.gap, waiting[0].n)

    def _keep_and_stamp(self, answers: Sequence[Answer]) -> int:
        """Keep *answers* while the server numbers what they are to; return how many changes it numbered."""
        kept = self._store.write(replica.record_answers, answers, initiator=INITIATOR)
        try:
            return self._stamp()
        finally:
            kept.result()

    def _stamp(self) -> int:
        told = stamp(self.link, self.address)
        self.hearing.promise(told.get("hint_in_ms"))
        return int(told.get("stamped") or 0)

    def _fill(self, last_n: int, asked: int) -> None:
        """Bring the outbox in line with the server, which knows us up to *last_n* only."""
        if last_n + 1 >= asked:
            raise nonsense(self.address, "gap")
        _log.warning("the server knows this desk up to number %s only", last_n)
        self._write(replica.server_forgot, last_n)

    def _write(self, use_case: Callable[..., Any], *arguments: Any) -> Any:
        return self._store.write(use_case, *arguments, initiator=INITIATOR).result()


def first_copy(profile: Profile, address: ServerAddress, password: str) -> CopyElsewhere:
    """Return what a large first copy of *profile* is made with, beside its store."""
    store = profile.store_path
    return CopyElsewhere(store.with_name(store.name + SUFFIX), profile.key, address, password)


def greeted(
    store: Store,
    profile: Profile,
    address: ServerAddress,
    password: str,
    erasure: Erasure,
    copy: Copy | None = None,
) -> Session:
    """Connect, say hello, take out whom the server had erased, and return the session.

    *copy* makes a large first copy.

    Raises:
        DeviceForgotten: this desk is to destroy what it holds; only a server that proved who it is says so.
        ServerFault: one of its kinds.
    """
    link = connect(address, password)
    try:
        device = UUID(profile.identity.device)
        eviction = Eviction(store, profile.settings.number("store_mb") << 20)
        session = Session(
            link, store, address, device, copy or first_copy(profile, address, password), erasure, eviction
        )
        with worded(address):
            _introduce(session, store, profile)
            session.erase()
            session.measure()
            session.hearing.begin()
    except BaseException:
        link.close()
        raise
    return session


def _introduce(session: Session, store: Store, profile: Profile) -> None:
    scope = _asked(session.link, "SELECT crm.my_scope()")
    scope = known_scope(scope, session.address)
    if profile.test and not scope.get("test"):
        raise ServerUnfit(
            "The database on {host} holds real work; a test profile does not go there.",
            **session.address.told,
        )
    told = _asked(
        session.link,
        "SELECT crm.register_device(%s, %s, %s)",
        (session.device, profile.identity.tag, platform.node()),
    )
    if not isinstance(told, dict) or not isinstance(told.get("last_n"), int):
        raise nonsense(session.address, "register_device")
    if told.get("state") != "active":
        raise DeviceForgotten(
            "The administrator has put this desk off the server. What it held of it is deleted.",
            **session.address.told,
        )
    known = store.read(outbox.device).result()
    if known not in ("", str(session.device)):
        _log.warning("this profile is a copy; the server knows it as a desk of its own from now on")
        store.write(sharing.change_device, str(session.device), told["last_n"]).result()
    else:
        store.write(replica.server_forgot, told["last_n"]).result()
    store.write(_keep_told, str(told["tag"]), told.get("own_limit") or {}).result()


def _keep_told(work: UnitOfWork, tag: str, own_limit: Json) -> None:
    """Keep the tag of this desk and what the person here may grant alone, by his role."""
    replica.write_names(work.connection, {"tag": tag, "own_limit": json.dumps(own_limit)})
    work.commit()


def _asked(link: Link, statement: str, values: tuple[object, ...] = ()) -> Json:
    row = link.execute(statement, values or None).fetchone()
    return row[0] if row else None


def measured_offset(link: Link, clock: Callable[[], datetime]) -> int:
    """Return how many milliseconds the server's clock is ahead of this desk's; the quickest of three tries.

    The answer is taken for given in the middle of the exchange (Cristian 1989), so it errs by half of it.
    """
    best: tuple[float, int] | None = None
    for _ in range(3):
        began, before = time.monotonic(), clock()
        there = _asked(link, "SELECT crm.now()")
        took = time.monotonic() - began
        ahead = (there - before) / _MILLISECOND - took * 500
        if best is None or took < best[0]:
            best = (took, round(ahead))
    return best[1] if best else 0


def destroy_and_confirm(
    destroy: Callable[[], None], address: ServerAddress, password: str, device: str
) -> None:
    """Call *destroy*, then tell the server that *device* holds nothing any more.

    The line is made before: what proves who the server is goes with the rest.

    Raises:
        ServerFault: it could not be told; the desk holds nothing any more either way.
    """
    try:
        link = connect(address, password)
    except BaseException:
        destroy()
        raise
    with link:
        destroy()
        with worded(address):
            link.execute("SELECT crm.confirm_forgotten(%s)", (UUID(device),))
