"""`crmdesk admin`: what IT does at the shared database. None of it opens or makes a profile."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from crmdesk.cli import admin_erase, admin_server, admin_views, passwords
from crmdesk.errors import Denied, InvalidInput, ServerUnfit

if TYPE_CHECKING:
    from crmdesk.services.server.people import Admin, Person

SERVER_VARIABLE = "CRMDESK_SERVER"
DSN_HELP = (
    "address of the database, like postgresql://postgres@db.example/crmdesk?sslrootcert=ca.pem; without a"
    " password, which PGPASSFILE, PGPASSWORD or the keyring give"
)
ROLES = ("agent", "supervisor", "administrator", "auditor")

Do = Callable[[argparse.Namespace, "Admin"], int]


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the group to the command line."""
    admin = subparsers.add_parser(
        "admin",
        help="IT's tools for the shared database",
        description="Prepares and looks after the PostgreSQL that desks share, and says who may use it.",
    )
    groups = admin.add_subparsers(title="groups", metavar="GROUP", required=True)
    admin_server.register(_group(groups, "server", "prepare, upgrade and check the database"))
    _register_users(_group(groups, "user", "who may use it"))
    _register_teams(_group(groups, "team", "the teams of the house"))
    _register_devices(_group(groups, "device", "the desks that share it"))
    _register_erasing(groups)
    admin_views.add_options(_command(groups, "views", "tell who opened whose record", admin_views.list_views))


Verbs = Any
"""Sub-commands of one group, as argparse keeps them."""


def _group(groups: Verbs, name: str, words: str) -> Verbs:
    group = groups.add_parser(name, help=words)
    return group.add_subparsers(title="commands", metavar="COMMAND", required=True)


def _command(verbs: Verbs, name: str, words: str, perform: Do, *named: str) -> argparse.ArgumentParser:
    """Add a command that works on the server; *named* are its words before the server's address."""
    command: argparse.ArgumentParser = verbs.add_parser(
        name, help=words, description=f"{words[0].upper()}{words[1:]}."
    )
    for word in named:
        command.add_argument(word)
    command.add_argument("address", nargs="?", default="", metavar="DSN", help=DSN_HELP)
    command.add_argument("--server", default="", metavar="DSN", help=f"the same (default: {SERVER_VARIABLE})")
    command.add_argument("--json", action="store_true", help="one JSON object on standard output")
    command.set_defaults(run=lambda given: _run(given, perform, named))
    return command


def _register_users(verbs: Verbs) -> None:
    add = _command(verbs, "add", "let somebody in, or in again", _add_user, "name")
    add.add_argument("--role", choices=ROLES, default="agent")
    add.add_argument(
        "--team", action="append", required=True, metavar="T", help="key of a team; may be given repeatedly"
    )
    add.add_argument("--limit", type=_money, metavar="200", help="what this person may grant without asking")
    add.add_argument("--full-name", default="", metavar="TEXT", help="the name desks show (default: NAME)")
    passwords.add_options(add)
    _command(verbs, "disable", "shut somebody out at once; what he wrote stays", _disable_user, "name")
    role = _command(verbs, "role", "give somebody another role", _change_role, "name", "role")
    role.add_argument("--limit", type=_money, metavar="200", help="what this person may grant without asking")
    password = _command(verbs, "password", "give somebody another password", _change_password, "name")
    passwords.add_options(password)
    _command(verbs, "list", "tell everybody the server knows", _list_users)


def _register_teams(verbs: Verbs) -> None:
    add = _command(verbs, "add", "make a team, or change its names and queue", _add_team, "key")
    add.add_argument("--name-en", default="", metavar="TEXT")
    add.add_argument("--name-zh", default="", metavar="TEXT")
    add.add_argument("--queue", default="", metavar="Q", help="queue of the telephone system that is theirs")
    _command(verbs, "list", "tell all teams", _list_teams)


def _register_devices(verbs: Verbs) -> None:
    _command(verbs, "list", "tell all desks that ever joined", _list_devices)
    _command(
        verbs,
        "forget",
        "let a lost desk destroy its key and files at its next contact",
        _forget_device,
        "name",
    )


def _register_erasing(groups: Verbs) -> None:
    erase = _command(groups, "erase", "take a person out of everything", admin_erase.erase, "id")
    admin_erase.add_options(erase)
    _command(groups, "erasures", "tell who was erased, and which desks have not", admin_erase.tell_erasures)


def _run(given: argparse.Namespace, perform: Do, named: Iterable[str]) -> int:
    first = next(iter(named), "")
    if first and given.address and _is_address(getattr(given, first)):
        swapped = given.address
        given.address = getattr(given, first)
        setattr(given, first, swapped)
    if getattr(given, "here", False):
        return admin_erase.erase_here(given)
    with administering(given.server or given.address) as admin:
        return perform(given, admin)


def _is_address(word: str) -> bool:
    return word.startswith(("postgresql://", "postgres://"))


