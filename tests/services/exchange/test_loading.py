"""Rows into the store: new, changed, the same or refused; twice is once; export and import are inverse."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmdesk.errors import DiskFull
from crmdesk.services.exchange import loading
from crmdesk.services.exchange.columns import KINDS, plan_of, values_of
from crmdesk.services.exchange.preparing import Prepared, Site, prepare
from crmdesk.services.exchange.tables import read_sheet
from crmdesk.services.exchange.texts import read_text
from crmdesk.services.exchange.writing import write
from crmdesk.services.profile import open_profile
from crmdesk.services.rpc.desk import Desk, close_desk, open_desk
from crmdesk.services.store.keys import MemorySecrets
from tests.services.rpc.conftest import Talk

LISTS = {
    "customers": "customer.list",
    "contacts": "contact.list",
    "assets": "asset.list",
    "visits": "visit.list",
    "articles": "knowledge.list",
}
CUSTOMERS: list[dict[str, Any]] = [
    {"external_id": "K1", "name": "张三", "phones": ["13800138000", "021-58208001"], "tier": "gold"},
    {"external_id": "K2", "name": "Ann O'Hara", "emails": ["ann@example.com"], "key_account": "yes"},
    {"external_id": "K3", "name": "顺达物流", "kind": "company", "first_business_on": "2019/5/6"},
]
ROWS: dict[str, list[dict[str, Any]]] = {
    "customers": CUSTOMERS,
    "contacts": [{"external_id": "P1", "customer_id": "K3", "name": "王芳", "phones": ["13900139000"]}],
    "assets": [
        {"external_id": "A1", "customer_id": "K1", "vin": "LSGAB52C0CS123456", "plate": "沪A·12345"},
        {"external_id": "A2", "customer_id": "K2", "model": "SUV-7", "mileage_km": "12,000"},
    ],
    "visits": [
        {
            "external_id": "V1",
            "asset_id": "A1",
            "visited_at": "2026-03-01 09:30",
            "summary": "保养",
            "note": "两行\n备注",
            "items": [{"kind": "work", "text": "换机油", "code": "oil_change", "quantity": 1}],
        }
    ],
    "articles": [
        {"external_id": "r1", "title": "漏油", "body": '看螺丝, "紧"?', "lang": "zh", "models": ["SUV-7"]}
    ],
}


def ready(desk: Desk, kind: str, rows: list[dict[str, Any]]) -> list[Prepared]:
    site = Site(desk.parts.numbers.parse, ZoneInfo("Asia/Shanghai"))
    return [prepare(kind, line, values, site) for line, values in enumerate(rows, 2)]


def take(
    desk: Desk, kind: str, rows: list[dict[str, Any]], *, dry: bool = False, considerate: bool = False
) -> list[str]:
    taken = loading.load(
        desk.store, loading.PLANS[kind], ready(desk, kind, rows), dry=dry, considerate=considerate
    )
    assert [each.line for each in taken] == list(range(2, len(rows) + 2))
    return [f"{each.outcome} {each.reason}".strip() for each in taken]


@pytest.fixture
def filled(desk: Desk) -> Desk:
    for kind, rows in ROWS.items():
        assert take(desk, kind, rows) == ["new"] * len(rows)
    return desk


def operations(desk: Desk) -> int:
    count: int = desk.store.read(
        lambda connection: connection.execute("SELECT count(*) FROM operation").fetchone()[0]
    ).result()
    return count


@pytest.mark.parametrize("kind", list(ROWS))
def test_a_second_import_changes_nothing(filled: Desk, kind: str) -> None:
    before = operations(filled)
    assert take(filled, kind, ROWS[kind]) == ["same"] * len(ROWS[kind])
    assert operations(filled) == before


@pytest.mark.parametrize(
    ("kind", "row", "field"),
    [
        ("customers", {"external_id": "K1", "name": "张三丰"}, "name"),
        ("customers", {"external_id": "K1", "name": "张三", "phones": ["13700137000"]}, "phones"),
        ("contacts", {"external_id": "P1", "customer_id": "K3", "name": "王芳", "role": "经理"}, "role"),
        ("assets", {"external_id": "A2", "customer_id": "K2", "mileage_km": 13_000}, "mileage_km"),
        (
            "visits",
            {"external_id": "V1", "asset_id": "A1", "visited_at": "2026-03-01 09:30", "note": "x"},
            "note",
        ),
        ("articles", {"external_id": "r1", "title": "漏油怎么办"}, "title"),
    ],
)
def test_what_differs_is_changed_and_the_rest_stays(
    filled: Desk, talk: Talk, kind: str, row: dict[str, Any], field: str
) -> None:
    key = "name" if kind == "contacts" else "external_id"
    before = next(item for item in talk(LISTS[kind])["items"] if item[key] == row[key])
    assert take(filled, kind, [row]) == ["changed"]
    after = talk(LISTS[kind], filter={"id": before["id"]})["items"][0]
    differing = {name for name in after if after[name] != before[name]} - {
        "version",
        "updated_at",
        "mileage_at",
    }
    assert differing == {field}
    assert take(filled, kind, [row]) == ["same"]


def test_numbers_are_only_added(filled: Desk, talk: Talk) -> None:
    take(filled, "customers", [{"external_id": "K1", "name": "张三", "phones": ["+86 138 0013 8000", "110"]}])
    kept = talk("customer.list", filter={"external_id": "K1"})["items"][0]["phones"]
    assert kept == ["13800138000", "021-58208001", "110"]


@pytest.mark.parametrize(
    ("kind", "row", "words"),
    [
        ("customers", {"name": " "}, "fill in name"),
        ("customers", {"name": "x", "tier": "wood"}, "tier must be one of"),
        ("customers", {"name": "x", "phones": ["abc"]}, "abc is no telephone number"),
        ("customers", {"name": "x", "id": "K1"}, "An id of crmdesk is not K1"),
        ("contacts", {"name": "x", "customer_id": "K9"}, "no customer K9"),
        ("assets", {"customer_id": "K1", "vin": "short"}, "17 letters"),
        ("assets", {"plate": "x"}, "fill in customer_id"),
        ("visits", {"asset_id": "A1", "visited_at": "2027-01-01"}, "lies in the future"),
        ("visits", {"asset_id": "A1", "visited_at": "soon"}, "visited_at cannot be 'soon'"),
        ("visits", {"asset_id": "A1", "visited_at": "2026-01-01", "items": [{"size": 1}]}, "no field size"),
        ("articles", {"title": "x", "lang": "fr"}, "lang must be one of"),
        ("articles", {"title": ""}, "fill in title"),
    ],
)
def test_a_bad_row_is_refused_with_its_reason_and_the_others_are_taken(
    filled: Desk, kind: str, row: dict[str, Any], words: str
) -> None:
    good = {**ROWS[kind][0], "external_id": "new one"}
    first, second = take(filled, kind, [row, good])
    assert first.startswith("refused")
    assert words in first
    assert second == "new"


def test_a_dry_run_says_the_same_and_changes_nothing(desk: Desk) -> None:
    assert take(desk, "customers", CUSTOMERS, dry=True) == ["new", "new", "new"]
    assert operations(desk) == 0


def test_rows_without_any_id_are_known_by_their_content(filled: Desk) -> None:
    person = {"name": "无名", "phones": ["13600136000"]}
    assert take(filled, "customers", [person, person]) == ["new", "same"]
    car = {"customer_id": "K2", "plate": "京B 99999", "mileage_km": 10}
    assert take(filled, "assets", [car, {**car, "mileage_km": 20}]) == ["new", "changed"]


@pytest.mark.parametrize(
    ("considerate", "budget_ms", "parts"),
    [(True, 0.0, [8, 1, 1, 1, 1, 1, 1, 1, 1]), (True, 1e9, [8, 8]), (True, 20.0, [8, 8]), (False, 0.0, [16])],
)
def test_the_write_lock_is_given_back_between_where_somebody_works(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, considerate: bool, budget_ms: float, parts: list[int]
) -> None:
    """Rows go in parts, each one transaction: as many as fit its time beside a window, all alone."""
    monkeypatch.setattr(loading, "BUDGET_MS", budget_ms)
    found: list[int] = []
    monkeypatch.setattr(loading, "_part", counted(loading._part, found, locked_ms=20.0))
    rows = [{"external_id": f"N{n}", "name": f"N{n}"} for n in range(16)]
    assert take(desk, "customers", rows, considerate=considerate) == ["new"] * 16
    assert found == parts


def test_rows_that_are_in_are_told_when_the_disk_is_full(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loading, "FIRST_ROWS", 1)
    monkeypatch.setattr(loading, "BUDGET_MS", 0.0)
    part, found = loading._part, list[int]()

    def fill(*arguments: Any) -> Any:
        if len(found) == 2:
            raise DiskFull("The disk is full.")
        return counted(part, found)(*arguments)

    monkeypatch.setattr(loading, "_part", fill)
    rows = ready(desk, "customers", [{"external_id": f"N{n}", "name": f"N{n}"} for n in range(5)])
    taken = loading.load(desk.store, loading.PLANS["customers"], rows, dry=False, considerate=True)
    assert [each.line for each in taken] == [2, 3]
    with pytest.raises(DiskFull):
        loading.load(desk.store, loading.PLANS["customers"], rows[2:], dry=False)


def test_a_transaction_ends_when_somebody_else_wants_the_store(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent saves while rows come in: his note waits for one row, not for all of them."""
    take_one, parts, waiting = loading._take, list[int](), list[Any]()

    def saving(*arguments: Any) -> Any:
        taken = take_one(*arguments)
        if not waiting:
            waiting.append(desk.store.write(lambda _work: parts.append(0)))
        return taken

    monkeypatch.setattr(loading, "_take", saving)
    monkeypatch.setattr(loading, "_part", counted(loading._part, parts))
    rows = [{"external_id": f"N{n}", "name": f"N{n}"} for n in range(5)]
    assert take(desk, "customers", rows) == ["new"] * 5
    assert parts == [1, 0, 4]


