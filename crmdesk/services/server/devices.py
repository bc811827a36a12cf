"""The desks that share a database: which there are, and forgetting one that was lost or stolen.

A forgotten desk is told so at its next contact: it destroys its key, then its files, and confirms. A desk
that never connects again is protected by its keyring and the encryption of its disk alone.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.services.server.people import end_sessions
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.server.people import Admin


@dataclass(frozen=True, slots=True)
class Device:
    """A desk: ``tag`` stands in the numbers it gives out, ``state`` is active, forgotten or confirmed.

    ``last_n`` is the number of the last operation taken from it; ``seen_at`` UTC, None: never.
    """

    id: UUID
    tag: str
    login: str
    name: str
    state: str
    last_n: int
    seen_at: datetime | None


def devices(admin: Admin) -> tuple[Device, ...]:
    """Return all desks that ever joined, by tag."""
    rows = admin.execute(
        "SELECT id, tag, login::text, name, state, last_n, seen_at FROM crm.device ORDER BY tag, id"
    ).fetchall()
    return tuple(Device(*row) for row in rows)


def forget_device(admin: Admin, named: str) -> Device:
    """Mark the desk with the tag or id *named* as forgotten, and end its person's sessions.

    Its person may go on at other desks. Marking it again changes nothing.

    Raises:
        NotFound: there is no such desk.
        InvalidInput: *named* fits several.
    """
    found = [each for each in devices(admin) if named.casefold() in (each.tag.casefold(), str(each.id))]
    if not found:
        raise NotFound("There is no desk {name}. `crmdesk admin device list` tells them.", name=named)
    if len(found) > 1:
        raise InvalidInput("{name} fits several desks. Give the id.", fields=("name",), name=named)
    held = found[0]
    admin.execute("SELECT crm.forget_device(%s)", (held.id,))
    end_sessions(admin, held.login)
    return next(each for each in devices(admin) if each.id == held.id)
