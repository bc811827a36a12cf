"""An agent with a SQL prompt: every way to what another team wrote about a complaint.

A canary stands in every text of the file of a complaint that wang's team does not handle: body, history with
its fields before and after, clocks, remedies, approvals, letters, surveys, corrective actions, notes, files.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from crmdesk.models.complaint_effects import CHILDREN
from crmdesk.models.effects import ENTITIES, OF_TEAMS
from tests.cluster import Cluster, Database
from tests.services.server.rows import MOMENT, add_customer, stamp_all
from tests.services.server.test_security import GUESSES, Sender, said

SECRET = "canary-c0de"
TABLES = tuple(
    table
    for table in OF_TEAMS
    if table == "complaint_body" or "complaint_id" in ENTITIES[table].__annotations__
)
KEPT = {"id", "team_id", "author", "complaint_id", "rev"}


@dataclass(frozen=True)
class House:
    """A complaint of the legal team, the ids of its rows by table, and a customer."""

    database: Database
    complaint: uuid.UUID
    rows: dict[str, uuid.UUID]


@pytest.fixture(scope="module")
def house(cluster: Cluster) -> Iterator[House]:
    made = cluster.database()
    made.person("wang", teams=("hotline",))
    li = made.person("li", teams=("legal",))
    complaint, rows = uuid.uuid4(), dict[str, uuid.UUID]()
    with made.connect() as owner:
        customer = add_customer(owner)
        owner.execute(
            "INSERT INTO crm.complaint (id, number, state, customer_id, team_id, owner_id, received_at,"
            " logged_at) VALUES (%s, 'C26-K7Q-0001', 'CLOSED', %s, %s, %s, %s, %s)",
            (complaint, customer, li.teams["legal"], li.agent_id, MOMENT, MOMENT),
        )
        for table in TABLES:
            rows[table] = complaint if table == "complaint_body" else uuid.uuid4()
            own = {"id": rows[table], "team_id": li.teams["legal"], "author": str(li.agent_id)}
            _write(owner, table, own if table == "complaint_body" else {**own, "complaint_id": complaint})
        owner.execute("ANALYZE")
        stamp_all(owner)
    yield House(made, complaint, rows)
    made.drop()


def _write(owner: Any, table: str, values: dict[str, Any]) -> None:
    """Write a row whose every text is the canary, once when it comes and once when it changes."""
    columns = owner.execute(
        "SELECT column_name, data_type, is_nullable FROM information_schema.columns"
        " WHERE table_schema = 'crm' AND table_name = %s",
        (table,),
    ).fetchall()
    made = dict(values)
    for name, kind, nullable in columns:
        if name in KEPT:
            continue
        if kind == "text":
            made[name] = SECRET
        elif kind == "ARRAY":
            made[name] = [SECRET, SECRET]
        elif nullable == "NO" and kind.startswith("timestamp"):
            made[name] = MOMENT
    marks = ", ".join("%s" for _ in made)
    owner.execute(f"INSERT INTO crm.{table} ({', '.join(made)}) VALUES ({marks})", list(made.values()))
    owner.execute(f"UPDATE crm.{table} SET rev = rev + 1 WHERE id = %s", (made["id"],))


PATHS = [
    "COPY (SELECT * FROM crm.{0}) TO STDOUT",
    "COPY crm.{0} TO STDOUT",
    "COPY crm.{0} FROM PROGRAM 'cat'",
    "SELECT t.* FROM crm.{0} t",
    "SELECT t::text FROM crm.{0} t",
    "SELECT to_jsonb(t) FROM crm.{0} t",
    "SELECT {1} FROM crm.{0}",
    "SELECT max({1}::text), string_agg({1}::text, ',') FROM crm.{0}",
    "SELECT {1} FROM crm.{0} TABLESAMPLE system (100)",
    "SELECT t.{1} FROM crm.complaint_head h JOIN crm.{0} t ON t.team_id = h.team_id",
    "SELECT h.id, (SELECT string_agg(t.{1}::text, '') FROM crm.{0} t) FROM crm.complaint_head h",
    "WITH RECURSIVE r AS (SELECT {1} FROM crm.{0} UNION SELECT {1} FROM r) SELECT * FROM r",
    "SELECT query_to_xml('SELECT {1} FROM crm.{0}', true, false, '')",
    "SELECT table_to_xml('crm.{0}', true, false, '')",
    "SELECT 1 FROM crm.{0} WHERE {1}::text::integer > 0",
    "SELECT 1 FROM crm.{0} ORDER BY ({1}::text)::jsonb",
    "EXPLAIN (ANALYZE, VERBOSE) SELECT {1} FROM crm.{0}",
    "DECLARE c CURSOR WITH HOLD FOR SELECT {1} FROM crm.{0}; FETCH ALL FROM c",
    "PREPARE p AS SELECT {1} FROM crm.{0}; EXECUTE p",
    "SET row_security = off; SELECT {1} FROM crm.{0}",
    "SET ROLE crm_agent; SELECT {1} FROM crm.{0}",
    "SET ROLE crm_owner; SELECT {1} FROM crm.{0}",
    "INSERT INTO crm.sees_all VALUES (pg_current_xact_id()); SELECT {1} FROM crm.{0}",
    "SELECT crm.begin_to_see_all(); SELECT {1} FROM crm.{0}",
    "DO $$ DECLARE t text; BEGIN FOR t IN SELECT {1} FROM crm.{0} LOOP RAISE NOTICE '%', t; END LOOP; END $$",
    "UPDATE crm.{0} SET {1} = {1} RETURNING {1}",
    "DELETE FROM crm.{0} RETURNING {1}",
    "SELECT most_common_vals, histogram_bounds FROM pg_stats WHERE tablename = '{0}'",
]
EVERYWHERE = [
    "SELECT before, after FROM crm.audit_value",
    "SELECT a.*, v.* FROM crm.audit a JOIN crm.audit_value v ON v.audit = a.n",
    "SELECT payload FROM crm.op",
    "SELECT result FROM crm.op",
    "SELECT * FROM crm.attachment_whole",
    "SELECT * FROM crm.attachment_piece",
    "SELECT schema_to_xml('crm', true, false, '')",
    "SELECT query FROM pg_stat_activity",
    "SELECT stavalues1, stavalues2 FROM pg_statistic",
    "SELECT summary, subject, topic FROM crm.interaction",
]


def _column(table: str) -> str:
    """Return a column of *table* that holds the canary: of the history the fields before a step."""
    if table == "complaint_event":
        return "before"
    kinds = ENTITIES[table].__annotations__
    return next((name for name, kind in kinds.items() if kind == "str" and name not in KEPT), "author")


@pytest.mark.parametrize("table", TABLES)
def test_no_path_leads_to_what_another_team_wrote(house: House, table: str) -> None:
    notices: list[str] = []
    with house.database.connect("wang", autocommit=False) as session:
        session.add_notice_handler(lambda told: notices.append(told.message_primary))
        for path in PATHS:
            told = said(session, path.format(table, _column(table)))
            session.rollback()
            assert SECRET not in told, path
            assert str(house.rows[table]) not in told or table == "complaint_body", path
    assert notices == []


@pytest.mark.parametrize("statement", EVERYWHERE)
def test_nor_anything_that_is_told_of_all_tables(house: House, statement: str) -> None:
    with house.database.connect("wang", autocommit=False) as session:
        assert SECRET not in said(session, statement)


@pytest.mark.parametrize("table", [table for table in TABLES if _column(table) != "author"])
def test_the_paths_find_it_for_the_team(house: House, table: str) -> None:
    with house.database.connect("li", autocommit=False) as session:
        for path in (PATHS[6], PATHS[9], PATHS[17]):
            assert SECRET in said(session, path.format(table, _column(table))), path
            session.rollback()


def test_all_that_belongs_to_a_complaint_is_tried() -> None:
    assert set(CHILDREN) | {"complaint_body"} <= set(TABLES) | {"task"}


def test_no_pointer_tells_that_a_row_of_it_changed(house: House) -> None:
    with house.database.connect("wang") as session:
        told = session.execute("SELECT tab, pk FROM crm.feed").fetchall()
    assert {tab for tab, _ in told} & set(TABLES) == set()
    assert {pk for _, pk in told} & (set(house.rows.values()) - {house.complaint}) == set()


def test_no_count_and_no_comparison_tells_of_it(house: House) -> None:
    with house.database.connect("wang") as session:
        for table in TABLES:
            name = _column(table)
            for condition in ("true", f"{name}::text LIKE 'canary%'", f"id = '{house.rows[table]}'"):
                found = session.execute(f"SELECT count(*) FROM crm.{table} WHERE {condition}").fetchone()
                assert found == (0,), (table, condition)


def test_no_function_that_he_may_call_tells_of_it(house: House) -> None:
    with house.database.connect("wang", autocommit=False) as session:
        functions = session.execute(
            "SELECT p.proname, ARRAY(SELECT format_type(t, NULL) FROM unnest(p.proargtypes) t)"
            " FROM pg_proc p WHERE p.pronamespace = 'crm'::regnamespace"
            " AND has_function_privilege(p.oid, 'EXECUTE') AND p.prorettype <> 'trigger'::regtype"
        ).fetchall()
        assert len(functions) > 20
        for name, types in functions:
            for row_id in house.rows.values():
                values = [GUESSES[kind].format(id=row_id) for kind in types]
                marks = ", ".join(f"%s::{kind}" for kind in types)
                told = _answer(session, f"SELECT crm.{name}({marks})", values)
                assert SECRET not in told, name


def _answer(session: Any, statement: str, values: list[Any]) -> str:
    try:
        return str(session.execute(statement, values).fetchall())
    except psycopg.Error as error:
        return f"{error} {error.diag.message_detail} {error.diag.context}"
    finally:
        session.rollback()


KINDS = [
    *("complaint.step", "complaint.approve", "letter.make", "letter.send", "survey.record", "action.save"),
    *("remedy.mark", "note.append", "task.open", "task.change", "attachment.add"),
]


def test_no_answer_to_what_he_sends_tells_of_it(house: House) -> None:
    sender = Sender(house.database, "wang")
    for kind in KINDS:
        for table, row_id in house.rows.items():
            key = str(row_id)
            step = {
                "head": {},
                "body": {},
                "lines": [],
                "remedies": [],
                "tasks": [],
                "fields": {},
                "transition": "E2",
                "from_state": "CLOSED",
                "version": 1,
                "before": {},
                "event": {},
            }
            for payload in (
                {"id": key, "complaint_id": str(house.complaint), "fields": {"complaint_id": key}, **step},
                {"id": str(house.complaint), "changes": {"what": "x"}, "fields": {}, "sent_via": "mail"},
                {"id": key, "record": str(house.complaint), "text": "x", "proposal_version": 1},
                {"id": key},
            ):
                told = json.dumps(sender.push(kind, payload, base=1))
                assert SECRET not in told, (kind, table)
    sender.session.close()


def test_with_the_policies_off_the_canary_is_found(cluster: Cluster, house: House) -> None:
    copy = house.database.copy()
    try:
        with copy.connect() as owner:
            for table in TABLES:
                owner.execute(f"ALTER TABLE crm.{table} DISABLE ROW LEVEL SECURITY")
        with copy.connect("wang", autocommit=False) as session:
            for table in TABLES:
                if _column(table) != "author":
                    assert SECRET in said(session, PATHS[6].format(table, _column(table))), table
    finally:
        copy.drop()
