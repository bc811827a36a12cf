"""Of which histories everything is here. Without a row here nothing is known to be complete.

Three kinds: ``window`` (no key), all customers' history since a moment; ``customer`` (his id), one
customer's; ``complaint`` (its id), the file of one that ended long ago.
Coverage is written in the transaction of the rows it speaks of; shrinking, it goes first (``eviction``).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.models.outbox import ContactTotal, PulledRow
from crmdesk.models.wire import Row
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.values import from_micros, to_micros
from crmdesk.services.sync.outbox import is_shared
from crmdesk.services.sync.replica import lay_more, read_place
from crmdesk.services.sync.totals import lay_totals
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

WINDOW = "window"
CUSTOMER = "customer"
COMPLAINT = "complaint"


@dataclass(frozen=True, slots=True)
class Coverage:
    """All rows of ``kind`` and ``key`` from ``from_at`` on (None: all there are) are here.

    ``complete_since`` is the tick it was so at; the feed keeps it so. ``total`` is how many lines the time
    line has at the server, None where it did not say.
    """

    kind: str
    key: str
    from_at: datetime | None
    complete_since: int
    total: int | None = None


def customer_key(customer_id: UUID) -> str:
    """Return the key of a customer's coverage, or a complaint's."""
    return customer_id.hex.upper()


def coverage_of(connection: Connection, kind: str, key: str = "") -> Coverage | None:
    """Return what is known to be complete, None when nothing is."""
    found = connection.execute(
        "SELECT from_at, complete_since, total FROM coverage WHERE kind = ? AND key = ?", (kind, key)
    ).fetchone()
    if found is None:
        return None
    from_at, since, total = found
    return Coverage(kind, key, None if from_at is None else from_micros(from_at), since, total)


def is_complete(connection: Connection, customer_id: UUID, since: datetime | None) -> bool:
    """Whether all of a customer's history from *since* on (None: from the beginning) is here."""
    if not is_shared(connection):
        return True
    own = coverage_of(connection, CUSTOMER, customer_key(customer_id))
    return any(_reaches(each, since) for each in (own, coverage_of(connection, WINDOW)))


def _reaches(coverage: Coverage | None, since: datetime | None) -> bool:
    if coverage is None:
        return False
    return coverage.from_at is None or (since is not None and coverage.from_at <= since)


def is_elsewhere(connection: Connection, head: Row) -> bool:
    """Whether the file of a complaint without a body here lies at the server, and this person may read it."""
    if not is_shared(connection):
        return False
    scope = read_place(connection).scope
    team, owner = head["team_id"], head["owner_id"]
    return team is None or str(team) in scope.get("teams", ()) or str(owner) == scope.get("agent_id")


def cover(work: UnitOfWork, coverage: Coverage) -> None:
    """Note *coverage*; inside the caller's transaction, the one of the rows it speaks of."""
    work.connection.execute(
        "INSERT INTO coverage (kind, key, from_at, complete_since, total) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (kind, key) DO UPDATE SET from_at = excluded.from_at,"
        " complete_since = excluded.complete_since, total = excluded.total",
        (
            coverage.kind,
            coverage.key,
            None if coverage.from_at is None else to_micros(coverage.from_at),
            coverage.complete_since,
            coverage.total,
        ),
    )


def take_history(
    work: UnitOfWork, rows: Sequence[PulledRow], coverage: Coverage, total: ContactTotal | None = None
) -> None:
    """Lay rows fetched on demand and note what they complete, in one transaction."""
    lay_more(work, rows)
    cover(work, coverage)
    lay_totals(work.connection, (total,) if total else ())
    work.commit()
