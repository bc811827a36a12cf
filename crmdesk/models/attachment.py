"""Attachments: files that belong to a complaint or a customer; the content lies beside the rows.

The operation carries what a file is called, what it is, how large, and the SHA-256 of its content. It never
raises the version of a complaint, and an attachment never changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.operations import Author, Operation, RowChange, Rows, fresh
from crmdesk.models.wire import from_json
from crmdesk.values import dataclass

MIB = 1024 * 1024
FILE_LIMIT = 25 * MIB
"""Bytes of one file."""
RECORD_LIMIT = 200 * MIB
"""Bytes of all files of one record."""
NAME_BYTES = 255
"""How long a name may be in UTF-8: the longest that every file system takes."""
ADD = "attachment.add"
_DIGEST_SIGNS = 64
_HEX = frozenset("0123456789abcdef")


@dataclass(kw_only=True)
class Attachment:
    """A file of a complaint or of a customer. ``size`` in bytes, ``digest`` its SHA-256 as hex digits.

    That of a complaint follows its team, as notes do.
    """

    id: UUID
    rev: int = 1
    complaint_id: UUID | None = None
    customer_id: UUID | None = None
    team_id: UUID | None = None
    author: str = ""
    name: str = ""
    media_type: str = ""
    size: int = 0
    digest: str = ""
    at: datetime


def attach_file(
    author: Author, record: Mapping[str, UUID], file: Mapping[str, str | int], row_id: UUID
) -> Operation:
    """Describe a file of a record: *record* is ``complaint_id`` or ``customer_id`` with the id.

    *file*: ``name`` (harmless already), ``media_type``, ``size`` and ``digest``.

    Raises:
        InvalidInput: it belongs nowhere, is too large, or is no file.
    """
    if len(record) != 1 or not record.keys() <= {"complaint_id", "customer_id"}:
        raise InvalidInput("A file belongs to a complaint or a customer.", fields=("record",))
    size, name = int(file["size"]), str(file["name"])
    refuse_too_large(name, size)
    digest = str(file["digest"])
    sound = len(digest) == _DIGEST_SIGNS and _HEX.issuperset(digest)
    if not 1 <= len(name.encode()) <= NAME_BYTES or not sound:
        raise InvalidInput("{name} is no file that can be attached.", fields=("path",), name=name)
    fields = {**record, "name": name, "media_type": file["media_type"], "size": size}
    return author.describe(ADD, {"id": row_id, "fields": {**fields, "digest": file["digest"]}})


def refuse_too_large(name: str, size: int, limit: int = FILE_LIMIT) -> None:
    """Refuse a file of *size* bytes above *limit*."""
    if size > limit:
        raise InvalidInput(
            "{name} has {size} MB; a file may have {limit} MB at most. Make it smaller, or split it.",
            fields=("path",),
            name=name,
            size=-(-size // MIB),
            limit=limit // MIB,
        )


def attached(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``attachment.add``; one that exists already stays as it is."""
    row_id = UUID(operation.payload["id"])
    if rows.get("attachment", row_id) is not None:
        return
    fields = from_json(Attachment, operation.payload["fields"])
    of = fields.get("complaint_id")
    head = rows.get("complaint", of) if of else None
    team = head["team_id"] if head else None
    yield fresh(
        "attachment",
        Attachment(id=row_id, at=operation.at, **{**fields, "team_id": team, "author": operation.actor}),
    )
