"""A box to tick that can be seen on a dark ground too: Fusion draws its own darker than the window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QCheckBox, QSizePolicy, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from crmdesk.ui.painting import Ink

_BOX = 16
_GAP = 8
_HEIGHT = 28


class TickBox(QCheckBox):
    """A check box in the colours of the theme."""

    def __init__(self, ink: Ink, parent: QWidget) -> None:
        super().__init__(parent)
        self._ink = ink
        # As wide as there is room: a narrow form shows its words cut, and not its fields.
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        ink.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Qt: box and words."""
        return QSize(_BOX + _GAP + self._ink.body.horizontalAdvance(self.text()) + 4, _HEIGHT)

    def minimumSizeHint(self) -> QSize:
        """Qt: words may be cut."""
        return QSize(_BOX + _GAP, _HEIGHT)

    def hitButton(self, pos: QPoint) -> bool:
        """Qt: box and words, all of it."""
        return self.rect().contains(pos)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw box, tick, words, and a ring when it has the keyboard."""
        ink, theme, painter = self._ink, self._ink.theme, QPainter(self)
        box = QRect(0, (self.height() - _BOX) // 2, _BOX, _BOX)
        painter.fillRect(box, ink.colour(theme.muted))
        painter.fillRect(
            box.adjusted(1, 1, -1, -1), ink.colour(theme.accent if self.isChecked() else theme.base)
        )
        if self.isChecked():
            ink.icon(painter, box.adjusted(1, 1, 0, 0).topLeft(), "check", theme.on_accent, _BOX - 2)
        words = QRect(_BOX + _GAP, 0, self.width() - _BOX - _GAP, self.height())
        ink.line(painter, words, self.text(), ink.fonts.body, theme.text)
        if self.hasFocus():
            ink.focus_ring(painter, self.rect())
        painter.end()
