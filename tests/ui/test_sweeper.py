"""Views go in the window's thread, whoever makes the garbage that has Python look."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from crmdesk.ui.sweeper import Sweeper


@pytest.fixture
def sweeper(qapp: QApplication) -> Iterator[Sweeper]:
    made = Sweeper()
    yield made
    made.end()
    made.deleteLater()


class Pane(QWidget):
    """A view that knows itself, as views do through their presenters; tells in which thread it goes."""

    def __init__(self, went: list[int]) -> None:
        super().__init__()
        self.presenter = self
        weakref.finalize(self, lambda: went.append(threading.get_ident()))


@pytest.fixture
def much() -> list[list[int]]:
    """Holds what :func:`make_much` makes."""
    return []


def make_much(much: list[list[int]]) -> None:
    """Make more than Python lets pass without looking for garbage."""
    much.extend([n] for n in range(4 * gc.get_threshold()[0]))


def test_a_view_goes_in_the_windows_thread_only(sweeper: Sweeper, much: list[list[int]]) -> None:
    went: list[int] = []
    Pane(went)
    elsewhere = threading.Thread(target=make_much, args=(much,))
    elsewhere.start()
    elsewhere.join()
    assert went == []
    sweeper.sweep()
    assert went == [threading.get_ident()]


def test_older_garbage_goes_when_its_turn_comes(sweeper: Sweeper, much: list[list[int]]) -> None:
    went: list[int] = []
    pane = Pane(went)
    gc.collect()
    del pane
    for _ in range((gc.get_threshold()[1] + 2) * (gc.get_threshold()[2] + 2)):
        if not went:
            make_much(much)
            sweeper.sweep()
    assert went == [threading.get_ident()]


def test_it_begins_when_it_is_told_to_by_any_thread(
    sweeper: Sweeper, much: list[list[int]], qtbot: QtBot
) -> None:
    went: list[int] = []
    Pane(went)
    make_much(much)
    elsewhere = threading.Thread(target=sweeper.begin)
    elsewhere.start()
    elsewhere.join()
    qtbot.waitUntil(lambda: went == [threading.get_ident()])


def test_at_its_end_it_looks_through_everything(sweeper: Sweeper) -> None:
    went: list[int] = []
    Pane(went)
    sweeper.end()
    assert went == [threading.get_ident()]
    assert gc.isenabled()


def test_nothing_is_looked_through_without_a_reason(
    sweeper: Sweeper, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: list[int] = []
    gc.collect()
    monkeypatch.setattr(gc, "collect", looked.append)
    sweeper.sweep()
    assert looked == []
