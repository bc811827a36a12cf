"""How wide texts are, from the widths of their characters.

Setting a line to learn its width costs half as much as drawing it. The widths of single characters add up to
the same within a pixel, so each is asked for once.
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate

from PySide6.QtGui import QFont, QFontMetrics, QFontMetricsF

ELLIPSIS = "…"
NARROWEST = 3
"""Pixels that a character of a readable text takes at least, on average."""


class Measures(QFontMetrics):
    """The measures of one font."""

    def __init__(self, font: QFont) -> None:
        super().__init__(font)
        self._widths = _Widths(font)

    def horizontalAdvance(self, text: str, length: int = -1) -> int:  # type: ignore[override]  # of Qt's two
        """Qt: the pixels that *text* takes."""
        return round(sum(map(self._widths.__getitem__, text if length < 0 else text[:length])))

    def cut(self, text: str, width: int) -> tuple[str, int]:
        """Return *text* cut short with an ellipsis to fit into *width* pixels, and the pixels it takes."""
        seen = text[: width // NARROWEST + 2]
        ends = list(accumulate(map(self._widths.__getitem__, seen)))
        if not ends or (ends[-1] <= width and len(seen) == len(text)):
            return text, round(ends[-1]) if ends else 0
        fitting = bisect_right(ends, width - self._widths[ELLIPSIS])
        return text[:fitting] + ELLIPSIS, width

    def head(self, text: str, width: int) -> str:
        """Return as much of *text* as *width* pixels can hold at most."""
        ends = list(accumulate(map(self._widths.__getitem__, text[: width // NARROWEST + 2])))
        return text[: bisect_right(ends, width) + 1]


class _Widths(dict[str, float]):
    """The width of each character, asked for when first needed."""

    def __init__(self, font: QFont) -> None:
        super().__init__()
        self._metrics = QFontMetricsF(font)

    def __missing__(self, character: str) -> float:
        width = self[character] = self._metrics.horizontalAdvance(character)
        return width
