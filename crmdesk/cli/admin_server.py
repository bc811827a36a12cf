"""`crmdesk admin server`: prepare, upgrade, check and tend the shared database."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from crmdesk.cli.passwords import KeyringOrNone

if TYPE_CHECKING:
    from crmdesk.models.text import Text
    from crmdesk.services.server.install import Report

DSN_HELP = (
    "address of the database, like postgresql://postgres@db.example/crmdesk?sslrootcert=ca.pem; without a"
    " password, which PGPASSFILE, PGPASSWORD, the keyring or standard input give"
)
Do = Callable[[argparse.Namespace], int]


def register(verbs: Any) -> None:
    """Add the commands to their group."""
    init = _command(verbs, "init", "make an empty database crmdesk's; again: set right what is not", run_init)
    init.add_argument("--test", action="store_true", help="a test database, joined by test profiles only")
    _command(verbs, "upgrade", "bring the database to this version of crmdesk", run_upgrade)
    _command(verbs, "check", "look whether the database is still as crmdesk made it", run_check)
    _command(verbs, "tick", "do what time made due; for cron", run_tick)
    _command(
        verbs,
        "after-restore",
        "make a restored backup fit to work with; run it while the logins of desks are closed",
        run_after_restore,
    )


def _command(verbs: Any, name: str, words: str, perform: Do) -> argparse.ArgumentParser:
    sentence = f"{words[0].upper()}{words[1:]}."
    command: argparse.ArgumentParser = verbs.add_parser(name, help=words, description=sentence)
    command.add_argument("dsn", metavar="DSN", help=DSN_HELP)
    command.add_argument(
        "--password-stdin",
        action="store_true",
        help="read the password from the first line of standard input",
    )
    command.add_argument("--json", action="store_true", help="one JSON object on standard output")
    command.set_defaults(run=perform)
    return command


def run_init(given: argparse.Namespace) -> int:
    """Prepare a database, and lay out the code tables of a house."""
    from crmdesk.services.server.connect import connect, parsed, worded_work
    from crmdesk.services.server.install import init
    from crmdesk.services.server.people import furnish

    word, secrets = _password(given), KeyringOrNone()
    report = init(given.dsn, test=given.test, password=word, secrets=secrets)
    told = parsed(given.dsn)
    with connect(given.dsn, password=word, secrets=secrets) as admin, worded_work(told):
        new = furnish(admin)
    more = (f"{new} rows of the code tables laid out.",) if new else ()
    return _tell(given, report, more)


def run_upgrade(given: argparse.Namespace) -> int:
    """Bring a database to this version, and lay out the lists of codes that are new with it."""
    from crmdesk.services.server.connect import connect, parsed, worded_work
    from crmdesk.services.server.install import upgrade
    from crmdesk.services.server.people import furnish_complaints

    word, secrets = _password(given), KeyringOrNone()
    report = upgrade(given.dsn, password=word, secrets=secrets)
    with connect(given.dsn, password=word, secrets=secrets) as admin, worded_work(parsed(given.dsn)):
        new = furnish_complaints(admin)
    return _tell(given, report, (f"{new} rows of the code tables laid out.",) if new else ())


def run_check(given: argparse.Namespace) -> int:
    """Say what is not as crmdesk made it; exit code 1 when anything is."""
    from crmdesk.services.server.check import check

    checked = check(given.dsn, password=_password(given), secrets=KeyringOrNone())
    findings = [*map(_words, checked.findings)]
    if given.json:
        print(json.dumps({"version": checked.version, "findings": findings}, ensure_ascii=False))
    else:
        print("\n".join(findings) or "Everything is as it should be.")
    return 1 if findings else 0


def run_tick(given: argparse.Namespace) -> int:
    """Do what is due."""
    from crmdesk.services.server.install import tick

    return _tell(given, tick(given.dsn, password=_password(given), secrets=KeyringOrNone()))


def run_after_restore(given: argparse.Namespace) -> int:
    """Make a restored backup fit to work with."""
    from crmdesk.services.server.install import after_restore

    return _tell(given, after_restore(given.dsn, password=_password(given), secrets=KeyringOrNone()))


def _password(given: argparse.Namespace) -> str | None:
    return sys.stdin.readline().rstrip("\r\n") or None if given.password_stdin else None


def _tell(given: argparse.Namespace, report: Report, more: tuple[str, ...] = ()) -> int:
    done, left = [*map(_words, report.done), *more], [*map(_words, report.left)]
    if given.json:
        print(json.dumps({"version": report.version, "done": done, "left": left}, ensure_ascii=False))
        return 0
    for line in done:
        print(line)
    for line in left:
        print(f"Left to do: {line}")
    return 0


def _words(text: Text) -> str:
    return text.in_words()
