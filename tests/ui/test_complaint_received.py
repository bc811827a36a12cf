"""When a complaint came in, as somebody types it: a time that is none is told and never replaced."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from tests.ui.conftest import Seat
from tests.ui.fake_intakes import OIL
from tests.ui.test_complaint_intake import f8, intakes, save, talk


@pytest.mark.parametrize("typed", ["", "20.11. 10:00", "2026-02-30 10:00", "0001-01-01 00:00"])
def test_a_time_that_is_none_is_told_at_its_field(seat: Seat, typed: str) -> None:
    intakes(seat).found = OIL
    talk(seat)
    made = f8(seat)
    made.fields.more.setFocus()
    seat.key(Qt.Key.Key_Space)
    line = made.fields.lines["received_at"]
    line.setFocus()
    line.selectAll()
    seat.qtbot.keyClick(line, Qt.Key.Key_Delete)
    seat.qtbot.keyClicks(line, typed)
    assert save(seat) == []
    told = "Write it as year-month-day and time, for example 2026-11-20 10:00."
    assert made.fields.notes["received_at"].text() == told
    assert seat.focus() is line
    line.setText("2026-11-19 16:30")
    (sheet,) = save(seat)
    assert sheet.received_at == "2026-11-19T08:30:00+00:00"
