"""A remedy that was only ordered is carried out later; with the last one the clock ``resolve`` ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.models.complaint_step import ledger_of
from crmdesk.models.wire import Row
from crmdesk.services.complaints.remedies import mark_remedy
from tests.services.complaints.house import CALL, ComplaintDesk, proposed, settled

REGIME = "CN-ODR"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    made = ComplaintDesk(tmp_path)
    yield made
    made.close()


def mark(desk: ComplaintDesk, remedy: Row, **marks: Any) -> Row:
    desk.later(minutes=5)
    with desk.work() as work:
        mark_remedy(work, remedy["id"], **marks)
    return desk.row("remedy_line", remedy["id"])


def remedies(desk: ComplaintDesk, row: Row) -> list[Row]:
    return sorted(desk.rows("remedy_line", row["id"]), key=lambda each: each["position"])


def standing(desk: ComplaintDesk, row: Row, clock: str = "resolve") -> str:
    ledger = ledger_of(desk.rows("clock_line", row["id"]))
    return ledger.standings(desk.now, desk.rules().rules.measures)[clock].state


def test_the_clock_ends_with_the_last_remedy_that_is_done_and_not_before(desk: ComplaintDesk) -> None:
    row = settled(desk, regime=REGIME)
    first, second = remedies(desk, row)
    assert mark(desk, first)["done_at"] == desk.now
    assert [standing(desk, row, each) for each in ("resolve", f"{REGIME}/resolve")] == ["running"] * 2
    mark(desk, second)
    assert [standing(desk, row, each) for each in ("resolve", f"{REGIME}/resolve")] == ["stopped"] * 2
    lines = sorted(desk.rows("clock_line", row["id"]), key=lambda each: each["n"])[-2:]
    assert {(each["event"], each["at"], each["why"]) for each in lines} == {("stop", desk.now, "resolved")}
    assert standing(desk, row, "follow_up") == "running"
    assert desk.row("complaint", row["id"])["next_clock"] == "follow_up"
    row = desk.step(
        {**row, **desk.row("complaint", row["id"])}, "T14", remedy_id=str(first["id"]), what="No."
    )
    assert row["state"] == "INVESTIGATING", "steps go on from it"


def test_the_first_word_counts_and_an_order_is_not_done(desk: ComplaintDesk) -> None:
    row = settled(desk)
    remedy = remedies(desk, row)[0]
    day = desk.now - timedelta(hours=1)
    assert mark(desk, remedy, order_id=" SO-9 ")["order_id"] == "SO-1", "it was ordered before"
    assert mark(desk, remedy, done_at=day)["done_at"] == day
    written = "SELECT count(*) FROM operation"
    before = desk.connection.execute(written).fetchone()
    assert mark(desk, remedy)["done_at"] == day
    assert desk.connection.execute(written).fetchone() == before, "there is nothing to tell anybody"


def test_before_the_customer_said_yes_nothing_is_resolved(desk: ComplaintDesk) -> None:
    row = proposed(desk)
    row = desk.step(row, "T9", proposal_version=1, call_id=str(CALL), sent_via="phone")
    for remedy in remedies(desk, row):
        mark(desk, remedy)
    assert standing(desk, row) == "running"
    told = [{"id": str(each["id"]), "done_at": desk.iso()} for each in remedies(desk, row)]
    row = desk.step(row, "T11", accepted_by="王芳", how="said", remedies_state=told)
    assert standing(desk, row) == "stopped"


def test_what_cannot_be_carried_out_says_why(desk: ComplaintDesk) -> None:
    row = proposed(desk)
    remedy = remedies(desk, row)[0]
    with pytest.raises(InvalidInput, match="This remedy is only proposed"):
        mark(desk, remedy)
    row = desk.step(row, "T10", missing="More.", who=UUID(int=3))
    row = proposed(desk, row)
    with pytest.raises(InvalidInput, match="another one took its place"):
        mark(desk, remedy)
    row = desk.step(row, "T9", proposal_version=2, call_id=str(CALL), sent_via="phone")
    fresh = remedies(desk, row)[-1]
    with pytest.raises(InvalidInput, match="cannot be done later than now"):
        mark(desk, fresh, done_at=desk.now + timedelta(days=1))
    with pytest.raises(InvalidInput, match="200 characters at most"):
        mark(desk, fresh, order_id="x" * 201)
    with desk.work() as work, pytest.raises(NotFound, match="This remedy is not here any more"):
        mark_remedy(work, UUID(int=99))
    desk.connection.execute("DELETE FROM complaint_body WHERE id = ?", (row["id"].bytes,))
    with pytest.raises(NotFound, match="Another team handles"):
        mark(desk, fresh)


def test_no_remedy_is_nothing_to_carry_out(desk: ComplaintDesk) -> None:
    row = settled(desk, remedies=({"type": "none", "value": 0},))
    assert standing(desk, row) == "stopped"
    with pytest.raises(InvalidInput, match="nothing to carry out"):
        mark(desk, remedies(desk, row)[0])


def sums(desk: ComplaintDesk, row: Row) -> list[int]:
    """What is promised and not taken back."""
    return [each["value"] for each in remedies(desk, row) if not each["void"]]


def test_what_the_customer_refused_gives_way_to_the_next_proposal(desk: ComplaintDesk) -> None:
    row = proposed(desk, remedies=({"type": "refund", "value": 150_00},))
    row = desk.step(row, "T9", proposal_version=1, call_id=str(CALL), sent_via="phone")
    row = desk.step(row, "T12", reason="Too little.")
    row = proposed(desk, row, remedies=({"type": "refund", "value": 180_00},))
    assert (row["remedy_total"], sums(desk, row)) == (180_00, [180_00])
    row = desk.step(row, "T9", proposal_version=2, call_id=str(CALL), sent_via="phone")
    (new,) = (each for each in remedies(desk, row) if not each["void"])
    done = [{"id": str(new["id"]), "done_at": desk.iso()}]
    row = desk.step(row, "T11", accepted_by="王芳", how="said", remedies_state=done)
    assert row["state"] == "RESOLVED"


def test_what_was_carried_out_or_ordered_stays_and_what_failed_does_not(desk: ComplaintDesk) -> None:
    lines = tuple({"type": "repair", "value": value} for value in (10_00, 20_00, 40_00))
    row = settled(desk, remedies=lines)
    done, failed, _ = remedies(desk, row)
    mark(desk, done)
    row = desk.step(row, "T14", remedy_id=str(failed["id"]), what="It broke again.")
    row = proposed(desk, row, remedies=({"type": "refund", "value": 80_00},))
    assert (row["remedy_total"], sums(desk, row)) == (130_00, [10_00, 40_00, 80_00])
