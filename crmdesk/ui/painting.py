"""What every painted part shares: colours, fonts, icons and ways to set a line of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QPen

from crmdesk.ui.measures import Measures

if TYPE_CHECKING:
    from PySide6.QtGui import QFont, QPainter

    from crmdesk.ui.icons import Icons
    from crmdesk.ui.theme import Fonts, Theme

_WRAP = int(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
CHIP_HEIGHT = 20


def plain(text: str) -> str:
    """Return data fit for one line of paint: control characters, also line ends, become spaces."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


class Ink(QObject):
    """Colours, fonts and icons of the present theme.

    Signals:
        changed(): another theme from now on; whoever paints repaints.
    """

    changed = Signal()

    def __init__(self, theme: Theme, fonts: Fonts, icons: Icons) -> None:
        super().__init__()
        self.theme = theme
        self.fonts = fonts
        self.icons = icons
        self.body = Measures(fonts.body)
        self.strong = Measures(fonts.strong)
        self.head = Measures(fonts.head)
        self.ratio = 1.0
        self._lines = {
            font.pixelSize(): (metrics.ascent(), metrics.height())
            for font, metrics in ((fonts.body, self.body), (fonts.head, self.head))
        }
        self._colours: dict[str, QColor] = {}
        self._pens: dict[str, QPen] = {}

    def use(self, theme: Theme) -> None:
        """Paint in *theme* from now on."""
        self.theme = theme
        self.changed.emit()

    def colour(self, value: str) -> QColor:
        """Return *value* (``#rrggbb``) as a colour of Qt."""
        made = self._colours.get(value)
        if made is None:
            made = self._colours[value] = QColor(value)
        return made

    def metrics(self, font: QFont) -> Measures:
        """Return the measures of one of our three fonts."""
        if font is self.fonts.body:
            return self.body
        return self.strong if font is self.fonts.strong else self.head

    def line(self, painter: QPainter, area: QRect, text: str, font: QFont, colour: str) -> None:
        """Draw one line, cut short with an ellipsis when too long."""
        width = area.width()
        if not text or width <= 0:
            return
        text = plain(text)
        # Nothing is wider than a square: most texts fit without being measured, which costs half a drawing.
        if len(text) * font.pixelSize() > width:
            text, _ = self.metrics(font).cut(text, width)
        self._set(painter, area, text, font, colour)

    def right(self, painter: QPainter, area: QRect, text: str, font: QFont, colour: str) -> int:
        """Draw one line at the right edge of *area*; return the pixels it took."""
        if not text:
            return 0
        text = plain(text)
        width = self.metrics(font).horizontalAdvance(text)
        if width > area.width():
            self.line(painter, area, text, font, colour)
            return area.width()
        place = QRect(area.right() - width, area.top(), width + 1, area.height())
        self._set(painter, place, text, font, colour)
        return width

    def measured(self, painter: QPainter, area: QRect, text: str, font: QFont, colour: str) -> int:
        """Draw one line as :meth:`line` does and return the pixels it took."""
        if not text or area.width() <= 0:
            return 0
        text = plain(text)
        text, width = self.metrics(font).cut(text, area.width())
        self._set(painter, area, text, font, colour)
        return width

    def wrapped(self, painter: QPainter, area: QRect, text: str, font: QFont, colour: str) -> None:
        """Draw lines wrapped at words; what does not fit is cut at the lower edge."""
        self._pen(painter, font, colour)
        metrics = self.metrics(font)
        lines = area.height() // metrics.lineSpacing() + 1
        painter.drawText(area, _WRAP, metrics.head(text, lines * area.width()))

    def centred(self, painter: QPainter, area: QRect, text: str, colour: str) -> None:
        """Draw a hint in the middle of an empty area."""
        self._pen(painter, self.fonts.body, colour)
        painter.drawText(area, _CENTRE, text)

    def icon(self, painter: QPainter, at: QPoint, name: str, colour: str, size: int = 16) -> None:
        """Draw an icon with its upper left corner *at*."""
        painter.drawPixmap(at, self.icons.pixmap(name, colour, size, self.ratio))

    def chip(self, painter: QPainter, at: QPoint, text: str, tone: str = "plain", icon: str = "") -> int:
        """Draw a short mark on a soft background; return its width."""
        colour, soft = self.theme.tone(tone)
        text = plain(text)
        left = 24 if icon else 8
        width = self.body.horizontalAdvance(text) + left + 8
        area = QRect(at.x(), at.y(), width, CHIP_HEIGHT)
        painter.fillRect(area, self.colour(soft))
        if icon:
            self.icon(painter, QPoint(at.x() + 4, at.y() + 2), icon, colour)
        self._set(painter, area.adjusted(left, 0, 0, 0), text, self.fonts.body, colour)
        return width

    def focus_ring(self, painter: QPainter, area: QRect) -> None:
        """Draw the frame that shows where the keyboard is."""
        painter.setPen(QPen(self.colour(self.theme.accent), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area.adjusted(1, 1, -1, -1))

    def card(self, painter: QPainter, area: QRect) -> None:
        """Fill *area* as a card with a thin frame, each pixel once."""
        line, right, bottom = self.colour(self.theme.line), area.right(), area.bottom()
        for edge in (
            QRect(area.left(), area.top(), area.width(), 1),
            QRect(area.left(), bottom, area.width(), 1),
            QRect(area.left(), area.top(), 1, area.height()),
            QRect(right, area.top(), 1, area.height()),
        ):
            painter.fillRect(edge, line)
        painter.fillRect(area.adjusted(1, 1, -1, -1), self.colour(self.theme.base))

    def rule(self, painter: QPainter, left: int, right: int, y: int) -> None:
        """Draw a thin line across."""
        painter.fillRect(left, y, right - left, 1, self.colour(self.theme.line))

    def _set(self, painter: QPainter, area: QRect, text: str, font: QFont, colour: str) -> None:
        self._pen(painter, font, colour)
        ascent, height = self._lines[font.pixelSize()]
        painter.drawText(area.left(), area.top() + (area.height() - height) // 2 + ascent, text)

    def _pen(self, painter: QPainter, font: QFont, colour: str) -> None:
        pen = self._pens.get(colour)
        if pen is None:
            pen = self._pens[colour] = QPen(self.colour(colour))
        painter.setFont(font)
        painter.setPen(pen)
