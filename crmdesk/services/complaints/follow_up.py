"""Asking a customer afterwards: attempts at three parts of the day, what he answers, what follows from it.

An attempt is a line in the note of the follow-up task, so whoever takes the next one sees those before.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.complaint_fact import ComplaintFact
from crmdesk.models.gates import ATTEMPTS_BEFORE_CLOSING, DISSATISFIED_FROM
from crmdesk.models.metrics import repurchase_class
from crmdesk.models.payload import DAY_PARTS, GRADES
from crmdesk.models.task import Task
from crmdesk.services.complaints.facts import fact_of
from crmdesk.services.complaints.files import fields_of
from crmdesk.services.complaints.surveys import Answers, record_survey
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.models.operations import Rows
    from crmdesk.models.wire import Json, Row
    from crmdesk.services.complaints.procedure import Procedure
    from crmdesk.services.store.unit_of_work import UnitOfWork

ERRANDS = ("follow_up", "survey")
ITEMS = ("result", "speed", "manner", "information")
"""What a complainant is asked about: what came of it, how quickly, how he was treated, how well informed."""
NOON, EVENING = 12, 18
BEGINS: Mapping[str, time] = {"morning": time(9, 30), "afternoon": time(14, 30), "evening": time(18, 30)}
"""When to try next in each part of the day."""
FAST_BUSINESS_DAYS = 3
CLOSE, NOT_SATISFIED = "T16", "T17"


@dataclass(frozen=True, slots=True)
class Attempt:
    """Nobody answered: when, aware UTC, and in which part of the site's day."""

    at: datetime
    part: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUpSheet:
    """What somebody needs who asks a customer afterwards.

    Attributes:
        task_id: of the open errand, None when nobody was asked to.
        attempts: those that reached nobody.
        next_at: when to try next, None when every part of the day was tried.
        fact: the complaint for the expected repurchase, with ``fast_until``.
        closes: whether an answer can close the complaint; not so in a survey of its own.
    """

    complaint_id: UUID
    task_id: UUID | None
    task_version: int
    attempts: tuple[Attempt, ...]
    next_at: datetime | None
    fact: ComplaintFact
    fast_until: datetime
    closes: bool

    def outlook(self, csm: int | None) -> str:
        """Return the class of expected repurchase if the customer's satisfaction is *csm*."""
        return repurchase_class(replace(self.fact, csm=csm), self.fast_until)

    @property
    def tried(self) -> bool:
        """Whether the complaint may be closed without an answer: tried in each part of the day."""
        parts = {attempt.part for attempt in self.attempts}
        return min(len(parts), len(self.attempts)) >= ATTEMPTS_BEFORE_CLOSING


def follow_up_sheet(rows: Rows, rules: Procedure, complaint_id: UUID, now: datetime) -> FollowUpSheet:
    """Return what is needed to ask the customer of a complaint.

    Raises:
        NotFound: there is none, or its body is not for this person.
    """
    fields = fields_of(rows, complaint_id)
    task = _open_errand(rows.where("task", "complaint_id", complaint_id))
    attempts = attempts_of(task["note"], rules.house.tzinfo) if task else ()
    return FollowUpSheet(
        complaint_id=complaint_id,
        task_id=task["id"] if task else None,
        task_version=task["rev"] if task else 0,
        attempts=attempts,
        next_at=next_attempt(attempts, now, rules.house.tzinfo),
        fact=fact_of(fields),
        fast_until=rules.rules.time.close_of(fields["received_at"], FAST_BUSINESS_DAYS),
        closes=fields["state"] == "FOLLOW_UP",
    )


def day_part(moment: datetime, zone: tzinfo) -> str:
    """Return the part of the site's day in which *moment* lies."""
    hour = moment.astimezone(zone).hour
    return "morning" if hour < NOON else "afternoon" if hour < EVENING else "evening"


