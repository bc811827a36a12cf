"""A scroll bar without arrows: a quiet mark of where one is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QScrollBar

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.painting import Ink

_WIDTH = 12
_ARROW, _SHORTEST = 14, 26
"""Pixels that Fusion keeps for each arrow, ours are not painted, and for the shortest handle."""


class SlimScrollBar(QScrollBar):
    """Upright; mouse and keys work as everywhere, only the painting is ours."""

    def __init__(self, ink: Ink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ink = ink
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)

    def sizeHint(self) -> QSize:
        """Qt: narrow."""
        return QSize(_WIDTH, super().sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw the handle only, and nothing where there is nothing to scroll."""
        ink, painter = self._ink, QPainter(self)
        painter.fillRect(self.rect(), ink.colour(ink.theme.base))
        if self.maximum() > self.minimum():
            self._paint_handle(painter)
        painter.end()

    def handle(self) -> QRect:
        """Return where the handle is: what QCommonStyle answers for Fusion, without making Qt's styles known.

        Asking the style costs a start ten milliseconds, for the enumerations that come along.
        """
        room, span = self.height() - 2 * _ARROW, self.maximum() - self.minimum()
        length = min(max(self.pageStep() * room // (span + self.pageStep()), _SHORTEST), room)
        passed = self.sliderPosition() - self.minimum()
        free = room - length
        return QRect(0, _ARROW + (2 * passed * free + span) // (2 * span), self.width(), length)

    def _paint_handle(self, painter: QPainter) -> None:
        ink, handle = self._ink, self.handle()
        colour = ink.theme.muted if self.isSliderDown() or self.underMouse() else ink.theme.line
        painter.fillRect(QRect(4, handle.top(), 6, handle.height()), ink.colour(colour))
