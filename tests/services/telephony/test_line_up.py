"""The second in which the line comes up: the list of channels meets the events of a call, in any order.

A call's events come from number *first* on, the list before event *before*, and it shows the channels as they
were before event *shown*. A list may know more than the events in front of it, when these are still on their
way, and less, when it was slow.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product

import pytest

from crmdesk.services.telephony.ami import Event
from crmdesk.services.telephony.call_session import CallSession
from crmdesk.services.telephony.gateway import CallAnswered, CallEnded, CallEvent, CallRinging
from crmdesk.services.telephony.replay import recorded_events
from tests.services.telephony.listing import LOGIN, listed
from tests.services.telephony.recordings import OURS

NEVER = 10_000
UNSAID = ("VarSet", "DeviceStateChange", "QueueMemberStatus", "MusicOnHoldStart", "MusicOnHoldStop", "")
"""Messages that no call depends on; without them there are fewer places to try."""


@dataclass(frozen=True)
class Story:
    """One extension's part in a recorded call: at which events its channel begins, rings, is up, ends."""

    extension: str
    events: tuple[Event, ...]
    begins: int
    rings: int
    up: int
    ends: int
    result: str

    @property
    def over(self) -> int:
        """When the phone stops ringing."""
        return min(self.up, self.ends)

    @property
    def places(self) -> range:
        """Every place between the events, before the first and after the last."""
        return range(len(self.events) + 1)

    @property
    def turns(self) -> list[int]:
        """The places before and after each event that changes something for the extension."""
        around = {at + near for at in (self.begins, self.rings, self.up, self.ends) for near in (0, 1)}
        return sorted({0, len(self.events), *around.intersection(self.places)})


def story(name: str, extension: str, result: str) -> Story:
    events = [event for event, _ in recorded_events(OURS / f"{name}.jsonl") if event.name not in UNSAID]

    def first(name: str, state: str = "") -> int:
        for n, event in enumerate(events):
            own = event.name == name and event.get("Channel").startswith(f"PJSIP/{extension}-")
            if own and state in ("", event.get("ChannelState")):
                return n
        return NEVER

    turns = first("Newchannel"), first("Newstate", "5"), first("Newstate", "6"), first("Hangup")
    return Story(extension, tuple(events), *turns, result)


STORIES = {
    "taken from a queue": story("queue_ringall_answer", "1002", "answered"),
    "taken by a colleague": story("queue_ringall_answer", "1003", "elsewhere"),
    "taken": story("direct_answer_caller_hangup", "1001", "answered"),
    "given up": story("direct_caller_gives_up", "1001", "missed"),
}
each_story = pytest.mark.parametrize("told", STORIES.values(), ids=STORIES)


def heard(session: CallSession, events: Iterable[Event]) -> list[CallEvent]:
    return [told for event in events for told in session.feed(event, 1.0)]


def connection(told: Story, first: int, before: int, shown: int) -> list[Event]:
    """What the line brings: the login, events, the list, the events after it."""
    rows = listed(told.events[:shown])
    return [LOGIN, *told.events[first:before], *rows, *told.events[before:]]


def steps(*, rings: bool, answered: bool) -> list[type[CallEvent]]:
    kinds = [kind for kind, is_told in ((CallRinging, rings), (CallAnswered, answered)) if is_told]
    return [*kinds, CallEnded] if kinds else []


@each_story
def test_a_list_at_any_place_loses_and_repeats_nothing(told: Story) -> None:
    for before, shown in product(told.places, told.turns):
        events = heard(CallSession([told.extension]), connection(told, 0, before, shown))

        overtaken = before <= told.begins and told.up < shown <= told.ends
        kinds = steps(rings=not overtaken, answered=told.up != NEVER)
        assert [type(event) for event in events] == kinds, (before, shown)
        assert isinstance(events[-1], CallEnded)
        assert events[-1].result == told.result, (before, shown)


@pytest.mark.parametrize(
    "name",
    ["attended_transfer_refer", "queue_local_members", "originate_answered", "chan_sip/queue_ringall_answer"],
)
def test_a_list_changes_nothing_for_anybody_who_saw_it_all(name: str) -> None:
    events = [event for event, _ in recorded_events(OURS / f"{name}.jsonl") if event.name not in UNSAID]
    unlisted = heard(CallSession(), (LOGIN, *events))
    for before in range(len(events) + 1):
        for shown in {0, before // 2, before}:
            rows = listed(events[:shown])

            assert heard(CallSession(), (LOGIN, *events[:before], *rows, *events[before:])) == unlisted


@each_story
def test_a_desk_that_comes_in_the_middle_hears_the_rest(told: Story) -> None:
    for first, before, shown in product(told.turns, repeat=3):
        if first > min(before, shown):
            continue  # nobody lists channels before the login
        events = heard(CallSession([told.extension]), connection(told, first, before, shown))

        whole = first <= told.begins < before
        shown_up = told.up < shown <= told.ends and before <= told.ends
        shown_ringing = told.rings < shown <= told.over and before <= told.over
        rings = first <= told.rings and (whole or not (shown_up and before <= told.rings))
        answered = told.up != NEVER and (first <= told.up or shown_up)
        kinds = steps(rings=rings or (first > told.rings and shown_ringing), answered=answered)
        assert [type(event) for event in events] == kinds, (first, before, shown)


@each_story
def test_a_call_that_is_up_when_the_line_breaks_is_told_on(told: Story) -> None:
    """The list comes last here, as the client makes it: after the events it may know of."""
    for cut, first, shown, before in product(told.turns, repeat=4):
        if not cut <= first <= shown <= before:
            continue
        session = CallSession([told.extension])
        events = heard(session, (LOGIN, *told.events[:cut]))
        events += heard(session, connection(told, first, before, shown))

        missed = range(cut, first)
        shown_up = shown <= told.ends and before <= told.ends
        shown_ringing = shown <= told.over and before <= told.over
        rings = told.rings not in missed or shown_ringing
        answered = told.up != NEVER and (told.up not in missed or shown_up)
        hung_up = told.rings < cut and told.up in missed and told.ends >= first
        kinds = steps(rings=rings, answered=answered or hung_up)
        at = (cut, first, shown, before)
        assert [type(event) for event in events] == kinds, at
        results = [event.result for event in events if isinstance(event, CallEnded)]
        assert results in ([], ["unknown" if told.ends in missed else told.result]), at


def test_who_holds_before_the_list_comes_was_connected_first() -> None:
    events = [event for event, _ in recorded_events(OURS / "hold_unhold.jsonl")]
    hold = next(n for n, event in enumerate(events) if event.name == "Hold")
    session = CallSession(["1001"])

    told = heard(session, [LOGIN, *events[hold : hold + 1], *listed(events[: hold + 1]), *events[hold + 1 :]])

    assert [type(event).__name__ for event in told] == [
        *("CallAnswered", "CallHeld", "CallResumed", "CallHeld", "CallResumed", "CallEnded")
    ]


def test_a_slow_list_does_not_bring_a_talk_back_that_is_over() -> None:
    told = STORIES["taken"]
    left = next(n for n, event in enumerate(told.events) if event.name == "BridgeLeave") + 2
    for first in (0, told.up + 1, left - 2):
        session = CallSession(["1001"])
        heard(session, [LOGIN, *told.events[first:left], *listed(told.events[: left - 2])])

        assert [leg.talk.running for call in session.calls for leg in call.legs.values()] == [False, False]
