"""A regime asks for an acknowledgement in writing: its clock ends when the letter has left the house."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.models.complaint_step import ledger_of
from crmdesk.models.wire import Row
from crmdesk.services.complaints.correspondence import send_letter
from tests.services.complaints.house import ANNA, CHECKLIST, ComplaintDesk

ASSESSED: dict[str, Any] = {"severity": "S4", "regime": "UK-8W", "cause_class": "B"}
ASSESSED["impact"] = {"persons": 0, "money": 0}
CLOCK, KIND = "UK-8W/acknowledge", "acknowledgement"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    made = ComplaintDesk(tmp_path)
    yield made
    made.close()


def accepted(desk: ComplaintDesk) -> Row:
    row = desk.log({"severity": "S4"})
    return desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))


def sent(desk: ComplaintDesk, letter: str) -> None:
    desk.later(minutes=5)
    with desk.work() as work:
        send_letter(work, desk.rules(), UUID(letter), "letter")


def standing(desk: ComplaintDesk, row: Row) -> Any:
    ledger = ledger_of(desk.rows("clock_line", row["id"]))
    return ledger.standings(desk.now, desk.rules().rules.measures).get(CLOCK)


def test_the_clock_ends_when_the_letter_is_sent_and_not_before(desk: ComplaintDesk) -> None:
    row = desk.step(accepted(desk), "T4", **ASSESSED)
    letter = desk.letter(row, KIND)
    assert standing(desk, row).state == "running"
    sent(desk, desk.letter(row, "holding"))
    assert standing(desk, row).state == "running"
    sent(desk, letter)
    ended = standing(desk, row)
    assert (ended.state, ended.verdict) == ("stopped", "met")
    line = max(desk.rows("clock_line", row["id"]), key=lambda each: each["n"])
    assert (line["clock"], line["event"], line["at"], line["why"]) == (
        CLOCK,
        "stop",
        desk.now,
        "acknowledged",
    )
    assert line["author"] == str(ANNA)
    lines = len(desk.rows("clock_line", row["id"]))
    sent(desk, desk.letter(row, KIND))
    assert len(desk.rows("clock_line", row["id"])) == lines, "it has ended already"


def test_a_letter_sent_too_late_is_a_breach(desk: ComplaintDesk) -> None:
    row = desk.step(accepted(desk), "T4", **ASSESSED)
    desk.later(days=9)
    sent(desk, desk.letter(row, KIND))
    assert (standing(desk, row).verdict, standing(desk, row).breach) == ("breached", "late")


def test_the_clock_that_is_due_next_is_another_then(desk: ComplaintDesk) -> None:
    row = desk.step(accepted(desk), "T4", **ASSESSED)
    row = desk.step(row, "T5", contacted_at=desk.iso())
    assert row["next_clock"] == CLOCK
    sent(desk, desk.letter(row, KIND))
    head = desk.row("complaint", row["id"])
    assert (head["next_clock"], head["next_due_at"] >= row["next_due_at"]) == ("update", True)
    row = desk.step({**row, **head}, "T6", wait_for="customer", what="An invoice.", until=desk.iso(days=1))
    numbers = sorted(each["n"] for each in desk.rows("clock_line", row["id"]))
    assert numbers == list(range(1, len(numbers) + 1)), "steps go on from it"


def test_who_was_written_to_before_the_assessment_is_not_written_to_again(desk: ComplaintDesk) -> None:
    row = accepted(desk)
    sent(desk, desk.letter(row, KIND))
    row = desk.step(row, "T4", **ASSESSED)
    assert standing(desk, row) is None
    assert [each["errand"] for each in desk.rows("task", row["id"])] == []
