"""Rows laid over others hide what is under them, in look-ups by id and by column."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

import pytest

from crmdesk.models.effects import apply
from crmdesk.models.note import Note
from crmdesk.models.operations import RowChange, RowsInMemory, row_of
from crmdesk.models.wire import Row
from crmdesk.services.sync.outbox import Waiting
from crmdesk.services.sync.projection import Projection, Relay
from tests.models.complaint_moves import log_complaint, step_taken
from tests.models.moves import Dice, Hotline
from tests.services.sync.conftest import START

CALL, ELSEWHERE = UUID(int=100), UUID(int=200)


def note(n: int, call: UUID) -> Row:
    return row_of(Note(id=UUID(int=n), call_id=call, text=str(n), at=START))


def test_rows_are_found_as_they_are_laid() -> None:
    under = RowsInMemory()
    under.changed(RowChange("note", UUID(int=n), note(n, CALL)) for n in (1, 2, 3, 9))
    rows = Projection(under, {("note", UUID(int=1)): note(1, ELSEWHERE), ("note", UUID(int=2)): None})
    rows.lay("note", UUID(int=5), note(5, CALL))
    assert [row["text"] for row in rows.where("note", "call_id", CALL)] == ["3", "5", "9"]
    assert [row["text"] for row in rows.where("note", "call_id", ELSEWHERE)] == ["1"]
    assert rows.get("note", UUID(int=2)) is None
    assert rows.get("note", UUID(int=3)) == note(3, CALL)
    assert sorted(row_id.int for _, row_id in rows.places()) == [1, 2, 5]
    assert [row["text"] for row in under.where("note", "call_id", CALL)] == ["1", "2", "3", "9"]


@pytest.mark.parametrize(
    ("state", "outlooks"),
    [
        ("RECEIVED", {}),
        ("WITHDRAWN", {1: ("refusal", ""), 2: ("refusal", "")}),
        (None, {1: ("refusal", ""), 2: ("refusal", "")}),
    ],
)
def test_steps_of_a_complaint_that_went_elsewhere_are_expected_to_be_refused(
    state: str | None, outlooks: dict[int, Any]
) -> None:
    """What was laid on a state that no longer holds is not shown, and neither is what came after it."""
    world, dice = Hotline(), Dice(0, 3, "x")
    stored = RowsInMemory()
    logged = log_complaint(world, dice)
    stored.changed(apply(stored, logged))
    complaint = UUID(logged.payload["id"])
    steps = [step_taken(world, dice, complaint, key, {}) for key in ("T2", "T4")]
    relay = Relay(cast(Any, stored), {})
    head = stored.get("complaint", complaint)
    assert head is not None
    relay.take(("complaint", complaint), {**head, "state": state, "rev": 2} if state else None, None)
    relay.replay([Waiting(n, step, "new", "") for n, step in enumerate(steps, 1)])
    assert relay.outlooks == outlooks
    shown = relay.rows.get("complaint", complaint)
    assert (shown and shown["state"]) == ("ASSESSED" if state == "RECEIVED" else state)
