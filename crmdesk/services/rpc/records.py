"""The records of the interface: which fields they have, of which type, and how rows become them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmdesk.models import agent, article, asset, call, customer, task, visit
from crmdesk.models.wire import Json, Row
from crmdesk.services.rpc.kinds import (
    COUNT,
    FLAG,
    ID,
    INTEGER,
    NUMBER,
    TEXT,
    Field,
    Kind,
    choice,
    entity_fields,
    list_of,
    nullable,
    record,
)
from crmdesk.services.rpc.rows import select, told

VERSION = "counts up with each change; give it as base_version"

CUSTOMER_WRITABLE = (
    *("kind", "name", "name_alt", "language", "tier", "key_account", "preferred_channel", "do_not_call"),
    *("hint", "address", "city", "first_business_on", "external_id"),
)
CUSTOMER_NAMES = ("id", *CUSTOMER_WRITABLE, "created_at", "updated_at", "version")
CUSTOMER_CHOICES = MappingProxyType(
    {"kind": customer.KINDS, "tier": customer.TIERS, "preferred_channel": customer.CHANNELS}
)
CUSTOMER_DOCS = MappingProxyType(
    {
        "name_alt": "the name in the other script",
        "hint": "what whoever answers should know first",
        "first_business_on": "customer since",
        "external_id": "the id in the system it came from",
        "version": VERSION,
    }
)
ASSET_WRITABLE = (
    *("customer_id", "kind", "model", "plate", "vin", "mileage_km", "built_on", "warranty_until"),
    *("next_service_on", "next_service_km", "external_id"),
)
ASSET_NAMES = ("id", *ASSET_WRITABLE, "mileage_at", "version")
VISIT_WRITABLE = (
    *("asset_id", "customer_id", "visited_at", "outlet_id", "outlet", "mileage_km", "summary", "note"),
    *("next_service_on", "next_service_km", "external_id"),
)
VISIT_NAMES = ("id", *VISIT_WRITABLE, "version")
CONTACT_WRITABLE = ("customer_id", "name", "name_alt", "role")
CONTACT_NAMES = ("id", *CONTACT_WRITABLE, "version")
TASK_WRITABLE = (
    *("kind", "subject", "note", "customer_id", "call_id", "number_value", "owner_id", "team_id", "due_at"),
    *("state", "attempts"),
)
TASK_NAMES = ("id", *TASK_WRITABLE, "created_at", "done_at", "version")
TASK_CHOICES = MappingProxyType({"kind": task.KINDS, "state": task.STATES})
ARTICLE_WRITABLE = (
    *("external_id", "lang", "title", "body", "say_this", "do_this", "safety", "models", "topics"),
    *("keywords", "state"),
)
ARTICLE_NAMES = ("id", *ARTICLE_WRITABLE, "version", "created_at", "updated_at")
ARTICLE_CHOICES = MappingProxyType({"lang": article.LANGUAGES, "state": article.STATES})
CALL_NAMES = (
    *("id", "direction", "number_raw", "number_value", "caller_name", "dialled", "queue", "customer_id"),
    *("contact_id", "asset_id", "identified_by", "state", "result", "started_at", "answered_at", "ended_at"),
    *("ended_by", "queue_seconds", "ring_seconds", "talk_seconds", "hold_seconds", "wrap_up_seconds"),
    *("disposition", "topic", "agent_id", "verified", "version"),
)
AGENT_NAMES = (
    *("id", "login", "name_en", "name_zh", "extension", "team_id", "role", "languages", "active", "version"),
)
TEAM_NAMES = ("id", "key", "name_en", "name_zh", "version")

PHONES = Field("phones", list_of(TEXT, 100), "numbers as given, the first is the main one")
EMAILS = Field("emails", list_of(TEXT, 100))
POINT = record(
    Field("id", ID),
    Field("kind", choice(customer.POINT_KINDS)),
    Field("raw", TEXT, "as given"),
    Field("value", TEXT, "as compared: E.164 for telephone numbers"),
    Field("label", TEXT),
    Field("source", TEXT),
    Field("sharing", choice(customer.SHARINGS)),
    Field("warned", FLAG, "a call from it once popped the wrong person"),
    Field("contact_id", nullable(ID), "the person of a company it belongs to"),
    title="ContactPoint",
)
ITEM_FIELDS = (
    Field("kind", choice(visit.ITEM_KINDS), default="work"),
    Field("code", TEXT, "key of the code table"),
    Field("text", TEXT),
    Field("quantity", INTEGER, default=1),
)


def all_required(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Return *fields* as a result has them: every one is there."""
    return tuple(Field(field.name, field.kind, field.doc, required=True) for field in fields)


def _record(title: str, entity: type, names: Sequence[str], *more: Field, **options: Any) -> Kind:
    return record(*all_required((*entity_fields(entity, names, **options), *more)), title=title)


