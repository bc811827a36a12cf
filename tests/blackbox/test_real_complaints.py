"""Complaints that people really made, as collections tell them, through import, lists, clocks and register.

The collections lie beside the checkout, not in it; how their columns and words are ours is written here.
"""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.conftest import Desk
from tests.sheets import first_sheet

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
CARS = DATA / "complaints_car_zh"
BANKS = DATA / "complaints_cfpb_narratives" / "with_fields_268.csv"
BANK = DATA / "complaints_cfpb_boa" / "complaints.csv.gz"
TOWN = DATA / "complaints_gov_zh"
needs_cars = pytest.mark.skipif(
    not CARS.is_dir(), reason="the complaints about cars are not beside the checkout"
)
needs_banks = pytest.mark.skipif(
    not BANKS.is_file(), reason="the complaints about banks are not beside the checkout"
)
needs_bank = pytest.mark.skipif(
    not BANK.is_file(), reason="the complaints about one bank are not beside the checkout"
)
needs_town = pytest.mark.skipif(
    not TOWN.is_dir(), reason="the complaints to a town are not beside the checkout"
)
CAR_MAPPING = {
    "external_id": "id",
    "what_happened": "desc",
    "received_at": "datetime",
    "state": {
        "column": "status",
        "values": {
            "信息审核": "RECEIVED",
            "厂家受理": "ACKNOWLEDGED",
            "处理反馈": "RESPONDED",
            "用户评分": "CLOSED",
        },
    },
    "category": {"value": "quality"},
    "channel": {"value": "web"},
    "language": {"value": "zh"},
}
BANK_MAPPING = {
    "external_id": "Complaint ID",
    "what_happened": "Consumer complaint narrative",
    "received_at": "Date received",
    "state": {
        "column": "Company response to consumer",
        "values": {
            "Closed with explanation": "CLOSED",
            "Closed with monetary relief": "CLOSED",
            "Closed with non-monetary relief": "CLOSED",
            "In progress": "INVESTIGATING",
        },
    },
    "channel": {
        "column": "Submitted via",
        "values": {"Web": "web", "Phone": "phone", "Postal mail": "letter", "Email": "mail", "*": "other"},
    },
    "category": {"value": "contract"},
    "regime": {"value": "US-CFPB"},
}
ONE_BANK_MAPPING = {
    "external_id": "Complaint ID",
    "what_happened": "Issue",
    "received_at": "Date received",
    "state": {
        "column": "Company response to consumer",
        "values": {
            "Closed with explanation": "CLOSED",
            "Closed with monetary relief": "CLOSED",
            "Closed with non-monetary relief": "CLOSED",
            "Closed": "CLOSED",
            "In progress": "INVESTIGATING",
        },
    },
    "channel": {
        "column": "Submitted via",
        "values": {"Web": "web", "Phone": "phone", "Postal mail": "letter", "Fax": "letter", "Email": "mail"},
    },
    "category": {"value": "contract"},
    "regime": {"value": "US-CFPB"},
}
TOWN_MAPPING = {
    "external_id": "留言编号",
    "what_happened": "留言详情",
    "received_at": "留言时间",
    "state": {"value": "RECEIVED"},
    "channel": {"value": "web"},
    "language": {"value": "zh"},
    "category": {
        "column": "一级分类",
        "values": {"商贸旅游": "contract", "环境保护": "site", "交通运输": "service", "城乡建设": "service"},
    },
}
SHANGHAI = timedelta(hours=8)


def told(file: Path, encoding: str) -> list[dict[str, str]]:
    with file.open(encoding=encoding, newline="") as opened:
        return list(csv.DictReader(opened))


def take(desk: Desk, file: Path, mapping: dict[str, Any], clock: str) -> Any:
    """Import *file*; return the summary."""
    (desk.path / "mapping.json").write_text(json.dumps(mapping), encoding="utf-8")
    words = ("import", "complaints", str(file), "--mapping", str(desk.path / "mapping.json"))
    done = desk.run(*words, CRMDESK_CLOCK=clock)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout.splitlines()[-1])


def listed(ask: Any, **wanted: Any) -> Iterator[Any]:
    """Yield the whole list in its parts."""
    after = None
    while True:
        page = ask("complaint.list", **wanted, limit=500, after=after)
        yield from page["items"]
        after = page["next"]
        if after is None:
            return


