"""Complete is only what was said to be complete."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from crmdesk.errors import ServerUnfit
from crmdesk.models.interaction import Interaction
from crmdesk.models.note import Note
from crmdesk.models.operations import row_of
from crmdesk.models.outbox import ContactTotal, PulledRow
from crmdesk.models.types import CustomerId
from crmdesk.services.customers.timeline import timeline_page
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync.coverage import (
    CUSTOMER,
    WINDOW,
    Coverage,
    cover,
    coverage_of,
    customer_key,
    is_complete,
    take_history,
)
from crmdesk.services.sync.replica import lay_more
from crmdesk.services.sync.sharing import stop_sharing
from crmdesk.services.sync.totals import ALL_HERE, lay_totals
from tests.services.sync.conftest import START, SharedDesk
from tests.services.sync.test_replica import add_note, shared_customer

DAY = timedelta(days=1)


def past(customer_id: UUID, n: int, days: int) -> list[PulledRow]:
    """A note of the past and its line."""
    row_id, at = UUID(int=1_000 + n), START - days * DAY
    note = Note(id=row_id, customer_id=customer_id, text=f"old {n}", at=at)
    line = Interaction(id=row_id, customer_id=customer_id, kind="note", at=at, subject=f"old {n}")
    return [PulledRow("note", row_id, row_of(note)), PulledRow("interaction", row_id, row_of(line))]


def shown(desk: SharedDesk, customer_id: UUID) -> tuple[int, int, bool]:
    """Lines here, lines there are as far as that is not clear from what is here, whether that is all."""
    page = desk.read(timeline_page, customer_id)
    return page.total, page.everywhere, page.complete


def note_coverage(work: UnitOfWork, coverage: Coverage) -> None:
    cover(work, coverage)
    work.commit()


def load(desk: SharedDesk, customer_id: UUID, days: list[int], coverage: Coverage) -> None:
    rows = [row for n, each in enumerate(days) for row in past(customer_id, n, each)]
    desk.store.write(take_history, rows, coverage).result()


def test_an_empty_history_is_not_a_complete_one(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    assert not desk.read(is_complete, customer_id, None)
    assert not desk.read(is_complete, customer_id, START - DAY)
    assert shown(desk, customer_id) == (0, 0, False)


def test_twelve_of_fifty_seven_are_here(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    key = customer_key(customer_id)
    load(desk, customer_id, list(range(12)), Coverage(CUSTOMER, key, START - 12 * DAY, 4, total=57))
    assert shown(desk, customer_id) == (12, 57, False)
    assert desk.read(is_complete, customer_id, START - 5 * DAY)
    assert not desk.read(is_complete, customer_id, START - 13 * DAY)
    load(desk, customer_id, list(range(57)), Coverage(CUSTOMER, key, None, 5, total=57))
    assert shown(desk, customer_id) == (57, 0, True)


def test_the_window_covers_everybody_since_its_beginning(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)

    desk.store.write(note_coverage, Coverage(WINDOW, "", START - 90 * DAY, 1)).result()
    assert desk.read(is_complete, customer_id, START - 80 * DAY)
    assert not desk.read(is_complete, customer_id, START - 100 * DAY)
    assert not desk.read(is_complete, customer_id, None)


def test_rows_and_coverage_come_together_or_not_at_all(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    key = customer_key(customer_id)
    broken = PulledRow("note", UUID(int=9), {"id": UUID(int=9)})
    with pytest.raises(ServerUnfit):
        desk.store.write(
            take_history, [*past(customer_id, 1, 1), broken], Coverage(CUSTOMER, key, None, 4)
        ).result()
    assert desk.read(coverage_of, CUSTOMER, key) is None
    assert shown(desk, customer_id)[0] == 0


def test_rows_fetched_on_demand_go_under_what_waits(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    note_id = add_note(desk, customer_id, "mine")
    load(desk, customer_id, [1], Coverage(CUSTOMER, customer_key(customer_id), None, 4))
    assert desk.row("note", note_id) is not None
    assert len(desk.sql("SELECT * FROM server_row")) == 2
    desk.sync()
    assert desk.row("note", UUID(int=1_000)) is not None


def test_a_desk_of_its_own_has_all_there_is(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.store.write(stop_sharing).result()
    assert desk.read(is_complete, customer_id, None)
    assert shown(desk, customer_id) == (0, 0, True)


def tell_totals(work: UnitOfWork, *totals: ContactTotal) -> None:
    lay_totals(work.connection, totals)
    work.connection.execute("INSERT OR REPLACE INTO sync (name, value) VALUES (?, '1')", (ALL_HERE,))
    work.commit()


def lay_lines(desk: SharedDesk, customer_id: UUID, days: list[int]) -> None:
    """Lines that came with pulls: no coverage of his own."""
    rows = [row for n, each in enumerate(days) for row in past(customer_id, n, each)]

    def lay(work: UnitOfWork) -> None:
        lay_more(work, rows)
        work.commit()

    desk.store.write(lay).result()


def test_of_a_customer_never_loaded_the_server_has_said_how_many(desk: SharedDesk) -> None:
    customer_id, quiet = shared_customer(desk), shared_customer(desk)
    desk.sync()
    lay_lines(desk, customer_id, [1, 2, 3])
    assert shown(desk, customer_id) == (3, 0, False)
    desk.store.write(tell_totals, ContactTotal(customer_id, 57, START)).result()
    assert shown(desk, customer_id) == (3, 57, False)
    assert shown(desk, quiet) == (0, 0, True)
    desk.store.write(tell_totals, ContactTotal(customer_id, 3, START)).result()
    assert shown(desk, customer_id) == (3, 0, True)


def test_what_only_this_desk_has_does_not_stand_for_what_the_server_has(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.sync()
    lay_lines(desk, customer_id, [1, 2, 3])
    desk.store.write(tell_totals, ContactTotal(customer_id, 4, START)).result()
    add_note(desk, customer_id, "mine")
    assert shown(desk, customer_id) == (4, 5, False)
    desk.store.write(tell_totals, ContactTotal(customer_id, 3, START)).result()
    assert shown(desk, customer_id) == (4, 0, True)


def test_a_page_of_some_kinds_knows_of_all_lines(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.sync()
    lay_lines(desk, customer_id, [1, 2, 3])
    desk.store.write(tell_totals, ContactTotal(customer_id, 3, START)).result()
    page = desk.read(lambda connection: timeline_page(connection, CustomerId(customer_id), kinds=("call",)))
    assert (page.total, page.complete) == (0, True)
    desk.store.write(tell_totals, ContactTotal(customer_id, 9, START)).result()
    page = desk.read(lambda connection: timeline_page(connection, CustomerId(customer_id), kinds=("call",)))
    assert (page.total, page.complete) == (0, False)
