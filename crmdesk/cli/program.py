"""The command `crmdesk`: its groups of commands, its exit codes, its last line of defence.

Exit codes: 0 done, 1 refused with a readable reason on standard error, 2 wrong usage, 3 a bug (the trace
goes to the log, standard error names the file). What a command needs is imported when it runs, so that
``--help`` stays instant and a script without a display never meets Qt. The window alone needs no parser: an
agent waits for it.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Protocol

from crmdesk import __version__
from crmdesk.errors import Bug, CrmdeskError

if TYPE_CHECKING:
    import argparse

DONE, REFUSED, USAGE, BROKEN = 0, 1, 2, 3
INTERRUPTED = 130
GROUPS = (
    "screens",
    "telephony",
    "rpc",
    "profiles",
    "exchange",
    "register",
    "backup",
    "server",
    "admin",
    "doctor",
    "first_copy",
)
"""Modules of this package; each has ``register(subparsers)``."""

Run = Callable[[Any], int]
"""What a command does: its arguments (a namespace) in, the exit code out."""


class Screens(Protocol):
    """The commands that open a window; given from outside, as nothing here knows Qt."""

    def window(self, profile: Path | None, address: str = "") -> int:
        """Show the window."""

    def demo(self, customers: int | None, calls: int | None, headless: Path | None) -> int:
        """Show or play the demo company."""


def run(arguments: Sequence[str], screens: Screens) -> int:
    """Run one command line; return its exit code. Nothing but a usage error leaves as an exception.

    Args:
        arguments: the words after ``crmdesk``.
        screens: opens windows.
    """
    _speak_utf8()
    # Without any handler Python would print warnings for the log among the lines of the command.
    logging.getLogger("crmdesk").addHandler(logging.NullHandler())
    given = _window_alone(arguments)
    try:
        if given is None:
            given = parser().parse_args(arguments)
        given.screens = screens
        return _finished(given)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else USAGE


def _window_alone(arguments: Sequence[str]) -> Any:
    """Return what `crmdesk` and `crmdesk --profile DIR` mean, None for any other command line."""
    profile = None
    if arguments:
        option, *values = arguments
        if option != "--profile" or len(values) != 1 or values[0].startswith("-"):
            return None
        profile = Path(values[0])
    return SimpleNamespace(profile=profile, run=_window, address="")


def _finished(given: Any) -> int:
    perform: Run = given.run
    try:
        code = perform(given)
        sys.stdout.flush()
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output went away; closing standard output must not raise once more.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Bug as bug:
        return _broken(given, bug)
    except CrmdeskError as refusal:
        print(f"crmdesk: {refusal}", file=sys.stderr)
        return REFUSED
    except Exception as bug:  # noqa: BLE001 - the edge of the process: a person never sees a stack trace
        return _broken(given, bug)
    return code


def _broken(given: Any, bug: BaseException) -> int:
    from crmdesk.cli.trouble import write_trace

    print(f"crmdesk: something went wrong inside. Details: {write_trace(bug, given)}", file=sys.stderr)
    return BROKEN


def _speak_utf8() -> None:
    """Write UTF-8 whatever the locale says: our lines are read by programs."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")


def parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    import argparse

    top = argparse.ArgumentParser(
        prog="crmdesk",
        description="The desktop of a service hotline. Without a command it opens the window.",
        epilog="Exit codes: 0 done, 1 refused with the reason on standard error, 2 wrong usage, 3 a bug"
        " (standard error names the log). `crmdesk COMMAND --help` explains each command.",
    )
    top.add_argument("--version", action="version", version=f"crmdesk {__version__}")
    add_profile(top)
    top.set_defaults(run=_window, address="", profile=None)
    subparsers = top.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    for group in GROUPS:
        importlib.import_module(f"crmdesk.cli.{group}").register(subparsers)
    for command in subparsers.choices.values():
        add_profile(command)
    return top


def add_profile(command: argparse.ArgumentParser) -> None:
    """Let *command*, and the commands of its group, take ``--profile``, before or after the name."""
    import argparse

    for action in command._actions:
        if isinstance(action, argparse._SubParsersAction):
            for member in action.choices.values():
                add_profile(member)

    if not any(action.dest == "profile" for action in command._actions):
        command.add_argument(
            "--profile",
            type=Path,
            metavar="DIR",
            default=argparse.SUPPRESS,
            help="folder of the desk's store (default: CRMDESK_PROFILE, else the platform's data folder)",
        )


def _window(given: Any) -> int:
    from crmdesk.cli.screens import run_window

    return run_window(given)
