"""Recorded calls of two real telephone systems come out as they truly happened."""

import json
from pathlib import Path
from typing import Any

import pytest

from crmdesk.errors import FileFault
from crmdesk.services.telephony.replay import replay
from tests.services.telephony.recordings import ALL, OURS, Recording, recordings

WITHIN_SECONDS = 0.1
EVENTS_SWITCHED_OFF = {"ami_session_actions"}

needs_all = pytest.mark.skipif(not ALL.is_dir(), reason="the other recordings are not beside the checkout")


def by_name(recording: Recording) -> str:
    return recording.name


def close(got: float | None, want: float | None) -> bool:
    return got == want if got is None or want is None else abs(got - want) <= WITHIN_SECONDS


def assert_same(got: list[dict[str, Any]], want: list[dict[str, Any]], *, timed: bool) -> None:
    """Compare whole calls; times within 0.1 s, or absent in untimed streams."""
    assert len(got) == len(want)
    for mine, theirs in zip(got, want, strict=True):
        for key in ("started", "answered", "ended"):
            assert close(mine[key], theirs[key] if timed else None), key
        pops = [pop | {"t": None} for pop in mine["pops"]]
        assert sorted(pops, key=str) == sorted((pop | {"t": None} for pop in theirs["pops"]), key=str)
        times = {(pop["ext"], pop["reason"], pop["number"]): pop["t"] for pop in mine["pops"]}
        for pop in theirs["pops"] if timed and len(times) == len(mine["pops"]) else ():
            assert close(times[pop["ext"], pop["reason"], pop["number"]], pop["t"])
        assert timed or all(pop["t"] is None for pop in mine["pops"])
        compared = theirs.keys() - {"pops", "started", "answered", "ended"}
        assert {key: mine[key] for key in compared} == {key: theirs[key] for key in compared}


@pytest.mark.parametrize("recording", recordings(OURS), ids=by_name)
def test_a_timed_recording_tells_what_happened(recording: Recording) -> None:
    calls = [call.as_json() for call in replay(recording.files)]

    assert_same(calls, recording.expected(), timed=True)


@pytest.mark.parametrize("recording", recordings(OURS), ids=by_name)
def test_raw_bytes_tell_the_same_without_times(recording: Recording, tmp_path: Path) -> None:
    calls = [call.as_json() for call in replay(recording.raw_files(tmp_path))]

    assert_same(calls, recording.expected(), timed=False)


@needs_all
@pytest.mark.parametrize("recording", recordings(ALL), ids=by_name)
def test_the_other_recordings_too(recording: Recording, tmp_path: Path) -> None:
    if recording.name in EVENTS_SWITCHED_OFF:
        pytest.skip("its client had events switched off during the first call")

    timed = [call.as_json() for call in replay(recording.files)]
    raw = [call.as_json() for call in replay(recording.raw_files(tmp_path))]

    assert_same(timed, recording.expected(), timed=True)
    assert_same(raw, recording.expected(), timed=False)


def test_there_are_recordings_of_both_versions() -> None:
    versions = {recording.truth["pbx"].split(".")[0] for recording in recordings(OURS)}

    assert versions == {"Asterisk 22", "Asterisk 16"}


def test_an_extension_sees_only_its_own_part() -> None:
    calls = replay([OURS / "queue_ringall_answer.jsonl"], extensions=["1003"])

    assert [[pop.extension for pop in call.pops] for call in calls] == [["1003"]]
    assert calls[0].rang == ("1003",)
    assert calls[0].answered_by == "1002"
    assert replay([OURS / "direct_answer_caller_hangup.jsonl"], extensions=["1002"]) == []


@pytest.mark.parametrize(
    ("name", "e164"),
    [
        ("cid_mobile", "+8613800138000"),
        ("cid_idd", "+8613800138000"),
        ("cid_user_phone", "+8613800138000"),
        ("cid_400", "+864008202020"),
        ("cid_extension", None),
        ("cid_anonymous", None),
        ("cid_empty_user", None),
        ("cid_restricted", None),
    ],
)
def test_the_caller_is_given_in_e164_where_there_is_one(name: str, e164: str | None) -> None:
    assert [call.caller_e164 for call in replay([OURS / f"{name}.jsonl"])] == [e164]


def test_a_stream_that_breaks_off_inside_a_call_is_not_guessed_at(tmp_path: Path) -> None:
    lines = (OURS / "direct_answer_caller_hangup.jsonl").read_text("utf-8").splitlines()
    until = {
        "unknown": next(n for n, line in enumerate(lines) if "ChannelState: 5" in line) + 1,
        "answered": next(n for n, line in enumerate(lines) if "BridgeNumChannels: 2" in line) + 1,
    }
    for disposition, count in until.items():
        cut = tmp_path / f"{disposition}.jsonl"
        cut.write_text("\n".join(lines[:count]), "utf-8")

        (call,) = replay([cut])

        assert (call.disposition, call.ended, call.ended_by) == (disposition, None, None)


def test_the_same_connection_twice_is_still_one_call() -> None:
    file = OURS / "queue_ringall_answer.jsonl"

    assert replay([file, file]) == replay([file])


def test_a_missing_or_strange_file_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(FileFault, match=r"none\.ami cannot be read"):
        replay([tmp_path / "none.ami"])
    strange = tmp_path / "strange.jsonl"
    strange.write_text(json.dumps({"t": "soon", "dir": "in"}), "utf-8")
    with pytest.raises(FileFault, match="line 1 is not understood"):
        replay([strange])
    other = tmp_path / "other.ami"
    other.write_bytes(b"root:x:0:0\n")
    with pytest.raises(FileFault, match="holds no message"):
        replay([other])
