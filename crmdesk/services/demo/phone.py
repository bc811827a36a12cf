"""The demo's telephone: calls that ring by themselves, are taken, talk and end, over a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from random import Random

from crmdesk.services.demo.company import DemoCompany
from crmdesk.services.demo.stars import DemoCaller
from crmdesk.services.demo_content import DemoContent
from crmdesk.services.telephony.simulator import CallHandle, Simulator

LINK_SECONDS = 15.0
"""How long the first call waits for a desk to log in; it rings then even if nobody hears it."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Seconds between the steps, shortest and longest; ``gives_up`` is the share of calls nobody takes."""

    before_first: float = 3.0
    ring: tuple[float, float] = (4.0, 8.0)
    talk: tuple[float, float] = (25.0, 80.0)
    between: tuple[float, float] = (8.0, 25.0)
    gives_up: float = 0.06


class DemoPhone:
    """Lets the demo company's customers ring one extension, the stars first, then anybody.

    Args:
        simulator: the telephone system, started by its owner, who also stops it, after this.
        company: who rings, and whose telephone.
        content: the lines they dial.
        calls: how many; None: until stopped.
        rhythm: how fast.
        seed: the same seed rings in the same order.
    """

    def __init__(
        self,
        simulator: Simulator,
        company: DemoCompany,
        content: DemoContent,
        *,
        calls: int | None = None,
        rhythm: Rhythm | None = None,
        seed: int = 1,
    ) -> None:
        self._simulator = simulator
        self._company = company
        self._lines = content.company.lines
        self._calls = calls
        self._rhythm = rhythm or Rhythm()
        self._random = Random(seed)
        self._stopping = threading.Event()
        self._on = threading.Event()
        self._thread = threading.Thread(target=self._run, name="crmdesk-demo-phone", daemon=True)

    def start(self) -> None:
        """Begin to ring, on a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """Ring no more and join the thread; safe to call twice, and before the start."""
        self._stopping.set()
        self._on.set()
        if self._thread.is_alive():
            self._thread.join()

    def go_on(self) -> None:
        """Do now what comes next: take the call that rings, end the one that talks, ring again."""
        self._on.set()

    def wait(self, seconds: float) -> bool:
        """Wait until all calls are over; False when that did not happen in time."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._wait_for_desk()
        if not self._pause(self._rhythm.before_first, self._rhythm.before_first):
            return
        for caller in islice(self._callers(), self._calls):
            if not (self._play(caller) and self._pause(*self._rhythm.between)):
                return

    def _wait_for_desk(self) -> None:
        waited = 0.0
        while waited < LINK_SECONDS and not self._stopping.is_set():
            if self._simulator.wait_for_clients(1, 0.25):
                return
            waited += 0.25

    def _callers(self) -> Iterator[DemoCaller]:
        """Yield the stars, then everybody in random order, for ever."""
        yield from (caller for caller in self._company.callers if caller.key)
        while True:
            yield from self._random.sample(self._company.callers, len(self._company.callers))

    def _play(self, caller: DemoCaller) -> bool:
        """Play one call; False when the telephone was stopped meanwhile."""
        line = self._lines[-1 if caller.english else 0]
        handle = self._simulator.ring(
            caller.number, caller.name, self._company.extension, line.number, line.queue
        )
        try:
            return self._talk(handle, caller)
        finally:
            self._simulator.hangup(handle, "caller" if self._random.random() < 0.8 else "agent")

    def _talk(self, handle: CallHandle, caller: DemoCaller) -> bool:
        lost = not caller.key and self._random.random() < self._rhythm.gives_up
        if not self._pause(*self._rhythm.ring):
            return False
        if lost:
            return True
        self._simulator.answer(handle)
        return self._pause(*self._rhythm.talk)

    def _pause(self, shortest: float, longest: float) -> bool:
        """Wait, or until told to go on; False when stopped."""
        self._on.wait(self._random.uniform(shortest, longest))
        self._on.clear()
        return not self._stopping.is_set()
