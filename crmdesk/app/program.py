"""One desk with its window, put together from an open profile.

What the first paint needs is built at once; everything else (telephone, SQLAlchemy, number data, those who
join) follows after the first paint, off the GUI thread.
"""

from __future__ import annotations

import gc
import logging
import threading
from concurrent.futures import Future
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from PySide6.QtCore import QLocale, QObject, Qt, Signal

from crmdesk.errors import CrmdeskError
from crmdesk.models.text import say
from crmdesk.models.types import CustomerId
from crmdesk.services.codes import agent_named, agent_of
from crmdesk.services.executor import Lane
from crmdesk.ui.bridge import Bridge
from crmdesk.ui.desk_status import DeskStatus
from crmdesk.ui.local_desk import LocalDesk
from crmdesk.ui.look import dress
from crmdesk.ui.main_window import MainWindow, WindowOptions
from crmdesk.ui.presenters.home import Asked
from crmdesk.ui.sweeper import Sweeper

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PySide6.QtWidgets import QApplication

    from crmdesk.app.telephone import Telephone
    from crmdesk.models.changes import ChangeSet
    from crmdesk.models.text import Text
    from crmdesk.models.types import CustomerId
    from crmdesk.services.complaints.letter_case import Sender
    from crmdesk.services.complaints.procedure import House
    from crmdesk.services.profile import Profile
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import Follower
    from crmdesk.services.sync.desk import SharedDesk
    from crmdesk.services.sync.viewing import Views
    from crmdesk.services.telephony.ami_client import AmiSettings
    from crmdesk.services.upkeep import Upkeep
    from crmdesk.settings import Settings
    from crmdesk.ui.files_desk import Files
    from crmdesk.ui.shared_desk import SharedHere
    from crmdesk.ui.views.gone import GoneView

_log = logging.getLogger("crmdesk.app")
NO_SUCH_ADDRESS = "The address {address} leads nowhere here."
LET_GO_SECONDS = 10.0
"""How long destroying waits for a window that is busy."""


class News(QObject):
    """Carries to the GUI thread what happens around its window.

    Signals:
        address_wanted(str): show what this crmdesk:// address names.
        ready(): everything works.
        put_off(int): the administrator has put this desk off; so many changes were never sent.
        destroyed(): nothing is left of what it held.
    """

    address_wanted = Signal(str)
    ready = Signal()
    put_off = Signal(int)
    destroyed = Signal()


