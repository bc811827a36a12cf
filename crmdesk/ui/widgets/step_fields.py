"""Fields of a step's form, one widget for each type of a payload's field, not for each step.

Each holds a JSON value as operations carry it: ``value`` gives it, ``fill`` puts it there. A field that is
empty gives None.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QLocale, Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QComboBox,
    QDoubleSpinBox,
    QHBoxLayout,
    QLabel,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from crmdesk.ui.widgets.inputs import NoteEdit, SearchBox, give_keyboard
from crmdesk.ui.widgets.tick_box import TickBox
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from PySide6.QtGui import QFocusEvent

    from crmdesk.models.screen_pop import FoundComplaint
    from crmdesk.models.wire import Json
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words
    from crmdesk.ui.widgets.inputs import Composing, Reserved

HEIGHT = 32
_TEXT_HEIGHT = 84
CENTS = 100
_MOST_MONEY = 100_000_000.0
_MOST_PERSONS = 1_000_000


@dataclass(frozen=True)
class Kit:
    """What fields are made with; ``record`` is the complaint the form is about.

    ``look_up`` asks for complaints by number and hands what was found on.
    """

    ink: Ink
    words: Words
    moments: Moments
    composing: Composing
    reserved: Reserved
    record: ComplaintRecord
    look_up: Callable[[str, Callable[[tuple[FoundComplaint, ...]], None]], None]


@dataclass(frozen=True, slots=True)
class Option:
    """One of the values to choose from, and its words."""

    value: Json
    text: str


class StepField(QWidget):
    """A field of any type.

    Signals:
        edited(): a person changed it.
    """

    edited = Signal()

    def value(self) -> Json:
        """Return what stands there as JSON, None when it is empty."""
        raise NotImplementedError

    def fill(self, value: Json) -> None:
        """Put *value* there without counting it as typing; what does not fit is left out."""
        raise NotImplementedError

    def kept(self) -> Json:
        """Return what a draft keeps of it, for :meth:`fill`: what was typed, whether or not it is a value."""
        return self.value()

    def controls(self) -> list[QWidget]:
        """Return what the keyboard goes through, first to last."""
        raise NotImplementedError

    @property
    def filled(self) -> bool:
        """Whether somebody has filled it in already."""
        return self.value() is not None

    def call(self, name: str, hint: str) -> None:
        """Say to screen readers what the field is."""
        for control in self.controls():
            control.setAccessibleName(control.accessibleName() or name)
            control.setAccessibleDescription(hint or name)

    def to_field(self) -> None:
        """Put the keyboard here."""
        give_keyboard(self.controls()[0])

    def lay(self, *widgets: QWidget, stretch: int = 0) -> QHBoxLayout:
        """Put *widgets* side by side; the one numbered *stretch* takes the room."""
        line = QHBoxLayout(self)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(8)
        for number, widget in enumerate(widgets):
            line.addWidget(widget, 1 if number == stretch else 0)
        return line


class TextField(StepField):
    """Words of several lines."""

    def __init__(self, kit: Kit, hint: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.edit = NoteEdit(kit.composing, kit.reserved, self)
        self.edit.setPlaceholderText(hint)
        self.edit.setFixedHeight(_TEXT_HEIGHT)
        self.edit.edited.connect(self.edited)
        self.lay(self.edit)

    def value(self) -> Json:
        """Return the text, None when it is blank."""
        return self.edit.toPlainText().strip() or None

    def fill(self, value: Json) -> None:
        """Put a text there."""
        text = str(value or "")
        self.edit.load(text, len(text))

    def controls(self) -> list[QWidget]:
        """Return the editor."""
        return [self.edit]


class LineField(StepField):
    """Words of one line."""

    def __init__(self, kit: Kit, hint: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.line = SearchBox(kit.composing, kit.reserved, self)
        self.line.setPlaceholderText(hint)
        self.line.textEdited.connect(lambda _text: self.edited.emit())
        self.lay(self.line)

    def value(self) -> Json:
        """Return the text, None when it is blank."""
        return self.line.text().strip() or None

    def fill(self, value: Json) -> None:
        """Put a text there."""
        self.line.setText(str(value or ""))

    def controls(self) -> list[QWidget]:
        """Return the line."""
        return [self.line]


class ChoiceField(StepField):
    """One of several values; typing goes to the one that begins so."""

    def __init__(self, options: Sequence[Option], parent: QWidget, empty: str = "") -> None:
        super().__init__(parent)
        self._values: list[Json] = [*((None,) if empty else ()), *(option.value for option in options)]
        self.box = combo(self)
        self.box.addItems([*((empty,) if empty else ()), *(option.text for option in options)])
        self.box.activated.connect(lambda _row: self.edited.emit())
        self.lay(self.box)

    def value(self) -> Json:
        """Return the value chosen, None without."""
        row = self.box.currentIndex()
        return self._values[row] if 0 <= row < len(self._values) else None

    def fill(self, value: Json) -> None:
        """Choose *value*."""
        known = [each == value and type(each) is type(value) for each in self._values]
        self.box.setCurrentIndex(known.index(True) if True in known else 0)

    def controls(self) -> list[QWidget]:
        """Return the box."""
        return [self.box]


class FlagField(StepField):
    """Yes, or nothing said."""

    def __init__(self, kit: Kit, text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.box = _tick(kit, text, self)
        self.box.clicked.connect(lambda _on: self.edited.emit())
        self.lay(self.box)

    def value(self) -> Json:
        """Return True when it is ticked, else None."""
        return self.box.isChecked() or None

    def fill(self, value: Json) -> None:
        """Tick it or not."""
        self.box.setChecked(bool(value))

    def controls(self) -> list[QWidget]:
        """Return the box."""
        return [self.box]


class ChecklistField(StepField):
    """Points to tick, above them one that ticks all."""

    def __init__(self, kit: Kit, points: Sequence[Option], all_text: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.all = _tick(kit, all_text, self)
        self.points = {str(point.value): _tick(kit, point.text, self) for point in points}
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(self.all)
        for box in self.points.values():
            row = QHBoxLayout()
            row.setContentsMargins(24, 0, 0, 0)
            row.addWidget(box)
            column.addLayout(row)
            box.clicked.connect(self._on_point)
        self.all.clicked.connect(self._on_all)

    def value(self) -> Json:
        """Return which points hold."""
        return {key: box.isChecked() for key, box in self.points.items()}

    def fill(self, value: Json) -> None:
        """Tick the points that hold."""
        held = value if isinstance(value, dict) else {}
        for key, box in self.points.items():
            box.setChecked(bool(held.get(key)))
        self._agree()

    def controls(self) -> list[QWidget]:
        """Return the boxes."""
        return [self.all, *self.points.values()]

    def call(self, name: str, hint: str) -> None:
        """Say to screen readers what each point is."""
        for box in (self.all, *self.points.values()):
            box.setAccessibleName(f"{name}: {box.text()}")
            box.setAccessibleDescription(hint or name)

    @property
    def filled(self) -> bool:
        """Whether any point is ticked."""
        return any(box.isChecked() for box in self.points.values())

    def _on_all(self, on: bool) -> None:
        for box in self.points.values():
            box.setChecked(on)
        self.edited.emit()

    def _on_point(self) -> None:
        self._agree()
        self.edited.emit()

    def _agree(self) -> None:
        self.all.setChecked(all(box.isChecked() for box in self.points.values()))


class ImpactField(StepField):
    """How many persons, how much money."""

    def __init__(self, kit: Kit, persons: str, loss: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.persons = CountBox(self)
        self.persons.setRange(0, _MOST_PERSONS)
        self.persons.setMinimumHeight(HEIGHT)
        self.persons.setAccessibleName(persons)
        self.money = MoneyBox(kit.record.currency, self)
        self.money.setAccessibleName(loss)
        line = self.lay(self.persons, QLabel(persons, self), self.money, QLabel(loss, self), stretch=4)
        line.addStretch(1)
        for box in (self.persons, self.money):
            box.valueChanged.connect(lambda _value: self.edited.emit())

    def value(self) -> Json:
        """Return both."""
        return {"persons": self.persons.value(), "money": self.money.cents()}

    def fill(self, value: Json) -> None:
        """Put both there."""
        held = value if isinstance(value, dict) else {}
        for box in (self.persons, self.money):
            box.blockSignals(True)
        self.persons.setValue(int(held.get("persons", 0)))
        self.money.setValue(int(held.get("money", 0)) / CENTS)
        for box in (self.persons, self.money):
            box.blockSignals(False)

    def controls(self) -> list[QWidget]:
        """Return the boxes."""
        return [self.persons, self.money]


class FixedField(StepField):
    """A value that is known and stays, e.g. which proposal is approved; *text* says what it means."""

    def __init__(self, parent: QWidget, text: str = "") -> None:
        super().__init__(parent)
        self._value: Json = None
        self.label = QLabel(text, self)
        self.lay(self.label)

    @property
    def told(self) -> bool:
        """Whether a reader gets something from it."""
        return bool(self.label.text()) and self._value is not None

    def value(self) -> Json:
        """Return it."""
        return self._value

    def fill(self, value: Json) -> None:
        """Take it."""
        self._value = value

    def controls(self) -> list[QWidget]:
        """Return the label, which the keyboard skips."""
        return [self.label]


def _select_number(box: QAbstractSpinBox, reason: Qt.FocusReason) -> None:
    """Let the first digit typed take the place of the number: before a 0 it would make 250 of 25."""
    if reason in {Qt.FocusReason.ActiveWindowFocusReason, Qt.FocusReason.PopupFocusReason}:
        return
    box.selectAll()
    if reason == Qt.FocusReason.MouseFocusReason:
        # The press that gave the focus goes on to place the cursor.
        QTimer.singleShot(0, box, box.selectAll)


class CountBox(QSpinBox):
    """A count; whoever comes to it types it anew."""

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt: the keyboard is here."""
        super().focusInEvent(event)
        _select_number(self, event.reason())