@needs_cars
def test_complaints_about_cars_in_two_encodings_are_the_same_complaints(desk: Desk) -> None:
    clock = "2020-06-10T01:00:00Z"
    rows = told(CARS / "car_complain_utf8bom_crlf.csv", "utf-8-sig")
    summary = take(desk, CARS / "car_complain_gbk_crlf.csv", CAR_MAPPING, clock)
    assert (summary["rows"], summary["new"], summary["refused"]) == (len(rows), len(rows), [])
    again = take(desk, CARS / "car_complain_utf8bom_crlf.csv", CAR_MAPPING, clock)
    assert (again["same"], again["new"], again["changed"], again["refused"]) == (len(rows), 0, 0, [])
    with desk.rpc(CRMDESK_CLOCK=clock) as rpc:
        items = {item["external_id"]: item for item in listed(rpc.ask)}
        assert len(items) == len(rows)
        for row in rows:
            item = items[row["id"]]
            assert item["what_happened"] == row["desc"].strip()
            year, month, day = map(int, row["datetime"].split("-"))
            assert item["received_at"] == f"{year}-{month:02}-{day - 1:02}T16:00:00Z", "midnight in Shanghai"
            assert item["imported"] is True
            assert [item[name] for name in ("acknowledged_at", "responded_at", "closed_at", "owner")] == [
                None
            ] * 4
        states = Counter(item["state"] for item in items.values())
        words: Any = CAR_MAPPING["state"]
        assert states == Counter(words["values"][row["status"]] for row in rows)
        waiting = list(listed(rpc.ask, filter={"state": ["RECEIVED", "RESPONDED"]}, order="due_at"))
        due = [item["due_at"] for item in waiting]
        assert due == sorted(due)
        assert None not in due
        for item in (waiting[0], waiting[-1]):
            clocks = rpc.ask("complaint.clocks", id=item["id"])["clocks"]
            assert min(each["due_at"] for each in clocks if each["state"] == "running") == item["due_at"]
        assert rpc.ask("clock.run_due")["done"] == 0, "nobody is reminded of what was due elsewhere"
        assert rpc.ask("task.list")["items"] == []


@needs_cars
def test_they_stand_in_the_register(desk: Desk) -> None:
    rows = told(CARS / "car_complain_utf8_crlf_90.csv", "utf-8")
    take(desk, CARS / "car_complain_utf8_crlf_90.csv", CAR_MAPPING, "2021-02-20T01:00:00Z")
    file = desk.path / "register.csv"
    done = desk.run("export", "register", str(file), CRMDESK_CLOCK="2021-02-20T01:00:00Z")
    assert json.loads(done.stdout)["rows"] == len(rows)
    assert desk.run("verify", str(file), "--head", json.loads(done.stdout)["head"]).returncode == 0
    lines = told(file, "utf-8-sig")[:-1]
    assert {line["external_id"] for line in lines} == {row["id"] for row in rows}
    assert {line["imported"] for line in lines} == {"yes"}
    late = {line["external_id"] for line in lines if "acknowledge late" in line["breaches"]}
    assert late == {row["id"] for row in rows if row["status"] == "信息审核"}


@needs_banks
def test_complaints_without_a_text_are_refused_by_their_lines_and_nothing_is_invented(desk: Desk) -> None:
    rows = told(BANKS, "utf-8-sig")
    states: Any = BANK_MAPPING["state"]
    good = [
        row
        for row in rows
        if row["Consumer complaint narrative"].strip()
        and row["Company response to consumer"] in states["values"]
    ]
    summary = take(desk, BANKS, BANK_MAPPING, "2020-07-01T01:00:00Z")
    assert (summary["rows"], summary["new"]) == (len(rows), len(good))
    assert len(summary["refused"]) == len(rows) - len(good)
    reasons = Counter(each["reason"].partition(" ")[0] for each in summary["refused"])
    assert set(reasons) == {"Please", "The"}
    assert any("no word for 'Untimely response'" in each["reason"] for each in summary["refused"])
    numbers = [each["line"] for each in summary["refused"]]
    assert numbers == sorted(set(numbers))
    with desk.rpc(CRMDESK_CLOCK="2020-07-01T01:00:00Z") as rpc:
        items = {item["external_id"]: item for item in listed(rpc.ask)}
        assert set(items) == {row["Complaint ID"] for row in good}
        for row in good:
            said = " ".join(row["Consumer complaint narrative"].split())
            assert " ".join(items[row["Complaint ID"]]["what_happened"].split()) == said


def write_down(file: Path, rows: Iterable[Mapping[str, str]]) -> None:
    """Write *rows* as a spreadsheet program saves them as CSV."""
    held = list(rows)
    with file.open("w", encoding="utf-8-sig", newline="") as opened:
        sheet = csv.DictWriter(opened, list(held[0]))
        sheet.writeheader()
        sheet.writerows(held)


def in_shanghai(text: str) -> str:
    """Return what the wall clock of the site said, as the wire says it."""
    day, _, clock = text.partition(" ")
    year, month, date = map(int, day.replace("-", "/").split("/"))
    hour, minute, second = map(int, clock.split(":")) if clock else (0, 0, 0)
    at = datetime(year, month, date, hour, minute, second, tzinfo=UTC) - SHANGHAI
    return at.isoformat().replace("+00:00", "Z")


