"""Persons, teams and desks at the shared database, asked for by SQL as somebody else."""

import uuid
from decimal import Decimal
from typing import Any

import psycopg
import pytest

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.services.server import devices, people
from tests.cluster import Cluster, Database

PASSWORD = "correct horse"
HOSTILE = (
    'x"; DROP TABLE crm.feed; --',
    "o'neill $$ \\ %s {0}",
    "客服 一号",
    "SELECT",
    "Ä" * 31,
)


@pytest.fixture
def admin(database: Database) -> Any:
    """A superuser's connection."""
    people.furnish(connection := database.connect())
    yield connection
    connection.close()


def added(admin: Any, login: str, role: str = "agent", **more: Any) -> people.Person:
    values = {"teams": ("hotline",), **more}
    return people.add_person(admin, people.NewPerson(login, PASSWORD, role, **values))


def let_in(database: Database, login: str, password: str = PASSWORD) -> Any:
    dsn = database.cluster.conninfo("nobody", database.name)
    return psycopg.connect(dsn, user=login, password=password, autocommit=True)


def count(connection: Any, statement: str, *values: object) -> int:
    found: int = connection.execute(statement, values).fetchone()[0]
    return found


@pytest.mark.parametrize("login", HOSTILE)
def test_a_hostile_name_is_only_a_name(database: Database, admin: Any, login: str) -> None:
    made = added(admin, login, limit=Decimal(200))
    assert (made.login, made.teams, made.limit, made.active) == (login, ("hotline",), Decimal(200), True)
    with let_in(database, login) as session:
        assert session.execute("SELECT session_user::text, crm.my_role()").fetchone() == (login, "agent")
        assert count(session, "SELECT count(*) FROM crm.agent WHERE login = %s", login) == 1
    people.disable_person(admin, login)
    assert count(admin, "SELECT count(*) FROM crm.feed WHERE tab = 'agent' AND pk = %s", made.agent_id) == 2


@pytest.mark.parametrize(
    "login", ["", " anna", "a\nb", "a\0b", "Ä" * 32, "pg_monitor", "crm_owner", "public", "none", "\ud800"]
)
def test_a_name_no_account_can_have(admin: Any, login: str) -> None:
    with pytest.raises(InvalidInput):
        added(admin, login)
    assert people.persons(admin) == ()


def test_an_account_that_is_not_ours_is_left_alone(cluster: Cluster, admin: Any) -> None:
    admin.execute("CREATE ROLE bookkeeping LOGIN")
    for login in ("postgres", "bookkeeping"):
        with pytest.raises(InvalidInput, match="not a person of crmdesk"):
            added(admin, login)
    member = "SELECT count(*) FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = %s"
    assert count(admin, member, "bookkeeping") == 0
    with cluster.connect():
        pass


