"""Complaints that were written down before, found in the store: what a program knew by heart ends with it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.models.types import CallId
from crmdesk.services.complaints.intake import Logged, logged_of
from crmdesk.services.customers.values import rows
from crmdesk.services.store.values import from_micros, to_micros

if TYPE_CHECKING:
    from crmdesk.models.operations import Author
    from crmdesk.services.complaints.procedure import House

OPEN_FOR = timedelta(days=1)
"""So long a call waits for its wrap-up; after that nobody knows how it ended."""
_HEAD = "SELECT id, number, state, severity, next_clock, next_due_at, restricted FROM complaint"
_OF_CALL = f"{_HEAD} WHERE call_id = ? ORDER BY logged_at, number"
_OPEN_CALLS = """SELECT c.id FROM call AS c
 WHERE c.agent_id IS ? AND c.started_at >= ? AND c.disposition = '' AND c.wrap_up_seconds IS NULL
 AND EXISTS (SELECT 1 FROM complaint AS p WHERE p.call_id = c.id AND NOT p.restricted)
 ORDER BY c.started_at"""


def with_call(connection: Any, call_id: UUID, now: datetime, house: House) -> tuple[Logged, ...]:
    """Return the complaints that were written down with a call, the first one first."""
    return tuple(_logged(row, now, house) for row in rows(connection, _OF_CALL, call_id.bytes))


def from_forms(connection: Any, ids: Sequence[UUID], now: datetime, house: House) -> tuple[Logged, ...]:
    """Return those of the complaints that forms gave *ids* to which were saved."""
    marks = ", ".join("?" * len(ids))
    found = rows(connection, f"{_HEAD} WHERE id IN ({marks})", *(each.bytes for each in ids))
    return tuple(_logged(row, now, house) for row in found)


def open_calls(connection: Any, author: Author) -> tuple[CallId, ...]:
    """Return the calls of the last day that became complaints here and were never wrapped up, in order.

    What is restricted tells nothing of its call.
    """
    agent = UUID(author.actor).bytes if author.actor else None
    since = to_micros(author.now() - OPEN_FOR)
    return tuple(CallId(UUID(bytes=key)) for (key,) in rows(connection, _OPEN_CALLS, agent, since))


def _logged(row: tuple[Any, ...], now: datetime, house: House) -> Logged:
    key, number, state, severity, clock, due, restricted = row
    head: dict[str, Any] = {"id": UUID(bytes=key), "number": number, "state": state, "severity": severity}
    due_at = from_micros(due) if due is not None else None
    head |= {"next_clock": clock, "next_due_at": due_at, "restricted": restricted}
    return logged_of(head, now, house)