def walk_through_the_register(desk: Desk, wanted: set[str], clock: str) -> list[dict[str, str]]:
    """Write the register, have it proved, and return its lines."""
    file = desk.path / "register.csv"
    done = desk.run("export", "register", str(file), CRMDESK_CLOCK=clock)
    summary = json.loads(done.stdout)
    assert summary["rows"] == len(wanted)
    assert desk.run("verify", str(file), "--head", summary["head"]).returncode == 0
    lines = told(file, "utf-8-sig")[:-1]
    assert {line["external_id"] for line in lines} == wanted
    assert [line["received_at"] for line in lines] == sorted(line["received_at"] for line in lines)
    assert {(line["imported"], line["whole"]) for line in lines} == {("yes", "yes")}
    return lines


@needs_bank
def test_six_years_of_complaints_about_one_bank_keep_their_days_and_get_no_others(desk: Desk) -> None:
    clock = "2023-09-01T01:00:00Z"
    with gzip.open(BANK, "rt", encoding="utf-8-sig", newline="") as opened:
        rows = [row for n, row in enumerate(csv.DictReader(opened)) if n % 30 == 0]
    write_down(desk.path / "bank.csv", rows)
    channels: Any = ONE_BANK_MAPPING["channel"]
    states: Any = ONE_BANK_MAPPING["state"]
    good = {row["Complaint ID"]: row for row in rows if row["Submitted via"] in channels["values"]}
    summary = take(desk, desk.path / "bank.csv", ONE_BANK_MAPPING, clock)
    assert (summary["rows"], summary["new"]) == (len(rows), len(good))
    lines = [n for n, row in enumerate(rows, 2) if row["Submitted via"] not in channels["values"]]
    assert [each["line"] for each in summary["refused"]] == lines
    assert {"Referral" in each["reason"] for each in summary["refused"]} == {True}
    with desk.rpc(CRMDESK_CLOCK=clock) as rpc:
        items = {item["external_id"]: item for item in listed(rpc.ask)}
        assert set(items) == set(good)
        for key, row in good.items():
            item = items[key]
            assert item["received_at"] == in_shanghai(row["Date received"])
            assert item["what_happened"] == row["Issue"]
            assert item["state"] == states["values"][row["Company response to consumer"]]
            dates = ("acknowledged_at", "contacted_at", "responded_at", "resolved_at", "closed_at")
            assert {item[name] for name in dates} == {None}, "the file tells none of them"
        waiting = list(listed(rpc.ask, filter={"state": ["INVESTIGATING"]}, order="due_at"))
        assert [each["due_at"] for each in waiting] == sorted(each["due_at"] for each in waiting)
        standing = rpc.ask("complaint.clocks", id=waiting[0]["id"])["clocks"]
        named = {each["clock"] for each in standing}
        assert named == {"decide", "resolve"}, "the portal's clock counts from a day that is not told"
        ended = next(item for item in items.values() if item["state"] == "CLOSED")
        assert rpc.ask("complaint.clocks", id=ended["id"])["clocks"] == [], "nobody knows when they ended"
        assert rpc.ask("clock.run_due")["done"] == 0
    for line in walk_through_the_register(desk, set(good), clock):
        assert (line["breaches"] == "") == (line["state"] == "CLOSED")


@needs_town
@pytest.mark.parametrize("name", ["附件2_样例_495.xlsx", "附件3.xlsx"])
def test_what_citizens_wrote_to_their_town_with_dates_of_two_kinds(desk: Desk, name: str) -> None:
    clock = "2020-01-20T01:00:00Z"
    refused = desk.run("import", "complaints", str(TOWN / name), CRMDESK_CLOCK=clock)
    assert refused.returncode == 1
    assert refused.stderr.startswith(b"crmdesk: ")
    assert b"CSV" in refused.stderr
    assert b"Traceback" not in refused.stderr
    rows = first_sheet(TOWN / name, ("留言时间",))[:800]
    write_down(desk.path / "town.csv", rows)
    mapping = dict(TOWN_MAPPING)
    if "一级分类" not in rows[0]:
        mapping["category"] = {"value": "service"}
    values: Any = mapping["category"]
    good = {row["留言编号"]: row for row in rows if row.get("一级分类") in values.get("values", (None,))}
    summary = take(desk, desk.path / "town.csv", mapping, clock)
    assert (summary["new"], len(summary["refused"])) == (len(good), len(rows) - len(good))
    with desk.rpc(CRMDESK_CLOCK=clock) as rpc:
        items = {item["external_id"]: item for item in listed(rpc.ask)}
        assert set(items) == set(good)
        for key, row in good.items():
            assert items[key]["received_at"] == in_shanghai(row["留言时间"])
            assert items[key]["what_happened"].split() == row["留言详情"].split()
        waiting = list(listed(rpc.ask, filter={"state": ["RECEIVED"]}, order="due_at"))
        due = [each["due_at"] for each in waiting]
        assert due == sorted(due, key=lambda at: (at is None, at))
        assert due[0] < clock, "what was written years ago is late"
        standing = rpc.ask("complaint.clocks", id=waiting[0]["id"])["clocks"]
        assert min(each["due_at"] for each in standing if each["state"] == "running") == due[0]
        assert rpc.ask("clock.run_due")["done"] == 0, "nobody is reminded of what was due elsewhere"
    walk_through_the_register(desk, set(good), clock)
