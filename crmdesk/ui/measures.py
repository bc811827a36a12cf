"""How wide texts are, from the widths of their characters.

Setting a line to learn its width costs half as much as drawing it. The widths of single characters add up to
the same within a pixel, so each is asked for once.
"""

from __future__ import annotations

from PySide6.QtGui import QFont, QFontMetrics, QFontMetricsF

ELLIPSIS = "…"
_CHINESE = "\u2e80"
"""From this character on no spaces part words."""
_CLOSING = frozenset("，。、；：？！）》】」』〉”’％%)]}>,.;:?!…·")
_OPENING = frozenset("（《【「『〈“‘([{<")


class Measures(QFontMetrics):
    """The measures of one font."""

    def __init__(self, font: QFont) -> None:
        super().__init__(font)
        self._widths = _Widths(font)
        self._square = max(1, font.pixelSize(), self.maxWidth() if font.pixelSize() < 0 else 0)

    def horizontalAdvance(self, text: str, length: int = -1) -> int:  # type: ignore[override]  # of Qt's two
        """Qt: the pixels that *text* takes."""
        return round(sum(map(self._widths.__getitem__, text if length < 0 else text[:length])))

    def cut(self, text: str, width: int) -> tuple[str, int]:
        """Return *text* cut short with an ellipsis to fit into *width* pixels, and the pixels it takes."""
        count, used = self._fitting(text, width)
        if count == len(text):
            return text, round(used)
        room = width - self._widths[ELLIPSIS]
        while count and used > room:
            count -= 1
            used -= self._widths[text[count]]
        return text[:count] + ELLIPSIS, width

    def lines(self, text: str, width: int, count: int) -> list[str]:
        """Return *text* in at most *count* lines of *width* pixels, the last one cut short where it must be.

        Lines end at spaces and between Chinese characters, never before a closing mark nor after an opening
        one; a word that is wider than a line is parted.
        """
        rest, made = text.strip(), list[str]()
        while len(made) < count - 1:
            fitting, _ = self._fitting(rest, width)
            if fitting == len(rest):
                break
            end = _line_end(rest, fitting)
            made.append(rest[:end].rstrip())
            rest = rest[end:].lstrip()
        if rest:
            made.append(self.cut(rest, width)[0])
        return made

    def _fitting(self, text: str, width: float) -> tuple[int, float]:
        """Return how many characters of *text* fit into *width* pixels, and the pixels they take.

        As many as surely fit are added at a time: nothing is wider than a square.
        """
        widths, count, used, length = self._widths, 0, 0.0, len(text)
        while count < length:
            sure = int((width - used) / self._square)
            if sure < 1:
                wider = used + widths[text[count]]
                if wider > width:
                    break
                count, used = count + 1, wider
            else:
                used += sum(map(widths.__getitem__, text[count : count + sure]))
                count = min(count + sure, length)
        return count, used


def _line_end(text: str, fitting: int) -> int:
    """Return where the first line of *text* ends when it can hold *fitting* characters."""
    for end in range(fitting, 0, -1):
        before, after = text[end - 1], text[end]
        if after == " " or before == " ":
            return end
        if (before >= _CHINESE or after >= _CHINESE) and after not in _CLOSING and before not in _OPENING:
            return end
    return max(fitting, 1)


class _Widths(dict[str, float]):
    """The width of each character, asked for when first needed."""

    def __init__(self, font: QFont) -> None:
        super().__init__()
        self._metrics = QFontMetricsF(font)

    def __missing__(self, character: str) -> float:
        width = self[character] = self._metrics.horizontalAdvance(character)
        return width
