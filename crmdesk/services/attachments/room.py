"""Room for contents: those that the server has, too, go again, and files that are nobody's.

A content that only this desk has never goes by itself.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.services.attachments.filing import known_files
from crmdesk.services.attachments.keys import forget_keys
from crmdesk.services.attachments.orphans import forget_orphans
from crmdesk.services.sync.outbox import is_shared

if TYPE_CHECKING:
    from crmdesk.services.profile import Profile
    from crmdesk.services.store.connection import Connection
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork

_log = logging.getLogger("crmdesk.store")


def make_room(store: Store, profile: Profile) -> int:
    """Let go of contents that the server has, too, beyond the room they have; return how many went.

    Those not looked at for longest go first.
    """
    limit = profile.settings.number("attachments_cache_mb") << 20
    gone = store.read(surplus, limit).result()
    if gone:
        store.write(let_go, gone, initiator="sync").result()
        for file_id in gone:
            profile.cabinet.drop(file_id)
        _log.info("let %s contents of files go that the server has, too", len(gone))
    return len(gone)


def surplus(connection: Connection, limit: int) -> tuple[UUID, ...]:
    """Return the contents at the server, too, that have no room within *limit* bytes."""
    found = connection.execute(
        "SELECT id FROM (SELECT id, sum(size) OVER (ORDER BY used_at DESC, id) AS together"
        " FROM attachment_file WHERE state = 'there') WHERE together > ?",
        (limit,),
    ).fetchall()
    return tuple(UUID(bytes=key) for (key,) in found)


def let_go(work: UnitOfWork, gone: tuple[UUID, ...]) -> None:
    """Forget the keys of contents that the server has, too."""
    for file_id in gone:
        work.connection.execute(
            "DELETE FROM attachment_file WHERE id = ? AND state = 'there'", (file_id.bytes,)
        )
        work.touch("attachment", file_id)
    work.commit()


def sweep(store: Store, profile: Profile) -> int:
    """Take away the files that nobody knows any more; return how many."""
    store.write(_forget_unknown).result()
    forget_orphans(store, profile)
    gone = profile.cabinet.sweep(lambda: store.read(known_files).result())
    if gone:
        _log.info("took away %s files that belong to nothing", gone)
    return gone


def _forget_unknown(work: UnitOfWork) -> None:
    """Forget keys that are nobody's, unless the rows are still to come from the server."""
    connection = work.connection
    begun = connection.execute("SELECT 1 FROM sync WHERE name = 'cursor'").fetchone()
    if begun or not is_shared(connection):
        forget_keys(connection)
        work.commit()
