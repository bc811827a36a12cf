"""The audit: every change of every table, chained over the ticks, so that no edit goes unseen."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from typing import Any

import pytest
from psycopg import sql

from crmdesk.services.server import ddl
from tests.cluster import Database
from tests.services.server.rows import add_customer, add_note, stamp_all

SAMPLES: dict[str, tuple[object, object]] = {
    "uuid": (uuid.UUID(int=1), uuid.UUID(int=2)),
    "text": (str(uuid.UUID(int=3)), str(uuid.UUID(int=4))),
    "bigint": (1, 2),
    "boolean": (False, True),
    "timestamptz": (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)),
    "date": (date(2026, 1, 1), date(2026, 1, 2)),
    "text[]": (["a"], ["b"]),
}
"""Two values of each type; those of texts are ids, which an author is."""


def furnish(session: Any) -> uuid.UUID:
    """Make three ticks with some changes; return a customer who changed."""
    row_id = add_customer(session, "Zhang San")
    stamp_all(session)
    session.execute("UPDATE crm.customer SET name = 'Zhang Si', rev = rev + 1 WHERE id = %s", (row_id,))
    add_note(session, "text", None)
    stamp_all(session)
    add_customer(session, "Li Si")
    stamp_all(session)
    return row_id


def broken(session: Any) -> set[str]:
    return {what for what, _ in session.execute("SELECT what, n FROM crm.broken_audit()").fetchall()}


def test_a_change_stands_there_with_its_fields_and_values(database: Database) -> None:
    with database.connect() as session:
        row_id = furnish(session)
        rows = session.execute(
            "SELECT a.rev, a.fields, v.before, v.after, a.login FROM crm.audit a"
            " JOIN crm.audit_value v ON v.audit = a.n WHERE a.pk = %s ORDER BY a.n",
            (row_id,),
        ).fetchall()
        pointers = session.execute("SELECT count(*) FROM crm.feed").fetchone()
        kept = session.execute("SELECT count(*) FROM crm.audit").fetchone()
    assert rows[0][0] == 1
    assert rows[0][2] is None
    assert rows[0][3]["name"] == "Zhang San"
    assert rows[0][3]["created_at"] == "2026-11-20T09:58:00+00:00"
    assert rows[1] == (
        2,
        ["rev", "name"],
        {"name": "Zhang San", "rev": 1},
        {"name": "Zhang Si", "rev": 2},
        "postgres",
    )
    assert pointers == kept == (4,)


def test_every_table_is_watched(database: Database) -> None:
    with database.connect() as session:
        watched = session.execute(
            "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'crm_row' AND tgenabled = 'O'"
        ).fetchall()
    assert {name for (name,) in watched} == {f"crm.{table}" for table in ddl.TABLES}


def test_every_column_of_every_table_is_told(database: Database) -> None:
    """Written, changed and deleted, whatever the column is called and in whichever table it stands."""
    with database.connect() as session:
        for table in ddl.TABLES:
            kinds = {name: words.split()[1] for name, words in ddl.definitions(table).items()}
            was, now = ({name: SAMPLES[kind][n] for name, kind in kinds.items()} for n in (0, 1))
            now["id"] = was["id"]
            names = sql.SQL(", ").join(map(sql.Identifier, kinds))
            held = sql.SQL(", ").join(map(sql.Placeholder, kinds))
            whole = sql.Identifier("crm", table)
            session.execute(sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(whole, names, held), was)
            session.execute(sql.SQL("UPDATE {} SET ({}) = ROW ({})").format(whole, names, held), now)
            session.execute(sql.SQL("DELETE FROM {}").format(whole))
            told = session.execute(
                "SELECT a.fields, v.before, v.after FROM crm.audit a JOIN crm.audit_value v ON v.audit = a.n"
                " WHERE a.tab = %s ORDER BY a.n DESC LIMIT 3",
                (table,),
            ).fetchall()
            (_, gone, _), (fields, before, after), (_, _, made) = told
            assert set(fields) == set(before) == set(after) == kinds.keys() - {"id"}, table
            assert (made.keys(), gone.keys()) == (kinds.keys(), kinds.keys()), table
            assert {name: made[name] for name in before} == before, table
            assert {name: gone[name] for name in after} == after, table


def test_an_untouched_chain_is_whole(database: Database) -> None:
    with database.connect() as session:
        furnish(session)
        assert session.execute("SELECT count(*) FROM crm.tick").fetchone() == (4,)
        assert broken(session) == set()


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ("UPDATE crm.audit SET login = 'li' WHERE n = 2", {"row"}),
        ("UPDATE crm.audit SET at = at + '1 day' WHERE n = 2", {"row"}),
        ('UPDATE crm.audit_value SET after = \'{"name": "Other"}\' WHERE audit = 2', {"row"}),
        ("DELETE FROM crm.audit WHERE n = 2", {"tick"}),
        (
            "UPDATE crm.audit SET login = 'li' WHERE n = 2;"
            " UPDATE crm.audit a SET digest = crm.audit_digest(a) WHERE n = 2",
            {"tick"},
        ),
        ("DELETE FROM crm.tick WHERE seq = 3", {"tick"}),
        ("UPDATE crm.tick SET at = at + '1 day' WHERE seq = 3", {"tick"}),
    ],
)
def test_what_was_altered_behind_our_back_shows(database: Database, tampering: str, found: set[str]) -> None:
    with database.connect() as session:
        furnish(session)
        session.execute(tampering)
        assert broken(session) == found


def test_erased_values_leave_the_chain_whole(database: Database) -> None:
    with database.connect() as session:
        row_id = furnish(session)
        session.execute(
            "DELETE FROM crm.audit_value v USING crm.audit a WHERE a.n = v.audit AND a.pk = %s", (row_id,)
        )
        assert broken(session) == set()


def test_the_same_changes_make_another_chain(database: Database) -> None:
    """What a desk compares after a backup was restored: equal numbers, another fingerprint."""
    with database.connect() as session:
        seq = stamp_all(session)
    copy = database.copy()
    heads = []
    for each in (database, copy):
        with each.connect() as session:
            session.execute("SELECT crm.point('customer', %s, NULL, '{}')", (uuid.UUID(int=7),))
            assert stamp_all(session) == seq + 1
            heads.append(session.execute("SELECT fp FROM crm.tick WHERE seq = %s", (seq + 1,)).fetchone()[0])
    copy.drop()
    assert heads[0] != heads[1]
