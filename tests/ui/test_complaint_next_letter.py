"""The one obvious thing at a complaint is the letter that has to leave the house."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from PySide6.QtCore import Qt

from crmdesk.models.wire import Row
from crmdesk.services.complaints.letter_case import LetterWanted
from tests.services.complaints.house import CHECKLIST, CHEN, ComplaintDesk, under_regime
from tests.ui.aftercare_house import AftercareSeat
from tests.ui.conftest import Seat
from tests.ui.test_accessibility import unnamed

RETURN = Qt.Key.Key_Return


@pytest.fixture
def place(seat: Seat, tmp_path: Path) -> Iterator[AftercareSeat]:
    house = ComplaintDesk(tmp_path)
    made = AftercareSeat(seat, house, tmp_path)
    yield made
    seat.settle()
    made.close()
    house.close()


def kept(place: AftercareSeat, row: Row, kind: str) -> UUID:
    """Return a letter that was kept, printable as it is."""
    wanted = LetterWanted(
        complaint_id=row["id"], kind=kind, language="en", reason="No fault of ours.", route="The court."
    )
    plain = place.aftercare.draft_letter(wanted).result().plain
    letter_id = uuid4()
    place.aftercare.keep_letter(wanted, plain, "0" * 64, letter_id).result()
    return letter_id


def rejected(place: AftercareSeat) -> Row:
    """Return a complaint that a supervisor rejected with a letter that still lies here."""
    place.house.who = CHEN
    row = place.house.log()
    letter = kept(place, row, "rejection")
    given: dict[str, Any] = {"reason": "out_of_time", "other_route": "The court.", "letter_id": str(letter)}
    return place.house.step(row, "T3", **given)


def button(place: AftercareSeat) -> str:
    return str(place.page.view.next.text()) if place.page.view.next_button.isVisible() else ""


def test_after_a_rejection_two_keys_write_down_that_its_letter_has_left(place: AftercareSeat) -> None:
    seat = place.seat
    row = rejected(place)
    place.open(row)
    assert button(place) == "Mark as sent: Rejection"
    assert place.page.view.why_not.text().startswith("This letter has not left the house yet.")
    seat.ctrl(RETURN)
    seat.settle()
    letter = seat.window.side.complaints.letter
    assert letter.shown
    assert seat.focus() is letter.view.sent_via
    which = letter.view.which
    assert which.currentText() == "Rejection · Today 10:00 · not sent yet"
    words = which.fontMetrics().horizontalAdvance(which.currentText())
    seat.qtbot.waitUntil(lambda: which.width() - 40 > words, timeout=2000)
    seat.ctrl(RETURN)
    seat.settle()
    assert place.house.rows("letter", row["id"])[0]["sent_via"] == "letter"
    assert place.page.shown
    assert button(place) == ""
    assert place.page.view.why_not.text().startswith("Nothing to do now.")
    assert unnamed(place.page.view) == []


def test_a_letter_that_was_promised_is_written_first(place: AftercareSeat) -> None:
    seat = place.seat
    row = under_regime(place.house, "UK-8W")
    place.open(row)
    assert button(place) == "Write the letter: Acknowledgement"
    seat.ctrl(RETURN)
    seat.settle()
    letter = seat.window.side.complaints.letter
    assert letter.view.kind.currentText() == "Acknowledgement"
    seat.ctrl(RETURN)
    seat.settle()
    seat.settle()
    seat.parts.messages.dismiss()
    seat.key(Qt.Key.Key_Escape)
    assert button(place) == "Mark as sent: Acknowledgement"
    seat.ctrl(RETURN)
    seat.settle()
    seat.ctrl(RETURN)
    seat.settle()
    assert button(place) == "Start"


def test_a_promised_letter_is_written_whatever_the_state_asks_for(place: AftercareSeat) -> None:
    seat = place.seat
    row = place.house.step(under_regime(place.house, "UK-8W"), "T5", contacted_at=place.house.iso())
    place.open(row)
    seat.ctrl(RETURN)
    seat.settle()
    assert seat.window.side.complaints.letter.view.kind.currentText() == "Acknowledgement"


def test_a_decision_that_waits_goes_with_the_step_that_tells_it(place: AftercareSeat) -> None:
    row = place.proposed()
    kept(place, row, "decision")
    place.open(row)
    assert button(place) == "Approve and tell"


def test_the_list_of_steps_still_has_the_main_line_on_top(place: AftercareSeat) -> None:
    place.open(under_regime(place.house, "UK-8W"))
    place.seat.ctrl_shift(Qt.Key.Key_N)
    assert place.page.view.steps.lines.rows[0].source == "T5"


def test_the_button_speaks_chinese(place: AftercareSeat) -> None:
    place.open(rejected(place))
    place.seat.ctrl_shift(Qt.Key.Key_L)
    assert button(place) == "标记为已发出：不予受理通知"


def test_accepting_a_complaint_by_telephone_promises_no_letter(place: AftercareSeat) -> None:
    row = place.house.log()
    step: dict[str, Any] = {"checklist": CHECKLIST, "ack_channel": "phone", "owner": str(place.house.who)}
    place.open(place.house.step(row, "T2", **step))
    assert button(place) == "Assess"
