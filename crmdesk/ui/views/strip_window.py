"""The small strip that shows a call while the window is covered or minimised; it never becomes active."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QGuiApplication, QPainter
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.views.band import BandCard

_SIZE = QSize(420, 64)


class StripWindow(QWidget):
    """Shows one card on top of all windows.

    Signals:
        clicked(): somebody wants the window.
    """

    clicked = Signal()

    def __init__(self, ink: Ink) -> None:
        super().__init__(
            None,
            Qt.WindowType.Tool
            | Qt.WindowType.FramelessWindowHint
            | Qt.WindowType.WindowStaysOnTopHint
            | Qt.WindowType.WindowDoesNotAcceptFocus,
        )
        self._ink = ink
        self._card: BandCard | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFixedSize(_SIZE)

    def show_card(self, card: BandCard, description: str) -> None:
        """Show *card* in the upper right corner of the screen."""
        self._card = card
        self.setAccessibleName(card.spoken())
        self.setAccessibleDescription(description)
        screen = QGuiApplication.primaryScreen().availableGeometry()
        self.move(screen.right() - self.width() - 16, screen.top() + 16)
        self.update()
        self.show()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt: a click asks for the window."""
        self.hide()
        self.clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw the call in two lines."""
        ink, painter, card = self._ink, QPainter(self), self._card
        theme = ink.theme
        painter.fillRect(self.rect(), ink.colour(theme.accent))
        painter.fillRect(self.rect().adjusted(2, 2, -2, -2), ink.colour(theme.base))
        if card is not None:
            colour = theme.tone(card.tone)[0]
            ink.icon(painter, QPoint(16, 20), card.icon, colour, 24)
            name = QRect(56, 8, self.width() - 72, 24)
            used = ink.measured(painter, name, card.name, ink.fonts.strong, theme.text)
            ink.line(painter, name.adjusted(used + 8, 0, 0, 0), card.alt, ink.fonts.body, theme.muted)
            line = " · ".join([card.state, card.number, *(text for text, _ in card.chips)])
            ink.line(painter, QRect(56, 32, self.width() - 72, 24), line, ink.fonts.body, theme.muted)
        painter.end()
