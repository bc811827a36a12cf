"""Corrective actions: what is done so that a cause does not come back, by whom, and whether it worked."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.models.rules import TEXT_LIMIT, clean_text, one_of, within
from crmdesk.services.complaints.files import fields_of
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

STATES = ("open", "done", "worked", "failed")
"""To be done; done, effect not looked at yet; it worked; it did not."""
JUDGED = ("worked", "failed")


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionFields:
    """A corrective action as it is written down: moments aware UTC; ``result`` is what the check found."""

    what: str
    owner_id: UUID | None = None
    due_at: datetime | None = None
    check_at: datetime | None = None
    state: str = "open"
    result: str = ""


def save_action(
    work: UnitOfWork, complaint_id: UUID, action: ActionFields, action_id: UUID | None = None
) -> UUID:
    """Keep a corrective action of a complaint, new or changed; return its id.

    Raises:
        InvalidInput: it does not say what is done by whom until when, the effect is looked at before it is
            due, or a judgement says nothing of what was found.
        NotFound: the complaint, the action or its owner is not here.
    """
    cause = fields_of(work.stored, complaint_id)["cause"]
    fields = {"complaint_id": complaint_id, "cause": cause, **checked(action)}
    if action.owner_id is not None and work.row("agent", action.owner_id) is None:
        raise NotFound("This {what} is not here any more.", fields=("owner_id",), what="agent")
    row_id = action_id or work.author.new_id()
    held = work.row("corrective_action", row_id)
    if held is not None and held["complaint_id"] != complaint_id:
        raise NotFound("This {what} is not here any more.", what="corrective action")
    work.do(work.author.describe("action.save", {"id": row_id, "fields": fields}))
    work.commit()
    return row_id


def checked(action: ActionFields) -> dict[str, object]:
    """Return the fields of a corrective action that binds somebody; at the server ``crm.check_action``.

    Raises:
        InvalidInput: as in :func:`save_action`.
    """
    what = within("what", clean_text(action.what), TEXT_LIMIT).strip()
    needed = {"what": what, "owner_id": action.owner_id, "due_at": action.due_at, "check_at": action.check_at}
    for name, value in needed.items():
        if not value:
            raise InvalidInput("Please fill in {name}.", fields=(name,), name=name)
    if action.due_at and action.check_at and action.check_at < action.due_at:
        raise InvalidInput(
            "Look at the effect after the action is done: choose a later date.", fields=("check_at",)
        )
    result = within("result", clean_text(action.result), TEXT_LIMIT).strip()
    if one_of("state", action.state, STATES) in JUDGED and not result:
        raise InvalidInput("Say what the check of the effect found.", fields=("result",))
    return {**needed, "state": action.state, "result": result}
