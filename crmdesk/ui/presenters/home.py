"""The worklist: what waits, and what Enter does with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from crmdesk.models.worklist import TaskLine
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from concurrent.futures import Future

    from crmdesk.models.changes import ChangeSet
    from crmdesk.models.worklist import Answer, CallLine, DispositionChoice, Worklist
    from crmdesk.services.complaints.listing import Listing
    from crmdesk.ui.complaint_rows import RowsOf
    from crmdesk.ui.desk import Desk
    from crmdesk.ui.front import Front
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.operations import Operations
    from crmdesk.ui.pacing import NewDay, NextDue, Pacing
    from crmdesk.ui.translation import Words

MINE = "mine"
MOST = 50
"""Complaints on the first screen; there is a screen for all of them."""
_SHOWN = frozenset({"task", "call", "article", "interaction", "note", "agent", "team"})
_COMPLAINTS = frozenset({"complaint", "task"})
"""Of these the complaints shown are made: what was handed over stays until its task is done."""


@dataclass(frozen=True)
class Asked:
    """What the first screen asked a desk for: the words in which calls ended, and the worklist."""

    dispositions: Future[tuple[DispositionChoice, ...]]
    worklist: Future[Worklist]

    @classmethod
    def of(cls, desk: Desk) -> Asked:
        """Ask *desk*."""
        return cls(desk.dispositions(), desk.worklist())


class HomePresenter(QObject):
    """Keeps the worklist fresh.

    Signals:
        customer_wanted(CustomerId): open this customer by hand.
        complaint_wanted(UUID): open this complaint.
        command_wanted(str): run this command.
        shown(): the worklist asked for is in its lists.
    """

    shown = Signal()
    customer_wanted = Signal(object)
    complaint_wanted = Signal(object)
    command_wanted = Signal(str)

    def __init__(
        self, front: Front, desk: Desk, operations: Operations, words: Words, moments: Moments
    ) -> None:
        super().__init__()
        self._front = front
        self._desk = desk
        self._operations = operations
        self._words = words
        self._moments = moments
        self._stale = True
        self._listing: Listing | None = None
        self._rows: RowsOf | None = None
        self._pacing: Pacing | None = None
        self._day: NewDay | None = None
        self._worklist: Worklist | None = None
        self._due: NextDue | None = None
        words.changed.connect(self._on_language)
        front.stage.presented.connect(self.refresh)
        front.home.task_entered.connect(self._on_task)
        front.home.task_done.connect(self._on_task_done)
        front.home.complaint_entered.connect(lambda line: self.complaint_wanted.emit(line.id))
        front.home.call_entered.connect(self._on_call)
        front.home.news_entered.connect(self._on_news)

    def start(self, asked: Asked | None = None) -> None:
        """Show what was *asked* for, before there was a window perhaps; by default ask now."""
        asked = asked or Asked.of(self._desk)
        self._stale = False
        self._operations.run(asked.dispositions, self._front.home.know)
        self._operations.run(asked.worklist, self._show, topic="worklist")

    def complete(self) -> None:
        """Ask for complaints, which the first paint does not wait for."""
        from crmdesk.ui.pacing import NewDay, NextDue, Pacing

        self._day, self._due = NewDay(self._moments, self), NextDue(self._moments, self)
        self._day.begun.connect(self._on_time)
        self._due.passed.connect(self._on_time)
        self._await_due()
        self._front.stage.presented.connect(self._day.look)
        self._pacing = Pacing(self._ask_complaints, self)
        self._pacing.ask()

    def refresh(self) -> None:
        """Fetch the worklist if it is stale and on the screen."""
        if self._front.stage.shown is not self._front.home:
            return
        if self._stale:
            self._stale = False
            self._operations.run(self._desk.worklist(), self._show, topic="worklist")
        if self._listing is None and self._pacing is not None:
            self._pacing.ask()

    def on_changed(self, changes: ChangeSet) -> None:
        """Rows changed: the lists may be stale."""
        self._stale = self._stale or bool(changes.kinds & _SHOWN)
        if changes.kinds & _COMPLAINTS:
            self._listing = None
        self.refresh()

    def _on_time(self) -> None:
        """What was tomorrow is today, or what was due is overdue."""
        self._stale, self._listing = True, None
        self.refresh()

    def _on_language(self) -> None:
        """News come in the agent's language first."""
        self._stale = True
        self.refresh()
        self._show_complaints()

    def _ask_complaints(self) -> None:
        future = self._desk.complaints.listed(MINE, limit=MOST)
        self._operations.run(future, self._on_complaints, topic="my-complaints")

    def _on_complaints(self, listing: Listing) -> None:
        self._listing = listing
        self._show_complaints()
        self._await_due()

    def _await_due(self) -> None:
        """Look again when the next of what is shown becomes overdue; the screen may be left open."""
        if self._due is not None:
            tasks = self._worklist.tasks if self._worklist is not None else ()
            lines = self._listing.lines if self._listing is not None else ()
            self._due.wait_for([*(each.due_at for each in tasks), *(each.next_due_at for each in lines)])

    def _show_complaints(self) -> None:
        if self._listing is None or (not self._listing.lines and self._rows is None):
            return
        if self._rows is None:
            from crmdesk.ui.complaint_rows import RowsOf

            self._rows = RowsOf(self._words, self._moments)
        self._rows.know(self._listing)
        self._front.home.show_complaints([self._rows.row(line) for line in self._listing.lines])

    def _show(self, worklist: Worklist) -> None:
        self._worklist = worklist
        self._front.home.show_worklist(worklist)
        self._await_due()
        self.shown.emit()

    def _on_task(self, task: TaskLine) -> None:
        if task.complaint_id is not None:
            self.complaint_wanted.emit(task.complaint_id)
            return
        if task.customer_id is not None:
            self.customer_wanted.emit(task.customer_id)
        if task.kind == "callback" and task.number:
            told = self._words.tr("Dialling {number}", number=task.number)
            self._operations.run(
                self._desk.call_back(task.number, task.customer_id),
                lambda _: self._front.messages.say(told, "good"),
            )

    def _on_task_done(self, task: object) -> None:
        if isinstance(task, TaskLine):
            self._stale = True
            self._operations.run(
                self._desk.finish_task(task.id, task.version), lambda _: self._on_finished(task)
            )

    def _on_finished(self, task: TaskLine) -> None:
        self._front.messages.say(self._words.tr("Done: {subject}", subject=task.subject), "good")
        self._stale = True
        self.refresh()

    def _on_call(self, call: CallLine) -> None:
        if call.customer_id is not None:
            self.customer_wanted.emit(call.customer_id)
        else:
            self._front.box.setText(call.number)
            self.command_wanted.emit("find")

    def _on_news(self, answer: Answer) -> None:
        self._operations.run(self._desk.article(answer.article_id), self._front.home.read, topic="news")
