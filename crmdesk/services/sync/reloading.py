"""Fetching what was brought to the server in bulk: a pointer names a range of ids instead of a row.

Rows come page by page, each laid beside those that are here before this desk moves on to the tick that told
of them; broken off, they are fetched once more. Nothing goes: the bulk lane only adds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.models.outbox import ContactTotal, PulledRow
from crmdesk.services.store.connection import Connection
from crmdesk.services.sync import replica
from crmdesk.services.sync.connection import Link
from crmdesk.services.sync.coverage import CUSTOMER
from crmdesk.services.sync.holding import CHILDREN, HISTORY, TABLES, at_server, in_window
from crmdesk.services.sync.pull import selected_rows
from crmdesk.services.sync.totals import LINES, lay_totals, told

if TYPE_CHECKING:
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork

MARK = "reload "
"""Begins the table of a pointer to a range: its pk is the first id, its parent the last."""
PAGE_ROWS = 500
"""Rows laid in one transaction of the store: others wait no longer than that takes."""


def is_named(news: Mapping[str, int]) -> bool:
    """Whether a range is among the *news* of a snapshot."""
    return any(table.startswith(MARK) for table in news)


class Reload:
    """The ranges told between the ticks *after* and *upto*, of what this desk holds of history *since*."""

    def __init__(self, link: Link, store: Store, after: int, upto: int, since: datetime) -> None:
        self._link = link
        self._store = store
        self._ticks = after, upto
        self._since = since

    def fetch(self) -> int:
        """Lay the rows of all ranges here; return how many came."""
        customers = self._store.read(_fetched_customers).result()
        rows = 0
        for table, low, high in self._ranges():
            for page in self._pages(table, low, high, customers):
                self._lay(page)
                rows += len(page)
            if table == LINES:
                self._lay((), self._totals(low, high))
        return rows

    def _ranges(self) -> list[tuple[str, UUID, UUID]]:
        """Return table, first and last id of each, tables in the order rows refer to each other."""
        found = self._link.execute(
            "SELECT DISTINCT tab, pk, parent FROM crm.feed"
            " WHERE starts_with(tab, %s) AND seq > %s AND seq <= %s",
            (MARK, *self._ticks),
        ).fetchall()
        ranges = [(table.removeprefix(MARK), low, high) for table, low, high in found]
        known = [each for each in ranges if each[0] in TABLES]
        return sorted(known, key=lambda each: (TABLES.index(each[0]), each[1]))

    def _pages(
        self, table: str, low: UUID, high: UUID, customers: Sequence[UUID]
    ) -> Iterator[list[PulledRow]]:
        window, fetched = in_window(table, "k", "%(since)s"), _of_customers(table)
        query = (
            f"k.id >= %(low)s AND k.id <= %(high)s AND ({window} OR {fetched})"
            f" ORDER BY k.id LIMIT {PAGE_ROWS + 1}"
        )
        values = {"high": high, "since": self._since, "customers": list(customers)}
        first: UUID | None = low
        while first is not None:
            page = selected_rows(self._link, table, query, {**values, "low": first})
            first = page[PAGE_ROWS].id if len(page) > PAGE_ROWS else None
            yield page[:PAGE_ROWS]

    def _totals(self, low: UUID, high: UUID) -> list[ContactTotal]:
        found = self._link.execute(
            "SELECT t.customer_id, t.contact_count, t.last_contact FROM crm.contact_total AS t"
            " WHERE t.customer_id IN (SELECT k.customer_id FROM crm.interaction AS k"
            " WHERE k.id >= %s AND k.id <= %s)",
            (low, high),
        ).fetchall()
        return told(found)

    def _lay(self, rows: Sequence[PulledRow], totals: Sequence[ContactTotal] = ()) -> None:
        self._store.write(_lay, rows, totals, initiator="sync").result()


def _lay(work: UnitOfWork, rows: Sequence[PulledRow], totals: Sequence[ContactTotal]) -> None:
    replica.lay_more(work, rows)
    lay_totals(work.connection, totals)
    work.commit()


def _fetched_customers(connection: Connection) -> list[UUID]:
    """Return the customers whose whole history was fetched: of theirs nothing may be missing."""
    found = connection.execute("SELECT key FROM coverage WHERE kind = ?", (CUSTOMER,)).fetchall()
    return [UUID(key) for (key,) in found]


def _of_customers(table: str) -> str:
    """Return the condition that a row of *table* (alias ``k``) is of one of the ``%(customers)s``."""
    if table not in HISTORY:
        return "false"
    if table in CHILDREN:
        column, parent = CHILDREN[table]
        theirs = f"SELECT p.id FROM {at_server(parent)} AS p WHERE p.customer_id = ANY (%(customers)s)"
        return f"k.{column} IN ({theirs})"
    return "k.customer_id = ANY (%(customers)s)"
