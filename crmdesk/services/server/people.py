"""Who may use the shared database: persons with their accounts and roles, and teams.

A person is an account of PostgreSQL (member of ``crm_agent`` and of the group of his role), a row of
``crm.person``, his teams in ``crm.member``, and an Agent that every desk replicates. Names come from
outside and are hostile: they reach SQL as quoted identifiers or bound values, never by formatting. Passwords
leave this computer as SCRAM verifiers only, so that no log of the server holds one.

Connections are an administrator's, in autocommit mode: somebody who may create roles and is a member of
``crm_owner``. Each function here is one transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.models.agent import CODE_TABLES, Disposition, Team
from crmdesk.models.operations import row_of
from crmdesk.models.rules import one_of, required_line
from crmdesk.models.wire import Row
from crmdesk.resources import resource
from crmdesk.services.starter import complaint_codes, starter_id
from crmdesk.values import dataclass

if TYPE_CHECKING:
    import psycopg
    from psycopg import sql

    Admin = psycopg.Connection[Any]

ROLES = ("agent", "supervisor", "administrator", "auditor")
GROUPS: Mapping[str, str] = MappingProxyType(
    {"supervisor": "crm_supervisor", "administrator": "crm_administrator", "auditor": "crm_auditor"}
)
"""The group of PostgreSQL behind each role; all persons are in ``crm_agent`` besides."""

LOGIN_BYTES = 63
"""What PostgreSQL keeps of a name; it would cut a longer one without a word."""

RESERVED = ("pg_", "crm_")
MARK = "a person of crmdesk"
"""Stands at the accounts that crmdesk made, so that it takes no other ones: they are the whole server's."""

CONNECTIONS_AT_MOST = 6
PASSWORD_CHARACTERS = 8
LIMIT_AT_MOST = 10**12


