"""What the window asks about sharing, answered by the shared side of this desk on a lane of its own."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from crmdesk.models.sync_views import HistoryProgress
from crmdesk.services.executor import Lane
from crmdesk.ui.alone import Alone

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future
    from uuid import UUID

    from crmdesk.models.sync_views import Choices, JoinFields, PendingLine, RefusedLine, SyncStatus
    from crmdesk.models.types import CustomerId
    from crmdesk.services.sync.desk import SharedDesk


class SharedHere(Alone):
    """Puts each request on the lane; what no service answers yet is as on a PC that works alone.

    The GUI thread neither loads what knows the server nor waits for it.

    Args:
        shares: tells whether this desk shares a database; called on the lane.
        make: makes the shared side; called once, not on the GUI thread.
        told: hears each new status, on any thread.
        progressed: hears how older history comes, on any thread.
    """

    def __init__(
        self,
        shares: Callable[[], bool],
        make: Callable[[], SharedDesk],
        told: Callable[[SyncStatus], None],
        progressed: Callable[[HistoryProgress], None] = lambda _progress: None,
    ) -> None:
        self._shares = shares
        self._make = make
        self._told = told
        self._progressed = progressed
        self._lane = Lane("sharing")
        # Somebody may wait for the server here while others only look into the store.
        self._older = Lane("history")
        self._guard = threading.Lock()
        self._made: SharedDesk | None = None

    def start(self) -> None:
        """Keep level with the server from now on; a desk that works alone loads nothing for it."""
        self._lane.run(self._start)

    def close(self) -> None:
        """Finish what is asked, then end the connection; before the store is closed."""
        self._lane.close()
        self._older.close()
        with self._guard:
            made = self._made
        if made is not None:
            made.close()

    def sync_status(self) -> Future[SyncStatus]:
        """Ask how this desk and the server stand."""
        return self._lane.run(lambda: self.side().status())

    def pending(self) -> Future[tuple[PendingLine, ...]]:
        """Ask for what is still to be sent, oldest first."""
        return self._lane.run(lambda: self.side().pending())

    def refused(self) -> Future[tuple[RefusedLine, ...]]:
        """Ask for what the server did not accept and nobody put away, newest first."""
        return self._lane.run(lambda: self.side().refused())

    def resolve(self, op_id: UUID, choices: Choices) -> Future[None]:
        """Settle the fields in conflict of a refused operation."""
        return self._lane.run(lambda: self.side().resolve(op_id, choices))

    def dismiss(self, op_id: UUID) -> Future[None]:
        """Put a refused operation out of the list."""
        return self._lane.run(lambda: self.side().dismiss(op_id))

    def send_as_note(self, op_id: UUID, customer_id: CustomerId) -> Future[None]:
        """Write the text of a refused operation as a note of this customer."""
        return self._lane.run(lambda: self.side().send_as_note(op_id, customer_id))

    def load_history(self, customer_id: CustomerId) -> Future[None]:
        """Fetch all older history of a customer from the server."""
        return self._older.run(self._load_history, customer_id)

    def _load_history(self, customer_id: CustomerId) -> None:
        def told(done: int, total: int) -> None:
            self._progressed(HistoryProgress(customer_id, done, total))

        self.side().load_history(customer_id, told)

    def join(self, fields: JoinFields) -> Future[None]:
        """Put this desk on a shared database."""
        return self._lane.run(self._join, fields)

    def _start(self) -> None:
        if self._shares():
            side = self.side()
            self._told(side.status())
            side.start()

    def _join(self, fields: JoinFields) -> None:
        self.side().join(fields.address, fields.user, fields.password, ca=fields.ca_file, adopt=fields.adopt)

    def side(self) -> SharedDesk:
        """Return the shared side, made now if nobody asked before; not for the GUI thread."""
        with self._guard:
            if self._made is None:
                self._made = self._make()
                self._made.on_status(self._told)
            return self._made
