"""F8: a complaint beside the record, filled from the call, kept from the first key, saved with its number."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication, QWidget

from crmdesk.services.complaints.intake_sheet import lacking
from crmdesk.ui.complaint_words import refusal
from crmdesk.ui.presenters.intake_beside import Beside
from crmdesk.ui.presenters.intake_cases import Cases, call_key, content_of, told_of
from crmdesk.ui.presenters.intake_files import IntakeFiles
from crmdesk.ui.views.note import AUTOSAVE_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmdesk.services.complaints.intake import Assessment, Logged, Offer
    from crmdesk.ui.presenters.intake_cases import Case
    from crmdesk.ui.presenters.record import RecordPresenter
    from crmdesk.ui.presenters.workplace import Tools, Workplace
    from crmdesk.ui.views.complaint_intake import ComplaintIntake

_LOOK_MS = 250
"""So long after the last key words and history are looked at again."""
_LOOKED_AT = frozenset({"what_happened", "category", "asset_id", "received_at", "worth"})
_GUESSED = frozenset({"category", "severity", "repeat_of", "outlet"})


class ComplaintIntakePresenter(QObject):
    """Steers the form; it is made when it is first wanted, or in spare time.

    Args:
        make_room: put away what else stands beside the record.

    Signals:
        logged(str, str): one that is not restricted is saved; the id of its call or nothing, its number.
    """

    logged = Signal(str, str)

    def __init__(
        self, place: Workplace, tools: Tools, record: RecordPresenter, make_room: Callable[[], object]
    ) -> None:
        super().__init__()
        self._place, self._tools, self._make_room = place, tools, make_room
        self._desk, self._words, self._operations = tools.desk, place.words, place.operations
        self._form: ComplaintIntake | None = None
        self.files: IntakeFiles | None = None
        self.cases = Cases(place.words, place.moments)
        self._beside = Beside(place, tools.desk, record)
        self._limit: int | None = None
        self._saving = self._looked = False
        self._autosave = QTimer(self, singleShot=True, interval=AUTOSAVE_MS)
        self._autosave.timeout.connect(self.keep)
        self._look = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self._look.timeout.connect(self.look_again)
        record.shown.connect(self._on_shown)
        place.words.changed.connect(self._retranslate)

    @property
    def has_focus(self) -> bool:
        """Whether the keyboard is in the form."""
        focus = QApplication.focusWidget()
        return self._form is not None and focus is not None and self._form.isAncestorOf(focus)

    @property
    def is_open(self) -> bool:
        """Whether the form is on the screen."""
        return self._form is not None and self._form.isVisible()

    @property
    def form(self) -> ComplaintIntake:
        """The form; made now if nobody wanted it before."""
        return self._form_there()

    def warm(self) -> None:
        """Make the form and let the services load what it asks for, ahead of the first F8."""
        self._form_there()
        self._operations.run(self._desk.intakes.warm(), failed=lambda _error: None)

    def toggle(self) -> None:
        """Open the form for what is shown; from inside of it, go back to the record."""
        form = self._form
        if form is not None and not form.isHidden() and (self.has_focus or not form.shows_form):
            self.close()
            return
        self.flush()
        case = self._beside.wanted(self.cases)
        if case is None:
            told = self._words.tr("Find the customer first: Ctrl+K. Then F8 writes a complaint down.")
            self._place.parts.messages.say(told, "due")
            return
        self._open(case)

    def unsaved(self, call_id: str) -> bool:
        """Whether a complaint was begun in a call, and is not saved."""
        form, key = self._form, call_key(call_id)
        if form is None or not self.is_open or self.cases.shown is None or self.cases.shown.key != key:
            return self.cases.unsaved(key)
        return form.shows_form and not self._saving and bool(form.fields.what.toPlainText().strip())

    def solve(self) -> bool:
        """Unfold what is needed to solve it on the call; return whether the form was there."""
        form = self._form
        if form is None or form.isHidden() or not form.shows_form:
            return False
        form.show_solution()
        self._on_edited("solution")
        return True

    def set_severity(self, row: int) -> None:
        """Say how grave it is: 0 is S1."""
        if self._form is not None and row < 4:
            self._form.fields.set_severity(row)

    def accept(self) -> None:
        """Save what stands in the form."""
        form, case = self._form, self.cases.shown
        if form is None or case is None or self._saving or not form.shows_form:
            return
        if self.files is not None and self.files.waiting(self.accept):
            return
        self.keep()
        sheet = form.fields.sheet(case.sheet)
        problems = form.fields.unreadable(sheet) | lacking(sheet, self._limit)
        form.fields.tell(problems)
        form.refuse("")
        if problems:
            form.to_field(next(iter(problems)))
            return
        self._saving = True
        self._operations.run(
            self._desk.intakes.log(sheet),
            lambda logged: self._on_logged(replace(case, sheet=sheet), logged),
            failed=self._on_refused,
        )

    def close(self) -> bool:
        """Put the form away, keeping what was typed; return whether it was open."""
        form = self._form
        if form is None or form.isHidden():
            return False
        inside = self.has_focus
        self.put_away()
        if inside:
            self._beside.take_keyboard()
        return True

    def put_away(self) -> None:
        """Hide the form; everything typed stays."""
        self.flush()
        if self._form is not None:
            self._form.hide()

    def flush(self) -> None:
        """Keep unsaved typing now."""
        if self._autosave.isActive():
            self._autosave.stop()
            self.keep()

    def _open(self, case: Case, *, keyboard: bool = True) -> None:
        self.flush()
        form = self._form_there()
        self._make_room()
        self.cases.left.discard(case.key)
        self.cases.shown, self._saving = case, False
        self._beside.show(case)
        logged = self.cases.saved.get(case.key)
        if logged is not None:
            self._tell(logged)
            return
        form.fields.fill(case.sheet, case.who)
        if self.files is not None:
            self.files.show()
        form.show_form()
        if keyboard:
            form.to_field("what_happened")
        self._ask(case)

    def _ask(self, case: Case) -> None:
        """Ask what the form of *case* is filled with and chooses from."""
        self._looked = False
        self._operations.forget("intake words")
        self._operations.run(self._desk.intakes.offer(case.sheet), self._on_offer, topic="intake")

    def _form_there(self) -> ComplaintIntake:
        if self._form is None:
            from crmdesk.ui.views.complaint_intake import ComplaintIntake

            form = self._form = ComplaintIntake(self._tools)
            self._place.parts.record.add_side(form)
            form.fields.edited.connect(self._on_edited)
            form.another_wanted.connect(self._on_another)
            self.files = IntakeFiles(self._place, self, form)
            for before, after in pairwise((self._place.parts.answers.article, *form.controls())):
                QWidget.setTabOrder(before, after)
        return self._form

    def _on_edited(self, name: str) -> None:
        case, form = self.cases.shown, self._form
        if case is None or form is None:
            return
        if name in _GUESSED:
            self.cases.shown = replace(case, by_hand=case.by_hand | {name})
        if name == "asset_id" and "outlet" not in case.by_hand:
            form.fields.guess_outlet()
        if not self._autosave.isActive():
            # Started by the first key and not by later ones: typing without a pause is saved too.
            self._autosave.start()
        if name in _LOOKED_AT:
            self._look.start()

    def keep(self) -> None:
        """Keep what stands in the form."""
        case, form = self.cases.shown, self._form
        if case is None or form is None or self._saving or not form.shows_form:
            return
        held = self.cases.shown = replace(case, sheet=form.fields.sheet(case.sheet))
        self.cases.keep(held)
        self._operations.run(self._desk.intakes.keep(held.key, content_of(held)), self._on_kept)

    def _on_kept(self, _done: object) -> None:
        if self._form is not None and not self._form.isHidden():
            at = self._place.moments.local(self._place.moments.now()).strftime("%H:%M:%S")
            self._form.say_kept(self._words.tr("kept {time}", time=at))

    def look_again(self) -> None:
        """Ask what words and history say of what stands in the form now."""
        case, form = self.cases.shown, self._form
        if case is not None and form is not None and not form.isHidden() and form.shows_form:
            sheet = form.fields.sheet(case.sheet)
            if "category" not in case.by_hand:
                sheet = replace(sheet, category="")
            self._looked = True
            self._operations.run(self._desk.intakes.assess(sheet), self._on_assessed, topic="intake words")

    def _on_offer(self, offered: Offer) -> None:
        case, form = self.cases.shown, self._form
        if case is None or form is None:
            return
        self._limit = offered.limit
        if offered.language and not case.sheet.language:
            self.cases.shown = replace(case, sheet=replace(case.sheet, language=offered.language))
        form.fields.offer(offered, case.by_hand)
        self._on_assessed(offered.assessment)
        if self._looked:  # What was typed meanwhile is not in it.
            self.look_again()

    def _on_assessed(self, found: Assessment) -> None:
        if self.cases.shown is not None and self._form is not None and not self._form.isHidden():
            self._form.fields.assess(found, self.cases.shown.by_hand)

    def _on_logged(self, case: Case, logged: Logged) -> None:
        self._saving, key, sheet = False, case.key, case.sheet
        self.finish(case, logged)
        if self.cases.shown is not None and self.cases.shown.key == key:
            self._tell(logged)
        if not sheet.restricted:  # What a call came to is everybody's.
            self.logged.emit(sheet.call_id, logged.number)

    def finish(self, case: Case, logged: Logged) -> None:
        """Do what follows once *case* is saved: attach what waited for it, and only then forget the form."""
        self._form_there()
        self.cases.kept.pop(case.key, None)
        self.cases.saved[case.key] = logged
        if self.files is not None:
            self.files.attach(case, logged)

    def _tell(self, logged: Logged) -> None:
        form, case = self._form, self.cases.shown
        if form is None or case is None or self.files is None:
            return
        inside = self.has_focus
        form.show_saved(logged.number, *told_of(case, logged, self._words, self._place.moments))
        self.files.show()
        if inside:
            self._beside.take_keyboard()

    def _on_refused(self, error: BaseException) -> None:
        self._saving = False
        told, name = refusal(self._words, error)
        self.form.refuse(told)
        if name:
            self.form.to_field(name)

    def _on_another(self) -> None:
        case = self.cases.shown
        if case is not None:
            self.cases.saved.pop(case.key, None)
            self.cases.shown = None
            if (fresh := self._beside.wanted(self.cases)) is not None:
                self._open(replace(fresh, sheet=replace(fresh.sheet, what_happened="")))

    def _on_shown(self) -> None:
        """Somebody else is shown: the form of the former waits until he is again, or F8 in his record."""
        form, case, wanted = self._form, self.cases.shown, self._beside.wanted(self.cases)
        if form is None or case is None:
            return
        if not form.isHidden() and (wanted is None or wanted.key != case.key):
            self.put_away()
            if form.shows_form:
                self.cases.left.add(case.key)
        if form.isHidden():
            if wanted is not None and wanted.key in self.cases.left:
                self._open(wanted, keyboard=False)
        elif wanted is not None and wanted.sheet.customer_id != case.sheet.customer_id and form.shows_form:
            who, of = wanted.who, wanted.sheet
            sheet = replace(case.sheet, customer_id=of.customer_id, language=of.language)
            case = self.cases.shown = replace(case, who=who, sheet=sheet)
            form.fields.know_customer(who, of.asset_id)
            self.keep()
            self._ask(case)

    def _retranslate(self) -> None:
        case, form, wanted = self.cases.shown, self._form, self._beside.wanted(self.cases)
        if self.cases.logged is not None and self.is_open:
            self._tell(self.cases.logged)
            return
        if case is not None and form is not None and wanted is not None and wanted.key == case.key:
            self.cases.shown = replace(case, who=wanted.who)
            form.fields.who.setText(wanted.who)
        self.look_again()
