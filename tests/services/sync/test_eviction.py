"""What a desk holds no longer goes in small steps; what it has a reason to hold stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.models.article import ArticleUse
from crmdesk.models.call import Call, CallLeg
from crmdesk.models.note import append_note
from crmdesk.models.operations import row_of
from crmdesk.models.outbox import PulledRow
from crmdesk.models.task import Task
from crmdesk.models.types import new_id
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync.coverage import (
    CUSTOMER,
    WINDOW,
    Coverage,
    coverage_of,
    customer_key,
    is_complete,
    take_history,
)
from crmdesk.services.sync.eviction import Eviction, look_at, used_bytes
from crmdesk.services.sync.replica import lay_more
from tests.cluster import Database
from tests.services.sync.conftest import START, SharedDesk
from tests.services.sync.desks import desk as shared
from tests.services.sync.test_coverage import DAY, note_coverage, past
from tests.services.sync.test_replica import add_note, shared_customer
from tests.services.sync.test_totals import customer_at, make_old

LARGE = 1 << 40
MONTH = START - 30 * DAY


def lay(desk: SharedDesk, rows: list[PulledRow]) -> None:
    def use(work: UnitOfWork) -> None:
        lay_more(work, rows)
        work.commit()

    desk.store.write(use).result()


def old_lines(desk: SharedDesk, customer_id: UUID, first: int, days: list[int]) -> list[UUID]:
    lay(desk, [row for n, each in enumerate(days) for row in past(customer_id, first + n, each)])
    return [UUID(int=1_000 + first + n) for n in range(len(days))]


def held_ids(desk: SharedDesk, table: str) -> set[UUID]:
    return {row_id for name, row_id in desk.rows() if name == table}


def evict(desk: SharedDesk, *, limit: int = LARGE, kept: int = 0, rounds: int = 40) -> int:
    eviction = Eviction(desk.store, limit, kept=kept, step_rows=2, steps=3)
    return sum(eviction.look(MONTH) for _ in range(rounds))


def test_what_lies_before_the_window_goes(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.sync()
    desk.store.write(note_coverage, Coverage(WINDOW, "", START - 90 * DAY, 1)).result()
    ids = old_lines(desk, customer_id, 0, [10, 29, 31, 40, 50, 60, 70])
    assert evict(desk) == 10
    assert held_ids(desk, "note") == held_ids(desk, "interaction") == set(ids[:2])
    assert not desk.read(is_complete, customer_id, START - 50 * DAY)
    assert desk.read(is_complete, customer_id, MONTH)
    assert evict(desk) == 0


def test_a_step_takes_few_rows_and_a_look_few_steps(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.sync()
    old_lines(desk, customer_id, 0, [40 + n for n in range(20)])
    sizes: list[int] = []
    desk.store.on_change(lambda changes: sizes.append(len(changes.ids)))
    eviction = Eviction(desk.store, LARGE, step_rows=3, steps=2)
    assert eviction.look(MONTH) == 6
    assert sizes == [3, 3]
    add_note(desk, customer_id, "written in between")
    assert eviction.look(MONTH) == 6


def test_claims_shrink_in_the_transaction_of_the_first_row(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.sync()
    old_lines(desk, customer_id, 0, [40, 41, 42])
    desk.store.write(note_coverage, Coverage(WINDOW, "", None, 1)).result()
    told: list[object] = []

    def claimed_at_each_change(_changes: object) -> None:
        told.append(desk.read(coverage_of, WINDOW))

    desk.store.on_change(claimed_at_each_change)
    Eviction(desk.store, LARGE, step_rows=1, steps=1).look(MONTH)
    assert told == [Coverage(WINDOW, "", MONTH, 1)]
    assert len(held_ids(desk, "interaction")) == 2


def test_all_there_is_stays_all_there_is_while_nothing_goes(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.sync()
    old_lines(desk, customer_id, 0, [1, 2])
    desk.store.write(note_coverage, Coverage(WINDOW, "", None, 1)).result()
    assert evict(desk) == 0
    assert desk.read(is_complete, customer_id, None)


def task_of(customer_id: UUID, state: str, call_id: UUID | None = None) -> PulledRow:
    task = Task(id=UUID(int=77), customer_id=customer_id, call_id=call_id, state=state, created_at=START)
    return PulledRow("task", task.id, row_of(task))


def age(desk: SharedDesk, row_id: UUID) -> None:
    """Make a note and its line as old as can be."""

    def change(work: UnitOfWork) -> None:
        for table in ("note", "interaction"):
            work.connection.execute(f"UPDATE {table} SET at = 0 WHERE id = ?", (row_id.bytes,))
        work.commit()

    desk.store.write(change).result()


def test_a_history_of_his_own_an_open_task_and_what_waits_stay(desk: SharedDesk) -> None:
    plain, covered, busy, writing = (shared_customer(desk) for _ in range(4))
    desk.sync()
    old_lines(desk, plain, 0, [40, 50])
    own = [row for n in (10, 11) for row in past(covered, n, 60)]
    desk.store.write(take_history, own, Coverage(CUSTOMER, customer_key(covered), None, 3)).result()
    lay(desk, [task_of(busy, "open")])
    kept = {UUID(int=1_010), UUID(int=1_011)}
    his = set(old_lines(desk, busy, 20, [70, 80]))
    waiting = add_note(desk, writing, "not sent yet")
    age(desk, waiting)
    assert evict(desk) == 4
    assert held_ids(desk, "note") == {*kept, *his, waiting}
    assert desk.read(is_complete, covered, None)
    lay(desk, [task_of(busy, "done")])
    assert Eviction(desk.store, LARGE).look(MONTH + DAY) == 4
    assert held_ids(desk, "note") == {*kept, waiting}


def test_a_call_goes_with_its_legs_and_what_was_read_in_it(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.sync()
    at = START - 50 * DAY
    rows: list[object] = []
    for n in (1, 2):
        rows.append(Call(id=UUID(int=n), customer_id=customer_id, started_at=at))
        rows.append(CallLeg(id=UUID(int=10 + n), call_id=UUID(int=n), leg_key="1"))
        rows.append(ArticleUse(id=UUID(int=20 + n), article_id=UUID(int=5), call_id=UUID(int=n), at=at))
    tables = {Call: "call", CallLeg: "call_leg", ArticleUse: "article_use"}
    lay(desk, [PulledRow(tables[type(row)], row_of(row)["id"], row_of(row)) for row in rows])
    lay(desk, [replace(task_of(customer_id, "open", UUID(int=2)), row=None)])
    lay(desk, [task_of(new_id(), "open", UUID(int=2))])
    assert evict(desk) == 2
    assert held_ids(desk, "call") == {UUID(int=2)}
    assert held_ids(desk, "call_leg") == {UUID(int=12)}
    assert held_ids(desk, "article_use") == {UUID(int=22)}


def test_a_store_past_its_limit_lets_the_least_used_histories_go(desk: SharedDesk) -> None:
    customers = [shared_customer(desk) for _ in range(5)]
    desk.sync()
    for n, customer_id in enumerate(customers):
        rows = [row for k in range(5) for row in past(customer_id, 10 * n + k, 40 + k)]
        rows += past(customer_id, 10 * n + 9, 1)
        coverage = Coverage(CUSTOMER, customer_key(customer_id), None, n - 10)
        desk.store.write(take_history, rows, coverage).result()
    lay(desk, [task_of(customers[1], "open")])

    def look(work: UnitOfWork) -> None:
        look_at(work, customers[0])
        work.commit()

    desk.store.write(look).result()
    used = desk.read(used_bytes)
    assert 4_096 < used <= desk.path.stat().st_size + (1 << 24)
    assert evict(desk, limit=used) == 0
    assert evict(desk, limit=0, kept=2) == 20
    whole = [desk.read(is_complete, customer_id, None) for customer_id in customers]
    assert whole == [True, True, False, False, True]
    assert len(held_ids(desk, "note")) == 5 * 6 - 10
    assert all(desk.read(is_complete, each, None) or len(notes_of(desk, each)) == 1 for each in customers)


def notes_of(desk: SharedDesk, customer_id: UUID) -> list[tuple[object, ...]]:
    return desk.sql("SELECT id FROM note WHERE customer_id = ?", customer_id.bytes)


def test_a_desk_lets_old_history_go_in_passing_once_a_day(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("crmdesk.services.sync.tending.DUE_SECONDS", 0.0)
    anna, ben = database.person("anna"), database.person("ben")
    with shared(database, anna, tmp_path / "a") as one, shared(database, ben, tmp_path / "b") as other:
        customer = customer_at(one, 4)
        other.worker.run_once()
        make_old(database, "note 0", "note 1")
        other.worker.run_once()  # brings news: what is due waits
        assert len(other.rows("note")) == 4
        other.worker.run_once()
        assert len(other.rows("note")) == 2
        assert not other.store.read(is_complete, customer, None).result()
        assert other.worker.check() == 0
        make_old(database, "note 2")
        other.worker.run_once()
        other.worker.run_once()
        assert len(other.rows("note")) == 2  # until the window moves on


def test_evicted_rows_that_change_come_again(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    with shared(database, anna, tmp_path / "a") as one:
        customer = customer_at(one, 2)
        make_old(database, "note 0")
        one.worker.run_once()
        Eviction(one.store, LARGE).look(one.store.author.now() - timedelta(days=90))
        assert len(one.rows("interaction")) == 1
        with database.connect() as owner:
            owner.execute("UPDATE crm.interaction SET summary = 'x', rev = rev + 1")
        one.do(one.describe(append_note, "another", customer_id=customer))
        one.worker.run_once()
        assert {row["summary"] for row in one.rows("interaction")} >= {"x"}
