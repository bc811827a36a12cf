"""Judging desks and server by SQL alone: what a person may see there against the file that lies here.

Tables and columns come from the server's own catalogue, values from plain statements as that person; nothing
of the program decides what is right.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Rows = dict[bytes, dict[str, Any]]
SHOWN_AS = {"complaint": "complaint_head", "task": "task_head"}
"""Tables that nobody but the owner reads, and the view of them that people read."""


def shared_columns(owner: Any) -> dict[str, tuple[str, ...]]:
    """Return the tables that desks replicate with their columns, as the server's owner sees them."""
    return {tab: tuple(names) for tab, names in owner.execute("SELECT tab, columns FROM crm.entity")}


def rows_there(session: Any, table: str, columns: tuple[str, ...]) -> Rows:
    """Return the rows of *table* that the person of *session* is shown, values as a desk's file has them."""
    names = ", ".join(f'"{name}"' for name in columns)
    found = session.execute(f'SELECT {names} FROM crm."{SHOWN_AS.get(table, table)}"').fetchall()
    rows: list[dict[str, Any]] = [dict(zip(columns, map(_plain, row), strict=True)) for row in found]
    return {row["id"]: row for row in rows}


def rows_here(connection: Any, table: str, columns: tuple[str, ...]) -> Rows:
    """Return the rows of *table* in a desk's file."""
    names = ", ".join(f'"{name}"' for name in columns)
    found = connection.execute(f'SELECT {names} FROM "{table}"').fetchall()
    rows: list[dict[str, Any]] = [
        dict(zip(columns, (None if v == b"" else v for v in row), strict=True)) for row in found
    ]
    return {row["id"]: row for row in rows}


def differences(connection: Any, session: Any, tables: dict[str, tuple[str, ...]]) -> list[str]:
    """Return in words where a desk's file and what its person may see differ, field by field."""
    told: list[str] = []
    for table, columns in tables.items():
        here, there = rows_here(connection, table, columns), rows_there(session, table, columns)
        told += [f"{table} {key.hex()}: only here" for key in here.keys() - there.keys()]
        told += [f"{table} {key.hex()}: not here" for key in there.keys() - here.keys()]
        for key in here.keys() & there.keys():
            told += [
                f"{table} {key.hex()} {name}: here {here[key][name]!r}, there {there[key][name]!r}"
                for name in columns
                if here[key][name] != there[key][name]
            ]
    return told


DOUBLE = """
SELECT op::text FROM crm.audit WHERE op IS NOT NULL AND tab IN ('note', 'customer', 'task')
GROUP BY op, tab, pk HAVING count(*) > 1
UNION ALL
SELECT text FROM crm.note GROUP BY text HAVING count(*) > 1
"""
"""Operations whose change of a row stands in the history twice, and notes that are there twice."""

BROKEN_CHAINS = """
SELECT a.tab, a.pk FROM crm.audit a JOIN crm.entity e USING (tab)
WHERE NOT EXISTS (SELECT 1 FROM crm.erased x WHERE x.row_id = a.pk) GROUP BY a.tab, a.pk
HAVING max(a.rev) <> count(*) OR count(DISTINCT a.rev) <> count(*)
"""
"""Rows that desks replicate that were not erased whose revisions in the history are not 1, 2, 3 and so on."""

OVERWRITTEN = """
SELECT a.op::text, f.name FROM crm.audit a
JOIN unnest(%s::uuid[], %s::bigint[]) AS seen(op, rev) ON seen.op = a.op
CROSS JOIN unnest(a.fields) AS f(name)
JOIN crm.audit b ON b.tab = a.tab AND b.pk = a.pk AND b.rev > seen.rev AND b.rev < a.rev
    AND f.name = ANY (b.fields) AND b.device IS DISTINCT FROM a.device
WHERE f.name NOT IN ('rev', 'updated_at')
"""
"""Fields that were overwritten by somebody who had not seen the value: given operations and the revisions
their people had before their eyes."""


def double(owner: Any) -> list[str]:
    """Return what was applied twice."""
    return [what for (what,) in owner.execute(DOUBLE)]


def illegal(owner: Any, seen: dict[UUID, int]) -> list[str]:
    """Return breaches of the rules of change: *seen* tells on which revision each change was laid."""
    chains = [f"{tab} {pk}: revisions with gaps" for tab, pk in owner.execute(BROKEN_CHAINS)]
    lost = owner.execute(OVERWRITTEN, (list(seen), list(seen.values()))).fetchall()
    audit = owner.execute("SELECT * FROM crm.broken_audit()").fetchall()
    return (
        chains
        + [f"{name} overwritten unseen by {op}" for op, name in lost]
        + [f"broken audit: {row}" for row in audit]
    )


def _plain(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, datetime):
        return (value - _EPOCH) // timedelta(microseconds=1)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    return value
