"""Errands of a complaint end with what they were about, and reminders go with it to whoever owns it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.models.complaint_step import ledger_of
from crmdesk.models.task import Task
from crmdesk.models.timetable import REMINDER
from crmdesk.models.types import child_id

if TYPE_CHECKING:
    from datetime import datetime

    from crmdesk.models.complaint_file import LastEvent
    from crmdesk.models.wire import Row
    from crmdesk.services.complaints.procedure import Procedure
    from crmdesk.services.store.unit_of_work import UnitOfWork

ESCALATED, TAKEN_OVER = "escalated", "taken_over"


def see_to_errands(work: UnitOfWork, rules: Procedure, complaint_id: UUID, actor_id: UUID | None) -> None:
    """Bring the open errands of a complaint in line with how it stands after a step of *actor_id*.

    None: after what time did; at a shared desk the server sees to them then, in ``crm.see_to_errands``.
    Within a larger change. Told without a base: two desks that see to the same errand agree.
    """
    tasks = [row for row in work.rows("task", "complaint_id", complaint_id) if row["state"] == "open"]
    head = work.row("complaint", complaint_id)
    if head is None or not tasks:
        return
    done = _over(work, rules, head, tasks, actor_id)
    for row in tasks:
        if row["id"] in done:
            _change(work, row, {"state": "done"})
        elif row["errand"] == REMINDER and row["owner_id"] != head["owner_id"]:
            _change(work, row, {"owner_id": head["owner_id"], "team_id": head["team_id"]})


def take_back_errands(work: UnitOfWork, complaint_id: UUID, undone: LastEvent) -> None:
    """Drop the errand that a step brought which was undone, and open again those that ended with it.

    Within a larger change. No step that can be undone brings more than one.
    """
    brought = child_id(undone.operation_id, "task", 0)
    for row in work.rows("task", "complaint_id", complaint_id):
        if row["id"] == brought and row["state"] == "open":
            _change(work, row, {"state": "dropped"})
        elif row["errand"] and undone.at is not None and row["done_at"] and row["done_at"] >= undone.at:
            _change(work, row, {"state": "open"})


def _over(
    work: UnitOfWork, rules: Procedure, head: Row, tasks: list[Row], actor_id: UUID | None
) -> set[UUID]:
    """Return the errands that nobody needs to do any more."""
    open_states = {state.key for state in rules.rules.workflow.states if state.open}
    ended = head["state"] not in open_states
    reminders = [row for row in tasks if row["errand"] == REMINDER]
    latest = {_clock(row): row["id"] for row in sorted(reminders, key=_made)}
    going = _going(work, head["id"]) if reminders else set()
    over = {row["id"] for row in reminders if _clock(row) not in going or latest[_clock(row)] != row["id"]}
    over |= {row["id"] for row in tasks if ended and row["errand"] in (REMINDER, ESCALATED, TAKEN_OVER)}
    if actor_id is not None and actor_id == head["owner_id"]:
        over |= {row["id"] for row in tasks if row["errand"] == TAKEN_OVER}
    return over


def _going(work: UnitOfWork, complaint_id: UUID) -> set[str]:
    """Return the clocks that have not ended."""
    runs = ledger_of(work.rows("clock_line", "complaint_id", complaint_id)).runs().values()
    return {each[-1].last.clock for each in runs if each[-1].stop is None}


def _made(reminder: Row) -> tuple[datetime, UUID]:
    return reminder["created_at"], reminder["id"]


def _clock(reminder: Row) -> str:
    """Return which clock a reminder is about: its note begins so."""
    return str(reminder["note"]).partition(" ")[0]


def _change(work: UnitOfWork, row: Row, changes: dict[str, Any]) -> None:
    work.do(work.load(Task, row["id"]).change(work.author, changes, None))
