"""Turns the events of a telephone system into calls: one engine for the live desk and for recordings.

Facts it rests on, seen in recordings of Asterisk 16 and 22: a phone rings when its own channel gets
``ChannelState: 5``, the caller is that event's ``ConnectedLineNum``; legs are known by ``Uniqueid``, their
``Linkedid`` changes without an event of its own; the first ``HangupRequest`` names who hung up; "up" is not
"answered", two parties in a bridge are; after a reconnect only a list of channels tells what still runs,
and that list and the events around it overtake each other (`snapshot`).
Everything is idempotent: the same event twice, or a story seen by two connections, changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from crmdesk.services.telephony.ami import Event
from crmdesk.services.telephony.announcer import Announcer
from crmdesk.services.telephony.call_board import CallBoard
from crmdesk.services.telephony.calls import Call, Leg, Pop, Transfer
from crmdesk.services.telephony.channels import clean_name, clean_number, extension_of
from crmdesk.services.telephony.gateway import CallEvent
from crmdesk.services.telephony.snapshot import ChannelList

RINGING, UP = "5", "6"
VOICEMAIL_APPLICATIONS = frozenset({"VoiceMail", "Voicemail", "MinivmRecord"})


class CallSession:
    """Keeps all running calls apart.

    Args:
        extensions: the extensions whose calls are announced; None announces every phone's.
        on_finished: gets each call once it is over.
        phones: all extensions there are; None takes two to six digits for one.
    """

    def __init__(
        self,
        extensions: Iterable[str] | None = None,
        on_finished: Callable[[Call], None] | None = None,
        phones: Iterable[str] | None = None,
    ) -> None:
        self._tell = Announcer(None if extensions is None else frozenset(extensions))
        self._board = CallBoard(self._tell, on_finished, phones)
        self._list = ChannelList(self._board, self._ring, self._up)
        self._phones = None if phones is None else frozenset(phones)
        self._handlers: dict[str, Callable[[Event], None]] = {
            "": self._on_answer,
            "Newchannel": self._on_new_channel,
            "Newstate": self._on_new_state,
            "NewConnectedLine": self._on_connected_line,
            "NewCallerid": self._on_caller_id,
            "Newexten": self._on_dialplan_step,
            "Rename": self._on_rename,
            "DialBegin": self._on_dial_begin,
            "DialEnd": self._on_dial_end,
            "OriginateResponse": self._on_originate_response,
            "QueueCallerJoin": self._on_queue_join,
            "QueueCallerLeave": self._on_queue_leave,
            "BridgeEnter": self._on_bridge_enter,
            "BridgeLeave": self._on_bridge_leave,
            "Hold": self._on_hold,
            "Unhold": self._on_unhold,
            "BlindTransfer": self._on_blind_transfer,
            "AttendedTransfer": self._on_attended_transfer,
            "ParkedCall": self._on_parked,
            "Pickup": self._on_pickup,
            "HangupRequest": self._on_hangup_request,
            "Hangup": self._on_hangup,
            "CoreShowChannel": self._list.on_channel,
            "CoreShowChannelsComplete": self._list.on_complete,
        }

    @property
    def calls(self) -> tuple[Call, ...]:
        """The calls that still run, oldest first."""
        return tuple(self._board.calls.values())

    def leg_of(self, call_key: str, extension: str) -> Leg | None:
        """Return the running leg of *extension* in a call, None when there is none."""
        call = self._board.calls.get(call_key)
        legs = call.legs.values() if call else ()
        return next((leg for leg in legs if leg.extension == extension), None)

    def feed(
        self, event: Event, at: float | None = None, wall_at: datetime | None = None
    ) -> tuple[CallEvent, ...]:
        """Take one event that came at *at* (seconds, monotonic) and return what it means to extensions."""
        handler = self._handlers.get(event.name)
        if handler is None:
            return ()
        self._board.now = at
        self._tell.moment(at, wall_at)
        handler(event)
        return self._tell.take()

    # one channel

    def _on_new_channel(self, event: Event) -> None:
        leg_id = event.get("Uniqueid")
        if not leg_id or not event.get("Channel") or self._board.knows(leg_id):
            return
        leg = self._board.add(event, witnessed=True)
        if leg.extension and not leg.is_root:
            leg.call.new_round(leg_id)

    def _on_new_state(self, event: Event) -> None:
        leg = self._board.leg(event)
        if leg is None:
            return
        leg.state = event.get("ChannelState")
        if leg.state == RINGING:
            self._ring(leg, event)
        elif leg.state == UP:
            self._up(leg, event)

    def _ring(self, leg: Leg, event: Event) -> None:
        """A phone rings: that is the pop, unless it is the agent's own click-to-call."""
        call = leg.call
        if leg.rang or leg.up or not leg.extension:
            return
        leg.rang = True
        leg.ring.begin(self._board.now)
        if leg.own_call or (call.click_to_call and leg.extension == call.agent and not call.has_talked):
            leg.own_call = True
            return
        number = clean_number(event.get("ConnectedLineNum"))
        name = clean_name(event.get("ConnectedLineName")) if number else None
        if call.root is None and call.number is None:
            call.number, call.name = number, name
        number = number or call.other_party()
        call.note_ring(leg.extension)
        call.pops.append(Pop(leg.extension, number, self._board.now, "ringing"))
        self._tell.ringing(leg, number, name)

    def _up(self, leg: Leg, event: Event) -> None:
        """A leg is up: answered is the phone that rang, and the one that may have rung before we came."""
        if leg.up:
            return
        leg.up = True
        leg.ring.end(self._board.now)
        if not leg.extension or leg.own_call or (leg.whole and not leg.rang):
            return
        call = leg.call
        if call.root is None and call.number is None:
            call.number = clean_number(event.get("ConnectedLineNum"))
            call.name = clean_name(event.get("ConnectedLineName")) if call.number else None
        self._tell.answered(leg)

    def _on_connected_line(self, event: Event) -> None:
        self._board.leg(event)

    def _on_caller_id(self, event: Event) -> None:
        leg = self._board.leg(event)
        if leg is None or not leg.is_root or leg.call.has_talked:
            return
        call, number = leg.call, clean_number(event.get("CallerIDNum"))
        if call.click_to_call:
            if call.dialled is None and not leg.up and number is not None and number != call.agent:
                self._place(leg, number)
        elif not leg.extension:
            call.number = number or call.number
            call.name = clean_name(event.get("CallerIDName")) or call.name

    def _place(self, leg: Leg, dialled: str) -> None:
        """Click-to-call: now it is known whom."""
        leg.call.dialled = dialled
        self._tell.placed(leg)

    def _on_rename(self, event: Event) -> None:
        leg = self._board.legs.get(event.get("Uniqueid"))
        if leg is not None and not leg.extension:
            leg.rename(event.get("Newname"), self._phones)

    def _on_dialplan_step(self, event: Event) -> None:
        leg = self._board.leg(event)
        if leg is None or not leg.is_root:
            return
        application = event.get("Application")
        if application == "Queue":
            leg.call.queue = event.get("AppData").partition(",")[0] or leg.call.queue
        elif application in VOICEMAIL_APPLICATIONS:
            leg.call.voicemail = True

    def _on_hold(self, event: Event) -> None:
        leg = self._board.leg(event)
        if leg is not None and not leg.hold.running:
            if not leg.whole:
                self._up(leg, event)  # the list that would tell so is still to come
            leg.hold.begin(self._board.now)
            self._tell.held(leg)

    def _on_unhold(self, event: Event) -> None:
        leg = self._board.leg(event)
        if leg is not None and leg.hold.running:
            leg.hold.end(self._board.now)
            self._tell.resumed(leg)

    def _on_hangup_request(self, event: Event) -> None:
        leg = self._board.leg(event)
        if leg is not None and not leg.is_local and leg.call.hangup_by is None:
            leg.call.hangup_by = leg.call.role_of(leg)

    def _on_hangup(self, event: Event) -> None:
        leg = self._board.leg(event)
        if leg is None:
            return
        if leg.rang and not leg.whole and event.get("ChannelState") == UP:
            self._up(leg, event)  # answered while the line was down
        self._board.remove(leg, event.get("Cause") or "0")

    # dialling, queues, bridges

    def _on_dial_begin(self, event: Event) -> None:
        leg = self._board.leg(event)
        if leg is None:
            return
        call, phone = leg.call, extension_of(event.get("DestChannel"), self._phones)
        call.hangup_by = None
        call.new_round(event.get("DestUniqueid"))
        if (
            leg.is_root
            and leg.extension
            and not call.click_to_call
            and not event.get("DestChannel").startswith("Local/")
        ):
            call.direction = "internal" if phone else "out"
        if call.adrift and phone and call.has_talked:
            call.note_transfer(Transfer("redirect", None, phone))

    def _on_dial_end(self, event: Event) -> None:
        leg = self._board.legs.get(event.get("DestUniqueid"))
        status = event.get("DialStatus")
        if leg is not None and not leg.dial_status:
            leg.dial_status = status
            leg.call.last_dial_status = status

    def _on_originate_response(self, event: Event) -> None:
        leg = self._board.legs.get(event.get("Uniqueid"))
        if leg is not None and leg.call.click_to_call and leg.call.dialled is None:
            self._place(leg, event.get("Exten"))

    def _on_queue_join(self, event: Event) -> None:
        leg = self._board.leg(event)
        if leg is not None:
            leg.call.queue = event.get("Queue") or leg.call.queue
            leg.call.queued.begin(self._board.now)

    def _on_queue_leave(self, event: Event) -> None:
        leg = self._board.leg(event)
        if leg is not None:
            leg.call.queued.end(self._board.now)

    def _on_bridge_enter(self, event: Event) -> None:
        leg = self._board.leg(event)
        if leg is not None and event.get("BridgeUniqueid"):
            leg.bridge_heard = True
            self._board.enter_bridge(leg, event.get("BridgeUniqueid"))

    def _on_bridge_leave(self, event: Event) -> None:
        leg = self._board.leg(event)
        if leg is None:
            return
        leg.bridge_heard = True
        if leg.bridge == event.get("BridgeUniqueid"):
            self._board.leave_bridge(leg)

    # handing on

    def _on_blind_transfer(self, event: Event) -> None:
        leg = self._board.legs.get(event.get("TransfererUniqueid"))
        if leg is not None and event.get("Result", "Success") == "Success":
            leg.call.note_transfer(Transfer("blind", leg.extension or None, event.get("Extension") or None))

    def _on_attended_transfer(self, event: Event) -> None:
        first = self._board.legs.get(event.get("OrigTransfererUniqueid"))
        second = self._board.legs.get(event.get("SecondTransfererUniqueid"))
        if first is None or event.get("Result", "Success") != "Success":
            return
        target = self._board.legs.get(event.get("TransferTargetUniqueid"))
        to = target.extension if target is not None else ""
        if second is not None:
            second.call.handed_over = second.call is not first.call
            to = to or second.call.dialled or ""
        kind = "attended" if target is not None and target.up else "blonde"
        first.call.note_transfer(Transfer(kind, first.extension or None, to or None))

    def _on_parked(self, event: Event) -> None:
        leg = self._board.legs.get(event.get("ParkeeUniqueid"))
        if leg is not None:
            leg.call.parked = True

    def _on_pickup(self, event: Event) -> None:
        leg = self._board.legs.get(event.get("Uniqueid"))
        if leg is not None:
            leg.call.picks_up = True

    # answers to actions

    def _on_answer(self, event: Event) -> None:
        message = event.get("Message")
        if message == "Channel Hungup":
            self._board.hung_up_by_action = True
        elif message == "Authentication accepted":
            self._list.begin_connection()
        elif message == "Channels will follow":
            self._list.begin()