class MoneyBox(QDoubleSpinBox):
    """An amount with its currency; the value of JSON is whole cents. Whoever comes to it types it anew."""

    def __init__(self, currency: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setLocale(QLocale.c())
        self.setGroupSeparatorShown(True)
        self.setPrefix(f"{currency} ")
        self.setDecimals(2)
        self.setMaximum(_MOST_MONEY)
        self.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)
        self.setMinimumHeight(HEIGHT)
        self.setMinimumWidth(116)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Qt: the keyboard is here."""
        super().focusInEvent(event)
        _select_number(self, event.reason())

    def cents(self) -> int:
        """Return the amount in the smallest unit."""
        return round(self.value() * CENTS)


def _tick(kit: Kit, text: str, parent: QWidget) -> TickBox:
    box = TickBox(kit.ink, parent)
    box.setText(text)
    return box


def combo(parent: QWidget) -> QComboBox:
    """Return a box that takes the room there is, however long its words."""
    box = QComboBox(parent)
    box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    box.setMinimumContentsLength(1)
    box.setMinimumHeight(HEIGHT)
    box.setMaxVisibleItems(16)
    # A wheel over a form that scrolls must not choose something else.
    box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    box.wheelEvent = partial(_leave_wheel, box)  # type: ignore[method-assign]  # Qt looks it up by name
    return box


def _leave_wheel(box: QComboBox, event: object) -> None:
    if box.hasFocus():
        QComboBox.wheelEvent(box, event)  # type: ignore[arg-type]  # as Qt gives it
    else:
        event.ignore()  # type: ignore[attr-defined]
