"""Rows of a file made ready: all that can be done about a row without looking into the store.

`crmdesk import` does this in its own process, so that a window open beside it only has to look up and to
write. A ready row holds JSON values::

    {"known": {"external_id": "K1"},          what it is known by: id, external_id or (of its content) content
     "of": "",                                the customer or asset it belongs to, by its id or the source's
     "fields": {"name": "张三"},               cleaned, as the fields of the entity
     "points": [{"kind": "phone", …}],        numbers and addresses, understood by the rules of the site
     "items": [],                             of a visit; the remedies of a complaint
     "links": {}}                             what a complaint names, by its id or the source's
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

from crmdesk.errors import AgentError, InvalidInput
from crmdesk.models import article, asset, customer, visit
from crmdesk.models.rules import clean_line, required_line, within
from crmdesk.models.wire import Json, Row, to_json
from crmdesk.services.exchange.convert import converted
from crmdesk.services.exchange.points import Parse, points_given

NAMESPACE = UUID("b1d3c8a2-5e0f-5b57-9d64-2f7c6c0e7a55")
SOURCE = "import"
REACHED = ("phones", "emails")
ROW_LIMIT = 2_000_000
"""Characters of a ready row at most: it must fit into one line to the window."""

MOST_LISTED = 500
"""Numbers and addresses, or items, of one row at most."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """The row that began in line ``line``: ready, with its length as JSON, or why it is refused."""

    line: int
    ready: Mapping[str, Json]
    reason: str = ""
    characters: int = 0


@dataclass(frozen=True, slots=True)
class Site:
    """How numbers, times without zone and money without currency are meant where the file came from."""

    parse: Parse
    zone: tzinfo
    currency: str = "CNY"


def prepare(kind: str, line: int, values: Mapping[str, Json], site: Site) -> Prepared:
    """Make the row of *kind* ready that begins in *line*; what nobody may write down is refused here."""
    try:
        ready = PREPARERS[kind](values, site)
        return Prepared(line, ready, characters=_length(ready))
    except AgentError as refused:
        return Prepared(line, {}, str(refused))


def _length(ready: Row) -> int:
    """Return the characters of a ready row; refuse one that is too long, or lists too much."""
    for name in ("points", "items"):
        if len(ready[name]) > MOST_LISTED:
            raise InvalidInput(
                "One row can list {most} {name} at most.", fields=(name,), most=MOST_LISTED, name=name
            )
    length = len(json.dumps(ready, ensure_ascii=False))
    if length > ROW_LIMIT:
        raise InvalidInput(
            "This row is too long: it has {length} characters, {limit} fit.", length=length, limit=ROW_LIMIT
        )
    return length


def _ready(
    values: Mapping[str, Json],
    table: str,
    fields: Mapping[str, Any],
    *,
    of: str = "",
    points: list[Row] | None = None,
    items: list[Json] | None = None,
) -> Row:
    return {
        "known": _known(values, table),
        "of": of,
        "fields": to_json(fields),
        "points": to_json(points or []),
        "items": items or [],
    }


def _known(values: Mapping[str, Json], table: str) -> dict[str, str]:
    if values.get("id"):
        return {"id": _own_id(values["id"])}
    if values.get("external_id"):
        return {"external_id": clean_line(str(values["external_id"]))}
    return {"content": content_id(table, values)}


def _own_id(value: Json) -> str:
    try:
        return str(UUID(str(value)))
    except ValueError:
        raise InvalidInput(
            "An id of crmdesk is not {value}; leave out external_id to use the source's.",
            fields=("id",),
            value=str(value)[:80],
        ) from None


def content_id(table: str, values: Mapping[str, Any]) -> str:
    """Return the id of a row that is known by nothing but its content."""
    text = json.dumps(to_json(dict(values)), ensure_ascii=False, sort_keys=True)
    return str(uuid5(NAMESPACE, f"{table}\x00{text}"))


def _fields(values: Mapping[str, Any], *without: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in ("id", *without)}


def _cleaned(typed: Mapping[str, Any], checked: Mapping[str, Any]) -> Row:
    """Return the *typed* fields as *checked* cleaned them, without those that it derived."""
    return {name: checked[name] for name in typed}


def _reached(values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return numbers and addresses of a row as lists of text."""
    found: dict[str, list[str]] = {}
    for name in REACHED:
        held = values.get(name) or []
        many = held if isinstance(held, list) else [held]
        found[name] = [str(each) for each in many if str(each).strip()]
    return found


def _owner(values: Mapping[str, Any], name: str) -> str:
    given = clean_line(str(values.get(name) or ""))
    if not given:
        raise InvalidInput("Please fill in {name}.", fields=(name,), name=name)
    return given


def prepare_customer(values: Mapping[str, Json], site: Site) -> Row:
    """Make a customer with his numbers and addresses ready."""
    typed = converted(customer.Customer, _fields(values, *REACHED), site.zone)
    points = points_given(_reached(values), site.parse, SOURCE)
    return _ready(values, "customer", _cleaned(typed, customer.checked_fields(typed)), points=points)


def prepare_contact(values: Mapping[str, Json], site: Site) -> Row:
    """Make a person of a company ready; the source's id is kept in the person's own."""
    named = str(values.get("external_id") or values.get("id") or "")
    fields = _fields(values, "external_id", "customer_id", *REACHED)
    typed = converted(customer.Contact, fields, site.zone)
    of = _owner(values, "customer_id")
    typed["name"] = required_line("name", typed.get("name") or "")
    for name in ("name_alt", "role"):
        typed[name] = within(name, clean_line(typed.get(name) or ""), 200)
    points = points_given(_reached(values), site.parse, SOURCE)
    ready = _ready(values, "contact", typed, of=of, points=points)
    return {**ready, "known": {"external_id": clean_line(named)} if named else {}}


def prepare_asset(values: Mapping[str, Json], site: Site) -> Row:
    """Make an asset of a customer ready."""
    typed = converted(asset.Asset, _fields(values, "customer_id"), site.zone)
    of = _owner(values, "customer_id")
    return _ready(values, "asset", _cleaned(typed, asset.checked_fields(typed)), of=of)


def prepare_visit(values: Mapping[str, Json], site: Site) -> Row:
    """Make a service visit of an asset ready."""
    typed = converted(visit.ServiceVisit, _fields(values, "asset_id", "items"), site.zone)
    of = _owner(values, "asset_id")
    items = values.get("items") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InvalidInput("{name} is no JSON list.", fields=("items",), name="items")
    return _ready(values, "service_visit", typed, of=of, items=items)


def prepare_article(values: Mapping[str, Json], site: Site) -> Row:
    """Make an article ready."""
    typed = converted(article.Article, _fields(values), site.zone)
    lang = (typed.pop("lang", "") or "").lower().replace("_", "-").split("-")[0]
    if lang:
        typed["lang"] = lang
    return _ready(values, "article", _cleaned(typed, article.checked_fields(typed, new=False)))


def prepare_complaint(values: Mapping[str, Json], site: Site) -> Row:
    """Make a complaint ready with its remedies and what it names."""
    from crmdesk.services.exchange.complaints import ready_complaint

    fields, remedies, links = ready_complaint(values, site.zone, site.currency)
    return {**_ready(values, "complaint", fields, items=remedies), "links": links}


PREPARERS: Mapping[str, Callable[[Mapping[str, Json], Site], Row]] = MappingProxyType(
    {
        "customers": prepare_customer,
        "contacts": prepare_contact,
        "assets": prepare_asset,
        "visits": prepare_visit,
        "articles": prepare_article,
        "complaints": prepare_complaint,
    }
)
