"""A complaint that was begun in a call and not saved: seen in its strip, and not left behind by one key."""

from __future__ import annotations

from PySide6.QtCore import Qt

from tests.ui import sample
from tests.ui.conftest import Seat
from tests.ui.fake_intakes import OIL
from tests.ui.test_complaint_intake import NOTE, f8, save, talk


def marks(seat: Seat) -> list[str]:
    """What the strip says was written down, used and promised."""
    seat.window.side.wrap_up.draw()
    return seat.parts.wrap_up.marks.accessibleName().split(", ")


def test_a_call_whose_complaint_is_not_saved_is_not_finished_by_one_key(seat: Seat) -> None:
    talk(seat)
    f8(seat)
    seat.commit("！")
    seat.ring(sample.pop(), "ended")
    assert "Complaint not saved · F8" in marks(seat)
    seat.key(Qt.Key.Key_F12)
    assert seat.window.slots.at(1) is not None
    assert seat.desk.named("wrap_up") == []
    assert seat.parts.messages.text == (
        "The complaint of this call is not saved: F8 shows it. F12 again finishes without it."
    )
    seat.key(Qt.Key.Key_Escape)
    seat.key(Qt.Key.Key_Escape)
    seat.key(Qt.Key.Key_F12)
    assert len(seat.desk.named("wrap_up")) == 1, "who has been told may go"


def test_a_form_put_away_with_words_in_it_counts_as_not_saved(seat: Seat) -> None:
    seat.desk.intakes.found = OIL
    talk(seat, "")
    f8(seat)
    seat.commit("漏油，已经第三次了，要求退款")
    seat.key(Qt.Key.Key_Escape)
    seat.ring(sample.pop(), "ended")
    assert "Complaint not saved · F8" in marks(seat)
    f8(seat)
    save(seat)
    assert "Complaint not saved · F8" not in marks(seat)
    seat.key(Qt.Key.Key_F12)
    assert len(seat.desk.named("wrap_up")) == 1


def test_a_form_without_words_keeps_nobody(seat: Seat) -> None:
    talk(seat, "")
    f8(seat)
    seat.ring(sample.pop(), "ended")
    seat.key(Qt.Key.Key_F12)
    assert len(seat.desk.named("wrap_up")) == 1


def test_the_form_of_a_call_is_there_again_with_the_call(seat: Seat) -> None:
    talk(seat)
    made = f8(seat)
    seat.commit("！还漏冷却液")
    seat.ring(sample.second_pop(), "talking")
    seat.ctrl(Qt.Key.Key_2)
    assert not made.isVisible()
    seat.ctrl(Qt.Key.Key_1)
    assert made.isVisible()
    assert made.fields.what.toPlainText() == NOTE + "！还漏冷却液"
    assert not made.isAncestorOf(seat.focus()), "the keyboard is where Ctrl+1 puts it"
    seat.key(Qt.Key.Key_F8)
    assert made.fields.what.hasFocus()


def test_a_form_closed_by_hand_stays_closed_when_the_call_is_back(seat: Seat) -> None:
    talk(seat)
    made = f8(seat)
    seat.key(Qt.Key.Key_Escape)
    seat.ring(sample.second_pop(), "talking")
    seat.ctrl(Qt.Key.Key_2)
    seat.ctrl(Qt.Key.Key_1)
    assert not made.isVisible()


def test_the_form_is_there_again_after_another_record_was_read(seat: Seat) -> None:
    talk(seat)
    made = f8(seat)
    seat.window.commands.open_customer(sample.FLEET)
    seat.settle()
    assert not made.isVisible()
    seat.key(Qt.Key.Key_Escape)
    assert seat.parts.caller.list.facts.rows[0].text == "陈静怡"
    assert made.isVisible()
    assert not made.isAncestorOf(seat.focus()), "nothing takes the keyboard unasked"
