"""`crmdesk first-copy`: the process that a desk starts to make a large first copy; not for people."""

from __future__ import annotations

import argparse
import sys


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command, without a line in the help."""
    command = subparsers.add_parser("first-copy", add_help=False)
    command.set_defaults(run=_run)


def _run(_given: argparse.Namespace) -> int:
    from crmdesk.services.sync.copying import run

    return run(sys.stdin, sys.stdout)
