"""What somebody with a password and a SQL prompt can do: read what is his to read, and nothing else."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from crmdesk.services.server import ddl
from crmdesk.services.sync.holding import at_server
from tests.cluster import Cluster, Database, Person
from tests.services.server.rows import add_customer, add_note, mutate, stamp_all

SECRET = "canary-7f3a"


@dataclass(frozen=True)
class House:
    """Two teams, a person in each, and a note that only the second team may read."""

    database: Database
    wang: Person
    li: Person
    customer: uuid.UUID
    secret: uuid.UUID
    own: uuid.UUID
    public: uuid.UUID


@pytest.fixture
def house(database: Database) -> House:
    """A house of its own, for tests that change it."""
    return furnished(database)


@pytest.fixture(scope="module")
def standing_house(cluster: Cluster) -> Iterator[House]:
    """A house for tests that are denied whatever they try."""
    made = cluster.database()
    yield furnished(made)
    made.drop()


def furnished(database: Database) -> House:
    wang, li = database.person("wang", teams=("hotline",)), database.person("li", teams=("legal",))
    with database.connect() as owner:
        customer = add_customer(owner)
        secret = add_note(owner, SECRET, li.teams["legal"], li.agent_id)
        own = add_note(owner, "wang to legal", li.teams["legal"], wang.agent_id)
        public = add_note(owner, "for everybody", None, li.agent_id)
        stamp_all(owner)
    return House(database, wang, li, customer, secret, own, public)


def notes(session: Any) -> set[uuid.UUID]:
    return {row for (row,) in session.execute("SELECT id FROM crm.note").fetchall()}


def pointers(session: Any) -> set[uuid.UUID]:
    return {row for (row,) in session.execute("SELECT pk FROM crm.feed WHERE tab = 'note'").fetchall()}


def test_a_note_of_a_team_is_for_the_team_and_its_author(house: House) -> None:
    with house.database.connect("wang") as wang, house.database.connect("li") as li:
        assert notes(wang) == pointers(wang) == {house.own, house.public}
        assert notes(li) == pointers(li) == {house.secret, house.own, house.public}


def test_without_the_policy_the_canary_is_found(house: House) -> None:
    with house.database.connect() as owner:
        owner.execute("ALTER TABLE crm.note DISABLE ROW LEVEL SECURITY")
    with house.database.connect("wang") as wang:
        assert house.secret in notes(wang)


def test_a_supervisor_reads_the_notes_of_his_teams_only(house: House) -> None:
    house.database.person("zhao", "supervisor", ("hotline",))
    house.database.person("qian", "supervisor", ("legal",))
    with house.database.connect("zhao") as elsewhere, house.database.connect("qian") as here:
        assert house.secret not in notes(elsewhere)
        assert house.secret in notes(here)


def test_a_membership_counts_at_once(house: House) -> None:
    with house.database.connect("wang") as wang, house.database.connect() as owner:
        assert house.secret not in notes(wang)
        owner.execute("INSERT INTO crm.member VALUES ('wang', %s)", (house.li.teams["legal"],))
        assert house.secret in notes(wang) & pointers(wang)
        owner.execute("DELETE FROM crm.member WHERE login = 'wang'")
        assert house.secret not in notes(wang) | pointers(wang)


def test_the_old_team_of_a_handed_over_row_gets_its_pointer(house: House) -> None:
    with house.database.connect() as owner:
        last = stamp_all(owner)
        owner.execute(
            "UPDATE crm.note SET team_id = %s, rev = 2 WHERE id = %s",
            (house.wang.teams["hotline"], house.secret),
        )
        stamp_all(owner)
    for login in ("wang", "li"):
        with house.database.connect(login) as session:
            found = session.execute("SELECT pk FROM crm.feed WHERE seq > %s", (last,)).fetchall()
            assert found == [(house.secret,)]
    with house.database.connect("wang") as wang, house.database.connect("li") as li:
        assert house.secret in notes(wang)
        assert house.secret in notes(li), "its author"


def test_an_account_that_is_nobody_here_sees_nothing(house: House) -> None:
    with house.database.connect() as owner:
        owner.execute("DELETE FROM crm.person WHERE login = 'wang'")
    with house.database.connect("wang") as wang:
        for table in (*ddl.TABLES, "feed", "tick"):
            seen = wang.execute(f"SELECT 1 FROM {at_server(table)} LIMIT 1").fetchall()
            assert seen == [], table
        assert wang.execute("SELECT crm.my_role(), crm.my_agent(), crm.my_teams()").fetchone() == (
            None,
            None,
            [],
        )
        with pytest.raises(psycopg.Error, match="is nobody here"):
            wang.execute("SELECT crm.register_device(gen_random_uuid(), NULL, '')")


def test_a_disabled_person_is_cut_off_and_shown_inactive(house: House) -> None:
    wang = house.database.connect("wang")
    with house.database.connect() as owner:
        assert owner.execute("SELECT crm.disable_person('wang')").fetchone() == (1,)
        shown = owner.execute("SELECT active, rev FROM crm.agent WHERE login = 'wang'").fetchone()
    assert shown == (False, 2)
    with pytest.raises(psycopg.OperationalError):
        wang.execute("SELECT 1")
    wang.close()
    with house.database.connect("wang") as again:
        assert again.execute("SELECT crm.my_role()").fetchone() == (None,)


WRITES = [
    "INSERT INTO crm.customer (id, created_at, updated_at) VALUES (gen_random_uuid(), now(), now())",
    "UPDATE crm.customer SET name = 'x'",
    "DELETE FROM crm.customer",
    "TRUNCATE crm.customer",
    "UPDATE crm.note SET author = 'x'",
    "UPDATE crm.person SET role = 'administrator'",
    "INSERT INTO crm.member SELECT session_user, gen_random_uuid()",
    "UPDATE crm.feed SET seq = 1",
    "DELETE FROM crm.feed",
    "UPDATE crm.tick SET fp = ''",
    "UPDATE crm.device SET login = session_user",
    "DELETE FROM crm.audit",
    "UPDATE crm.meta SET min_client = 9",
    "UPDATE crm.head SET one = true",
    "SELECT setval('crm.feed_id_seq', 1)",
    "SELECT nextval('crm.tag_number')",
]
READS = [
    "SELECT * FROM crm.person",
    "SELECT * FROM crm.member",
    "SELECT * FROM crm.audit",
    "SELECT * FROM crm.audit_value",
    "SELECT * FROM crm.meta",
    "SELECT one FROM crm.head FOR UPDATE",
    "SELECT last_value FROM crm.feed_id_seq",
    "SELECT floor FROM crm.tick",
]
POWERS = [
    "SELECT crm.point('customer', gen_random_uuid(), NULL, '{}')",
    "SELECT crm.begin_operation(gen_random_uuid(), gen_random_uuid())",
    "SELECT crm.set_person('wang', NULL, 'administrator', '{}', NULL)",
    "SELECT crm.disable_person('li')",
    "SELECT crm.end_sessions('li')",
    "SELECT crm.forget_device(gen_random_uuid())",
    "SELECT crm.reap_older('0')",
    "SELECT crm.hint_or_promise()",
    "SELECT crm.concerned()",
    "SELECT crm.broken_audit()",
    "SET ROLE crm_owner",
    "SET SESSION AUTHORIZATION li",
    "GRANT crm_owner TO wang",
    "GRANT crm_administrator TO wang",
    "ALTER ROLE wang SUPERUSER",
    "CREATE ROLE other",
    "CREATE SCHEMA mine",
    "CREATE TABLE public.mine (n int)",
    "CREATE TABLE crm.mine (n int)",
    "CREATE TEMP TABLE note (n int)",
    "CREATE FUNCTION crm.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION pg_temp.mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE POLICY mine ON crm.note USING (true)",
    "ALTER TABLE crm.note DISABLE ROW LEVEL SECURITY",
    "DROP TABLE crm.note",
    "SET row_security = off; SELECT id FROM crm.note",
    "LOCK TABLE crm.customer IN ROW SHARE MODE",
    "LOCK TABLE crm.customer IN ACCESS EXCLUSIVE MODE",
    "SELECT id FROM crm.customer FOR UPDATE",
    "SELECT id FROM crm.customer FOR KEY SHARE",
    "SELECT lo_create(0)",
    "SELECT lo_from_bytea(0, 'x')",
    "SELECT lo_import('/etc/passwd')",
    "SELECT pg_read_file('/etc/passwd')",
    "COPY crm.customer TO PROGRAM 'cat'",
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'postgres'",
    "SELECT * FROM pg_authid",
    "SELECT pg_create_logical_replication_slot('s', 'pgoutput')",
]


@pytest.mark.parametrize("statement", WRITES + READS + POWERS)
def test_what_no_agent_may_do_is_denied(standing_house: House, statement: str) -> None:
    with (
        standing_house.database.connect("wang", autocommit=False) as wang,
        pytest.raises(psycopg.Error) as met,
    ):
        wang.execute(statement)
    assert met.value.sqlstate in {"42501", "22023"} or "permission" in str(met.value), met.value


LEAKS = [
    "SELECT text FROM crm.note",
    "SELECT text FROM ONLY crm.note WHERE crm.my_role() IS NOT NULL OR true",
    "SELECT (SELECT n.text FROM crm.note n WHERE n.id = f.pk) FROM crm.feed f",
    "SELECT n::text FROM crm.note n",
    "SELECT to_jsonb(n)::text FROM crm.note n",
    "SELECT most_common_vals::text FROM pg_stats",
    "SELECT query FROM pg_stat_activity",
    "SELECT subject || summary FROM crm.interaction",
    "TABLE crm.note",
]


@pytest.mark.parametrize("statement", LEAKS)
def test_no_path_shows_another_teams_text(standing_house: House, statement: str) -> None:
    with standing_house.database.connect() as owner:
        owner.execute("ANALYZE crm.note")
    with standing_house.database.connect("wang") as wang:
        found = wang.execute(statement).fetchall()
    assert SECRET not in str(found)


def test_a_leaky_predicate_is_not_asked_about_hidden_rows(house: House) -> None:
    """The cast raises for whatever row it sees, with the text in the message."""
    with house.database.connect("wang") as wang, pytest.raises(psycopg.Error) as met:
        wang.execute("SELECT 1 FROM crm.note WHERE text::integer > 0")
    assert SECRET not in str(met.value)


def test_what_the_owner_calls_for_somebody_shows_no_more_than_he_may_see(house: House) -> None:
    """A careless function of the owner's: FORCE and session_user keep it from telling."""
    with house.database.connect() as owner:
        owner.execute("SET ROLE crm_owner")
        owner.execute(
            "CREATE FUNCTION crm.careless() RETURNS SETOF text LANGUAGE sql SECURITY DEFINER"
            " AS 'SELECT text FROM crm.note'"
        )
        owner.execute("GRANT EXECUTE ON FUNCTION crm.careless() TO crm_agent")
        assert SECRET in str(owner.execute("SELECT crm.careless()").fetchall())
    with house.database.connect("wang") as wang:
        assert SECRET not in str(wang.execute("SELECT crm.careless()").fetchall())
    with house.database.connect() as owner:
        owner.execute("ALTER TABLE crm.note NO FORCE ROW LEVEL SECURITY")
    with house.database.connect("wang") as wang:
        assert SECRET in str(wang.execute("SELECT crm.careless()").fetchall()), "what FORCE is for"


