"""The check finds what was altered by hand, and says it in a sentence each."""

from __future__ import annotations

import pytest

from crmdesk.errors import ServerUnfit
from crmdesk.services.server import catalogue
from crmdesk.services.server.check import check
from tests.cluster import Database
from tests.services.server.rows import add_customer, stamp_all


def findings(database: Database) -> list[str]:
    return [str(line) for line in check(database.owner_dsn, password=database.password()).findings]


def test_a_fresh_database_is_as_it_should_be(database: Database) -> None:
    database.person("wang")
    with database.connect() as session:
        add_customer(session)
        stamp_all(session)
        before = catalogue.digests(session)
    assert findings(database) == []
    with database.connect() as session:
        assert catalogue.digests(session) == before


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("ALTER TABLE crm.customer DROP COLUMN hint", "The table customer lacks the column hint."),
        ("ALTER TABLE crm.customer ADD mine int", "The table customer has a column mine that is not ours."),
        (
            "ALTER TABLE crm.asset ALTER mileage_km TYPE int",
            "The column mileage_km of asset is integer and should be bigint.",
        ),
        (
            "ALTER TABLE crm.asset ALTER plate DROP NOT NULL",
            "The column plate of asset is text DEFAULT '' and should be text NOT NULL DEFAULT ''.",
        ),
        (
            "ALTER TABLE crm.task ALTER state SET DEFAULT 'done'",
            "The column state of task is text NOT NULL DEFAULT 'done' and should be text NOT NULL DEFAULT",
        ),
        ("DROP TABLE crm.article_use CASCADE", "The table article_use is missing."),
        ("DROP INDEX crm.audit_row", "The index audit_row is missing."),
        ("DROP POLICY seen ON crm.note", "The table note was altered by hand."),
        ("ALTER POLICY seen ON crm.note USING (true)", "The table note was altered by hand."),
        ("ALTER TABLE crm.note NO FORCE ROW LEVEL SECURITY", "The table note was altered by hand."),
        ("ALTER TABLE crm.call DISABLE TRIGGER crm_row", "The table call was altered by hand."),
        ("GRANT UPDATE ON crm.customer TO crm_agent", "The table customer was altered by hand."),
        ("GRANT SELECT (login) ON crm.person TO PUBLIC", "The table person was altered by hand."),
        ("ALTER TABLE crm.device DROP CONSTRAINT device_tag_check", "The table device was altered by hand."),
        ("ALTER FUNCTION crm.stamp() RESET search_path", "The function crm.stamp() was altered by hand."),
        ("ALTER FUNCTION crm.my_role() OWNER TO postgres", "The function crm.my_role() was altered by hand."),
        ("GRANT EXECUTE ON FUNCTION crm.reap() TO PUBLIC", "The function crm.reap() was altered by hand."),
        (
            "CREATE OR REPLACE FUNCTION crm.my_teams() RETURNS uuid[] LANGUAGE sql AS 'SELECT NULL::uuid[]'",
            "The function crm.my_teams() was altered by hand.",
        ),
        ("DROP FUNCTION crm.reap()", "The function crm.reap() is missing."),
        (
            "CREATE VIEW crm.everything AS SELECT * FROM crm.note",
            "The view everything is not ours.",
        ),
        ("CREATE TABLE crm.mine (n int)", "The table mine is not ours."),
        ("UPDATE crm.meta SET schema_version = 0", "The database has version 0; run crmdesk admin"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "Everybody may make tables in the schema public."),
        (
            "GRANT EXECUTE ON FUNCTION lo_create(oid) TO PUBLIC",
            "Everybody may keep large objects in this database.",
        ),
        ("SELECT crm.set_person('ghost', NULL, 'agent', '{}', NULL)", "These people have no account on this"),
        ("SELECT crm.set_person('postgres', NULL, 'agent', '{}', NULL)", "These people have rights past all"),
        ("UPDATE crm.audit SET login = 'nobody' WHERE n = 1", "Row 1 of the audit was altered."),
        ("DELETE FROM crm.audit WHERE n = 1", "The audit does not fit the feed up to number 1"),
    ],
)  # fmt: skip
def test_what_was_altered_by_hand_is_told(database: Database, statement: str, sentence: str) -> None:
    with database.connect() as session:
        add_customer(session)
        stamp_all(session)
        session.execute(statement)
    found = findings(database)
    assert any(line.startswith(sentence) for line in found), found


def test_rights_on_the_database_itself_are_looked_at(database: Database) -> None:
    with database.connect() as session:
        session.execute(f'GRANT TEMP, CONNECT ON DATABASE "{database.name}" TO PUBLIC')
    assert findings(database) == [
        "Everybody may make temporary tables in this database.",
        "Every account of the server may connect to this database.",
    ]


def test_a_newer_database_is_not_judged(database: Database) -> None:
    with database.connect() as session:
        session.execute("UPDATE crm.meta SET schema_version = 99")
    with pytest.raises(ServerUnfit):
        findings(database)
