"""Value types used everywhere: ids, time and phone numbers.

Ids are UUID version 7 (RFC 9562 section 5.7): 48 bits of milliseconds first, so that rows lie in the order
they were made. Ids of rows that an operation creates besides its own are derived from it (version 5), so
that every desk and the server arrive at the same row.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import NewType
from uuid import UUID, uuid5

CustomerId = NewType("CustomerId", UUID)
ContactId = NewType("ContactId", UUID)
ContactPointId = NewType("ContactPointId", UUID)
AssetId = NewType("AssetId", UUID)
VisitId = NewType("VisitId", UUID)
CallId = NewType("CallId", UUID)
NoteId = NewType("NoteId", UUID)
TaskId = NewType("TaskId", UUID)
ArticleId = NewType("ArticleId", UUID)
AgentId = NewType("AgentId", UUID)
TeamId = NewType("TeamId", UUID)
OutletId = NewType("OutletId", UUID)
OperationId = NewType("OperationId", UUID)
DeviceId = NewType("DeviceId", UUID)

Clock = Callable[[], datetime]
"""Gives the present moment, aware and in UTC."""

TAG_SIGNS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Signs of a desk's tag: none that can be taken for another on paper or on the telephone."""


def utc_now() -> datetime:
    """Return the present moment by the machine's clock."""
    return datetime.now(UTC)


def new_id(milliseconds: int | None = None) -> UUID:
    """Return a new UUID version 7, at *milliseconds* since 1970 or now."""
    at = time.time_ns() // 1_000_000 if milliseconds is None else milliseconds
    random = int.from_bytes(os.urandom(10), "big")
    value = (at & (1 << 48) - 1) << 80 | random & (1 << 80) - 1
    value = value & ~(0xF << 76) | 7 << 76
    value = value & ~(0x3 << 62) | 2 << 62
    return UUID(int=value)


def child_id(operation_id: UUID, effect: str, n: int = 0) -> UUID:
    """Return the id of the *n*-th row that *effect* of an operation creates, equal on every desk."""
    return uuid5(operation_id, f"{effect}/{n}")
