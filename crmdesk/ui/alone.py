"""The answers of a PC that works alone to what the window asks about sharing."""

from __future__ import annotations

from concurrent.futures import Future
from typing import TYPE_CHECKING, Any, TypeVar

from crmdesk.errors import WorldFault

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from crmdesk.models.sync_views import (
        AuthoritySeen,
        Choices,
        Helper,
        HelpRequest,
        HelpWanted,
        JoinFields,
        Membership,
        PendingLine,
        PresenceLine,
        RefusedLine,
        SyncStatus,
    )
    from crmdesk.models.types import CustomerId
    from crmdesk.services.stop import Stop

T = TypeVar("T")


class Alone:
    """Nothing is shared: :class:`~crmdesk.ui.desk.Sharing` without a server."""

    def sync_status(self) -> Future[SyncStatus]:
        """Answer that this PC works alone."""
        from crmdesk.models.sync_views import SyncStatus

        return _known(SyncStatus())

    def pending(self) -> Future[tuple[PendingLine, ...]]:
        """Answer that nothing is to be sent."""
        return _known(())

    def refused(self) -> Future[tuple[RefusedLine, ...]]:
        """Answer that nothing was refused."""
        return _known(())

    def resolve(self, op_id: UUID, choices: Choices) -> Future[None]:
        """Refuse: there is nothing to settle."""
        return _refused()

    def dismiss(self, op_id: UUID) -> Future[None]:
        """Refuse: there is nothing to put away."""
        return _refused()

    def send_as_note(self, op_id: UUID, customer_id: CustomerId) -> Future[None]:
        """Refuse: there is nothing to send."""
        return _refused()

    def load_history(self, customer_id: CustomerId) -> Future[None]:
        """Answer at once: all there is of a customer is here."""
        return _known(None)

    def load_file(self, complaint_id: UUID, told: Callable[[int, int], object], stop: Stop) -> Future[None]:
        """Answer at once: every complaint's file is here."""
        return _known(None)

    def tell_presence(self, state: str, customer_id: CustomerId | None, doing: str) -> None:
        """There is nobody to tell."""

    def presence(self, customer_id: CustomerId) -> Future[tuple[PresenceLine, ...]]:
        """Answer that nobody else is here."""
        return _known(())

    def helpers(self) -> Future[tuple[Helper, ...]]:
        """Answer that there is nobody to ask."""
        return _known(())

    def help_requests(self) -> Future[tuple[HelpRequest, ...]]:
        """Answer that nobody asks."""
        return _known(())

    def ask_help(self, wanted: HelpWanted) -> Future[HelpRequest]:
        """Refuse: nobody would hear."""
        return _refused()

    def cancel_help(self, request_id: UUID) -> Future[None]:
        """Refuse: nothing was asked."""
        return _refused()

    def take_help(self, request_id: UUID) -> Future[None]:
        """Refuse: nobody asked."""
        return _refused()

    def authority(self, path: str) -> Future[AuthoritySeen]:
        """Refuse as joining does."""
        return _failed(_cannot_join())

    def join(self, fields: JoinFields) -> Future[None]:
        """Refuse: whoever can join is handed over by the program."""
        return _failed(_cannot_join())

    def membership(self) -> Future[Membership | None]:
        """Answer that this PC belongs to no shared database."""
        return _known(None)

    def leave(self, *, unsent: bool) -> Future[None]:
        """Refuse: there is nothing to leave."""
        return _refused()

    def keep_text(self, path: str, text: str) -> Future[None]:
        """Refuse: nothing waits whose text could be kept."""
        return _refused()


def _known(answer: T) -> Future[T]:
    future: Future[T] = Future()
    future.set_result(answer)
    return future


def _failed(error: Exception) -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(error)
    return future


def alone() -> WorldFault:
    """Return why what needs other desks is refused on a PC that works alone."""
    return WorldFault("This PC works alone. Join a shared database first.")


def _cannot_join() -> WorldFault:
    return WorldFault("This window cannot join a shared database. Close it and run: crmdesk server join")


def _refused() -> Future[Any]:
    return _failed(alone())
