"""A call of each source reaches a painted pop: through the real sockets, the real store, the real window."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.app.demo import Stage, stage
from crmdesk.app.program import Program
from crmdesk.models.screen_pop import ScreenPop
from crmdesk.services.demo.phone import DemoPhone

CUSTOMERS = 40
PATIENCE_MS = 20_000


class Watched:
    """A running program, and what it popped and painted."""

    def __init__(self, program: Program, built: Stage, bot: QtBot) -> None:
        self.program = program
        self.built = built
        self.pops: list[ScreenPop] = []
        self.painted: list[str] = []
        program.bridge.popped.connect(self.pops.append)
        program.window.painted.connect(self.painted.append)
        self._bot = bot

    def until(self, happened: Callable[[], bool]) -> None:
        self._bot.waitUntil(happened, timeout=PATIENCE_MS)

    def expect(self, key: str) -> ScreenPop:
        """Wait for the painted pop of the call *key*."""
        self.until(lambda: key in self.painted and any(pop.call_key == key for pop in self.pops))
        return next(pop for pop in self.pops if pop.call_key == key)


@pytest.fixture
def watched(qtbot: QtBot, qapp: QApplication) -> Iterator[Watched]:
    with stage(CUSTOMERS) as built:
        program = Program(qapp, built.profile, built.link)
        program.show()
        held = Watched(program, built, qtbot)
        held.until(program.started.is_set)
        assert built.simulator.wait_for_clients(1, PATIENCE_MS / 1000)
        yield held
        program.window.close()
        program.close()


def test_ami_call_is_painted_with_owner_history_and_answers(watched: Watched) -> None:
    handle = watched.built.simulator.ring("13800138000", "Wang", "1001", "02158208000", "hotline")
    pop = watched.expect(handle.call_key)
    assert pop.customer is not None
    assert pop.customer.assets
    assert pop.timeline.items
    assert len(pop.answers) >= 3
    parts = watched.program.window.parts
    assert parts.stage.shown is parts.record
    assert watched.program.window.slots.current is not None


def test_typing_goes_on_while_the_second_caller_rings(watched: Watched, qtbot: QtBot) -> None:
    simulator = watched.built.simulator
    first = simulator.ring("13800138000", "Wang", "1001", "02158208000", "hotline")
    watched.expect(first.call_key)
    simulator.answer(first)
    window = watched.program.window
    window.commands.run("note")
    note = QApplication.focusWidget()
    assert note is not None
    qtbot.keyClicks(note, "oil leak")
    second = simulator.ring("02163457788", "", "1001", "02158208000", "hotline")
    watched.expect(second.call_key)
    qtbot.keyClicks(note, " again")
    assert QApplication.focusWidget() is note
    assert window.slots.current is not None
    assert window.parts.note.edit(window.slots.current.number).toPlainText() == "oil leak again"


def test_what_was_typed_is_kept_durably_without_a_key(watched: Watched, qtbot: QtBot) -> None:
    handle = watched.built.simulator.ring("13800138000", "Wang", "1001", "02158208000", "hotline")
    watched.expect(handle.call_key)
    window = watched.program.window
    window.commands.run("note")
    note = QApplication.focusWidget()
    assert note is not None
    qtbot.keyClicks(note, "third time")

    def kept() -> bool:
        return any(d.text == "third time" for d in watched.program.drafts.open_drafts().result(10))

    watched.until(kept)


def test_hook_call_of_a_soft_phone_is_painted(watched: Watched) -> None:
    command = [sys.executable, "-m", "crmdesk", "--profile", str(watched.built.profile.path)]
    call = ["call", "138", "0013", "8000", "--id", "soft-1", "--name", "Wang", "--to", "02158208000"]
    environment = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    process = subprocess.Popen([*command, *call], env=environment)
    watched.until(lambda: process.poll() is not None)
    assert process.returncode == 0
    watched.until(lambda: bool(watched.pops))
    pop = watched.expect(watched.pops[0].call_key)
    assert pop.number.e164 == "+8613800138000"
    assert pop.customer is not None


def test_demo_telephone_rings_by_itself(watched: Watched) -> None:
    phone = DemoPhone(watched.built.simulator, watched.built.company, watched.built.content, calls=1)
    phone.start()
    try:
        watched.until(lambda: bool(watched.painted and watched.pops))
    finally:
        phone.stop()
    assert watched.pops[0].extension == "1001"


def test_calls_are_kept_after_the_window_is_gone(qtbot: QtBot, qapp: QApplication) -> None:
    with stage(CUSTOMERS) as built:
        program = Program(qapp, built.profile, built.link)
        program.show()
        qtbot.waitUntil(program.started.is_set, timeout=PATIENCE_MS)
        assert built.simulator.wait_for_clients(1, PATIENCE_MS / 1000)
        before = program.store.read(_calls).result()
        built.simulator.ring("13800138000", "Wang", "1001", "02158208000", "hotline")
        with qtbot.waitSignal(program.window.painted, timeout=PATIENCE_MS):
            pass
        program.window.close()
        program.close()
        store = built.profile.open_store()
        try:
            assert store.read(_calls).result() == before + 1
        finally:
            store.close()


def _calls(connection: Any) -> int:
    return int(connection.execute("SELECT count(*) FROM call").fetchone()[0])
