"""The one obvious thing to do at a complaint: a letter that has to leave the house, else its next step."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from crmdesk.models.verdict import NOT_THIS_ROLE
from crmdesk.ui.complaint_words import LETTERS, listed, with_state
from crmdesk.ui.sync_words import ROLES
from crmdesk.ui.vocabulary import said

if TYPE_CHECKING:
    from datetime import datetime

    from crmdesk.services.complaints.allowed import Allowed
    from crmdesk.services.complaints.letter_due import LetterDue
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.translation import Words
    from crmdesk.ui.views.complaint_record import ComplaintView


class NextThing(QObject):
    """Words the button on top of the page and the line below it, and says what the button means.

    Signals:
        letter_wanted(LetterDue): this letter is to be sent, or written first.
        step_wanted(str): id of the step to begin.
    """

    letter_wanted = Signal(object)
    step_wanted = Signal(str)

    def __init__(self, place: Workplace, view: ComplaintView, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._words = place.words
        self._view = view
        self._record: ComplaintRecord | None = None

    def show(self, record: ComplaintRecord) -> None:
        """Show what is to be done now, or why nothing is."""
        self._record = record
        letter, step = record.letter_due, record.step(record.next_step)
        self._view.offer_next(letter is not None or step is not None)
        if letter is not None:
            self._name(self._letter_name(letter))
            self._view.next.setEnabled(True)
            self._view.why_not.say(self._letter_why(letter), "due")
        elif step is not None:
            self._name(self._words.pick(step.en, step.zh))
            self._view.next.setEnabled(step.may)
            self._view.why_not.say("" if step.may else why_refused(self._words, step), "due")
        else:
            self._view.why_not.say(self._nothing(record))

    def go(self) -> None:
        """Do it, or say why it cannot be."""
        record = self._record
        if record is None:
            return
        if record.letter_due is not None:
            self.letter_wanted.emit(record.letter_due)
        elif record.next_step:
            self.step_wanted.emit(record.next_step)
        elif told := self._nothing(record):
            self._place.parts.messages.say(told, "due")

    def _name(self, name: str) -> None:
        self._view.next.setText(name)
        self._view.next.setIconText(name)
        self._view.next.setStatusTip(name)

    def _letter_name(self, letter: LetterDue) -> str:
        tr, kind = self._words.tr, said(self._words, LETTERS, letter.kind)
        if letter.letter_id is None:
            return tr("Write the letter: {letter}", letter=kind)
        return tr("Mark as sent: {letter}", letter=kind)

    def _letter_why(self, letter: LetterDue) -> str:
        tr = self._words.tr
        if letter.letter_id is None:
            return tr("This letter was promised and is not written yet. Other steps: Ctrl+Shift+N.")
        return tr("This letter has not left the house yet. Other steps: Ctrl+Shift+N.")

    def _nothing(self, record: ComplaintRecord) -> str:
        """Return why nothing is to be done here now."""
        tr, head = self._words.tr, record.head
        if record.body is None:
            return ""
        if head.state == "RESOLVED" and head.follow_up_at is not None:
            when = self._place.moments.day_and_time(_follow_up_due(record, head.follow_up_at))
            return tr("Nothing to do now: the follow-up is due {when}.", when=self._place.moments.amid(when))
        return tr("Nothing to do now. Other steps: Ctrl+Shift+N.")


def why_refused(words: Words, step: Allowed) -> str:
    """Return why *step* cannot be taken: what is to be known first."""
    if not step.refused:
        return ""
    if step.refused[0].template == NOT_THIS_ROLE:
        roles = listed(words, [said(words, ROLES, role) for role in step.who if role in ROLES])
        return words.tr("This takes another role: {roles}.", roles=roles)
    return words.text(with_state(words, step.refused[0]))


def _follow_up_due(record: ComplaintRecord, at: datetime) -> datetime:
    """Return until when the customer is to be asked; *at* where no clock says so."""
    clocks = (each for each in record.clocks if each.clock == "follow_up" and each.state != "stopped")
    return next((each.due for each in clocks), at)
