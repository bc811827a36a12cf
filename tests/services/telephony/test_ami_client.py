"""The connection logs in, comes back with what is up, and never loops on a wrong password."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crmdesk.errors import TelephonyFault
from crmdesk.services.telephony.ami import AmiParser, Event
from crmdesk.services.telephony.ami_client import (
    LOGIN_REFUSED,
    NOT_A_MANAGER,
    NOT_REACHED,
    AmiClient,
    AmiSettings,
    LinkState,
    Patience,
)
from crmdesk.services.telephony.ami_gateway import AmiGateway
from crmdesk.services.telephony.gateway import (
    CallAnswered,
    CallEnded,
    CallEvent,
    CallHeld,
    CallPlaced,
    CallResumed,
    CallRinging,
)
from crmdesk.services.telephony.simulator import Simulator
from tests.services.telephony.listening import PATIENCE_SECONDS, Heard
from tests.services.telephony.recordings import OURS

QUICK = Patience(first_pause=0.01, longest_pause=0.02, jitter=lambda: 1.0)
NUMBER = "13800138000"


@pytest.fixture
def simulator() -> Iterator[Simulator]:
    made = Simulator("secret", epoch=1_800_000_000)
    yield made
    made.stop()


@contextmanager
def connected(
    simulator: Simulator, *extensions: str
) -> Iterator[tuple[AmiGateway, Heard[CallEvent], Heard[LinkState]]]:
    calls, states = Heard[CallEvent](), Heard[LinkState]()
    settings = AmiSettings("127.0.0.1", simulator.start(), "crmdesk", "secret")
    gateway = AmiGateway(settings, extensions, states, patience=QUICK)
    gateway.start(calls)
    try:
        states.wait(lambda state: state.state == "connected")
        yield gateway, calls, states
    finally:
        gateway.stop()


@contextmanager
def client_of(port: int, secret: str = "secret", patience: Patience = QUICK) -> Iterator[Heard[LinkState]]:
    states = Heard[LinkState]()
    settings = AmiSettings("127.0.0.1", port, "crmdesk", secret)
    client = AmiClient(settings, lambda _event, _at: None, states, patience=patience)
    client.start()
    try:
        yield states
    finally:
        client.stop()


def is_a(kind: type[CallEvent], extension: str = "1001") -> Callable[[CallEvent], bool]:
    return lambda event: isinstance(event, kind) and event.extension == extension


def test_a_call_is_heard_from_ringing_to_its_end(simulator: Simulator) -> None:
    with connected(simulator, "1001") as (_, calls, _):
        handle = simulator.ring(NUMBER, "张三", "1001", "02158201001")
        ringing = calls.wait(is_a(CallRinging))
        simulator.answer(handle)
        simulator.hold(handle, on=True)
        simulator.hold(handle, on=False)
        simulator.hangup(handle, "caller")
        ended = calls.wait(is_a(CallEnded))

    assert (ringing.number, ringing.name, ringing.dialled) == (NUMBER, "张三", "02158201001")
    assert (ringing.call_key, ringing.direction, ringing.reason) == (handle.call_key, "in", "ringing")
    assert ringing.wall_at is not None and ringing.at is not None
    assert [type(event) for event in calls.items] == [
        CallRinging,
        CallAnswered,
        CallHeld,
        CallResumed,
        CallEnded,
    ]
    assert isinstance(ended, CallEnded)
    assert (ended.result, ended.ended_by) == ("answered", "caller")
    assert ended.times.talk_seconds is not None


def test_only_the_own_extension_is_heard_and_others_may_take_the_call(simulator: Simulator) -> None:
    with connected(simulator, "1001") as (_, calls, _):
        handle = simulator.ring(NUMBER, "", "1001", "02158208000", "hotline", others=["1002"])
        simulator.answer(handle, "1002")
        ended = calls.wait(is_a(CallEnded))
        simulator.hangup(handle, "agent")

    assert {event.extension for event in calls.items} == {"1001"}
    assert isinstance(ended, CallEnded)
    assert (ended.result, ended.queue) == ("elsewhere", "hotline")


@pytest.mark.parametrize(("by", "result"), [("caller", "missed"), ("pbx", "missed"), ("agent", "rejected")])
def test_a_call_nobody_took(simulator: Simulator, by: str, result: str) -> None:
    with connected(simulator, "1001") as (_, calls, _):
        handle = simulator.ring("", "", "1001", "02158201001")
        simulator.hangup(handle, by)
        ended = calls.wait(is_a(CallEnded))

    assert isinstance(ended, CallEnded)
    assert (ended.result, ended.number) == (result, None)


def test_a_wrong_password_is_told_once_and_not_tried_again(simulator: Simulator) -> None:
    with client_of(simulator.start(), "wrong") as states:
        refused = states.wait(lambda state: state.state == "refused")

    assert refused.sentence == LOGIN_REFUSED
    assert "crmdesk" in refused.in_words()
    assert [state.state for state in states.items] == ["connecting", "refused"]


def test_a_ringing_call_and_a_talk_come_back_after_the_line_was_cut(simulator: Simulator) -> None:
    port = simulator.start()
    talk = simulator.ring(NUMBER, "Li Si", "1002", "02158201002")
    simulator.answer(talk)
    simulator.ring(NUMBER, "Zhang San", "1001", "02158201001")
    calls, states = Heard[CallEvent](), Heard[LinkState]()
    gateway = AmiGateway(
        AmiSettings("127.0.0.1", port, "crmdesk", "secret"), ("1001", "1002"), states, patience=QUICK
    )
    gateway.start(calls)
    try:
        first = calls.wait(is_a(CallRinging))
        calls.wait(is_a(CallAnswered, "1002"))
        simulator.drop_connections()
        states.wait(lambda state: state.state == "lost")
        states.wait(lambda state: state.state == "connected", times=2)
        assert simulator.wait_for_clients(1, PATIENCE_SECONDS)
        missed = simulator.ring("13912345678", "", "1001", "02158201001")
        calls.wait(lambda event: event.call_key == missed.call_key)
    finally:
        gateway.stop()

    assert (first.number, first.restored) == (NUMBER, True)
    keys = [event.call_key for event in calls.items if isinstance(event, CallRinging)]
    assert len(keys) == len(set(keys)), "a call that runs on must not ring twice"


def test_a_call_that_ended_while_the_line_was_down_is_ended(simulator: Simulator) -> None:
    with connected(simulator, "1001") as (_, calls, states):
        handle = simulator.ring(NUMBER, "", "1001", "02158201001")
        calls.wait(is_a(CallRinging))
        simulator.drop_connections()
        simulator.hangup(handle, "caller")
        states.wait(lambda state: state.state == "connected", times=2)
        ended = calls.wait(is_a(CallEnded))

    assert isinstance(ended, CallEnded)
    assert ended.result in ("unknown", "missed")


def test_click_to_call_rings_the_own_phone_without_a_pop(simulator: Simulator) -> None:
    with connected(simulator, "1001") as (gateway, calls, _):
        gateway.dial("138 0013 8000\r\nAction: Command")
        placed = calls.wait(is_a(CallPlaced))
        answered = calls.wait(is_a(CallAnswered))
        gateway.hangup(answered.call_key)
        calls.wait(is_a(CallEnded))
        with pytest.raises(TelephonyFault, match="over already"):
            gateway.hangup(answered.call_key)

    assert (placed.number, placed.direction) == (NUMBER, "out")
    assert not any(isinstance(event, CallRinging) for event in calls.items)


def test_dialling_without_a_line_or_extension_says_so(simulator: Simulator) -> None:
    gateway = AmiGateway(AmiSettings("127.0.0.1", 1, "crmdesk", "secret"), ("1001",), lambda _state: None)
    with pytest.raises(TelephonyFault, match="no connection"):
        gateway.dial(NUMBER)
    gateway.stop()
    with connected(simulator) as (nobody, _, _), pytest.raises(TelephonyFault, match="no extension"):
        nobody.dial(NUMBER)


def test_a_host_that_does_not_answer_is_told_once_while_it_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with client_of(port) as states:
        lost = states.wait(lambda state: state.state == "lost")
        simulator = Simulator("secret", port=port)
        simulator.start()
        states.wait(lambda state: state.state == "connected")
        simulator.stop()

    assert lost.sentence == NOT_REACHED
    assert [state.state for state in states.items[:3]] == ["connecting", "lost", "connected"]


def test_something_else_that_listens_there_is_named_as_such() -> None:
    with served(b"HTTP/1.1 400 Bad Request\r\n" + b"x" * 2000) as port, client_of(port) as states:
        lost = states.wait(lambda state: state.state == "lost")

    assert lost.sentence == NOT_A_MANAGER


def test_a_line_that_went_silent_is_pinged_and_given_up() -> None:
    heard = Heard[Event]()
    patience = Patience(answer=0.05, silence=0.05, first_pause=0.01, longest_pause=0.01, jitter=lambda: 1.0)
    with (
        served(b"Asterisk Call Manager/11.0.0\r\n", heard) as port,
        client_of(port, patience=patience) as states,
    ):
        heard.wait(lambda event: event.get("Action") == "Ping")
        states.wait(lambda state: state.state == "lost")


def test_a_recording_played_over_the_socket_rings_as_it_did(simulator: Simulator) -> None:
    with connected(simulator, "1002") as (_, calls, _):
        simulator.play(OURS / "queue_ringall_answer.jsonl")
        calls.wait(is_a(CallEnded, "1002"))

    assert [type(event) for event in calls.items] == [CallRinging, CallAnswered, CallEnded]
    assert calls.items[0].number == NUMBER


def test_a_recording_is_listed_while_it_plays(simulator: Simulator, tmp_path: Path) -> None:
    lines = (OURS / "queue_ringall_answer.jsonl").read_text("utf-8").splitlines()
    left = next(n for n, line in enumerate(lines) if "Event: BridgeLeave" in line)
    talking, ending = tmp_path / "talking.jsonl", tmp_path / "ending.jsonl"
    talking.write_text("\n".join(lines[:left]), "utf-8")
    ending.write_text("\n".join(lines[left:]), "utf-8")
    simulator.play(talking)
    with connected(simulator, "1002") as (_, calls, _):
        answered = calls.wait(is_a(CallAnswered, "1002"))
        simulator.play(ending)
        ended = calls.wait(is_a(CallEnded, "1002"))

    assert (answered.number, answered.restored) == (NUMBER, True)
    assert isinstance(ended, CallEnded)
    assert ended.result == "answered"
    assert len(calls.items) == 2


def test_stopping_twice_or_before_the_line_is_up_is_fine(simulator: Simulator) -> None:
    states = Heard[LinkState]()
    settings = AmiSettings("127.0.0.1", simulator.start(), "crmdesk", "secret")
    client = AmiClient(settings, lambda _event, _at: None, states)
    client.start()
    client.stop()
    client.stop()

    assert states.items[-1] == LinkState("stopped")


def test_a_secret_does_not_show_in_words() -> None:
    assert "secret" not in repr(AmiSettings("h", 1, "u", "secret")).replace("secret=", "")


@contextmanager
def served(greeting: bytes, heard: Heard[Event] | None = None) -> Iterator[int]:
    """A server that greets, accepts any login and is silent from then on."""
    server = socket.create_server(("127.0.0.1", 0))
    lines: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                line, _ = server.accept()
            except OSError:
                return
            lines.append(line)
            line.sendall(greeting)
            parser = AmiParser()
            while data := received(line):
                for action in parser.feed(data):
                    if heard is not None:
                        heard(action)
                        if action.get("Action") == "Login":
                            line.sendall(
                                f"Response: Success\r\nActionID: {action.get('ActionID')}\r\n\r\n".encode()
                            )

    thread = threading.Thread(target=serve, name="mute-server")
    thread.start()
    try:
        yield int(server.getsockname()[1])
    finally:
        server.shutdown(socket.SHUT_RDWR)
        server.close()
        for line in lines:
            line.close()
        thread.join(PATIENCE_SECONDS)


def received(line: socket.socket) -> bytes:
    try:
        return line.recv(4096)
    except OSError:
        return b""
