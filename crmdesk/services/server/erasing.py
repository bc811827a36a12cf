"""Erasing a person at the shared database, the administrator's part; desks do theirs at the next contact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.services.customers.erase import UNCONFIRMED, fits, refuse_open
from crmdesk.services.customers.kept import KEPT
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.server.people import Admin

VACUUMED = (
    *("customer", "contact_point", "contact", "asset", "service_visit", "visit_item", "note", "task"),
    *KEPT,
    *("interaction", "number_choice", "audit_value", "op", "help_request"),
    *("attachment", "attachment_piece", "attachment_whole"),
)
"""Tables whose dead rows are taken out of the server's files at once."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What went, by table (of those kept: made blank), and how many desks owe their word."""

    erasure: UUID
    tables: Mapping[str, int]
    desks: int


@dataclass(frozen=True, slots=True)
class Told:
    """An erasure, and the tags of the desks that have not confirmed it."""

    erasure: UUID
    customer_id: UUID
    at: datetime
    login: str
    rows: int
    confirmed: int
    open_tags: tuple[str, ...]
    reason: str


def foreseen(admin: Admin, customer: UUID) -> Gone:
    """Return what :func:`erase` would do; nothing is changed.

    Raises:
        NotFound: nobody of that id is there.
    """
    _points(admin, customer)
    with admin.transaction(force_rollback=True):
        return _erased(admin, customer, "")


def erase(admin: Admin, customer: UUID, typed: str, reason: str) -> Gone:
    """Erase *customer*, given one of his numbers as *typed* again (his name, when he has none).

    Raises:
        NotFound: nobody of that id is there.
        InvalidInput: what was typed is not his, no reason is given, or a complaint of his is open; nothing
            was changed.
    """
    name, points = _points(admin, customer)
    if not fits(typed, points, name):
        raise InvalidInput(UNCONFIRMED, fields=("number",))
    if not reason.strip():
        raise InvalidInput("Please fill in {name}.", fields=("reason",), name="reason")
    refuse_open(_open_complaints(admin, customer))
    with admin.transaction():
        gone = _erased(admin, customer, reason.strip())
    # Numbered at once, so that desks hear of it; dead rows leave the files, as far as this account may.
    admin.execute("SELECT crm.stamp()")
    admin.execute("VACUUM " + ", ".join(f'crm."{table}"' for table in VACUUMED))
    return gone


def erasures(admin: Admin) -> tuple[Told, ...]:
    """Return all erasures, oldest first."""
    rows = admin.execute(
        "SELECT erasure, customer_id, at, login::text, row_count, confirmed, open_tags, reason"
        " FROM crm.erasures() ORDER BY at"
    ).fetchall()
    return tuple(replace(Told(*row), open_tags=tuple(row[6])) for row in rows)


def _points(admin: Admin, customer: UUID) -> tuple[str, list[str]]:
    """Return his name, and all ways his numbers are written."""
    found = admin.execute("SELECT name FROM crm.customer WHERE id = %s", (customer,)).fetchone()
    if found is None:
        raise NotFound("Nobody with the id {id} is on this server.", id=customer)
    rows: list[Any] = admin.execute(
        "SELECT raw, value, national FROM crm.contact_point WHERE customer_id = %s", (customer,)
    ).fetchall()
    return str(found[0]), [word for row in rows for word in row]


def _open_complaints(admin: Admin, customer: UUID) -> list[str]:
    found = admin.execute(
        "SELECT c.number FROM crm.complaint c JOIN crm.procedure_state s ON s.key = c.state AND s.open"
        " WHERE c.customer_id = %s",
        (customer,),
    ).fetchall()
    return [number for (number,) in found]


def _erased(admin: Admin, customer: UUID, reason: str) -> Gone:
    row = admin.execute("SELECT crm.erase_customer(%s, %s)", (customer, reason)).fetchone()
    told = row[0] if row else {}
    tables = {name: count for name, count in told["tables"].items() if count}
    return Gone(UUID(told["erasure"]), tables, told["desks"])
