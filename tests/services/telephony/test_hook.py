"""What other programs tell of a call is understood, or refused in a sentence; nobody else gets in."""

import http.client
import json
import os
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.errors import InvalidInput, TelephonyFault
from crmdesk.services.telephony.gateway import CallAnswered, CallEnded, CallEvent, CallRinging
from crmdesk.services.telephony.hook import (
    EVENTS,
    MAX_NAME_CHARS,
    MAX_NUMBER_CHARS,
    HookCall,
    call_from_address,
    call_from_json,
    call_from_words,
)
from crmdesk.services.telephony.hook_gateway import OPEN_CALLS, HookGateway
from crmdesk.services.telephony.hook_server import (
    HOOK_FILE,
    HookServer,
    open_in_running,
    send_to_running,
)


@pytest.mark.parametrize(
    ("words", "number", "name"),
    [
        (["13800138000"], "13800138000", ""),
        (["+86", "138", "0013", "8000"], "+86 138 0013 8000", ""),
        (["(021)", "5820-8020"], "(021) 5820-8020", ""),
        (["%2B8613800138000"], "+8613800138000", ""),
        (["138%200013%208000"], "138 0013 8000", ""),
        (["13800138000", "Zhang", "San"], "13800138000", "Zhang San"),
        (["13800138000 张三"], "13800138000", "张三"),
        (["sip:13800138000@10.0.0.1;user=phone"], "13800138000", ""),
        (["tel:+8613800138000"], "+8613800138000", ""),
        (['"Zhang San"', "<13800138000>"], "13800138000", "Zhang San"),
        (["１３８００１３８０００"], "１３８００１３８０００", ""),
        (["anonymous"], None, ""),
        ([], None, ""),
        ([""], None, ""),
        (["crmdesk://call?from=13800138000&name=Li+Si"], "13800138000", "Li Si"),
    ],
)
def test_words_of_soft_phones(words: list[str], number: str | None, name: str) -> None:
    call = call_from_words(words)

    assert (call.number, call.name, call.event) == (number, name, "ringing")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("crmdesk://call?from=13800138000", HookCall("13800138000")),
        ("crmdesk://call/?from=%2B8613800138000", HookCall("+8613800138000")),
        ("crmdesk://call?from=+8613800138000", HookCall("+8613800138000")),
        ("crmdesk://call?from=+86 138 0013 8000", HookCall("+86 138 0013 8000")),
        ("crmdesk://call?from=138+0013+8000", HookCall("138 0013 8000")),
        ("CRMDESK:call?phone=1002", HookCall("1002")),
        ("crmdesk://call/13800138000", HookCall("13800138000")),
        ('"crmdesk://call?from=13800138000"', HookCall("13800138000")),
        (
            "crmdesk://call?from=1&name=%E5%BC%A0%E4%B8%89&to=02158208000&event=answered&id=a%2F1&x=y",
            HookCall("1", "张三", "02158208000", "answered", "a/1"),
        ),
        ("crmdesk://call?from=anonymous", HookCall(None)),
        ("crmdesk://call", HookCall(None)),
    ],
)
def test_addresses(address: str, expected: HookCall) -> None:
    assert call_from_address(address) == expected


@pytest.mark.parametrize(
    "address",
    [
        "http://call?from=1",
        "crmdesk://customer/1",
        "crmdesk://call?from=1&event=exploded",
        "crmdesk://call?from=" + "1" * 5000,
        "",
    ],
)
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(InvalidInput):
        call_from_address(address)


@given(st.text(max_size=500))
def test_hostile_input_is_cut_and_cleaned_or_refused(text: str) -> None:
    readings: list[Callable[[], HookCall]] = [
        lambda: call_from_words([text]),
        lambda: call_from_address("crmdesk://call?from=" + text),
        lambda: call_from_json({"from": text, "name": text, "to": text}),
    ]
    for read in readings:
        try:
            call = read()
        except InvalidInput:
            continue
        assert call.event in EVENTS
        assert len(call.number or "") <= MAX_NUMBER_CHARS
        assert len(call.name) <= MAX_NAME_CHARS
        assert (call.number or "x").isprintable()


@pytest.mark.parametrize("values", [[], "text", {"from": ["1"]}, {"from": "1", "event": "x"}])
def test_json_of_another_shape_is_refused(values: object) -> None:
    with pytest.raises(InvalidInput):
        call_from_json(values)


class Door:
    """A running hook server and what came through it."""

    def __init__(self, profile: Path) -> None:
        self.profile = profile
        self.calls: list[HookCall] = []
        self.addresses: list[str] = []
        self.server = HookServer(profile, self._call, self.addresses.append)

    def _call(self, call: HookCall) -> str:
        self.calls.append(call)
        return "key-1"

    @property
    def token(self) -> str:
        return str(json.loads((self.profile / HOOK_FILE).read_text("utf-8"))["token"])

    def ask(
        self, body: bytes = b'{"from": "1002"}', path: str = "/call", method: str = "POST", **headers: str
    ) -> tuple[int, dict[str, Any]]:
        """Send a request, with the right token unless told otherwise."""
        connection = http.client.HTTPConnection("127.0.0.1", self.server.port, timeout=5)
        sent = {"Authorization": f"Bearer {self.token}"} | headers
        try:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    made = Door(tmp_path)
    made.server.start()
    yield made
    made.server.stop()


