"""Files of a complaint that is being written down: kept at once, attached when it is saved."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from crmdesk.ui.itemmodels.file_lines import FileLines, held_line
from crmdesk.ui.presenters.given_files import GivenFiles
from crmdesk.ui.presenters.intake_cases import content_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmdesk.models.text import Text
    from crmdesk.services.complaints.intake import Logged
    from crmdesk.services.complaints.intake_sheet import HeldFile
    from crmdesk.ui.files_desk import Given
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
        self.given = GivenFiles(place, form, self)
        self.given.given.connect(self.take)
        form.fields.file_unwanted.connect(self._let_go)

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
                self._hold(case.key, each)
        self.show()

    def show(self) -> None:
        """Show the files of the form that is open."""
        case = self._intake.cases.shown
        if case is None:
            return
        names = [name for key, name in self._names if key == case.key]
        lines = [held_line(each) for each in case.sheet.files]
        self._form.fields.show_files([*lines, *self._lines.awaited(names)])

    def attach(self, key: str, logged: Logged, files: tuple[HeldFile, ...]) -> None:
        """The complaint was saved: attach what waited for it, and only then forget the form."""
        desk, operations = self._place.desk, self._place.operations

        def done(problems: tuple[Text, ...]) -> None:
            operations.run(desk.intakes.forget(key))
            for problem in problems:
                self._say(self._place.words.text(problem))

        if files:
            operations.run(desk.files.attach_held(logged.id, files), done)
        else:
            done(())

    def _hold(self, key: str, given: Given) -> None:
        entry = key, given.name
        self._awaited[key] += 1
        self._names.append(entry)

        def done(held: HeldFile) -> None:
            case = self._intake.cases.case_of(key)
            if case is not None:
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
