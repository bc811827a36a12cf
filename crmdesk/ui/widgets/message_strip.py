"""The strip that says what went wrong or well: over the lower edge, never modal, never with the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, QRect, Qt, QTimer, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QWidget

from crmdesk.ui.painting import plain
from crmdesk.ui.translation import word

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QMouseEvent, QPaintEvent

    from crmdesk.ui.painting import Ink

CLOSES = word("Esc closes")
_GOOD_MS = 4000
HEIGHT = 44


class MessageStrip(QWidget):
    """One sentence; a good one goes by itself, a bad one stays until Esc or a click.

    Args:
        closes: how a bad one is closed, in words.

    Signals:
        closed(): the sentence was dismissed.
    """

    closed = Signal()

    def __init__(self, ink: Ink, parent: QWidget, closes: Callable[[], str]) -> None:
        super().__init__(parent)
        self._ink = ink
        self._closes = closes
        self._around = parent
        self._text = ""
        self._aside = ""
        self._tone = "good"
        self._icon = ""
        self._timer = QTimer(self, singleShot=True, interval=_GOOD_MS)
        self._timer.timeout.connect(self.dismiss)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.hide()

    @property
    def text(self) -> str:
        """The sentence shown."""
        return self._text

    @property
    def tone(self) -> str:
        """The tone of the sentence shown."""
        return self._tone

    @property
    def passing(self) -> bool:
        """Whether a good sentence is shown, which goes by itself."""
        return not self.isHidden() and self._tone == "good"

    def say(self, text: str, tone: str, aside: str = "") -> None:
        """Show *text* in a tone: good, due or breach; *aside* stands for how it is closed."""
        self._text, self._tone = plain(text), tone
        self._aside = aside or ("" if tone == "good" else self._closes())
        self.setAccessibleName(self._text)
        self.setAccessibleDescription(self._aside or self._text)
        self.place()
        self.show()
        self.raise_()
        self.update()
        if tone == "good":
            self._timer.start()
        else:
            self._timer.stop()

    def dismiss(self) -> bool:
        """Take it away; return whether there was one."""
        was_shown = not self.isHidden()
        self._timer.stop()
        self.hide()
        if was_shown:
            self.closed.emit()
        return was_shown

    def place(self) -> None:
        """Stand above the lower edge."""
        around = self._around.rect()
        wanted = self._ink.strong.horizontalAdvance(self._text) + self._ink.body.horizontalAdvance(
            self._aside
        )
        width = min(max(400, wanted + 96), around.width() - 80)
        self.setGeometry((around.width() - width) // 2, around.height() - HEIGHT - 84, width, HEIGHT)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt: a click dismisses."""
        self.dismiss()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw the sentence."""
        ink, painter = self._ink, QPainter(self)
        colour, soft = ink.theme.tone(self._tone)
        colour = ink.theme.muted if self._tone == "plain" else colour
        painter.fillRect(self.rect(), ink.colour(colour))
        painter.fillRect(self.rect().adjusted(1, 1, -1, -1), ink.colour(soft))
        icon = self._icon or ("check" if self._tone == "good" else "warning")
        ink.icon(painter, QPoint(14, 14), icon, colour)
        aside = ink.body.horizontalAdvance(self._aside)
        right = self.width() - 16
        ink.line(painter, QRect(right - aside, 0, aside + 1, HEIGHT), self._aside, ink.fonts.body, colour)
        ink.line(painter, QRect(44, 0, right - aside - 16 - 44, HEIGHT), self._text, ink.fonts.strong, colour)
        painter.end()
