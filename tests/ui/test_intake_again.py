"""F8 after a crash and in another language: whose complaint it is is seen, in the words of now."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt

from tests.ui import sample
from tests.ui.conftest import Seat
from tests.ui.fake_intakes import OIL
from tests.ui.test_complaint_intake import NOTE, f8, form, intakes, save, talk


def test_after_a_crash_the_record_beside_the_form_is_the_customers(
    take_seat: Callable[..., Seat], seat: Seat
) -> None:
    intakes(seat).found = OIL
    talk(seat)
    f8(seat)
    seat.commit("，非常不满")
    seat.key(Qt.Key.Key_Escape)
    again = take_seat()
    made = f8(again)
    shown = again.window.side.record.record
    assert shown is not None and shown.customer.id == sample.CHEN
    assert made.isVisible()
    again.parts.timeline.list.setFocus()
    again.key(Qt.Key.Key_F8)
    assert made.fields.what.toPlainText() == NOTE + "，非常不满", "F8 from the record goes back into it"
    (sheet,) = save(again)
    assert (sheet.customer_id, sheet.channel) == (str(sample.CHEN), "phone")


def test_whoever_is_opened_meanwhile_stays(take_seat: Callable[..., Seat], seat: Seat) -> None:
    talk(seat)
    f8(seat)
    seat.commit("，非常不满")
    seat.key(Qt.Key.Key_Escape)
    again = take_seat()
    f8(again)
    record, asked = again.window.side.record, again.desk.customer_record(sample.CHEN).result()
    record.show_record(again.desk.customer_record(sample.FLEET).result())
    again.window.side.complaints.intake._beside._on_customer(asked)
    assert record.record is not None and record.record.customer.id == sample.FLEET


def test_another_language_reaches_the_head_of_the_form_and_when_the_note_was_kept(seat: Seat) -> None:
    seat.ring(sample.unknown_pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit(NOTE)
    slot = seat.window.side.record.slot
    assert slot is not None
    seat.parts.note.flush(slot.number)
    seat.settle()
    f8(seat)
    assert form(seat).fields.who.text().startswith("Not identified: the call stands for the caller · ")
    assert str(seat.parts.note._aside).startswith("kept ")
    seat.window.words.use("zh")
    seat.settle()
    assert "Not identified" not in form(seat).fields.who.text()
    assert not str(seat.parts.note._aside).startswith("kept ")
    assert form(seat).fields.what.toPlainText() == NOTE
