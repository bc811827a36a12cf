"""Files of a complaint that is being written down: kept at once, attached when it is saved."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from crmdesk.models.attachment import MIB
from crmdesk.ui.itemmodels.file_lines import FileLines, held_line
from crmdesk.ui.presenters.given_files import GivenFiles
from crmdesk.ui.presenters.intake_cases import content_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmdesk.services.complaints.intake import Logged
    from crmdesk.services.complaints.intake_sheet import HeldFile
    from crmdesk.ui.files_desk import Given, Left
    from crmdesk.ui.presenters.complaint_intake import ComplaintIntakePresenter
    from crmdesk.ui.presenters.intake_cases import Case
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.views.complaint_intake import ComplaintIntake


class IntakeFiles(QObject):
    """Steers the files of the form.

    Args:
        intake: whose cases they belong to.
        form: where they are dropped and shown.
    """

    def __init__(self, place: Workplace, intake: ComplaintIntakePresenter, form: ComplaintIntake) -> None:
        super().__init__(intake)
        self._place = place
        self._intake = intake
        self._form = form
        self._lines = FileLines(place.words, place.moments)
        self._awaited: Counter[str] = Counter()
        self._names: list[tuple[str, str]] = []
        self._afterwards: Callable[[], None] | None = None
        self._left: dict[str, tuple[Case, tuple[Left, ...]]] = {}
        self.given = GivenFiles(place, form, self)
        self.given.given.connect(self.take)
        form.fields.file_unwanted.connect(self._let_go)
        form.left_unwanted.connect(self._let_left_go)

    def waiting(self, then: Callable[[], None]) -> bool:
        """Return whether something of the form shown is still being kept; then *then* is called after it."""
        case = self._intake.cases.shown
        waiting = case is not None and self._awaited[case.key] > 0
        self._afterwards = then if waiting else None
        return waiting

    def take(self, given: tuple[Given, ...]) -> None:
        """Keep what a person gave; a complaint that is saved already gets it at once."""
        case, logged = self._intake.cases.shown, self._intake.cases.logged
        if case is None:
            return
        for each in given:
            if logged is not None:
                self._attach(logged, each)
            else:
                self._hold(case, each)
        self.show()

    def show(self) -> None:
        """Show the files of the form that is open."""
        case = self._intake.cases.shown
        if case is None:
            return
        names = [name for key, name in self._names if key == case.key]
        lines = [held_line(each) for each in case.sheet.files]
        self._form.fields.show_files([*lines, *self._lines.awaited(names)])
        _, left = self._left.get(case.key, (None, ()))
        self._form.show_left(self._lines.left(left))

    def attach(self, case: Case, logged: Logged) -> None:
        """A complaint was saved: attach what waited for it, and only then forget its form.

        What cannot be attached is told, and stays, with its form, until somebody takes it away.
        """

        def done(left: tuple[Left, ...]) -> None:
            self._keep_left(case, left)
            for each in left:
                why = self._place.words.text(each.why)
                told = self._place.words.tr("{name} is not attached. {why}", name=each.file.name, why=why)
                self._say(told)

        if case.sheet.files:
            future = self._place.desk.files.attach_held(logged.id, case.sheet.files)
            self._place.operations.run(future, done)
        else:
            done(())

    def _keep_left(self, case: Case, left: tuple[Left, ...]) -> None:
        """Hold what is *left* of the files of a case that is saved; without any its form is forgotten."""
        desk = self._place.desk.intakes
        if left:
            held = replace(case, sheet=replace(case.sheet, files=tuple(each.file for each in left)))
            self._left[case.key] = (case, left)
            self._place.operations.run(desk.keep(case.key, content_of(held)))
        else:
            former, over = self._left.pop(case.key, (case, ()))
            if former.sheet.complaint_id != case.sheet.complaint_id:
                # Another complaint of the same call: its form took the place of that which named them.
                for each in over:
                    self._place.operations.run(self._place.desk.files.let_go(each.file))
            self._place.operations.run(desk.forget(case.key))
        self.show()

    def _let_left_go(self, row: int) -> None:
        """Throw away a file that could not be attached."""
        shown = self._intake.cases.shown
        case, left = self._left.get(shown.key, (None, ())) if shown is not None else (None, ())
        if case is not None and 0 <= row < len(left):
            self._place.operations.run(self._place.desk.files.let_go(left[row].file))
            self._keep_left(case, (*left[:row], *left[row + 1 :]))

    def _hold(self, begun: Case, given: Given) -> None:
        """Have something held for the case that was *begun*, shown or not when it is."""
        key = begun.key
        entry = key, given.name
        self._awaited[key] += 1
        self._names.append(entry)

        def done(held: HeldFile) -> None:
            # Whoever opens another record at once has not kept this one yet: nothing was typed.
            case = self._intake.cases.case_of(key) or begun
            if self._too_much(case, held):
                self._place.operations.run(self._place.desk.files.let_go(held))
            else:
                self._lay(case, (*case.sheet.files, held))
                told = self._place.words.tr("Kept with the complaint: {name}", name=held.name)
                self._place.parts.messages.say(told, "good")
            over()

        def failed(error: BaseException) -> None:
            self._say(self._place.words.error(error))
            self._afterwards = None
            over()

        def over() -> None:
            self._awaited[key] -= 1
            self._names.remove(entry)
            self.show()
            then, self._afterwards = self._afterwards, None
            if then is not None:
                then()

        self._place.operations.run(self._place.desk.files.hold(given), done, failed=failed)

    def _too_much(self, case: Case, held: HeldFile) -> bool:
        """Whether the files of *case* would be more than a record may have, which is told."""
        most = self._place.desk.files.most
        if sum(each.size for each in case.sheet.files) + held.size <= most:
            return False
        told = self._place.words.tr(
            "{name} is not kept: the files of the complaint would have more than {limit} MB together. Attach"
            " a smaller one, or take one away with Delete.",
            name=held.name,
            limit=most // MIB,
        )
        self._say(told)
        return True

    def _let_go(self, row: int) -> None:
        case = self._intake.cases.shown
        if case is None or row >= len(case.sheet.files):
            return
        files = case.sheet.files
        self._lay(case, (*files[:row], *files[row + 1 :]))
        self.show()
        self._place.operations.run(self._place.desk.files.let_go(files[row]))

    def _lay(self, case: Case, files: tuple[HeldFile, ...]) -> None:
        """Let *case* have these *files*, shown or not, and keep it."""
        held, cases = replace(case, sheet=replace(case.sheet, files=files)), self._intake.cases
        if cases.shown is not None and cases.shown.key == case.key:
            cases.shown = held
            self._intake.keep()
        else:
            cases.keep(held)
            self._place.operations.run(self._place.desk.intakes.keep(held.key, content_of(held)))

    def _attach(self, logged: Logged, given: Given) -> None:
        told = self._place.words.tr("Attached: {name}", name=given.name)
        future = self._place.desk.files.add(logged.id, given)
        messages = self._place.parts.messages
        self._place.operations.run(future, lambda _: messages.say(told, "good"))

    def _say(self, text: str) -> None:
        self._place.parts.messages.say(text, "breach")
