"""From one release to the next: functions, tables, columns; a step that fails; desks older and newer."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from crmdesk.errors import ServerUnfit
from crmdesk.models.customer import open_customer
from crmdesk.services.server import catalogue, check, install
from crmdesk.services.sync import pull
from tests.cluster import Database
from tests.services.server.rows import add_customer, stamp_all
from tests.services.sync.desks import TestDesk, desk

Release = Callable[..., None]
OLDER = (
    "The database on 127.0.0.1 is older than this crmdesk. The administrator runs: crmdesk admin server"
    " upgrade"
)
TOO_OLD = "This crmdesk is too old for the server 127.0.0.1. Install the newer one; nothing typed is lost."


@pytest.fixture
def release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Release:
    """Makes this program the release *version*: files of ``sql/`` by name and content come on top."""
    made = Path(shutil.copytree(install.SQL, tmp_path / "sql"))
    monkeypatch.setattr(install, "SQL", made)

    def make(version: int, **files: str) -> None:
        monkeypatch.setattr(install, "SCHEMA_VERSION", version)
        monkeypatch.setattr(check, "SCHEMA_VERSION", version)
        (made / "upgrade").mkdir(exist_ok=True)
        for number in range(2, version + 1):
            (made / f"upgrade/{number:04}.sql").touch()
        for name, content in files.items():
            folder = made / "upgrade" if name.startswith("step_") else made
            (folder / f"{name.removeprefix('step_').removeprefix('rules_')}.sql").write_text(content)

    return make


def upgraded(database: Database) -> str:
    report = install.upgrade(database.owner_dsn, password=database.password())
    return "\n".join(str(line) for line in (*report.done, *report.left))


def found_wrong(database: Database) -> list[str]:
    return [str(line) for line in check.check(database.owner_dsn, password=database.password()).findings]


def test_a_function_that_changed_even_what_it_returns(database: Database, release: Release) -> None:
    database.person("wang")
    release(
        2,
        rules_96_numbers="DROP FUNCTION crm.highest_number(text);"
        "CREATE FUNCTION crm.highest_number(p_tag text) RETURNS integer"
        " LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS 'SELECT 7'",
    )
    assert "The database has version 1; run crmdesk admin server upgrade." in found_wrong(database)
    assert "brought to version 2" in upgraded(database)
    with database.connect("wang") as session:
        told = session.execute("SELECT crm.register_device(gen_random_uuid(), NULL, '')").fetchone()[0]
        assert told["highest_number"] == 7
        assert session.execute("SELECT crm.my_scope() ->> 'schema'").fetchone() == ("2",)
    assert found_wrong(database) == []
    assert upgraded(database) == "Everything was as it should be; nothing was changed."


def test_a_new_table_shows_each_person_only_his(database: Database, release: Release) -> None:
    database.person("wang")
    database.person("li")
    release(
        2,
        rules_96_remarks="CREATE TABLE IF NOT EXISTS crm.remark (login name NOT NULL, text text NOT NULL);"
        "ALTER TABLE crm.remark ENABLE ROW LEVEL SECURITY;"
        "CREATE POLICY seen ON crm.remark FOR SELECT TO crm_agent USING (login = session_user);"
        "GRANT SELECT (login, text) ON crm.remark TO crm_agent;",
    )
    upgraded(database)
    with database.connect() as owner:
        owner.execute("INSERT INTO crm.remark VALUES ('wang', 'his'), ('li', 'hers')")
    for login, text in (("wang", "his"), ("li", "hers")):
        with database.connect(login) as session:
            assert session.execute("SELECT text FROM crm.remark").fetchall() == [(text,)]
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute("INSERT INTO crm.remark VALUES ('wang', 'x')")
    assert upgraded(database) == "Everything was as it should be; nothing was changed."
    assert found_wrong(database) == []


@pytest.fixture
def one(database: Database, tmp_path: Path) -> Iterator[TestDesk]:
    with desk(database, database.person("anna"), tmp_path / "a") as made:
        yield made


def test_a_column_goes_by_way_of_a_release_that_has_both(
    database: Database, release: Release, one: TestDesk
) -> None:
    """Expand, fill, contract: the desk of the first release works through all of it and hears of each row."""
    with database.connect() as owner:
        owner.execute("ALTER TABLE crm.customer ADD COLUMN remark text NOT NULL DEFAULT ''")
        row_id = add_customer(owner)
        owner.execute("UPDATE crm.customer SET remark = 'likes tea'")
        stamp_all(owner)
        owner.execute("ALTER TABLE crm.customer DROP COLUMN hint")
    release(2, step_0002_rows="UPDATE crm.customer SET hint = remark, rev = rev + 1 WHERE remark <> hint")
    assert "customer has a new column hint" in upgraded(database)
    one.worker.run_once()
    row = one.row("customer", row_id)
    assert row is not None
    assert row["hint"] == "likes tea"
    with database.connect() as owner:
        told = owner.execute(
            "SELECT v.after ->> 'hint' FROM crm.audit a JOIN crm.audit_value v ON v.audit = a.n"
            " ORDER BY a.n DESC LIMIT 1"
        ).fetchone()
        assert told == ("likes tea",)
        stamp_all(owner)
        assert owner.execute("SELECT * FROM crm.broken_audit()").fetchall() == []
    release(3, step_0003="ALTER TABLE crm.customer DROP COLUMN remark")
    upgraded(database)
    made = one.do(one.describe(open_customer, {"name": "Li Si", "hint": "rings late"}))
    done = one.worker.run_once()
    assert done.accepted == 1, one.asked("SELECT code, why, why_values FROM not_accepted")
    with database.connect() as owner:
        hints = owner.execute("SELECT hint FROM crm.customer ORDER BY hint").fetchall()
    assert hints == [("likes tea",), (made.payload["fields"]["hint"],)]
    assert one.worker.check() == 0
    assert found_wrong(database) == []


@pytest.mark.parametrize("last", ["step_0003", "step_0003_rows"])
def test_a_step_that_fails_leaves_everything_as_it_was(
    database: Database, release: Release, one: TestDesk, last: str
) -> None:
    with database.connect() as owner:
        add_customer(owner)
        stamp_all(owner)
        before = catalogue.digests(owner)
    release(
        3,
        step_0002="ALTER TABLE crm.customer ADD COLUMN extra text; DROP TABLE crm.help_request",
        step_0002_rows="UPDATE crm.customer SET name = 'changed', rev = rev + 1",
        **{last: "SELECT 1 / 0"},
    )
    with pytest.raises(psycopg.errors.DivisionByZero):
        upgraded(database)
    with database.connect() as owner:
        assert catalogue.digests(owner) == before
        assert owner.execute("SELECT name FROM crm.customer").fetchall() == [("Zhang San",)]
        assert owner.execute("SELECT schema_version FROM crm.meta").fetchone() == (1,)
    one.do(one.describe(open_customer, {"name": "Li Si"}))
    assert one.worker.run_once().accepted == 1, "desks go on"


def test_a_desk_one_release_older_works_on(database: Database, release: Release, one: TestDesk) -> None:
    release(2)
    upgraded(database)
    one.do(one.describe(open_customer, {"name": "Li Si"}))
    assert one.worker.run_once().accepted == 1
    assert one.worker.status.trouble is None


def test_a_desk_too_old_hands_over_what_was_typed_and_says_so(
    database: Database, release: Release, one: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    one.worker.run_once()
    release(2)
    monkeypatch.setattr(install, "MIN_CLIENT", 2)
    upgraded(database)
    one.worker.close_line()
    one.do(one.describe(open_customer, {"name": "Li Si"}))
    with pytest.raises(ServerUnfit) as caught:
        one.worker.run_once()
    assert str(caught.value) == TOO_OLD
    assert one.worker.status.trouble is not None
    assert one.worker.status.trouble.in_words() == TOO_OLD
    assert one.asked("SELECT state FROM outbox") == [("answered",)]
    with database.connect() as owner:
        assert owner.execute("SELECT name FROM crm.customer").fetchall() == [("Li Si",)]
    monkeypatch.setattr(pull, "CLIENT", 2)
    assert one.worker.run_once().tick > 0


def test_a_desk_one_release_newer_works_on_where_the_server_is_new_enough(
    one: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "CLIENT", 2)
    one.do(one.describe(open_customer, {"name": "Li Si"}))
    assert one.worker.run_once().accepted == 1


def test_a_desk_too_new_waits_for_the_server_and_says_so(
    database: Database, release: Release, one: TestDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pull, "CLIENT", 2)
    monkeypatch.setattr(pull, "OLDEST_SERVER_SCHEMA", 2)
    made = one.do(one.describe(open_customer, {"name": "Li Si"}))
    with pytest.raises(ServerUnfit) as caught:
        one.worker.run_once()
    assert str(caught.value) == OLDER
    assert one.row("customer", one.rows("customer")[0]["id"]) is not None
    release(2)
    upgraded(database)
    done = one.worker.run_once()
    assert done.tick > 0
    assert one.asked("SELECT state FROM outbox") == [("answered",)]
    with database.connect() as owner:
        assert owner.execute("SELECT name FROM crm.customer").fetchall() == [
            (made.payload["fields"]["name"],)
        ]


def test_tick_check_and_after_restore_know_their_release(database: Database, release: Release) -> None:
    """What is older is tended as it is, what is newer is refused."""
    release(2)
    for what in (install.tick, install.after_restore):
        assert what(database.owner_dsn, password=database.password()).version == 1
    upgraded(database)
    release(1)
    for what in (install.tick, install.after_restore, install.upgrade):
        with pytest.raises(ServerUnfit, match="made by a newer crmdesk \\(version 2\\)"):
            what(database.owner_dsn, password=database.password())
    with pytest.raises(ServerUnfit, match="newer"):
        found_wrong(database)
