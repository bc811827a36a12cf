"""Who works here and the code tables of the house: teams, agents, dispositions, outlets, models, faults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmdesk.models.complaint import Cause, ComplaintCategory
from crmdesk.models.operations import Author, Operation, RowChange, Rows, fresh, patched
from crmdesk.models.rules import one_of
from crmdesk.models.wire import from_json
from crmdesk.values import dataclass


@dataclass(kw_only=True)
class Team:
    """A team of the hotline; it owns the call-backs of its ``queue``, the one without a queue all others."""

    id: UUID
    rev: int = 1
    key: str = ""
    queue: str = ""
    name_en: str = ""
    name_zh: str = ""


@dataclass(kw_only=True)
class Agent:
    """Somebody who answers the telephone, with his usual extension."""

    id: UUID
    rev: int = 1
    login: str = ""
    name_en: str = ""
    name_zh: str = ""
    extension: str = ""
    team_id: UUID | None = None
    role: str = "agent"
    languages: tuple[str, ...] = ()
    active: bool = True


@dataclass(kw_only=True)
class Disposition:
    """A way a call can end; ``closing`` when nothing is left to do."""

    id: UUID
    rev: int = 1
    key: str = ""
    name_en: str = ""
    name_zh: str = ""
    closing: bool = True
    position: int = 0


@dataclass(kw_only=True)
class Outlet:
    """A workshop of the maker's network."""

    id: UUID
    rev: int = 1
    key: str = ""
    name_en: str = ""
    name_zh: str = ""
    city: str = ""
    phone: str = ""


@dataclass(kw_only=True)
class ProductModel:
    """A vehicle model with its service interval."""

    id: UUID
    rev: int = 1
    key: str = ""
    name_en: str = ""
    name_zh: str = ""
    service_km: int | None = None
    service_months: int | None = None


@dataclass(kw_only=True)
class Fault:
    """A fault or topic: what visits record, articles treat and repeat counters count."""

    id: UUID
    rev: int = 1
    key: str = ""
    name_en: str = ""
    name_zh: str = ""


CODE_TABLES: Mapping[str, type] = MappingProxyType(
    {
        "team": Team,
        "agent": Agent,
        "disposition": Disposition,
        "outlet": Outlet,
        "product_model": ProductModel,
        "fault": Fault,
        "complaint_category": ComplaintCategory,
        "cause": Cause,
    }
)


def save_code(author: Author, table: str, values: Mapping[str, Any]) -> Operation:
    """Describe a row of a code table, new or changed; ``id`` is part of *values*."""
    one_of("table", table, CODE_TABLES)
    return author.describe("code.save", {"table": table, "fields": from_json(CODE_TABLES[table], values)})


def saved_code(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``code.save``."""
    table = operation.payload["table"]
    fields = from_json(CODE_TABLES[table], operation.payload["fields"])
    row = rows.get(table, fields["id"])
    if row is None:
        yield fresh(table, CODE_TABLES[table](**fields))
    elif any(row[name] != value for name, value in fields.items()):
        yield patched(table, row, fields)
