"""The one time line of a customer, newest first, page by page.

Which lines a page holds is read from the covering index; only the lines shown are fetched. The cursor is
the place of the last line, so a page stays right while lines are added above it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.screen_pop import TimelineEntry, TimelinePage
from crmdesk.models.types import AssetId, CustomerId
from crmdesk.services.customers.values import marks, moment_at, rows

LIMIT = 500

_LINES = """SELECT i.id, i.kind, i.at, i.direction, i.subject, i.summary, i.who, i.state, i.asset_id
 FROM (SELECT id, at FROM interaction WHERE customer_id = ?{where} ORDER BY at DESC, id DESC LIMIT ?) AS page
 CROSS JOIN interaction AS i ON i.id = page.id"""
_COUNT = "SELECT count(*) FROM interaction WHERE customer_id = ?{where}"


def timeline_page(
    connection: Any,
    customer_id: CustomerId,
    *,
    after: str | None = None,
    limit: int = 20,
    kinds: Sequence[str] = (),
) -> TimelinePage:
    """Return up to *limit* lines of a customer, newest first; empty for one who is not here.

    Args:
        connection: a reader.
        customer_id: whose.
        after: the ``after`` of the page before; None for the newest lines.
        limit: 1 to 500.
        kinds: only these kinds of lines; all when empty.

    Raises:
        InvalidInput: *after* is no cursor of ours.
    """
    wanted = f" AND kind IN ({marks(len(kinds))})" if kinds else ""
    owner = (customer_id.bytes, *kinds)
    total = rows(connection, _COUNT.format(where=wanted), *owner)[0][0]
    size = max(1, min(limit, LIMIT))
    place, values = _place(after)
    found = rows(connection, _LINES.format(where=wanted + place), *owner, *values, size + 1)
    found.sort(key=lambda row: (row[2], row[0]), reverse=True)
    more = len(found) > size
    last = found[size - 1] if more else None
    return TimelinePage(
        tuple(_entry(row) for row in found[:size]), f"{last[2]:x}.{last[0].hex()}" if last else None, total
    )


def _place(after: str | None) -> tuple[str, tuple[object, ...]]:
    """Return the condition that begins behind the cursor *after*."""
    if not after:
        return "", ()
    try:
        at_text, id_text = after.split(".")
        at, row_id = int(at_text, 16), bytes.fromhex(id_text)
        fits = abs(at) < 1 << 63
    except ValueError:
        fits = False
    if not fits:
        raise InvalidInput(
            "This place in the list is not known. Start again from the top.", fields=("after",)
        )
    return " AND at <= ? AND (at < ? OR id < ?)", (at, at, row_id)


def _entry(row: tuple[Any, ...]) -> TimelineEntry:
    row_id, kind, at, direction, subject, summary, who, state, asset = row
    return TimelineEntry(
        id=str(UUID(bytes=row_id)),
        kind=kind,
        at=moment_at(at),
        direction=direction,
        subject=subject,
        summary=summary,
        who=who,
        state=state,
        asset_id=AssetId(UUID(bytes=asset)) if asset else None,
    )
