"""The channels that run at one moment of a recording, as a telephone system lists them when asked."""

from __future__ import annotations

from crmdesk.services.telephony.ami import AmiParser, Event
from crmdesk.services.telephony.sim_script import Fields

LISTED = (
    *("Channel", "ChannelState", "ChannelStateDesc", "CallerIDNum", "CallerIDName"),
    *("ConnectedLineNum", "ConnectedLineName", "Language", "AccountCode", "Context", "Exten", "Priority"),
    *("Uniqueid", "Linkedid"),
)
SILENT = {"Application": "", "ApplicationData": "", "BridgeId": ""}


class PlayedChannels:
    """Follows a recorded stream and knows what runs after it."""

    def __init__(self) -> None:
        self._parser = AmiParser()
        self._channels: dict[str, dict[str, str]] = {}

    def feed(self, data: bytes) -> None:
        """Take the next bytes of the stream."""
        for event in self._parser.feed(data):
            self.follow(event)

    def follow(self, event: Event) -> None:
        """Take the next event of the stream."""
        channel = event.get("Uniqueid")
        if event.name == "Newchannel":
            self._channels[channel] = dict(SILENT)
        if channel not in self._channels or not event.get("Channel"):
            return
        if event.name == "Hangup":
            del self._channels[channel]
            return
        listed = self._channels[channel]
        listed |= {key: event.get(key) for key in LISTED}
        if event.name == "Newexten":
            listed |= {"Application": event.get("Application"), "ApplicationData": event.get("AppData")}
        elif event.name in ("BridgeEnter", "BridgeLeave"):
            listed["BridgeId"] = event.get("BridgeUniqueid") if event.name == "BridgeEnter" else ""

    def rows(self) -> list[Fields]:
        """Return the fields of each running channel, in the order they began."""
        return [tuple(channel.items()) for channel in self._channels.values()]
