"""Complaints from outside: the installed program keeps the procedure, also when it is killed in between."""

import json
import signal
from collections.abc import Callable
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tests.blackbox.conftest import Desk, Refused, Rpc

Ask = Callable[..., Any]
START = "2026-11-20T01:00:00Z"
"""A Friday, 09:00 in Shanghai."""
CHECKLIST = dict.fromkeys(("ours", "facts", "in_time", "undecided", "not_query"), True)


def money(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "CNY"}


class Procedure:
    """Takes complaints through the procedure over one conversation, and holds answers against the schema."""

    def __init__(self, rpc: Rpc) -> None:
        self._rpc = rpc
        self._told = rpc.ask("rpc.describe")["methods"]
        self.me = rpc.ask("agent.list")["items"][0]["id"]

    def ask(self, method: str, **params: Any) -> Any:
        result = self._rpc.ask(method, **params)
        Draft202012Validator(self._told[method]["result"]).validate(result)
        return result

    def open(self, **fields: Any) -> Any:
        given = {
            "received_at": "2026-11-20T00:58:00Z",
            "channel": "phone",
            "category": "repair_again",
            "what_happened": "刹车异响，同一故障第三次进站",
            "remedy_wanted": "refund",
        }
        if "customer_id" not in fields:
            fields["customer_id"] = self.ask("customer.create", name="王芳")["customer"]["id"]
        return self.ask("complaint.open", **{**given, **fields})

    def step(self, file: Any, transition: str, **fields: Any) -> Any:
        seen = file["complaint"]
        return self.ask(
            "complaint.transition",
            id=seen["id"],
            transition=transition,
            from_state=seen["state"],
            base_version=seen["version"],
            fields=fields,
        )

    def assessed(self, severity: str = "S3") -> Any:
        file = self.step(self.open(), "T2", checklist=CHECKLIST, ack_channel="phone", owner=self.me)
        impact = {"persons": 0, "money": money("800.00")}
        return self.step(file, "T4", severity=severity, impact=impact, regime="none", cause_class="B")

    def proposed(self, amount: str = "150.00") -> Any:
        file = self.step(self.assessed(), "T5", contacted_at="2026-11-20T01:00:00Z")
        return self.propose(file, amount)

    def propose(self, file: Any, amount: str) -> Any:
        return self.step(
            file,
            "T8",
            cause="a_wear_early",
            cause_class="A",
            finding="upheld",
            remedies=[{"type": "refund", "value": money(amount), "due": "2026-11-27T00:00:00Z"}],
            reason_text="刹车片磨损过早",
        )


@pytest.fixture
def procedure(desk: Desk) -> Any:
    with desk.rpc(CRMDESK_CLOCK=START) as rpc:
        yield Procedure(rpc)


def test_logging_weighs_a_complaint_and_finds_what_it_repeats(procedure: Procedure) -> None:
    first = procedure.open()["complaint"]
    again = [procedure.open(customer_id=first["customer_id"])["complaint"] for _ in range(2)]
    assert [(each["severity"], each["repeat_of"]) for each in (first, *again)] == [
        *(("S3", None), ("S3", first["id"]), ("S2", first["id"]))
    ]
    assert procedure.open(what_happened="行驶中发动机舱冒烟起火")["complaint"]["severity"] == "S1"
    dear = procedure.open(money=money("2000.01"))["complaint"]
    assert (dear["severity"], dear["money"]) == ("S2", money("2000.01"))


