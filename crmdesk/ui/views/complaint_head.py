"""The head of a complaint: number, state, marks, owner, the clock that is due next and what of it is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QSize, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from crmdesk.values import dataclass

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from crmdesk.ui.itemmodels.complaint_lines import RecordLine
    from crmdesk.ui.painting import Ink

HEIGHT = 88
_EDGE = 16
_CLOCK_WIDTH = 320
_BAR = 8


@dataclass(frozen=True, slots=True)
class HeadCard:
    """The head in words; ``chips`` are (text, tone) pairs, ``clock`` the line of the next clock."""

    number: str
    chips: tuple[tuple[str, str], ...]
    who: str
    below: str
    clock: RecordLine | None

    def spoken(self) -> str:
        """Return the head as it is read aloud."""
        chips = (text for text, _ in self.chips)
        clock = self.clock.spoken() if self.clock is not None else ""
        return ", ".join(part for part in (self.number, *chips, self.who, self.below, clock) if part)


class ComplaintHead(QWidget):
    """Paints a :class:`HeadCard`; it has no controls of its own."""

    def __init__(self, ink: Ink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ink = ink
        self.card = HeadCard("", (), "", "", None)
        self.setFixedHeight(HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        ink.changed.connect(self.update)

    def show_card(self, card: HeadCard) -> None:
        """Show *card*."""
        self.card = card
        self.setAccessibleName(card.spoken())
        self.setAccessibleDescription(card.below or card.number)
        self.update()

    def sizeHint(self) -> QSize:
        """Qt: as high as it is, as wide as there is room."""
        return QSize(640, HEIGHT)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw number and marks, who and with what, and the clock at the right."""
        ink, theme, fonts, painter = self._ink, self._ink.theme, self._ink.fonts, QPainter(self)
        ink.card(painter, self.rect())
        card, right = self.card, self.width() - _EDGE
        if card.clock is not None:
            right -= _CLOCK_WIDTH + 24
            self._clock(painter, right + 24, card.clock)
        x = _EDGE
        x += ink.put_measured(painter, x, 8, right - x, 28, card.number, fonts.head, theme.text) + 12
        for text, tone in card.chips:
            if x + ink.body.horizontalAdvance(text) + 24 > right:
                break
            x += ink.chip(painter, QPoint(x, 12), text, tone) + 6
        ink.put(painter, _EDGE, 36, right - _EDGE, 22, card.who, fonts.strong, theme.text)
        ink.put(painter, _EDGE, 58, right - _EDGE, 22, card.below, fonts.body, theme.muted)
        painter.end()

    def _clock(self, painter: QPainter, left: int, clock: RecordLine) -> None:
        ink, theme, fonts = self._ink, self._ink.theme, self._ink.fonts
        colour = theme.tone(clock.tone)[0] if clock.tone != "plain" else theme.muted
        ink.icon(painter, QPoint(left, 13), "clock", colour)
        ink.put(painter, left + 24, 10, _CLOCK_WIDTH - 24, 22, clock.text, fonts.strong, theme.text)
        ink.put(painter, left, 32, _CLOCK_WIDTH, 22, clock.aside, fonts.body, colour)
        told = f"{clock.percent} %"
        used = ink.put_right(painter, left, 56, _CLOCK_WIDTH, 20, told, fonts.strong, colour)
        width, y = _CLOCK_WIDTH - used - 12, 62
        painter.fillRect(left, y, width, _BAR, ink.colour(theme.plain_soft))
        painter.fillRect(left, y, round(width * min(100, clock.percent) / 100), _BAR, ink.colour(colour))
