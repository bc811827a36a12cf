"""F1: the keys of this screen, searchable, over the window."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QHBoxLayout

from crmdesk.ui.actions import MENUS
from crmdesk.ui.delegates.home import Line
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.translation import word
from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.lists import ListPane, RowDelegate
from crmdesk.ui.widgets.pane import Pane, key_words

if TYPE_CHECKING:
    from PySide6.QtGui import QPainter
    from PySide6.QtWidgets import QListView, QWidget

    from crmdesk.ui.actions import Command
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words
    from crmdesk.ui.widgets.inputs import Composing, Reserved

_HEIGHT = 32


class KeyDelegate(RowDelegate):
    """Key first, then what it does."""

    def paint_row(self, painter: QPainter, area: QRect, model: RowsModel[Any], number: int) -> None:
        """Draw the content of one row."""
        line: Line = model.rows[number]
        ink, theme = self.ink, self.ink.theme
        key = QRect(area.left() + 16, area.top(), 168, area.height())
        ink.line(painter, key, line.aside, ink.fonts.strong, theme.accent)
        text = QRect(key.right() + 16, area.top(), 320, area.height())
        ink.line(painter, text, line.text, ink.fonts.body, theme.text)
        tip = QRect(text.right() + 16, area.top(), area.right() - 16 - text.right() - 16, area.height())
        ink.line(painter, tip, line.below, ink.fonts.body, theme.muted)


class KeyList(Pane):
    """All commands with their keys; Esc or F1 closes."""

    def __init__(
        self,
        ink: Ink,
        words: Words,
        commands: tuple[Command, ...],
        composing: Composing,
        reserved: Reserved,
        parent: QWidget,
    ) -> None:
        super().__init__(ink, parent)
        self._words = words
        self._around = parent
        self._commands = commands
        self._before: QWidget | None = None
        self.search = SearchBox(composing, reserved, self)
        self.model: RowsModel[Line] = RowsModel(Line.spoken, self)
        self.list: QListView = ListPane(ink, self)
        self.list.setModel(self.model)
        self.list.setItemDelegate(KeyDelegate(ink, _HEIGHT, self.list))
        row = QHBoxLayout()
        row.setContentsMargins(11, 0, 11, 8)
        row.addWidget(self.search)
        self.content.addLayout(row)
        self.content.addWidget(self.list)
        words.bind(self.set_heading, word("Keys of this screen"))
        words.bind(self.set_aside, word("Esc closes"))
        words.bind(self.search.setPlaceholderText, word("Filter: a key or a word"))
        words.bind(self.search.setAccessibleName, word("Filter the keys"))
        words.bind(self.search.setAccessibleDescription, word("Type a key or a word"))
        words.bind(self.list.setAccessibleName, word("Keys of this screen"))
        words.bind(self.list.setAccessibleDescription, word("Each key and what it does"))
        self.search.textChanged.connect(self._fill)
        words.changed.connect(self._fill)
        self.hide()

    def toggle(self, before: QWidget | None) -> None:
        """Open, or close and give the keyboard back."""
        if not self.isHidden():
            self.close_list()
            return
        self._before = before
        self._fill()
        self.place()
        self.show()
        self.raise_()
        self.search.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def close_list(self) -> bool:
        """Close; return whether it was open."""
        if self.isHidden():
            return False
        if self._before is not None and self._before.isVisible():
            self._before.setFocus(Qt.FocusReason.OtherFocusReason)
        self.hide()
        return True

    def place(self) -> None:
        """Stand in the middle of the window."""
        around = self._around.rect()
        width, height = min(1000, around.width() - 80), min(720, around.height() - 80)
        self.setGeometry((around.width() - width) // 2, (around.height() - height) // 2, width, height)

    def _fill(self) -> None:
        wanted = self.search.text().strip().casefold()
        lines = []
        for menu in MENUS:
            for command in self._commands:
                if command.menu == menu:
                    lines.append(self._line(command))
        self.model.show([line for line in lines if wanted in line.spoken().casefold()])

    def _line(self, command: Command) -> Line:
        keys = "  ".join(key_words(QKeySequence(key)) for key in command.keys[:2])
        tip = self._words.tr(command.tip) if command.tip else ""
        return Line(command, "key", self._words.tr(command.text), tip, aside=keys)