def test_the_main_line_from_the_call_to_closed(procedure: Procedure) -> None:
    ask, step = procedure.ask, procedure.step
    file = procedure.open()
    assert file["complaint"]["number"].startswith("C26-")
    file = step(file, "T2", checklist=CHECKLIST, ack_channel="phone", owner=procedure.me)
    impact = {"persons": 0, "money": money("800")}
    file = step(file, "T4", severity="S3", impact=impact, regime="none", cause_class="B")
    file = step(file, "T5", contacted_at=START)
    file = step(file, "T6", wait_for="customer", what="照片", until="2026-11-23T02:00:00Z")
    ask("clock.set", at="+1h")
    file = step(file, "T7")
    file = procedure.propose(file, "90.00")
    file = step(file, "T10", missing="缺少工单照片")
    file = procedure.propose(file, "150.00")
    assert file["complaint"]["proposal_version"] == 2
    call = ask("call.ring", external_id="c9", **{"from": "13800138000"})["call"]["id"]
    file = step(file, "T9", proposal_version=2, call_id=call, sent_via="phone")
    (line,) = file["complaint"]["remedies"]
    done = [{"id": line["id"], "done_at": "2026-11-20T02:00:00Z"}]
    file = step(file, "T11", accepted_by="王芳", how="said", remedies_state=done)
    assert file["complaint"]["state"] == "RESOLVED"
    ask("clock.set", at="2026-11-27T02:00:00Z")
    assert ask("clock.run_due")["done"] >= 1
    file = ask("complaint.get", id=file["complaint"]["id"])
    assert file["complaint"]["state"] == "FOLLOW_UP"
    survey = ask("survey.record", complaint_id=file["complaint"]["id"], answers={"result": 60, "speed": 30})
    file = step(file, "T16", survey_id=survey["id"], root_cause="a_wear_early")
    assert (file["complaint"]["state"], file["complaint"]["csm"]) == ("CLOSED", 45)
    told = ask("complaint.history", id=file["complaint"]["id"])
    assert [event["transition"] for event in reversed(told["items"])] == [
        *("T1", "T2", "T4", "T5", "T6", "T7", "T8", "T10", "T8", "T9", "T11", "T15", "T16")
    ]
    assert told["complete"] is True
    assert [event["version_after"] for event in told["items"]] == list(range(13, 0, -1))
    assert all(event["who"] == procedure.me for event in told["items"] if event["transition"] != "T15")


def test_waiting_for_the_customer_pauses_our_clocks_and_all_of_them_add_up(procedure: Procedure) -> None:
    file = procedure.step(procedure.assessed(), "T5", contacted_at=START)

    def decide() -> Any:
        told = procedure.ask("complaint.clocks", id=file["complaint"]["id"])["clocks"]
        return next(each for each in told if each["clock"] == "decide")

    before = decide()
    file = procedure.step(file, "T6", wait_for="customer", what="照片", until="2026-11-23T02:00:00Z")
    assert decide()["state"] == "paused"
    procedure.ask("clock.set", at="+3h")
    file = procedure.step(file, "T7")
    after = decide()
    assert (after["state"], after["verdict"]) == ("running", "open")
    assert after["paused_seconds"] > 0
    assert after["due_at"] > before["due_at"]
    assert [line["event"] for line in after["lines"]][-2:] == ["pause", "resume"]
    held = procedure.ask("complaint.clocks", id=file["complaint"]["id"])["clocks"]
    assert file["complaint"]["due_at"] == min(
        each["due_at"] for each in held if each["state"] == "running" and each["clock"] != "waiting"
    )


def test_solving_on_the_call_in_one_form(procedure: Procedure) -> None:
    file = procedure.step(
        procedure.open(),
        "T13",
        severity="S4",
        remedies=[{"type": "voucher", "value": money("50")}],
        customer_agreed=True,
        cause_class="C",
        checklist=CHECKLIST,
        what_was_done="送一次免费检查",
    )
    assert (file["complaint"]["state"], file["complaint"]["first_contact"]) == ("RESOLVED", True)
    assert file["complaint"]["remedy_total"] == money("50.00")


def test_what_is_forbidden_is_refused_with_its_reason_and_changes_nothing(procedure: Procedure) -> None:
    file = procedure.proposed("2500.00")
    call = procedure.ask("call.ring", external_id="c9", **{"from": "13800138000"})["call"]["id"]
    with pytest.raises(Refused) as refused:
        procedure.step(file, "T9", proposal_version=1, call_id=call, sent_via="phone")
    assert (refused.value.code, refused.value.data["kind"]) == (-32002, "denied")
    (told,) = (each for each in file["allowed"] if each["transition"] == "T9")
    assert told["refused_because"] == [str(refused.value)]
    with pytest.raises(Refused) as refused:
        procedure.step(file, "T16", declined=True)
    assert refused.value.data["kind"] == "denied"
    assert "PROPOSED" in str(refused.value)
    assert procedure.ask("complaint.get", id=file["complaint"]["id"]) == file


def test_each_refusal_has_its_code(procedure: Procedure) -> None:
    file = procedure.assessed()
    procedure.step(file, "T5", contacted_at=START)
    with pytest.raises(Refused) as refused:
        procedure.step(file, "T18", words="算了", channel="phone")
    assert (refused.value.code, refused.value.data["kind"]) == (-32001, "conflict")
    assert refused.value.data["current"]["state"] == "INVESTIGATING"
    assert refused.value.data["current"]["owner"] == procedure.me
    assert refused.value.data["fields"] == ["state"]
    for fields, code, kind, names in (
        ({"channel": "smoke"}, -32602, "invalid", ["channel"]),
        ({"what_happened": "短"}, -32002, "denied", []),
        ({"customer_id": "01a1ffa8-4972-776c-bd24-f0e2555c1eff"}, -32004, "not_found", ["customer_id"]),
        ({"received_at": "2026-11-20T02:00:00Z"}, -32002, "denied", []),
        ({"category": "weather"}, -32602, "invalid", ["category"]),
    ):
        with pytest.raises(Refused) as refused:
            procedure.open(**fields)
        assert (refused.value.code, refused.value.data["kind"]) == (code, kind), fields
        assert refused.value.data["fields"] == names


