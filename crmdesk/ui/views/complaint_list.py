"""Lists of complaints: whose they are, what is due, and at the right the clocks of the one looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QVBoxLayout, QWidget

from crmdesk.services.complaints.lists import ComplaintLine
from crmdesk.ui.delegates.complaint import RecordDelegate
from crmdesk.ui.delegates.home import HEIGHT, Line, LineDelegate
from crmdesk.ui.itemmodels.complaint_lines import RecordLine
from crmdesk.ui.itemmodels.rows import Index, RowsModel
from crmdesk.ui.translation import word
from crmdesk.ui.views.hand_over import HandOverPane
from crmdesk.ui.widgets.filter_bar import FilterBar
from crmdesk.ui.widgets.lists import ListPane
from crmdesk.ui.widgets.pane import MARGIN, ActionButton, Pane
from crmdesk.ui.widgets.told import Told

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QKeyEvent

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.presenters.workplace import Tools

SEGMENTS = (word("1 Mine"), word("2 My team"), word("3 To approve"), word("4 Everybody"))
DUES = (word("All"), word("Overdue"), word("Due today"), word("Regime: 2 days"))
APPROVE, SEND_BACK = "T9", "T10"
_DECISIONS = {"a": APPROVE, "b": SEND_BACK}
_ASIDE = 260
_RIGHT = 460
_APART = 16
"""Pixels at least between the lists and what is due: both have a chosen word."""


class LinesModel(RowsModel[ComplaintLine]):
    """Lines as they were read: each is made when it is looked at, and worded when it is painted."""

    def show(self, rows: Sequence[ComplaintLine]) -> None:
        """Replace everything, without looking at a line."""
        self.beginResetModel()
        self._rows = rows  # type: ignore[assignment]  # only read here, never changed in place
        self.endResetModel()


class ComplaintDelegate(LineDelegate):
    """Paints a complaint's line in the words of *worded*."""

    def __init__(self, ink: Ink, parent: QWidget, worded: Callable[[ComplaintLine], Line]) -> None:
        super().__init__(ink, HEIGHT, parent, aside=_ASIDE)
        self._worded = worded

    def line_of(self, row: Any) -> Line:
        """Return the line of a complaint in words."""
        return self._worded(row)


