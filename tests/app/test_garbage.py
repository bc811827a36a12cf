"""While a window is there, garbage is looked for in its thread alone."""

from __future__ import annotations

import gc
from pathlib import Path

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.app.program import Program
from crmdesk.services.profile import new_profile
from crmdesk.services.store.keys import MemorySecrets

PATIENCE_MS = 20_000


def test_python_looks_for_garbage_by_itself_only_without_a_window(
    tmp_path: Path, qapp: QApplication, qtbot: QtBot
) -> None:
    profile = new_profile(tmp_path / "desk", test=True, secrets=MemorySecrets(), environment={}).profile
    program = Program(qapp, profile)
    program.show()
    qtbot.waitUntil(program._sweeper.looking, timeout=PATIENCE_MS)
    assert program.started.is_set()
    assert not gc.isenabled()
    program.window.close()
    program.close()
    assert gc.isenabled()
