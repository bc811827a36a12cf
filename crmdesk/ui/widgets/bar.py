"""A thin bar: how much of something long is done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from crmdesk.ui.painting import Ink

_HEIGHT = 6


class Bar(QWidget):
    """Shows a part of the whole; the number stands beside it in words."""

    def __init__(self, ink: Ink, parent: QWidget) -> None:
        super().__init__(parent)
        self._ink = ink
        self._part = 0.0
        self.setFixedHeight(_HEIGHT)
        self.hide()
        ink.changed.connect(self.update)

    def show_part(self, part: float | None, told: str) -> None:
        """Show *part* (0 to 1), called *told* for a screen reader; None hides the bar."""
        self._part = max(0.0, min(1.0, part or 0.0))
        self.setAccessibleName(told)
        self.setAccessibleDescription(told)
        self.setVisible(part is not None)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw it."""
        painter, ink, width = QPainter(self), self._ink, self.width()
        painter.fillRect(0, 0, width, _HEIGHT, ink.colour(ink.theme.line))
        painter.fillRect(0, 0, round(width * self._part), _HEIGHT, ink.colour(ink.theme.accent))
        painter.end()
