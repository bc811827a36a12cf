"""Columns become fields: by name, by number, by mapping; what is missing is named."""

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from crmdesk.errors import FileFault, InvalidInput
from crmdesk.models.customer import Customer
from crmdesk.models.visit import ServiceVisit
from crmdesk.services.exchange.columns import KINDS, plan_of, read_mapping, values_of
from crmdesk.services.exchange.convert import converted
from crmdesk.services.exchange.tables import Line

SHANGHAI = ZoneInfo("Asia/Shanghai")
CUSTOMERS = KINDS["customers"]


def values(columns: dict[str, Any], mapping: dict[str, str] | None = None, kind: str = "customers") -> Any:
    plan = plan_of(KINDS[kind], tuple(columns), mapping or {})
    return values_of(KINDS[kind], plan, Line(2, columns))


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"name": "Ann", "city": ""}, {"name": "Ann"}),
        ({" Name ": "Ann", "TIER": "gold"}, {"name": "Ann", "tier": "gold"}),
        ({"name": "A", "phones.2": "2", "phones.1": "1"}, {"name": "A", "phones": ["1", "2"]}),
        ({"name": "A", "phones": '["1", "2"]'}, {"name": "A", "phones": ["1", "2"]}),
        ({"name": "A", "phones": "1; 2"}, {"name": "A", "phones": ["1", "2"]}),
        ({"name": "A", "phones": ["1"]}, {"name": "A", "phones": ["1"]}),
        ({"name": "A", "phone": "1"}, {"name": "A", "phones": ["1"]}),
        ({"name": "A", "id": 7}, {"name": "A", "external_id": "7"}),
        ({"name": "A", "id": "x", "external_id": ""}, {"name": "A", "id": "x"}),
    ],
)
def test_columns_become_fields(columns: dict[str, Any], expected: dict[str, Any]) -> None:
    assert values(columns) == expected


def test_a_mapping_renames() -> None:
    row = {"客户": "张三", "手机": "138", "座机": "021", "name": "ignored"}
    mapping = {"name": "客户", "phones.1": "手机", "phones.2": "座机"}
    assert values(row, mapping) == {"name": "张三", "phones": ["138", "021"]}


def test_columns_that_feed_nothing_are_told() -> None:
    assert plan_of(CUSTOMERS, ("name", "Umsatz", "phones.0"), {}).unused == ("Umsatz", "phones.0")


def test_a_missing_column_is_named_with_what_is_there() -> None:
    with pytest.raises(FileFault) as refusal:
        plan_of(CUSTOMERS, ("Kunde", "Telefon"), {})
    words = str(refusal.value)
    assert "needs the column name" in words
    assert "It has: Kunde, Telefon." in words
    assert "phones" in words
    with pytest.raises(FileFault, match="title or body"):
        plan_of(KINDS["articles"], ("id",), {})


@pytest.mark.parametrize(
    ("mapping", "words"),
    [({"nme": "name"}, "do not have: nme"), ({"name": "Kunde"}, "does not have: Kunde. It has: name")],
)
def test_a_wrong_mapping_is_refused(mapping: dict[str, str], words: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        plan_of(CUSTOMERS, ("name",), mapping)
    assert words in str(refusal.value)


def test_mappings_from_files(tmp_path: Path) -> None:
    file = tmp_path / "m.json"
    file.write_text(json.dumps({"name": "客户"}), encoding="utf-8-sig")
    assert read_mapping(file) == {"name": "客户"}
    for wrong in ("[]", '{"name": 1}', "{"):
        file.write_text(wrong)
        with pytest.raises(FileFault):
            read_mapping(file)
    with pytest.raises(FileFault):
        read_mapping(tmp_path / "none.json")


def test_a_broken_list_is_refused() -> None:
    for kind, row in (
        ("customers", {"name": "A", "phones": "[1, "}),
        ("visits", {"asset_id": "A1", "visited_at": "2026-01-01", "items": "oil"}),
    ):
        with pytest.raises(InvalidInput, match="no JSON list"):
            values(row, kind=kind)


@pytest.mark.parametrize(
    ("entity", "field", "given", "expected"),
    [
        (Customer, "key_account", "是", True),
        (Customer, "key_account", "No", False),
        (Customer, "key_account", True, True),
        (Customer, "name", 42, "42"),
        (Customer, "first_business_on", "2020/2/3", date(2020, 2, 3)),
        (Customer, "first_business_on", "2020年2月3日", date(2020, 2, 3)),
        (Customer, "first_business_on", "2020-02-03 00:00:00", date(2020, 2, 3)),
        (ServiceVisit, "mileage_km", "12,345", 12_345),
        (ServiceVisit, "mileage_km", "12345.0 km", 12_345),
        (ServiceVisit, "mileage_km", 12345.0, 12_345),
        (ServiceVisit, "visited_at", "2026-03-01 09:30", datetime(2026, 3, 1, 1, 30, tzinfo=UTC)),
        (ServiceVisit, "visited_at", "2026/3/1 9:30", datetime(2026, 3, 1, 1, 30, tzinfo=UTC)),
        (ServiceVisit, "visited_at", "2026-03-01", datetime(2026, 2, 28, 16, tzinfo=UTC)),
        (ServiceVisit, "visited_at", "2026-03-01T09:30:00Z", datetime(2026, 3, 1, 9, 30, tzinfo=UTC)),
        (ServiceVisit, "next_service_on", None, None),
    ],
)
def test_cells_become_values(entity: type, field: str, given: Any, expected: Any) -> None:
    assert converted(entity, {field: given}, SHANGHAI) == {field: expected}


@pytest.mark.parametrize(
    ("entity", "field", "given"),
    [
        (Customer, "key_account", "maybe"),
        (Customer, "first_business_on", "02/03/2020"),
        (Customer, "first_business_on", "2020-13-01"),
        (Customer, "name", {"a": 1}),
        (Customer, "name", "\ud800"),
        (ServiceVisit, "mileage_km", "many"),
        (ServiceVisit, "mileage_km", 1.5),
        (ServiceVisit, "mileage_km", True),
        (ServiceVisit, "visited_at", "yesterday"),
        (ServiceVisit, "visited_at", 5),
    ],
)
def test_cells_that_are_none_of_their_type_are_named(entity: type, field: str, given: Any) -> None:
    with pytest.raises(InvalidInput) as refusal:
        converted(entity, {field: given}, SHANGHAI)
    assert refusal.value.fields == (field,)
    assert field in str(refusal.value)
