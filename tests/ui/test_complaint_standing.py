"""A caller asks how it stands: one sentence in his language, and a key that writes down that he was told."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from crmdesk.models.types import CallId
from tests.services.complaints.house import BELA, CALL, CUSTOMER
from tests.ui import sample
from tests.ui.complaint_house import ComplaintSeat
from tests.ui.test_accessibility import unnamed


@pytest.fixture
def place(place: ComplaintSeat) -> ComplaintSeat:
    """Who complains speaks English."""
    speaks(place, "en")
    return place


def speaks(place: ComplaintSeat, language: str) -> None:
    place.house.connection.execute(
        "UPDATE customer SET language = ? WHERE id = ?", (language, CUSTOMER.bytes)
    )


def shown(place: ComplaintSeat) -> str:
    strip = place.page.view.standing
    return str(strip.sentence.text()).replace("\xa0", " ") if strip.isVisible() else ""


def tell(place: ComplaintSeat) -> None:
    place.seat.key(Qt.Key.Key_R, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    place.seat.settle()


def test_what_to_read_out_stands_below_the_head_with_number_and_next_date(place: ComplaintSeat) -> None:
    row = place.investigated()
    place.open(row)
    number = place.page.view.head.card.number
    first = " ".join(number.split("-")[0])
    assert shown(place).startswith(f"Number {first}, ")
    assert "is finding out what happened. You hear more by" in shown(place)
    assert "Friday, 27 November" in shown(place), "the clock of updates, not that of the decision"


def test_it_is_said_in_the_callers_language_whatever_the_screen_speaks(place: ComplaintSeat) -> None:
    row = place.house.log(language="zh")
    place.open(row)
    assert shown(place).startswith("您的投诉已登记，编号是 C 2 6")


def test_who_is_known_is_spoken_to_in_his_own_language_where_the_intake_told_none(
    place: ComplaintSeat,
) -> None:
    row = place.house.log()
    assert row["language"] == ""
    speaks(place, "zh")
    place.open(row)
    assert shown(place).startswith("您的投诉已登记，编号是 C 2 6")


def test_the_key_writes_down_what_was_told_and_moves_the_next_date(
    place: ComplaintSeat,
) -> None:
    seat = place.seat
    row = place.investigated()
    seat.ring(replace(sample.pop(), call_id=CallId(CALL)), "talking")
    place.pass_time(days=3)
    place.open(row)
    before, said = place.house.row("complaint", row["id"])["next_due_at"], shown(place)
    tell(place)
    assert place.house.row("complaint", row["id"])["next_due_at"] > before
    event = place.page.record.events[0]
    assert (event.transition, event.words) == ("C1", said)
    (kept,) = [each for each in place.house.rows("complaint_event", row["id"]) if each["transition"] == "C1"]
    assert f'"call_id": "{CALL}"' in kept["fields"]
    assert place.stands(row) == "INVESTIGATING"
    assert seat.parts.messages.text == "Done: Tell how it stands"
    assert "Monday, 30 November" in shown(place)


def test_a_date_that_is_past_is_not_promised_again(place: ComplaintSeat) -> None:
    row = place.investigated()
    place.pass_time(days=10)
    place.open(row)
    assert shown(place).endswith("We are late with it: you hear from us today.")


def test_what_another_team_handles_names_its_owner_and_takes_no_entry(place: ComplaintSeat) -> None:
    row = place.investigated()
    place.house.connection.execute("DELETE FROM complaint_body")
    place.open(row)
    assert shown(place).endswith("looks after it.")
    assert not place.page.view.standing.button.isVisible()
    tell(place)
    assert "only they can write down" in place.seat.parts.messages.text


def test_of_what_is_restricted_and_handled_elsewhere_nothing_is_told(place: ComplaintSeat) -> None:
    row = place.house.log(restricted=True)
    place.house.veil(row["id"])
    place.open(row)
    assert shown(place) == ""


def test_any_agent_who_takes_the_call_may_write_it_down(place: ComplaintSeat) -> None:
    row = place.investigated()
    place.house.who = BELA
    place.open(row)
    tell(place)
    assert place.page.record.events[0].transition == "C1"


def test_without_a_complaint_the_key_says_so(place: ComplaintSeat) -> None:
    tell(place)
    assert place.seat.parts.messages.text == "No complaint is open."


def test_it_is_named_for_screen_readers(place: ComplaintSeat) -> None:
    place.open(place.house.log())
    assert unnamed(place.page.view.standing) == []
