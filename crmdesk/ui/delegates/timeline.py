"""Rows of the time line: day, icon, word, subject and summary, who."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QRect

from crmdesk.ui.itemmodels.timeline import TimelineModel
from crmdesk.ui.painting import plain
from crmdesk.ui.vocabulary import KINDS, STATES, said
from crmdesk.ui.widgets.lists import RowDelegate

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QWidget

    from crmdesk.models.screen_pop import TimelineEntry
    from crmdesk.ui.itemmodels.rows import RowsModel
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

HEIGHT = 28
_DAY, _ICON, _KIND = 84, 24, 72
_ROOMY = 520
"""From this width on the word of the kind stands beside its icon."""
_TONES = {"open": "due", "overdue": "breach", "missed": "due", "abandoned": "due"}


def icon_of(entry: TimelineEntry) -> str:
    """Return the icon of an entry."""
    if entry.kind == "call":
        if entry.state in {"missed", "abandoned", "no_answer"}:
            return "missed"
        return "phone-out" if entry.direction == "out" else "phone-in"
    return entry.kind


class TimelineDelegate(RowDelegate):
    """Paints one entry in one line; the first of each day carries the day and a thin line above."""

    def __init__(self, ink: Ink, words: Words, moments: Moments, parent: QWidget | None = None) -> None:
        super().__init__(ink, HEIGHT, parent)
        self._words = words
        self._moments = moments

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""
        if not isinstance(model, TimelineModel):
            return
        entry = model.rows[number]
        ink, theme = self.ink, self.ink.theme
        day = model.days[number]
        if day is not None:
            left = QRect(area.left() + 12, area.top(), _DAY, area.height())
            ink.line(painter, left, self._moments.short_day(day), ink.fonts.body, theme.muted)
            if number:
                ink.rule(painter, area.left() + 12, area.right() - 11, area.top())
        x = area.left() + 12 + _DAY + 4
        tone = "breach" if entry.kind == "complaint" else _TONES.get(entry.state, "plain")
        colour = theme.tone(tone)[0] if tone != "plain" else theme.muted
        ink.icon(painter, QPoint(x, area.top() + 6), icon_of(entry), colour)
        x += _ICON
        if area.width() >= _ROOMY:
            kind = said(self._words, KINDS, entry.kind)
            ink.line(painter, QRect(x, area.top(), _KIND, area.height()), kind, ink.fonts.body, colour)
            x += _KIND
        self._texts(painter, QRect(x, area.top(), area.right() - 12 - x, area.height()), entry)

    def _texts(self, painter: QPainter, area: QRect, entry: TimelineEntry) -> None:
        ink, theme = self.ink, self.ink.theme
        right = area.adjusted(area.width() * 2 // 3, 0, 0, 0)
        width = ink.right(painter, right, self._aside(entry), ink.fonts.body, theme.muted)
        rest = area.adjusted(0, 0, -width - 12, 0)
        used = ink.measured(painter, rest, entry.subject, ink.fonts.strong, theme.text)
        gap = used + 8 if used else 0
        ink.line(painter, rest.adjusted(gap, 0, 0, 0), entry.summary, ink.fonts.body, theme.text)

    def _aside(self, entry: TimelineEntry) -> str:
        if entry.state in _TONES:
            return plain(
                f"{said(self._words, STATES, entry.state)} · {entry.who}"
                if entry.who
                else said(self._words, STATES, entry.state)
            )
        return plain(entry.who)
