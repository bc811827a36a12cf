"""Who may be the same person: said before a second record grows, never decided by the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from crmdesk.models.text import Text, say
from crmdesk.models.types import CustomerId
from crmdesk.models.wire import Row
from crmdesk.services.customers.search import named
from crmdesk.services.customers.values import marks, rows
from crmdesk.values import dataclass

LIMIT = 20
NAMESAKES = 5
"""People of one name are told only this many: the name alone says little where thousands bear it."""

_BY_POINT = f"SELECT customer_id FROM contact_point WHERE value = ? AND kind = ? LIMIT {LIMIT}"
_BY_OWN_ID = f"SELECT id FROM customer WHERE external_id = ? LIMIT {LIMIT}"
_BY_PLATE = f"SELECT customer_id FROM asset WHERE plate_key = ? LIMIT {LIMIT}"
_BY_VIN = f"SELECT customer_id FROM asset WHERE vin = ? LIMIT {LIMIT}"
_NAMES = "SELECT id, name FROM customer WHERE id IN ({})"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A customer who may be the one just entered, and why."""

    customer_id: CustomerId
    name: str
    why: Text


def possible_duplicates(
    connection: Any,
    values: Mapping[str, Any],
    points: Sequence[Row] = (),
    assets: Sequence[Row] = (),
) -> tuple[Duplicate, ...]:
    """Return who may be the customer described, surest first, at most :data:`LIMIT`.

    Args:
        connection: a reader, or the writer's before the customer is written.
        values: fields of the customer.
        points: his contact points, parsed.
        assets: his assets, checked (``plate_key``, ``vin``).
    """
    found: dict[bytes, Text] = {}
    for query, value, why in _sure_signs(values, points, assets):
        for (customer,) in rows(connection, query, *value):
            found.setdefault(customer, why)
    for customer in named(connection, values.get("name", ""), NAMESAKES):
        found.setdefault(customer, say("same name"))
    first = list(found)[:LIMIT]
    names = dict(rows(connection, _NAMES.format(marks(len(first))), *first)) if first else {}
    return tuple(
        Duplicate(CustomerId(UUID(bytes=customer)), names[customer], found[customer])
        for customer in first
        if customer in names
    )


def _sure_signs(
    values: Mapping[str, Any], points: Sequence[Row], assets: Sequence[Row]
) -> list[tuple[str, tuple[object, ...], Text]]:
    """Return (query, its values, reason) for everything that leads to few people."""
    signs: list[tuple[str, tuple[object, ...], Text]] = []
    for point in points:
        kind, raw = point.get("kind", "phone"), point["raw"]
        why = say("same phone {raw}", raw=raw) if kind == "phone" else say("same address {raw}", raw=raw)
        signs.append((_BY_POINT, (point["value"], kind), why))
    if values.get("external_id"):
        signs.append((_BY_OWN_ID, (values["external_id"],), say("same customer number")))
    for asset in assets:
        if asset.get("plate_key"):
            signs.append((_BY_PLATE, (asset["plate_key"],), say("same plate")))
        if asset.get("vin"):
            signs.append((_BY_VIN, (asset["vin"],), say("same VIN")))
    return signs
