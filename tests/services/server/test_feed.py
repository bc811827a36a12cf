"""The sequencer: it numbers everything that is committed, once, late ones too, and stays cheap."""

from __future__ import annotations

import random
import re
import threading
import uuid
from typing import Any

import psycopg
import pytest

from crmdesk.errors import ServerBusy
from tests.cluster import Database
from tests.services.server.rows import add_customer, add_note, mutate, stamp, stamp_all

WRITERS = 8
CHANGES_EACH = 25
STAMP = "crm.stamp()"


class Reader:
    """Follows the feed as a desk does: stamp, then one snapshot with the last tick and what is up to it."""

    def __init__(self, database: Database) -> None:
        self.session = database.connect()
        self.cursor = stamp_all(self.session)
        self.seen: list[uuid.UUID] = []

    def pull(self) -> None:
        stamp(self.session)
        with self.session.transaction():
            self.session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            head = self.session.execute("SELECT seq FROM crm.tick ORDER BY seq DESC LIMIT 1").fetchone()[0]
            found = self.session.execute(
                "SELECT pk FROM crm.feed WHERE seq > %s AND seq <= %s ORDER BY seq", (self.cursor, head)
            ).fetchall()
        self.seen.extend(pk for (pk,) in found)
        self.cursor = head


def write_slowly(database: Database, seed: int, written: list[uuid.UUID], errors: list[Exception]) -> None:
    """Commit some changes, each after a random while in its transaction; take every tenth back."""
    dice = random.Random(seed)
    try:
        with database.connect() as session:
            for n in range(CHANGES_EACH):
                with session.transaction() as change:
                    row_id = add_customer(session)
                    session.execute("SELECT pg_sleep(%s)", (dice.random() * 0.02,))
                    if n % 10 == 9:
                        raise psycopg.Rollback(change)
                    written.append(row_id)
    except Exception as error:  # noqa: BLE001  the thread's edge: the test tells it
        errors.append(error)


def test_nothing_is_lost_under_writers_that_commit_in_any_order(database: Database) -> None:
    reader = Reader(database)
    written: list[uuid.UUID] = []
    errors: list[Exception] = []
    with database.connect(autocommit=False) as long, database.connect() as naive:
        written.append(add_customer(long))
        threads = [
            threading.Thread(target=write_slowly, args=(database, seed, written, errors))
            for seed in range(WRITERS)
        ]
        for thread in threads:
            thread.start()
        serial, found_by_serial = 0, set[uuid.UUID]()
        while any(thread.is_alive() for thread in threads):
            reader.pull()
            for row, pk in naive.execute("SELECT id, pk FROM crm.feed WHERE id > %s", (serial,)).fetchall():
                serial = max(serial, row)
                found_by_serial.add(pk)
        long.commit()
    for thread in threads:
        thread.join()
    reader.pull()
    while stamp(reader.session)["stamped"]:
        reader.pull()
    reader.session.close()
    assert errors == []
    assert len(written) > WRITERS * CHANGES_EACH * 0.8
    assert sorted(reader.seen) == sorted(written)
    assert set(written) - found_by_serial, (
        "a serial cursor must lose the long transaction, or nothing was tried"
    )


def lost_to_a_long_transaction(database: Database) -> set[uuid.UUID]:
    """One transaction draws its number first and commits last; return what its desk never gets."""
    reader = Reader(database)
    with database.connect(autocommit=False) as late, database.connect() as early:
        wanted = {add_customer(late)}
        for _ in range(4):
            wanted.add(add_customer(early))
            reader.pull()
        late.commit()
        for _ in range(3):
            reader.pull()
            wanted.add(add_customer(early))
        reader.pull()
    reader.session.close()
    return wanted - set(reader.seen)


def lost_to_a_stamper_with_an_older_number(database: Database) -> set[uuid.UUID]:
    """A stamper has its number before a writer, who draws before the stamper looks; return what is lost."""
    reader = Reader(database)
    with (
        database.connect(autocommit=False) as stamper,
        database.connect(autocommit=False) as late,
        database.connect() as early,
    ):
        stamper.execute("SELECT pg_current_xact_id()")
        wanted = {add_customer(late)}
        wanted.add(add_customer(early))
        stamp(stamper)
        stamper.commit()
        for _ in range(3):
            wanted.add(add_customer(early))
            reader.pull()
        late.commit()
        reader.pull()
    reader.session.close()
    return wanted - set(reader.seen)


def test_a_transaction_that_commits_last_is_not_lost(database: Database) -> None:
    assert lost_to_a_long_transaction(database) == set()


