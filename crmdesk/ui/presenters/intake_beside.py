"""The record beside the form of a new complaint: of the call, else of the customer the form knows."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.models.types import CustomerId

if TYPE_CHECKING:
    from crmdesk.ui.desk import CustomerRecord, Desk
    from crmdesk.ui.presenters.intake_cases import Case, Cases
    from crmdesk.ui.presenters.record import RecordPresenter
    from crmdesk.ui.presenters.workplace import Workplace


class Beside:
    """Knows whose record is shown, and puts it on the screen where something else is."""

    def __init__(self, place: Workplace, desk: Desk, record: RecordPresenter) -> None:
        self._place, self._desk, self._record = place, desk, record

    def show(self, case: Case) -> None:
        """Show whom *case* is about; after a crash no call is here any more, but the form knows him."""
        parts, current = self._place.parts, self._place.slots.current
        if parts.stage.shown is parts.record:
            return
        if current is not None:
            self._record.show_slot(current)
        else:
            parts.record.with_call(False)
            self._record.show_nobody()
            self._ask(case.sheet.customer_id)
        parts.stage.present(parts.record)

    def wanted(self, cases: Cases) -> Case | None:
        """Return the case of what is shown, else one that was never finished."""
        record, slots = self._record, self._place.slots
        slot = record.slot or (slots.current if record.record is None else None)
        if slot is not None:
            return cases.of_call(slot, self._place.parts.note.text(slot.number).strip())
        if record.record is not None:
            return cases.of_customer(record.record.customer)
        return next(iter(cases.kept.values()), None)

    def take_keyboard(self) -> None:
        """Put the keyboard into the note of the call shown, else into the time line."""
        if self._place.slots.current is not None and self._record.slot is not None:
            self._place.parts.note.to_note()
        else:
            self._place.parts.timeline.list.setFocus()

    def _ask(self, customer_id: str) -> None:
        if customer_id:
            future = self._desk.customer_record(CustomerId(UUID(customer_id)))
            self._place.operations.run(future, self._on_customer, topic="intake-customer")

    def _on_customer(self, found: CustomerRecord) -> None:
        """Show him, unless somebody else is on the screen by now."""
        parts, record = self._place.parts, self._record
        if parts.stage.shown is parts.record and record.slot is None and record.record is None:
            record.show_record(found)
