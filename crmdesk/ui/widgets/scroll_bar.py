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

    def _paint_handle(self, painter: QPainter) -> None:
        from PySide6.QtWidgets import QStyle, QStyleOptionSlider

        ink = self._ink
        option = QStyleOptionSlider()
        self.initStyleOption(option)
        slider = self.style().subControlRect(
            QStyle.ComplexControl.CC_ScrollBar, option, QStyle.SubControl.SC_ScrollBarSlider, self
        )
        colour = ink.theme.muted if self.isSliderDown() or self.underMouse() else ink.theme.line
        painter.fillRect(QRect(4, slider.top(), 6, slider.height()), ink.colour(colour))
