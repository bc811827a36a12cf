"""Times in a form: usual ones at a key, a day picker, and how many business days they are away."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QDate, QDateTime, QTime, QTimeZone
from PySide6.QtWidgets import QDateTimeEdit, QLabel, QVBoxLayout

from crmdesk.ui.complaint_words import DAY_PARTS
from crmdesk.ui.translation import word
from crmdesk.ui.vocabulary import said
from crmdesk.ui.widgets.step_fields import HEIGHT, StepField, combo

if TYPE_CHECKING:
    from PySide6.QtWidgets import QWidget

    from crmdesk.models.wire import Json
    from crmdesk.ui.widgets.step_fields import Kit

_AHEAD = ((1, word("Next business day")), (2, word("2 business days")), (3, word("3 business days")))
_FURTHER = ((5, word("5 business days")), (10, word("10 business days")))
_BACK = ((0, word("Now")), (10, word("10 minutes ago")), (60, word("One hour ago")))
_HOURS = ((60, word("In one hour")), (120, word("In two hours")))
_NOT_SET = word("Not set")
_OTHER = word("Day and time …")
_NOON, _EVENING = 12, 18
ATTEMPTS = 3


class TimeField(StepField):
    """A moment: a usual one, or any day and time; the value is ISO 8601 in UTC.

    Args:
        ahead: it is still to come; else it was.
        optional: it may be left out.
    """

    def __init__(self, kit: Kit, parent: QWidget, *, ahead: bool, optional: bool) -> None:
        super().__init__(parent)
        self._moments, self._words = kit.moments, kit.words
        self._closes = kit.record.closes
        self._optional = optional
        self._choices = self._usual(ahead)
        self.usual = combo(self)
        self.usual.addItems(
            [*((kit.words.tr(_NOT_SET),) if optional else ()), *(text for text, _ in self._choices)]
        )
        self.usual.addItem(kit.words.tr(_OTHER))
        self.edit = QDateTimeEdit(self)
        self.edit.setTimeZone(QTimeZone.utc())
        self.edit.setDisplayFormat("yyyy-MM-dd HH:mm")
        self.edit.setCalendarPopup(True)
        self.edit.setMinimumHeight(HEIGHT)
        self.hint = QLabel(self)
        self.lay(self.usual, self.edit, self.hint, stretch=2)
        self.usual.setMinimumWidth(148)
        self.usual.activated.connect(self._on_usual)
        self.edit.dateTimeChanged.connect(self._on_time)
        self.fill(None)

    def value(self) -> Json:
        """Return the moment, None when it is not set."""
        return self.moment().isoformat() if self.is_set else None

    @property
    def is_set(self) -> bool:
        """Whether there is a time."""
        return not (self._optional and self.usual.currentIndex() == 0)

    def moment(self) -> datetime:
        """Return what day and time say, aware UTC."""
        date, time = self.edit.date(), self.edit.time()
        zone = self._moments.local(self._moments.now()).tzinfo
        local = datetime(date.year(), date.month(), date.day(), time.hour(), time.minute(), tzinfo=zone)
        return local.astimezone(self._moments.now().tzinfo)

    def fill(self, value: Json) -> None:
        """Show a moment; None: not set, or the first usual one."""
        if isinstance(value, str):
            self._show(datetime.fromisoformat(value))
            self.usual.setCurrentIndex(self.usual.count() - 1)
        else:
            self.usual.setCurrentIndex(0)
            self._show(self._choices[0][1])
        self._settle()

    def controls(self) -> list[QWidget]:
        """Return both."""
        return [self.usual, self.edit]

    def _usual(self, ahead: bool) -> list[tuple[str, datetime]]:
        now, tr = self._moments.now(), self._words.tr
        if not ahead:
            return [(tr(text), now - timedelta(minutes=back)) for back, text in _BACK]
        days = [(tr(text), self._closes[n - 1]) for n, text in (*_AHEAD, *_FURTHER) if n <= len(self._closes)]
        return [*days, *((tr(text), now + timedelta(minutes=on)) for on, text in _HOURS)]

    def _on_usual(self, row: int) -> None:
        number = row - (1 if self._optional else 0)
        if 0 <= number < len(self._choices):
            self._show(self._choices[number][1])
        self._settle()
        self.edited.emit()

    def _on_time(self) -> None:
        self.usual.setCurrentIndex(self.usual.count() - 1)
        self._settle()
        self.edited.emit()

    def _show(self, moment: datetime) -> None:
        local = self._moments.local(moment)
        day, time = QDate(local.year, local.month, local.day), QTime(local.hour, local.minute)
        self.edit.blockSignals(True)
        self.edit.setDateTime(QDateTime(day, time, QTimeZone.utc()))
        self.edit.blockSignals(False)

    def _settle(self) -> None:
        self.edit.setVisible(self.is_set)
        self.hint.setText(self._business_days() if self.is_set else "")

    def _business_days(self) -> str:
        """Return how far away the day is in business days, as promises are counted."""
        day = self._moments.day_of(self.moment())
        if day <= self._moments.today():
            return self._moments.day(day)
        days = [self._moments.day_of(close) for close in self._closes]
        if day in days:
            return self._words.plural(days.index(day) + 1, "{n} business day", "{n} business days")
        return self._words.tr("no business day") if days and day < days[-1] else ""


class AttemptsField(StepField):
    """When it was tried to reach the customer, up to three times; with *parts* also the part of the day."""

    def __init__(self, kit: Kit, parent: QWidget, *, parts: bool) -> None:
        super().__init__(parent)
        self._moments, self._words, self._parts = kit.moments, kit.words, parts
        self.times = [TimeField(kit, self, ahead=False, optional=True) for _ in range(ATTEMPTS)]
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        for field in self.times:
            column.addWidget(field)
            field.edited.connect(self._on_edited)

    def value(self) -> Json:
        """Return the times that are set, None when none is."""
        moments = [field.moment() for field in self.times if field.is_set]
        if not self._parts:
            return [moment.isoformat() for moment in moments] or None
        return [{"time": each.isoformat(), "part": self._part(each)} for each in moments] or None

    def fill(self, value: Json) -> None:
        """Put times there."""
        held = value if isinstance(value, list) else []
        times = [each["time"] if isinstance(each, dict) else each for each in held]
        for field, time in zip(self.times, [*times, *[None] * ATTEMPTS], strict=False):
            field.fill(time)
        self._say_parts()

    def controls(self) -> list[QWidget]:
        """Return the controls of all times."""
        return [control for field in self.times for control in field.controls()]

    def _on_edited(self) -> None:
        self._say_parts()
        self.edited.emit()

    def _say_parts(self) -> None:
        for field in self.times if self._parts else ():
            if field.is_set:
                field.hint.setText(said(self._words, DAY_PARTS, self._part(field.moment())))

    def _part(self, moment: datetime) -> str:
        hour = self._moments.local(moment).hour
        return "morning" if hour < _NOON else "afternoon" if hour < _EVENING else "evening"
