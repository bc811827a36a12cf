"""A call appears: painted at once, and nothing that is being typed is disturbed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication

from tests.ui import sample
from tests.ui.conftest import Seat


def test_the_first_paint_shows_caller_history_and_answers_without_a_request(seat: Seat) -> None:
    before = len(seat.desk.asked)
    seat.ring(sample.pop())
    assert [card.name for card in seat.parts.band.cards] == ["陈静怡"]
    assert len(seat.parts.timeline.model.rows) == 20
    assert len(seat.parts.answers.model.rows) == 5
    assert any(fact.text == "澜途 SUV-7 2.0T" for fact in seat.parts.caller.list.facts.rows)
    assert seat.parts.stage.shown is seat.parts.record
    assert seat.desk.asked[before:] == []


def test_a_pop_while_the_input_method_composes_keeps_preedit_text_cursor_and_focus(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit("车底又漏油，三天前换油。")
    edit = seat.parts.note.edit(1)
    place = edit.textCursor()
    place.setPosition(4)
    edit.setTextCursor(place)
    seat.compose("mingtian")
    seat.ring(sample.second_pop())
    assert QApplication.focusWidget() is edit
    assert edit.textCursor().position() == 4
    assert edit.textCursor().block().layout().preeditAreaText() == "mingtian"
    assert seat.parts.stage.shown is seat.parts.record
    seat.commit("明天")
    assert seat.note() == "车底又漏明天油，三天前换油。"
    assert [card.slot for card in seat.parts.band.cards] == [1, 2]


@pytest.mark.parametrize("state", ["talking", "ended", "cut_off"])
def test_a_second_call_opens_nothing_while_one_is_worked_on(seat: Seat, state: str) -> None:
    seat.ring(sample.pop(), "talking", state)
    seat.key(Qt.Key.Key_F7)
    seat.ring(sample.second_pop(), "talking")
    assert seat.window.slots.current is seat.window.slots.at(1)
    assert QApplication.focusWidget() is seat.parts.note.edit(1)


def test_a_list_of_the_worklist_keeps_the_keyboard_but_fires_nothing_once_covered(seat: Seat) -> None:
    seat.parts.home.tasks.setFocus()
    seat.parts.home.tasks.choose_row(0)
    seat.ring(sample.pop())
    assert QApplication.focusWidget() is seat.parts.home.tasks
    assert seat.parts.stage.shown is seat.parts.record
    seat.key(Qt.Key.Key_Return)
    seat.key(Qt.Key.Key_Delete)
    assert seat.desk.named("call_back") == []
    assert seat.desk.named("finish_task") == []
    seat.key(Qt.Key.Key_F7)
    assert QApplication.focusWidget() is seat.parts.note.edit(1)
    assert seat.parts.home.isHidden()


def test_words_in_the_find_box_survive_a_pop(seat: Seat) -> None:
    seat.ctrl(Qt.Key.Key_K)
    seat.qtbot.keyClicks(seat.focus(), "chen")
    seat.compose("jing")
    seat.ring(sample.pop())
    assert QApplication.focusWidget() is seat.parts.box
    assert seat.parts.box.text() == "chen"
    seat.commit("静")
    assert seat.parts.box.text() == "chen静"


def test_a_record_read_by_hand_gives_way_unless_somebody_types_in_it(seat: Seat) -> None:
    seat.window.commands.open_customer(sample.CHEN)
    seat.settle()
    seat.key(Qt.Key.Key_F3)
    seat.qtbot.keyClicks(seat.focus(), "oil")
    seat.ring(sample.pop())
    assert seat.window.slots.current is None
    assert seat.parts.answers.search.text() == "oil"
    seat.ctrl(Qt.Key.Key_Down)
    assert seat.window.slots.current is seat.window.slots.at(1)


def test_keys_are_ignored_for_400_ms_after_a_call_appeared(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.ring(sample.second_pop(), wait=0.0)
    seat.clock.seconds += 0.39
    seat.ctrl(Qt.Key.Key_2)
    assert seat.window.slots.current is seat.window.slots.at(1)
    seat.clock.seconds += 0.02
    seat.ctrl(Qt.Key.Key_2)
    assert seat.window.slots.current is seat.window.slots.at(2)


def test_with_open_on_answer_the_record_waits_for_the_headset(take_seat: Callable[..., Seat]) -> None:
    seat = take_seat(open_on_ring=False)
    seat.ring(sample.pop())
    assert not seat.parts.record.isVisible()
    assert seat.parts.band.cards[0].state == "Ringing"
    seat.ring(sample.pop(), "talking")
    assert seat.parts.stage.shown is seat.parts.record


def test_enter_in_the_band_opens_the_caller(take_seat: Callable[..., Seat]) -> None:
    seat = take_seat(open_on_ring=False)
    seat.ring(sample.pop())
    card = seat.parts.band.places[0]
    card.setFocus()
    seat.key(Qt.Key.Key_Return)
    assert seat.parts.stage.shown is seat.parts.record


def test_a_call_somebody_else_took_goes_away_and_the_worklist_is_back(seat: Seat) -> None:
    seat.ring(sample.pop(), "missed")
    assert seat.parts.band.cards == ()
    assert seat.parts.stage.shown is seat.parts.home


def test_a_call_that_breaks_off_stays_with_all_that_was_typed(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit("要求今天答复")
    seat.ring(sample.pop(), "cut_off")
    assert seat.parts.band.cards[0].state == "Cut off"
    assert seat.note() == "要求今天答复"
    seat.ctrl_shift(Qt.Key.Key_B)
    assert seat.desk.named("call_back") == [("+8613812345678", sample.CHEN)]


def test_control_characters_and_markup_in_names_are_plain_text(seat: Seat) -> None:
    pop = sample.pop()
    assert pop.customer is not None
    odd = replace(pop.customer, name="<b>Robert'); DROP\x00\x1b[31m\n</b>")
    seat.ring(replace(pop, customer=odd))
    assert seat.parts.band.cards[0].name == "<b>Robert'); DROP  [31m </b>"
    for label in seat.window.findChildren(type(seat.parts.timeline._detail)):
        assert label.textFormat() != Qt.TextFormat.RichText


def test_a_fifth_call_is_announced_and_takes_no_slot(seat: Seat) -> None:
    for number in range(4):
        seat.ring(sample.pop(f"busy-{number}"), "talking")
    seat.window.show_pop(sample.pop("fifth"))
    assert [card.slot for card in seat.parts.band.cards] == [1, 2, 3, 4]
    assert "陈静怡" in seat.parts.messages.text


def test_the_cursor_of_a_note_stays_while_its_own_pop_is_repeated(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit("abc")
    seat.parts.note.edit(1).moveCursor(QTextCursor.MoveOperation.Left)
    seat.ring(sample.pop())
    assert seat.note() == "abc"
    assert seat.parts.note.edit(1).textCursor().position() == 2
    assert len(seat.parts.band.cards) == 1
