"""Middle: one time line, newest first."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel

from crmdesk.ui.delegates.timeline import TimelineDelegate
from crmdesk.ui.itemmodels.timeline import TimelineModel
from crmdesk.ui.painting import plain
from crmdesk.ui.translation import word
from crmdesk.ui.vocabulary import KINDS, STATES, said
from crmdesk.ui.widgets.filter_bar import FilterBar
from crmdesk.ui.widgets.lists import ListPane
from crmdesk.ui.widgets.pane import MARGIN, Pane

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex
    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QWidget

    from crmdesk.models.screen_pop import TimelineEntry, TimelinePage
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words
    from crmdesk.ui.views.history_foot import HistoryFoot

NONE_YET = word("Nothing happened yet.\nThe first entry comes with the first call.")
NONE_HERE = word("Nothing of the last months.\nWhat is older is on the server.")
FILTERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (word("All"), ()),
    (word("Calls"), ("call",)),
    (word("Visits"), ("visit",)),
    (word("Notes"), ("note",)),
    (word("Tasks"), ("task",)),
    (word("Complaints"), ("complaint",)),
    (word("Orders"), ("order",)),
    (word("Letters"), ("letter",)),
)


class TimelinePane(Pane):
    """The history of the customer shown.

    Signals:
        page_wanted(str): mark after which the next page is wanted.
        kinds_chosen(tuple): kinds to show, empty for all.
        complaint_wanted(UUID): Enter on the line of a complaint.
    """

    page_wanted = Signal(str)
    complaint_wanted = Signal(object)
    kinds_chosen = Signal(object)

    def __init__(
        self, ink: Ink, words: Words, moments: Moments, load: QAction, parent: QWidget | None = None
    ) -> None:
        super().__init__(ink, parent)
        self._words = words
        self._moments = moments
        self._load = load
        self._foot: HistoryFoot | None = None
        self._loading: tuple[int, int] | None = None
        self.model = TimelineModel(self._spoken, moments.day_of, self)
        self.list = ListPane(ink, self)
        self.list.setModel(self.model)
        self.list.setItemDelegate(TimelineDelegate(ink, words, moments, self.list))
        self._detail = QLabel(self)
        self._detail.setTextFormat(Qt.TextFormat.PlainText)
        self._detail.setWordWrap(True)
        self._detail.setMargin(MARGIN)
        self._detail.setAutoFillBackground(True)
        self._detail.setAlignment(Qt.AlignmentFlag.AlignTop)
        self._detail.setMaximumHeight(120)
        self._detail.hide()
        self.filters = FilterBar(ink, words, [text for text, _ in FILTERS], self)
        row = QHBoxLayout()
        row.setContentsMargins(8, 0, 8, 4)
        row.addWidget(self.filters)
        row.addStretch(1)
        self.content.addLayout(row)
        self.content.addWidget(self.list, 1)
        self.content.addWidget(self._detail)
        words.bind(self.set_heading, word("Time line"))
        words.bind(self.filters.setAccessibleName, word("Kinds of entries"))
        words.bind(self.filters.setAccessibleDescription, word("Shows only these entries of the time line"))
        self.filters.picked.connect(lambda number: self.kinds_chosen.emit(FILTERS[number][1]))
        words.bind(self.list.setAccessibleName, word("Time line"))
        words.bind(
            self.list.setAccessibleDescription,
            word("What happened, newest first; Enter shows the whole entry, or opens the complaint"),
        )
        words.bind(self._detail.setAccessibleName, word("The whole entry"))
        words.bind(
            self._detail.setAccessibleDescription, word("The text of the entry chosen in the time line")
        )
        self.model.page_wanted.connect(self.page_wanted)
        self.list.entered_row.connect(self._on_entered)
        self.list.selectionModel().currentChanged.connect(self._on_current)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds shown at present; empty means all."""
        return FILTERS[max(0, self.filters.currentIndex())][1]

    def begin(self, page: TimelinePage, *, keep_filter: bool = False) -> None:
        """Show a first page; with *keep_filter* of the same customer: the keyboard stays with its entry."""
        row = self.list.current_row() if keep_filter else -1
        current = self.model.rows[row].id if row >= 0 else ""
        if not keep_filter:
            self.filters.choose(0)
        if self._detail.isVisible():
            self._detail.hide()
        self.model.begin(page)
        self.list.choose_row(next((n for n, entry in enumerate(page.items) if entry.id == current), -1))
        self._say_total()

    def append(self, page: TimelinePage) -> None:
        """Add the page that was asked for."""
        self.model.append(page)
        self._say_total()

    def close_detail(self) -> bool:
        """Close the whole entry; return whether it was open."""
        was_open = not self._detail.isHidden()
        self._detail.hide()
        return was_open

    def retranslate(self) -> None:
        """Words changed."""
        self._say_total()
        self.list.viewport().update()

    @property
    def foot(self) -> HistoryFoot | None:
        """What offers to load older history; None as long as nobody needed it."""
        return self._foot

    def show_loading(self, progress: tuple[int, int] | None) -> None:
        """Show how far older history has come, entries done and altogether; None: it is not loaded now."""
        if progress != self._loading:
            self._loading = progress
            self._say_total()

    def _say_total(self) -> None:
        shown, total = len(self.model.rows), self.model.total
        text = self._words.tr("{shown} of {total}", shown=shown, total=total) if total else ""
        self.list.set_hint(self._words.tr(NONE_YET if self.model.complete else NONE_HERE))
        if not self.model.complete:
            text = self._here()
        self.set_aside(text)
        self._show_foot(text)

    def _here(self) -> str:
        here, everywhere = self.model.total, self.model.everywhere
        if everywhere and not self.kinds:
            return self._words.tr("{here} of {all} contacts here", here=here, all=everywhere)
        return self._words.tr("{here} here · older history is on the server only", here=here)

    def _show_foot(self, text: str) -> None:
        if self._foot is None:
            if self.model.complete:
                return
            from crmdesk.ui.views.history_foot import HistoryFoot

            self._foot = HistoryFoot(self.ink, self._words, self._load, self)
            self.content.addWidget(self._foot)
        self._foot.setVisible(not self.model.complete)
        self._foot.show_state(text, self._loading)

    def _spoken(self, entry: TimelineEntry) -> str:
        parts = [
            self._moments.day_and_time(entry.at),
            said(self._words, KINDS, entry.kind),
            entry.subject,
            entry.summary,
            entry.who,
            said(self._words, STATES, entry.state),
        ]
        return plain(", ".join(part for part in parts if part))

    def _on_entered(self, row: int) -> None:
        entry = self.model.rows[row]
        if entry.kind == "complaint":
            self.complaint_wanted.emit(UUID(entry.id))
            return
        self._tell(row)
        self._detail.show()

    def _on_current(self, index: QModelIndex) -> None:
        if not self._detail.isHidden() and index.isValid():
            self._tell(index.row())

    def _tell(self, row: int) -> None:
        entry = self.model.rows[row]
        first = (
            f"{self._moments.day_and_time(entry.at)} · {said(self._words, KINDS, entry.kind)} · {entry.who}"
        )
        self._detail.setText(f"{first}\n{entry.subject}\n{entry.summary}".strip())
