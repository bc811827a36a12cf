"""`crmdesk rpc` from outside: what is acknowledged stays, what is asked twice is done once."""

import json
import os
import signal
import stat
import time
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.blackbox.conftest import Desk, Refused

Ask = Callable[..., Any]


def test_a_call_from_lookup_to_wrap_up_and_what_the_next_process_knows(desk: Desk) -> None:
    with desk.rpc(CRMDESK_CLOCK="2026-11-20T09:58:00Z") as rpc:
        described = rpc.ask("rpc.describe")["methods"]

        def ask(method: str, **params: Any) -> Any:
            result = rpc.ask(method, **params)
            Draft202012Validator(described[method]["result"]).validate(result)
            return result

        assert ask("system.info")["now"] == "2026-11-20T09:58:00Z"
        made = ask("customer.create", name="张三", phones=["138 0013 8000"], tier="gold", request_id="a")
        found = ask("customer.lookup", number="+8613800138000")
        assert found["matches"][0]["customer_id"] == made["customer"]["id"]
        pop = ask("call.ring", external_id="c1", **{"from": "013800138000"}, to="02158208001")["pop"]
        assert pop["match"]["name"] == "张三"
        ask("call.answer", external_id="c1")
        assert ask("clock.set", at="+2m")["now"] == "2026-11-20T10:00:00Z"
        assert ask("call.end", external_id="c1")["call"]["talk_seconds"] == 120
        ask("call.wrap_up", external_id="c1", note="漏油，约周五进站")
    assert rpc.process.returncode == 0
    with desk.rpc() as rpc:
        whole = rpc.ask("customer.get", id=made["customer"]["id"])
        assert whole["counters"]["contacts_365"] == 1
        history = rpc.ask("customer.timeline", id=whole["id"])["items"]
        assert "漏油" in history[0]["subject"]
        again = rpc.ask("customer.create", name="张三", phones=["138 0013 8000"], tier="gold", request_id="a")
        assert again == made
        assert [item["customer_id"] for item in rpc.ask("customer.search", query="zhangsan")["items"]] == [
            whole["id"]
        ]


def test_errors_carry_their_code_and_kind(talk: Ask) -> None:
    made = talk("customer.create", name="Ann")["customer"]
    talk("customer.update", id=made["id"], base_version=1, changes={"hint": "a"})
    stale = {"id": made["id"], "base_version": 1, "changes": {"hint": "b"}}
    for method, params, code, kind in (
        ("customer.create", {"name": ""}, -32602, "invalid"),
        ("customer.update", stale, -32001, "conflict"),
        ("customer.get", {"id": "01a1ffa8-4972-776c-bd24-f0e2555c1eff"}, -32004, "not_found"),
        ("no.such", {}, -32601, "invalid"),
    ):
        with pytest.raises(Refused) as refused:
            talk(method, **params)
        assert (refused.value.code, refused.value.data["kind"]) == (code, kind)
    with pytest.raises(Refused, match=r"does not have order\.list yet"):
        talk("order.list")


def test_nonsense_is_answered_and_the_conversation_goes_on(desk: Desk) -> None:
    with desk.rpc() as rpc:
        rpc.send(b"nonsense\n\n\xff\xfe\n")
        assert [rpc.next()["error"]["code"] for _ in range(2)] == [-32700, -32700]
        assert rpc.ask("system.info")["test"] is True


def test_news_arrive_between_answers(desk: Desk) -> None:
    with desk.rpc() as rpc:
        rpc.ask("subscribe", topics=["changed", "popped"])
        rpc.ask("call.ring", external_id="c1", **{"from": "13800138000"})
        topics = {line["method"] for line in rpc.news}
        while topics < {"changed", "popped"}:
            topics.add(rpc.next()["method"])
    assert all("id" not in line for line in rpc.news)


def test_a_clock_is_set_in_test_profiles_only(desk: Desk) -> None:
    real = desk.beside("real")
    assert real.run("profile", "new", str(real.path)).returncode == 0
    with real.rpc(CRMDESK_CLOCK="2030-01-01T00:00:00Z") as rpc:
        assert not rpc.ask("system.info")["now"].startswith("2030")
        with pytest.raises(Refused) as refused:
            rpc.ask("clock.set", at="+3d")
        assert refused.value.code == -32601


@pytest.mark.parametrize("round_number", range(3))
def test_nothing_acknowledged_is_lost_by_a_kill(desk: Desk, round_number: int) -> None:
    """Killed while it works: every acknowledged change is there, the cut off one is there once or not."""
    rpc = desk.rpc()
    acknowledged = [rpc.ask("customer.create", name=f"N{n}", request_id=f"r{n}") for n in range(10)]
    for n in range(10, 16 + round_number):
        params = {"name": f"N{n}", "request_id": f"r{n}"}
        request = {"jsonrpc": "2.0", "id": n, "method": "customer.create", "params": params}
        rpc.send(json.dumps(request).encode() + b"\n")
    if round_number:
        acknowledged.append(rpc.next()["result"])
    rpc.process.send_signal(signal.SIGKILL)
    rpc.kill()
    with desk.rpc() as after:
        names = {item["name"] for item in after.ask("customer.list", limit=500)["items"]}
        assert {made["customer"]["name"] for made in acknowledged} <= names
        for n, made in enumerate(acknowledged):
            assert after.ask("customer.create", name=f"N{n}", request_id=f"r{n}") == made
        for n in range(len(acknowledged), 20):
            after.ask("customer.create", name=f"N{n}", request_id=f"r{n}")
        items = after.ask("customer.list", limit=500)["items"]
        assert sorted(item["name"] for item in items) == sorted(f"N{n}" for n in range(20))


def test_a_second_process_waits_for_the_first(desk: Desk) -> None:
    with desk.rpc() as first:
        first.ask("customer.create", name="Ann")
        second = desk.rpc()
    with second:
        assert second.ask("system.info")["counts"]["customer"] == 1


def test_who_waited_in_vain_is_told_so(desk: Desk) -> None:
    with desk.rpc() as first:
        first.ask("system.info")
        begun = time.monotonic()
        second = desk.rpc()
        with pytest.raises(Refused) as refused:
            second.ask("system.info")
        assert (refused.value.code, refused.value.data["kind"]) == (-32010, "environment")
        assert second.process.wait(30) == 1
        assert second.process.stderr is not None
        assert b"open in another" in second.process.stderr.read()
        assert time.monotonic() - begun >= 10
        second.end()


def test_nothing_readable_lies_on_the_disk(desk: Desk, talk: Ask) -> None:
    talk("customer.create", name="Bartholomew", phones=["13800138000"], hint="机密")
    files = [path for path in desk.path.rglob("*") if path.is_file()]
    assert {"store.db", "store.db-wal", "profile.json"} <= {path.name for path in files}
    for path in files:
        content = path.read_bytes()
        assert b"Bartholomew" not in content, path
        assert "机密".encode() not in content, path
        assert b"13800138000" not in content, path


def test_keys_are_for_their_owner_only(desk: Desk) -> None:
    keys = desk.environment["CRMDESK_KEY_FILE"]
    assert stat.S_IMODE(os.stat(keys).st_mode) == 0o600
    os.chmod(keys, 0o640)
    done = desk.run("rpc")
    assert done.returncode == 1
    assert b"chmod 600" in done.stderr
    assert done.stderr.count(b"\n") == 1
