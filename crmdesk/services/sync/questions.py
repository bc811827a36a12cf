"""Short questions to the server between two rounds, on the one connection a desk has.

Who else is at a record, who can be asked for help: answers are not kept, and nobody waits for them long.
While there is no connection a question fails at once.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from crmdesk.errors import CrmdeskError, ServerUnreachable
from crmdesk.services.sync.connection import Link

T = TypeVar("T")


class Questions:
    """Takes questions from any thread; one thread answers them.

    Args:
        wake: wakes that thread.
    """

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._guard = threading.Lock()
        self._waiting: deque[tuple[Callable[[Link], Any], Future[Any]]] = deque()
        self._open = False

    @property
    def waiting(self) -> bool:
        """Whether a question has no answer yet."""
        return bool(self._waiting)

    def ask(self, question: Callable[[Link], T]) -> Future[T]:
        """Have *question* asked soon; its future fails with ServerUnreachable while nobody could answer."""
        future: Future[T] = Future()
        with self._guard:
            taken = self._open
            if taken:
                self._waiting.append((question, future))
        if taken:
            self._wake()
        else:
            future.set_exception(_nobody())
        return future

    def open(self) -> None:
        """Take questions from now on."""
        with self._guard:
            self._open = True

    def close(self) -> None:
        """Take none any more; those that wait fail."""
        with self._guard:
            self._open = False
            left, self._waiting = self._waiting, deque()
        for _, future in left:
            future.set_exception(_nobody())

    def answer(self, link: Link) -> None:
        """Answer all that wait; raise what broke the connection, after its question has failed."""
        while True:
            with self._guard:
                if not self._waiting:
                    return
                question, future = self._waiting.popleft()
            try:
                answer = question(link)
            except CrmdeskError as error:
                future.set_exception(error)
                if link.closed:
                    raise
            except Exception as error:  # noqa: BLE001 - whoever asked gets it; the thread goes on
                future.set_exception(error)
            else:
                future.set_result(answer)


def _nobody() -> ServerUnreachable:
    return ServerUnreachable("The server cannot be reached at present.")
