"""The last thing a desk says that the administrator has put off its server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from crmdesk.ui.translation import word

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

CLOSES_AFTER_SECONDS = 20
_SIZE = (560, 200)
PUT_OFF = word(
    "The administrator has put this desk off the server: what it held is destroyed, the key first, then the"
    " files."
)
_UNSENT = (
    word("{n} change that had not reached the server is destroyed with it, as at every desk put off."),
    word("{n} changes that had not reached the server are destroyed with it, as at every desk put off."),
)
_CLOSING = word("This window closes in {n} s; Enter closes it now.")
_DESTROYING = word("Destroying …")


class GoneView(QWidget):
    """A window of its own that closes itself once everything is destroyed.

    Args:
        unsent: how many changes the server never got.
    """

    def __init__(self, ink: Ink, words: Words, unsent: int) -> None:
        super().__init__()
        self._words = words
        self._left = 0
        self._timer = QTimer(self, interval=1000)
        self._timer.timeout.connect(self._on_second)
        told = words.tr(PUT_OFF)
        if unsent:
            told = f"{told} {words.plural(unsent, *_UNSENT)}"
        self.told, self.closing = QLabel(told, self), QLabel(words.tr(_DESTROYING), self)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(32, 24, 32, 24)
        whole.setSpacing(16)
        for label, font in ((self.told, ink.fonts.strong), (self.closing, ink.fonts.body)):
            label.setTextFormat(Qt.TextFormat.PlainText)
            label.setWordWrap(True)
            label.setFont(font)
            label.setAccessibleName(label.text())
            whole.addWidget(label)
        self.setWindowTitle(words.tr("crmdesk"))
        self.setAccessibleName(told)
        self.setAccessibleDescription(told)
        self.resize(*_SIZE)

    def count_down(self) -> None:
        """Everything is destroyed: close soon, or at a key."""
        self._left = CLOSES_AFTER_SECONDS
        self._tell()
        self._timer.start()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: Enter and Esc close at once."""
        if self._left and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Escape):
            self.close()
        else:
            super().keyPressEvent(event)

    def _on_second(self) -> None:
        self._left -= 1
        self._tell()
        if self._left <= 0:
            self._timer.stop()
            self.close()

    def _tell(self) -> None:
        self.closing.setText(self._words.tr(_CLOSING, n=self._left))
        self.closing.setAccessibleName(self.closing.text())
