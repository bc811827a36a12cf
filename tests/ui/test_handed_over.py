"""Who hands a complaint over sees it in the own list, marked, until the new owner took it."""

from __future__ import annotations

from PySide6.QtCore import Qt

from crmdesk.models.changes import ChangeSet
from tests.services.complaints.house import BELA
from tests.ui.complaint_house import ComplaintSeat
from tests.ui.test_complaint_list import opened


def test_what_was_handed_over_stays_in_the_list_and_says_so_until_it_is_taken(place: ComplaintSeat) -> None:
    place.house.log()
    other = place.house.step(place.house.log({"severity": "S4"}), "H1", to=str(BELA), open_points="Call him.")
    lists, seat = opened(place), place.seat

    def below() -> list[str]:
        return [lists._worded(line).below for line in lists.view.list.lines.rows]

    assert below() == ["S3 · Received · repair", "S4 · Received · handed over to p2, not taken yet · repair"]
    lists._words.use("zh")
    assert "已移交给p2，尚未接手" in below()[1]
    lists._words.use("en")
    seat.key(Qt.Key.Key_2)
    seat.qtbot.waitUntil(lambda: len(below()) == 2)
    assert below()[1] == "S4 · Received · p2 · repair", "only in her own list"
    seat.key(Qt.Key.Key_1)
    seat.qtbot.waitUntil(lambda: len(below()) == 2)
    place.house.step(other, "C1", who=BELA, what="We are looking into it.")
    seat.bridge.changed.emit(ChangeSet(frozenset({"task"}), frozenset(), "sync"))
    seat.qtbot.waitUntil(lambda: below() == ["S3 · Received · repair"])
