"""The telephone system as a source of calls: connection, call session and click-to-call in one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import datetime
from uuid import uuid4

from crmdesk.errors import TelephonyFault
from crmdesk.models.types import Clock, utc_now
from crmdesk.services.telephony.ami import Event
from crmdesk.services.telephony.ami_client import AmiClient, AmiSettings, LinkState, Patience
from crmdesk.services.telephony.call_session import CallSession
from crmdesk.services.telephony.gateway import CallEvent, OnCallEvent

NO_EXTENSION = "This desk has no extension yet. Set it first, then call."
NO_SUCH_CALL = "This call is over already."
CALL_FAILED = "The call to {number} was not put through."


class AmiGateway:
    """Reports the calls of some extensions and dials for them.

    Args:
        settings: where the telephone system is.
        extensions: whose calls are reported; the first one dials.
        on_state: gets each change of the connection, on the gateway's thread.
        on_raw: gets each message as it came, before it is understood; for watching.
        technology: of the phones' channels, ``PJSIP`` or ``SIP``.
        context: where the telephone system looks up numbers that agents dial.
        now: the present moment in UTC.
        patience: see `AmiClient`.
    """

    def __init__(
        self,
        settings: AmiSettings,
        extensions: Iterable[str],
        on_state: Callable[[LinkState], None],
        *,
        on_raw: Callable[[Event, tuple[CallEvent, ...]], None] | None = None,
        technology: str = "PJSIP",
        context: str = "from-internal",
        now: Clock = utc_now,
        patience: Patience | None = None,
    ) -> None:
        self._extensions = tuple(extensions)
        self._technology = technology
        self._context = context
        self._now = now
        self._on_raw = on_raw
        self._on_state = on_state
        self._on_event: OnCallEvent | None = None
        self._session = CallSession(self._extensions or None)
        self._lock = threading.Lock()
        self._placed: dict[str, str] = {}
        self._client = AmiClient(settings, self._take, on_state, patience=patience)

    def start(self, on_event: OnCallEvent) -> None:
        """Begin to connect and to report calls to *on_event*, on the gateway's thread."""
        self._on_event = on_event
        self._client.start()

    def stop(self) -> None:
        """Stop and join the thread; safe to call twice."""
        self._client.stop()

    def dial(self, number: str) -> None:
        """Ring this desk's phone, then call *number*. Raises `TelephonyFault` without line or extension."""
        if not self._extensions:
            raise TelephonyFault(NO_EXTENSION)
        channel = f"{self._technology}/{self._extensions[0]}"
        digits = "".join(ch for ch in number if ch in "+*#0123456789")
        channel_id = f"crmdesk-{uuid4().hex}"
        with self._lock:  # the answer must not come before its question is known
            sent = self._client.originate(channel, digits, context=self._context, channel_id=channel_id)
            self._placed[sent] = digits

    def hangup(self, call_key: str) -> None:
        """End this desk's leg of the call. Raises `TelephonyFault` when there is none or no line."""
        with self._lock:
            legs = [self._session.leg_of(call_key, extension) for extension in self._extensions]
        channel = next((leg.channel for leg in legs if leg is not None), None)
        if channel is None:
            raise TelephonyFault(NO_SUCH_CALL)
        self._client.hangup(channel)

    def _take(self, event: Event, at: float) -> None:
        moment: datetime = self._now()
        with self._lock:
            told = self._session.feed(event, at, moment)
            failed = self._failed_number(event)
        if self._on_raw is not None:
            self._on_raw(event, told)
        if failed:
            self._on_state(LinkState("connected", CALL_FAILED, (("number", failed),)))
        if self._on_event is not None:
            for call_event in told:
                self._on_event(call_event)

    def _failed_number(self, event: Event) -> str:
        """Return the number whose click-to-call this event ends without success, empty for none."""
        final = event.name == "OriginateResponse" or event.get("Response") == "Error"
        number = self._placed.pop(event.get("ActionID"), "") if final else ""
        return number if event.get("Response") != "Success" else ""
