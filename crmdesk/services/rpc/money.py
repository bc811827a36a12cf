"""Money at the border: ``{"amount": "150.00", "currency": "CNY"}``; inside it is the smallest unit."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType

from crmdesk.errors import InvalidInput
from crmdesk.models.payload import MONEY_LIMIT
from crmdesk.models.wire import Json
from crmdesk.services.complaints.procedure import CENTS
from crmdesk.services.rpc.kinds import TEXT, Field, record

MONEY = record(
    Field("amount", TEXT, "decimal, two places at most", required=True),
    Field("currency", TEXT, "ISO 4217, the site's", required=True),
    title="Money",
)
_AMOUNT = re.compile(r"(\d{1,12})(?:\.(\d{1,2}))?")
IN_FIELDS: Mapping[str, str] = MappingProxyType({"impact": "money", "remedies": "value"})
"""Fields of payloads that hold money, and under which name in them."""
COLUMNS = frozenset({"money", "remedy_total", "value"})
"""Columns that hold money."""


def told_money(units: int, currency: str) -> Json:
    """Return *units* of the smallest unit as money."""
    return {"amount": f"{units // CENTS}.{units % CENTS:02d}", "currency": currency}


def read_money(name: str, value: Json, currency: str) -> int:
    """Return money as whole units of the smallest one.

    Raises:
        InvalidInput: it is no money, finer than the smallest unit, of another currency, or too much.
    """
    if not isinstance(value, Mapping) or set(value) != {"amount", "currency"}:
        raise _refused(name, 'money, for example {"amount": "150.00", "currency": "' + currency + '"}')
    match = _AMOUNT.fullmatch(value["amount"]) if isinstance(value["amount"], str) else None
    if match is None:
        raise _refused(f"{name}.amount", "a decimal number with two places at most, for example 150.00")
    if value["currency"] != currency:
        raise _refused(f"{name}.currency", f"{currency}, the currency of this site")
    units = int(match[1]) * CENTS + int((match[2] or "0").ljust(2, "0"))
    if units > MONEY_LIMIT:
        raise _refused(f"{name}.amount", f"{MONEY_LIMIT // CENTS} at most")
    return units


def _refused(name: str, wanted: str) -> InvalidInput:
    return InvalidInput("{name} must be {wanted}.", fields=(name,), name=name, wanted=wanted)


def with_units(fields: Mapping[str, Json], currency: str) -> dict[str, Json]:
    """Return the *fields* of a payload as given from outside with money as units; the rest as it is."""
    return _changed(fields, lambda path, value: read_money(path, value, currency))


def with_money(fields: Mapping[str, Json], currency: str) -> dict[str, Json]:
    """Return the *fields* of a payload as kept with units as money."""
    return _changed(fields, lambda _path, value: told_money(value, currency))


def _changed(fields: Mapping[str, Json], change: Callable[[str, Json], Json]) -> dict[str, Json]:
    found = dict(fields)
    for name, part in IN_FIELDS.items():
        value = fields.get(name)
        if isinstance(value, Mapping):
            found[name] = _part(f"{name}.{part}", value, part, change)
        elif isinstance(value, list | tuple):
            found[name] = [_part(f"{name}[{n}].{part}", each, part, change) for n, each in enumerate(value)]
    return found


def _part(path: str, value: Json, part: str, change: Callable[[str, Json], Json]) -> Json:
    if not isinstance(value, Mapping) or value.get(part) is None:
        return value
    return {**value, part: change(path, value[part])}
