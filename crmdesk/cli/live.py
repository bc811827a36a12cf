"""Telephony for `crmdesk rpc --live`: the profile's own, without a window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmdesk.services.profile import Profile
    from crmdesk.services.rpc.desk import Desk
    from crmdesk.services.telephony.gateway import CallEvent


@contextmanager
def telephony(profile: Profile, *, live: bool) -> Iterator[Callable[[Desk], None]]:
    """Give what connects a desk to the hook for the block; nothing happens unless *live*."""
    from crmdesk.services.telephony.hook_gateway import HookGateway
    from crmdesk.services.telephony.hook_server import HookServer

    if not live:
        yield lambda _desk: None
        return
    gateway = HookGateway(profile.settings.text("extension"), now=profile.clock)
    server = HookServer(profile.path, gateway.take)

    def connect(desk: Desk) -> None:
        def keep(event: CallEvent) -> None:
            desk.calls.take(event)

        gateway.start(keep)
        server.start()

    try:
        yield connect
    finally:
        server.stop()
        gateway.stop()
