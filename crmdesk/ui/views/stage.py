"""The body of the window: one page on top of the others, without ever moving the keyboard.

Hiding a widget that has the focus makes Qt give the focus to another one. A call must not do that, so a page
that holds the focus stays where it is, covered and deaf, until the keyboard leaves it by itself.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication, QWidget

if TYPE_CHECKING:
    from PySide6.QtCore import QObject
    from PySide6.QtGui import QResizeEvent

_DEAF = frozenset({QEvent.Type.KeyPress, QEvent.Type.KeyRelease, QEvent.Type.ShortcutOverride})


class Stage(QWidget):
    """Pages of one size, the shown one on top.

    Signals:
        presented(): another page is on top now.
    """

    presented = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._pages: list[QWidget] = []
        self._shown: QWidget | None = None
        self._covered: QWidget | None = None
        self._deaf: QWidget | None = None

    @property
    def shown(self) -> QWidget | None:
        """The page on top."""
        return self._shown

    @property
    def holds_keys(self) -> bool:
        """Whether the keyboard is in a covered page, where nothing hears it."""
        return self._deaf is not None

    def add(self, page: QWidget) -> None:
        """Add a page, hidden."""
        page.setParent(self)
        # Between its panes, too, it hides what lies below: a covered page draws nothing there any more.
        page.setAutoFillBackground(True)
        page.hide()
        self._pages.append(page)

    def present(self, page: QWidget) -> None:
        """Bring *page* on top; the keyboard stays where it is."""
        if page is self._shown:
            return
        before, self._shown = self._shown, page
        if page is self._covered:
            self._uncover()
        page.setGeometry(self.rect())
        page.show()
        page.raise_()
        if before is None:
            return
        focus = QApplication.focusWidget()
        if focus is not None and before.isAncestorOf(focus):
            self._cover(before, focus)
        else:
            before.hide()
        self.presented.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: a covered widget hears no keys but Tab, and its page goes once the keyboard has left."""
        if watched is self._deaf:
            if event.type() == QEvent.Type.FocusOut:
                self._on_left()
            elif event.type() in _DEAF and isinstance(event, QKeyEvent):
                if event.type() == QEvent.Type.ShortcutOverride:
                    return False
                return not self._is_tab(event)
            elif event.type() == QEvent.Type.InputMethod:
                return True
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Qt: pages fill the stage."""
        for page in self._pages:
            page.setGeometry(self.rect())

    def _is_tab(self, event: QKeyEvent) -> bool:
        return event.text() == "\t"

    def _cover(self, page: QWidget, focus: QWidget) -> None:
        self._covered, self._deaf = page, focus
        page.setUpdatesEnabled(False)
        focus.installEventFilter(self)

    def _uncover(self) -> None:
        if self._covered is not None and self._deaf is not None:
            self._deaf.removeEventFilter(self)
            self._covered.setUpdatesEnabled(True)
        self._covered = self._deaf = None

    def _on_left(self) -> None:
        page = self._covered
        window = self.window()
        if page is None or not window.isActiveWindow():
            return
        self._uncover()
        if page is not self._shown:
            page.hide()
