"""Who is looked at when a complaint is opened."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.models.asset import open_asset
from crmdesk.services import calls
from crmdesk.services.complaints.looked_at import opened
from crmdesk.services.complaints.procedure import House
from crmdesk.services.complaints.record import complaint_record
from tests.services.complaints.house import CALL, CUSTOMER, ComplaintDesk

NOBODY = {"customer_id": None, "unidentified": True, "call_id": str(CALL)}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    made = ComplaintDesk(tmp_path)
    yield made
    made.close()


def seen(desk: ComplaintDesk, row: Any) -> UUID | None:
    return complaint_record(desk.connection, row["id"], House(), desk.author, desk.now).looked_at


def rung(desk: ComplaintDesk, customer_id: UUID | None) -> None:
    """Keep the call that the complaint came with."""
    values = {"direction": "in", "state": "ended", "started_at": desk.now, "customer_id": customer_id}
    with desk.work() as work:
        calls.see_call(work, CALL, values)


def test_which_one_was_opened_is_noted_but_not_of_a_restricted_one() -> None:
    assert opened("C26-K7Q-0042", restricted=False) == "complaint C26-K7Q-0042"
    assert opened("C26-K7Q-0042", restricted=True) == "complaint"


def test_it_is_the_customer(desk: ComplaintDesk) -> None:
    assert seen(desk, desk.log()) == CUSTOMER


def test_of_somebody_unidentified_it_is_whose_call_it_came_with(desk: ComplaintDesk) -> None:
    row = desk.log(NOBODY)
    assert seen(desk, row) is None
    rung(desk, CUSTOMER)
    assert seen(desk, row) == CUSTOMER


def test_else_it_is_whose_car_it_is_about(desk: ComplaintDesk) -> None:
    with desk.work() as work:
        made = open_asset(work.author, {"customer_id": CUSTOMER, "plate": "沪A12345", "kind": "car"})
        work.do(made)
        work.commit()
    rung(desk, None)
    assert seen(desk, desk.log({**NOBODY, "asset_id": made.payload["id"]})) == CUSTOMER


def test_of_a_restricted_one_of_another_team_nobody_is(desk: ComplaintDesk) -> None:
    rung(desk, CUSTOMER)
    row = desk.log({"call_id": str(CALL)}, restricted=True)
    desk.connection.execute("DELETE FROM complaint_body WHERE id = ?", (row["id"].bytes,))
    assert seen(desk, row) is None
