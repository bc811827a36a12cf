"""What an agent at one extension hears of a call, event by event."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.services.telephony.ami import AmiParser, Event
from crmdesk.services.telephony.call_session import CallSession
from crmdesk.services.telephony.calls import Call
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
from crmdesk.services.telephony.replay import recorded_events
from tests.services.telephony.recordings import OURS, chunks

CALLER = "13800138000"


def heard(*names: str, extension: str) -> list[CallEvent]:
    """What the extension hears when the recordings come in, one after the other."""
    session = CallSession([extension])
    return [
        told
        for name in names
        for event, at in recorded_events(OURS / f"{name}.jsonl")
        for told in session.feed(event, at)
    ]


def kinds(events: Iterable[CallEvent]) -> list[type[CallEvent]]:
    return [type(event) for event in events]


@pytest.mark.parametrize("folder", ["", "chan_sip/"])
def test_an_attended_transfer_shows_the_caller_to_the_colleague(folder: str) -> None:
    events = heard(f"{folder}attended_transfer_refer", extension="1002")

    ringing, answered, moved, ended = events
    assert kinds(events) == [CallRinging, CallAnswered, CallMoved, CallEnded]
    assert ringing.number == "1005"
    assert isinstance(moved, CallMoved)
    assert (moved.number, moved.reason, moved.talking) == (CALLER, "transfer", True)
    assert moved.previous_key == ringing.call_key == answered.call_key
    assert moved.call_key == ended.call_key != ringing.call_key
    assert ended.dialled == "02158201005"


def test_whoever_transfers_keeps_two_calls_apart() -> None:
    events = heard("attended_transfer_refer", extension="1005")

    first, second = events[0].call_key, next(e.call_key for e in events if isinstance(e, CallPlaced))
    assert [type(event) for event in events if event.call_key == first][:3] == [
        CallRinging,
        CallAnswered,
        CallHeld,
    ]
    ended = [event for event in events if isinstance(event, CallEnded)]
    assert {event.call_key for event in ended} == {first, second}


def test_hold_time_is_counted_apart_from_talk_time() -> None:
    events = heard("hold_unhold", extension="1001")

    assert kinds(events) == [
        CallRinging,
        CallAnswered,
        *(CallHeld, CallResumed) * 2,
        CallEnded,
    ]
    ended = events[-1]
    assert isinstance(ended, CallEnded)
    assert ended.times.ring_seconds == pytest.approx(0.5, abs=0.1)
    assert ended.times.talk_seconds == pytest.approx(4.86, abs=0.1)
    assert ended.times.hold_seconds == pytest.approx(2.42, abs=0.1)
    assert ended.times.queue_seconds is None


def test_time_in_the_queue_is_counted_apart_from_ringing() -> None:
    *_, ended = heard("queue_ringall_answer", extension="1002")

    assert isinstance(ended, CallEnded)
    assert ended.times.queue_seconds == pytest.approx(1.5, abs=0.1)
    assert ended.times.ring_seconds == pytest.approx(1.5, abs=0.1)


def test_the_first_leg_is_the_extensions_own_to_the_end() -> None:
    events = heard("queue_ringall_answer", extension="1003")

    assert [event.legs[0].extension for event in events] == ["1003"] * len(events)
    assert len({event.legs[0].leg_id for event in events}) == 1
    assert events[-1].legs[0].state == "ended"


def test_click_to_call_is_placed_and_never_pops() -> None:
    events = heard("originate_answered", extension="1001")

    assert kinds(events) == [CallPlaced, CallAnswered, CallEnded]
    assert [event.number for event in events] == ["13912345678"] * 3
    assert events[1].at == pytest.approx(2.371, abs=0.1)


def test_a_client_that_comes_late_still_shows_who_rings() -> None:
    rings = heard("ami_connect_midcall.conn2", extension="1002")
    talks = heard("ami_connect_midcall.conn2", extension="1001")

    assert kinds(rings) == [CallRinging, CallAnswered, CallEnded]
    assert (rings[0].number, rings[0].restored) == ("13912345678", True)
    assert kinds(talks) == [CallAnswered, CallEnded]
    assert (talks[0].number, talks[0].restored) == (CALLER, True)
    assert isinstance(talks[1], CallEnded)
    assert talks[1].times.talk_seconds is None, "how long it had lasted is not known"


def test_two_connections_of_one_story_tell_it_once() -> None:
    once = heard("ami_connect_midcall", extension="1002")

    assert heard("ami_connect_midcall", "ami_connect_midcall.conn2", extension="1002") == once


def test_after_a_crash_the_list_of_channels_ends_what_is_gone() -> None:
    before = list(recorded_events(OURS / "direct_answer_caller_hangup.jsonl"))
    cut = next(n for n, (event, _) in enumerate(before) if event.name == "HangupRequest")
    finished: list[Call] = []
    session = CallSession(["1001"], on_finished=finished.append)
    for event, at in before[:cut]:
        session.feed(event, at)

    told = [
        call
        for event, at in recorded_events(OURS / "asterisk_restart_midcall.conn2.jsonl")
        for call in session.feed(event, at)
    ]

    ended = told[0]
    assert isinstance(ended, CallEnded)
    assert (ended.result, ended.ended_by) == ("unknown", None)
    assert (finished[0].ended, finished[0].disposition()) == (None, "answered")
    assert kinds(told[1:]) == [CallRinging, CallAnswered, CallEnded]


def test_the_times_come_from_outside() -> None:
    moment = datetime(2026, 11, 20, 9, 58, tzinfo=UTC)
    session = CallSession(["1001"])
    told = [
        call
        for event, _ in recorded_events(OURS / "cid_mobile.jsonl")
        for call in session.feed(event, 5.0, moment)
    ]

    assert {(event.at, event.wall_at) for event in told} == {(5.0, moment)}


def test_events_of_one_extension_only_are_enough() -> None:
    """An event filter of the telephone system may keep the caller's own channel away."""
    session = CallSession(["1001"])
    told = [
        call
        for event, at in recorded_events(OURS / "cid_mobile.jsonl")
        if event.get("Channel").startswith("PJSIP/1001")
        for call in session.feed(event, at)
    ]

    assert kinds(told) == [CallRinging, CallAnswered, CallEnded]
    assert {event.number for event in told} == {CALLER}