def test_every_function_keeps_to_its_own_schema_and_to_those_it_is_for(database: Database) -> None:
    with database.connect() as session:
        functions = session.execute(
            "SELECT p.oid::regprocedure::text, p.prosecdef, p.proconfig,"
            " has_function_privilege('public', p.oid, 'EXECUTE')"
            " FROM pg_proc p WHERE p.pronamespace = 'crm'::regnamespace"
        ).fetchall()
    assert len(functions) > 40
    for name, definer, settings, for_all in functions:
        assert not definer or "search_path=pg_catalog, pg_temp" in (settings or []), name
        assert not for_all, name


def test_a_temporary_table_takes_no_functions_place(house: House) -> None:
    """Even somebody allowed to make temporary tables does not stand in for ours."""
    with house.database.connect() as owner:
        owner.execute(f'GRANT TEMP ON DATABASE "{house.database.name}" TO wang')
    with house.database.connect("wang") as wang:
        wang.execute("CREATE TEMP TABLE person (login name, agent_id uuid, role text, active bool)")
        wang.execute("INSERT INTO person VALUES (session_user, gen_random_uuid(), 'auditor', true)")
        wang.execute("SET search_path = pg_temp, crm")
        assert wang.execute("SELECT crm.my_role()").fetchone() == ("agent",)
    with house.database.connect() as owner:
        owner.execute(f'REVOKE TEMP ON DATABASE "{house.database.name}" FROM wang')


