"""Joining a shared database: four fields and a sentence, over the window, never modal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel, QLineEdit

from crmdesk.models.sync_views import JoinFields
from crmdesk.ui.translation import word
from crmdesk.ui.widgets.floating import FloatingPane, main_button
from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.pane import HEADING, MARGIN

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.ui.presenters.workplace import Tools

_SIZE = (640, 440)
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
_DATA = (
    (None, word("Nothing is on this PC yet")),
    (True, word("Take along what is on this PC")),
    (False, word("Begin with what the server has; a sealed copy stays here")),
)


class JoinPane(FloatingPane):
    """The fields.

    Signals:
        join_wanted(): Enter in a field; the fields may not be whole.
    """

    join_wanted = Signal()

    def __init__(self, tools: Tools, around: QWidget, top: QWidget) -> None:
        super().__init__(tools.ink, around, top, _SIZE)
        self._words = tools.words
        self.lines = {name: SearchBox(tools.composing, tools.reserved, self) for name in LABELS}
        self.data = QComboBox(self)
        self.told = QLabel(self)
        tip = word("Puts this desk on the server of your organisation")
        self._go = main_button(tools.ink, tools.words, self, word("Join"), tip, self.join_wanted.emit)
        self.lines["password"].setEchoMode(QLineEdit.EchoMode.Password)
        self.lines["password"].setClearButtonEnabled(False)
        self._lay_out()
        for line in self.lines.values():
            line.entered.connect(self.join_wanted)
        tools.words.changed.connect(self._retranslate)
        self._retranslate()
        self._colour("plain")

    def fields(self) -> JoinFields:
        """Return what stands in the fields."""
        return JoinFields(
            address=self.lines["address"].text().strip(),
            user=self.lines["user"].text().strip(),
            password=self.lines["password"].text(),
            ca_file=self.lines["ca_file"].text().strip(),
            adopt=_DATA[max(0, self.data.currentIndex())][0],
        )

    def to_field(self, name: str) -> None:
        """Put the keyboard into a field."""
        if name == "adopt":
            self.data.setFocus(Qt.FocusReason.OtherFocusReason)
            return
        line = self.lines.get(name, self.lines["address"])
        line.setFocus(Qt.FocusReason.OtherFocusReason)
        line.selectAll()

    def tell(self, text: str, tone: str = "plain") -> None:
        """Say *text* below the fields; a breach says what went wrong."""
        self._colour(tone)
        self.told.setText(text)
        self.told.setAccessibleName(text)

    def wait(self, waiting: bool) -> None:
        """While the server is asked nothing can be changed."""
        for part in (*self.lines.values(), self.data, self._go):
            part.setEnabled(not waiting)

    def forget_password(self) -> None:
        """Leave nothing of the password in the window, not even for undo."""
        self.lines["password"].setText("")

    def _colour(self, tone: str) -> None:
        colour, soft = self.ink.theme.tone(tone)
        palette = self.told.palette()
        palette.setColor(self.told.foregroundRole(), self.ink.colour(colour))
        palette.setColor(self.told.backgroundRole(), self.ink.colour(soft))
        self.told.setPalette(palette)

    def _lay_out(self) -> None:
        words = self._words
        form = QFormLayout()
        form.setContentsMargins(MARGIN, 8, MARGIN, 8)
        form.setSpacing(12)
        rows: list[tuple[str, str, QWidget]] = [
            (LABELS[name], _HINTS[name], line) for name, line in self.lines.items()
        ]
        rows.append((word("Data"), word("What becomes of the data on this PC"), self.data))
        for text, hint, field in rows:
            label = QLabel(self)
            label.setBuddy(field)
            words.bind(label.setText, text)
            words.bind(field.setAccessibleName, text)
            words.bind(field.setAccessibleDescription, hint)
            field.setMinimumHeight(32)
            form.addRow(label, field)
        for name, line in self.lines.items():
            words.bind(line.setPlaceholderText, _HINTS[name])
        self.told.setTextFormat(Qt.TextFormat.PlainText)
        self.told.setWordWrap(True)
        self.told.setMargin(MARGIN)
        self.told.setAutoFillBackground(True)
        self.told.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.told.setMinimumHeight(88)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(MARGIN, 4, MARGIN, MARGIN)
        buttons.addStretch(1)
        buttons.addWidget(self._go)
        self.content.setContentsMargins(1, HEADING + 1, 1, 1)
        self.content.addLayout(form)
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
