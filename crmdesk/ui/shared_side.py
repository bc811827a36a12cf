"""What other desks have to do with this one: made piece by piece, each when it is first wanted.

A desk that works alone makes none of it.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

if TYPE_CHECKING:
    from collections.abc import Callable

    from PySide6.QtWidgets import QMainWindow

    from crmdesk.models.sync_views import HelpRequest, Membership, SyncStatus
    from crmdesk.ui.presenters.help import HelpPresenter
    from crmdesk.ui.presenters.history import HistoryPresenter
    from crmdesk.ui.presenters.join import JoinPresenter
    from crmdesk.ui.presenters.membership import MembershipPresenter
    from crmdesk.ui.presenters.people import PeoplePresenter
    from crmdesk.ui.presenters.presence import PresencePresenter
    from crmdesk.ui.presenters.record import RecordPresenter
    from crmdesk.ui.presenters.sharing_panel import PanelPresenter
    from crmdesk.ui.presenters.workplace import Tools, Workplace

_CLOSED_BY_ESC = ("joining", "membership", "help", "panel")


class SharedSide(QObject):
    """Panel, presence, help, older history, joining and leaving.

    Args:
        ready: tells whether this desk takes calls.

    Signals:
        customer_wanted(CustomerId): show this record.
    """

    customer_wanted = Signal(object)

    def __init__(
        self,
        place: Workplace,
        tools: Tools,
        record: RecordPresenter,
        people: PeoplePresenter,
        window: QMainWindow,
        ready: Callable[[], bool],
    ) -> None:
        super().__init__(window)
        self._ready = ready
        self._asking = False
        self._place = place
        self._tools = tools
        self._record = record
        self._people = people
        self._window = window
        self._status: SyncStatus | None = None
        tools.bridge.sync_changed.connect(self.on_status)
        tools.bridge.help_changed.connect(self._on_requests)

    @cached_property
    def panel(self) -> PanelPresenter:
        """Steers the lists of what waits and what was refused."""
        from crmdesk.models.sync_views import SyncStatus
        from crmdesk.ui.presenters.sharing_panel import PanelPresenter

        status = self._status or SyncStatus()
        return PanelPresenter(self._place, self._tools, self._record, self._window, status)

    @cached_property
    def presence(self) -> PresencePresenter:
        """Steers who else is here."""
        from crmdesk.ui.presenters.presence import PresencePresenter

        made = PresencePresenter(self._place, self._record, self._people, self._window, self._ready)
        made.looked.connect(self._look_for_help)
        return made

    @cached_property
    def help(self) -> HelpPresenter:
        """Steers requests for help."""
        from crmdesk.ui.presenters.help import HelpPresenter

        made = HelpPresenter(self._place, self._tools, self._record, self._window)
        made.customer_wanted.connect(self.customer_wanted)
        return made

    @cached_property
    def history(self) -> HistoryPresenter:
        """Steers the loading of older history."""
        from crmdesk.ui.presenters.history import HistoryPresenter

        return HistoryPresenter(self._place, self._record, self._tools.bridge, self._window)

    @cached_property
    def joining(self) -> JoinPresenter:
        """Steers joining."""
        from crmdesk.ui.presenters.join import JoinPresenter

        return JoinPresenter(self._place, self._tools, self._window)

    @cached_property
    def membership(self) -> MembershipPresenter:
        """Steers telling of the shared database, and leaving it."""
        from crmdesk.models.sync_views import SyncStatus
        from crmdesk.ui.presenters.membership import MembershipPresenter

        status = self._status or SyncStatus()
        made = MembershipPresenter(self._place, self._tools, self._window, status)
        made.anew_wanted.connect(self._join_anew)
        return made

    @property
    def shared(self) -> bool:
        """Whether this desk shares a database."""
        return self._status is not None and self._status.configured

    def on_status(self, status: SyncStatus) -> None:
        """News of this desk and the server."""
        self._status = status
        if status.configured or "presence" in self.__dict__:
            self.presence.share(status)
        if "panel" in self.__dict__:
            self.panel.on_status(status)
        if "membership" in self.__dict__:
            self.membership.on_status(status)

    def open_panel(self) -> None:
        """Show what waits and what was refused; once more closes."""
        self._when_known(self._open_panel)

    def ask_help(self) -> None:
        """Show whom to ask for help."""
        self._when_known(self._ask_help)

    def go_help(self) -> None:
        """Go to who asks for help."""
        self._when_known(self._go_help)

    def join(self) -> None:
        """Show what joins a shared database, or the one that is shared and how to leave it."""
        self._when_known(self._join)

    def _when_known(self, go: Callable[[], None]) -> None:
        """Call *go* once it is known whether this desk shares; a desk that does says so by itself."""
        if self._status is not None:
            go()
            return

        def known(status: SyncStatus) -> None:
            if self._status is None:
                self._tools.bridge.sync_changed.emit(status)
            go()

        self._place.operations.run(self._place.desk.sharing.sync_status(), known, topic="status")

    def _open_panel(self) -> None:
        if not self.shared:
            told = self._place.words.tr("This PC works alone. Ctrl+Shift+J joins a shared database.")
            self._place.parts.messages.say(told, "due")
        elif "panel" in self.__dict__ and self.panel.view.has_focus:
            self.panel.view.close_pane()
        else:
            self._close_others("panel")
            self.panel.open()

    def _ask_help(self) -> None:
        if self._needs_server():
            return
        self._close_others("help")
        self.help.open()

    def _go_help(self) -> None:
        if not self._needs_server():
            self.help.go()

    def load_history(self) -> None:
        """Fetch all older history of the customer shown."""
        self.history.load()

    def _join(self) -> None:
        if self.shared:
            self._close_others("membership")
            self.membership.open()
            return
        self._close_others("joining")
        self.joining.open()

    def _join_anew(self, held: Membership) -> None:
        self._close_others("joining")
        self.joining.open(held)

    def close(self) -> bool:
        """Esc: close one thing; return whether there was one."""
        return any(made.close() for made in self._made(*_CLOSED_BY_ESC))

    def put_away(self) -> None:
        """Take every pane off the record, which a key wants to see."""
        self._close_others("")

    def accept(self) -> bool:
        """Ctrl+Enter: do what the pane with the keyboard is for; return whether one has it."""
        return any(made.accept() for made in self._made(*_CLOSED_BY_ESC))

    def _needs_server(self) -> bool:
        if self.shared:
            return False
        told = self._place.words.tr("Help comes over a shared database; this PC works alone")
        self._place.parts.messages.say(told, "due")
        return True

    def _look_for_help(self) -> None:
        """Ask who asks for help, unless the last question is still under way."""
        if self._asking:
            return
        self._asking = True

        def told(requests: tuple[HelpRequest, ...]) -> None:
            self._asking = False
            self._on_requests(requests)

        def failed(_: BaseException) -> None:
            self._asking = False

        self._place.operations.run(self._place.desk.sharing.help_requests(), told, failed=failed)

    def _on_requests(self, requests: tuple[HelpRequest, ...]) -> None:
        if requests or "help" in self.__dict__:
            self.help.on_requests(requests)

    def _made(
        self, *names: str
    ) -> list[JoinPresenter | MembershipPresenter | HelpPresenter | PanelPresenter]:
        return [getattr(self, name) for name in names if name in self.__dict__]

    def _close_others(self, kept: str) -> None:
        made = self.__dict__
        for each in self._made("joining", "membership"):
            if made.get(kept) is not each:
                each.close()
        if "help" in made and kept != "help":
            self.help.pane.close_pane()
        if "panel" in made and kept != "panel":
            self.panel.view.close_pane()
