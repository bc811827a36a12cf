"""Letters of the complaint that is shown: written, looked at as printed, kept, saved as PDF, sent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QFileDialog

from crmdesk.models.payload import CHANNELS
from crmdesk.models.regime import LANGUAGES
from crmdesk.services.complaints.letter_case import LetterWanted
from crmdesk.services.complaints.letters import KINDS
from crmdesk.ui.complaint_words import CHANNELS as CHANNEL_WORDS
from crmdesk.ui.complaint_words import LETTERS
from crmdesk.ui.translation import word
from crmdesk.ui.views.complaint_letter import LetterView
from crmdesk.ui.vocabulary import said

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from PySide6.QtWidgets import QComboBox, QWidget

    from crmdesk.models.wire import Json
    from crmdesk.services.complaints.correspondence import KeptLetter, LetterDraft
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.services.complaints.record_view import LetterView as Kept
    from crmdesk.ui.aftercare_desk import Proof
    from crmdesk.ui.moments import Moments
    from crmdesk.ui.presenters.complaint_record import ComplaintPresenter
    from crmdesk.ui.presenters.workplace import Tools, Workplace
    from crmdesk.ui.translation import Words

_PAUSE_MS = 400
"""Typing rests so long before the sheets are set anew."""
_ASKS = {
    "reason": word("The reason, as the customer is to read it"),
    "route": word("Where else the customer may turn, with the address"),
    "body": word("To which body outside: its name, then (Shift+Enter) its address, a line each"),
    "next_on": "",
}
_AGAIN = word("What you had typed before is here again. Choose the kind for the template.")
_TONGUES = {"en": "English", "zh": "中文"}


class LetterPresenter(QObject):
    """Steers the page of a letter; made with the first one."""

    def __init__(self, place: Workplace, tools: Tools, page: ComplaintPresenter) -> None:
        super().__init__(page)
        self._place = place
        self._words = place.words
        self._page = page
        self.view = LetterView(tools)
        place.parts.stage.add(self.view)
        self._record: ComplaintRecord | None = None
        self._wanted: LetterWanted | None = None
        self._draft: LetterDraft | None = None
        self._kept: KeptLetter | None = None
        self._proof: Proof | None = None
        self._letter_id = uuid4()
        self._sending = False
        self._pause = QTimer(self, singleShot=True, interval=_PAUSE_MS)
        self._pause.timeout.connect(self._on_typed)
        self._wire()

    @property
    def shown(self) -> bool:
        """Whether the page is on top."""
        return self._place.parts.stage.shown is self.view

    def open(self, kind: str = "") -> None:
        """Write a letter of this *kind* about the complaint shown; no kind: the one that fits it."""
        record = self._page.record
        if record is None or record.body is None or not self._page.shown:
            self._say(self._words.tr("No complaint is open."))
            return
        self._record, self._kept, self._draft, self._proof = record, None, None, None
        self._letter_id = uuid4()
        self.view.show_nothing()
        self._ask_draft(LetterWanted(complaint_id=record.head.id, kind=kind))
        self._place.parts.stage.present(self.view)
        self.view.text.setFocus(Qt.FocusReason.OtherFocusReason)

    def open_kept(self, letter_id: UUID) -> None:
        """Show a letter of the complaint shown, as it was kept."""
        record = self._page.record
        if record is None:
            return
        self._record, self._kept, self._draft, self._proof = record, None, None, None
        self._wanted = LetterWanted(complaint_id=record.head.id, kind="")
        self.view.left.set_heading(self._words.tr("Letter about {number}", number=record.head.number))
        self.view.wait(self._words.tr("The letter is being printed again …"))
        self._place.parts.stage.present(self.view)
        self.view.text.setFocus(Qt.FocusReason.OtherFocusReason)
        self._ask_kept(letter_id)

    def accept(self) -> None:
        """Ctrl+Enter: keep the letter; of one that is kept, say that it has left the house."""
        if self._kept is not None:
            self.mark_sent()
        elif self._draft is not None and self._draft.lacks is None and not self._sending:
            self._sending = True
            self._pause.stop()
            self._set_anew(self._keep)
        elif self._draft is not None and self._draft.lacks is not None:
            self.view.asked.answer()

    def save(self) -> None:
        """Ctrl+S: save the file where the agent says."""
        proof, record = self._proof, self._record
        if proof is None or record is None or self._pause.isActive():
            self._say(self._words.tr("The letter is not set yet."))
            return
        kind = self._kept.kind if self._kept is not None else self._draft.kind if self._draft else ""
        name = f"{record.head.number}-{kind}.pdf"
        chosen, _ = QFileDialog.getSaveFileName(self.view, self._words.tr("Save as PDF"), name, "PDF (*.pdf)")
        if chosen:
            path = Path(chosen)
            kept = self._place.desk.aftercare.write_file(path, proof.printed.pdf)
            told = self._words.tr("Saved: {path}", path=str(path))
            self._place.operations.run(kept, lambda _: self._say(told, "good"))

    def mark_sent(self) -> None:
        """Write down by which channel the letter left the house."""
        kept = self._kept
        if kept is None or self.view.sent_via.isHidden():
            return
        channel = CHANNELS[max(0, self.view.sent_via.currentIndex())]
        sent = self._place.desk.aftercare.send_letter(kept.id, channel)
        self._place.operations.run(sent, lambda _: self._on_sent())

    def close(self) -> bool:
        """Esc: back to the complaint; return whether a letter was shown."""
        if not self.shown:
            return False
        if self._pause.isActive():
            self._pause.stop()
            self._on_typed()
        self._place.desk.aftercare.rest()
        self._place.parts.stage.present(self._page.view)
        self._page.view.file.list.setFocus(Qt.FocusReason.OtherFocusReason)
        self._page.refresh()
        return True

    def panes(self) -> list[QWidget]:
        """Return what F6 goes through."""
        return self.view.controls()

    def _wire(self) -> None:
        view = self.view
        view.chosen.connect(self._on_chosen)
        view.answered.connect(self._choose)
        view.edited.connect(self._pause.start)
        view.keep.connect(self.accept)
        view.sent.connect(self.mark_sent)
        view.save.connect(self.save)
        self._words.changed.connect(self._fill)

    def _on_chosen(self) -> None:
        self._pause.stop()
        self._forget_typed()
        self._choose()

    def _choose(self) -> None:
        """Show the letter that is chosen now: a kept one, or a new one of this kind and language."""
        record, view = self._record, self.view
        if record is None or self._wanted is None:
            return
        row = view.which.currentIndex()
        if row > 0:
            self._ask_kept(record.letters[row - 1].id)
            return
        self._kept = None
        wanted = replace(
            self._wanted,
            kind=("", *KINDS)[view.kind.currentIndex() + 1],
            language=("", *LANGUAGES)[view.language.currentIndex() + 1],
        )
        if self._draft is not None and self._draft.field in _ASKS and not view.asked.isHidden():
            said_now: dict[str, Any] = {self._draft.field: view.asked.toPlainText().strip()}
            wanted = replace(wanted, **said_now)
        self._ask_draft(wanted)

    def _ask_kept(self, letter_id: UUID) -> None:
        kept = self._place.desk.aftercare.kept_letter(letter_id)
        self._place.operations.run(
            kept, lambda found: self._show_kept(*found), topic="letter", failed=self._refused
        )

    def _ask_draft(self, wanted: LetterWanted) -> None:
        self._wanted = wanted
        drafted = self._place.desk.aftercare.draft_letter(wanted)
        self._place.operations.run(
            drafted, lambda draft: self._show_draft(wanted, draft), topic="letter", failed=self._undrafted
        )

    def _undrafted(self, error: BaseException) -> None:
        """Say why there is no such letter; the one that was shown before is not kept in its stead."""
        self._draft = None
        self.view.show_nothing()
        self._fill()
        self._refused(error)

    def _show_draft(self, wanted: LetterWanted, draft: LetterDraft) -> None:
        before, self._draft, self._proof = self._draft, draft, None
        self._wanted = replace(wanted, kind=draft.kind, language=draft.case.language)
        view = self.view
        self._fill()
        if draft.lacks is not None:
            view.ask(self._words.tr(_ASKS[draft.field]) if _ASKS.get(draft.field) else "")
            view.told.say(self._words.error(draft.lacks), "due")
            if before is None or before.field != draft.field:
                view.asked.load("", 0)
            if view.text.hasFocus() and not view.asked.isHidden():
                view.asked.setFocus(Qt.FocusReason.OtherFocusReason)
        else:
            if view.asked.hasFocus():
                view.text.setFocus(Qt.FocusReason.OtherFocusReason)
            view.ask("")
        view.text.load(draft.plain, 0)
        view.show_pictures(())
        if draft.lacks is None:
            view.told.say("")
            kept = self._place.desk.complaints.kept_form(self._key(draft))
            self._place.operations.run(kept, self._show_typed, topic="kept letter")

    def _show_typed(self, kept: Mapping[str, Json] | None) -> None:
        """Show what was typed before and never kept as a letter, else the template."""
        if kept:
            self.view.text.load(str(kept.get("text") or ""), 0)
            self._say(self._words.tr(_AGAIN))
        self._set_anew()

    def _key(self, draft: LetterDraft) -> str:
        number = self._record.head.id if self._record is not None else ""
        return f"{number}/letter/{draft.kind}/{draft.case.language}"

    def _on_typed(self) -> None:
        """Typing rests: keep it, and set the sheets anew."""
        draft = self._draft
        if draft is not None and self._kept is None:
            text = {"text": self.view.text.toPlainText()}
            self._place.operations.run(self._place.desk.complaints.keep_form(self._key(draft), text))
        self._set_anew()

    def _forget_typed(self) -> None:
        if self._draft is not None:
            self._place.operations.run(self._place.desk.complaints.forget_form(self._key(self._draft)))

    def _set_anew(self, then: object = None) -> None:
        """Set the words as they stand now; then go on."""
        draft = self._draft
        if draft is None or draft.lacks is not None or self._kept is not None:
            return
        plain = self.view.text.toPlainText()
        proof = self._place.desk.aftercare.proof(draft.kind, draft.case, plain)

        def shown(found: Proof) -> None:
            self._show_proof(found)
            if callable(then):
                then(plain, found)

        self._place.operations.run(proof, shown, topic="proof", failed=self._refused)

    def _show_proof(self, proof: Proof) -> None:
        self._proof = proof
        self.view.show_pictures(proof.pictures, len(proof.printed.pages))
        signs = proof.printed.unprintable
        told = self._words.tr("No font has these signs, □ is printed instead: {signs}", signs=signs)
        self.view.told.say(told if signs else "", "due")

    def _refused(self, error: BaseException) -> None:
        self._sending = False
        self._proof = None
        self.view.told.say(self._words.error(error), "breach")

    def _keep(self, plain: str, proof: Proof) -> None:
        wanted = self._wanted
        if wanted is None:
            return
        kept = self._place.desk.aftercare.keep_letter(wanted, plain, proof.printed.digest, self._letter_id)
        self._place.operations.run(kept, lambda _: self._on_kept(), failed=self._refused)

    def _on_kept(self) -> None:
        self._sending = False
        self._forget_typed()
        letter_id, self._letter_id = self._letter_id, uuid4()
        self._read_again(letter_id)
        self._say(
            self._words.tr("The letter is kept. Save it with Ctrl+S, then say how it was sent."), "good"
        )

    def _on_sent(self) -> None:
        self._say(self._words.tr("It is written down that the letter has left the house."), "good")
        self.close()

    def _read_again(self, letter_id: UUID) -> None:
        """Read the complaint anew, and show the letter as it was kept."""
        record = self._record
        if record is None:
            return

        def fresh(found: ComplaintRecord) -> None:
            self._record = found
            self._ask_kept(letter_id)

        self._place.operations.run(
            self._place.desk.complaints.record(record.head.id), fresh, topic="letter record"
        )

    def _show_kept(self, kept: KeptLetter, proof: Proof) -> None:
        self._kept = kept
        self._fill()
        self.view.ask("")
        self.view.text.load(kept.text.plain(), 0)
        self._show_proof(proof)
        if kept.digest and proof.printed.digest != kept.digest:
            told = self._words.tr(
                "The words are as they were kept; address, names or telephone of the sheet were others then."
            )
            self.view.told.say(told, "due")
        (self.view.text if self.view.sent_via.isHidden() else self.view.sent_via).setFocus(
            Qt.FocusReason.OtherFocusReason
        )

    def _fill(self) -> None:
        """Fill the boxes in the language of the window, and show what can be done."""
        record, view, tr, held = self._record, self.view, self._words.tr, self._kept
        letter, wanted = held or self._draft, self._wanted
        if record is None or wanted is None:
            return
        kind, language = (letter.kind, letter.case.language) if letter else (wanted.kind, wanted.language)
        named = next((each for each in record.letters if held is not None and each.id == held.id), None)
        view.left.set_heading(tr("Letter about {number}", number=record.head.number))
        _put(view.which, [tr("New letter"), *_names(record.letters, self._words, self._place.moments)])
        view.which.setCurrentIndex(record.letters.index(named) + 1 if named is not None else 0)
        _fill_boxes(view, self._words, kind, language)
        sent = bool(named and named.sent_at)
        view.offer(kept=held is not None, sent=sent, written=letter is not None)

    def _say(self, text: str, tone: str = "due") -> None:
        self._place.parts.messages.say(text, tone)


def _names(letters: Iterable[Kept], words: Words, moments: Moments) -> Iterator[str]:
    """Yield how letters that were kept are called in a list."""
    for letter in letters:
        told = "" if letter.sent_at is not None else words.tr("not sent yet")
        parts = (said(words, LETTERS, letter.kind), moments.day_and_time(letter.made_at), told)
        yield " · ".join(part for part in parts if part)


def _fill_boxes(view: LetterView, words: Words, kind: str, language: str) -> None:
    """Fill the boxes of a letter, with nothing chosen where *kind* or *language* is not known."""
    _put(view.kind, [said(words, LETTERS, each) for each in KINDS])
    view.kind.setCurrentIndex(("", *KINDS).index(kind) - 1)
    _put(view.language, [_TONGUES[each] for each in LANGUAGES])
    view.language.setCurrentIndex(("", *LANGUAGES).index(language) - 1)
    channel = max(0, view.sent_via.currentIndex()) if view.sent_via.count() else CHANNELS.index("letter")
    _put(view.sent_via, [said(words, CHANNEL_WORDS, each) for each in CHANNELS])
    view.sent_via.setCurrentIndex(channel)


def _put(box: QComboBox, texts: list[str]) -> None:
    box.clear()
    box.addItems(texts)
