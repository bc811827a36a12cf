"""After a connection came (back) up: the list of channels tells what runs, and what ended unseen."""

from __future__ import annotations

from collections.abc import Callable

from crmdesk.services.telephony.ami import Event
from crmdesk.services.telephony.announcer import Announcer
from crmdesk.services.telephony.call_board import CallBoard
from crmdesk.services.telephony.calls import Leg

RINGING, UP = "5", "6"
VOICEMAIL = "VoiceMail"


class ChannelList:
    """Takes the answer to ``CoreShowChannels`` and brings the board in line with it.

    Args:
        board: what is known so far.
        tell: announces restored calls.
        ring: makes a leg ring from the fields of an event.
    """

    def __init__(self, board: CallBoard, tell: Announcer, ring: Callable[[Leg, Event], None]) -> None:
        self._board = board
        self._tell = tell
        self._ring = ring
        self._rows: list[Event] | None = None
        self._unconfirmed: set[str] = set()

    def begin(self) -> None:
        """A list begins: whatever runs now and is not on it has ended."""
        self._rows = []
        self._unconfirmed = set(self._board.legs)

    def on_channel(self, event: Event) -> None:
        """Take one line of the list."""
        if self._rows is not None and event.get("Uniqueid") and event.get("Channel"):
            self._rows.append(event)

    def on_complete(self, _event: Event) -> None:
        """The list is complete: restore what is new, end what is missing."""
        if self._rows is None:
            return
        rows, self._rows = self._rows, None
        rows.sort(key=lambda row: row.get("Uniqueid") != row.get("Linkedid"))
        for row in rows:
            self._restore(row)
        listed = {row.get("Uniqueid") for row in rows}
        for leg_id in self._unconfirmed - listed:
            leg = self._board.legs.get(leg_id)
            if leg is not None:
                leg.call.lost = True
                self._board.remove(leg, "")

    def _restore(self, row: Event) -> None:
        known = row.get("Uniqueid") in self._board.legs
        leg = self._board.leg(row)
        if leg is None:
            return
        if known and leg.state == row.get("ChannelState"):
            return
        leg.state = row.get("ChannelState")
        application = row.get("Application")
        if leg.is_root and application == "Queue":
            leg.call.queue = row.get("ApplicationData").partition(",")[0] or None
        elif leg.is_root and application == VOICEMAIL:
            leg.call.voicemail = True
        if leg.state == RINGING:
            self._ring(leg, row)
        elif leg.state == UP and leg.extension and not leg.up:
            leg.up = True
            if row.get("BridgeId"):
                self._board.enter_bridge(leg, row.get("BridgeId"))
            if not leg.own_call:
                self._tell.answered(leg)
        if leg.state == UP and row.get("BridgeId") and leg.bridge != row.get("BridgeId"):
            self._board.enter_bridge(leg, row.get("BridgeId"))
