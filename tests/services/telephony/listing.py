"""What a telephone system answers when it is asked for its channels, worked out from a recorded stream."""

from collections.abc import Iterable

from crmdesk.services.telephony.ami import Event
from crmdesk.services.telephony.sim_played import PlayedChannels

LOGIN = Event([("Response", "Success"), ("Message", "Authentication accepted")], "")
PONG = Event([("Response", "Success"), ("Ping", "Pong")], "")


def listed(events: Iterable[Event]) -> list[Event]:
    """Return the answer to ``CoreShowChannels`` after *events*: its beginning, a row a channel, its end."""
    channels = PlayedChannels()
    for event in events:
        channels.follow(event)
    rows = [_named("CoreShowChannel", *row) for row in channels.rows()]
    begin = Event([("Response", "Success"), ("Message", "Channels will follow")], "")
    return [begin, *rows, _named("CoreShowChannelsComplete", ("ListItems", str(len(rows))))]


def _named(name: str, *fields: tuple[str, str]) -> Event:
    return Event([("Event", name), *fields], name)


def as_bytes(events: Iterable[Event], action_id: str = "") -> bytes:
    """Return *events* as they travel, each as a part of the answer to *action_id* where there is one."""
    answered = f"ActionID: {action_id}\r\n" if action_id else ""
    messages = ("".join(f"{key}: {value}\r\n" for key, value in event) for event in events)
    return "".join(f"{message}{answered}\r\n" for message in messages).encode()
