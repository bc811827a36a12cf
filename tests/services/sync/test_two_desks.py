"""Two desks over a real server: what one does the other sees, whatever happens in between."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmdesk.models.customer import open_customer
from tests.cluster import Database
from tests.services.sync.desks import TestDesk, desk


@pytest.fixture
def both(database: Database, tmp_path: Path) -> Iterator[tuple[TestDesk, TestDesk]]:
    anna, ben = database.person("anna"), database.person("ben")
    with desk(database, anna, tmp_path / "a") as one, desk(database, ben, tmp_path / "b") as other:
        yield one, other


def test_a_customer_of_one_desk_is_on_the_other_after_a_round_each(both: tuple[TestDesk, TestDesk]) -> None:
    one, other = both
    one.worker.run_once()
    made = one.do(one.describe(open_customer, {"name": "Zhang San", "kind": "person"}))
    assert one.worker.run_once().accepted == 1
    other.worker.run_once()
    assert other.rows("customer") == one.rows("customer")
    assert len(other.rows("customer")) == 1
    assert made.kind == "customer.create"
