"""Forms of steps: opened with what is known, kept while somebody types, sent, and what a refusal says."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from PySide6.QtCore import QObject, QTimer, Signal

from crmdesk.errors import Conflict
from crmdesk.services.complaints.allowed import Allowed, AskedField, Choice
from crmdesk.ui.complaint_desk import StepWanted
from crmdesk.ui.complaint_words import clock_word, refusal
from crmdesk.ui.presenters.words_left import WordsLeft
from crmdesk.ui.views.step_form import FormPlan
from crmdesk.ui.widgets.step_fields import Kit
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from crmdesk.models.screen_pop import FoundComplaint
    from crmdesk.models.wire import Json
    from crmdesk.services.complaints.record_view import ComplaintRecord
    from crmdesk.ui.presenters.workplace import Tools, Workplace
    from crmdesk.ui.views.complaint_record import ComplaintView

NOTE = "note"
"""The form of a note in the investigation log, which is no step of the procedure."""
_LOG_NOTE = Allowed(NOTE, "Note", "", (), (AskedField("note", "text", required=True),), (), here=True)
_KEEP_MS = 300
_NOTE_ID = "note_id"


@dataclass(frozen=True, slots=True)
class _Open:
    """The form that is open: of which complaint, for which step, decided on which state and version."""

    complaint_id: UUID
    transition: str
    state: str
    version: int
    note_id: str = ""

    @property
    def key(self) -> str:
        return f"{self.complaint_id}/{self.transition}"


class StepForms(QObject):
    """Steers the form at the right of a complaint.

    Signals:
        taken(str): a step was taken, or a note written: its id.
        stale(): the complaint is another one by now; read it again.
        closed(): the form was put away.
    """

    taken = Signal(str)
    stale = Signal()
    closed = Signal()

    def __init__(self, place: Workplace, tools: Tools, view: ComplaintView, parent: QObject) -> None:
        super().__init__(parent)
        self._place = place
        self._tools = tools
        self._words = place.words
        self._view = view
        self._record: ComplaintRecord | None = None
        self._open: _Open | None = None
        self._asked = ""
        self._sending = self._typed = self._back = False
        self._conflict: Conflict | None = None
        self._words_left = WordsLeft(place, NOTE, _NOTE_ID)
        self._keeper = QTimer(self, singleShot=True, interval=_KEEP_MS)
        self._keeper.timeout.connect(self.keep)
        view.form.edited.connect(self._on_edited)
        view.form.accepted.connect(self.send)

    @property
    def is_open(self) -> bool:
        """Whether a form is shown."""
        return self._open is not None

    def know(self, record: ComplaintRecord) -> None:
        """Take in the complaint as it stands now; after a conflict the form starts from there."""
        before = self._record
        if before is not None and before.head.id != record.head.id:
            self.close()
        self._record = record
        if self._conflict is not None and self._open is not None:
            self._tell_conflict(record, self._open)
        elif before is not None and len(before.letters) != len(record.letters):
            # Whoever was told to make the letter first comes back with it: it is how it is told.
            self._show_again(without="sent_via")

    def begin(self, step: Allowed) -> None:
        """Open the form of *step*; one without fields is taken at once."""
        record = self._record
        if record is None:
            return
        if not step.fields:
            self.take(step.transition, {})
            return
        self._ask_kept(_opened(record, step.transition), lambda kept: self._show(step, kept))

    def begin_note(self) -> None:
        """Open the form of a note."""
        record = self._record
        if record is None or record.body is None:
            return
        self._ask_kept(_opened(record, NOTE), lambda kept: self._show(_LOG_NOTE, kept))

    def close(self) -> bool:
        """Put the form away, keeping what was typed; return whether one was open."""
        opened = self._open
        if opened is None:
            return False
        self._flush()
        texts = self._in_vain(opened)
        if texts:
            self._words_left.lay(opened.key, f"{opened.complaint_id}/{NOTE}", texts)
        self._open, self._conflict = None, None
        self._view.present_right(self._view.trail)
        self.closed.emit()
        return True

    def _in_vain(self, opened: _Open) -> tuple[str, ...]:
        """Return what was typed for a step that is not possible any more."""
        record = self._record
        step = record.step(opened.transition) if record is not None and record.body is not None else None
        if step is None or step.may or not self._typed:
            return ()
        values = self._view.form.values()
        texts = (values.get(field.name) for field in step.fields if field.type == "text")
        return tuple(str(text) for text in texts if text)

    def keep(self) -> None:
        """Keep what stands in the form."""
        opened = self._open
        if opened is None:
            return
        content: dict[str, Json] = self._view.form.kept()
        if opened.note_id:
            content[_NOTE_ID] = opened.note_id
        self._place.operations.run(self._place.desk.complaints.keep_form(opened.key, content))

    def send(self) -> None:
        """Take the step as it is filled in."""
        opened = self._open
        if opened is None or self._sending:
            return
        self._flush()
        self._view.form.clear_faults()
        values = self._view.form.values()
        if opened.transition == NOTE:
            self._send_note(opened, str(values.get("note") or ""))
        else:
            self._take(opened, values)

    def take(self, transition: str, fields: Mapping[str, Json]) -> None:
        """Take a step that needs no form, on the complaint as it is shown."""
        if self._record is not None and not self._sending:
            self._take(_opened(self._record, transition), fields)

    def retranslate(self) -> None:
        """Words changed: the form is made anew with what stands in it."""
        self._show_again(back=self._back)

    def _show_again(self, without: str = "", *, back: bool = True) -> None:
        """Make the form anew with what stands in it, *without* a field; *back*: say that it is here again."""
        opened, record = self._open, self._record
        if opened is None or record is None:
            return
        self.keep()
        values = {name: value for name, value in self._view.form.kept().items() if name != without}
        step = _LOG_NOTE if opened.transition == NOTE else record.step(opened.transition)
        if step is not None:
            self._show(step, values, back=back)

    def _ask_kept(self, opened: _Open, show: Callable[[Mapping[str, Json]], None]) -> None:
        """Show the form once it is known what was kept of it."""
        self._flush()
        self._asked = opened.key

        def known(kept: Mapping[str, Json] | None) -> None:
            if self._asked != opened.key:
                return
            note_id = str((kept or {}).get(_NOTE_ID) or (uuid4() if opened.transition == NOTE else ""))
            self._open = replace(opened, note_id=note_id)
            show(kept or {})

        self._place.operations.run(
            self._place.desk.complaints.kept_form(opened.key),
            known,
            topic="kept form",
            failed=lambda _: known(None),
        )

    def _show(self, step: Allowed, content: Mapping[str, Json], *, back: bool = True) -> None:
        record, form = self._record, self._view.form
        if record is None:
            return
        name = self._words.tr("Note in the investigation log")
        if step.transition != NOTE:
            name = self._words.pick(step.en, step.zh)
        fields = tuple(self._prepared(record, asked) for asked in step.fields)
        self._back = back and bool(content)
        told = self._words.tr("What you had typed before is here again.") if self._back else ""
        button = self._words.tr("Keep the note") if step.transition == NOTE else name
        plan = FormPlan(name, button, fields, told, step=step.transition)
        form.open(plan, self._kit(record), content)
        self._typed = bool(content)
        self._view.present_right(form)
        form.to_first()

    def _kit(self, record: ComplaintRecord) -> Kit:
        tools = self._tools
        return Kit(
            tools.ink, tools.words, tools.moments, tools.composing, tools.reserved, record, self._look_up
        )

    def _look_up(self, text: str, found: Callable[[tuple[FoundComplaint, ...]], None]) -> None:
        future = self._place.desk.complaints.numbered(text)
        self._place.operations.run(future, found, topic="number", failed=lambda _: found(()))

    def _prepared(self, record: ComplaintRecord, asked: AskedField) -> AskedField:
        """Return *asked* with what only the window knows: the running call, the time, what is open."""
        now, slot = self._place.moments.now(), self._place.slots.current
        if asked.name == "call_id" and slot is not None:
            call = Choice(str(slot.pop.call_id), "This call", "本次通话")
            return replace(asked, choices=(call,), default=call.value)
        if asked.name in {"ack_channel", "sent_via"} and slot is not None:
            return replace(asked, default="phone")
        if asked.name == "sent_via" and asked.default == "phone" and _unsent(record):
            return replace(asked, default="letter")
        if asked.default is not None:
            return asked
        known: dict[str, Callable[[], Json]] = {
            "contacted_at": now.isoformat,
            "date": now.isoformat,
            "open_points": lambda: self._open_points(record),
            "remedies": lambda: _proposed(record),
            "letter_id": lambda: _first_of(asked.choices, _unsent(record)),
            "accepted_by": lambda: record.customer.name or (record.body.complainant if record.body else ""),
        }
        make = known.get(asked.name)
        return replace(asked, default=make() or None) if make is not None else asked

    def _open_points(self, record: ComplaintRecord) -> str:
        """Return what a new owner has to know: what is due, what is promised, what the log said last."""
        tr, moments, lines = self._words.tr, self._place.moments, list[str]()
        clock = record.next_clock
        if clock is not None:
            name, when = clock_word(self._words, clock.clock), moments.day_and_time(clock.due)
            lines.append(tr("Due next: {clock}, {when}", clock=name, when=when))
        for task in record.tasks:
            if task.state == "open" and task.subject and not task.errand:
                lines.append(tr("Open: {subject}", subject=task.subject))
        if record.log:
            lines.append(tr("Last note: {text}", text=record.log[0].text.partition("\n")[0]))
        return "\n".join(lines)

    def _take(self, opened: _Open, fields: Mapping[str, Json]) -> None:
        self._sending = True
        wanted = StepWanted(opened.complaint_id, opened.transition, fields, opened.state, opened.version)
        self._place.operations.run(
            self._place.desk.complaints.take(wanted),
            lambda _: self._on_taken(opened),
            failed=self._on_refused,
        )

    def _send_note(self, opened: _Open, text: str) -> None:
        if not text:
            self._view.form.say(self._words.tr("Please write the note first."), "due", NOTE)
            return
        self._sending = True
        kept = self._place.desk.complaints.add_note(opened.complaint_id, text, UUID(opened.note_id))
        self._place.operations.run(kept, lambda _: self._on_taken(opened), failed=self._on_refused)

    def _on_taken(self, opened: _Open) -> None:
        self._sending, self._conflict = False, None
        self._keeper.stop()
        self._place.operations.run(self._place.desk.complaints.forget_form(opened.key))
        if self._open is not None and self._open.key == opened.key:
            self._open = None
            self._view.present_right(self._view.trail)
            self.closed.emit()
        self.taken.emit(opened.transition)

    def _on_refused(self, error: BaseException) -> None:
        self._sending = False
        if self._open is None:
            self._place.operations.failed.emit(error)
        elif isinstance(error, Conflict):
            self._conflict = error
            self.stale.emit()
        else:
            told, name = refusal(self._words, error)
            self._view.form.say(told, "breach", name)

    def _tell_conflict(self, record: ComplaintRecord, opened: _Open) -> None:
        """Say how the complaint stands now, and whether the step can still be taken as it is filled in."""
        tr, error, self._conflict = self._words.tr, self._conflict, None
        step = record.step(opened.transition)
        state = self._words.pick(record.state.name_en, record.state.name_zh)
        first, _ = refusal(self._words, error) if error is not None else ("", "")
        if step is not None and step.may:
            self._open = replace(opened, state=record.head.state, version=record.head.rev)
            told = tr("It is now: {state}. Ctrl+Enter does it all the same.", state=state)
        else:
            told = tr(
                "It is now: {state}, and this step is not possible. What you typed stays here.", state=state
            )
        self._view.form.say(f"{first} {told}".strip(), "due")

    def _on_edited(self) -> None:
        self._typed = True
        if not self._keeper.isActive():
            self._keeper.start()

    def _flush(self) -> None:
        if self._keeper.isActive():
            self._keeper.stop()
            self.keep()


def _opened(record: ComplaintRecord, transition: str) -> _Open:
    return _Open(record.head.id, transition, record.head.state, record.head.rev)


def _unsent(record: ComplaintRecord) -> frozenset[str]:
    """Return the letters that tell a decision and have not left the house."""
    return frozenset(str(each.id) for each in record.letters if each.sent_at is None and each.tells)


def _first_of(choices: tuple[Choice, ...], values: frozenset[str]) -> Json:
    return next((each.value for each in choices if each.value in values), None)


def _proposed(record: ComplaintRecord) -> Json:
    """Return the remedies that the new proposal replaces, to be changed."""
    return [
        {"type": line.type, "value": line.value, **({"due": line.due.isoformat()} if line.due else {})}
        for line in record.remedies
        if line.done_at is None and (not line.order_id or line.failed_at is not None)
    ]
