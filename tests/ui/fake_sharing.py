"""What other desks have to do with the one under test: a server that says what the test wants."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar
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
from tests.ui import sample, sample_sharing

Result = TypeVar("Result")


class FakeSharing:
    """Answers on the fake desk's thread and remembers what it was asked in its ``asked``.

    ``present`` holds colleagues by customer; ``told`` what :meth:`tell_presence` was told, in order.
    """

    def __init__(self, run: Callable[..., Future[Any]]) -> None:
        self._run = run
        self.status = SyncStatus()
        self.waiting: tuple[PendingLine, ...] = ()
        self.not_accepted: tuple[RefusedLine, ...] = ()
        self.present: dict[CustomerId, tuple[PresenceLine, ...]] = {}
        self.told: list[tuple[str, CustomerId | None, str]] = []
        self.requests: tuple[HelpRequest, ...] = ()
        self.fetching: Stop | None = None
        self.coming: Callable[[Callable[[int, int], object]], None] = lambda _told: None
        self.belongs = Membership(
            "db.example.com:5432/crmdesk",
            "lin.yue",
            "supervisor",
            (("Hotline", "热线"), ("Night shift", "夜班")),
            "/etc/crm/ca.pem",
        )
        self.certificate = AuthoritySeen("Our house CA", sample.NOW + timedelta(days=900))

    def sync_status(self) -> Future[SyncStatus]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("sync_status", lambda: self.status)

    def pending(self) -> Future[tuple[PendingLine, ...]]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("pending", lambda: self.waiting)

    def refused(self) -> Future[tuple[RefusedLine, ...]]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("refused", lambda: self.not_accepted)

    def resolve(self, op_id: UUID, choices: Choices) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("resolve", lambda: self._settle(op_id), op_id, choices)

    def dismiss(self, op_id: UUID) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("dismiss", lambda: self._settle(op_id), op_id)

    def send_as_note(self, op_id: UUID, customer_id: CustomerId) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("send_as_note", lambda: self._settle(op_id), op_id, customer_id)

    def load_history(self, customer_id: CustomerId) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("load_history", lambda: None, customer_id)

    def load_file(self, complaint_id: UUID, told: Callable[[int, int], object], stop: Stop) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        self.fetching = stop
        return self._run("load_file", lambda: self.coming(told), complaint_id)

    def tell_presence(self, state: str, customer_id: CustomerId | None, doing: str) -> None:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        self.told.append((state, customer_id, doing))

    def presence(self, customer_id: CustomerId) -> Future[tuple[PresenceLine, ...]]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("presence", lambda: self.present.get(customer_id, ()), customer_id)

    def helpers(self) -> Future[tuple[Helper, ...]]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("helpers", sample_sharing.helpers)

    def help_requests(self) -> Future[tuple[HelpRequest, ...]]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("help_requests", lambda: self.requests)

    def ask_help(self, wanted: HelpWanted) -> Future[HelpRequest]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        to = next(helper for helper in sample_sharing.helpers() if helper.id == wanted.to)
        request = replace(sample_sharing.own_request(), to_name=to.name, urgent=wanted.urgent)
        return self._run("ask_help", lambda: request, wanted)

    def cancel_help(self, request_id: UUID) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("cancel_help", lambda: None, request_id)

    def take_help(self, request_id: UUID) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("take_help", lambda: None, request_id)

    def authority(self, path: str) -> Future[AuthoritySeen]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("authority", lambda: self.certificate, path)

    def join(self, fields: JoinFields) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("join", lambda: None, fields)

    def membership(self) -> Future[Membership | None]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("membership", lambda: self.belongs)

    def leave(self, *, unsent: bool) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("leave", lambda: None, unsent)

    def keep_text(self, path: str, text: str) -> Future[None]:
        """See :class:`crmdesk.ui.desk.Sharing`."""
        return self._run("keep_text", lambda: None, path, text)

    def _settle(self, op_id: UUID) -> None:
        self.not_accepted = tuple(line for line in self.not_accepted if line.op_id != op_id)


def shared(**changes: Any) -> SyncStatus:
    """Return the status of a desk that shares a database, all well; *changes* make it worse."""
    status = SyncStatus(configured=True, connected=True, tick=4182, last_pull_at=sample.NOW)
    return replace(status, **changes)
