"""A sheet of paper on the screen: as wide as there is room for, at most as wide as it was drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPixmap
from PySide6.QtWidgets import QSizePolicy, QWidget

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

NARROWEST = 240
"""Pixels below which nothing could be read any more."""


class Sheet(QWidget):
    """Paints a picture of a page, made smaller where it has to be."""

    def __init__(self, picture: QImage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._picture = picture
        self._fitted = QPixmap()
        policy = QSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        policy.setHeightForWidth(True)
        self.setSizePolicy(policy)
        self.setMinimumWidth(NARROWEST)
        self.setMaximumWidth(picture.width())

    def hasHeightForWidth(self) -> bool:
        """Qt: a page keeps its shape."""
        return True

    def heightForWidth(self, width: int) -> int:
        """Qt: the height that belongs to *width*."""
        return round(width * self._picture.height() / self._picture.width())

    def sizeHint(self) -> QSize:
        """Qt: as it was drawn."""
        return self._picture.size()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw the page; it is fitted once for each width."""
        wide = round(self.width() * self.devicePixelRatioF())
        if self._fitted.width() != wide:
            smooth = Qt.TransformationMode.SmoothTransformation
            self._fitted = QPixmap.fromImage(self._picture.scaledToWidth(wide, smooth))
        painter = QPainter(self)
        painter.drawPixmap(self.rect(), self._fitted)
        painter.end()
