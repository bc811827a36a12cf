"""Who goes on to another complaint gets no form there of the one he left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from tests.services.complaints.house import ComplaintDesk
from tests.ui.aftercare_house import AftercareSeat
from tests.ui.conftest import Seat


@pytest.fixture
def place(seat: Seat, tmp_path: Path) -> Iterator[AftercareSeat]:
    house = ComplaintDesk(tmp_path)
    house.who = None
    made = AftercareSeat(seat, house, tmp_path)
    yield made
    seat.settle()
    made.close()
    house.close()


def go_on(place: AftercareSeat, key: Qt.Key, modifier: Qt.KeyboardModifier) -> None:
    """Press *key*, and open another complaint before anything is answered."""
    other, seat = place.house.log(), place.seat
    seat.desk.held.clear()
    seat.qtbot.keyClick(seat.focus(), key, modifier)
    place.page.open(other["id"])
    seat.desk.held.set()
    seat.settle()
    assert place.page.record.head.id == other["id"]


def test_no_survey_of_the_complaint_that_was_left(place: AftercareSeat) -> None:
    place.open(place.followed_up())
    go_on(place, Qt.Key.Key_F9, Qt.KeyboardModifier.NoModifier)
    assert not place.seat.window.side.complaints.survey.is_open


def test_no_step_of_the_complaint_that_was_left(place: AftercareSeat) -> None:
    row = place.followed_up()
    place.open(row)
    place.seat.key(Qt.Key.Key_F9)
    place.seat.key(Qt.Key.Key_Tab)
    place.seat.key(Qt.Key.Key_Down)
    go_on(place, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert len(place.house.rows("survey", row["id"])) == 1, "the answers are kept all the same"
    assert not place.page.forms.is_open


def test_no_action_of_the_complaint_that_was_left(place: AftercareSeat) -> None:
    row = place.followed_up()
    place.open(row)
    action = place.seat.window.side.complaints.action
    action.begin()
    place.seat.settle()
    other, seat = place.house.log(), place.seat
    place.house.connection.execute("UPDATE complaint_body SET corrective_action = 1")
    seat.desk.held.clear()
    action.after_closing()
    place.page.record = replace(place.page.record, head=replace(place.page.record.head, id=other["id"]))
    action.begin()
    seat.desk.held.set()
    seat.settle()
    assert action._complaint_id == other["id"]
