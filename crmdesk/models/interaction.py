"""One line of a customer's time line, whatever it was: a call, a visit, a note or a task.

A line carries the id of the thing it shows, so that the thing and its line are found by one key.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from crmdesk.models.operations import RowChange, Rows, fresh, patched
from crmdesk.values import dataclass

KINDS = ("call", "visit", "note", "task", "complaint")
SUMMARY_LIMIT = 280


@dataclass(kw_only=True)
class Interaction:
    """What happened when with which customer; ``topic`` is the fault or subject key, empty when unknown.

    ``customer_id`` None: an unidentified call that can be attached later.
    """

    id: UUID
    rev: int = 1
    customer_id: UUID | None = None
    asset_id: UUID | None = None
    kind: str = "call"
    direction: str = ""
    at: datetime
    subject: str = ""
    summary: str = ""
    who: str = ""
    state: str = ""
    topic: str = ""


def shown(rows: Rows, values: Mapping[str, Any]) -> Iterable[RowChange]:
    """Yield the change that puts *values* (by ``id``) on the time line, new or again."""
    row = rows.get("interaction", values["id"])
    held = {**values, "summary": values["summary"][:SUMMARY_LIMIT]} if "summary" in values else dict(values)
    if row is None:
        yield fresh("interaction", Interaction(**held))
    elif any(row[name] != value for name, value in held.items()):
        yield patched("interaction", row, held)
