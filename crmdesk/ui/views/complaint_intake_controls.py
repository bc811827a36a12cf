"""The controls of a new complaint, laid out and named: three to fill in, the unusual folded away."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QLabel, QVBoxLayout, QWidget

from crmdesk.ui.translation import word
from crmdesk.ui.views.complaint_intake_solution import SolutionFields
from crmdesk.ui.widgets.filter_box import FilterBox
from crmdesk.ui.widgets.inputs import NoteEdit, SearchBox, give_keyboard
from crmdesk.ui.widgets.pane import ActionButton
from crmdesk.ui.widgets.tick_box import TickBox
from crmdesk.ui.widgets.told import Told

if TYPE_CHECKING:
    from crmdesk.ui.itemmodels.record_line import RecordLine
    from crmdesk.ui.presenters.workplace import Tools
    from crmdesk.ui.views.file_list import FileList

_WHAT_HEIGHT = 96
LABELS = {
    "what_happened": word("What happened *"),
    "category": word("About *"),
    "asset_id": word("Asset"),
    "outlet": word("Outlet"),
    "remedy_wanted": word("Wants *"),
    "severity": word("Severity"),
    "repeat_of": word("Repeats"),
    "channel": word("Came in by"),
    "received_at": word("Received"),
    "complainant": word("Speaks for him"),
    "third_party": word("Consent"),
    "worth": word("Worth"),
    "restricted": word("Restricted"),
}
HINTS = {
    "what_happened": word("What the caller complains about; kept from the first key"),
    "category": word("Type to search: words, pinyin, initials; arrows and Enter choose"),
    "asset_id": word("What it is about"),
    "outlet": word("Where it happened; type to search"),
    "remedy_wanted": word("What the caller asks for"),
    "severity": word("Guessed from the words; Alt+1 to Alt+4 set it"),
    "repeat_of": word("The first complaint of the row is linked"),
    "channel": word("How the complaint reached us"),
    "received_at": word("When it reached us, not when it is typed"),
    "complainant": word("Name, if it is not the customer"),
    "third_party": word("How related; the customer agrees"),
    "worth": word("The sum it is about; a high one makes it graver"),
    "restricted": word("Others see number and state only"),
}
BOXES = ("asset_id", "remedy_wanted", "severity", "repeat_of", "channel")
LINES = ("received_at", "complainant", "third_party", "worth")


class IntakeControls(QWidget):
    """Boxes, lines and notes below them, by the names of a sheet's fields.

    Signals:
        grown(): another height is needed.
        file_unwanted(int): a file of the list is not to be attached after all.
    """

    grown = Signal()
    file_unwanted = Signal(int)

    def __init__(self, tools: Tools, parent: QWidget) -> None:
        super().__init__(parent)
        self._words = tools.words
        self.who = QLabel(self)
        self.what = NoteEdit(tools.composing, tools.reserved, self)
        self.filters = {
            name: FilterBox(tools.ink, tools.composing, tools.reserved, self)
            for name in ("category", "outlet")
        }
        self.boxes = {name: QComboBox(self) for name in BOXES}
        self.lines = {name: SearchBox(tools.composing, tools.reserved, self) for name in LINES}
        self.restricted = TickBox(tools.ink, self)
        self.more = TickBox(tools.ink, self)
        self.solved = TickBox(tools.ink, self)
        self.solution = SolutionFields(tools, self)
        self.because = Told(tools.ink, self, 4)
        self.notes = {name: Told(tools.ink, self, 4) for name in ("customer", *LABELS)}
        self._tools = tools
        self.attach = ActionButton(tools.ink, tools.actions["attach-file"], self, icon="note")
        self.held: FileList | None = None
        self._form = QFormLayout()
        self._rows: dict[str, QWidget] = {}
        self._lay_out()
        self._name()

    def to_field(self, name: str) -> None:
        """Put the keyboard into a field."""
        places: dict[str, QWidget] = {
            "what_happened": self.what,
            **{key: picker.line for key, picker in self.filters.items()},
            **self.boxes,
            **self.lines,
            "restricted": self.restricted,
        }
        field = places.get(name) or (self.solution.field(name) if name != "customer" else self.what)
        give_keyboard(field)

    def controls(self) -> list[QWidget]:
        """Return the controls as one reads: what Tab follows."""
        boxes, filters = self.boxes, self.filters
        head = [self.what, filters["category"].line, boxes["asset_id"], filters["outlet"].line]
        middle = [boxes["remedy_wanted"], boxes["severity"], boxes["repeat_of"], self.solved]
        tail = [boxes["channel"], *self.lines.values(), self.restricted]
        return [*head, *middle, *self.solution.controls(), self.more, *tail, self.attach]

    def show_files(self, lines: list[RecordLine]) -> None:
        """Show the files that wait for the complaint to be saved."""
        if self.held is None:
            if not lines:
                return
            from crmdesk.ui.views.file_list import FileList

            tells = word("Delete takes a file away again")
            self.held = FileList(self._tools, self, word("Files of the new complaint"), tells)
            self.held.unwanted.connect(self.file_unwanted)
            self._below.addWidget(self.held)
            QWidget.setTabOrder(self.attach, self.held.list)
        self.held.show_lines(lines)
        self.grown.emit()

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 4, 12, 4)
        column.setSpacing(8)
        self.who.setTextFormat(Qt.TextFormat.PlainText)
        self.who.setWordWrap(True)
        self.what.setFixedHeight(_WHAT_HEIGHT)
        self._form.setContentsMargins(0, 0, 0, 0)
        self._form.setSpacing(8)
        fields: dict[str, QWidget] = {**self.boxes, **self.lines, **self.filters}
        fields["restricted"] = self.restricted
        label = self._labelled("what_happened")
        for above in (self.who, self.notes["customer"], label, self.what, self.notes["what_happened"]):
            column.addWidget(above)
        for name in LABELS:
            if name != "what_happened":
                self._row(name, fields[name], below=self.because if name == "severity" else None)
        column.addLayout(self._form)
        for box in self.boxes.values():
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(1)
            box.setMinimumHeight(32)
        for part in (self.solved, self.solution, self.more):
            column.addWidget(part)
        self._below = QVBoxLayout()
        self._below.setSpacing(8)
        self._below.addWidget(self.attach)
        column.addLayout(self._below)
        column.addStretch(1)

    def _labelled(self, name: str) -> QLabel:
        label = QLabel(self)
        label.setBuddy(self.what)
        self._words.bind(label.setText, LABELS[name])
        return label

    def _row(self, name: str, field: QWidget, below: QWidget | None) -> None:
        label, row = QLabel(self), QWidget(self)
        label.setBuddy(field)
        label.setAlignment(Qt.AlignmentFlag.AlignTop)
        label.setContentsMargins(0, 6, 0, 0)
        self._words.bind(label.setText, LABELS[name])
        column = QVBoxLayout(row)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        for part in (field, below, self.notes[name]):
            if part is not None:
                column.addWidget(part)
        self._rows[name] = row
        self._form.addRow(label, row)

    def _name(self) -> None:
        words = self._words
        controls: dict[str, QWidget] = {
            **self.boxes,
            **self.lines,
            **{name: picker.line for name, picker in self.filters.items()},
            "what_happened": self.what,
        }
        for name, control in controls.items():
            words.bind(control.setAccessibleName, LABELS[name])
            words.bind(control.setAccessibleDescription, HINTS[name])
        for name, picker in self.filters.items():
            words.bind(picker.line.setPlaceholderText, HINTS[name])
            words.bind(picker.list.setAccessibleName, LABELS[name])
            words.bind(picker.list.setAccessibleDescription, HINTS[name])
        for name in ("complainant", "third_party", "worth"):
            words.bind(self.lines[name].setPlaceholderText, HINTS[name])
        words.bind(self.what.setPlaceholderText, HINTS["what_happened"])
        for box, text, tip in (
            (
                self.solved,
                word("Solved on the call  Ctrl+R"),
                word("Unfolds what is needed to settle it now"),
            ),
            (
                self.more,
                word("Unusual: who, how, worth, restricted"),
                word("Unfolds the unusual"),
            ),
            (self.restricted, HINTS["restricted"], LABELS["restricted"]),
        ):
            words.bind(box.setText, text)
            words.bind(box.setAccessibleName, text)
            words.bind(box.setAccessibleDescription, tip)
