"""Lines of a complaint: texts whole, clocks with a bar, steps with who and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect, QSize

from crmdesk.ui.itemmodels.record_line import RecordLine
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.painting import plain
from crmdesk.ui.widgets.lists import RowDelegate

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QPersistentModelIndex
    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QListView, QStyleOptionViewItem, QWidget

    from crmdesk.ui.painting import Ink

_EDGE, _LINE = 12, 24
_LABEL = 132
_MOST_LINES = 80
_HEIGHTS = {"section": 36, "line": _LINE, "link": 28, "letter": 28, "mark": _LINE, "quiet": _LINE, "file": 44}
_LABELLED = frozenset({"line", "remedy"})
_CLOCK = 44
_EVENT = 28
_BAR = 6


class RecordDelegate(RowDelegate):
    """Paints each kind of line; texts grow with what they say."""

    def __init__(self, ink: Ink, view: QListView) -> None:
        super().__init__(ink, _LINE, view)
        self._view: QWidget = view.viewport()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Qt: the height of this line."""
        model = index.model()
        height = self.row_height(model, index.row()) if isinstance(model, RowsModel) else _LINE
        return QSize(64, height)

    def row_height(self, model: RowsModel[Any], number: int) -> int:
        """Return the pixels of a row, as :meth:`sizeHint` tells Qt."""
        line: RecordLine = model.rows[number]
        if line.kind in _HEIGHTS and line.kind not in _LABELLED:
            return _HEIGHTS[line.kind]
        if line.kind == "clock":
            return _CLOCK if line.percent >= 0 else _LINE
        if line.kind == "event":
            return _EVENT + (20 if line.label else 0)
        return self._grown(line)

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""
        line: RecordLine = model.rows[number]
        left, top = area.left() + _EDGE, area.top()
        right, height = area.right() - _EDGE, area.height()
        draw = {
            "section": self._section,
            "clock": self._clock,
            "event": self._event,
            "alert": self._alert,
            "log": self._log,
            "detail": self._detail,
            "link": self._link,
            "letter": self._link,
            "mark": self._mark,
            "file": self._file,
        }.get(line.kind, self._text if line.kind in {"text", "quiet"} else self._line)
        if line.kind == "section" and number:
            self.ink.rule(painter, left, right, top + 4)
        draw(painter, QRect(left, top, right - left, height), line)

    def _grown(self, line: RecordLine) -> int:
        face = self.ink.body.height()
        count = len(self._wrapped(line))
        if line.kind == "alert":
            return count * face + 16
        if line.kind == "log":
            return 22 + count * face + 6
        return max(_LINE, count * face + 8)

    def _wrapped(self, line: RecordLine) -> list[str]:
        """Return the text in lines: each paragraph by itself."""
        width = self._width(line)
        made: list[str] = []
        for paragraph in line.text.splitlines() or [""]:
            made += self.ink.body.lines(plain(paragraph), width, _MOST_LINES) or [""]
        return made[:_MOST_LINES]

    def _width(self, line: RecordLine) -> int:
        whole = max(160, self._view.width() - 2 * _EDGE)
        if line.kind == "alert":
            return whole - 40
        if line.kind in _LABELLED:
            return max(80, whole - _LABEL - self._aside_width(line, whole))
        if line.kind == "detail":
            return max(80, whole - 24 - self._label_width(line, whole) - self._aside_width(line, whole))
        return whole

    def _aside_width(self, line: RecordLine, whole: int) -> int:
        return min(self.ink.body.horizontalAdvance(line.aside) + 12, whole // 2) if line.aside else 0

    def _label_width(self, line: RecordLine, whole: int) -> int:
        return min(self.ink.body.horizontalAdvance(line.label) + 12, whole * 2 // 5) if line.label else 0

    def _paragraphs(self, painter: QPainter, x: int, top: int, line: RecordLine, colour: str) -> None:
        width, face = self._width(line) + 2, self.ink.body.height()
        for n, text in enumerate(self._wrapped(line)):
            self.ink.put(painter, x, top + n * face, width, face, text, self.ink.fonts.body, colour)

    def _section(self, painter: QPainter, area: QRect, line: RecordLine) -> None:
        ink, theme, fonts = self.ink, self.ink.theme, self.ink.fonts
        left, right = area.left(), area.right()
        top, height = area.top() + 8, area.height() - 8
        x = left
        if line.icon:
            ink.icon(painter, QPoint(x, top + height // 2 - 8), line.icon, theme.accent)
            x += 24
        colour = theme.muted if line.tone == "plain" else theme.tone(line.tone)[0]
        room = max((right - x) * 2 // 3, right - x - ink.strong.horizontalAdvance(line.text) - 12)
        used = ink.put_right(painter, right - room, top, room, height, line.aside, fonts.body, colour)
        ink.put(painter, x, top, right - x - used - 8, height, line.text, fonts.strong, theme.text)

    def _text(self, painter: QPainter, area: QRect, line: RecordLine) -> None:
        colour = self.ink.theme.muted if line.kind == "quiet" else self.ink.theme.text
        self._paragraphs(painter, area.left(), area.top() + 4, line, colour)

    def _line(self, painter: QPainter, area: QRect, line: RecordLine) -> None:
        ink, theme, body = self.ink, self.ink.theme, self.ink.fonts.body
        left, top = area.left(), area.top()
        ink.put(painter, left, top + 4, _LABEL - 8, ink.body.height(), line.label, body, theme.muted)
        self._aside(painter, area, line)
        self._paragraphs(painter, left + _LABEL, top + 4, line, theme.text)

    def _aside(self, painter: QPainter, area: QRect, line: RecordLine) -> None:
        ink, width = self.ink, area.width() // 2
        colour = ink.theme.muted if line.tone in {"plain", "accent"} else ink.theme.tone(line.tone)[0]
        ink.put_right(
            painter,
            area.right() - width,
            area.top() + 4,
            width,
            ink.body.height(),
            line.aside,
            ink.fonts.body,
            colour,
        )

    def _log(self, painter: QPainter, area: QRect, line: RecordLine) -> None:
        ink, theme = self.ink, self.ink.theme
        left, top = area.left(), area.top()
        used = ink.put_measured(
            painter, left, top, area.width(), 22, line.label, ink.fonts.strong, theme.text
        )
        ink.put(painter, left + used + 8, top, area.width(), 22, line.aside, ink.fonts.body, theme.muted)
        self._paragraphs(painter, left, top + 22, line, theme.text)

    def _alert(self, painter: QPainter, area: QRect, line: RecordLine) -> None:
        ink = self.ink
        colour, soft = ink.theme.tone(line.tone)
        box = area.adjusted(0, 2, 0, -2)
        painter.fillRect(box, ink.colour(soft))
        painter.fillRect(box.left(), box.top(), 3, box.height(), ink.colour(colour))
        ink.icon(painter, QPoint(box.left() + 10, box.top() + 5), line.icon, colour)
        self._paragraphs(painter, box.left() + 34, box.top() + 5, line, colour)

    def _mark(self, painter: QPainter, area: QRect, line: RecordLine) -> None:
        ink, theme = self.ink, self.ink.theme
        colour = theme.muted if line.tone == "plain" else theme.tone(line.tone)[0]
        ink.icon(painter, QPoint(area.left(), area.top() + 4), line.icon, colour)
        self._aside(painter, area, RecordLine("mark", "", aside=line.aside))
        x, width = area.left() + 24, area.width() // 2
        ink.put(painter, x, area.top() + 4, width, ink.body.height(), line.text, ink.fonts.body, colour)

    def _file(self, painter: QPainter, area: QRect, line: RecordLine) -> None:
        """Draw a file: its name and size, below it who, when and where the content is."""
        ink, theme, fonts, face = self.ink, self.ink.theme, self.ink.fonts, self.ink.body.height()
        left, top, width = area.left() + 24, area.top(), area.width() - 24
        ink.icon(painter, QPoint(area.left(), top + 4), line.icon, theme.accent)
        used = ink.put_right(painter, left, top + 2, width, face, line.label, fonts.body, theme.muted)
        ink.put(painter, left, top + 2, width - used - 12, face, line.text, fonts.strong, theme.text)
        colour = theme.muted if line.tone == "plain" else theme.tone(line.tone)[0]
        ink.put(painter, left, top + 22, width, face, line.aside, fonts.body, colour)
        if line.percent:
            painter.fillRect(left, top + 40, width * min(100, line.percent) // 100, 2, ink.colour(colour))

    def _link(self, painter: QPainter, area: QRect, line: RecordLine) -> None:
        ink, theme = self.ink, self.ink.theme
        left, top, height = area.left(), area.top(), area.height()
        ink.put(painter, left, top, _LABEL - 8, height, line.label, ink.fonts.body, theme.muted)
        x, width = left + _LABEL, area.width() - _LABEL
        ink.put(painter, x, top, width // 2, height, line.text, ink.fonts.strong, theme.accent)
        self._aside(painter, area, line)

    def _clock(self, painter: QPainter, area: QRect, line: RecordLine) -> None:
        ink, theme, fonts = self.ink, self.ink.theme, self.ink.fonts
        left, top, right = area.left(), area.top(), area.right()
        colour = theme.tone(line.tone)[0] if line.tone != "plain" else theme.muted
        used = ink.put_right(painter, left, top + 4, area.width(), 20, line.aside, fonts.body, colour)
        done = line.percent < 0
        font, ground = (fonts.body, theme.muted) if done else (fonts.strong, theme.text)
        ink.put(painter, left, top + 4, area.width() - used - 12, 20, line.text, font, ground)
        if done:
            return
        told = f"{line.percent} %"
        used = ink.put_right(painter, right - 56, top + 24, 56, 16, told, fonts.body, theme.muted)
        width, y = area.width() - 64, top + 30
        painter.fillRect(left, y, width, _BAR, ink.colour(theme.plain_soft))
        part = round(width * min(100, max(0, line.percent)) / 100)
        painter.fillRect(left, y, part, _BAR, ink.colour(colour))

    def _detail(self, painter: QPainter, area: QRect, line: RecordLine) -> None:
        ink, theme, body = self.ink, self.ink.theme, self.ink.fonts.body
        left, top = area.left() + 16, area.top()
        painter.fillRect(left - 8, top, 2, area.height(), ink.colour(theme.line))
        label = self._label_width(line, area.width())
        ink.put(painter, left, top + 4, label - 8, ink.body.height(), line.label, body, theme.muted)
        self._aside(painter, area, line)
        self._paragraphs(painter, left + label, top + 4, line, theme.text)

    def _event(self, painter: QPainter, area: QRect, line: RecordLine) -> None:
        ink, theme, fonts = self.ink, self.ink.theme, self.ink.fonts
        left, top = area.left(), area.top()
        used = ink.put_right(painter, left, top + 2, area.width(), 22, line.aside, fonts.body, theme.muted)
        ink.put(painter, left, top + 2, area.width() - used - 12, 22, line.text, fonts.strong, theme.text)
        ink.put(painter, left, top + 22, area.width(), 22, line.label, fonts.body, theme.muted)
