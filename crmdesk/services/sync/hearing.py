"""Hearing from the server that there is news: a hint only, because some ways to a server swallow it.

A pooler in transaction mode takes LISTEN and drops what is notified; nothing tells but trying. Each desk says
something to itself when it comes, on a channel of its own, and polls more often where it hears nothing.
"""

from __future__ import annotations

import logging
import select
import socket
import time
from typing import Any
from uuid import UUID

from psycopg import sql

from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.connection import Link, worded

CHANNEL = "crm"
TRY_SECONDS = 1.0
"""How long to wait for one's own word."""
LONGEST_DELAY = 1.5
DELAY_A_DESK = 0.008
"""Seconds a desk waits after a hint at most, for each that is connected: they do not all come at once."""
NAME_LENGTH = 12
"""A hint names customers by so many characters at the end of their ids."""
_log = logging.getLogger("crmdesk.sync")


class Waker:
    """Wakes a thread that waits for a connection; any thread may call :meth:`wake`."""

    def __init__(self) -> None:
        self._ear, self._mouth = socket.socketpair()
        self._ear.setblocking(False)
        self._mouth.setblocking(False)

    def fileno(self) -> int:
        """Return what can be waited for."""
        return self._ear.fileno()

    def wake(self) -> None:
        """Wake whoever waits, or the next who will."""
        try:
            self._mouth.send(b"!")
        except OSError:
            # Full: it is awake anyway; closed: nobody waits any more.
            return

    def settle(self) -> None:
        """Forget what woke."""
        try:
            while self._ear.recv(4096):
                pass
        except OSError:
            return

    def wait(self, seconds: float) -> None:
        """Wait *seconds*, or less when woken."""
        select.select([self._ear], [], [], max(0.0, seconds))

    def close(self) -> None:
        """Let go of it."""
        self._ear.close()
        self._mouth.close()


class Hearing:
    """What a connection hears: hints, and the own hint that was promised to the other desks."""

    def __init__(self, link: Link, address: ServerAddress) -> None:
        self.hears = False
        self.desks = 1
        self._link = link
        self._address = address
        self._hinted = False
        self._named: set[str] = set()
        self._promised_at: float | None = None

    def begin(self) -> None:
        """Listen, and find out whether what is notified arrives here."""
        self._link.add_notify_handler(self._take)
        own = f"crm_{self._link.info.backend_pid}_{time.monotonic_ns()}"
        listen = sql.SQL("LISTEN {}")
        self._link.execute(listen.format(sql.Identifier(own)))
        self._link.execute("SELECT pg_notify(%s, '')", (own,))
        until = time.monotonic() + TRY_SECONDS
        while not self.hears and (left := until - time.monotonic()) > 0:
            if select.select([self._link], [], [], left)[0]:
                self._consume()
        self._link.execute(sql.SQL("UNLISTEN {}").format(sql.Identifier(own)))
        if not self.hears:
            _log.warning("hints do not get through to this desk; it asks more often instead")
            # What such a pooler gives us next may be another session.
            self._link.prepare_threshold = None
        self._link.execute(listen.format(sql.Identifier(CHANNEL)))
        self.count_desks()

    def count_desks(self) -> None:
        """Learn how many are connected."""
        found = self._link.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
        ).fetchone()
        self.desks = max(1, found[0] if found else 1)

    @property
    def delay_seconds(self) -> float:
        """The longest wait after a hint."""
        return min(LONGEST_DELAY, DELAY_A_DESK * self.desks)

    def forget(self) -> None:
        """Take what was heard up to now as known."""
        with worded(self._address):
            self._consume()
        self._hinted = False
        self._named.clear()

    def promise(self, in_ms: object) -> None:
        """Remember to wake the others in *in_ms* milliseconds, as the server asked; None: not now."""
        if isinstance(in_ms, (int, float)):
            self._promised_at = time.monotonic() + max(0.0, in_ms / 1000)

    def keep_promise(self) -> None:
        """Wake the others if it is time."""
        if self._promised_at is not None and self._promised_at <= time.monotonic():
            self._promised_at = None
            with worded(self._address):
                self._link.execute("SELECT crm.hint()")

    def wait(self, waker: Waker, seconds: float) -> bool:
        """Wait for a hint, *waker* or *seconds*; return whether it was a hint."""
        until = time.monotonic() + seconds
        while not self._hinted:
            self.keep_promise()
            now = time.monotonic()
            ends = until if self._promised_at is None else min(until, self._promised_at)
            with worded(self._address):
                ready = _readable(self._link, waker, ends - now)
                if self._link in ready:
                    self._consume()
            if waker in ready:
                break
            if time.monotonic() >= until:
                with worded(self._address):
                    self.count_desks()
                break
        return self._hinted

    def let_others_first(self, waker: Waker, seconds: float, shown: UUID | None) -> None:
        """Wait *seconds* after a hint; not at all when it names the customer *shown* at this desk."""
        until = time.monotonic() + seconds
        while not (shown is not None and self._is_named(shown)) and (left := until - time.monotonic()) > 0:
            with worded(self._address):
                ready = _readable(self._link, waker, left)
                if self._link in ready:
                    self._consume()
            if waker in ready:
                return

    def _is_named(self, customer_id: UUID) -> bool:
        return str(customer_id)[-NAME_LENGTH:] in self._named

    def _consume(self) -> None:
        """Take in what lies there, without waiting."""
        wire: Any = self._link.pgconn
        wire.consume_input()
        while (found := wire.notifies()) is not None:
            self._heard(found.relname.decode(), found.extra.decode())

    def _take(self, notify: Any) -> None:
        self._heard(notify.channel, notify.payload)

    def _heard(self, channel: str, names: str) -> None:
        if channel == CHANNEL:
            self._hinted = True
            self._named.update(names.split())
        else:
            self.hears = True


def _readable(link: Link, waker: Waker, seconds: float) -> list[Link | Waker]:
    """Wait *seconds* at most; return those in which something lies."""
    both: list[Link | Waker] = [link, waker]
    return select.select(both, [], [], max(0.0, seconds))[0]
