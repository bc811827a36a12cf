"""One desk with its window, put together from an open profile.

What the first paint needs is built at once; everything else (SQLAlchemy, number data, telephone, hook, those
who join) follows after the first paint, off the GUI thread.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from PySide6.QtCore import QLocale, QObject, Qt, Signal
from PySide6.QtWidgets import QApplication

from crmdesk.errors import CrmdeskError
from crmdesk.models.text import Text
from crmdesk.models.types import Clock, CustomerId
from crmdesk.services.attach import AttachServer
from crmdesk.services.call_desk import CallDesk
from crmdesk.services.codes import AgentName, agents
from crmdesk.services.executor import Lane
from crmdesk.services.profile import Profile
from crmdesk.services.store.connection import open_connection
from crmdesk.services.telephony.ami_client import AmiSettings, LinkState
from crmdesk.services.telephony.ami_gateway import AmiGateway
from crmdesk.services.telephony.gateway import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallHeld,
    CallMoved,
    CallResumed,
    Gateway,
)
from crmdesk.services.telephony.hook import call_from_address
from crmdesk.services.telephony.hook_gateway import HookGateway
from crmdesk.services.telephony.hook_server import HookServer
from crmdesk.services.telephony.numbers import NumberParser
from crmdesk.services.telephony.site import SECRET_NAME, ami_settings, site_rules
from crmdesk.ui.bridge import Bridge
from crmdesk.ui.desk import CallState, DeskStatus
from crmdesk.ui.local_desk import LocalDesk
from crmdesk.ui.look import dress
from crmdesk.ui.main_window import MainWindow, WindowOptions

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import Follower

_log = logging.getLogger("crmdesk.app")
NO_SUCH_ADDRESS = "The address {address} leads nowhere here."
LINK_MARKS = {"connected": "connected", "connecting": "connecting", "lost": "connecting", "refused": "failed"}


class Addresses(QObject):
    """Carries crmdesk:// addresses to the GUI thread.

    Signals:
        wanted(str): show what this address names.
    """

    wanted = Signal(str)


class Program:
    """A desk with its window.

    Args:
        app: Qt's application.
        profile: open; closed by :meth:`close`.
        link: tells the telephone system; by default the one of the profile's settings.
    """

    def __init__(self, app: QApplication, profile: Profile, link: AmiSettings | None = None) -> None:
        self.profile = profile
        self._link = link
        self._agent = _agent_of(profile)
        self._status = DeskStatus(extension=profile.settings.text("extension"), test_profile=profile.test)
        self._afterwards = Lane("start")
        self._gateways: list[Gateway] = []
        self._stops: list[Callable[[], None]] = []
        self.started = threading.Event()
        self._hook = HookGateway(profile.settings.text("extension"), now=profile.clock)
        self._build_services()
        self._build_window(app)

    def _build_services(self) -> None:
        actor = str(self._agent.id) if self._agent else ""
        self.store = self.profile.open_store(actor, _followers)
        self.numbers = NumberParser(site_rules(self.profile.settings))
        self.calls = CallDesk(self.store, self.numbers.parse, self.profile.id, self.language)
        self.drafts = self.profile.open_drafts()
        self.desk = LocalDesk(self.store, self.calls, self.drafts, self._telephone, self.language)

    def _build_window(self, app: QApplication) -> None:
        settings = self.profile.settings
        theme = settings.text("theme") or "light"
        self.bridge = Bridge()
        self.look = dress(app, self.language(), theme)
        options = WindowOptions(zone=ZoneInfo(settings.text("zone")))
        self.window = MainWindow(
            self.desk, self.bridge, self.look.words, self.look.ink, options, clock=self.profile.clock
        )
        self.window.look_changed.connect(self._keep_look)
        self.addresses = Addresses()
        self.addresses.wanted.connect(self.open_address, Qt.ConnectionType.QueuedConnection)
        self.store.on_change(self.bridge.changed.emit)
        self.calls.on_pop(self.bridge.popped.emit)
        self.calls.on_call(self._tell_call)

    def language(self) -> str:
        """Return the language of the window: the profile's, else the computer's."""
        chosen = self.profile.settings.text("language")
        if chosen:
            return chosen
        return "zh" if QLocale.system().language() == QLocale.Language.Chinese else "en"

    def show(self) -> None:
        """Show the window and ask for its first screen."""
        self.window.show()
        self.window.start()
        self._tell_status()

    def start_rest(self) -> None:
        """Load and connect the rest, off the GUI thread; call after the first paint."""
        self._afterwards.run(self._start_rest)

    def close(self) -> None:
        """Stop everything in the order it can be stopped: telephone first, store last."""
        self._afterwards.close()
        for gateway in self._gateways:
            gateway.stop()
        for stop in reversed(self._stops):
            stop()
        self.desk.close()
        self.bridge.close()
        self.calls.close()
        self.store.close()
        self.profile.close()

    def _start_rest(self) -> None:
        try:
            self._connect()
        except Exception:  # noqa: BLE001 - the edge of a thread: the window lives on, the log says why
            _log.exception("starting the rest failed")
        self.started.set()

    def _connect(self) -> None:
        self.calls.warm()
        self.numbers.warm()
        self._connect_telephone()
        self._open_hook()
        self.store.warm().result()
        self._let_others_join()

    def _connect_telephone(self) -> None:
        link = self._link or self._link_of_settings()
        if link is None:
            return
        extension = self.profile.settings.text("extension")
        gateway = AmiGateway(link, [extension], self._tell_link, now=self.profile.clock)
        self._gateways.append(gateway)
        gateway.start(self._take)

    def _link_of_settings(self) -> AmiSettings | None:
        settings = self.profile.settings
        if settings.text("telephony") != "ami":
            return None
        return ami_settings(settings, self.profile.secrets.get(self.profile.id, SECRET_NAME) or "")

    def _open_hook(self) -> None:
        self._gateways.append(self._hook)
        self._hook.start(self._take)
        server = HookServer(self.profile.path, self._hook.take, self.addresses.wanted.emit)
        server.start()
        self._stops.append(server.stop)

    def _let_others_join(self) -> None:
        from crmdesk.services.rpc.desk import Desk, Parts
        from crmdesk.services.rpc.methods import all_methods
        from crmdesk.services.rpc.session import Session

        login = self._agent.login if self._agent else ""
        parts = Parts(
            self.store,
            self.calls,
            self.numbers,
            self.profile.clock.set,
            lambda: login,
            lambda: self.profile.settings.text("zone"),
            self.profile.test,
        )
        desk, methods = Desk(parts), all_methods()
        server = AttachServer(self.profile.path, lambda send: Session(desk, methods, send))
        server.start()
        self._stops.append(server.stop)

    def open_address(self, address: str) -> None:
        """Show what a crmdesk:// *address* names: a call, a customer, or just the window."""
        place, _, rest = address.removeprefix("crmdesk://").partition("/")
        try:
            if place.startswith("call"):
                call = call_from_address(address)
                self._afterwards.run(self._hook.take, call)
            elif place == "customer":
                self.window.commands.open_customer(CustomerId(UUID(rest)))
        except (CrmdeskError, ValueError):
            self.window.parts.messages.say(self.look.words.tr(NO_SUCH_ADDRESS, address=address), "due")
        self.window.showNormal() if self.window.isMinimized() else self.window.show()
        self.window.raise_()

    def wait_until_started(self, seconds: float) -> bool:
        """Wait until everything is connected; for tests and benchmarks. Return whether it is."""
        return self.started.wait(seconds)

    def _take(self, event: CallEvent) -> None:
        self.calls.take(event)

    def _telephone(self) -> Gateway | None:
        return next((each for each in self._gateways if isinstance(each, AmiGateway)), None)

    def _tell_call(self, event: CallEvent) -> None:
        for state in call_states(event, self.profile.clock):
            self.bridge.call_changed.emit(state)

    def _tell_link(self, link: LinkState) -> None:
        trouble = Text(link.sentence, link.values) if link.sentence else None
        mark = LINK_MARKS.get(link.state, "off")
        self._status = replace(self._status, telephony=mark, trouble=trouble)
        self.bridge.status_changed.emit(self._status)

    def _tell_status(self) -> None:
        if self._agent:
            name = self._agent.name_zh if self.language() == "zh" else self._agent.name_en
            self._status = replace(self._status, agent_name=name)
        self.bridge.status_changed.emit(self._status)

    def _keep_look(self, language: str, theme: str) -> None:
        self._afterwards.run(self.profile.change_settings, "agent", {"language": language, "theme": theme})


def call_states(event: CallEvent, clock: Clock) -> tuple[CallState, ...]:
    """Return what the window is told of *event*; nothing when its pop says it all."""
    at = event.wall_at or clock()
    names = {CallAnswered: "talking", CallResumed: "talking", CallHeld: "held"}
    if isinstance(event, CallEnded):
        return (CallState(event.call_key, "ended" if event.result == "answered" else "missed", at),)
    if isinstance(event, CallMoved):
        left = CallState(event.previous_key, "ended", at)
        return (left, CallState(event.call_key, "talking", at)) if event.talking else (left,)
    return (CallState(event.call_key, names[type(event)], at),) if type(event) in names else ()


def _followers() -> Sequence[Follower]:
    from crmdesk.services.followers import followers

    return followers()


def _agent_of(profile: Profile) -> AgentName | None:
    """Return who works at this desk: the login of the settings, else whose extension it is."""
    login, extension = profile.settings.text("agent"), profile.settings.text("extension")
    if not login and not extension:
        return None
    connection = open_connection(profile.store_path, profile.key, role="reader")
    try:
        known = agents(connection)
    finally:
        connection.close()
    by_login = [each for each in known if login and each.login == login]
    return next(iter(by_login or [each for each in known if each.extension == extension]), None)
