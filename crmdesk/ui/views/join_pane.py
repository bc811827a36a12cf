"""Joining a shared database: a few fields, what is wrong with each below it; over the window, never modal."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QFileDialog, QGridLayout, QHBoxLayout, QLabel, QLineEdit, QWidget

from crmdesk.models.sync_views import JoinFields
from crmdesk.ui.translation import word
from crmdesk.ui.widgets.bar import Bar
from crmdesk.ui.widgets.floating import FloatingPane, main_button
from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.pane import HEADING, MARGIN, ActionButton
from crmdesk.ui.widgets.told import Told

if TYPE_CHECKING:
    from crmdesk.models.sync_views import Membership
    from crmdesk.ui.presenters.workplace import Tools

_WIDTH = 640
_NOTE_MARGIN = 4
_LOOK_MS = 300
"""So long after the last key the certificate is looked at."""
LABELS = {
    "address": word("Server"),
    "user": word("User"),
    "password": word("Password"),
    "ca_file": word("CA file"),
}
_HINTS = {
    "address": word("host, host:port or host:port/database"),
    "user": word("Your name on the server"),
    "password": word("Kept in the keyring of this PC only"),
    "ca_file": word("Path; empty: as your organisation has set it"),
}
ADOPT = "adopt"
_DESCRIBED = {**_HINTS, ADOPT: word("What becomes of the data on this PC")}
_DATA = (
    (None, word("Nothing is on this PC yet")),
    (True, word("Take along what is on this PC")),
    (False, word("Begin with what the server has; a sealed copy stays here")),
)


class JoinPane(FloatingPane):
    """The fields.

    Signals:
        join_wanted(): Enter in a field; the fields may not be whole.
        ca_named(str): a pause in typing the path of the certificate, or one was chosen; may be empty.
    """

    join_wanted = Signal()
    ca_named = Signal(str)

    def __init__(self, tools: Tools, around: QWidget, top: QWidget) -> None:
        super().__init__(tools.ink, around, top, (_WIDTH, 0))
        self._words = tools.words
        self._look = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self.lines = {name: SearchBox(tools.composing, tools.reserved, self) for name in LABELS}
        self.data = QComboBox(self)
        self.notes = {name: Told(tools.ink, self, _NOTE_MARGIN) for name in (*LABELS, ADOPT)}
        self.told = Told(tools.ink, self, MARGIN)
        self.bar = Bar(tools.ink, self)
        tip = word("Puts this desk on the server of your organisation")
        self._go = main_button(tools.ink, tools.words, self, word("Join"), tip, self.join_wanted.emit)
        self.choose = self._chooser()
        self.lines["password"].setEchoMode(QLineEdit.EchoMode.Password)
        self.lines["password"].setClearButtonEnabled(False)
        self._lay_out()
        self._wire()
        self._retranslate()

    def fields(self) -> JoinFields:
        """Return what stands in the fields."""
        return JoinFields(
            address=self.lines["address"].text().strip(),
            user=self.lines["user"].text().strip(),
            password=self.lines["password"].text(),
            ca_file=self.lines["ca_file"].text().strip(),
            adopt=_DATA[max(0, self.data.currentIndex())][0],
        )

    def fill(self, held: Membership) -> None:
        """Put in what is known of the database that is shared already."""
        for name, text in (("address", held.server), ("user", held.user), ("ca_file", held.ca_file)):
            self.lines[name].setText(text)

    def place(self) -> None:
        """Stand below the band, as high as what is to be said."""
        self.content.activate()
        self.wanted = (_WIDTH, self.content.totalHeightForWidth(_WIDTH))
        super().place()

    def to_field(self, name: str) -> None:
        """Put the keyboard into a field."""
        if name == ADOPT:
            self.data.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        line = self.lines.get(name, self.lines["address"])
        line.setFocus(Qt.FocusReason.OtherFocusReason)
        line.selectAll()

    def tell(self, text: str, tone: str = "plain") -> None:
        """Say *text* below all fields."""
        self.told.say(text, tone)
        self._fit()

    def show_progress(self, part: float | None, told: str) -> None:
        """Show how much of what goes along is at the server; None hides the bar."""
        self.bar.show_part(part, told)
        self.tell(told)

    def note(self, name: str, text: str, tone: str = "breach") -> None:
        """Say *text* below the field *name*; empty takes away what was said there."""
        self.notes[name].say(text, tone)
        field: QWidget = self.data if name == ADOPT else self.lines[name]
        hint = self._words.tr(_DESCRIBED[name])
        field.setAccessibleDescription(f"{text} {hint}".strip() if text else hint)
        self._fit()

    def forget_notes(self) -> None:
        """Take away what was said below the fields."""
        for name in self.notes:
            self.note(name, "")

    def wait(self, waiting: bool) -> None:
        """While the server is asked nothing can be changed."""
        for part in (*self.lines.values(), self.data, self.choose, self._go):
            part.setEnabled(not waiting)

    def forget_password(self) -> None:
        """Leave nothing of the password in the window, not even for undo."""
        self.lines["password"].setText("")

    def choose_file(self) -> None:
        """Let the person look for the certificate, beside the window: a call may come meanwhile."""
        words = self._words
        dialog = QFileDialog(self, words.tr("CA file"))
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
        certificates, all_files = words.tr("Certificates"), words.tr("All files")
        dialog.setNameFilters([f"{certificates} (*.pem *.crt *.cer)", f"{all_files} (*)"])
        dialog.fileSelected.connect(self._on_file)
        dialog.setModal(False)
        dialog.show()

    def close_pane(self) -> bool:
        """Put it away, and what looks for a file."""
        for dialog in self.findChildren(QFileDialog):
            dialog.close()
        return super().close_pane()

    def _on_file(self, path: str) -> None:
        self.lines["ca_file"].setText(path)
        self._name_ca()
        self.to_field("ca_file")

    def _name_ca(self) -> None:
        self._look.stop()
        self.ca_named.emit(self.lines["ca_file"].text().strip())

    def _fit(self) -> None:
        if not self.isHidden():
            self.place()

    def _wire(self) -> None:
        for name, line in self.lines.items():
            line.entered.connect(self.join_wanted)
            line.textEdited.connect(lambda _text, name=name: self.note(name, ""))
        self.data.activated.connect(lambda _row: self.note(ADOPT, ""))
        self.lines["ca_file"].textEdited.connect(self._look.start)
        self._look.timeout.connect(self._name_ca)
        self._words.changed.connect(self._retranslate)

    def _chooser(self) -> ActionButton:
        action = QAction(self)
        self._words.bind(action.setText, word("Choose …"))
        self._words.bind(action.setIconText, word("Choose …"))
        self._words.bind(action.setStatusTip, word("Looks for the CA file on this PC"))
        action.triggered.connect(lambda _checked: self.choose_file())
        return ActionButton(self.ink, action, self)

    def _lay_out(self) -> None:
        words, form = self._words, QGridLayout()
        form.setContentsMargins(MARGIN, 8, MARGIN, MARGIN)
        form.setHorizontalSpacing(12)
        form.setVerticalSpacing(4)
        fields: list[tuple[str, str, QWidget]] = [
            (name, LABELS[name], line) for name, line in self.lines.items()
        ]
        fields.append((ADOPT, word("Data"), self.data))
        for at, (name, text, field) in enumerate(fields):
            label, row = QLabel(self), 2 * at
            label.setBuddy(field)
            words.bind(label.setText, text)
            words.bind(field.setAccessibleName, text)
            words.bind(field.setAccessibleDescription, _DESCRIBED[name])
            field.setMinimumHeight(32)
            form.addWidget(label, row, 0)
            form.addWidget(field, row, 1, 1, 1 if name == "ca_file" else 2)
            form.addWidget(self.notes[name], row + 1, 1, 1, 2)
            form.setRowMinimumHeight(row + 1, 4)
        form.addWidget(self.choose, 2 * list(self.lines).index("ca_file"), 2)
        form.setColumnStretch(1, 1)
        for before, after in pairwise((*self.lines.values(), self.choose, self.data, self._go)):
            QWidget.setTabOrder(before, after)
        for name, line in self.lines.items():
            words.bind(line.setPlaceholderText, _HINTS[name])
        buttons = QHBoxLayout()
        buttons.setContentsMargins(MARGIN, 4, MARGIN, MARGIN)
        buttons.addStretch(1)
        buttons.addWidget(self._go)
        self.content.setContentsMargins(1, HEADING + 1, 1, 1)
        self.content.addLayout(form)
        self.content.addWidget(self.bar)
        self.content.addWidget(self.told)
        self.content.addStretch(1)
        self.content.addLayout(buttons)
        words.bind(self.set_heading, word("Join a shared database"))
        words.bind(self.set_aside, word("Ctrl+Enter joins · Esc closes"))

    def _retranslate(self) -> None:
        chosen = max(0, self.data.currentIndex())
        self.data.clear()
        self.data.addItems([self._words.tr(text) for _, text in _DATA])
        self.data.setCurrentIndex(chosen)