def test_names_taken_together_are_found(filled: Desk, talk: Talk) -> None:
    renamed = [{**row, "name": f"改名{n}"} for n, row in enumerate(CUSTOMERS)]
    assert take(filled, "customers", renamed) == ["changed"] * 3
    found = {hit["name"] for hit in talk("customer.search", query="改名")["items"]}
    assert found == {"改名0", "改名1", "改名2"}
    assert talk("customer.search", query="张三")["items"] == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"name": "x", "phones": [f"1380013{n:04}" for n in range(600)]}, "can list 500 points at most"),
        ({"name": "x", "hint": "很" * 3_000_000}, "hint may have 2000 characters at most"),
        ({"name": "x", "customer_id": "\ud83d"}, "no field customer_id"),
    ],
)
def test_rows_too_large_for_a_record_are_refused_before_they_are_sent(
    desk: Desk, values: dict[str, Any], words: str
) -> None:
    (row,) = ready(desk, "customers", [values])
    assert words in row.reason


def test_a_visit_of_many_megabytes_is_refused(desk: Desk) -> None:
    items = [{"kind": "work", "text": "x" * 3_000_000}]
    values = {"asset_id": "A1", "visited_at": "2026-03-01", "items": items}
    (row,) = ready(desk, "visits", [values])
    assert "too long: it has 3000" in row.reason


