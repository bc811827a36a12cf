"""An agent with a SQL prompt: every way to other people's words, to another name, to a change past the rules.

The house has a note that only another team may read; its text must not come out of anything the agent can
say, neither as a row nor in an error.
"""

from __future__ import annotations

import json
import re
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from crmdesk.models.customer import open_customer
from crmdesk.services.sync.holding import VIEWS
from tests.cluster import Cluster, Database, Person
from tests.services.server.rows import mutate, stamp
from tests.services.server.test_rights import SECRET, House, furnished
from tests.services.sync.desks import desk

PUSH = "SELECT crm.push(%s, %s, %s, %s, 1, %s::text, %s, now(), 0, 0, %s)"


@pytest.fixture(scope="module")
def house(cluster: Cluster) -> Iterator[House]:
    """A house where wang may not read li's note; what he tries changes nothing in it."""
    made = cluster.database()
    yield furnished(made)
    made.drop()


class Sender:
    """A person's own program at a desk of his."""

    def __init__(self, database: Database, login: str) -> None:
        self.session = database.connect(login)
        self.device, self.n = uuid.uuid4(), 0
        self.session.execute("SELECT crm.register_device(%s, NULL, 'own')", (self.device,))

    def push(self, kind: str, payload: Any, base: int | None = None, again: bool = False) -> dict[str, Any]:
        """Send an operation as this desk's next one."""
        self.n += 1
        told: dict[str, Any] = self.session.execute(
            PUSH, (self.device, self.n, uuid.uuid4(), kind, json.dumps(payload), base, again)
        ).fetchone()[0]
        return told


@pytest.fixture
def wang(house: House) -> Iterator[Sender]:
    made = Sender(house.database, "wang")
    yield made
    made.session.close()


PATHS = [
    "COPY (SELECT * FROM crm.note) TO STDOUT",
    "COPY crm.note TO STDOUT",
    "COPY (SELECT id, text FROM crm.note) TO STDOUT (FORMAT binary)",
    "COPY (SELECT id, text FROM crm.note) TO '/tmp/notes'",
    "COPY crm.note FROM PROGRAM 'cat'",
    "SELECT query_to_xml('SELECT text FROM crm.note', true, false, '')",
    "SELECT table_to_xml('crm.note', true, false, '')",
    "SELECT schema_to_xml('crm', true, false, '')",
    "SELECT * FROM ts_stat('SELECT to_tsvector(text) FROM crm.note')",
    "SELECT text FROM crm.note TABLESAMPLE system (100)",
    "SELECT max(text), min(text), string_agg(text, ',') FROM crm.note",
    "SELECT n.* FROM crm.note n",
    "SELECT text FROM crm.note UNION ALL SELECT text FROM crm.note",
    "WITH RECURSIVE r AS (SELECT text FROM crm.note UNION SELECT text FROM r) SELECT * FROM r",
    "SELECT text FROM crm.note ORDER BY text::bytea",
    "EXPLAIN (ANALYZE, VERBOSE) SELECT text FROM crm.note",
    "DECLARE c CURSOR WITH HOLD FOR SELECT text FROM crm.note; FETCH ALL FROM c",
    "PREPARE p AS SELECT text FROM crm.note; EXECUTE p",
    "SET row_security = off; SELECT text FROM crm.note",
    "SET SESSION AUTHORIZATION DEFAULT; SELECT text FROM crm.note",
    "SET ROLE crm_agent; SELECT text FROM crm.note",
    "SET ROLE none; SELECT text FROM crm.note",
    "SET search_path = crm, pg_temp; SELECT text FROM note",
    "DO $$ DECLARE t text; BEGIN FOR t IN SELECT text FROM crm.note LOOP RAISE NOTICE '%', t;"
    " END LOOP; END $$",
    "SELECT before, after FROM crm.audit_value",
    "SELECT result FROM crm.op",
    "SELECT most_common_vals FROM pg_stats WHERE tablename = 'note'",
    "SELECT stavalues1 FROM pg_statistic",
    "SELECT query FROM pg_stat_activity",
    "SELECT pg_read_file('base')",
    "SELECT pg_read_binary_file('/etc/passwd')",
    "SELECT pg_ls_dir('.')",
    "SELECT pg_stat_file('/etc/passwd')",
    "SELECT lo_export(1, '/tmp/x')",
    "SELECT pg_current_logfile()",
    "CREATE VIEW crm.mine AS SELECT text FROM crm.note",
    "CREATE MATERIALIZED VIEW crm.mine AS SELECT text FROM crm.note",
    "CREATE TEMP VIEW mine AS SELECT text FROM crm.note",
    "CREATE EXTENSION dblink",
    "CREATE PUBLICATION mine FOR ALL TABLES",
    "CREATE EVENT TRIGGER mine ON ddl_command_start EXECUTE FUNCTION crm.on_line()",
    "SELECT pg_logical_slot_get_changes('s', NULL, NULL)",
    "SELECT tab, pk, parent FROM crm.feed WHERE teams <> '{}'",
    "SELECT * FROM crm.attachment_whole",
    "SELECT bytes FROM crm.attachment_piece",
    "SELECT note FROM crm.help_request",
]


