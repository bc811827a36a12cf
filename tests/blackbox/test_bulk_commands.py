"""`crmdesk import --server` and `crmdesk server join --adopt` as an administrator runs them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.conftest import Desk
from tests.blackbox.test_two_desks import House, prepared
from tests.cluster import Cluster

FILE = """\
external_id,name,kind,phones.1
K-1,张三,person,13800138001
K-2,李四,person,13800138002
K-3,Huatai Logistics,company,02158208001
K-2,李四 (again),person,13800138022
"""


@pytest.fixture(scope="module")
def original(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with an administrator and an agent."""
    made = prepared(cluster, tmp_path_factory.mktemp("original"), "--test")
    made.hire("boss", "administrator")
    made.hire("anna")
    return made.database


@pytest.fixture
def house(cluster: Cluster, original: str, tmp_path: Path) -> Iterator[House]:
    """A server of its own for each test."""
    made = cluster.database(template=original)
    admin = Desk(tmp_path / "no profile", tmp_path / "no keys.json")
    yield House(cluster, made.name, admin, tmp_path)
    made.drop()


COMPLAINTS = """\
external_id,state,category,what_happened,received_at,number
R-1,CLOSED,repair_again,The brakes squeal again after the third visit.,2026-03-02T01:30:00Z,
R-2,INVESTIGATING,repair_again,The engine is too loud since the service.,2026-03-03T01:30:00Z,C26-K7Q-0042
R-3,SETTLED,repair_again,Something else happened.,2026-03-04T01:30:00Z,
"""


def counted(house: House, statement: str) -> Any:
    with house.cluster.connect(database=house.database) as admin:
        return admin.execute(statement).fetchall()


def imported(desk: Desk, file: Path, *more: str, code: int = 0) -> Any:
    done = desk.run("import", "customers", str(file), "--server", *more)
    assert done.returncode == code, done.stderr.decode()
    return json.loads(done.stdout.decode().splitlines()[-1]) if code == 0 else done.stderr.decode()


def test_what_is_new_in_a_file_goes_in_bulk_and_the_rest_by_operations(house: House, tmp_path: Path) -> None:
    boss, anna = house.desk("boss"), house.desk("anna")
    house.join(boss, "boss")
    house.join(anna, "anna")
    file = tmp_path / "customers.csv"
    file.write_text(FILE, encoding="utf-8")
    assert imported(boss, file, "--dry-run")["new"] == 3
    assert counted(house, "SELECT count(*) FROM crm.customer") == [(0,)]
    told = imported(boss, file)
    assert (told["rows"], told["new"], told["changed"], told["refused"]) == (4, 3, 1, [])
    names = counted(house, "SELECT external_id, name FROM crm.customer ORDER BY 1")
    assert names == [("K-1", "张三"), ("K-2", "李四 (again)"), ("K-3", "Huatai Logistics")]
    assert counted(house, "SELECT count(*) FROM crm.contact_point") == [(4,)]
    bulk = counted(house, "SELECT tab FROM crm.audit WHERE tab LIKE 'reload %' ORDER BY n")
    assert bulk == [("reload customer",), ("reload contact_point",)]
    again = imported(boss, file)
    assert (again["new"], again["refused"]) == (0, [])
    assert counted(house, "SELECT count(*) FROM crm.customer") == [(3,)]
    with anna.rpc() as rpc:
        rpc.ask("sync.run")
        assert len(rpc.ask("customer.list")["items"]) == 3
        found = rpc.ask("customer.lookup", number="13800138022")["matches"]
        assert [match["name"] for match in found] == ["李四 (again)"]


def test_an_agent_is_refused_in_one_sentence_and_nothing_is_there(house: House, tmp_path: Path) -> None:
    anna = house.desk("anna")
    file = tmp_path / "customers.csv"
    file.write_text(FILE, encoding="utf-8")
    assert "works alone" in imported(anna, file, code=1)
    house.join(anna, "anna")
    assert "may not do this" in imported(anna, file, code=1)
    assert counted(house, "SELECT count(*) FROM crm.customer") == [(0,)]
    with anna.rpc() as rpc:
        assert rpc.ask("customer.list")["items"] == []


def test_complaints_of_a_file_are_at_the_server_when_the_command_ends(house: House, tmp_path: Path) -> None:
    boss, anna = house.desk("boss"), house.desk("anna")
    file = tmp_path / "complaints.csv"
    file.write_text(COMPLAINTS, encoding="utf-8")
    words = ("import", "complaints", str(file), "--server")
    alone = boss.run(*words)
    assert (alone.returncode, "works alone" in alone.stderr.decode()) == (1, True)
    house.join(boss, "boss")
    house.join(anna, "anna")
    (wrong,) = (line for line in json.loads(boss.run(*words, "--dry-run").stdout)["refused"])
    assert (wrong["line"], "state must be one of" in wrong["reason"]) == (4, True)
    assert counted(house, "SELECT count(*) FROM crm.complaint") == [(0,)]
    for new, same in ((2, 0), (0, 2)):
        done = boss.run(*words)
        assert done.returncode == 0, done.stderr.decode()
        told = json.loads(done.stdout)
        assert (told["new"], told["same"], told["refused"]) == (new, same, [wrong])
    held = counted(house, "SELECT external_id, state, imported FROM crm.complaint ORDER BY 1")
    assert held == [("R-1", "CLOSED", True), ("R-2", "INVESTIGATING", True)]
    assert counted(house, "SELECT transition FROM crm.complaint_event") == [("import",), ("import",)]
    with anna.rpc() as rpc:
        rpc.ask("sync.run")
        numbers = {each["number"] for each in rpc.ask("complaint.list")["items"]}
        assert "C26-K7Q-0042" in numbers
    refused = json.loads(anna.run(*words).stdout)["refused"]
    reasons = {each["reason"] for each in refused if each["line"] != 4}
    assert reasons == {"Only an administrator takes over complaints of another system."}
