"""A desk in a process of its own that lets others join, as the window does: for killing it, or who joined.

Says ``open`` once it can be joined and ``row`` when the first rows are in; ends with its input. With the word
``dies`` it kills itself in the middle of a transaction, after :data:`PARTS_DIE_AFTER` of them.
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from crmdesk.services.attach import AttachServer
from crmdesk.services.exchange import loading
from crmdesk.services.profile import open_profile
from crmdesk.services.rpc.desk import close_desk, open_desk
from crmdesk.services.rpc.methods import all_methods
from crmdesk.services.rpc.session import Session
from crmdesk.services.store.keys import KeyFileSecrets

PARTS_DIE_AFTER = 205
"""Transactions of one row: the answer about the first 200 rows has been sent by then."""


def say(word: str) -> None:
    """Tell who started this."""
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


def main() -> None:
    """Serve until the end of input."""
    place = Path(sys.argv[1])
    told = list[int]()
    loading.BUDGET_MS, loading.FIRST_ROWS = 0.0, 1
    take = loading._take

    def taking(*arguments: Any) -> Any:
        taken = take(*arguments)
        told.append(1)
        if len(told) == 2:
            say("row")
        if "dies" in sys.argv and len(told) > PARTS_DIE_AFTER:
            os.kill(os.getpid(), signal.SIGKILL)
        return taken

    loading._take = taking  # type: ignore[assignment]  # watched from outside
    with open_profile(place / "desk", secrets=KeyFileSecrets(place / "keys")) as profile:
        desk = open_desk(profile)
        desk.parts = replace(desk.parts, considerate=True)
        server = AttachServer(profile.path, lambda send: Session(desk, all_methods(), send))
        server.start()
        say("open")
        sys.stdin.read()
        server.stop()
        close_desk(desk)


if __name__ == "__main__":
    main()
