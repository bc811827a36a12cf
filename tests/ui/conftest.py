"""A real window over a desk of its own, with clocks the test turns."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QInputMethodEvent
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.models.screen_pop import ScreenPop
from crmdesk.ui.bridge import Bridge
from crmdesk.ui.desk import CallState
from crmdesk.ui.look import Look, dress
from crmdesk.ui.main_window import MainWindow, WindowOptions
from tests.ui import sample
from tests.ui.fake_desk import FakeDesk

if TYPE_CHECKING:
    from tests.ui.complaint_house import ComplaintSeat

SHANGHAI = ZoneInfo("Asia/Shanghai")


@dataclass
class Clock:
    """Both clocks of a test."""

    now: datetime = sample.NOW
    seconds: float = 100.0

    def utc(self) -> datetime:
        return self.now

    def monotonic(self) -> float:
        return self.seconds

    def go_on(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)
        self.seconds += seconds


class Seat:
    """An agent at the window: rings, keys, and what she sees."""

    def __init__(
        self, qtbot: QtBot, desk: FakeDesk, look: Look, clock: Clock, options: WindowOptions
    ) -> None:
        self.qtbot = qtbot
        self.desk = desk
        self.clock = clock
        self.bridge = Bridge()
        self.window = MainWindow(
            desk, self.bridge, look.words.twin("en"), look.ink, options, clock.utc, clock.monotonic
        )
        self.parts = self.window.parts
        self.window.show()
        self.window.activateWindow()
        qtbot.waitUntil(self.window.isActiveWindow)
        with qtbot.waitSignal(self.window.settled, timeout=5000):
            self.window.start()
        self.settle()

    def settle(self) -> None:
        """Wait until every answer of the desk has arrived."""
        self.qtbot.waitUntil(lambda: not self.window.operations.busy)
        QCoreApplication.sendPostedEvents()

    def ring(self, pop: ScreenPop, *states: str, wait: float = 1.0) -> None:
        """A call rings and goes through *states*; *wait* seconds pass before each."""
        with self.qtbot.waitSignal(self.window.painted, timeout=5000):
            self.bridge.popped.emit(pop)
        self.clock.go_on(wait)
        for state in states:
            self.bridge.call_changed.emit(CallState(pop.call_key, state, self.clock.now))
            self.clock.go_on(wait)
        QCoreApplication.sendPostedEvents()

    def key(self, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
        """Press a key where the keyboard is."""
        self.qtbot.keyClick(self.focus(), key, modifiers)
        self.settle()

    def ctrl(self, key: Qt.Key) -> None:
        """Press Ctrl and a key."""
        self.key(key, Qt.KeyboardModifier.ControlModifier)

    def ctrl_shift(self, key: Qt.Key) -> None:
        """Press Ctrl, Shift and a key."""
        self.key(key, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)

    def alt(self, key: Qt.Key) -> None:
        """Press Alt and a key."""
        self.key(key, Qt.KeyboardModifier.AltModifier)

    def commit(self, text: str) -> None:
        """Let an input method commit *text* where the keyboard is."""
        event = QInputMethodEvent()
        event.setCommitString(text)
        QApplication.sendEvent(self.focus(), event)

    def compose(self, text: str) -> None:
        """Let an input method compose *text* where the keyboard is."""
        QApplication.sendEvent(self.focus(), QInputMethodEvent(text, []))

    def focus(self) -> QWidget:
        """Return what has the keyboard."""
        widget = QApplication.focusWidget()
        assert widget is not None
        return widget

    def note(self, slot: int = 1) -> str:
        """Return the note of a slot."""
        return self.parts.note.text(slot)

    def close(self) -> None:
        """Leave the desk."""
        self.window.close()
        self.bridge.close()
        self.window.deleteLater()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


@pytest.fixture(scope="session")
def look(qapp: QApplication) -> Look:
    """The program dressed once."""
    return dress(qapp, "en", "light")


@pytest.fixture
def desk() -> Iterator[FakeDesk]:
    """The services, on a thread of their own."""
    made = FakeDesk()
    yield made
    made.close()


@pytest.fixture
def clock() -> Clock:
    """Ten in the morning at the site."""
    return Clock()


@pytest.fixture
def take_seat(qtbot: QtBot, desk: FakeDesk, look: Look, clock: Clock) -> Iterator[Callable[..., Seat]]:
    """Open windows with the options given; all are closed in the end."""
    seats: list[Seat] = []

    def made(**options: object) -> Seat:
        chosen = replace(WindowOptions(zone=SHANGHAI), **options)  # type: ignore[arg-type]  # names are checked
        seats.append(Seat(qtbot, desk, look, clock, chosen))
        return seats[-1]

    yield made
    for seat in seats:
        seat.close()


@pytest.fixture
def seat(take_seat: Callable[..., Seat]) -> Seat:
    """A window as everybody has it."""
    return take_seat()


@pytest.fixture
def place(seat: Seat, tmp_path: Path) -> Iterator[ComplaintSeat]:
    """A seat whose desk handles complaints."""
    from tests.services.complaints.house import ComplaintDesk
    from tests.ui.complaint_house import ComplaintSeat

    house = ComplaintDesk(tmp_path)
    made = ComplaintSeat(seat, house, tmp_path)
    yield made
    seat.settle()
    made.close()
    house.close()
