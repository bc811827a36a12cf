"""A window that is told to end by the system, at a log-out or with Ctrl+C, closes as if closed by hand."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import QObject, QSocketNotifier

ENDINGS = (signal.SIGTERM, signal.SIGINT)


class Farewell(QObject):
    """Calls *leave* in Qt's loop when the system asks this process to end; make it on the main thread.

    Python runs no handler while Qt waits for events, so the interpreter writes a byte into a pair of sockets
    and Qt wakes up from that.
    """

    def __init__(self, leave: Callable[[], object]) -> None:
        super().__init__()
        self._leave = leave
        self._told, self._tells = socket.socketpair()
        self._told.setblocking(False)
        self._tells.setblocking(False)
        self._notifier = QSocketNotifier(self._told.fileno(), QSocketNotifier.Type.Read, self)
        self._notifier.activated.connect(self._on_told)
        self._wakes_before = signal.set_wakeup_fd(self._tells.fileno(), warn_on_full_buffer=False)
        self._before = {each: signal.signal(each, _heard) for each in ENDINGS}

    def end(self) -> None:
        """Give the signals back."""
        self._notifier.setEnabled(False)
        for each, before in self._before.items():
            signal.signal(each, before)
        signal.set_wakeup_fd(self._wakes_before)
        self._told.close()
        self._tells.close()

    def _on_told(self) -> None:
        with suppress(BlockingIOError):
            self._told.recv(64)
        self._leave()


def _heard(_number: int, _frame: object) -> None:
    """Take the signal; what follows happens in Qt's loop."""
