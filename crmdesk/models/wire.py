"""Rows and payloads as JSON values, and back, by the field types of the entity.

UUIDs become strings, moments ISO 8601 with ``Z``, dates ISO 8601, tuples lists. What comes from outside is
checked here once: a value of the wrong type raises :class:`~crmdesk.errors.InvalidInput` naming the field.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields
from datetime import UTC, date, datetime
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

from crmdesk.errors import InvalidInput

Json = Any
"""What JSON can say: None, bool, int, float, str, list and dict of these."""

Row = dict[str, Any]
"""One row of a table: values by column name, as Python types (UUID, datetime, date, tuple …)."""


_PLAIN = frozenset({str, int, bool, float, type(None)})
"""What JSON says as it is; nearly all values are."""


def to_json(value: object) -> Json:
    """Return *value* in JSON types; raise TypeError for what has no form on the wire."""
    if type(value) in _PLAIN or isinstance(value, (str, int, float)):
        return value
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (dict, Mapping)):
        return {str(key): item if type(item) in _PLAIN else to_json(item) for key, item in value.items()}
    if isinstance(value, (tuple, list, frozenset, set)):
        return [to_json(item) for item in value]
    raise TypeError(f"{type(value).__name__} has no form on the wire")


def from_json(entity: type, values: Mapping[str, Json]) -> Row:
    """Return *values* as the Python types that *entity*'s fields declare.

    Raises:
        InvalidInput: a name is no field of the entity, or its value is of another type.
    """
    known = field_types(entity)
    if not values.keys() <= known.keys():
        unknown = tuple(name for name in values if name not in known)
        raise InvalidInput("There is no field {names} here.", fields=unknown, names=", ".join(unknown))
    return {name: _convert(name, known[name], value) for name, value in values.items()}


@cache
def field_types(entity: type) -> dict[str, tuple[type, bool]]:
    """Return ``{field: (type, may be None)}`` of a dataclass, NewTypes resolved."""
    hints = get_type_hints(entity)
    return {field.name: _resolve(hints[field.name]) for field in fields(entity)}


def _resolve(hint: Any) -> tuple[type, bool]:
    if get_origin(hint) in (Union, types.UnionType):
        inner = [part for part in get_args(hint) if part is not type(None)]
        return _resolve(inner[0])[0], True
    while hasattr(hint, "__supertype__"):
        hint = hint.__supertype__
    return get_origin(hint) or hint, False


def _convert(name: str, declared: tuple[type, bool], value: Json) -> object:
    kind, optional = declared
    if value is None and optional:
        return None
    try:
        return _READERS[kind](value)
    except (ValueError, TypeError, AttributeError):
        raise InvalidInput("The field {name} cannot hold this value.", fields=(name,), name=name) from None


def _read_text(value: Json) -> str:
    if not isinstance(value, str):
        raise TypeError
    if value.isascii():
        return value
    try:
        value.encode()
    except UnicodeEncodeError:  # JSON can name half a character; no file can hold one
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return value


def _read_integer(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not -(1 << 63) <= value < 1 << 63:
        raise TypeError
    return value


def _read_flag(value: Json) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _read_moment(value: Json) -> datetime:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(_read_text(value))
    if at.tzinfo is None:
        raise ValueError
    return at.astimezone(UTC)


def _read_day(value: Json) -> date:
    return value if isinstance(value, date) else date.fromisoformat(_read_text(value))


def _read_words(value: Json) -> tuple[str, ...]:
    if isinstance(value, str):
        raise TypeError
    return tuple(_read_text(item) for item in value)


def _read_id(value: Json) -> UUID:
    return value if isinstance(value, UUID) else UUID(_read_text(value))


_READERS: Mapping[type, Any] = types.MappingProxyType(
    {
        str: _read_text,
        int: _read_integer,
        float: float,
        bool: _read_flag,
        datetime: _read_moment,
        date: _read_day,
        tuple: _read_words,
        UUID: _read_id,
    }
)
