"""A form of a step in another language: what stands in it stays, and nothing is told that did not happen."""

from __future__ import annotations

from PySide6.QtCore import Qt

from tests.ui.complaint_house import ComplaintSeat

AGAIN = "What you had typed before is here again."


def in_chinese(place: ComplaintSeat) -> str:
    place.seat.window.words.use("zh")
    place.seat.settle()
    return str(place.form.top.text())


def test_another_language_brings_nothing_back(place: ComplaintSeat) -> None:
    place.open(place.house.log())
    place.seat.key(Qt.Key.Key_F7)
    place.seat.settle()
    place.seat.commit("客户要求周五前回复")
    assert place.form.top.text() == ""
    assert in_chinese(place) == ""
    assert place.form.values() == {"note": "客户要求周五前回复"}


def test_what_came_back_is_still_told_in_another_language(place: ComplaintSeat) -> None:
    row = place.house.log()
    place.open(row)
    place.seat.key(Qt.Key.Key_F7)
    place.seat.settle()
    place.seat.commit("客户要求周五前回复")
    place.seat.key(Qt.Key.Key_Escape)
    place.seat.key(Qt.Key.Key_F7)
    place.seat.settle()
    assert place.form.top.text() == AGAIN
    assert in_chinese(place) not in ("", AGAIN)
