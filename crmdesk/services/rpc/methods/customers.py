"""`customer.*`: looking up, finding, reading and changing customers."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from crmdesk.errors import Conflict
from crmdesk.models import asset, customer, interaction
from crmdesk.models.screen_pop import Found
from crmdesk.models.types import CustomerId
from crmdesk.models.wire import Json
from crmdesk.services.customers.edit import open_customer
from crmdesk.services.customers.lookup import match_number
from crmdesk.services.customers.profile import badges, counters, customer_card
from crmdesk.services.customers.search import find
from crmdesk.services.customers.timeline import timeline_page
from crmdesk.services.exchange.points import added, dropped, points_given
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.kinds import (
    COUNT,
    FLAG,
    ID,
    TEXT,
    Field,
    choice,
    entity_fields,
    integer,
    list_of,
    nullable,
    record,
)
from crmdesk.services.rpc.listing import Listing, page_of
from crmdesk.services.rpc.method import Given, Method, change, query
from crmdesk.services.rpc.pops import HISTORY_ENTRY, tell_badge, tell_entry, tell_match
from crmdesk.services.rpc.records import (
    ASSET,
    ASSET_NAMES,
    BADGE,
    CONTACT,
    COUNTERS,
    CUSTOMER,
    CUSTOMER_CHOICES,
    CUSTOMER_DOCS,
    CUSTOMER_NAMES,
    CUSTOMER_WRITABLE,
    EMAILS,
    MATCH,
    PHONES,
    POINT,
    all_required,
    points_of,
    tell_contacts,
    tell_customers,
    tell_point,
)
from crmdesk.services.rpc.rows import one, select, told
from crmdesk.services.rpc.updates import changes_of

CUSTOMERS = Listing("customer", customer.Customer, CUSTOMER_NAMES)
FIELDS = (
    *entity_fields(customer.Customer, CUSTOMER_WRITABLE, choices=CUSTOMER_CHOICES, docs=CUSTOMER_DOCS),
    PHONES,
    EMAILS,
)
REACHED = ("phones", "emails")
WHOLE = record(
    Field("contact_points", list_of(POINT), required=True),
    Field("contacts", list_of(CONTACT), "the people of a company", required=True),
    Field("assets", list_of(ASSET), required=True),
    Field("counters", COUNTERS, required=True),
    Field("badges", list_of(BADGE), required=True),
    *all_required(
        (
            *entity_fields(customer.Customer, CUSTOMER_NAMES, choices=CUSTOMER_CHOICES, docs=CUSTOMER_DOCS),
            PHONES,
            EMAILS,
        )
    ),
)
DUPLICATE = record(
    Field("customer_id", ID, required=True),
    Field("name", TEXT, required=True),
    Field("why", TEXT, required=True),
)
PARSED = record(
    Field("e164", nullable(TEXT), required=True),
    Field("region", TEXT, "ISO 3166, empty when not known", required=True),
    Field("kind", TEXT, required=True),
    Field("display", TEXT, required=True),
)
FOUND = record(
    Field("customer_id", ID, required=True),
    Field("name", TEXT, required=True),
    Field("why", TEXT, required=True),
    Field("detail", TEXT, required=True),
    Field("kind", TEXT, required=True),
    Field("tier", TEXT, required=True),
)


def look_up(connection: Any, desk: Desk, given: Given) -> Json:
    """Return who may be calling from a number."""
    parsed = desk.parts.numbers.parse(given["number"])
    matches = match_number(connection, desk.number(given["number"]), now=desk.site_now())
    return {
        "parsed": {
            "e164": parsed.e164,
            "region": parsed.region or "",
            "kind": parsed.kind,
            "display": parsed.display,
        },
        "matches": [tell_match(match) for match in matches],
    }


def search_customers(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return customers by anything one may know of them."""
    page = find(connection, given["query"], limit=given["limit"])
    return {"items": [_found(item) for item in page.items], "more": page.more}


def _found(item: Found) -> Json:
    return {
        "customer_id": str(item.customer_id),
        "name": item.name,
        "why": str(item.why),
        "detail": item.detail,
        "kind": item.kind,
        "tier": item.tier,
    }


def get_customer(connection: Any, desk: Desk, given: Given) -> Json:
    """Return the whole record of a customer."""
    row = one(connection, "customer", customer.Customer, given["id"])
    owner = CustomerId(row["id"])
    desk.parts.views.opened(owner, "rpc")
    counted = counters(connection, owner, now=desk.site_now())
    card = customer_card(connection, owner, now=desk.site_now())
    assets = select(connection, "asset", asset.Asset, "WHERE customer_id = ? ORDER BY id LIMIT 500", (owner,))
    people = select(connection, "contact", customer.Contact, "WHERE customer_id = ? LIMIT 500", (owner,))
    return {
        **tell_customers(connection, [row])[0],
        "contact_points": [
            tell_point(p) for p in points_of(connection, "customer_id", [owner]).get(owner, ())
        ],
        "contacts": tell_contacts(connection, people),
        "assets": [told(each, ASSET_NAMES) for each in assets],
        "counters": asdict(counted),
        "badges": [tell_badge(badge) for badge in badges(card, counted, now=desk.site_now())] if card else [],
    }