def test_nothing_that_was_answered_is_lost_by_a_kill(desk: Desk) -> None:
    rpc = desk.rpc(CRMDESK_CLOCK=START)
    procedure = Procedure(rpc)
    file = procedure.proposed()
    note = procedure.ask("note.append", complaint_id=file["complaint"]["id"], text="客户要求周五前回复")
    seen = procedure.ask("complaint.get", id=file["complaint"]["id"])
    clocks = procedure.ask("complaint.clocks", id=file["complaint"]["id"])
    history = procedure.ask("complaint.history", id=file["complaint"]["id"])
    rpc.process.send_signal(signal.SIGKILL)
    rpc.kill()
    with desk.rpc(CRMDESK_CLOCK=START) as again:
        procedure = Procedure(again)
        assert procedure.ask("complaint.get", id=file["complaint"]["id"]) == seen
        assert procedure.ask("complaint.clocks", id=file["complaint"]["id"]) == clocks
        assert procedure.ask("complaint.history", id=file["complaint"]["id"]) == history
        assert seen["notes"] == [note]
        file = procedure.step(seen, "T10", missing="缺工单")
        assert file["complaint"]["state"] == "INVESTIGATING"


def test_a_step_repeated_after_a_kill_is_done_once(desk: Desk) -> None:
    rpc = desk.rpc(CRMDESK_CLOCK=START)
    procedure = Procedure(rpc)
    seen = procedure.open()["complaint"]
    params = {"id": seen["id"], "transition": "E1", "fields": {"to_level": 1, "reason": "媒体"}}
    request = {"jsonrpc": "2.0", "id": 999, "method": "complaint.transition"}
    rpc.send(json.dumps({**request, "params": {**params, "request_id": "once"}}).encode() + b"\n")
    rpc.kill()
    with desk.rpc(CRMDESK_CLOCK=START) as again:
        procedure = Procedure(again)
        first = procedure.ask("complaint.transition", **params, request_id="once")
        assert procedure.ask("complaint.transition", **params, request_id="once") == first
        assert (first["complaint"]["level"], first["complaint"]["version"]) == (1, 2)


def test_complaints_go_into_files_and_come_out_of_them(desk: Desk) -> None:
    with desk.rpc(CRMDESK_CLOCK=START) as rpc:
        file = Procedure(rpc).proposed()
    for name in ("out.csv", "out.jsonl"):
        done = desk.run("export", "complaints", str(desk.path / name), CRMDESK_CLOCK=START)
        assert done.returncode == 0, done.stderr.decode()
        done = desk.run("import", "complaints", str(desk.path / name), CRMDESK_CLOCK=START)
        assert done.returncode == 0, done.stderr.decode()
        assert json.loads(done.stdout)["same"] == 1, done.stdout.decode()
    with desk.rpc(CRMDESK_CLOCK=START) as rpc:
        assert Procedure(rpc).ask("complaint.get", id=file["complaint"]["id"]) == file


def test_the_register_goes_out_with_a_proof_and_a_change_of_it_is_seen(desk: Desk) -> None:
    with desk.rpc(CRMDESK_CLOCK=START) as rpc:
        procedure = Procedure(rpc)
        procedure.proposed()
        procedure.open()
    file = desk.path / "register.csv"
    done = desk.run("export", "register", str(file), "--from", "2026-11-20", CRMDESK_CLOCK=START)
    assert done.returncode == 0, done.stderr.decode()
    told = json.loads(done.stdout)
    assert (told["rows"], told["not_accepted"]) == (2, 0)
    done = desk.run("verify", str(file), "--head", told["head"])
    assert json.loads(done.stdout) == told
    done = desk.run("verify", str(file), "--head", "0" * 64)
    assert (done.returncode, b"another register" in done.stderr) == (1, True)
    file.write_text(file.read_text(encoding="utf-8-sig").replace("PROPOSED", "REJECTED"), encoding="utf-8")
    done = desk.run("verify", str(file))
    assert (done.returncode, b"not as it was written" in done.stderr) == (1, True)