@dataclass(frozen=True, slots=True)
class NewPerson:
    """Somebody to be let in; ``teams`` by key, ``limit`` is what he may grant without asking."""

    login: str
    password: str
    role: str
    teams: tuple[str, ...]
    limit: Decimal | None = None
    name: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody as the server knows him; ``teams`` by key, ``limit`` None: none is set."""

    login: str
    agent_id: UUID
    role: str
    teams: tuple[str, ...]
    limit: Decimal | None
    active: bool


def add_person(admin: Admin, new: NewPerson) -> Person:
    """Let somebody in, or in again: account, role, teams, and the agent that desks show.

    Raises:
        InvalidInput: a name, password or role that cannot be, an unknown team, or an account of that name
            that is not crmdesk's.
    """
    login = checked_login(new.login)
    role = one_of("role", new.role, ROLES)
    limit = _checked_limit(new.limit)
    if not new.teams:
        raise InvalidInput("A person needs a team. Name one with --team.", fields=("team",))
    with admin.transaction():
        _account(admin, login, new.password)
        _put_in_groups(admin, login, role)
        teams = [_team_id(admin, key) for key in dict.fromkeys(new.teams)]
        _set_person(admin, login, role, teams, limit, new.name or None)
    return person(admin, login)


def disable_person(admin: Admin, login: str) -> Person:
    """Shut somebody out at once: no login, no rights, open sessions ended. What he wrote stays.

    Raises:
        NotFound: nobody is called so.
    """
    from psycopg import sql

    held = person(admin, login)
    with admin.transaction():
        named = sql.Identifier(held.login)
        admin.execute(sql.SQL("ALTER ROLE {} NOLOGIN").format(named))
        admin.execute(sql.SQL("REVOKE {} FROM {}").format(_listed(("crm_agent", *GROUPS.values())), named))
        admin.execute("SELECT crm.disable_person(%s::name)", (held.login,))
    # Once more, for a session that began before the account was shut.
    end_sessions(admin, held.login)
    return person(admin, login)


def change_role(admin: Admin, login: str, role: str, limit: Decimal | None = None) -> Person:
    """Give somebody another role, and another limit if one is named.

    Raises:
        NotFound: nobody is called so.
        InvalidInput: there is no such role, or he is shut out.
    """
    held = person(admin, login)
    one_of("role", role, ROLES)
    if not held.active:
        raise InvalidInput(
            "{name} is shut out. Let this person in again first: crmdesk admin user add.",
            fields=("name",),
            name=login,
        )
    with admin.transaction():
        _put_in_groups(admin, held.login, role)
        _set_person(admin, held.login, role, None, _checked_limit(limit), None)
    return person(admin, login)


def change_password(admin: Admin, login: str, password: str) -> Person:
    """Give somebody another password; sessions that are open go on.

    Raises:
        NotFound: nobody is called so.
        InvalidInput: the password is too short.
    """
    held = person(admin, login)
    _set_password(admin, held.login, password)
    return held


def person(admin: Admin, login: str) -> Person:
    """Return one person.

    Raises:
        NotFound: nobody is called so.
    """
    for each in persons(admin):
        if each.login == login:
            return each
    raise NotFound("Nobody is called {name} on this server.", name=login)


def persons(admin: Admin) -> tuple[Person, ...]:
    """Return everybody the server knows, by login."""
    rows = admin.execute(
        "SELECT p.login::text, p.agent_id, p.role, p.amount_limit, p.active,"
        " array(SELECT t.key FROM crm.member m JOIN crm.team t ON t.id = m.team"
        "       WHERE m.login = p.login ORDER BY t.key)"
        " FROM crm.person p ORDER BY p.login"
    ).fetchall()
    return tuple(
        Person(login, agent_id, role, tuple(teams), limit, active)
        for login, agent_id, role, limit, active, teams in rows
    )


def add_team(admin: Admin, key: str, *, name_en: str = "", name_zh: str = "", queue: str = "") -> Team:
    """Make a team, or change the names and queue of the one called *key*; what is empty stays as it is.

    Raises:
        InvalidInput: the key is empty or too long.
    """
    held = required_line("team", key)
    names = (queue or None, name_en or None, name_zh or name_en or None)
    found = admin.execute(
        "SELECT crm.set_team(%s::uuid, %s::text, %s::text, %s::text, %s::text)",
        (starter_id("team", held), held, *names),
    ).fetchone()
    row_id = found[0] if found else None
    return next(team for team in teams(admin) if team.id == row_id)


def teams(admin: Admin) -> tuple[Team, ...]:
    """Return all teams, by key."""
    rows = admin.execute(
        "SELECT id, rev, key, queue, name_en, name_zh FROM crm.team ORDER BY key, id"
    ).fetchall()
    return tuple(
        Team(id=row_id, rev=rev, key=key, queue=queue, name_en=en, name_zh=zh)
        for row_id, rev, key, queue, en, zh in rows
    )


def furnish(admin: Admin) -> int:
    """Lay out the code tables a house begins with; return how many rows are new. What is there stays."""
    codes = json.loads(resource("starter", "codes.json").read_text(encoding="utf-8"))
    new = 0
    with admin.transaction():
        admin.execute("SET LOCAL ROLE crm_owner")
        admin.execute("SELECT crm.begin_operation(NULL, NULL)")
        held = {key for (key,) in admin.execute("SELECT key FROM crm.disposition").fetchall()}
        for position, values in enumerate(codes["dispositions"]):
            if values["key"] not in held:
                row_id = starter_id("disposition", values["key"])
                _insert(admin, "disposition", row_of(Disposition(id=row_id, position=position, **values)))
                new += 1
        known = {key for (key,) in admin.execute("SELECT key FROM crm.team").fetchall()}
        for values in codes["teams"]:
            if not known:
                _insert(admin, "team", row_of(Team(id=starter_id("team", values["key"]), **values)))
                new += 1
    return new + furnish_complaints(admin)


def furnish_complaints(admin: Admin) -> int:
    """Lay out what complaints are about and come from, where a list is still empty; return how many rows."""
    begun = "SELECT 'complaint_category' FROM crm.complaint_category UNION SELECT 'cause' FROM crm.cause"
    with admin.transaction():
        admin.execute("SET LOCAL ROLE crm_owner")
        admin.execute("SELECT crm.begin_operation(NULL, NULL)")
        held = {table for (table,) in admin.execute(begun).fetchall()}
        missing = [(table, values) for table, values in complaint_codes() if table not in held]
        for table, values in missing:
            entity = CODE_TABLES[table](id=starter_id(table, values["key"]), **values)
            _insert(admin, table, row_of(entity))
    return len(missing)


def checked_login(login: str) -> str:
    """Return *login* when PostgreSQL can keep it as it is and it is nobody's reserved name."""
    if not login or login != login.strip() or not login.isprintable():
        raise InvalidInput("{name} cannot be the name of an account.", fields=("name",), name=repr(login))
    try:
        length = len(login.encode())
    except UnicodeEncodeError:
        length = LOGIN_BYTES + 1
    if length > LOGIN_BYTES:
        raise InvalidInput(
            "The name of an account may have {limit} bytes at most.", fields=("name",), limit=LOGIN_BYTES
        )
    if login.startswith(RESERVED) or login in ("public", "none"):
        raise InvalidInput("The name {name} is taken by the server itself.", fields=("name",), name=login)
    return login


def end_sessions(admin: Admin, login: str) -> int:
    """End all sessions of *login* in this database; return how many."""
    ended = admin.execute("SELECT crm.end_sessions(%s::name)", (login,)).fetchone()
    return int(ended[0]) if ended else 0


