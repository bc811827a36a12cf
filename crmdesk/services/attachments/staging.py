"""Files for a record that is still being written down: sealed at once, attached when it is saved.

The content lies in the cabinet and its key in the store, so that neither a crash nor a moved original loses
it; what it is called stands with whoever holds it, e.g. in the draft of a form.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.errors import NotFound
from crmdesk.models.attachment import RECORD_LIMIT
from crmdesk.services.attachments.cabinet import Kept
from crmdesk.services.attachments.filing import attach, keep_key
from crmdesk.services.attachments.keys import HELD
from crmdesk.services.complaints.intake_sheet import HeldFile

if TYPE_CHECKING:
    from crmdesk.services.attachments.cabinet import Cabinet
    from crmdesk.services.attachments.desk import Limits
    from crmdesk.services.store.store import Store
    from crmdesk.services.store.unit_of_work import UnitOfWork


def hold_file(
    store: Store, cabinet: Cabinet, limits: Limits, source: Path | bytes, name: str = ""
) -> HeldFile:
    """Put a file, or bytes that are to be called *name*, away until its record is saved; durable by then.

    Raises:
        CrmdeskError: as :func:`crmdesk.services.attachments.desk.keep_file` does; nothing is left of it.
    """
    file_id = store.author.new_id()
    kept = cabinet.put(file_id, source, name, limits.file)
    cabinet.hold(file_id)
    try:
        store.write(_remember, kept).result()
    except BaseException:
        cabinet.drop(file_id)
        raise
    finally:
        cabinet.done(file_id)
    return HeldFile(
        id=str(kept.id), name=kept.name, media_type=kept.media_type, size=kept.size, digest=kept.digest
    )


def attach_held(work: UnitOfWork, record_id: UUID, held: HeldFile, limit: int = RECORD_LIMIT) -> None:
    """Attach a file that was held to the record it was held for; one that is attached already stays.

    Raises:
        NotFound: its content is not here, or there is no such record.
        InvalidInput: the record has too much already; the file is held still.
    """
    file_id = UUID(held.id)
    if work.row("attachment", file_id) is not None:
        return
    found = work.connection.execute(
        "SELECT file_key FROM attachment_file WHERE id = ? AND state = ?", (file_id.bytes, HELD)
    ).fetchone()
    if found is None:
        raise NotFound("The content of {name} is not on this computer.", name=held.name)
    kept = Kept(
        id=file_id,
        key=found[0],
        name=held.name,
        media_type=held.media_type,
        size=held.size,
        digest=held.digest,
    )
    attach(work, record_id, kept, limit)


def let_go(store: Store, cabinet: Cabinet, held: HeldFile) -> None:
    """Throw a file away that is held; one that was attached meanwhile stays."""
    if store.write(_forget, UUID(held.id)).result().result:
        cabinet.drop(UUID(held.id))


def _remember(work: UnitOfWork, kept: Kept) -> None:
    keep_key(work, kept.id, kept.key, kept.size, HELD)
    work.commit()


def _forget(work: UnitOfWork, file_id: UUID) -> bool:
    gone = work.connection.execute(
        "DELETE FROM attachment_file WHERE id = ? AND state = ?", (file_id.bytes, HELD)
    )
    work.commit()
    return bool(gone.rowcount)
