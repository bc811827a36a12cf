"""No promise leaves the house before it may be made: what decides is marked as sent once that is decided."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.errors import Denied
from crmdesk.services.complaints.correspondence import send_letter
from crmdesk.services.complaints.taking import approve
from tests.services.complaints.house import ANNA, CALL, CHEN, DORA, ComplaintDesk
from tests.services.complaints.test_taking import proposed


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    made = ComplaintDesk(tmp_path)
    yield made
    made.close()


def sent(desk: ComplaintDesk, letter: str, who: UUID = ANNA) -> bool:
    """Mark a letter as sent, as *who*; return whether it is."""
    before, desk.who = desk.who, who
    try:
        with desk.work() as work:
            send_letter(work, desk.rules(), UUID(letter), "letter")
    finally:
        desk.who = before
    return desk.row("letter", UUID(letter))["sent_at"] is not None


def test_a_promise_beyond_the_limit_waits_for_its_approval(desk: ComplaintDesk) -> None:
    row = proposed(desk, 300_00)
    letter = desk.letter(row, "decision")
    with pytest.raises(Denied, match=r"not approved yet\. Wait for a supervisor's approval"):
        sent(desk, letter)
    assert desk.row("letter", UUID(letter))["sent_at"] is None
    desk.who = CHEN
    with desk.work() as work:
        approve(work, desk.rules(), row["id"], 1)
    assert sent(desk, letter)
    assert desk.row("complaint", row["id"])["state"] == "PROPOSED", "it is still to be told"


def test_above_the_supervisors_limit_one_yes_is_not_enough(desk: ComplaintDesk) -> None:
    letter = desk.letter(row := proposed(desk, 3000_00), "decision")
    with pytest.raises(Denied, match="or for two above his limit"):
        sent(desk, letter, CHEN)
    desk.who = CHEN
    with desk.work() as work:
        approve(work, desk.rules(), row["id"], 1)
    with pytest.raises(Denied, match="or for two above his limit"):
        sent(desk, letter)
    assert sent(desk, letter, DORA)


def test_a_yes_to_another_proposal_does_not_count(desk: ComplaintDesk) -> None:
    row = proposed(desk, 300_00)
    desk.who = CHEN
    with desk.work() as work:
        approve(work, desk.rules(), row["id"], 1)
    row = desk.step(row, "T10", missing="The invoice.")
    letter = desk.letter(row, "decision")
    with pytest.raises(Denied, match="There is no decision on this complaint"):
        sent(desk, letter)


def test_what_was_told_may_be_sent_by_anybody(desk: ComplaintDesk) -> None:
    row = proposed(desk, 300_00)
    letter = desk.letter(row, "decision")
    desk.step(row, "T9", CHEN, proposal_version=1, call_id=str(CALL), sent_via="phone")
    assert sent(desk, letter)


def test_a_rejection_waits_for_the_step_unless_a_supervisor_sends_it(desk: ComplaintDesk) -> None:
    letters = [desk.letter(row := desk.log()) for _ in range(2)]
    with pytest.raises(Denied, match=r"not rejected\. Take that step first"):
        sent(desk, letters[1])
    assert sent(desk, letters[0], CHEN)
    desk.step(row, "T3", reason="query", other_route="The tax office.", letter_id=letters[1])
    assert sent(desk, letters[1])
