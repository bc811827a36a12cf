"""Rows of the worklist, the recent calls and whatever was found: icon, two lines, something at the right."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect

from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.widgets.lists import RowDelegate
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.painting import Ink

HEIGHT = 52


@dataclass(frozen=True, slots=True)
class Line:
    """A row in words; ``source`` is the record behind it, ``tone`` colours icon and ``aside``."""

    source: object
    icon: str
    text: str
    below: str
    aside: str = ""
    aside_below: str = ""
    alt: str = ""
    tone: str = "plain"

    def spoken(self) -> str:
        """Return the row as it is read aloud."""
        parts = (self.text, self.alt, self.below, self.aside, self.aside_below)
        return ", ".join(part for part in parts if part)


class LineDelegate(RowDelegate):
    """Paints a :class:`Line`.

    Args:
        aside: pixels at the right that what stands there may take.
    """

    def __init__(self, ink: Ink, height: int, parent: QWidget | None = None, *, aside: int = 160) -> None:
        super().__init__(ink, height, parent)
        self._aside = aside

    def line_of(self, row: Any) -> Line:
        """Return *row* of the model in words."""
        line: Line = row
        return line

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""
        line = self.line_of(model.rows[number])
        ink, theme = self.ink, self.ink.theme
        colour = theme.muted if line.tone == "plain" else theme.tone(line.tone)[0]
        ink.icon(painter, QPoint(area.left() + 12, area.top() + 8), line.icon, colour)
        left, right = area.left() + 40, area.right() - 12
        aside = self._right(painter, area.top() + 4, right, line.aside, colour)
        first = QRect(left, area.top() + 4, right - aside - left, 22)
        used = ink.measured(painter, first, line.text, ink.fonts.strong, theme.text)
        ink.line(painter, first.adjusted(used + 8, 0, 0, 0), line.alt, ink.fonts.body, theme.muted)
        aside = self._right(painter, area.top() + 26, right, line.aside_below, theme.muted)
        second = QRect(left, area.top() + 26, right - aside - left, 22)
        ink.line(painter, second, line.below, ink.fonts.body, theme.muted)
        ink.rule(painter, left, right, area.bottom())

    def _right(self, painter: QPainter, top: int, right: int, text: str, colour: str) -> int:
        if not text:
            return 0
        area = QRect(right - self._aside, top, self._aside, 22)
        return self.ink.right(painter, area, text, self.ink.fonts.body, colour) + 12
