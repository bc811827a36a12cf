"""How calls come out that the recordings here do not hold: told by hand in the same words."""

from collections.abc import Iterable

import pytest

from crmdesk.services.telephony.ami import Event
from crmdesk.services.telephony.call_session import CallSession
from crmdesk.services.telephony.calls import Call, Transfer
from crmdesk.services.telephony.gateway import CallEvent, CallMoved, CallPlaced

CUSTOMER = "13912345678"


def told(name: str, **fields: str) -> Event:
    return Event([("Event", name), *fields.items()], name)


class Story:
    """Feeds a session; channels are named by their number in the story."""

    def __init__(self, *extensions: str) -> None:
        self.finished: list[Call] = []
        self.heard: list[CallEvent] = []
        self.session = CallSession(extensions or None, on_finished=self.finished.append)
        self.seconds = 0.0
        self._channels: dict[str, dict[str, str]] = {}

    def channel(self, key: str, device: str, call: str, **fields: str) -> None:
        self._channels[key] = {
            "Channel": f"PJSIP/{device}-0000000{key}",
            "ChannelState": "0",
            "ConnectedLineNum": "<unknown>",
            "Uniqueid": key,
            "Linkedid": call,
        } | fields
        self.at(key, "Newchannel")

    def at(self, key: str, name: str, **fields: str) -> None:
        """An event of one channel; what it says stays said."""
        lasting = {"ChannelState", "ConnectedLineNum", "Linkedid", "Exten"}
        self._channels[key] |= {field: value for field, value in fields.items() if field in lasting}
        self.say(name, **self._channels[key] | fields)

    def say(self, name: str, **fields: str) -> None:
        self.seconds += 1.0
        self.heard += self.session.feed(told(name, **fields), self.seconds)

    def caller(self, key: str = "1", exten: str = "02158201001") -> None:
        self.channel(key, "trunk", key, ChannelState="4", CallerIDNum=CUSTOMER, Exten=exten)

    def ring(self, key: str, extension: str, call: str = "1", by: str = CUSTOMER) -> None:
        self.channel(key, extension, call, Exten="s")
        self.say("DialBegin", **self._channels[call], DestUniqueid=key, DestChannel=f"PJSIP/{extension}-0000")
        self.at(key, "Newstate", ChannelState="5", ConnectedLineNum=by)

    def pick_up(self, key: str) -> None:
        self.at(key, "Newstate", ChannelState="6")

    def bridge(self, bridge: str, *keys: str) -> None:
        for key in keys:
            self.at(key, "BridgeEnter", BridgeUniqueid=bridge)

    def end(self, *keys: str, cause: str = "16") -> None:
        for key in keys:
            self.at(key, "Hangup", Cause=cause)

    def outcome(self) -> tuple[str, str | None]:
        (call,) = self.finished
        return call.disposition(), call.ended_by()


def test_the_voice_mail_that_takes_a_call_is_nobody() -> None:
    story = Story()
    story.caller()
    story.ring("2", "1003")
    story.say("DialEnd", DestUniqueid="2", DialStatus="NOANSWER")
    story.end("2", cause="0")
    story.at("1", "Newexten", Application="VoiceMail", AppData="1003@default,u")
    story.pick_up("1")
    story.at("1", "HangupRequest")
    story.end("1")

    assert story.outcome() == ("voicemail", "caller")


def test_an_agent_who_rejects_leaves_the_caller_with_busy() -> None:
    story = Story("1001")
    story.caller()
    story.ring("2", "1001")
    story.say("DialEnd", DestUniqueid="2", DialStatus="BUSY")
    story.end("2", cause="17")
    story.end("1", cause="17")

    assert story.outcome() == ("busy", "pbx")
    assert getattr(story.heard[-1], "result", "") == "rejected"


@pytest.mark.parametrize(
    ("status", "hangs_up", "expected"),
    [
        ("BUSY", False, ("busy", "pbx")),
        ("NOANSWER", False, ("no_answer", "pbx")),
        ("CHANUNAVAIL", False, ("failed", "pbx")),
        ("CANCEL", True, ("abandoned", "agent")),
    ],
)
def test_calls_to_customers_that_nobody_took(status: str, hangs_up: bool, expected: tuple[str, str]) -> None:
    story = Story("1001")
    outgoing(story)
    if hangs_up:
        story.at("1", "HangupRequest")
    story.say("DialEnd", DestUniqueid="2", DialStatus=status)
    story.end("2", "1")

    assert story.outcome() == expected


