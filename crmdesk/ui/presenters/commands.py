"""What each command does, and where the keyboard goes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QApplication, QWidget

from crmdesk.ui.presenters.follow_up import FollowUpPresenter

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from crmdesk.models.screen_pop import Article, Found
    from crmdesk.models.types import CustomerId
    from crmdesk.models.worklist import Answer
    from crmdesk.ui.complaint_side import ComplaintSide
    from crmdesk.ui.desk import CustomerRecord
    from crmdesk.ui.presenters.calls import CallsPresenter
    from crmdesk.ui.presenters.notes import NotesPresenter
    from crmdesk.ui.presenters.people import PeoplePresenter
    from crmdesk.ui.presenters.record import RecordPresenter
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.presenters.wrap_up import WrapUpPresenter
    from crmdesk.ui.shared_side import SharedSide

_TO_RECORD = frozenset(
    (
        *("open-caller", "slot-1", "slot-2", "slot-3", "slot-4", "new-person", "edit-person", "verify"),
        *("home", "answers", "note", "follow-up", "wrap-up", "complaint", "complaints"),
    )
)
"""What these lead to lies below panes that float over the window: they are put away first."""

_BESIDE = frozenset(("new-person", "edit-person", "follow-up"))
"""What these open stands where the form of a new complaint does."""


class CommandsPresenter(QObject):
    """Runs commands by id.

    Signals:
        language_wanted(), theme_wanted(), quit_wanted(): for the window.
        home_shown(): the worklist is on top.
    """

    language_wanted = Signal()
    theme_wanted = Signal()
    quit_wanted = Signal()
    home_shown = Signal()

    def __init__(
        self,
        place: Workplace,
        calls: CallsPresenter,
        record: RecordPresenter,
        notes: NotesPresenter,
        wrap_up: WrapUpPresenter,
        people: PeoplePresenter,
        shared: SharedSide,
        complaints: ComplaintSide,
    ) -> None:
        super().__init__()
        self._shared = shared
        self._complaints = complaints
        self._parts = place.parts
        self._slots = place.slots
        self._calls = calls
        self._record = record
        self._notes = notes
        self._wrap_up = wrap_up
        self._people = people
        self._desk = place.desk
        self._operations = place.operations
        self._words = place.words
        self._handlers = self._make_handlers()
        people.record_wanted.connect(self.open_customer)
        shared.customer_wanted.connect(self.open_customer)
        place.parts.finder.new_wanted.connect(people.new)
        place.parts.finder.complaint_found.connect(self.open_complaint)
        place.parts.timeline.complaint_wanted.connect(self.open_complaint)
        place.parts.answers.used.connect(self.use)
        self._follow_ups = FollowUpPresenter(place, calls, record, self)

    def run(self, command_id: str) -> None:
        """Run a command; what went well before has been read, and may lie over what comes."""
        if self._parts.messages.passing:
            self._parts.messages.dismiss()
        if command_id in _TO_RECORD:
            self._shared.put_away()
        if command_id in _BESIDE:
            self._complaints.put_away_form()
        self._handlers[command_id]()

    def known(self) -> set[str]:
        """Return the ids that can be run."""
        return set(self._handlers)

    def open_customer(self, customer_id: CustomerId) -> None:
        """Open a customer by hand; during a call his record shows until Esc, the note stays the call's."""
        self._operations.run(self._desk.customer_record(customer_id), self._on_record, topic="record")

    def open_complaint(self, complaint_id: UUID) -> None:
        """Open a complaint; Esc goes back to what was shown before."""
        self._shared.put_away()
        self._complaints.open(complaint_id)

    def open_numbered(self, text: str) -> None:
        """Open the complaint with the number *text* means, typed in any way."""
        self._shared.put_away()
        self._complaints.open_numbered(text)

    def on_found(self, found: Found) -> None:
        """Somebody was found: the caller if a call waits for a name, else a record to read."""
        if not self._calls.attach(found):
            self.open_customer(found.customer_id)

    def use(self, answer: Answer | None = None) -> None:
        """Take what to say into the note and remember that the article was used."""
        chosen = answer or self._parts.answers.current()
        if self._slots.current is None:
            self._parts.messages.say(self._words.tr("No call is open that could take the answer"), "due")
            return
        article = self._parts.answers.article.shown
        if self._parts.answers.reading and article is not None:
            self._on_use(article)
        elif chosen is not None:
            self._operations.run(self._desk.article(chosen.article_id), self._on_use, topic="use")

    def _make_handlers(self) -> dict[str, Callable[[], object]]:
        parts, calls = self._parts, self._calls
        handlers: dict[str, Callable[[], object]] = {
            "open-caller": calls.open_waiting,
            "not-him": calls.not_him,
            "always-ask": calls.always_ask,
            "only-this": calls.only_this,
            "call-back": calls.call_back,
            "finish": self._wrap_up.finish,
            "stretch": self._wrap_up.stretch,
            "find": lambda: parts.finder.open(QApplication.focusWidget()),
            "new-person": self._people.new,
            "edit-person": self._people.edit,
            "verify": self._verify,
            "home": self._home,
            "answers": self._answers,
            "note": self._note,
            "follow-up": self._follow_up,
            "wrap-up": self._wrap_up.to_disposition,
            "go-on": self._go_on,
            "save": self._save,
            "load-history": self._shared.load_history,
            "help": self._shared.ask_help,
            "go-help": self._shared.go_help,
            "sharing": self._shared.open_panel,
            "join": self._shared.join,
            "next-pane": lambda: self._to_pane(1),
            "previous-pane": lambda: self._to_pane(-1),
            "language": self.language_wanted.emit,
            "theme": self.theme_wanted.emit,
            "leave": self._leave,
            "keys": lambda: parts.keys.toggle(QApplication.focusWidget()),
            "quit": self.quit_wanted.emit,
        }
        handlers |= _of_complaints(self._complaints)
        for number in range(1, 5):
            handlers[f"slot-{number}"] = self._opener(number)
        for row in range(5):
            handlers[f"choose-{row + 1}"] = self._chooser(row)
        return handlers

    def _opener(self, number: int) -> Callable[[], None]:
        return lambda: self._calls.open_number(number)

    def _chooser(self, row: int) -> Callable[[], None]:
        return lambda: self._take_row(row)

    def _take_row(self, row: int) -> None:
        if self._complaints.writing:
            self._complaints.intake.set_severity(row)
        elif self._people.has_focus:
            self._people.take(row)
        else:
            self._calls.choose(row)

    def _record_shown(self) -> bool:
        return self._parts.stage.shown is self._parts.record

    def _verify(self) -> None:
        if self._record_shown():
            self._record.verify()

    def _answers(self) -> None:
        if self._record_shown():
            self._parts.answers.to_search()
        else:
            self._parts.home.news.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def _note(self) -> None:
        if self._complaints.note():
            return
        if self._slots.current is not None:
            self._parts.stage.present(self._parts.record)
            self._parts.note.to_note()

    def _follow_up(self) -> None:
        if self._complaints.follow_up():
            return
        if not self._record_shown():
            self._parts.home.tasks.setFocus(Qt.FocusReason.ShortcutFocusReason)
        elif self._follow_ups.has_focus:
            self._follow_ups.close()
        else:
            self._follow_ups.open()

    def _go_on(self) -> None:
        parts = self._parts
        if self._shared.accept() or self._complaints.accept():
            return
        if parts.answers.owns_focus():
            self.use()
        elif self._follow_ups.has_focus:
            parts.follow_up.accept()
        elif self._people.has_focus:
            self._people.accept()
        elif self._slots.current is not None and not self._slots.current.live:
            self._wrap_up.finish()
        else:
            self._save()

    def _save(self) -> None:
        if self._complaints.save():
            return
        slot = self._slots.current
        if slot is not None:
            self._notes.save(slot.number)

    def _leave(self) -> None:
        """Esc: close one thing, the uppermost; never discard."""
        parts = self._parts
        if parts.keys.close_list() or parts.finder.close_hits():
            return
        if parts.box.hasFocus():
            parts.finder.leave()
            return
        closers = (
            parts.messages.dismiss,
            self._shared.close,
            self._complaints.close,
            self._follow_ups.close,
            self._people.close,
            parts.home.close_article,
            self._complaints.files.stop,
            self._record.close_article,
            parts.timeline.close_detail,
            self._record.clear_search,
            parts.home.clear_filter,
        )
        if not any(close() for close in closers) and self._record_shown():
            self._back_to_call()

    def _home(self) -> None:
        parts = self._parts
        if parts.stage.shown is parts.home:
            return
        parts.box.setFocus(Qt.FocusReason.ShortcutFocusReason)
        parts.stage.present(parts.home)
        if self._slots.current is None:
            self._record.clear()
        self.home_shown.emit()

    def _on_record(self, record: CustomerRecord) -> None:
        during_call = self._slots.current is not None
        self._parts.record.with_call(during_call)
        self._record.show_record(record)
        self._parts.stage.present(self._parts.record)
        self._parts.timeline.list.setFocus(Qt.FocusReason.OtherFocusReason)
        if during_call:
            told = self._words.tr("Reading {name} · Esc goes back to the call", name=record.customer.name)
            self._parts.messages.say(told, "good")

    def _back_to_call(self) -> None:
        current = self._slots.current
        if current is None:
            self._home()
        elif self._record.slot is not current:
            self._record.show_slot(current)

    def _on_use(self, article: Article) -> None:
        slot = self._slots.current
        if slot is None:
            return
        if article.say_this.strip():
            self._parts.note.insert(slot.number, article.say_this.strip())
        slot.used[article.article_id] = article.title
        self._parts.answers.mark_used(frozenset(slot.used))
        self._operations.run(self._desk.mark_article(article.article_id, "used", slot.pop.call_id))
        self._parts.messages.say(self._words.tr("Taken into the note: {title}", title=article.title), "good")
        self._calls.redraw()

    def _to_pane(self, step: int) -> None:
        panes = [pane for pane in self._panes() if pane.isVisible() and pane.isEnabled()]
        focus = _focus()
        here = next((n for n, pane in enumerate(panes) if pane is focus), -1 if step > 0 else 0)
        if panes:
            panes[(here + step) % len(panes)].setFocus(Qt.FocusReason.TabFocusReason)

    def _panes(self) -> list[QWidget]:
        parts = self._parts
        if self._complaints.shown or self._complaints.listing or self._complaints.lettering:
            return self._complaints.panes()
        if not self._record_shown():
            return [*parts.home.lists, parts.home.article, parts.box]
        notes: list[QWidget] = [parts.note.edit(n) for n in range(1, 5)]
        return [
            parts.caller.list,
            *self._complaints.files.controls(),
            parts.timeline.list,
            parts.chooser.list,
            parts.answers.search,
            parts.answers.list,
            parts.answers.article,
            *notes,
            parts.follow_up.subject,
            parts.wrap_up.box,
            parts.box,
        ]


def _focus() -> QWidget:
    return QApplication.focusWidget() or QWidget()


def _of_complaints(complaints: ComplaintSide) -> dict[str, Callable[[], object]]:
    return {
        "complaint": complaints.write_down,
        "remedy": complaints.solve,
        "complaints": complaints.open_lists,
        "hand-over": complaints.hand_over,
        "export-list": complaints.export,
        "complaint-steps": complaints.steps,
        "undo": complaints.undo,
        "tell-standing": complaints.tell_standing,
        "attach-file": lambda: complaints.attach(pasted=False),
        "paste-file": lambda: complaints.attach(pasted=True),
        "letter": complaints.write_letter,
        "corrective-action": complaints.correct,
        "copy-number": lambda: complaints.copy_number(spoken=False),
        "copy-spoken": lambda: complaints.copy_number(spoken=True),
    }
