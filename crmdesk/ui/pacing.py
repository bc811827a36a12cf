"""When work is done that is wanted again and again: by changes, by a new day, or by what becomes overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from crmdesk.ui.moments import Moments

EVERY_MS = 1000
_LONGEST_MS = 15 * 60_000
"""A desk that slept, or whose clock was set, knows so soon which day it is."""


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


class NewDay(QObject):
    """Watches for the end of the day at the site: one timer that goes off then, looked after now and then.

    Signals:
        begun(): it is another day than when it was last looked.
    """

    begun = Signal()

    def __init__(self, moments: Moments, parent: QObject) -> None:
        super().__init__(parent)
        self._moments = moments
        self._day = moments.today()
        self._timer = QTimer(self, singleShot=True)
        self._timer.setTimerType(Qt.TimerType.VeryCoarseTimer)
        self._timer.timeout.connect(self.look)
        self._wait()

    def look(self) -> None:
        """Tell of a day that has begun."""
        before, self._day = self._day, self._moments.today()
        self._wait()
        if self._day != before:
            self.begun.emit()

    def _wait(self) -> None:
        left = self._moments.day_end() - self._moments.now()
        self._timer.start(min(_LONGEST_MS, int(left.total_seconds() * 1000) + EVERY_MS))


class NextDue(QObject):
    """Waits for the first of some moments that is still to come.

    Signals:
        passed(): it is past.
    """

    passed = Signal()

    def __init__(self, moments: Moments, parent: QObject) -> None:
        super().__init__(parent)
        self._moments = moments
        self._first: datetime | None = None
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self.look)

    def wait_for(self, dues: Iterable[datetime | None]) -> None:
        """Wait for the first of *dues*, and for none that was told before."""
        now = self._moments.now()
        self._first = min((due for due in dues if due is not None and due > now), default=None)
        self._wait()

    def look(self) -> None:
        """Tell that it is past, or wait on."""
        if self._first is not None and self._moments.now() > self._first:
            self._first = None
            self.passed.emit()
        else:
            self._wait()

    def _wait(self) -> None:
        if self._first is None:
            self._timer.stop()
            return
        left = self._first - self._moments.now()
        self._timer.start(min(_LONGEST_MS, int(left.total_seconds() * 1000) + EVERY_MS))
