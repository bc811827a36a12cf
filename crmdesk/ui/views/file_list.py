"""A short list of files beside a form or a card, as high as what stands in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPainter
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crmdesk.ui.delegates.complaint import RecordDelegate
from crmdesk.ui.itemmodels.record_line import RecordLine
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.widgets.lists import ListPane
from crmdesk.ui.widgets.pane import MARGIN

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent, QPaintEvent

    from crmdesk.ui.presenters.workplace import Tools

_MOST = 3 * 44 + 2
"""Pixels: three files; more are scrolled to."""


class FileList(QWidget):
    """Lines of files, and of their heading where there is one.

    Args:
        name: of the list, for a screen reader, and translatable like ``tells``: what its keys do.
        most: pixels it may be high.

    Signals:
        entered(RecordLine): Enter on a line.
        unwanted(int): Delete on a line.
    """

    entered = Signal(object)
    unwanted = Signal(int)

    def __init__(self, tools: Tools, parent: QWidget, name: str, tells: str, most: int = _MOST) -> None:
        super().__init__(parent)
        self._ink, self._most = tools.ink, most
        self.lines: RowsModel[RecordLine] = RowsModel(RecordLine.spoken, self)
        self.list = _Files(tools.ink, self, uniform=False)
        self.list.setModel(self.lines)
        self._delegate = RecordDelegate(tools.ink, self.list)
        self.list.setItemDelegate(self._delegate)
        self.list.entered_row.connect(lambda row: self.entered.emit(self.lines.rows[row]))
        self.list.deleted.connect(self.unwanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 2, 0, 0)
        column.addWidget(self.list)
        tools.words.bind(self.list.setAccessibleName, name)
        tools.words.bind(self.list.setAccessibleDescription, tells)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Qt: part a list with a heading from what stands above it."""
        if self.lines.rows and self.lines.rows[0].kind == "section":
            painter = QPainter(self)
            self._ink.rule(painter, MARGIN, self.width() - MARGIN, 0)
            painter.end()

    def current_line(self) -> RecordLine | None:
        """Return the line with the keyboard."""
        row = self.list.current_row()
        return self.lines.rows[row] if 0 <= row < len(self.lines.rows) else None

    def show_lines(self, lines: list[RecordLine]) -> None:
        """Show *lines*; without any the list takes no room."""
        if list(self.lines.rows) == lines and self.isHidden() != bool(lines):
            return
        row = self.list.current_row()
        self.lines.show(lines)
        self.list.choose_row(min(row, len(lines) - 1))
        rows = range(len(lines))
        high = sum(self._delegate.row_height(self.lines, number) for number in rows)
        self.list.setFixedHeight(min(high + 2, self._most))
        self.setVisible(bool(lines))


class _Files(ListPane):
    deleted = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: Delete takes a line away."""
        if event.key() == Qt.Key.Key_Delete and self.current_row() >= 0:
            self.deleted.emit(self.current_row())
        else:
            super().keyPressEvent(event)
