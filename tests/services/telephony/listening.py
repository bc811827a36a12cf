"""What came, and waiting for what is to come: no test here sleeps."""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")
PATIENCE_SECONDS = 10.0


class Heard(Generic[T]):
    """Collects what a callback gets on another thread."""

    def __init__(self) -> None:
        self.items: list[T] = []
        self._changed = threading.Condition()

    def __call__(self, item: T) -> None:
        with self._changed:
            self.items.append(item)
            self._changed.notify_all()

    def wait(self, fits: Callable[[T], bool], *, times: int = 1) -> T:
        """Return the *times*-th item that fits, waiting for it to come."""
        with self._changed:
            came = self._changed.wait_for(
                lambda: sum(map(fits, self.items)) >= times, timeout=PATIENCE_SECONDS
            )
            assert came, f"did not come; came: {self.items}"
            return [item for item in self.items if fits(item)][times - 1]