def attempts_of(note: str, zone: tzinfo) -> tuple[Attempt, ...]:
    """Return the attempts that the *note* of a task tells of; other lines say something else."""
    found = []
    for line in note.splitlines():
        moment = _moment(line.partition(" ")[0])
        if moment is not None:
            found.append(Attempt(moment, day_part(moment, zone)))
    return tuple(found)


def next_attempt(attempts: tuple[Attempt, ...], now: datetime, zone: tzinfo) -> datetime | None:
    """Return when to try next: in the first part of the day to come that was not tried yet."""
    left = [part for part in DAY_PARTS if part not in {attempt.part for attempt in attempts}]
    today = now.astimezone(zone).date()
    days = (today + timedelta(days=n) for n in range(2))
    times = (datetime.combine(day, BEGINS[part], zone).astimezone(UTC) for day in days for part in left)
    return min((moment for moment in times if moment > now), default=None)


def nobody_answered(
    work: UnitOfWork, rules: Procedure, complaint_id: UUID, version: int | None = None
) -> Row:
    """Write down an attempt now that reached nobody, and put the task off; return the task.

    Args:
        work: the unit of work; committed.
        rules: by what the complaint is handled.
        complaint_id: about which.
        version: of the task as it was seen.

    Raises:
        InvalidInput: nobody was asked to follow it up.
        Conflict: somebody else tried meanwhile.
    """
    row = _open_errand(work.rows("task", "complaint_id", complaint_id))
    if row is None:
        raise InvalidInput("There is no follow-up to do for this complaint.", fields=("task_id",))
    now, zone = work.author.now().replace(microsecond=0), rules.house.tzinfo
    task = work.load(Task, row["id"])
    line = f"{now.isoformat()} {day_part(now, zone)}"
    note = f"{task.note}\n{line}".strip()
    changes: dict[str, Any] = {"note": note, "attempts": task.attempts + 1}
    following = next_attempt(attempts_of(note, zone), now, zone)
    if following is not None:
        changes["due_at"] = following
    work.do(task.change(work.author, changes, version))
    changed = work.row("task", row["id"]) or {}
    work.commit()
    return changed


def answered(work: UnitOfWork, complaint_id: UUID, answers: Answers, survey_id: UUID | None = None) -> UUID:
    """Keep what the customer answered; the errand is done with it. The same id again changes nothing.

    Raises:
        InvalidInput: nothing was answered, or a grade is none of the seven.
    """
    if not answers.grades and not answers.words.strip():
        raise InvalidInput(
            "Choose a grade at least, or write down what the customer said.", fields=("grades",)
        )
    finish_errands(work, complaint_id, ERRANDS)
    return record_survey(work, answers, complaint_id=complaint_id, survey_id=survey_id)


def finish_errands(work: UnitOfWork, complaint_id: UUID, errands: tuple[str, ...]) -> None:
    """Mark the open tasks of these *errands* as done, within a larger change."""
    for row in work.rows("task", "complaint_id", complaint_id):
        if row["errand"] in errands and row["state"] == "open":
            task = work.load(Task, row["id"])
            work.do(task.change(work.author, {"state": "done"}, task.rev))


def what_follows(csm: int | None) -> tuple[str, dict[str, Json]]:
    """Return the step that an answer leads to, with what is known of its payload."""
    if csm is not None and csm <= DISSATISFIED_FROM:
        return NOT_SATISFIED, {"score": nearest_grade(csm)}
    return CLOSE, {}


def nearest_grade(csm: int) -> int:
    """Return the grade that *csm* is nearest to, the worse one of two: halves need care, not praise."""
    return min(GRADES, key=lambda grade: (abs(grade - csm), grade))


def _open_errand(tasks: list[Row]) -> Row | None:
    found = (task for task in tasks if task["state"] == "open" and task["errand"] in ERRANDS)
    return min(found, key=lambda task: (ERRANDS.index(task["errand"]), task["id"]), default=None)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
