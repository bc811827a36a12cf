"""What an agent sees of sharing: how old the data is, what waits, what was refused, who else is here.

Immutable views, made by the services and only drawn by the window. Times are aware UTC; sentences are
:class:`~crmdesk.models.text.Text`; names and texts are data and shown as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime
from uuid import UUID

from crmdesk.models.text import Text
from crmdesk.models.types import AgentId, CallId, CustomerId
from crmdesk.values import dataclass


@dataclass(frozen=True, slots=True)
class SyncStatus:
    """How this desk and the server stand.

    ``configured`` is False while this PC works alone; then nothing else counts. ``trouble`` says in one
    sentence why there is no connection, or what is wrong with the one there is. ``tick`` is the server's
    state held here, ``last_pull_at`` when it was fetched (None: never). ``pending`` counts operations not yet
    answered, ``refused`` those not accepted that wait for the person. ``first_sync`` is the part of the first
    copy that is here, 0 to 1; None when it is complete.
    """

    configured: bool = False
    connected: bool = False
    trouble: Text | None = None
    tick: int = 0
    last_pull_at: datetime | None = None
    pending: int = 0
    refused: int = 0
    first_sync: float | None = None


@dataclass(frozen=True, slots=True)
class PendingLine:
    """One operation on its way: ``n`` is its place in the outbox, ``at`` when it was done at this desk.

    ``what`` says what was done, ``subject`` to whom (a name, may be empty), ``text`` what was typed with it.
    ``again`` is True for one that is sent once more, because the server was restored from a backup.
    """

    op_id: UUID
    n: int
    at: datetime
    what: Text
    subject: str = ""
    text: str = ""
    again: bool = False


@dataclass(frozen=True, slots=True)
class FieldConflict:
    """One field that two people changed: its value ``before`` both, ``mine``, and the ``server``'s now.

    ``field`` is the name in the record; values are plain ones (text, number, bool, None).
    """

    field: str
    before: object
    mine: object
    server: object


@dataclass(frozen=True, slots=True)
class RefusedLine:
    """One operation that the server did not accept; the text is never lost.

    ``code`` is the server's (conflict, denied, illegal, gone, invalid, unknown_kind), ``reason`` its
    sentence. ``text`` holds all that was typed. ``customer_id`` is the record it was about, None without one.
    With ``conflicts`` the person chooses field by field; without, the line only tells.
    """

    op_id: UUID
    at: datetime
    what: Text
    reason: Text
    code: str
    subject: str = ""
    text: str = ""
    customer_id: CustomerId | None = None
    conflicts: tuple[FieldConflict, ...] = ()


@dataclass(frozen=True, slots=True)
class FieldChoice:
    """A choice for a field in conflict: ``take`` is mine, server or typed; ``text`` what was typed."""

    take: str
    text: str = ""


Choices = Mapping[str, FieldChoice]
"""A choice for each field in conflict of one operation, by the field's name."""


@dataclass(frozen=True, slots=True)
class PresenceLine:
    """A colleague at the same record; ``doing`` is open, note, record or call.

    ``seen_at`` is when his desk last said so: a state older than half a minute may not be true any more.
    """

    agent_id: AgentId
    name: str
    doing: str
    since: datetime
    seen_at: datetime


@dataclass(frozen=True, slots=True)
class Helper:
    """Somebody who can be asked for help: ``kind`` is person or team, ``id`` the agent's or the team's.

    ``role`` is agent, supervisor, administrator or empty for a team. ``state`` is ready, talking, wrap_up,
    paused or away; ``seen_at`` when that was last said, None when never.
    """

    kind: str
    id: UUID
    name: str
    role: str = ""
    state: str = "away"
    seen_at: datetime | None = None
    extension: str = ""


@dataclass(frozen=True, slots=True)
class HelpWanted:
    """A request for help, before it is sent: whom, and what it is about."""

    kind: str
    to: UUID
    customer_id: CustomerId | None = None
    call_id: CallId | None = None
    note: str = ""
    urgent: bool = False


@dataclass(frozen=True, slots=True)
class HelpRequest:
    """A request for help; ``state`` is waiting, taken, cancelled or over.

    ``mine`` tells whether it was asked here; else it is for the person at this desk. ``taken_by`` names who
    comes, ``seen_at`` is when the server last confirmed this state.
    """

    id: UUID
    mine: bool
    from_name: str
    to_name: str
    state: str
    asked_at: datetime
    seen_at: datetime
    urgent: bool = False
    extension: str = ""
    customer_id: CustomerId | None = None
    customer_name: str = ""
    note: str = ""
    taken_by: str = ""
    taken_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HistoryProgress:
    """How far the older history of a customer has come: entries ``done`` of ``total`` (0: not known yet)."""

    customer_id: CustomerId
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class JoinFields:
    """What joins a shared database.

    ``address`` is host, host:port or host:port/database; ``ca_file`` the path of the certificate of the
    authority that signed the server's, empty for the one the organisation has set. ``adopt`` True takes what
    is on this PC along, False begins with what the server has, None joins only if nothing is here yet.
    """

    address: str
    user: str
    password: str = field(repr=False)
    ca_file: str = ""
    adopt: bool | None = None


@dataclass(frozen=True, slots=True)
class AuthoritySeen:
    """The certificate of an authority: whose it is, and until when it holds.

    Of several in one file the one that ends first.
    """

    subject: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Membership:
    """Which database this desk shares, and as whom.

    ``server`` is host:port/database, ``role`` agent, supervisor, administrator or auditor (empty before the
    first contact), ``teams`` hold the English and the Chinese name of each. ``ca_file`` is the certificate
    that says who the server is, empty for those the computer trusts.
    """

    server: str
    user: str
    role: str = ""
    teams: tuple[tuple[str, str], ...] = ()
    ca_file: str = ""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A record here and one at the server that share something: ``why`` is number, vin or external_id.

    With the same ``external_id`` they become one; otherwise both stay, and people look at them. ``here`` and
    ``there`` are names.
    """

    why: str
    value: str
    here: str
    there: str


@dataclass(frozen=True, slots=True)
class JoinProgress:
    """Of the rows that go along while a desk joins, ``done`` of ``total`` are at the server."""

    done: int
    total: int
