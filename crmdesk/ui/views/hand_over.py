"""Who takes complaints over, and what he has to know: opens beside their list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel

from crmdesk.ui.translation import word
from crmdesk.ui.widgets.filter_box import FilterBox, Pick
from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.pane import MARGIN, ActionButton, Pane
from crmdesk.ui.widgets.told import Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.presenters.workplace import Tools


class HandOverPane(Pane):
    """Two fields, a button, and how far it has come.

    Signals:
        accepted(): the button.
    """

    accepted = Signal()

    def __init__(self, tools: Tools, parent: QWidget) -> None:
        super().__init__(tools.ink, parent)
        self._words = tools.words
        self.person = FilterBox(tools.ink, tools.composing, tools.reserved, self)
        self.reason = SearchBox(tools.composing, tools.reserved, self)
        self.told = Told(tools.ink, self, 6)
        form = QFormLayout()
        form.setContentsMargins(MARGIN, 4, MARGIN, MARGIN)
        form.setSpacing(8)
        for text, widget, field in (
            (word("To whom"), self.person, self.person.line),
            (word("Why, open points"), self.reason, self.reason),
        ):
            label = QLabel(self)
            label.setBuddy(field)
            tools.words.bind(label.setText, text)
            tools.words.bind(field.setAccessibleName, text)
            tools.words.bind(field.setAccessibleDescription, word("The new owners read it in each complaint"))
            form.addRow(label, widget)
        tools.words.bind(self.person.list.setAccessibleName, word("To whom"))
        tools.words.bind(self.person.list.setAccessibleDescription, word("Arrows choose, Enter takes"))
        foot = QHBoxLayout()
        foot.addStretch(1)
        foot.addWidget(ActionButton(tools.ink, self._button(tools), self, icon="check"))
        form.addRow(self.told)
        form.addRow(foot)
        self.content.addLayout(form)
        self.hide()

    def _button(self, tools: Tools) -> QAction:
        """Return what the button does: as Ctrl+Enter does anywhere in the form."""
        action = QAction(self)
        action.setShortcut(QKeySequence("Ctrl+Return"))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        for setter in (action.setText, action.setIconText, action.setStatusTip):
            tools.words.bind(setter, word("Hand over"))
        action.triggered.connect(lambda _on: self.accepted.emit())
        return action

    def open_for(self, count: int, people: Sequence[Pick], told: str) -> None:
        """Ask who takes *count* complaints over; *told*: which ones have to stay."""
        heading = self._words.plural(count, "Hand over {n} complaint", "Hand over {n} complaints")
        self.set_heading(heading)
        self.set_aside(self._words.tr("Esc closes"))
        self.person.choose("")
        self.person.offer(people)
        self.told.say(told, "due")
        self.show()
        self.person.line.setFocus()
