"""The form of a new person or company, or of the head of a known one: beside the record, never modal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from crmdesk.ui.desk import PersonFields
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.translation import word
from crmdesk.ui.views.chooser import CHOICES, Choice, ChoiceDelegate, ChoiceList
from crmdesk.ui.views.clashes import ClashList
from crmdesk.ui.vocabulary import CHANNELS, LANGUAGES, TIERS
from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.pane import ActionButton, Pane
from crmdesk.ui.widgets.scroll_bar import SlimScrollBar

if TYPE_CHECKING:
    from PySide6.QtCore import QObject

    from crmdesk.ui.presenters.workplace import Tools
    from crmdesk.ui.translation import Words

_LOOK_MS = 250
"""So long after the last key it is looked who may be the same person."""
_ROW = 64
_SHOWN = 2
_LOW = 96
_ELSEWHERE = 360
"""Pixels of the window that menu, band, answers, heading, button and wrap-up take."""
_WRAP = int(Qt.TextFlag.TextWordWrap)
_NOBODY = word("not said")
_CHOICES: dict[str, tuple[tuple[str, str], ...]] = {
    "kind": (("person", word("Person")), ("company", word("Company"))),
    "language": tuple((code, LANGUAGES[code]) for code in ("zh", "en")),
    "tier": (("", _NOBODY), *((code, TIERS[code]) for code in ("silver", "gold", "platinum"))),
    "preferred_channel": (
        ("", _NOBODY),
        *((code, CHANNELS[code]) for code in ("phone", "mobile", "email", "wechat", "sms", "letter")),
    ),
    "do_not_call": (("", word("welcome")), ("x", word("Do not call"))),
}
LABELS = {
    "kind": word("Kind"),
    "name": word("Name"),
    "name_alt": word("Other script"),
    "phone": word("Number"),
    "language": word("Speaks"),
    "tier": word("Tier"),
    "plate": word("Plate"),
    "model": word("Model"),
    "preferred_channel": word("Prefers"),
    "hint": word("Hint"),
    "do_not_call": word("Calls"),
}
_HINTS = {
    "name": word("Needed; all else may wait"),
    "name_alt": word("The name in the other script"),
    "plate": word("of a first car"),
    "hint": word("What whoever answers should know"),
}
_NEW = ("phone", "plate", "model")
_HEAD = ("preferred_channel", "hint", "do_not_call")


class PersonForm(Pane):
    """Fields, and below them who may be the same person, or what a colleague changed meanwhile.

    Signals:
        edited(PersonFields): a pause in typing into the form of somebody new.
        taken(int): row of the person to take instead.
    """

    edited = Signal(object)
    taken = Signal(int)

    def __init__(self, tools: Tools, parent: QWidget | None = None) -> None:
        super().__init__(tools.ink, parent)
        self._words = tools.words
        self._lines = {name: SearchBox(tools.composing, tools.reserved, self) for name in _line_names()}
        self._boxes = {name: QComboBox(self) for name in _CHOICES}
        self.likely: RowsModel[Choice] = RowsModel(Choice.spoken, self)
        self.likely_list = ChoiceList(tools.ink, self)
        self.clashes = ClashList(tools.ink, tools.words, self)
        self._told = QLabel(self)
        self._form = QFormLayout()
        self._body = QWidget(self)
        self._scroll = QScrollArea(self)
        self._rows: dict[str, QWidget] = {}
        self._throttle = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self._lay_out(ActionButton(tools.ink, tools.actions["go-on"], self, icon="check"))
        self._name()
        self._retranslate()
        self._throttle.timeout.connect(lambda: self.edited.emit(self.fields()))
        for line in self._lines.values():
            line.textEdited.connect(self._throttle.start)
        self.likely_list.chosen.connect(self.taken)
        self.likely_list.entered_row.connect(self.taken)
        tools.words.changed.connect(self._retranslate)
        self.hide()

    @property
    def name_line(self) -> SearchBox:
        """The one field that is needed."""
        return self._lines["name"]

    def line(self, name: str) -> SearchBox:
        """Return the text field *name*."""
        return self._lines[name]

    def box(self, name: str) -> QComboBox:
        """Return the choice *name*."""
        return self._boxes[name]

    def open_new(self, fields: PersonFields, heading: str) -> None:
        """Show the form for somebody new, filled with *fields*."""
        self._open(fields, heading, shown=_NEW, hidden=_HEAD)
        self.set_aside(self._words.tr("Ctrl+Enter saves · Esc closes"))
        self.edited.emit(self.fields())

    def open_head(self, fields: PersonFields, heading: str) -> None:
        """Show the form for the head of a record that is there."""
        self._open(fields, heading, shown=_HEAD, hidden=_NEW)
        self.set_aside(self._words.tr("Ctrl+Enter saves · Esc closes"))

    def fields(self) -> PersonFields:
        """Return what stands in the form."""
        lines = {name: line.text().strip() for name, line in self._lines.items()}
        boxes = {name: _CHOICES[name][max(0, box.currentIndex())][0] for name, box in self._boxes.items()}
        refused = bool(boxes.pop("do_not_call"))
        return PersonFields(**lines, **boxes, do_not_call=refused)

    def fill(self, fields: PersonFields) -> None:
        """Put *fields* into the form without counting it as typing."""
        for name, line in self._lines.items():
            line.setText(getattr(fields, name))
            line.setCursorPosition(0)
        for name, box in self._boxes.items():
            codes = [code for code, _ in _CHOICES[name]]
            value = getattr(fields, name)
            wanted = ("x" if value else "") if isinstance(value, bool) else value
            box.setCurrentIndex(codes.index(wanted) if wanted in codes else 0)

    def show_likely(self, rows: list[Choice]) -> None:
        """Show who may be the same person; nobody hides the list."""
        self.likely.show(rows[:CHOICES])
        self.likely_list.setVisible(bool(rows))
        self.likely_list.setFixedHeight(_ROW * min(_SHOWN, len(rows)) + 2)
        self.tell(self._words.tr("Is it one of these? Alt+1…5 takes the record.") if rows else "")

    def tell(self, text: str) -> None:
        """Say *text* above the list; empty hides it."""
        self._told.setText(text)
        # Qt gives no layout inside a splitter the height that wrapped words take.
        room = self.ink.body.boundingRect(0, 0, max(200, self.width() - 24), 200, _WRAP, text).height()
        self._told.setMinimumHeight(room + 8 if text else 0)
        self._told.setVisible(bool(text))
        self.fit()

    def fit(self) -> None:
        """Take the height that all fields need, or what a low window leaves; the rest scrolls."""
        room = self.window().height() - _ELSEWHERE
        self._scroll.setMinimumHeight(max(_LOW, min(self._body.sizeHint().height(), room)))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: another height of the window is another height of the form."""
        if event.type() == QEvent.Type.Resize and watched is self.window() and not self.isHidden():
            self.fit()
        return super().eventFilter(watched, event)

    def to_field(self, name: str) -> None:
        """Put the keyboard into a field."""
        field = self._lines.get(name) or self._boxes.get(name) or self._lines["name"]
        field.setFocus(Qt.FocusReason.OtherFocusReason)

    def controls(self) -> list[QWidget]:
        """Return the controls as one reads: what Tab follows."""
        boxes, lines = self._boxes, self._lines
        head = [boxes["kind"], lines["name"], lines["name_alt"], lines["phone"], boxes["language"]]
        rest = [
            boxes["tier"],
            lines["plate"],
            lines["model"],
            boxes["preferred_channel"],
            boxes["do_not_call"],
        ]
        return [*head, *rest, lines["hint"], self.likely_list, self.clashes]

    def _open(
        self, fields: PersonFields, heading: str, *, shown: tuple[str, ...], hidden: tuple[str, ...]
    ) -> None:
        self._throttle.stop()
        self.set_heading(heading)
        for names, there in ((shown, True), (hidden, False)):
            for name in names:
                self._form.setRowVisible(self._rows[name], there)
        self.fill(fields)
        self.show_likely([])
        self.clashes.show_clashes([])
        self.show()
        self.fit()
        self.window().installEventFilter(self)
        self.name_line.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.name_line.selectAll()

    def _lay_out(self, save: ActionButton) -> None:
        self._form.setContentsMargins(12, 4, 12, 4)
        self._form.setSpacing(8)
        self._pair("kind", self._boxes["kind"])
        self._pair("name", self._lines["name"])
        self._pair("name_alt", self._lines["name_alt"])
        self._pair("phone", self._lines["phone"])
        self._pair("language", self._boxes["language"], ("tier", self._boxes["tier"]))
        self._pair("plate", self._lines["plate"], ("model", self._lines["model"]))
        self._pair(
            "preferred_channel", self._boxes["preferred_channel"], ("do_not_call", self._boxes["do_not_call"])
        )
        self._pair("hint", self._lines["hint"])
        self._told.setTextFormat(Qt.TextFormat.PlainText)
        self._told.setWordWrap(True)
        self._told.setContentsMargins(12, 4, 12, 4)
        buttons = QHBoxLayout()
        buttons.setContentsMargins(12, 4, 12, 12)
        buttons.addStretch(1)
        buttons.addWidget(save)
        self.likely_list.setModel(self.likely)
        self.likely_list.setItemDelegate(ChoiceDelegate(self.ink, _ROW, self.likely_list))
        for box in self._boxes.values():
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(1)
        inner = QVBoxLayout(self._body)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(0)
        inner.addLayout(self._form)
        for part in (self._told, self.likely_list, self.clashes):
            inner.addWidget(part)
        inner.addStretch(1)
        self._scroll.setWidget(self._body)
        self._scroll.setWidgetResizable(True)
        self._body.setBackgroundRole(QPalette.ColorRole.Base)
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._scroll.setVerticalScrollBar(SlimScrollBar(self.ink, self._scroll))
        self.content.addWidget(self._scroll, 1)
        self.content.addLayout(buttons)

    def _pair(self, name: str, field: QWidget, second: tuple[str, QWidget] | None = None) -> None:
        """Add a row of one field, or of two with the second one's label between them."""
        label = QLabel(self)
        label.setBuddy(field)
        self._words.bind(label.setText, LABELS[name])
        row = QWidget(self)
        line = QHBoxLayout(row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        line.addWidget(field, 1)
        self._rows[name] = row
        if second is not None:
            other, widget = second
            self._rows[other] = row
            between = QLabel(self)
            between.setBuddy(widget)
            self._words.bind(between.setText, LABELS[other])
            line.addWidget(between)
            line.addWidget(widget, 1)
        self._form.addRow(label, row)

    def _name(self) -> None:
        words = self._words
        fields: dict[str, QWidget] = {**self._lines, **self._boxes}
        for name, field in fields.items():
            words.bind(field.setAccessibleName, LABELS[name])
            words.bind(field.setAccessibleDescription, _HINTS.get(name, word("Part of the person's record")))
            field.setMinimumHeight(32)
        for name in ("name", "name_alt", "plate", "hint"):
            words.bind(self._lines[name].setPlaceholderText, _HINTS[name])
        words.bind(self.likely_list.setAccessibleName, word("Who may be the same person"))
        words.bind(self.likely_list.setAccessibleDescription, word("Alt+1 to Alt+5 take that record instead"))

    def _retranslate(self) -> None:
        for name, box in self._boxes.items():
            chosen = max(0, box.currentIndex())
            box.clear()
            box.addItems([self._words.tr(text) for _, text in _CHOICES[name]])
            box.setCurrentIndex(chosen)


def shown_value(words: Words, name: str, value: object) -> str:
    """Return the value of a field as a person reads it."""
    if isinstance(value, bool):
        value = "x" if value else ""
    known = dict(_CHOICES.get(name, ())).get(str(value))
    return words.tr(known) if known else str(value or "")


def _line_names() -> tuple[str, ...]:
    return ("name", "name_alt", "phone", "plate", "model", "hint")
