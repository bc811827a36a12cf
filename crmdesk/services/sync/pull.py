"""Fetching what others did: one snapshot of the server, whole ticks, rows as this person may see them.

The feed holds pointers without content. A pointer to a row that the snapshot does not show means that the row
is gone, or not for this person any more: either way it is deleted here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from crmdesk.errors import ServerRefused, ServerUnfit
from crmdesk.models.outbox import ContactTotal, Place, PulledRow
from crmdesk.models.wire import Json
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.connection import Link, nonsense, worded
from crmdesk.services.sync.holding import TABLES, at_server, columns, named
from crmdesk.services.sync.totals import LINES, ask_changed, told
from crmdesk.values import dataclass

CLIENT = 1
"""The schema of servers that this program was made for; a server says from which on it takes desks."""
OLDEST_SERVER_SCHEMA = 1

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_TOLD = """
SELECT crm.my_scope(), head.seq, head.fp, clock_timestamp(),
    (SELECT t.fp FROM crm.tick t WHERE t.seq = %(cursor)s),
    crm.reached(%(device)s),
    (SELECT jsonb_object_agg(n.tab, n.rows)
     FROM (SELECT f.tab, count(DISTINCT f.pk) AS rows FROM crm.feed f
           WHERE f.seq > %(cursor)s GROUP BY f.tab) n)
FROM (SELECT) AS one
LEFT JOIN (SELECT t.seq, t.fp FROM crm.tick t ORDER BY t.seq DESC LIMIT 1) AS head ON true
"""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What one snapshot of the server says before its rows are read.

    ``forked``: the tick this desk stands at is not in the server's history, which was restored from a backup
    or has put it away. ``news`` counts changed rows by table since that tick.
    """

    head: int
    fp: bytes
    scope: Mapping[str, Json]
    reached: int
    forked: bool
    news: Mapping[str, int]
    at: datetime


@contextmanager
def snapshot(link: Link, device: UUID, place: Place, address: ServerAddress) -> Iterator[Snapshot]:
    """Hold one snapshot of the server open; what is read on *link* inside comes from it.

    Raises:
        ServerFault: one of its kinds.
    """
    with worded(address):
        try:
            yield _told(link, device, place, address)
        except BaseException:
            if not link.closed:
                link.execute("ROLLBACK")
            raise
        # Not ROLLBACK: psycopg has the server forget its prepared statements then, and plan all anew.
        link.execute("COMMIT")


def changed_rows(link: Link, seen: Snapshot, place: Place) -> tuple[list[PulledRow], list[ContactTotal]]:
    """Return the rows that changed between *place* and the snapshot's head, None where one is not shown.

    With them the totals of the customers whose time lines changed.
    """
    rows: list[PulledRow] = []
    totals: list[ContactTotal] = []
    known = [table for table in seen.news if table in TABLES]
    with link.pipeline():
        asked = [(table, _ask(link, table, place.cursor, seen.head)) for table in known]
        counted = ask_changed(link, place.cursor, seen.head) if LINES in known else None
        for table, cursor in asked:
            rows.extend(_pulled(table, cursor.fetchall()))
        if counted is not None:
            totals = told(counted.fetchall())
    return rows, totals


def selected_rows(
    link: Link, table: str, condition: str, values: Mapping[str, object] | None = None
) -> list[PulledRow]:
    """Return the rows of *table* (alias ``k``) at the server that meet the SQL *condition*."""
    with link.cursor(row_factory=dict_row) as cursor:
        cursor.execute(f"SELECT {named(table, 'k')} FROM {at_server(table)} AS k WHERE {condition}", values)
        return [PulledRow(table, row["id"], row) for row in cursor]


def _told(link: Link, device: UUID, place: Place, address: ServerAddress) -> Snapshot:
    """Begin the snapshot and ask what it says, all in one exchange."""
    with link.pipeline():
        link.execute(_BEGIN)
        asked = link.execute(_TOLD, {"cursor": place.cursor, "device": device})
        found = asked.fetchone()
    if found is None:
        raise nonsense(address, "scope")
    scope, seq, head_fp, at, fp, reached, news = found
    known = checked_scope(scope, address)
    if seq is None:
        raise nonsense(address, "tick")
    forked = place.cursor > 0 and fp != place.fp
    return Snapshot(seq, head_fp, known, reached or 0, forked, news or {}, at)


def checked_scope(scope: Json, address: ServerAddress) -> Mapping[str, Json]:
    """Return *scope*, what the server says of this person and of itself.

    Raises:
        ServerRefused: the person is nobody there.
        ServerUnfit: server and program do not fit each other, or the server talks nonsense.
    """
    known = known_scope(scope, address)
    if int(known.get("min_client") or 0) > CLIENT:
        raise ServerUnfit(
            "This crmdesk is too old for the server {host}. Install the newer one; nothing typed is lost.",
            **address.told,
        )
    if int(known["schema"]) < OLDEST_SERVER_SCHEMA:
        raise ServerUnfit(
            "The database on {host} is older than this crmdesk. The administrator runs: crmdesk admin server"
            " upgrade",
            **address.told,
        )
    return known


def known_scope(scope: Json, address: ServerAddress) -> Mapping[str, Json]:
    """Return *scope* of a server that knows this person, whether or not it fits this program.

    A desk too old to read from a newer server may still hand over what was typed.

    Raises:
        ServerRefused: the person is nobody there.
        ServerUnfit: the server talks nonsense.
    """
    if not isinstance(scope, dict) or "schema" not in scope:
        raise nonsense(address, "scope")
    if scope.get("role") is None or scope.get("agent_id") is None:
        raise ServerRefused(
            "{user} may not work with crmdesk on {host}: nobody there knows this account. The administrator"
            " adds you.",
            fields=("user",),
            **address.told,
        )
    return scope


def _ask(link: Link, table: str, after: int, upto: int) -> Any:
    cursor = link.cursor()
    return cursor.execute(
        f"SELECT f.pk, {named(table, 'k')} FROM (SELECT DISTINCT pk FROM crm.feed WHERE tab = %s AND seq > %s"
        f" AND seq <= %s) AS f LEFT JOIN {at_server(table)} AS k ON k.id = f.pk",
        (table, after, upto),
    )


def _pulled(table: str, found: Sequence[Sequence[Any]]) -> Iterator[PulledRow]:
    names = columns(table)
    for key, *values in found:
        shown = values[0] is not None
        yield PulledRow(table, key, dict(zip(names, values, strict=True)) if shown else None)
