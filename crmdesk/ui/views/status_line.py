"""The lowest line: who sits here, the telephone, and how old the data is. Quiet marks only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from crmdesk.ui.desk_status import DeskStatus
from crmdesk.ui.vocabulary import TELEPHONY, said

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from crmdesk.models.sync_views import SyncStatus
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.sync_words import Mark
    from crmdesk.ui.translation import Words

HEIGHT = 28
_AGE_MS = 15_000
"""So often the age of the data is looked at."""
_BAR = 96
"""Pixels of the bar that shows how much of the first copy is here."""


class StatusLine(QWidget):
    """Paints the present :class:`DeskStatus`, and at the right how this desk and the server stand.

    Signals:
        sync_clicked(): a click on the mark of the server.
    """

    sync_clicked = Signal()

    def __init__(self, ink: Ink, words: Words, moments: Moments, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ink = ink
        self._words = words
        self._moments = moments
        self._status = DeskStatus()
        self._sync: SyncStatus | None = None
        self._mark: Mark | None = None
        self._ageing: QTimer | None = None
        self._mark_left = 0
        self.setFixedHeight(HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._speak()
        words.changed.connect(self._on_language)
        ink.changed.connect(self.update)

    @property
    def status(self) -> DeskStatus:
        """What is shown."""
        return self._status

    def show_status(self, status: DeskStatus) -> None:
        """Show *status*."""
        self._status = status
        self._speak()

    def show_sync(self, status: SyncStatus) -> None:
        """Show how this desk and the server stand; the age of the data is followed from now on."""
        if not status.configured and self._sync is None:
            return
        self._sync = status
        if self._ageing is None:
            self._ageing = QTimer(self, interval=_AGE_MS)
            self._ageing.timeout.connect(self._look_at_age)
        if status.configured:
            self._ageing.start()
        else:
            self._ageing.stop()
        self._look_at_age()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt: a click on the mark asks for more."""
        if event.button() == Qt.MouseButton.LeftButton and event.position().x() >= self._mark_left:
            self.sync_clicked.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw the marks."""
        ink, painter = self._ink, QPainter(self)
        x = 12
        for icon, text, colour in self._left():
            ink.icon(painter, QPoint(x, 6), icon, colour)
            x += 22
            x += (
                ink.measured(painter, QRect(x, 0, self.width() - x, HEIGHT), text, ink.fonts.body, colour)
                + 20
            )
        self._paint_mark(painter, x)
        painter.end()

    def _left(self) -> list[tuple[str, str, str]]:
        theme, status = self._ink.theme, self._status
        marks = []
        if status.agent_name:
            extension = f" · {status.extension}" if status.extension else ""
            marks.append(("person", f"{status.agent_name}{extension}", theme.text))
        good = status.telephony == "connected"
        colour = theme.good if good else theme.due if status.telephony == "failed" else theme.muted
        marks.append(("call" if good else "missed", said(self._words, TELEPHONY, status.telephony), colour))
        if status.trouble is not None:
            marks.append(("warning", self._words.text(status.trouble), theme.due))
        if status.test_profile:
            marks.append(("warning", self._words.tr("Test profile"), theme.due))
        return marks

    def _paint_mark(self, painter: QPainter, left_end: int) -> None:
        ink, mark = self._ink, self._mark
        tone = mark.tone if mark is not None else "plain"
        colour = ink.theme.muted if tone == "plain" else ink.theme.tone(tone)[0]
        right, part = self.width() - 12, mark.part if mark is not None else None
        if part is not None:
            painter.fillRect(right - _BAR, 11, _BAR, 6, ink.colour(ink.theme.line))
            painter.fillRect(right - _BAR, 11, round(_BAR * part), 6, ink.colour(ink.theme.accent))
            right -= _BAR + 8
        text = self._sync_text()
        if not text:
            return
        width = min(ink.body.horizontalAdvance(text) + 1, right - left_end - 32)
        self._mark_left = right - width - 22
        ink.icon(painter, QPoint(self._mark_left, 6), mark.icon if mark is not None else "desk", colour)
        ink.line(painter, QRect(right - width, 0, width, HEIGHT), text, ink.fonts.body, colour)

    def _sync_text(self) -> str:
        if self._mark is not None:
            return self._mark.text
        if self._status.shared is None:
            return ""
        return self._words.tr("Shared database") if self._status.shared else self._words.tr("This PC alone")

    def _look_at_age(self) -> None:
        """Word the mark anew: by now the data may be old."""
        if self._sync is None:
            return
        from crmdesk.ui.sync_words import sync_mark

        mark = sync_mark(self._words, self._moments, self._sync)
        if mark != self._mark:
            self._mark = mark
            self._speak()

    def _on_language(self) -> None:
        self._look_at_age()
        self._speak()

    def _speak(self) -> None:
        parts = [text for _, text, _ in self._left()]
        if sync := self._sync_text():
            parts.append(sync)
        if self._mark is not None and self._mark.detail not in self._mark.text:
            parts.append(self._mark.detail)
        self.setAccessibleName(self._words.tr("Status"))
        self.setAccessibleDescription(", ".join(parts))
        self.setToolTip(self._mark.detail if self._mark is not None else "")
        self.update()
