"""The page of a complaint: opened, kept fresh, its next step, all other steps, undo, its number."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from crmdesk.ui.complaint_heads import HeadsOf
from crmdesk.ui.complaint_words import field_word, listed
from crmdesk.ui.delegates.home import Line
from crmdesk.ui.itemmodels.complaint_lines import LinesOf, RecordLine
from crmdesk.ui.presenters.closed_file import FETCH, ClosedFile
from crmdesk.ui.presenters.complaint_files import ComplaintFiles
from crmdesk.ui.presenters.complaint_next import NextThing, why_refused
from crmdesk.ui.presenters.complaint_remedies import RemedyKey
from crmdesk.ui.presenters.complaint_told import TELL, StandingTold
from crmdesk.ui.presenters.record_files import file_of
from crmdesk.ui.presenters.step_forms import NOTE, StepForms
from crmdesk.ui.views.complaint_record import ComplaintView

if TYPE_CHECKING:
    from uuid import UUID

    from PySide6.QtWidgets import QWidget

    from crmdesk.models.changes import ChangeSet
    from crmdesk.services.complaints.allowed import Allowed
    from crmdesk.services.complaints.record_view import ComplaintRecord, Link, Named
    from crmdesk.ui.presenters.workplace import Tools, Workplace

_SHOWN = frozenset(
    {
        *(
            "complaint",
            "complaint_body",
            "complaint_event",
            "clock_line",
            "remedy_line",
            "approval",
            "letter",
        ),
        *("note", "task", "survey", "corrective_action", "agent", "customer", "attachment"),
    }
)
"""Tables whose changes may show here."""
_EVERY_MS = 60_000
"""So often clocks are looked at again while a complaint is open."""
_UNDO, _DUE = "U1", "T15"
_AGAIN = "complaint again"


class ComplaintPresenter(QObject):
    """Steers the page of one complaint; made when the first one is opened.

    Signals:
        letter_wanted(LetterView): a letter that was kept is to be looked at.
    """

    letter_wanted = Signal(object)

    def __init__(self, place: Workplace, tools: Tools, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._words = place.words
        self._lines = LinesOf(place.words, place.moments)
        self._heads = HeadsOf(place.words, place.moments)
        self.view = ComplaintView(tools)
        place.parts.stage.add(self.view)
        self.forms = StepForms(place, tools, self.view, self)
        self.told = StandingTold(place, self.view.standing, self.forms, self)
        self.files = ComplaintFiles(place, self.view, self)
        self.closed_file = ClosedFile(place, self)
        self.remedies = RemedyKey(place, self.view, self)
        self.next = NextThing(place, self.view, self)
        self.record: ComplaintRecord | None = None
        self._before: QWidget | None = None
        self._unfolded: frozenset[object] = frozenset()
        self._overtaken = False
        self._done = ""
        self._clock = QTimer(self, interval=_EVERY_MS)
        self._clock.timeout.connect(self.refresh)
        self._wire(tools)

    @property
    def shown(self) -> bool:
        """Whether the page is on top."""
        return self._place.parts.stage.shown is self.view

    def shows(self, complaint_id: UUID) -> bool:
        """Whether the page is on top, with this complaint: somebody may have gone on to another."""
        return self.shown and self.record is not None and self.record.head.id == complaint_id

    def open(self, complaint_id: UUID, step: str = "") -> None:
        """Show a complaint, and begin *step* with it."""

        def opened(record: ComplaintRecord) -> None:
            self._on_opened(record)
            if step:
                self.begin(step)

        self._overtaken = False
        self._place.operations.forget(_AGAIN)
        future = self._place.desk.complaints.record(complaint_id, opening=True)
        self._place.operations.run(future, opened, topic="complaint")

    def refresh(self) -> None:
        """Read the complaint again, if it is on the screen; what is being opened comes all the same."""
        if self.record is not None and self.shown:
            future = self._place.desk.complaints.record(self.record.head.id)
            self._place.operations.run(future, self._on_fresh, topic=_AGAIN)

    def accept(self) -> None:
        """Ctrl+Enter: send the form, choose the step in the list, else begin the next step."""
        if self.forms.is_open:
            self.forms.send()
        elif self.view.right_shown is self.view.steps:
            self._choose(max(0, self.view.steps.list.current_row()))
        else:
            self.next.go()

    def begin(self, transition: str) -> None:
        """Begin a step, or say why it cannot be taken."""
        step = self.record.step(transition) if self.record is not None else None
        if step is None:
            return
        if not step.may:
            self._say(why_refused(self._words, step))
        elif transition == _UNDO:
            self.undo()
        elif transition == TELL:
            self.told.log()
        else:
            self.forms.begin(step)

    def steps(self) -> None:
        """Show all steps; once more puts them away."""
        if not self.shown or self.record is None:
            self._say(self._words.tr("No complaint is open."))
        elif self.view.right_shown is self.view.steps:
            self.close()
        else:
            self.forms.close()
            self._show_steps(self.record)
            self.view.present_right(self.view.steps)
            self.view.steps.list.choose_row(0)
            self.view.steps.list.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def undo(self) -> None:
        """Take back the last step."""
        step = self.record.step(_UNDO) if self.shown and self.record is not None else None
        if step is None or self.record is None:
            self._say(self._words.tr("There is nothing here to take back."))
            return
        if not step.may:
            self._say(why_refused(self._words, step))
            return
        self._done = self._named(self.record.events[0].name) if self.record.events else ""
        operation = next((field.default for field in step.fields if field.name == "operation_id"), None)
        self.forms.take(_UNDO, {"operation_id": operation})

    def note(self) -> None:
        """Write into the investigation log."""
        if self.record is not None and self.record.body is None:
            self._say(self._lines.file(self.record)[0].text)
        else:
            self.forms.begin_note()

    def close(self) -> bool:
        """Esc: put form or steps away, break off what is fetched, then go back to what was shown before."""
        if not self.shown:
            return False
        if self.forms.close():
            return True
        if self.view.right_shown is self.view.steps:
            self.view.present_right(self.view.trail)
            self.view.file.list.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        if not self._break_off():
            self._back()
        return True

    def _break_off(self) -> bool:
        """Fetch no more; return whether anything was being fetched."""
        file = self.record is not None and self.closed_file.stop(self.record.head.id)
        return self.files.stop() or file

    def panes(self) -> list[QWidget]:
        """Return what F6 goes through."""
        first = [self.view.file.list]
        if self.forms.is_open:
            names = self.view.form.names()
            return [*first, *([self.view.form.field(names[0]).controls()[0]] if names else [])]
        return [*first, *self.view.controls()[1:], self._place.parts.box]

    def retranslate(self) -> None:
        """Words changed."""
        if self.record is not None:
            self._show(self.record)
            self.forms.retranslate()

    def _wire(self, tools: Tools) -> None:
        view = self.view
        view.next.triggered.connect(self.next.go)
        self.next.step_wanted.connect(self.begin)
        view.file.entered.connect(self._on_line)
        view.trail.entered.connect(self._on_unfold)
        view.trail.list.more = self._more
        view.steps.chosen.connect(self.begin)
        self.forms.taken.connect(self._on_taken)
        self.forms.stale.connect(self.refresh)
        self.files.changed.connect(self._show_file)
        self.closed_file.changed.connect(self._show_file)
        self.forms.closed.connect(lambda: view.file.list.setFocus(Qt.FocusReason.OtherFocusReason))
        tools.bridge.changed.connect(self._on_changed)
        self._words.changed.connect(self.retranslate)

    def _on_opened(self, record: ComplaintRecord) -> None:
        stage = self._place.parts.stage
        if stage.shown is not self.view:
            self._before = stage.shown
        if self.record is None or self.record.head.id != record.head.id:
            self._unfolded = frozenset()
            self.view.present_right(self.view.trail)
        self._show(record)
        if record.elsewhere:
            self.closed_file.fetch(record.head.id)
        stage.present(self.view)
        self._clock.start()
        self.view.file.list.setFocus(Qt.FocusReason.OtherFocusReason)
        self.view.file.list.scrollToTop()
        if self._overtaken:
            self.refresh()

    def _on_fresh(self, record: ComplaintRecord) -> None:
        if self.record is not None and self.record.head.id == record.head.id:
            self._show(record)

    def _show(self, record: ComplaintRecord) -> None:
        self.record = record
        view = self.view
        view.head.show_card(self._heads.card(record))
        self.told.know(record)
        self.files.know(record)
        self._show_file()
        view.trail.show_lines(self._lines.trail(record, self._unfolded))
        self.next.show(record)
        undo = record.step(_UNDO)
        view.undo_button.setVisible(undo is not None and undo.may)
        view.steps_button.setVisible(bool(record.steps))
        view.call_button.setVisible(follow_up_wanted(record))
        view.letter_button.setVisible(record.body is not None)
        if view.right_shown is view.steps:
            self._show_steps(record)
        self.forms.know(record)

    def _show_file(self) -> None:
        if self.record is not None:
            lines = self.files.laid_in(self._lines.file(self.record))
            self.view.file.show_lines(self.closed_file.laid_in(self.record, lines))

    def _show_steps(self, record: ComplaintRecord) -> None:
        here = [step for step in record.steps if step.here and step.transition != _DUE]
        ordered = sorted(here, key=lambda step: (not step.may, step.transition != record.next_step))
        self.view.steps.lines.show([self._step_line(step) for step in ordered])

    def _step_line(self, step: Allowed) -> Line:
        named = (field_word(self._words, field.name) for field in step.fields if field.required)
        fields = listed(self._words, named)
        below = why_refused(self._words, step) if not step.may else fields or self._words.tr("at once")
        return Line(
            step.transition,
            "check" if step.may else "close",
            self._words.pick(step.en, step.zh),
            below,
            tone="good" if step.may else "plain",
        )

    def _choose(self, row: int) -> None:
        lines = self.view.steps.lines.rows
        if row < len(lines):
            self.begin(str(lines[row].source))

    def _on_line(self, line: RecordLine) -> None:
        file = file_of(line)
        if file is not None:
            self.files.open(file)
        elif line.source == FETCH and self.record is not None:
            self.closed_file.fetch(self.record.head.id)
        elif line.kind == "letter":
            self.letter_wanted.emit(line.source)
        elif line.kind == "link":
            link: Link = line.source  # type: ignore[assignment]  # what a line of this kind holds
            self.open(link.id)

    def _on_unfold(self, line: RecordLine) -> None:
        if line.source is not None and self.record is not None:
            self._unfolded ^= {line.source}
            self.view.trail.show_lines(self._lines.trail(self.record, self._unfolded))

    def _more(self, line: RecordLine) -> str:
        clocks = self.record.clocks if self.record is not None and line.kind == "clock" else ()
        return next((self._lines.ledger(clock) for clock in clocks if clock.clock == line.source), "")

    def _on_changed(self, changes: ChangeSet) -> None:
        if changes.kinds & _SHOWN:
            # What is being opened may have been read before that.
            self._overtaken = True
            self.refresh()

    def _on_taken(self, transition: str) -> None:
        tr, messages = self._words.tr, self._place.parts.messages
        step = self.record.step(transition) if self.record is not None else None
        if transition == NOTE:
            messages.say(tr("The note is in the log."), "good")
        elif transition == _UNDO:
            messages.say(tr("Taken back: {step}", step=self._done), "good")
        elif step is not None:
            messages.say(tr("Done: {subject}", subject=self._words.pick(step.en, step.zh)), "good")
        self.refresh()

    def _back(self) -> None:
        self._clock.stop()
        stage, parts = self._place.parts.stage, self._place.parts
        page = self._before or parts.home
        usual = parts.timeline.list if page is parts.record else parts.home.tasks
        target = page.focusProxy() or usual
        target.setFocus(Qt.FocusReason.OtherFocusReason)
        stage.present(page)
        target.setFocus(Qt.FocusReason.OtherFocusReason)

    def _say(self, text: str) -> None:
        if text:
            self._place.parts.messages.say(text, "due")

    def _named(self, named: Named | None) -> str:
        return self._words.pick(named.name_en, named.name_zh) or named.key if named is not None else ""


def follow_up_wanted(record: ComplaintRecord) -> bool:
    """Whether the customer of this complaint is to be asked now."""
    asked = any(task.errand in ("follow_up", "survey") and task.state == "open" for task in record.tasks)
    return record.body is not None and (asked or record.head.state == "FOLLOW_UP")
