"""Lines of the left pane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect, QSize

from crmdesk.ui.itemmodels.facts import Fact
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.painting import CHIP_HEIGHT, plain
from crmdesk.ui.widgets.lists import RowDelegate

if TYPE_CHECKING:
    from PySide6.QtCore import QModelIndex, QPersistentModelIndex
    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QListView, QStyleOptionViewItem, QWidget

    from crmdesk.ui.itemmodels.rows import Index
    from crmdesk.ui.painting import Ink

_EDGE = 12
_LABEL = 84
_LINE = 24
_ALERT_LINES = 4
_HEIGHTS = {"section": 32, "asset": 36, "verify": 26, "line": _LINE}


class FactDelegate(RowDelegate):
    """Paints each kind of line; alerts and the head grow with their text."""

    def __init__(self, ink: Ink, view: QListView) -> None:
        super().__init__(ink, _LINE, view)
        self._view: QWidget = view.viewport()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Qt: the height of this line."""
        fact = _fact(index)
        return self._size if fact is None else QSize(64, self._height_of(fact))

    def row_height(self, model: RowsModel[Any], number: int) -> int:
        """Return the pixels of a row, as :meth:`sizeHint` tells Qt."""
        return self._height_of(model.rows[number])

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""
        fact: Fact = model.rows[number]
        left, top = area.left() + _EDGE, area.top()
        right, height = left + area.width() - 2 * _EDGE, area.height()
        if fact.kind == "line":
            self._line(painter, left, top, right, fact)
        elif fact.kind == "head":
            self._head(painter, left, top, right, fact)
        elif fact.kind == "alert":
            self._alert(painter, QRect(left - 4, top + 2, right - left + 8, height - 4), fact)
        elif fact.kind == "verify":
            self._verify(painter, left, top, right, fact)
        else:
            self._section(painter, left, top, right, fact)

    def _height_of(self, fact: Fact) -> int:
        known = _HEIGHTS.get(fact.kind)
        if known is not None:
            return known
        if fact.kind == "alert":
            return self._alert_height(fact)
        rows = len(self._chip_rows(fact))
        return 40 + rows * (CHIP_HEIGHT + 4) + (4 if rows else 0)

    def _alert_height(self, fact: Fact) -> int:
        width = max(80, self._view.width() - 2 * _EDGE - 32)
        return len(self.ink.body.lines(plain(fact.text), width, _ALERT_LINES)) * self.ink.body.height() + 12

    def _chip_rows(self, fact: Fact) -> list[list[tuple[str, str]]]:
        width, rows, used = self._view.width() - 2 * _EDGE, [], 0
        current: list[tuple[str, str]] = []
        for text, tone in fact.chips:
            needed = self.ink.body.horizontalAdvance(text) + 20
            if current and used + needed > width:
                rows.append(current)
                current, used = [], 0
            current.append((text, tone))
            used += needed
        return [*rows, current] if current else rows

    def _line(self, painter: QPainter, left: int, top: int, right: int, fact: Fact) -> None:
        ink, theme, body = self.ink, self.ink.theme, self.ink.fonts.body
        ink.put(painter, left, top, _LABEL - 8, _LINE, fact.label, body, theme.muted)
        if fact.aside:
            right = self._aside(painter, left, top, right, _LINE, fact)
        colour = theme.text if fact.tone == "plain" else theme.tone(fact.tone)[0]
        ink.put(painter, left + _LABEL, top, right - left - _LABEL, _LINE, fact.text, body, colour)

    def _aside(self, painter: QPainter, left: int, top: int, right: int, height: int, fact: Fact) -> int:
        """Draw the remark at the right; return where the rest of the line has to end."""
        ink, half = self.ink, (right - left) // 2
        colour = ink.theme.tone(fact.tone)[0] if fact.tone != "plain" else ink.theme.muted
        width = ink.put_right(painter, right - half, top, half, height, fact.aside, ink.fonts.body, colour)
        return right - width - 8

    def _head(self, painter: QPainter, left: int, top: int, right: int, fact: Fact) -> None:
        ink, theme, fonts = self.ink, self.ink.theme, self.ink.fonts
        ink.icon(painter, QPoint(left, top + 10), fact.icon, theme.accent, 24)
        x = left + 32
        x += ink.put_measured(painter, x, top + 6, right - x, 30, fact.text, fonts.head, theme.text) + 8
        ink.put(painter, x, top + 8, right - x, 28, fact.aside, fonts.body, theme.muted)
        y = top + 36
        for row in self._chip_rows(fact):
            x = left
            for text, tone in row:
                x += ink.chip(painter, QPoint(x, y + 4), text, tone) + 4
            y += CHIP_HEIGHT + 4

    def _alert(self, painter: QPainter, box: QRect, fact: Fact) -> None:
        ink = self.ink
        colour, soft = ink.theme.tone(fact.tone)
        painter.fillRect(box, ink.colour(soft))
        painter.fillRect(box.left(), box.top(), 3, box.height(), ink.colour(colour))
        ink.icon(painter, QPoint(box.left() + 10, box.top() + 5), fact.icon, colour)
        ink.wrapped(painter, box.adjusted(34, 4, -6, -2), fact.text, ink.fonts.body, colour)

    def _verify(self, painter: QPainter, left: int, top: int, right: int, fact: Fact) -> None:
        ink, theme = self.ink, self.ink.theme
        colour = theme.good if fact.on else theme.text
        painter.fillRect(left, top + 6, 16, 16, ink.colour(theme.good if fact.on else theme.muted))
        if fact.on:
            ink.icon(painter, QPoint(left, top + 6), "check", theme.base)
        else:
            painter.fillRect(left + 1, top + 7, 14, 14, ink.colour(theme.base))
        x, height = left + 24, _HEIGHTS["verify"]
        ink.put(painter, x, top, right - x, height, fact.text, ink.fonts.body, colour)

    def _section(self, painter: QPainter, left: int, top: int, right: int, fact: Fact) -> None:
        ink, theme, fonts = self.ink, self.ink.theme, self.ink.fonts
        ink.rule(painter, left, right, top + 4)
        height, top, x = _HEIGHTS[fact.kind] - 8, top + 8, left
        if fact.icon:
            ink.icon(painter, QPoint(x, top + height // 2 - 8), fact.icon, theme.accent)
            x += 24
        if fact.kind == "asset" and fact.aside:
            width = ink.strong.horizontalAdvance(fact.aside) + 16
            painter.fillRect(right - width, top + height // 2 - 11, width, 22, ink.colour(theme.accent_soft))
            ink.put(painter, right - width + 8, top, width, height, fact.aside, fonts.strong, theme.accent)
            right -= width + 8
        elif fact.aside:
            right = self._aside(painter, left, top, right, height, fact)
        ink.put(painter, x, top, right - x, height, fact.text, fonts.strong, theme.text)


def _fact(index: Index) -> Fact | None:
    model = index.model()
    if not isinstance(model, RowsModel):
        return None
    row = model.rows[index.row()]
    return row if isinstance(row, Fact) else None
