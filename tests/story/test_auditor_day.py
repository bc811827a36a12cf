"""A day of whoever administers and audits: old files taken over, the register proved, a person erased."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk import resources
from crmdesk.services.complaints import procedure
from crmdesk.services.server.people import furnish
from tests.cluster import Database
from tests.story import conftest
from tests.story.house import House, known, moment
from tests.story.past import Past
from tests.story.seat import Seat

Sit = Callable[[str], Seat]
CUSTOMERS = "external_id,name,phones\nK1,Zhang Canary,13800138099\nK2,Li Lei,13900139000\n"
COLUMNS = "external_id,received_at,state,category,channel,customer_id,what_happened,closed_at,severity\n"
OLD = """
A-1,2026-01-12T02:00:00Z,CLOSED,quality_engine,phone,K1,The engine leaked oil twice.,2026-01-20T02:00:00Z,S3
A-2,2026-02-02T02:00:00Z,INVESTIGATING,price_bill,mail,K2,The bill was too high by far.,,S3
A-3,2026-02-03T02:00:00Z,INVESTIGATING,no_such_thing,mail,K2,Nobody knows this category.,,S3
A-4,,INVESTIGATING,price_bill,mail,K2,Nobody knows when it came.,,S3
A-5,2026-02-05T02:00:00Z,DONE,price_bill,mail,K2,A state of another program.,,S3
A-6,2026-02-06T02:00:00Z,INVESTIGATING,price_bill,mail,K2,The same bill came again.,,S3
"""
WANTED = ("--reason", "his wish of 20 February")
NEW_EDITION = """
[[cn-default.editions]]
edition = 2
source = "the notice of this story"
special_days = [
    { first = 2026-03-05, last = 2026-03-06, name_en = "Days off", name_zh = "放假" },
    { days = [2026-03-07], hours = ["09:00-12:00", "13:00-16:00"], name_en = "Exchange", name_zh = "调休" },
]
"""


class Files:
    """What lies in the auditor's folder."""

    def __init__(self, folder: Path) -> None:
        self.customers, self.old = folder / "customers.csv", folder / "old.csv"
        self.register, self.later = folder / "register.csv", folder / "later.csv"
        self.customers.write_text(CUSTOMERS, encoding="utf-8")
        self.old.write_text(COLUMNS + OLD.lstrip(), encoding="utf-8")


@pytest.fixture
def sit_down(tmp_path: Path, database: Database, qapp: QApplication, qtbot: QtBot) -> Iterator[Sit]:
    """Let somebody with an account at the server sit down at a new desk and join by keys."""
    there: list[tuple[Seat, House]] = []

    def made(login: str) -> Seat:
        folder = tmp_path / login
        folder.mkdir()
        house = House(folder, alone=False)
        seat = Seat(qapp, qtbot, house, "")
        there.append((seat, house))
        seat.press("Ctrl+Shift+J")
        seat.sees("Server: ")
        seat.writes("Server", f"127.0.0.1:{database.cluster.port}/{database.name}")
        seat.writes("User", login)
        seat.writes("Password", database.password(login))
        seat.writes("CA file", str(database.ca))
        seat.press("Ctrl+Return")
        seat.sees("Up to date")
        return seat

    yield made
    for seat, house in there:
        seat.leave()
        house.close()


def test_a_day_of_the_administrator_and_the_auditor(
    database: Database, sit_down: Sit, tmp_path: Path
) -> None:
    """Ida takes old files over, proves the register and has a person erased; Anna may do none of it."""
    database.person("ida", role="administrator")
    database.person("anna")
    with database.connect() as owner:
        furnish(owner)
    files, ida = Files(tmp_path), sit_down("ida")
    old_files_taken_over(ida, files)
    head = the_register_is_proved(ida, files)
    customer = somebody_is_erased(ida, database)
    the_register_outlives_him(ida, files, head)
    none_of_it_for_an_agent(sit_down("anna"), database, files, customer)


