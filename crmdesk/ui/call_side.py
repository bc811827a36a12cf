"""The side of the window that shows calls and records, and does what commands say.

The first screen does without it: it is made in spare time after the first paint, or by the first call, key or
command that wants it, whichever comes first; whole in any case.
"""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QApplication, QWidget

from crmdesk.ui.cards import CardsOf
from crmdesk.ui.complaint_side import ComplaintSide
from crmdesk.ui.parts import Parts
from crmdesk.ui.presenters.calls import CallsPresenter
from crmdesk.ui.presenters.commands import CommandsPresenter
from crmdesk.ui.presenters.customer_files import CustomerFiles
from crmdesk.ui.presenters.notes import NotesPresenter
from crmdesk.ui.presenters.people import PeoplePresenter
from crmdesk.ui.presenters.record import RecordPresenter
from crmdesk.ui.presenters.workplace import Workplace
from crmdesk.ui.presenters.wrap_up import WrapUpPresenter
from crmdesk.ui.shared_side import SharedSide

if TYPE_CHECKING:
    from PySide6.QtWidgets import QMainWindow

    from crmdesk.models.changes import ChangeSet
    from crmdesk.models.screen_pop import ScreenPop
    from crmdesk.ui.front import Front
    from crmdesk.ui.presenters.home import HomePresenter
    from crmdesk.ui.presenters.workplace import Tools
    from crmdesk.ui.presenters.written_before import WrittenBefore
    from crmdesk.ui.slots import Slot

_SOON_MS = 150
"""A call is painted, and looked at, before it is asked what came of it."""
_IN_BULK = frozenset({"sync", "import"})
"""Who changes many complaints at a time, mostly of others than the one whose record is open."""


class CallSide(QObject):
    """Views and presenters of calls, wired to each other and to the first screen.

    Args:
        window: the parent of everything made.
        front: the first screen.
        home: steers it.
        tools: what the window made before.
        open_on_ring: show the record while the telephone still rings.
        mask: cover numbers, addresses and VINs until the caller is verified.
    """

    def __init__(
        self,
        window: QMainWindow,
        front: Front,
        home: HomePresenter,
        tools: Tools,
        *,
        open_on_ring: bool,
        mask: bool,
    ) -> None:
        super().__init__(window)
        self._window = window
        self._home = home
        self._tools = tools
        self._cards = CardsOf(tools.words, tools.moments)
        self.parts = Parts.build(window, front, tools)
        self._present(open_on_ring=open_on_ring, mask=mask)
        for before, after in pairwise(self.parts.reading_order()):
            QWidget.setTabOrder(before, after)
        self._wire()

    def start(self, *, restore_drafts: bool) -> None:
        """Ask for what calls need; *restore_drafts*: also for notes that were never finished."""
        self._tools.operations.run(self._tools.desk.dispositions(), self.wrap_up.offer)
        if restore_drafts:
            self.notes.take_over()
            self.before.take_over()
        self.parts.finder.catch_up()

    @cached_property
    def before(self) -> WrittenBefore:
        """Finds what was written down before this program began."""
        from crmdesk.ui.presenters.written_before import WrittenBefore

        made = WrittenBefore(self._place, self.complaints.intake)
        made.found.connect(self.wrap_up.on_complaint)
        made.left_open.connect(self.calls.bring_back)
        return made

    def warm(self) -> None:
        """Load and make ahead what a key will want to see at once."""
        self.complaints.warm()

    def place(self) -> None:
        """Let what floats over the window keep its place in it."""
        for floating in (self.parts.finder, self.parts.keys):
            if not floating.isHidden():
                floating.place()

    def _present(self, *, open_on_ring: bool, mask: bool) -> None:
        tools = self._tools
        place = self._place = Workplace(
            self.parts, tools.slots, tools.desk, tools.operations, tools.words, tools.moments, tools.monotonic
        )
        self.record = RecordPresenter(place, mask=mask)
        self.notes = NotesPresenter(place)
        self.wrap_up = WrapUpPresenter(place, self._is_unsaved)
        self.calls = CallsPresenter(place, self.record, self.notes, self.wrap_up, open_on_ring=open_on_ring)
        self.people = PeoplePresenter(place, tools, self.calls, self.record)
        self.shared = SharedSide(
            place, tools, self.record, self.people, self._window, lambda: self.wrap_up.ready
        )
        self.files = CustomerFiles(place, tools, self.record, self)
        self.complaints = ComplaintSide(
            place, tools, self._window, self.record, self.files, make_room=self._make_room
        )
        self.commands = CommandsPresenter(
            *(place, self.calls, self.record, self.notes, self.wrap_up, self.people, self.shared),
            self.complaints,
        )
        for part in (self.record, self.notes, self.wrap_up, self.calls, self.people, self.commands):
            part.setParent(self)

    def _is_unsaved(self, call_id: str) -> bool:
        return self.complaints.intake.unsaved(call_id)

    def _make_room(self) -> None:
        self.people.close()
        self.parts.follow_up.hide()

    def _wire(self) -> None:
        parts, bridge = self.parts, self._tools.bridge
        bridge.call_changed.connect(self.calls.call_changed)
        bridge.changed.connect(self._on_changed)

        self.complaints.logged.connect(self.wrap_up.on_complaint)
        self.calls.seated.connect(self._on_seated)
        self.calls.announced.connect(self._on_announced)
        self.calls.emptied.connect(self._on_emptied)
        self.calls.silent.connect(parts.strip.hide)
        self.commands.home_shown.connect(self._home.refresh)

        parts.finder.searched.connect(self._on_searched)
        parts.finder.found.connect(self.commands.on_found)
        parts.finder.command.connect(self._tools.actions.trigger)
        parts.strip.clicked.connect(self._on_wanted)

    def _on_changed(self, changes: ChangeSet) -> None:
        renamed = self.record.record is not None and self.record.customer_id in changes.ids
        if renamed or ("complaint" in changes.kinds and changes.initiator not in _IN_BULK):
            self.record.refresh()

    def _on_searched(self, text: str) -> None:
        self._tools.operations.run(self._tools.desk.find(text), self.parts.finder.show_found, topic="find")

    def _on_seated(self, slot: Slot) -> None:
        """Ask what came of a call before: after its paint, which that would hold up."""
        call_id = slot.pop.call_id
        QTimer.singleShot(_SOON_MS, self, lambda: self.before.look(call_id))

    def _on_announced(self, pop: ScreenPop) -> None:
        slot, window = self._tools.slots.of_key(pop.call_key), self._window
        if slot is None:
            return
        if QAccessible.isActive():
            spoken = self._cards.card(slot).spoken()
            QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self.parts.band, spoken))
        if window.isMinimized() or not window.isActiveWindow():
            QApplication.alert(window)
            if window.isVisible():
                # After the paint of the call itself, which it would hold up.
                QTimer.singleShot(0, self, lambda: self._show_strip(pop.call_key))

    def _show_strip(self, call_key: str) -> None:
        slot = self._tools.slots.of_key(call_key)
        if slot is not None and slot.state == "ringing":
            told = self._tools.words.tr("A call; a click opens the window")
            self.parts.strip.show_card(self._cards.card(slot), told)

    def _on_emptied(self) -> None:
        focus = QApplication.focusWidget()
        if focus is not None and self.parts.record.isAncestorOf(focus):
            self.parts.box.setFocus()
        self._home.refresh()

    def _on_wanted(self) -> None:
        window = self._window
        window.showNormal() if window.isMinimized() else window.show()
        window.raise_()
        window.activateWindow()
