"""The business tables of the server, made from the entities: one definition for desk and server.

Columns are the entities' fields in their order, with their defaults; a field that may be None may be NULL.
There are no foreign keys: desks send rows in any order, and an operation names what it needs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields
from datetime import date, datetime
from functools import cache
from types import MappingProxyType
from uuid import UUID

from crmdesk.models.effects import ENTITIES
from crmdesk.models.wire import field_types

SCHEMA = "crm"
TABLES: tuple[str, ...] = tuple(ENTITIES)
"""The business tables, in the order they are made."""

TYPES: Mapping[type, str] = MappingProxyType(
    {
        UUID: "uuid",
        str: "text",
        int: "bigint",
        bool: "boolean",
        datetime: "timestamptz",
        date: "date",
        tuple: "text[]",
    }
)

INDEXES: Mapping[str, tuple[tuple[str, ...], ...]] = MappingProxyType(
    {
        "contact_point": (("customer_id",),),
        "contact": (("customer_id",),),
        "asset": (("customer_id",),),
        "service_visit": (("customer_id", "visited_at"),),
        "visit_item": (("visit_id",),),
        "call": (("customer_id", "started_at"), ("started_at",)),
        "call_leg": (("call_id",),),
        "note": (("call_id",), ("customer_id",), ("complaint_id",)),
        "task": (("call_id",), ("customer_id",), ("complaint_id",)),
        "article_use": (("call_id",),),
        "interaction": (("customer_id", "at"), ("at",)),
        "complaint": (("customer_id",), ("repeat_of",), ("merged_into",)),
        "complaint_event": (("complaint_id", "version"),),
        "clock_line": (("complaint_id",),),
        "remedy_line": (("complaint_id",),),
        "approval": (("complaint_id",),),
        "letter": (("complaint_id",),),
        "survey": (("complaint_id",), ("customer_id",)),
        "corrective_action": (("complaint_id",),),
        "attachment": (("complaint_id",), ("customer_id",)),
    }
)
"""What effects and desks look rows up by; never a text, because an index entry has a limit and texts none."""


@cache
def columns(table: str) -> tuple[str, ...]:
    """Return the columns of a business table, in order."""
    return tuple(field_types(ENTITIES[table]))


@cache
def definitions(table: str) -> Mapping[str, str]:
    """Return how each column of a business table is declared, by name, in order."""
    types = field_types(ENTITIES[table])
    return MappingProxyType(
        {field.name: _column(field, *types[field.name]) for field in fields(ENTITIES[table])}
    )


def quoted(name: str) -> str:
    """Return *name* as SQL may read it, whatever word it is."""
    return f'"{name}"'


def qualified(table: str) -> str:
    """Return the full name of a business table."""
    return f"{SCHEMA}.{quoted(table)}"


def statements() -> list[str]:
    """Return what makes all business tables, indexes and functions, in order; again, it changes nothing."""
    from crmdesk.services.server import readers

    made: list[str] = []
    for table in TABLES:
        made.append(_create_table(table))
        made.append(f"COMMENT ON TABLE {qualified(table)} IS {literal(_summary(table))}")
        made.extend(_create_index(table, each) for each in INDEXES.get(table, ()))
    return [*made, *readers.statements()]


def literal(value: object) -> str:
    """Return a default of an entity as an SQL constant."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if value == ():
        return "'{}'"
    raise TypeError(f"{value!r} has no form in SQL")


def default_of(field: Field[object]) -> str | None:
    """Return the default of a field as an SQL constant, None when it has none."""
    return None if field.default is MISSING else literal(field.default)


def _create_table(table: str) -> str:
    # No checks: one costs each write as much as the write itself, and rows come from the effects alone.
    listed = ",\n    ".join(definitions(table).values())
    return f"CREATE TABLE IF NOT EXISTS {qualified(table)} (\n    {listed}\n)"


def _column(field: Field[object], kind: type, optional: bool) -> str:
    words = [quoted(field.name), TYPES[kind]]
    default = default_of(field)
    if field.name == "id":
        words.append("PRIMARY KEY")
    elif not optional:
        words.append("NOT NULL")
    if default is not None and default != "NULL":
        words.append(f"DEFAULT {default}")
    return " ".join(words)


def _create_index(table: str, names: tuple[str, ...]) -> str:
    index = quoted(f"ix_{table}_{'_'.join(names)}")
    listed = ", ".join(map(quoted, names))
    return f"CREATE INDEX IF NOT EXISTS {index} ON {qualified(table)} ({listed})"


def _summary(table: str) -> str:
    return (ENTITIES[table].__doc__ or table).strip().splitlines()[0]
