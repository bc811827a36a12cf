"""The language all sources of calls speak: frozen events about calls at an extension, and the gateway.

A call is known by ``call_key``: the ``Linkedid`` at the first event of the extension's own leg, or the id a
hook gave. Keys are stable; when a leg joins another call (transfer, pickup, parking) `CallMoved` tells both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from datetime import datetime
from typing import Protocol

from crmdesk.values import dataclass

CALL_REASONS = ("ringing", "transfer", "pickup", "parking")
LEG_RESULTS = ("answered", "elsewhere", "rejected", "missed", "unknown")


@dataclass(frozen=True, slots=True)
class LegView:
    """One channel of a call: id of the telephone system, whose phone (empty: trunk or internal), state.

    ``state`` is down, ringing, up or ended.
    """

    leg_id: str
    channel: str
    extension: str
    state: str


@dataclass(frozen=True, slots=True)
class CallTimes:
    """Seconds of a call at one extension; None when the source cannot tell."""

    queue_seconds: float | None = None
    ring_seconds: float | None = None
    talk_seconds: float | None = None
    hold_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEvent:
    """Something happened to a call at one extension.

    ``number`` is the other party as sent, None when withheld or unknown; ``at`` counts seconds on the
    source's monotonic clock, ``wall_at`` is UTC; both None when not known. ``direction`` is in, out or
    internal. ``restored`` marks what was found running when the connection came up. The first of ``legs`` is
    the extension's own where the source knows legs.
    """

    call_key: str
    extension: str
    number: str | None = None
    name: str | None = None
    dialled: str | None = None
    queue: str | None = None
    direction: str = "in"
    reason: str = "ringing"
    at: float | None = None
    wall_at: datetime | None = None
    restored: bool = False
    legs: tuple[LegView, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRinging(CallEvent):
    """The phone rings: show who calls."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPlaced(CallEvent):
    """The extension calls somebody, by its keys or by click-to-call; ``number`` is whom."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallAnswered(CallEvent):
    """The extension talks to the other party."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHeld(CallEvent):
    """The extension put the other party on hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallResumed(CallEvent):
    """The other party is back from hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallMoved(CallEvent):
    """The leg now belongs to another call: show its caller. ``reason`` says how he came, without ringing.

    ``call_key`` is the call it is now, ``previous_key`` the one it was; ``talking`` when already connected.
    """

    previous_key: str
    talking: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class CallEnded(CallEvent):
    """The call is over for this extension.

    ``result`` is answered, elsewhere (somebody else took it), rejected, missed or unknown; ``ended_by`` is
    caller, agent, callee, pbx, ami, transfer or None.
    """

    result: str
    ended_by: str | None = None
    times: CallTimes = field(default_factory=CallTimes)


OnCallEvent = Callable[[CallEvent], None]


class Gateway(Protocol):
    """A source of calls. Events arrive on the gateway's own thread."""

    def start(self, on_event: OnCallEvent) -> None:
        """Begin to report calls to *on_event*."""

    def stop(self) -> None:
        """Stop reporting and join the gateway's thread; safe to call twice."""

    def dial(self, number: str) -> None:
        """Call *number* from the agent's phone. Raises `TelephonyFault` when that cannot be done."""

    def hangup(self, call_key: str) -> None:
        """End the extension's leg of the call. Raises `TelephonyFault` when that cannot be done."""