def test_finished_calls_are_forgotten() -> None:
    session = CallSession()
    for name in ("queue_ringall_answer", "direct_no_answer", "queue_local_members"):
        for event, at in recorded_events(OURS / f"{name}.jsonl"):
            session.feed(event, at)

    assert session.calls == ()


def parsed(*names: str) -> list[Event]:
    return AmiParser().feed(b"".join(part for name in names for part in chunks(OURS / f"{name}.jsonl")))


@given(st.data())
def test_lost_repeated_and_swapped_events_never_raise(data: st.DataObject) -> None:
    events = parsed("attended_transfer_refer", "queue_local_members", "originate_answered")
    picked = data.draw(st.lists(st.sampled_from(events), max_size=60))
    session = CallSession()

    for event in picked:
        session.feed(event, None)
    for event in events:
        session.feed(event, 1.0)

    assert session.calls == (), "the whole story ends every call that a part of it began"


def test_calls_at_the_same_time_do_not_mix() -> None:
    streams = [parsed(name) for name in ("direct_caller_gives_up", "queue_ringall_agent_hangup")]
    for first, second in permutations(streams):
        finished: list[Call] = []
        session = CallSession(on_finished=finished.append)
        longest = max(len(first), len(second))
        for n in range(longest):
            for stream in (first, second):
                if n < len(stream):
                    session.feed(stream[n], float(n))

        outcome = {(call.number, call.disposition(), call.ended_by(), *call.talked) for call in finished}
        assert outcome == {
            ("13912345678", "abandoned", "caller"),
            ("+8613800138000", "answered", "agent", "1003"),
        }