def test_a_setting_of_the_session_forges_no_author(house: House) -> None:
    with house.database.connect() as owner:
        owner.execute("SET crm.op = 'ffffffff-ffff-ffff-ffff-ffffffffffff'")
        owner.execute("SELECT crm.set_team(NULL, 'night')")
        row = owner.execute(
            "SELECT op, login FROM crm.audit WHERE tab = 'team' ORDER BY n DESC LIMIT 1"
        ).fetchone()
    assert row == (None, "postgres")


def test_administrators_manage_people_and_auditors_read_the_audit(house: House) -> None:
    boss = house.database.person("boss", "administrator", ())
    house.database.person("eye", "auditor", ())
    with house.database.connect() as owner:
        owner.execute("GRANT crm_administrator TO boss")
        owner.execute("GRANT crm_auditor TO eye")
    with house.database.connect("boss") as session:
        session.execute("SELECT crm.set_person('wang', NULL, 'supervisor', NULL, 500)")
        assert house.secret not in notes(session), "administrators keep the house, they read no bodies"
        assert session.execute("SELECT count(*) FROM crm.audit").fetchone()[0] > 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SELECT * FROM crm.audit_value")
    with house.database.connect("eye") as session:
        assert SECRET in str(session.execute("SELECT after FROM crm.audit_value").fetchall())
        assert house.secret not in notes(session)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("SELECT crm.set_person('eye', NULL, 'administrator', NULL, NULL)")
    with house.database.connect("wang") as session:
        assert session.execute("SELECT crm.my_role()").fetchone() == ("supervisor",)
    assert boss.role == "administrator"


def test_membership_of_the_group_alone_makes_no_administrator(house: House) -> None:
    """Groups are one for all databases of a server; the person's row of this one decides."""
    with house.database.connect() as owner:
        owner.execute("GRANT crm_administrator, crm_auditor TO wang")
    try:
        with house.database.connect("wang") as wang:
            with pytest.raises(psycopg.Error, match="Only an administrator"):
                wang.execute("SELECT crm.set_person('wang', NULL, 'administrator', NULL, NULL)")
            assert wang.execute("SELECT * FROM crm.audit").fetchall() == []
            assert wang.execute("SELECT * FROM crm.audit_value").fetchall() == []
    finally:
        with house.database.connect() as owner:
            owner.execute("REVOKE crm_administrator, crm_auditor FROM wang")


def test_a_dropped_force_is_what_the_careless_function_needs(house: House) -> None:
    """The control of the policies: with a policy that lets all through, the canary is there."""
    mutate(house.database, "crm.my_teams()", "WHERE m.login = session_user AND p.active", "")
    with house.database.connect("wang") as wang:
        assert house.secret in notes(wang)
