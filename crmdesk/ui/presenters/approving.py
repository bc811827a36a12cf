"""A supervisor's yes to a proposal, from the list: one key asks, the same key again says it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from crmdesk.ui.complaint_words import money

if TYPE_CHECKING:
    from crmdesk.services.complaints.lists import ComplaintLine
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.presenters.workplace import Workplace


class Approving(QObject):
    """Asks once what is approved, and keeps the yes; who tells the customer is another matter.

    Signals:
        telling(UUID): no yes is wanted of who sits here: the decision is his to tell.
        done(): the list is another one by now.
    """

    telling = Signal(object)
    done = Signal()

    def __init__(self, place: Workplace, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._words = place.words
        self._asked: ComplaintRecord | None = None
        self._question = ""
        self._sending = False

    def begin(self, line: ComplaintLine) -> None:
        """Ask whether the proposal of *line* is approved; asked already, take it for the yes."""
        if not self.confirm(line):
            future = self._place.desk.complaints.record(line.id)
            self._place.operations.run(future, self._ask, topic="approving")

    def confirm(self, line: ComplaintLine | None) -> bool:
        """Say yes, if that is what is being asked about *line*; return whether it is."""
        record, messages = self._asked, self._place.parts.messages
        if record is None or line is None or line.id != record.head.id:
            return False
        if messages.isHidden() or messages.text != self._question:
            return False
        if not self._sending:
            self._say_yes(record)
        return True

    def _ask(self, record: ComplaintRecord) -> None:
        if not record.yes_wanted:
            self._asked = None
            self.telling.emit(record.head.id)
            return
        tr, messages = self._words.tr, self._place.parts.messages
        told = money(sum(line.value for line in record.remedies), record.currency)
        asked = tr("Approve {number}, {sum}? a again says yes.", number=record.head.number, sum=told)
        messages.say(asked, "due")
        self._asked, self._question = record, messages.text

    def _say_yes(self, record: ComplaintRecord) -> None:
        version = record.body.proposal_version if record.body is not None else 0
        self._sending = True
        kept = self._place.desk.complaints.approve(record.head.id, version)
        self._place.operations.run(kept, lambda _: self._on_kept(record), failed=self._on_refused)

    def _on_kept(self, record: ComplaintRecord) -> None:
        self._sending, self._asked = False, None
        tr, head, owner = self._words.tr, record.head, record.owner
        name = self._words.pick(owner.name_en, owner.name_zh) if owner is not None else ""
        if record.yeses_wanted > 1:
            told = tr("Approved: {number}. A second supervisor has to approve it, too.", number=head.number)
        elif name:
            told = tr("Approved: {number}. {name} can tell the customer.", number=head.number, name=name)
        else:
            told = tr("Approved: {number}. It can be told to the customer.", number=head.number)
        self._place.parts.messages.say(told, "good")
        self.done.emit()

    def _on_refused(self, error: BaseException) -> None:
        self._sending, self._asked = False, None
        self._place.parts.messages.say(self._words.error(error), "breach")
        self.done.emit()
