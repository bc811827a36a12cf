"""What every painted part shares: colours, fonts, icons and ways to set a line of text."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QPoint, QRect, Qt, Signal
from PySide6.QtGui import QColor, QPen

from crmdesk.ui.measures import Measures
from crmdesk.ui.word_pictures import LEFT, LONGEST, WordPictures
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PySide6.QtGui import QFont, QPainter

    from crmdesk.ui.icons import Icons
    from crmdesk.ui.theme import Fonts, Theme

_CENTRE = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
CHIP_HEIGHT = 20


def plain(text: str) -> str:
    """Return data fit for one line of paint: control characters, also line ends, become spaces."""
    return text if text.isprintable() else "".join(c if c.isprintable() else " " for c in text)


@dataclass(frozen=True)
class Face:
    """What drawing in a font asks for again and again; in pixels."""

    pixels: int
    ascent: int
    height: int
    measures: Measures

    def base(self, top: int, height: int) -> int:
        """Return where the letters of a line stand in the middle of *height* from *top* on."""
        return top + (height - self.height) // 2 + self.ascent


def _sides(area: QRect) -> tuple[int, int, int, int]:
    """Return x, y, width and height at one go."""
    return area.getRect()  # type: ignore[return-value]  # the stub does not say what is in the tuple


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
        self.pictures = WordPictures(self)
        self._word = self.pictures.get
        self._faces = {
            id(font): Face(font.pixelSize(), metrics.ascent(), metrics.height(), metrics)
            for font, metrics in (
                (fonts.body, self.body),
                (fonts.strong, self.strong),
                (fonts.head, self.head),
            )
        }
        self._colours: dict[str, QColor] = {}
        self._pens: dict[str, QPen] = {}
        self._waiting: dict[tuple[int, str], tuple[QFont, list[tuple[int, int, str]]]] | None = None

    def use(self, theme: Theme) -> None:
        """Paint in *theme* from now on."""
        self.theme = theme
        self.changed.emit()

    def use_ratio(self, ratio: float) -> None:
        """Paint for a screen of *ratio* device pixels a pixel from now on."""
        self.ratio = ratio
        self.pictures.use(ratio)

    def colour(self, value: str) -> QColor:
        """Return *value* (``#rrggbb``) as a colour of Qt."""
        made = self._colours.get(value)
        if made is None:
            made = self._colours[value] = QColor(value)
        return made

    def line(self, painter: QPainter, area: QRect, text: str, font: QFont, colour: str) -> None:
        """Draw one line, cut short with an ellipsis when too long."""
        if text:
            x, top, width, height = _sides(area)
            self.put(painter, x, top, width, height, text, font, colour)

    def put(
        self,
        painter: QPainter,
        x: int,
        top: int,
        width: int,
        height: int,
        text: str,
        font: QFont,
        colour: str,
    ) -> None:
        """Draw one line as :meth:`line` does, into an area told in pixels: rows are painted with this."""
        if not text or width <= 0:
            return
        word = self._word((id(font), colour, text))
        face = self._faces[id(font)]
        if word is not None and word.width <= width:
            painter.drawPixmap(x - LEFT, face.base(top, height) - word.up, word.picture)
            return
        if not text.isprintable():
            text = plain(text)
        # Nothing is wider than a square: most texts fit without being measured, which costs half a drawing.
        if len(text) * face.pixels > width:
            text, _ = face.measures.cut(text, width)
        self._set(painter, x, face.base(top, height), text, font, colour)

    def right(self, painter: QPainter, area: QRect, text: str, font: QFont, colour: str) -> int:
        """Draw one line at the right edge of *area*; return the pixels it took."""
        x, top, width, height = _sides(area)
        return self.put_right(painter, x, top, width, height, text, font, colour)

    def put_right(
        self,
        painter: QPainter,
        x: int,
        top: int,
        width: int,
        height: int,
        text: str,
        font: QFont,
        colour: str,
    ) -> int:
        """Draw one line at the right edge as :meth:`right` does, into an area told in pixels."""
        if not text:
            return 0
        word = self._word((id(font), colour, text))
        face = self._faces[id(font)]
        if word is not None and word.width <= width:
            left = x + width - word.width - LEFT
            painter.drawPixmap(left, face.base(top, height) - word.up, word.picture)
            return word.width
        text = plain(text)
        needed = face.measures.horizontalAdvance(text)
        if needed > width:
            text, needed = face.measures.cut(text, width)
        self._set(painter, x + width - needed, face.base(top, height), text, font, colour)
        return needed

    def measured(self, painter: QPainter, area: QRect, text: str, font: QFont, colour: str) -> int:
        """Draw one line as :meth:`line` does and return the pixels it took."""
        x, top, width, height = _sides(area)
        return self.put_measured(painter, x, top, width, height, text, font, colour)

    def put_measured(
        self,
        painter: QPainter,
        x: int,
        top: int,
        width: int,
        height: int,
        text: str,
        font: QFont,
        colour: str,
    ) -> int:
        """Draw one line as :meth:`measured` does, into an area told in pixels."""
        if not text or width <= 0:
            return 0
        word = self._word((id(font), colour, text))
        face = self._faces[id(font)]
        if word is not None and word.width <= width:
            painter.drawPixmap(x - LEFT, face.base(top, height) - word.up, word.picture)
            return word.width
        text, used = face.measures.cut(plain(text), width)
        self._set(painter, x, face.base(top, height), text, font, colour)
        return used

    def wrapped(self, painter: QPainter, area: QRect, text: str, font: QFont, colour: str) -> None:
        """Draw lines wrapped at words; the last one that fits is cut short with an ellipsis."""
        x, top, width, height = _sides(area)
        face = self._faces[id(font)]
        base = top + face.ascent
        for line in face.measures.lines(plain(text), width, max(1, height // face.height)):
            self._set(painter, x, base, line, font, colour)
            base += face.height

    def centred(self, painter: QPainter, area: QRect, text: str, colour: str) -> None:
        """Draw a hint in the middle of an empty area; a low one gets its first line only."""
        painter.setFont(self.fonts.body)
        painter.setPen(self._pens.get(colour) or self._pen(colour))
        if painter.boundingRect(area, _CENTRE, text).height() > area.height():
            text = text.partition("\n")[0]
        painter.drawText(area, _CENTRE, text)

    def icon(self, painter: QPainter, at: QPoint, name: str, colour: str, size: int = 16) -> None:
        """Draw an icon with its upper left corner *at*."""
        painter.drawPixmap(at, self.icons.pixmap(name, colour, size, self.ratio))

    def chip(self, painter: QPainter, at: QPoint, text: str, tone: str = "plain", icon: str = "") -> int:
        """Draw a short mark on a soft background; return its width."""
        colour, soft = self.theme.tone(tone)
        text = plain(text)
        left = 24 if icon else 8
        x, y = at.x(), at.y()
        width = self.body.horizontalAdvance(text) + left + 8
        painter.fillRect(x, y, width, CHIP_HEIGHT, self.colour(soft))
        if icon:
            self.icon(painter, QPoint(x + 4, y + 2), icon, colour)
        self.put(painter, x + left, y, width, CHIP_HEIGHT, text, self.fonts.body, colour)
        return width

    def focus_ring(self, painter: QPainter, area: QRect) -> None:
        """Draw the frame that shows where the keyboard is."""
        painter.setPen(QPen(self.colour(self.theme.accent), 2))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRect(area.adjusted(1, 1, -1, -1))

    def card(self, painter: QPainter, area: QRect) -> None:
        """Fill *area* as a card with a thin frame, each pixel once."""
        line, (x, y, width, height) = self.colour(self.theme.line), _sides(area)
        painter.fillRect(x, y, width, 1, line)
        painter.fillRect(x, y + height - 1, width, 1, line)
        painter.fillRect(x, y, 1, height, line)
        painter.fillRect(x + width - 1, y, 1, height, line)
        painter.fillRect(x + 1, y + 1, width - 2, height - 2, self.colour(self.theme.base))

    def rule(self, painter: QPainter, left: int, right: int, y: int) -> None:
        """Draw a thin line across."""
        painter.fillRect(left, y, right - left, 1, self.colour(self.theme.line))

    @contextmanager
    def style_by_style(self, painter: QPainter) -> Iterator[None]:
        """Draw the texts of this block at its end, those of one font and colour together, above all else."""
        waiting = self._waiting = {}
        try:
            yield
        finally:
            self._waiting = None
        for (_, colour), (font, texts) in waiting.items():
            painter.setFont(font)
            painter.setPen(self._pens.get(colour) or self._pen(colour))
            draw = painter.drawText
            for text in texts:
                draw(*text)

    def _set(self, painter: QPainter, x: int, base: int, text: str, font: QFont, colour: str) -> None:
        if len(text) <= LONGEST:
            key = (id(font), colour, text)
            word = self._word(key)
            if word is not None:
                painter.drawPixmap(x - LEFT, base - word.up, word.picture)
                return
            self.pictures.miss(key, font, self._faces[id(font)])
        if self._waiting is not None:
            style = (id(font), colour)
            held = self._waiting.get(style)
            if held is None:
                held = self._waiting[style] = (font, [])
            held[1].append((x, base, text))
            return
        painter.setFont(font)
        painter.setPen(self._pens.get(colour) or self._pen(colour))
        painter.drawText(x, base, text)

    def _pen(self, colour: str) -> QPen:
        pen = self._pens[colour] = QPen(self.colour(colour))
        return pen
