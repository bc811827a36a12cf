"""Rows of the time line: day, icon, word, subject and summary, who."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint

from crmdesk.ui.itemmodels.timeline import TimelineModel
from crmdesk.ui.vocabulary import COMPLAINT_STATES, KINDS, STATES, said
from crmdesk.ui.widgets.lists import RowDelegate

if TYPE_CHECKING:
    from PySide6.QtCore import QRect
    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QWidget

    from crmdesk.models.screen_pop import TimelineEntry
    from crmdesk.ui.itemmodels.rows import RowsModel
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

HEIGHT = 28
_DAY, _ICON, _KIND = 84, 24, 72
_ROOMY = 496
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
        self._today = moments.today()

    def begin(self) -> None:
        """Take note of the date, by which days are called."""
        self._today = self._moments.today()

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""
        if not isinstance(model, TimelineModel):
            return
        entry = model.rows[number]
        ink, theme, body = self.ink, self.ink.theme, self.ink.fonts.body
        left, top, width = area.left() + 12, area.top(), area.width() - 24
        day = model.days[number]
        if day is not None:
            said_day = self._moments.short_day(day, self._today)
            ink.put(painter, left, top, _DAY, HEIGHT, said_day, body, theme.muted)
            if number:
                ink.rule(painter, left, left + width, top)
        x = left + _DAY + 4
        tone = "breach" if entry.kind == "complaint" else _TONES.get(entry.state, "plain")
        colour = theme.tone(tone)[0] if tone != "plain" else theme.muted
        ink.icon(painter, QPoint(x, top + 6), icon_of(entry), colour)
        x += _ICON
        if width >= _ROOMY:
            kind = said(self._words, KINDS, entry.kind)
            ink.put(painter, x, top, _KIND, HEIGHT, kind, body, colour)
            x += _KIND
        self._texts(painter, x, top, left + width - x, entry)

    def _texts(self, painter: QPainter, x: int, top: int, width: int, entry: TimelineEntry) -> None:
        ink, theme, body = self.ink, self.ink.theme, self.ink.fonts.body
        room = width - width * 2 // 3
        used = ink.put_right(
            painter, x + width - room, top, room, HEIGHT, self._aside(entry), body, theme.muted
        )
        rest = width - used - 12
        strong = self.ink.fonts.strong
        used = ink.put_measured(painter, x, top, rest, HEIGHT, entry.subject, strong, theme.text)
        gap = used + 8 if used else 0
        ink.put(painter, x + gap, top, rest - gap, HEIGHT, entry.summary, body, theme.text)

    def _aside(self, entry: TimelineEntry) -> str:
        if entry.state not in _TONES and entry.state not in COMPLAINT_STATES:
            return entry.who
        state = said(self._words, STATES, entry.state)
        return f"{state} · {entry.who}" if entry.who else state
