"""Files of complaints, by keys and drops: on F8 before it is saved, on the record, opened, saved, refused."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from PySide6.QtCore import QEvent, QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QImage
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget

from crmdesk.errors import FileFault, InvalidInput, NotFound
from crmdesk.models.text import say
from crmdesk.ui.presenters.record_files import OPENED
from crmdesk.ui.views.complaint_intake import ComplaintIntake
from tests.ui import sample
from tests.ui.complaint_house import ComplaintSeat
from tests.ui.conftest import Seat
from tests.ui.fake_files import FakeFiles, attached
from tests.ui.fake_intakes import OIL
from tests.ui.test_accessibility import unnamed

CTRL_SHIFT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def bill(tmp_path: Path) -> Path:
    path = tmp_path / "维修单 bill.pdf"
    path.write_bytes(b"%PDF-1.7 " + b"x" * 3000)
    return path


def files(seat: Seat) -> FakeFiles:
    found: FakeFiles = seat.desk.files
    return found


def offer(*paths: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    mime.setText("\n".join(str(path) for path in paths))
    return mime


def drop(on: QWidget, mime: QMimeData) -> bool:
    """Drag *mime* onto a widget as the window system does; return whether it was taken."""
    copy, left, nothing = Qt.DropAction.CopyAction, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    at = QPoint(on.width() // 2, min(on.height() // 2, 20))
    enter = QDragEnterEvent(at, copy, mime, left, nothing)
    QApplication.sendEvent(on, enter)
    if not enter.isAccepted():
        return False
    target: QWidget | None = on
    while target is not None and not target.acceptDrops():
        target = target.parentWidget()
    assert target is not None
    dropped = QDropEvent(QPointF(at), copy, mime, left, nothing, QEvent.Type.Drop)
    QApplication.sendEvent(target, dropped)
    return dropped.isAccepted()


def picture() -> QImage:
    made = QImage(64, 48, QImage.Format.Format_RGB32)
    made.fill(Qt.GlobalColor.red)
    return made


def lines(place: ComplaintSeat) -> list[str]:
    return [line.spoken() for line in place.page.view.file.lines.rows if line.kind == "file"]


def watched(place: ComplaintSeat) -> list[QUrl]:
    """Return what the system is asked to open from now on."""
    opened: list[QUrl] = []

    def open_url(url: QUrl) -> bool:
        opened.append(url)
        return True

    place.page.files.open_url = open_url
    return opened


def to_file(place: ComplaintSeat) -> None:
    """Choose the first file's line with the keyboard."""
    view = place.page.view.file
    view.list.setFocus()
    view.list.choose_row(next(n for n, line in enumerate(view.lines.rows) if line.kind == "file"))


def f8(seat: Seat) -> ComplaintIntake:
    files(seat)
    seat.desk.intakes.found = OIL
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F8)
    seat.settle()
    (form,) = seat.window.findChildren(ComplaintIntake)
    return form


def kept_names(seat: Seat) -> list[str]:
    """Return the files that the draft of the form names."""
    (held,) = seat.desk.intakes.held.values()
    return [each["name"] for each in held["sheet"]["files"]]


def test_a_file_dropped_on_the_record_is_attached_and_listed(place: ComplaintSeat, bill: Path) -> None:
    row = place.house.log()
    place.open(row)
    assert drop(place.page.view.file.list.viewport(), offer(bill))
    place.seat.settle()
    assert files(place.seat).contents[bill.name] == bill.read_bytes()
    assert lines(place) == ["47 KB, 维修单 bill.pdf, here · Lin Yue · Today 10:00"]
    assert place.seat.parts.messages.text == f"Attached: {bill.name}"


def test_a_file_dropped_on_a_field_of_a_form_is_attached_and_not_typed(
    place: ComplaintSeat, bill: Path
) -> None:
    place.open(place.investigated())
    place.page.begin("T8")
    place.seat.settle()
    edit = place.form.field("reason_text").edit
    assert drop(edit.viewport(), offer(bill))
    place.seat.settle()
    assert bill.name in files(place.seat).contents
    assert edit.toPlainText() == ""


def test_words_dropped_on_a_field_are_typed_and_words_elsewhere_are_not_taken(place: ComplaintSeat) -> None:
    place.open(place.investigated())
    mime = QMimeData()
    mime.setText("as he said")
    assert not drop(place.page.view.file.list.viewport(), mime)
    assert files(place.seat).contents == {}