class Program:
    """A desk with its window.

    Args:
        app: Qt's application.
        profile: open; closed by :meth:`close`.
        link: tells the telephone system; by default the one of the profile's settings.
    """

    def __init__(self, app: QApplication, profile: Profile, link: AmiSettings | None = None) -> None:
        self.profile = profile
        self.started = threading.Event()
        self._link = link
        self._agent = agent_of(profile)
        self._telling = threading.Lock()
        self._status = DeskStatus(
            extension=profile.settings.text("extension"), shared=None, test_profile=profile.test
        )
        self._afterwards = Lane("start")
        self._telephone: Future[Telephone] = Future()
        self._upkeep: Upkeep | None = None
        self._gone: GoneView | None = None
        self._put_away, self._let_go = threading.Event(), threading.Event()
        self._spoken = self._chosen_language
        self._build_services()
        self._build_window(app)

    def _build_services(self) -> None:
        actor = str(self._agent.id) if self._agent else ""
        self.store = self.profile.open_store(actor, _followers)
        self.drafts = self.profile.open_drafts()
        self.desk = LocalDesk(
            self.store,
            lambda: self.telephone.calls,
            self.drafts,
            lambda: self.telephone.line,
            self.language,
            lambda: self.telephone.numbers.parse,
            lambda: self.sharing,
            self._viewed,
            house=lambda: _house(self.profile.settings),
            tag=lambda: self.profile.identity.tag,
            sender=lambda: _sender(self.profile.settings),
            files=lambda: _files(self.profile, self.store),
        )
        # Read while the window is made: the answer is there when it shows.
        self._asked = Asked.of(self.desk)

    def _build_window(self, app: QApplication) -> None:
        settings = self.profile.settings
        self.bridge = Bridge()
        self.look = dress(app, self.language(), settings.text("theme") or "light")
        self._spoken = lambda: self.look.words.language
        options = WindowOptions(
            zone=ZoneInfo(settings.text("zone")),
            mask_until_verified=bool(settings["mask_until_verified"]),
            test_profile=self.profile.test,
        )
        self.window = MainWindow(
            self.desk, self.bridge, self.look.words, self.look.ink, options, clock=self.profile.clock
        )
        self._sweeper = Sweeper()
        self.window.look_changed.connect(self._keep_look)
        self.news = News()
        self.news.address_wanted.connect(self.open_address, Qt.ConnectionType.QueuedConnection)
        self.news.put_off.connect(self._on_put_off, Qt.ConnectionType.QueuedConnection)
        self.news.destroyed.connect(self._on_destroyed, Qt.ConnectionType.QueuedConnection)
        self.store.on_change(self.bridge.changed.emit)
        self.store.on_change(self._on_changed)
        self.store.on_trouble(self.bridge.troubled.emit)

    @cached_property
    def views(self) -> Views:
        """What writes down whose records are opened; made with the first one."""
        from crmdesk.services.sync.viewing import Views

        return Views(self.store)

    def _viewed(self, customer_id: CustomerId, why: str) -> None:
        self.views.opened(customer_id, why)

    @property
    def telephone(self) -> Telephone:
        """The lines of this desk; waits until they are built, so not for the GUI thread before that."""
        return self._telephone.result()

    @cached_property
    def sharing(self) -> SharedHere:
        """What this desk has to do with others; made after the first paint, when it is first asked for."""
        from crmdesk.ui.shared_desk import SharedHere

        return SharedHere(
            self._shares,
            self._shared_side,
            self.bridge.sync_changed.emit,
            self.bridge.history_progressed.emit,
            self.language,
            self.bridge.join_progressed.emit,
        )

    def _shares(self) -> bool:
        from crmdesk.services.sync.outbox import is_shared

        shared = self.store.read(is_shared).result()
        self._tell(shared=shared)
        return shared

    def _shared_side(self) -> SharedDesk:
        from crmdesk.services.sync.desk import SharedDesk

        side = SharedDesk(self.profile, self.store, live=True)
        side.on_forgetting(self._let_go_of_files)
        side.on_forgotten(self.news.destroyed.emit)
        return side

    def _let_go_of_files(self, unsent: int) -> None:
        """Put the window away and let go of every file; on the thread that destroys them next."""
        _log.warning("this desk is put off the server; its window closes")
        self.news.put_off.emit(unsent)
        self._put_away.wait(LET_GO_SECONDS)
        self._let_go_of_all()

    def _on_put_off(self, unsent: int) -> None:
        """Say in place of the window what happens."""
        from crmdesk.ui.views.gone import GoneView

        self._gone = GoneView(self.look.ink, self.look.words, unsent)
        self._gone.show()
        self.window.close()
        self.bridge.close()
        self._put_away.set()

    def _on_destroyed(self) -> None:
        if self._gone is not None:
            self._gone.count_down()

    def language(self) -> str:
        """Return the language of the window; before there is one, the profile's, else the computer's."""
        return self._spoken()

    def _chosen_language(self) -> str:
        chosen = self.profile.settings.text("language")
        if chosen:
            return chosen
        return "zh" if QLocale.system().language() == QLocale.Language.Chinese else "en"

    def show(self) -> None:
        """Show the window and ask for its first screen; the rest starts once the window is whole."""
        self.window.settled.connect(self._begin_rest)
        self.window.fit(self.window.screen().availableSize())
        self.window.show()
        self.window.start(self._asked)
        self._tell_status()

    def _begin_rest(self) -> None:
        """Load and connect the rest, off the GUI thread."""
        self.sharing.start()
        self._afterwards.run(self._start_rest)

    def open_address(self, address: str) -> None:
        """Show what a crmdesk:// *address* names: a call, a customer, a complaint, or just the window."""
        from crmdesk.models.complaint_number import read_number

        place, _, rest = address.removeprefix("crmdesk://").partition("/")
        try:
            if place.startswith("call"):
                self._telephone.add_done_callback(lambda _: self._afterwards.run(self._take_address, address))
            elif place == "customer":
                self.window.commands.open_customer(CustomerId(UUID(rest)))
            elif place == "complaint" and read_number(rest) is not None:
                self.window.commands.open_numbered(rest)
            elif place == "complaint":
                self.window.commands.open_complaint(UUID(rest))
        except ValueError:
            self.window.front.messages.say(self.look.words.tr(NO_SUCH_ADDRESS, address=address), "due")
        self.window.showNormal() if self.window.isMinimized() else self.window.show()
        self.window.raise_()

    def close(self) -> None:
        """Stop everything in the order it can be stopped: telephone first, store last."""
        self._put_away.set()
        self._let_go_of_all()
        if "sharing" in self.__dict__:
            self.sharing.close()
        self.bridge.close()
        self.store.close()
        self.profile.close()
        self._sweeper.end()

    def _let_go_of_all(self) -> None:
        """Stop what uses telephone, drafts and logs of the desk, once."""
        with self._telling:
            if self._let_go.is_set():
                return
            self._let_go.set()
        self._afterwards.close()
        if self._upkeep is not None:
            self._upkeep.stop()
        if not self._telephone.cancel() and self._telephone.exception() is None:
            self.telephone.close()
        self.desk.close()

    def _start_rest(self) -> None:
        try:
            self._build_telephone()
            self.telephone.start()
            self._look_at_drafts()
        except Exception:  # noqa: BLE001 - the edge of a thread: the window lives on, the log says why
            _log.exception("starting the rest failed")
            self._tell_link("failed", say("This desk could not start its telephone. Details are in the log."))
        self.started.set()
        self.news.ready.emit()
        try:
            self._look_after_itself()
        except Exception:  # noqa: BLE001 - the edge of a thread: the desk works without it, the log says why
            _log.exception("looking after the desk did not begin")
        # What lives as long as the program is never looked through again: no long pause during a pop.
        gc.freeze()
        self._sweeper.begin()

    def _build_telephone(self) -> None:
        try:
            self._telephone.set_result(self._built_telephone())
        except BaseException as error:
            self._telephone.set_exception(error)
            raise

    def _look_at_drafts(self) -> None:
        self.drafts.open_drafts().result()
        if self.drafts.trouble is not None:
            self.bridge.troubled.emit(self.drafts.trouble)

    def _look_after_itself(self) -> None:
        """Do what nobody waits for, last."""
        from crmdesk.services.knowledge.analysis import warm
        from crmdesk.services.upkeep import Upkeep

        warm()
        self._upkeep = Upkeep(self.profile, self.store)
        self._upkeep.start()
        if self._telephone.exception() is None:
            self.telephone.numbers.warm_abroad()

    def _built_telephone(self) -> Telephone:
        from crmdesk.app.telephone import Telephone

        telephone = Telephone(
            self.profile,
            self.store,
            self.bridge,
            self.language,
            self._tell_link,
            self.news.address_wanted.emit,
            self.sharing.side,
            self._link,
        )
        telephone.calls.on_viewed(self._viewed)
        return telephone

    def _take_address(self, address: str) -> None:
        from crmdesk.services.telephony.hook import call_from_address

        try:
            self.telephone.take_hook(call_from_address(address))
        except CrmdeskError as error:
            _log.warning("an address was refused: %s", error)

    def _tell(self, **values: object) -> None:
        """Show what changed in the status; any thread."""
        with self._telling:
            self._status = replace(self._status, **values)  # type: ignore[arg-type]  # names are ours
            self.bridge.status_changed.emit(self._status)

    def _tell_link(self, mark: str, trouble: Text | None) -> None:
        self._tell(telephony=mark, trouble=trouble)

    def _tell_status(self) -> None:
        if self._agent:
            name = self._agent.name_zh if self.language() == "zh" else self._agent.name_en
            self._tell(agent_name=name)
        else:
            self._tell(agent_name="")

    def _on_changed(self, changes: ChangeSet) -> None:
        """Whoever works here may be called otherwise now, or have joined a moment ago."""
        if "agent" in changes.kinds:
            self._afterwards.run(self._look_who_works_here)

    def _look_who_works_here(self) -> None:
        settings = self.profile.settings
        asked = self.store.read(agent_named, settings.text("agent"), settings.text("extension"))
        self._agent = asked.result()
        self._tell_status()

    def _keep_look(self, language: str, theme: str) -> None:
        self._tell_status()
        self._afterwards.run(self.profile.change_settings, "agent", {"language": language, "theme": theme})


def _followers() -> Sequence[Follower]:
    from crmdesk.services.followers import followers

    return followers()


def _house(settings: Settings) -> House:
    from crmdesk.services.complaints.procedure import house_of

    return house_of(settings)


def _files(profile: Profile, store: Store) -> Files:
    from crmdesk.ui.files_desk import LocalFiles

    return LocalFiles(profile, store)


def _sender(settings: Settings) -> Sender:
    from crmdesk.services.complaints.letter_case import sender_of

    return sender_of(settings)
