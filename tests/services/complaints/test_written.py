"""Found in the store: what was written down with a call or from a form, and calls nobody wrapped up."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.models.wire import Row
from crmdesk.services.calls import WrapUp, see_call, wrap_up_call
from crmdesk.services.complaints.procedure import House
from crmdesk.services.complaints.written import from_forms, open_calls, with_call
from tests.services.complaints.house import ANNA, BEGIN, BELA, CALL, CHECKLIST, ComplaintDesk

ANOTHER = UUID(int=23)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    made = ComplaintDesk(tmp_path)
    yield made
    made.close()


def rang(desk: ComplaintDesk, call_id: UUID = CALL, who: UUID = ANNA) -> None:
    """Somebody talked on the telephone."""
    values = {"started_at": desk.now, "state": "ended", "agent_id": str(who), "call_key": str(call_id)}
    with desk.work() as work:
        see_call(work, call_id, values)


def complained(desk: ComplaintDesk, call_id: UUID = CALL, **intake: Any) -> Row:
    return desk.log({"call_id": str(call_id)}, **intake)


def told(desk: ComplaintDesk, call_id: UUID = CALL) -> list[tuple[str, bool]]:
    found = with_call(desk.connection, call_id, desk.now, House())
    return [(each.number, each.restricted) for each in found]


def test_a_call_knows_its_complaints_in_order_and_no_others(desk: ComplaintDesk) -> None:
    rang(desk)
    first = complained(desk)
    desk.later(minutes=1)
    second = complained(desk, restricted=True)
    complained(desk, ANOTHER)
    desk.log()
    assert told(desk) == [(first["number"], False), (second["number"], True)]


def test_a_date_that_may_move_says_so_as_it_did(desk: ComplaintDesk) -> None:
    desk.now = datetime(2026, 12, 31, 9, 30, tzinfo=UTC)
    complained(desk)
    (found,) = with_call(desk.connection, CALL, desk.now, House())
    assert found.provisional
    assert found.readout.in_words().endswith("holidays are not announced yet.")


def test_what_is_read_out_is_what_saving_told(desk: ComplaintDesk) -> None:
    row = complained(desk)
    (found,) = with_call(desk.connection, CALL, desk.now, House())
    assert (found.id, found.state, found.severity) == (row["id"], "RECEIVED", row["severity"])
    assert found.due_at == row["next_due_at"]
    assert found.readout.template.startswith("Your complaint is recorded. The number is {number}. By {when}")


def test_of_the_ids_of_forms_those_are_told_that_were_saved(desk: ComplaintDesk) -> None:
    row = complained(desk)
    found = from_forms(desk.connection, (row["id"], ANOTHER), desk.now, House())
    assert [each.id for each in found] == [row["id"]]


def test_a_call_that_became_a_complaint_waits_for_its_wrap_up(desk: ComplaintDesk) -> None:
    rang(desk)
    rang(desk, ANOTHER)
    assert open_calls(desk.connection, desk.author) == ()
    row = complained(desk)
    assert open_calls(desk.connection, desk.author) == (CALL,)
    desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    assert open_calls(desk.connection, desk.author) == (CALL,), "whatever became of it since"
    with desk.work() as work:
        wrap_up_call(work, WrapUp(CALL, seconds=3))
    assert open_calls(desk.connection, desk.author) == ()


def test_nobody_wraps_up_anothers_call_nor_one_of_long_ago_nor_learns_what_is_restricted(
    desk: ComplaintDesk,
) -> None:
    rang(desk, who=BELA)
    complained(desk)
    rang(desk, ANOTHER)
    complained(desk, ANOTHER, restricted=True)
    assert open_calls(desk.connection, desk.author) == ()
    desk.who = BELA
    assert open_calls(desk.connection, desk.author) == (CALL,)
    desk.now = BEGIN
    desk.later(days=1, seconds=1)
    assert open_calls(desk.connection, desk.author) == ()


def test_a_desk_whose_calls_are_nobodys_has_them_too(desk: ComplaintDesk) -> None:
    with desk.work() as work:
        see_call(work, CALL, {"started_at": desk.now, "state": "ended", "call_key": "1"})
    complained(desk)
    desk.who = None
    assert open_calls(desk.connection, desk.author) == (CALL,)


def test_a_million_calls_are_not_looked_through(desk: ComplaintDesk) -> None:
    from crmdesk.services.complaints import written

    for query, values in (
        (written._OPEN_CALLS, (ANNA.bytes, 0)),
        (written._OPEN_CALLS, (None, 0)),
        (written._OF_CALL, (CALL.bytes,)),
    ):
        plan = desk.connection.execute(f"EXPLAIN QUERY PLAN {query}", values).fetchall()
        assert not [row for row in plan if row[3].startswith("SCAN")], plan