def list_customers(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return customers."""
    return CUSTOMERS.page(connection, given, lambda rows: tell_customers(connection, rows))


def history(connection: Any, _desk: Desk, given: Given) -> Json:
    """Return a part of a customer's time line."""
    one(connection, "customer", customer.Customer, given["id"])
    page = timeline_page(
        connection,
        CustomerId(given["id"]),
        after=given.get("after"),
        limit=given["limit"],
        kinds=given.get("kinds", ()),
    )
    items = [tell_entry(entry) for entry in page.items]
    return {"items": items, "next": page.after, "complete": page.complete, "total": page.total}


def create_customer(work: Any, desk: Desk, given: Given) -> Json:
    """Make a customer; say who may be the same person."""
    values = {name: value for name, value in given.items() if name not in REACHED}
    points = points_given(given, desk.parts.numbers.parse, "rpc")
    opened = open_customer(work, values, points)
    row = one(work.connection, "customer", customer.Customer, opened.customer_id)
    duplicates = [
        {"customer_id": str(held.customer_id), "name": held.name, "why": str(held.why)}
        for held in opened.duplicates
    ]
    return {"customer": tell_customers(work.connection, [row])[0], "duplicates": duplicates}


def update_customer(work: Any, desk: Desk, given: Given) -> Json:
    """Change some fields of a customer; a list of numbers or addresses replaces the one before."""
    changes = {name: value for name, value in given["changes"].items() if name not in REACHED}
    held = work.load(customer.Customer, given["id"])
    operations = _point_operations(work, desk, given)
    if operations:
        _refuse_stale_lists(work, held, given)
    # Also when only numbers change: the version is what tells the next writer of it.
    work.do(held.change(work.author, changes, given.get("base_version")))
    for operation in operations:
        work.do(operation)
    work.commit()
    row = one(work.connection, "customer", customer.Customer, given["id"])
    return tell_customers(work.connection, [row])[0]


def _refuse_stale_lists(work: Any, held: customer.Customer, given: Given) -> None:
    """Refuse to replace lists by what was made from another version: a new number would be lost unseen."""
    if given.get("base_version", held.rev) == held.rev:
        return
    names = tuple(name for name in REACHED if name in given["changes"])
    row = one(work.connection, "customer", customer.Customer, held.id)
    raise Conflict(
        "Somebody changed {names} meanwhile. Look at both versions and choose.",
        current=tell_customers(work.connection, [row])[0],
        fields=names,
        names=", ".join(names),
    )


def _point_operations(work: Any, desk: Desk, given: Given) -> list[Any]:
    lists = {name: given["changes"][name] for name in REACHED if name in given["changes"]}
    if not lists:
        return []
    wanted = points_given(lists, desk.parts.numbers.parse, "rpc")
    owner = given["id"]
    known = [
        p for p in points_of(work.connection, "customer_id", [owner]).get(owner, []) if not p["contact_id"]
    ]
    kinds = [{"phones": "phone", "emails": "email"}[name] for name in lists]
    return [
        *dropped(work.author, wanted, known, kinds),
        *added(work.author, {"customer_id": owner}, wanted, known),
    ]


METHODS: tuple[Method, ...] = (
    query(
        "customer.lookup",
        "Who may be calling from a number, best first, each with the reasons.",
        (Field("number", TEXT, "as sent or dialled", required=True),),
        record(Field("parsed", PARSED, required=True), Field("matches", list_of(MATCH), required=True)),
        look_up,
    ),
    query(
        "customer.search",
        "Customers by name, pinyin, initials, digits of a number, plate or VIN, best first.",
        (Field("query", TEXT, required=True), Field("limit", integer(1, 100), default=20)),
        record(Field("items", list_of(FOUND), required=True), Field("more", FLAG, required=True)),
        search_customers,
    ),
    query(
        "customer.get",
        "The whole record of a customer.",
        (Field("id", ID, required=True),),
        WHOLE,
        get_customer,
    ),
    query("customer.list", "Customers.", CUSTOMERS.params(), page_of(CUSTOMER), list_customers),
    query(
        "customer.timeline",
        "What happened with a customer, newest first.",
        (
            Field("id", ID, required=True),
            Field("after", nullable(TEXT), "`next` of the part before"),
            Field("limit", integer(1, 500), default=20),
            Field("kinds", list_of(choice(interaction.KINDS), 20), "only these; all when empty"),
        ),
        record(
            Field("items", list_of(HISTORY_ENTRY), required=True),
            Field("next", nullable(TEXT), required=True),
            Field("complete", FLAG, "false: older history is only on the server", required=True),
            Field("total", COUNT, required=True),
        ),
        history,
    ),
    change(
        "customer.create",
        "Make a customer; says who may be the same person.",
        tuple(Field(f.name, f.kind, f.doc, required=f.name == "name") for f in FIELDS),
        record(
            Field("customer", CUSTOMER, required=True), Field("duplicates", list_of(DUPLICATE), required=True)
        ),
        create_customer,
    ),
    change(
        "customer.update",
        "Change some fields of a customer; `phones` and `emails` replace the lists as they were.",
        changes_of(FIELDS),
        CUSTOMER,
        update_customer,
    ),
)
