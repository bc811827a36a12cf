"""Telling the server whose records were opened at this desk: written down here at once, sent behind all else.

A desk that works alone writes nothing down. Nobody ever waits for it, and nothing is held up when it fails.
"""

from __future__ import annotations

import json
import logging
import threading
from concurrent.futures import Future
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.models.wire import to_json
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.values import from_micros, to_micros

if TYPE_CHECKING:
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork
    from crmdesk.services.sync.address import ServerAddress

AGAIN = timedelta(minutes=10)
"""A record that is looked at again so soon was not opened anew: it was fetched again."""
BATCH = 500
COMPLAINT = "complaint"
"""How the reason begins when a complaint was opened; its number follows, but not that of a restricted one."""
_REMEMBERED = 1_000
_log = logging.getLogger("crmdesk.sync")
Viewed = tuple[int, bytes, str]
"""Microseconds, the customer's id, and why: a row of ``viewed``."""


class Views:
    """Writes down whose records are opened, on the store lane. Any thread."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._guard = threading.Lock()
        self._last: dict[tuple[UUID, str], datetime] = {}

    def opened(self, customer_id: UUID, why: str) -> None:
        """Note that this record is shown now. Returns at once.

        Args:
            customer_id: whose.
            why: call, record or rpc, or which complaint was opened, in the window or by rpc:
                ``complaint C26-K7Q-0042``.
        """
        # Of his complaints each is opened by itself; a call or a click leads to the one record he has.
        looked_at = customer_id, why if why.startswith(COMPLAINT) else ""
        now = self._store.author.now()
        with self._guard:
            last = self._last.get(looked_at)
            if last is not None and abs(now - last) < AGAIN:
                return
            if len(self._last) >= _REMEMBERED:
                self._last.clear()
            self._last[looked_at] = now
        self._store.write(note_view, customer_id, now, why).add_done_callback(_log_failure)


def note_view(work: UnitOfWork, customer_id: UUID, at: datetime, why: str) -> None:
    """Write down that *customer_id* was looked at, if this desk shares; his history stays longer then."""
    from crmdesk.services.sync.eviction import look_at
    from crmdesk.services.sync.outbox import is_shared

    if not is_shared(work.connection):
        return
    work.connection.execute(
        "INSERT OR IGNORE INTO viewed (at, customer_id, why) VALUES (?, ?, ?)",
        (to_micros(at), customer_id.bytes, why),
    )
    look_at(work, customer_id)
    work.commit()


def send_views(store: Store, link: Any, address: ServerAddress, device: UUID) -> int:
    """Tell the server whose records were opened here; return how many times. Told twice they count once.

    Raises:
        ServerFault: what was not told stays here.
    """
    from crmdesk.services.sync.connection import worded

    sent = 0
    while views := store.read(waiting).result():
        told = [
            {"customer_id": str(UUID(bytes=key)), "at": to_json(from_micros(at)), "why": why}
            for at, key, why in views
        ]
        with worded(address):
            link.execute("SELECT crm.record_views(%s::uuid, %s::jsonb)", (device, json.dumps(told)))
        store.write(_forget, views, initiator="sync").result()
        sent += len(views)
    return sent


def waiting(connection: Connection) -> list[Viewed]:
    """Return the oldest views that the server was not told of, as many as go at once."""
    found: list[Viewed] = connection.execute(
        "SELECT at, customer_id, why FROM viewed ORDER BY at, customer_id LIMIT ?", (BATCH,)
    ).fetchall()
    return found


def _forget(work: UnitOfWork, views: list[Viewed]) -> None:
    work.connection.executemany(
        "DELETE FROM viewed WHERE at = ? AND customer_id = ?", [(at, key) for at, key, _ in views]
    )
    work.commit()


def _log_failure(done: Future[Any]) -> None:
    error = done.exception() if not done.cancelled() else None
    if error is not None:
        _log.warning("who was looked at was not written down: %s", error)
