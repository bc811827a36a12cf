"""``crmdesk telephony``: read recordings, watch the telephone system."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmdesk.services.telephony.ami import Event
    from crmdesk.services.telephony.ami_client import AmiSettings, LinkState
    from crmdesk.services.telephony.gateway import CallEvent
    from crmdesk.services.telephony.numbers import NumberParser, ParsedNumber


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the group to the command line."""
    group = subparsers.add_parser("telephony", help="read recorded calls, watch the telephone system")
    commands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    replayed = commands.add_parser(
        "replay",
        help="print the calls of recorded streams, one JSON line each",
        description="Reads what a telephone system sent (.ami: raw bytes, .jsonl: with times) and prints"
        " the calls it held. Several files are connections of one story, in order.",
    )
    replayed.add_argument("files", nargs="+", type=Path, metavar="FILE")
    replayed.add_argument(
        "--extension", action="append", metavar="EXT", help="keep what these extensions would see"
    )
    replayed.add_argument("--json", action="store_true", help="accepted; the output is JSON anyway")
    replayed.set_defaults(run=run_replay)
    watched = commands.add_parser(
        "monitor",
        help="show live what the telephone system sends",
        description="Connects and prints each message, how its number is understood and whom it fits."
        " The password comes from standard input or CRMDESK_TELEPHONY_SECRET, never from the command line.",
    )
    watched.add_argument("--host", default="127.0.0.1")
    watched.add_argument("--port", type=int, default=5038)
    watched.add_argument("--user", default="crmdesk")
    watched.add_argument("--password-stdin", action="store_true", help="read the password's line from input")
    watched.add_argument("--extension", action="append", metavar="EXT", default=[])
    watched.add_argument("--json", action="store_true", help="one JSON object a line")
    watched.set_defaults(run=run_monitor)


def run_replay(given: argparse.Namespace) -> int:
    """Print the calls of recordings. Raises `FileFault` for a file that is none."""
    from crmdesk.services.telephony.replay import replay

    for call in replay(given.files, given.extension):
        print(json.dumps(call.as_json(), ensure_ascii=False))
    return 0


def run_monitor(given: argparse.Namespace) -> int:
    """Watch until interrupted, until the password is refused, or until input ends the program."""
    from crmdesk.services.telephony.ami_client import AmiSettings
    from crmdesk.services.telephony.numbers import NumberParser

    secret = sys.stdin.readline().rstrip("\r\n") if given.password_stdin else ""
    secret = secret or os.environ.get("CRMDESK_TELEPHONY_SECRET", "")
    settings = AmiSettings(given.host, given.port, given.user, secret)
    return monitor(settings, given.extension, NumberParser(), None, as_json=given.json)


def monitor(
    settings: AmiSettings,
    extensions: list[str],
    numbers: NumberParser,
    match: Callable[[ParsedNumber], list[str]] | None,
    *,
    as_json: bool = False,
    stop: threading.Event | None = None,
) -> int:
    """Connect and print what comes until *stop* is set; return the exit code.

    Args:
        settings: where the telephone system is.
        extensions: whose calls are told; empty tells all.
        numbers: understands numbers.
        match: tells who a number may be, one line each with the reason; None leaves that out.
        as_json: print JSON objects instead of lines for people.
        stop: ends the watching.
    """
    from crmdesk.services.telephony.ami_gateway import AmiGateway

    ended = stop or threading.Event()
    refused: list[str] = []
    show = _JsonLines() if as_json else _PlainLines()

    def on_state(state: LinkState) -> None:
        show.state(state.state, state.in_words())
        if state.state == "refused":
            refused.append(state.in_words())
            ended.set()

    def on_raw(event: Event, told: tuple[CallEvent, ...]) -> None:
        show.raw(event)
        for call in told:
            parsed = numbers.parse(call.number)
            show.call(call, parsed, match(parsed) if match is not None else [])

    gateway = AmiGateway(settings, extensions, on_state, on_raw=on_raw)
    gateway.start(lambda _call: None)
    try:
        ended.wait()
    finally:
        gateway.stop()
    if refused:
        print(f"crmdesk: {refused[0]}", file=sys.stderr)
    return 1 if refused else 0


class _PlainLines:
    """What is seen, for people."""

    def state(self, state: str, sentence: str) -> None:
        print(f"-- {state} {sentence}".rstrip(), flush=True)

    def raw(self, event: Event) -> None:
        name = event.name or event.get("Response")
        keys = ("Channel", "ChannelState", "CallerIDNum", "ConnectedLineNum", "Exten", "Queue", "Cause")
        told = " ".join(f"{key}={event.get(key)}" for key in keys if key in event)
        print(f"   {name} {told}", flush=True)

    def call(self, call: CallEvent, parsed: ParsedNumber, matches: list[str]) -> None:
        what = type(call).__name__.removeprefix("Call").lower()
        number = f"{call.number or 'withheld'} = {parsed.e164 or '-'} ({parsed.kind})"
        print(f">> {call.extension} {what} {number} call {call.call_key}", flush=True)
        for line in matches:
            print(f"   fits {line}", flush=True)


class _JsonLines(_PlainLines):
    """What is seen, for programs."""

    def state(self, state: str, sentence: str) -> None:
        self._line({"state": state, "sentence": sentence})

    def raw(self, event: Event) -> None:
        self._line({"event": event.name or event.get("Response"), "fields": dict(event)})

    def call(self, call: CallEvent, parsed: ParsedNumber, matches: list[str]) -> None:
        what = type(call).__name__.removeprefix("Call").lower()
        number = {"raw": call.number, "e164": parsed.e164, "kind": parsed.kind, "region": parsed.region}
        told = {"call": what, "call_key": call.call_key, "extension": call.extension, "number": number}
        self._line({**told, "reason": call.reason, "matches": matches})

    def _line(self, values: dict[str, Any]) -> None:
        print(json.dumps(values, ensure_ascii=False), flush=True)
