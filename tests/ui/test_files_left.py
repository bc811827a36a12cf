"""Files on F8 that are too much for their complaint: told in a sentence, and taken away by a key."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt

from crmdesk.models.text import say
from crmdesk.ui.views.complaint_intake import ComplaintIntake
from tests.ui.conftest import Seat
from tests.ui.test_accessibility import unnamed
from tests.ui.test_files import bill, drop, f8, files, kept_names, offer

__all__ = ["bill"]


def log_with(seat: Seat, *paths: Path) -> ComplaintIntake:
    """Save a complaint with files."""
    form = f8(seat)
    drop(form, offer(*paths))
    seat.settle()
    seat.commit("刹车异响，每天早上都有")
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    return form


def test_what_makes_the_files_too_many_is_told_at_once_and_not_held(
    seat: Seat, bill: Path, tmp_path: Path
) -> None:
    more = tmp_path / "more.pdf"
    more.write_bytes(bytes(3000))
    form = f8(seat)
    files(seat).most = 5000
    drop(form, offer(bill, more))
    seat.settle()
    assert kept_names(seat) == [bill.name]
    assert [each.name for each in files(seat).held.values()] == [bill.name]
    assert seat.parts.messages.text.startswith("more.pdf is not kept: the files of the complaint would have")


def test_what_cannot_be_attached_is_named_and_stays_until_it_is_taken_away(
    seat: Seat, bill: Path, tmp_path: Path
) -> None:
    more = tmp_path / "more.pdf"
    more.write_bytes(b"%PDF")
    files(seat).problems = {"more.pdf": say("The files here would have more than {limit} MB.", limit=200)}
    form = log_with(seat, bill, more)
    assert not form.shows_form
    assert seat.parts.messages.text == "more.pdf is not attached. The files here would have more than 200 MB."
    assert kept_names(seat) == ["more.pdf"], "with its draft: nobody forgets its key, nor does a crash"
    assert form.left is not None and form.left.isVisible()
    assert [line.text for line in form.left.lines.rows] == ["Not attached", "more.pdf"]
    assert unnamed(form.left) == []
    form.left.list.setFocus()
    form.left.list.choose_row(0)
    seat.key(Qt.Key.Key_Delete)
    assert seat.desk.named("let_go") == [], "the heading is no file"
    seat.key(Qt.Key.Key_Down)
    seat.key(Qt.Key.Key_Delete)
    seat.settle()
    assert form.left.isHidden()
    assert "more.pdf" not in [each.name for each in files(seat).held.values()]
    assert seat.desk.intakes.held == {}


def test_the_next_complaint_does_not_show_what_the_former_could_not_take(seat: Seat, bill: Path) -> None:
    files(seat).problems = {bill.name: say("The files here would have more than {limit} MB.", limit=200)}
    form = log_with(seat, bill)
    form.another.click()
    seat.settle()
    seat.commit("刹车异响，每天早上都有")
    files(seat).problems = {}
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert not form.shows_form
    assert form.left is None or form.left.isHidden()
    assert files(seat).held == {}, "nothing is held for ever that no form names"
