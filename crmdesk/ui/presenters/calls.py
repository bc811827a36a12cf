"""Calls and their slots: a pop comes, the telephone goes on, the agent opens, decides and finishes."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QApplication,
    QCheckBox,
    QComboBox,
    QLineEdit,
    QPlainTextEdit,
)

from crmdesk.ui.cards import CardsOf
from crmdesk.ui.slots import SLOTS, WRAP_UP_SECONDS, Slot
from crmdesk.ui.vocabulary import readiness

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmdesk.models.screen_pop import Found, NoteDraft, ScreenPop
    from crmdesk.models.types import CustomerId
    from crmdesk.ui.desk import CallState
    from crmdesk.ui.presenters.notes import NotesPresenter
    from crmdesk.ui.presenters.record import RecordPresenter
    from crmdesk.ui.presenters.workplace import Workplace
    from crmdesk.ui.presenters.wrap_up import WrapUpPresenter

GUARD_SECONDS = 0.4
"""How long a call that just appeared hears no keys: they were meant for something else."""
_TICK_MS = 1000
_FILLED_IN = (QLineEdit, QPlainTextEdit, QAbstractSpinBox, QComboBox, QCheckBox)
"""Who has the keyboard in one of these fills something in: no call comes in between."""


class CallsPresenter(QObject):
    """Steers band, note and wrap-up.

    Signals:
        announced(ScreenPop): a call appeared; for screen readers, strip and task bar.
        seated(Slot): a call has a slot, be it new or from before this program began.
        emptied(): no call is open any more.
        silent(): no call rings any more.
    """

    announced = Signal(object)
    seated = Signal(object)
    emptied = Signal()
    silent = Signal()

    def __init__(
        self,
        place: Workplace,
        record: RecordPresenter,
        notes: NotesPresenter,
        wrap_up: WrapUpPresenter,
        *,
        open_on_ring: bool = True,
    ) -> None:
        super().__init__()
        self._parts = place.parts
        self._slots = place.slots
        self._record = record
        self._notes = notes
        self._wrap_up = wrap_up
        self._desk = place.desk
        self._operations = place.operations
        self._words = place.words
        self._moments = place.moments
        self._monotonic = place.monotonic
        self._open_on_ring = open_on_ring
        self._cards = CardsOf(place.words, place.moments)
        self._clock = QTimer(self, interval=_TICK_MS)
        self._clock.timeout.connect(self.tick)
        place.parts.band.opened.connect(self.open_number)
        place.parts.chooser.chosen.connect(self.choose)
        notes.restored.connect(self._on_restored)
        wrap_up.finished.connect(self._on_finished)
        wrap_up.ready_changed.connect(self.redraw)
        record.renewed.connect(self.redraw)
        place.words.changed.connect(self.redraw)
        self.redraw()

    def popped(self, pop: ScreenPop) -> Slot | None:
        """Show a call that rings; return its slot, None when all four are taken."""
        known = self._slots.of_key(pop.call_key)
        if known is not None:
            self._replace(known, pop)
            return known
        number = self._slots.free() or self._reusable()
        if number is None:
            name, _ = self._cards.who(pop)
            self._parts.messages.say(self._words.tr("A fifth call rings: {name}", name=name), "due")
            return None
        slot = Slot(number, pop, "ringing", pop.rang_at, self._monotonic(), str(uuid4()))
        self._slots.put(slot)
        self._parts.note.begin(number)
        self._clock.start()
        if self._open_on_ring and self._may_open():
            self._open(slot)
        self.redraw()
        self.announced.emit(pop)
        self.seated.emit(slot)
        return slot

    def call_changed(self, change: CallState) -> None:
        """Follow the telephone; a call that was never ours leaves, one that breaks off stays."""
        slot = self._slots.of_key(change.call_key)
        if slot is None:
            return
        until = self._moments.now() + timedelta(seconds=WRAP_UP_SECONDS)
        slot.take(change, until)
        if change.state == "missed" and self._untouched(slot):
            self._remove(slot)
            return
        if change.state == "talking" and self._may_open():
            self._open(slot)
        self.redraw()

    def open_waiting(self) -> None:
        """Open the caller in the band: the newest not yet opened, else the current one."""
        slot = self._slots.newest_waiting() or self._slots.current
        if slot is not None:
            self.open_number(slot.number)

    def open_number(self, number: int) -> None:
        """Open the call in a slot, by a key or a click."""
        slot = self._slots.at(number)
        if slot is None or self._fresh(slot):
            return
        typing = any(self._parts.note.edit(n).hasFocus() for n in range(1, SLOTS + 1))
        self._open(slot)
        if typing or self._parts.stage.holds_keys:
            self._parts.note.to_note()
        self.redraw()

    def choose(self, row: int) -> None:
        """Say who calls: the person in *row* of the chooser."""
        slot = self._undecided()
        if slot is None or self._fresh(slot) or row >= len(slot.pop.matches):
            return
        self.decide(slot, slot.pop.matches[row].customer_id)

    def attach(self, found: Found) -> bool:
        """A customer was found by hand: he is the caller if that is open; return whether it was."""
        slot = self._slots.current
        if slot is None or not slot.undecided:
            return False
        self.decide(slot, found.customer_id)
        return True

    def decide(self, slot: Slot, customer_id: CustomerId) -> None:
        """Say who calls in *slot*."""
        self._operations.run(self._desk.choose(slot.pop, customer_id), lambda pop: self._replace(slot, pop))

    def not_him(self) -> None:
        """The wrong person popped: move call and note away from him."""
        slot = self._slots.current
        if slot is None or slot.undecided or self._fresh(slot):
            return
        self._notes.save(slot.number)
        self._operations.run(self._desk.not_him(slot.pop, None), lambda pop: self._replace(slot, pop))

    def always_ask(self) -> None:
        """Ask whenever this number rings."""
        slot = self._slots.current
        if slot is None or self._fresh(slot) or slot.pop.number.e164 is None:
            return
        told = self._words.tr("{number}: you will be asked every time", number=slot.pop.number.display)
        self._operations.run(self._desk.always_ask(slot.pop.number.e164), self._telling(told))

    def only_this(self) -> None:
        """The number is of this customer only."""
        slot = self._slots.current
        if slot is None or self._fresh(slot) or slot.pop.customer is None or slot.pop.number.e164 is None:
            return
        card = slot.pop.customer
        told = self._words.tr(
            "{number} belongs to {name} only", number=slot.pop.number.display, name=card.name
        )
        self._operations.run(self._desk.only_this(slot.pop.number.e164, card.id), self._telling(told))

    def call_back(self) -> None:
        """Dial the number of the current call."""
        slot = self._slots.current
        if slot is None or slot.pop.number.e164 is None:
            self._parts.messages.say(self._words.tr("There is no number to call back"), "due")
            return
        customer = slot.pop.customer.id if slot.pop.customer else None
        told = self._words.tr("Dialling {number}", number=slot.pop.number.display)
        self._operations.run(self._desk.call_back(slot.pop.number.e164, customer), self._telling(told))

    def put_away(self, call_key: str) -> None:
        """Forget a call without closing it in the services, as a rehearsal or a measurement does."""
        slot = self._slots.of_key(call_key)
        if slot is not None:
            self._remove(slot)

    def tick(self) -> None:
        """Once a second: timers."""
        self._draw_band()
        self._wrap_up.draw()

    def redraw(self) -> None:
        """Show the present state in band and wrap-up."""
        self._draw_band()
        self._wrap_up.draw()

    def _open(self, slot: Slot) -> None:
        self._slots.current = slot
        slot.opened = True
        self._parts.record.with_call(True)
        self._parts.note.show_slot(slot.number)
        self._parts.note.say_saved("")
        self._record.show_slot(slot)
        self._parts.stage.present(self._parts.record)

    def _may_open(self) -> bool:
        if self._slots.current is not None:
            return False
        focus = QApplication.focusWidget()
        writing = isinstance(focus, _FILLED_IN) and self._parts.stage.isAncestorOf(focus)
        return not writing

    def _fresh(self, slot: Slot) -> bool:
        return self._monotonic() - slot.appeared < GUARD_SECONDS

    def _undecided(self) -> Slot | None:
        current = self._slots.current
        if current is not None and current.undecided and current.pop.matches:
            return current
        waiting = [slot for slot in self._slots if slot.undecided and slot.pop.matches]
        return max(waiting, key=lambda slot: slot.appeared, default=None)

    def _replace(self, slot: Slot, pop: ScreenPop) -> None:
        slot.pop = pop
        if self._slots.current is slot:
            self._record.show_slot(slot)
        self.redraw()

    def _reusable(self) -> int | None:
        done = [s for s in self._slots if not s.live and s is not self._slots.current and self._untouched(s)]
        if not done:
            return None
        self._slots.remove(done[0])
        return done[0].number

    def _untouched(self, slot: Slot) -> bool:
        if self._parts.note.text(slot.number).strip() or slot.follow_up or slot.used or slot.complaints:
            return False
        focus = QApplication.focusWidget()
        inside = focus is not None and self._parts.record.isAncestorOf(focus)
        return not (inside and self._slots.current is slot)

    def bring_back(self, pop: ScreenPop) -> None:
        """Show a call whose wrap-up was not finished when the program ended."""
        if self._slots.of_key(pop.call_key) is None and self._seat(pop, str(uuid4())) is not None:
            self._parts.messages.say(
                self._words.tr("A call that became a complaint was not finished. F12 finishes it."), "good"
            )

    def _on_restored(self, draft: NoteDraft, pop: ScreenPop) -> None:
        slot = self._slots.of_key(pop.call_key)
        if slot is None:
            slot = self._seat(pop, draft.draft_id)
        elif self._parts.note.text(slot.number).strip():
            return
        if slot is None:
            return
        slot.draft_id = draft.draft_id
        self._parts.note.begin(slot.number, draft.text, draft.cursor)
        self._parts.messages.say(
            self._words.tr("A note that was not finished is back. Nothing was lost."), "good"
        )

    def _seat(self, pop: ScreenPop, draft_id: str) -> Slot | None:
        """Give a call of before a slot, as one that is over; None when all are taken."""
        number = self._slots.free()
        if number is None:
            return None
        slot = Slot(number, pop, "ended", pop.rang_at, self._monotonic(), draft_id)
        slot.ended_at = pop.rang_at
        self._slots.put(slot)
        self._parts.note.begin(number)
        self._clock.start()
        if self._may_open():
            self._open(slot)
        self.redraw()
        self.seated.emit(slot)
        return slot

    def _on_finished(self, slot: Slot) -> None:
        name, _ = self._cards.who(slot.pop)
        self._parts.messages.say(self._words.tr("Finished: {name}", name=name), "good")
        self._remove(slot)

    def _remove(self, slot: Slot) -> None:
        was_current = self._slots.current is slot
        self._slots.remove(slot)
        self._parts.note.begin(slot.number)
        if was_current:
            self._record.clear()
            following = next(iter(self._slots), None)
            if following is not None:
                self._open(following)
            else:
                self._go_home()
        if not len(self._slots):
            self._clock.stop()
        self.redraw()

    def _go_home(self) -> None:
        self._parts.follow_up.hide()
        self._parts.stage.present(self._parts.home)
        self.emptied.emit()

    def _telling(self, text: str) -> Callable[[object], None]:
        return lambda _: self._parts.messages.say(text, "good")

    def _draw_band(self) -> None:
        current = self._slots.current.number if self._slots.current is not None else 0
        self._parts.band.show_cards(tuple(self._cards.card(slot) for slot in self._slots), current)
        if not any(slot.state == "ringing" for slot in self._slots):
            self.silent.emit()
        if not len(self._slots):
            self._parts.band.show_ready(*readiness(self._words, ready=self._wrap_up.ready))
