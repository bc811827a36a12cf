"""``crmdesk telephony``: read recordings, watch the telephone system."""

from __future__ import annotations

import argparse
import json
import os
import queue
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crmdesk.services.telephony.ami import Event
    from crmdesk.services.telephony.ami_client import AmiSettings
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
        description="Connects with the telephony settings of the profile and prints each message, how its"
        " number is understood and whom it fits. With --host it needs no profile and matches nobody; the"
        " password then comes from standard input or CRMDESK_TELEPHONY_SECRET.",
    )
    watched.add_argument("--host", help="another telephone system than the profile's")
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
    """Watch until interrupted or until the password is refused.

    Raises:
        StoreFault: without ``--host``, there is no profile or it cannot be opened.
    """
    from crmdesk.services.telephony.ami_client import AmiSettings
    from crmdesk.services.telephony.numbers import NumberParser

    if given.host is None:
        return _monitor_profile(given)
    settings = AmiSettings(given.host, given.port, given.user, _given_secret(given))
    return monitor(settings, given.extension, NumberParser(), None, as_json=given.json)


def _given_secret(given: argparse.Namespace) -> str:
    secret = sys.stdin.readline().rstrip("\r\n") if given.password_stdin else ""
    return secret or os.environ.get("CRMDESK_TELEPHONY_SECRET", "")


def _monitor_profile(given: argparse.Namespace) -> int:
    from crmdesk.cli.desks import client, folder
    from crmdesk.services.profile import Layout, read_identity
    from crmdesk.services.store.keys import secrets_of
    from crmdesk.services.telephony.numbers import NumberParser
    from crmdesk.services.telephony.site import SECRET_NAME, ami_settings, site_rules
    from crmdesk.settings import policy_path, read_policy, read_settings

    path = folder(given)
    identity = read_identity(path)
    kept = Layout(path).settings
    held = kept.read_bytes() if kept.exists() else None
    settings = read_settings(held, read_policy(policy_path()))
    secret = _given_secret(given) or secrets_of(os.environ).get(identity.id, SECRET_NAME) or ""
    with client(path) as desk:

        def match(number: ParsedNumber) -> list[str]:
            found = desk.call("customer.lookup", {"number": number.raw or ""})
            return [_match_line(fitting) for fitting in found["matches"]]

        numbers = NumberParser(site_rules(settings))
        source = ami_settings(settings, secret)
        return monitor(source, given.extension, numbers, match, as_json=given.json)


def _match_line(fitting: dict[str, Any]) -> str:
    reasons = "; ".join(str(reason) for reason in fitting["reasons"])
    return f"{fitting['name']} ({fitting['confidence']:.2f}): {reasons}"


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
        match: tells who a number may be, one line each with the reason; called on this thread; None: nobody.
        as_json: print JSON objects instead of lines for people.
        stop: ends the watching.
    """
    from crmdesk.services.telephony.ami_client import LinkState
    from crmdesk.services.telephony.ami_gateway import AmiGateway

    show = _JsonLines() if as_json else _PlainLines()
    came: queue.SimpleQueue[LinkState | tuple[Event, tuple[CallEvent, ...]]] = queue.SimpleQueue()
    gateway = AmiGateway(settings, extensions, came.put, on_raw=lambda event, told: came.put((event, told)))
    gateway.start(lambda _call: None)
    try:
        while stop is None or not stop.is_set():
            item = came.get()
            if isinstance(item, LinkState):
                show.state(item.state, item.in_words())
                if item.state == "refused":
                    print(f"crmdesk: {item.in_words()}", file=sys.stderr)
                    return 1
                continue
            show.raw(item[0])
            for call in item[1]:
                parsed = numbers.parse(call.number)
                show.call(call, parsed, match(parsed) if match is not None else [])
    finally:
        gateway.stop()
    return 0


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
