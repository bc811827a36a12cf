"""The lowest line: who sits here, the telephone, and how old the data is. Quiet marks only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from crmdesk.ui.desk_status import DeskStatus
from crmdesk.ui.vocabulary import TELEPHONY, said

if TYPE_CHECKING:
    from PySide6.QtGui import QPaintEvent

    from crmdesk.ui.moments import Moments
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

HEIGHT = 28


class StatusLine(QWidget):
    """Paints the present :class:`DeskStatus`."""

    def __init__(self, ink: Ink, words: Words, moments: Moments, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ink = ink
        self._words = words
        self._moments = moments
        self._status = DeskStatus()
        self.setFixedHeight(HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._speak()
        words.changed.connect(self._speak)
        ink.changed.connect(self.update)

    @property
    def status(self) -> DeskStatus:
        """What is shown."""
        return self._status

    def show_status(self, status: DeskStatus) -> None:
        """Show *status*."""
        self._status = status
        self._speak()

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
        sync = self._sync()
        width = ink.body.horizontalAdvance(sync)
        left = self.width() - width - 12
        ink.icon(painter, QPoint(left - 22, 6), "desk", ink.theme.muted)
        ink.line(painter, QRect(left, 0, width + 1, HEIGHT), sync, ink.fonts.body, ink.theme.muted)
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

    def _sync(self) -> str:
        status = self._status
        if not status.shared:
            return self._words.tr("This PC alone")
        if status.last_sync_at is None:
            return self._words.tr("Not synced yet")
        return self._words.tr("Last sync {time}", time=self._moments.clock_time(status.last_sync_at))

    def _speak(self) -> None:
        parts = [text for _, text, _ in self._left()]
        self.setAccessibleName(self._words.tr("Status"))
        self.setAccessibleDescription(", ".join([*parts, self._sync()]))
        self.update()
