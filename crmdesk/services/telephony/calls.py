"""Calls and their legs while they run, and what became of them: answered by whom, ended by whom, how.

Plain state without behaviour towards the outside; `call_session` drives it. Times are seconds on the clock
of the stream, None when a stream has none.
"""

from __future__ import annotations

from dataclasses import field

from crmdesk.services.telephony.channels import extension_of, is_local
from crmdesk.services.telephony.gateway import CallTimes, LegView
from crmdesk.values import dataclass

CAUSE_ELSEWHERE = "26"
CAUSES_REJECTED = frozenset({"17", "21"})
CAUSE_NORMAL = "16"


@dataclass(frozen=True, slots=True)
class Pop:
    """An extension was to be shown a number; ``reason`` as in `gateway.CALL_REASONS`."""

    extension: str
    number: str | None
    t: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """A call was handed on; ``kind`` is blind, attended, blonde or redirect."""

    kind: str
    from_extension: str | None
    to: str | None


@dataclass(slots=True)
class Span:
    """Adds up the seconds of something that begins and ends more than once."""

    running: bool = False
    since: float | None = None
    total: float = 0.0
    measured: bool = False

    def begin(self, at: float | None) -> None:
        """Start counting at *at* unless it already runs."""
        if not self.running:
            self.running = True
            self.since = at

    def end(self, at: float | None) -> None:
        """Stop counting at *at* if it runs."""
        if self.running:
            self.running = False
            if self.since is not None and at is not None:
                self.total += max(0.0, at - self.since)
                self.measured = True

    def seconds(self) -> float | None:
        """Return what was counted, None when nothing could be."""
        return self.total if self.measured else None


@dataclass(slots=True)
class Leg:
    """One channel. ``state`` is Asterisk's number: 4 calling, 5 ringing, 6 up.

    ``restored``: nobody saw it begin. The connection that is up now saw all of it (``whole``), told of it
    (``heard``), told of its bridge (``bridge_heard``).
    """

    leg_id: str
    channel: str
    extension: str
    call: Call
    state: str = "0"
    rang: bool = False
    up: bool = False
    ended: bool = False
    talked: bool = False
    own_call: bool = False
    dial_status: str = ""
    bridge: str = ""
    restored: bool = False
    whole: bool = False
    heard: bool = False
    bridge_heard: bool = False
    ring: Span = field(default_factory=Span)
    talk: Span = field(default_factory=Span)
    hold: Span = field(default_factory=Span)

    @property
    def is_local(self) -> bool:
        """True for the internal channels behind which a phone hides."""
        return is_local(self.channel)

    @property
    def is_root(self) -> bool:
        """True for the leg that started the call."""
        return self.call.root is self

    def rename(self, channel: str, extensions: frozenset[str] | None) -> None:
        """Follow a channel that got another name; the passing names of a swap are ignored."""
        if (
            channel
            and channel != self.channel
            and "<" not in channel
            and not channel.startswith("AsyncGoto/")
        ):
            self.channel = channel
            self.extension = extension_of(channel, extensions)

    def view(self) -> LegView:
        """Return what the outside sees of the leg."""
        state = "ended" if self.ended else {"5": "ringing", "6": "up"}.get(self.state, "down")
        return LegView(self.leg_id, self.channel, self.extension, state)

    def times(self, call: Call) -> CallTimes:
        """Return the seconds of this leg; queue seconds are the call's."""
        if self.restored:
            return CallTimes()
        return CallTimes(call.queued.seconds(), self.ring.seconds(), self.talk.seconds(), self.hold.seconds())


