"""Who else is at a record, and help: asked of the server, shown with its age, kept nowhere here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID, uuid4

import psycopg

from crmdesk.errors import Conflict, CrmdeskError, NotFound
from crmdesk.models.sync_views import Helper, HelpRequest, HelpWanted, PresenceLine
from crmdesk.models.types import AgentId, CustomerId
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.connection import Link, fault_of

T = TypeVar("T")
_GONE, _LATE = "CR006", "CR010"
"""There is no such request, or nobody to ask; somebody was quicker."""


class Colleagues:
    """Questions of one desk about the others; each is answered on the thread that shares.

    Args:
        ask: puts a question to the server soon, see :class:`~crmdesk.services.sync.questions.Questions`.
        address: of the server, for sentences.
        device: this desk.
        language: gives the language (zh or en) in which names are wanted.
        show: hears whose record is open at this desk.
    """

    def __init__(
        self,
        ask: Callable[[Callable[[Link], Any]], Future[Any]],
        address: ServerAddress,
        device: UUID,
        language: Callable[[], str],
        show: Callable[[CustomerId | None], None] = lambda _customer_id: None,
    ) -> None:
        self._ask = ask
        self._address = address
        self._device = device
        self._language = language
        self._show = show

    def tell(self, state: str, customer_id: CustomerId | None, doing: str) -> Future[None]:
        """Say what is done at this desk: *state* of its person, whose record is open, what is done there."""
        self._show(customer_id)
        values = (self._device, state, customer_id, doing if customer_id is not None else "")
        return self._do("SELECT crm.tell_presence(%s, %s, %s, %s)", values)

    def present(self, customer_id: CustomerId) -> Future[tuple[PresenceLine, ...]]:
        """Ask who else has this customer open."""
        statement = (
            "SELECT agent_id, name_en, name_zh, doing, since, seen_at FROM crm.present_at(%s) LIMIT 20"
        )
        return self._all(statement, (customer_id,), self._presence)

    def helpers(self) -> Future[tuple[Helper, ...]]:
        """Ask whom one can ask for help."""
        statement = (
            "SELECT kind, id, name_en, name_zh, role, state, seen_at, extension FROM crm.helpers() LIMIT 500"
        )
        return self._all(statement, (), self._helper)

    def requests(self) -> Future[tuple[HelpRequest, ...]]:
        """Ask for the requests that concern the person at this desk, newest first."""
        return self._all(_REQUESTS, (), self._request)

    def ask_help(self, wanted: HelpWanted) -> Future[HelpRequest]:
        """Ask somebody for help; answers with the request as the server has it."""
        request_id = uuid4()
        values = (request_id, wanted.kind, wanted.to, wanted.customer_id, wanted.call_id, wanted.note)

        def asked(link: Link) -> HelpRequest:
            with self._worded():
                link.execute("SELECT crm.ask_help(%s, %s, %s, %s, %s, %s, %s)", (*values, wanted.urgent))
                found = link.execute(_REQUESTS).fetchall()
            mine = next((row for row in found if row[0] == request_id), None)
            if mine is None:
                raise NotFound("This {what} is not here any more.", what="request")
            return self._request(mine)

        return self._ask(asked)

    def cancel_help(self, request_id: UUID) -> Future[None]:
        """Take a request back."""
        return self._do("SELECT crm.cancel_help(%s)", (request_id,))

    def take_help(self, request_id: UUID) -> Future[None]:
        """Say that the person at this desk comes; fails with Conflict when somebody was quicker."""
        return self._do("SELECT crm.take_help(%s)", (request_id,))

    def _do(self, statement: str, values: Sequence[object]) -> Future[None]:
        def done(link: Link) -> None:
            with self._worded():
                link.execute(statement.encode(), values)

        return self._ask(done)

    def _all(
        self, statement: str, values: Sequence[object], view: Callable[[Sequence[Any]], T]
    ) -> Future[tuple[T, ...]]:
        def found(link: Link) -> tuple[T, ...]:
            with self._worded():
                rows = link.execute(statement.encode(), values).fetchall()
            return tuple(view(row) for row in rows)

        return self._ask(found)

    def _worded(self) -> _Worded:
        return _Worded(self._address)

    def _name(self, english: str, chinese: str) -> str:
        first, second = (chinese, english) if self._language() == "zh" else (english, chinese)
        return first or second

    def _presence(self, row: Sequence[Any]) -> PresenceLine:
        agent_id, english, chinese, doing, since, seen_at = row
        return PresenceLine(
            AgentId(agent_id), self._name(english, chinese), doing, _utc(since), _utc(seen_at)
        )

    def _helper(self, row: Sequence[Any]) -> Helper:
        kind, row_id, english, chinese, role, state, seen_at, extension = row
        seen = None if seen_at is None else _utc(seen_at)
        return Helper(kind, row_id, self._name(english, chinese), role, state, seen, extension or "")

    def _request(self, row: Sequence[Any]) -> HelpRequest:
        named = dict(zip(_COLUMNS, row, strict=True))
        customer = named["customer_id"]
        return HelpRequest(
            id=named["id"],
            mine=named["mine"],
            from_name=self._name(named["from_name_en"], named["from_name_zh"]),
            to_name=self._name(named["to_name_en"], named["to_name_zh"]),
            state=named["state"],
            asked_at=_utc(named["asked_at"]),
            seen_at=_utc(named["seen_at"]),
            urgent=named["urgent"],
            extension=named["extension"],
            customer_id=None if customer is None else CustomerId(customer),
            customer_name=named["customer_name"],
            note=named["note"],
            taken_by=self._name(named["taken_by_en"], named["taken_by_zh"]),
            taken_at=None if named["taken_at"] is None else _utc(named["taken_at"]),
        )


_COLUMNS = (
    *("id", "mine", "from_name_en", "from_name_zh", "to_name_en", "to_name_zh", "state", "asked_at"),
    *("seen_at", "urgent", "extension", "customer_id", "customer_name", "note"),
    *("taken_by_en", "taken_by_zh", "taken_at"),
)
_REQUESTS = f"SELECT {', '.join(_COLUMNS)} FROM crm.my_help() LIMIT 50"


class _Worded:
    """Turns what a question raises into a failure of ours, with a sentence."""

    def __init__(self, address: ServerAddress) -> None:
        self._address = address

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, psycopg.Error):
            raise self._fault(error) from error

    def _fault(self, error: psycopg.Error) -> CrmdeskError:
        if error.sqlstate == _LATE:
            return Conflict("Somebody else comes already, or help is no longer needed.", current={})
        if error.sqlstate == _GONE:
            return NotFound("This {what} is not here any more.", what="request")
        return fault_of(error, self._address)


def _utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)
