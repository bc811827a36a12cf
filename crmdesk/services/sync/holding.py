"""What a desk holds of each table, and the statements that read it: rights are the server's part.

All heads are here, and of complaints all that this person may read, notes included; of what else grows for
ever (calls, notes, the time line) only the last months, and the whole history of a customer once fetched.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

from crmdesk.models.effects import ENTITIES
from crmdesk.models.wire import field_types

TABLES: tuple[str, ...] = tuple(ENTITIES)

MOMENTS: Mapping[str, str] = MappingProxyType(
    {"interaction": "at", "call": "started_at", "note": "at", "article_use": "at"}
)
"""Tables of which only the last months are held, and the moment that decides."""

CHILDREN: Mapping[str, tuple[str, str]] = MappingProxyType({"call_leg": ("call_id", "call")})
"""Tables whose rows are held when the row they belong to is: column and table of that row."""

HISTORY: tuple[str, ...] = ("interaction", "call", "call_leg", "note")
"""The tables that make the history of a customer."""


def columns(table: str) -> tuple[str, ...]:
    """Return the columns of *table*, in order."""
    return tuple(field_types(ENTITIES[table]))


def named(table: str, alias: str) -> str:
    """Return the columns of *table*, each by its name: a desk never asks for all there are."""
    return ", ".join(f'{alias}."{name}"' for name in columns(table))


def at_server(table: str) -> str:
    """Return the table's name at the server."""
    return f'crm."{table}"'


def in_window(table: str, alias: str, since: str, prefix: str = "crm.") -> str:
    """Return the condition that a row of *table* is in the window beginning with the value *since*.

    *since* is an SQL expression, *prefix* stands before the names of tables: empty for the store's.
    """
    if table == "note":
        return f"({alias}.at >= {since} OR {alias}.complaint_id IS NOT NULL)"
    if table in MOMENTS:
        return f"{alias}.{MOMENTS[table]} >= {since}"
    if table in CHILDREN:
        column, parent = CHILDREN[table]
        inner = in_window(parent, "p", since, prefix)
        where = f"p.id = {alias}.{column} AND {inner}"
        return f"EXISTS (SELECT 1 FROM {prefix}{_quoted(parent, prefix)} AS p WHERE {where})"
    return "true" if prefix else "1"


def of_customer(table: str, alias: str) -> str:
    """Return the condition that a row of *table* at the server belongs to the customer ``%(customer)s``."""
    if table in CHILDREN:
        column, parent = CHILDREN[table]
        theirs = f"SELECT p.id FROM {at_server(parent)} AS p WHERE {of_customer(parent, 'p')}"
        return f"{alias}.{column} IN ({theirs})"
    return f"{alias}.customer_id = %(customer)s"


def window_start(at: datetime, days: int) -> datetime:
    """Return the midnight, UTC, with which the window begins that ends *at*."""
    return (at - timedelta(days=days)).replace(hour=0, minute=0, second=0, microsecond=0)


def _quoted(table: str, prefix: str) -> str:
    return f'"{table}"' if prefix else table
