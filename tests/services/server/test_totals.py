"""The server knows of each customer how many lines his time line has, whatever happens to them."""

from __future__ import annotations

import itertools
import random
import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from crmdesk.models.note import append_note
from crmdesk.models.operations import Author
from crmdesk.services.server.check import check
from crmdesk.services.server.install import upgrade
from tests.cluster import Database
from tests.services.server.rows import MOMENT, add_customer, mutate
from tests.services.server.sender import Sender
from tests.services.server.test_effects import DESKS, described, random_moves

Totals = dict[uuid.UUID, tuple[int, datetime]]
START = datetime.fromisoformat(MOMENT)


def told(session: Any) -> Totals:
    found = session.execute("SELECT customer_id, contact_count, last_contact FROM crm.contact_total")
    return {customer: (count, last) for customer, count, last in found}


def counted(session: Any) -> Totals:
    """What one finds when one counts, without the server's own way of doing it."""
    found: Totals = {}
    for customer, at in session.execute("SELECT customer_id, at FROM crm.interaction"):
        if customer is not None:
            count, last = found.get(customer, (0, at))
            found[customer] = (count + 1, max(last, at))
    return found


@pytest.fixture
def owner(database: Database) -> Iterator[Any]:
    with database.connect() as session:
        yield session


def add_line(session: Any, customer: uuid.UUID | None, hours: int = 0) -> uuid.UUID:
    row_id = uuid.uuid4()
    session.execute(
        "INSERT INTO crm.interaction (id, customer_id, at) VALUES (%s, %s, %s)",
        (row_id, customer, START + timedelta(hours=hours)),
    )
    return row_id


def test_any_operations_and_repairs_leave_right_totals(database: Database, owner: Any) -> None:
    """Agents push, IT moves, merges, dates and deletes lines; after each step the count is right."""
    person = database.person("counted_one", "supervisor", teams=())
    owner.execute("SELECT crm.set_clock(%s)", (START + timedelta(days=60),))
    chance = random.Random(7)
    with database.connect(person.login) as session:
        senders = itertools.cycle([Sender(session, device) for device in DESKS])
        seen = 0
        for n, operation in enumerate(described(random_moves(77, 400), str(person.agent_id))):
            next(senders).push(operation)
            if n % 5 == 0:
                repair(owner, chance)
            assert told(session) == counted(owner), (n, operation.kind)
            seen = max(seen, len(told(session)))
    assert seen > 3
    assert owner.execute("SELECT count(*) FROM crm.wrong_totals()").fetchone() == (0,)


def repair(owner: Any, chance: random.Random) -> None:
    lines = [row_id for (row_id,) in owner.execute("SELECT id FROM crm.interaction ORDER BY id")]
    people = [row_id for (row_id,) in owner.execute("SELECT id FROM crm.customer ORDER BY id")]
    if not lines or not people:
        return
    line, one, other = chance.choice(lines), chance.choice(people), chance.choice(people)
    statement, values = chance.choice(
        [
            ("UPDATE crm.interaction SET customer_id = %s WHERE id = %s", (one, line)),
            ("UPDATE crm.interaction SET customer_id = NULL WHERE id = %s", (line,)),
            ("UPDATE crm.interaction SET customer_id = %s WHERE customer_id = %s", (one, other)),
            ("UPDATE crm.interaction SET at = at - interval '9 days' WHERE id = %s", (line,)),
            ("UPDATE crm.interaction SET summary = 'x', rev = rev + 1 WHERE id = %s", (line,)),
            ("DELETE FROM crm.interaction WHERE id = %s", (line,)),
            ("SELECT crm.erase_customer(%s)", (one,)) if chance.random() < 0.1 else ("SELECT 1", ()),
        ]
    )
    owner.execute(statement, values)