CUSTOMER = _record(
    "Customer",
    customer.Customer,
    CUSTOMER_NAMES,
    PHONES,
    EMAILS,
    choices=CUSTOMER_CHOICES,
    docs=CUSTOMER_DOCS,
)
CONTACT = _record("Contact", customer.Contact, CONTACT_NAMES, PHONES, EMAILS)
ASSET = _record("Asset", asset.Asset, ASSET_NAMES)
VISIT = _record(
    "Visit", visit.ServiceVisit, VISIT_NAMES, Field("items", list_of(record(*all_required(ITEM_FIELDS))))
)
TASK = _record("Task", task.Task, TASK_NAMES, choices=TASK_CHOICES)
ARTICLE = _record("Article", article.Article, ARTICLE_NAMES, choices=ARTICLE_CHOICES)
CALL = _record(
    "Call",
    call.Call,
    CALL_NAMES,
    Field("external_id", TEXT, "the telephone system's own name of the call"),
    docs={"verified": "facts the caller confirmed", "number_value": "E.164 where there is one"},
)
AGENT = _record("Agent", agent.Agent, AGENT_NAMES)
TEAM = _record("Team", agent.Team, TEAM_NAMES)
COUNTERS = record(
    Field("contacts_30", COUNT, "contacts within thirty days", required=True),
    Field("contacts_90", COUNT, required=True),
    Field("contacts_365", COUNT, required=True),
    Field("open_issues", COUNT, required=True),
    Field("open_complaints", COUNT, required=True),
    Field("complaint", TEXT, "number of the only open complaint, or of the latest", required=True),
    Field("grave", FLAG, "an open complaint is of severity S1 or escalated", required=True),
    Field("call_in_30", COUNT, "which call within thirty days the present one is", required=True),
    title="Counters",
)
BADGE = record(
    Field("key", TEXT, required=True),
    Field("text", TEXT, required=True),
    Field("tone", TEXT, required=True),
    title="Badge",
)
MATCH = record(
    Field("customer_id", ID, required=True),
    Field("name", TEXT, required=True),
    Field("confidence", NUMBER, "between 0 and 1", required=True),
    Field("reasons", list_of(TEXT), required=True),
    Field("kind", TEXT),
    Field("tier", TEXT),
    Field("contact_name", TEXT, "the person of a company"),
    title="Match",
)


def tell_customers(connection: Any, rows: Sequence[Row]) -> list[Json]:
    """Return customers with their numbers and addresses."""
    points = points_of(connection, "customer_id", [row["id"] for row in rows])
    found = []
    for row in rows:
        own = [point for point in points.get(row["id"], ()) if point["contact_id"] is None]
        found.append({**told(row, CUSTOMER_NAMES), **_reached(own)})
    return found


def tell_contacts(connection: Any, rows: Sequence[Row]) -> list[Json]:
    """Return people of companies with their numbers and addresses."""
    points = points_of(connection, "contact_id", [row["id"] for row in rows])
    return [{**told(row, CONTACT_NAMES), **_reached(points.get(row["id"], ()))} for row in rows]


def tell_visits(connection: Any, rows: Sequence[Row]) -> list[Json]:
    """Return visits with their items."""
    items = _grouped(connection, "visit_item", visit.VisitItem, "visit_id", [row["id"] for row in rows])
    names = tuple(field.name for field in ITEM_FIELDS)
    return [
        {**told(row, VISIT_NAMES), "items": [told(item, names) for item in items.get(row["id"], ())]}
        for row in rows
    ]


def tell_calls(_connection: Any, rows: Sequence[Row]) -> list[Json]:
    """Return calls."""
    return [{**told(row, CALL_NAMES), "external_id": row["call_key"]} for row in rows]


def tell_point(row: Row) -> dict[str, Json]:
    """Return one number or address."""
    names = ("id", "kind", "raw", "value", "label", "source", "sharing", "contact_id")
    return {**told(row, names), "warned": row["warned_at"] is not None}


def points_of(connection: Any, column: str, owners: Sequence[UUID]) -> dict[UUID, list[Row]]:
    """Return numbers and addresses by owner; *column* is customer_id or contact_id."""
    return _grouped(connection, "contact_point", customer.ContactPoint, column, owners)


def _grouped(
    connection: Any, table: str, entity: type, column: str, owners: Sequence[UUID]
) -> dict[UUID, list[Row]]:
    """Return rows of *table* by the owner in *column*, in their order; at most 500 owners."""
    found: dict[UUID, list[Row]] = {}
    if owners:
        marks = ", ".join("?" * len(owners))
        rest = f"WHERE {column} IN ({marks}) ORDER BY position, id"
        for row in select(connection, table, entity, rest, owners):
            found.setdefault(row[column], []).append(row)
    return found


def _reached(points: Sequence[Row]) -> dict[str, Json]:
    return {
        "phones": [point["raw"] for point in points if point["kind"] == "phone"],
        "emails": [point["raw"] for point in points if point["kind"] == "email"],
    }