@pytest.mark.parametrize("statement", PATHS)
def test_no_path_leads_to_another_teams_words(house: House, statement: str) -> None:
    notices: list[str] = []
    with house.database.connect("wang", autocommit=False) as session:
        session.add_notice_handler(lambda told: notices.append(told.message_primary))
        assert SECRET not in said(session, statement) + "".join(notices)
        session.rollback()


def said(session: Any, statement: str) -> str:
    """Return all that the server tells: rows, copied lines, or the error with its detail."""
    try:
        with session.cursor() as cursor:
            if statement.startswith("COPY") and "STDOUT" in statement:
                with cursor.copy(statement) as lines:
                    return "".join(bytes(part).decode(errors="replace") for part in lines)
            cursor.execute(statement)
            parts = []
            while True:
                parts.append(str(cursor.fetchall()) if cursor.description else "")
                if not cursor.nextset():
                    return "".join(parts)
    except psycopg.Error as error:
        return f"{error} {error.diag.message_detail} {error.diag.context} {error.diag.message_hint}"


def test_the_paths_find_it_for_who_may_read_it(house: House) -> None:
    with house.database.connect("li", autocommit=False) as session:
        found = [SECRET in said(session, path) for path in PATHS[:1] + PATHS[5:6] + PATHS[10:12]]
    assert found == [True] * 4


GUESSES = {
    "uuid": "{id}",
    "text": "note",
    "jsonb": '[{{"customer_id": "{id}", "at": "2026-11-20T00:00:00Z"}}]',
    "bigint": "1",
    "integer": "0",
    "boolean": "true",
    "timestamp with time zone": "2026-11-20T00:00:00Z",
    "interval": "1 day",
    "bytea": "x",
    "name": "li",
    "numeric": "1",
    "uuid[]": "{{{id}}}",
    "text[]": "{{note}}",
}


def test_no_function_that_he_may_call_tells_of_a_hidden_row(house: House) -> None:
    with house.database.connect("wang", autocommit=False) as session:
        functions = session.execute(
            "SELECT p.oid::regproc::text, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t)"
            " FROM pg_proc p WHERE p.pronamespace = 'crm'::regnamespace"
            " AND has_function_privilege(p.oid, 'EXECUTE') AND p.prorettype <> 'trigger'::regtype"
        ).fetchall()
        assert len(functions) > 20
        for name, types in functions:
            for row_id in (house.secret, house.customer):
                values = [GUESSES[kind].format(id=row_id) for kind in types]
                marks = ", ".join(f"%s::{kind}" for kind in types)
                try:
                    told = str(session.execute(f"SELECT crm.{_bare(name)}({marks})", values).fetchall())
                except psycopg.Error as error:
                    told = f"{error} {error.diag.message_detail} {error.diag.context}"
                session.rollback()
                assert SECRET not in told, name


def _bare(name: str) -> str:
    return name.rpartition(".")[2]


