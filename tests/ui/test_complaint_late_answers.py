"""Answers that come late: others overtake them, and what was typed or opened meanwhile stays."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest
from PySide6.QtCore import Qt

from crmdesk.models.changes import ChangeSet
from tests.services.complaints.house import BELA, CHECKLIST
from tests.ui.complaint_house import ComplaintSeat
from tests.ui.conftest import Seat
from tests.ui.fake_intakes import OIL
from tests.ui.test_complaint_intake import NOTE, form, intakes, save, talk


def changed_meanwhile(place: ComplaintSeat) -> None:
    """Somebody else changed something of complaints."""
    place.seat.bridge.changed.emit(ChangeSet(frozenset({"complaint"}), frozenset(), "sync"))


def test_what_is_opened_comes_although_something_changes_meanwhile(place: ComplaintSeat) -> None:
    first, second = place.house.log(), place.house.log()
    place.open(first)
    place.seat.desk.held.clear()
    place.page.open(second["id"])
    changed_meanwhile(place)
    place.seat.desk.held.set()
    place.seat.settle()
    assert place.page.record.head.id == second["id"]


def test_what_was_read_before_it_was_opened_again_is_not_shown(place: ComplaintSeat) -> None:
    row = place.house.log()
    place.open(row)
    earlier: Future[Any] = Future()
    asked, before = place.seat.desk.complaints.record, place.page.record
    place.seat.desk.complaints.record = lambda *_asked, **_more: earlier
    place.page.refresh()
    place.seat.desk.complaints.record = asked
    place.house.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(BELA))
    place.page.open(row["id"])
    place.seat.qtbot.waitUntil(lambda: place.page.record is not before)
    earlier.set_result(before)
    place.seat.settle()
    assert place.page.record.head.state == "ACKNOWLEDGED"


def test_what_changed_before_it_came_is_seen(place: ComplaintSeat, monkeypatch: pytest.MonkeyPatch) -> None:
    row = place.house.log()
    read = place.seat.desk.complaints.record

    def overtaken(*asked: Any, **more: Any) -> Any:
        future = read(*asked, **more)
        future.result()
        monkeypatch.undo()
        place.house.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(BELA))
        changed_meanwhile(place)
        return future

    monkeypatch.setattr(place.seat.desk.complaints, "record", overtaken)
    place.open(row)
    assert place.page.record.head.state == "ACKNOWLEDGED"


def test_who_types_before_the_form_is_filled_gets_it_filled(seat: Seat) -> None:
    """As when a slow desk reads the lists: words were looked at meanwhile, and their answer is the newer."""
    talk(seat, "")
    seat.desk.held.clear()
    seat.qtbot.keyClick(seat.focus(), Qt.Key.Key_F8)
    made = form(seat)
    intakes(seat).found = OIL
    seat.commit(NOTE)
    seat.qtbot.waitUntil(lambda: bool(seat.desk.named("assess_intake")))
    seat.desk.held.set()
    seat.settle()
    assert made.fields.filters["category"].key == "quality_engine"
    (sheet,) = save(seat)
    assert (sheet.category, sheet.outlet) == ("quality_engine", "PD-01")
