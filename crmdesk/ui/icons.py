"""Icons by name: line drawings of our own, tinted in the colours of the theme."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

if TYPE_CHECKING:
    from pathlib import Path

    from PySide6.QtGui import QIcon


class Icons:
    """Draws each icon once per colour and size and keeps the picture.

    Args:
        sources: SVG text by name; an unknown name draws nothing.
    """

    def __init__(self, sources: dict[str, bytes]) -> None:
        self._sources = sources
        self._drawn: dict[tuple[str, str, int, float], QPixmap] = {}

    @classmethod
    def read(cls, folder: Path) -> Icons:
        """Read all drawings of *folder*, at start."""
        return cls({file.stem: file.read_bytes() for file in sorted(folder.glob("*.svg"))})

    def names(self) -> set[str]:
        """Return the names there are."""
        return set(self._sources)

    def pixmap(self, name: str, colour: str, size: int = 16, ratio: float = 1.0) -> QPixmap:
        """Return the icon *name* in *colour* (``#rrggbb``), *size* logical pixels wide."""
        key = (name, colour, size, ratio)
        drawn = self._drawn.get(key)
        if drawn is None:
            drawn = self._drawn[key] = self._draw(*key)
        return drawn

    def icon(self, name: str, colour: str) -> QIcon:
        """Return the icon *name* for buttons and menus; the first screen has none of them."""
        from PySide6.QtGui import QIcon

        result = QIcon()
        for ratio in (1.0, 2.0):
            result.addPixmap(self.pixmap(name, colour, 16, ratio))
        return result

    def _draw(self, name: str, colour: str, size: int, ratio: float) -> QPixmap:
        picture = QPixmap(round(size * ratio), round(size * ratio))
        picture.setDevicePixelRatio(ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        QSvgRenderer(
            QByteArray(self._sources.get(name, b"<svg xmlns='http://www.w3.org/2000/svg'/>"))
        ).render(painter, QRectF(0, 0, size, size))
        painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceIn)
        painter.fillRect(QRectF(0, 0, size, size), QColor(colour))
        painter.end()
        return picture