def test_a_call_to_a_customer_is_placed_and_talked() -> None:
    story = Story("1001")
    outgoing(story)
    story.pick_up("2")
    story.pick_up("1")
    story.bridge("b", "2", "1")
    story.at("2", "HangupRequest")
    story.end("2", "1")

    (call,) = story.finished
    assert (call.direction, call.number, call.dialled, call.talked) == ("out", "1001", CUSTOMER, ["1001"])
    assert story.outcome() == ("answered", "callee")
    assert isinstance(story.heard[0], CallPlaced)
    assert {event.number for event in story.heard} == {CUSTOMER}


def outgoing(story: Story) -> None:
    story.channel("1", "1001", "1", ChannelState="4", CallerIDNum="1001", Exten=CUSTOMER)
    story.channel("2", "trunk", "1", Exten="s")
    story.at("1", "DialBegin", DestUniqueid="2", DestChannel="PJSIP/trunk-00000002")
    story.at("2", "Newstate", ChannelState="5")


def answered_by_1001(story: Story) -> None:
    story.caller()
    story.ring("2", "1001")
    story.pick_up("2")
    story.bridge("a", "2", "1")


def moves(events: Iterable[CallEvent]) -> list[tuple[str, str | None, str]]:
    return [(event.extension, event.number, event.reason) for event in events if isinstance(event, CallMoved)]


def test_a_parked_caller_shows_at_whoever_fetches_him() -> None:
    story = Story()
    answered_by_1001(story)
    story.say("ParkedCall", ParkeeUniqueid="1", ParkingSpace="701")
    story.at("2", "BridgeLeave", BridgeUniqueid="a")
    story.end("2")
    story.channel("3", "1002", "3", ChannelState="4", CallerIDNum="1002", Exten="701")
    story.pick_up("3")
    story.bridge("b", "1", "3")
    story.at("3", "NewConnectedLine", Linkedid="1", ConnectedLineNum=CUSTOMER)
    story.at("1", "HangupRequest")
    story.end("1", "3")

    assert moves(story.heard) == [("1002", CUSTOMER, "parking")]
    fetched, call = story.finished
    assert fetched.absorbed
    assert (call.talked, call.ended_by(), call.transfers) == (["1001", "1002"], "caller", [])


def test_a_call_picked_up_for_a_colleague_shows_its_caller() -> None:
    story = Story("1002")
    story.caller()
    story.ring("2", "1001")
    story.channel("3", "1002", "3", ChannelState="4", CallerIDNum="1002", Exten="*8")
    story.say("Pickup", Uniqueid="3", TargetUniqueid="2")
    story.at("3", "NewConnectedLine", Linkedid="1", ConnectedLineNum=CUSTOMER)
    story.pick_up("3")
    story.bridge("a", "3", "1")
    story.end("2")
    story.at("1", "HangupRequest")
    story.end("1", "3")

    assert moves(story.heard) == [("1002", CUSTOMER, "pickup")]
    (call,) = (call for call in story.finished if not call.absorbed)
    assert (call.talked, call.rang()) == (["1002"], ["1001"])


def test_a_phone_swapped_into_a_ringing_leg_is_a_pickup() -> None:
    story = Story("1002")
    story.caller()
    story.ring("2", "1001")
    story.at("2", "NewConnectedLine", Channel="PJSIP/1002-0000000a", ConnectedLineNum=CUSTOMER)

    assert moves(story.heard) == [("1002", CUSTOMER, "pickup")]


def test_a_transfer_completed_while_the_colleague_still_rings_is_blonde() -> None:
    story = Story("1002")
    answered_by_1001(story)
    story.channel("3", "1001", "3", ChannelState="4", CallerIDNum="1001", Exten="1002")
    story.ring("4", "1002", call="3", by="1001")
    story.say(
        "AttendedTransfer",
        Result="Success",
        OrigTransfererUniqueid="2",
        SecondTransfererUniqueid="3",
        TransfereeUniqueid="1",
    )
    story.at("4", "NewConnectedLine", Linkedid="1", ConnectedLineNum=CUSTOMER)
    story.end("2", "3")
    story.pick_up("4")
    story.bridge("b", "4", "1")
    story.at("1", "HangupRequest")
    story.end("1", "4")

    consulted, call = story.finished
    assert call.transfers == [Transfer("blonde", "1001", "1002")]
    assert (call.talked, call.ended_by()) == (["1001", "1002"], "caller")
    assert consulted.ended_by() == "transfer"
    assert moves(story.heard) == [("1002", CUSTOMER, "transfer")]
