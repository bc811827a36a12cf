"""How many contacts there are comes to every desk, of customers never loaded too, and stays right."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.models.customer import open_customer
from crmdesk.models.note import append_note
from crmdesk.models.screen_pop import TimelinePage
from crmdesk.services.customers.timeline import timeline_page
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync import verify
from crmdesk.services.sync.history import load_history
from tests.cluster import Database
from tests.services.sync.desks import TestDesk, desk

Two = tuple[TestDesk, TestDesk]


@pytest.fixture
def two(database: Database, tmp_path: Path) -> Iterator[Two]:
    anna, ben = database.person("anna"), database.person("ben")
    with desk(database, anna, tmp_path / "a") as one, desk(database, ben, tmp_path / "b") as other:
        yield one, other


def customer_at(at: TestDesk, notes: int) -> UUID:
    made = at.do(at.describe(open_customer, {"name": "王伟", "kind": "person"}))
    customer = UUID(made.payload["id"])
    for n in range(notes):
        at.do(at.describe(append_note, f"note {n}", customer_id=customer))
    at.worker.run_once()
    return customer


def page(at: TestDesk, customer: UUID) -> TimelinePage:
    found: TimelinePage = at.store.read(timeline_page, customer).result()
    return found


def told(at: TestDesk, customer: UUID) -> tuple[int, int, bool]:
    found = page(at, customer)
    return found.total, found.everywhere, found.complete


def make_old(database: Database, *notes: str) -> None:
    """Make these notes too old for the window."""
    with database.connect() as owner:
        for table in ("interaction", "note"):
            owner.execute(
                f"UPDATE crm.{table} SET at = at - interval '200 days'"
                " WHERE id IN (SELECT id FROM crm.note WHERE text = ANY (%s))",
                (list(notes),),
            )


def same_as_there(at: TestDesk, database: Database) -> bool:
    """Whether the totals here are those of the server, by what one finds when one reads both."""
    with database.connect(at.person.login) as session:
        there = session.execute("SELECT customer_id, contact_count, last_contact FROM crm.contact_total")
        wanted = {
            (customer.bytes, count, round(last.timestamp() * 1_000_000)) for customer, count, last in there
        }
    return set(at.asked("SELECT customer_id, contact_count, last_contact FROM contact_total")) == wanted


def test_a_customer_never_opened_tells_how_much_the_server_has_of_him(two: Two, database: Database) -> None:
    one, other = two
    customer = customer_at(one, 5)
    quiet = customer_at(one, 0)
    make_old(database, "note 0", "note 1", "note 2")
    other.worker.run_once()
    other.worker.close_line()  # what is told from here on is told offline
    assert told(other, customer) == (2, 5, False)
    assert told(other, quiet) == (0, 0, True)
    load_history(other.store, other.profile, other.worker.address, customer)
    assert told(other, customer)[0::2] == (5, True)


def test_totals_follow_lines_that_come_and_move_and_go(two: Two, database: Database) -> None:
    one, other = two
    customer, next_one = customer_at(one, 3), customer_at(one, 1)
    make_old(database, "note 0")
    other.worker.run_once()
    for statement in (
        "UPDATE crm.interaction SET customer_id = %(to)s WHERE customer_id = %(of)s AND subject LIKE '%%1'",
        "UPDATE crm.interaction SET customer_id = NULL WHERE customer_id = %(to)s",
        "DELETE FROM crm.interaction WHERE customer_id = %(of)s",
    ):
        with database.connect() as owner:
            owner.execute(statement, {"of": customer, "to": next_one})
        other.worker.run_once()
        assert same_as_there(other, database), statement
    one.do(one.describe(append_note, "one more", customer_id=customer))
    one.worker.run_once()
    other.worker.run_once()
    assert same_as_there(other, database)
    assert told(other, customer) == (1, 0, True)


def test_a_total_that_is_wrong_here_is_found_and_set_right(two: Two, database: Database) -> None:
    one, other = two
    customers = [customer_at(one, n) for n in (2, 3)]
    make_old(database, "note 0")
    other.worker.run_once()

    def spoil(work: UnitOfWork, statement: str) -> None:
        work.connection.execute(statement, (customers[0].bytes,))
        work.commit()

    for statement in (
        "UPDATE contact_total SET contact_count = 5 - contact_count WHERE ? IS NOT NULL",  # swapped
        "UPDATE contact_total SET last_contact = last_contact - 1 WHERE customer_id = ?",
        "DELETE FROM contact_total WHERE customer_id = ?",
        "INSERT INTO contact_total SELECT zeroblob(16), 4, 4 WHERE ? IS NOT NULL",
    ):
        other.store.write(spoil, statement).result()
        assert not same_as_there(other, database)
        assert other.worker.check() == 1, statement
        assert same_as_there(other, database), statement
    assert other.worker.check() == 0


def test_a_desk_that_joined_before_totals_were_kept_gets_them_by_its_comparison(
    two: Two, database: Database
) -> None:
    one, other = two
    customer = customer_at(one, 2)
    make_old(database, "note 0")
    other.worker.run_once()

    def forget(work: UnitOfWork) -> None:
        work.connection.execute("DELETE FROM contact_total")
        work.connection.execute("DELETE FROM sync WHERE name = 'totals'")
        work.commit()

    other.store.write(forget).result()
    assert told(other, customer) == (1, 0, False)
    other.worker.check()
    assert told(other, customer) == (1, 2, False)


def test_totals_are_compared_like_rows(two: Two, database: Database) -> None:
    one, _ = two
    for n in range(4):
        customer_at(one, n)
    with database.connect(one.person.login) as session:
        chunks = verify.server_sums(session, "contact_total", None, rows_each=2)
    assert len(chunks) == 2
    for chunk, sums in chunks:
        assert one.store.read(verify.desk_sums, chunk, 0).result() == sums
        assert sums[0] > 0
