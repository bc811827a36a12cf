"""What a caller who asks is told of the complaint shown, and writing down that he was told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from crmdesk.services.complaints.sentence import numbered_status, spoken_number
from crmdesk.services.complaints.standing import standing_of

if TYPE_CHECKING:
    from crmdesk.models.wire import Json
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.presenters.step_forms import StepForms
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.translation import Words
    from crmdesk.ui.views.complaint_standing import StandingStrip

TELL = "C1"
_LANGUAGES = ("en", "zh")


class StandingTold(QObject):
    """Steers the sentence that is read out."""

    def __init__(self, place: Workplace, strip: StandingStrip, forms: StepForms, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._strip = strip
        self._forms = forms
        self._record: ComplaintRecord | None = None

    def know(self, record: ComplaintRecord) -> None:
        """Show how *record* stands, as it is told to whoever complains."""
        self._record = record
        step = record.step(TELL)
        self._strip.show_sentence(self._sentence(record), may_log=step is not None and step.may)

    def log(self) -> None:
        """Write down that the sentence shown was told, in the call that is up."""
        record = self._record
        step = record.step(TELL) if record is not None else None
        if record is None or step is None or not step.may:
            self._say(self._refusal(record))
            return
        fields: dict[str, Json] = {"what": self._sentence(record).replace("\xa0", " ")}
        slot = self._place.slots.current
        if slot is not None:
            fields["call_id"] = str(slot.pop.call_id)
        self._forms.take(TELL, fields)

    def copy_number(self, *, spoken: bool) -> None:
        """Copy the number of the complaint shown, as it is written or as it is told."""
        if self._record is None:
            return
        words, number = self._place.words, self._record.head.number
        text = words.text(spoken_number(number)).replace("\xa0", " ") if spoken else number
        QApplication.clipboard().setText(text)
        self._place.parts.messages.say(words.tr("Copied: {text}", text=text), "good")

    def _sentence(self, record: ComplaintRecord) -> str:
        words = self._words_of(record)
        standing = standing_of(record, words.language)
        if standing is None:
            return ""
        moments = self._place.moments
        return words.text(numbered_status(standing, moments.now(), moments.zone))

    def _words_of(self, record: ComplaintRecord) -> Words:
        words, wanted = self._place.words, record.head.language or record.customer.language
        return words.twin(wanted if wanted in _LANGUAGES else words.language)

    def _refusal(self, record: ComplaintRecord | None) -> str:
        words = self._place.words
        if record is None:
            return words.tr("No complaint is open.")
        step = record.step(TELL)
        if step is not None and step.refused:
            return words.text(step.refused[0])
        return words.tr("Another team handles this complaint: only they can write down what was told.")

    def _say(self, text: str) -> None:
        self._place.parts.messages.say(text, "due")
