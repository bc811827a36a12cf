"""Lists of complaints saved as a sheet: what is seen, off the GUI thread, and a sentence when it fails."""

from __future__ import annotations

import csv
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog

from crmdesk.services.complaints import lists as services
from crmdesk.ui.complaint_sheets import SheetsOf
from tests.services.complaints.house import ANNA, BELA, CHEN, ComplaintDesk
from tests.ui.aftercare_house import AftercareSeat
from tests.ui.conftest import Seat
from tests.ui.test_complaint_list import look, opened


@pytest.fixture
def place(seat: Seat, tmp_path: Path) -> Iterator[AftercareSeat]:
    house = ComplaintDesk(tmp_path)
    made = AftercareSeat(seat, house, tmp_path)
    yield made
    seat.settle()
    made.close()
    house.close()


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where the agent chooses to save."""
    chosen = tmp_path / "chosen.csv"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(chosen), ""))
    return chosen


def saved(place: AftercareSeat, path: Path) -> list[dict[str, str]]:
    """Press the key and return what is in the file then."""
    place.seat.ctrl_shift(Qt.Key.Key_X)
    place.seat.settle()
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_list_is_saved_as_it_is_shown(place: AftercareSeat, path: Path) -> None:
    row = place.house.log({"severity": "S1"})
    place.house.log({"severity": "S4"})
    opened(place)
    place.seat.qtbot.keyClicks(place.seat.focus(), "s1")
    (line,) = saved(place, path)
    assert line["Complaint"] == row["number"]
    assert (line["State"], line["Severity"], line["Customer"], line["Owner"]) == (
        "Received",
        "S1",
        "王芳",
        "p1",
    )
    assert line["Received"] == "2026-11-20T10:00+08:00"
    assert line["Due"] == "2026-11-20T10:30+08:00"
    assert (line["Next clock"], line["Provisional"], line["Overdue"]) == ("Acknowledge", "", "")
    assert place.seat.parts.messages.text == f"1 line saved: {path}"


def test_a_date_that_may_move_is_marked_in_the_sheet(place: AftercareSeat, path: Path) -> None:
    place.seat.clock.go_on(2_000 * 86_400)
    place.house.now = place.seat.clock.now
    place.house.log()
    opened(place)
    (line,) = saved(place, path)
    assert (line["Next clock"], line["Provisional"]) == ("Acknowledge", "yes")


def test_names_that_have_not_come_yet_are_asked_for(
    place: AftercareSeat, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lost: Future[Any] = Future()
    lost.cancel()
    complaints, answers = place.seat.desk.complaints, [lost]
    real = complaints.customer_names
    monkeypatch.setattr(complaints, "customer_names", lambda lines: answers.pop() if answers else real(lines))
    monkeypatch.setattr(services, "NAMED", 0)
    place.house.log()
    lists = opened(place)
    assert lists.view.list.current_line().customer_name == ""
    assert saved(place, path)[0]["Customer"] == "王芳"


def test_what_another_team_handles_in_confidence_is_not_in_the_file(place: AftercareSeat, path: Path) -> None:
    row = place.house.log(restricted=True)
    place.house.veil(row["id"])
    opened(place, CHEN)
    place.seat.key(Qt.Key.Key_4)
    (line,) = saved(place, path)
    assert (line["Complaint"], line["Customer"], line["Category"]) == (row["number"], "", "")


def test_the_clocks_beside_the_list_are_saved_from_there(place: AftercareSeat, path: Path) -> None:
    row = place.house.log({"severity": "S1"})
    lists = opened(place)
    look(place, lists)
    lists.view.ledger_list.setFocus()
    lines = saved(place, path)
    assert {line["Complaint"] for line in lines} == {row["number"]}
    assert lines[0]["Clock"] == "Acknowledge"
    assert (lines[0]["Event"], lines[0]["Who"], lines[0]["Counted by"]) == ("started", "p1", "by the clock")
    assert lines[0]["At"] == "2026-11-20T10:00+08:00"


def test_the_file_is_in_the_language_of_the_window_and_harmless(place: AftercareSeat, path: Path) -> None:
    row = place.house.log()
    place.house.connection.execute("UPDATE customer SET name = '=HYPERLINK(1)'")
    opened(place)
    place.seat.window.commands.run("language")
    (line,) = saved(place, path)
    assert (line["投诉"], line["客户"], line["状态"]) == (row["number"], "'=HYPERLINK(1)", "已登记")
    place.seat.window.commands.run("language")


def test_rows_are_worded_and_written_off_the_gui_thread(
    place: AftercareSeat, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    worded: list[threading.Thread] = []

    def noted(*_given: Any) -> tuple[str, ...]:
        worded.append(threading.current_thread())
        return ("",)

    monkeypatch.setattr(SheetsOf, "_complaint", noted)
    place.house.log()
    opened(place)
    saved(place, path)
    assert len(worded) == 1
    assert worded[0] is not threading.main_thread()


def test_a_place_that_cannot_be_written_is_told_and_the_list_stays(
    place: AftercareSeat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.house.log()
    lists, seat = opened(place), place.seat
    gone = tmp_path / "gone"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(gone / "x.csv"), ""))
    seat.ctrl_shift(Qt.Key.Key_X)
    seat.settle()
    assert seat.parts.messages.text == f"There is no folder {gone}. Choose another one."
    assert lists.shown


def test_nothing_to_save_and_no_list_are_said(place: AftercareSeat, path: Path) -> None:
    seat = place.seat
    seat.ctrl_shift(Qt.Key.Key_X)
    assert seat.parts.messages.text == "Open a list of complaints first: Ctrl+Shift+M."
    opened(place)
    seat.ctrl_shift(Qt.Key.Key_X)
    assert seat.parts.messages.text == "There is nothing here to save."
    assert not path.exists()


def test_who_chooses_no_file_gets_none(place: AftercareSeat, monkeypatch: pytest.MonkeyPatch) -> None:
    place.house.log()
    place.house.step(place.house.log(), "H1", ANNA, to=str(BELA), open_points="Call him.")
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: ("", ""))
    opened(place)
    place.seat.ctrl_shift(Qt.Key.Key_X)
    place.seat.settle()
    assert place.seat.parts.messages.text == ""
