"""What nobody needs to do any more leaves the worklist; reminders go with the complaint to its owner."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.models.wire import Row
from crmdesk.services.complaints.due import act_on
from tests.services.complaints.house import ANNA, BELA, CHECKLIST, CHEN, ComplaintDesk, settled, under_regime


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    desk = ComplaintDesk(tmp_path)
    yield desk
    desk.close()


def wait(desk: ComplaintDesk, row: Row, **span: float) -> None:
    """Let time pass and do what it does to the complaint."""
    desk.later(**span)
    with desk.work() as work:
        act_on(work, desk.rules(), row["id"])


def open_errands(desk: ComplaintDesk, row: Row) -> list[tuple[str, str, UUID]]:
    """Return the open errands: what, about which clock, and whose."""
    tasks = [task for task in desk.rows("task", row["id"]) if task["state"] == "open"]
    return sorted((task["errand"], task["note"], task["owner_id"]) for task in tasks)


def test_a_later_reminder_takes_the_place_of_the_one_before_and_none_is_left_of_a_clock_that_ended(
    desk: ComplaintDesk,
) -> None:
    row = desk.log()
    for hours, percent in ((2.5, 50), (1.75, 75), (0, 75), (3, 100)):
        wait(desk, row, hours=hours)
        mine = [each for each in open_errands(desk, row) if each[0] == "reminder"]
        assert mine == [("reminder", f"acknowledge {percent} %", ANNA)]
    made = [task for task in desk.rows("task", row["id"]) if task["errand"] == "reminder"]
    assert sorted(task["state"] for task in made) == ["done", "done", "open"]
    row = {**row, **desk.row("complaint", row["id"])}
    desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    assert "reminder" not in {errand for errand, *_ in open_errands(desk, row)}


def test_a_reminder_that_piled_up_before_ends_with_the_next_step(desk: ComplaintDesk) -> None:
    row = desk.log()
    wait(desk, row, hours=2.5)
    wait(desk, row, hours=1.75)
    desk.connection.execute("UPDATE task SET state = 'open', done_at = NULL")
    desk.step(row, "C1", what="We see to it today.")
    assert open_errands(desk, row) == [("reminder", "acknowledge 75 %", ANNA)]


def test_a_wait_that_ends_by_itself_leaves_no_reminder_of_it(desk: ComplaintDesk) -> None:
    row = desk.step(under_regime(desk, "none"), "T5", contacted_at=desk.iso())
    desk.step(row, "T6", wait_for="customer", what="An invoice.", until=desk.iso(days=4))
    wait(desk, row, days=3, hours=1)
    assert open_errands(desk, row) == [("reminder", "waiting 75 %", ANNA)]
    wait(desk, row, days=1)
    assert "waiting" not in {note.partition(" ")[0] for _, note, _ in open_errands(desk, row)}


def test_reminders_go_to_the_new_owner_who_has_it_to_take_over_until_she_does_something(
    desk: ComplaintDesk,
) -> None:
    row = desk.log()
    wait(desk, row, hours=2, minutes=30)
    row = desk.step(row, "H1", CHEN, to=str(BELA), open_points="Call him.")
    mine = [("reminder", "acknowledge 50 %", BELA), ("taken_over", "", BELA)]
    assert open_errands(desk, row) == mine
    row = desk.step(row, "E1", CHEN, to_level=1, reason="He is angry.")
    assert [errand for errand, *_ in open_errands(desk, row)].count("taken_over") == 1
    desk.step(row, "T2", BELA, checklist=CHECKLIST, ack_channel="phone", owner=str(BELA))
    assert {errand for errand, *_ in open_errands(desk, row)} == {"escalated"}


def test_who_takes_a_complaint_over_herself_is_not_told_to(desk: ComplaintDesk) -> None:
    row = desk.step(desk.log(), "H1", CHEN, to=str(CHEN), open_points="I do it.")
    assert open_errands(desk, row) == []


def test_what_was_withdrawn_asks_nothing_more_of_anybody_but_how_it_was(desk: ComplaintDesk) -> None:
    row = desk.log()
    wait(desk, row, hours=2, minutes=30)
    row = desk.step(row, "E1", to_level=1, reason="He is angry.")
    row = desk.step(row, "H1", CHEN, to=str(BELA), open_points="Call him.")
    row = desk.step(row, "T18", CHEN, words="Leave it.", channel="phone")
    assert {errand for errand, *_ in open_errands(desk, row)} <= {"survey"}


def undone(desk: ComplaintDesk, row: Row, who: UUID = ANNA) -> Row:
    return desk.step(row, "U1", who, operation_id=str(row["last_operation_id"]))


def test_what_an_undone_step_asked_for_is_dropped(desk: ComplaintDesk) -> None:
    row = desk.step(desk.log(), "H1", CHEN, to=str(BELA), open_points="Call him.")
    assert open_errands(desk, row) == [("taken_over", "", BELA)]
    row = undone(desk, row, CHEN)
    assert (row["owner_id"], open_errands(desk, row)) == (ANNA, [])
    impact = {"persons": 0, "money": 0}
    assessed: dict[str, Any] = {
        "severity": "S3",
        "impact": impact,
        "regime": "UK-8W",
        "cause_class": "B",
    }
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    row = undone(desk, desk.step(row, "T4", **assessed))
    row = desk.step(row, "T4", **assessed)
    assert [errand for errand, *_ in open_errands(desk, row)] == ["written_acknowledgement"]


def test_what_ended_with_an_undone_step_is_to_be_done_again(desk: ComplaintDesk) -> None:
    row = settled(desk, remedies=({"type": "none", "value": 0},))
    desk.connection.execute("UPDATE complaint SET severity = 'S3'")
    wait(desk, row, days=9)
    asked = [each for each in open_errands(desk, row) if each[0] == "follow_up"]
    assert len(asked) == 1
    row = desk.row("complaint", row["id"])
    row = desk.step(row, "T16", declined=True, root_cause="wrong_part")
    assert open_errands(desk, row) == []
    row = undone(desk, row)
    assert [each for each in open_errands(desk, row) if each[0] == "follow_up"] == asked
