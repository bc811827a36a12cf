"""What the window asks about sharing, answered by the shared side of this desk on a lane of its own."""

from __future__ import annotations

import threading
from concurrent.futures import CancelledError, Future
from typing import TYPE_CHECKING, Any, TypeVar

from crmdesk.services.executor import Lane
from crmdesk.ui.alone import Alone, alone

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from crmdesk.models.sync_views import (
        AuthoritySeen,
        Choices,
        Helper,
        HelpRequest,
        HelpWanted,
        HistoryProgress,
        JoinFields,
        JoinProgress,
        Membership,
        PendingLine,
        PresenceLine,
        RefusedLine,
        SyncStatus,
    )
    from crmdesk.models.types import CustomerId
    from crmdesk.services.stop import Stop
    from crmdesk.services.sync.colleagues import Colleagues
    from crmdesk.services.sync.desk import SharedDesk

T = TypeVar("T")


class SharedHere(Alone):
    """Puts each request on the lane; questions about colleagues go on to the thread that shares.

    The GUI thread neither loads what knows the server nor waits for it.

    Args:
        shares: tells whether this desk shares a database; called on the lane.
        make: makes the shared side; called once, not on the GUI thread.
        told: hears each new status, on any thread.
        progressed: hears how older history comes, on any thread.
        language: gives the language (zh or en) in which colleagues' names are wanted.
        joining: hears how rows go along to the server, on any thread.
    """

    def __init__(
        self,
        shares: Callable[[], bool],
        make: Callable[[], SharedDesk],
        told: Callable[[SyncStatus], None],
        progressed: Callable[[HistoryProgress], None] = lambda _progress: None,
        language: Callable[[], str] = lambda: "en",
        joining: Callable[[JoinProgress], None] = lambda _progress: None,
    ) -> None:
        self._shares = shares
        self._make = make
        self._told = told
        self._progressed = progressed
        self._language = language
        self._joining = joining
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

    def load_file(self, complaint_id: UUID, told: Callable[[int, int], object], stop: Stop) -> Future[None]:
        """Fetch the file of a complaint from the server."""
        return self._older.run(self._load_file, complaint_id, told, stop)

    def tell_presence(self, state: str, customer_id: CustomerId | None, doing: str) -> None:
        """Say what is done at this desk."""
        self._of_colleagues(lambda others: others.tell(state, customer_id, doing))

    def presence(self, customer_id: CustomerId) -> Future[tuple[PresenceLine, ...]]:
        """Ask which colleagues have this customer open."""
        return self._of_colleagues(lambda others: others.present(customer_id))

    def helpers(self) -> Future[tuple[Helper, ...]]:
        """Ask who can be asked for help."""
        return self._of_colleagues(lambda others: others.helpers())

    def help_requests(self) -> Future[tuple[HelpRequest, ...]]:
        """Ask for the requests for help that concern this desk."""
        return self._of_colleagues(lambda others: others.requests())

    def ask_help(self, wanted: HelpWanted) -> Future[HelpRequest]:
        """Ask a colleague or a team for help."""
        return self._of_colleagues(lambda others: others.ask_help(wanted))

    def cancel_help(self, request_id: UUID) -> Future[None]:
        """Take back a request of this desk."""
        return self._of_colleagues(lambda others: others.cancel_help(request_id))

    def take_help(self, request_id: UUID) -> Future[None]:
        """Say that the person at this desk comes."""
        return self._of_colleagues(lambda others: others.take_help(request_id))

    def _of_colleagues(self, question: Callable[[Colleagues], Future[T]]) -> Future[T]:
        """Put *question* to the server; the future is done when its answer came."""
        answer: Future[T] = Future()

        def begin() -> None:
            others = self.side().colleagues(self._language)
            if others is None:
                raise alone()
            question(others).add_done_callback(lambda done: _hand_on(done, answer))

        begun = self._lane.run(begin)
        begun.add_done_callback(lambda done: _hand_on(done, answer, failure_only=True))
        return answer

    def _load_history(self, customer_id: CustomerId) -> None:
        from crmdesk.models.sync_views import HistoryProgress

        def told(done: int, total: int) -> None:
            self._progressed(HistoryProgress(customer_id, done, total))

        self.side().load_history(customer_id, told)

    def _load_file(self, complaint_id: UUID, told: Callable[[int, int], None], stop: Stop) -> None:
        self.side().load_file(complaint_id, told, stop)

    def authority(self, path: str) -> Future[AuthoritySeen]:
        """Look at the certificate at *path*."""
        return self._lane.run(_authority, path)

    def join(self, fields: JoinFields) -> Future[None]:
        """Put this desk on a shared database."""
        return self._lane.run(self._join, fields)

    def membership(self) -> Future[Membership | None]:
        """Ask which database this desk shares and as whom."""
        return self._lane.run(lambda: self.side().membership())

    def leave(self, *, unsent: bool) -> Future[None]:
        """Send what waits, then work alone."""
        return self._lane.run(self._leave, unsent)

    def keep_text(self, path: str, text: str) -> Future[None]:
        """Write *text* into a file of the person's own."""
        return self._lane.run(_keep_text, path, text)

    def _leave(self, unsent: bool) -> None:
        self.side().leave(unsent=unsent)

    def _start(self) -> None:
        if self._shares():
            side = self.side()
            self._told(side.status())
            side.start()

    def _join(self, fields: JoinFields) -> None:
        from crmdesk.models.sync_views import JoinProgress

        self.side().join(
            fields.address,
            fields.user,
            fields.password,
            ca=fields.ca_file,
            adopt=fields.adopt,
            told=lambda done, total: self._joining(JoinProgress(done, total)),
        )

    def side(self) -> SharedDesk:
        """Return the shared side, made now if nobody asked before; not for the GUI thread."""
        with self._guard:
            if self._made is None:
                self._made = self._make()
                self._made.on_status(self._told)
            return self._made


def _authority(path: str) -> AuthoritySeen:
    from crmdesk.services.sync.authority import look_at

    return look_at(path)


def _keep_text(path: str, text: str) -> None:
    from pathlib import Path

    from crmdesk.services.sync.membership import keep_text

    keep_text(Path(path), text)


def _hand_on(done: Future[Any], answer: Future[Any], *, failure_only: bool = False) -> None:
    """Give *answer* what *done* came to."""
    try:
        error = done.exception()
    except CancelledError:
        answer.cancel()
        answer.set_running_or_notify_cancel()
        return
    if error is not None:
        answer.set_exception(error)
    elif not failure_only:
        answer.set_result(done.result())