@contextmanager
def administering(dsn: str) -> Iterator[Admin]:
    """Give a connection to the database of crmdesk at *dsn* (empty: CRMDESK_SERVER), for the block.

    Raises:
        InvalidInput: no server is named, or its address carries a password.
        ServerFault: it cannot be reached or used, or its database is not crmdesk's.
    """
    from crmdesk.services.server.connect import connect, parsed, worded_work

    wanted = dsn or os.environ.get(SERVER_VARIABLE, "")
    if not wanted:
        raise InvalidInput(
            "Which server? Give its address, or set {variable}.", fields=("server",), variable=SERVER_VARIABLE
        )
    told = parsed(wanted)
    with connect(wanted, secrets=passwords.KeyringOrNone()) as admin, worded_work(told), _own_words():
        _refuse_foreign(admin, told)
        yield admin


@contextmanager
def _own_words() -> Iterator[None]:
    """Pass on what crmdesk's own functions at the server refuse, in their words."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        if not (error.sqlstate or "").startswith("CR"):
            raise
        raise Denied("{message}", message=error.diag.message_primary) from error


def _refuse_foreign(admin: Admin, told: dict[str, str]) -> None:
    known = admin.execute(
        "SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'crm' AND c.relname = 'person'"
    ).fetchone()
    if known is None:
        raise ServerUnfit(
            "The database {database} is not prepared for crmdesk. Run: crmdesk admin server init DSN.",
            database=told.get("dbname", ""),
        )


def _add_user(given: argparse.Namespace, admin: Admin) -> int:
    from crmdesk.services.server.people import NewPerson, add_person

    word = passwords.password_of(given, f"Password for {given.name}", twice=True)
    new = NewPerson(given.name, word, given.role, tuple(given.team), given.limit, given.full_name)
    return _tell_person(given, add_person(admin, new), "may use the database now")


def _disable_user(given: argparse.Namespace, admin: Admin) -> int:
    from crmdesk.services.server.people import disable_person

    return _tell_person(given, disable_person(admin, given.name), "is shut out now")


def _change_role(given: argparse.Namespace, admin: Admin) -> int:
    from crmdesk.services.server.people import change_role

    return _tell_person(given, change_role(admin, given.name, given.role, given.limit), "has that role now")


def _change_password(given: argparse.Namespace, admin: Admin) -> int:
    from crmdesk.services.server.people import change_password

    word = passwords.password_of(given, f"New password for {given.name}", twice=True)
    return _tell_person(given, change_password(admin, given.name, word), "has a new password now")


def _tell_person(given: argparse.Namespace, person: Person, what: str) -> int:
    if given.json:
        _print({"user": as_json(person)})
    else:
        print(f"{person.login} ({person.role}, {', '.join(person.teams)}) {what}.")
    return 0


def _list_users(given: argparse.Namespace, admin: Admin) -> int:
    from crmdesk.services.server.people import persons

    found = persons(admin)
    if given.json:
        _print({"users": [as_json(each) for each in found]})
        return 0
    for each in found:
        limit = "" if each.limit is None else f"  up to {each.limit}"
        state = "" if each.active else "  shut out"
        print(f"{each.login}  {each.role}  {', '.join(each.teams)}{limit}{state}")
    return 0


def _add_team(given: argparse.Namespace, admin: Admin) -> int:
    from crmdesk.services.server.people import add_team

    team = add_team(admin, given.key, name_en=given.name_en, name_zh=given.name_zh, queue=given.queue)
    if given.json:
        _print({"team": as_json(team)})
    else:
        print(f"There is a team {team.key} ({team.name_en}, {team.name_zh}).")
    return 0


def _list_teams(given: argparse.Namespace, admin: Admin) -> int:
    from crmdesk.services.server.people import teams

    found = teams(admin)
    if given.json:
        _print({"teams": [as_json(each) for each in found]})
        return 0
    for each in found:
        print("  ".join(filter(None, (each.key, each.name_en, each.name_zh, each.queue))))
    return 0


def _list_devices(given: argparse.Namespace, admin: Admin) -> int:
    from crmdesk.services.server.devices import devices

    found = devices(admin)
    if given.json:
        _print({"devices": [as_json(each) for each in found]})
        return 0
    for each in found:
        seen = "never seen" if each.seen_at is None else f"seen {each.seen_at:%Y-%m-%d %H:%M} UTC"
        print(f"{each.tag}  {each.login}  {each.name}  {each.state}  {seen}  {each.id}")
    return 0


def _forget_device(given: argparse.Namespace, admin: Admin) -> int:
    from crmdesk.services.server.devices import forget_device

    device = forget_device(admin, given.name)
    if given.json:
        _print({"device": as_json(device)})
    elif device.state == "confirmed":
        print(f"The desk {device.tag} of {device.login} has destroyed its key and files.")
    else:
        print(
            f"The desk {device.tag} of {device.login} is forgotten. At its next contact it destroys its key"
            " and files, and says so; until then its keyring and the encryption of its disk protect it."
        )
    return 0


def as_json(line: Any) -> dict[str, Any]:
    """Return a dataclass of the server as JSON values."""
    from crmdesk.models.wire import to_json

    told = {name: str(value) if isinstance(value, Decimal) else value for name, value in asdict(line).items()}
    held: dict[str, Any] = to_json(told)
    return held


def _print(told: dict[str, Any]) -> None:
    print(json.dumps(told, ensure_ascii=False))


def _money(word: str) -> Decimal:
    try:
        amount = Decimal(word)
    except InvalidOperation as error:
        raise argparse.ArgumentTypeError(f"{word} is no amount") from error
    if not amount.is_finite():
        raise argparse.ArgumentTypeError(f"{word} is no amount")
    return amount
