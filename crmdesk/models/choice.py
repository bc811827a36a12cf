"""What an agent decided about a number: always ask who it is, or always this customer."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID, uuid5

from crmdesk.errors import InvalidInput
from crmdesk.models.operations import Author, Operation, RowChange, Rows, fresh, patched
from crmdesk.models.rules import one_of
from crmdesk.models.wire import from_json
from crmdesk.values import dataclass

NAMESPACE = UUID("0d6b7b52-3a07-5f43-8d0b-0a4f6c1c9b21")
MODES = ("ask", "customer", "last")


@dataclass(kw_only=True)
class NumberChoice:
    """The decision for one number: ask each time, this customer only, or the one chosen last as a hint."""

    id: UUID
    rev: int = 1
    value: str = ""
    mode: str = "last"
    customer_id: UUID | None = None
    at: datetime
    by: str = ""


def choice_id(value: str) -> UUID:
    """Return the id of the choice for the number *value* (E.164)."""
    return uuid5(NAMESPACE, value)


def remember_choice(author: Author, value: str, mode: str, customer_id: UUID | None) -> Operation:
    """Describe the decision *mode* for the number *value*."""
    one_of("mode", mode, MODES)
    if not value:
        raise InvalidInput("This call has no number that could be remembered.", fields=("value",))
    if mode != "ask" and customer_id is None:
        raise InvalidInput("Choose the customer first.", fields=("customer_id",))
    payload = {"id": choice_id(value), "value": value, "mode": mode, "customer_id": customer_id}
    return author.describe("choice.remember", payload)


def remembered(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``choice.remember``; a hint never replaces a decision."""
    values = from_json(NumberChoice, operation.payload)
    news = {**values, "at": operation.at, "by": operation.actor}
    row = rows.get("number_choice", values["id"])
    if row is None:
        yield fresh("number_choice", NumberChoice(**news))
    elif not (values["mode"] == "last" and row["mode"] != "last"):
        yield patched("number_choice", row, news)