def test_an_account_shut_out_of_one_database_is_taken_for_another(cluster: Cluster, admin: Any) -> None:
    added(admin, "moved")
    people.disable_person(admin, "moved")
    other = cluster.database()
    with other.connect() as there:
        people.furnish(there)
        assert added(there, "moved").active
    other.drop()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"teams": ()}, "team"),
        ({"teams": ("nowhere",)}, "team"),
        ({"role": "king"}, "role"),
        ({"limit": Decimal(-1)}, "limit"),
    ],
)
def test_what_does_not_fit_makes_no_account(admin: Any, values: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        added(admin, "half", **values)
    assert refused.value.fields == (field,)
    assert count(admin, "SELECT count(*) FROM pg_roles WHERE rolname = 'half'") == 0
    with pytest.raises(InvalidInput, match="8 characters"):
        people.add_person(admin, people.NewPerson("half", "short", "agent", ("hotline",)))
    assert count(admin, "SELECT count(*) FROM pg_roles WHERE rolname = 'half'") == 0


def test_a_password_reaches_the_server_as_a_verifier_only(database: Database, admin: Any) -> None:
    added(admin, "vera")
    people.change_password(admin, "vera", "another horse")
    stored = admin.execute("SELECT rolpassword FROM pg_authid WHERE rolname = 'vera'").fetchone()[0]
    assert stored.startswith("SCRAM-SHA-256$")
    with let_in(database, "vera", "another horse"):
        pass
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        let_in(database, "vera")


def test_who_is_shut_out_is_out_at_once_and_can_come_back(database: Database, admin: Any) -> None:
    before = added(admin, "otto", "supervisor", limit=Decimal(50))
    session = let_in(database, "otto")
    held = people.disable_person(admin, "otto")
    assert not held.active
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    session.close()
    with pytest.raises(psycopg.OperationalError, match="not permitted to log in"):
        let_in(database, "otto")
    assert count(admin, "SELECT count(*) FROM crm.agent WHERE login = 'otto' AND NOT active") == 1
    with pytest.raises(InvalidInput, match="shut out"):
        people.change_role(admin, "otto", "agent")
    again = added(admin, "otto")
    assert (again.agent_id, again.role, again.active) == (before.agent_id, "agent", True)
    with let_in(database, "otto") as session:
        assert count(session, "SELECT count(*) FROM crm.agent WHERE login = 'otto' AND active") == 1


def test_a_role_brings_the_rights_of_its_group_and_takes_the_others(database: Database, admin: Any) -> None:
    added(admin, "rosa", "administrator")
    with let_in(database, "rosa") as session:
        assert count(session, "SELECT count(*) FROM crm.person") == 1
    held = people.change_role(admin, "rosa", "agent", Decimal(10))
    assert (held.role, held.limit) == ("agent", Decimal(10))
    with (
        let_in(database, "rosa") as session,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        session.execute("SELECT * FROM crm.person")
    shown = admin.execute("SELECT role, active, rev FROM crm.agent WHERE login = 'rosa'").fetchone()
    assert shown == ("agent", True, 2)


def test_nobody_is_nobody(admin: Any) -> None:
    for attempt in (
        lambda: people.disable_person(admin, "ghost"),
        lambda: people.change_role(admin, "ghost", "agent"),
        lambda: people.change_password(admin, "ghost", PASSWORD),
        lambda: devices.forget_device(admin, "ZZZ"),
    ):
        with pytest.raises(NotFound):
            attempt()


def test_teams_are_made_once_and_changed_in_place(admin: Any) -> None:
    assert [team.key for team in people.teams(admin)] == ["hotline"]
    made = people.add_team(admin, "night", name_zh="夜班")
    again = people.add_team(admin, "night", queue="hotline-night")
    assert (again.id, again.name_zh, again.queue) == (made.id, "夜班", "hotline-night")
    assert again.rev == 2
    assert people.add_team(admin, "night").rev == 2
    with pytest.raises(InvalidInput):
        people.add_team(admin, " ")


def test_the_code_tables_are_laid_out_once_and_changes_stay(admin: Any) -> None:
    laid = count(admin, "SELECT count(*) FROM crm.disposition")
    assert laid >= 5
    admin.execute("UPDATE crm.disposition SET name_en = 'Ours' WHERE key = 'resolved'")
    assert people.furnish(admin) == 0
    assert count(admin, "SELECT count(*) FROM crm.disposition WHERE name_en = 'Ours'") == 1
    assert count(admin, "SELECT count(*) FROM crm.feed WHERE tab = 'disposition'") >= laid


def test_a_server_of_an_older_crmdesk_gets_the_codes_of_complaints_once(admin: Any) -> None:
    causes = count(admin, "SELECT count(*) FROM crm.cause")
    assert causes > 40
    admin.execute("DELETE FROM crm.cause")
    assert people.furnish_complaints(admin) == causes
    admin.execute("DELETE FROM crm.cause WHERE key = 'a_wear_early'")
    assert people.furnish_complaints(admin) == 0


def test_a_forgotten_desk_is_marked_and_its_person_goes_on(database: Database, admin: Any) -> None:
    added(admin, "dora")
    lost, kept = uuid.uuid4(), uuid.uuid4()
    session = let_in(database, "dora")
    for device in (lost, kept):
        session.execute("SELECT crm.register_device(%s, '', 'laptop')", (device,))
    tags = {each.id: each.tag for each in devices.devices(admin)}
    found = devices.forget_device(admin, tags[lost].lower())
    assert (found.id, found.state, found.login, found.name) == (lost, "forgotten", "dora", "laptop")
    with pytest.raises(psycopg.OperationalError):
        session.execute("SELECT 1")
    session.close()
    with let_in(database, "dora") as session:
        session.execute("SELECT crm.confirm_forgotten(%s)", (lost,))
    assert devices.forget_device(admin, str(lost)).state == "confirmed"
    states = {each.id: each.state for each in devices.devices(admin)}
    assert states == {lost: "confirmed", kept: "active"}


def test_only_an_administrator_changes_people(database: Database, admin: Any) -> None:
    added(admin, "mallory")
    with let_in(database, "mallory") as session:
        for statement in (
            "SELECT crm.set_person('mallory', NULL, 'administrator', NULL, NULL)",
            "SELECT crm.disable_person('mallory')",
            "SELECT crm.set_team(NULL, 'x')",
            "UPDATE crm.person SET role = 'administrator'",
            "GRANT crm_administrator TO mallory",
            "SET ROLE crm_owner",
            "ALTER ROLE mallory CONNECTION LIMIT 100",
        ):
            with pytest.raises(psycopg.Error):
                session.execute(statement)
    assert people.person(admin, "mallory").role == "agent"
