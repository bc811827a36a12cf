"""One row of words of which one is chosen, painted at one go: a button each would cost as much as a list."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QTabBar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QPaintEvent
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

_HEIGHT = 28
_EDGE = 8


class FilterBar(QTabBar):
    """The words; arrows or a click choose.

    Signals:
        picked(int): a person chose the word of this number.
    """

    picked = Signal(int)

    def __init__(self, ink: Ink, words: Words, filters: Sequence[str], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._ink = ink
        self._telling = True
        self.setDrawBase(False)
        self.setExpanding(False)
        self.setUsesScrollButtons(False)
        self.setElideMode(Qt.TextElideMode.ElideNone)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        for number, text in enumerate(filters):
            self.addTab("")
            words.bind(partial(self._name, number), text)
        self.currentChanged.connect(self._on_current)
        ink.changed.connect(self.update)

    def choose(self, number: int) -> None:
        """Choose a word without telling."""
        if number != self.currentIndex():
            self._telling = False
            self.setCurrentIndex(number)
            self._telling = True

    def tabSizeHint(self, index: int) -> QSize:
        """Qt: the word and an edge on both sides."""
        return QSize(self._ink.body.horizontalAdvance(self.tabText(index)) + 2 * _EDGE, _HEIGHT)

    def minimumTabSizeHint(self, index: int) -> QSize:
        """Qt: words are never cut."""
        return self.tabSizeHint(index)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw the words, the chosen one on a soft ground."""
        ink, theme, painter = self._ink, self._ink.theme, QPainter(self)
        painter.fillRect(0, 0, self.width(), self.height(), ink.colour(theme.base))
        chosen = self.currentIndex()
        for number in range(self.count()):
            area = self.tabRect(number)
            if number == chosen:
                painter.fillRect(area, ink.colour(theme.selection))
                if self.hasFocus():
                    ink.focus_ring(painter, area)
            x, top, width, height = area.left() + _EDGE, area.top(), area.width(), area.height()
            ink.put(painter, x, top, width, height, self.tabText(number), ink.fonts.body, theme.text)
        painter.end()

    def changeEvent(self, event: QEvent) -> None:
        """Qt: another font or style is another size."""
        super().changeEvent(event)
        self.updateGeometry()

    def _name(self, number: int, text: str) -> None:
        self.setTabText(number, text)
        self.setAccessibleTabName(number, text)

    def _on_current(self, number: int) -> None:
        if self._telling:
            self.picked.emit(number)