def test_a_floor_that_is_just_the_highest_number_is_found_out(database: Database) -> None:
    mutate(database, STAMP, "IF last.next_xid > own THEN", "IF true THEN last.floor := drawn;")
    assert lost_to_a_long_transaction(database) != set()


def test_a_stamper_with_an_older_number_sets_no_floor(database: Database) -> None:
    assert lost_to_a_stamper_with_an_older_number(database) == set()


def test_a_floor_by_the_number_of_an_older_transaction_is_found_out(database: Database) -> None:
    mutate(database, STAMP, "pg_current_xact_id_if_assigned() IS NULL", "true")
    assert lost_to_a_stamper_with_an_older_number(database) != set()


def test_a_snapshot_older_than_the_lock_is_refused(database: Database) -> None:
    with database.connect(autocommit=False) as session:
        session.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with pytest.raises(psycopg.Error, match="READ COMMITTED only") as met:
            stamp(session)
    assert met.value.sqlstate == "CR005"


def test_a_batch_has_five_thousand_at_most_and_the_order_of_their_making(database: Database) -> None:
    with database.connect() as session:
        session.execute(
            "SELECT crm.point('customer', gen_random_uuid(), NULL, '{}') FROM generate_series(1, 5003)"
        )
        answers = [stamp(session)["stamped"] for _ in range(3)]
        disorder = session.execute(
            "SELECT count(*) FROM (SELECT id - lag(id) OVER (ORDER BY seq) AS step FROM crm.feed) s"
            " WHERE step <> 1"
        ).fetchone()
        floor = session.execute("SELECT max(floor) FROM crm.tick").fetchone()[0]
    assert answers == [5000, 3, 0]
    assert disorder == (0,)
    assert floor <= 5003


def buffers_of_an_empty_probe(database: Database) -> int:
    """Pages that an empty crm.stamp() looks at, once its plans are made."""
    with database.connect() as session:
        stamp_all(session)
        for _ in range(6):  # statements inside a function get their lasting plan after five runs
            stamp(session)
        plan = session.execute("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT crm.stamp()").fetchone()[0]
    top = plan[0]["Plan"]
    return int(top["Shared Hit Blocks"] + top["Shared Read Blocks"])


def leave_pointers(session: Any, rounds: int = 30, each: int = 200) -> None:
    for _ in range(rounds):
        session.execute(
            "SELECT crm.point('customer', gen_random_uuid(), NULL, '{}') FROM generate_series(1, %s)", (each,)
        )
        assert stamp(session)["stamped"] == each


def test_the_floor_keeps_an_empty_probe_cheap_under_an_open_snapshot(database: Database) -> None:
    before = buffers_of_an_empty_probe(database)
    with database.connect(autocommit=False) as dump, database.connect() as session:
        dump.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        dump.execute("SELECT count(*) FROM crm.feed")
        leave_pointers(session)
        with_floor = buffers_of_an_empty_probe(database)
        mutate(database, STAMP, "last.floor := greatest(", "last.floor := 0 * greatest(")
        session.execute("UPDATE crm.tick SET floor = 0")
        without_floor = buffers_of_an_empty_probe(database)
    assert with_floor <= before + 20
    assert without_floor > 5 * with_floor


def test_a_session_that_holds_the_stampers_lock_is_ended(database: Database) -> None:
    database.person("wang")
    database.person("li")
    with database.connect() as owner:
        owner.execute("ALTER FUNCTION crm.stamp() SET lock_timeout = '50ms'")
    rude = database.connect("wang", autocommit=False)
    with database.connect("li") as other, database.connect() as owner:
        assert stamp(rude)["stamped"] > 0
        with pytest.raises(psycopg.errors.LockNotAvailable):
            stamp(other)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            other.execute("SELECT crm.reap_older('0')")
        assert other.execute("SELECT crm.reap()").fetchone() == (0,), "five seconds are given"
        assert owner.execute("SELECT crm.reap_older('0')").fetchone() == (1,)
        assert stamp(other)["stamped"] > 0
    with pytest.raises(psycopg.OperationalError):
        rude.commit()
    rude.close()


def test_a_desk_that_finds_the_lock_held_has_its_holder_ended(database: Database) -> None:
    from crmdesk.services.sync import push
    from crmdesk.services.sync.address import ServerAddress

    database.person("wang")
    database.person("li")
    with database.connect() as owner:
        owner.execute("ALTER FUNCTION crm.stamp() SET lock_timeout = '50ms'")
    mutate(database, "crm.reap()", "'5 seconds'", "'0 seconds'")
    address = ServerAddress.from_dsn(database.dsn("li"))
    rude = database.connect("wang", autocommit=False)
    assert stamp(rude)["stamped"] > 0
    with database.connect("li") as other:
        with pytest.raises(ServerBusy):
            push.stamp(other, address)
        assert push.stamp(other, address)["stamped"] > 0
    rude.close()


