"""The strip that tells a supervisor who asks for help: over the lower edge, never with the keyboard."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal

from crmdesk.ui.widgets.message_strip import HEIGHT, MessageStrip

if TYPE_CHECKING:
    from PySide6.QtGui import QMouseEvent
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.painting import Ink


class HelpStrip(MessageStrip):
    """Stays until somebody comes, it is taken back, or Esc; above other messages.

    Signals:
        clicked(): go to who asks.
    """

    clicked = Signal()

    def __init__(self, ink: Ink, parent: QWidget) -> None:
        super().__init__(ink, parent, lambda: "")
        self._icon = "help"

    def place(self) -> None:
        """Stand above other messages."""
        super().place()
        self.move(self.x(), self.y() - HEIGHT - 8)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Qt: a click goes there."""
        self.clicked.emit()
