"""`crmdesk admin views`: who opened whose record."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING
from uuid import UUID

if TYPE_CHECKING:
    from crmdesk.services.server.people import Admin

VIEWS = (
    "Tells who opened whose record, newest first, by the clocks of the desks. An auditor and an administrator"
    " see everybody's views, a supervisor those of the people in his teams. Desks tell the server in batches"
    " behind everything else; how long views are kept is the policy viewed_days of the database."
)


def add_options(command: argparse.ArgumentParser) -> None:
    """Add what `views` takes besides the server."""
    command.description = VIEWS
    command.add_argument("--customer", type=_id, metavar="ID", help="only this customer's record")
    command.add_argument("--user", metavar="NAME", help="only what this person opened")
    command.add_argument("--days", type=int, metavar="N", help="only the last N days")
    command.add_argument("--limit", type=int, default=100, metavar="N", help="at most so many (100)")


def list_views(given: argparse.Namespace, admin: Admin) -> int:
    """Tell who opened whose record."""
    from datetime import UTC, datetime, timedelta

    from crmdesk.cli.admin import as_json
    from crmdesk.services.server.viewed import views

    since = None if given.days is None else datetime.now(UTC) - timedelta(days=given.days)
    found = views(admin, customer_id=given.customer, login=given.user, since=since, limit=given.limit)
    if given.json:
        print(json.dumps({"views": [as_json(each) for each in found]}, ensure_ascii=False))
        return 0
    for each in found:
        at = each.at.astimezone(UTC)
        who = f"{each.login} at {each.desk}" if each.desk else each.login
        name = each.name or "(erased)"
        print(f"{at:%Y-%m-%d %H:%M} UTC  {who}  {name}  {each.why}  {each.customer_id}")
    return 0


def _id(word: str) -> UUID:
    try:
        return UUID(word)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{word} is no id") from error
