"""How a call ends: what it came to, what was used and promised, the seconds left, and the next call."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal

from crmdesk.ui.desk import WrapUp
from crmdesk.ui.slots import STRETCH_SECONDS, guess_disposition

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmdesk.models.worklist import DispositionChoice
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.slots import Slot


class WrapUpPresenter(QObject):
    """Steers the strip at the foot of the record, and whether this desk takes calls.

    Args:
        unsaved: whether a complaint was begun in a call of this id, and is not saved.

    Signals:
        finished(Slot): the services closed the call.
        ready_changed(): ready or paused.
    """

    finished = Signal(object)
    ready_changed = Signal()

    def __init__(self, place: Workplace, unsaved: Callable[[str], bool]) -> None:
        super().__init__()
        self._unsaved = unsaved
        self._place = place
        self._slots = place.slots
        self._words = place.words
        self._choices: tuple[DispositionChoice, ...] = ()
        self.ready = True
        place.parts.wrap_up.disposition_chosen.connect(self._on_disposition)
        place.parts.wrap_up.reason_chosen.connect(self._on_reason)

    def offer(self, choices: tuple[DispositionChoice, ...]) -> None:
        """Know the ways a call can end."""
        self._choices = choices
        self._place.parts.wrap_up.offer(choices)
        self.draw()

    def on_complaint(self, call_id: str, number: str) -> None:
        """A complaint was written down in a call: it came to that, unless the agent says otherwise."""
        slot = self._slots.of_call(call_id)
        if slot is not None and number not in slot.complaints:
            slot.complaints.append(number)
            self.draw()

    def finish(self) -> None:
        """F12: end the wrap-up; without a call, ready or paused."""
        slot = self._slots.current
        if slot is None:
            self._toggle_ready()
        elif slot.live:
            told = self._words.tr(
                "The call is still up. F12 finishes it once it has ended; the note is kept."
            )
            self._place.parts.messages.say(told, "due")
        elif self._unsaved(str(slot.pop.call_id)) and not slot.warned:
            slot.warned = True
            told = self._words.tr(
                "The complaint of this call is not saved: F8 shows it. F12 again finishes without it."
            )
            self._place.parts.messages.say(told, "due")
        elif not slot.finishing:
            self._close(slot)

    def stretch(self) -> None:
        """A minute more for the wrap-up."""
        slot = self._slots.current
        if slot is not None and slot.wrap_up_until is not None:
            start = max(slot.wrap_up_until, self._place.moments.now())
            slot.wrap_up_until = start + timedelta(seconds=STRETCH_SECONDS)
            slot.stretched = slot.stretched or self._guess_reason(slot)
            self.draw()

    def to_disposition(self) -> None:
        """Put the keyboard on how the call ended."""
        if self._slots.current is not None:
            self._place.parts.wrap_up.box.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def draw(self) -> None:
        """Show the present state."""
        slot, strip = self._slots.current, self._place.parts.wrap_up
        if slot is None:
            return
        strip.wait(slot.state == "ringing")
        strip.show_reason(slot.stretched)
        strip.choose(slot.disposition or guess_disposition(self._choices, slot))
        strip.marks.show_marks(self._marks(slot))
        if slot.wrap_up_until is None:
            strip.show_timer("", "plain")
            return
        left = int((slot.wrap_up_until - self._place.moments.now()).total_seconds())
        strip.show_timer(self._words.tr("{n} s", n=max(0, left)), "plain" if left > 5 else "due")

    def _marks(self, slot: Slot) -> tuple[tuple[str, str, str], ...]:
        """Return icon, text and tone of what was written down, used and promised."""
        marks = [("complaint", number, "accent") for number in slot.complaints]
        if self._unsaved(str(slot.pop.call_id)):
            marks.append(("complaint", self._words.tr("Complaint not saved · F8"), "due"))
        marks += [
            ("book", self._words.tr("used: {title}", title=title), "accent") for title in slot.used.values()
        ]
        if slot.follow_up is not None:
            due = self._place.moments.day_and_time(slot.follow_up.due_at)
            marks.append(("call-back", f"{due} · {slot.follow_up.subject}", "due"))
        return tuple(marks)

    def _close(self, slot: Slot) -> None:
        note = self._place.parts.note
        note.flush(slot.number)
        slot.finishing = True
        wrap_up = WrapUp(
            call_id=slot.pop.call_id,
            disposition=slot.disposition or guess_disposition(self._choices, slot),
            customer_id=slot.pop.customer.id if slot.pop.customer else None,
            draft_id=slot.draft_id,
            text=note.text(slot.number).strip(),
            articles=tuple(slot.used),
            follow_up=slot.follow_up,
            seconds=self._seconds(slot),
            stretched=slot.stretched,
        )

        def refused(error: BaseException) -> None:
            slot.finishing = False
            self._place.operations.failed.emit(error)

        def closed(_: object) -> None:
            self.finished.emit(slot)

        self._place.operations.run(self._place.desk.wrap_up(wrap_up), closed, failed=refused)

    def _toggle_ready(self) -> None:
        wanted = not self.ready

        def done(_: object) -> None:
            self.ready = wanted
            self.ready_changed.emit()

        self._place.operations.run(self._place.desk.set_ready(wanted), done)

    def _seconds(self, slot: Slot) -> int | None:
        """Return how long the wrap-up took so far; None for a call taken over from before a crash."""
        if slot.ended_at is None or slot.wrap_up_until is None:
            return None
        return max(0, int((self._place.moments.now() - slot.ended_at).total_seconds()))

    def _guess_reason(self, slot: Slot) -> str:
        """Return why more time is probably needed; asking for it would take some of it."""
        parts = self._place.parts
        if slot.follow_up is not None or not parts.follow_up.isHidden():
            return "entry"
        return "note"

    def _on_reason(self, code: str) -> None:
        if self._slots.current is not None:
            self._slots.current.stretched = code

    def _on_disposition(self, key: str) -> None:
        if self._slots.current is not None:
            self._slots.current.disposition = key
