"""A sentence below what it is about: plain and quiet, or on the soft ground of its tone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLabel

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.painting import Ink


class Told(QLabel):
    """Shows one sentence, whole, however many lines it takes; without one it takes no room."""

    def __init__(self, ink: Ink, parent: QWidget, margin: int = 0) -> None:
        super().__init__(parent)
        self._ink = ink
        self._tone = "plain"
        # Its own roles: inherited ones change with what it is put on, and a tone's colours would be lost.
        self.setBackgroundRole(QPalette.ColorRole.Window)
        self.setForegroundRole(QPalette.ColorRole.WindowText)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setMargin(margin)
        self.hide()
        ink.changed.connect(self._colour)

    @property
    def tone(self) -> str:
        """The tone of the sentence shown."""
        return self._tone

    def say(self, text: str, tone: str = "plain") -> None:
        """Show *text* in a tone: plain, good, due or breach; an empty one hides it."""
        self._tone = tone
        self.setText(text)
        self.setAccessibleName(text)
        self._colour()
        self.setVisible(bool(text))

    def _colour(self) -> None:
        theme, palette = self._ink.theme, self.palette()
        colour, soft = theme.tone(self._tone)
        plain = self._tone == "plain"
        palette.setColor(self.foregroundRole(), self._ink.colour(theme.muted if plain else colour))
        palette.setColor(self.backgroundRole(), self._ink.colour(soft))
        self.setPalette(palette)
        self.setAutoFillBackground(not plain)
