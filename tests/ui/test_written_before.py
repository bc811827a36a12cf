"""After a crash the strip of a call knows again what was written down with it; what was begun is ended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from PySide6.QtCore import Qt

from crmdesk.models.screen_pop import NoteDraft
from crmdesk.services.complaints.intake_sheet import HeldFile, from_draft, to_draft
from tests.ui import sample
from tests.ui.conftest import Seat
from tests.ui.fake_desk import FakeDesk
from tests.ui.fake_intakes import OIL
from tests.ui.test_complaint_intake import NOTE, f8, form, intakes, save, talk

NUMBER = "C26-K7Q-0042"
BILL = HeldFile(id=str(sample.made_id("bill")), name="bill.pdf", media_type="", size=3, digest="0" * 64)


@pytest.fixture
def again(take_seat: Callable[..., Seat], seat: Seat) -> Seat:
    """A window that was opened after the first one broke off with a complaint saved in a running call."""
    complain(seat)
    return take_seat()


def complain(seat: Seat) -> None:
    """Write a complaint down in a call that goes on."""
    intakes(seat).found = OIL
    talk(seat)
    f8(seat)
    save(seat)
    known(seat)


def known(seat: Seat) -> str:
    """Wait until the store told what came of the call; return what the strip shows."""
    seat.qtbot.waitUntil(lambda: bool(seat.desk.named("with_call")), timeout=5000)
    seat.settle()
    return seat.parts.wrap_up.marks.accessibleName()


def finished_as(seat: Seat) -> str:
    seat.key(Qt.Key.Key_F12)
    (closed,) = (asked[0] for asked in seat.desk.named("wrap_up"))
    return str(closed.disposition)


def forget_asked(seat: Seat) -> None:
    seat.desk.asked.clear()


def test_a_call_that_is_up_still_is_known_as_a_complaint_by_one_key(again: Seat) -> None:
    forget_asked(again)
    again.ring(sample.pop(), "talking")
    assert known(again) == NUMBER
    again.ring(sample.pop(), "ended")
    assert finished_as(again) == "complaint_filed"


def test_what_was_written_down_just_now_stands_there_once(seat: Seat) -> None:
    intakes(seat).found = OIL
    seat.ring(sample.pop(), "talking")
    f8(seat)
    seat.commit(NOTE)
    save(seat)
    seat.window.side.before.look(sample.pop().call_id)
    assert known(seat) == NUMBER


def test_f8_shows_the_number_again_and_makes_no_second_complaint(again: Seat) -> None:
    forget_asked(again)
    again.ring(sample.pop(), "talking")
    known(again)
    made = f8(again)
    assert not made.shows_form
    assert made.number.text() == NUMBER
    save(again)
    assert len(intakes(again).logged) == 1


def test_a_call_that_ended_meanwhile_is_back_to_be_wrapped_up(
    take_seat: Callable[..., Seat], again: Seat
) -> None:
    again.desk.intakes.open = (sample.made_id("restored"),)  # type: ignore[assignment]  # an id is an id
    intakes(again).logged = [replace(intakes(again).logged[0], call_id=str(sample.made_id("restored")))]
    forget_asked(again)
    third = take_seat()
    assert known(third) == NUMBER
    assert third.parts.band.cards[0].state == "Wrap-up"
    told = "A call that became a complaint was not finished. F12 finishes it."
    assert third.parts.messages.text == told
    assert finished_as(third) == "complaint_filed"


def test_its_note_is_back_too_whichever_of_them_comes_first(
    take_seat: Callable[..., Seat], desk: FakeDesk, seat: Seat
) -> None:
    call_id = sample.made_id("restored")
    desk.intakes.open = (call_id,)  # type: ignore[assignment]  # an id is an id
    seat.window.side.before.take_over()
    seat.settle()
    assert seat.note() == ""
    desk.kept = (NoteDraft("draft-7", str(call_id), "半句话还在", 2, sample.NOW),)
    seat.window.notes.take_over()
    seat.settle()
    assert (seat.note(), len(seat.parts.band.cards)) == ("半句话还在", 1)
    seat.key(Qt.Key.Key_F12)
    (closed,) = (asked[0] for asked in desk.named("wrap_up"))
    assert (closed.draft_id, closed.text) == ("draft-7", "半句话还在")


def test_what_is_being_typed_in_a_call_gives_no_way_to_an_old_note(seat: Seat) -> None:
    seat.ring(sample.pop("restored"), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit("he rings again")
    call_id = str(sample.pop("restored").call_id)
    seat.desk.kept = (NoteDraft("draft-7", call_id, "半句话还在", 2, sample.NOW),)
    seat.window.notes.take_over()
    seat.settle()
    assert seat.note() == "he rings again"


def test_a_call_taken_for_over_is_up_again_when_the_telephone_says_so(seat: Seat) -> None:
    call_id = sample.pop("restored").call_id
    seat.desk.intakes.open = (call_id,)
    seat.window.side.before.take_over()
    seat.settle()
    seat.clock.go_on(60)
    seat.ring(sample.pop("restored"), "talking")
    slot = seat.window.slots.of_call(str(call_id))
    assert slot is not None and slot.live
    assert slot.ended_at is None
    assert slot.seconds(seat.clock.now) == pytest.approx(1.0)


def test_a_restricted_complaint_is_not_told_by_the_strip(take_seat: Callable[..., Seat], again: Seat) -> None:
    intakes(again).logged = [replace(intakes(again).logged[0], restricted=True)]
    forget_asked(again)
    again.ring(sample.pop(), "ended")
    assert known(again) == ""
    assert finished_as(again) == "resolved"


def test_a_form_whose_complaint_was_saved_is_no_form_any_more(
    take_seat: Callable[..., Seat], seat: Seat
) -> None:
    talk(seat)
    f8(seat)
    seat.commit("，非常不满")
    seat.key(Qt.Key.Key_Escape)
    ((about, content),) = intakes(seat).held.items()
    sheet = replace(from_draft(content["sheet"]), files=(BILL,))
    # Killed between saving the complaint and forgetting its form.
    intakes(seat).logged.append(sheet)
    intakes(seat).held = {about: {**content, "sheet": to_draft(sheet)}}
    again = take_seat()
    again.qtbot.waitUntil(lambda: not intakes(again).held, timeout=5000)
    again.settle()
    assert again.desk.named("attach_held") == [(UUID(sheet.complaint_id), (BILL,))]
    assert again.parts.messages.isHidden(), "nothing is unfinished"
    again.ring(sample.pop(), "talking")
    assert not f8(again).shows_form


def test_a_second_complaint_of_a_call_that_is_being_written_goes_first(
    take_seat: Callable[..., Seat], seat: Seat
) -> None:
    complain(seat)
    form(seat).another_wanted.emit()
    seat.settle()
    form(seat).fields.what.setFocus()
    seat.commit("another matter")
    seat.key(Qt.Key.Key_Escape)
    again = take_seat()
    forget_asked(again)
    again.ring(sample.pop(), "talking")
    assert known(again) == f"{NUMBER}, Complaint not saved · F8"
    made = f8(again)
    assert made.shows_form
    assert made.fields.what.toPlainText() == "another matter"
