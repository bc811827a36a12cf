"""Words what happens to the legs of watched extensions as the events of `gateway`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from crmdesk.services.telephony.calls import Leg, leg_result
from crmdesk.services.telephony.gateway import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallHeld,
    CallMoved,
    CallPlaced,
    CallResumed,
    CallRinging,
)


class Announcer:
    """Collects the events of one step; `take` hands them out.

    Args:
        watched: the extensions to speak about; None means every phone.
    """

    def __init__(self, watched: frozenset[str] | None) -> None:
        self._watched = watched
        self._events: list[CallEvent] = []
        self._at: float | None = None
        self._wall_at: datetime | None = None

    def moment(self, at: float | None, wall_at: datetime | None) -> None:
        """Set when the following events happen."""
        self._at, self._wall_at = at, wall_at

    def take(self) -> tuple[CallEvent, ...]:
        """Return what was announced since the last time."""
        events = tuple(self._events)
        self._events.clear()
        return events

    def ringing(self, leg: Leg, number: str | None, name: str | None) -> None:
        """The phone rings with this caller."""
        if self._minds(leg):
            self._events.append(CallRinging(**self._facts(leg) | {"number": number, "name": name}))

    def placed(self, leg: Leg) -> None:
        """The extension calls somebody."""
        if self._minds(leg):
            self._events.append(CallPlaced(**self._facts(leg)))

    def answered(self, leg: Leg) -> None:
        """The extension is connected."""
        if self._minds(leg):
            self._events.append(CallAnswered(**self._facts(leg)))

    def held(self, leg: Leg) -> None:
        """The other party is on hold."""
        if self._minds(leg):
            self._events.append(CallHeld(**self._facts(leg)))

    def resumed(self, leg: Leg) -> None:
        """The other party is back."""
        if self._minds(leg):
            self._events.append(CallResumed(**self._facts(leg)))

    def moved(self, leg: Leg, previous_key: str, number: str | None, reason: str) -> None:
        """The leg belongs to another call now, whose outside party is *number*."""
        if self._minds(leg):
            facts = self._facts(leg) | {"number": number, "reason": reason}
            self._events.append(CallMoved(**facts, previous_key=previous_key, talking=leg.up))

    def ended(self, leg: Leg, cause: str) -> None:
        """The leg is gone; *cause* is the telephone system's number for why, empty when unknown."""
        if not self._minds(leg) or not (leg.rang or leg.own_call or leg.up):
            return
        ended = CallEnded(
            **self._facts(leg),
            result=leg_result(leg, cause) if cause else "unknown",
            ended_by=leg.call.hangup_by or leg.call.ended_by(),
            times=leg.times(leg.call),
        )
        self._events.append(ended)

    def _minds(self, leg: Leg) -> bool:
        return bool(leg.extension) and (self._watched is None or leg.extension in self._watched)

    def _facts(self, leg: Leg) -> dict[str, Any]:
        call = leg.call
        outgoing = leg.own_call
        return {
            "call_key": call.key,
            "extension": leg.extension,
            "number": call.dialled if outgoing else call.other_party(),
            "name": None if outgoing or call.direction == "out" else call.name,
            "dialled": call.dialled,
            "queue": call.queue,
            "direction": "out" if outgoing and call.direction == "internal" else call.direction,
            "at": self._at,
            "wall_at": self._wall_at,
            "restored": leg.restored,
            "legs": (leg.view(), *(other.view() for other in call.legs.values() if other is not leg)),
        }
