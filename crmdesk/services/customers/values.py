"""Column values of the store as Python values, for queries on a bare connection.

Ids are 16 bytes, moments whole microseconds since 1970 (UTC), dates ISO 8601 text, flags 0 or 1.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
DAY = 86_400_000_000
"""One day in microseconds."""


def micros(at: datetime) -> int:
    """Return *at* as a column holds it."""
    return (at - EPOCH) // MICROSECOND


def moment(column: int | None) -> datetime | None:
    """Return the moment of a column that may be empty."""
    return None if column is None else moment_at(column)


def moment_at(column: int) -> datetime:
    """Return the moment of a column, UTC."""
    return EPOCH + timedelta(microseconds=column)


def day(column: str | None) -> date | None:
    """Return the date of a column that may be empty."""
    return date.fromisoformat(column) if column else None


def identity(column: bytes | None) -> UUID | None:
    """Return the id of a column that may be empty."""
    return None if column is None else UUID(bytes=column)


def marks(count: int) -> str:
    """Return *count* parameter marks for an ``IN`` list."""
    return ", ".join("?" * count)


def rows(connection: Any, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return all rows of *query*."""
    found: list[tuple[Any, ...]] = connection.execute(query, values).fetchall()
    return found


def zone_of(now: datetime) -> tzinfo:
    """Return the zone in which *now* is told: it decides what "yesterday" is."""
    return now.tzinfo or UTC
