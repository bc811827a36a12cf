"""What scripts and IT rely on: names of fields, lists, `allowed`, files that go out and come back."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.conftest import Desk, Refused, Rpc
from tests.blackbox.test_open_desk import wait_for
from tests.blackbox.test_two_desks import House, house, original

__all__ = ["house", "original"]

Ask = Callable[..., Any]
START = "2026-11-20T01:00:00Z"
STEPS = [*(f"T{n}" for n in range(2, 22)), "E1", "E2", "H1", "D1", "U1"]
ALLOWED = {"transition", "name", "who", "fields", "refused_because"}
FIELD = {"name", "type", "required", "choices", "max", "default"}
NAMES = {
    "customer": "id kind name phones emails language tier external_id version",
    "asset": "id customer_id kind model plate vin mileage_km",
    "complaint": "id number state version customer_id channel category what_happened remedy_wanted"
    " received_at severity owner team level due_at proposal_version",
}

NOT_EXPORTED = {"version", "due_at"}
"""What each desk works out for itself."""


@pytest.fixture
def ask(desk: Desk) -> Iterator[Ask]:
    with desk.rpc(CRMDESK_CLOCK=START) as rpc:
        yield rpc.ask


def opened(ask: Ask, **fields: Any) -> Any:
    """Log a complaint, of 王芳 if nobody else is named; return its file."""
    customer = fields.pop("customer_id", None) or ask("customer.create", name="王芳")["customer"]["id"]
    given = {"received_at": "2026-11-20T00:58:00Z", "channel": "phone", "category": "repair_again", **fields}
    said = {"what_happened": "刹车异响，同一故障第三次进站", "remedy_wanted": "refund"}
    return ask("complaint.open", customer_id=customer, **{**said, **given})


def refused(ask: Ask, method: str, **params: Any) -> str:
    """Return of which kind the refusal is."""
    with pytest.raises(Refused) as met:
        ask(method, **params)
    return str(met.value.data["kind"])


def test_records_have_the_fields_that_were_promised(ask: Ask) -> None:
    made = opened(ask)["complaint"]
    customer = ask("customer.get", id=made["customer_id"])
    asset = ask("asset.create", customer_id=customer["id"], kind="car", model="X3", plate="沪A12345")
    records = {"customer": customer, "asset": asset, "complaint": made}
    for kind, names in NAMES.items():
        assert set(names.split()) <= records[kind].keys(), kind


def test_every_step_is_told_also_the_forbidden_ones_with_their_reasons(ask: Ask) -> None:
    told = opened(ask)["allowed"]
    assert {each["transition"] for each in told} >= set(STEPS)
    assert all(each.keys() == ALLOWED for each in told)
    assert all(field.keys() == FIELD for each in told for field in each["fields"])
    why = {each["transition"]: each["refused_because"] for each in told}
    assert why["T2"] == []
    assert why["T16"]
    assert all(
        isinstance(reason, str) and reason.endswith(".") for reasons in why.values() for reason in reasons
    )
    (begun,) = ask("complaint.blank")["allowed"]
    required = {field["name"] for field in begun["fields"] if field["required"]}
    assert required >= {"received_at", "channel", "category", "what_happened", "remedy_wanted"}


def test_every_list_has_one_way_to_be_asked(ask: Ask) -> None:
    lists = [name for name in ask("rpc.describe")["methods"] if name.endswith(".list")]
    assert len(lists) > 10
    for name in lists:
        page = ask(name, filter={}, limit=500, after=None)
        assert page.keys() >= {"items", "next", "complete"}, name
        assert (page["next"], page["complete"]) == (None, True), name
        assert refused(ask, name, limit=501) == "invalid", name
        assert refused(ask, name, filter={"no_such_field": 1}) == "invalid", name
        assert refused(ask, name, order="no_such_field") == "invalid", name


def test_complaints_are_found_by_field_by_span_and_part_by_part(ask: Ask) -> None:
    moments = [f"2026-11-{day}T00:58:00Z" for day in (16, 17, 18, 19)]
    made = [opened(ask, received_at=at)["complaint"] for at in moments]
    seen: list[str] = []
    after = None
    while True:
        page = ask("complaint.list", order="received_at", limit=3, after=after)
        seen += [each["id"] for each in page["items"]]
        after = page["next"]
        if after is None:
            break
    assert seen == [each["id"] for each in made]
    span = {"received_at_from": moments[1], "received_at_to": moments[2]}
    for wanted, expected in (
        (span, made[1:3]),
        ({"number": [made[0]["number"], made[3]["number"]]}, [made[0], made[3]]),
        ({"state": "CLOSED"}, []),
        ({"imported": False, "customer_id": made[2]["customer_id"]}, [made[2]]),
    ):
        found = ask("complaint.list", filter=wanted, order="received_at")["items"]
        assert [each["id"] for each in found] == [each["id"] for each in expected], wanted


def test_a_request_that_is_sent_again_is_answered_the_same(ask: Ask) -> None:
    file = opened(ask)
    complaint = {"complaint_id": file["complaint"]["id"]}
    again = {"received_at": "2026-11-20T00:59:00Z", "channel": "phone", "category": "repair_again"}
    again |= {"customer_id": file["complaint"]["customer_id"], "what_happened": "还是同一个故障，第四次了"}
    for method, params, listing in (
        ("complaint.open", {**again, "remedy_wanted": "none"}, "complaint.list"),
        ("note.append", {**complaint, "text": "客户要求周五前回复"}, None),
        ("letter.make", {**complaint, "kind": "acknowledgement", "language": "zh"}, "letter.list"),
        ("task.create", {"subject": "回电", "due_at": START}, "task.list"),
    ):
        first = ask(method, **params, request_id=method)
        count = listing and len(ask(listing)["items"])
        assert ask(method, **params, request_id=method) == first
        assert (listing and len(ask(listing)["items"])) == count
    assert len(ask("complaint.get", id=file["complaint"]["id"])["notes"]) == 1


def exported(desk: Desk, kind: str, name: str) -> Path:
    """Export records; return the file."""
    file = desk.path.parent / f"{desk.path.name}-{name}"
    done = desk.run("export", kind, str(file), CRMDESK_CLOCK=START)
    assert done.returncode == 0, done.stderr.decode()
    return file


def test_what_goes_out_comes_back_the_same_in_an_empty_profile(desk: Desk, tmp_path: Path) -> None:
    with desk.rpc(CRMDESK_CLOCK=START) as rpc:
        first = opened(rpc.ask, money={"amount": "150.00", "currency": "CNY"})["complaint"]
        opened(rpc.ask, customer_id=first["customer_id"])
    other = desk.beside("other")
    assert other.run("profile", "new", "--test", str(other.path)).returncode == 0
    for kind in ("customers", "complaints"):
        out = exported(desk, kind, f"{kind}.csv")
        done = other.run("import", kind, str(out), CRMDESK_CLOCK=START)
        told = json.loads(done.stdout.splitlines()[-1])
        assert (told["new"], told["refused"]) == (told["rows"], []), kind
    assert exported(other, "complaints", "complaints.csv").read_bytes() == out.read_bytes()
    columns = out.read_text(encoding="utf-8-sig").partition("\n")[0].strip().split(",")
    assert set(NAMES["complaint"].split()) - NOT_EXPORTED <= set(columns)


def test_what_another_system_tells_is_taken_as_told(desk: Desk, tmp_path: Path) -> None:
    file = tmp_path / "complaints.csv"
    file.write_text(
        "id;status;subject;desc;datetime\n"
        "K1;done;brakes;刹车异响，同一故障第三次进站;2026-03-02 09:30\n"
        "K2;open;brakes;方向盘抖动，检查两次没有结果;2026-03-03 09:30\n"
        "K3;lost;brakes;空调不制冷，加氟后一周又不行;2026-03-04 09:30\n",
        encoding="gb18030",
    )
    words = {"state": {"column": "status", "values": {"done": "CLOSED", "open": "INVESTIGATING"}}}
    names = {"external_id": "id", "what_happened": "desc", "received_at": "datetime", **words}
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps({**names, "category": {"value": "repair_again"}}), encoding="utf-8")
    command = ("import", "complaints", str(file), "--mapping", str(mapping))

    def run(*more: str, code: int = 0) -> Any:
        done = desk.run(*command, *more, CRMDESK_CLOCK=START)
        assert done.returncode == code, done.stderr.decode()
        return json.loads(done.stdout.splitlines()[-1])

    assert run("--dry-run")["new"] == 2
    taken = run("--strict", code=1)
    assert (taken["new"], [each["line"] for each in taken["refused"]]) == (2, [4])
    assert (run()["same"], run()["new"]) == (2, 0)
    with desk.rpc(CRMDESK_CLOCK=START) as rpc:
        found = rpc.ask("complaint.list", filter={"imported": True}, order="received_at")["items"]
        assert [(each["external_id"], each["state"]) for each in found] == [
            *(("K1", "CLOSED"), ("K2", "INVESTIGATING"))
        ]
        assert found[0]["received_at"] == "2026-03-02T01:30:00Z"
        (event,) = rpc.ask("complaint.history", id=found[0]["id"])["items"]
        assert event["transition"] == "import"
        assert rpc.ask("clock.run_due")["done"] == 0
        assert rpc.ask("task.list")["items"] == []


def test_a_backup_holds_files_and_letters(desk: Desk, tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(bytes(range(256)) * 1000)
    with desk.rpc(CRMDESK_CLOCK=START) as rpc:
        file = opened(rpc.ask)["complaint"]["id"]
        kept = rpc.ask("attachment.add", record=file, path=str(film))["id"]
        letter = rpc.ask("letter.make", complaint_id=file, kind="acknowledgement", language="zh")
    assert desk.run("backup", str(tmp_path / "b"), stdin="correct horse\n").returncode == 0
    again = desk.beside("again")
    assert again.run("restore", str(tmp_path / "b"), stdin="correct horse\n").returncode == 0
    with again.rpc(CRMDESK_CLOCK=START) as rpc:
        out = tmp_path / "out"
        out.mkdir()
        assert rpc.ask("attachment.get", id=kept, path=str(out))["state"] == "here"
        assert (out / "film.mp4").read_bytes() == film.read_bytes()
        assert rpc.ask("letter.get", id=letter["id"])["text"] == letter["text"]


def test_a_lost_key_comes_back_by_the_code_that_was_shown_once(first: Desk, tmp_path: Path) -> None:
    desk = Desk(tmp_path / "profile", tmp_path / "keys.json")
    told = json.loads(desk.run("profile", "new", "--test", "--json", str(desk.path)).stdout)
    (tmp_path / "keys.json").unlink()
    assert desk.run("rpc", stdin="").returncode == 1
    wrong = desk.run("profile", "recover", str(desk.path), stdin="0000-0000\n")
    assert (wrong.returncode, wrong.stderr.count(b"\n")) == (1, 1)
    done = desk.run("profile", "recover", str(desk.path), stdin=told["recovery_code"] + "\n")
    assert done.returncode == 0, done.stderr.decode()
    with desk.rpc() as rpc:
        assert rpc.ask("system.info")["test"] is True


def test_the_hook_is_for_its_owner_and_for_no_web_page(desk: Desk) -> None:
    with Rpc(desk.environment, "--live") as rpc:
        rpc.ask("subscribe", topics=["popped"])
        held = desk.path / "hook.json"
        wait_for(held, rpc.process)
        assert stat.S_IMODE(held.stat().st_mode) == 0o600
        door = json.loads(held.read_text(encoding="utf-8"))
        page = {"Authorization": f"Bearer {door['token']}", "Origin": "https://example.com"}
        for headers in (page, {"Authorization": "Bearer nobody"}, {}):
            line = HTTPConnection("127.0.0.1", door["port"], timeout=10)
            line.request("POST", "/call", '{"from": "13800138000"}', headers)
            assert 400 <= line.getresponse().status < 500, headers
            line.close()
        assert (
            desk.run("call", "%2B86", "138%200013%208000", "--to", "02158208001", "--id", "h9").returncode
            == 0
        )
        popped = rpc.next()["params"]
        assert (popped["external_id"], popped["number"]["e164"]) == ("h9", "+8613800138000")


def test_it_may_give_the_password_in_each_of_its_ways(house: House, tmp_path: Path) -> None:
    word = house.cluster.passwords["postgres"]
    here = {"CRMDESK_SERVER": house.dsn}
    listed = house.admin.run("admin", "user", "list", "--json", **here, PGPASSWORD=word)
    assert {each["login"] for each in json.loads(listed.stdout)["users"]} == {"anna", "bob"}
    checked = house.admin.run("admin", "server", "check", house.dsn, "--password-stdin", stdin=word + "\n")
    assert (checked.returncode, checked.stdout) == (0, b"Everything is as it should be.\n")
    unknown = house.admin.run("admin", "server", "check", house.dsn, "--password-stdin", stdin="wrong\n")
    assert (unknown.returncode, unknown.stderr.count(b"\n")) == (1, 1)
    anna, file = house.desk("anna"), tmp_path / "password"
    file.write_text("correct horse battery\n", encoding="utf-8")
    words = ("server", "join", house.place, "--user", "anna", "--ca", str(house.ca))
    done = anna.run(*words, "--password-file", str(file))
    assert done.returncode == 0, done.stderr.decode()
    with anna.rpc() as rpc:
        rpc.ask("subscribe", topics=["synced"])
        rpc.ask("sync.run")
        while "synced" not in {each["method"] for each in rpc.news}:
            rpc.news.append(rpc.next())
    assert not house.admin.path.exists()
