"""The telephone system of the pop benchmark: a process of its own, told by lines on standard input.

``ring NUMBER`` lets a number call (``-``: withheld) and answers with the second (monotonic clock, shared by
all processes) at which the bytes went into the socket; ``end`` lets the call be taken and hung up.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path


def main() -> None:
    """Play until standard input ends; the first line of standard output is the port."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    from crmdesk.services.telephony.simulator import Simulator

    class Stamped(Simulator):
        """Knows when it last sent something."""

        sent_at = 0.0

        def _write(self, client: object) -> None:
            if client.outgoing:  # type: ignore[attr-defined]  # the simulator's own client
                self.sent_at = time.perf_counter()
            super()._write(client)  # type: ignore[arg-type]

    secret, extension, line, queue = sys.argv[1:5]
    simulator = Stamped(secret)
    print(simulator.start(), flush=True)
    handle = None
    for command in sys.stdin:
        verb, _, number = command.strip().partition(" ")
        if verb == "ring":
            before = simulator.sent_at
            handle = simulator.ring(number.removeprefix("-"), "", extension, line, queue)
            while simulator.sent_at == before:
                time.sleep(0.0002)
            print(repr(simulator.sent_at), flush=True)
        elif handle is not None:
            simulator.answer(handle)
            simulator.hangup(handle, "caller")
    simulator.stop()


if __name__ == "__main__":
    main()
