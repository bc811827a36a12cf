"""`exchange.import`: rows of a file, as `crmdesk import` sends them."""

from __future__ import annotations

from dataclasses import asdict
from zoneinfo import ZoneInfo

from crmdesk.models.wire import Json
from crmdesk.services.exchange.columns import KINDS
from crmdesk.services.exchange.loading import CHANGED, NEW, REFUSED, SAME, Site, load
from crmdesk.services.rpc.kinds import COUNT, FLAG, TEXT, Field, choice, list_of, record
from crmdesk.services.rpc.method import Given, Method, action
from crmdesk.services.rpc.session import Session

MOST = 500
ROW = record(
    Field("line", COUNT, "where the row begins in its file", required=True),
    Field("values", record(open_ended=True), "fields by name, as text or JSON", required=True),
)
TAKEN = record(
    Field("line", COUNT, required=True),
    Field("outcome", choice((NEW, CHANGED, SAME, REFUSED)), required=True),
    Field("reason", TEXT, "why it was refused", required=True),
)


def take_rows(session: Session, given: Given) -> Json:
    """Take rows in short transactions; each is in or refused on its own."""
    parts = session.desk.parts
    site = Site(parts.numbers.parse, ZoneInfo(parts.zone()))
    rows = [(row["line"], row["values"]) for row in given["rows"]]
    taken = load(
        session.desk.store,
        given["kind"],
        rows,
        site,
        dry=given.get("dry_run", False),
        considerate=parts.considerate,
    )
    return {"rows": [asdict(each) for each in taken]}


METHODS: tuple[Method, ...] = (
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
)
