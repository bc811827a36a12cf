"""Fetching the older history of one customer when somebody looks at him, on a short line of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.models.outbox import PulledRow
from crmdesk.services.sync.address import PASSWORD, ServerAddress
from crmdesk.services.sync.connection import connect, worded
from crmdesk.services.sync.coverage import CUSTOMER, Coverage, customer_key, take_history
from crmdesk.services.sync.holding import HISTORY, of_customer
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
    password = profile.secrets.get(profile.id, PASSWORD) or ""
    rows: list[PulledRow] = []
    with (
        closing(connect(address, password, wait_seconds=CONNECT_SECONDS)) as link,
        worded(address),
        link.patient(),
    ):
        link.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        found = link.execute("SELECT seq FROM crm.tick ORDER BY seq DESC LIMIT 1").fetchone()
        for table in HISTORY:
            rows.extend(selected_rows(link, table, of_customer(table, "k"), {"customer": customer_id}))
        counted = total_of(link, customer_id)
    total = sum(row.table == "interaction" for row in rows)
    coverage = Coverage(CUSTOMER, customer_key(customer_id), None, found[0] if found else 0, total)
    store.write(take_history, rows, coverage, counted, initiator="sync").result()
    told(total, total)
    return len(rows)
