"""`crmdesk profile`: making the folder of a desk, and bringing its lost key back."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from pathlib import Path


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the group to the command line."""
    group = subparsers.add_parser("profile", help="make the folder that holds a desk's store")
    commands = group.add_subparsers(title="commands", metavar="COMMAND", required=True)
    new = commands.add_parser(
        "new",
        help="make a profile",
        description="Makes the folder DIR with an empty encrypted store. Its key goes to the keyring, or to"
        " the file CRMDESK_KEY_FILE names. The recovery code is shown once: write it down.",
    )
    new.add_argument("directory", type=Path, metavar="DIR")
    new.add_argument("--test", action="store_true", help="a test profile, whose clock can be set")
    new.add_argument("--json", action="store_true", help="one JSON object on standard output")
    new.set_defaults(run=run_new)
    recover = commands.add_parser(
        "recover",
        help="bring a lost key back with the recovery code",
        description="Puts the key of the profile DIR back into the keyring, or into the file CRMDESK_KEY_FILE"
        " names. The recovery code is asked for, or read from the first line of standard input; never given"
        " here.",
    )
    recover.add_argument("directory", type=Path, metavar="DIR")
    recover.add_argument("--json", action="store_true", help="one JSON object on standard output")
    recover.set_defaults(run=run_recover)


def run_new(given: argparse.Namespace) -> int:
    """Make a profile and show its recovery code."""
    from crmdesk.services.profile import new_profile
    from crmdesk.services.starter import furnish

    first = new_profile(given.directory, test=given.test)
    with first.profile as profile:
        furnish(profile)
        told = {
            "profile": str(profile.path),
            "id": profile.id,
            "test": profile.test,
            "recovery_code": first.recovery_code,
        }
    if given.json:
        print(json.dumps(told, ensure_ascii=False))
        return 0
    kind = "test profile" if given.test else "profile"
    print(f"New {kind} at {told['profile']}.")
    print(f"Recovery code, shown only now: {first.recovery_code}")
    return 0


def run_recover(given: argparse.Namespace) -> int:
    """Make the key of a profile again from its recovery code."""
    from crmdesk.services.profile import read_identity, recover
    from crmdesk.services.store.keys import secrets_of

    identity = read_identity(given.directory)
    code = getpass.getpass("Recovery code: ") if sys.stdin.isatty() else sys.stdin.readline()
    recover(given.directory, code, secrets_of(os.environ))
    told = {"profile": str(given.directory), "id": identity.id}
    print(json.dumps(told, ensure_ascii=False) if given.json else f"The key of {given.directory} is back.")
    return 0