KINDS = [
    "note.append",
    "call.seen",
    "call.wrap_up",
    "call.assign",
    "call.verify",
    "customer.create",
    "customer.change",
    "contact_point.add",
    "contact_point.change",
    "contact_point.drop",
    "contact.save",
    "asset.create",
    "asset.change",
    "visit.record",
    "visit.change",
    "task.open",
    "task.change",
    "article.save",
    "article.mark",
    "choice.remember",
    "code.save",
]


@pytest.mark.parametrize("kind", KINDS)
def test_no_answer_and_no_refusal_repeats_a_hidden_row(house: House, wang: Sender, kind: str) -> None:
    key = str(house.secret)
    for payload in (
        {"id": key},
        {"id": key, "fields": {}},
        {"id": key, "text": "x", "call_id": None, "customer_id": str(house.customer), "team_id": None},
        {"id": key, "call_id": key, "customer_id": key, "note_id": key, "fields": {"id": key}},
    ):
        assert SECRET not in json.dumps(wang.push(kind, payload, base=1))
    with house.database.connect("li") as li:
        kept = li.execute("SELECT text, author FROM crm.note WHERE id = %s", (house.secret,)).fetchone()
    assert kept == (SECRET, str(house.li.agent_id))


@pytest.mark.parametrize("name", ["actor", "author", "agent", "by_agent", "login"])
def test_nobody_signs_with_another_name(house: House, wang: Sender, name: str) -> None:
    note = {"id": str(uuid.uuid4()), "call_id": None, "customer_id": str(house.customer), "text": "forged"}
    told = wang.push("note.append", {**note, "team_id": None, name: str(house.li.agent_id)})
    assert told["rejected"] == "denied"
    assert wang.push("note.append", {**note, "team_id": None}) == {"ok": True}
    author = wang.session.execute("SELECT author FROM crm.note WHERE id = %s", (note["id"],)).fetchone()[0]
    assert author == str(house.wang.agent_id)


def test_nobody_sends_for_another_desk_or_takes_it_over(house: House, wang: Sender) -> None:
    li = Sender(house.database, "li")
    note = {"call_id": None, "customer_id": str(house.customer), "text": "x", "team_id": None}
    assert li.push("note.append", {"id": str(uuid.uuid4()), **note}) == {"ok": True}
    for statement in (
        "SELECT crm.register_device(%s, 'ABC', 'mine')",
        "SELECT crm.confirm_forgotten(%s)",
        "SELECT crm.reached(%s)",
        "SELECT crm.tell_presence(%s, 'ready')",
        "SELECT crm.record_views(%s, '[]')",
    ):
        with pytest.raises(psycopg.Error) as met:
            wang.session.execute(statement, (li.device,))
        assert met.value.sqlstate == "CR001", statement
    for n in (1, 2):
        with pytest.raises(psycopg.Error) as met:
            wang.session.execute(PUSH, (li.device, n, uuid.uuid4(), "note.append", "{}", None, False))
        assert met.value.sqlstate == "CR001"
    assert wang.session.execute("SELECT id FROM crm.device WHERE id = %s", (li.device,)).fetchall() == []
    li.session.close()


def test_the_answer_to_somebody_elses_operation_is_not_told(house: House, wang: Sender) -> None:
    li, op = Sender(house.database, "li"), uuid.uuid4()
    note = {"id": str(uuid.uuid4()), "call_id": None, "customer_id": str(house.customer), "text": "x"}
    li.session.execute(PUSH, (li.device, 1, op, "note.append", json.dumps(note), None, False))
    told = wang.session.execute(PUSH, (wang.device, 1, op, "note.append", "{}", None, False)).fetchone()[0]
    assert told["rejected"] == "denied"
    assert told["current"] is None
    li.session.close()


READABLE = {"feed", "tick", "device", "contact_total"}


