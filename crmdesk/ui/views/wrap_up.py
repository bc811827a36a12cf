"""The strip that closes a call: how it ended, articles used, follow-up, the seconds left, F12."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QSizePolicy, QWidget

from crmdesk.ui.translation import word
from crmdesk.ui.widgets.pane import ActionButton

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QPaintEvent

    from crmdesk.models.worklist import DispositionChoice
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

REASONS = (
    ("note", word("Note to write")),
    ("entry", word("Data to enter")),
    ("colleague", word("Asking a colleague")),
)
"""Why a wrap-up takes longer: code and words."""


class Marks(QWidget):
    """Painted chips: (icon, text, tone) each."""

    def __init__(self, ink: Ink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ink = ink
        self._marks: tuple[tuple[str, str, str], ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        ink.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Qt: one line."""
        return QSize(200, 28)

    def show_marks(self, marks: tuple[tuple[str, str, str], ...]) -> None:
        """Show these."""
        if marks != self._marks:
            self._marks = marks
            self.setAccessibleName(", ".join(text for _, text, _ in marks))
            self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw as many as fit."""
        painter, x = QPainter(self), 0
        for icon, text, tone in self._marks:
            room = self.width() - x
            if room < 64:
                break
            short = self._ink.body.elidedText(text, Qt.TextElideMode.ElideRight, room - 36)
            x += self._ink.chip(painter, QPoint(x, 4), short, tone, icon) + 8
        painter.end()


class WrapUpStrip(QWidget):
    """One line at the bottom of the record.

    Signals:
        disposition_chosen(str): key of the way the call ended, chosen by hand.
        reason_chosen(str): code of why the wrap-up takes longer, chosen by hand.
    """

    disposition_chosen = Signal(str)
    reason_chosen = Signal(str)

    def __init__(
        self, ink: Ink, words: Words, finish: QAction, stretch: QAction, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self._ink = ink
        self._words = words
        self._choices: tuple[DispositionChoice, ...] = ()
        self._timer = ""
        self._tone = "plain"
        self.box = QComboBox(self)
        self.box.setMinimumWidth(240)
        self.box.setMinimumHeight(32)
        self.reason = QComboBox(self)
        self.reason.setMinimumHeight(32)
        self.reason.hide()
        self.marks = Marks(ink, self)
        self._stretch = ActionButton(ink, stretch, self, icon="clock")
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 4, 4)
        row.setSpacing(8)
        row.addWidget(self.box)
        row.addWidget(self.marks, 1)
        row.addWidget(self.reason)
        row.addSpacing(96)
        row.addWidget(self._stretch)
        self._finish = ActionButton(ink, finish, self, icon="check")
        row.addWidget(self._finish)
        self.setFixedHeight(44)
        words.bind(self.box.setAccessibleName, word("How the call ended"))
        words.bind(self.box.setAccessibleDescription, word("Guessed; choose another one when it is wrong"))
        words.bind(self.marks.setAccessibleDescription, word("What was used and promised in this call"))
        self.box.activated.connect(lambda row: self.disposition_chosen.emit(self._choices[row].key))
        words.bind(self.reason.setAccessibleName, word("Why it takes longer"))
        words.bind(self.reason.setAccessibleDescription, word("Guessed; choose another one when it is wrong"))
        self.reason.activated.connect(lambda row: self.reason_chosen.emit(REASONS[row][0]))
        words.changed.connect(self._fill)
        ink.changed.connect(self.update)

    def wait(self, waiting: bool) -> None:
        """Keep quiet while the telephone still rings: there is nothing to wrap up yet."""
        for part in (self.box, self._finish):
            if part.isVisibleTo(self) == waiting:
                part.setVisible(not waiting)

    def offer(self, choices: tuple[DispositionChoice, ...]) -> None:
        """Offer these ways to end a call."""
        if choices != self._choices:
            self._choices = choices
            self._fill()

    def choose(self, key: str) -> None:
        """Show *key* as chosen."""
        row = next((n for n, choice in enumerate(self._choices) if choice.key == key), -1)
        if row != self.box.currentIndex():
            self.box.setCurrentIndex(row)

    def show_reason(self, code: str) -> None:
        """Show why the wrap-up takes longer; empty hides it."""
        if self.reason.isVisibleTo(self) != bool(code):
            self.reason.setVisible(bool(code))
        self.reason.setCurrentIndex(next((n for n, (held, _) in enumerate(REASONS) if held == code), -1))

    def show_timer(self, text: str, tone: str) -> None:
        """Show the seconds left of the wrap-up; empty while the call is up."""
        if (text, tone) != (self._timer, self._tone):
            self._timer, self._tone = text, tone
            self.update()
        if self._stretch.isVisibleTo(self) != bool(text):
            self._stretch.setVisible(bool(text))

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw the card and the seconds."""
        ink, painter = self._ink, QPainter(self)
        ink.card(painter, self.rect())
        if self._timer:
            last = self.marks if self.reason.isHidden() else self.reason
            right = last.geometry().right() + 8
            area = QRect(right, 8, 96, 28)
            tone = ink.theme.tone(self._tone)[0]
            ink.icon(painter, QPoint(area.left(), area.top() + 6), "clock", tone)
            ink.line(painter, area.adjusted(24, 0, 0, 0), self._timer, ink.fonts.strong, tone)
        painter.end()

    def _fill(self) -> None:
        chosen = self.box.currentIndex()
        self.box.clear()
        self.box.addItems([self._words.pick(choice.name_en, choice.name_zh) for choice in self._choices])
        self.box.setCurrentIndex(chosen)
        why = self.reason.currentIndex()
        self.reason.clear()
        self.reason.addItems([self._words.tr(text) for _, text in REASONS])
        self.reason.setCurrentIndex(why)
