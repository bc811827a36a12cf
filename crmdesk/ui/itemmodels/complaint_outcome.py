"""The lines of a complaint's file that tell what came of it: remedies, letters, the answer, tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from crmdesk.ui.complaint_values import Values
from crmdesk.ui.complaint_words import ACCEPTED_HOW, CHANNELS, LETTERS, REMEDIES, money
from crmdesk.ui.itemmodels.record_line import RecordLine
from crmdesk.ui.vocabulary import ERRANDS, STATES, said

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from crmdesk.services.complaints.record_view import (
        Body,
        ComplaintRecord,
        LetterView,
        Named,
        RemedyView,
        TaskView,
    )
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.translation import Words


_TOLD = frozenset({"RESPONDED", "RESOLVED", "FOLLOW_UP", "CLOSED"})
"""States in which what was promised stands, so that it can be carried out."""


class OutcomeLines:
    """Words what came of a complaint."""

    def __init__(self, words: Words, moments: Moments) -> None:
        self._words = words
        self._moments = moments
        self._values = Values(words, moments)

    def lines(self, record: ComplaintRecord, body: Body) -> Iterator[RecordLine]:
        """Yield all of it, top to bottom."""
        yield from self.remedies(record, body)
        yield from self._letters(record)
        yield from self._ended(body)
        yield from self._improvement(record, body)
        yield from self._tasks(record)

    def remedies(self, record: ComplaintRecord, body: Body) -> Iterator[RecordLine]:
        """Yield what the customer gets, and who approved it."""
        if not (record.remedies or record.approvals):
            return
        tr, total = self._words.tr, sum(line.value for line in record.remedies)
        limit = money(record.limit_own, record.currency)
        aside = tr("{sum} · your limit {limit}", sum=money(total, record.currency), limit=limit)
        tone = (
            "due"
            if record.granted + total > record.limit_own and record.head.state == "PROPOSED"
            else "plain"
        )
        yield RecordLine("section", tr("Remedies"), aside=aside, icon="check", tone=tone)
        for line in record.remedies:
            yield self._remedy(record, line)
        for yes in record.approvals:
            told = tr("Approved by {who}", who=self._named(yes.who) or tr("a supervisor"))
            if not yes.current:
                told = tr("{line} (of an earlier proposal)", line=told)
            yield RecordLine(
                "mark",
                told,
                aside=self._moments.day_and_time(yes.at),
                icon="check",
                tone="good" if yes.current else "plain",
            )
        if body.what_was_done:
            yield RecordLine("text", body.what_was_done)

    def _remedy(self, record: ComplaintRecord, line: RemedyView) -> RecordLine:
        tr, words = self._words.tr, self._words
        parts = [money(line.value, record.currency) if line.value else ""]
        parts.append(tr("due {when}", when=self._moments.amid(self._day(line.due))) if line.due else "")
        if line.done_at is not None:
            aside, tone = tr("done {when}", when=self._moments.amid(self._day(line.done_at))), "good"
        elif line.failed_at is not None:
            aside, tone = tr("failed"), "breach"
        elif line.order_id:
            aside, tone = tr("ordered: {order}", order=line.order_id), "good"
        elif line.type == "none":
            aside, tone = "", "plain"
        elif line.granted_at is not None:
            aside, tone = tr("promised"), "due"
        else:
            aside, tone = tr("proposed"), "plain"
        if record.head.state in _TOLD and line.granted_at and not line.done_at and line.type != "none":
            aside = tr("{line} · d marks it done", line=aside)
        text = " · ".join(part for part in parts if part)
        label = said(words, REMEDIES, line.type)
        return RecordLine("remedy", text or "–", label=label, aside=aside, tone=tone, source=line)

    def _letters(self, record: ComplaintRecord) -> Iterator[RecordLine]:
        if record.letters:
            tr = self._words.tr
            yield RecordLine("section", tr("Letters"), aside=tr("Enter opens"), icon="letter")
        for letter in record.letters:
            yield RecordLine(
                "letter",
                said(self._words, LETTERS, letter.kind),
                label=self._day(letter.made_at),
                aside=self._sent(letter),
                source=letter,
            )

    def _sent(self, letter: LetterView) -> str:
        if letter.sent_at is None:
            return self._words.tr("not sent yet")
        by = said(self._words, CHANNELS, letter.sent_via)
        return self._words.tr("sent {when} · {by}", when=self._moments.amid(self._day(letter.sent_at)), by=by)

    def _ended(self, body: Body) -> Iterator[RecordLine]:
        tr, words = self._words.tr, self._words
        told: list[tuple[str, str]] = []
        if body.responded_at is not None:
            told.append((tr("Decision told"), self._moments.day_and_time(body.responded_at)))
        if body.accepted_how:
            how = said(words, ACCEPTED_HOW, body.accepted_how)
            told.append((tr("Answer"), " · ".join(part for part in (body.accepted_by, how) if part)))
        if body.csm is not None:
            told.append((tr("Satisfaction"), f"{body.csm}"))
        if body.declined:
            told.append((tr("Satisfaction"), tr("Customer does not want to be asked")))
        if body.ended_why:
            told.append((tr("Ended because"), self._values.plain("reason", body.ended_why)))
        if told:
            yield RecordLine("section", tr("Answer of the customer"), icon="person")
        for label, text in told:
            yield RecordLine("line", text, label=label)

    def _improvement(self, record: ComplaintRecord, body: Body) -> Iterator[RecordLine]:
        tr = self._words.tr
        if body.corrective_action is None and not record.actions:
            return
        yield RecordLine("section", tr("Corrective action"), icon="repeat")
        if body.corrective_action is not None:
            decided = tr("Decided") if body.corrective_action else tr("None needed")
            yield RecordLine("line", body.corrective_reason, label=decided)
        for action in record.actions:
            due = tr("due {when}", when=self._moments.amid(self._day(action.due_at))) if action.due_at else ""
            yield RecordLine("line", action.what, aside=due)

    def _tasks(self, record: ComplaintRecord) -> Iterator[RecordLine]:
        if record.tasks:
            yield RecordLine("section", self._words.tr("Tasks"), icon="task")
        for task in record.tasks:
            yield self._task(record.read_at, task)

    def _task(self, now: datetime, task: TaskView) -> RecordLine:
        late = task.state == "open" and task.due_at is not None and task.due_at < now
        due = self._moments.day_and_time(task.due_at) if task.due_at else ""
        aside = due if task.state == "open" else said(self._words, STATES, task.state)
        text = said(self._words, ERRANDS, task.errand) if task.errand else task.subject
        return RecordLine(
            "line", text, label=self._named(task.owner), aside=aside, tone="breach" if late else "plain"
        )

    def _day(self, moment: datetime | None) -> str:
        return self._moments.day(self._moments.day_of(moment)) if moment is not None else ""

    def _named(self, named: Named | None) -> str:
        return self._words.pick(named.name_en, named.name_zh) or named.key if named is not None else ""
