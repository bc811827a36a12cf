"""Sums over the same rows are the same in both engines, and other rows give others."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from random import Random
from uuid import UUID

import pytest

from crmdesk.models.customer import open_customer
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync.verify import Chunk, Sums, desk_sums, hash_of, server_sums
from tests.cluster import Database
from tests.services.sync.desks import TestDesk, desk

IDS = [
    UUID(int=0x0199 << 112 | 1),
    UUID(int=0x0200 << 112 | 1),  # differs from the one before in its first bytes only
    UUID(int=(1 << 128) - 1),
    UUID(bytes=Random(4).randbytes(16)),
]


@pytest.fixture
def one(database: Database, tmp_path: Path) -> Iterator[TestDesk]:
    with desk(database, database.person("verifier"), tmp_path / "one") as made:
        for n, row_id in enumerate(IDS):
            made.do(made.describe(open_customer, {"name": f"客户{n}😀"}, row_id=row_id))
        made.worker.run_once()
        yield made


def revise(database: Database, made: TestDesk, *revisions: int) -> None:
    """Give the customers these revisions at the server, in the order of IDS, and at the desk."""
    with database.connect() as owner:
        for row_id, rev in zip(IDS, revisions, strict=True):
            owner.execute("UPDATE crm.customer SET rev = %s WHERE id = %s", (rev, row_id))
    made.worker.run_once()


def swap(work: UnitOfWork, first: UUID, second: UUID) -> None:
    """Give each of two customers the revision of the other, here only."""
    held = {row_id: work.row("customer", row_id) for row_id in (first, second)}
    for row_id, other in ((first, second), (second, first)):
        rev = (held[other] or {})["rev"]
        work.connection.execute("UPDATE customer SET rev = ? WHERE id = ?", (rev, row_id.bytes))
    work.commit()


def both(made: TestDesk, database: Database) -> tuple[Sums, Sums]:
    with database.connect(made.person.login) as link:
        ((chunk, there),) = server_sums(link, "customer", None)
    return made.store.read(desk_sums, chunk, 0).result(), there


def test_both_engines_come_to_the_same_sums(one: TestDesk, database: Database) -> None:
    for revisions in ((1, 1, 1, 1), (3, 1, 2, 9), (1 << 16, (1 << 16) - 1, 1 << 40, 7)):
        revise(database, one, *revisions)
        here, there = both(one, database)
        assert here == there
        wanted = sum(hash_of(row_id) * (rev & 0xFFFF) for row_id, rev in zip(IDS, revisions, strict=True))
        assert here[:3] == (4, sum(revisions), wanted % (1 << 61))


def test_an_empty_table_has_no_sums(one: TestDesk) -> None:
    assert one.store.read(desk_sums, Chunk("task", None, None), 0).result() == (0, 0, 0, 0)


@pytest.mark.parametrize("second", [1, 2, 3])
def test_two_rows_that_swapped_their_revisions_are_found_and_set_right(
    one: TestDesk, database: Database, second: int
) -> None:
    revise(database, one, 3, 4, 5, 6)
    one.store.write(swap, IDS[0], IDS[second]).result()
    assert one.worker.check() == 1
    held = {row["id"]: row["rev"] for row in one.rows("customer")}
    assert held == dict(zip(IDS, (3, 4, 5, 6), strict=True))
    assert one.worker.check() == 0


def test_a_hash_has_at_most_sixty_bits_and_hears_every_byte() -> None:
    assert hash_of(UUID(int=(1 << 128) - 1)) < 1 << 60
    single = {hash_of(UUID(int=1 << (8 * n))) for n in range(16)}
    assert len(single) == 16
    assert 0 not in single