def _insert(admin: Admin, table: str, row: Row) -> None:
    """Write a first row of a code table."""
    from psycopg import sql

    place = sql.Identifier("crm", table)
    marks = sql.SQL(", ").join([sql.Placeholder()] * len(row))
    admin.execute(
        sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(place, _listed(tuple(row)), marks),
        list(row.values()),
    )


def _set_person(
    admin: Admin, login: str, role: str, teams: list[UUID] | None, limit: Decimal | None, name: str | None
) -> None:
    """Write the person's rights and his agent; what is None stays as it is."""
    admin.execute(
        "SELECT crm.set_person(%s::name, %s::uuid, %s::text, %s::uuid[], %s::numeric, %s::text, %s::text)",
        (login, _agent_id(admin, login), role, teams, limit, name, name),
    )


def _checked_limit(limit: Decimal | None) -> Decimal | None:
    if limit is not None and not 0 <= limit < LIMIT_AT_MOST:
        raise InvalidInput(
            "{name} must lie between 0 and {limit}.", fields=("limit",), name="limit", limit=LIMIT_AT_MOST
        )
    return limit


def _listed(names: Sequence[str]) -> sql.Composed:
    from psycopg import sql

    return sql.SQL(", ").join(map(sql.Identifier, names))


def _account(admin: Admin, login: str, password: str) -> None:
    """Make the account *login*, or take the one crmdesk made before; give it the password."""
    from psycopg import sql

    found = admin.execute(
        "SELECT rolsuper OR rolcreaterole OR rolcreatedb OR rolreplication OR rolbypassrls,"
        " EXISTS (SELECT FROM pg_auth_members m JOIN pg_roles g ON g.oid = m.roleid"
        "         WHERE m.member = r.oid AND g.rolname = 'crm_agent'),"
        " EXISTS (SELECT FROM crm.person WHERE login = r.rolname),"
        " shobj_description(r.oid, 'pg_authid') IS NOT DISTINCT FROM %s"
        " FROM pg_roles r WHERE rolname = %s::name",
        (MARK, login),
    ).fetchone()
    if found is not None and (found[0] or not any(found[1:])):
        raise InvalidInput(
            "There is an account {name} on this server that is not a person of crmdesk. Take another name.",
            fields=("name",),
            name=login,
        )
    if found is None:
        named = sql.Identifier(login)
        admin.execute(sql.SQL("CREATE ROLE {} NOLOGIN").format(named))
        admin.execute(sql.SQL("COMMENT ON ROLE {} IS {}").format(named, sql.Literal(MARK)))
    limit = sql.Literal(CONNECTIONS_AT_MOST)
    admin.execute(sql.SQL("ALTER ROLE {} LOGIN CONNECTION LIMIT {}").format(sql.Identifier(login), limit))
    _set_password(admin, login, password)


def _set_password(admin: Admin, login: str, password: str) -> None:
    from psycopg import sql

    if len(password) < PASSWORD_CHARACTERS or "\0" in password:
        raise InvalidInput(
            "A password needs {limit} characters at least.", fields=("password",), limit=PASSWORD_CHARACTERS
        )
    verifier = admin.pgconn.encrypt_password(password.encode(), login.encode(), b"scram-sha-256").decode()
    admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(login), sql.Literal(verifier)))


def _put_in_groups(admin: Admin, login: str, role: str) -> None:
    """Make *login* a member of exactly the groups of *role*."""
    from psycopg import sql

    named, wanted = sql.Identifier(login), ("crm_agent", *((GROUPS[role],) if role in GROUPS else ()))
    others = [group for group in GROUPS.values() if group not in wanted]
    admin.execute(sql.SQL("REVOKE {} FROM {}").format(_listed(others), named))
    admin.execute(sql.SQL("GRANT {} TO {}").format(_listed(wanted), named))


def _team_id(admin: Admin, key: str) -> UUID:
    found = admin.execute("SELECT id FROM crm.team WHERE key = %s ORDER BY id LIMIT 1", (key,)).fetchone()
    if found is None:
        raise InvalidInput(
            "There is no team {name}. Make it first: crmdesk admin team add {name}.",
            fields=("team",),
            name=key,
        )
    team_id: UUID = found[0]
    return team_id


def _agent_id(admin: Admin, login: str) -> UUID:
    """Return the id of the agent *login*: as the server knows him, else the one every desk would give."""
    found = admin.execute(
        "SELECT agent_id FROM crm.person WHERE login = %s::name"
        " UNION ALL SELECT id FROM crm.agent WHERE login = %s LIMIT 1",
        (login, login),
    ).fetchone()
    agent_id: UUID = found[0] if found else starter_id("agent", login)
    return agent_id
