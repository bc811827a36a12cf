"""`crmdesk admin erase` and `erasures`: taking a person out of everything, and which desks still have to."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import InvalidInput

if TYPE_CHECKING:
    from crmdesk.services.server.erasing import Gone
    from crmdesk.services.server.people import Admin

ERASE = (
    "Erases a customer: his record, numbers, cars, visits, notes and tasks, their values in the audit, files"
    " and answers. Calls stay as figures, without number and name. Every desk does the same at its next"
    " contact, writes its store and its nightly backups anew and gives its word. One of his numbers is asked"
    " for again, or read from the first line of standard input. What others wrote about him in their own"
    " records, backups of the server and files that people saved are not reached: see docs/it.md."
)
LEFT = (
    "Backups of the server from before still hold him: see docs/it.md for what to do with them, and when one"
    " is restored."
)


def add_options(command: argparse.ArgumentParser) -> None:
    """Add what `erase` takes besides the customer's id and the server."""
    command.description = ERASE
    command.add_argument("--dry-run", action="store_true", help="say what would go, change nothing")
    command.add_argument("--reason", default="", metavar="TEXT", help="why; kept with his id")
    command.add_argument("--here", action="store_true", help="at this desk, which shares no server")


def erase(given: argparse.Namespace, admin: Admin) -> int:
    """Erase somebody at the server, or say what would go."""
    from crmdesk.services.server import erasing

    customer = customer_of(given.id)
    if given.dry_run:
        return _tell(given, erasing.foreseen(admin, customer), done=False)
    _refuse_without_reason(given)
    return _tell(given, erasing.erase(admin, customer, _typed_again(), given.reason), done=True)


def erase_here(given: argparse.Namespace) -> int:
    """Erase somebody at this desk, or say what would go."""
    from crmdesk.cli.desks import client, folder

    wanted: dict[str, Any] = {"id": str(customer_of(given.id)), "dry_run": given.dry_run}
    if not given.dry_run:
        _refuse_without_reason(given)
        wanted |= {"number": _typed_again(), "reason": given.reason}
    with client(folder(given)) as desk:
        told = desk.call("customer.erase", wanted)
    if given.json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        rows = {each["table"]: each["count"] for each in told["rows"]}
        _tell_rows({**rows, "traces": told["traces"]}, done=told["erased"])
        if told["erased"]:
            print(
                "No byte of it is left here."
                if told["clean"]
                else f"Some bytes stay for now: {told['trouble']}"
            )
    return 0 if told["clean"] or given.dry_run else 1


def tell_erasures(given: argparse.Namespace, admin: Admin) -> int:
    """Tell all erasures with the desks that owe their word."""
    from crmdesk.cli.admin import as_json
    from crmdesk.services.server.erasing import erasures

    found = erasures(admin)
    if given.json:
        print(json.dumps({"erasures": [as_json(each) for each in found]}, ensure_ascii=False))
        return 0
    for each in found:
        left = f"waits for {', '.join(each.open_tags)}" if each.open_tags else "confirmed by all desks"
        print(f"{each.at:%Y-%m-%d %H:%M} UTC  {each.customer_id}  {each.login}  {each.reason}  {left}")
    return 0


def customer_of(word: str) -> UUID:
    """Return the customer's id, given as such or as the deep link that the window copies.

    Raises:
        InvalidInput: it is none.
    """
    try:
        return UUID(word.removeprefix("crmdesk://customer/").rstrip("/"))
    except ValueError:
        raise InvalidInput(
            "{id} is no customer's id. The window copies it: crmdesk://customer/…", fields=("id",), id=word
        ) from None


def _refuse_without_reason(given: argparse.Namespace) -> None:
    if not given.reason.strip():
        raise InvalidInput(
            "Say why with --reason; it is kept with the id of who was erased.", fields=("reason",)
        )


def _typed_again() -> str:
    if sys.stdin.isatty():
        return input("This cannot be taken back. Type one of his numbers again: ")
    return sys.stdin.readline().rstrip("\r\n")


def _tell(given: argparse.Namespace, gone: Gone, *, done: bool) -> int:
    if given.json:
        told = {
            "erasure": str(gone.erasure) if done else None,
            "rows": dict(gone.tables),
            "desks": gone.desks,
        }
        print(json.dumps({"erased": done, **told}, ensure_ascii=False))
        return 0
    _tell_rows(gone.tables, done=done)
    if done:
        print(f"{gone.desks} desks do the same at their next contact. See: crmdesk admin erasures.")
        print(LEFT)
    else:
        print(f"{gone.desks} desks would do the same.")
    return 0


def _tell_rows(rows: Mapping[str, int], *, done: bool) -> None:
    counted = ", ".join(f"{count} {name.replace('_', ' ')}" for name, count in rows.items() if count)
    print(f"{'Erased' if done else 'Would erase'}: {counted or 'nothing'}.")
