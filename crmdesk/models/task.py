"""Tasks and call-backs: what somebody promised, who owns it, when it is due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from crmdesk.models.operations import Author, Operation, RowChange, Rows, fresh, patched
from crmdesk.models.rules import clean_line, clean_text, one_of, required_line, within
from crmdesk.models.wire import Row, from_json
from crmdesk.values import dataclass

KINDS = ("task", "callback")
STATES = ("open", "done", "dropped")
SUBJECT_LIMIT = 500
CALL_BACK_WITHIN = 60
"""Minutes until the call-back of a missed call is due."""

EDITABLE = frozenset(
    {
        "kind",
        "subject",
        "note",
        "customer_id",
        "call_id",
        "complaint_id",
        "errand",
        "number_value",
        "owner_id",
        "team_id",
        "due_at",
        "state",
        "attempts",
    }
)


SHOWN_OF_TASK = frozenset(
    {"id", "rev", "kind", "owner_id", "team_id", "state", "created_at", "done_at", "complaint_id"}
)
"""What others get of a task of a restricted complaint: that there is one, and whose it is."""
OWNER_IS_TOLD = frozenset({"subject", "errand", "due_at", "attempts"})
"""What its own owner gets besides, should he not handle the complaint: what is asked of him."""


@dataclass(kw_only=True)
class Task:
    """Something to do for a customer; an empty subject of a call-back means "missed call".

    ``errand`` is the key of what the procedure of complaints asks for, None for what people thought of.
    """

    id: UUID
    rev: int = 1
    kind: str = "task"
    subject: str = ""
    note: str = ""
    customer_id: UUID | None = None
    call_id: UUID | None = None
    number_value: str = ""
    owner_id: UUID | None = None
    team_id: UUID | None = None
    due_at: datetime | None = None
    state: str = "open"
    attempts: int = 0
    created_at: datetime
    done_at: datetime | None = None
    complaint_id: UUID | None = None
    errand: str | None = None

    def change(self, author: Author, changes: Mapping[str, Any], base_revision: int | None) -> Operation:
        """Describe the change of some fields, done and dropped included."""
        return author.describe(
            "task.change", {"id": self.id, "changes": checked_fields(changes)}, base_revision=base_revision
        )


def open_task(author: Author, values: Mapping[str, Any], row_id: UUID | None = None) -> Operation:
    """Describe a new task or call-back; refuse a task that does not say what to do."""
    fields = checked_fields(values)
    if fields.get("kind", "task") == "task" and not fields.get("errand"):
        required_line("subject", fields.get("subject", ""), SUBJECT_LIMIT)
    return author.describe("task.open", {"id": row_id or author.new_id(), "fields": fields})


def checked_fields(values: Mapping[str, Any]) -> Row:
    """Return the fields of a task cleaned; refuse what is not acceptable."""
    row = from_json(Task, {k: v for k, v in values.items() if k in EDITABLE})
    one_of("kind", row.get("kind", "task"), KINDS)
    one_of("state", row.get("state", "open"), STATES)
    if "subject" in row:
        row["subject"] = within("subject", clean_line(row["subject"]), SUBJECT_LIMIT)
    if "note" in row:
        row["note"] = within("note", clean_text(row["note"]))
    return row


def opened(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``task.open``; a task that exists already stays as it is."""
    row_id = UUID(operation.payload["id"])
    if rows.get("task", row_id) is None:
        fields = from_json(Task, operation.payload["fields"])
        yield fresh("task", Task(id=row_id, created_at=operation.at, **fields))


def changed(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``task.change``."""
    row = rows.get("task", UUID(operation.payload["id"]))
    if row:
        changes = from_json(Task, operation.payload["changes"])
        if "state" in changes:
            changes["done_at"] = operation.at if changes["state"] != "open" else None
        yield patched("task", row, changes)
