"""`crmdesk demo`, `call` and `open`: what ends in a window."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from crmdesk.errors import FileFault, InvalidInput, WorldFault

if TYPE_CHECKING:
    import argparse

NO_DISPLAY = "There is no display here, so no window can show the call."
NO_WINDOW = "There is no display here. `crmdesk rpc` and `crmdesk --help` work without one."
NOT_OPEN = "There is no display here, so no window can show this address."
CREATE_NO_WINDOW = 0x08000000
DETACHED_PROCESS = 0x00000008
_ADDRESS = re.compile(
    r"crmdesk://(window|(customer|complaint)/[0-9a-fA-F-]{32,36}|complaint/C[0-9A-Za-z-]{9,19})\Z"
)
"""What `crmdesk open` understands besides calls; the running window shows it."""


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the command line."""
    window = subparsers.add_parser(
        "window",
        help="the window; the same as no command",
        description="Opens the window, at an address if there is one.",
    )
    window.add_argument("--address", default="", metavar="URL", help="a crmdesk:// address to open")
    window.set_defaults(run=run_window)
    demo = subparsers.add_parser(
        "demo",
        help="a throw-away profile with a demo company whose telephone rings by itself",
        description="Makes a throw-away profile with a bilingual demo company; calls ring by themselves"
        " through the real telephony path. With --headless it needs no display: it plays the calls, writes a"
        " picture of every screen and prints one JSON line per popped call.",
    )
    demo.add_argument("--customers", type=_positive, metavar="N", help="how many customers")
    demo.add_argument("--calls", type=_positive, metavar="N", help="how many calls ring")
    demo.add_argument("--headless", type=Path, metavar="OUT", help="folder for the pictures")
    demo.set_defaults(run=run_demo)
    call = subparsers.add_parser(
        "call",
        help="hook for soft phones: pop the caller in the running window",
        description="Tells the running window of the same user about a call; starts one when there is none."
        " The number may come in several words, URL-encoded or as a crmdesk:// address; no number at all"
        " means it was withheld.",
    )
    call.add_argument("number", nargs="*", metavar="NUMBER", help="the caller's number, as the phone has it")
    call.add_argument("--name", default="", help="the caller's name")
    call.add_argument("--to", default="", metavar="DNIS", help="the number that was dialled")
    call.add_argument("--event", default="", choices=("ringing", "answered", "ended"), help="else ringing")
    call.add_argument("--id", default="", dest="call_id", help="the soft phone's own id of the call")
    call.set_defaults(run=run_call)
    opened = subparsers.add_parser(
        "open",
        help="open a crmdesk:// address",
        description="Shows what a crmdesk:// address names: crmdesk://call?from=…, crmdesk://customer/…,"
        " crmdesk://complaint/… (id or number).",
    )
    opened.add_argument("address", metavar="URL")
    opened.set_defaults(run=run_open)


def _positive(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text)):
        import argparse

        raise argparse.ArgumentTypeError("a whole number from 1 upwards")
    return int(text)


def run_window(given: argparse.Namespace) -> int:
    """Show the window."""
    if not has_display():
        raise WorldFault(NO_WINDOW)
    code: int = given.screens.window(given.profile, given.address)
    return code


def run_demo(given: argparse.Namespace) -> int:
    """Show or play the demo."""
    if given.headless is not None:
        try:
            given.headless.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileFault("The folder {path} cannot be made.", path=given.headless) from error
    elif not has_display():
        raise WorldFault("There is no display here. `crmdesk demo --headless OUT` plays without one.")
    code: int = given.screens.demo(given.customers, given.calls, given.headless)
    return code


def run_call(given: argparse.Namespace) -> int:
    """Hand a call to the running window, or start one for it."""
    from urllib.parse import urlencode

    from crmdesk.services.telephony.hook import call_from_words
    from crmdesk.services.telephony.hook_server import send_to_running

    call = call_from_words(
        given.number, name=given.name, to=given.to, event=given.event, call_id=given.call_id
    )
    if send_to_running(_folder(given), call):
        return 0
    if call.event == "ended":
        # A call that is over pops nobody; no window is started for it.
        return 0
    facts = {"from": call.number or "", "name": call.name, "to": call.to, "event": call.event}
    facts |= {"id": call.external_id} if call.external_id else {}
    return _start_window(given, "crmdesk://call?" + urlencode(facts), NO_DISPLAY)


def run_open(given: argparse.Namespace) -> int:
    """Show an address in the running window, or start one for it."""
    from crmdesk.services.telephony.hook import NO_ADDRESS, call_from_address
    from crmdesk.services.telephony.hook_server import open_in_running, send_to_running

    if given.address.lower().startswith("crmdesk://call"):
        if send_to_running(_folder(given), call_from_address(given.address)):
            return 0
    elif not _ADDRESS.match(given.address):
        raise InvalidInput(NO_ADDRESS, address=given.address[:80])
    elif open_in_running(_folder(given), given.address):
        return 0
    return _start_window(given, given.address, NOT_OPEN)


def has_display() -> bool:
    """Whether a window can be shown here."""
    if sys.platform in ("win32", "darwin"):
        return True
    names = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return any(os.environ.get(name) for name in names)


def _folder(given: argparse.Namespace) -> Path:
    from crmdesk.cli.desks import folder

    return folder(given)


def _start_window(given: argparse.Namespace, address: str, no_display: str) -> int:
    """Start the window as a process of its own, which outlives this one."""
    import subprocess

    from crmdesk.services.profile import check_profile, is_profile

    path = _folder(given)
    if not has_display():
        raise WorldFault(no_display)
    if is_profile(path):
        # The window will be on its own: what it would refuse is refused here, where somebody reads it.
        check_profile(path)
    command = [*own_command(), "--profile", str(path), "window", "--address", address]
    nothing = subprocess.DEVNULL
    flags = CREATE_NO_WINDOW | DETACHED_PROCESS if sys.platform == "win32" else 0
    subprocess.Popen(
        command,
        stdin=nothing,
        stdout=nothing,
        stderr=nothing,
        creationflags=flags,
        start_new_session=sys.platform != "win32",
    )
    return 0


def own_command() -> list[str]:
    """Return the words that start this program again."""
    return [sys.executable] if getattr(sys, "frozen", False) else [sys.executable, "-m", "crmdesk"]
