"""The one time line of a customer, newest first, page by page.

The table lies customer by customer in this order, so a page is read from one place of the file. The cursor is
the place of the last line, so a page stays right while lines are added above it.

Restricted complaints have no line in the table, which is everybody's: those that are for this person come
from the complaints themselves.
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
COMPLAINT = "complaint"

RECENT = 20
"""Of so many of the newest lines the topics count as recent."""

_LINES = """SELECT id, kind, at, direction, subject, summary, who, state, asset_id, topic FROM interaction
 WHERE customer_id = ?{where} ORDER BY at DESC, id DESC LIMIT ?"""
_COUNT = "SELECT count(*) FROM interaction WHERE customer_id = ?{where}"
_RESTRICTED = """SELECT id, 'complaint', received_at, '', number, '', '', state, asset_id, category
 FROM complaint WHERE customer_id = ? AND restricted ORDER BY received_at DESC, id DESC LIMIT ?"""
_KNOWN = (
    "SELECT NOT EXISTS (SELECT 1 FROM sync WHERE name = 'server')"
    " OR EXISTS (SELECT 1 FROM coverage WHERE kind = 'window' AND key = '' AND from_at IS NULL)"
    " OR EXISTS (SELECT 1 FROM coverage WHERE kind = 'customer' AND key = hex(?1) AND from_at IS NULL),"
    " EXISTS (SELECT 1 FROM sync WHERE name = 'totals'),"
    " (SELECT contact_count FROM contact_total WHERE customer_id = ?1),"
    " (SELECT total FROM coverage WHERE kind = 'customer' AND key = hex(?1))"
)
"""Whether all of a customer's history is here by its coverage (``sync.coverage``), whether the totals of the
server are here, his total, and what was said when his history was fetched."""
_OWN = (
    "SELECT count(*) FROM (SELECT row_id FROM server_row WHERE table_name = 'interaction' AND row IS NULL"
    f" LIMIT {LIMIT}) AS s JOIN interaction AS i ON i.id = s.row_id WHERE i.customer_id = ?"
)
"""Lines of a customer that the server does not have yet, among the first that wait."""


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
    more = _restricted(connection, customer_id) if not kinds or COMPLAINT in kinds else []
    here = _newest_first(found, [line for line in more if not values or _is_behind(line, values)])
    known = _known(connection, customer_id, None if kinds else total)
    return _page(here, size, total, known, len(more))


def newest_lines(
    connection: Any, customer_id: CustomerId, *, limit: int, total: int
) -> tuple[TimelinePage, tuple[str, ...]]:
    """Return the first page of a customer, and the topics of his :data:`RECENT` newest lines, newest first.

    Args:
        connection: a reader.
        customer_id: whose.
        limit: 1 to 500.
        total: how many lines he has, which the caller knows already.
    """
    found = rows(connection, _LINES.format(where=""), customer_id.bytes, max(limit + 1, RECENT))
    more = _restricted(connection, customer_id)
    here = _newest_first(found, more)
    topics = tuple(row[-1] for row in here[:RECENT] if row[-1])
    return _page(here, limit, total, _known(connection, customer_id, total), len(more)), topics


def _restricted(connection: Any, customer_id: CustomerId) -> list[tuple[Any, ...]]:
    """Return the lines of the restricted complaints of a customer that are for this person."""
    return rows(connection, _RESTRICTED, customer_id.bytes, LIMIT)


def _newest_first(found: list[tuple[Any, ...]], more: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    return sorted([*found, *more], key=lambda line: (line[2], line[0]), reverse=True) if more else found


def _is_behind(line: tuple[Any, ...], place: tuple[Any, ...]) -> bool:
    """Whether *line* comes after the *place* that :func:`_place` read."""
    return (line[2], line[0]) < (place[0], place[2])


def _known(connection: Any, customer_id: CustomerId, here: int | None) -> tuple[bool, int]:
    """Return whether all of a customer's history is here, and how many lines there are, 0: not known.

    Without coverage it is all when the lines *here* (None: to be counted), without what only this desk has,
    are as many as the server has.
    """
    whole, counted, total, once = rows(connection, _KNOWN, customer_id.bytes)[0]
    if whole or not counted:
        return bool(whole), once or 0
    own = rows(connection, _OWN, customer_id.bytes)[0][0]
    if here is None:
        here = rows(connection, _COUNT.format(where=""), customer_id.bytes)[0][0]
    return here - own >= (total or 0), max(here, (total or 0) + own)


def _page(
    found: list[tuple[Any, ...]], size: int, total: int, known: tuple[bool, int], restricted: int
) -> TimelinePage:
    """Return the first *size* of the lines *found*; there are more when more were found.

    *total* and what is *known* count the lines of the table, so *restricted* ones come on top.
    """
    last = found[size - 1] if len(found) > size else None
    after = f"{last[2]:x}.{last[0].hex()}" if last else None
    whole, everywhere = known
    altogether = 0 if whole or not everywhere else everywhere + restricted
    return TimelinePage(_entries(found[:size]), after, total + restricted, whole, altogether)


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


def _entries(found: list[tuple[Any, ...]]) -> tuple[TimelineEntry, ...]:
    """Return the lines *found*; most are about the same few assets."""
    assets = {held: AssetId(UUID(bytes=held)) if held else None for held in {row[8] for row in found}}
    return tuple(
        TimelineEntry(
            id=_dashed(row_id.hex()),
            kind=kind,
            at=moment_at(at),
            direction=direction,
            subject=subject,
            summary=summary,
            who=who,
            state=state,
            asset_id=assets[asset],
        )
        for row_id, kind, at, direction, subject, summary, who, state, asset, _topic in found
    )


def _dashed(digits: str) -> str:
    """Return the 32 *digits* of an id as a UUID is written."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
