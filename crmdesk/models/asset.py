"""What a customer owns: vehicles, and when their next service is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.operations import Author, Operation, RowChange, Rows, fresh, patched
from crmdesk.models.rules import clean_line, not_negative, within
from crmdesk.models.wire import Row, from_json
from crmdesk.values import dataclass

EDITABLE = frozenset(
    {
        "customer_id",
        "kind",
        "model",
        "plate",
        "vin",
        "mileage_km",
        "built_on",
        "warranty_until",
        "next_service_on",
        "next_service_km",
        "external_id",
    }
)
VIN_LENGTH = 17


@dataclass(kw_only=True)
class Asset:
    """A vehicle; ``plate_key`` is the plate as compared (capitals and digits only)."""

    id: UUID
    rev: int = 1
    customer_id: UUID
    kind: str = "vehicle"
    model: str = ""
    plate: str = ""
    plate_key: str = ""
    vin: str = ""
    mileage_km: int | None = None
    mileage_at: datetime | None = None
    built_on: date | None = None
    warranty_until: date | None = None
    next_service_on: date | None = None
    next_service_km: int | None = None
    external_id: str = ""

    def change(self, author: Author, changes: Mapping[str, Any], base_revision: int | None) -> Operation:
        """Describe the change of some fields; refuse what no asset may be."""
        return author.describe(
            "asset.change",
            {"id": self.id, "changes": checked_fields(changes)},
            base_revision=base_revision,
        )


def plate_key(plate: str) -> str:
    """Return *plate* as it is compared: letters, digits and Chinese characters, capitals."""
    return "".join(c for c in clean_line(plate).upper() if c.isalnum())


def open_asset(author: Author, values: Mapping[str, Any], row_id: UUID | None = None) -> Operation:
    """Describe a new asset of a customer."""
    if not values.get("customer_id"):
        raise InvalidInput("Please fill in {name}.", fields=("customer_id",), name="customer_id")
    return author.describe(
        "asset.create", {"id": row_id or author.new_id(), "fields": checked_fields(values)}
    )


def checked_fields(values: Mapping[str, Any]) -> Row:
    """Return the fields of an asset cleaned; refuse what is not acceptable."""
    foreign = tuple(name for name in values if name not in EDITABLE)
    if foreign:
        raise InvalidInput("There is no field {names} here.", fields=foreign, names=", ".join(foreign))
    row = from_json(Asset, values)
    for name, value in row.items():
        if isinstance(value, str):
            row[name] = within(name, clean_line(value), 200)
    if "plate" in row:
        row["plate_key"] = plate_key(row["plate"])
    if row.get("vin"):
        row["vin"] = checked_vin(row["vin"])
    for name in ("mileage_km", "next_service_km"):
        not_negative(name, row.get(name))
    return row


def checked_vin(vin: str) -> str:
    """Return *vin* in capitals; refuse one that cannot be a vehicle identification number (ISO 3779)."""
    plain = vin.replace(" ", "").upper()
    if len(plain) != VIN_LENGTH or not plain.isascii() or not plain.isalnum() or set(plain) & set("IOQ"):
        raise InvalidInput(
            "A VIN has 17 letters and digits without I, O and Q; this is {vin}.", fields=("vin",), vin=vin
        )
    return plain


def create_asset(_rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``asset.create``."""
    values = from_json(Asset, operation.payload["fields"])
    at = operation.at if values.get("mileage_km") is not None else None
    yield fresh("asset", Asset(id=UUID(operation.payload["id"]), mileage_at=at, **values))


def change_asset(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``asset.change``."""
    row = rows.get("asset", UUID(operation.payload["id"]))
    if row:
        changes = from_json(Asset, operation.payload["changes"])
        if "mileage_km" in changes:
            changes["mileage_at"] = operation.at
        yield patched("asset", row, changes)
