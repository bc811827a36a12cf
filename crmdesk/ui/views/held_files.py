"""The files that wait for a complaint to be saved, below its form; made when there is the first one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from crmdesk.ui.delegates.complaint import RecordDelegate
from crmdesk.ui.itemmodels.record_line import RecordLine
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.translation import word
from crmdesk.ui.widgets.lists import ListPane

if TYPE_CHECKING:
    from PySide6.QtGui import QKeyEvent

    from crmdesk.ui.presenters.workplace import Tools

_ROW = 44
_MOST_ROWS = 3


class HeldFiles(QWidget):
    """A short list of names.

    Signals:
        unwanted(int): Delete on a line.
    """

    unwanted = Signal(int)

    def __init__(self, tools: Tools, parent: QWidget) -> None:
        super().__init__(parent)
        self.lines: RowsModel[RecordLine] = RowsModel(RecordLine.spoken, self)
        self.list = _HeldList(tools.ink, self, uniform=False)
        self.list.setModel(self.lines)
        self.list.setItemDelegate(RecordDelegate(tools.ink, self.list))
        self.list.deleted.connect(self.unwanted)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.list)
        tools.words.bind(self.list.setAccessibleName, word("Files of the new complaint"))
        tools.words.bind(self.list.setAccessibleDescription, word("Delete takes a file away again"))

    def show_lines(self, lines: list[RecordLine]) -> None:
        """Show *lines*; without any the list takes no room."""
        row = self.list.current_row()
        self.lines.show(lines)
        self.list.choose_row(min(row, len(lines) - 1))
        self.list.setFixedHeight(min(len(lines), _MOST_ROWS) * _ROW + 2)
        self.setVisible(bool(lines))


class _HeldList(ListPane):
    deleted = Signal(int)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Qt: Delete takes a line away."""
        if event.key() == Qt.Key.Key_Delete and self.current_row() >= 0:
            self.deleted.emit(self.current_row())
        else:
            super().keyPressEvent(event)
