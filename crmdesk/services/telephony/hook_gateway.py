"""Calls told by a hook, in the language of all gateways."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from crmdesk.errors import TelephonyFault
from crmdesk.models.types import Clock, utc_now
from crmdesk.services.telephony.gateway import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallRinging,
    CallTimes,
    OnCallEvent,
)
from crmdesk.services.telephony.hook import HookCall

OPEN_CALLS = 32
TAKES_NO_COMMANDS = "This desk's telephone takes no commands. Please dial {number} on it."
HANG_UP_BY_HAND = "This desk's telephone takes no commands. Please hang up on it."


class HookGateway:
    """Turns hook calls into call events; `take` may be called from any thread.

    A hook without an id gets one per call; its later events find the call by number, else the latest one.
    The end of a call that never rang here tells nothing: soft phones also report calls the agent dialled.

    Args:
        extension: this desk's, for hooks that name none.
        clock: monotonic seconds.
        now: the present moment in UTC.
    """

    def __init__(
        self, extension: str, clock: Callable[[], float] = time.monotonic, now: Clock = utc_now
    ) -> None:
        self._extension = extension
        self._clock = clock
        self._now = now
        self._on_event: OnCallEvent | None = None
        self._open: OrderedDict[str, CallEvent] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, on_event: OnCallEvent) -> None:
        """Report calls to *on_event*, on the thread that brings them."""
        self._on_event = on_event

    def stop(self) -> None:
        """Report nothing more."""
        self._on_event = None

    def dial(self, number: str) -> None:
        """Always raise `TelephonyFault`: a hook only listens."""
        raise TelephonyFault(TAKES_NO_COMMANDS, number=number)

    def hangup(self, call_key: str) -> None:
        """Always raise `TelephonyFault`: a hook only listens."""
        raise TelephonyFault(HANG_UP_BY_HAND)

    def take(self, call: HookCall) -> str:
        """Report what a hook says and return the key of the call it is about."""
        with self._lock:
            key, events = self._events(call)
        if self._on_event is not None:
            for event in events:
                self._on_event(event)
        return key

    def _events(self, call: HookCall) -> tuple[str, list[CallEvent]]:
        known = self._find(call)
        events: list[CallEvent] = []
        if known is None:
            key = call.external_id or uuid4().hex
            if call.event == "ended":
                return key, events
            known = CallRinging(**self._facts(call, key))
            self._open[key] = known
            events.append(known)
            if len(self._open) > OPEN_CALLS:
                self._open.popitem(last=False)
        key = known.call_key
        if call.event == "answered" and not isinstance(known, CallAnswered):
            answered = CallAnswered(**self._told(known))
            self._open[key] = answered
            events.append(answered)
        elif call.event == "ended":
            self._open.pop(key, None)
            events.append(self._ended(known))
        return key, events

    def _find(self, call: HookCall) -> CallEvent | None:
        if call.external_id:
            return self._open.get(call.external_id)
        if call.event == "ringing":
            return None
        latest = list(reversed(self._open.values()))
        same = [known for known in latest if known.number == call.number]
        return next(iter(same or (latest if call.number is None else [])), None)

    def _ended(self, known: CallEvent) -> CallEnded:
        talked = isinstance(known, CallAnswered)
        seconds = None if known.at is None else self._clock() - known.at
        times = CallTimes(talk_seconds=seconds) if talked else CallTimes(ring_seconds=seconds)
        return CallEnded(**self._told(known), result="answered" if talked else "missed", times=times)

    def _told(self, known: CallEvent) -> dict[str, Any]:
        """Return what is known of the call, as of now."""
        kept = ("call_key", "extension", "number", "name", "dialled")
        facts = {name: getattr(known, name) for name in kept}
        return {**facts, "at": self._clock(), "wall_at": self._now()}

    def _facts(self, call: HookCall, key: str) -> dict[str, Any]:
        return {
            "call_key": key,
            "extension": call.extension or self._extension,
            "number": call.number,
            "name": call.name or None,
            "dialled": call.to or None,
            "at": self._clock(),
            "wall_at": self._now(),
        }
