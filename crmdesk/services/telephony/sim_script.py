"""Calls as an Asterisk reports them: the bytes of each step, shaped as in the recordings.

`ScriptedCall` holds the channels of one call and words what happens to it. No socket, no clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

UNKNOWN = "<unknown>"
STATES = {"0": "Down", "4": "Ring", "5": "Ringing", "6": "Up"}
CAUSES = {
    "0": "Unknown",
    "16": "Normal Clearing",
    "17": "User busy",
    "26": "Answered elsewhere",
    "127": "Interworking, unspecified",
}
Fields = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class SimChannel:
    """One channel: name, ids, state and the two parties' numbers and names."""

    name: str
    uniqueid: str
    linkedid: str
    number: str
    caller_name: str
    exten: str
    context: str
    state: str = "0"
    connected: str = UNKNOWN
    connected_name: str = UNKNOWN
    gone: bool = False

    def fields(self, prefix: str = "") -> Fields:
        """Return the channel's part of an event; *prefix* is ``Dest`` for the second party."""
        values = (
            ("Channel", self.name),
            ("ChannelState", self.state),
            ("ChannelStateDesc", STATES.get(self.state, "Unknown")),
            ("CallerIDNum", self.number),
            ("CallerIDName", self.caller_name),
            ("ConnectedLineNum", self.connected),
            ("ConnectedLineName", self.connected_name),
            ("Language", "en"),
            ("AccountCode", ""),
            ("Context", self.context),
            ("Exten", self.exten),
            ("Priority", "1"),
            ("Uniqueid", self.uniqueid),
            ("Linkedid", self.linkedid),
        )
        return tuple((prefix + key, value) for key, value in values)


