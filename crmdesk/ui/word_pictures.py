"""Pictures of short texts that are painted again and again: kinds, dates, people, headings.

Setting a text and blending its letters costs seven times as much as painting its picture. The words of a
service desk come again with each caller, so those seen twice are drawn once more in spare time and kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QColor, QPainter, QPixmap

from crmdesk.values import dataclass

if TYPE_CHECKING:
    from PySide6.QtGui import QFont

    from crmdesk.ui.painting import Face

LONGEST = 24
"""Characters; what is longer is hardly ever the same again."""
MOST_PIXELS = 3_000_000
"""Of all pictures together: 12 MB."""
_MOST_SEEN = 4096
_A_TURN = 6
LEFT, _TOP = 3, 4
"""Pixels a picture holds left of the first letter and above the line, for letters that reach out of them."""

Key = tuple[int, str, str]
"""The font's ``id``, the colour (``#rrggbb``) and the text."""


@dataclass(frozen=True)
class Word:
    """A text as a picture.

    Attributes:
        picture: see-through but for the letters; the first one begins :data:`LEFT` pixels from its edge.
        width: pixels the text takes.
        up: pixels from the top of the picture to where the letters stand.
    """

    picture: QPixmap
    width: int
    up: int


class WordPictures(QObject):
    """Keeps pictures of texts by font and colour; the oldest go when there are too many."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.ratio = 1.0
        self._kept: dict[Key, Word] = {}
        self.pixels = 0
        self._seen: set[Key] = set()
        self._wanted: dict[Key, tuple[QFont, Face]] = {}
        self._turn = QTimer(self, interval=0)
        self._turn.timeout.connect(self.draw_some)
        self.get = self._kept.get

    @property
    def count(self) -> int:
        """How many pictures there are; :attr:`pixels` is what they hold together."""
        return len(self._kept)

    def use(self, ratio: float) -> None:
        """Paint for a screen of *ratio* device pixels a pixel from now on."""
        if ratio != self.ratio:
            self.ratio = ratio
            self._kept.clear()
            self._wanted.clear()
            self.pixels = 0

    def miss(self, key: Key, font: QFont, face: Face) -> None:
        """Learn that there was no picture of *key*; the second time it is put down to be drawn.

        Between device pixels (a ratio of 1.25) a text stands differently at each place, so nothing is kept.
        """
        if key not in self._seen:
            if len(self._seen) >= _MOST_SEEN:
                self._seen.clear()
            self._seen.add(key)
        elif self.ratio.is_integer():
            self._wanted[key] = (font, face)
            self._turn.start()

    def draw_some(self) -> None:
        """Draw a few of the pictures wanted; the event loop calls it until none is left."""
        for _ in range(_A_TURN):
            if not self._wanted:
                self._turn.stop()
                return
            key = next(iter(self._wanted))
            self._keep(key, self._draw(key, *self._wanted.pop(key)))

    def _keep(self, key: Key, word: Word) -> None:
        self._kept[key] = word
        self.pixels += _pixels(word)
        while self.pixels > MOST_PIXELS:
            self.pixels -= _pixels(self._kept.pop(next(iter(self._kept))))

    def _draw(self, key: Key, font: QFont, face: Face) -> Word:
        _, colour, text = key
        width = face.measures.horizontalAdvance(text)
        across, down = width + 3 * LEFT, face.height + 2 * _TOP
        picture = QPixmap(round(across * self.ratio), round(down * self.ratio))
        picture.setDevicePixelRatio(self.ratio)
        picture.fill(Qt.GlobalColor.transparent)
        painter = QPainter(picture)
        painter.setFont(font)
        painter.setPen(QColor(colour))
        painter.drawText(LEFT, _TOP + face.ascent, text)
        painter.end()
        return Word(picture, width, _TOP + face.ascent)


def _pixels(word: Word) -> int:
    return word.picture.width() * word.picture.height()
