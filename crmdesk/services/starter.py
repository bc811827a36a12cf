"""What a new desk begins with: how calls end, a team for call-backs, its agent, the codes of complaints.

Written as operations like everything else, with ids derived from their keys, so that doing it twice changes
nothing and another desk's starter rows are the same rows.
"""

from __future__ import annotations

import getpass
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from crmdesk.models.agent import save_code
from crmdesk.resources import resource

if TYPE_CHECKING:
    from crmdesk.services.profile import Profile
    from crmdesk.services.store.unit_of_work import UnitOfWork

NAMESPACE = UUID("5b3e4a5c-9d0e-5a3b-8c55-1f6f0d9b7e21")
TABLES: Mapping[str, str] = {"teams": "team", "dispositions": "disposition"}


def furnish(profile: Profile, login: str = "") -> None:
    """Give the new *profile* its code tables and its agent: *login*, or who is signed in at this computer.

    Raises:
        StoreFault: the store cannot be written.
    """
    who = login or profile.settings.text("agent") or _signed_in()
    store = profile.open_store()
    try:
        store.write(lay_out, who, profile.settings.text("extension")).result()
    finally:
        store.close()
    if who and not profile.settings.text("agent"):
        profile.change_settings("agent", {"agent": who})


def lay_out(work: UnitOfWork, login: str, extension: str) -> None:
    """Write the starter rows, and the agent *login* with his *extension* in the first team."""
    codes = json.loads(resource("starter", "codes.json").read_text(encoding="utf-8"))
    for group, table in TABLES.items():
        for position, values in enumerate(codes[group]):
            more = {"position": position} if table == "disposition" else {}
            _save(work, table, values["key"], {**values, **more})
    for table, values in complaint_codes():
        _save(work, table, values["key"], values)
    if login:
        team = starter_id("team", codes["teams"][0]["key"])
        names = {"login": login, "name_en": login, "name_zh": login}
        _save(work, "agent", login, {**names, "extension": extension, "team_id": str(team)})
    work.commit()


def complaint_codes() -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield table and values of each category of complaints and each cause. Reads the disk."""
    from crmdesk.services.complaints.categories import starter_categories, starter_causes

    for position, category in enumerate(starter_categories()):
        values = asdict(category)
        yield "complaint_category", {**_without(values, "words", "weak"), "position": position}
    for position, cause in enumerate(starter_causes()):
        yield "cause", {**asdict(cause), "position": position}


def complete(work: UnitOfWork) -> None:
    """Give a desk of its own that an older crmdesk made the codes of complaints, if it has none yet."""
    from crmdesk.services.sync.outbox import is_shared

    known = work.connection.execute("SELECT EXISTS (SELECT 1 FROM complaint_category)").fetchone()[0]
    if known or is_shared(work.connection):
        return
    for table, values in complaint_codes():
        _save(work, table, values["key"], values)
    work.commit()


def _without(values: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in names}


def _save(work: UnitOfWork, table: str, key: str, values: Mapping[str, Any]) -> None:
    row_id = starter_id(table, key)
    if work.row(table, row_id) is None:
        work.do(save_code(work.author, table, {"id": str(row_id), **values}))


def starter_id(table: str, key: str) -> UUID:
    """Return the id of a row that every house begins with, the same on every desk and server."""
    return uuid5(NAMESPACE, f"{table}/{key}")


def _signed_in() -> str:
    """Return who is signed in at this computer, empty when nobody can tell."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