def old_files_taken_over(ida: Seat, files: Files) -> None:
    """A rehearsal names each row that will not do and why, and changes nothing; then the others are in."""
    assert ida.runs("import", "customers", str(files.customers)).code == 0
    rehearsed = json.loads(ida.runs("import", "complaints", str(files.old), "--dry-run").out)
    assert ida.sql.rows("SELECT id FROM complaint") == []
    done = json.loads(ida.runs("import", "complaints", str(files.old)).out)
    assert rehearsed == done
    assert (done["rows"], done["new"]) == (6, 3)
    refused = {each["line"]: each["reason"] for each in done["refused"]}
    assert refused.keys() == {4, 5, 6}
    assert refused[4].startswith("category: no_such_thing is not in the list.")
    assert refused[5] == "Please fill in received_at."
    assert refused[6].startswith("state must be one of: RECEIVED,")
    told = "SELECT external_id, state, imported FROM complaint ORDER BY external_id"
    open_ = [("A-2", "INVESTIGATING", 1), ("A-6", "INVESTIGATING", 1)]
    assert ida.sql.rows(told) == [("A-1", "CLOSED", 1), *open_]
    ida.press("Ctrl+Shift+M", "4")
    found = ida.sql.rows("SELECT number FROM complaint WHERE state <> 'CLOSED' ORDER BY received_at")
    ((number,), (other,)) = found
    ida.awaits_lines("Complaints", [number, other])
    ida.sees(
        f"{number}, Li Lei, S3 · Investigating · Wrong bill or overcharged, 11 Feb 18:00, overdue · Decide"
    )


def the_register_is_proved(ida: Seat, files: Files) -> str:
    """The head proves it; a word changed, a line left out or one moved does not pass."""
    told = json.loads(ida.runs("export", "register", str(files.register)).out)
    assert told["rows"] == ida.sql.one("SELECT count(*) FROM complaint") == 3
    assert json.loads(ida.runs("verify", str(files.register), "--head", told["head"]).out) == told
    whole = files.register.read_text(encoding="utf-8-sig")
    with files.register.open(encoding="utf-8-sig", newline="") as opened:
        lines = list(csv.reader(opened))
    assert [line[0] for line in lines[1:4]] == [
        number for (number,) in ida.sql.rows("SELECT number FROM complaint ORDER BY received_at")
    ]
    assert "Zhang" not in whole and "leaked" not in whole, "no names, no texts"
    first, second = whole.splitlines(keepends=True)[1:3]
    for forged in (
        whole.replace("INVESTIGATING", "CLOSED"),
        whole.replace(first, ""),
        whole.replace(first + second, second + first),
    ):
        assert forged != whole
        files.later.write_text(forged, encoding="utf-8-sig")
        said = ida.runs("verify", str(files.later))
        assert (said.code, said.out) == (1, "")
    return str(told["head"])


def somebody_is_erased(ida: Seat, database: Database) -> str:
    """Only with the server's key and his number typed again; then he is gone from server and window."""
    keys = {"PGPASSFILE": str(database.cluster.passfile)}
    customer: str = ida.sql.one("SELECT lower(hex(id)) FROM customer WHERE name = 'Zhang Canary'")
    words = ("admin", "erase", customer)
    said = ida.runs(*words, database.dsn("ida"), *WANTED, typed="13800138099\n", **keys)
    assert said.code == 1 and "ida may not do this" in said.err
    said = ida.runs(*words, database.owner_dsn, *WANTED, typed="13800138098\n", **keys)
    assert said.code == 1 and "What was typed is not his." in said.err
    said = ida.runs(*words, database.owner_dsn, *WANTED, typed="13800138099\n", **keys)
    assert said.code == 0 and said.out.startswith("Erased: 1 customer, 1 complaint, ")
    ida.until(lambda: ida.sql.rows("SELECT 1 FROM customer WHERE name = 'Zhang Canary'") == [])
    told = "SELECT c.customer_id, b.what_happened FROM complaint AS c JOIN complaint_body AS b"
    assert ida.sql.row(f"{told} ON b.id = c.id WHERE c.external_id = 'A-1'") == (None, "")
    with database.connect() as owner:
        left = "SELECT count(*) FROM crm.customer WHERE name = 'Zhang Canary'"
        assert owner.execute(left).fetchone() == (0,)
    ida.press("Ctrl+K")
    ida.types("zhang canary")
    ida.sees("New person: zhang canary")
    ida.press("Escape", "Escape")
    return customer


