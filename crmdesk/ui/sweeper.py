"""Garbage of Python is looked for in the window's thread alone.

Python looks for garbage in whatever thread happens to make something. Views and their presenters know each
other, so they go only then, and Qt takes a widget apart in no thread but its own: elsewhere it crashes.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer, Signal

EVERY_MS = 1_000


class Sweeper(QObject):
    """Keeps Python from looking for garbage, and does so itself once it was told to begin."""

    _wanted = Signal()

    def __init__(self) -> None:
        super().__init__()
        gc.disable()
        self._timer = QTimer(self, interval=EVERY_MS)
        self._timer.timeout.connect(self.sweep)
        self._wanted.connect(self._timer.start)

    def begin(self) -> None:
        """Look now and then, as thoroughly as Python would; any thread."""
        self._wanted.emit()

    def looking(self) -> bool:
        """Whether it has begun."""
        return self._timer.isActive()

    def end(self) -> None:
        """Look through everything here once more, then leave it to Python again."""
        self._timer.stop()
        gc.collect()
        gc.enable()

    def sweep(self) -> None:
        """Look through what is due: what is young, and seldom what is older."""
        counts, most = gc.get_count(), gc.get_threshold()
        due = [age for age in range(len(counts)) if counts[age] > most[age]]
        if due:
            gc.collect(max(due))
