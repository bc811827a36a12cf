"""Refused logins, counted also over restarts: after three this desk stops trying; it destroys nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.models.text import say
from crmdesk.services.store.connection import Connection
from crmdesk.services.sync.replica import write_names

if TYPE_CHECKING:
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork

REFUSALS = "refusals"
"""The name in ``sync`` of how often the server refused the account since it last took it."""
LOGINS_BEFORE_LOCK = 3
LOCKED = say(
    "The server has refused this account three times; this desk stops trying. What was typed is kept. Ask the"
    " administrator, then join the server again."
)


class LoginLock:
    """The lock of one desk, kept in its *store*; read there when first asked for."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._count: int | None = None

    @property
    def held(self) -> bool:
        """Whether the server refused the account so often that nothing is tried any more."""
        return self._known() >= LOGINS_BEFORE_LOCK

    def refused(self) -> None:
        """Note that the server refused the account."""
        self._keep(self._known() + 1)

    def release(self) -> None:
        """Begin to count anew: the account was taken, or somebody wants it tried."""
        if self._known():
            self._keep(0)

    def _known(self) -> int:
        if self._count is None:
            self._count = self._store.read(_refusals).result()
        return self._count

    def _keep(self, count: int) -> None:
        self._count = count
        self._store.write(_note, count).result()


def _refusals(connection: Connection) -> int:
    found = connection.execute("SELECT value FROM sync WHERE name = ?", (REFUSALS,)).fetchone()
    return int(found[0]) if found else 0


def _note(work: UnitOfWork, count: int) -> None:
    write_names(work.connection, {REFUSALS: count})
    work.commit()
