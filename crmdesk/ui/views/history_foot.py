"""Foot of a time line whose older part is on the server only: how much is here, the key that loads all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QHBoxLayout, QWidget

from crmdesk.ui.widgets.pane import MARGIN, ActionButton

if TYPE_CHECKING:
    from PySide6.QtGui import QAction, QPaintEvent

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

_HEIGHT = 44


class HistoryFoot(QWidget):
    """A sentence and a button; while loading a bar with its number in place of the button."""

    def __init__(self, ink: Ink, words: Words, load: QAction, parent: QWidget) -> None:
        super().__init__(parent)
        self._ink = ink
        self._words = words
        self._text = ""
        self._progress: tuple[int, int] | None = None
        self.button = ActionButton(ink, load, self, icon="server")
        self.setFixedHeight(_HEIGHT)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row = QHBoxLayout(self)
        row.setContentsMargins(MARGIN, 0, MARGIN, 0)
        row.addStretch(1)
        row.addWidget(self.button)
        ink.changed.connect(self.update)

    @property
    def text(self) -> str:
        """What is said."""
        if self._progress is None:
            return self._text
        done, total = self._progress
        if not total:
            return self._words.tr("Loading older history …")
        percent = 100 * done // total
        return self._words.tr(
            "Loading older history: {done} of {total} · {n} %", done=done, total=total, n=percent
        )

    def show_state(self, text: str, progress: tuple[int, int] | None) -> None:
        """Say *text*, or how far the loading is: entries done and altogether (0: not known)."""
        self._text, self._progress = text, progress
        self.button.setVisible(progress is None)
        self.setAccessibleName(self.text)
        self.setAccessibleDescription(self._words.tr("How much of the history is on this PC"))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: draw the sentence, and the bar while there is one."""
        ink, theme, painter = self._ink, self._ink.theme, QPainter(self)
        painter.fillRect(self.rect(), ink.colour(theme.base))
        ink.rule(painter, MARGIN, self.width() - MARGIN, 0)
        area = QRect(MARGIN, 1, self.width() - 2 * MARGIN, _HEIGHT - 1)
        if self._progress is None:
            area.setRight(self.button.geometry().left() - 8)
        else:
            done, total = self._progress
            bar = QRect(MARGIN, _HEIGHT - 8, area.width(), 4)
            painter.fillRect(bar, ink.colour(theme.line))
            if total:
                bar.setWidth(min(area.width(), area.width() * done // total))
                painter.fillRect(bar, ink.colour(theme.accent))
            area.setHeight(_HEIGHT - 10)
        ink.line(painter, area, self.text, ink.fonts.body, theme.muted)
        painter.end()
