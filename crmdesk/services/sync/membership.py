"""Which database this desk shares, and as whom: what the server said last."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from crmdesk.errors import FileFault
from crmdesk.models.sync_views import Membership
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.files import write_whole
from crmdesk.services.sync import replica
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.sharing import server_of


def membership(connection: Connection) -> Membership | None:
    """Return where this desk belongs, None while it works alone."""
    held = server_of(connection)
    if held is None:
        return None
    address, scope = ServerAddress.from_values(held), replica.read_place(connection).scope
    return Membership(
        server=f"{address.host}:{address.port}/{address.dbname}",
        user=address.user,
        role=str(scope.get("role") or ""),
        teams=_teams(connection, [UUID(each) for each in scope.get("teams") or ()]),
        ca_file=address.ca,
    )


def _teams(connection: Connection, ids: list[UUID]) -> tuple[tuple[str, str], ...]:
    marks = ", ".join("?" * len(ids))
    found = connection.execute(
        f"SELECT name_en, name_zh FROM team WHERE id IN ({marks}) ORDER BY key", [each.bytes for each in ids]
    ).fetchall()
    return tuple((str(english), str(chinese)) for english, chinese in found)


def keep_text(path: Path, text: str) -> None:
    """Write *text* into the file *path*, readable by its owner only.

    Raises:
        FileFault: it cannot be written; what was there is as it was.
    """
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise FileFault("The file {path} cannot be written. Choose another folder.", path=path) from error
