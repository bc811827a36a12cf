"""Call-back or task: opens beside the record, filled with what is known."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QFormLayout, QHBoxLayout, QLabel

from crmdesk.ui.translation import word
from crmdesk.ui.widgets.inputs import SearchBox
from crmdesk.ui.widgets.pane import ActionButton, Pane

if TYPE_CHECKING:
    from datetime import datetime

    from PySide6.QtGui import QAction
    from PySide6.QtWidgets import QLineEdit, QWidget

    from crmdesk.ui.moments import Moments
    from crmdesk.ui.painting import Ink
    from crmdesk.ui.translation import Words
    from crmdesk.ui.widgets.inputs import Composing, Reserved

KINDS = (("callback", word("Call back")), ("task", word("Task")))
TIMES = (
    (word("In one hour"), "hour"),
    (word("Today at 16:00"), "afternoon"),
    (word("Tomorrow at 9:00"), "morning"),
    (word("Tomorrow at 14:00"), "tomorrow"),
    (word("In three days at 9:00"), "days"),
)


class FollowUpPane(Pane):
    """Three fields: what, when, about what.

    Signals:
        accepted(str, datetime, str): kind, time (aware UTC) and subject.
    """

    accepted = Signal(str, object, str)

    def __init__(
        self,
        ink: Ink,
        words: Words,
        moments: Moments,
        composing: Composing,
        reserved: Reserved,
        save: QAction,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(ink, parent)
        self._words = words
        self._moments = moments
        self.kind = QComboBox(self)
        self.time = QComboBox(self)
        self.subject: QLineEdit = SearchBox(composing, reserved, self)
        self._labels: list[QLabel] = []
        form = QFormLayout()
        form.setContentsMargins(12, 4, 12, 12)
        form.setSpacing(8)
        for text, field in (
            (word("What"), self.kind),
            (word("When"), self.time),
            (word("About"), self.subject),
        ):
            label = QLabel(self)
            label.setBuddy(field)
            words.bind(label.setText, text)
            words.bind(field.setAccessibleName, text)
            words.bind(field.setAccessibleDescription, word("Part of the call-back or task"))
            form.addRow(label, field)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(ActionButton(ink, save, self, icon="check"))
        form.addRow(buttons)
        self.content.addLayout(form)
        words.bind(self.set_heading, word("Call-back or task"))
        words.bind(self.set_aside, word("Ctrl+Enter saves · Esc closes"))
        self.retranslate()
        words.changed.connect(self.retranslate)

    def open_with(self, subject: str) -> None:
        """Show the form; a subject typed before stays."""
        if not self.subject.text().strip():
            self.subject.setText(subject)
        self.show()
        self.subject.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.subject.selectAll()

    def accept(self) -> None:
        """Report the three fields."""
        kind = KINDS[max(0, self.kind.currentIndex())][0]
        self.accepted.emit(kind, self.due_at(), self.subject.text().strip())
        self.subject.clear()

    def due_at(self) -> datetime:
        """Return the time chosen, aware UTC."""
        now = self._moments.now()
        local = self._moments.local(now)
        choice = TIMES[max(0, self.time.currentIndex())][1]
        if choice == "hour":
            return now + timedelta(hours=1)
        days, hour = {"afternoon": (0, 16), "morning": (1, 9), "tomorrow": (1, 14), "days": (3, 9)}[choice]
        due = (local + timedelta(days=days)).replace(hour=hour, minute=0, second=0, microsecond=0)
        return due.astimezone(now.tzinfo) if due > local else now + timedelta(hours=1)

    def retranslate(self) -> None:
        """Words changed; the choices stay."""
        for box, texts in (
            (self.kind, [text for _, text in KINDS]),
            (self.time, [text for text, _ in TIMES]),
        ):
            chosen = max(0, box.currentIndex())
            box.clear()
            box.addItems([self._words.tr(text) for text in texts])
            box.setCurrentIndex(chosen)