def test_a_picture_is_pasted_as_png_made_beside_the_window(place: ComplaintSeat) -> None:
    row = place.house.log()
    place.open(row)
    QApplication.clipboard().setImage(picture())
    place.seat.ctrl(Qt.Key.Key_V)
    place.seat.settle()
    ((name, content),) = files(place.seat).contents.items()
    assert name == "Picture 2026-11-20 10.00.04.png"
    assert content.startswith(b"\x89PNG")
    assert QImage.fromData(content) == picture().convertToFormat(QImage.fromData(content).format())
    assert threading.current_thread().name not in place.seat.desk.threads


def test_words_are_pasted_where_one_types_and_a_picture_is_not(place: ComplaintSeat) -> None:
    place.open(place.investigated())
    place.page.begin("T8")
    place.seat.settle()
    edit = place.form.field("reason_text").edit
    edit.setFocus()
    QApplication.clipboard().setText("our mistake")
    place.seat.ctrl(Qt.Key.Key_V)
    assert edit.toPlainText() == "our mistake"
    QApplication.clipboard().setImage(picture())
    place.seat.ctrl(Qt.Key.Key_V)
    place.seat.settle()
    assert edit.toPlainText() == "our mistake"
    assert len(files(place.seat).contents) == 1


def test_a_key_chooses_files_beside_the_window(place: ComplaintSeat, bill: Path) -> None:
    place.open(place.house.log())
    place.seat.key(Qt.Key.Key_F, CTRL_SHIFT)
    (dialog,) = place.page.view.findChildren(QFileDialog)
    assert not dialog.isModal()
    dialog.filesSelected.emit([str(bill)])
    dialog.close()
    place.seat.settle()
    assert bill.name in files(place.seat).contents


def test_what_is_too_large_or_cannot_be_read_is_told_and_the_others_are_kept(
    place: ComplaintSeat, bill: Path, tmp_path: Path
) -> None:
    place.open(place.house.log())
    refusal = InvalidInput(
        "{name} has {size} MB; a file may have {limit} MB at most. Make it smaller, or split it.",
        name="film.mp4",
        size=50,
        limit=25,
    )
    place.seat.desk.refuse["add_file"] = refusal
    assert drop(place.page.view, offer(tmp_path / "film.mp4"))
    place.seat.settle()
    assert place.seat.parts.messages.text.startswith("film.mp4 has 50 MB; a file may have 25 MB at most.")
    assert lines(place) == []
    del place.seat.desk.refuse["add_file"]
    assert drop(place.page.view, offer(bill))
    place.seat.settle()
    assert len(lines(place)) == 1


def test_the_state_of_each_file_is_told_in_words(place: ComplaintSeat) -> None:
    row = place.house.log()
    files(place.seat).listed[row["id"]] = [
        attached("a.pdf", state="not_sent"),
        attached("b.pdf", state="only_there", size=3_500_000),
        attached("c.pdf", state="refused", why=say("The file is damaged.")),
    ]
    place.open(row)
    told = lines(place)
    assert "not yet sent" in told[0]
    assert told[1].startswith("3.3 MB, b.pdf, only on the server")
    assert "refused by the server: The file is damaged." in told[2]


def test_a_hostile_name_is_shown_on_one_line_and_turns_nothing_around(place: ComplaintSeat) -> None:
    row = place.house.log()
    files(place.seat).listed[row["id"]] = [attached("bill\u202efdp.exe\nX")]
    place.open(row)
    (told,) = [line for line in place.page.view.file.lines.rows if line.kind == "file"]
    assert "\u202e" not in told.text
    assert "\n" not in told.text


def test_enter_opens_it_from_a_copy_with_the_program_of_the_system(place: ComplaintSeat) -> None:
    row = place.house.log()
    files(place.seat).listed[row["id"]] = [attached("bill.PDF")]
    place.open(row)
    opened = watched(place)
    to_file(place)
    place.seat.key(Qt.Key.Key_Return)
    place.seat.settle()
    assert opened == [QUrl.fromLocalFile("copy")]


