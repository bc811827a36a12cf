"""After a call that became a complaint one key ends the wrap-up."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from crmdesk.models.worklist import DispositionChoice
from tests.ui import sample
from tests.ui.conftest import Seat
from tests.ui.fake_intakes import OIL

NOTE = "车底又漏油，第三次了，要求退还工时费"


@pytest.fixture
def complaining(seat: Seat) -> Seat:
    """A caller whose complaint is being written down."""
    seat.desk.intakes.found = OIL
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit(NOTE)
    seat.key(Qt.Key.Key_F8)
    return seat


def end(seat: Seat, state: str = "ended") -> None:
    seat.ring(sample.pop(), state)


def finished_as(seat: Seat) -> str:
    """Press F12 once; return how the call was closed."""
    seat.key(Qt.Key.Key_F12)
    (closed,) = (asked[0] for asked in seat.desk.named("wrap_up"))
    return str(closed.disposition)


@pytest.mark.parametrize("state", ["ended", "cut_off"])
def test_one_key_ends_a_call_that_became_a_complaint(complaining: Seat, state: str) -> None:
    complaining.ctrl(Qt.Key.Key_Return)
    end(complaining, state)
    strip = complaining.parts.wrap_up
    assert strip.box.currentText() == "Complaint taken"
    assert strip.marks.accessibleName() == "C26-K7Q-0042"
    assert finished_as(complaining) == "complaint_filed"


def test_a_complaint_written_down_after_the_call_is_proposed_too(complaining: Seat) -> None:
    end(complaining)
    assert complaining.parts.wrap_up.box.currentText() == "Resolved on the call"
    complaining.ctrl(Qt.Key.Key_Return)
    assert finished_as(complaining) == "complaint_filed"


def test_what_the_agent_chose_stays(complaining: Seat) -> None:
    strip = complaining.parts.wrap_up
    strip.box.setFocus()
    complaining.key(Qt.Key.Key_Down)
    assert strip.box.currentText() == "Information given"
    complaining.key(Qt.Key.Key_F8)
    complaining.ctrl(Qt.Key.Key_Return)
    end(complaining)
    assert finished_as(complaining) == "info_given"


def test_a_form_that_was_not_saved_changes_nothing(complaining: Seat) -> None:
    end(complaining)
    complaining.key(Qt.Key.Key_F12)
    assert complaining.desk.named("wrap_up") == [], "first it is said that it was not saved"
    assert finished_as(complaining) == "resolved"


def test_what_is_restricted_is_not_told_by_the_code_of_the_call(complaining: Seat) -> None:
    fields = complaining.window.side.complaints.intake.form.fields
    fields.more.setFocus()
    complaining.key(Qt.Key.Key_Space)
    fields.restricted.setFocus()
    complaining.key(Qt.Key.Key_Space)
    complaining.ctrl(Qt.Key.Key_Return)
    (sheet,) = (asked[-1] for asked in complaining.desk.named("log_complaint"))
    assert sheet.restricted
    end(complaining)
    assert complaining.parts.wrap_up.marks.accessibleName() == ""
    assert finished_as(complaining) == "resolved"


def test_a_house_without_the_code_gets_by_without_it(complaining: Seat) -> None:
    kept: tuple[DispositionChoice, ...] = tuple(
        choice for choice in sample.DISPOSITIONS if choice.key != "complaint_filed"
    )
    complaining.window.wrap_up.offer(kept)
    complaining.ctrl(Qt.Key.Key_Return)
    end(complaining)
    assert finished_as(complaining) == "resolved"


def test_a_complaint_ends_the_call_that_it_came_with_and_no_other(complaining: Seat) -> None:
    other = sample.pop("other")
    complaining.ring(other, "talking")
    complaining.window.side.complaints.logged.emit("", "C26-K7Q-0043")
    assert complaining.parts.wrap_up.box.currentText() == "Resolved on the call"
    complaining.ctrl(Qt.Key.Key_Return)
    complaining.ctrl(Qt.Key.Key_2)
    assert complaining.parts.wrap_up.box.currentText() == "Resolved on the call"
    complaining.ctrl(Qt.Key.Key_1)
    assert complaining.parts.wrap_up.box.currentText() == "Complaint taken"
