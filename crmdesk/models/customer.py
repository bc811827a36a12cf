"""Customers, persons and companies, and the ways to reach them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.operations import Author, Operation, RowChange, Rows, fresh, patched
from crmdesk.models.rules import clean_line, one_of, required_line, within
from crmdesk.models.types import child_id
from crmdesk.models.wire import Row, from_json
from crmdesk.values import dataclass

KINDS = ("person", "company")
TIERS = ("", "silver", "gold", "platinum")
CHANNELS = ("", "phone", "mobile", "email", "wechat", "sms", "letter")
POINT_KINDS = ("phone", "email", "wechat")
SHARINGS = ("unknown", "own", "shared")

EDITABLE = frozenset(
    {
        "kind",
        "name",
        "name_alt",
        "language",
        "tier",
        "key_account",
        "preferred_channel",
        "do_not_call",
        "hint",
        "address",
        "city",
        "first_business_on",
        "external_id",
    }
)


@dataclass(kw_only=True)
class Customer:
    """A person or company the hotline serves. ``name_alt`` is the name in the other script."""

    id: UUID
    rev: int = 1
    kind: str = "person"
    name: str = ""
    name_alt: str = ""
    language: str = "zh"
    tier: str = ""
    key_account: bool = False
    preferred_channel: str = ""
    do_not_call: bool = False
    hint: str = ""
    address: str = ""
    city: str = ""
    first_business_on: date | None = None
    external_id: str = ""
    created_at: datetime
    updated_at: datetime

    def change(self, author: Author, changes: Mapping[str, Any], base_revision: int | None) -> Operation:
        """Describe the change of some fields; refuse what no customer may be."""
        checked = checked_fields({**changes})
        return author.describe(
            "customer.change", {"id": self.id, "changes": checked}, base_revision=base_revision
        )


@dataclass(kw_only=True)
class ContactPoint:
    """A number or address of a customer: raw as given, ``value`` as compared, ``national`` digits to search.

    ``sharing`` says whether it is this customer's own or used by several; ``warned_at`` is set when a call
    from it popped the wrong person.
    """

    id: UUID
    rev: int = 1
    customer_id: UUID
    contact_id: UUID | None = None
    kind: str = "phone"
    raw: str = ""
    value: str = ""
    national: str = ""
    label: str = ""
    source: str = ""
    sharing: str = "unknown"
    warned_at: datetime | None = None
    position: int = 0


@dataclass(kw_only=True)
class Contact:
    """A person of a company."""

    id: UUID
    rev: int = 1
    customer_id: UUID
    name: str = ""
    name_alt: str = ""
    role: str = ""


def open_customer(
    author: Author,
    values: Mapping[str, Any],
    points: Iterable[Mapping[str, Any]] = (),
    row_id: UUID | None = None,
) -> Operation:
    """Describe a new customer with his *points* (fields of :class:`ContactPoint`)."""
    if "name" not in values:
        raise InvalidInput("Please fill in {name}.", fields=("name",), name="name")
    fields = checked_fields(values)
    return author.describe(
        "customer.create",
        {
            "id": row_id or author.new_id(),
            "fields": fields,
            "points": [checked_point(point) for point in points],
        },
    )


def checked_fields(values: Mapping[str, Any]) -> Row:
    """Return the fields of a customer cleaned; refuse what is not acceptable."""
    foreign = tuple(name for name in values if name not in EDITABLE)
    if foreign:
        raise InvalidInput("There is no field {names} here.", fields=foreign, names=", ".join(foreign))
    row = from_json(Customer, values)
    for name, choices in (("kind", KINDS), ("tier", TIERS), ("preferred_channel", CHANNELS)):
        if name in row:
            one_of(name, row[name], choices)
    for name, value in row.items():
        if isinstance(value, str):
            row[name] = within(name, clean_line(value), 2_000)
    if "name" in row:
        row["name"] = required_line("name", row["name"])
    return row


def checked_point(values: Mapping[str, Any]) -> Row:
    """Return a contact point cleaned; refuse one without a number or address."""
    row = from_json(ContactPoint, values)
    one_of("kind", row.get("kind", "phone"), POINT_KINDS)
    one_of("sharing", row.get("sharing", "unknown"), SHARINGS)
    row["raw"] = required_line(
        "phone" if row.get("kind", "phone") == "phone" else "email", row.get("raw", "")
    )
    row["label"] = clean_line(row.get("label", ""))
    return row


def create_customer(_rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``customer.create``: the customer and his contact points."""
    payload = operation.payload
    customer = Customer(
        id=UUID(payload["id"]),
        created_at=operation.at,
        updated_at=operation.at,
        **from_json(Customer, payload["fields"]),
    )
    yield fresh("customer", customer)
    for n, values in enumerate(payload["points"]):
        point = {**from_json(ContactPoint, values), "position": n, "customer_id": customer.id}
        yield fresh("contact_point", ContactPoint(id=child_id(operation.id, "point", n), **point))


def change_customer(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``customer.change``: some fields of a customer."""
    row = rows.get("customer", UUID(operation.payload["id"]))
    if row:
        changes = from_json(Customer, operation.payload["changes"])
        yield patched("customer", row, {**changes, "updated_at": operation.at})


def add_point(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``contact_point.add``: one more number or address of a customer."""
    values = from_json(ContactPoint, operation.payload)
    if rows.get("customer", values["customer_id"]):
        yield fresh("contact_point", ContactPoint(**values))


def change_point(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``contact_point.change``: label, sharing or warning of a number."""
    row = rows.get("contact_point", UUID(operation.payload["id"]))
    if row:
        yield patched("contact_point", row, from_json(ContactPoint, operation.payload["changes"]))


def drop_point(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``contact_point.drop``: the number no longer leads to this customer."""
    row = rows.get("contact_point", UUID(operation.payload["id"]))
    if row:
        yield RowChange("contact_point", row["id"], None)


def save_contact(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``contact.save``: a person of a company, new or changed, with his numbers when new."""
    values = from_json(Contact, operation.payload["fields"])
    row = rows.get("contact", values["id"])
    if row:
        yield patched("contact", row, values)
        return
    yield fresh("contact", Contact(**values))
    for n, point in enumerate(operation.payload.get("points", ())):
        held = {
            **from_json(ContactPoint, point),
            "position": n,
            "customer_id": values["customer_id"],
            "contact_id": values["id"],
        }
        yield fresh("contact_point", ContactPoint(id=child_id(operation.id, "point", n), **held))
