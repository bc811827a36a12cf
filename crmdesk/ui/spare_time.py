"""Work that can wait, done piece by piece while the event loop has nothing else to do."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class SpareTime(QObject):
    """Does one piece a turn, so that keys and calls never wait for more than one of them.

    Signals:
        done(): nothing is left.
    """

    done = Signal()

    def __init__(self, pieces: Iterable[Callable[[], object]], parent: QObject) -> None:
        super().__init__(parent)
        self._pieces = deque(pieces)
        self.begun = False
        self._turn = QTimer(self, interval=0)
        self._turn.timeout.connect(self._next)

    def start(self) -> None:
        """Begin with the first piece as soon as there is time."""
        self.begun = True
        self._turn.start()

    def _next(self) -> None:
        if self._pieces:
            self._pieces.popleft()()
        else:
            self._turn.stop()
            self.done.emit()
