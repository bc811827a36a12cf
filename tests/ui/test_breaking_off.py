"""Esc breaks off what comes from the server and takes long; nothing is half done by then."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl

from crmdesk.models.wire import Row
from tests.services.complaints.house import ComplaintDesk
from tests.ui.complaint_house import ComplaintSeat
from tests.ui.conftest import Seat
from tests.ui.fake_files import FakeFiles, attached

RETURN, ESCAPE = Qt.Key.Key_Return, Qt.Key.Key_Escape


@pytest.fixture
def place(seat: Seat, tmp_path: Path) -> Iterator[ComplaintSeat]:
    house = ComplaintDesk(tmp_path)
    made = ComplaintSeat(seat, house, tmp_path)
    yield made
    seat.desk.held.set()
    seat.settle()
    made.close()
    house.close()


def files(place: ComplaintSeat) -> FakeFiles:
    found: FakeFiles = place.seat.desk.files
    return found


def line(place: ComplaintSeat) -> str:
    (found,) = (each for each in place.page.view.file.lines.rows if each.kind == "file")
    return str(found.spoken())


def press(place: ComplaintSeat, key: Qt.Key) -> None:
    """Press a key without waiting for what it asks for."""
    place.seat.qtbot.keyClick(place.seat.focus(), key)


def fetching(place: ComplaintSeat) -> tuple[Row, list[QUrl]]:
    """Press Enter on a file that is at the server only, and let a quarter of it come."""
    row, opened = place.house.log(), list[QUrl]()
    files(place).listed[row["id"]] = [attached("film.mp4", state="only_there")]
    files(place).steps = ((1, 4),)
    place.open(row)

    def open_url(url: QUrl) -> bool:
        opened.append(url)
        return True

    place.page.files.open_url = open_url
    rows = place.page.view.file.lines.rows
    place.page.view.file.list.choose_row(next(n for n, each in enumerate(rows) if each.kind == "file"))
    place.seat.desk.held.clear()
    press(place, RETURN)
    assert "is being fetched, 0 % · Esc breaks off" in line(place), "at once, before anything has come"
    return row, opened


def test_esc_breaks_off_a_file_and_stays_at_the_complaint(place: ComplaintSeat) -> None:
    _, opened = fetching(place)
    press(place, ESCAPE)
    assert place.page.shown
    assert files(place).stops[0].asked
    assert "only on the server" in line(place)
    assert place.seat.parts.messages.text == "Broken off: film.mp4. Enter fetches the rest."
    place.seat.desk.held.set()
    place.seat.settle()
    assert "only on the server" in line(place), "what was told late changes nothing"
    assert opened == []
    assert place.seat.parts.messages.text.startswith("Broken off")
    place.seat.parts.messages.dismiss()
    press(place, ESCAPE)
    assert not place.page.shown


def test_what_was_broken_off_can_be_fetched_again(place: ComplaintSeat) -> None:
    _, opened = fetching(place)
    press(place, ESCAPE)
    place.seat.desk.held.set()
    place.seat.settle()
    place.seat.key(RETURN)
    assert [url.fileName() for url in opened] == ["copy"]


def test_a_file_of_a_complaint_that_was_left_is_not_opened_over_another_one(place: ComplaintSeat) -> None:
    _, opened = fetching(place)
    other = place.house.log()
    place.page.files.of_record(other["id"])
    place.seat.desk.held.set()
    place.seat.settle()
    assert opened == []
    assert place.seat.parts.messages.text == "film.mp4 is here by now."


def closed(place: ComplaintSeat) -> Row:
    """Return a complaint whose file lies at the server only."""
    row = place.house.log()
    place.house.connection.execute("DELETE FROM complaint_body")
    place.house.connection.executemany(
        "INSERT INTO sync (name, value) VALUES (?, ?)",
        [("server", "{}"), ("scope", json.dumps({"teams": [str(row["team_id"])]}))],
    )
    return row


def marks(place: ComplaintSeat) -> list[str]:
    return [each.spoken() for each in place.page.view.file.lines.rows if each.kind == "mark"]


def test_esc_breaks_off_the_file_of_one_that_ended_long_ago(place: ComplaintSeat) -> None:
    told, seat = threading.Event(), place.seat
    go_on = threading.Event()

    def coming(tell: Callable[[int, int], object]) -> None:
        tell(3, 9)
        told.set()
        go_on.wait(20)

    seat.desk.sharing.coming = coming
    row = closed(place)
    seat.window.commands.open_complaint(row["id"])
    seat.qtbot.waitUntil(told.is_set)
    seat.qtbot.waitUntil(lambda: marks(place) == ["Being fetched, 33 %, Esc breaks off"])
    press(place, ESCAPE)
    assert place.page.shown
    assert seat.desk.sharing.fetching is not None and seat.desk.sharing.fetching.asked
    assert marks(place) == ["Enter fetches it from there"]
    go_on.set()
    seat.settle()
    seat.desk.sharing.coming = lambda _tell: None
    rows = place.page.view.file.lines.rows
    place.page.view.file.list.choose_row(next(n for n, each in enumerate(rows) if each.kind == "mark"))
    seat.key(RETURN)
    assert seat.desk.named("load_file") == [(row["id"],)] * 2
