"""How many contacts the server has of each customer, kept here for all of them, so that no screen has to ask.

The server counts lines of time lines in a narrow table (``crm.contact_total``). A line that comes, moves or
goes leaves a pointer that names its customer, and with changed lines come the totals of the customers named.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.models.outbox import ContactTotal
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.values import to_micros
from crmdesk.services.sync.connection import Link

if TYPE_CHECKING:
    from crmdesk.services.sync.verify import Chunk

TABLE = "contact_total"
LINES = "interaction"
"""The table whose rows are counted."""
ALL_HERE = "totals"
"""The name in ``sync`` that says that all totals came: a customer without one has no line at the server."""

_OF_CHANGED = (
    "SELECT f.parent, t.contact_count, t.last_contact FROM (SELECT DISTINCT parent FROM crm.feed"
    " WHERE tab = 'interaction' AND parent IS NOT NULL AND seq > %s AND seq <= %s) AS f"
    " LEFT JOIN crm.contact_total AS t ON t.customer_id = f.parent"
)
_ALL = "SELECT t.customer_id, t.contact_count, t.last_contact FROM crm.contact_total AS t WHERE {where}"
_LAY = (
    "INSERT INTO contact_total (customer_id, contact_count, last_contact) VALUES (?, ?, ?)"
    " ON CONFLICT (customer_id) DO UPDATE SET contact_count = excluded.contact_count,"
    " last_contact = excluded.last_contact"
)


def ask_changed(link: Link, after: int, upto: int) -> Any:
    """Ask for the totals of the customers whose time lines changed after tick *after*; return the cursor."""
    return link.execute(_OF_CHANGED, (after, upto))


def told(found: Iterable[Sequence[Any]]) -> list[ContactTotal]:
    """Return the totals that the server told as rows."""
    return [ContactTotal(customer, count or 0, last) for customer, count, last in found]


def all_totals(link: Link) -> list[ContactTotal]:
    """Return the totals of all customers."""
    return told(link.execute(_ALL.format(where="true")).fetchall())


def total_of(link: Link, customer_id: UUID) -> ContactTotal:
    """Return the total of one customer."""
    found = link.execute(_ALL.format(where="t.customer_id = %s"), (customer_id,)).fetchall()
    return told(found)[0] if found else ContactTotal(customer_id, 0, None)


def totals_in(link: Link, chunk: Chunk, here: set[UUID]) -> list[ContactTotal]:
    """Return the totals of the customers in *chunk*, and 0 for those that are only *here*."""
    where = "(%(low)s::uuid IS NULL OR t.customer_id >= %(low)s)"
    where += " AND (%(high)s::uuid IS NULL OR t.customer_id < %(high)s)"
    found = told(link.execute(_ALL.format(where=where), {"low": chunk.low, "high": chunk.high}).fetchall())
    shown = {each.customer_id for each in found}
    return found + [ContactTotal(customer, 0, None) for customer in sorted(here - shown)]


def lay_totals(connection: Connection, totals: Iterable[ContactTotal]) -> None:
    """Write *totals* down, in the caller's transaction."""
    held = tuple(totals)
    connection.executemany(
        "DELETE FROM contact_total WHERE customer_id = ?",
        [(each.customer_id.bytes,) for each in held if not each.contact_count],
    )
    connection.executemany(
        _LAY,
        [
            (each.customer_id.bytes, each.contact_count, to_micros(each.last_contact))
            for each in held
            if each.contact_count and each.last_contact is not None
        ],
    )
