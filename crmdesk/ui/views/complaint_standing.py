"""What a caller who asks is told of a complaint: the sentence to read out, and the key that it was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QWidget

from crmdesk.ui.translation import word
from crmdesk.ui.widgets.pane import ActionButton
from crmdesk.ui.widgets.told import Told

if TYPE_CHECKING:
    from crmdesk.ui.presenters.workplace import Tools


class StandingStrip(QWidget):
    """One sentence in the caller's language; without one it takes no room."""

    def __init__(self, tools: Tools, parent: QWidget) -> None:
        super().__init__(parent)
        self.sentence = Told(tools.ink, self, 8)
        self.button = ActionButton(tools.ink, tools.actions["tell-standing"], self, icon="speech")
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.button, 0, Qt.AlignmentFlag.AlignVCenter)
        tools.words.bind(self.sentence.setAccessibleDescription, word("To be read out to whoever asks"))

    def show_sentence(self, text: str, *, may_log: bool) -> None:
        """Show what to read out; *may_log*: whether it can be written down that it was told."""
        self.sentence.say(text, "accent")
        self.button.setVisible(may_log)
        self.setVisible(bool(text))
