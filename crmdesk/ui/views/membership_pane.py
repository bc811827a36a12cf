"""The database this desk shares: where, as whom, how far the first copy is; and leaving it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QFileDialog, QGridLayout, QHBoxLayout, QLabel, QWidget

from crmdesk.ui.delegates.home import HEIGHT, Line, LineDelegate
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.translation import word
from crmdesk.ui.widgets.bar import Bar
from crmdesk.ui.widgets.floating import FloatingPane, main_button
from crmdesk.ui.widgets.lists import ListPane
from crmdesk.ui.widgets.pane import HEADING, MARGIN, ActionButton
from crmdesk.ui.widgets.told import Told

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmdesk.ui.presenters.workplace import Tools

_WIDTH = 640
_SHOWN = 3
FACTS = {
    "server": word("Server"),
    "person": word("User"),
    "teams": word("Teams"),
    "state": word("State"),
}
LEAVING = word(
    "Whoever leaves works alone from then on. What is on this PC stays, also what was not accepted. What"
    " colleagues do comes here no more, older history stays on the server, and the password is taken out of"
    " the keyring."
)
_CHOICES = (
    word("Leave once the server has them"),
    word("Leave even so: they stay on this PC only, nobody else ever sees them"),
)


class MembershipPane(FloatingPane):
    """Facts, and what leaving means.

    Signals:
        leave_wanted(): leave; what is not sent may stay here only if :attr:`even_so` says so.
        anew_wanted(): join the same database with another password or address.
        file_chosen(str): where the texts of what is not sent are to be kept.
    """

    leave_wanted = Signal()
    anew_wanted = Signal()
    file_chosen = Signal(str)

    def __init__(self, tools: Tools, around: QWidget, top: QWidget) -> None:
        super().__init__(tools.ink, around, top, (_WIDTH, 0))
        self._words = tools.words
        self.facts = {name: QLabel(self) for name in FACTS}
        self.bar = Bar(tools.ink, self)
        self.trouble = Told(tools.ink, self, MARGIN)
        self.leaving = Told(tools.ink, self, MARGIN)
        self.unsent = Told(tools.ink, self, MARGIN)
        self.unsent_lines: RowsModel[Line] = RowsModel(Line.spoken, self)
        self.lines = ListPane(tools.ink, self)
        self.choice = QComboBox(self)
        tip = word("Sends what waits, then takes this desk off the shared database")
        self.go = main_button(tools.ink, tools.words, self, word("Leave"), tip, self.leave_wanted.emit)
        self.save = self._button(
            word("Save the texts …"), word("Writes what is not sent into a file of yours"), self.choose_file
        )
        self.anew = self._button(
            word("New password …"),
            word("Takes a new password, or the address where the database is now"),
            self.anew_wanted.emit,
        )
        self._lay_out(tools)

    @property
    def even_so(self) -> bool:
        """Whether what is not sent may stay on this PC only."""
        return self.choice.currentIndex() == 1

    def place(self) -> None:
        """Stand below the band, as high as what is to be said."""
        self.content.activate()
        self.wanted = (_WIDTH, self.content.totalHeightForWidth(_WIDTH))
        super().place()

    def show_facts(self, facts: dict[str, str]) -> None:
        """Show the value of each of :data:`FACTS`."""
        for name, text in facts.items():
            self.facts[name].setText(text)
            self.facts[name].setAccessibleName(f"{self._words.tr(FACTS[name])}: {text}")
        self._fit()

    def show_copy(self, part: float | None, told: str, trouble: str) -> None:
        """Show how much of the first copy is here, and what is wrong with the connection."""
        self.bar.show_part(part, told)
        self.trouble.say(trouble, "due")
        self._fit()

    def show_unsent(self, told: str, lines: list[Line], tone: str = "due") -> None:
        """Show what the server does not have yet; none hides all of it."""
        self.unsent.say(told, tone)
        self.unsent_lines.show(lines)
        for part in (self.lines, self.save, self.choice):
            part.setVisible(bool(lines))
        if not lines:
            self.choice.setCurrentIndex(0)
        self.lines.setFixedHeight(HEIGHT * min(_SHOWN, max(1, len(lines))) + 2)
        self._fit()

    def wait(self, waiting: bool) -> None:
        """While it is left nothing can be changed."""
        for part in (self.go, self.save, self.anew, self.choice):
            part.setEnabled(not waiting)

    def take_keyboard(self) -> None:
        """Put the keyboard where one reads on."""
        self.go.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def choose_file(self) -> None:
        """Let the person say where the texts go, beside the window: a call may come meanwhile."""
        dialog = QFileDialog(self, self._words.tr("Save the texts"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("txt")
        dialog.selectFile("crmdesk.txt")
        dialog.fileSelected.connect(self.file_chosen)
        dialog.setModal(False)
        dialog.show()

    def close_pane(self) -> bool:
        """Put it away, and what looks for a file."""
        for dialog in self.findChildren(QFileDialog):
            dialog.close()
        return super().close_pane()

    def _fit(self) -> None:
        if not self.isHidden():
            self.place()

    def _button(self, text: str, tip: str, run: Callable[[], object]) -> ActionButton:
        action = QAction(self)
        self._words.bind(action.setText, text)
        self._words.bind(action.setIconText, text)
        self._words.bind(action.setStatusTip, tip)
        action.triggered.connect(lambda _checked: run())
        return ActionButton(self.ink, action, self)

    def _lay_out(self, tools: Tools) -> None:
        words = self._words
        self.lines.setModel(self.unsent_lines)
        self.lines.setItemDelegate(LineDelegate(tools.ink, HEIGHT, self.lines))
        facts = QGridLayout()
        facts.setContentsMargins(MARGIN, 8, MARGIN, 8)
        facts.setHorizontalSpacing(12)
        facts.setVerticalSpacing(8)
        facts.setColumnStretch(1, 1)
        for row, (name, text) in enumerate(FACTS.items()):
            label = QLabel(self)
            words.bind(label.setText, text)
            self.facts[name].setTextFormat(Qt.TextFormat.PlainText)
            self.facts[name].setWordWrap(True)
            facts.addWidget(label, row, 0, Qt.AlignmentFlag.AlignTop)
            facts.addWidget(self.facts[name], row, 1)
        facts.addWidget(self.bar, len(FACTS), 1)
        self.choice.setMinimumHeight(32)
        line = QHBoxLayout()
        line.setContentsMargins(MARGIN, 4, MARGIN, 4)
        line.addWidget(self.choice, 1)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(MARGIN, 4, MARGIN, MARGIN)
        buttons.setSpacing(8)
        buttons.addWidget(self.save)
        buttons.addWidget(self.anew)
        buttons.addStretch(1)
        buttons.addWidget(self.go)
        self.content.setContentsMargins(1, HEADING + 1, 1, 1)
        self.content.addLayout(facts)
        for part in (self.trouble, self.leaving, self.unsent, self.lines):
            self.content.addWidget(part)
        self.content.addLayout(line)
        self.content.addStretch(1)
        self.content.addLayout(buttons)
        for before, after in pairwise((self.lines, self.choice, self.save, self.anew, self.go)):
            QWidget.setTabOrder(before, after)
        self._name()

    def _name(self) -> None:
        words = self._words
        words.bind(self.set_heading, word("The shared database"))
        words.bind(self.set_aside, word("Ctrl+Enter leaves · Esc closes"))
        words.bind(self.leaving.say, LEAVING)
        for part, name, description in (
            (self.lines, word("Not sent"), word("What was done here and the server does not have yet")),
            (self.choice, word("What becomes of them"), word("Whether to leave although they are not sent")),
        ):
            words.bind(part.setAccessibleName, name)
            words.bind(part.setAccessibleDescription, description)
        words.changed.connect(self._retranslate)
        self._retranslate()

    def _retranslate(self) -> None:
        chosen = max(0, self.choice.currentIndex())
        self.choice.clear()
        self.choice.addItems([self._words.tr(text) for text in _CHOICES])
        self.choice.setCurrentIndex(chosen)
