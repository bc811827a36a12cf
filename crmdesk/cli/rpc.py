"""`crmdesk rpc`: JSON-RPC 2.0 on standard input and output, one object a line."""

from __future__ import annotations

import argparse
import json
import os
import select
import sys
import threading
from typing import TYPE_CHECKING

from crmdesk.errors import StoreBusy, StoreFault

if TYPE_CHECKING:
    from crmdesk.services.attach import Attached
    from crmdesk.services.profile import Profile

PART_BYTES = 1 << 16
"""Bytes passed on at once."""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    rpc = subparsers.add_parser(
        "rpc",
        help="JSON-RPC 2.0 for scripts, one object per line on standard input and output",
        description="Reads one JSON-RPC 2.0 request a line from standard input and answers on standard"
        " output; end of input ends it. Joins the window that has the profile open, if there is one. The"
        " method rpc.describe, or --describe, tells every method with its types.",
    )
    rpc.add_argument("--live", action="store_true", help="start telephony and sharing as well")
    rpc.add_argument(
        "--describe",
        nargs="?",
        const="json",
        choices=("json", "markdown"),
        help="print the description of all methods and end; needs no profile",
    )
    rpc.set_defaults(run=run_rpc)


def run_rpc(given: argparse.Namespace) -> int:
    """Answer requests until the end of input."""
    from crmdesk.cli.desks import folder, reach
    from crmdesk.services.attach import Attached

    if given.describe:
        return _describe(given.describe)
    try:
        reached = reach(folder(given))
    except StoreBusy as busy:
        _refuse_waiting(busy)
        raise
    if isinstance(reached, Attached):
        return _pass_on(reached)
    return _answer_alone(reached, live=given.live)


def _describe(form: str) -> int:
    from crmdesk.services.rpc.describe import description, markdown
    from crmdesk.services.rpc.methods import all_methods

    told = description(all_methods(), test=True)
    print(markdown(told) if form == "markdown" else json.dumps(told, ensure_ascii=False, indent=1), end="")
    return 0


def _answer_alone(profile: Profile, *, live: bool) -> int:
    from crmdesk.cli.desks import alone
    from crmdesk.cli.live import telephony

    with alone(profile, live=live) as begin, telephony(profile, live=live) as connect:
        session = begin(_write)
        connect(session.desk)
        try:
            for line in sys.stdin.buffer:
                session.take(line)
        finally:
            session.close()
    return 0


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line)
    sys.stdout.buffer.flush()


def _pass_on(line: Attached) -> int:
    """Copy lines to and from the process that has the profile open, until our input ends."""
    from crmdesk.services.attach import GONE

    ended = threading.Event()

    def send() -> None:
        # Not through sys.stdin.buffer: its lock, held while this thread waits, would abort our exit.
        source = sys.stdin.fileno()
        try:
            while part := os.read(source, PART_BYTES):
                line.send(part)
            ended.set()
            line.finish()
        except StoreFault:
            # The other side hung up; the reading half says so.
            return

    threading.Thread(target=send, name="rpc-in", daemon=True).start()
    while answer := line.receive():
        _write(answer)
    line.close()
    if not ended.is_set():
        raise StoreFault(GONE)
    return 0


def _refuse_waiting(busy: StoreBusy) -> None:
    """Answer the requests that were already sent, so that nobody waits for a process that ends."""
    from crmdesk.services.rpc.protocol import Refusal, failure, line_of, parse

    if sys.platform == "win32" or not select.select([sys.stdin], [], [], 0)[0]:
        return
    for line in os.read(sys.stdin.fileno(), PART_BYTES).split(b"\n"):
        try:
            _write(line_of(failure(parse(line).id, busy)))
        except Refusal:
            continue
