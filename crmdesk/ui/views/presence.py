"""Who else is here: quiet marks below the lines of the record, never with the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

_LINE = 28
SHOWN = 3
"""So many colleagues are told by name."""


class PresenceMarks(QWidget):
    """One line for each colleague at the record shown; hidden while there is none."""

    def __init__(self, ink: Ink, words: Words, parent: QWidget) -> None:
        super().__init__(parent)
        self._ink = ink
        self._words = words
        self._marks: tuple[tuple[str, str], ...] = ()
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        ink.changed.connect(self.update)
        self.hide()

    @property
    def marks(self) -> tuple[tuple[str, str], ...]:
        """What is shown: (text, tone) pairs."""
        return self._marks

    def show_marks(self, marks: tuple[tuple[str, str], ...]) -> None:
        """Show these (text, tone) pairs; a plain tone is grey."""
        if marks == self._marks:
            return
        self._marks = marks
        self.setAccessibleName(", ".join(text for text, _ in marks))
        self.setAccessibleDescription(self._words.tr("Colleagues who have this record open"))
        self.setFixedHeight(_LINE * max(1, len(marks)) + 1)
        self.setVisible(bool(marks))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw the lines."""
        ink, theme, painter = self._ink, self._ink.theme, QPainter(self)
        painter.fillRect(self.rect(), ink.colour(theme.base))
        ink.rule(painter, 0, self.width(), 0)
        for number, (text, tone) in enumerate(self._marks):
            colour = theme.muted if tone == "plain" else theme.tone(tone)[0]
            top = 1 + number * _LINE
            ink.icon(painter, QPoint(12, top + 6), "person", colour)
            ink.line(painter, QRect(36, top, self.width() - 48, _LINE), text, ink.fonts.body, colour)
        painter.end()
