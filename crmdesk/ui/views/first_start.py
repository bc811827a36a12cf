"""The first start: three questions, each with a default, then the recovery code, shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QApplication,
    QComboBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSpinBox,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from crmdesk.ui.translation import CHINESE, ENGLISH, word
from crmdesk.ui.widgets.pane import ActionButton
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtGui import QCloseEvent

    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words

_LANGUAGES = ((CHINESE, "中文"), (ENGLISH, "English"))
_TELEPHONES = (
    ("off", word("No telephone yet")),
    ("ami", word("Asterisk tells it (AMI)")),
    ("hook", word("The soft phone starts crmdesk")),
)
_ABOUT = {
    "off": word("Calls can be connected later."),
    "ami": word("Ask whoever looks after the telephone system. The password goes into the keyring."),
    "hook": word("Let the soft phone run this for each call: crmdesk call NUMBER --name NAME"),
}
_NEEDED = {"ami": ("telephony_host", "telephony_user", "extension"), "hook": (), "off": ()}
_FIELDS = {
    "telephony_host": word("Host"),
    "telephony_port": word("Port"),
    "telephony_user": word("User"),
    "password": word("Password"),
    "extension": word("Your extension"),
}
_SHOWN = {"off": (), "hook": ("extension",), "ami": tuple(_FIELDS)}
_PORT, _LAST_PORT = 5038, 65_535
_WIDTH, _HEIGHT = 680, 720


@dataclass(frozen=True, slots=True)
class FirstAnswers:
    """What was answered: settings by name, and the telephone system's password, empty without one."""

    settings: dict[str, str | int]
    password: str


