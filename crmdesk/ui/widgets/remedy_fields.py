"""Remedies in a form: what the customer gets, held against the limit, and what of it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout

from crmdesk.ui.complaint_words import REMEDIES, money
from crmdesk.ui.delegates.home import HEIGHT as ROW
from crmdesk.ui.delegates.home import Line, LineDelegate
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.vocabulary import said
from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.lists import ListPane
from crmdesk.ui.widgets.step_fields import MoneyBox, StepField, combo
from crmdesk.ui.widgets.time_fields import TimeField
from crmdesk.ui.widgets.told import Told

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtCore import QObject
    from PySide6.QtWidgets import QWidget

    from crmdesk.models.wire import Json
    from crmdesk.ui.widgets.step_fields import Kit, Option

_SHOWN = 4


class RemediesField(StepField):
    """Lines of type, value and date; what stands in the entry line counts, Enter begins another one.

    Args:
        most: what may be granted here altogether, smallest unit; None: whoever approves decides.
    """

    def __init__(self, kit: Kit, types: Sequence[Option], most: int | None, parent: QWidget) -> None:
        super().__init__(parent)
        self._words, self._moments, self._record, self._most = kit.words, kit.moments, kit.record, most
        self._types = [str(option.value) for option in types]
        self._held: list[dict[str, Json]] = []
        self.type = combo(self)
        self.type.addItems([kit.words.tr("Choose …"), *(option.text for option in types)])
        self.amount = MoneyBox(kit.record.currency, self)
        self.due = TimeField(kit, self, ahead=True, optional=True)
        self.lines: RowsModel[Line] = RowsModel(Line.spoken, self)
        self.list = ListPane(kit.ink, self)
        self.list.setModel(self.lines)
        self.list.setItemDelegate(LineDelegate(kit.ink, ROW, self.list))
        self.told = Told(kit.ink, self, 6)
        self._lay_out()
        self.type.activated.connect(self._on_edited)
        self.amount.valueChanged.connect(self._on_edited)
        self.due.edited.connect(self._on_edited)
        self.amount.installEventFilter(self)
        self.list.installEventFilter(self)
        self.list.entered_row.connect(self._take_back)
        self.fill(None)

    def value(self) -> Json:
        """Return the lines, None when there is none."""
        pending = self._pending()
        return [*self._held, *([pending] if pending else [])] or None

    def fill(self, value: Json) -> None:
        """Put lines there."""
        self._held = [dict(line) for line in value] if isinstance(value, list) else []
        self._clear_entry()
        self._show()

    def controls(self) -> list[QWidget]:
        """Return the entry line, then the lines."""
        return [self.type, self.amount, *self.due.controls(), self.list]

    def call(self, name: str, hint: str) -> None:
        """Say to screen readers what each part of a line is."""
        tr = self._words.tr
        self.amount.setAccessibleName(f"{name}: {tr('Sum')}")
        for control in self.due.controls():
            control.setAccessibleName(f"{name}: {tr('Due')}")
        self.type.setAccessibleName(f"{name}: {tr('Kind')}")
        super().call(name, hint)

    def add(self) -> None:
        """Take the entry line among the lines and begin another one."""
        pending = self._pending()
        if pending is None:
            return
        self._held.append(pending)
        self._clear_entry()
        self._on_edited()
        self.type.setFocus(Qt.FocusReason.OtherFocusReason)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: Enter at the amount adds the line, Delete in the list takes one out."""
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            plain = event.modifiers() in {
                Qt.KeyboardModifier.NoModifier,
                Qt.KeyboardModifier.KeypadModifier,
            }
            if watched is self.amount and plain and event.key() in {Qt.Key.Key_Return, Qt.Key.Key_Enter}:
                self.amount.interpretText()
                self.add()
                return True
            if watched is self.list and event.key() == Qt.Key.Key_Delete and self.list.current_row() >= 0:
                del self._held[self.list.current_row()]
                self._on_edited()
                return True
        return super().eventFilter(watched, event)

    def _pending(self) -> dict[str, Json] | None:
        row = self.type.currentIndex() - 1
        if row < 0:
            return None
        line: dict[str, Json] = {"type": self._types[row], "value": self.amount.cents()}
        due = self.due.value()
        return {**line, "due": due} if due else line

    def _clear_entry(self) -> None:
        self.type.setCurrentIndex(0)
        self.amount.blockSignals(True)
        self.amount.setValue(0)
        self.amount.blockSignals(False)
        self.due.fill(None)

    def _take_back(self, row: int) -> None:
        """Put a line back into the entry line, to be changed."""
        self.add()
        line = self._held.pop(row)
        self.type.setCurrentIndex(self._types.index(str(line["type"])) + 1)
        self.amount.setValue(int(line.get("value") or 0) / 100)
        self.due.fill(line.get("due"))
        self._on_edited()
        self.type.setFocus(Qt.FocusReason.OtherFocusReason)

    def _on_edited(self) -> None:
        self._show()
        self.edited.emit()

    def _show(self) -> None:
        self.lines.show([self._line(line) for line in self._held])
        self.list.setVisible(bool(self._held))
        self.list.setFixedHeight(ROW * min(_SHOWN, max(1, len(self._held))) + 2)
        self.told.say(*self._judged())

    def _line(self, line: dict[str, Json]) -> Line:
        due = line.get("due")
        when = self._moments.amid(self._day(due)) if isinstance(due, str) else ""
        below = self._words.tr("due {when}", when=when) if when else ""
        amount = money(int(line.get("value") or 0), self._record.currency)
        return Line(
            line,
            "check",
            said(self._words, REMEDIES, str(line["type"])),
            below or self._words.tr("no date"),
            aside=amount,
            aside_below=self._words.tr("Del takes it out"),
        )

    def _day(self, iso: str) -> str:
        from datetime import datetime

        return self._moments.day(self._moments.day_of(datetime.fromisoformat(iso)))

    def _judged(self) -> tuple[str, str]:
        """Return what the sum means for whoever promises it, and its tone."""
        tr, record = self._words.tr, self._record
        lines = self.value() or []
        total = sum(int(line.get("value") or 0) for line in lines)
        told = money(total, record.currency)
        if not lines:
            return tr("You may grant {limit} alone.", limit=money(self._alone(), record.currency)), "plain"
        if total <= self._alone():
            limit = money(self._alone(), record.currency)
            return tr("Together {sum}: within your limit of {limit}.", sum=told, limit=limit), "good"
        if self._most is not None:
            return tr(
                "Together {sum}: more than you may grant on the call. Propose it instead.", sum=told
            ), "breach"
        if total + record.granted <= record.limit_supervisor:
            return tr("Together {sum}: a supervisor has to approve. Do not promise it yet.", sum=told), "due"
        return tr(
            "Together {sum}: two supervisors have to approve. Do not promise it yet.", sum=told
        ), "breach"

    def _alone(self) -> int:
        if self._most is not None:
            return self._most
        return max(0, self._record.limit_own - self._record.granted)

    def _lay_out(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        first = QHBoxLayout()
        first.setSpacing(8)
        first.addWidget(self.type, 1)
        first.addWidget(self.amount)
        column.addLayout(first)
        second = QHBoxLayout()
        second.setSpacing(8)
        second.addWidget(QLabel(self._words.tr("Due"), self))
        second.addWidget(self.due, 1)
        column.addLayout(second)
        column.addWidget(self.list)
        column.addWidget(self.told)


class RemediesStateField(StepField):
    """What of the remedies is done or ordered: Space says done, a number says ordered."""

    def __init__(self, kit: Kit, order_hint: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._words, self._moments, self._record = kit.words, kit.moments, kit.record
        self._remedies = [line for line in kit.record.remedies if line.type != "none"]
        self._marks: dict[UUID, dict[str, Json]] = {}
        self.lines: RowsModel[Line] = RowsModel(Line.spoken, self)
        self.list = ListPane(kit.ink, self)
        self.list.setModel(self.lines)
        self.list.setItemDelegate(LineDelegate(kit.ink, ROW, self.list))
        self.list.setFixedHeight(ROW * min(_SHOWN, max(1, len(self._remedies))) + 2)
        self.list.set_hint(kit.words.tr("No remedy was promised."))
        self.order = SearchBox(kit.composing, kit.reserved, self)
        self.order.setPlaceholderText(order_hint)
        self.order.setVisible(bool(self._remedies))
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.list)
        column.addWidget(self.order)
        self.list.installEventFilter(self)
        self.list.entered_row.connect(self.toggle)
        self.order.textEdited.connect(self._on_order)
        self.fill(None)

    def value(self) -> Json:
        """Return each remedy with what is known of it."""
        known = self._record.remedies
        return [{"id": str(line.id), **self._marks.get(line.id, {})} for line in known] or None

    def fill(self, value: Json) -> None:
        """Take what is known of each."""
        held = value if isinstance(value, list) else []
        self._marks = {
            UUID(str(each["id"])): {key: each[key] for key in ("done_at", "order_id") if each.get(key)}
            for each in held
        }
        self._show()

    def controls(self) -> list[QWidget]:
        """Return the list, then the order number."""
        return [self.list, self.order]

    @property
    def filled(self) -> bool:
        """Whether all of them are settled."""
        return all(self._marks.get(line.id) for line in self._remedies)

    def toggle(self, row: int) -> None:
        """Say of a remedy that it is done now, or not."""
        if not 0 <= row < len(self._remedies):
            return
        marks = self._marks.setdefault(self._remedies[row].id, {})
        if marks.pop("done_at", None) is None:
            marks["done_at"] = self._moments.now().isoformat()
        self._show()
        self.edited.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt: Space toggles."""
        pressed = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress
        if pressed and watched is self.list and event.key() == Qt.Key.Key_Space:  # type: ignore[attr-defined]
            self.toggle(max(0, self.list.current_row()))
            return True
        return super().eventFilter(watched, event)

    def _on_order(self, text: str) -> None:
        row = max(0, self.list.current_row())
        marks = self._marks.setdefault(self._remedies[row].id, {})
        marks["order_id"] = text.strip()
        if not marks["order_id"]:
            del marks["order_id"]
        self._show()
        self.edited.emit()

    def _show(self) -> None:
        row = self.list.current_row()
        self.lines.show([self._line(line.id, line.type, line.value) for line in self._remedies])
        self.list.choose_row(max(0, row))

    def _line(self, remedy_id: UUID, kind: str, value: int) -> Line:
        tr, marks = self._words.tr, self._marks.get(remedy_id, {})
        done, order = marks.get("done_at"), marks.get("order_id")
        state = tr("Done") if done else tr("ordered: {order}", order=order) if order else tr("Space: done")
        return Line(
            remedy_id,
            "check" if done else "clock",
            said(self._words, REMEDIES, kind),
            state,
            aside=money(value, self._record.currency) if value else "",
            tone="good" if done or order else "due",
        )
