"""New rows of a file, worked out for the bulk lane: whole, once, and nothing is changed."""

from __future__ import annotations

from typing import Any

from crmdesk.services.exchange.filing import Filed, new_rows
from crmdesk.services.rpc.desk import Desk
from tests.services.exchange.test_loading import ROWS, operations, ready, take


def filed(desk: Desk, kind: str, rows: list[dict[str, Any]]) -> Filed:
    return new_rows(desk.store, kind, ready(desk, kind, rows))


def test_a_new_row_comes_with_all_it_makes_and_nothing_is_changed(desk: Desk) -> None:
    found = filed(desk, "customers", ROWS["customers"])
    assert found.lines == (2, 3, 4)
    assert {table: len(rows) for table, rows in found.tables.items()} == {"customer": 3, "contact_point": 3}
    assert sorted(row["name"] for row in found.tables["customer"]) == ["Ann O'Hara", "张三", "顺达物流"]
    for rows in found.tables.values():
        assert [row["id"] for row in rows] == sorted(row["id"] for row in rows)
    assert operations(desk) == 0
    assert take(desk, "customers", ROWS["customers"], dry=True) == ["new"] * 3


def test_what_is_known_refused_or_changes_something_else_is_left_to_the_import(desk: Desk) -> None:
    for kind in ("customers", "contacts", "assets"):
        take(desk, kind, ROWS[kind])
    changed = {**ROWS["customers"][0], "name": "张三丰"}
    reached = {**ROWS["customers"][1], "phones": ["13700137000"]}
    assert filed(desk, "customers", [ROWS["customers"][1], changed, reached]).lines == ()
    stranger = {"external_id": "A9", "customer_id": "nobody", "vin": "LSGAB52C0CS123457"}
    assert filed(desk, "assets", [stranger]).lines == ()
    visit = {"external_id": "V1", "asset_id": "A1", "visited_at": "2026-03-01 09:30", "summary": "oil"}
    # The second one would move the mileage of a car that is there already.
    found = filed(desk, "visits", [visit, {**visit, "external_id": "V2", "mileage_km": 60_000}])
    assert found.lines == (2,)
    assert set(found.tables) == {"service_visit", "interaction"}
