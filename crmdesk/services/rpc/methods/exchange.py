"""`exchange.import`: rows of a file, as `crmdesk import` sends them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from zoneinfo import ZoneInfo

from crmdesk.errors import InvalidInput
from crmdesk.models.wire import Json, to_json
from crmdesk.services.exchange.columns import COMPLAINTS, KINDS
from crmdesk.services.exchange.complaints import Importing, plan_complaint
from crmdesk.services.exchange.filing import new_rows
from crmdesk.services.exchange.loading import CHANGED, NEW, PLANS, REFUSED, SAME, Planner, load
from crmdesk.services.exchange.preparing import MOST_LISTED, Prepared, Site, prepare
from crmdesk.services.rpc.desk import Desk
from crmdesk.services.rpc.kinds import COUNT, FLAG, ID, TEXT, Field, choice, list_of, record
from crmdesk.services.rpc.method import Given, Method, action, query
from crmdesk.services.rpc.session import Session

MOST = 500
POINT = record(
    Field("kind", TEXT, required=True),
    Field("raw", TEXT, "as given", required=True),
    Field("value", TEXT, "as compared: E.164, or the address in small letters", required=True),
    Field("national", TEXT, "digits without country code", default=""),
    Field("label", TEXT, default=""),
    Field("source", TEXT, default=""),
)
KNOWN = record(
    Field("id", ID, "crmdesk's own"),
    Field("external_id", TEXT, "the source's"),
    Field("content", ID, "made of all that the row says"),
)
READY = record(
    Field("known", KNOWN, "by which the row is known", required=True),
    Field("of", TEXT, "the customer or asset it belongs to", default=""),
    Field("fields", record(open_ended=True), "cleaned, as JSON of their types", required=True),
    Field("points", list_of(POINT, MOST_LISTED), "numbers and addresses as understood", default=()),
    Field("items", list_of(record(open_ended=True), MOST_LISTED), "of a visit; remedies", default=()),
    Field("links", record(open_ended=True), "what a complaint names", default={}),
)
ROW = record(
    Field("line", COUNT, "where the row begins in its file", required=True),
    Field("values", record(open_ended=True), "fields by name, as text or JSON"),
    Field("ready", READY, "instead of values: the same, made ready by the sender"),
)
SITE = record(
    Field("zone", TEXT, "name of the time zone", required=True),
    Field("currency", TEXT, "of money without one", required=True),
    Field("country", TEXT, "of numbers without country code", required=True),
    Field("area_code", TEXT, "of numbers without area code", required=True),
    Field("outside_prefix", TEXT, "dialled to get a line", required=True),
    Field("international_prefixes", list_of(TEXT), "dialled before a country code", required=True),
    Field("extension_pattern", TEXT, "regular expression of extensions", required=True),
)
TAKEN = record(
    Field("line", COUNT, required=True),
    Field("outcome", choice((NEW, CHANGED, SAME, REFUSED)), required=True),
    Field("reason", TEXT, "why it was refused", required=True),
)


def site(_connection: Any, desk: Desk, _given: Given) -> Json:
    """Return how numbers, times without zone and money without currency are meant here."""
    house = desk.parts.house()
    return {"zone": house.zone, "currency": house.currency, **to_json(asdict(desk.parts.numbers.site))}


def take_rows(session: Session, given: Given) -> Json:
    """Take rows in short transactions; each is in or refused on its own."""
    desk, kind = session.desk, given["kind"]
    rows = [_prepared(kind, row, _here(desk)) for row in given["rows"]]
    dry = given.get("dry_run", False)
    taken = load(desk.store, _plan(desk, kind), rows, dry=dry, considerate=desk.parts.considerate)
    return {"rows": [asdict(each) for each in taken]}


def file_rows(session: Session, given: Given) -> Json:
    """Bring the rows that are new to the server in bulk."""
    desk, kind = session.desk, given["kind"]
    filed = new_rows(desk.store, kind, [_prepared(kind, row, _here(desk)) for row in given["rows"]])
    if filed.lines:
        desk.parts.sharing.file(filed.tables)
    return {"lines": list(filed.lines)}


def _here(desk: Desk) -> Site:
    house = desk.parts.house()
    return Site(desk.parts.numbers.parse, ZoneInfo(house.zone), house.currency)


def _plan(desk: Desk, kind: str) -> Planner:
    if kind != COMPLAINTS.name:
        return PLANS[kind]
    importing = Importing(desk.parts.house(), desk.parts.tag)
    return lambda work, ready: plan_complaint(work, ready, importing)


def _prepared(kind: str, row: Mapping[str, Json], here: Site) -> Prepared:
    if "ready" in row:
        return Prepared(row["line"], row["ready"])
    if "values" not in row:
        raise InvalidInput("Please fill in {name}.", fields=("values",), name="values")
    return prepare(kind, row["line"], row["values"], here)


METHODS: tuple[Method, ...] = (
    query(
        "exchange.site",
        "How numbers, and times without zone, are meant at this desk: for making rows ready.",
        (),
        SITE,
        site,
    ),
    action(
        "exchange.import",
        "Take rows of a file: each is new, changed, the same, or refused with a reason; safe to repeat. An"
        " answer about fewer rows than given: the store could take no more; the same without those goes on.",
        (
            Field("kind", choice(KINDS), required=True),
            Field("rows", list_of(ROW, MOST), "at most 500", required=True),
            Field("dry_run", FLAG, "change nothing, only say what would become of each row"),
        ),
        record(Field("rows", list_of(TAKEN), required=True)),
        take_rows,
        writes=True,
    ),
    action(
        "exchange.file",
        "Bring the rows of a file that are new to the shared database in bulk, as an administrator; they come"
        " here with the next round. The import that follows finds them and does what is left.",
        (
            Field("kind", choice(PLANS), required=True),
            Field("rows", list_of(ROW, MOST), "at most 500", required=True),
        ),
        record(Field("lines", list_of(COUNT), "of the rows that are at the server now", required=True)),
        file_rows,
    ),
)
