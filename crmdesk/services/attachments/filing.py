"""Attachments as use cases: filing what lies in the cabinet, and telling what a record has.

Keys of contents stand in ``attachment_file``, which only this desk has; see :mod:`.keys` for when they go.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Literal
from uuid import UUID

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.models.attachment import ADD, MIB, RECORD_LIMIT, attach_file
from crmdesk.models.text import Text
from crmdesk.services.attachments.cabinet import Kept, Sealed
from crmdesk.services.attachments.keys import COMING, HERE, REFUSED, THERE
from crmdesk.services.complaints.files import fields_of
from crmdesk.services.complaints.record_view import Named
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.store.values import from_micros, to_micros
from crmdesk.services.sync.outbox import is_shared
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

State = Literal["here", "not_sent", "only_there", "refused"]
"""Here and, if this desk shares, at the server; here alone so far; at the server alone; not taken there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AttachedFile:
    """An attachment to show: ``size`` in bytes, ``at`` aware UTC; ``why`` tells why it was refused."""

    id: UUID
    name: str
    media_type: str
    size: int
    author: Named | None
    at: datetime
    state: State
    why: Text | None = None


def attach(work: UnitOfWork, record_id: UUID, kept: Kept, limit: int = RECORD_LIMIT) -> UUID:
    """File what was put into the cabinet under a complaint or a customer; return its id.

    Args:
        work: the unit of work; committed.
        record_id: of a complaint or a customer.
        kept: what :meth:`~crmdesk.services.attachments.cabinet.Cabinet.put` returned.
        limit: bytes that all files of the record may have.

    Raises:
        NotFound: there is no such record, or the complaint is not for this person.
        InvalidInput: the record has too much already.
    """
    record = _record(work.stored, record_id)
    (held,) = work.connection.execute(
        f"SELECT coalesce(sum(size), 0) FROM attachment WHERE {next(iter(record))} = ?", (record_id.bytes,)
    ).fetchone()
    if held + kept.size > limit:
        raise InvalidInput(
            "The files here would have more than {limit} MB together. Attach a smaller one.",
            fields=("path",),
            limit=limit // MIB,
        )
    file: dict[str, str | int] = {"name": kept.name, "media_type": kept.media_type, "size": kept.size}
    work.do(attach_file(work.author, record, {**file, "digest": kept.digest}, kept.id))
    keep_key(work, kept.id, kept.key, kept.size, HERE)
    work.commit()
    return kept.id


def _record(rows: StoredRows, record_id: UUID) -> dict[str, UUID]:
    if rows.get("complaint", record_id) is not None:
        fields_of(rows, record_id)
        return {"complaint_id": record_id}
    if rows.get("customer", record_id) is not None:
        return {"customer_id": record_id}
    raise NotFound("This {what} is not here any more.", fields=("record",), what="record")


def keep_key(work: UnitOfWork, file_id: UUID, key: bytes, size: int, state: str) -> None:
    """Write down the key of a content and what stands of it; not committed."""
    work.connection.execute(
        "INSERT OR REPLACE INTO attachment_file (id, file_key, size, state, why, used_at)"
        " VALUES (?, ?, ?, ?, '', ?)",
        (file_id.bytes, key, size, state, to_micros(work.author.now())),
    )


_FILES = (
    "SELECT a.id, a.name, a.media_type, a.size, a.author, a.at, f.state, coalesce(f.why, '')"
    " FROM attachment AS a LEFT JOIN attachment_file AS f ON f.id = a.id"
    " WHERE a.complaint_id = :record OR a.customer_id = :record ORDER BY a.at, a.id"
)
_NOT_ACCEPTED = (
    "SELECT n.payload, n.why, n.why_values, o.actor, o.at FROM not_accepted AS n"
    " JOIN operation AS o ON o.id = n.op_id"
    f" WHERE n.kind = '{ADD}' AND n.dismissed_at IS NULL AND :record IN"
    " (json_extract(n.payload, '$.fields.complaint_id'), json_extract(n.payload, '$.fields.customer_id'))"
    " ORDER BY o.at"
)


