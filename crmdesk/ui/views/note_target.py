"""For whom is the note? A box and whom it finds, in place of the text that is to be sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from crmdesk.ui.delegates.home import HEIGHT, Line, LineDelegate
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.translation import word
from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.lists import ListPane

if TYPE_CHECKING:
    from crmdesk.ui.presenters.workplace import Tools

_SEARCH_MS = 30


class NoteTarget(QWidget):
    """Arrows choose, Enter sends.

    Signals:
        searched(str): words to search for; empty shows the first choices again.
        chosen(object): the source of the line chosen.
    """

    searched = Signal(str)
    chosen = Signal(object)

    def __init__(self, tools: Tools, parent: QWidget) -> None:
        super().__init__(parent)
        ink, words = tools.ink, tools.words
        self.box = SearchBox(tools.composing, tools.reserved, self)
        self.lines: RowsModel[Line] = RowsModel(Line.spoken, self)
        self.list = ListPane(ink, self)
        self.list.setModel(self.lines)
        self.list.setItemDelegate(LineDelegate(ink, HEIGHT, self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        row = QHBoxLayout()
        row.setContentsMargins(11, 0, 11, 8)
        row.addWidget(self.box)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(row)
        column.addWidget(self.list, 1)
        self._throttle = QTimer(self, singleShot=True, interval=_SEARCH_MS)
        self._throttle.timeout.connect(lambda: self.searched.emit(self.box.text().strip()))
        self.box.textEdited.connect(lambda _text: self._throttle.start())
        self.box.steered.connect(self._on_steered)
        self.box.entered.connect(lambda: self._choose(max(0, self.list.current_row())))
        self.list.clicked.connect(lambda index: self._choose(index.row()))
        words.bind(self.box.setPlaceholderText, word("Whose note? Name, number, plate"))
        words.bind(self.box.setAccessibleName, word("Whose note it becomes"))
        words.bind(self.box.setAccessibleDescription, word("Arrows choose, Enter sends, Esc goes back"))
        words.bind(self.list.setAccessibleName, word("Customers found"))
        words.bind(self.list.setAccessibleDescription, word("Enter writes the note to this customer"))
        words.bind(self.list.set_hint, word("Nobody found.\nA name, some digits or a plate will do."))

    def begin(self, lines: list[Line]) -> None:
        """Start with these choices."""
        self.box.clear()
        self.show_lines(lines)
        self.box.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_lines(self, lines: list[Line]) -> None:
        """Show these customers, best first."""
        self.lines.show(lines)
        self.list.choose_row(0)

    def _on_steered(self, step: int) -> None:
        last = len(self.lines.rows) - 1
        self.list.choose_row(min(max(0, self.list.current_row() + step), last))

    def _choose(self, row: int) -> None:
        if self._throttle.isActive():
            self._throttle.stop()
            self.searched.emit(self.box.text().strip())
        elif 0 <= row < len(self.lines.rows):
            self.chosen.emit(self.lines.rows[row].source)
