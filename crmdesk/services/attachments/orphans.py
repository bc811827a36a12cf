"""Files held for a form that is no more: a crash came between keeping one and naming it in the draft.

Nobody can reach such a file, so it goes. Which drafts there are is read from their own file, beside whoever
writes it; what this program itself holds it leaves alone, whether its draft is on the disk yet or not.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from contextlib import closing
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.errors import StoreFault
from crmdesk.services.attachments.keys import HELD
from crmdesk.services.store.connection import DATABASE_ERRORS, open_connection
from crmdesk.services.store.drafts import SET_ASIDE, drafts_key

if TYPE_CHECKING:
    from crmdesk.services.profile import Profile
    from crmdesk.services.store.connection import Connection
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork

_log = logging.getLogger("crmdesk.store")


def forget_orphans(store: Store, profile: Profile) -> int:
    """Forget the keys of held files that no draft names; return how many."""
    held = frozenset(store.read(held_files).result())
    # In this order: whoever is holding one just now says so before its key is written.
    strange = held - profile.cabinet.held_here
    gone = strange - named_in_drafts(profile, strange) if strange else strange
    if gone:
        store.write(forget_held, gone).result()
        _log.info("forgot %s files that were held for no form", len(gone))
    return len(gone)


def held_files(connection: Connection) -> tuple[UUID, ...]:
    """Return the files that wait for their record."""
    found = connection.execute("SELECT id FROM attachment_file WHERE state = ?", (HELD,)).fetchall()
    return tuple(UUID(bytes=key) for (key,) in found)


def named_in_drafts(profile: Profile, files: Collection[UUID]) -> frozenset[UUID]:
    """Return those of *files* that some draft names; all of them while drafts cannot be read or lie aside."""
    path = profile.drafts_path
    if any(path.parent.glob(f"{path.name}.{SET_ASIDE}-*")):
        return frozenset(files)
    if not path.exists():
        return frozenset()
    try:
        with closing(open_connection(path, drafts_key(profile.key), role="reader")) as connection:
            return frozenset(each for each in files if _is_named(connection, each))
    except (StoreFault, *DATABASE_ERRORS) as trouble:
        _log.warning("whether files are held for nothing was not looked at: %s", trouble)
        return frozenset(files)


def _is_named(connection: Connection, file_id: UUID) -> bool:
    found = connection.execute("SELECT 1 FROM draft WHERE instr(text, ?) LIMIT 1", (str(file_id),))
    return found.fetchone() is not None


def forget_held(work: UnitOfWork, gone: Collection[UUID]) -> None:
    """Forget the keys of files that are held; one that was attached meanwhile stays."""
    work.connection.executemany(
        "DELETE FROM attachment_file WHERE id = ? AND state = ?", [(each.bytes, HELD) for each in gone]
    )
    work.commit()
