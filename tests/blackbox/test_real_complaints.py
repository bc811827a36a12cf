"""Complaints that people really made, as collections tell them, through import, lists, clocks and register.

The collections lie beside the checkout, not in it; how their columns and words are ours is written here.
"""

import csv
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.conftest import Desk

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"
CARS = DATA / "complaints_car_zh"
BANKS = DATA / "complaints_cfpb_narratives" / "with_fields_268.csv"
needs_cars = pytest.mark.skipif(
    not CARS.is_dir(), reason="the complaints about cars are not beside the checkout"
)
needs_banks = pytest.mark.skipif(
    not BANKS.is_file(), reason="the complaints about banks are not beside the checkout"
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
