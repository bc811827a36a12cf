"""A socket to the telephone system that one thread reads and others may wake."""

from __future__ import annotations

import contextlib
import select
import socket
import threading
from collections.abc import Callable
from typing import Any, Self

from crmdesk.services.telephony.ami import AmiParser, Event

READ_BYTES = 65536


class Line:
    """A connection as messages. Used by one thread, closed by leaving its context.

    Args:
        sock: not blocking, not yet connected.
        wake: becomes readable when somebody wants the thread's attention.
        clock: monotonic seconds.
    """

    def __init__(self, sock: socket.socket, wake: socket.socket, clock: Callable[[], float]) -> None:
        self.parser = AmiParser()
        self.received_bytes = 0
        self.heard_at = clock()
        self.closed_by_peer = False
        self._sock = sock
        self._wake = wake
        self._clock = clock
        self._unsent = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the socket."""
        self._sock.close()

    def opened(self, address: Any, seconds: float, stopping: threading.Event) -> bool:
        """Connect to *address* within *seconds*; False when that fails or *stopping* is set meanwhile."""
        try:
            with contextlib.suppress(BlockingIOError):
                self._sock.connect(address)
            deadline = self._clock() + seconds
            while (left := deadline - self._clock()) > 0 and not stopping.is_set():
                _, writable, broken = select.select([self._wake], [self._sock], [self._sock], left)
                self._hush()
                if writable or broken:
                    return self._sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
        except OSError:
            pass
        return False

    def send(self, data: bytes) -> None:
        """Send *data* with the next `receive`."""
        self._unsent += data

    def receive(self, seconds: float) -> list[tuple[Event, float]]:
        """Send what waits, then return the messages of the next bytes with the second they came.

        Returns early, with nothing, when woken. Raises OSError when the connection broke.
        """
        self._flush()
        want_write = [self._sock] if self._unsent else []
        readable, _, _ = select.select([self._sock, self._wake], want_write, [], max(0.0, seconds))
        if self._wake in readable:
            self._hush()
        if self._sock not in readable:
            return []
        data = self._sock.recv(READ_BYTES)
        at = self._clock()
        self.closed_by_peer = not data
        self.received_bytes += len(data)
        self.heard_at = at
        return [(event, at) for event in self.parser.feed(data)]

    def _flush(self) -> None:
        while self._unsent:
            try:
                self._unsent = self._unsent[self._sock.send(self._unsent) :]
            except BlockingIOError:
                return

    def _hush(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._wake.recv(READ_BYTES):
                pass
