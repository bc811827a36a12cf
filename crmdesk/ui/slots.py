"""Up to four calls kept apart: what the window knows of each. No Qt."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from crmdesk.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from crmdesk.models.screen_pop import Article, ScreenPop
    from crmdesk.models.types import ArticleId
    from crmdesk.models.worklist import Answer, DispositionChoice
    from crmdesk.ui.desk import CallState, FollowUp

SLOTS = 4
WRAP_UP_SECONDS = 25
STRETCH_SECONDS = 60
_LIVE = frozenset({"ringing", "talking", "held"})


@dataclass(slots=True)
class Slot:
    """One call: its pop, what the telephone does and what the agent has done about it.

    ``appeared`` is a monotonic second; ``wrap_up_until`` aware UTC, None before the end of the call.
    ``disposition`` is what the agent chose; ``complaints`` are the numbers written down with it.
    ``opened`` tells whether its record has been on the screen, ``uncovered`` whether the agent took the mask
    off by hand, ``warned`` whether she knows that a complaint of this call is not saved.
    """

    number: int
    pop: ScreenPop
    state: str
    since: datetime
    appeared: float
    draft_id: str
    opened: bool = False
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    wrap_up_until: datetime | None = None
    stretched: str = ""
    ticked: set[str] = field(default_factory=set)
    uncovered: bool = False
    used: dict[ArticleId, str] = field(default_factory=dict)
    disposition: str = ""
    follow_up: FollowUp | None = None
    complaints: list[str] = field(default_factory=list)
    search: str = ""
    answers: tuple[Answer, ...] | None = None
    article: Article | None = None
    finishing: bool = False
    warned: bool = False

    @property
    def live(self) -> bool:
        """Whether the call is still up."""
        return self.state in _LIVE

    @property
    def undecided(self) -> bool:
        """Whether nobody, or more than one person, may be calling."""
        return self.pop.customer is None

    def take(self, change: CallState, wrap_up_until: datetime) -> None:
        """Follow the telephone."""
        if change.state == "talking" and self.answered_at is None:
            self.answered_at = change.at
        if change.state not in _LIVE:
            self.ended_at = self.ended_at or change.at
            self.wrap_up_until = wrap_up_until
        else:
            # One that was taken for over, having been up when the program ended, is up still.
            self.ended_at = self.wrap_up_until = None
        self.state, self.since = change.state, change.at

    def seconds(self, now: datetime) -> float:
        """Return what the timer shows: ringing, talking, or how long the call was once it is over."""
        if self.ended_at is not None:
            return (self.ended_at - (self.answered_at or self.since)).total_seconds()
        return (now - (self.answered_at or self.since)).total_seconds()


class Slots:
    """The calls by slot number, 1 to 4; the current one is the one whose note is open."""

    def __init__(self) -> None:
        self._slots: dict[int, Slot] = {}
        self.current: Slot | None = None

    def __iter__(self) -> Iterator[Slot]:
        return iter([self._slots[number] for number in sorted(self._slots)])

    def __len__(self) -> int:
        return len(self._slots)

    def at(self, number: int) -> Slot | None:
        """Return the call in slot *number*."""
        return self._slots.get(number)

    def of_key(self, call_key: str) -> Slot | None:
        """Return the slot of a call by the telephone's key."""
        return next((slot for slot in self if slot.pop.call_key == call_key), None)

    def of_call(self, call_id: str) -> Slot | None:
        """Return the slot of a call by its id."""
        return next((slot for slot in self if str(slot.pop.call_id) == call_id), None)

    def free(self) -> int | None:
        """Return the lowest free number, None when all are taken."""
        return next((n for n in range(1, SLOTS + 1) if n not in self._slots), None)

    def put(self, slot: Slot) -> None:
        """Keep *slot* under its number."""
        self._slots[slot.number] = slot

    def remove(self, slot: Slot) -> None:
        """Forget a call that is done with."""
        self._slots.pop(slot.number, None)
        if self.current is slot:
            self.current = None

    def newest_waiting(self) -> Slot | None:
        """Return the call that came last and has not been opened yet."""
        waiting = [slot for slot in self if not slot.opened]
        return max(waiting, key=lambda slot: slot.appeared, default=None)


def guess_disposition(choices: Sequence[DispositionChoice], slot: Slot) -> str:
    """Return the key of the likeliest end of a call, of those offered; empty without choices."""
    wanted = []
    if slot.complaints:
        wanted.append("complaint_filed")
    if slot.state == "cut_off":
        wanted.append("cut_off")
    if slot.follow_up is not None and slot.follow_up.kind == "callback":
        wanted.append("callback_promised")
    if slot.used:
        wanted.append("info_given")
    if slot.pop.direction == "out" and slot.answered_at is None:
        wanted.append("no_answer")
    wanted += ["resolved", "info_given"]
    known = {choice.key for choice in choices}
    first = choices[0].key if choices else ""
    return next((key for key in wanted if key in known), first)
