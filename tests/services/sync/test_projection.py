"""Rows laid over others hide what is under them, in look-ups by id and by column."""

from __future__ import annotations

from uuid import UUID

from crmdesk.models.note import Note
from crmdesk.models.operations import RowChange, RowsInMemory, row_of
from crmdesk.models.wire import Row
from crmdesk.services.sync.projection import Projection
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
