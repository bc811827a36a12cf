"""Whose affairs a complaint tells: who is noted as looked at when it is opened, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from uuid import UUID

    from crmdesk.models.operations import Rows
    from crmdesk.models.wire import Row

_PLACES = (("call_id", "call"), ("asset_id", "asset"))
"""Where a complaint of somebody unidentified may still lead to a customer: whose call, or whose car."""


def opened(number: str, *, restricted: bool) -> str:
    """Return the reason that is noted: ``complaint C26-K7Q-0042``; of a restricted one not which.

    Supervisors of whoever opened it read that, and it stands beside the customer's name.
    """
    return "complaint" if restricted else f"complaint {number}"


def looked_at(rows: Rows, head: Row, *, whole: bool) -> UUID | None:
    """Return whose record whoever opens the complaint *head* sees a part of; None when nobody is known.

    *whole*: he may see all of it; of a restricted one that he may not, nobody is shown.
    """
    if head["restricted"] and not whole:
        return None
    found: UUID | None = head["customer_id"]
    for column, table in _PLACES:
        row = rows.get(table, head[column]) if found is None and head[column] else None
        found = row["customer_id"] if row is not None else found
    return found