def the_register_outlives_him(ida: Seat, files: Files, head: str) -> None:
    """What was proved stays provable, and the complaint still counts."""
    assert ida.runs("verify", str(files.register), "--head", head).code == 0
    told = json.loads(ida.runs("export", "register", str(files.later)).out)
    assert told["rows"] == 3
    said = ida.runs("verify", str(files.later), "--head", head)
    assert told["head"] == head or (said.code == 1 and "another register" in said.err)


def none_of_it_for_an_agent(anna: Seat, database: Database, files: Files, customer: str) -> None:
    """What an agent tries is refused in words, and nothing changes."""
    before = anna.sql.rows("SELECT number, state FROM complaint ORDER BY number")
    done = json.loads(anna.runs("import", "complaints", str(files.old)).out)
    assert done["new"] == done["changed"] == 0
    refused = {each["reason"] for each in done["refused"] if each["line"] < 4}
    assert refused == {"Only an administrator takes over complaints of another system."}
    keys = {"PGPASSFILE": str(database.cluster.passfile)}
    other: str = anna.sql.one("SELECT lower(hex(id)) FROM customer WHERE name = 'Li Lei'")
    for whom in (customer, other):
        words = ("admin", "erase", whom, database.dsn("anna"))
        assert anna.runs(*words, *WANTED, typed="13900139000\n", **keys).code == 1
    assert anna.runs("admin", "erase", other, "--here", *WANTED, typed="13900139000\n").code == 1
    assert anna.sql.rows("SELECT name FROM customer") == [("Li Lei",)]
    assert anna.sql.rows("SELECT number, state FROM complaint ORDER BY number") == before
    with database.connect() as owner:
        assert owner.execute("SELECT name FROM crm.customer").fetchall() == [("Li Lei",)]


@pytest.fixture
def announced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Call it, and IT has put a new edition of the calendar on this desk."""
    file = tmp_path / "calendars.toml"
    known_now = resources.resource("calendars.toml").read_text(encoding="utf-8")
    worked_out = (procedure.calendars, procedure.business_time, procedure._rules)

    def forget() -> None:
        for each in worked_out:
            each.cache_clear()

    def announce() -> None:
        file.write_text(known_now + NEW_EDITION, encoding="utf-8")
        monkeypatch.setattr(resources, "own_folder", lambda: tmp_path)
        forget()

    yield announce
    forget()


def test_days_off_are_announced(house: House, sit: conftest.Sit, announced: Callable[[], None]) -> None:
    """Two days off and a working Saturday: what runs is due anew, with a line that says why."""
    house.now = moment("2026-03-04 09:00")
    with house.opened("anna") as profile:
        known(profile, [("王芳", "13800138000")])
    number = Past(house).complaint("2026-03-04 10:00", "anna", "王芳", "Oil under the car again.")
    dora = sit("dora")
    dora.press("Ctrl+Shift+M", "4")
    dora.goes_to_line(number)
    dora.press("Return")
    dora.sees("Decide, 0 %, 13 Mar 18:00", "Speak with the customer, 0 %, Tomorrow 18:00")
    announced()
    house.now = moment("2026-03-04 10:05")
    dora = sit("dora")
    dora.press("Ctrl+Shift+M", "4")
    dora.goes_to_line(number)
    dora.press("Return")
    dora.sees("Speak with the customer, 0 %, 7 Mar 16:00", "Decide, 0 %, 16 Mar 18:00")
    dora.pane("Clocks and history")
    dora.goes_to_line("Decide, ")
    dora.press("Return")
    dora.sees(
        "Today 10:05, worked out anew · new calendar, due 16 Mar 18:00 · China, office hours, edition 2"
    )
    line = "SELECT event, why, calendar, due FROM clock_line WHERE clock = 'decide' ORDER BY n"
    (began, anew) = dora.sql.rows(line)
    assert began[:3] == ("start", "received", "cn-default/1")
    assert anew[:3] == ("recompute", "calendar", "cn-default/2")
    assert dora.sql.local(anew[3]) == "2026-03-16 18:00"
