"""Work that changes ask for again and again, done at once and then at most once in a while."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

if TYPE_CHECKING:
    from collections.abc import Callable

EVERY_MS = 1000


class Pacing(QObject):
    """Runs *work* when it is asked to; what is asked for within :data:`EVERY_MS` is one run at their end."""

    def __init__(self, work: Callable[[], object], parent: QObject) -> None:
        super().__init__(parent)
        self._work = work
        self._wanted = False
        self._rest = QTimer(self, interval=EVERY_MS, singleShot=True)
        self._rest.timeout.connect(self._on_rested)

    def ask(self) -> None:
        """Run now, or at the end of the rest."""
        if self._rest.isActive():
            self._wanted = True
        else:
            self._rest.start()
            self._work()

    def _on_rested(self) -> None:
        if self._wanted:
            self._wanted = False
            self.ask()
