"""The worklist: call-backs and tasks due, recent calls, news of the answers; nothing else."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.ui.delegates.home import HEIGHT, Line, LineDelegate
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.moments import stopwatch
from crmdesk.ui.numbers import grouped
from crmdesk.ui.painting import plain
from crmdesk.ui.translation import word
from crmdesk.ui.vocabulary import ERRANDS, STATES, said
from crmdesk.ui.widgets.lists import ListPane
from crmdesk.ui.widgets.pane import Pane

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from crmdesk.models.screen_pop import Article
    from crmdesk.models.worklist import Answer, CallLine, DispositionChoice, TaskLine, Worklist
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words
    from crmdesk.ui.views.article import ArticleView

_WIDE_ASIDE = 260
_LOST = frozenset({"missed", "abandoned", "no_answer"})


class FilteredList(ListPane):
    """A list with its rows and what was typed to filter them.

    Signals:
        filtered(str): the filter changed.
        done(object): Delete on a row: its source is done with.
    """

    filtered = Signal(str)
    done = Signal(object)

    def __init__(self, ink: Ink, parent: QWidget | None = None) -> None:
        super().__init__(ink, parent)
        self.lines: RowsModel[Line] = RowsModel(Line.spoken, self)
        self._all: list[Line] = []
        self._filter = ""
        self.setModel(self.lines)
        self.setItemDelegate(LineDelegate(ink, HEIGHT, self))
        self.let_compose(True)
        self.typed.connect(lambda text: self.filter(self._filter + text))

    @property
    def filter_text(self) -> str:
        """What was typed."""
        return self._filter

    def show_lines(self, lines: list[Line]) -> None:
        """Show *lines*, filtered as before."""
        self._all = lines
        self.filter(self._filter)

    def filter(self, text: str) -> None:
        """Show only lines that contain *text*."""
        self._filter = text
        wanted = text.casefold()
        self.lines.show([line for line in self._all if wanted in line.spoken().casefold()])
        self.filtered.emit(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: Backspace shortens the filter, Delete finishes a row."""
        if event.key() == Qt.Key.Key_Backspace and self._filter:
            self.filter(self._filter[:-1])
        elif event.key() == Qt.Key.Key_Delete and self.current_row() >= 0:
            self.done.emit(self.lines.rows[self.current_row()].source)
        else:
            super().keyPressEvent(event)


