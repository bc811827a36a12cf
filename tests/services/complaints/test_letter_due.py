"""Which letter a complaint waits for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.models.wire import Row
from crmdesk.services.complaints.correspondence import send_letter
from crmdesk.services.complaints.letter_due import LetterDue
from crmdesk.services.complaints.procedure import House
from crmdesk.services.complaints.record import complaint_record
from tests.services.complaints.house import CALL, CHEN, ComplaintDesk, proposed, under_regime


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    made = ComplaintDesk(tmp_path)
    yield made
    made.close()


def due(desk: ComplaintDesk, row: Row) -> LetterDue | None:
    return complaint_record(desk.connection, row["id"], House(), desk.author, desk.now).letter_due


def written(desk: ComplaintDesk, row: Row, kind: str) -> LetterDue:
    """Keep a letter, a second later than all before; return what is due once it counts."""
    desk.later(seconds=1)
    return LetterDue(kind, UUID(desk.letter(row, kind)))


def send(desk: ComplaintDesk, letter: LetterDue) -> None:
    assert letter.letter_id is not None
    with desk.work() as work:
        send_letter(work, desk.rules(), letter.letter_id, "letter")


def reject(desk: ComplaintDesk, row: Row, letter: LetterDue) -> Row:
    route = "The court."
    return desk.step(row, "T3", reason="query", other_route=route, letter_id=str(letter.letter_id))


def investigated(desk: ComplaintDesk) -> Row:
    return desk.step(under_regime(desk, "none"), "T5", contacted_at=desk.iso())


def test_the_letter_that_a_rejection_names_is_due_until_it_is_sent(desk: ComplaintDesk) -> None:
    row = desk.log()
    letter = written(desk, row, "rejection")
    assert due(desk, row) is None, "the step comes first"
    reject(desk, row, letter)
    assert due(desk, row) == letter
    send(desk, letter)
    assert due(desk, row) is None


def test_a_rejection_may_name_an_older_letter(desk: ComplaintDesk) -> None:
    row = desk.log()
    letter = written(desk, row, "rejection")
    written(desk, row, "holding")
    reject(desk, row, letter)
    assert due(desk, row) == letter
    written(desk, row, "referral")
    assert due(desk, row) == letter, "what was told goes first"


def test_a_rejection_that_was_taken_back_leaves_no_letter_waiting(desk: ComplaintDesk) -> None:
    row = desk.log()
    letter = written(desk, row, "rejection")
    row = reject(desk, row, letter)
    (last,) = (each for each in desk.rows("complaint_event", row["id"]) if each["transition"] == "T3")
    desk.step(row, "U1", operation_id=str(last["id"]))
    assert due(desk, row) is None


def test_a_holding_reply_waits_while_the_complaint_does_and_no_longer(desk: ComplaintDesk) -> None:
    row = investigated(desk)
    letter = written(desk, row, "holding")
    assert due(desk, row) == letter
    row = desk.step(row, "T6", wait_for="customer", what="photos", until=desk.iso(days=2))
    assert due(desk, row) == letter
    row = proposed(desk, desk.step(row, "T7"))
    assert due(desk, row) is None


def test_of_one_kind_the_last_letter_counts(desk: ComplaintDesk) -> None:
    row = investigated(desk)
    written(desk, row, "holding")
    better = written(desk, row, "holding")
    assert due(desk, row) == better
    send(desk, better)
    assert due(desk, row) is None


def test_of_several_kinds_the_last_one_made_is_due_first(desk: ComplaintDesk) -> None:
    row = investigated(desk)
    first, second = written(desk, row, "holding"), written(desk, row, "referral")
    assert due(desk, row) == second
    send(desk, second)
    assert due(desk, row) == first


def test_a_decision_waits_once_it_was_told_in_another_way(desk: ComplaintDesk) -> None:
    row = proposed(desk)
    letter = written(desk, row, "decision")
    assert due(desk, row) is None
    desk.step(row, "T9", CHEN, proposal_version=1, call_id=str(CALL), sent_via="phone")
    assert due(desk, row) == letter


def test_what_the_regime_wants_in_writing_is_due_before_it_is_written(desk: ComplaintDesk) -> None:
    row = under_regime(desk, "UK-8W")
    assert due(desk, row) == LetterDue("acknowledgement")
    letter = written(desk, row, "acknowledgement")
    desk.step(row, "T5", contacted_at=desk.iso())
    assert due(desk, row) == letter, "made before the state changed, and still asked for"
    send(desk, letter)
    assert due(desk, row) is None
