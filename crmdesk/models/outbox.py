"""What a shared desk tells the server and hears from it: operations on their way, answers, rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from datetime import datetime
from types import MappingProxyType
from uuid import UUID

from crmdesk.models.effects import ENTITIES
from crmdesk.models.operations import Operation
from crmdesk.models.wire import Json, Row, from_json
from crmdesk.values import dataclass

REVISED: Mapping[str, str] = MappingProxyType(
    {
        "customer.change": "customer",
        "asset.change": "asset",
        "task.change": "task",
        "visit.change": "service_visit",
        "contact_point.change": "contact_point",
        "article.save": "article",
    }
)
"""The kinds of operation whose base revision is checked, and the table of the row it is of."""

STEP = "complaint.step"
"""Names its version itself, and the state it starts from; a later one does not clash by its fields alone."""

VOID = "operation.void"
"""A kind no server knows: fills the number of an operation that is not to be done again."""


@dataclass(frozen=True, slots=True)
class Pending:
    """An operation to be sent as number *n*; its base revision is the server's.

    ``again`` is True for one that the server had answered before it was restored from a backup.
    """

    n: int
    operation: Operation
    again: bool


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to operation *n*: ``ok``, ``rejected`` with its reason, or ``gap``."""

    n: int
    result: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class PulledRow:
    """A row as the server shows it to this person; ``row`` None when it is gone or not for him."""

    table: str
    id: UUID
    row: Row | None


@dataclass(frozen=True, slots=True)
class ContactTotal:
    """How many lines the time line of a customer has at the server, and when the last was; 0: none."""

    customer_id: UUID
    contact_count: int
    last_contact: datetime | None


@dataclass(frozen=True, slots=True)
class Range:
    """The rows of a table with ids after *after* up to *upto*; None: without an end."""

    table: str
    after: UUID | None = None
    upto: UUID | None = None


@dataclass(frozen=True, slots=True)
class Pulled:
    """One snapshot of the server: what changed after tick *since* up to *head*.

    ``fp`` is the fingerprint of ``head``, ``scope`` what the person may have, ``reached`` the largest number
    of this desk whose effects the snapshot holds. Of the ranges in ``complete`` it holds all rows: others of
    them that are here are gone. ``reload`` says that all that should be here was sent. ``totals`` are those
    of the customers whose time lines changed; with ``all_totals`` whoever has none here has no line there.
    """

    since: int
    head: int
    fp: bytes
    scope: Mapping[str, Json]
    reached: int
    rows: Sequence[PulledRow]
    complete: Sequence[Range] = ()
    reload: bool = False
    totals: Sequence[ContactTotal] = ()
    all_totals: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """How far this desk has read at the server; ``stale``: rows hold what the server forgot, reload them."""

    cursor: int = 0
    fp: bytes = b""
    scope: Mapping[str, Json] = field(default_factory=dict)
    reached: int = 0
    last_pull_at: datetime | None = None
    stale: bool = False


def revised_place(operation: Operation) -> tuple[str, UUID] | None:
    """Return table and id of the row whose revision *operation* was based on, None when on none."""
    table = REVISED.get(operation.kind)
    if table is None or operation.base_revision is None:
        return None
    return table, UUID(operation.payload["id"])


def based_place(operation: Operation) -> tuple[str, UUID] | None:
    """Return table and id of the row whose revision at the server goes along with *operation*."""
    if operation.kind == STEP and operation.payload["version"]:
        return "complaint", UUID(operation.payload["id"])
    return revised_place(operation)


def wanted_fields(operation: Operation) -> Row:
    """Return the fields that an operation of :data:`REVISED` sets."""
    given = operation.payload.get("changes", operation.payload.get("fields", {}))
    return from_json(ENTITIES[REVISED[operation.kind]], given)
