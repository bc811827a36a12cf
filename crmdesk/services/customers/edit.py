"""What agents change of a customer, as use cases: load, call the entity, commit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.models import asset, customer, visit
from crmdesk.models.rules import clean_line, one_of, required_line, within
from crmdesk.models.types import AssetId, ContactId, ContactPointId, CustomerId, VisitId
from crmdesk.models.wire import Row, from_json
from crmdesk.services.customers.duplicates import Duplicate, possible_duplicates
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

POINT_FIELDS = frozenset({"label", "sharing", "warned_at", "position"})


@dataclass(frozen=True, slots=True)
class Opened:
    """A new customer, and who may be the same person."""

    customer_id: CustomerId
    duplicates: tuple[Duplicate, ...]


def open_customer(
    work: UnitOfWork,
    values: Mapping[str, Any],
    points: Sequence[Row] = (),
    assets: Iterable[Mapping[str, Any]] = (),
) -> Opened:
    """Open a customer with parsed *points* and his *assets*; say who may be the same person."""
    operation = customer.open_customer(work.author, values, points)
    who = CustomerId(UUID(operation.payload["id"]))
    owned = [asset.open_asset(work.author, {**held, "customer_id": who}) for held in assets]
    duplicates = possible_duplicates(
        work.connection, values, points, [held.payload["fields"] for held in owned]
    )
    for step in (operation, *owned):
        work.do(step)
    work.commit()
    return Opened(who, duplicates)


def change_customer(
    work: UnitOfWork, customer_id: UUID, changes: Mapping[str, Any], base_revision: int | None = None
) -> Row:
    """Change some fields of a customer; return him."""
    held = work.load(customer.Customer, customer_id)
    work.do(held.change(work.author, changes, base_revision))
    work.commit()
    return work.row("customer", customer_id) or {}


def add_point(
    work: UnitOfWork, customer_id: UUID, point: Row, contact_id: UUID | None = None
) -> ContactPointId:
    """Add a parsed number or address to a customer, or to one of a company's people."""
    known(work, "customer", customer_id)
    row_id = work.author.new_id()
    places = [held["position"] for held in work.rows("contact_point", "customer_id", customer_id)]
    owner: Row = {"id": row_id, "customer_id": customer_id, "contact_id": contact_id}
    owner["position"] = 1 + max(places, default=-1)
    work.do(work.author.describe("contact_point.add", {**customer.checked_point(point), **owner}))
    work.commit()
    return ContactPointId(row_id)


def change_point(
    work: UnitOfWork, point_id: UUID, changes: Mapping[str, Any], base_revision: int | None = None
) -> Row:
    """Change label, sharing, place or warning of a number; the number itself never changes."""
    known(work, "contact_point", point_id)
    payload = {"id": point_id, "changes": _checked_point_changes(changes)}
    work.do(work.author.describe("contact_point.change", payload, base_revision=base_revision))
    work.commit()
    return work.row("contact_point", point_id) or {}


def drop_point(work: UnitOfWork, point_id: UUID) -> None:
    """Let a number lead to this customer no more."""
    known(work, "contact_point", point_id)
    work.do(work.author.describe("contact_point.drop", {"id": point_id}))
    work.commit()


def save_contact(
    work: UnitOfWork,
    customer_id: UUID,
    values: Mapping[str, Any],
    points: Sequence[Row] = (),
    contact_id: UUID | None = None,
) -> ContactId:
    """Add a person to a company with parsed *points*, or change the person *contact_id*."""
    known(work, "customer", customer_id)
    row_id = contact_id or work.author.new_id()
    fields = {**_checked_contact(values, new=contact_id is None), "id": row_id, "customer_id": customer_id}
    work.do(work.author.describe("contact.save", {"fields": fields, "points": list(points)}))
    work.commit()
    return ContactId(row_id)


def open_asset(work: UnitOfWork, values: Mapping[str, Any]) -> AssetId:
    """Give a customer an asset."""
    operation = asset.open_asset(work.author, values)
    known(work, "customer", UUID(operation.payload["fields"]["customer_id"]))
    work.do(operation)
    work.commit()
    return AssetId(UUID(operation.payload["id"]))


def change_asset(
    work: UnitOfWork, asset_id: UUID, changes: Mapping[str, Any], base_revision: int | None = None
) -> Row:
    """Change some fields of an asset; return it."""
    held = work.load(asset.Asset, asset_id)
    work.do(held.change(work.author, changes, base_revision))
    work.commit()
    return work.row("asset", asset_id) or {}


def record_visit(
    work: UnitOfWork, values: Mapping[str, Any], items: Iterable[Mapping[str, Any]] = ()
) -> VisitId:
    """Record a service visit; its customer is the asset's owner unless given."""
    operation = visit.record_visit(work.author, {**_owner_of(work, values), **values}, items)
    known(work, "customer", UUID(operation.payload["fields"]["customer_id"]))
    work.do(operation)
    work.commit()
    return VisitId(UUID(operation.payload["id"]))


def known(work: UnitOfWork, table: str, row_id: UUID) -> Row:
    """Return a row; raise NotFound when there is none."""
    held = work.row(table, row_id)
    if held is None:
        what = table.replace("_", " ")
        raise NotFound("This {what} is not here any more.", fields=(f"{table}_id",), what=what)
    return held


def _owner_of(work: UnitOfWork, values: Mapping[str, Any]) -> Row:
    asset_id = from_json(visit.ServiceVisit, values).get("asset_id")
    return {"customer_id": known(work, "asset", asset_id)["customer_id"]} if asset_id else {}


def _checked_point_changes(changes: Mapping[str, Any]) -> Row:
    foreign = tuple(name for name in changes if name not in POINT_FIELDS)
    if foreign:
        raise InvalidInput("There is no field {names} here.", fields=foreign, names=", ".join(foreign))
    row = from_json(customer.ContactPoint, changes)
    one_of("sharing", row.get("sharing", "unknown"), customer.SHARINGS)
    if "label" in row:
        row["label"] = within("label", clean_line(row["label"]), 200)
    return row


def _checked_contact(values: Mapping[str, Any], *, new: bool) -> Row:
    row = from_json(customer.Contact, values)
    for name in ("name_alt", "role"):
        if name in row:
            row[name] = within(name, clean_line(row[name]), 200)
    if new or "name" in row:
        row["name"] = required_line("name", row.get("name", ""))
    return row