def test_a_call_goes_through_to_the_running_window(door: Door) -> None:
    call = HookCall("+8613800138000", "张三", "02158208000", "answered", "id-1")

    assert send_to_running(door.profile, call)
    assert open_in_running(door.profile, "crmdesk://customer/1")

    assert door.calls == [call]
    assert door.addresses == ["crmdesk://customer/1"]
    assert door.ask() == (200, {"accepted": True, "call": "key-1"})


def test_port_and_token_are_for_the_owner_only_and_go_with_the_window(door: Door) -> None:
    path = door.profile / HOOK_FILE
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert json.loads(path.read_text("utf-8"))["port"] == door.server.port

    door.server.stop()

    assert not path.exists()
    assert not send_to_running(door.profile, HookCall("1"))


def test_a_file_that_others_can_read_is_not_trusted(door: Door) -> None:
    (door.profile / HOOK_FILE).chmod(0o644)

    assert not send_to_running(door.profile, HookCall("1"))
    assert door.calls == []


@pytest.mark.parametrize(
    ("status", "request_"),
    [
        (401, {"Authorization": "Bearer wrong"}),
        (401, {"Authorization": ""}),
        (403, {"Origin": "https://example.com"}),
        (403, {"Origin": "null"}),
        (403, {"Host": "evil.example:80"}),
        (413, {"Content-Length": "5000"}),
        (413, {"Content-Length": "-1"}),
        (404, {"path": "/other"}),
        (405, {"method": "GET"}),
        (400, {"body": b"no json"}),
        (400, {"body": b"[" * 3000}),
        (400, {"body": b'{"event": "x"}'}),
        (400, {"body": b"\xff\xfe"}),
    ],
)
def test_everything_else_is_refused_with_a_reason(door: Door, status: int, request_: dict[str, Any]) -> None:
    answered, answer = door.ask(**request_)

    assert answered == status
    assert answer["error"]
    assert door.calls == []


def test_a_stale_file_is_no_running_window(tmp_path: Path) -> None:
    door = Door(tmp_path)
    door.server.start()
    kept = (tmp_path / HOOK_FILE).read_bytes()
    door.server.stop()
    (tmp_path / HOOK_FILE).write_bytes(kept)
    (tmp_path / HOOK_FILE).chmod(0o600)

    assert not send_to_running(tmp_path, HookCall("1"))
    assert not send_to_running(tmp_path / "none", HookCall("1"))


def gateway() -> tuple[HookGateway, list[CallEvent]]:
    seconds = iter(range(1000))
    made, told = HookGateway("1001", clock=lambda: float(next(seconds))), list[CallEvent]()
    made.start(told.append)
    return made, told


def test_hooks_with_an_id_are_one_call() -> None:
    hooks, told = gateway()
    for event in ("ringing", "ringing", "answered", "answered", "ended"):
        key = hooks.take(HookCall("13800138000", "Zhang", "021", event, "a1"))
        assert key == "a1"

    assert [type(event) for event in told] == [CallRinging, CallAnswered, CallEnded]
    assert (told[0].extension, told[0].number, told[0].name, told[0].dialled) == (
        "1001",
        "13800138000",
        "Zhang",
        "021",
    )
    assert isinstance(told[-1], CallEnded)
    assert told[-1].result == "answered"


def test_hooks_without_an_id_find_their_call_by_number() -> None:
    hooks, told = gateway()
    first = hooks.take(HookCall("1"))
    second = hooks.take(HookCall("2"))
    hooks.take(HookCall("1", event="answered"))
    hooks.take(HookCall(None, event="ended"))
    hooks.take(HookCall("1", event="ended"))

    assert first != second
    ended = [(event.call_key, event.result) for event in told if isinstance(event, CallEnded)]
    assert ended == [(second, "missed"), (first, "answered")]


@pytest.mark.parametrize("call_id", ["", "a1"])
def test_the_end_of_a_call_that_never_rang_here_pops_nobody(call_id: str) -> None:
    hooks, told = gateway()
    hooks.take(HookCall("13800138000", event="ended", external_id=call_id))
    assert not told
    assert not hooks._open


def test_a_phone_that_never_tells_the_end_costs_no_memory() -> None:
    hooks, told = gateway()
    keys = [hooks.take(HookCall(str(number))) for number in range(OPEN_CALLS + 5)]

    assert len(set(keys)) == len(told) == OPEN_CALLS + 5
    assert len(hooks._open) == OPEN_CALLS


def test_a_hook_takes_no_commands() -> None:
    hooks, _ = gateway()
    with pytest.raises(TelephonyFault, match="13800138000"):
        hooks.dial("13800138000")
    with pytest.raises(TelephonyFault):
        hooks.hangup("a1")


def test_calls_may_come_from_many_threads() -> None:
    hooks, told = gateway()
    threads = [threading.Thread(target=hooks.take, args=(HookCall(str(number)),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {event.number for event in told} == {str(number) for number in range(8)}