def counted(use_case: Any, parts: list[int], locked_ms: float = 1.0) -> Any:
    """Return *use_case*, its rows counted, as if it had taken *locked_ms*."""

    def counting(*arguments: Any) -> Any:
        taken = use_case(*arguments).taken
        parts.append(len(taken))
        return loading.Part(taken, locked_ms)

    return counting


@pytest.fixture
def other(tmp_path: Path, template: tuple[Path, MemorySecrets]) -> Iterator[Desk]:
    """A second, empty desk."""
    shutil.copytree(template[0], tmp_path / "other")
    environment = {"CRMDESK_CLOCK": "2026-11-20T09:58:00Z"}
    with open_profile(tmp_path / "other", secrets=template[1], environment=environment) as profile:
        desk = open_desk(profile)
        yield desk
        close_desk(desk)


@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_export_and_import_are_inverse(
    filled: Desk, talk: Talk, other: Desk, tmp_path: Path, suffix: str
) -> None:
    there = Talk(other)
    for kind, method in LISTS.items():
        file = tmp_path / f"{kind}.{suffix}"
        items = talk(method, order="id")["items"]
        assert write(KINDS[kind], items, file) == len(ROWS[kind])
        sheet = read_sheet(read_text(file), file)
        assert not sheet.broken_off
        plan = plan_of(KINDS[kind], sheet.columns, {})
        assert plan.unused == ()
        rows = [values_of(KINDS[kind], plan, line) for line in sheet.lines]
        assert take(other, kind, rows) == ["new"] * len(rows)
        copied = {item["id"]: item for item in there(method)["items"]}
        for item in items:
            for name in KINDS[kind].fields:
                if name in item:
                    assert copied[item["id"]][name] == item[name], (kind, name)
    there.session.close()


def test_an_export_to_where_nothing_can_be_written(tmp_path: Path) -> None:
    from crmdesk.errors import FileFault

    with pytest.raises(FileFault, match="cannot be written"):
        write(KINDS["customers"], [], tmp_path / "none" / "x.csv")


def test_what_an_export_could_not_finish_leaves_the_old_file(tmp_path: Path) -> None:
    file = tmp_path / "x.jsonl"
    file.write_text("old")

    def records() -> Iterator[dict[str, Any]]:
        yield {"id": "1", "name": "x"}
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write(KINDS["customers"], records(), file)
    assert file.read_text() == "old"
    assert json.dumps([path.name for path in tmp_path.iterdir()]) == '["x.jsonl"]'
