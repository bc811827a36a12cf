"""One desk's calls: what the telephone says becomes a screen pop at once and a kept call right after.

The pop comes first: it is built on a read-only connection and handed out before anything is written, so no
caller waits for the disk. Keeping the call follows on the store lane; telling it twice changes nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import Any
from uuid import UUID

from crmdesk.logs import hidden
from crmdesk.models.call import call_id
from crmdesk.models.screen_pop import CallerNumber, ScreenPop
from crmdesk.models.types import CallId, CustomerId
from crmdesk.services.calls import see_call
from crmdesk.services.executor import in_snapshot
from crmdesk.services.knowledge.prepared import Remembered
from crmdesk.services.pop import Ring, build_pop, with_customer
from crmdesk.services.store.store import Outcome, Store
from crmdesk.services.telephony.gateway import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallMoved,
    CallPlaced,
    CallRinging,
)
from crmdesk.services.telephony.numbers import ParsedNumber

_log = logging.getLogger("crmdesk.telephony")
RESULTS = {"answered": "answered", "elsewhere": "elsewhere", "rejected": "rejected", "missed": "missed"}


class CallDesk:
    """Turns call events of this desk into pops and kept calls.

    Args:
        store: the desk's store.
        parse: understands a number as sent.
        source: names site and telephone system; with the call's key it makes the call's id.
        language: gives the language for callers nobody knows (zh or en).
        zone: the site's: it decides what "yesterday" is.
        breath_seconds: how long the store lane keeps still after a pop, so that nothing that is written
            takes the processor from the thread that paints it.
    """

    def __init__(
        self,
        store: Store,
        parse: Callable[[str | None], ParsedNumber],
        source: str,
        language: Callable[[], str],
        zone: tzinfo = UTC,
        breath_seconds: float = 0.0,
    ) -> None:
        self._store = store
        self._parse = parse
        self._source = source
        self._language = language
        self._zone = zone
        self._breath_seconds = breath_seconds
        self._viewed: Callable[[CustomerId, str], None] = lambda _customer_id, _why: None
        self._reader: Any = None
        self._edition = 0
        self._reading = threading.Lock()
        self._remembered = Remembered()
        self._pop_listeners: list[Callable[[ScreenPop], None]] = []
        self._call_listeners: list[Callable[[CallEvent], None]] = []

    def on_pop(self, listener: Callable[[ScreenPop], None]) -> None:
        """Call *listener* with each pop, on the thread that brought the call."""
        self._pop_listeners.append(listener)

    def on_call(self, listener: Callable[[CallEvent], None]) -> None:
        """Call *listener* with each event of a call, after its pop."""
        self._call_listeners.append(listener)

    def on_viewed(self, listener: Callable[[CustomerId, str], None]) -> None:
        """Tell *listener* whose record a call shows, and why, after its pop."""
        self._viewed = listener

    def take(self, event: CallEvent) -> Future[Outcome[None]]:
        """Show and keep *event*; the future is done when it is kept."""
        with hidden(event.name or ""):
            return self._take(event)

    def _take(self, event: CallEvent) -> Future[Outcome[None]]:
        pop = self._popped(event) if isinstance(event, (CallRinging, CallPlaced, CallMoved)) else None
        for tell in self._call_listeners:
            tell(event)
        kept = self._store.write(see_call, self.id_of(event), self._values(event, pop), self._legs(event))
        names = (event.name or "", pop.customer.name if pop is not None and pop.customer is not None else "")
        kept.add_done_callback(lambda done: _log_failure(done, names))
        if pop is not None and pop.customer is not None:
            self._viewed(pop.customer.id, "call")
        return kept

    def _popped(self, event: CallRinging | CallPlaced | CallMoved) -> ScreenPop:
        """Show the pop of *event*; the store lane keeps still while it is built and painted."""
        self._breathe()
        pop = self._pop_of(event)
        for show in self._pop_listeners:
            show(pop)
        self._breathe()
        return pop

    def _breathe(self) -> None:
        if self._breath_seconds:
            self._store.let_pass(self._breath_seconds)

    def id_of(self, event: CallEvent) -> CallId:
        """Return the id under which the call of *event* is kept."""
        return self.call_id(event.call_key)

    def call_id(self, call_key: str) -> CallId:
        """Return the id under which the call *call_key* is kept."""
        return CallId(call_id(self._source, call_key))

    def pop_of_call(self, row: dict[str, Any]) -> ScreenPop:
        """Return the pop of a kept call (a row of table call) as it looks now."""
        parsed = self._parse(row["number_raw"] or None)
        ring = Ring(
            call_id=CallId(row["id"]),
            call_key=row["call_key"],
            extension="",
            direction=row["direction"],
            reason="ringing",
            rang_at=row["started_at"],
            number=caller_number(parsed),
            region=parsed.region or "",
            caller_name=row["caller_name"],
            dialled=row["dialled"],
            queue=row["queue"],
        )
        with self._connection() as connection:
            pop = in_snapshot(connection, self._build, ring)
            if row["identified_by"] and not row["customer_id"]:
                return replace(pop, customer=None)
        return self.with_customer(pop, CustomerId(row["customer_id"])) if row["customer_id"] else pop

    def with_customer(self, pop: ScreenPop, customer_id: CustomerId) -> ScreenPop:
        """Return *pop* showing *customer_id*."""
        with self._connection() as connection:
            made = in_snapshot(connection, self._rebuild, pop, customer_id)
        self._viewed(customer_id, "call")
        return made

    def warm(self) -> None:
        """Open the reader and load what the first pop needs, ahead of the first call."""
        number = caller_number(self._parse("13800138000"))
        with self._connection() as connection:
            in_snapshot(connection, self._warm, number)

    def close(self) -> None:
        """Close the reader."""
        with self._reading:
            if self._reader is not None:
                self._reader.close()
                self._reader = None

    @contextmanager
    def _connection(self) -> Iterator[Any]:
        with self._reading:
            if self._reader is not None and self._edition != self._store.edition:
                self._reader.close()
                self._reader = None
            if self._reader is None:
                self._edition = self._store.edition
                self._reader = self._store.open_reader()
            yield self._reader

    def _pop_of(self, event: CallEvent) -> ScreenPop:
        parsed = self._parse(event.number)
        ring = Ring(
            call_id=self.id_of(event),
            call_key=event.call_key,
            extension=event.extension,
            direction=event.direction,
            reason=event.reason,
            rang_at=self._at(event),
            number=caller_number(parsed),
            region=parsed.region or "",
            caller_name=event.name or "",
            dialled=event.dialled or "",
            queue=event.queue or "",
        )
        with self._connection() as connection:
            return in_snapshot(connection, self._build, ring)

    def _build(self, connection: Any, ring: Ring) -> ScreenPop:
        now, language = self.site_now(), self._language()
        return build_pop(connection, ring, now=now, language=language, remembered=self._remembered)

    def _warm(self, connection: Any, number: CallerNumber) -> None:
        """Build a pop for nobody: *number* and whoever comes first, with the answers for both."""
        ring = Ring(CallId(UUID(int=0)), "", "", "in", "ringing", self._store.author.now(), number)
        pop = self._build(connection, ring)
        anybody = connection.execute("SELECT customer_id FROM contact_point LIMIT 1").fetchone()
        if anybody is not None:
            self._rebuild(connection, pop, CustomerId(UUID(bytes=anybody[0])))

    def _rebuild(self, connection: Any, pop: ScreenPop, customer_id: CustomerId) -> ScreenPop:
        return with_customer(connection, pop, customer_id, now=self.site_now(), remembered=self._remembered)

    def site_now(self) -> datetime:
        """Return the present moment in the site's zone."""
        return self._store.author.now().astimezone(self._zone)

    def _at(self, event: CallEvent) -> datetime:
        return event.wall_at or self._store.author.now()

    def _values(self, event: CallEvent, pop: ScreenPop | None) -> dict[str, Any]:
        values: dict[str, Any] = {"call_key": event.call_key, "direction": event.direction}
        if pop is not None:
            values |= self._first_values(event, pop)
        at = self._at(event)
        if isinstance(event, CallAnswered) or (isinstance(event, CallMoved) and event.talking):
            values |= {"state": "talking", "answered_at": at, "agent_id": self._store.author.actor or None}
        if isinstance(event, CallEnded):
            values |= {"state": "ended", "ended_at": at, "result": RESULTS.get(event.result, "")}
            values |= {"ended_by": event.ended_by or "", **_seconds(event)}
        return values

    def _first_values(self, event: CallEvent, pop: ScreenPop) -> dict[str, Any]:
        return {
            "number_raw": event.number or "",
            "number_value": pop.number.e164 or "",
            "caller_name": event.name or "",
            "dialled": event.dialled or "",
            "queue": event.queue or "",
            "started_at": pop.rang_at,
            "customer_id": pop.customer.id if pop.customer else None,
            "identified_by": "number" if pop.customer else "",
            "state": "ringing",
        }

    def _legs(self, event: CallEvent) -> list[dict[str, Any]]:
        at = self._at(event)
        own = next((leg.leg_id for leg in event.legs if leg.extension == event.extension), event.extension)
        leg: dict[str, Any] = {"leg_key": own, "extension": event.extension}
        if self._store.author.actor:
            leg["agent_id"] = self._store.author.actor
        if isinstance(event, (CallRinging, CallPlaced)):
            leg["rang_at"] = at
        elif isinstance(event, CallAnswered):
            leg["answered_at"] = at
        elif isinstance(event, CallEnded):
            leg |= {"ended_at": at, "result": RESULTS.get(event.result, "")}
        return [leg]


def caller_number(parsed: ParsedNumber) -> CallerNumber:
    """Return *parsed* as the views show it."""
    place_en, place_zh = parsed.places()
    return CallerNumber(
        raw=parsed.raw,
        e164=parsed.e164,
        kind=parsed.kind,
        display=parsed.display,
        place_en=place_en,
        place_zh=place_zh,
    )


def _seconds(event: CallEnded) -> dict[str, int]:
    times = {
        "queue_seconds": event.times.queue_seconds,
        "ring_seconds": event.times.ring_seconds,
        "talk_seconds": event.times.talk_seconds,
        "hold_seconds": event.times.hold_seconds,
    }
    return {name: round(seconds) for name, seconds in times.items() if seconds is not None}


def _log_failure(kept: Future[Outcome[None]], names: tuple[str, ...]) -> None:
    error = kept.exception()
    if error is not None:
        with hidden(*names):
            _log.error("a call could not be kept: %s", error)
