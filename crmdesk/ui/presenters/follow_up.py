"""Call-backs and tasks written down: with the end of the call when there is one, at once otherwise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from crmdesk.ui.desk import FollowUp

if TYPE_CHECKING:
    from datetime import datetime

    from crmdesk.models.types import CustomerId
    from crmdesk.ui.presenters.calls import CallsPresenter
    from crmdesk.ui.presenters.record import RecordPresenter
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.slots import Slot


class FollowUpPresenter(QObject):
    """Steers the form of call-backs and tasks."""

    def __init__(
        self, place: Workplace, calls: CallsPresenter, record: RecordPresenter, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._parts = place.parts
        self._slots = place.slots
        self._desk = place.desk
        self._operations = place.operations
        self._words = place.words
        self._calls = calls
        self._record = record
        place.parts.follow_up.accepted.connect(self._on_follow_up)

    @property
    def has_focus(self) -> bool:
        """Whether the keyboard is in the form."""
        form, focus = self._parts.follow_up, QApplication.focusWidget()
        return form.isVisible() and focus is not None and form.isAncestorOf(focus)

    def open(self) -> None:
        """Show the form, filled with what the note begins with."""
        self._parts.follow_up.open_with(self._subject())

    def _subject(self) -> str:
        slot = self._slots.current
        if slot is None:
            return ""
        note = self._parts.note.text(slot.number).strip()
        return note.splitlines()[0][:120] if note else ""

    def close(self) -> bool:
        """Put the form away; return whether it was there."""
        if self._parts.follow_up.isHidden():
            return False
        inside = self.has_focus
        if inside and self._slots.current is not None:
            self._parts.note.to_note()
        self._parts.follow_up.hide()
        return True

    def _on_follow_up(self, kind: str, due_at: datetime, subject: str) -> None:
        slot = self._slots.current
        number = slot.pop.number.e164 or "" if slot is not None else ""
        follow_up = FollowUp(
            kind=kind,
            subject=subject or self._words.tr("Call back"),
            due_at=due_at,
            customer_id=self._customer_of(slot),
            call_id=slot.pop.call_id if slot is not None else None,
            number=number,
        )
        self.close()
        if slot is not None:
            slot.follow_up = follow_up
            self._calls.redraw()
            return
        told = self._words.tr("Written down: {subject}", subject=follow_up.subject)
        self._operations.run(
            self._desk.open_task(follow_up), lambda _: self._parts.messages.say(told, "good")
        )

    def _customer_of(self, slot: Slot | None) -> CustomerId | None:
        if slot is None:
            return self._record.customer_id
        return slot.pop.customer.id if slot.pop.customer else None
