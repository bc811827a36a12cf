"""`crmdesk backup` and `crmdesk restore`: the whole profile in one sealed file."""

from __future__ import annotations

import argparse
import getpass
import json
import os
import sys
from pathlib import Path

from crmdesk.errors import FileFault, InvalidInput

OFF = "off"
ASKED = "The passphrase is asked for, or read from the first line of standard input; never given here."


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the commands to the command line."""
    saved = subparsers.add_parser(
        "backup",
        help="the whole profile into one file under a passphrase",
        description=f"Writes store, drafts, settings and attachments into FILE, sealed by a passphrase."
        f" Works while the window is open. With --nightly a backup is written into FOLDER now, and every day"
        f" from then on while the window is open, under the same passphrase. {ASKED}",
    )
    where = saved.add_mutually_exclusive_group(required=True)
    where.add_argument("file", type=Path, nargs="?", metavar="FILE")
    where.add_argument("--nightly", metavar="FOLDER|off", help="one every day into this folder; off: no more")
    saved.add_argument("--keep", type=int, metavar="N", help="how many nightly backups stay (7)")
    saved.set_defaults(run=run_backup)
    restored = subparsers.add_parser(
        "restore",
        help="a profile from such a file",
        description=f"Makes the profile (--profile DIR, which must be new or empty) from FILE. {ASKED}",
    )
    restored.add_argument("file", type=Path, metavar="FILE")
    restored.set_defaults(run=run_restore)
    for command in (saved, restored):
        command.add_argument("--passphrase-file", type=Path, metavar="F", help="read it from this file")
        command.add_argument("--json", action="store_true", help="one JSON object on standard output")


def run_backup(given: argparse.Namespace) -> int:
    """Write a backup."""
    from crmdesk.cli.desks import client, folder

    if given.nightly is not None:
        return _run_nightly(given)
    if given.keep is not None:
        raise InvalidInput("--keep belongs to --nightly.", fields=("keep",))
    file = given.file.absolute()
    passphrase = _passphrase(given, twice=True)
    with client(folder(given)) as desk:
        told = desk.call("profile.backup", {"file": str(file), "passphrase": passphrase})
    print(json.dumps(told, ensure_ascii=False) if given.json else f"Backup in {told['file']}.")
    return 0


def _run_nightly(given: argparse.Namespace) -> int:
    from crmdesk.cli.desks import client, folder

    wanted: dict[str, object] = {"folder": None}
    if given.nightly != OFF:
        wanted = {"folder": str(Path(given.nightly).absolute()), "passphrase": _passphrase(given, twice=True)}
        wanted |= {} if given.keep is None else {"keep": given.keep}
    with client(folder(given)) as desk:
        told = desk.call("profile.nightly", wanted)
    if given.json:
        print(json.dumps(told, ensure_ascii=False))
    elif told["file"] is None:
        print("The nightly backup is off.")
    else:
        print(f"The nightly backup is on. The first one is in {told['file']}.")
    return 0


def run_restore(given: argparse.Namespace) -> int:
    """Make a profile from a backup."""
    from crmdesk.cli.desks import folder
    from crmdesk.services.store.backup import restore
    from crmdesk.services.store.keys import secrets_of

    path = folder(given)
    restore(given.file, _passphrase(given, twice=False), path, secrets_of(os.environ))
    told = {"profile": str(path)}
    print(json.dumps(told, ensure_ascii=False) if given.json else f"Profile restored at {path}.")
    return 0


def _passphrase(given: argparse.Namespace, *, twice: bool) -> str:
    """Return the passphrase from the file named, from a person, or from standard input."""
    if given.passphrase_file is not None:
        try:
            return str(given.passphrase_file.read_text(encoding="utf-8").rstrip("\r\n"))
        except (OSError, UnicodeDecodeError) as error:
            raise FileFault("The file {path} cannot be read.", path=given.passphrase_file) from error
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Passphrase: ")
    if twice and getpass.getpass("Once more: ") != first:
        raise InvalidInput("The two passphrases differ. Try again.", fields=("passphrase",))
    return first
