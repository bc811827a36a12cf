"""Asking for help, and coming when somebody asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QApplication

from crmdesk.models.sync_views import Helper, HelpRequest, HelpWanted
from crmdesk.ui.delegates.home import Line
from crmdesk.ui.painting import plain
from crmdesk.ui.sync_words import HELP_STATES, ROLES, help_age, helper_state
from crmdesk.ui.views.help_pane import HelpPane
from crmdesk.ui.views.help_strip import HelpStrip
from crmdesk.ui.vocabulary import said

if TYPE_CHECKING:
    from uuid import UUID

    from PySide6.QtWidgets import QMainWindow

    from crmdesk.ui.presenters.record import RecordPresenter
    from crmdesk.ui.presenters.workplace import Tools, Workplace

_AGE_MS = 5_000
_OPEN = frozenset({"waiting", "taken"})
_NOTE = 400
"""So many characters of the note so far go along."""


class HelpPresenter(QObject):
    """Steers pane and strip.

    Signals:
        customer_wanted(CustomerId): somebody is helped: show the record it is about.
    """

    customer_wanted = Signal(object)

    def __init__(self, place: Workplace, tools: Tools, record: RecordPresenter, window: QMainWindow) -> None:
        super().__init__(window)
        self._place = place
        self._words = place.words
        self._moments = place.moments
        self._record = record
        self._window = window
        self._requests: tuple[HelpRequest, ...] = ()
        self._helpers: tuple[Helper, ...] = ()
        self._heard: set[UUID] = set()
        self._quiet: set[UUID] = set()
        self.pane = HelpPane(tools, window, place.parts.band)
        self.strip = HelpStrip(tools.ink, window)
        self.pane.asked.connect(lambda helper: self._ask(helper, urgent=False))
        self.pane.request_entered.connect(self._on_entered)
        self.pane.request_dropped.connect(self._on_dropped)
        self.strip.clicked.connect(self.go)
        self._ageing = QTimer(self, interval=_AGE_MS)
        self._ageing.timeout.connect(self.draw)
        place.words.changed.connect(self.draw)

    def open(self) -> None:
        """F4: show whom to ask; once more closes."""
        if self.pane.has_focus:
            self.pane.close_pane()
            return
        self.pane.open()
        self.draw()
        self.pane.take_keyboard()
        self._place.operations.run(self._place.desk.sharing.helpers(), self._on_helpers, topic="helpers")

    def go(self) -> None:
        """Go to who has asked last and still waits."""
        waiting = [r for r in self._requests if not r.mine and r.state == "waiting"]
        if waiting:
            self._take(waiting[0])
        else:
            self._place.parts.messages.say(self._words.tr("Nobody asks for help at present"), "good")

    def close(self) -> bool:
        """Esc: the filter, the pane, then the strip; return whether anything closed."""
        if not self.pane.isHidden():
            return self.pane.clear_filter() or self.pane.close_pane()
        if self.strip.isHidden():
            return False
        self._quiet |= {r.id for r in self._requests}
        return self.strip.dismiss()

    def accept(self) -> bool:
        """Ctrl+Enter: ask urgently; return whether the keyboard is in the pane."""
        if not self.pane.has_focus:
            return False
        helper = self.pane.current_helper()
        if self.pane.helpers.hasFocus() and helper is not None:
            self._ask(helper, urgent=True)
        return True

    def on_requests(self, requests: tuple[HelpRequest, ...]) -> None:
        """News of requests that concern this desk."""
        before = {request.id: request.state for request in self._requests}
        self._requests = tuple(r for r in requests if r.state in _OPEN)
        for request in requests:
            if request.mine and request.state == "taken" and before.get(request.id) == "waiting":
                told = self._words.tr("{name} is coming", name=plain(request.taken_by))
                self._place.parts.messages.say(told, "good")
        if any(r.state == "waiting" for r in self._requests):
            self._ageing.start()
        else:
            self._ageing.stop()
        self.draw()
        self._announce()

    def _on_helpers(self, helpers: tuple[Helper, ...]) -> None:
        self._helpers = helpers
        self.draw()
        self.pane.take_keyboard()

    def draw(self) -> None:
        """Show the present state; what was confirmed long ago turns grey."""
        if not self.pane.isHidden():
            self.pane.show_requests([self._request_line(request) for request in self._requests])
            self.pane.show_helpers([self._helper_line(helper) for helper in self._helpers])
            self.pane.show_about(self._about())
        self._draw_strip()

    def _draw_strip(self) -> None:
        waiting = [r for r in self._requests if not r.mine and r.state == "waiting"]
        heard = [r for r in waiting if r.id not in self._quiet]
        if not heard:
            self.strip.dismiss()
            return
        request = heard[0]
        since, stale = help_age(self._moments, request)
        parts = [self._asks(request), plain(request.customer_name), plain(request.note), since]
        if len(heard) > 1:
            parts.append(self._words.tr("and {n} more", n=len(heard) - 1))
        tone = "plain" if stale else "breach" if request.urgent else "due"
        text = " · ".join(part for part in parts if part)
        self.strip.say(text, tone, self._words.tr("Shift+F4 goes there"))

    def _announce(self) -> None:
        """Tell whoever does not look at the window, once for each request."""
        new = [r for r in self._requests if not r.mine and r.state == "waiting" and r.id not in self._heard]
        self._heard |= {r.id for r in new}
        if not new:
            return
        if not self._window.isActiveWindow():
            QApplication.alert(self._window)
        if QAccessible.isActive():
            told = QAccessibleAnnouncementEvent(self.strip, self._asks(new[0]))
            QAccessible.updateAccessibility(told)

    def _asks(self, request: HelpRequest) -> str:
        name = plain(request.from_name)
        if request.extension:
            name = f"{name} ({request.extension})"
        if request.urgent:
            return self._words.tr("{name} asks for help, urgently", name=name)
        return self._words.tr("{name} asks for help", name=name)

    def _request_line(self, request: HelpRequest) -> Line:
        since, stale = help_age(self._moments, request)
        state = said(self._words, HELP_STATES, request.state)
        if request.mine:
            text = self._words.tr("You asked {name}", name=plain(request.to_name))
            taken = self._words.tr("{name} is coming", name=plain(request.taken_by))
            below = taken if request.state == "taken" else self._words.tr("Nobody has taken it yet")
        else:
            text, below = self._asks(request), plain(request.note)
        tone = "plain" if stale else "good" if request.state == "taken" else "due"
        return Line(
            source=request,
            icon="help",
            text=text,
            alt=plain(request.customer_name),
            below=below,
            aside=f"{state} · {since}",
            tone=tone,
        )

    def _helper_line(self, helper: Helper) -> Line:
        state, tone = helper_state(self._words, self._moments, helper)
        role = said(self._words, ROLES, helper.role)
        if helper.kind == "team":
            role = self._words.tr("Team: whoever is free")
        return Line(
            source=helper,
            icon="company" if helper.kind == "team" else "person",
            text=plain(helper.name),
            alt=plain(helper.extension),
            below=role,
            aside=state,
            tone=tone,
        )

    def _about(self) -> str:
        name, note = self._customer_name(), self._note()
        if not name:
            return self._words.tr("Goes along: your name. No record is open.")
        if note:
            return self._words.tr("Goes along: your name, {name}, the note so far", name=name)
        return self._words.tr("Goes along: your name, {name}", name=name)

    def _customer_name(self) -> str:
        slot, record = self._record.slot, self._record.record
        if slot is not None:
            return plain(slot.pop.customer.name) if slot.pop.customer else plain(slot.pop.number.display)
        return plain(record.customer.name) if record is not None else ""

    def _note(self) -> str:
        slot = self._place.slots.current
        return self._place.parts.note.text(slot.number).strip()[:_NOTE] if slot is not None else ""

    def _ask(self, helper: object, *, urgent: bool) -> None:
        if not isinstance(helper, Helper):
            return
        slot = self._place.slots.current
        wanted = HelpWanted(
            kind=helper.kind,
            to=helper.id,
            customer_id=self._record.customer_id,
            call_id=slot.pop.call_id if slot is not None else None,
            note=self._note(),
            urgent=urgent,
        )
        self.pane.close_pane()

        def asked(request: HelpRequest) -> None:
            others = tuple(r for r in self._requests if r.id != request.id)
            self.on_requests((request, *others))
            told = self._words.tr("Asked: {name}. F4 shows who comes.", name=plain(request.to_name))
            self._place.parts.messages.say(told, "good")

        self._place.operations.run(self._place.desk.sharing.ask_help(wanted), asked)

    def _on_entered(self, row: int) -> None:
        request = self._requests[row]
        if not request.mine and request.state == "waiting":
            self._take(request)
        elif request.customer_id is not None:
            self.pane.close_pane()
            self.customer_wanted.emit(request.customer_id)

    def _on_dropped(self, row: int) -> None:
        request = self._requests[row]
        if not request.mine:
            return

        def dropped(_: object) -> None:
            self.on_requests(tuple(r for r in self._requests if r.id != request.id))
            self._place.parts.messages.say(self._words.tr("The request is taken back"), "good")

        self._place.operations.run(self._place.desk.sharing.cancel_help(request.id), dropped)

    def _take(self, request: HelpRequest) -> None:
        self.pane.close_pane()

        def taken(_: object) -> None:
            self.on_requests(tuple(r for r in self._requests if r.id != request.id))
            told = self._words.tr("{name} knows that you come", name=plain(request.from_name))
            self._place.parts.messages.say(told, "good")
            if request.customer_id is not None:
                self.customer_wanted.emit(request.customer_id)

        self._place.operations.run(self._place.desk.sharing.take_help(request.id), taken)
