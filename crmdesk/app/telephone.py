"""What reaches a desk from outside: the telephone system, hooks of soft phones, and processes that join.

Nothing of it is needed for the first screen, so it is imported and built after the first paint.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from crmdesk.models.text import Text
from crmdesk.services.attach import AttachServer
from crmdesk.services.call_desk import CallDesk
from crmdesk.services.telephony.ami_gateway import AmiGateway
from crmdesk.services.telephony.gateway import (
    CallAnswered,
    CallEnded,
    CallHeld,
    CallMoved,
    CallResumed,
)
from crmdesk.services.telephony.hook_gateway import HookGateway
from crmdesk.services.telephony.hook_server import HookServer
from crmdesk.services.telephony.numbers import NumberParser
from crmdesk.services.telephony.site import SECRET_NAME, ami_settings, site_rules
from crmdesk.ui.desk import CallState

if TYPE_CHECKING:
    from collections.abc import Callable

    from crmdesk.models.types import Clock
    from crmdesk.services.profile import Profile
    from crmdesk.services.rpc.desk import Desk
    from crmdesk.services.rpc.session import Session
    from crmdesk.services.store.store import Store
    from crmdesk.services.sync.desk import SharedDesk
    from crmdesk.services.telephony.ami_client import AmiSettings, LinkState
    from crmdesk.services.telephony.gateway import (
        CallEvent,
    )
    from crmdesk.services.telephony.hook import HookCall
    from crmdesk.ui.bridge import Bridge

PAINTED_SECONDS = 0.04
"""A pop is painted by then; keeping the call waits so long."""
LINK_MARKS = {"connected": "connected", "connecting": "connecting", "lost": "connecting", "refused": "failed"}


class Telephone:
    """The lines of a desk.

    Args:
        profile: whose settings name the telephone system.
        store: where calls are kept.
        bridge: gets pops and call states.
        language: gives the language for callers nobody knows.
        on_link: gets the mark of the telephone (connected, connecting, off, failed) and what troubles it.
        on_address: gets crmdesk:// addresses that other programs open.
        sharing: gives the shared side of this desk, for those who join.
        link: the telephone system; by default the one of the profile's settings.
    """

    def __init__(
        self,
        profile: Profile,
        store: Store,
        bridge: Bridge,
        language: Callable[[], str],
        on_link: Callable[[str, Text | None], None],
        on_address: Callable[[str], None],
        sharing: Callable[[], SharedDesk],
        link: AmiSettings | None = None,
    ) -> None:
        self._profile = profile
        self._store = store
        self._bridge = bridge
        self._on_link = on_link
        self._sharing = sharing
        self._desk: Desk | None = None
        self._making_desk = threading.Lock()
        extension = profile.settings.text("extension")
        self.numbers = NumberParser(site_rules(profile.settings))
        self.calls = CallDesk(
            store,
            self.numbers.parse,
            profile.id,
            language,
            ZoneInfo(profile.settings.text("zone")),
            PAINTED_SECONDS,
        )
        self.calls.on_pop(bridge.popped.emit)
        self.calls.on_call(self._tell_call)
        self._hook = HookGateway(extension, now=profile.clock)
        self._door = HookServer(profile.path, self._hook.take, on_address)
        self._joining = AttachServer(profile.path, self._conversation)
        self.line = self._line(link or self._link_of_settings(), extension)

    def start(self) -> None:
        """Load what the first call needs, then connect."""
        self.calls.warm()
        self.numbers.warm()
        if self.line is not None:
            self.line.start(self._take)
        self._hook.start(self._take)
        self._door.start()
        self._store.warm().result()
        self._joining.start()

    def take_hook(self, call: HookCall) -> None:
        """Take a call that came as an address."""
        self._hook.take(call)

    def close(self) -> None:
        """Disconnect and join every thread."""
        if self.line is not None:
            self.line.stop()
        self._hook.stop()
        self._door.stop()
        self._joining.stop()
        self.calls.close()

    def _line(self, link: AmiSettings | None, extension: str) -> AmiGateway | None:
        if link is None or not extension:
            return None
        return AmiGateway(link, [extension], self._tell_link, now=self._profile.clock)

    def _link_of_settings(self) -> AmiSettings | None:
        settings = self._profile.settings
        if settings.text("telephony") != "ami":
            return None
        return ami_settings(settings, self._profile.secrets.get(self._profile.id, SECRET_NAME) or "")

    def _conversation(self, send: Callable[[bytes], None]) -> Session:
        """Begin a conversation with a process that joined; the first one loads what they speak of."""
        from crmdesk.services.rpc.methods import all_methods
        from crmdesk.services.rpc.session import Session

        return Session(self._joined(), all_methods(), send)

    def _joined(self) -> Desk:
        from crmdesk.services.rpc.desk import desk_of

        with self._making_desk:
            if self._desk is None:
                sharing = self._sharing()
                self._desk = desk_of(self._profile, self._store, self.calls, self.numbers, sharing)
            return self._desk

    def _take(self, event: CallEvent) -> None:
        self.calls.take(event)

    def _tell_call(self, event: CallEvent) -> None:
        for state in call_states(event, self._profile.clock):
            self._bridge.call_changed.emit(state)

    def _tell_link(self, link: LinkState) -> None:
        trouble = Text(link.sentence, link.values) if link.sentence else None
        self._on_link(LINK_MARKS.get(link.state, "off"), trouble)


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
