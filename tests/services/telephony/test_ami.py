"""Bytes in any chunks become the same events, and nothing on the line can make the parser fail."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.services.telephony.ami import AmiParser, Event, encode_action
from tests.services.telephony.recordings import OURS, chunks

RECORDED = [
    b"".join(chunks(OURS / name))
    for name in ("cid_chinese_name.jsonl", "chan_sip/cid_gbk_name.jsonl", "queue_ringall_answer.jsonl")
]
CALL = b"Event: Newstate\r\nChannel: PJSIP/1001-1\r\nChannelState: 5\r\n\r\n"


def parse(*pieces: bytes, **limits: int) -> list[Event]:
    parser = AmiParser(**limits)
    return [event for piece in pieces for event in parser.feed(piece)]


@given(st.sampled_from(RECORDED), st.data())
def test_any_chunking_gives_the_same_events(stream: bytes, data: st.DataObject) -> None:
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=40))
    edges = [0, *sorted(cuts), len(stream)]

    assert parse(*(stream[a:b] for a, b in pairwise(edges))) == parse(stream)


@pytest.mark.parametrize("stream", RECORDED)
def test_bytes_may_come_one_by_one(stream: bytes) -> None:
    head = stream[:20_000]

    assert parse(*(head[n : n + 1] for n in range(len(head)))) == parse(head)


@given(st.lists(st.binary(max_size=200), max_size=20))
def test_garbage_never_raises_and_chunks_of_it_do_not_matter(pieces: list[bytes]) -> None:
    assert parse(*pieces) == parse(b"".join(pieces))


@given(st.binary(max_size=400).filter(lambda noise: b"Event" not in noise))
def test_the_call_after_garbage_is_still_seen(noise: bytes) -> None:
    events = parse(noise + b"\r\n\r\n" + CALL)

    assert events[-1].name == "Newstate"
    assert events[-1].get("ChannelState") == "5"


def test_the_banner_has_no_empty_line_after_it() -> None:
    parser = AmiParser()

    (event,) = parser.feed(b"Asterisk Call Manager/11.0.0\r\nResponse: Success\r\nMessage: hello\r\n\r\n")

    assert parser.banner == "Asterisk Call Manager/11.0.0"
    assert (event.name, event.get("Response"), event.get("Message")) == ("", "Success", "hello")


def test_repeated_keys_are_kept_in_order() -> None:
    (event,) = parse(b"Event: Newchannel\r\nChanVariable: a=1\r\nChanVariable: b=2\r\n\r\n")

    assert event.all("ChanVariable") == ("a=1", "b=2")
    assert event.get("ChanVariable") == "a=1"
    assert event.all("None") == ()


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        ("张三".encode(), "张三"),
        ("张三（上海）".encode("gb18030"), "张三（上海）"),
        (b"caf\xe9", "café"),
        ("����".encode(), "����"),
        (b"back\\slash: and colon", "back\\slash: and colon"),
        (b"with\0null\x1b[31m", "withnull[31m"),
        (b"  two blanks", "  two blanks"),
    ],
)
def test_names_are_read_in_whatever_encoding_they_came(sent: bytes, read: str) -> None:
    (event,) = parse(b"Event: X\r\nCallerIDName: " + sent + b"\r\nCallerIDNum: 1\r\n\r\n")

    assert event.get("CallerIDName") == read
    assert event.get("CallerIDNum") == "1"


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\r\n"])
def test_line_ends_may_vary(end: bytes) -> None:
    (event,) = parse(end.join((b"Event: Hangup", b"Cause:16", b"", b"")))

    assert dict(event) == {"Event": "Hangup", "Cause": "16"}


def test_a_lost_empty_line_does_not_melt_two_events_into_one() -> None:
    assert [event.name for event in parse(b"Event: A\r\nX: 1\r\nEvent: B\r\nX: 2\r\n\r\n")] == ["A", "B"]


@pytest.mark.parametrize("step", [7, 64, 1000])
def test_an_endless_line_is_dropped_and_costs_no_memory(step: int) -> None:
    stream = b"Event: A\r\nName: " + b"x" * 900 + b"\r\nCause: 16\r\n\r\n"
    pieces = [stream[n : n + step] for n in range(0, len(stream), step)]

    (event,) = parse(*pieces, max_line_bytes=100)

    assert dict(event) == {"Event": "A", "Cause": "16"}


def test_a_message_without_end_is_bounded() -> None:
    (event,) = parse(b"Event: A\r\n" + b"Variable: x\r\n" * 50 + b"\r\n", max_fields=10)

    assert len(event.fields) == 10


def test_nothing_in_a_field_becomes_another_action() -> None:
    sent = encode_action("Originate", ("Exten", "1001\r\nAction: Command\r\nCommand: stop"), ("A\nB", "x"))

    assert sent == b"Action: Originate\r\nExten: 1001Action: CommandCommand: stop\r\nAB: x\r\n\r\n"
