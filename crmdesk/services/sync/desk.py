"""The shared side of one desk: joining and leaving, keeping level with the server, and what was refused.

A desk that works alone pays one small query for it: what knows the server is loaded when there is one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import InvalidInput, ServerFault
from crmdesk.models.sync_views import Choices, FieldChoice, Membership, PendingLine, RefusedLine, SyncStatus
from crmdesk.services.sync import outbox, replica, sharing
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.trust import trusting

if TYPE_CHECKING:
    from crmdesk.models.changes import ChangeSet
    from crmdesk.models.wire import Row
    from crmdesk.services.profile import Profile
    from crmdesk.services.stop import Stop
    from crmdesk.services.store.connection import Connection
    from crmdesk.services.store.store import Store
    from crmdesk.services.sync.adoption import Plan
    from crmdesk.services.sync.colleagues import Colleagues
    from crmdesk.services.sync.join import Joined
    from crmdesk.services.sync.session import Round
    from crmdesk.services.sync.worker import SyncWorker

OnStatus = Callable[[SyncStatus], None]
OnProgress = Callable[[int, int], None]
"""Hears how much is here, and of how much."""


def _nobody(_done: int, _total: int) -> None:
    """Tell nobody."""


class SharedDesk:
    """Sharing of one open profile. Any thread may call; what talks to the server waits for its answer.

    Args:
        profile: the desk's.
        store: its store.
        live: keep level in the background; otherwise only when :meth:`run` is called.
    """

    def __init__(self, profile: Profile, store: Store, *, live: bool = False) -> None:
        self._profile = profile
        self._store = store
        self._live = live
        self._guard = threading.Lock()
        self._worker: SyncWorker | None = None
        self._before = SyncStatus()
        self._listeners: tuple[OnStatus, ...] = ()
        self._going: tuple[Callable[[int], None], ...] = ()
        self._gone: tuple[Callable[[], None], ...] = ()
        store.on_change(self._changed)

    def start(self) -> None:
        """Keep level from now on, if this desk shares and is live."""
        worker = self._found_worker()
        if worker is not None and self._live:
            worker.start()

    def close(self) -> None:
        """End the connection; before the store is closed."""
        with self._guard:
            worker, self._worker = self._worker, None
        if worker is not None:
            worker.close()

    def on_status(self, listener: OnStatus) -> None:
        """Tell *listener* how things stand, whenever that changes; on any thread."""
        self._listeners += (listener,)

    def on_forgetting(self, listener: Callable[[int], None]) -> None:
        """Call *listener* before that, with how many changes were never sent: it lets go of all files."""
        self._going += (listener,)

    def on_forgotten(self, listener: Callable[[], None]) -> None:
        """Call *listener* when the administrator put this desk off and everything in it is destroyed."""
        self._gone += (listener,)

    def status(self) -> SyncStatus:
        """Return how this desk and the server stand."""
        return self._store.read(self.status_in).result()

    def status_in(self, connection: Connection) -> SyncStatus:
        """Return how this desk and the server stand; *connection* reads the store."""
        if not outbox.is_shared(connection):
            return SyncStatus()
        place, counts = replica.read_place(connection), outbox.counts(connection)
        now = self._worker.status if self._worker is not None else SyncStatus()
        return SyncStatus(
            configured=True,
            connected=now.connected,
            trouble=now.trouble,
            tick=place.cursor,
            last_pull_at=place.last_pull_at,
            pending=counts.pending,
            refused=counts.refused,
            first_sync=now.first_sync if place.cursor else (now.first_sync or 0.0),
        )

    def address(self) -> ServerAddress | None:
        """Return where the shared database is, None while this desk works alone."""
        held = self._store.read(sharing.server_of).result()
        return None if held is None else trusting(self._profile, ServerAddress.from_values(held))

    def membership(self) -> Membership | None:
        """Return which database this desk shares and as whom, None while it works alone."""
        from crmdesk.services.sync.membership import membership

        return self._store.read(membership).result()

    def join(
        self,
        words: str,
        user: str,
        password: str,
        *,
        ca: str = "",
        adopt: bool | None = None,
        told: Callable[[int, int], object] = lambda _done, _total: None,
    ) -> Joined:
        """Put this desk on the shared database at *words* (empty: the one IT has set).

        Args:
            words: a DSN without a password, or host:port/database.
            user: the account there.
            password: of that account; kept in the keyring.
            ca: file of the authority that signed the server's certificate; empty: the one IT has set.
            adopt: take along what is here, or begin with what the server has; None: only if nothing is here.
            told: hears how many rows that go along are at the server, and of how many.

        Raises:
            CrmdeskError: everything here is as it was.
        """
        from crmdesk.services.sync.join import address_of, join, refuse_undecided

        address = address_of(self._profile.settings, words, user, ca)
        address = address if address.ca else trusting(self._profile, address)
        if adopt is None and self.address() is None:
            self._store.read(refuse_undecided).result()
        done = join(self._profile, self._store, address, password, adopt=bool(adopt), told=told)
        # One that shared before may have a new password or another place.
        self.close()
        self.start()
        self._tell(self.status())
        return done

    def adoption(self, words: str, user: str, password: str, *, ca: str = "") -> Plan:
        """Return what taking along would do at the shared database at *words*; nothing changes anywhere.

        Raises:
            CrmdeskError: see :meth:`join`.
        """
        from crmdesk.services.sync.join import address_of, rehearsed

        address = address_of(self._profile.settings, words, user, ca)
        return rehearsed(self._profile, self._store, address, password)

    def file(self, tables: Mapping[str, Sequence[Row]]) -> None:
        """Bring new rows to the server in bulk, as an administrator; they come here with the next round.

        Raises:
            InvalidInput: this desk works alone.
            ServerFault: what was merged stays; the same once more goes on.
        """
        from crmdesk.services.sync.bulk import file

        address = self.address()
        if address is None:
            raise InvalidInput("This desk works alone. Join a shared database first.", fields=("server",))
        file(self._profile, address, tables)

    def leave(self, *, unsent: bool = False) -> tuple[PendingLine, ...]:
        """Send what waits if the server answers, then work alone; return what was not sent.

        Raises:
            InvalidInput: this desk works alone, or operations wait and *unsent* does not say that they may
                stay here.
        """
        from crmdesk.services.sync.join import leave

        if self.address() is None:
            raise InvalidInput("This desk works alone already.", fields=("address",))
        try:
            self.run()
        except ServerFault:
            if not unsent and self.pending():
                raise
        left = self.pending()
        self.close()
        try:
            leave(self._profile, self._store, unsent=unsent)
        finally:
            self.start()
        self._tell(self.status())
        return left

    def run(self) -> Round:
        """Do one whole round now: push, pull, apply.

        Raises:
            InvalidInput: this desk works alone.
            ServerFault: what was done before stays.
        """
        worker = self._found_worker()
        if worker is None:
            raise InvalidInput("This desk works alone. Join a shared database first.", fields=("server",))
        return worker.run_once()

    def colleagues(self, language: Callable[[], str]) -> Colleagues | None:
        """Return what asks about other desks, names in *language*; None while this desk works alone."""
        worker = self._found_worker()
        if worker is None:
            return None
        from crmdesk.services.sync.colleagues import Colleagues

        device = UUID(self._profile.identity.device)
        return Colleagues(worker.questions.ask, worker.address, device, language, worker.show)

    def pending(self) -> tuple[PendingLine, ...]:
        """Return what is still to be sent, oldest first."""
        from crmdesk.services.sync.refused import pending_lines

        return self._store.read(pending_lines).result()

    def refused(self) -> tuple[RefusedLine, ...]:
        """Return what the server did not accept and nobody put away, newest first."""
        from crmdesk.services.sync.refused import refused_lines

        return self._store.read(refused_lines).result()

    def resolve(self, op_id: UUID, choices: Choices) -> None:
        """Settle the fields in conflict of a refused operation.

        Raises:
            CrmdeskError: see :func:`crmdesk.services.sync.refused.resolve`.
        """
        from crmdesk.services.sync import refused

        self._store.write(refused.resolve, op_id, choices).result()

    def insist(self, op_id: UUID) -> None:
        """Do a refused operation once more over the server's present values."""
        from crmdesk.services.sync import refused

        conflicts = self._line(op_id).conflicts
        if conflicts:
            self.resolve(op_id, {each.field: FieldChoice("mine") for each in conflicts})
        else:
            self._store.write(refused.send_again, op_id, self._profile.settings).result()

    def dismiss(self, op_id: UUID) -> None:
        """Put a refused operation out of the list: the server's values hold."""
        from crmdesk.services.sync import refused

        self._store.write(refused.dismiss, op_id).result()

    def send_as_note(self, op_id: UUID, customer_id: UUID) -> None:
        """Write the text of a refused operation as a note of this customer."""
        from crmdesk.services.sync import refused

        self._store.write(refused.send_as_note, op_id, customer_id).result()

    def load_history(self, customer_id: UUID, told: OnProgress = _nobody) -> int:
        """Bring all history of a customer here; *told* hears entries that are here, and how many there are.

        Returns how many rows came; a desk that works alone has them all.

        Raises:
            ServerFault: the server cannot be used just now.
        """
        address = self.address()
        if address is None:
            return 0
        from crmdesk.services.sync.history import load_history

        return load_history(self._store, self._profile, address, customer_id, told)

    def load_file(self, complaint_id: UUID, told: OnProgress = _nobody, stop: Stop | None = None) -> int:
        """Bring the file of a complaint here, if it is for this person, until *stop* breaks it off (Stopped).

        Otherwise as :meth:`load_history`.
        """
        address = self.address()
        if address is None:
            return 0
        from crmdesk.services.sync.history import load_file

        return load_file(self._store, self._profile, address, complaint_id, told, stop)

    def _line(self, op_id: UUID) -> RefusedLine:
        from crmdesk.errors import NotFound

        for line in self.refused():
            if line.op_id == op_id:
                return line
        raise NotFound("This {what} is not here any more.", what="entry")

    def _found_worker(self) -> SyncWorker | None:
        """Return the worker, made when this desk shares and has none yet."""
        with self._guard:
            if self._worker is None and (address := self.address()) is not None:
                from crmdesk.services.sync.worker import SyncWorker

                self._worker = SyncWorker(self._store, self._profile, address, on_forgotten=self._destroy)
                self._before = self.status()
                self._worker.on_status(self._worker_told)
            return self._worker

    def _worker_told(self, told: SyncStatus) -> None:
        self._tell(_going_on(self._before, told))

    def _destroy(self) -> None:
        from crmdesk.services.sync.destroy import destroy

        try:
            unsent = self.status().pending
            for listener in self._going:
                listener(unsent)
        finally:
            try:
                destroy(self._profile, self._store.close)
            finally:
                _call(self._gone)

    def _changed(self, changes: ChangeSet) -> None:
        worker = self._worker
        if worker is not None:
            worker.changed(changes)

    def _tell(self, status: SyncStatus) -> None:
        for listener in self._listeners:
            listener(status)


def _going_on(before: SyncStatus, told: SyncStatus) -> SyncStatus:
    """Return what the worker told; before its first round it knows not how far this desk had read."""
    return replace(
        told,
        tick=told.tick or before.tick,
        last_pull_at=told.last_pull_at or before.last_pull_at,
        first_sync=told.first_sync if before.tick or told.tick else (told.first_sync or 0.0),
    )


def _call(listeners: Sequence[Callable[[], Any]]) -> None:
    for listener in listeners:
        listener()
