"""What a desk holds of each table, and the statements that read it: rights are the server's part.

All heads are here. The file of a complaint (what only its team reads) is here while it is open and some years
longer, or once it was opened here; of what else grows for ever (calls, notes, the time line) only the last
months, and the whole history of a customer once fetched.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from crmdesk.models.effects import ENTITIES
from crmdesk.models.wire import field_types
from crmdesk.services.store.complaint_index import OPEN
from crmdesk.services.store.connection import Connection

TABLES: tuple[str, ...] = tuple(ENTITIES)

MOMENTS: Mapping[str, str] = MappingProxyType(
    {"interaction": "at", "call": "started_at", "note": "at", "article_use": "at"}
)
"""Tables of which only the last months are held, and the moment that decides."""

CHILDREN: Mapping[str, tuple[str, str]] = MappingProxyType({"call_leg": ("call_id", "call")})
"""Tables whose rows are held when the row they belong to is: column and table of that row."""

FILES: Mapping[str, str] = MappingProxyType(
    {
        "complaint_body": "id",
        **dict.fromkeys(("complaint_event", "clock_line", "remedy_line", "approval"), "complaint_id"),
        **dict.fromkeys(("letter", "survey", "attachment"), "complaint_id"),
    }
)
"""Tables that make the file of a complaint, its notes besides, and the column that names the complaint."""

FILES_LONGER = timedelta(days=3 * 365)
"""How much longer than the window the file of a complaint stays that came to its end."""

VIEWS: Mapping[str, str] = MappingProxyType({"complaint": "complaint_head", "task": "task_head"})
"""Tables with restricted rows, and the view that gives each person of those what is for him."""

HISTORY: tuple[str, ...] = ("interaction", "call", "call_leg", "note")
"""The tables that make the history of a customer."""


def columns(table: str) -> tuple[str, ...]:
    """Return the columns of *table*, in order."""
    return tuple(field_types(ENTITIES[table]))


def named(table: str, alias: str) -> str:
    """Return the columns of *table*, each by its name: a desk never asks for all there are."""
    return ", ".join(f'{alias}."{name}"' for name in columns(table))


def at_server(table: str) -> str:
    """Return what a desk reads of *table* at the server."""
    return f'crm."{VIEWS.get(table, table)}"'


def in_window(table: str, alias: str, since: str, prefix: str = "crm.") -> str:
    """Return the condition that a row of *table* is in the window beginning with the value *since*.

    *since* is an SQL expression, *prefix* stands before the names of tables: empty for the store's.
    """
    if table == "note":
        return f"({alias}.at >= {since} OR {_file_held(f'{alias}.complaint_id', since, prefix)})"
    if table in FILES:
        column = f"{alias}.{FILES[table]}"
        orphans = f"{column} IS NULL OR " if table in ("survey", "attachment") else ""
        return f"({orphans}{_file_held(column, since, prefix)})"
    if table in MOMENTS:
        return f"{alias}.{MOMENTS[table]} >= {since}"
    if table in CHILDREN:
        column, parent = CHILDREN[table]
        inner = in_window(parent, "p", since, prefix)
        where = f"p.id = {alias}.{column} AND {inner}"
        return f"EXISTS (SELECT 1 FROM {prefix}{_quoted(parent, prefix)} AS p WHERE {where})"
    return "true" if prefix else "1"


def _file_held(complaint: str, since: str, prefix: str) -> str:
    """Return the condition that the file of *complaint*, an SQL expression, is held."""
    if prefix:
        heads, longer = f"{prefix}complaint", f"interval '{FILES_LONGER.days} days'"
    else:
        heads, longer = _HEADS_HERE, str(FILES_LONGER // timedelta(microseconds=1))
    return (
        f"EXISTS (SELECT 1 FROM {heads} AS h WHERE h.id = {complaint} AND"
        f" (h.{OPEN} OR coalesce(h.closed_at, h.last_step_at, h.logged_at) >= {since} - {longer}))"
    )


_HEADS_HERE = (
    "(SELECT id, state, closed_at, last_step_at, logged_at FROM complaint"
    " WHERE id NOT IN (SELECT row_id FROM server_row)"
    " UNION ALL SELECT row_id, json_extract(row, '$.state'), {closed_at}, {last_step_at}, {logged_at}"
    " FROM server_row WHERE table_name = 'complaint' AND row IS NOT NULL)"
).format(
    **{
        name: f"CAST(strftime('%s', json_extract(row, '$.{name}')) AS INTEGER) * 1000000"
        for name in ("closed_at", "last_step_at", "logged_at")
    }
)
"""The server's heads as this desk has them: where operations of ours lie on one, its original."""


def of_customer(table: str, alias: str) -> str:
    """Return the condition that a row of *table* at the server belongs to the customer ``%(customer)s``."""
    if table in CHILDREN:
        column, parent = CHILDREN[table]
        theirs = f"SELECT p.id FROM {at_server(parent)} AS p WHERE {of_customer(parent, 'p')}"
        return f"{alias}.{column} IN ({theirs})"
    return f"{alias}.customer_id = %(customer)s"


def of_file(alias: str) -> tuple[tuple[str, str], ...]:
    """Return the tables of files, each with the condition that a row is of one of ``%(complaints)s``."""
    columns = {**FILES, "note": "complaint_id"}
    return tuple((table, f"{alias}.{name} = ANY (%(complaints)s)") for table, name in columns.items())


def left_files(connection: Connection, complaints: Sequence[UUID], since_micros: int) -> list[UUID]:
    """Return those of *complaints* whose head is here and whose file is not held, as the server has them."""
    found = connection.execute(
        f"SELECT k.id FROM complaint AS k WHERE k.id IN (SELECT unhex(value) FROM json_each(:ids))"
        f" AND NOT {in_window('complaint_body', 'k', ':since', '')}",
        {"ids": json.dumps([each.hex for each in complaints]), "since": since_micros},
    ).fetchall()
    return [UUID(bytes=key) for (key,) in found]


def window_start(at: datetime, days: int) -> datetime:
    """Return the midnight, UTC, with which the window begins that ends *at*."""
    return (at - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)


def _quoted(table: str, prefix: str) -> str:
    return f'"{table}"' if prefix else table
