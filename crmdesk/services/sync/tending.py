"""What a connected desk does besides: what is due by time, for all; once a day, for itself, to compare."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.errors import ServerBusy, ServerFault, StoreFault
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.values import from_micros, to_micros
from crmdesk.services.sync import outbox, replica
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.connection import Link, worded
from crmdesk.services.sync.erasing import destroy_erased
from crmdesk.services.sync.eviction import Eviction
from crmdesk.services.sync.holding import window_start
from crmdesk.services.sync.viewing import send_views

if TYPE_CHECKING:
    from datetime import datetime

    from crmdesk.services.erasure import Erasure
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork

DUE_SECONDS = 30.0
COMPARED_EVERY = timedelta(days=1)
CHECKED_AT = "checked_at"
"""The name in ``sync`` of when all that is here was last compared with the server."""
_log = logging.getLogger("crmdesk.sync")


class SharedUpkeep:
    """Looks after shared data on one connection.

    Args:
        store: of this desk.
        link: to the server.
        address: of the server, for sentences.
        compare: compares what is here with the server, returns how many chunks differed.
        device: this desk's id.
        erasure: takes people out of this desk, and bytes of rows that left it.
        eviction: lets history go that this desk holds no longer.
    """

    def __init__(
        self,
        store: Store,
        link: Link,
        address: ServerAddress,
        compare: Callable[[], int],
        device: UUID,
        erasure: Erasure,
        eviction: Eviction,
    ) -> None:
        self._store = store
        self._link = link
        self._address = address
        self._compare = compare
        self._device = device
        self._erasure = erasure
        self._eviction = eviction
        self._due_at = 0.0

    def look(self, *, busy: bool) -> None:
        """Do what is due, unless this desk is *busy* with changes: it can wait.

        Raises:
            ServerFault: the connection broke. What the server cannot do just now stops nothing else.
        """
        if busy or time.monotonic() < self._due_at:
            return
        self._due_at = time.monotonic() + DUE_SECONDS
        try:
            with worded(self._address):
                self._link.execute("SELECT crm.run_due()")
            self.erase()
            self._erasure.tidy()
            self._compare_daily()
            self._evict()
            send_views(self._store, self._link, self._address, self._device)
        except ServerBusy as error:
            _log.info("what is due waits: %s", error)
        except ServerFault as error:
            if self._link.closed:
                raise
            _log.warning("what is due was not done: %s", error)

    def erase(self) -> None:
        """Take out whom the server had erased; what is in the way here stops nothing else.

        Raises:
            ServerFault: the connection broke.
        """
        try:
            destroy_erased(self._link, self._address, self._device, self._erasure)
        except StoreFault as trouble:
            _log.warning("an erased person stays here for now: %s", trouble)

    def _evict(self) -> None:
        """Let go of what lies before the window, by the server's clock: one here may be wrong by years."""
        scope = self._store.read(replica.read_place).result().scope
        with worded(self._address):
            found = self._link.execute("SELECT clock_timestamp()").fetchone()
        if found is not None and scope.get("window_days"):
            self._eviction.look(window_start(found[0], int(scope["window_days"])))

    def _compare_daily(self) -> None:
        checked_at = self._store.read(_checked_at).result()
        now = self._store.author.now()
        if checked_at is None:
            # Everything has just come.
            self._store.write(_note_check, now).result()
        elif now - checked_at >= COMPARED_EVERY:
            differing = self._compare()
            _log.info("compared with the server: %s parts differed", differing)
            self._store.write(_note_check, now).result()
            place = self._store.read(replica.read_place).result()
            self._store.write(outbox.prune, place.reached).result()


def _checked_at(connection: Connection) -> datetime | None:
    found = connection.execute("SELECT value FROM sync WHERE name = ?", (CHECKED_AT,)).fetchone()
    return from_micros(int(found[0])) if found else None


def _note_check(work: UnitOfWork, now: datetime) -> None:
    replica.write_names(work.connection, {CHECKED_AT: to_micros(now)})
    work.commit()
