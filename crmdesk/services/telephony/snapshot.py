"""After a connection came (back) up: the list of channels tells what runs, and what ended unseen.

The list and the events around it overtake each other: the telephone system draws up the list at one moment,
while events from before and after it are on their way or have come. So a channel that began on this
connection tells its own story, and one that has spoken on it tells its own end; the list speaks for the rest.
It only goes forward: what was answered does not ring again.
"""

from __future__ import annotations

from collections.abc import Callable

from crmdesk.services.telephony.ami import Event
from crmdesk.services.telephony.call_board import CallBoard
from crmdesk.services.telephony.calls import Leg

RINGING, UP = "5", "6"
VOICEMAIL = "VoiceMail"
Step = Callable[[Leg, Event], None]


class ChannelList:
    """Takes the answer to ``CoreShowChannels`` and brings the board in line with it.

    Args:
        board: what is known so far.
        ring: makes a leg ring from the fields of an event; once.
        up: makes a leg answered from the fields of an event; once.
    """

    def __init__(self, board: CallBoard, ring: Step, up: Step) -> None:
        self._board = board
        self._ring = ring
        self._up = up
        self._rows: list[Event] | None = None

    def begin_connection(self) -> None:
        """A connection is logged in: what is known comes from an earlier one and may have changed since."""
        self._rows = None
        for leg in self._board.legs.values():
            leg.whole = leg.heard = leg.bridge_heard = False

    def begin(self) -> None:
        """A list begins."""
        self._rows = []

    def on_channel(self, event: Event) -> None:
        """Take one line of the list."""
        if self._rows is not None and event.get("Uniqueid") and event.get("Channel"):
            self._rows.append(event)

    def on_complete(self, _event: Event) -> None:
        """The list is complete: restore what is new, end what is missing and has not spoken."""
        if self._rows is None:
            return
        rows, self._rows = self._rows, None
        rows.sort(key=lambda row: row.get("Uniqueid") != row.get("Linkedid"))
        for row in rows:
            self._restore(row)
        for leg in [leg for leg in self._board.legs.values() if not leg.heard]:
            leg.call.lost = True
            self._board.remove(leg, "")

    def _restore(self, row: Event) -> None:
        leg = self._board.legs.get(row.get("Uniqueid"))
        if leg is None or not leg.heard:
            leg = self._board.leg(row)
        if leg is None or leg.whole:
            return
        leg.state = max(leg.state, row.get("ChannelState"))
        application = row.get("Application")
        if leg.is_root and application == "Queue":
            leg.call.queue = row.get("ApplicationData").partition(",")[0] or None
        elif leg.is_root and application == VOICEMAIL:
            leg.call.voicemail = True
        if leg.state == RINGING:
            self._ring(leg, row)
        elif leg.state == UP:
            self._take_seat(leg, row.get("BridgeId"))
            self._up(leg, row)

    def _take_seat(self, leg: Leg, bridge_id: str) -> None:
        """Put a leg into the bridge it is listed in, unless its own events told where it went."""
        if bridge_id and leg.bridge != bridge_id and not leg.bridge_heard:
            self._board.enter_bridge(leg, bridge_id)
