"""Who comes to work in a story."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from tests.story.house import House
from tests.story.seat import Seat

Sit = Callable[[str], Seat]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A house on a Wednesday morning in March."""
    made = House(tmp_path, begins="2026-03-04 08:30")
    yield made
    made.close()


@pytest.fixture
def sit(house: House, qapp: QApplication, qtbot: QtBot) -> Iterator[Sit]:
    """Let somebody sit down; whoever sat there before goes home first."""
    there: list[Seat] = []

    def made(login: str) -> Seat:
        while there:
            there.pop().leave()
        there.append(Seat(qapp, qtbot, house, login))
        return there[-1]

    yield made
    while there:
        there.pop().leave()
