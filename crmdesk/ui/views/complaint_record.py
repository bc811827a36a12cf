"""A complaint: head and obvious next step on top, its file in the middle, clocks and history at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QAction, QHelpEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QSplitter, QStackedWidget, QToolTip, QVBoxLayout, QWidget

from crmdesk.ui.delegates.complaint import RecordDelegate
from crmdesk.ui.delegates.home import HEIGHT, Line, LineDelegate
from crmdesk.ui.itemmodels.complaint_lines import RecordLine
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.translation import word
from crmdesk.ui.views.complaint_head import ComplaintHead
from crmdesk.ui.views.complaint_standing import StandingStrip
from crmdesk.ui.views.step_form import StepForm
from crmdesk.ui.widgets.lists import ListPane
from crmdesk.ui.widgets.pane import ActionButton, Pane
from crmdesk.ui.widgets.told import Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.presenters.workplace import Tools

_RIGHT = 480


class LinesPane(Pane):
    """Lines of a complaint, read with the arrows.

    Signals:
        entered(RecordLine): Enter on a line.
    """

    entered = Signal(object)

    def __init__(self, ink: Ink, parent: QWidget | None = None) -> None:
        super().__init__(ink, parent, heading=False)
        self.lines: RowsModel[RecordLine] = RowsModel(RecordLine.spoken, self)
        self.list = LineList(ink, self)
        self.list.setModel(self.lines)
        self.list.setItemDelegate(RecordDelegate(ink, self.list))
        self.list.entered_row.connect(lambda row: self.entered.emit(self.lines.rows[row]))
        self.content.addWidget(self.list)

    def current_line(self) -> RecordLine | None:
        """Return the line with the keyboard."""
        row = self.list.current_row()
        return self.lines.rows[row] if 0 <= row < len(self.lines.rows) else None

    def show_lines(self, lines: list[RecordLine]) -> None:
        """Show *lines*; what is read stays in view."""
        bar = self.list.verticalScrollBar()
        row, place = self.list.current_row(), bar.value()
        if list(self.lines.rows) == lines:
            return
        self.lines.show(lines)
        self.list.choose_row(min(row, len(lines) - 1))
        bar.setValue(place)


class LineList(ListPane):
    """A list of lines of several heights that tells more where the mouse rests."""

    def __init__(self, ink: Ink, parent: QWidget | None = None) -> None:
        super().__init__(ink, parent, uniform=False)
        self.more: Callable[[RecordLine], str] = lambda _line: ""

    def viewportEvent(self, event: QEvent) -> bool:
        """Qt: show the ledger of a clock under the mouse."""
        model = self.model()
        if event.type() == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            index = self.indexAt(event.pos())
            line = model.row(index) if isinstance(model, RowsModel) and index.isValid() else None
            told = self.more(line) if isinstance(line, RecordLine) else ""
            QToolTip.showText(event.globalPos(), told, self)
            return True
        return super().viewportEvent(event)


class StepsPane(Pane):
    """All steps there are from here: those that can be taken first, the others with the reason why not.

    Signals:
        chosen(str): id of the step.
    """

    chosen = Signal(str)

    def __init__(self, ink: Ink, parent: QWidget | None = None) -> None:
        super().__init__(ink, parent)
        self.lines: RowsModel[Line] = RowsModel(Line.spoken, self)
        self.list = ListPane(ink, self)
        self.list.setModel(self.lines)
        self.list.setItemDelegate(LineDelegate(ink, HEIGHT, self.list))
        self.list.entered_row.connect(lambda row: self.chosen.emit(str(self.lines.rows[row].source)))
        self.content.addWidget(self.list)


class ComplaintView(QWidget):
    """The page of one complaint."""

    def __init__(self, tools: Tools) -> None:
        super().__init__()
        ink, words, actions = tools.ink, tools.words, tools.actions
        self.head = ComplaintHead(ink, self)
        self.standing = StandingStrip(tools, self)
        self.next = QAction(self)
        self.next.setShortcut(QKeySequence("Ctrl+Return"))
        self.next.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.next_button = ActionButton(ink, self.next, self, icon="check", main=True)
        self.why_not = Told(ink, self, 6)
        self.steps_button = ActionButton(ink, actions["complaint-steps"], self, icon="steps")
        self.undo_button = ActionButton(ink, actions["undo"], self, icon="repeat")
        self.call = QAction(self)
        self.call.setShortcut(QKeySequence("F9"))
        self.call.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        self.call.triggered.connect(actions["follow-up"].trigger)
        self.call_button = ActionButton(ink, self.call, self, icon="phone-out")
        self.letter_button = ActionButton(ink, actions["letter"], self, icon="letter")
        self.copy_button = ActionButton(ink, actions["copy-number"], self)
        self.file = LinesPane(ink, self)
        self.trail = LinesPane(ink, self)
        self.form = StepForm(ink, words, self)
        self.steps = StepsPane(ink, self)
        self.right = QStackedWidget(self)
        for page in (self.trail, self.form, self.steps):
            self.right.addWidget(page)
        self._offered = False
        self._lay_out()
        words.bind(self.file.list.setAccessibleName, word("File of the complaint"))
        words.bind(
            self.file.list.setAccessibleDescription,
            word(
                "What happened, what was found, what the customer gets; Enter opens letters and complaints,"
                " d marks a remedy done"
            ),
        )
        words.bind(self.trail.list.setAccessibleName, word("Clocks and history"))
        words.bind(
            self.trail.list.setAccessibleDescription,
            word("Enter on a clock shows its ledger, on a step what it changed"),
        )
        words.bind(self.steps.list.setAccessibleName, word("Steps of the complaint"))
        words.bind(
            self.steps.list.setAccessibleDescription, word("Enter opens the form of a step, or says why not")
        )
        for told in (self.call.setText, self.call.setIconText, self.call.setStatusTip):
            words.bind(told, word("Follow-up call"))
        words.bind(self.steps.set_heading, word("Steps of the complaint"))
        words.bind(self.steps.set_aside, word("Enter chooses · Esc closes"))

    def present_right(self, page: QWidget) -> None:
        """Show trail, form or steps at the right; the form has a button of its own for its step."""
        self.right.setCurrentWidget(page)
        self.offer_next(self._offered)

    def offer_next(self, there: bool) -> None:
        """Show the button of the next step, if there is one and its form is not open."""
        self._offered = there
        self.next_button.setVisible(there and self.right_shown in (self.trail, self.steps))

    @property
    def right_shown(self) -> QWidget | None:
        """What is shown at the right."""
        return self.right.currentWidget()

    def controls(self) -> list[QWidget]:
        """Return the panes as one reads: what F6 goes through."""
        return [self.file.list, self.trail.list, self.steps.list]

    def _lay_out(self) -> None:
        bar = QHBoxLayout()
        bar.setContentsMargins(0, 0, 0, 0)
        bar.setSpacing(8)
        for button in (self.next_button, self.call_button, self.steps_button, self.undo_button):
            bar.addWidget(button)
        bar.addStretch(1)
        for button in (self.letter_button, self.copy_button):
            bar.addWidget(button)
        across = QSplitter(Qt.Orientation.Horizontal, self)
        across.setHandleWidth(4)
        across.setChildrenCollapsible(False)
        across.addWidget(self.file)
        across.addWidget(self.right)
        across.setStretchFactor(0, 1)
        across.setStretchFactor(1, 0)
        across.setSizes([900, _RIGHT])
        self.right.setMinimumWidth(320)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.head)
        column.addWidget(self.standing)
        column.addLayout(bar)
        column.addWidget(self.why_not)
        column.addWidget(across, 1)