def attached_files(connection: Connection, record_id: UUID) -> tuple[AttachedFile, ...]:
    """Return the files of a complaint or a customer, oldest first, those not accepted last."""
    shared = is_shared(connection)
    found = connection.execute(_FILES, {"record": record_id.bytes}).fetchall()
    refused = connection.execute(_NOT_ACCEPTED, {"record": str(record_id)}).fetchall()
    people = _People(StoredRows(connection))
    told = tuple(
        AttachedFile(
            id=UUID(bytes=row[0]),
            name=row[1],
            media_type=row[2],
            size=row[3],
            author=people.named(row[4]),
            at=from_micros(row[5]),
            state=_state(row[6], shared=shared),
            why=Text(row[7]) if row[6] == REFUSED else None,
        )
        for row in found
    )
    return (*told, *(_not_accepted(people, *row) for row in refused))


def state_of(connection: Connection, file_id: UUID) -> State:
    """Return how things stand with the content of an attachment."""
    found = connection.execute("SELECT state FROM attachment_file WHERE id = ?", (file_id.bytes,)).fetchone()
    return _state(found[0] if found else None, shared=is_shared(connection))


def _state(held: str | None, *, shared: bool) -> State:
    if held == HERE:
        return "not_sent" if shared else "here"
    if held == REFUSED:
        return "refused"
    return "here" if held == THERE else "only_there"


def _not_accepted(
    people: _People, payload: str, why: str, why_values: str, actor: str, at: int
) -> AttachedFile:
    import json

    told = json.loads(payload)
    fields = told["fields"]
    return AttachedFile(
        id=UUID(told["id"]),
        name=fields["name"],
        media_type=fields["media_type"],
        size=fields["size"],
        author=people.named(actor),
        at=from_micros(at),
        state="refused",
        why=Text(why, tuple(json.loads(why_values).items())),
    )


class _People:
    """Names agents by their ids as text."""

    def __init__(self, rows: StoredRows) -> None:
        self._rows = rows

    def named(self, actor: str) -> Named | None:
        row = self._rows.get("agent", UUID(actor)) if actor else None
        if row is None:
            return None
        return Named(row["login"], row["name_en"] or row["login"], row["name_zh"] or row["login"])


_SEALED = (
    "SELECT coalesce(a.name, json_extract(n.payload, '$.fields.name')),"
    " coalesce(a.size, json_extract(n.payload, '$.fields.size')),"
    " coalesce(a.digest, json_extract(n.payload, '$.fields.digest')), f.file_key, f.state"
    " FROM (SELECT ? AS id) AS wanted LEFT JOIN attachment AS a ON a.id = wanted.id"
    f" LEFT JOIN not_accepted AS n ON n.kind = '{ADD}' AND n.dismissed_at IS NULL"
    " AND json_extract(n.payload, '$.id') = ?"
    " LEFT JOIN attachment_file AS f ON f.id = wanted.id"
)


def sealed_file(connection: Connection, file_id: UUID) -> tuple[Sealed, str]:
    """Return what opens a content, and what stands of it in ``attachment_file``; empty: nothing is here.

    Raises:
        NotFound: there is no such attachment.
    """
    name, size, digest, key, state = connection.execute(_SEALED, (file_id.bytes, str(file_id))).fetchone()
    if name is None:
        raise NotFound("This {what} is not here any more.", what="file")
    return Sealed(file_id, key or b"", name, size, digest), state or ""


def look_at(work: UnitOfWork, file_id: UUID) -> None:
    """Note that somebody looked at a content: it stays here longer than others."""
    work.connection.execute(
        "UPDATE attachment_file SET used_at = ? WHERE id = ?",
        (to_micros(work.author.now()), file_id.bytes),
    )
    work.commit()


def expect(work: UnitOfWork, file_id: UUID, key: bytes, size: int) -> None:
    """Note the *key* under which a content will lie here that is fetched now."""
    work.connection.execute("DELETE FROM attachment_file WHERE id = ?", (file_id.bytes,))
    keep_key(work, file_id, key, size, COMING)
    work.commit()


def mark(work: UnitOfWork, file_id: UUID, state: str, why: str = "") -> bool:
    """Note what became of a content; return whether anybody still wants it here."""
    written = work.connection.execute(
        "UPDATE attachment_file SET state = ?, why = ?, used_at = ? WHERE id = ?",
        (state, why, to_micros(work.author.now()), file_id.bytes),
    )
    work.touch("attachment", file_id)
    work.commit()
    return bool(written.rowcount)


def known_files(connection: Connection) -> tuple[UUID, ...]:
    """Return the contents that this desk has keys of."""
    return tuple(
        UUID(bytes=key) for (key,) in connection.execute("SELECT id FROM attachment_file").fetchall()
    )
