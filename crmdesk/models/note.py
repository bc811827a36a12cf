"""Notes: append-only texts of agents, on a call or on a customer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.interaction import shown
from crmdesk.models.operations import Author, Operation, RowChange, Rows, fresh
from crmdesk.models.rules import clean_text, within
from crmdesk.values import dataclass


@dataclass(kw_only=True)
class Note:
    """What an agent wrote; never changed afterwards. ``id`` is the draft's id it was typed under.

    ``team_id`` set: only this team, its author and the team's supervisors may read it.
    """

    id: UUID
    rev: int = 1
    call_id: UUID | None = None
    customer_id: UUID | None = None
    text: str = ""
    author: str = ""
    at: datetime
    team_id: UUID | None = None
    complaint_id: UUID | None = None


def append_note(
    author: Author,
    text: str,
    *,
    call_id: UUID | None = None,
    customer_id: UUID | None = None,
    row_id: UUID | None = None,
    team_id: UUID | None = None,
    complaint_id: UUID | None = None,
) -> Operation:
    """Describe a note on a call, a customer or a complaint, for everybody or for one team only.

    Refuses an empty one and one that belongs nowhere.
    """
    plain = within("note", clean_text(text))
    if not plain.strip():
        raise InvalidInput("Please fill in {name}.", fields=("text",), name="text")
    if call_id is None and customer_id is None and complaint_id is None:
        raise InvalidInput("A note belongs to a call, a customer or a complaint.", fields=("call_id",))
    said = {"call_id": call_id, "customer_id": customer_id, "text": plain, "team_id": team_id}
    of_complaint = {"complaint_id": complaint_id} if complaint_id else {}
    return author.describe("note.append", {"id": row_id or author.new_id(), **said, **of_complaint})


def appended(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``note.append``: the note, and the line it shows in; a known note stays as it is.

    That of a complaint goes to the team that handles it, whoever did when it was written.
    Everybody reads lines: one of a team's note tells that there is a note, and nothing of its text.
    """
    payload = operation.payload
    row_id = UUID(payload["id"])
    if rows.get("note", row_id) is not None:
        return
    call_id = UUID(payload["call_id"]) if payload["call_id"] else None
    customer_id = UUID(payload["customer_id"]) if payload["customer_id"] else None
    call = rows.get("call", call_id) if call_id else None
    owner = call["customer_id"] if call else customer_id
    team_id = UUID(payload["team_id"]) if payload.get("team_id") else None
    complaint_id = UUID(payload["complaint_id"]) if payload.get("complaint_id") else None
    complaint = rows.get("complaint", complaint_id) if complaint_id else None
    note = Note(
        id=row_id,
        call_id=call_id,
        customer_id=owner,
        text=payload["text"],
        author=operation.actor,
        at=operation.at,
        team_id=complaint["team_id"] if complaint else team_id,
        complaint_id=complaint_id,
    )
    yield fresh("note", note)
    if complaint_id:
        return  # it shows in the complaint's own file
    words = {} if team_id else _words(note.text)
    if call:
        yield from shown(rows, {"id": call["id"], "at": call["started_at"], **words})
    else:
        line = {"id": row_id, "customer_id": owner, "kind": "note", "at": note.at}
        yield from shown(rows, {**line, **words})


def _words(text: str) -> dict[str, str]:
    """Return the subject and the summary by which a line shows *text*."""
    first, _, rest = text.strip().partition("\n")
    return {"subject": first[:120], "summary": (first[120:] + " " + rest).strip()}
