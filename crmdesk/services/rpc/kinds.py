"""Types of the values that cross the wire: each reads a JSON value and tells its JSON Schema.

Reading gives Python values (UUID, aware datetime, date); what does not fit raises
:class:`~crmdesk.errors.InvalidInput` with the path of the field. Schemas are JSON Schema draft 2020-12.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.wire import Json, field_types
from crmdesk.values import dataclass

Schema = dict[str, Any]
Reader = Callable[[str, Json], Any]


@dataclass(frozen=True, slots=True)
class Kind:
    """One type: its schema, and how a value of it is read. ``read(path, value)``."""

    schema: Schema
    read: Reader


@dataclass(frozen=True, slots=True)
class Field:
    """One named value of a record. A missing optional field reads as *default*, or is left out."""

    name: str
    kind: Kind
    doc: str = ""
    required: bool = False
    default: Any = None


def refused(path: str, wanted: str) -> InvalidInput:
    """Return the refusal of a value that is not *wanted*."""
    return InvalidInput("{name} must be {wanted}.", fields=(path,), name=path, wanted=wanted)


def _plain(accepts: type | tuple[type, ...], wanted: str, schema: Schema) -> Kind:
    def read(path: str, value: Json) -> Any:
        if isinstance(value, bool) != (accepts is bool) or not isinstance(value, accepts):
            raise refused(path, wanted)
        return value

    return Kind(schema, read)


def _parsed(parse: Callable[[str], Any], wanted: str, schema: Schema) -> Kind:
    def read(path: str, value: Json) -> Any:
        try:
            return parse(value)
        except (ValueError, TypeError, AttributeError, OverflowError):
            raise refused(path, wanted) from None

    return Kind(schema, read)


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError
    return at.astimezone(UTC)


def _text(path: str, value: Json) -> str:
    if not isinstance(value, str) or _SURROGATE.search(value):
        raise refused(path, "text")
    return value


_SURROGATE = re.compile("[\ud800-\udfff]")
"""Half a character: JSON can say it, no encoding can."""

TEXT = Kind({"type": "string"}, _text)
FLAG = _plain(bool, "true or false", {"type": "boolean"})
NUMBER = _plain((int, float), "a number", {"type": "number"})
ID = _parsed(UUID, "an id", {"type": "string", "format": "uuid"})
MOMENT = _parsed(
    _moment, "a moment in UTC like 2026-11-20T09:58:00Z", {"type": "string", "format": "date-time"}
)
DAY = _parsed(date.fromisoformat, "a date like 2026-11-20", {"type": "string", "format": "date"})


def integer(lowest: int = -(1 << 63), highest: int = (1 << 63) - 1) -> Kind:
    """Return the whole numbers from *lowest* to *highest*."""

    def read(path: str, value: Json) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise refused(path, "a whole number")
        if not lowest <= value <= highest:
            raise refused(path, f"between {lowest} and {highest}")
        return value

    bounds = {"minimum": lowest} if lowest > -(1 << 63) else {}
    bounds |= {"maximum": highest} if highest < (1 << 63) - 1 else {}
    return Kind({"type": "integer", **bounds}, read)


def text(shortest: int, longest: int) -> Kind:
    """Return the texts of *shortest* to *longest* characters."""

    def read(path: str, value: Json) -> str:
        held = _text(path, value)
        if not shortest <= len(held) <= longest:
            raise refused(path, f"a text of {shortest} to {longest} characters")
        return held

    return Kind({"type": "string", "minLength": shortest, "maxLength": longest}, read)


INTEGER = integer()
COUNT = integer(0)


def choice(values: Iterable[str]) -> Kind:
    """Return the type of one of a few words."""
    allowed = tuple(values)

    def read(path: str, value: Json) -> str:
        if not isinstance(value, str) or value not in allowed:
            raise refused(path, "one of: " + ", ".join(word or '""' for word in allowed))
        return value

    return Kind({"type": "string", "enum": list(allowed)}, read)


def nullable(kind: Kind) -> Kind:
    """Return *kind* or null."""
    schema = dict(kind.schema)
    if "enum" in schema:
        schema["enum"] = [*schema["enum"], None]
    if isinstance(schema.get("type"), str):
        schema["type"] = [schema["type"], "null"]
    elif schema:
        schema = {"anyOf": [kind.schema, {"type": "null"}]}
    return Kind(schema, lambda path, value: None if value is None else kind.read(path, value))


def list_of(kind: Kind, most: int = 10_000) -> Kind:
    """Return a list of at most *most* values of *kind*."""

    def read(path: str, value: Json) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise refused(path, "a list")
        if len(value) > most:
            raise refused(path, f"a list of at most {most}")
        return tuple(kind.read(f"{path}[{n}]", item) for n, item in enumerate(value))

    return Kind({"type": "array", "items": kind.schema}, read)


def any_of_list(kind: Kind) -> Kind:
    """Return one value of *kind* or a list of them; read as a tuple."""
    many = list_of(kind, 500)

    def read(path: str, value: Json) -> tuple[Any, ...]:
        return tuple(many.read(path, value)) if isinstance(value, list) else (kind.read(path, value),)

    return Kind({"anyOf": [kind.schema, many.schema]}, read)


def record(*fields: Field, open_ended: bool = False, title: str = "") -> Kind:
    """Return an object of *fields*; others are refused unless *open_ended* (they are then ignored).

    Without any fields an *open_ended* record is any object and reads as it is. *title* names it for people.
    """
    known = {field.name: field for field in fields}

    def read(path: str, value: Json) -> dict[str, Any]:
        if not isinstance(value, Mapping):
            raise refused(path or "params", "an object of named values")
        prefix = f"{path}." if path else ""
        _refuse_strangers(prefix, [name for name in value if name not in known], open_ended)
        missing = [prefix + f.name for f in fields if f.required and f.name not in value]
        if missing:
            names = ", ".join(missing)
            raise InvalidInput("Please fill in {name}.", fields=tuple(missing), name=names)
        held = {f.name: f.default for f in fields if f.default is not None}
        if not fields:
            return dict(value)
        return held | {k: known[k].kind.read(prefix + k, v) for k, v in value.items() if k in known}

    schema = _object_schema(fields, open_ended)
    return Kind({"title": title, **schema} if title else schema, read)


def _refuse_strangers(prefix: str, strangers: list[str], open_ended: bool) -> None:
    if strangers and not open_ended:
        names = tuple(prefix + str(name) for name in strangers)
        raise InvalidInput("There is no field {names} here.", fields=names, names=", ".join(names))


def _object_schema(fields: tuple[Field, ...], open_ended: bool) -> Schema:
    properties = {}
    for field in fields:
        properties[field.name] = dict(field.kind.schema)
        if field.doc:
            properties[field.name]["description"] = field.doc
        if field.default is not None and isinstance(field.default, (str, int, bool)):
            properties[field.name]["default"] = field.default
    schema: Schema = {"type": "object", "properties": properties}
    required = [field.name for field in fields if field.required]
    if required:
        schema["required"] = required
    return schema if open_ended else {**schema, "additionalProperties": False}


BY_TYPE: Mapping[type, Kind] = MappingProxyType(
    {
        str: TEXT,
        int: INTEGER,
        float: NUMBER,
        bool: FLAG,
        UUID: ID,
        datetime: MOMENT,
        date: DAY,
        tuple: list_of(TEXT),
    }
)


def entity_fields(
    entity: type,
    names: Iterable[str],
    *,
    choices: Mapping[str, Iterable[str]] = MappingProxyType({}),
    required: Iterable[str] = (),
    docs: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Field, ...]:
    """Return fields of *entity* as fields of a record, typed as the entity declares them."""
    types = field_types(entity)
    must = set(required)
    found = []
    for name in names:
        held, optional = types["rev" if name == "version" else name]
        kind = choice(choices[name]) if name in choices else BY_TYPE[held]
        found.append(Field(name, nullable(kind) if optional else kind, docs.get(name, ""), name in must))
    return tuple(found)
