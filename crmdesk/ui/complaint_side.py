"""The door to complaints: their page and the form of a new one are made when they are first wanted."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from PySide6.QtWidgets import QMainWindow, QWidget

    from crmdesk.models.screen_pop import FoundComplaint
    from crmdesk.services.complaints.letter_due import LetterDue
    from crmdesk.ui.presenters.complaint_action import ActionPresenter
    from crmdesk.ui.presenters.complaint_intake import ComplaintIntakePresenter
    from crmdesk.ui.presenters.complaint_letter import LetterPresenter
    from crmdesk.ui.presenters.complaint_list import ComplaintListPresenter
    from crmdesk.ui.presenters.complaint_record import ComplaintPresenter
    from crmdesk.ui.presenters.complaint_survey import SurveyPresenter
    from crmdesk.ui.presenters.customer_files import CustomerFiles
    from crmdesk.ui.presenters.record import RecordPresenter
    from crmdesk.ui.presenters.workplace import Tools, Workplace


CLOSE = "T16"


class ComplaintSide(QObject):
    """Opens complaints and passes keys on to the one that is shown, or is being written down.

    Args:
        files: of the customer shown: what is given goes there while no complaint is shown or written down.
        make_room: put away what else stands beside the record.

    Signals:
        logged(str, str): a complaint was written down; the id of its call, empty without one, and its number.
    """

    logged = Signal(str, str)

    def __init__(
        self,
        place: Workplace,
        tools: Tools,
        window: QMainWindow,
        record: RecordPresenter,
        files: CustomerFiles,
        *,
        make_room: Callable[[], object],
    ) -> None:
        super().__init__(window)
        self.files = files
        self._place = place
        self._tools = tools
        self._record = record
        self._make_room = make_room

    @cached_property
    def page(self) -> ComplaintPresenter:
        """Steers the page of a complaint."""
        from crmdesk.ui.presenters.complaint_record import ComplaintPresenter

        made = ComplaintPresenter(self._place, self._tools, self)
        made.forms.taken.connect(self._on_step)
        made.letter_wanted.connect(lambda letter: self.letter.open_kept(letter.id))
        made.next.letter_wanted.connect(self._on_letter_due)
        return made

    @cached_property
    def lists(self) -> ComplaintListPresenter:
        """Steers the lists of complaints."""
        from crmdesk.ui.presenters.complaint_list import ComplaintListPresenter

        made = ComplaintListPresenter(self._place, self._tools, self)
        made.complaint_wanted.connect(self.open)
        return made

    @cached_property
    def intake(self) -> ComplaintIntakePresenter:
        """Steers the form of a new complaint."""
        from crmdesk.ui.presenters.complaint_intake import ComplaintIntakePresenter

        made = ComplaintIntakePresenter(self._place, self._tools, self._record, self._make_room)
        made.setParent(self)
        made.logged.connect(self.logged)
        return made

    @cached_property
    def survey(self) -> SurveyPresenter:
        """Steers the follow-up call."""
        from crmdesk.ui.presenters.complaint_survey import SurveyPresenter

        return SurveyPresenter(self._place, self._tools, self.page)

    @cached_property
    def action(self) -> ActionPresenter:
        """Steers corrective actions."""
        from crmdesk.ui.presenters.complaint_action import ActionPresenter

        return ActionPresenter(self._place, self._tools, self.page)

    @cached_property
    def letter(self) -> LetterPresenter:
        """Steers letters."""
        from crmdesk.ui.presenters.complaint_letter import LetterPresenter

        return LetterPresenter(self._place, self._tools, self.page)

    @property
    def lettering(self) -> bool:
        """Whether a letter is on top."""
        return "letter" in self.__dict__ and self.letter.shown

    def write_letter(self) -> None:
        """Write a letter about the complaint shown."""
        self.letter.open()

    def save(self) -> bool:
        """Ctrl+S: save the letter shown, or the file chosen; return whether there is one."""
        if self.lettering:
            self.letter.save()
            return True
        return (self.page.files if self.shown else self.files).save()

    def attach(self, *, pasted: bool) -> None:
        """Choose a file, or take what is *pasted*, for the form that is open or for what is shown."""
        form = "intake" in self.__dict__ and self.intake.is_open
        files = self.intake.files if form else self.page.files if self.shown else None
        if files is None:
            self.files.attach(pasted=pasted)
        elif pasted:
            files.given.paste()
        else:
            files.given.choose()

    def follow_up(self) -> bool:
        """F9: ask the customer of the complaint shown, or say that nobody is to be asked.

        Returns:
            Whether complaints are on top, so that the key means this.
        """
        if not (self.shown or self.listing or self.lettering):
            return False
        from crmdesk.ui.presenters.complaint_record import follow_up_wanted

        record = self.page.record if self.shown else None
        if record is not None and follow_up_wanted(record):
            self.survey.begin()
        else:
            told = self._place.words.tr("No customer is to be asked here now.")
            self._place.parts.messages.say(told, "due")
        return True

    def correct(self) -> None:
        """Write down what is done so that the cause of the complaint shown does not come back."""
        if self.shown:
            self.action.begin()

    def _on_letter_due(self, letter: LetterDue) -> None:
        if letter.letter_id is not None:
            self.letter.open_kept(letter.letter_id)
        else:
            self.letter.open(letter.kind)

    def _on_step(self, transition: str) -> None:
        if transition == CLOSE:
            self.action.after_closing()

    def _aside(self) -> SurveyPresenter | ActionPresenter | None:
        """Return what has a form open beside the complaint that is no step."""
        made = [getattr(self, name) for name in ("survey", "action") if name in self.__dict__]
        return next((each for each in made if each.is_open), None)

    @property
    def writing(self) -> bool:
        """Whether the keyboard is in the form of a new complaint."""
        return "intake" in self.__dict__ and self.intake.has_focus

    def write_down(self) -> None:
        """F8: the form of a new complaint; from inside of it back to the record."""
        self.intake.toggle()

    def solve(self) -> None:
        """Unfold what solves it on the call."""
        self.intake.solve()

    def warm(self) -> None:
        """Load and make the form in spare time, so that F8 is quick; ask for forms never finished."""
        self.intake.warm()

    def flush(self) -> None:
        """Keep what is being typed."""
        if "intake" in self.__dict__:
            self.intake.flush()

    def put_away_form(self) -> None:
        """Hide the form of a new complaint; everything typed stays."""
        if "intake" in self.__dict__:
            self.intake.put_away()

    @property
    def shown(self) -> bool:
        """Whether a complaint is on top."""
        return "page" in self.__dict__ and self.page.shown

    @property
    def listing(self) -> bool:
        """Whether the lists are on top."""
        return "lists" in self.__dict__ and self.lists.shown

    def open_lists(self) -> None:
        """Show the lists."""
        self.lists.open()

    def hand_over(self) -> None:
        """Ask who takes over what is marked in the lists."""
        self.lists.begin_hand_over()

    def export(self) -> None:
        """Save what the lists show."""
        self.lists.export()

    def open(self, complaint_id: UUID, step: str = "") -> None:
        """Show a complaint, and begin *step* with it."""
        self.page.open(complaint_id, step)

    def open_numbered(self, text: str) -> None:
        """Show the complaint with the number *text* means, or say that there is none."""

        def found(complaints: tuple[FoundComplaint, ...]) -> None:
            if complaints:
                self.open(complaints[0].id)
            else:
                told = self._place.words.tr("There is no complaint {number} here.", number=text)
                self._place.parts.messages.say(told, "due")

        future = self._place.desk.complaints.numbered(text)
        self._place.operations.run(future, found, topic="number")

    def close(self) -> bool:
        """Esc: close one thing; return whether there was one."""
        if self.listing:
            return self.lists.close()
        if self.lettering:
            return self.letter.close()
        aside = self._aside()
        if aside is not None:
            return aside.close()
        if self.shown and self.page.close():
            self._resume()
            return True
        return "intake" in self.__dict__ and self.intake.close()

    def accept(self) -> bool:
        """Ctrl+Enter: go on with the complaint shown; return whether there is one."""
        if self.writing:
            self.intake.accept()
            return True
        aside = self._aside()
        if self.lettering:
            self.letter.accept()
        elif self.listing:
            self.lists.accept()
        elif aside is not None:
            aside.accept()
        elif self.shown:
            self.page.accept()
        return self.shown or self.listing or self.lettering

    def note(self) -> bool:
        """Write into the log of the complaint shown; return whether there is one."""
        if self.shown:
            self.page.note()
        return self.shown

    def steps(self) -> None:
        """Show all steps of the complaint shown."""
        self.page.steps()

    def tell_standing(self) -> None:
        """Write down that the caller was told how the complaint shown stands."""
        if self._page_shown():
            self.page.told.log()

    def undo(self) -> None:
        """Take back the last step of the complaint shown."""
        self.page.undo()

    def copy_number(self, *, spoken: bool) -> None:
        """Copy the number of the complaint shown."""
        if self._page_shown():
            self.page.told.copy_number(spoken=spoken)

    def _page_shown(self) -> bool:
        """Return whether a complaint is on top; else it is said that none is."""
        if not self.shown:
            self._place.parts.messages.say(self._place.words.tr("No complaint is open."), "due")
        return self.shown

    def panes(self) -> list[QWidget]:
        """Return what F6 goes through."""
        if self.lettering:
            return self.letter.panes()
        return self.lists.panes() if self.listing else self.page.panes()

    def _resume(self) -> None:
        if self.listing:
            self.lists.resume()
