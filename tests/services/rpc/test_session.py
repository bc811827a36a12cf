"""The conversation: lines in, lines out, errors by family, requests done once, news once subscribed."""

import json
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crmdesk.errors import Bug, Conflict, Denied, InvalidInput, NotFound, StoreBusy
from crmdesk.logs import log_file
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.kinds import TEXT, Field, record
from crmdesk.services.rpc.method import Method, action
from crmdesk.services.rpc.session import Session
from crmdesk.services.telephony.gateway import CallRinging
from tests.services.rpc.conftest import Talk

UNKNOWN = "01a1ffa8-4972-776c-bd24-f0e2555c1eff"


def request(method: str, request_id: object = 1, **params: Any) -> str:
    return json.dumps({"jsonrpc": "2.0", "id": request_id, "method": method, "params": params})


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"nonsense", -32700),
        (b"{", -32700),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "system.info", "params": {"x": NaN}}', -32700),
        (b'{"jsonrpc": "2.0", "id": 1e400, "method": "system.info"}', -32700),
        (b"\xff\xfe{}", -32700),
        (b"[" * 100_000, -32700),
        (b"[]", -32600),
        (b"3", -32600),
        (b'{"jsonrpc": "1.0", "id": 1, "method": "system.info"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1}', -32600),
        (b'{"jsonrpc": "2.0", "id": {}, "method": "system.info"}', -32600),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "system.info", "params": [1]}', -32602),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "no.such"}', -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "order.list"}', -32601),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "system.info", "params": {"x": 1}}', -32602),
    ],
)
def test_a_bad_line_is_answered_and_the_conversation_goes_on(talk: Talk, line: bytes, code: int) -> None:
    answer = talk.line(line)
    assert answer["error"]["code"] == code
    assert answer["error"]["message"].endswith((".", ")"))
    assert talk.line(request("system.info", 7))["id"] == 7


def test_a_method_of_later_versions_says_so(talk: Talk) -> None:
    told = talk.line(request("customer.merge"))["error"]["message"]
    assert told == "This version of crmdesk does not have customer.merge yet."


def test_blank_lines_and_notifications_get_no_answer(talk: Talk) -> None:
    assert talk.line("\n") == {}
    silent = {"jsonrpc": "2.0", "method": "customer.create", "params": {"name": "Ann"}}
    assert talk.line(json.dumps(silent)) == {}
    assert talk("system.info")["counts"]["customer"] == 1


@pytest.mark.parametrize(
    ("error", "code", "kind"),
    [
        (InvalidInput("No {x}.", fields=("x",), x="y"), -32602, "invalid"),
        (Conflict("Meanwhile.", current={"rev": 3, "name": "x"}, fields=("name",)), -32001, "conflict"),
        (Denied("No."), -32002, "denied"),
        (NotFound("Gone."), -32004, "not_found"),
        (StoreBusy("Wait."), -32010, "environment"),
        (Bug("Ours."), -32603, "bug"),
        (ZeroDivisionError("secret"), -32603, "bug"),
    ],
)
def test_each_family_of_failures_has_its_code(
    desk: Desk, error: Exception, code: int, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_session: Session, _given: object) -> None:
        raise error

    lines: list[bytes] = []
    method = action("test.fail", "Fails.", (), record(), fail)
    session = Session(desk, {"test.fail": method}, lines.append)
    session.take(request("test.fail").encode())
    told = json.loads(lines[0])["error"]
    assert (told["code"], told["data"]["kind"]) == (code, kind)
    assert "secret" not in lines[0].decode()
    assert bool(caplog.records) == (kind == "bug")
    if kind == "conflict":
        assert told["data"] == {
            "kind": "conflict",
            "current": {"version": 3, "name": "x"},
            "fields": ["name"],
        }


def test_the_same_request_is_done_once(talk: Talk) -> None:
    first = talk("customer.create", name="Ann", request_id="r1")
    assert talk("customer.create", name="Ann", request_id="r1") == first
    assert talk("customer.create", name="Ann", request_id="r2") != first
    assert talk("system.info")["counts"]["customer"] == 2


def test_a_request_id_belongs_to_one_method(talk: Talk) -> None:
    talk("customer.create", name="Ann", request_id="r1")
    with pytest.raises(InvalidInput, match=r"customer\.create"):
        talk("knowledge.save", title="x", request_id="r1")
    with pytest.raises(InvalidInput):
        talk("customer.create", name="Ann", request_id="")


def test_a_refused_request_may_be_tried_again(talk: Talk) -> None:
    with pytest.raises(InvalidInput):
        talk("customer.create", name="  ", request_id="r1")
    assert talk("customer.create", name="Ann", request_id="r1")["customer"]["name"] == "Ann"


