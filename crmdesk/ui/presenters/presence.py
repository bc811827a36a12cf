"""Who else has the record open, and what others are told of this desk."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QApplication

from crmdesk.ui.sync_words import presence_mark
from crmdesk.ui.views.presence import SHOWN

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMainWindow

    from crmdesk.models.sync_views import PresenceLine, SyncStatus
    from crmdesk.models.types import CustomerId
    from crmdesk.ui.presenters.people import PeoplePresenter
    from crmdesk.ui.presenters.record import RecordPresenter
    from crmdesk.ui.presenters.workplace import Workplace

_LOOK_MS = 2_000
_TELL_SECONDS = 10.0


class PresencePresenter(QObject):
    """Tells and asks while the server can be reached; a window nobody sees asks nothing.

    Args:
        ready: tells whether this desk takes calls.

    Signals:
        looked(): the server was asked just now; whoever shows something of others may ask, too.
    """

    looked = Signal()

    def __init__(
        self,
        place: Workplace,
        record: RecordPresenter,
        people: PeoplePresenter,
        window: QMainWindow,
        ready: Callable[[], bool],
    ) -> None:
        super().__init__(window)
        self._place = place
        self._record = record
        self._people = people
        self._window = window
        self._ready = ready
        self._connected = False
        self._told: tuple[str, CustomerId | None, str] = ("", None, "")
        self._told_at = 0.0
        self._asked: CustomerId | None = None
        self._lines: tuple[PresenceLine, ...] = ()
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)
        record.shown.connect(self._on_shown)
        place.words.changed.connect(self._draw)

    def share(self, status: SyncStatus) -> None:
        """Begin or end, as this desk shares a database or not; without a connection marks only grow old."""
        self._connected = status.connected
        if status.configured and not self._timer.isActive():
            self._timer.start()
            self.look()
        elif not status.configured:
            self._timer.stop()
            self._lines = ()
            self._draw()

    def look(self) -> None:
        """Tell what is done here if that changed, and ask who else is here."""
        self._draw()
        if not self._connected:
            return
        customer_id = self._customer_id()
        self._tell(customer_id)
        if customer_id is not None and customer_id != self._asked and not self._window.isMinimized():
            self._ask(customer_id)
        self.looked.emit()

    def _tell(self, customer_id: CustomerId | None) -> None:
        state, seconds = self._state(), self._place.monotonic()
        now = (state, customer_id, self._doing() if customer_id is not None else "")
        if now != self._told or seconds - self._told_at >= _TELL_SECONDS:
            self._told, self._told_at = now, seconds
            self._place.desk.sharing.tell_presence(*now)

    def _state(self) -> str:
        slots = self._place.slots
        if any(slot.live and slot.state != "ringing" for slot in slots):
            return "talking"
        if slots.current is not None and not slots.current.live:
            return "wrap_up"
        return "ready" if self._ready() else "paused"

    def _ask(self, customer_id: CustomerId) -> None:
        self._asked = customer_id

        def seen(lines: tuple[PresenceLine, ...]) -> None:
            self._asked, self._lines = None, lines
            self._draw()

        def failed(_: BaseException) -> None:
            # Without an answer the marks grow old and grey by themselves.
            self._asked = None

        future = self._place.desk.sharing.presence(customer_id)
        self._place.operations.run(future, seen, topic="presence", failed=failed)

    def _on_shown(self) -> None:
        """Another record: whoever was at the last one is not told here."""
        self._place.operations.forget("presence")
        self._asked, self._lines = None, ()
        self._draw()
        if self._timer.isActive():
            # Not in the paint of a call.
            QTimer.singleShot(0, self, self.look)

    def _customer_id(self) -> CustomerId | None:
        parts = self._place.parts
        return self._record.customer_id if parts.stage.shown is parts.record else None

    def _doing(self) -> str:
        slot = self._record.slot
        if self._people.has_focus:
            return "record"
        if slot is None:
            return "open"
        edit = self._place.parts.note.edit(slot.number)
        if edit is QApplication.focusWidget() and edit.toPlainText().strip():
            return "note"
        return "call" if slot.live and slot.state != "ringing" else "open"

    def _draw(self) -> None:
        words, moments = self._place.words, self._place.moments
        marks = [presence_mark(words, moments, line) for line in self._lines[:SHOWN]]
        more = len(self._lines) - SHOWN
        if more > 0:
            marks.append((words.tr("and {n} more", n=more), "plain"))
        self._place.parts.caller.show_presence(tuple(marks))
