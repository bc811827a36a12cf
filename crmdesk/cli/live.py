"""Telephony for `crmdesk rpc --live`: the profile's own, without a window."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmdesk.services.profile import Profile
    from crmdesk.services.rpc.desk import Desk
    from crmdesk.services.telephony.ami_gateway import AmiGateway
    from crmdesk.services.telephony.gateway import CallEvent


@contextmanager
def telephony(profile: Profile, *, live: bool) -> Iterator[Callable[[Desk], None]]:
    """Give what connects a desk to its telephone system and the hook; nothing happens unless *live*."""
    from crmdesk.services.telephony.hook_gateway import HookGateway
    from crmdesk.services.telephony.hook_server import HookServer

    if not live:
        yield lambda _desk: None
        return
    line = _line(profile)
    hook = HookGateway(profile.settings.text("extension"), now=profile.clock)
    door = HookServer(profile.path, hook.take)

    def connect(desk: Desk) -> None:
        def take(event: CallEvent) -> None:
            desk.calls.take(event)

        # The first call must not wait for what could be loaded before it: a hook waits a second at most.
        desk.calls.warm()
        desk.parts.numbers.warm()
        desk.parts.numbers.warm_abroad()
        desk.store.warm().result()
        hook.start(take)
        door.start()
        if line is not None:
            line.start(take)

    try:
        yield connect
    finally:
        if line is not None:
            line.stop()
        hook.stop()
        door.stop()


def _line(profile: Profile) -> AmiGateway | None:
    """Return the line to the telephone system that the settings name; what troubles it goes to the log."""
    import logging

    from crmdesk.services.telephony.ami_gateway import AmiGateway
    from crmdesk.services.telephony.site import SECRET_NAME, ami_settings

    extension = profile.settings.text("extension")
    if profile.settings.text("telephony") != "ami" or not extension:
        return None
    settings = ami_settings(profile.settings, profile.secrets.get(profile.id, SECRET_NAME) or "")
    log = logging.getLogger("crmdesk.telephony")
    return AmiGateway(
        settings, [extension], lambda state: log.info("telephone: %s", state.state), now=profile.clock
    )
