"""Writing a complaint down beside the record: never modal; then its number, and what to read out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QStackedWidget, QVBoxLayout, QWidget

from crmdesk.ui.translation import word
from crmdesk.ui.views.complaint_intake_fields import IntakeFields
from crmdesk.ui.widgets.pane import ActionButton, Pane
from crmdesk.ui.widgets.scroll_bar import SlimScrollBar
from crmdesk.ui.widgets.told import Told

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from crmdesk.ui.itemmodels.record_line import RecordLine
    from crmdesk.ui.presenters.workplace import Tools
    from crmdesk.ui.views.file_list import FileList

_LOW = 160
_ELSEWHERE = 372
"""Pixels of the window that menu, band, answers, heading, button and wrap-up take."""


class ComplaintIntake(Pane):
    """The form, or once it is saved number and sentence.

    Signals:
        another_wanted(): write down one more complaint about the same call.
        left_unwanted(int): Delete on a file that could not be attached: its place among those.
    """

    another_wanted = Signal()
    left_unwanted = Signal(int)

    def __init__(self, tools: Tools, parent: QWidget | None = None) -> None:
        super().__init__(tools.ink, parent)
        self._tools, self._words = tools, tools.words
        self.left: FileList | None = None
        self._below_saved = QVBoxLayout()
        self.fields = IntakeFields(tools, self)
        self.told = Told(tools.ink, self, 8)
        self.number = QLabel(self)
        self.readout = Told(tools.ink, self, 12)
        self.next = Told(tools.ink, self, 4)
        self._pages = QStackedWidget(self)
        self._scroll = QScrollArea(self)
        self._another = QAction(self)
        self.another = ActionButton(tools.ink, self._another, self, icon="complaint")
        self.save = ActionButton(tools.ink, tools.actions["go-on"], self, icon="check")
        self._pages.addWidget(self._form_page())
        self._pages.addWidget(self._told_page())
        words = tools.words
        words.bind(self._another.setText, word("Another complaint of this call"))
        words.bind(self._another.setIconText, word("Another complaint of this call"))
        words.bind(self._another.setStatusTip, word("Opens an empty form for the same caller"))
        words.bind(self.number.setAccessibleDescription, word("The number of the complaint, to be told"))
        words.changed.connect(self._retranslate)
        self._another.triggered.connect(self.another_wanted)
        self.fields.grown.connect(self.fit)
        self._retranslate()
        self.hide()

    @property
    def shows_form(self) -> bool:
        """Whether the form is shown, and not what was saved."""
        return self._pages.currentIndex() == 0

    def show_form(self) -> None:
        """Show the form."""
        self._pages.setCurrentIndex(0)
        self.told.say("")
        self._open()

    def show_saved(self, number: str, readout: str, following: str) -> None:
        """Show *number*, the sentence to read out, and what comes next."""
        self.number.setText(number)
        self.number.setAccessibleName(number)
        self.readout.say(readout, "accent")
        self.next.say(following)
        self._pages.setCurrentIndex(1)
        self._open()

    def show_left(self, lines: list[RecordLine]) -> None:
        """Show, below what was saved, the files that could not be attached to it."""
        if self.left is None:
            if not lines:
                return
            from crmdesk.ui.views.file_list import FileList

            tells = word("Delete takes a file away")
            self.left = FileList(self._tools, self, word("Files that were not attached"), tells)
            # The first line is a heading.
            self.left.unwanted.connect(lambda row: self.left_unwanted.emit(row - 1))
            self._below_saved.addWidget(self.left)
            QWidget.setTabOrder(self.another, self.left.list)
        self.left.show_lines(lines)

    def refuse(self, sentence: str) -> None:
        """Say below the fields why it could not be saved; empty takes it away."""
        self.told.say(sentence, "breach")
        self.fit()

    def say_kept(self, text: str) -> None:
        """Show when what was typed was kept."""
        if self.shows_form:
            self.set_aside(text)

    def fit(self) -> None:
        """Take the height that all fields need, or what a low window leaves; the rest scrolls."""
        if self.isHidden():
            return
        room = self.window().height() - _ELSEWHERE
        room -= self.told.heightForWidth(self.width()) if self.told.isVisibleTo(self) else 0
        wanted = self.fields.sizeHint().height() if self.shows_form else 0
        self._scroll.setMinimumHeight(max(_LOW, min(wanted, room)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: another height of the window is another height of the form."""
        if event.type() == QEvent.Type.Resize and watched is self.window():
            self.fit()
        return super().eventFilter(watched, event)

    def to_field(self, name: str) -> None:
        """Put the keyboard into a field, where it can be seen."""
        self.fields.to_field(name)
        focus = self.focusWidget()
        if focus is not None:
            self._scroll.ensureWidgetVisible(focus, 0, 64)

    def show_solution(self) -> None:
        """Unfold what solves it on the call, all of it in sight, and put the keyboard there."""
        self.fields.solved.setChecked(True)
        self.fields.solution.to_first()
        QTimer.singleShot(0, self, self._scroll_to_solution)

    def _scroll_to_solution(self) -> None:
        self._scroll.verticalScrollBar().setValue(self.fields.solved.y() - 4)

    def controls(self) -> list[QWidget]:
        """Return the controls as one reads: what Tab follows."""
        return [*self.fields.controls(), self.save, self.another]

    def _open(self) -> None:
        if self.isHidden():
            self.show()
            self.window().installEventFilter(self)
        self.fit()
        self._retranslate()

    def _retranslate(self) -> None:
        tr = self._words.tr
        form = self.shows_form
        self.set_heading(tr("New complaint") if form else tr("Complaint recorded"))
        self.set_aside(tr("Esc closes") if form else tr("F8 back to the record"))

    def _form_page(self) -> QWidget:
        page = QWidget(self)
        self._scroll.setWidget(self.fields)
        self._scroll.setWidgetResizable(True)
        self.fields.setBackgroundRole(QPalette.ColorRole.Base)
        self.fields.setAutoFillBackground(True)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setVerticalScrollBar(SlimScrollBar(self.ink, self._scroll))
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._scroll, 1)
        column.addWidget(self.told)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(12, 4, 12, 12)
        buttons.addStretch(1)
        buttons.addWidget(self.save)
        column.addLayout(buttons)
        self.content.addWidget(self._pages)
        return page

    def _told_page(self) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 4, 12, 12)
        column.setSpacing(8)
        self.number.setFont(self.ink.fonts.head)
        self.number.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.number.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        for part in (self.number, self.readout, self.next):
            column.addWidget(part)
        column.addLayout(self._below_saved)
        column.addStretch(1)
        row = QHBoxLayout()
        row.addStretch(1)
        row.addWidget(self.another)
        column.addLayout(row)
        return page