def test_only_sessions_that_hold_something_are_ended(database: Database) -> None:
    database.person("wang")
    with (
        database.connect("wang", autocommit=False) as reading,
        database.connect(autocommit=False) as keeper,
        database.connect() as owner,
    ):
        reading.execute("SELECT crm.my_scope()")
        add_customer(keeper)
        assert owner.execute("SELECT crm.reap_older('0')").fetchone() == (0,)
        assert reading.execute("SELECT 1").fetchone() == (1,)


def test_desks_are_woken_at_most_every_200_milliseconds(database: Database) -> None:
    def at(moment: int) -> None:
        session.execute(
            "CREATE OR REPLACE FUNCTION crm.milliseconds() RETURNS bigint LANGUAGE sql AS "
            f"$$SELECT 1700000000000 + {moment}::bigint$$"
        )

    def answer() -> Any:
        add_customer(session)
        return stamp(session)["hint_in_ms"], heard()

    def heard() -> int:
        listener.execute("SELECT 1")  # what was sent before arrives with the answer
        count = len(hints)
        hints.clear()
        return count

    hints: list[object] = []
    with database.connect() as session, database.connect() as listener:
        listener.add_notify_handler(hints.append)
        listener.execute("LISTEN crm")
        at(0)
        assert answer() == (None, 1)
        at(50)
        assert answer() == (150, 0)
        at(120)
        assert answer() == (None, 0), "somebody has promised"
        at(200)
        session.execute("SELECT crm.hint()")
        assert heard() == 1
        at(390)
        assert answer() == (10, 0)
        at(700)
        assert answer() == (None, 1), "the promise was not kept; the next one hints"
        at(-90_000)
        assert answer() == (None, 1), "a clock that was set back does not silence us"


def test_a_hint_names_whom_it_is_about_unless_there_were_many_or_it_is_for_a_team(database: Database) -> None:
    hints: list[str] = []
    with database.connect() as session, database.connect() as listener:

        def named() -> list[str]:
            session.execute("SELECT setval('crm.hinted', 0)")
            stamp(session)
            listener.execute("SELECT 1")
            names = hints.pop().split()
            session.execute("UPDATE crm.tick SET at = at - interval '1 minute'")
            return names

        listener.add_notify_handler(lambda notify: hints.append(notify.payload))
        listener.execute("LISTEN crm")
        one, asset = add_customer(session), uuid.uuid4()
        assert named() == [str(one)[-12:]]
        session.execute("INSERT INTO crm.asset (id, customer_id) VALUES (%s, %s)", (asset, one))
        assert named() == [str(one)[-12:]], "what is his is about him"
        add_note(session, "for the team only", uuid.uuid4())
        assert named() == [], "whom a team writes about is the team's"
        for _ in range(51):
            add_customer(session)
        assert named() == []
        add_customer(session)
        stamp(session)
        session.execute("SELECT crm.hint()")
        listener.execute("SELECT 1")
        assert len(hints.pop().split()) == 1, "a promised hint names those of the while it kept silent"


def test_pointers_of_a_moved_row_go_to_both_parents(database: Database) -> None:
    with database.connect() as session:
        one, other, asset = add_customer(session), add_customer(session), uuid.uuid4()
        session.execute("INSERT INTO crm.asset (id, customer_id) VALUES (%s, %s)", (asset, one))
        session.execute("UPDATE crm.asset SET customer_id = %s, rev = 2 WHERE id = %s", (other, asset))
        session.execute("UPDATE crm.asset SET rev = 2 WHERE id = %s", (asset,))
        found = session.execute("SELECT parent FROM crm.feed WHERE pk = %s ORDER BY id", (asset,)).fetchall()
    assert found == [(one,), (one,), (other,)]


def test_a_transaction_has_its_number_before_it_draws_one() -> None:
    """The order of two lines of crm.next_feed_id() that no other test can tell apart."""
    from crmdesk.services.server.install import SQL

    text = (SQL / "20_feed.sql").read_text(encoding="utf-8")
    assert re.search(r"PERFORM pg_current_xact_id\(\);\s+RETURN nextval\('crm.feed_id_seq'\)", text)
