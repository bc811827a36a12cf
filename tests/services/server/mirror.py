"""A desk whose complaints are laid out on a server, so that the server's rules look at the same rows."""

from __future__ import annotations

import json
import uuid
from pathlib import Path
from typing import Any

from crmdesk.models.complaint_effects import CHILDREN
from crmdesk.models.operations import Operation, RowChange
from crmdesk.models.wire import Row
from crmdesk.services.followers import followers
from crmdesk.services.server import ddl
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.store.unit_of_work import UnitOfWork
from tests.services.complaints.house import ROLES, ComplaintDesk

TABLES = ("complaint_category", "cause", "agent", "complaint", "complaint_body", "task", *CHILDREN)
JUDGE = (
    "SELECT crm.judge_step("
    " ROW(%s, 'complaint.step', 1, %s::jsonb, NULL, %s, %s, %s, %s, false)::crm.operation_in,"
    " (SELECT c FROM crm.complaint c WHERE c.id = %s), (SELECT b FROM crm.complaint_body b WHERE b.id = %s))"
)
DEVICE = uuid.UUID(int=900)


class Recording(UnitOfWork):
    """Keeps the operations it does, each with the rows as they were before."""

    def __init__(self, desk: MirroredDesk) -> None:
        super().__init__(desk.connection, desk.author, followers())
        self._desk = desk

    def do(self, operation: Operation) -> tuple[RowChange, ...]:
        """Do *operation*; one on a complaint is kept with the rows before it."""
        if operation.kind == "complaint.step":
            self._desk.done.append((operation, rows_before(self._desk)))
        return super().do(operation)


class MirroredDesk(ComplaintDesk):
    """A desk that remembers its steps on complaints: (operation, rows before it by table)."""

    def __init__(self, folder: Path) -> None:
        self.done: list[tuple[Operation, dict[str, list[Row]]]] = []
        super().__init__(folder)

    def work(self) -> UnitOfWork:
        """Return a unit of work that is recorded."""
        return Recording(self)


def rows_before(desk: ComplaintDesk) -> dict[str, list[Row]]:
    """Return all rows about complaints, by table."""
    stored = StoredRows(desk.connection)
    found = {}
    for table in TABLES:
        ids = desk.connection.execute(f"SELECT id FROM {table} ORDER BY id").fetchall()
        rows = (stored.get(table, uuid.UUID(bytes=row_id)) for (row_id,) in ids)
        found[table] = [row for row in rows if row is not None]
    return found


def lay_out(server: Any, rows: dict[str, list[Row]]) -> None:
    """Make the server hold these rows and no others."""
    for table, held in rows.items():
        server.execute(f"DELETE FROM crm.{table}")
        for known in held:
            row = {**known, "device": str(DEVICE)} if "device" in known else known
            names = list(row)
            values = [list(each) if isinstance(each, tuple) else each for each in row.values()]
            listed = ", ".join(map(ddl.quoted, names))
            marks = ", ".join(["%s"] * len(names))
            server.execute(f"INSERT INTO crm.{table} ({listed}) VALUES ({marks})", values)


def judge(server: Any, operation: Operation, role: str | None = None, **other: Any) -> None:
    """Let the server judge *operation*, *other* laid over its payload; psycopg's error when it refuses."""
    payload = {**operation.payload, **other}
    actor = uuid.UUID(operation.actor) if operation.actor else None
    role = role or (ROLES.get(actor, "system") if actor else "system")
    text = json.dumps(payload, ensure_ascii=False)
    row_id = payload["id"]
    server.execute(JUDGE, (operation.id, text, operation.actor, role, DEVICE, operation.at, row_id, row_id))
