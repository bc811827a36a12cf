"""Who may do what leaves an entry in the audit: who changed it, when, before and after, in the chain."""

from __future__ import annotations

from typing import Any

import pytest

from crmdesk.services.server import people
from tests.cluster import Database
from tests.services.server.rows import stamp_all


def entries(owner: Any) -> list[tuple[Any, ...]]:
    """All entries about rights: table, who changed it, before, after, in order."""
    found: list[tuple[Any, ...]] = owner.execute(
        "SELECT a.tab, a.login::text, v.before, v.after"
        " FROM crm.audit a JOIN crm.audit_value v ON v.audit = a.n"
        " WHERE a.tab IN ('person', 'member') ORDER BY a.n"
    ).fetchall()
    return found


@pytest.fixture
def watched(database: Database) -> Database:
    """A database with wang in team hotline, whose first entries are put aside."""
    database.person("wang", teams=("hotline",))
    with database.connect() as owner:
        first = entries(owner)
        assert [(tab, before) for tab, _, before, _ in first] == [("person", None), ("member", None)]
        assert first[0][3]["role"] == "agent"
        stamp_all(owner)
    return database


def test_role_limit_teams_and_access(watched: Database) -> None:
    with watched.connect() as owner:
        people.add_team(owner, "night")
        people.change_role(owner, "wang", "supervisor")
        owner.execute(
            "SELECT crm.set_person('wang', NULL, NULL,"
            " (SELECT array_agg(id) FROM crm.team WHERE key = 'night'), 200)"
        )
        people.disable_person(owner, "wang")
        told = entries(owner)[2:]
        assert [tab for tab, *_ in told] == ["person", "person", "member", "member", "person"]
        role, limit, left, came, access = told
        assert (role[2]["role"], role[3]["role"]) == ("agent", "supervisor")
        assert (limit[2]["amount_limit"], limit[3]["amount_limit"]) == (None, 200)
        assert (left[2]["login"], left[3], came[2], came[3]["login"]) == ("wang", None, None, "wang")
        assert (access[2]["active"], access[3]["active"]) == (True, False)
        assert {who for _, who, _, _ in told} == {"postgres"}
        stamp_all(owner)
        assert owner.execute("SELECT * FROM crm.broken_audit()").fetchall() == []


def test_what_somebody_does_past_the_commands_is_seen_too(watched: Database) -> None:
    with watched.connect() as owner:
        owner.execute("UPDATE crm.person SET role = 'administrator' WHERE login = 'wang'")
        owner.execute("DELETE FROM crm.member WHERE login = 'wang'")
        owner.execute("DELETE FROM crm.person WHERE login = 'wang'")
        role, left, gone = entries(owner)[2:]
        assert role[3]["role"] == "administrator"
        assert left[2]["login"] == "wang"
        assert (gone[2]["login"], gone[3]) == ("wang", None)
        stamp_all(owner)
        assert owner.execute("SELECT * FROM crm.broken_audit()").fetchall() == []
        owner.execute(
            "UPDATE crm.audit_value SET after = jsonb_set(after, '{role}', '\"agent\"')"
            " WHERE after ->> 'role' = 'administrator'"
        )
        assert owner.execute("SELECT what FROM crm.broken_audit()").fetchall() == [("row",)]


def test_what_changes_nothing_leaves_nothing(watched: Database) -> None:
    with watched.connect() as owner:
        people.change_role(owner, "wang", "agent")
        assert entries(owner)[2:] == []


def test_an_administrator_of_ours_stands_there_by_his_own_name(watched: Database) -> None:
    watched.person("boss", "administrator")
    with watched.connect() as owner:
        owner.execute("GRANT crm_administrator TO boss")
        before = len(entries(owner))
    with watched.connect("boss") as boss:
        boss.execute("SELECT crm.set_person('wang', NULL, 'supervisor', NULL, NULL)")
    with watched.connect() as owner:
        ((tab, who, _, after),) = entries(owner)[before:]
        assert (tab, who, after["role"]) == ("person", "boss", "supervisor")
