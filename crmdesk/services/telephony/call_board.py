"""Who is in which call right now: legs by their id, calls by their key, bridges by their members."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable

from crmdesk.services.telephony.ami import Event
from crmdesk.services.telephony.announcer import Announcer
from crmdesk.services.telephony.calls import Call, Leg, Pop
from crmdesk.services.telephony.channels import (
    clean_name,
    clean_number,
    extension_of,
    is_local,
    looks_internal,
    resource,
)

REMEMBERED_LEGS = 8192
RING = "4"


class CallBoard:
    """Makes, moves and removes legs and calls. `now` is the time of the event being worked on.

    Args:
        tell: announces what happens to watched extensions.
        on_finished: gets each call once it is over.
        phones: all extensions there are; None takes two to six digits for one.
    """

    def __init__(
        self,
        tell: Announcer,
        on_finished: Callable[[Call], None] | None,
        phones: Iterable[str] | None,
    ) -> None:
        self.calls: dict[str, Call] = {}
        self.legs: dict[str, Leg] = {}
        self.now: float | None = None
        self.hung_up_by_action = False
        self._tell = tell
        self._on_finished = on_finished
        self._phones = None if phones is None else frozenset(phones)
        self._bridges: dict[str, set[str]] = {}
        self._ended: OrderedDict[str, None] = OrderedDict()

    def knows(self, leg_id: str) -> bool:
        """Tell whether this leg runs or is known to have ended (repeated events speak of such)."""
        return leg_id in self.legs or leg_id in self._ended

    def leg(self, event: Event) -> Leg | None:
        """Return the leg an event is about, following its name and its call; None for one that is over."""
        leg_id, channel = event.get("Uniqueid"), event.get("Channel")
        if not leg_id or not channel or leg_id in self._ended:
            return None
        leg = self.legs.get(leg_id)
        if leg is None:
            return self.add(event, witnessed=False)
        leg.heard = True
        was = leg.extension
        leg.rename(channel, self._phones)
        self._follow(leg, event, swapped=bool(was) and bool(leg.extension) and was != leg.extension)
        return leg

    def add(self, event: Event, *, witnessed: bool) -> Leg:
        """Add the leg of an event, and its call if it is the first; *witnessed* when we saw it begin."""
        leg_id, channel = event.get("Uniqueid"), event.get("Channel")
        key = event.get("Linkedid") or leg_id
        call = self.calls.get(key)
        if call is None:
            call = self.calls[key] = Call(key, started=self.now if witnessed else None)
        state = event.get("ChannelState")
        leg = Leg(leg_id, channel, extension_of(channel, self._phones), call, state, restored=not witnessed)
        leg.heard, leg.whole = True, witnessed
        self.legs[leg_id] = call.legs[leg_id] = leg
        if leg_id == key:
            self._make_root(leg, event)
        return leg

    def remove(self, leg: Leg, cause: str) -> None:
        """End a leg; *cause* is the telephone system's, empty when nobody saw it end."""
        self._ended[leg.leg_id] = None
        if len(self._ended) > REMEMBERED_LEGS:
            self._ended.popitem(last=False)
        self.leave_bridge(leg)
        leg.ring.end(self.now)
        leg.hold.end(self.now)
        if leg.is_root:
            leg.call.queued.end(self.now)
        leg.ended = True
        self.legs.pop(leg.leg_id, None)
        leg.call.legs.pop(leg.leg_id, None)
        self._finish_if_over(leg.call)
        self._tell.ended(leg, cause)

    # who started the call

    def _make_root(self, leg: Leg, event: Event) -> None:
        call, dialled = leg.call, "" if leg.restored else event.get("Exten")
        call.root = leg
        agent = resource(leg.channel).partition("@")[0] if is_local(leg.channel) else leg.extension
        if agent and not leg.restored and dialled in ("", "s") and leg.state != RING:
            call.direction, call.click_to_call, call.agent, call.number = "out", True, agent, agent
            leg.own_call = True
            return
        call.dialled = dialled or None
        call.number = clean_number(event.get("CallerIDNum"))
        call.name = clean_name(event.get("CallerIDName"))
        if call.number is None:
            call.name = None
        if leg.extension:
            call.agent = call.number = leg.extension
            call.direction = "internal" if looks_internal(dialled) else "out"
            leg.own_call = True
            if not leg.restored:
                self._tell.placed(leg)

    # legs that change their call

    def _follow(self, leg: Leg, event: Event, *, swapped: bool) -> None:
        """Move the leg to the call it says it belongs to now; *swapped*: another phone took its place."""
        target = self.calls.get(event.get("Linkedid"), leg.call)
        source = leg.call
        if target is source and not (swapped and leg.rang):
            return
        reason = "pickup" if target is source else _reason(source, target)
        if target is not source:
            self._move(leg, target)
            source.handed_over = True
            source.absorbed = reason != "transfer"
        if leg.extension and not leg.is_root:
            number = clean_number(event.get("ConnectedLineNum")) or target.other_party()
            target.pops.append(Pop(leg.extension, number, self.now, reason))
            self._tell.moved(leg, source.key, number, reason)
        self._finish_if_over(source)

    def _move(self, leg: Leg, target: Call) -> None:
        was_talking = leg.talk.running
        self._set_talking(leg, talking=False)
        leg.call.legs.pop(leg.leg_id, None)
        target.legs[leg.leg_id] = leg
        leg.call = target
        leg.own_call = False
        self._set_talking(leg, talking=was_talking)

    def _finish_if_over(self, call: Call) -> None:
        if call.over or call.legs or call.key not in self.calls:
            return
        call.over = True
        call.ended = None if call.lost else self.now
        call.by_action = self.hung_up_by_action
        if call.ended_by() == "ami":
            self.hung_up_by_action = False
        del self.calls[call.key]
        if self._on_finished is not None:
            self._on_finished(call)

    # bridges: who talks

    def enter_bridge(self, leg: Leg, bridge_id: str) -> None:
        """Note that the leg is in a bridge; two in one talk."""
        if leg.bridge and leg.bridge != bridge_id:
            self.leave_bridge(leg)
        leg.bridge = bridge_id
        self._bridges.setdefault(bridge_id, set()).add(leg.leg_id)
        self._refresh(bridge_id)

    def leave_bridge(self, leg: Leg) -> None:
        """Note that the leg left its bridge, if it was in one."""
        bridge_id, leg.bridge = leg.bridge, ""
        members = self._bridges.get(bridge_id)
        if members is None:
            return
        members.discard(leg.leg_id)
        self._set_talking(leg, talking=False)
        self._refresh(bridge_id)
        if not members:
            del self._bridges[bridge_id]

    def _refresh(self, bridge_id: str) -> None:
        members = self._bridges[bridge_id]
        for leg_id in members:
            self._set_talking(self.legs[leg_id], talking=len(members) > 1)

    def _set_talking(self, leg: Leg, *, talking: bool) -> None:
        if not leg.extension or talking == leg.talk.running:
            return
        if not talking:
            leg.talk.end(self.now)
            leg.call.talk_ended()
            return
        first = not leg.talked
        leg.talk.begin(self.now)
        leg.talked = True
        leg.call.note_talk(leg, self.now)
        if first and leg.own_call:
            self._tell.answered(leg)


def _reason(source: Call, target: Call) -> str:
    """Return how a leg of *source* came to *target* without ringing."""
    if target.parked:
        target.parked = False
        return "parking"
    return "pickup" if source.picks_up else "transfer"
