"""The band: every call at a glance, always at the same place, never with the keyboard of its own accord."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QSizePolicy, QWidget

from crmdesk.ui.painting import plain
from crmdesk.ui.slots import SLOTS
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QMouseEvent, QPaintEvent, QResizeEvent

    from crmdesk.ui.painting import Ink

HEIGHT = 76
_SIDE = 272
_GAP = 4


@dataclass(frozen=True, slots=True)
class BandCard:
    """What the band says of one call; ``tone`` colours the state, ``chips`` are (text, tone) pairs."""

    slot: int
    state: str
    tone: str
    icon: str
    timer: str
    name: str
    alt: str
    number: str
    line: str
    chips: tuple[tuple[str, str], ...] = ()
    key: str = ""

    def spoken(self) -> str:
        """Return the card as a screen reader says it."""
        parts = [self.state, self.name, self.alt, *(text for text, _ in self.chips), self.number, self.line]
        return ", ".join(part for part in parts if part)


class CallCard(QWidget):
    """One call, painted wide (the current one) or narrow.

    Signals:
        opened(int): Enter, Space or a click; the slot number.
    """

    opened = Signal(int)

    def __init__(self, ink: Ink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ink = ink
        self._card: BandCard | None = None
        self._wide = True
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        ink.changed.connect(self.update)

    @property
    def card(self) -> BandCard | None:
        """What is shown."""
        return self._card

    def show_card(self, card: BandCard, *, wide: bool) -> None:
        """Show *card*; repaints only what differs."""
        old, self._card = self._card, card
        if old is not None and wide == self._wide and old.timer != card.timer:
            self.update(0, 0, 136 if wide else self.width(), HEIGHT)
            if self._without_timer(old) == self._without_timer(card):
                return
        if old != card or wide != self._wide:
            self._wide = wide
            self.setAccessibleName(card.spoken())
            self.update()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: Enter opens the caller."""
        if event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space} and self._card is not None:
            self.opened.emit(self._card.slot)
            return
        super().keyPressEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt: a click opens the caller."""
        if self._card is not None and event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(self._card.slot)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw the card."""
        card, ink, painter = self._card, self._ink, QPainter(self)
        ink.card(painter, self.rect())
        if card is not None:
            if self._wide:
                self._paint_wide(painter, card)
            else:
                self._paint_narrow(painter, card)
        if self.hasFocus():
            ink.focus_ring(painter, self.rect())
        painter.end()

    def _paint_wide(self, painter: QPainter, card: BandCard) -> None:
        ink, theme = self._ink, self._ink.theme
        colour, soft = theme.tone(card.tone)
        painter.fillRect(1, 1, 132, HEIGHT - 2, ink.colour(soft))
        painter.fillRect(1, 1, 4, HEIGHT - 2, ink.colour(colour))
        ink.icon(painter, QPoint(16, 14), card.icon, colour)
        ink.line(painter, QRect(40, 10, 92, 24), card.state, ink.fonts.strong, colour)
        ink.line(painter, QRect(16, 38, 116, 28), card.timer, ink.fonts.head, colour)
        right = self.width() - 16
        number = min(ink.strong.horizontalAdvance(card.number), self.width() // 3)
        line = min(ink.body.horizontalAdvance(card.line), self.width() // 3)
        ink.line(
            painter, QRect(right - number, 10, number + 1, 28), card.number, ink.fonts.strong, theme.text
        )
        ink.line(painter, QRect(right - line, 42, line + 1, 20), card.line, ink.fonts.body, theme.muted)
        area = QRect(148, 10, right - number - 24 - 148, 28)
        used = ink.measured(painter, area, card.name, ink.fonts.head, theme.text)
        ink.line(painter, area.adjusted(used + 12, 2, 0, 0), card.alt, ink.fonts.body, theme.muted)
        self._chips(painter, card, 148, 43, right - line - 24)

    def _paint_narrow(self, painter: QPainter, card: BandCard) -> None:
        ink, theme = self._ink, self._ink.theme
        colour, soft = theme.tone(card.tone)
        painter.fillRect(1, 1, self.width() - 2, 26, ink.colour(soft))
        painter.fillRect(1, 1, 4, HEIGHT - 2, ink.colour(colour))
        ink.icon(painter, QPoint(12, 6), card.icon, colour)
        ink.line(painter, QRect(34, 2, 148, 24), f"{card.state} {card.timer}", ink.fonts.strong, colour)
        key = ink.body.horizontalAdvance(card.key)
        ink.line(painter, QRect(self.width() - key - 8, 2, key + 1, 24), card.key, ink.fonts.body, colour)
        name = QRect(12, 28, self.width() - 20, 22)
        used = ink.measured(painter, name, card.name, ink.fonts.strong, theme.text)
        ink.line(painter, name.adjusted(used + 8, 0, 0, 0), card.alt, ink.fonts.body, theme.muted)
        if card.chips:
            self._chips(painter, card, 12, 51, self.width() - 8)
        else:
            ink.line(painter, QRect(12, 50, self.width() - 20, 22), card.number, ink.fonts.body, theme.muted)

    def _chips(self, painter: QPainter, card: BandCard, x: int, y: int, end: int) -> None:
        for text, tone in card.chips:
            if x + self._ink.body.horizontalAdvance(text) + 16 > end:
                break
            x += self._ink.chip(painter, QPoint(x, y), text, tone) + 6

    def _without_timer(self, card: BandCard) -> tuple[object, ...]:
        return (card.slot, card.state, card.tone, card.name, card.alt, card.number, card.line, card.chips)


class Band(QWidget):
    """All calls, the current one wide.

    Signals:
        opened(int): a slot was chosen in the band.
    """

    opened = Signal(int)

    def __init__(self, ink: Ink, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ink = ink
        self._cards: tuple[BandCard, ...] = ()
        self._current = 0
        self._ready = ("", "", "good")
        self.places = [CallCard(ink, self) for _ in range(SLOTS)]
        for place in self.places:
            place.hide()
            place.opened.connect(self.opened)
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        ink.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Qt: one line of cards."""
        return QSize(800, HEIGHT)

    @property
    def cards(self) -> tuple[BandCard, ...]:
        """What is shown, the wide one first."""
        return self._cards

    def name_cards(self, description: str) -> None:
        """Describe all cards to screen readers."""
        for place in self.places:
            place.setAccessibleDescription(description)
            if place.card is None:
                place.setAccessibleName(description)

    def show_ready(self, title: str, line: str, tone: str) -> None:
        """What the band says while there is no call."""
        if (title, line, tone) != self._ready:
            self._ready = (title, line, tone)
            self.update()

    def show_cards(self, cards: tuple[BandCard, ...], current: int) -> None:
        """Show these calls; *current* is the slot number of the wide one, 0 for the first."""
        ordered = tuple(sorted(cards, key=lambda card: (card.slot != current, card.slot)))
        moved = [card.slot for card in ordered] != [card.slot for card in self._cards]
        self._cards, self._current = ordered, current
        for number, place in enumerate(self.places):
            if number < len(ordered):
                place.show_card(ordered[number], wide=number == 0)
        if moved:
            self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt: the wide card takes what the others leave."""
        self._arrange()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: without a call, say so."""
        if self._cards:
            return
        ink, painter = self._ink, QPainter(self)
        theme = ink.theme
        title, line, tone = self._ready
        painter.fillRect(self.rect(), ink.colour(theme.line))
        painter.fillRect(self.rect().adjusted(1, 1, -1, -1), ink.colour(theme.base))
        colour = theme.tone(tone)[0]
        painter.fillRect(1, 1, 4, HEIGHT - 2, ink.colour(colour))
        ink.icon(painter, QPoint(20, 14), "call", colour, 24)
        ink.line(painter, QRect(56, 10, self.width() - 72, 32), title, ink.fonts.head, colour)
        ink.line(painter, QRect(56, 42, self.width() - 72, 24), plain(line), ink.fonts.body, theme.muted)
        painter.end()

    def _arrange(self) -> None:
        count = len(self._cards)
        side = min(_SIDE, (self.width() - 420) // max(1, count - 1)) if count > 1 else 0
        wide = self.width() - (count - 1) * (side + _GAP)
        x = 0
        for number, place in enumerate(self.places):
            if number >= count:
                place.hide()
                continue
            width = wide if number == 0 else side
            place.setGeometry(x, 0, width, HEIGHT)
            place.show()
            x += width + _GAP
        self.update()