def test_who_has_no_line_any_more_has_no_total(owner: Any) -> None:
    customer = add_customer(owner)
    lines = [add_line(owner, customer, n) for n in range(3)]
    assert told(owner) == {customer: (3, START + timedelta(hours=2))}
    owner.execute("DELETE FROM crm.interaction WHERE id = %s", (lines[2],))
    assert told(owner) == {customer: (2, START + timedelta(hours=1))}
    owner.execute("DELETE FROM crm.interaction")
    assert told(owner) == {}


def test_the_one_a_line_leaves_for_nobody_is_pointed_to(owner: Any) -> None:
    customer = add_customer(owner)
    line = add_line(owner, customer)
    (before,) = owner.execute("SELECT max(id) FROM crm.feed").fetchone()
    owner.execute("UPDATE crm.interaction SET customer_id = NULL WHERE id = %s", (line,))
    parents = owner.execute(
        "SELECT parent FROM crm.feed WHERE id > %s AND tab = 'interaction'", (before,)
    ).fetchall()
    assert (customer,) in parents


@pytest.mark.parametrize("move", ["other", "gone", "came"])
def test_each_change_of_a_line_points_to_whose_total_changed(owner: Any, move: str) -> None:
    one, two = add_customer(owner), add_customer(owner)
    line = add_line(owner, one)
    (before,) = owner.execute("SELECT max(id) FROM crm.feed").fetchone()
    if move == "other":
        owner.execute("UPDATE crm.interaction SET customer_id = %s WHERE id = %s", (two, line))
    elif move == "gone":
        owner.execute("DELETE FROM crm.interaction WHERE id = %s", (line,))
    else:
        add_line(owner, two)
    found = owner.execute(
        "SELECT DISTINCT parent FROM crm.feed WHERE id > %s AND tab = 'interaction'", (before,)
    ).fetchall()
    assert {parent for (parent,) in found} == {"other": {one, two}, "gone": {one}, "came": {two}}[move]


def test_lines_of_many_desks_at_once_are_all_counted(database: Database, owner: Any) -> None:
    """Notes are written to two customers while their lines are moved between them, both ways at once."""
    customers = [add_customer(owner) for _ in range(2)]
    movable = [add_line(owner, customers[n % 2], n) for n in range(40)]
    people = [database.person(f"counted{n}") for n in range(3)]
    failures: list[BaseException] = []

    def write_notes(n: int) -> None:
        with database.connect(people[n].login) as session:
            sender = Sender(session)
            author = Author(str(people[n].agent_id), "", lambda: START)
            for k in range(30):
                answer = sender.push(append_note(author, "x", customer_id=customers[k % 2]))
                assert answer == {"ok": True}, answer

    def move_lines(n: int) -> None:
        with database.connect() as session:
            for line in movable[n::2]:
                there = customers[n]
                session.execute("UPDATE crm.interaction SET customer_id = %s WHERE id = %s", (there, line))
                if line.int % 3 == 0:
                    session.execute("DELETE FROM crm.interaction WHERE id = %s", (line,))

    def guarded(work: Any, n: int) -> None:
        try:
            work(n)
        except BaseException as error:  # noqa: BLE001 - told by the assertion below
            failures.append(error)

    jobs = [(write_notes, n) for n in range(3)] + [(move_lines, n) for n in range(2)]
    threads = [threading.Thread(target=guarded, args=job) for job in jobs]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failures == []
    assert told(owner) == counted(owner)


class Waiter:
    """Runs one statement that waits for somebody's lock, on a connection of its own or on *session*."""

    def __init__(self, database: Database, statement: str, *values: Any, session: Any = None) -> None:
        self.failure: BaseException | None = None
        self.answer: Any = None
        self._own = session is None
        self._session = session or database.connect()
        self._thread = threading.Thread(target=self._run, args=(statement, values))
        self._thread.start()
        self._until_waiting(database)

    def finish(self) -> None:
        """Wait for its end."""
        self._thread.join()
        if self._own:
            self._session.close()

    def _run(self, statement: str, values: tuple[Any, ...]) -> None:
        try:
            found = self._session.execute(statement, values)
            self.answer = found.fetchone() if found.description else None
        except BaseException as error:  # noqa: BLE001 - told by whoever looks at it
            self.failure = error

    def _until_waiting(self, database: Database) -> None:
        pid = self._session.info.backend_pid
        pause = threading.Event()
        with database.connect() as looking:
            while not looking.execute("SELECT cardinality(pg_blocking_pids(%s)) > 0", (pid,)).fetchone()[0]:
                pause.wait(0.01)