def test_by_the_catalogue_he_writes_nothing_and_reads_what_is_replicated(house: House) -> None:
    with house.database.connect("wang") as session:
        writable = session.execute(
            "SELECT c.relname, p.power FROM pg_class c,"
            " unnest(ARRAY['INSERT','UPDATE','DELETE','TRUNCATE','REFERENCES','TRIGGER']) AS p(power)"
            " WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p')"
            " AND (has_table_privilege(c.oid, p.power) OR (p.power NOT IN ('DELETE', 'TRUNCATE', 'TRIGGER')"
            "      AND has_any_column_privilege(c.oid, p.power)))"
        ).fetchall()
        sequences = session.execute(
            "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'crm'::regnamespace"
            " AND (has_sequence_privilege(oid, 'USAGE') OR has_sequence_privilege(oid, 'UPDATE'))"
        ).fetchall()
        readable = session.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind IN ('r', 'v')"
            " AND has_any_column_privilege(oid, 'SELECT')"
        ).fetchall()
        whole = session.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'r'"
            " AND has_table_privilege(oid, 'SELECT')"
        ).fetchall()
        places = session.execute(
            "SELECT has_schema_privilege('crm', 'CREATE'), has_schema_privilege('public', 'CREATE'),"
            " has_database_privilege(current_database(), 'CREATE'),"
            " has_database_privilege(current_database(), 'TEMP')"
        ).fetchone()
    with house.database.connect() as owner:
        replicated = {tab for (tab,) in owner.execute("SELECT tab FROM crm.entity")}
        unguarded = owner.execute(
            "SELECT relname FROM pg_class WHERE relnamespace = 'crm'::regnamespace AND relkind = 'r'"
            " AND relname = ANY (%s) AND NOT relrowsecurity",
            (sorted(replicated | READABLE),),
        ).fetchall()
    assert (writable, sequences, whole, unguarded) == ([], [], [], [])
    assert {name for (name,) in readable} == replicated | READABLE | set(VIEWS.values())
    assert places == (False, False, False, False)


def test_every_statement_that_changes_or_locks_is_denied_on_every_table(house: House) -> None:
    with house.database.connect("wang", autocommit=False) as session:
        tables = session.execute(
            "SELECT c.oid::regclass::text, (SELECT quote_ident(a.attname) FROM pg_attribute a"
            "  WHERE a.attrelid = c.oid AND a.attnum > 0 AND a.attidentity = '' LIMIT 1) FROM pg_class c"
            " WHERE c.relnamespace = 'crm'::regnamespace AND c.relkind = 'r'"
        ).fetchall()
        assert len(tables) > 20
        for table, column in tables:
            for statement in (
                f"INSERT INTO {table} DEFAULT VALUES",
                f"UPDATE {table} SET {column} = {column}",
                f"DELETE FROM {table}",
                f"TRUNCATE {table}",
                f"LOCK TABLE {table} IN SHARE MODE",
                f"SELECT 1 FROM {table} FOR SHARE",
                f"MERGE INTO {table} USING (SELECT 1) s ON false WHEN NOT MATCHED THEN INSERT DEFAULT VALUES",
                f"COPY {table} FROM STDIN",
                f"DROP TABLE {table}",
                f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
            ):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(statement)
                session.rollback()


