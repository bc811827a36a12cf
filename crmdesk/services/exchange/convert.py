"""Cells of files as values of fields: numbers, dates and yes/no as people and programs write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.wire import Json, field_types

YES = frozenset({"true", "yes", "y", "1", "on", "是", "有", "真"})
NO = frozenset({"false", "no", "n", "0", "off", "否", "无", "假"})
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_WHOLE = re.compile(r"([+-]?\d{1,3}(?:[, ]\d{3})+|[+-]?\d+)(?:\.0+)?\s*(?:km|公里)?", re.IGNORECASE)


def converted(entity: type, values: Mapping[str, Json], zone: tzinfo) -> dict[str, Any]:
    """Return *values* as the types that *entity*'s fields declare; other names are left as they are.

    Moments without a zone are told in *zone*, the site's.

    Raises:
        InvalidInput: a value that is none of its type.
    """
    types = field_types(entity)
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name not in types or value is None:
            found[name] = value
            continue
        try:
            found[name] = _READERS[types[name][0]](value, zone)
        except (ValueError, TypeError, OverflowError, AttributeError):
            raise InvalidInput(
                "{name} cannot be {value}.", fields=(name,), name=name, value=repr(value)[:80]
            ) from None
    return found


def read_day(text: str) -> date:
    """Return the date in *text*: 2026-11-20, 2026/11/20, 2026年11月20日; a time after it is left out."""
    match = _DAY.match(text.strip())
    if match is None:
        raise ValueError
    return date(int(match[1]), int(match[2]), int(match[3]))


def read_moment(text: str, zone: tzinfo) -> datetime:
    """Return the moment in *text*, ISO 8601 or a date with a time; without a zone it is in *zone*.

    Signs may be of full width, and the hour of one digit, as spreadsheet programs of China write them.
    """
    plain = unicodedata.normalize("NFKC", text).strip()
    try:
        at = datetime.fromisoformat(plain)
    except ValueError:
        match = _DAY.match(plain)
        if match is None:
            raise
        clock = plain[match.end() :].strip() or "00:00"
        hour, colon, rest = clock.partition(":")
        at = datetime.fromisoformat(f"{read_day(plain).isoformat()}T{hour.zfill(2)}{colon}{rest}")
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)


def _text(value: Json, _zone: tzinfo) -> str:
    if isinstance(value, (bool, dict, list)):
        raise TypeError
    return str(value).encode("utf-8").decode("utf-8")


def _flag(value: Json, _zone: tzinfo) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in YES or word in NO:
        return word in YES
    raise ValueError


def _whole(value: Json, _zone: tzinfo) -> int:
    if isinstance(value, bool):
        raise TypeError
    if isinstance(value, (int, float)):
        if int(value) != value:
            raise ValueError
        return int(value)
    match = _WHOLE.fullmatch(value.strip())
    if match is None:
        raise ValueError
    return int(match[1].replace(",", "").replace(" ", ""))


def _day(value: Json, _zone: tzinfo) -> date:
    return read_day(value)


def _moment(value: Json, zone: tzinfo) -> datetime:
    return read_moment(value, zone)


def _words(value: Json, _zone: tzinfo) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)):
        raise TypeError
    return tuple(_text(item, _zone) for item in value)


def _id(value: Json, _zone: tzinfo) -> UUID:
    return UUID(value)


_READERS: Mapping[type, Callable[[Json, tzinfo], object]] = MappingProxyType(
    {
        str: _text,
        int: _whole,
        float: lambda value, _zone: float(value),
        bool: _flag,
        datetime: _moment,
        date: _day,
        tuple: _words,
        UUID: _id,
    }
)
"""How a value becomes each type."""
