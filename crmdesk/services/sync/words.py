"""What an operation did, for people: a sentence for each kind, all that was typed, and whom it is about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmdesk.models.outbox import REVISED, STEP
from crmdesk.models.text import Text, say
from crmdesk.models.wire import Json
from crmdesk.services.store.connection import Connection

WHAT: Mapping[str, Text] = MappingProxyType(
    {
        "customer.create": say("New customer"),
        "customer.change": say("Customer changed"),
        "contact_point.add": say("Number added"),
        "contact_point.change": say("Number changed"),
        "contact_point.drop": say("Number removed"),
        "contact.save": say("Contact person saved"),
        "asset.create": say("New vehicle"),
        "asset.change": say("Vehicle changed"),
        "visit.record": say("Visit recorded"),
        "visit.change": say("Visit changed"),
        "call.seen": say("Call seen"),
        "call.wrap_up": say("Call wrapped up"),
        "call.assign": say("Call assigned to a customer"),
        "call.verify": say("Caller verified"),
        "note.append": say("Note written"),
        "task.open": say("Task opened"),
        "task.change": say("Task changed"),
        "article.save": say("Article saved"),
        "article.mark": say("Article rated"),
        "choice.remember": say("Choice for a number kept"),
        "code.save": say("List entry saved"),
        "complaint.step": say("Step of a complaint"),
        "complaint.approve": say("Decision approved"),
        "letter.make": say("Letter made"),
        "letter.send": say("Letter sent"),
        "survey.record": say("Survey recorded"),
        "attachment.add": say("File attached"),
        "action.save": say("Corrective action saved"),
        "remedy.mark": say("Remedy marked as done"),
    }
)
_IN_WORDS = frozenset({"id", "rev", "position", "call_key", "leg_key", "value", "national", "plate_key"})
"""Fields nobody typed, or that another field says better."""


def what(kind: str) -> Text:
    """Return what an operation of *kind* did."""
    return WHAT.get(kind) or Text(kind)


def expected(kind: str, outlook: str) -> Text:
    """Return what an operation of *kind* did, and what is expected of it where it is not laid on the rows."""
    if outlook == "refusal":
        return say("{what} – will not be accepted: somebody changed or removed it meanwhile", what=what(kind))
    if outlook == "parked":
        return say("{what} – not shown here: a fault of crmdesk; it is sent all the same", what=what(kind))
    return what(kind)


def typed_text(kind: str, payload: Mapping[str, Json]) -> str:
    """Return everything that was typed: the text of a note, else a line for each field with its value."""
    if kind == "note.append":
        return str(payload.get("text", ""))
    if kind == "attachment.add":
        return str(payload["fields"].get("name", ""))
    if kind == STEP:
        return _step_text(payload)
    return "\n".join(f"{name}: {value}" for name, value in _lines(payload))


def _step_text(payload: Mapping[str, Any]) -> str:
    """Return what was filled in for a step, without what was worked out from it."""
    told = {name: value for name, value in payload["body"].items() if name in ("complainant", "third_party")}
    head = {name: payload["head"][name] for name in ("number",) if name in payload["head"]}
    return "\n".join(f"{name}: {value}" for name, value in _lines({**head, **payload["fields"], **told}))


def _lines(values: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _lines(value)
        elif isinstance(value, list) and any(isinstance(item, Mapping) for item in value):
            for item in value:
                yield from _lines(item)
        elif name not in _IN_WORDS and not name.endswith("_id") and value not in (None, "", []):
            yield name, ", ".join(map(str, value)) if isinstance(value, list) else value


def customer_of(connection: Connection, kind: str, payload: Mapping[str, Json]) -> UUID | None:
    """Return the customer an operation is about, None when it is about none."""
    if kind.startswith("customer."):
        return UUID(payload["id"])
    given = payload.get("customer_id") or payload.get("fields", {}).get("customer_id")
    if given:
        return UUID(given)
    table, row_id = _concerned(kind, payload)
    if not row_id or table == "article":
        return None
    found = connection.execute(f"SELECT customer_id FROM {table} WHERE id = ?", (UUID(row_id).bytes,))
    (held,) = found.fetchone() or (None,)
    return UUID(bytes=held) if held else None


def _concerned(kind: str, payload: Mapping[str, Json]) -> tuple[str, Json]:
    """Return table and id of the row that says whose an operation is."""
    of = payload.get("complaint_id") or payload.get("fields", {}).get("complaint_id")
    if kind == STEP or of:
        return "complaint", of or payload["id"]
    if kind == "note.append":
        return "call", payload.get("call_id")
    if kind == "remedy.mark" or kind.startswith(("letter.", "survey.", "action.")):
        return "complaint", None
    table = REVISED.get(kind, "call" if kind.startswith("call.") else "contact_point")
    return table, payload.get("id")


def name_of(connection: Connection, customer_id: UUID | None) -> str:
    """Return the name of a customer, empty without one."""
    if customer_id is None:
        return ""
    found = connection.execute("SELECT name FROM customer WHERE id = ?", (customer_id.bytes,)).fetchone()
    return str(found[0]) if found else ""
