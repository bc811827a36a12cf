"""From an empty database to a letter and the register, by the program alone.

`make package-test` takes this way with the packaged program: what a package easily lacks is asked for:
calendars, templates, fonts, SQL files, migrations, processes of its own, and the window.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.conftest import Desk, Rpc
from tests.blackbox.test_open_desk import window
from tests.blackbox.test_two_desks import House, prepared
from tests.cluster import Cluster
from tests.services.complaints.letter_cases import needs_poppler, read_back, squeezed

__all__ = ["window"]

pytestmark = pytest.mark.timeout(300)
SAID = "刹车异响，同一故障第三次进站"
NOW = "2026-11-20T01:00:00Z"
SHOPS: dict[str, dict[str, str]] = {
    "cn-default": {},
    "uk-default": {"currency": "GBP", "zone": "Europe/London", "country": "GB", "area_code": "20"},
}
"""What IT fixes for a shop, by its calendar."""
BY_CALENDAR = [
    # Two minutes before closing time; the National Day week is free, the Saturday after it is worked.
    (
        *("cn-default", "2026-09-30T09:58:00Z", "09-30T10:28:00Z"),
        {"acknowledge": "10-08T05:58:00Z", "decide": "10-15T10:00:00Z", "resolve": "10-20T10:00:00Z"},
    ),
    # Two minutes before closing time; Christmas, the Monday after it and New Year's Day are free.
    (
        *("uk-default", "2026-12-24T17:28:00Z", "12-24T17:58:00Z"),
        {"acknowledge": "12-29T12:58:00Z", "decide": "01-07T17:30:00Z", "resolve": "01-12T17:30:00Z"},
    ),
]


def complaint_of(rpc: Rpc, received_at: str, **more: Any) -> Any:
    """Log a complaint of a new customer."""
    customer = rpc.ask("customer.create", name="王芳", phones=["13800138000"], language="zh")["customer"][
        "id"
    ]
    fields = {"customer_id": customer, "received_at": received_at, "channel": "phone", **more}
    given = {"category": "repair_again", "what_happened": SAID, "remedy_wanted": "refund", **fields}
    return rpc.ask("complaint.open", **given)["complaint"]


def printed_in_chinese(rpc: Rpc, complaint: Any, file: Path) -> None:
    """Have a letter about it printed, and read it as the customer will."""
    wanted = {"complaint_id": complaint["id"], "kind": "acknowledgement", "language": "zh"}
    made = rpc.ask("letter.make", **wanted, file=str(file))
    assert made["unprintable"] == ""
    text = squeezed(read_back(file.read_bytes()))
    for words in (SAID, "王芳", complaint["number"]):
        assert squeezed(words) in text


@pytest.fixture
def house(cluster: Cluster, tmp_path: Path) -> Iterator[House]:
    """A server that was empty until the program made it ours."""
    made = prepared(cluster, tmp_path, "--test")
    yield made
    with cluster.connect() as admin:
        admin.execute(f'DROP DATABASE "{made.database}" WITH (FORCE)')


@needs_poppler
def test_from_an_empty_database_to_a_letter_and_the_register(house: House, tmp_path: Path) -> None:
    assert house.it("server", "check", house.dsn)["findings"] == []
    house.hire("anna")
    anna = house.desk("anna")
    house.join(anna, "anna")
    with anna.rpc(CRMDESK_CLOCK=NOW) as rpc:
        made = complaint_of(rpc, "2026-11-20T00:58:00Z")
        printed_in_chinese(rpc, made, tmp_path / "letter.pdf")
        done = rpc.ask("sync.run")
        assert (done["refused"], done["pending"]) == (0, 0)
    file = tmp_path / "register.csv"
    sealed = json.loads(anna.run("export", "register", str(file), CRMDESK_CLOCK=NOW).stdout)
    (line, _end) = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig")))
    assert (line["number"], line["state"], sealed["rows"]) == (made["number"], "RECEIVED", 1)
    assert json.loads(anna.run("verify", str(file), "--head", sealed["head"]).stdout) == sealed
    assert not house.admin.path.exists()


@needs_poppler
@pytest.mark.usefixtures("window")
def test_beside_an_open_window_a_letter_is_printed_by_a_process_of_its_own(
    desk: Desk, tmp_path: Path
) -> None:
    with desk.rpc() as rpc:
        made = complaint_of(rpc, rpc.ask("system.info")["now"])
        printed_in_chinese(rpc, made, tmp_path / "letter.pdf")


@pytest.mark.parametrize(("calendar", "received_at", "in_danger", "due"), BY_CALENDAR)
def test_clocks_run_by_the_calendar_of_the_shop_and_in_danger_by_the_wall(
    desk: Desk, calendar: str, received_at: str, in_danger: str, due: dict[str, str]
) -> None:
    changed = {"calendar": calendar, **SHOPS[calendar]}
    (desk.path / "settings.json").write_text(json.dumps(changed), encoding="utf-8")
    with desk.rpc(CRMDESK_CLOCK=received_at) as rpc:
        made = complaint_of(rpc, received_at)
        clocks = rpc.ask("complaint.clocks", id=made["id"])["clocks"]
        found = {each["clock"]: each["due_at"].partition("-")[2] for each in clocks}
        assert {clock: found[clock] for clock in due} == due
        assert {line["calendar"].partition("/")[0] for each in clocks for line in each["lines"]} == {calendar}
        urgent = complaint_of(rpc, received_at, severity="S1")
        assert urgent["due_at"].partition("-")[2] == in_danger


def test_who_is_erased_at_a_desk_of_its_own_leaves_it(desk: Desk) -> None:
    with desk.rpc() as rpc:
        gone = rpc.ask("customer.create", name="王芳", phones=["13800138000"])["customer"]["id"]
        kept = rpc.ask("customer.create", name="李四")["customer"]["id"]
    words = ("admin", "erase", gone, "--here", "--reason", "letter of 20 November", "--json")
    done = desk.run(*words, stdin="13800138000\n")
    assert done.returncode == 0, done.stderr.decode()
    assert json.loads(done.stdout)["clean"] is True
    with desk.rpc() as rpc:
        assert [each["id"] for each in rpc.ask("customer.list")["items"]] == [kept]
        assert rpc.ask("customer.lookup", number="13800138000")["matches"] == []