@pytest.mark.parametrize(
    "name", ["run.exe", "a.pdf.bat", "x.sh", "page.html", "macro.docm", "link.lnk", "no ending", "x.desktop"]
)
def test_a_program_is_never_opened_and_saving_is_offered(place: ComplaintSeat, name: str) -> None:
    row = place.house.log()
    files(place.seat).listed[row["id"]] = [attached(name)]
    place.open(row)
    opened = watched(place)
    to_file(place)
    place.seat.key(Qt.Key.Key_Return)
    place.seat.settle()
    assert opened == []
    assert place.seat.parts.messages.text.endswith("so it is not opened here. Ctrl+S saves it.")
    assert "open_copy" not in [method for method, _ in place.seat.desk.asked]


def test_no_ending_of_a_program_is_among_those_that_are_opened() -> None:
    assert OPENED.isdisjoint(
        {"exe", "bat", "cmd", "com", "js", "vbs", "ps1", "jar", "sh", "py", "desktop", "lnk"}
    )
    assert OPENED.isdisjoint(
        {"html", "htm", "svg", "hta", "msi", "scr", "docm", "xlsm", "pptm", "reg", "url"}
    )


def test_a_key_saves_the_file_chosen_where_the_person_says(place: ComplaintSeat, tmp_path: Path) -> None:
    row = place.house.log()
    files(place.seat).listed[row["id"]] = [attached("bill.pdf")]
    place.open(row)
    to_file(place)
    place.seat.ctrl(Qt.Key.Key_S)
    (dialog,) = place.page.view.findChildren(QFileDialog)
    assert not dialog.isModal()
    assert dialog.selectedFiles()[0].endswith("bill.pdf")
    dialog.fileSelected.emit(str(tmp_path / "bill.pdf"))
    dialog.close()
    place.seat.settle()
    assert ("save_file", (sample.made_id("bill.pdf"), tmp_path / "bill.pdf")) in place.seat.desk.asked
    assert place.seat.parts.messages.text == f"Saved: {tmp_path / 'bill.pdf'}"


def test_what_comes_from_the_server_tells_how_much_of_it_is_here(place: ComplaintSeat) -> None:
    row = place.house.log()
    fake = files(place.seat)
    fake.listed[row["id"]] = [attached("film.mp4", state="only_there")]
    fake.steps = ((1, 4), (2, 4))
    place.open(row)
    seen: list[str] = []
    place.page.files.changed.connect(lambda: seen.append(lines(place)[0]))
    place.page.files.open_url = lambda _url: True
    to_file(place)
    place.seat.key(Qt.Key.Key_Return)
    place.seat.qtbot.waitUntil(lambda: any("is being fetched, 50 %" in each for each in seen))
    place.seat.settle()
    assert "%" not in lines(place)[0]


def test_what_cannot_be_fetched_is_told(place: ComplaintSeat) -> None:
    row = place.house.log()
    files(place.seat).listed[row["id"]] = [attached("bill.pdf", state="only_there")]
    place.open(row)
    place.seat.desk.refuse["open_copy"] = FileFault(
        "The content of {name} is not on this computer.", name="bill.pdf"
    )
    to_file(place)
    place.seat.key(Qt.Key.Key_Return)
    place.seat.settle()
    assert place.seat.parts.messages.text == "The content of bill.pdf is not on this computer."


def test_to_what_another_team_handles_nothing_is_attached(place: ComplaintSeat, bill: Path) -> None:
    row = place.house.log()
    place.house.connection.execute("DELETE FROM complaint_body")
    place.open(row)
    drop(place.page.view, offer(bill))
    place.seat.settle()
    assert files(place.seat).contents == {}
    assert place.seat.parts.messages.text == "Only who handles the complaint attaches files to it."


def test_a_file_dropped_on_the_form_is_kept_at_once_and_named_in_the_draft(seat: Seat, bill: Path) -> None:
    form = f8(seat)
    assert drop(form.fields.what.viewport(), offer(bill))
    seat.settle()
    assert form.fields.what.toPlainText() == ""
    assert files(seat).contents[bill.name] == bill.read_bytes()
    assert kept_names(seat) == [bill.name]
    assert seat.parts.messages.text == f"Kept with the complaint: {bill.name}"
    assert form.fields.held is not None and form.fields.held.isVisible()
    assert unnamed(form.fields.held) == []


