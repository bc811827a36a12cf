"""Desks at the server: tags that are never given twice, whose desk it is, and forgetting one."""

from __future__ import annotations

import re
import threading
import uuid
from typing import Any

import psycopg
import pytest

from crmdesk.models.types import TAG_SIGNS
from tests.cluster import Database
from tests.services.server.rows import add_customer, stamp

REGISTER = "SELECT crm.register_device(%s, %s, %s)"


def register(session: Any, row_id: uuid.UUID | None = None, tag: str | None = None, name: str = "PC") -> Any:
    return session.execute(REGISTER, (row_id or uuid.uuid4(), tag, name)).fetchone()[0]


def test_the_first_27_000_tags_have_three_letters_and_differ(database: Database) -> None:
    with database.connect() as session:
        tags = [
            tag
            for (tag,) in session.execute("SELECT crm.tag_of(n) FROM generate_series(0, 27999) n").fetchall()
        ]
    assert len(set(tags)) == 28_000
    assert {len(tag) for tag in tags[:27_000]} == {3}
    assert {len(tag) for tag in tags[27_000:]} == {4}
    assert set("".join(tags)) == set(TAG_SIGNS)


def test_desks_that_register_at_once_get_different_tags(database: Database) -> None:
    given: list[str] = []

    def several(login: str) -> None:
        with database.connect(login) as session:
            given.extend(register(session)["tag"] for _ in range(20))

    logins = [database.person(f"agent{n}").login for n in range(4)]
    threads = [threading.Thread(target=several, args=(login,)) for login in logins]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(given) == len(set(given)) == 80
    assert all(re.fullmatch(f"[{TAG_SIGNS}]{{3}}", tag) for tag in given)


def test_a_tag_a_desk_brings_is_kept_when_nobody_had_it(database: Database) -> None:
    database.person("wang")
    with database.connect("wang") as session:
        assert register(session, tag="K7QX")["tag"] == "K7QX"
        for taken_or_wrong in ("K7QX", "K7", "abc", "K1Q", "'; DROP", ""):
            assert register(session, tag=taken_or_wrong)["tag"] not in {taken_or_wrong, "K7QX"}
        first = register(session)["tag"]
        ahead = session.execute("SELECT count(*) FROM crm.device").fetchone()[0]
    with database.connect() as owner:
        coming = owner.execute("SELECT crm.tag_of(last_value + 1) FROM crm.tag_number").fetchone()[0]
    with database.connect("wang") as session:
        assert register(session, tag=coming)["tag"] == coming
        assert register(session)["tag"] not in {coming, first}
        assert session.execute("SELECT count(*) FROM crm.device").fetchone()[0] == ahead + 2


def test_a_desk_that_comes_back_keeps_its_tag_and_learns_what_it_pushed(database: Database) -> None:
    database.person("wang")
    desk = uuid.uuid4()
    with database.connect("wang") as session, database.connect() as owner:
        first = register(session, desk)
        owner.execute("UPDATE crm.device SET last_n = 7 WHERE id = %s", (desk,))
        again = register(session, desk, tag="ZZZ", name="")
        name = session.execute("SELECT name FROM crm.device WHERE id = %s", (desk,)).fetchone()
    assert first == {
        "tag": first["tag"],
        "last_n": 0,
        "state": "active",
        "highest_number": 0,
        "own_limit": {},
    }
    assert again == {**first, "last_n": 7}
    assert name == ("PC",)


def test_a_desk_belongs_to_one_account(database: Database) -> None:
    database.person("wang")
    database.person("li")
    desk = uuid.uuid4()
    with database.connect("wang") as wang, database.connect("li") as li:
        register(wang, desk)
        for statement, values in (
            (REGISTER, (desk, None, "mine")),
            ("SELECT crm.confirm_forgotten(%s)", (desk,)),
            ("SELECT crm.reached(%s)", (desk,)),
        ):
            with pytest.raises(psycopg.Error) as met:
                li.execute(statement, values)
            assert met.value.sqlstate == "CR001"
        assert li.execute("SELECT count(*) FROM crm.device").fetchone() == (0,)
        assert wang.execute("SELECT count(*) FROM crm.device").fetchone() == (1,)


def test_a_forgotten_desk_is_told_and_confirms(database: Database) -> None:
    database.person("wang")
    desk = uuid.uuid4()
    with database.connect("wang") as wang, database.connect() as owner:
        register(wang, desk)
        with pytest.raises(psycopg.Error, match="No desk of yours"):
            wang.execute("SELECT crm.confirm_forgotten(%s)", (desk,))
        owner.execute("SELECT crm.forget_device(%s)", (desk,))
        assert register(wang, desk)["state"] == "forgotten"
        wang.execute("SELECT crm.confirm_forgotten(%s)", (desk,))
        owner.execute("SELECT crm.forget_device(%s)", (desk,))
        assert register(wang, desk)["state"] == "confirmed"
        with pytest.raises(psycopg.Error, match="no such desk"):
            owner.execute("SELECT crm.forget_device(gen_random_uuid())")


def test_what_a_pull_reaches_is_what_its_snapshot_shows(database: Database) -> None:
    """An operation counts as reached with its last pointer; one that left none with those around it."""
    database.person("wang")
    desk = uuid.uuid4()
    with database.connect("wang") as wang, database.connect() as owner:
        register(wang, desk)

        def operation(n: int, *, changes: int) -> None:
            op = uuid.uuid4()
            with owner.transaction():
                owner.execute("SELECT crm.begin_operation(%s, %s)", (op, desk))
                for _ in range(changes):
                    add_customer(owner)
                fed = owner.execute("SELECT crm.end_operation()").fetchone()[0]
                assert (fed is None) == (changes == 0)
                owner.execute(
                    "INSERT INTO crm.op (device, n, op, kind, result, feed_to, received_at, effective_at,"
                    " time_uncertain) VALUES (%s, %s, %s, 'test', '{}', %s, now(), now(), false)",
                    (desk, n, op, fed),
                )
                owner.execute("UPDATE crm.device SET last_n = %s WHERE id = %s", (n, desk))

        def reached() -> int:
            return int(wang.execute("SELECT crm.reached(%s)", (desk,)).fetchone()[0])

        assert reached() == 0
        operation(1, changes=0)
        assert reached() == 1
        operation(2, changes=2)
        operation(3, changes=0)
        operation(4, changes=1)
        assert reached() == 1
        with wang.transaction():
            wang.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            assert reached() == 1
            stamp(owner)
            assert reached() == 1, "what this snapshot does not show"
        assert reached() == 4
        found = owner.execute("SELECT DISTINCT op IS NOT NULL, device FROM crm.audit WHERE tab = 'customer'")
        assert found.fetchall() == [(True, desk)]