def message(*fields: tuple[str, str]) -> bytes:
    """Return one message; line breaks in values cannot occur in the protocol and are dropped."""
    lines = [f"{key}: {value}".replace("\r", " ").replace("\n", " ") for key, value in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def event(name: str, *parts: Fields, privilege: str = "call,all") -> bytes:
    """Return an event made of *parts*."""
    return message(("Event", name), ("Privilege", privilege), *(pair for part in parts for pair in part))


@dataclass(slots=True)
class ScriptedCall:
    """One call being played. Each method returns the bytes that report the step.

    ``new_channel`` makes a channel name and id: ``new_channel("PJSIP/1001")`` → name, uniqueid.
    """

    new_channel: Callable[[str], tuple[str, str]]
    number: str
    name: str
    dnis: str
    queue: str = ""
    trunk: SimChannel = field(init=False)
    phones: list[SimChannel] = field(default_factory=list)
    talking: SimChannel | None = None
    bridge: str = ""
    over: bool = False

    def __post_init__(self) -> None:
        name, uniqueid = self.new_channel("PJSIP/trunk")
        self.trunk = SimChannel(
            name,
            uniqueid,
            uniqueid,
            self.number or UNKNOWN,
            self.name or UNKNOWN,
            self.dnis,
            "from-trunk",
            "4",
        )

    @property
    def channels(self) -> list[SimChannel]:
        """The channels that still exist, trunk first."""
        return [channel for channel in (self.trunk, *self.phones) if not channel.gone]

    def arrive(self) -> bytes:
        """The caller comes in; a queue takes him."""
        out = event("Newchannel", self.trunk.fields())
        if not self.queue:
            return out
        self.trunk.exten = self.queue
        out += self._new_state(self.trunk, "6")
        joined = (("Queue", self.queue), ("Position", "1"), ("Count", "1"))
        return out + event("QueueCallerJoin", self.trunk.fields(), joined, privilege="agent,all")

    def ring(self, extension: str) -> bytes:
        """The phone of *extension* rings."""
        name, uniqueid = self.new_channel(f"PJSIP/{extension}")
        phone = SimChannel(
            name, uniqueid, self.trunk.linkedid, extension, f"Agent {extension}", "s", "from-agents"
        )
        self.phones.append(phone)
        out = event("Newchannel", phone.fields())
        if not self.queue:
            self.trunk.exten = extension
        phone.exten = self.queue or extension
        phone.connected, phone.connected_name = self.trunk.number, self.trunk.caller_name
        if self.queue:
            out += self._agent_event("AgentCalled", phone)
        else:
            out += event("NewConnectedLine", phone.fields())
        dialled = (("DialString", f"PJSIP/{extension}"),)
        out += event("DialBegin", self.trunk.fields(), phone.fields("Dest"), dialled)
        out += self._new_state(phone, "5")
        return out + self._dial("DialState", phone, "RINGING")

    def answer(self, extension: str) -> bytes:
        """The phone of *extension* is picked up; the others stop."""
        phone = self._phone(extension)
        out = self._new_state(phone, "6") + self._dial("DialEnd", phone, "ANSWER")
        others = [other for other in self.phones if other is not phone and not other.gone]
        for other in others:
            out += self._dial("DialEnd", other, "CANCEL")
        if self.trunk.state != "6":
            out += self._new_state(self.trunk, "6")
        self.trunk.connected, self.trunk.connected_name = extension, phone.caller_name
        out += event("NewConnectedLine", self.trunk.fields())
        out += b"".join(self._gone(other, "26") for other in others)
        if self.queue:
            left = (("Queue", self.queue), ("Position", "1"), ("Count", "0"))
            out += event("QueueCallerLeave", self.trunk.fields(), left, privilege="agent,all")
            out += self._agent_event("AgentConnect", phone)
        self.talking = phone
        self.bridge = f"bridge-{self.trunk.uniqueid}-{phone.uniqueid}"
        out += event("BridgeCreate", self._bridge_fields(0))
        out += event("BridgeEnter", self._bridge_fields(1), phone.fields())
        return out + event("BridgeEnter", self._bridge_fields(2), self.trunk.fields())

    def hold(self, *, on: bool) -> bytes:
        """The agent puts the caller on hold or takes him back."""
        phone = self.talking
        return b"" if phone is None else event("Hold" if on else "Unhold", phone.fields())

    def hang_up(self, by: str) -> bytes:
        """The call ends; *by* is caller, agent, or pbx (nobody answered in time, or a cut)."""
        if self.over:
            return b""
        self.over = True
        if self.talking is not None:
            return self._end_talk(self.talking, by)
        cause = "0" if by == "pbx" else "127"
        out = b""
        if by == "caller":
            out += event("HangupRequest", self.trunk.fields(), (("Cause", "127"),))
        status = "NOANSWER" if by == "pbx" else "CANCEL"
        for phone in [phone for phone in self.phones if not phone.gone]:
            out += self._dial("DialEnd", phone, status)
            out += self._gone(phone, "17" if by == "agent" else cause)
        if self.queue:
            left = (("Queue", self.queue), ("Position", "1"), ("Count", "0"))
            if by == "caller":
                out += event("QueueCallerAbandon", self.trunk.fields(), left, privilege="agent,all")
            out += event("QueueCallerLeave", self.trunk.fields(), left, privilege="agent,all")
        return out + self._gone(self.trunk, "127" if by == "caller" else "16")

    def _end_talk(self, phone: SimChannel, by: str) -> bytes:
        first, second = (phone, self.trunk) if by == "agent" else (self.trunk, phone)
        out = b""
        if by in ("caller", "agent"):
            out += event("HangupRequest", first.fields(), (("Cause", "16"),))
        out += event("BridgeLeave", self._bridge_fields(1), first.fields())
        out += event("BridgeLeave", self._bridge_fields(0), second.fields())
        out += event("SoftHangupRequest", self.trunk.fields(), (("Cause", "16"),))
        out += event("BridgeDestroy", self._bridge_fields(0))
        return out + self._gone(first, "16") + self._gone(second, "16")

    def _phone(self, extension: str) -> SimChannel:
        return next(phone for phone in self.phones if phone.number == extension and not phone.gone)

    def _new_state(self, channel: SimChannel, state: str) -> bytes:
        channel.state = state
        return event("Newstate", channel.fields())

    def _gone(self, channel: SimChannel, cause: str) -> bytes:
        channel.gone = True
        ended = (("Cause", cause), ("Cause-txt", CAUSES.get(cause, "Unknown")))
        return event("Hangup", channel.fields(), ended)

    def _dial(self, name: str, phone: SimChannel, status: str) -> bytes:
        return event(name, self.trunk.fields(), phone.fields("Dest"), (("DialStatus", status),))

    def _agent_event(self, name: str, phone: SimChannel) -> bytes:
        member = (
            ("Queue", self.queue),
            ("Interface", f"PJSIP/{phone.number}"),
            ("MemberName", phone.caller_name),
        )
        return event(name, self.trunk.fields(), phone.fields("Dest"), member, privilege="agent,all")

    def _bridge_fields(self, members: int) -> Fields:
        return (
            ("BridgeUniqueid", self.bridge),
            ("BridgeType", "basic"),
            ("BridgeTechnology", "simple_bridge"),
            ("BridgeCreator", UNKNOWN),
            ("BridgeName", UNKNOWN),
            ("BridgeNumChannels", str(members)),
            ("BridgeVideoSourceMode", "none"),
        )


@dataclass(slots=True)
class OriginatedCall:
    """A click-to-call: the agent's phone rings and is taken, then the number is called and answers."""

    new_channel: Callable[[str], tuple[str, str]]
    extension: str
    dialled: str
    phone: SimChannel = field(init=False)
    trunk: SimChannel | None = None
    over: bool = False

    def begin(self, channel_id: str) -> bytes:
        """The agent's own phone rings, showing whom it will call."""
        name, uniqueid = self.new_channel(f"PJSIP/{self.extension}")
        uniqueid = channel_id or uniqueid
        self.phone = SimChannel(name, uniqueid, uniqueid, self.extension, "", "s", "from-agents")
        out = event("Newchannel", self.phone.fields())
        self.phone.number = self.phone.connected = self.dialled
        out += event("NewCallerid", self.phone.fields())
        out += event("NewConnectedLine", self.phone.fields())
        self.phone.state = "5"
        return out + event("Newstate", self.phone.fields())

    def connect(self) -> bytes:
        """The agent takes the phone, the number is called and answers."""
        phone = self.phone
        phone.state, phone.exten = "6", self.dialled
        out = event("Newstate", phone.fields())
        name, uniqueid = self.new_channel("PJSIP/trunk")
        trunk = SimChannel(name, uniqueid, phone.linkedid, self.dialled, UNKNOWN, "s", "from-trunk")
        self.trunk = trunk
        out += event("Newchannel", trunk.fields())
        out += event("DialBegin", phone.fields(), trunk.fields("Dest"), (("DialString", self.dialled),))
        for state in ("5", "6"):
            trunk.state = state
            out += event("Newstate", trunk.fields())
        out += event("DialEnd", phone.fields(), trunk.fields("Dest"), (("DialStatus", "ANSWER"),))
        bridge = (("BridgeUniqueid", f"bridge-{phone.uniqueid}"),)
        out += event("BridgeEnter", bridge, (("BridgeNumChannels", "1"),), trunk.fields())
        return out + event("BridgeEnter", bridge, (("BridgeNumChannels", "2"),), phone.fields())

    @property
    def channels(self) -> list[SimChannel]:
        """The channels that still exist."""
        both = [self.phone] if self.trunk is None else [self.phone, self.trunk]
        return [channel for channel in both if not channel.gone]

    def hang_up(self, by: str) -> bytes:
        """The call ends; *by* is agent, callee or pbx."""
        if self.over:
            return b""
        self.over = True
        channels = self.channels
        out = b""
        if by in ("agent", "callee") and channels:
            first = self.phone if by == "agent" else channels[-1]
            out += event("HangupRequest", first.fields(), (("Cause", "16"),))
        for channel in channels:
            channel.gone = True
            out += event("Hangup", channel.fields(), (("Cause", "16"), ("Cause-txt", CAUSES["16"])))
        return out
