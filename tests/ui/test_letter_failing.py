"""A letter that cannot be written says why, no other is kept in its stead; a very long one is kept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from crmdesk.errors import NotFound
from crmdesk.resources import resource
from crmdesk.services.complaints import correspondence, letters
from crmdesk.services.complaints.letters import KINDS
from crmdesk.ui.aftercare_desk import PICTURES
from tests.services.complaints.house import ComplaintDesk
from tests.ui.aftercare_house import AftercareSeat
from tests.ui.conftest import Seat

DOWN, UP, RETURN = Qt.Key.Key_Down, Qt.Key.Key_Up, Qt.Key.Key_Return


@pytest.fixture
def place(seat: Seat, tmp_path: Path) -> Iterator[AftercareSeat]:
    house = ComplaintDesk(tmp_path)
    house.who = None
    made = AftercareSeat(seat, house, tmp_path)
    yield made
    seat.settle()
    made.close()
    house.close()


@pytest.mark.parametrize(
    ("template", "told"),
    [
        (
            b"# A decision\n\nPay $no_such_name now.",
            "Line 3 of the template letters/zh/decision.txt cannot be",
        ),
        (b"\xff\xfe", "The template letters/zh/decision.txt is missing, empty or no text in UTF-8."),
    ],
)
def test_a_template_that_is_broken_is_told_and_other_letters_are_written(
    place: AftercareSeat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, template: bytes, told: str
) -> None:
    broken = tmp_path / "decision.txt"
    broken.write_bytes(template)

    def own(*parts: str) -> Path:
        return broken if parts[-1] == "decision.txt" else resource(*parts)

    monkeypatch.setattr(letters, "resource", own)
    letters.template.cache_clear()
    seat = place.seat
    row = place.proposed()
    place.open(row)
    seat.ctrl(Qt.Key.Key_P)
    seat.settle()
    view = seat.window.side.complaints.letter.view
    assert view.told.text().startswith(told)
    view.kind.setFocus()
    for _ in KINDS[: KINDS.index("closing") + 1]:
        seat.key(DOWN)
        seat.settle()
    assert view.kind.currentText() == "Closing letter"
    assert view.told.isHidden()
    assert not view.text.isReadOnly()
    written = view.text.toPlainText()
    assert "C26-K7Q-0001" in written
    seat.key(UP)
    seat.settle()
    assert view.kind.currentText() == "Decision"
    assert (view.text.toPlainText(), view.told.text().startswith(told)) == ("", True)
    assert view.text.isReadOnly()
    assert not view.keep_button.isVisible()
    seat.ctrl(RETURN)
    seat.settle()
    assert place.house.rows("letter", row["id"]) == [], "the closing letter is not kept in its stead"
    seat.key(Qt.Key.Key_Escape)
    assert place.page.shown
    letters.template.cache_clear()


def test_the_letter_of_one_complaint_is_never_shown_as_that_of_another(
    place: AftercareSeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = place.seat
    place.open(place.proposed())
    seat.ctrl(Qt.Key.Key_P)
    seat.settle()
    view = seat.window.side.complaints.letter.view
    assert "C26-K7Q-0001" in view.text.toPlainText()
    seat.key(Qt.Key.Key_Escape)
    other = place.proposed()
    place.open(other)

    def gone(*_: object) -> object:
        raise NotFound("This {what} is not here any more.", what="complaint")

    monkeypatch.setattr(correspondence, "draft_letter", gone)
    seat.desk.held.clear()
    letter = seat.window.side.complaints.letter
    letter.open()
    assert view.text.toPlainText() == "", "while it is being written"
    letter.accept()
    seat.desk.held.set()
    seat.settle()
    assert view.text.toPlainText() == ""
    seat.ctrl(RETURN)
    seat.settle()
    assert place.house.rows("letter", other["id"]) == []


def test_of_a_letter_of_very_many_pages_the_first_are_shown_and_all_are_kept(place: AftercareSeat) -> None:
    seat, row = place.seat, place.proposed()
    reason = "- 刹车片磨损。\n" * 1_500
    place.house.connection.execute("UPDATE complaint_body SET reason_text = ?", (reason,))
    place.open(row)
    seat.ctrl(Qt.Key.Key_P)
    seat.qtbot.waitUntil(lambda: not seat.window.operations.busy, timeout=60_000)
    letter = seat.window.side.complaints.letter
    assert letter._proof is not None
    count = len(letter._proof.printed.pages)
    assert count > PICTURES
    assert len(letter._proof.pictures) == PICTURES
    told = [label.text() for label in letter.view.findChildren(QLabel)]
    assert f"The first {PICTURES} of {count} pages are shown here. All of them are printed and saved." in told
    letter.accept()
    seat.qtbot.waitUntil(lambda: not seat.window.operations.busy, timeout=60_000)
    (held,) = place.house.rows("letter", row["id"])
    assert held["text"].count("刹车片磨损") == 1_500