class HomeView(QWidget):
    """Three lists, and a fourth for whoever owns complaints.

    Signals:
        task_entered(TaskLine): Enter on a call-back or task.
        complaint_entered(ComplaintLine): Enter on a complaint.
        task_done(TaskLine): Delete on it.
        call_entered(CallLine): Enter on a recent call.
        news_entered(Answer): Enter on an article.
    """

    task_entered = Signal(object)
    task_done = Signal(object)
    complaint_entered = Signal(object)
    call_entered = Signal(object)
    news_entered = Signal(object)

    def __init__(self, ink: Ink, words: Words, moments: Moments, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ink = ink
        self._words = words
        self._moments = moments
        self._worklist: Worklist | None = None
        self._dispositions: dict[str, DispositionChoice] = {}
        row = self._row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(4)
        self._left = QVBoxLayout()
        row.addLayout(self._left, 5)
        self.tasks = self._section(self._left, 3, word("Call-backs and tasks"))
        self.calls = self._section(row, 4, word("Recent calls"))
        self.news = self._section(row, 4, word("News in the answers"))
        words.bind(
            self.tasks.setAccessibleDescription,
            word("Enter dials and opens the customer, Delete marks as done; typing filters"),
        )
        words.bind(self.calls.setAccessibleDescription, word("Enter opens the customer; typing filters"))
        words.bind(self.news.setAccessibleDescription, word("Enter reads the article; typing filters"))
        self.tasks.entered_row.connect(lambda n: self.task_entered.emit(self.tasks.lines.rows[n].source))
        self.tasks.done.connect(self.task_done)
        self.calls.entered_row.connect(lambda n: self.call_entered.emit(self.calls.lines.rows[n].source))
        self.news.entered_row.connect(lambda n: self.news_entered.emit(self.news.lines.rows[n].source))
        words.changed.connect(self._fill)

    @cached_property
    def article(self) -> ArticleView:
        """The article read in place of the news; made when first wanted."""
        from crmdesk.ui.views.article import ArticleView

        made = ArticleView(self._ink, self._words, self._moments, self)
        made.hide()
        self._row.addWidget(made, 4)
        return made

    @cached_property
    def complaints(self) -> FilteredList:
        """The complaints of this agent; made when there are some."""
        made = self._section(self._left, 2, word("My complaints"))
        made.setItemDelegate(LineDelegate(self._ink, HEIGHT, made, aside=_WIDE_ASIDE))
        described = word("By their next clock; Enter opens the complaint; typing filters")
        self._words.bind(made.setAccessibleDescription, described)
        made.entered_row.connect(lambda n: self.complaint_entered.emit(made.lines.rows[n].source))
        QWidget.setTabOrder(self.tasks, made)
        return made

    @property
    def lists(self) -> tuple[FilteredList, ...]:
        """All lists there are, as one reads."""
        own = (self.complaints,) if "complaints" in self.__dict__ else ()
        return (self.tasks, *own, self.calls, self.news)

    def show_complaints(self, lines: list[Line]) -> None:
        """Show complaints; without any there is no list. The keyboard stays with its complaint."""
        if not lines and "complaints" not in self.__dict__:
            return
        part, row = self.complaints, self.complaints.current_row()
        current = _id_of(part.lines.rows[row]) if row >= 0 else None
        part.show_lines(lines)
        part.choose_row(next((n for n, line in enumerate(part.lines.rows) if _id_of(line) == current), -1))
        pane = part.parentWidget()
        if not lines and part.hasFocus():
            self.tasks.setFocus(Qt.FocusReason.OtherFocusReason)
        if pane is not None:
            pane.setVisible(bool(lines))

    def show_worklist(self, worklist: Worklist) -> None:
        """Show what waits for this agent."""
        first = self._worklist is None
        self._worklist = worklist
        self._fill()
        if first:
            self._tell_hints()

    def know(self, choices: tuple[DispositionChoice, ...]) -> None:
        """Know the names of the ways a call can end."""
        self._dispositions = {choice.key: choice for choice in choices}
        self._fill()

    def read(self, article: Article) -> None:
        """Show an article in place of the news."""
        self.article.show_article(article)
        self.article.show()
        self.article.setFocus(Qt.FocusReason.OtherFocusReason)
        self._news_pane().hide()

    def close_article(self) -> bool:
        """Go back to the news; return whether an article was open."""
        if self.article.isHidden():
            return False
        self._news_pane().show()
        self.news.setFocus(Qt.FocusReason.OtherFocusReason)
        self.article.hide()
        return True

    def _tell_hints(self) -> None:
        """Say what empty lists mean; before the worklist is known they mean nothing."""
        self._words.bind(
            self.tasks.set_hint, word("Nothing is due.\nF9 writes down a call-back or task during a call.")
        )
        self._words.bind(self.calls.set_hint, word("No calls yet today.\nA call shows up here by itself."))
        self._words.bind(self.news.set_hint, word("No new articles since your last shift."))

    def _news_pane(self) -> QWidget:
        pane = self.news.parentWidget()
        return pane if pane is not None else self.news

    def clear_filter(self) -> bool:
        """Clear the filter of the list with the keyboard; return whether there was one."""
        for part in self.lists:
            if part.hasFocus() and part.filter_text:
                part.filter("")
                return True
        return False

    def lay_out(self) -> None:
        """Let the next paint show the rows there are now, and not an empty list first."""
        for part in (self.tasks, self.calls, self.news):
            part.executeDelayedItemsLayout()
            part.viewport().update()

    def _section(self, row: QBoxLayout, stretch: int, heading: str) -> FilteredList:
        pane = Pane(self._ink, self)
        part = FilteredList(self._ink, pane)
        pane.content.addWidget(part)
        self._words.bind(pane.set_heading, heading)
        self._words.bind(part.setAccessibleName, heading)

        def tell(text: str) -> None:
            count = len(part.lines.rows)
            pane.set_aside(self._words.tr("Filter: {text}", text=text) if text else str(count or ""))

        part.filtered.connect(tell)
        row.addWidget(pane, stretch)
        return part

    def _fill(self) -> None:
        if self._worklist is None:
            return
        self.tasks.show_lines([self._task(task) for task in self._worklist.tasks])
        self.calls.show_lines([self._call(call) for call in self._worklist.calls])
        self.news.show_lines([self._article(answer) for answer in self._worklist.news])

    def _task(self, task: TaskLine) -> Line:
        due = self._moments.day_and_time(task.due_at) if task.due_at else ""
        tries = self._words.tr("attempt {n}", n=task.attempts + 1) if task.attempts else ""
        overdue = self._words.tr("overdue") if task.overdue else tries
        errand = said(self._words, ERRANDS, task.errand) if task.errand else ""
        return Line(
            source=task,
            icon="complaint" if errand else "call-back" if task.kind == "callback" else "task",
            text=plain(task.customer_name or grouped(task.number) or task.subject),
            alt=grouped(task.number) if task.customer_name else "",
            below=" · ".join(part for part in (errand, plain(task.subject)) if part)
            or self._words.tr("Call back"),
            aside=due,
            aside_below=overdue,
            tone="due" if task.overdue else "plain",
        )

    def _call(self, call: CallLine) -> Line:
        lost = call.result in _LOST
        icon = "missed" if lost else "phone-out" if call.direction == "out" else "phone-in"
        length = stopwatch(call.talk_seconds) if call.talk_seconds else ""
        result = said(self._words, STATES, call.result)
        return Line(
            source=call,
            icon=icon,
            text=plain(call.customer_name or grouped(call.number) or self._words.tr("Unknown caller")),
            alt=grouped(call.number) if call.customer_name else "",
            below=plain(self._ended(call.disposition) or result),
            aside=self._moments.day_and_time(call.at),
            aside_below=length or (result if call.disposition else ""),
            tone="due" if lost else "plain",
        )

    def _ended(self, disposition: str) -> str:
        choice = self._dispositions.get(disposition)
        return self._words.pick(choice.name_en, choice.name_zh) if choice else disposition

    def _article(self, answer: Answer) -> Line:
        why = " · ".join(self._words.text(reason) for reason in answer.why)
        icon = "warning" if answer.safety else "book"
        tone = "breach" if answer.safety else "plain"
        return Line(answer, icon, plain(answer.title), plain(answer.passage) or why, tone=tone)


def _id_of(line: Line) -> object:
    """Return the id of the record behind a line."""
    return getattr(line.source, "id", None)