class ComplaintList(ListPane):
    """The lines; while nothing is typed digits choose the list, and a and b decide on proposals.

    Signals:
        segment_picked(int): number of a list, from 0.
        filtered(str): what was typed.
        decided(str): a step for the line with the keyboard.
        marked(): Insert or Shift+Down on the line with the keyboard.
        all_marked(): Ctrl+A.
        looked_at(int): the row the keyboard or the mouse rests on, -1 when it is none.
    """

    segment_picked = Signal(int)
    filtered = Signal(str)
    decided = Signal(str)
    marked = Signal()
    all_marked = Signal()
    looked_at = Signal(int)

    def __init__(self, ink: Ink, parent: QWidget, worded: Callable[[ComplaintLine], Line]) -> None:
        super().__init__(ink, parent)
        self.lines = LinesModel(lambda line: worded(line).spoken(), self)
        self.filter_text = ""
        self._deciding = False
        self._letters_only = False
        self._let_compose()
        self.setModel(self.lines)
        self.setItemDelegate(ComplaintDelegate(ink, self, worded))
        self.typed.connect(lambda text: self.filter(self.filter_text + text))

    def decide(self, deciding: bool) -> None:
        """Take a and b for decisions, or for words."""
        self._deciding = deciding
        self._let_compose()

    def filter(self, text: str) -> None:
        """Say that only lines with *text* are wanted."""
        self.filter_text = text
        if not text:
            self._letters_only = False
        self._let_compose()
        self.filtered.emit(text)

    def _let_compose(self) -> None:
        """Keep input methods off while a letter is a decision: they would take it for the first of a word."""
        self.let_compose(not self._deciding or bool(self.filter_text) or self._letters_only)

    def current_line(self) -> ComplaintLine | None:
        """Return the line with the keyboard."""
        row = self.current_row()
        return self.lines.rows[row] if 0 <= row < len(self.lines.rows) else None

    def currentChanged(self, current: Index, previous: Index) -> None:
        """Qt: another line has the keyboard."""
        super().currentChanged(current, previous)
        self.looked_at.emit(current.row())

    def viewportEvent(self, event: QEvent) -> bool:
        """Qt: the mouse rests on a line, or left."""
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            self.looked_at.emit(self.indexAt(event.pos()).row())
            return True
        if event.type() == QEvent.Type.Leave:
            self.looked_at.emit(self.current_row())
        return super().viewportEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: marks, decisions and lists; the rest is for the filter."""
        key, shift = event.key(), event.modifiers() & Qt.KeyboardModifier.ShiftModifier
        if key == Qt.Key.Key_Insert or (key == Qt.Key.Key_Down and shift):
            self.marked.emit()
            self.choose_row(min(self.current_row() + 1, len(self.lines.rows) - 1))
        elif key == Qt.Key.Key_A and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.all_marked.emit()
        elif key == Qt.Key.Key_Backspace and self.filter_text:
            self.filter(self.filter_text[:-1])
        elif not self._runs(event.text(), held=event.isAutoRepeat()):
            super().keyPressEvent(event)

    def _runs(self, text: str, *, held: bool) -> bool:
        """Do what a single key says before anything is typed; return whether it was one.

        A key that is *held* down decides nothing: the second press is a yes.
        """
        if self.filter_text or self._letters_only:
            return False
        if text == "/":
            self._letters_only = True
            self._let_compose()
        elif text and text in "1234":
            self.segment_picked.emit(int(text) - 1)
        elif self._deciding and text.casefold() in _DECISIONS:
            if not held:
                self.decided.emit(_DECISIONS[text.casefold()])
        else:
            return False
        return True


class ComplaintListView(QWidget):
    """Segments and lines at the left, clocks at the right, what hands over below."""

    def __init__(self, tools: Tools, worded: Callable[[ComplaintLine], Line]) -> None:
        super().__init__()
        ink, words = tools.ink, tools.words
        self.pane = Pane(ink, self)
        self.segments = FilterBar(ink, words, SEGMENTS, self.pane)
        self.dues = FilterBar(ink, words, DUES, self.pane)
        self.list = ComplaintList(ink, self.pane, worded)
        self.told = Told(ink, self.pane, 6)
        self.hand_over_button = ActionButton(ink, tools.actions["hand-over"], self.pane, icon="person")
        self.export_button = ActionButton(ink, tools.actions["export-list"], self.pane)
        self.right = Pane(ink, self)
        self.ledger: RowsModel[RecordLine] = RowsModel(RecordLine.spoken, self)
        self.ledger_list = ListPane(ink, self.right, uniform=False)
        self.ledger_list.setModel(self.ledger)
        self.ledger_list.setItemDelegate(RecordDelegate(ink, self.ledger_list))
        self.hand_over = HandOverPane(tools, self)
        self.setFocusProxy(self.list)
        self._lay_out()
        self._name(tools)

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(MARGIN - 8, 0, MARGIN - 8, 4)
        bar.addWidget(self.segments)
        bar.addSpacing(_APART)
        bar.addStretch(1)
        bar.addWidget(self.dues)
        foot = QHBoxLayout()
        foot.setSpacing(8)
        foot.addStretch(1)
        foot.addWidget(self.export_button)
        foot.addWidget(self.hand_over_button)
        self.pane.content.addLayout(bar)
        self.pane.content.addWidget(self.list, 1)
        below = QVBoxLayout()
        below.setContentsMargins(MARGIN - 4, 4, MARGIN - 4, 8)
        below.setSpacing(4)
        below.addWidget(self.told)
        below.addLayout(foot)
        self.pane.content.addLayout(below)
        self.right.content.addWidget(self.ledger_list)
        side = QWidget(self)
        column = QVBoxLayout(side)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.right, 1)
        column.addWidget(self.hand_over)
        split = QSplitter(Qt.Orientation.Horizontal, self)
        split.setHandleWidth(4)
        split.setChildrenCollapsible(False)
        split.addWidget(self.pane)
        split.addWidget(side)
        split.setStretchFactor(0, 1)
        split.setSizes([1440 - _RIGHT, _RIGHT])
        whole = QHBoxLayout(self)
        whole.setContentsMargins(0, 0, 0, 0)
        whole.addWidget(split)

    def _name(self, tools: Tools) -> None:
        bind = tools.words.bind
        bind(self.pane.set_heading, word("Complaints"))
        bind(self.segments.setAccessibleName, word("Which complaints"))
        bind(self.segments.setAccessibleDescription, word("The keys 1 to 4 in the list, arrows here"))
        bind(self.dues.setAccessibleName, word("Due when"))
        bind(
            self.dues.setAccessibleDescription,
            word("Arrows choose which clocks are shown; those of a regime within two business days"),
        )
        bind(self.list.setAccessibleName, word("Complaints"))
        bind(
            self.list.setAccessibleDescription,
            word("Enter opens, Insert marks, typing filters; of proposals a approves one, b sends it back"),
        )
        bind(self.right.set_heading, word("Clocks"))
        bind(self.ledger_list.setAccessibleName, word("Clocks"))
        bind(self.ledger_list.setAccessibleDescription, word("What started, paused and stopped, by whom"))

    def show_lines(self, lines: Sequence[ComplaintLine], row: int) -> None:
        """Show *lines* with the keyboard on *row*; what is read stays in view."""
        bar = self.list.verticalScrollBar()
        place = bar.value()
        self.list.lines.show(lines)
        if row >= 0:
            self.list.choose_row(row)
        self.list.executeDelayedItemsLayout()
        bar.setValue(place)

    def show_ledger(self, heading: str, lines: Sequence[RecordLine]) -> None:
        """Show the clocks of one complaint."""
        self.right.set_heading(heading)
        self.ledger.show(lines)

    def panes(self) -> list[QWidget]:
        """Return what F6 goes through."""
        fields = [self.hand_over.person.line, self.hand_over.reason] if self.hand_over.isVisible() else []
        return [self.list, self.segments, self.dues, self.ledger_list, *fields]
