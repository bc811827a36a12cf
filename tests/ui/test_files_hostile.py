"""What people drop and paste although it is no good: nothing is lost or run, and it is said what to do."""

from __future__ import annotations

from pathlib import Path, PurePath

import pytest
from PySide6.QtCore import QMimeData, Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from crmdesk.services.attachments.names import harmless
from crmdesk.ui.files_desk import NO_PICTURE
from crmdesk.ui.presenters.record_files import is_looked_at
from tests.ui import sample
from tests.ui.conftest import Seat
from tests.ui.test_files import bill, drop, f8, files, kept_names, offer

__all__ = ["bill"]


def test_a_file_dropped_just_before_the_form_of_another_call_is_opened_stays_with_its_own(
    seat: Seat, bill: Path
) -> None:
    form = f8(seat)
    seat.desk.held.clear()
    drop(form, offer(bill))
    seat.ring(sample.second_pop(), "talking")
    seat.window.calls.open_number(2)
    seat.window.side.complaints.intake.toggle()
    seat.desk.held.set()
    seat.settle()
    assert kept_names(seat) == [bill.name]
    (about,) = seat.desk.intakes.held
    assert about == f"call {sample.pop().call_id}"


def test_a_picture_is_kept_as_it_was_copied_and_never_unfolded_here(seat: Seat) -> None:
    form = f8(seat)
    bomb = b"\x89PNG\r\n\x1a\n" + b"a hundred thousand pixels each way"
    mime = QMimeData()
    mime.setImageData(QImage())
    mime.setData("image/png", bomb)
    assert drop(form, mime)
    seat.settle()
    (content,) = files(seat).contents.values()
    assert content == bomb


def test_a_picture_that_cannot_be_read_is_told_with_what_to_do(seat: Seat) -> None:
    f8(seat)
    mime = QMimeData()
    mime.setImageData(QImage())
    mime.setData("image/png", b"no picture")
    QApplication.clipboard().setMimeData(mime)
    seat.ctrl(Qt.Key.Key_V)
    QApplication.clipboard().clear()
    assert seat.parts.messages.text == NO_PICTURE
    assert files(seat).contents == {}


@pytest.mark.parametrize(
    ("name", "looked_at"),
    [
        ("bill.pdf", True),
        ("BILL.PDF", True),
        ("bill.pdf.exe", False),
        ("bill\u202efdp.exe", False),
        ("bill.exe\u200b.pdf", True),
        ("bill.exe\\.pdf", False),
        ("folder/.pdf", False),
        ("bill.pdf. ", True),
        ("bill", False),
        (".pdf", False),
        ("x" * 400 + ".exe.pdf", True),
        ("bill.pdf" + "x" * 400, False),
        ("bill.desktop", False),
        ("bill.pdf\n.lnk", False),
    ],
)
def test_what_is_opened_is_told_by_the_name_it_will_have(name: str, looked_at: bool) -> None:
    assert is_looked_at(name) == looked_at
    assert not looked_at or PurePath(harmless(name)).suffix.lower() == ".pdf"
