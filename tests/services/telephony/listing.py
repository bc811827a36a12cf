"""What a telephone system answers when it is asked for its channels, worked out from a recorded stream."""

from collections.abc import Iterable, Sequence

from crmdesk.services.telephony.ami import Event

LOGIN = Event(
    [("Response", "Success"), ("ActionID", "login"), ("Message", "Authentication accepted")],
    "",
)
KEPT = (
    *("Channel", "ChannelState", "CallerIDNum", "CallerIDName", "ConnectedLineNum", "ConnectedLineName"),
    *("Context", "Exten", "Priority", "Uniqueid", "Linkedid"),
)


def listed(events: Iterable[Event], action_id: str = "list") -> list[Event]:
    """Return the answer to ``CoreShowChannels`` after *events*: its beginning, a row a channel, its end."""
    rows: dict[str, dict[str, str]] = {}
    for event in events:
        channel = event.get("Uniqueid")
        if event.name == "Newchannel":
            rows[channel] = {"Application": "", "ApplicationData": "", "BridgeId": ""}
        if channel not in rows or not event.get("Channel"):
            continue
        if event.name == "Hangup":
            del rows[channel]
            continue
        rows[channel] |= {key: event.get(key) for key in KEPT}
        rows[channel] |= _besides(event)
    begin = [("Response", "Success"), ("ActionID", action_id), ("Message", "Channels will follow")]
    return [Event(begin, ""), *(_row(row, action_id) for row in rows.values()), _complete(rows, action_id)]


def _besides(event: Event) -> dict[str, str]:
    if event.name == "Newexten":
        return {"Application": event.get("Application"), "ApplicationData": event.get("AppData")}
    if event.name in ("BridgeEnter", "BridgeLeave"):
        return {"BridgeId": event.get("BridgeUniqueid") if event.name == "BridgeEnter" else ""}
    return {}


def _row(row: dict[str, str], action_id: str) -> Event:
    return Event([("Event", "CoreShowChannel"), ("ActionID", action_id), *row.items()], "CoreShowChannel")


def _complete(rows: dict[str, dict[str, str]], action_id: str) -> Event:
    name = "CoreShowChannelsComplete"
    return Event([("Event", name), ("ActionID", action_id), ("ListItems", str(len(rows)))], name)


def as_bytes(events: Sequence[Event]) -> bytes:
    """Return *events* as they travel."""
    messages = ("".join(f"{key}: {value}\r\n" for key, value in event) for event in events)
    return "".join(f"{message}\r\n" for message in messages).encode()
