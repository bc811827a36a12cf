"""Breaking off what takes long: one thread asks, the one that works hears of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from crmdesk.errors import Stopped


class Stop:
    """A wish to break one piece of work off. Any thread may ask; it stays asked."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._asked = False
        self._end: Callable[[], object] | None = None

    @property
    def asked(self) -> bool:
        """Whether somebody wants it broken off."""
        return self._asked

    def ask(self) -> None:
        """Want it broken off; what waits for an answer at :meth:`ending` waits no longer."""
        with self._guard:
            self._asked = True
            if self._end is not None:
                self._end()

    def check(self) -> None:
        """Go on, unless it is to be broken off.

        Raises:
            Stopped: it is.
        """
        if self._asked:
            raise Stopped("This was broken off.")

    @contextmanager
    def ending(self, end: Callable[[], object]) -> Iterator[None]:
        """Call *end* should somebody ask meanwhile; whatever fails then was broken off, and nothing worse.

        Raises:
            Stopped: it is to be broken off.
        """
        with self._guard:
            self.check()
            self._end = end
        try:
            yield
        except Exception:
            self.check()
            raise
        finally:
            with self._guard:
                self._end = None
