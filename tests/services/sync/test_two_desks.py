"""Two desks over a real server: what one does the other sees, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.errors import ServerBusy
from crmdesk.models.customer import Customer, open_customer
from crmdesk.models.note import append_note
from crmdesk.models.operations import Operation
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync.holding import TABLES
from crmdesk.services.sync.replica import read_place
from tests.cluster import Database, team_id
from tests.services.sync.desks import TestDesk, desk


@pytest.fixture
def both(database: Database, tmp_path: Path) -> Iterator[tuple[TestDesk, TestDesk]]:
    anna, ben = database.person("anna"), database.person("ben", teams=("workshop",))
    with desk(database, anna, tmp_path / "a") as one, desk(database, ben, tmp_path / "b") as other:
        yield one, other


def _customer(at: TestDesk, name: str = "Zhang San") -> UUID:
    values = {"name": name, "kind": "person"}
    points = [{"kind": "phone", "raw": "13800138000", "value": "+8613800138000"}]
    return UUID(at.do(at.describe(open_customer, values, points)).payload["id"])


def _change(at: TestDesk, customer: UUID, **changes: object) -> Operation:
    def perform(work: UnitOfWork) -> Operation:
        held = work.load(Customer, customer)
        operation = held.change(work.author, changes, held.rev)
        work.do(operation)
        work.commit()
        return operation

    return at.store.write(perform).result().result


def _rounds(*desks: TestDesk) -> None:
    for each in desks:
        each.worker.run_once()


def _same(one: TestDesk, other: TestDesk, *but: str) -> None:
    for table in TABLES:
        if table not in but:
            assert one.rows(table) == other.rows(table), table


def test_what_one_desk_does_is_on_the_other_after_a_round_each(both: tuple[TestDesk, TestDesk]) -> None:
    one, other = both
    _rounds(one, other)
    customer = _customer(one)
    one.do(one.describe(append_note, "wants his invoice", customer_id=customer))
    done = one.worker.run_once()
    assert (done.sent, done.accepted, done.refused) == (2, 2, 0)
    assert other.worker.run_once().rows >= 4
    assert [row["text"] for row in other.rows("note")] == ["wants his invoice"]
    assert [row["value"] for row in other.rows("contact_point")] == ["+8613800138000"]
    _change(other, customer, tier="gold")
    _rounds(other, one)
    assert one.row("customer", customer) == other.row("customer", customer)
    _same(one, other)
    assert one.asked("SELECT count(*) FROM server_row") == [(0,)]


def test_different_fields_merge_and_the_same_field_is_refused_with_the_servers_value(
    both: tuple[TestDesk, TestDesk],
) -> None:
    one, other = both
    customer = _customer(one)
    _rounds(one, other)
    _change(one, customer, hint="rings twice")
    _change(other, customer, tier="gold")
    _rounds(one, other, one)
    assert one.row("customer", customer)["hint"] == "rings twice"  # type: ignore[index]
    _same(one, other)
    _change(one, customer, tier="silver")
    lost = _change(other, customer, tier="platinum")
    assert one.worker.run_once().accepted == 1
    assert other.worker.run_once().refused == 1
    assert other.row("customer", customer)["tier"] == "silver"  # type: ignore[index]
    refused = other.asked("SELECT op_id, code FROM not_accepted")
    assert refused == [(lost.id.bytes, "conflict")]
    assert other.worker.status.refused == 1
    _same(one, other)


def test_a_note_of_a_team_comes_only_to_who_may_read_it_and_goes_with_the_right(
    both: tuple[TestDesk, TestDesk], database: Database
) -> None:
    one, other = both
    customer = _customer(one)
    secret = one.describe(append_note, "only we know", customer_id=customer, team_id=team_id("hotline"))
    one.do(secret)
    _rounds(one, other)
    assert other.rows("note") == []
    database.person("ben", teams=("workshop", "hotline"))
    _rounds(other)
    assert [row["text"] for row in other.rows("note")] == ["only we know"]
    database.person("ben", teams=("workshop",))
    _rounds(other)
    assert other.rows("note") == []
    assert len(one.rows("note")) == 1
    assert other.asked("SELECT count(*) FROM history WHERE table_name = 'note'") == [(0,)]


def test_an_answer_that_was_lost_is_asked_for_again(both: tuple[TestDesk, TestDesk]) -> None:
    one, other = both
    _customer(one)
    one.worker.run_once()
    one.do(one.describe(append_note, "once", customer_id=one.rows("customer")[0]["id"]))

    def forget_the_answer(work: UnitOfWork) -> None:
        work.connection.execute("UPDATE outbox SET state = 'new', result = NULL WHERE state = 'answered'")
        work.commit()

    one.store.write(forget_the_answer).result()
    assert one.worker.run_once().sent == 2
    one.store.write(forget_the_answer).result()
    assert one.worker.run_once().accepted == 2
    _rounds(other)
    assert len(other.rows("note")) == 1
    _same(one, other)


def test_after_an_older_backup_nothing_acknowledged_is_lost_and_all_agree(
    both: tuple[TestDesk, TestDesk], database: Database
) -> None:
    one, other = both
    customer = _customer(one)
    _rounds(one, other)
    for each in both:
        each.worker.close_line()
    backup = database.copy()
    for n in range(5):
        one.do(one.describe(append_note, f"after the backup {n}", customer_id=customer))
    _rounds(one, other)
    _change(other, customer, tier="gold")
    _rounds(other, one)
    _same(one, other)
    _restore(database, backup, both)
    first, second = one.worker.run_once(), other.worker.run_once()
    assert (first.sent, second.sent) == (5, 1)
    assert first.reloaded
    assert second.reloaded
    _rounds(one, other, one)
    _same(one, other)
    assert len(one.rows("note")) == 5
    assert one.row("customer", customer)["tier"] == "gold"  # type: ignore[index]
    assert one.asked("SELECT count(*) FROM server_row") == [(0,)]


def test_what_builds_upon_another_desks_row_waits_after_a_restore_and_reads_meanwhile(
    both: tuple[TestDesk, TestDesk], database: Database
) -> None:
    one, other = both
    for each in both:
        each.worker.run_once()
        each.worker.close_line()
    backup = database.copy()
    customer = _customer(one)
    _rounds(one, other)
    _change(other, customer, tier="gold")
    _rounds(other, one)
    _restore(database, backup, both)
    with database.connect() as owner:
        owner.execute("INSERT INTO crm.journal (at, what) VALUES (crm.now(), 'after restore')")
    before = other.store.read(read_place).result().cursor
    with pytest.raises(ServerBusy, match="was restored: other desks still bring back"):
        other.worker.run_once()
    assert other.store.read(read_place).result().cursor != before, "it read what is there"
    assert one.worker.run_once().sent == 1
    assert other.worker.run_once().accepted == 1
    _rounds(one, other)
    _same(one, other)
    assert one.row("customer", customer)["tier"] == "gold"  # type: ignore[index]


def test_a_row_altered_here_by_whatever_is_found_and_fetched_anew(both: tuple[TestDesk, TestDesk]) -> None:
    one, other = both
    customer = _customer(one)
    for n in range(20):
        one.do(one.describe(append_note, f"note {n}", customer_id=customer))
    _rounds(one, other)
    pending = one.do(one.describe(append_note, "not sent yet", customer_id=customer))
    assert one.worker.check() == 0

    def spoil(work: UnitOfWork) -> None:
        work.connection.execute("UPDATE note SET text = 'altered' WHERE text = 'note 7'")
        work.connection.execute("DELETE FROM note WHERE text = 'note 8'")
        work.connection.execute("UPDATE customer SET rev = rev + 1")
        work.commit()

    one.store.write(spoil).result()
    assert one.worker.check() == 2
    assert one.worker.check() == 0
    assert {row["text"] for row in one.rows("note")} >= {"note 7", "note 8", "not sent yet"}
    assert pending.payload["id"] in {str(row["id"]) for row in one.rows("note")}
    _rounds(one, other)
    _same(one, other)


def test_what_a_desk_had_before_it_joined_goes_along(database: Database, tmp_path: Path) -> None:
    anna, ben = database.person("anna"), database.person("ben")
    with (
        desk(database, anna, tmp_path / "a", adopt=True, before=_customer) as one,
        desk(database, ben, tmp_path / "b") as other,
    ):
        assert one.worker.run_once().accepted == 1
        _rounds(other)
        assert len(other.rows("customer")) == 1
        _same(one, other)


def test_hundreds_that_waited_go_in_order(both: tuple[TestDesk, TestDesk]) -> None:
    one, other = both
    customer = _customer(one)
    for n in range(450):
        one.do(one.describe(append_note, f"offline {n}", customer_id=customer))
    assert one.worker.run_once().accepted == 451
    _rounds(other)
    _same(one, other)


def _restore(database: Database, backup: Database, desks: tuple[TestDesk, ...]) -> None:
    """Put *backup* in the place of *database*, as an administrator does."""
    for each in desks:
        each.worker.close_line()
    with database.cluster.connect() as admin:
        admin.execute(f'ALTER DATABASE "{database.name}" RENAME TO "{database.name}_lost"')
        admin.execute(f'ALTER DATABASE "{backup.name}" RENAME TO "{database.name}"')
        admin.execute(f'DROP DATABASE "{database.name}_lost" WITH (FORCE)')


def test_once_a_day_all_is_compared_and_what_differs_comes_anew(both: tuple[TestDesk, TestDesk]) -> None:
    one, _other = both
    _customer(one)
    _rounds(one, one)

    def spoil(work: UnitOfWork) -> None:
        work.connection.execute("UPDATE customer SET hint = 'altered'")
        work.commit()

    one.store.write(spoil).result()
    one.worker.close_line()
    _rounds(one)
    assert one.rows("customer")[0]["hint"] == "altered"
    one.profile.clock.set("+25h")
    one.worker.close_line()
    _rounds(one)
    assert one.rows("customer")[0]["hint"] == ""
