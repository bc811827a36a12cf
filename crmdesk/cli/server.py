"""`crmdesk server`: put this desk on the database that desks share, and take it off again."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crmdesk.cli import passwords
from crmdesk.errors import CrmdeskError

if TYPE_CHECKING:
    from crmdesk.cli.desks import Client


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the group to the command line."""
    group = subparsers.add_parser("server", help="share one database with other desks")
    commands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _register_join(commands)
    left = commands.add_parser(
        "leave",
        help="work alone again",
        description="Sends what waits, then takes this desk off the shared database. Everything that is here"
        " stays here. What could not be sent is listed, and the desk stays on unless --keep-unsent is said.",
    )
    left.add_argument(
        "--keep-unsent", action="store_true", help="leave even so: what was not sent stays on this PC only"
    )
    left.add_argument("--json", action="store_true", help="one JSON object on standard output")
    left.set_defaults(run=run_leave)


def _register_join(commands: Any) -> None:
    joined = commands.add_parser(
        "join",
        help="put this desk on a shared database",
        description="Looks at everything first: whether the server can be reached and proves who it is, its"
        " version, and what this account may do. Only then this desk changes. The password goes to the"
        " keyring, or to the file CRMDESK_KEY_FILE names.",
    )
    joined.add_argument(
        "address",
        nargs="?",
        default="",
        metavar="DSN",
        help="postgresql://host:port/database, or host:port/database, without a password (default: IT's)",
    )
    joined.add_argument("--user", required=True, metavar="NAME", help="name of the account on the server")
    joined.add_argument(
        "--ca", type=Path, metavar="FILE", help="certificate of the authority that signed the server's"
    )
    data = joined.add_mutually_exclusive_group()
    data.add_argument("--adopt", action="store_true", help="take along what is on this PC")
    data.add_argument(
        "--fresh", action="store_true", help="begin with what the server has; a sealed copy stays on this PC"
    )
    joined.add_argument(
        "--dry-run", action="store_true", help="with --adopt: say what would go, and what may be there twice"
    )
    passwords.add_options(joined, file=True)
    joined.add_argument("--json", action="store_true", help="one JSON object on standard output")
    joined.set_defaults(run=run_join)


def run_join(given: argparse.Namespace) -> int:
    """Put this desk on a shared database, and fetch the first rows."""
    from crmdesk.cli.desks import client, folder
    from crmdesk.services.profile import read_identity

    path = folder(given)
    read_identity(path)
    wanted = {
        "address": given.address,
        "user": given.user,
        "password": passwords.password_of(given, f"Password of {given.user}"),
    }
    if given.ca is not None:
        wanted["ca"] = str(given.ca.absolute())
    if given.dry_run:
        return _rehearse(given, path, wanted)
    if given.adopt or given.fresh:
        wanted["data"] = "adopt" if given.adopt else "fresh"
    with client(path) as desk:
        told = desk.call("server.join", wanted)
        told |= _first_round(desk)
    _tell_joined(given, told)
    return 0


def _rehearse(given: argparse.Namespace, path: Path, wanted: dict[str, str]) -> int:
    """Say what taking along would do."""
    from crmdesk.cli.desks import client

    with client(path) as desk:
        told = desk.call("server.adoption", wanted)
    if given.json:
        print(json.dumps(told, ensure_ascii=False))
        return 0
    for part in told["tables"]:
        print(f"{part['table']}: {part['sent']} rows would go, {part['matched']} are there under another id")
    print(
        f"{told['duplicate_count']} may be there twice:" if told["duplicates"] else "Nothing is there twice."
    )
    for each in told["duplicates"]:
        print("  " + "  ".join((each["why"], each["value"], each["here"], each["there"])))
    return 0


def _first_round(desk: Client) -> dict[str, Any]:
    """Fetch the first rows; what stops that is told and made up for later, as the desk has joined."""
    try:
        return {"first": desk.call("sync.run", {}), "trouble": None}
    except CrmdeskError as trouble:
        return {"first": None, "trouble": str(trouble)}


def _tell_joined(given: argparse.Namespace, told: dict[str, Any]) -> None:
    if given.json:
        print(json.dumps(told, ensure_ascii=False))
        return
    print(f"This desk shares {told['server']} now, as {told['role']}; its tag is {told['tag']}.")
    if told["copy"]:
        print(f"What was here before lies sealed in {told['copy']}.")
    if loaded := told["loaded"]:
        print(f"{loaded['added']} rows went along; the server had {loaded['same']} already.")
        if loaded["refused"]:
            print(f"{loaded['refused']} rows were left out; they lie in the sealed copy:")
        for each in loaded["left_out"]:
            print(f"  {each['table']}  {each['id']}  {each['why']}")
    if told["operations"]:
        print(f"{told['operations']} changes go along.")
    if told["trouble"]:
        print(f"The first rows come later: {told['trouble']}")
    else:
        first = told["first"]
        print(f"{first['rows']} rows came, {first['sent']} changes were sent, {first['refused']} refused.")


def run_leave(given: argparse.Namespace) -> int:
    """Take this desk off the shared database."""
    from crmdesk.cli.desks import client, folder

    with client(folder(given)) as desk:
        waiting = desk.call("sync.pending", {})["items"]
        try:
            told = desk.call("server.leave", {"keep_unsent": given.keep_unsent})
        except CrmdeskError:
            _list(given, desk.call("sync.pending", {})["items"])
            raise
    if given.json:
        print(json.dumps(told, ensure_ascii=False))
        return 0
    print(f"This desk works alone now; {len(waiting) - len(told['unsent'])} changes were sent before.")
    _list(given, told["unsent"])
    return 0


def _list(given: argparse.Namespace, waiting: list[dict[str, Any]]) -> None:
    if waiting and not given.json:
        print("Not sent:")
        for line in waiting:
            print("  " + "  ".join(filter(None, (line["at"], line["what"], line["subject"], line["text"]))))