class FirstStartView(QWidget):
    """A window of its own, before there is a desk.

    Args:
        folder: where the data will lie, as it is told.
        fixed: settings that the organisation has set; they are not asked.

    Signals:
        answered(FirstAnswers): make the desk.
        demo_wanted(): look at the demo company instead.
        written_down(): the recovery code was seen.
        closed(): the window was closed by hand.
    """

    answered = Signal(object)
    demo_wanted = Signal()
    written_down = Signal()
    closed = Signal()

    def __init__(self, ink: Ink, words: Words, folder: str, fixed: frozenset[str] = frozenset()) -> None:
        super().__init__()
        self._ink = ink
        self._words = words
        self._folder = folder
        self._fixed = fixed
        self._waiting = False
        self.language = QComboBox(self)
        self.telephone = QComboBox(self)
        self.lines = {name: QLineEdit(self) for name in _FIELDS if name != "telephony_port"}
        self.port = QSpinBox(self)
        self.code = QLineEdit(self)
        self.trouble = QLabel(self)
        self._about, self._data = QLabel(self), QLabel(self)
        self._form = QFormLayout()
        self._start = self._action(word("Start"), "Ctrl+Return", self._on_start)
        self._demo = self._action(word("Look at the demo company"), "Ctrl+D", self.demo_wanted.emit)
        self._copy = self._action(word("Copy"), "Ctrl+Shift+C", self.copy_code)
        self._written = self._action(word("I wrote it down"), "Ctrl+Return", self.written_down.emit)
        self._pages = QStackedWidget(self)
        self._pages.addWidget(self._questions())
        self._pages.addWidget(self._recovery())
        whole = QVBoxLayout(self)
        whole.setContentsMargins(40, 32, 40, 32)
        whole.addWidget(self._pages)
        self._name()
        self._turn_to(0)
        self._retranslate()
        words.changed.connect(self._retranslate)
        self.language.activated.connect(lambda row: words.use(_LANGUAGES[row][0]))
        self.telephone.currentIndexChanged.connect(self._on_telephone)
        for line in self.lines.values():
            line.setTextMargins(4, 0, 4, 0)
            line.returnPressed.connect(self._on_start)
        self.resize(_WIDTH, _HEIGHT)

    def show_trouble(self, sentence: str) -> None:
        """Say what went wrong; what was answered stays and can be tried again."""
        self.trouble.setText(sentence)
        self.trouble.setVisible(bool(sentence))
        self.wait(False)

    def wait(self, waiting: bool) -> None:
        """While the desk is made nothing can be pressed twice."""
        self._waiting = waiting
        self._start.setEnabled(not waiting)
        self._demo.setEnabled(not waiting)

    def show_code(self, code: str) -> None:
        """Show the recovery code."""
        self.code.setText(code)
        self._waiting = False
        self._turn_to(1)
        self.code.setFocus()
        self.code.selectAll()

    def copy_code(self) -> None:
        """Put the code onto the clipboard."""
        QApplication.clipboard().setText(self.code.text())
        self._copy.setIconText(self._words.tr("Copied"))

    def answers(self) -> FirstAnswers:
        """Return what was answered so far."""
        kind = self._telephone_kind()
        settings: dict[str, str | int] = {"language": self._words.language}
        if "telephony" not in self._fixed:
            settings["telephony"] = kind
        for name in _SHOWN[kind]:
            if name in self.lines and name != "password" and name not in self._fixed:
                settings[name] = self.lines[name].text().strip()
        if kind == "ami" and "telephony_port" not in self._fixed:
            settings["telephony_port"] = self.port.value()
        return FirstAnswers(settings, self.lines["password"].text() if kind == "ami" else "")

    def closeEvent(self, event: QCloseEvent) -> None:
        """Qt: closing is an answer, too; not while the desk is being made."""
        if self._waiting:
            event.ignore()
            return
        super().closeEvent(event)
        self.closed.emit()

    def _action(self, text: str, key: str, run: Callable[[], None]) -> QAction:
        action = QAction(self)
        self._words.bind(action.setText, text)
        self._words.bind(action.setIconText, text)
        self._words.bind(action.setStatusTip, text)
        action.setShortcut(QKeySequence(key))
        action.triggered.connect(lambda _checked: run())
        self.addAction(action)
        return action

    def _turn_to(self, page: int) -> None:
        self._pages.setCurrentIndex(page)
        for action, where in ((self._start, 0), (self._demo, 0), (self._copy, 1), (self._written, 1)):
            action.setEnabled(where == page)

    def _questions(self) -> QWidget:
        page, form = QWidget(self), self._form
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(12)
        column.addWidget(self._text(word("Welcome to crmdesk"), head=True))
        column.addWidget(self._text(word("Three questions; every answer can be changed later.")))
        form.setSpacing(12)
        form.setContentsMargins(0, 12, 0, 0)
        form.addRow(self._text(word("1  Language"), strong=True), self.language)
        form.addRow(self._text(word("2  Data"), strong=True), self._data)
        form.addRow(self._text(word("3  Telephone"), strong=True), self.telephone)
        form.addRow(QWidget(page), self._about)
        for name, text in _FIELDS.items():
            form.addRow(self._text(text), self._field(name))
        self.language.addItems([name for _, name in _LANGUAGES])
        self.language.setCurrentIndex([code for code, _ in _LANGUAGES].index(self._words.language))
        self.port.setRange(1, _LAST_PORT)
        self.port.setValue(_PORT)
        self.lines["telephony_host"].setText("127.0.0.1")
        self.lines["password"].setEchoMode(QLineEdit.EchoMode.Password)
        column.addLayout(form)
        column.addStretch(1)
        self._wrap(self.trouble)
        self.trouble.setMargin(12)
        self.trouble.setAutoFillBackground(True)
        self.trouble.hide()
        column.addWidget(self.trouble)
        column.addLayout(self._buttons((self._demo, "company"), (self._start, "check")))
        return page

    def _recovery(self) -> QWidget:
        page = QWidget(self)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(16)
        column.addWidget(self._text(word("Your recovery code"), head=True))
        column.addWidget(
            self._text(
                word(
                    "Write it down and keep it away from this PC. It brings your data back when the keyring"
                    " of this PC is lost. It is shown only now."
                )
            )
        )
        self.code.setReadOnly(True)
        self.code.setFont(self._ink.fonts.head)
        self.code.setMinimumHeight(56)
        self.code.setAlignment(Qt.AlignmentFlag.AlignCenter)
        column.addWidget(self.code)
        column.addLayout(self._buttons((self._copy, "note"), (self._written, "check")))
        column.addStretch(1)
        return page

    def _buttons(self, first: tuple[QAction, str], second: tuple[QAction, str]) -> QHBoxLayout:
        row = QHBoxLayout()
        row.addWidget(ActionButton(self._ink, first[0], self, icon=first[1]))
        row.addStretch(1)
        row.addWidget(ActionButton(self._ink, second[0], self, icon=second[1]))
        return row

    def _text(self, template: str, *, head: bool = False, strong: bool = False) -> QLabel:
        label = QLabel(self)
        self._wrap(label)
        fonts = self._ink.fonts
        label.setFont(fonts.head if head else fonts.strong if strong else fonts.body)
        self._words.bind(label.setText, template)
        return label

    def _wrap(self, label: QLabel) -> None:
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(True)

    def _field(self, name: str) -> QWidget:
        return self.port if name == "telephony_port" else self.lines[name]

    def _name(self) -> None:
        words = self._words
        self.setFont(self._ink.fonts.body)
        words.bind(self.setWindowTitle, word("crmdesk: first start"))
        for label in (self._data, self._about):
            self._wrap(label)
        named: list[tuple[QWidget, str, str]] = [
            (self.language, word("Language"), word("The language of the screens")),
            (self.telephone, word("Telephone"), word("How the telephone tells who calls")),
            (self.code, word("Your recovery code"), word("Ctrl+Shift+C copies it")),
        ]
        named += [
            (self._field(n), t, word("Needed to reach the telephone system")) for n, t in _FIELDS.items()
        ]
        for widget, name, description in named:
            words.bind(widget.setAccessibleName, name)
            words.bind(widget.setAccessibleDescription, description)
            widget.setMinimumHeight(max(32, widget.minimumHeight()))
        colour, soft = self._ink.theme.tone("breach")
        palette = self.trouble.palette()
        palette.setColor(self.trouble.foregroundRole(), self._ink.colour(colour))
        palette.setColor(self.trouble.backgroundRole(), self._ink.colour(soft))
        self.trouble.setPalette(palette)

    def _retranslate(self) -> None:
        chosen = max(0, self.telephone.currentIndex())
        self.telephone.clear()
        self.telephone.addItems([self._words.tr(text) for _, text in _TELEPHONES])
        self.telephone.setCurrentIndex(chosen)
        self._data.setText(
            self._words.tr("This PC alone. Everything is kept encrypted in {folder}", folder=self._folder)
        )
        self._on_telephone()

    def _telephone_kind(self) -> str:
        return _TELEPHONES[max(0, self.telephone.currentIndex())][0]

    def _on_telephone(self) -> None:
        kind = self._telephone_kind()
        asked = "telephony" not in self._fixed
        self.telephone.setEnabled(asked)
        about = _ABOUT[kind] if asked else word("Your organisation has set the telephone.")
        self._about.setText(self._words.tr(about))
        for name in _FIELDS:
            self._form.setRowVisible(self._field(name), asked and name in _SHOWN[kind])

    def _on_start(self) -> None:
        if not self._start.isEnabled():
            return
        for name in _NEEDED[self._telephone_kind()]:
            if not self.lines[name].text().strip():
                missing = self._words.tr(_FIELDS[name])
                self.show_trouble(self._words.tr("Please fill in: {name}", name=missing))
                self.lines[name].setFocus()
                return
        self.show_trouble("")
        self.wait(True)
        self.answered.emit(self.answers())
