"""Files of a customer below his card: listed, dropped, pasted, opened, saved, broken off."""

from __future__ import annotations

from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtWidgets import QApplication, QFileDialog

from crmdesk.errors import InvalidInput
from crmdesk.models.changes import ChangeSet
from crmdesk.ui.presenters.customer_files import CustomerFiles
from tests.ui import sample
from tests.ui.conftest import Seat
from tests.ui.fake_files import FakeFiles, attached
from tests.ui.test_accessibility import unnamed
from tests.ui.test_files import CTRL_SHIFT, drop, offer, picture

RETURN = Qt.Key.Key_Return


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    path = tmp_path / "行驶证 licence.pdf"
    path.write_bytes(b"%PDF-1.7 " + b"x" * 3000)
    return path


@pytest.fixture
def known(seat: Seat) -> Seat:
    """Somebody who calls and has a file."""
    files(seat).listed[sample.CHEN] = [attached("contract.pdf")]
    seat.ring(sample.pop(), "talking")
    ask_files(seat)
    return seat


def files(seat: Seat) -> FakeFiles:
    found: FakeFiles = seat.desk.files
    return found


def presenter(seat: Seat) -> CustomerFiles:
    return seat.window.side.files


def ask_files(seat: Seat) -> None:
    """Let what follows the paint of a record be asked and answered."""
    seat.qtbot.waitUntil(lambda: not presenter(seat).waits)
    seat.settle()


def lines(seat: Seat) -> list[str]:
    pane = presenter(seat).pane
    return [line.spoken() for line in pane.lines.rows] if pane is not None and pane.isVisible() else []


def to_file(seat: Seat) -> None:
    pane = presenter(seat).pane
    assert pane is not None
    pane.list.setFocus()
    pane.list.choose_row(1)


def test_files_of_the_caller_stand_below_his_card(known: Seat) -> None:
    assert lines(known) == [
        "Files, Enter opens · Ctrl+S saves as",
        "47 KB, contract.pdf, here · Lin Yue · Today 10:00",
    ]
    assert unnamed(known.parts.caller) == []
    known.ctrl_shift(Qt.Key.Key_L)
    assert lines(known)[0].startswith("文件")


def test_somebody_without_files_has_a_line_that_says_how_to_attach_one(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    ask_files(seat)
    assert lines(seat) == ["Files, Drop one here, or Ctrl+Shift+F"]


def test_nobody_has_no_files(seat: Seat) -> None:
    seat.ring(sample.unknown_pop(), "talking")
    ask_files(seat)
    assert lines(seat) == []
    seat.key(Qt.Key.Key_F, CTRL_SHIFT)
    assert seat.parts.messages.text.startswith("Open a customer or a complaint first")


def test_the_next_caller_does_not_see_the_files_of_the_former(known: Seat) -> None:
    known.ring(sample.unknown_pop(), "talking")
    known.ctrl(Qt.Key.Key_2)
    ask_files(known)
    assert lines(known) == []
    known.ctrl(Qt.Key.Key_1)
    ask_files(known)
    assert "contract.pdf" in lines(known)[1]


def test_what_is_dropped_on_the_card_is_attached_to_him(known: Seat, bill: Path) -> None:
    assert drop(known.parts.caller.list.viewport(), offer(bill))
    known.settle()
    assert files(known).contents[bill.name] == bill.read_bytes()
    assert [record for record, *_ in known.desk.named("add_file")] == [sample.CHEN]
    assert bill.name in lines(known)[2]
    assert known.parts.messages.text == f"Attached: {bill.name}"


def test_a_picture_is_pasted(known: Seat) -> None:
    QApplication.clipboard().setImage(picture())
    known.ctrl(Qt.Key.Key_V)
    known.settle()
    assert [record for record, *_ in known.desk.named("add_file")] == [sample.CHEN]
    (name,) = files(known).contents
    assert name.startswith("Picture 2026-11-20 10.00.")


def test_a_key_chooses_files_beside_the_window(known: Seat, bill: Path) -> None:
    known.key(Qt.Key.Key_F, CTRL_SHIFT)
    (dialog,) = known.parts.caller.findChildren(QFileDialog)
    assert not dialog.isModal()
    dialog.filesSelected.emit([str(bill)])
    dialog.close()
    known.settle()
    assert list(files(known).contents) == [bill.name]


def test_with_the_form_of_a_complaint_open_files_go_there(known: Seat, bill: Path) -> None:
    known.key(Qt.Key.Key_F8)
    QApplication.clipboard().setImage(picture())
    known.ctrl(Qt.Key.Key_V)
    known.settle()
    assert known.desk.named("add_file") == []
    assert len(known.desk.named("hold_file")) == 1


def test_what_is_refused_is_told(known: Seat, bill: Path) -> None:
    known.desk.refuse["add_file"] = InvalidInput("{name} is no file. Choose one.", name="folder")
    drop(known.parts.caller, offer(bill))
    known.settle()
    assert known.parts.messages.text == "folder is no file. Choose one."
    assert len(lines(known)) == 2


def test_enter_opens_ctrl_s_saves(known: Seat, tmp_path: Path) -> None:
    opened: list[QUrl] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url)
        return True

    presenter(known).open_url = open_url
    to_file(known)
    known.key(RETURN)
    assert [url.fileName() for url in opened] == ["copy"]
    known.ctrl(Qt.Key.Key_S)
    (dialog,) = known.parts.caller.findChildren(QFileDialog)
    dialog.fileSelected.emit(str(tmp_path / "out.pdf"))
    dialog.close()
    known.settle()
    assert known.parts.messages.text == f"Saved: {tmp_path / 'out.pdf'}"


def test_ctrl_s_elsewhere_keeps_the_note(known: Seat) -> None:
    known.key(Qt.Key.Key_F7)
    known.commit("nota bene")
    known.ctrl(Qt.Key.Key_S)
    assert known.parts.caller.findChildren(QFileDialog) == []


def test_esc_breaks_off_what_is_fetched(seat: Seat) -> None:
    files(seat).listed[sample.CHEN] = [attached("film.mp4", state="only_there")]
    seat.ring(sample.pop(), "talking")
    ask_files(seat)
    to_file(seat)
    seat.desk.held.clear()
    seat.qtbot.keyClick(seat.focus(), RETURN)
    assert "is being fetched, 0 %" in lines(seat)[1]
    seat.qtbot.keyClick(seat.focus(), Qt.Key.Key_Escape)
    assert "only on the server" in lines(seat)[1]
    assert files(seat).stops[0].asked
    seat.desk.held.set()
    seat.settle()


def test_f6_leads_to_the_files(known: Seat) -> None:
    pane = presenter(known).pane
    assert pane is not None
    known.parts.caller.list.setFocus()
    known.key(Qt.Key.Key_F6)
    assert known.focus() is pane.list


def test_a_file_that_a_colleague_attached_shows_by_itself(known: Seat) -> None:
    files(known).listed[sample.CHEN].append(attached("new.pdf"))
    known.bridge.changed.emit(ChangeSet(frozenset({"attachment"}), frozenset(), "sync"))
    ask_files(known)
    assert "new.pdf" in lines(known)[2]