def test_a_false_hint_makes_nobody_believe_anything(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    database.person("mallory")
    with desk(database, anna, tmp_path / "a") as one, database.connect("mallory") as mallory:
        one.do(one.describe(open_customer, {"name": "Zhang San", "kind": "person"}))
        before = one.worker.run_once().tick
        for word in ("", "help", "x" * 7_999, "999999"):
            mallory.execute("SELECT pg_notify('crm', %s)", (word,))
        mallory.execute("SELECT crm.hint()")
        done = one.worker.run_once()
        assert (done.tick, done.rows, done.reloaded) == (before, 0, False)
        assert len(one.rows("customer")) == 1


def test_who_ran_stamp_and_sits_there_is_ended_by_the_next_desk(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    database.person("mallory")
    mutate(database, "crm.reap()", "'5 seconds'", "'0 seconds'")
    with database.connect() as owner:
        owner.execute("ALTER FUNCTION crm.stamp() SET lock_timeout = '50ms'")
    rude = database.connect("mallory", autocommit=False)
    with desk(database, anna, tmp_path / "a") as one:
        assert stamp(rude)["stamped"] > 0
        one.do(one.describe(open_customer, {"name": "Zhang San", "kind": "person"}))
        for _ in range(3):
            try:
                one.worker.run_once()
                break
            except Exception as busy:  # noqa: BLE001  the first round may find the lock held
                assert "holds" in str(busy), busy
        assert one.worker.run_once().tick > 0
    with pytest.raises(psycopg.OperationalError):
        rude.commit()
    rude.close()


def test_a_row_held_by_a_push_that_does_not_end_is_free_again(house: House) -> None:
    """Two programs push the same row; one goes for coffee in its transaction and is ended."""
    with house.database.connect() as owner:
        customer = Sender(house.database, "li")
        fresh = {"id": str(uuid.uuid4()), "fields": {"name": "Zhang", "kind": "person"}, "points": []}
        assert customer.push("customer.create", fresh) == {"ok": True}
        customer.session.close()
        change = {"id": fresh["id"], "changes": {"hint": "held"}}
        rude, other = Sender(house.database, "wang"), Sender(house.database, "li")
        rude.session.autocommit = False
        assert rude.push("customer.change", change, base=1) == {"ok": True}
        other.session.execute("SET lock_timeout = '50ms'")
        with pytest.raises(psycopg.errors.LockNotAvailable):
            other.push("customer.change", {**change, "changes": {"hint": "mine"}}, base=1)
        assert owner.execute("SELECT crm.reap_older('0')").fetchone() == (1,)
        other.n -= 1
        assert other.push("customer.change", {**change, "changes": {"hint": "mine"}}, base=1) == {"ok": True}
    for each in (rude, other):
        each.session.close()


def test_settings_of_his_session_change_nothing_for_the_functions(house: House, wang: Sender) -> None:
    for setting in (
        "SET crm.op = 'ffffffff-ffff-ffff-ffff-ffffffffffff'",
        "SET crm.device = 'ffffffff-ffff-ffff-ffff-ffffffffffff'",
        "SET crm.fed = '999999999'",
        "SET TimeZone = 'Asia/Shanghai'",
        "SET DateStyle = 'German'",
        "SET IntervalStyle = 'iso_8601'",
        "SET search_path = pg_temp, crm",
        "SET bytea_output = 'escape'",
        "SET session_replication_role = replica",
    ):
        try:
            wang.session.execute(setting)
        except psycopg.errors.InsufficientPrivilege:
            assert "replication" in setting
    note = {"id": str(uuid.uuid4()), "call_id": None, "customer_id": str(house.customer), "text": "plain"}
    assert wang.push("note.append", {**note, "team_id": None}) == {"ok": True}
    with house.database.connect() as owner:
        (op, device, login) = owner.execute(
            "SELECT op, device, login FROM crm.audit WHERE pk = %s AND tab = 'note'", (note["id"],)
        ).fetchone()
        assert (device, login) == (wang.device, "wang")
        assert re.fullmatch("f[f-]+", str(op)) is None
        stamp(owner)
        assert owner.execute("SELECT * FROM crm.broken_audit()").fetchall() == []


def test_threads_that_push_the_same_number_get_one_answer(database: Database) -> None:
    """The same operation by many sessions at once is done once."""
    person: Person = database.person("anna")
    first = Sender(database, person.login)
    payload = json.dumps(
        {"id": str(uuid.uuid4()), "fields": {"name": "Zhang", "kind": "person"}, "points": []}
    )
    op, answers = uuid.uuid4(), list[Any]()

    def send() -> None:
        with database.connect(person.login) as session:
            asked = (first.device, 1, op, "customer.create", payload, None, False)
            answers.append(session.execute(PUSH, asked).fetchone()[0])

    threads = [threading.Thread(target=send) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answer.get("dup", False) for answer in answers) == [False, True, True, True]
    assert first.session.execute("SELECT count(*) FROM crm.customer").fetchone() == (1,)
    first.session.close()
