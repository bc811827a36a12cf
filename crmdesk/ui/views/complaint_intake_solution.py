"""Solved on the call: what was done and granted, why it happened, and that the customer agreed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QVBoxLayout,
    QWidget,
)

from crmdesk.services.complaints.intake_sheet import Solution, cents
from crmdesk.ui.complaint_words import CAUSE_CLASSES, CHECKLIST, REMEDIES, money
from crmdesk.ui.translation import word
from crmdesk.ui.widgets.inputs import NoteEdit, SearchBox
from crmdesk.ui.widgets.tick_box import TickBox
from crmdesk.ui.widgets.told import Told

if TYPE_CHECKING:
    from crmdesk.models.text import Text
    from crmdesk.ui.presenters.workplace import Tools

_LINES = 3
_DONE_HEIGHT = 60
KINDS = ("", *(kind for kind in REMEDIES if kind != "none"))
FIELDS = ("done", "remedies", "cause_class", "agreed", "unmet")


class SolutionFields(QWidget):
    """The fields of T13 in the order in which they are asked.

    Signals:
        edited(): a person changed something.
    """

    edited = Signal()

    def __init__(self, tools: Tools, parent: QWidget) -> None:
        super().__init__(parent)
        self._words = tools.words
        self._limit, self._currency = 0, ""
        self.done = NoteEdit(tools.composing, tools.reserved, self)
        self.kinds = [QComboBox(self) for _ in range(_LINES)]
        self.sums: list[QLineEdit] = [SearchBox(tools.composing, tools.reserved, self) for _ in range(_LINES)]
        self.cause = QComboBox(self)
        self.agreed = TickBox(tools.ink, self)
        self.points = {key: TickBox(tools.ink, self) for key in CHECKLIST}
        self.allowed = Told(tools.ink, self, 4)
        self.notes = {name: Told(tools.ink, self, 4) for name in FIELDS}
        self._lay_out()
        self._name()
        self._retranslate()
        self._wire()
        tools.words.changed.connect(self._retranslate)

    def fill(self, solution: Solution) -> None:
        """Put *solution* there without counting it as typing."""
        self.done.load(solution.done, len(solution.done))
        lines = (*solution.remedies, *((("", ""),) * _LINES))[:_LINES]
        for kind, value, (key, typed) in zip(self.kinds, self.sums, lines, strict=True):
            kind.setCurrentIndex(KINDS.index(key) if key in KINDS else 0)
            value.setText(typed)
        self.cause.setCurrentIndex(
            (*CAUSE_CLASSES,).index(solution.cause_class) + 1 if solution.cause_class else 0
        )
        self.agreed.setChecked(solution.agreed)
        for key, box in self.points.items():
            box.setChecked(key not in solution.unmet)
        self._show_lines()

    def solution(self) -> Solution:
        """Return what stands there."""
        lines = zip(self.kinds, self.sums, strict=True)
        row = self.cause.currentIndex()
        return Solution(
            done=self.done.toPlainText(),
            remedies=tuple(
                (KINDS[max(0, kind.currentIndex())], value.text())
                for kind, value in lines
                if kind.currentIndex() > 0
            ),
            agreed=self.agreed.isChecked(),
            cause_class=(*CAUSE_CLASSES,)[row - 1] if row > 0 else "",
            unmet=tuple(key for key, box in self.points.items() if not box.isChecked()),
        )

    def allow(self, limit: int, currency: str) -> None:
        """Show up to which sum (smallest unit) this person grants alone."""
        self._limit, self._currency = limit, currency
        self._show_lines()

    def tell(self, problems: dict[str, Text]) -> None:
        """Say at each field what is wrong with it."""
        for name, note in self.notes.items():
            note.say(self._words.text(problems[name]) if name in problems else "", "breach")

    def field(self, name: str) -> QWidget:
        """Return where the keyboard goes for a field."""
        places: dict[str, QWidget] = {
            "done": self.done,
            "remedies": self.kinds[0],
            "cause_class": self.cause,
            "agreed": self.agreed,
        }
        return places.get(name, next(iter(self.points.values())))

    def controls(self) -> list[QWidget]:
        """Return the controls as one reads."""
        lines = [part for pair in zip(self.kinds, self.sums, strict=True) for part in pair]
        return [self.done, *lines, self.cause, self.agreed, *self.points.values()]

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        self.done.setFixedHeight(_DONE_HEIGHT)
        column.addWidget(self.done)
        column.addWidget(self.notes["done"])
        for kind, value in zip(self.kinds, self.sums, strict=True):
            row = QHBoxLayout()
            row.setSpacing(8)
            kind.setMinimumHeight(32)
            kind.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            row.addWidget(kind, 1)
            value.setFixedWidth(112)
            row.addWidget(value)
            column.addLayout(row)
        for part in (self.allowed, self.notes["remedies"]):
            column.addWidget(part)
        self.cause.setMinimumHeight(32)
        for below in (self.cause, self.notes["cause_class"], self.agreed, self.notes["agreed"]):
            column.addWidget(below)
        self._heading = QLabel(self)
        self._heading.setBuddy(next(iter(self.points.values())))
        column.addWidget(self._heading)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(0)
        for n, box in enumerate(self.points.values()):
            grid.addWidget(box, n, 0)
        column.addLayout(grid)
        column.addWidget(self.notes["unmet"])

    def _name(self) -> None:
        words = self._words
        part = word("Part of solving it on the call")
        for setter, text in (
            (self.done.setAccessibleName, word("What was done")),
            (self.done.setPlaceholderText, word("What was done")),
            (self.cause.setAccessibleName, word("Why it happened")),
            (self.agreed.setText, word("The customer agrees")),
            (self.agreed.setAccessibleName, word("The customer agrees")),
            (self._heading.setText, word("It is accepted because")),
        ):
            words.bind(setter, text)
        for kind, value in zip(self.kinds, self.sums, strict=True):
            words.bind(kind.setAccessibleName, word("What the customer gets"))
            words.bind(value.setAccessibleName, word("Sum"))
            words.bind(value.setPlaceholderText, word("Sum"))
        for key, box in self.points.items():
            words.bind(box.setText, CHECKLIST[key])
            words.bind(box.setAccessibleName, CHECKLIST[key])
        for control in self.controls():
            words.bind(control.setAccessibleDescription, part)

    def _wire(self) -> None:
        self.done.edited.connect(self.edited)
        for value in self.sums:
            value.textEdited.connect(self._on_line)
        for kind in self.kinds:
            kind.activated.connect(self._on_line)
        self.cause.activated.connect(self.edited)
        for box in (self.agreed, *self.points.values()):
            box.clicked.connect(self.edited)

    def _on_line(self) -> None:
        self._show_lines()
        self.edited.emit()

    def _show_lines(self) -> None:
        """Show one line more than is filled, and what the sum means before it is promised."""
        filled = [kind.currentIndex() > 0 for kind in self.kinds]
        for n, (kind, value) in enumerate(zip(self.kinds, self.sums, strict=True)):
            kind.setVisible(n == 0 or filled[n - 1])
            value.setVisible(filled[n])
        sums = [cents(value.text()) for value, on in zip(self.sums, filled, strict=True) if on]
        limit = money(self._limit, self._currency)
        total = sum(each for each in sums if each)
        tr = self._words.tr
        if total > self._limit:
            told = tr(
                "{sum} is more than you may promise alone ({limit}).",
                sum=money(total, self._currency),
                limit=limit,
            )
            self.allowed.say(told, "breach")
        elif total:
            told = tr(
                "{sum} of {limit} that you may promise alone", sum=money(total, self._currency), limit=limit
            )
            self.allowed.say(told, "good")
        else:
            self.allowed.say(tr("You may promise {limit} alone.", limit=limit) if self._currency else "")

    def _retranslate(self) -> None:
        tr = self._words.tr
        nothing = tr("No remedy")
        for box, texts in (
            *((kind, [nothing, *(tr(REMEDIES[key]) for key in KINDS[1:])]) for kind in self.kinds),
            (self.cause, [tr("Why it happened"), *(tr(text) for text in CAUSE_CLASSES.values())]),
        ):
            chosen = max(0, box.currentIndex())
            box.clear()
            box.addItems(texts)
            box.setCurrentIndex(chosen)
        self._show_lines()

    def to_first(self) -> None:
        """Put the keyboard into the first field."""
        self.done.setFocus(Qt.FocusReason.ShortcutFocusReason)
