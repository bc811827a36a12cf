"""A pane over the window: never modal, below the band, and the keyboard goes back where it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QAction, QKeySequence, QPainter
from PySide6.QtWidgets import QApplication, QWidget

from crmdesk.ui.widgets.pane import ActionButton, Pane

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtCore import QObject
    from PySide6.QtGui import QPaintEvent

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

_EDGE = 40
_FOOT = 44


class FloatingPane(Pane):
    """Opens over *around*, below *top*, and keeps its place when the window changes its size.

    Args:
        around: the window.
        top: what stays visible above it.
        wanted: width and height in pixels, of which the window may leave less.
    """

    def __init__(self, ink: Ink, around: QWidget, top: QWidget, wanted: tuple[int, int]) -> None:
        super().__init__(ink, around)
        self._around = around
        self._top = top
        self.wanted = wanted
        self._before: QWidget | None = None
        self.hide()

    @property
    def has_focus(self) -> bool:
        """Whether the keyboard is somewhere in it."""
        focus = QApplication.focusWidget()
        return focus is not None and not self.isHidden() and self.isAncestorOf(focus)

    def open(self) -> None:
        """Show it; whoever has the keyboard now gets it back."""
        focus = QApplication.focusWidget()
        if self.isHidden() or not self.has_focus:
            self._before = focus
        if self.isHidden():
            self._around.installEventFilter(self)
        self.place()
        self.show()
        self.raise_()

    def close_pane(self) -> bool:
        """Put it away; return whether it was there."""
        if self.isHidden():
            return False
        self._around.removeEventFilter(self)
        if self.has_focus and self._before is not None and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()
        return True

    def place(self) -> None:
        """Stand in the middle, below the band."""
        top = self._top.mapTo(self._around, QPoint(0, self._top.height())).y() + 8
        width = min(self.wanted[0], self._around.width() - 2 * _EDGE)
        height = min(self.wanted[1], self._around.height() - top - _FOOT)
        self.setGeometry((self._around.width() - width) // 2, top, width, height)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: a frame that stands out from the panes below."""
        super().paintEvent(event)
        painter, area, colour = QPainter(self), self.rect(), self.ink.colour(self.ink.theme.muted)
        painter.setPen(colour)
        painter.drawRect(area.adjusted(0, 0, -1, -1))
        painter.end()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: another size of the window is another place."""
        if event.type() == QEvent.Type.Resize and watched is self._around:
            self.place()
        return super().eventFilter(watched, event)


def main_button(
    ink: Ink, words: Words, parent: QWidget, text: str, tip: str, run: Callable[[], object]
) -> ActionButton:
    """Return the button for what Ctrl+Enter does here; the key itself is the window's and only shown."""
    action = QAction(parent)
    words.bind(action.setText, text)
    words.bind(action.setIconText, text)
    words.bind(action.setStatusTip, tip)
    action.setShortcut(QKeySequence("Ctrl+Return"))
    action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
    action.triggered.connect(lambda _checked: run())
    return ActionButton(ink, action, parent, icon="check")