def test_a_line_that_goes_while_another_comes_leaves_the_right_last_moment(
    database: Database, owner: Any
) -> None:
    customer = add_customer(owner)
    lines = [add_line(owner, customer, n) for n in (1, 5)]
    with owner.transaction():
        add_line(owner, customer, 9)
        deleting = Waiter(database, "DELETE FROM crm.interaction WHERE id = %s", lines[1])
    deleting.finish()
    assert deleting.failure is None
    assert told(owner) == counted(owner) == {customer: (2, START + timedelta(hours=9))}


def test_lines_that_are_exchanged_at_once_do_not_wait_for_each_other(database: Database, owner: Any) -> None:
    one, two = add_customer(owner), add_customer(owner)
    lines = {one: add_line(owner, one), two: add_line(owner, two)}
    move = "UPDATE crm.interaction SET customer_id = %s WHERE id = %s"
    with owner.transaction():
        owner.execute("SELECT 1 FROM crm.contact_total FOR UPDATE")
        both = [Waiter(database, move, two, lines[one]), Waiter(database, move, one, lines[two])]
    for each in both:
        each.finish()
    assert [each.failure for each in both] == [None, None]
    assert told(owner) == counted(owner)


def test_a_planted_bug_in_moving_is_found(database: Database, owner: Any) -> None:
    mutate(database, "crm.on_line()", "PERFORM crm.count_again(gone, 1);\n    ELSE", "NULL;\n    ELSE")
    customers = sorted(add_customer(owner) for _ in range(2))
    line = add_line(owner, customers[1])
    owner.execute("UPDATE crm.interaction SET customer_id = %s WHERE id = %s", (customers[0], line))
    assert told(owner) != counted(owner)


def test_wrong_totals_are_told_and_an_upgrade_sets_them_right(database: Database, owner: Any) -> None:
    customers = [add_customer(owner) for _ in range(4)]
    for n, customer in enumerate(customers[:3]):
        add_line(owner, customer, n)
    right = told(owner)
    owner.execute("UPDATE crm.contact_total SET contact_count = 9 WHERE customer_id = %s", (customers[0],))
    owner.execute("DELETE FROM crm.contact_total WHERE customer_id = %s", (customers[1],))
    owner.execute("INSERT INTO crm.contact_total VALUES (%s, 1, %s)", (customers[3], START))
    found = [str(each) for each in check(database.owner_dsn, password=database.password()).findings]
    assert sum("3 customers are counted wrong" in each for each in found) == 1
    upgrade(database.owner_dsn, password=database.password())
    assert told(owner) == right
    found = [str(each) for each in check(database.owner_dsn, password=database.password()).findings]
    assert not any("counted wrong" in each for each in found)


def test_an_agent_reads_totals_and_writes_none(database: Database, owner: Any) -> None:
    import psycopg

    customer = add_customer(owner)
    add_line(owner, customer)
    person = database.person("counter_reader")
    with database.connect(person.login) as session:
        assert told(session) == {customer: (1, START)}
        for statement in (
            "UPDATE crm.contact_total SET contact_count = 2",
            "DELETE FROM crm.contact_total",
            "SELECT crm.set_totals_right()",
            f"SELECT crm.count_line('{customer}', now())",
            f"SELECT crm.count_again('{customer}', 1)",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                session.execute(statement)
        owner.execute("UPDATE crm.person SET active = false WHERE login = %s", (person.login,))
        assert told(session) == {}