@dataclass(slots=True)
class Call:
    """One call that somebody dialled, from its first channel to its last.

    ``key`` is the ``Linkedid`` it started with. ``started`` and ``ended`` are None when not witnessed;
    ``over`` tells whether it has ended, ``lost`` that nobody saw how. ``handed_over``: a leg of it went to
    another call; ``absorbed``: it only served to fetch that other call (pickup, parking). ``adrift``: the
    talk ended though nobody hung up and nobody transferred.
    """

    key: str
    started: float | None = None
    direction: str = "in"
    number: str | None = None
    name: str | None = None
    dialled: str | None = None
    queue: str | None = None
    agent: str = ""
    click_to_call: bool = False
    root: Leg | None = None
    legs: dict[str, Leg] = field(default_factory=dict)
    pops: list[Pop] = field(default_factory=list)
    ring_rounds: dict[str, int] = field(default_factory=dict)
    talked: list[str] = field(default_factory=list)
    has_talked: bool = False
    answered: float | None = None
    ended: float | None = None
    over: bool = False
    transfers: list[Transfer] = field(default_factory=list)
    queued: Span = field(default_factory=Span)
    round: int = 0
    dialled_legs: set[str] = field(default_factory=set)
    hangup_by: str | None = None
    last_dial_status: str = ""
    voicemail: bool = False
    parked: bool = False
    handed_over: bool = False
    absorbed: bool = False
    picks_up: bool = False
    adrift: bool = False
    in_transfer: bool = False
    lost: bool = False
    by_action: bool = False

    def rang(self) -> list[str]:
        """Return the extensions that rang, in order; phones rung together by number."""
        return sorted(self.ring_rounds, key=lambda extension: (self.ring_rounds[extension], extension))

    def other_party(self) -> str | None:
        """Return the number on the outside: the caller, or whom an outgoing call dialled."""
        return self.dialled if self.direction == "out" else self.number

    def new_round(self, leg_id: str) -> None:
        """A phone is dialled: it begins a new round when none dialled before it may still answer."""
        if self.dialled_legs and all(leg.up for key, leg in self.legs.items() if key in self.dialled_legs):
            self.round += 1
            self.dialled_legs.clear()
        self.dialled_legs.add(leg_id)

    def note_ring(self, extension: str) -> None:
        """Remember that *extension* rang."""
        self.ring_rounds.setdefault(extension, self.round)

    def note_talk(self, leg: Leg, at: float | None) -> None:
        """Remember that *leg* talks since *at*; an internal caller's own phone does not count."""
        self.adrift = False
        self.hangup_by = None
        if leg.is_root and self.direction == "internal":
            return
        if not self.has_talked and not leg.restored:
            self.answered = at
        self.has_talked = True
        if leg.extension not in self.talked:
            self.talked.append(leg.extension)

    def talk_ended(self) -> None:
        """Remember that a leg stopped talking; whoever hung up before this explains it."""
        self.adrift = self.hangup_by is None and not self.in_transfer
        self.in_transfer = False

    def note_transfer(self, transfer: Transfer) -> None:
        """Remember that the call was handed on."""
        self.transfers.append(transfer)
        self.in_transfer = True
        self.adrift = False

    def role_of(self, leg: Leg) -> str:
        """Return who the person at *leg* is for this call: caller, agent or callee."""
        if leg.is_root:
            return "agent" if self.direction == "out" else "caller"
        if self.root is None and not leg.extension:
            return "caller"
        if leg.extension and self.direction != "internal":
            return "agent"
        return "callee"

    def ended_by(self) -> str | None:
        """Return who ended the call, None when that is not known."""
        if not self.over or self.lost:
            return None
        if self.handed_over:
            return "transfer"
        if self.hangup_by:
            return self.hangup_by
        return "ami" if self.by_action else "pbx"

    def disposition(self) -> str:
        """Return how the call came out, in the words of the replay output."""
        if self.has_talked:
            return "answered"
        if not self.over or self.lost:
            return "unknown"
        if self.voicemail:
            return "voicemail"
        if self.click_to_call and not (self.root and self.root.up):
            return "agent_no_answer"
        if self.hangup_by in ("caller", "agent"):
            return "abandoned"
        if self.last_dial_status == "BUSY":
            return "busy"
        if self.ring_rounds or (self.last_dial_status == "NOANSWER" and self.direction == "out"):
            return "no_answer"
        return "failed"


def leg_result(leg: Leg, cause: str) -> str:
    """Return what became of the call at this leg, as in `gateway.LEG_RESULTS`, by its hang-up cause."""
    if leg.up:
        return "answered"
    if cause == CAUSE_ELSEWHERE or (cause == CAUSE_NORMAL and leg.call.has_talked):
        return "elsewhere"
    return "rejected" if cause in CAUSES_REJECTED else "missed"
