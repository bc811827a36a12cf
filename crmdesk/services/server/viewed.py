"""Who looked at whose record: for auditors and administrators everybody's, for supervisors their teams'."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from crmdesk.values import dataclass

MOST = 10_000
_VIEWS = """
SELECT v.at, v.login::text, d.tag, v.customer_id, coalesce(c.name, ''), v.why
FROM crm.viewed v LEFT JOIN crm.customer c ON c.id = v.customer_id LEFT JOIN crm.device d ON d.id = v.device
WHERE (%(customer)s::uuid IS NULL OR v.customer_id = %(customer)s)
  AND (%(login)s::text IS NULL OR v.login = %(login)s)
  AND (%(since)s::timestamptz IS NULL OR v.at >= %(since)s)
ORDER BY v.at DESC, v.customer_id LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class View:
    """*login* opened a record at that moment by his desk's clock; ``name`` is empty for one who was erased.

    ``desk`` is the tag of the desk, empty where this person may not see it.
    """

    at: datetime
    login: str
    desk: str
    customer_id: UUID
    name: str
    why: str


def views(
    admin: Any,
    *,
    customer_id: UUID | None = None,
    login: str | None = None,
    since: datetime | None = None,
    limit: int = 100,
) -> tuple[View, ...]:
    """Return who opened whose record, newest first, at most *limit*; only what this account may see."""
    values = {"customer": customer_id, "login": login, "since": since, "limit": min(limit, MOST)}
    return tuple(
        View(at, who, desk or "", customer, name, why)
        for at, who, desk, customer, name, why in admin.execute(_VIEWS, values).fetchall()
    )
