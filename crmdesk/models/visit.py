"""Service visits: what was done to an asset, where, at which mileage."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.interaction import shown
from crmdesk.models.operations import Author, Operation, RowChange, Rows, fresh, patched
from crmdesk.models.rules import clean_line, clean_text, not_negative, one_of, required_line, within
from crmdesk.models.types import child_id
from crmdesk.models.wire import Row, from_json
from crmdesk.values import dataclass

ITEM_KINDS = ("work", "part", "fault")
EDITABLE = frozenset(
    {
        "visited_at",
        "outlet_id",
        "outlet",
        "mileage_km",
        "summary",
        "note",
        "next_service_on",
        "next_service_km",
        "external_id",
    }
)


@dataclass(kw_only=True)
class ServiceVisit:
    """One stay in a workshop. ``next_service_on`` and ``_km`` are what the outlet wrote into the booklet."""

    id: UUID
    rev: int = 1
    asset_id: UUID
    customer_id: UUID
    outlet_id: UUID | None = None
    outlet: str = ""
    visited_at: datetime
    mileage_km: int | None = None
    summary: str = ""
    note: str = ""
    next_service_on: date | None = None
    next_service_km: int | None = None
    external_id: str = ""

    def change(self, author: Author, changes: Mapping[str, Any], base_revision: int | None) -> Operation:
        """Describe the change of some fields; the asset, its owner and the items stay."""
        foreign = tuple(name for name in changes if name not in EDITABLE)
        if foreign:
            raise InvalidInput("There is no field {names} here.", fields=foreign, names=", ".join(foreign))
        checked = _checked_fields(author, changes)
        return author.describe(
            "visit.change", {"id": self.id, "changes": checked}, base_revision=base_revision
        )


@dataclass(kw_only=True)
class VisitItem:
    """One line of a visit: work done, part used, or fault found; ``code`` is the key of the code table."""

    id: UUID
    rev: int = 1
    visit_id: UUID
    asset_id: UUID
    kind: str = "work"
    code: str = ""
    text: str = ""
    quantity: int = 1
    position: int = 0
    at: datetime


def record_visit(
    author: Author,
    values: Mapping[str, Any],
    items: Iterable[Mapping[str, Any]] = (),
    row_id: UUID | None = None,
) -> Operation:
    """Describe a service visit with its *items* (kind, code, text, quantity)."""
    row = _checked_fields(author, values)
    for name in ("asset_id", "customer_id", "visited_at"):
        if not row.get(name):
            raise InvalidInput("Please fill in {name}.", fields=(name,), name=name)
    checked = [_checked_item(item) for item in items]
    return author.describe("visit.record", {"id": row_id or author.new_id(), "fields": row, "items": checked})


def _checked_fields(author: Author, values: Mapping[str, Any]) -> Row:
    row = from_json(ServiceVisit, values)
    if row.get("visited_at") and row["visited_at"] > author.now() + timedelta(days=1):
        raise InvalidInput(
            "This visit lies in the future; check the date {at}.",
            fields=("visited_at",),
            at=row["visited_at"].date(),
        )
    for name in ("mileage_km", "next_service_km"):
        not_negative(name, row.get(name))
    for name, limit in (("summary", 2_000), ("outlet", 200), ("external_id", 200)):
        if name in row:
            row[name] = within(name, clean_line(row[name]), limit)
    if "note" in row:
        row["note"] = within("note", clean_text(row["note"]))
    return row


def _checked_item(values: Mapping[str, Any]) -> Row:
    row = from_json(VisitItem, values)
    one_of("kind", row.get("kind", "work"), ITEM_KINDS)
    row["text"] = required_line("items", row.get("text") or row.get("code", ""), 500)
    return row


def recorded_visit(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``visit.record``: the visit, its items, its line in the time line, the asset's mileage."""
    payload = operation.payload
    values = from_json(ServiceVisit, payload["fields"])
    visit = ServiceVisit(id=UUID(payload["id"]), **values)
    yield fresh("service_visit", visit)
    items = [from_json(VisitItem, item) for item in payload["items"]]
    for n, item in enumerate(items):
        own = {
            **item,
            "visit_id": visit.id,
            "asset_id": visit.asset_id,
            "position": n,
            "at": visit.visited_at,
        }
        yield fresh("visit_item", VisitItem(id=child_id(operation.id, "item", n), **own))
    yield from _on_time_line(rows, visit, [item["text"] for item in items])
    yield from _on_asset(rows, visit)


def changed_visit(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``visit.change``: fields of the visit, its line in the time line, the asset's mileage."""
    row = rows.get("service_visit", UUID(operation.payload["id"]))
    if row is None:
        return
    change = patched("service_visit", row, from_json(ServiceVisit, operation.payload["changes"]))
    yield change
    visit = ServiceVisit(**(change.row or {}))
    items = sorted(rows.where("visit_item", "visit_id", visit.id), key=lambda item: int(item["position"]))
    yield from _on_time_line(rows, visit, [item["text"] for item in items])
    yield from _on_asset(rows, visit)


def _on_time_line(rows: Rows, visit: ServiceVisit, texts: list[str]) -> Iterable[RowChange]:
    done = " · ".join(texts)
    yield from shown(
        rows,
        {
            "id": visit.id,
            "customer_id": visit.customer_id,
            "asset_id": visit.asset_id,
            "kind": "visit",
            "at": visit.visited_at,
            "subject": visit.summary or done,
            "summary": done if visit.summary else visit.note,
            "who": visit.outlet,
        },
    )


def _on_asset(rows: Rows, visit: ServiceVisit) -> Iterable[RowChange]:
    asset = rows.get("asset", visit.asset_id)
    if not asset or visit.mileage_km is None:
        return
    if asset["mileage_at"] is None or visit.visited_at >= asset["mileage_at"]:
        news: dict[str, Any] = {"mileage_km": visit.mileage_km, "mileage_at": visit.visited_at}
        if visit.next_service_on or visit.next_service_km:
            news |= {"next_service_on": visit.next_service_on, "next_service_km": visit.next_service_km}
        yield patched("asset", asset, news)
