"""A window is no larger than the screen it opens on: what finishes a call does not lie beyond the edge."""

from pathlib import Path

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from crmdesk.app.program import Program
from crmdesk.services.profile import new_profile
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.ui.main_window import SIZE, TITLE_BAR

NOTEBOOK = QSize(1366, 728)
PATIENCE_MS = 20_000


def test_a_window_lies_within_its_screen(
    tmp_path: Path, light_recovery: None, qapp: QApplication, qtbot: QtBot
) -> None:
    profile = new_profile(tmp_path / "desk", secrets=MemorySecrets(), environment={}).profile
    program = Program(qapp, profile)
    window = program.window
    assert (window.width(), window.height()) == SIZE
    window.fit(NOTEBOOK)
    assert window.size() == QSize(1366, 728 - TITLE_BAR)
    window.resize(*SIZE)
    program.show()
    qtbot.waitUntil(program.started.is_set, timeout=PATIENCE_MS)
    room = window.screen().availableSize().expandedTo(window.minimumSize())
    assert room.width() < SIZE[0], "the screen of this test shows nothing"
    assert window.width() <= room.width() and window.height() <= room.height()
    window.close()
    program.close()