def test_saving_attaches_what_was_kept_and_only_then_forgets_the_draft(seat: Seat, bill: Path) -> None:
    form = f8(seat)
    drop(form, offer(bill))
    seat.settle()
    seat.commit("刹车异响，每天早上都有")
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    (sheet,) = seat.desk.intakes.logged
    asked = [
        method for method, _ in seat.desk.asked if method in ("log_complaint", "attach_held", "forget_intake")
    ]
    assert asked == ["log_complaint", "attach_held", "forget_intake"]
    assert [each.name for each in sheet.files] == [bill.name]
    assert seat.desk.intakes.held == {}


def test_saving_waits_for_a_file_that_is_still_being_kept(seat: Seat, bill: Path) -> None:
    form = f8(seat)
    seat.commit("刹车异响，每天早上都有")
    seat.settle()
    seat.desk.held.clear()
    drop(form, offer(bill))
    seat.qtbot.keyClick(seat.focus(), Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    assert "log_complaint" not in [method for method, _ in seat.desk.asked]
    seat.desk.held.set()
    seat.settle()
    (sheet,) = seat.desk.intakes.logged
    assert [each.name for each in sheet.files] == [bill.name]


def test_a_file_that_cannot_be_kept_stops_nothing_else(seat: Seat, bill: Path) -> None:
    form = f8(seat)
    seat.desk.refuse["hold_file"] = InvalidInput("{name} is no file. Choose one.", name="folder")
    drop(form, offer(bill.parent))
    seat.settle()
    assert seat.parts.messages.text == "folder is no file. Choose one."
    assert form.fields.held is None or not form.fields.held.isVisible()
    seat.commit("刹车异响，每天早上都有")
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert len(seat.desk.intakes.logged) == 1


def test_delete_takes_a_file_away_again(seat: Seat, bill: Path) -> None:
    form = f8(seat)
    drop(form, offer(bill))
    seat.settle()
    held = form.fields.held
    assert held is not None
    held.list.setFocus()
    seat.key(Qt.Key.Key_Down)
    seat.key(Qt.Key.Key_Delete)
    seat.settle()
    assert files(seat).held == {}
    assert kept_names(seat) == []
    assert not held.isVisible()


def test_a_picture_is_pasted_into_the_form_while_one_types(seat: Seat) -> None:
    form = f8(seat)
    assert seat.focus() is form.fields.what
    QApplication.clipboard().setImage(picture())
    seat.ctrl(Qt.Key.Key_V)
    seat.settle()
    assert kept_names(seat) == ["Picture 2026-11-20 10.00.06.png"]


def test_what_was_kept_is_shown_when_the_form_comes_back(seat: Seat, bill: Path) -> None:
    form = f8(seat)
    drop(form, offer(bill))
    seat.settle()
    seat.key(Qt.Key.Key_Escape)
    seat.key(Qt.Key.Key_F8)
    seat.settle()
    assert form.fields.held is not None
    assert [line.text for line in form.fields.held.lines.rows] == [bill.name]


def test_what_is_dropped_on_the_saved_form_goes_to_the_complaint(seat: Seat, bill: Path) -> None:
    form = f8(seat)
    seat.commit("刹车异响，每天早上都有")
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert not form.shows_form
    drop(form, offer(bill))
    seat.settle()
    (sheet,) = seat.desk.intakes.logged
    assert [str(record) for record in files(seat).listed] == [sheet.complaint_id]


def test_the_next_complaint_of_the_call_begins_without_files(seat: Seat, bill: Path) -> None:
    form = f8(seat)
    drop(form, offer(bill))
    seat.settle()
    seat.commit("刹车异响，每天早上都有")
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    form.another.click()
    seat.settle()
    assert form.shows_form
    assert form.fields.held is not None
    assert not form.fields.held.isVisible()


def test_without_a_complaint_the_keys_say_where_files_go(seat: Seat) -> None:
    seat.key(Qt.Key.Key_F, CTRL_SHIFT)
    assert seat.parts.messages.text.startswith("Open a customer or a complaint first")


def test_a_content_that_is_gone_is_told(place: ComplaintSeat) -> None:
    row = place.house.log()
    files(place.seat).listed[row["id"]] = [attached("bill.pdf")]
    place.open(row)
    place.seat.desk.refuse["save_file"] = NotFound("This {what} is not here any more.", what="file")
    to_file(place)
    place.seat.ctrl(Qt.Key.Key_S)
    (dialog,) = place.page.view.findChildren(QFileDialog)
    dialog.fileSelected.emit("/nowhere/bill.pdf")
    dialog.close()
    place.seat.settle()
    assert place.seat.parts.messages.text == "This file is not here any more."
