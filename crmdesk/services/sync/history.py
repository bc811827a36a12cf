"""Fetching what lies at the server only when somebody looks at it, on a short line of its own.

The older history of one customer, or the file of one complaint that came to its end long ago.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.models.outbox import PulledRow
from crmdesk.services.stop import Stop
from crmdesk.services.sync.address import PASSWORD, ServerAddress
from crmdesk.services.sync.connection import Link, connect, worded
from crmdesk.services.sync.coverage import COMPLAINT, CUSTOMER, Coverage, customer_key, take_history
from crmdesk.services.sync.holding import HISTORY, of_customer, of_file
from crmdesk.services.sync.pull import selected_rows
from crmdesk.services.sync.totals import total_of

if TYPE_CHECKING:
    from crmdesk.services.profile import Profile
    from crmdesk.services.store.store import Store

OnProgress = Callable[[int, int], None]
"""Hears how many entries of the time line are here, of how many (0: not known yet)."""

CONNECT_SECONDS = 3
"""Somebody waits: a server that does not answer by then is told as such."""


def load_history(
    store: Store,
    profile: Profile,
    address: ServerAddress,
    customer_id: UUID,
    told: OnProgress = lambda _done, _total: None,
) -> int:
    """Bring all history of a customer here and keep it level from now on; return how many rows came.

    Any thread; waits for the server. Everything comes in one snapshot and is laid in one transaction.

    Raises:
        ServerFault: nothing has changed here.
    """
    told(0, 0)
    rows: list[PulledRow] = []
    with _snapshot(profile, address) as (link, tick):
        for table in HISTORY:
            rows.extend(selected_rows(link, table, of_customer(table, "k"), {"customer": customer_id}))
        counted = total_of(link, customer_id)
    total = sum(row.table == "interaction" for row in rows)
    coverage = Coverage(CUSTOMER, customer_key(customer_id), None, tick, total)
    store.write(take_history, rows, coverage, counted, initiator="sync").result()
    told(total, total)
    return len(rows)


def load_file(
    store: Store,
    profile: Profile,
    address: ServerAddress,
    complaint_id: UUID,
    told: OnProgress = lambda _done, _total: None,
    stop: Stop | None = None,
) -> int:
    """Bring the file of a complaint here and keep it level from now on; return how many rows came.

    None come when it is not for this person. Otherwise as :func:`load_history`; *told* hears of its tables.

    Raises:
        ServerFault: nothing has changed here.
        Stopped: it was broken off; nothing has changed here.
    """
    rows: list[PulledRow] = []
    tables, stop = of_file("k"), stop or Stop()
    stop.check()
    with _snapshot(profile, address) as (link, tick), stop.ending(link.interrupt):
        for done, (table, condition) in enumerate(tables):
            told(done, len(tables))
            stop.check()
            rows.extend(selected_rows(link, table, condition, {"complaints": [complaint_id]}))
    if rows:
        coverage = Coverage(COMPLAINT, customer_key(complaint_id), None, tick)
        store.write(take_history, rows, coverage, initiator="sync").result()
    return len(rows)


@contextmanager
def _snapshot(profile: Profile, address: ServerAddress) -> Iterator[tuple[Link, int]]:
    """Hold a line with one snapshot of the server; with it comes its tick."""
    password = profile.secrets.get(profile.id, PASSWORD) or ""
    with (
        closing(connect(address, password, wait_seconds=CONNECT_SECONDS)) as link,
        worded(address),
        link.patient(),
    ):
        link.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = link.execute("SELECT seq FROM crm.tick ORDER BY seq DESC LIMIT 1").fetchone()
        yield link, found[0] if found else 0
