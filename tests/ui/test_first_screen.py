"""The window before it is whole: painted with the first screen, and already good for everything."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from pytestqt.qtbot import QtBot

from crmdesk.ui.bridge import Bridge
from crmdesk.ui.call_side import CallSide
from crmdesk.ui.delegates.home import LineDelegate
from crmdesk.ui.look import Look
from crmdesk.ui.main_window import MainWindow, WindowOptions
from crmdesk.ui.spare_time import SpareTime
from tests.ui import sample
from tests.ui.conftest import SHANGHAI, Clock
from tests.ui.fake_desk import FakeDesk

LATER = (
    *("crmdesk.models.screen_pop", "crmdesk.ui.parts", "crmdesk.ui.views.answers", "crmdesk.services.pop"),
    *("crmdesk.ui.intake_desk", "crmdesk.ui.views.complaint_intake", "crmdesk.services.complaints.intake"),
)
PROBE = "import sys, crmdesk.app.program; print([name for name in sys.argv[1:] if name in sys.modules])"


@pytest.fixture
def window(qtbot: QtBot, desk: FakeDesk, look: Look, clock: Clock) -> Iterator[MainWindow]:
    """A window that shows, of which nobody asked for anything yet."""
    bridge = Bridge()
    options = WindowOptions(zone=SHANGHAI)
    made = MainWindow(desk, bridge, look.words.twin("en"), look.ink, options, clock.utc, clock.monotonic)
    made.bridge = bridge  # type: ignore[attr-defined]  # for the tests to ring
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()
    bridge.close()
    made.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete.value)


def is_whole(window: MainWindow) -> bool:
    return bool(window.findChildren(CallSide))


def test_the_worklist_is_painted_before_anything_of_calls_is_made(window: MainWindow, qtbot: QtBot) -> None:
    whole_when_opened: list[bool] = []
    window.opened.connect(lambda: whole_when_opened.append(is_whole(window)))
    with qtbot.waitSignal(window.settled, timeout=5000):
        window.start()
    assert whole_when_opened == [False]
    assert is_whole(window)
    assert len(window.front.home.tasks.lines.rows) == 5


def test_opened_means_that_the_rows_are_painted(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted: list[int] = []
    monkeypatch.setattr(LineDelegate, "paint_row", lambda *given: painted.append(given[-1]))
    when_opened: list[int] = []
    window.opened.connect(lambda: when_opened.append(len(painted)))
    with qtbot.waitSignal(window.opened, timeout=5000):
        window.start()
    assert when_opened[0] >= 5


def test_a_call_that_comes_first_is_shown_whole(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.settled, timeout=5000):
        with qtbot.waitSignal(window.painted, timeout=5000):
            window.start()
            assert not is_whole(window)
            window.bridge.popped.emit(sample.pop())  # type: ignore[attr-defined]  # see the fixture
        assert window.slots.current is not None
        assert window.parts.stage.shown is window.parts.record
    assert len(window.findChildren(CallSide)) == 1


def test_what_was_typed_into_the_box_is_searched_once_there_is_a_finder(
    window: MainWindow, desk: FakeDesk, qtbot: QtBot
) -> None:
    qtbot.keyClicks(window.front.box, "wang")
    assert desk.named("find") == []
    window.start()
    qtbot.waitUntil(lambda: desk.named("find") == [("wang",)])


def test_enter_on_a_task_opens_the_customer_at_once(window: MainWindow, desk: FakeDesk, qtbot: QtBot) -> None:
    window.front.home.show_worklist(sample.worklist())
    window.front.home.tasks.setFocus()
    window.front.home.tasks.choose_row(0)
    assert not is_whole(window)
    qtbot.keyClick(window.front.home.tasks, Qt.Key.Key_Return)
    assert desk.named("customer_record") == [(sample.CHEN,)]
    qtbot.waitUntil(lambda: window.parts.stage.shown is window.parts.record)


def test_a_window_that_is_not_painted_becomes_whole_all_the_same(window: MainWindow, qtbot: QtBot) -> None:
    window.hide()
    with qtbot.waitSignal(window.settled, timeout=10_000):
        window.start()
    assert is_whole(window)


def test_spare_time_does_one_piece_a_turn_in_order(qtbot: QtBot, window: MainWindow) -> None:
    done: list[int] = []
    spare = SpareTime((lambda: done.append(1), lambda: done.append(2)), window)
    assert not spare.begun
    with qtbot.waitSignal(spare.done, timeout=5000):
        spare.start()
        assert done == []
    assert done == [1, 2]


def test_the_program_is_loaded_without_what_calls_need() -> None:
    found = subprocess.run(
        [sys.executable, "-c", PROBE, *LATER], capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout.strip() == "[]"


def test_the_program_asks_qt_for_its_style_when_qt_begins() -> None:
    made = "from crmdesk.app.window import application; print(application().style().name())"
    asked = {**os.environ, "QT_STYLE_OVERRIDE": "Windows"}
    found = subprocess.run(
        [sys.executable, "-c", made], capture_output=True, text=True, timeout=60, check=True, env=asked
    )
    assert found.stdout.strip() == "fusion"
