"""The follow-up call, letters and corrective actions by keys."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QFileDialog, QLabel

from crmdesk.models.wire import Row
from crmdesk.services.complaints.letter_case import LetterWanted
from crmdesk.services.complaints.letters import KINDS
from crmdesk.services.complaints.press import Press
from crmdesk.ui.presenters.complaint_letter import LetterPresenter
from crmdesk.ui.views.complaint_letter import LetterView
from crmdesk.ui.widgets.sheet import Sheet
from tests.services.complaints.house import ANNA, ComplaintDesk
from tests.ui.aftercare_house import AftercareSeat
from tests.ui.conftest import Seat
from tests.ui.test_accessibility import unnamed

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


def errand(place: AftercareSeat, row: Row) -> Row:
    (task,) = [each for each in place.house.rows("task", row["id"]) if each["errand"] == "follow_up"]
    return task


def asked(place: AftercareSeat) -> dict[str, object]:
    return dict(place.seat.window.side.complaints.survey.form.values())


def call(place: AftercareSeat) -> None:
    place.seat.key(Qt.Key.Key_F9)
    assert place.seat.window.side.complaints.survey.is_open


def test_f9_asks_and_a_content_customer_closes_the_complaint(place: AftercareSeat) -> None:
    seat = place.seat
    row = place.followed_up()
    place.open(row)
    call(place)
    form = seat.window.side.complaints.survey.form
    assert "No grade yet" in form.top.text()
    for grade in (1, 2):
        seat.key(Qt.Key.Key_Tab)
        for _ in range(grade):
            seat.key(DOWN)
    assert asked(place)["asked_result"] == 90
    assert "Satisfaction 75 (n = 2)" in form.top.text()
    assert "Expected repurchase 82 % (solved quickly)" in form.top.text()
    assert "54 % later, 19 % not content, 9 % unhappy and silent" in form.top.text()
    assert "not a forecast" in form.top.text()
    seat.ctrl(RETURN)
    seat.settle()
    assert errand(place, row)["state"] == "done"
    assert place.page.forms.is_open
    assert place.form.values()["survey_id"] == str(place.house.rows("survey", row["id"])[0]["id"])
    place.form.field("root_cause").fill("wrong_part")
    seat.ctrl(RETURN)
    seat.settle()
    assert place.stands(row) == "CLOSED"


def test_who_is_not_content_opens_it_again_with_the_score(place: AftercareSeat) -> None:
    seat = place.seat
    row = place.followed_up()
    place.open(row)
    call(place)
    seat.key(Qt.Key.Key_Tab)
    seat.key(Qt.Key.Key_End)
    assert "Expected repurchase 19 %" in seat.window.side.complaints.survey.form.top.text()
    seat.ctrl(RETURN)
    seat.settle()
    assert place.form.values()["score"] == -90
    seat.ctrl(RETURN)
    seat.settle()
    assert place.stands(row) == "INVESTIGATING"


def test_nobody_answers_three_times_and_then_it_may_be_closed(place: AftercareSeat) -> None:
    seat = place.seat
    row = place.followed_up()
    for n in range(3):
        place.open(row)
        call(place)
        assert ("Tried before" in seat.window.side.complaints.survey.form.top.text()) == (n > 0)
        seat.key(DOWN)
        assert asked(place)["reached"] == "nobody"
        seat.ctrl(RETURN)
        seat.settle()
        task = errand(place, row)
        assert task["attempts"] == n + 1
        if n < 2:
            assert "Try again" in seat.parts.messages.text
            place.pass_time(seconds=(task["due_at"] - place.house.now).total_seconds())
    assert len(place.form.values()["attempts"]) == 3
    place.form.field("root_cause").fill("wrong_part")
    seat.ctrl(RETURN)
    seat.settle()
    assert place.stands(row) == "CLOSED"


def test_who_does_not_want_to_be_asked_is_not(place: AftercareSeat) -> None:
    seat = place.seat
    row = place.followed_up()
    place.open(row)
    call(place)
    seat.key(DOWN)
    seat.key(DOWN)
    seat.ctrl(RETURN)
    seat.settle()
    assert place.form.values()["declined"] is True
    assert place.house.rows("survey", row["id"]) == []


def test_an_empty_answer_is_refused_below_nothing_lost(place: AftercareSeat) -> None:
    place.open(place.followed_up())
    call(place)
    place.seat.ctrl(RETURN)
    place.seat.settle()
    form = place.seat.window.side.complaints.survey.form
    assert "Choose a grade" in form.top.text()
    place.seat.key(Qt.Key.Key_Escape)
    assert not place.seat.window.side.complaints.survey.is_open
    assert place.page.shown


def test_what_was_typed_is_there_again_after_esc_and_gone_once_it_is_taken(place: AftercareSeat) -> None:
    seat = place.seat
    row = place.followed_up()
    place.open(row)
    call(place)
    seat.key(Qt.Key.Key_Tab)
    seat.key(DOWN)
    seat.key(Qt.Key.Key_Escape)
    call(place)
    assert asked(place)["asked_result"] == 90
    seat.ctrl(RETURN)
    seat.settle()
    seat.key(Qt.Key.Key_Escape)
    call(place)
    assert "asked_result" not in asked(place)


def test_f9_goes_to_the_worklist_where_nobody_is_to_be_asked(place: AftercareSeat) -> None:
    place.open(place.house.log())
    place.seat.key(Qt.Key.Key_F9)
    assert not place.page.forms.is_open
    assert not place.seat.window.side.complaints.survey.is_open
    assert place.page.view.call_button.isHidden()


def test_a_decision_is_written_looked_at_kept_saved_and_sent(
    place: AftercareSeat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seat = place.seat
    row = place.proposed("UK-8W")
    place.open(row)
    seat.ctrl(Qt.Key.Key_P)
    seat.settle()
    letter = seat.window.side.complaints.letter
    view = letter.view
    assert letter.shown
    assert view.kind.currentText() == "Decision"
    assert view.text.hasFocus()
    assert "We fitted the wrong part." in view.text.toPlainText()
    assert letter._proof is not None
    assert letter._proof.pictures[0].width() == 760
    assert unnamed(view) == []
    seat.ctrl(RETURN)
    seat.settle()
    seat.settle()
    (held,) = place.house.rows("letter", row["id"])
    assert (held["kind"], held["sent_at"]) == ("decision", None)
    assert view.text.isReadOnly()
    assert view.sent_via.hasFocus()
    path = tmp_path / "decision.pdf"
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(path), ""))
    seat.ctrl(Qt.Key.Key_S)
    seat.qtbot.waitUntil(path.exists)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == held["digest"]
    seat.ctrl(RETURN)
    seat.settle()
    (held,) = place.house.rows("letter", row["id"])
    assert held["sent_via"] == "letter"
    assert place.page.shown
    assert place.press.rested


def test_a_letter_without_the_regimes_words_is_neither_shown_nor_kept(place: AftercareSeat) -> None:
    seat = place.seat
    row = place.proposed("UK-8W")
    place.open(row)
    seat.ctrl(Qt.Key.Key_P)
    seat.settle()
    view = seat.window.side.complaints.letter.view
    view.text.selectAll()
    seat.commit("# Our decision")
    seat.ctrl(RETURN)
    seat.settle()
    assert "The letter must still say: 如您对本决定不满意" in view.told.text()
    assert place.house.rows("letter", row["id"]) == []
    assert view.text.toPlainText() == "# Our decision"


def test_a_letter_that_was_edited_is_there_again_until_the_template_is_wanted(place: AftercareSeat) -> None:
    seat = place.seat
    place.open(place.proposed())
    for _ in range(2):
        seat.ctrl(Qt.Key.Key_P)
        seat.settle()
        view = seat.window.side.complaints.letter.view
        if not view.text.toPlainText().startswith("My own"):
            seat.commit("My own ")
        seat.parts.messages.dismiss()
        seat.key(Qt.Key.Key_Escape)
        assert place.page.shown
    seat.ctrl(Qt.Key.Key_P)
    seat.settle()
    assert view.text.toPlainText().startswith("My own #")
    view.kind.setFocus()
    seat.key(UP)
    seat.key(DOWN)
    seat.settle()
    assert view.text.toPlainText().startswith("#")


def test_what_a_letter_lacks_is_asked_for_and_then_written(place: AftercareSeat) -> None:
    seat = place.seat
    place.open(place.investigated())
    seat.ctrl(Qt.Key.Key_P)
    seat.settle()
    letter = seat.window.side.complaints.letter
    view = letter.view
    assert view.kind.currentText() == "Holding reply"
    assert view.asked.hasFocus()
    seat.commit("The part has to come from abroad.")
    seat.key(RETURN)
    seat.settle()
    assert "from abroad" in view.text.toPlainText()
    assert view.asked.isHidden()
    assert view.text.hasFocus()
    assert view.told.isHidden()
    seat.ctrl(RETURN)
    seat.settle()
    seat.settle()
    assert letter._kept is not None
    assert "from abroad" in letter._kept.text.plain()


def rest(letter: LetterPresenter) -> None:
    """Let every pause that is under way be over."""
    for timer in letter.findChildren(QTimer):
        if timer.isActive():
            timer.timeout.emit()


def rejection(place: AftercareSeat) -> LetterView:
    """Open a letter that lacks both the reason and where else to turn."""
    seat = place.seat
    place.open(place.investigated())
    seat.ctrl(Qt.Key.Key_P)
    seat.settle()
    view = seat.window.side.complaints.letter.view
    view.kind.setCurrentIndex(KINDS.index("rejection"))
    view.chosen.emit()
    seat.settle()
    view.asked.setFocus()
    assert view.asked.placeholderText() == "The reason, as the customer is to read it"
    return view


def test_who_rests_while_answering_goes_on_in_the_same_field(place: AftercareSeat) -> None:
    seat = place.seat
    view = rejection(place)
    seat.commit("The state")
    rest(seat.window.side.complaints.letter)
    seat.settle()
    seat.commit(" makes it.")
    assert view.asked.toPlainText() == "The state makes it."
    assert view.asked.placeholderText() == "The reason, as the customer is to read it"
    seat.key(RETURN)
    seat.settle()
    assert view.asked.placeholderText() == "Where else the customer may turn, with the address"
    assert view.asked.hasFocus()
    assert view.asked.toPlainText() == ""
    seat.commit("The tax office")
    seat.key(Qt.Key.Key_Tab)
    seat.settle()
    assert view.asked.isHidden()
    assert "The state makes it." in view.text.toPlainText()
    assert "The tax office" in view.text.toPlainText()


def test_ctrl_enter_answers_and_tab_leaves_what_is_empty(place: AftercareSeat) -> None:
    seat = place.seat
    view = rejection(place)
    seat.key(Qt.Key.Key_Tab)
    seat.settle()
    assert view.text.hasFocus(), "nothing was said, so nothing is asked anew"
    view.asked.setFocus()
    seat.key(RETURN)
    assert view.asked.hasFocus()
    seat.commit("Not ours")
    seat.ctrl(RETURN)
    seat.settle()
    assert view.asked.placeholderText() == "Where else the customer may turn, with the address"


def test_a_sheet_is_as_wide_as_there_is_room_for(place: AftercareSeat) -> None:
    seat = place.seat
    seat.window.resize(1024, 700)
    place.open(place.proposed())
    seat.ctrl(Qt.Key.Key_P)
    seat.settle()
    view = seat.window.side.complaints.letter.view
    sheet = view.findChildren(Sheet)[0]
    room = view._sheets.viewport().width()
    assert room - 60 < sheet.width() < room
    assert abs(sheet.height() - sheet.width() * 297 / 210) < 2
    assert unnamed(view) == []
    seat.window.resize(1900, 900)
    seat.qtbot.waitUntil(lambda: sheet.width() == 760)


def test_while_a_letter_lacks_something_its_place_says_so(place: AftercareSeat) -> None:
    place.open(place.investigated())
    place.seat.ctrl(Qt.Key.Key_P)
    place.seat.settle()
    view = place.seat.window.side.complaints.letter.view
    assert view.findChildren(Sheet) == []
    (hint,) = view._sheets.findChildren(QLabel)
    assert hint.text() == "The sheets show here once the letter lacks nothing."


def test_enter_on_a_letter_opens_it_as_it_was_kept_and_esc_comes_back(place: AftercareSeat) -> None:
    seat = place.seat
    row = place.proposed()
    place.open(row)
    seat.ctrl(Qt.Key.Key_P)
    seat.settle()
    seat.ctrl(RETURN)
    seat.settle()
    seat.settle()
    seat.parts.messages.dismiss()
    seat.key(Qt.Key.Key_Escape)
    seat.settle()
    lines = place.page.view.file.list
    (number,) = [n for n, line in enumerate(place.page.view.file.lines.rows) if line.text == "Decision"]
    lines.choose_row(number)
    seat.key(RETURN)
    letter = seat.window.side.complaints.letter
    assert letter.shown
    assert letter.view.text.isReadOnly()
    seat.settle()
    assert "We fitted the wrong part." in letter.view.text.toPlainText()
    assert letter._proof is not None
    assert letter.view.which.currentText().startswith("Decision")
    assert letter.view.told.isHidden()
    seat.key(Qt.Key.Key_Escape)
    assert place.page.shown
    assert seat.focus() is lines
    assert place.page.view.file.list.current_row() == number
    seat.key(RETURN)
    seat.settle()
    seat.ctrl(RETURN)
    seat.settle()
    (held,) = place.house.rows("letter", row["id"])
    assert held["sent_via"] == "letter", "what opened so can be marked as sent like any kept letter"


def test_from_a_kept_letter_a_new_one_can_be_written(place: AftercareSeat) -> None:
    seat = place.seat
    row = place.proposed()
    wanted = LetterWanted(complaint_id=row["id"], kind="decision", language="en")
    plain = place.aftercare.draft_letter(wanted).result().plain
    place.aftercare.keep_letter(wanted, plain, "0" * 64, uuid4()).result()
    place.open(row)
    place.page.letter_wanted.emit(place.page.record.letters[0])
    seat.settle()
    letter = seat.window.side.complaints.letter
    assert "address, names or telephone" in letter.view.told.text()
    place.house.connection.execute("UPDATE letter SET digest = ''")
    place.page.letter_wanted.emit(place.page.record.letters[0])
    seat.settle()
    assert letter.view.told.text() == "", "nobody knows how it was printed then"
    letter.view.which.setFocus()
    seat.key(UP)
    seat.settle()
    assert letter._kept is None
    assert not letter.view.text.isReadOnly()
    assert letter._proof is not None


def test_a_corrective_action_is_written_down_and_changed(place: AftercareSeat) -> None:
    seat = place.seat
    row = place.followed_up()
    place.open(row)
    seat.ctrl_shift(Qt.Key.Key_A)
    form = seat.window.side.complaints.action.form
    assert form.values()["action_owner"] == str(ANNA)
    seat.ctrl(RETURN)
    seat.settle()
    assert form._faults["what_is_done"].text() == (
        "Please fill in What is done so that it does not come back."
    )
    seat.commit("A second person signs.")
    seat.ctrl(RETURN)
    seat.settle()
    (held,) = place.house.rows("corrective_action", row["id"])
    assert (held["what"], held["state"]) == ("A second person signs.", "open")
    assert (held["check_at"] - held["due_at"]).days == 60
    place.page.refresh()
    seat.settle()
    seat.ctrl_shift(Qt.Key.Key_A)
    assert form.values()["what_is_done"] == "A second person signs."
    form.field("action_state").fill("worked")
    seat.ctrl(RETURN)
    seat.settle()
    assert "Say what the check" in form._faults["result"].text()
    seat.commit("None since.")
    seat.ctrl(RETURN)
    seat.settle()
    (held,) = place.house.rows("corrective_action", row["id"])
    assert (held["state"], held["result"]) == ("worked", "None since.")


def test_closing_with_the_promise_of_an_action_asks_for_it(place: AftercareSeat) -> None:
    seat = place.seat
    row = place.followed_up()
    place.open(row)
    seat.ctrl(RETURN)
    seat.settle()
    place.form.field("declined").fill(True)
    place.form.field("root_cause").fill("wrong_part")
    place.form.field("corrective_action").fill({"decided": True, "reason": "Train the shop."})
    seat.ctrl(RETURN)
    seat.settle()
    seat.settle()
    assert place.stands(row) == "CLOSED"
    action = seat.window.side.complaints.action
    assert action.is_open
    assert action.form.values()["what_is_done"] == "Train the shop."


def test_forms_and_letters_change_the_language_with_the_window(place: AftercareSeat) -> None:
    seat = place.seat
    place.open(place.followed_up())
    call(place)
    seat.key(Qt.Key.Key_Tab)
    seat.key(DOWN)
    seat.ctrl_shift(Qt.Key.Key_L)
    assert asked(place)["asked_result"] == 90
    seat.key(DOWN)
    assert asked(place)["asked_result"] == 60
    assert "满意度 60" in seat.window.side.complaints.survey.form.top.text()


def test_the_window_prints_in_another_process(place: AftercareSeat) -> None:
    seat = place.seat
    press = Press()
    place.aftercare._press = press
    place.open(place.proposed())
    seat.ctrl(Qt.Key.Key_P)
    seat.settle()
    assert seat.window.side.complaints.letter._proof is not None
    seat.key(Qt.Key.Key_Escape)
    assert press._pool is None
    assert QApplication.focusWidget() is place.page.view.file.list