def test_a_change_that_fails_half_way_leaves_nothing(talk: Talk, customer: Callable[..., Any]) -> None:
    """The note is refused after the caller was chosen: neither must stay."""
    talk("call.ring", external_id="c1", **{"from": "13900139000"}, extension="1001")
    owner = customer()["id"]
    with pytest.raises(InvalidInput):
        talk("call.wrap_up", external_id="c1", disposition="no-such", customer_id=owner, note="x")
    assert talk("call.get", external_id="c1")["customer_id"] is None


def test_an_action_is_answered_the_same_again(talk: Talk) -> None:
    values = {"external_id": "c1", "from": "13800138000", "extension": "1001", "request_id": "r1"}
    first = talk("call.ring", **values)
    talk("customer.create", name="Ann", phones=["13800138000"])
    assert talk("call.ring", **values) == first


def test_news_arrive_once_subscribed(desk: Desk) -> None:
    arrived = threading.Event()
    lines: list[dict[str, Any]] = []

    def keep(line: bytes) -> None:
        lines.append(json.loads(line))
        if {"changed", "popped"} <= {line.get("method") for line in lines}:
            arrived.set()

    listener, other = Talk(desk), Talk(desk)
    listener.session._send = keep
    listener("subscribe", topics=["changed", "popped"])
    other("call.ring", external_id="c1", **{"from": "13800138000"}, extension="1001")
    assert arrived.wait(10)
    news = {line["method"]: line["params"] for line in lines if "method" in line}
    assert "call" in news["changed"]["kinds"]
    assert news["popped"]["external_id"] == "c1"
    assert "id" not in lines[0]
    assert not other.lines
    listener("subscribe", topics=[])
    listener.session.close()
    count = len(lines)
    other("customer.create", name="Ann")
    assert len(lines) == count


def test_clock_set_exists_in_test_profiles_only(talk: Talk) -> None:
    assert talk("clock.set", at="2026-12-24T18:00:00Z") == {"now": "2026-12-24T18:00:00Z"}
    assert talk("clock.set", at="+3d") == {"now": "2026-12-27T18:00:00Z"}
    assert talk("system.info")["now"] == "2026-12-27T18:00:00Z"
    with pytest.raises(InvalidInput):
        talk("clock.set", at="tomorrow")


def test_what_the_clock_makes_due_is_done_at_once(talk: Talk, tmp_path: Path) -> None:
    talk("customer.create", name="Ann", request_id="r1")
    talk("profile.nightly", folder=str(tmp_path / "nightly"), passphrase="correct horse")
    assert talk("clock.run_due") == {"done": 0}
    talk("clock.set", at="+31d")
    assert talk("clock.run_due") == {"done": 2}
    assert sorted(file.name[-25:-15] for file in (tmp_path / "nightly").iterdir()) == [
        "2026-11-20",
        "2026-12-21",
    ]
    assert talk("clock.run_due") == {"done": 0}


def test_a_real_profile_has_no_clock_to_set(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Desk, "test", property(lambda _desk: False))
    assert talk.line(request("clock.set", at="+3d"))["error"]["code"] == -32601
    assert "clock.set" not in talk("rpc.describe")["methods"]


def test_results_keep_text_as_it_is(talk: Talk) -> None:
    name = 'Robert"); DROP TABLE customer;-- <b>陈</b>'
    made = talk("customer.create", name=name)["customer"]
    assert talk("customer.get", id=made["id"])["name"] == name


def test_a_declared_method_reads_its_parameters(desk: Desk) -> None:
    seen: list[object] = []

    def keep(_session: Session, given: Any) -> dict[str, Any]:
        seen.append(given)
        return {}

    method: Method = action("t", "T.", (Field("a", TEXT), Field("b", TEXT, default="z")), record(), keep)
    Session(desk, {"t": method}, lambda _: None).call("t", {"a": "x"})
    assert seen == [{"a": "x", "b": "z"}]


def test_a_bug_leaves_no_caller_in_the_log(
    talk: Talk, desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: object, _connection: Any, ring: Any) -> None:
        raise ValueError(f"{ring.caller_name} on {ring.number.raw}")

    monkeypatch.setattr(type(desk.calls), "_build", fail)
    with log_file(tmp_path / "logs") as path:
        params = {"external_id": "c1", "from": "13800138000", "name": "Zhang San"}
        assert talk.line(request("call.ring", **params))["error"]["code"] == -32603
        try:
            desk.calls.take(CallRinging(call_key="c2", extension="1001", number="13800138000", name="李四"))
        except ValueError:
            logging.getLogger("crmdesk.telephony").exception("not taken")
    content = path.read_text(encoding="utf-8")
    assert content.count("‹name› on ‹phone…00›") == 2
    for secret in ("Zhang San", "李四", "13800138000"):
        assert secret not in content
