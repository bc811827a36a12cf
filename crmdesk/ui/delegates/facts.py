"""Lines of the left pane."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect, QSize, Qt

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
_HEIGHTS = {"section": 32, "asset": 36, "verify": 26, "line": _LINE}


class FactDelegate(RowDelegate):
    """Paints each kind of line; alerts and the head grow with their text."""

    def __init__(self, ink: Ink, view: QListView) -> None:
        super().__init__(ink, _LINE, view)
        self._sizes = {kind: QSize(64, height) for kind, height in _HEIGHTS.items()}
        self._view: QWidget = view.viewport()

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """Qt: the height of this line."""
        fact = _fact(index)
        if fact is None:
            return self._size
        return self._sizes.get(fact.kind) or QSize(64, self._height(fact))

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""
        fact: Fact = model.rows[number]
        inner = area.adjusted(_EDGE, 0, -_EDGE, 0)
        if fact.kind == "line":
            self._line(painter, inner, fact)
        elif fact.kind == "head":
            self._head(painter, inner, fact)
        elif fact.kind == "alert":
            self._alert(painter, inner, fact)
        elif fact.kind == "verify":
            self._verify(painter, inner, fact)
        else:
            self._section(painter, inner, fact)

    def _height(self, fact: Fact) -> int:
        if fact.kind == "alert":
            return self._alert_height(fact)
        rows = len(self._chip_rows(fact))
        return 40 + rows * (CHIP_HEIGHT + 4) + (4 if rows else 0)

    def _alert_height(self, fact: Fact) -> int:
        width = max(80, self._view.width() - 2 * _EDGE - 32)
        flags = int(Qt.TextFlag.TextWordWrap)
        text = self.ink.body.boundingRect(0, 0, width, 400, flags, plain(fact.text))
        return min(80, text.height()) + 12

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

    def _line(self, painter: QPainter, area: QRect, fact: Fact) -> None:
        ink, theme = self.ink, self.ink.theme
        ink.line(
            painter,
            QRect(area.left(), area.top(), _LABEL - 8, area.height()),
            fact.label,
            ink.fonts.body,
            theme.muted,
        )
        right = self._aside(painter, area, fact)
        colour = theme.text if fact.tone == "plain" else theme.tone(fact.tone)[0]
        value = QRect(area.left() + _LABEL, area.top(), right - area.left() - _LABEL, area.height())
        ink.line(painter, value, fact.text, ink.fonts.body, colour)

    def _aside(self, painter: QPainter, area: QRect, fact: Fact) -> int:
        if not fact.aside:
            return area.right()
        ink = self.ink
        width = min(ink.body.horizontalAdvance(fact.aside), area.width() // 2)
        colour = ink.theme.tone(fact.tone)[0] if fact.tone != "plain" else ink.theme.muted
        place = QRect(area.right() - width, area.top(), width + 1, area.height())
        ink.line(painter, place, fact.aside, ink.fonts.body, colour)
        return area.right() - width - 8

    def _head(self, painter: QPainter, area: QRect, fact: Fact) -> None:
        ink, theme = self.ink, self.ink.theme
        ink.icon(painter, QPoint(area.left(), area.top() + 10), fact.icon, theme.accent, 24)
        name = QRect(area.left() + 32, area.top() + 6, area.width() - 32, 30)
        used = ink.measured(painter, name, fact.text, ink.fonts.head, theme.text)
        ink.line(painter, name.adjusted(used + 8, 2, 0, 0), fact.aside, ink.fonts.body, theme.muted)
        y = area.top() + 36
        for row in self._chip_rows(fact):
            x = area.left()
            for text, tone in row:
                x += ink.chip(painter, QPoint(x, y + 4), text, tone) + 4
            y += CHIP_HEIGHT + 4

    def _alert(self, painter: QPainter, area: QRect, fact: Fact) -> None:
        ink = self.ink
        colour, soft = ink.theme.tone(fact.tone)
        box = area.adjusted(-4, 2, 4, -2)
        painter.fillRect(box, ink.colour(soft))
        painter.fillRect(QRect(box.left(), box.top(), 3, box.height()), ink.colour(colour))
        ink.icon(painter, QPoint(box.left() + 10, box.top() + 5), fact.icon, colour)
        ink.wrapped(painter, box.adjusted(34, 4, -6, -2), plain(fact.text), ink.fonts.body, colour)

    def _verify(self, painter: QPainter, area: QRect, fact: Fact) -> None:
        ink, theme = self.ink, self.ink.theme
        colour = theme.good if fact.on else theme.text
        box = QRect(area.left(), area.top() + 6, 16, 16)
        painter.fillRect(box, ink.colour(theme.good if fact.on else theme.muted))
        if fact.on:
            ink.icon(painter, box.topLeft(), "check", theme.base)
        else:
            painter.fillRect(box.adjusted(1, 1, -1, -1), ink.colour(theme.base))
        ink.line(painter, area.adjusted(24, 0, 0, 0), fact.text, ink.fonts.body, colour)

    def _section(self, painter: QPainter, area: QRect, fact: Fact) -> None:
        ink, theme = self.ink, self.ink.theme
        ink.rule(painter, area.left(), area.right() + 1, area.top() + 4)
        text = area.adjusted(0, 8, 0, 0)
        if fact.icon:
            ink.icon(painter, QPoint(text.left(), text.center().y() - 8), fact.icon, theme.accent)
            text = text.adjusted(24, 0, 0, 0)
        if fact.kind == "asset" and fact.aside:
            width = ink.strong.horizontalAdvance(fact.aside) + 16
            plate = QRect(text.right() - width, text.center().y() - 11, width, 22)
            painter.fillRect(plate, ink.colour(theme.accent_soft))
            ink.line(painter, plate.adjusted(8, 0, 0, 0), fact.aside, ink.fonts.strong, theme.accent)
            text = text.adjusted(0, 0, -width - 8, 0)
            ink.line(painter, text, fact.text, ink.fonts.strong, theme.text)
            return
        right = self._aside(painter, text, fact)
        ink.line(
            painter, text.adjusted(0, 0, right - text.right(), 0), fact.text, ink.fonts.strong, theme.text
        )


def _fact(index: Index) -> Fact | None:
    model = index.model()
    if not isinstance(model, RowsModel):
        return None
    row = model.rows[index.row()]
    return row if isinstance(row, Fact) else None
