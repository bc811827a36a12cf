"""What a customer was promised is carried out: ordered at first, done later."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.errors import InvalidInput, NotFound
from crmdesk.models.rules import NAME_LIMIT, clean_line, within
from crmdesk.services.complaints.files import fields_of

if TYPE_CHECKING:
    from crmdesk.models.wire import Row
    from crmdesk.services.store.unit_of_work import UnitOfWork


def mark_remedy(
    work: UnitOfWork, remedy_id: UUID, *, done_at: datetime | None = None, order_id: str = ""
) -> None:
    """Write down that a remedy was carried out at *done_at*, or ordered as *order_id*; the first word counts.

    With the last one done the complaint's clock ``resolve`` ends, if all else is settled.

    Args:
        work: the unit of work; committed.
        remedy_id: the remedy line.
        done_at: aware UTC; None, and no order: now.
        order_id: of the service order.

    Raises:
        InvalidInput: nobody promised it, or it would be done later than now.
        NotFound: there is no such remedy, or another team handles its complaint.
    """
    row, now = work.row("remedy_line", remedy_id), work.author.now()
    if row is None:
        raise NotFound("This {what} is not here any more.", what="remedy")
    fields_of(work.stored, row["complaint_id"])
    _check_promised(row)
    if done_at is not None and done_at > now:
        raise InvalidInput("A remedy cannot be done later than now. Check the time.", fields=("done_at",))
    order = within("order_id", clean_line(order_id), NAME_LIMIT)
    given = {"done_at": done_at or (None if order else now), "order_id": order}
    marks = {name: value for name, value in given.items() if value and not row[name]}
    if marks:
        work.do(work.author.describe("remedy.mark", {"id": remedy_id, "marks": marks}))
    work.commit()


def _check_promised(row: Row) -> None:
    if row["void"]:
        raise InvalidInput("This remedy was taken back or another one took its place; nothing is to be done.")
    if row["type"] == "none":
        raise InvalidInput("No remedy was promised here, so there is nothing to carry out.")
    if row["granted_at"] is None:
        raise InvalidInput("This remedy is only proposed. Tell the customer the decision first.")
