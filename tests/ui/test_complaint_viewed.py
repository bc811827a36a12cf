"""Whoever opens a complaint is written down as having looked at whose affairs it tells."""

from __future__ import annotations

from PySide6.QtCore import Qt

from crmdesk.services import calls
from tests.services.complaints.house import CALL, CUSTOMER
from tests.ui.complaint_house import ComplaintSeat


def test_opening_a_complaint_is_written_down_once_and_looking_again_is_not(place: ComplaintSeat) -> None:
    row = place.house.log()
    place.open(row)
    place.page.refresh()
    place.seat.settle()
    assert place.viewed == [(CUSTOMER, f"complaint {row['number']}")]


def test_what_nobody_complained_about_by_name_is_written_down_of_nobody(place: ComplaintSeat) -> None:
    row = place.house.log({"customer_id": None, "unidentified": True, "call_id": str(CALL)})
    place.open(row)
    assert place.viewed == []
    values = {"direction": "in", "state": "ended", "started_at": place.house.now, "customer_id": CUSTOMER}
    with place.house.work() as work:
        calls.see_call(work, CALL, values)
    place.seat.key(Qt.Key.Key_Escape)
    place.open(row)
    assert place.viewed == [(CUSTOMER, f"complaint {row['number']}")], "whose call it was is known by now"
