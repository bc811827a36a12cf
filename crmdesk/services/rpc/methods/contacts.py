"""`contact.*`: the people of a company."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from crmdesk.models import customer
from crmdesk.models.rules import refuse_overwriting
from crmdesk.models.wire import Json, Row
from crmdesk.services.customers import edit
from crmdesk.services.exchange.points import added, dropped, points_given
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.kinds import Field, entity_fields
from crmdesk.services.rpc.listing import Listing, page_of
from crmdesk.services.rpc.method import Given, Method, change, query
from crmdesk.services.rpc.records import (
    CONTACT,
    CONTACT_NAMES,
    CONTACT_WRITABLE,
    EMAILS,
    PHONES,
    points_of,
    tell_contacts,
)
from crmdesk.services.rpc.rows import one
from crmdesk.services.rpc.updates import BY_ID, changes_of

CONTACTS = Listing("contact", customer.Contact, CONTACT_NAMES)
FIELDS = (*entity_fields(customer.Contact, CONTACT_WRITABLE), PHONES, EMAILS)
REACHED = ("phones", "emails")


def get_contact(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return one contact."""
    return tell_contacts(connection, [one(connection, "contact", customer.Contact, given["id"])])[0]


def list_contacts(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return contacts."""
    return CONTACTS.page(connection, given, lambda rows: tell_contacts(connection, rows))


def create_contact(work: Any, desk: Desk, given: Given) -> Json:
    """Add a person to a company."""
    values = {name: value for name, value in given.items() if name not in (*REACHED, "customer_id")}
    points = points_given(given, desk.parts.numbers.parse, "rpc")
    row_id = edit.save_contact(work, given["customer_id"], values, points)
    return get_contact(work.connection, desk, {"id": row_id})


def update_contact(work: Any, desk: Desk, given: Given) -> Json:
    """Change a person of a company; lists of numbers and addresses replace those before."""
    held = edit.known(work, "contact", given["id"])
    changes = {name: value for name, value in given["changes"].items() if name not in REACHED}
    # Contacts keep no base revision in the log: any other value than the one now is a clash.
    refuse_overwriting(held, given.get("base_version"), frozenset(changes), changes)
    operations = _point_operations(work, desk, held, given["changes"])
    if changes:
        edit.save_contact(work, held["customer_id"], changes, contact_id=held["id"])
    for operation in operations:
        work.do(operation)
    work.commit()
    return get_contact(work.connection, desk, given)


def _point_operations(work: Any, desk: Desk, held: Row, changes: Given) -> list[Any]:
    lists = {name: changes[name] for name in REACHED if name in changes}
    wanted = points_given(lists, desk.parts.numbers.parse, "rpc")
    row_id: UUID = held["id"]
    known = points_of(work.connection, "contact_id", [row_id]).get(row_id, [])
    kinds = [{"phones": "phone", "emails": "email"}[name] for name in lists]
    owner = {"customer_id": held["customer_id"], "contact_id": row_id}
    return [*dropped(work.author, wanted, known, kinds), *added(work.author, owner, wanted, known)]


METHODS: tuple[Method, ...] = (
    query("contact.get", "One person of a company.", BY_ID, CONTACT, get_contact),
    query("contact.list", "The people of companies.", CONTACTS.params(), page_of(CONTACT), list_contacts),
    change(
        "contact.create",
        "Add a person to a company.",
        tuple(Field(f.name, f.kind, f.doc, required=f.name in ("customer_id", "name")) for f in FIELDS),
        CONTACT,
        create_contact,
    ),
    change(
        "contact.update",
        "Change a person of a company; `phones` and `emails` replace the lists as they were.",
        changes_of([field for field in FIELDS if field.name != "customer_id"]),
        CONTACT,
        update_contact,
    ),
)
