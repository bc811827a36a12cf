"""How values lie in the file: ids 16 bytes, moments whole microseconds since 1970 (UTC), lists JSON text."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(at: datetime) -> int:
    """Return *at* as microseconds since 1970."""
    return (at - EPOCH) // MICROSECOND


def from_micros(micros: int) -> datetime:
    """Return the moment *micros* microseconds after 1970, UTC."""
    return EPOCH + timedelta(microseconds=micros)
