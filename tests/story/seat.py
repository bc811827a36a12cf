"""Somebody at the desk: what is pressed, and what is on the screen."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QApplication,
    QComboBox,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QWidget,
)
from pytestqt.exceptions import TimeoutError as Waited
from pytestqt.qtbot import QtBot

from crmdesk.app.program import Program
from crmdesk.services.telephony.simulator import CallHandle
from crmdesk.services.upkeep import run_due
from tests.story.house import House, moment

PATIENCE_MS = 20_000
_CTRL, _SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
_ALT = Qt.KeyboardModifier.AltModifier
_MODIFIERS = {"Ctrl": _CTRL, "Shift": _SHIFT, "Alt": _ALT}
_MOST_TABS, _MOST_PANES = 60, 20


@dataclass(frozen=True)
class Said:
    """What a command said."""

    code: int
    out: str
    err: str


class Seat:
    """A person at the window; everything goes through keys, everything seen through what is visible."""

    def __init__(self, app: QApplication, bot: QtBot, house: House, login: str) -> None:
        self.house, self.sql, self._bot = house, house.oracle, bot
        self._profile = house.opened(login)
        self.program = Program(app, self._profile, house.link)
        self.window = self.program.window
        self._popped: list[str] = []
        self.program.bridge.popped.connect(lambda pop: self._popped.append(pop.call_key))
        with bot.waitSignal(self.window.settled, timeout=PATIENCE_MS):
            self.program.show()
            self.window.activateWindow()
        self.until(self.window.isActiveWindow)
        self.until(self.program.started.is_set)
        assert house.simulator.wait_for_clients(1, PATIENCE_MS / 1000)
        self._set()

    def leave(self) -> None:
        """Go home."""
        self.window.close()
        self.program.close()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)

    # time

    def clock(self, words: str) -> None:
        """Let the day go on until *words*; what time does to complaints is done."""
        self.house.now = moment(words)
        self._set()

    def passes(self, **span: float) -> None:
        """Let some time pass."""
        assert self.house.now is not None
        self.house.now += timedelta(**span)
        self._set()

    def _set(self) -> None:
        if self.house.now is not None:
            self._profile.clock.set(self.house.now.isoformat())
        run_due(self._profile, self.program.store)
        self.settle()

    # the telephone

    def rings(self, number: str) -> CallHandle:
        """Let somebody call, and wait until it is on the screen."""
        handle = self.house.rings(number)
        self.until(lambda: handle.call_key in self._popped)
        self.settle()
        return handle

    def answers(self, handle: CallHandle) -> None:
        """Pick up at the headset."""
        self.house.simulator.answer(handle)
        self.until(lambda: self._slot(handle).state == "talking")
        self.settle()

    def hangs_up(self, handle: CallHandle) -> None:
        """The caller hangs up."""
        self.house.simulator.hangup(handle, "caller")
        self.until(lambda: not self._slot(handle).live)
        self.settle()

    def _slot(self, handle: CallHandle) -> Any:
        slot = self.window.slots.of_key(handle.call_key)
        assert slot is not None
        return slot

    # the command line

    def runs(self, *words: str, typed: str = "", **environment: str) -> Said:
        """Run a command beside the window, which goes on living, to its end."""
        pipe = subprocess.PIPE
        known = {**self.house.environment, **environment}
        process = subprocess.Popen(
            self.house.command(*words), stdin=pipe, stdout=pipe, stderr=pipe, env=known, text=True
        )
        with ThreadPoolExecutor(1) as lane:
            told = lane.submit(process.communicate, typed)
            self.until(told.done)
        out, err = told.result()
        self.settle()
        return Said(process.returncode, out, err)

    # keys

    def press(self, *names: str) -> None:
        """Press keys one after another where the keyboard is: ``Ctrl+Return``, ``F8``, ``Down``."""
        for name in names:
            *held, key = name.split("+")
            modifiers = Qt.KeyboardModifier.NoModifier
            for each in held:
                modifiers |= _MODIFIERS[each]
            self._bot.keyClick(self.focus, getattr(Qt.Key, f"Key_{key}"), modifiers)
            self.settle()

    def types(self, text: str) -> None:
        """Type *text* where the keyboard is."""
        self._bot.keyClicks(self.focus, text)
        self.settle()

    def tab_to(self, name: str) -> None:
        """Press Tab until the keyboard is where a screen reader says *name*."""
        heard = []
        for _ in range(_MOST_TABS):
            if self.focus.accessibleName() == name:
                return
            heard.append(self.focus.accessibleName())
            self._bot.keyClick(self.focus, Qt.Key.Key_Tab)
        raise AssertionError(f"Tab does not lead to {name!r}, only to {heard}")

    def back_to(self, name: str) -> None:
        """Press Esc until the list that a screen reader calls *name* can be seen, and nothing over it."""
        for _ in range(_MOST_PANES):
            if self._lists(name) and not self._lists("File of the complaint", "Complaints", but=name):
                return
            self.press("Escape")
        raise AssertionError(f"Esc does not lead back to {name!r}:\n{self.screen()}")

    def _lists(self, *names: str, but: str = "") -> list[QAbstractItemView]:
        wanted = set(names) - {but}
        found = self.window.findChildren(QAbstractItemView)
        return [each for each in found if each.accessibleName() in wanted and each.isVisible()]

    def awaits_line(self, view: QAbstractItemView, text: str) -> None:
        """Wait until a line of *view* has *text*: lists are read again at most once a second."""
        try:
            self.until(lambda: any(text in line for line in _lines(view)))
        except Waited:
            raise AssertionError(f"{text!r} is not among {_lines(view)}") from None

    def pane(self, name: str) -> None:
        """Press F6 until the keyboard is in the pane that a screen reader calls *name*."""
        heard: list[str] = []
        while self.focus.accessibleName() != name:
            assert len(heard) < _MOST_PANES, f"F6 does not lead to {name!r}, only to {heard}"
            self.press("F6")
            heard.append(self.focus.accessibleName())

    def chooses(self, name: str, text: str) -> None:
        """Tab to the box *name*, and press Down or Up until it shows *text*."""
        self.tab_to(name)
        box = self.focus
        assert isinstance(box, QComboBox), box
        texts = [box.itemText(n) for n in range(box.count())]
        wanted = next((n for n, each in enumerate(texts) if text in each), None)
        assert wanted is not None, f"{text!r} is not among {texts}"
        while box.currentIndex() != wanted:
            self._bot.keyClick(box, Qt.Key.Key_Down if box.currentIndex() < wanted else Qt.Key.Key_Up)
        self.settle()

    def writes(self, name: str, text: str) -> None:
        """Tab to the field *name* and type *text* there."""
        self.tab_to(name)
        self.types(text)

    def goes_to_line(self, text: str) -> None:
        """Press Down (or Up) in the list with the keyboard until its line has *text*."""
        view = self.focus
        assert isinstance(view, QAbstractItemView), view
        self.awaits_line(view, text)
        wanted = next(n for n, each in enumerate(_lines(view)) if text in each)
        if not view.currentIndex().isValid():
            self._bot.keyClick(view, Qt.Key.Key_Down)
        while view.currentIndex().row() != wanted:
            down = view.currentIndex().row() < wanted
            self._bot.keyClick(view, Qt.Key.Key_Down if down else Qt.Key.Key_Up)
        self.settle()

    @property
    def focus(self) -> QWidget:
        """What has the keyboard."""
        widget = QApplication.focusWidget()
        assert widget is not None
        return widget

    # eyes

    def sees(self, *texts: str) -> None:
        """Wait until each of *texts* is on the screen: some come after a pause, or from a thread."""
        try:
            self.until(lambda: all(text in self.screen() for text in texts))
        except Waited:
            seen = self.screen()
            missing = [text for text in texts if text not in seen]
            raise AssertionError(f"{missing} not on the screen:\n{seen}") from None

    def screen(self) -> str:
        """Return what is on the screen, as it is read out: every visible widget's words, a line each."""
        QCoreApplication.sendPostedEvents()
        found = [text for each in (self.window, *self.window.findChildren(QWidget)) for text in _texts(each)]
        return "\n".join(text for text in found if text).replace("\xa0", " ")

    def number(self) -> str:
        """Return the number of the complaint that was just written down."""
        label = next(
            each for each in self.window.findChildren(QLabel) if each.isVisible() and _is_number(each)
        )
        return label.text()

    def awaits_lines(self, name: str, begin: list[str]) -> None:
        """Wait until the lines of the list *name* begin with these words, and there are no others."""

        def there() -> list[str]:
            return [line.partition(",")[0] for line in self.lines(name)]

        try:
            self.until(lambda: there() == begin)
        except Waited:
            raise AssertionError(f"{name}: {there()} instead of {begin}") from None

    def lines(self, name: str) -> list[str]:
        """Return the lines of the visible list that a screen reader calls *name*."""
        shown = self._lists(name)
        assert len(shown) == 1, f"{len(shown)} lists {name!r}"
        return _lines(shown[0])

    def settle(self) -> None:
        """Wait until every answer has arrived."""
        self.until(lambda: not self.window.operations.busy)
        QCoreApplication.sendPostedEvents()

    def until(self, happened: Callable[[], bool]) -> None:
        """Let the window live until *happened*."""
        self._bot.waitUntil(happened, timeout=PATIENCE_MS)


def _is_number(label: QLabel) -> bool:
    return re.fullmatch(r"C\d\d-\w+-\d{4}", label.text()) is not None


def _lines(view: QAbstractItemView) -> list[str]:
    model = view.model()
    return [str(model.data(model.index(n, 0))) for n in range(model.rowCount())]


def _texts(widget: QWidget) -> list[str]:
    """Return the words of one widget when it can be seen."""
    if not widget.isVisible():
        return []
    if isinstance(widget, QAbstractItemView):
        return [widget.accessibleName(), *_lines(widget)]
    if isinstance(widget, QComboBox):
        return [f"{widget.accessibleName()}: {widget.currentText()}"]
    if isinstance(widget, QLineEdit):
        return [f"{widget.accessibleName()}: {widget.text()}"]
    if isinstance(widget, QPlainTextEdit):
        return [f"{widget.accessibleName()}: {widget.toPlainText()}"]
    if isinstance(widget, QLabel | QAbstractButton):
        return [widget.text(), widget.accessibleName()]
    return [widget.accessibleName(), widget.accessibleDescription()]
