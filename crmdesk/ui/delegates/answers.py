"""Rows of the answers: rank, title, the passage that fits, and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect

from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.widgets.lists import RowDelegate

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QWidget

    from crmdesk.models.worklist import Answer
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

HEIGHT = 92


class AnswerDelegate(RowDelegate):
    """Paints one answer: title and why above two lines of passage."""

    def __init__(self, ink: Ink, words: Words, parent: QWidget | None = None) -> None:
        super().__init__(ink, HEIGHT, parent)
        self._words = words
        self.used: frozenset[object] = frozenset()

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""
        answer: Answer = model.rows[number]
        ink, theme, fonts = self.ink, self.ink.theme, self.ink.fonts
        left, top, width = area.left() + 12, area.top(), area.width() - 24
        right = left + width
        ink.put(painter, left, top + 8, 20, 20, str(number + 1), fonts.strong, theme.muted)
        x = left + 20
        if answer.safety:
            ink.icon(painter, QPoint(x, top + 10), "warning", theme.breach)
            x += 20
        if answer.article_id in self.used:
            ink.icon(painter, QPoint(x, top + 10), "check", theme.good)
            x += 20
        ink.put(painter, x, top + 8, right - x, 20, answer.title, fonts.strong, theme.text)
        body = QRect(left + 20, top + 28, width - 20, 38)
        ink.wrapped(painter, body, answer.passage, fonts.body, theme.text)
        why = " · ".join(map(self._words.text, answer.why))
        ink.put(painter, left + 20, top + 66, width - 20, 20, why, fonts.body, theme.muted)
        ink.rule(painter, left, right, top + HEIGHT - 1)
