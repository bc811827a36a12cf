"""Installing: once, again, over an older version, and never over what is not ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from crmdesk.errors import InvalidInput, ServerBusy, ServerUnfit
from crmdesk.services.server import catalogue, ddl, install
from tests.cluster import SUPERUSER, Cluster, Database


@pytest.fixture
def empty(cluster: Cluster) -> Iterator[Database]:
    """A database nobody prepared."""
    made = cluster.empty_database()
    yield made
    made.drop()


def run(what: Any, database: Database, **more: Any) -> install.Report:
    report: install.Report = what(database.owner_dsn, password=database.password(), **more)
    return report


def words(report: install.Report) -> str:
    return "\n".join(str(line) for line in report.done + report.left)


def test_init_makes_everything_and_says_so(empty: Database) -> None:
    report = run(install.init, empty)
    assert report.version == install.SCHEMA_VERSION
    assert "The database is crmdesk's now, version 1." in words(report)
    assert report.left == ()
    with empty.connect() as session:
        held = catalogue.columns(session)
        assert session.execute("SELECT test, schema_version FROM crm.meta").fetchone() == (False, 1)
        assert session.execute("SELECT count(*) FROM crm.entity").fetchone() == (len(ddl.TABLES),)
    for table in ddl.TABLES:
        assert tuple(held[table]) == ddl.columns(table)


def test_init_again_changes_nothing(empty: Database) -> None:
    run(install.init, empty)
    with empty.connect() as session:
        before = catalogue.digests(session)
        ticks = session.execute("SELECT * FROM crm.tick").fetchall()
    report = run(install.init, empty)
    assert words(report) == "Everything was as it should be; nothing was changed."
    with empty.connect() as session:
        assert catalogue.digests(session) == before
        assert session.execute("SELECT * FROM crm.tick").fetchall() == ticks
        assert session.execute("SELECT count(*) FROM crm.journal").fetchone() == (1,)


def test_everything_belongs_to_the_owner_nobody_logs_in_as(database: Database) -> None:
    with database.connect() as session:
        foreign = session.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'crm'::regnamespace"
            " AND pg_get_userbyid(relowner) <> 'crm_owner'"
            " UNION ALL SELECT proname FROM pg_proc WHERE pronamespace = 'crm'::regnamespace"
            " AND pg_get_userbyid(proowner) <> 'crm_owner'"
        ).fetchall()
        logins = session.execute(
            "SELECT rolname FROM pg_roles WHERE rolname LIKE 'crm\\_%' AND (rolcanlogin OR rolsuper)"
        ).fetchall()
    assert (foreign, logins) == ([], [])


def test_upgrade_puts_back_what_was_lost_and_adds_new_columns(database: Database) -> None:
    with database.connect() as session:
        session.execute("ALTER TABLE crm.customer DROP COLUMN hint")
        session.execute("DROP POLICY seen ON crm.asset")
        session.execute(
            "CREATE OR REPLACE FUNCTION crm.my_teams() RETURNS uuid[] LANGUAGE sql AS $$SELECT '{}'::uuid[]$$"
        )
    report = run(install.upgrade, database)
    assert "customer has a new column hint" in words(report)
    database.person("wang", teams=("one",))
    with database.connect("wang") as session:
        scope = session.execute("SELECT crm.my_scope()").fetchone()[0]
        assert len(scope["teams"]) == 1
        assert session.execute("SELECT hint FROM crm.customer").fetchall() == []
        assert session.execute("SELECT count(*) FROM crm.asset").fetchone() == (0,)
    assert "nothing was changed" in words(run(install.upgrade, database))


def test_an_upgrade_that_fails_leaves_everything_as_it_was(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken = tmp_path / "sql"
    broken.mkdir()
    for path in install.SQL.glob("*.sql"):
        (broken / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (broken / "95_broken.sql").write_text("SELECT 1 / 0;", encoding="utf-8")
    with database.connect() as session:
        before = catalogue.digests(session)
    monkeypatch.setattr(install, "SQL", broken)
    with pytest.raises(psycopg.errors.DivisionByZero):
        run(install.upgrade, database)
    with database.connect() as session:
        assert catalogue.digests(session) == before


def test_somebody_in_the_way_is_told_and_nothing_changes(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with database.connect(autocommit=False) as session:
        session.execute("LOCK TABLE crm.customer IN ACCESS SHARE MODE")
        monkeypatch.setattr(install, "LOCK_SECONDS", 0.05)
        with pytest.raises(ServerBusy, match="Somebody holds"):
            run(install.upgrade, database)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("CREATE TABLE public.invoices (n int)", r"holds something else \(public.invoices\)"),
        ("CREATE SCHEMA crm", r"holds something else \(crm\)"),
    ],
)
def test_a_database_in_other_use_is_refused(empty: Database, statement: str, sentence: str) -> None:
    with empty.connect() as session:
        session.execute(statement)
    with pytest.raises(ServerUnfit, match=sentence):
        run(install.init, empty)
    with empty.connect() as session:
        assert session.execute("SELECT to_regclass('crm.meta')").fetchone() == (None,)


def test_a_newer_database_is_refused(database: Database) -> None:
    with database.connect() as session:
        session.execute("UPDATE crm.meta SET schema_version = 99")
    for what in (install.init, install.upgrade, install.tick, install.after_restore):
        with pytest.raises(ServerUnfit, match="made by a newer crmdesk"):
            run(what, database)


def test_an_empty_database_is_only_for_init(empty: Database) -> None:
    for what in (install.upgrade, install.tick, install.after_restore):
        with pytest.raises(ServerUnfit, match="is empty"):
            run(what, empty)


def test_a_database_in_real_use_becomes_no_test_database(empty: Database) -> None:
    run(install.init, empty)
    with pytest.raises(ServerUnfit, match="in real use"):
        run(install.init, empty, test=True)


def test_an_address_carries_no_password_and_is_one(database: Database) -> None:
    with pytest.raises(InvalidInput, match="carries no password"):
        install.init(database.owner_dsn.replace("postgres@", "postgres:secret@"))
    with pytest.raises(InvalidInput, match="is like postgresql"):
        install.init("postgresql:/nowhere at all=")


def test_an_account_that_may_not_everything_is_told_what_is_left(empty: Database, cluster: Cluster) -> None:
    cluster.passwords["keeper"] = "keeper-word"
    with cluster.connect() as session:
        session.execute("CREATE ROLE keeper LOGIN CREATEROLE PASSWORD 'keeper-word'")
        session.execute(f'ALTER DATABASE "{empty.name}" OWNER TO keeper')
    report = install.init(empty.dsn("keeper"), password="keeper-word")
    left = "\n".join(map(str, report.left))
    assert "REVOKE EXECUTE ON FUNCTION" in left
    assert "temp_file_limit" in left
    with empty.connect("keeper") as session:
        assert session.execute("SELECT crm.my_role()").fetchone() == ("owner",)
    assert "Not possible" not in words(run(install.upgrade, empty))


def test_tick_numbers_what_is_committed(database: Database) -> None:
    database.person("wang")
    assert "4 changes numbered." in words(run(install.tick, database))
    assert "0 changes numbered." in words(run(install.tick, database))


def test_after_a_restore_no_tag_is_given_twice(database: Database) -> None:
    database.person("wang")
    register = "SELECT crm.register_device(gen_random_uuid(), NULL, '')"
    backup = database.copy()
    with database.connect("wang") as session:
        given = {session.execute(register).fetchone()[0]["tag"] for _ in range(50)}
    report = run(install.after_restore, backup)
    assert report.left == ()
    with backup.connect("wang") as session:
        later = {session.execute(register).fetchone()[0]["tag"] for _ in range(50)}
        assert "1 desks were connected already" in words(run(install.after_restore, backup))
    assert len(given) == len(later) == 50
    assert not given & later
    backup.drop()


def test_after_a_restore_people_without_an_account_are_named(database: Database) -> None:
    with database.connect() as session:
        session.execute("SELECT crm.set_person('gone', NULL, 'agent', '{}', NULL)")
    assert "no account on this server: gone." in words(run(install.after_restore, database))


def test_the_superuser_is_not_needed_to_read_a_version(database: Database) -> None:
    with database.connect(SUPERUSER) as session:
        assert install.our_version(session) == install.SCHEMA_VERSION
