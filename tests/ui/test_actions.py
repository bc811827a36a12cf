"""The keyboard map obeys the rules of the trade."""

from __future__ import annotations

from collections import Counter

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QMenuBar

from crmdesk.ui.actions import COMMANDS
from tests.ui import sample
from tests.ui.conftest import Seat

_CTRL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


def test_no_key_runs_two_commands() -> None:
    counted = Counter(QKeySequence(key).toString() for command in COMMANDS for key in command.keys)
    assert [key for key, count in counted.items() if count > 1] == []


def test_no_key_belongs_to_input_methods_altgr_or_the_menu() -> None:
    for command in COMMANDS:
        for text in command.keys:
            combination = QKeySequence(text)[0]  # type: ignore[index]  # missing in the stubs
            modifiers, key = combination.keyboardModifiers(), combination.key()
            assert modifiers & _CTRL_ALT != _CTRL_ALT, text
            assert key not in {Qt.Key.Key_Space, Qt.Key.Key_Period, Qt.Key.Key_Shift, Qt.Key.Key_F10}, text
            letter = Qt.Key.Key_A <= key <= Qt.Key.Key_Z
            assert not (
                letter and modifiers in {Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier}
            )
            assert not (letter and modifiers == Qt.KeyboardModifier.AltModifier), text


def test_every_command_can_be_run_and_is_in_the_menu_with_its_key(seat: Seat) -> None:
    assert {command.id for command in COMMANDS} == seat.window.commands.known()
    (bar,) = seat.window.findChildren(QMenuBar)
    shown = {
        action.text(): action.shortcut().toString()
        for menu in bar.actions()
        for action in menu.menu().actions()  # type: ignore[attr-defined]  # missing in the stubs
    }
    for command in COMMANDS:
        assert shown[command.text] == (QKeySequence(command.keys[0]).toString() if command.keys else "")


def test_nothing_fires_while_an_input_method_composes(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking", "ended")
    seat.key(Qt.Key.Key_F7)
    seat.compose("lou")
    seat.key(Qt.Key.Key_F12)
    seat.ctrl(Qt.Key.Key_K)
    assert seat.desk.named("wrap_up") == []
    assert seat.focus() is seat.parts.note.edit(1)
    seat.commit("漏")
    seat.key(Qt.Key.Key_F12)
    assert len(seat.desk.named("wrap_up")) == 1


def test_keys_work_again_when_the_keyboard_left_while_composing(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking", "ended")
    seat.key(Qt.Key.Key_F7)
    seat.compose("lou")
    seat.parts.caller.list.setFocus()
    seat.key(Qt.Key.Key_F12)
    assert len(seat.desk.named("wrap_up")) == 1


def test_ctrl_k_in_the_note_finds_and_deletes_nothing(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit("keep this line")
    seat.ctrl(Qt.Key.Key_K)
    assert seat.focus() is seat.parts.box
    assert seat.note() == "keep this line"
    seat.key(Qt.Key.Key_Escape)
    assert seat.focus() is seat.parts.note.edit(1)


def test_commands_are_found_by_their_words(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.ctrl(Qt.Key.Key_K)
    seat.qtbot.keyClicks(seat.focus(), "zzz")
    seat.qtbot.waitUntil(lambda: bool(seat.desk.named("find")))
    seat.settle()
    assert [row.text for row in seat.parts.finder.model.rows] == ["New person: zzz"]
    seat.parts.box.clear()
    seat.qtbot.keyClicks(seat.focus(), "note of")
    seat.qtbot.waitUntil(lambda: any(line.icon == "command" for line in seat.parts.finder.model.rows))
    row = next(n for n, line in enumerate(seat.parts.finder.model.rows) if line.icon == "command")
    for _ in range(row):
        seat.key(Qt.Key.Key_Down)
    seat.key(Qt.Key.Key_Return)
    assert seat.focus() is seat.parts.note.edit(1)


def test_f1_lists_the_keys_and_gives_the_keyboard_back(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.key(Qt.Key.Key_F1)
    assert len(seat.parts.keys.model.rows) == len(COMMANDS)
    seat.qtbot.keyClicks(seat.focus(), "verify")
    assert [line.aside for line in seat.parts.keys.model.rows] == ["Ctrl+Shift+V"]
    seat.key(Qt.Key.Key_Escape)
    assert seat.focus() is seat.parts.note.edit(1)


def test_f6_walks_through_the_panes_and_back(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.parts.box.setFocus()
    walked = []
    for _ in range(6):
        seat.key(Qt.Key.Key_F6)
        walked.append(seat.focus())
    parts = seat.parts
    assert walked == [
        parts.caller.list,
        parts.timeline.list,
        parts.answers.search,
        parts.answers.list,
        parts.note.edit(1),
        parts.wrap_up.box,
    ]
    seat.key(Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    assert seat.focus() is parts.note.edit(1)
