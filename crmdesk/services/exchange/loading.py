"""Rows of a file into the store: each is new, changed, the same, or refused with a reason.

A row is known by its own ``id``, else by the source's ``external_id``, else (cars) by VIN or plate, else by
its content; so a second import of the same file changes nothing, and an import that was cut off is finished
by running it again. Nothing is taken away: what a file does not say stays as it is, numbers are only added.

Rows are applied in transactions that hold the write lock for :data:`BUDGET_MS`, or :data:`ALONE_MS` where
nobody waits for it: each is made durable, which takes longer than applying a few rows. All of a row's checks
are made before its first change, so a refused row leaves no trace.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from crmdesk.errors import AgentError, InvalidInput, StoreFault
from crmdesk.models import article, asset, customer, visit
from crmdesk.models.operations import Operation
from crmdesk.models.rules import clean_line, required_line, within
from crmdesk.models.wire import Json, Row, from_json, to_json
from crmdesk.services.exchange.convert import converted
from crmdesk.services.exchange.points import Parse, added, points_given
from crmdesk.services.store.store import Store

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

BUDGET_MS = 15.0
ALONE_MS = 250.0
"""How long a transaction goes on taking rows, while somebody works here and else; it may go a little over."""

NAMESPACE = UUID("b1d3c8a2-5e0f-5b57-9d64-2f7c6c0e7a55")
SOURCE = "import"
NEW, CHANGED, SAME, REFUSED = "new", "changed", "same", "refused"
REACHED = ("phones", "emails")


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the row that began in line ``line``; ``reason`` when it was refused."""

    line: int
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """How numbers and times without zone are meant where the file came from."""

    parse: Parse
    zone: tzinfo


Planned = tuple[str, list[Operation]]
"""What will become of a row, and the operations that do it."""


def load(
    store: Store,
    kind: str,
    rows: Sequence[tuple[int, Mapping[str, Json]]],
    site: Site,
    *,
    dry: bool,
    considerate: bool = False,
) -> list[Taken]:
    """Take *rows* of *kind* (line, fields) in short transactions; with *dry* only say what would happen.

    Returns what became of the rows, of fewer than given when the store could not be written any more: those
    are in, taking the others again goes on or says why not.

    *considerate*: somebody works at this desk. Transactions are shorter, and after each the thread rests as
    long as that took, so that a call pops and typing is kept meanwhile.

    Raises:
        StoreFault: the store could not be written; none of the rows is in.
    """
    found: list[Taken] = []
    for _, values in rows:
        # Understood here and remembered by the parser, so that it costs nothing while the lock is held.
        for number in _reached(values)["phones"]:
            site.parse(clean_line(number))
    use_case = _rehearsed if dry else _applied
    budget_ms = BUDGET_MS if considerate else ALONE_MS
    while len(found) < len(rows):
        begun = time.perf_counter()
        part = store.write(use_case, kind, rows[len(found) :], site, budget_ms, initiator=SOURCE)
        if found and isinstance(part.exception(), StoreFault):
            break
        found += part.result().result
        if considerate:
            time.sleep(time.perf_counter() - begun)
    return found


def _rehearsed(work: UnitOfWork, kind: str, rows: Sequence[Any], site: Site, budget_ms: float) -> list[Taken]:
    return _take_some(work, kind, rows, site, budget_ms)


def _applied(work: UnitOfWork, kind: str, rows: Sequence[Any], site: Site, budget_ms: float) -> list[Taken]:
    taken = _take_some(work, kind, rows, site, budget_ms)
    work.commit()
    return taken


def _take_some(work: UnitOfWork, kind: str, rows: Sequence[Any], site: Site, budget_ms: float) -> list[Taken]:
    deadline = time.perf_counter() + budget_ms / 1000
    taken: list[Taken] = []
    for line, values in rows:
        taken.append(_take(work, kind, line, values, site))
        if time.perf_counter() >= deadline:
            break
    return taken


def _take(work: UnitOfWork, kind: str, line: int, values: Mapping[str, Json], site: Site) -> Taken:
    try:
        outcome, operations = PLANS[kind](work, values, site)
    except AgentError as refused:
        return Taken(line, REFUSED, str(refused))
    for operation in operations:
        work.do(operation)
    return Taken(line, outcome)


def _known(work: UnitOfWork, table: str, values: Mapping[str, Any]) -> tuple[Row | None, UUID | None]:
    """Return the row that *values* are about, and the id a new one gets; None: a fresh one."""
    if values.get("id"):
        try:
            row_id = UUID(str(values["id"]))
        except ValueError:
            raise InvalidInput(
                "An id of crmdesk is not {value}; leave out external_id to use the source's.",
                fields=("id",),
                value=str(values["id"])[:80],
            ) from None
        return work.row(table, row_id), row_id
    if values.get("external_id"):
        rows = work.rows(table, "external_id", clean_line(str(values["external_id"])))
        return (rows[0] if rows else None), None
    text = json.dumps(to_json(dict(values)), ensure_ascii=False, sort_keys=True)
    row_id = uuid5(NAMESPACE, f"{table}\x00{text}")
    return work.row(table, row_id), row_id


def _differing(row: Row, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if row[name] != value}


def _fields(values: Mapping[str, Any], *without: str) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name not in ("id", *without)}


def _reference(work: UnitOfWork, table: str, values: Mapping[str, Any]) -> UUID:
    """Return the id of the customer or asset that a row names, by its own id or the source's."""
    name = f"{table}_id"
    given = str(values.get(name) or "").strip()
    if not given:
        raise InvalidInput("Please fill in {name}.", fields=(name,), name=name)
    try:
        row = work.row(table, UUID(given))
    except ValueError:
        row = None
    rows = [row] if row else work.rows(table, "external_id", given)
    if not rows:
        raise InvalidInput(
            "There is no {what} {given}; import those first.", fields=(name,), what=table, given=given[:80]
        )
    found: UUID = rows[0]["id"]
    return found


def _reached(values: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return numbers and addresses of a row as lists of text."""
    found: dict[str, list[str]] = {}
    for name in REACHED:
        held = values.get(name) or []
        many = held if isinstance(held, list) else [held]
        found[name] = [str(each) for each in many if str(each).strip()]
    return found


def plan_customer(work: UnitOfWork, values: Mapping[str, Json], site: Site) -> Planned:
    """Plan a customer with his numbers and addresses."""
    typed = converted(customer.Customer, _fields(values, *REACHED), site.zone)
    points = points_given(_reached(values), site.parse, SOURCE)
    row, row_id = _known(work, "customer", values)
    if row is None:
        return NEW, [customer.open_customer(work.author, typed, points, row_id)]
    changes = _differing(row, customer.checked_fields(typed))
    operations = [work.author.describe("customer.change", {"id": row["id"], "changes": changes})]
    known = work.rows("contact_point", "customer_id", row["id"])
    more = added(work.author, {"customer_id": row["id"]}, points, known)
    return _outcome([*(operations if changes else ()), *more])


def plan_contact(work: UnitOfWork, values: Mapping[str, Json], site: Site) -> Planned:
    """Plan a person of a company; the source's id is kept in the person's own."""
    named = str(values.get("external_id") or values.get("id") or "")
    fields = _fields(values, "external_id", "customer_id", *REACHED)
    typed = converted(customer.Contact, fields, site.zone)
    typed["customer_id"] = _reference(work, "customer", values)
    typed["name"] = required_line("name", typed.get("name") or "")
    for name in ("name_alt", "role"):
        typed[name] = within(name, clean_line(typed.get(name) or ""), 200)
    points = points_given(_reached(values), site.parse, SOURCE)
    typed["id"] = _contact_id(named, typed)
    row = work.row("contact", typed["id"])
    if row is None:
        return NEW, [work.author.describe("contact.save", {"fields": typed, "points": points})]
    operations = [work.author.describe("contact.save", {"fields": typed})] if _differing(row, typed) else []
    owner = {"customer_id": typed["customer_id"], "contact_id": typed["id"]}
    more = added(work.author, owner, points, work.rows("contact_point", "contact_id", typed["id"]))
    return _outcome([*operations, *more])


def _contact_id(named: str, typed: Mapping[str, Any]) -> UUID:
    try:
        return UUID(named)
    except ValueError:
        text = named or json.dumps(to_json(dict(typed)), ensure_ascii=False, sort_keys=True)
        return uuid5(NAMESPACE, f"contact\x00{text}")


def plan_asset(work: UnitOfWork, values: Mapping[str, Json], site: Site) -> Planned:
    """Plan an asset of a customer."""
    typed = converted(asset.Asset, _fields(values, "customer_id"), site.zone)
    typed["customer_id"] = _reference(work, "customer", values)
    checked = asset.checked_fields(typed)
    row, row_id = _known(work, "asset", values)
    if row is None and not values.get("id") and not values.get("external_id"):
        row = _same_car(work, checked)
    if row is None:
        return NEW, [asset.open_asset(work.author, typed, row_id)]
    changes = _differing(row, checked)
    operation = work.author.describe("asset.change", {"id": row["id"], "changes": changes})
    return _outcome([operation] if changes else [])


def _same_car(work: UnitOfWork, fields: Mapping[str, Any]) -> Row | None:
    for name in ("vin", "plate_key"):
        if fields.get(name):
            for row in work.rows("asset", name, fields[name]):
                if row["customer_id"] == fields["customer_id"]:
                    return row
    return None


def plan_visit(work: UnitOfWork, values: Mapping[str, Json], site: Site) -> Planned:
    """Plan a service visit of an asset; its owner is the asset's."""
    typed = converted(visit.ServiceVisit, _fields(values, "asset_id", "items"), site.zone)
    typed["asset_id"] = _reference(work, "asset", values)
    owner = work.row("asset", typed["asset_id"])
    typed["customer_id"] = owner["customer_id"] if owner else None
    items = values.get("items") or []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise InvalidInput("{name} is no JSON list.", fields=("items",), name="items")
    row, row_id = _known(work, "service_visit", values)
    if row is None:
        return NEW, [visit.record_visit(work.author, typed, items, row_id)]
    wanted = {name: value for name, value in typed.items() if name in visit.EDITABLE}
    held = work.load(visit.ServiceVisit, row["id"])
    checked = held.change(work.author, wanted, None).payload["changes"]
    changes = _differing(row, from_json(visit.ServiceVisit, checked))
    return _outcome([held.change(work.author, changes, None)] if changes else [])


def plan_article(work: UnitOfWork, values: Mapping[str, Json], site: Site) -> Planned:
    """Plan an article; one without a language gets that of its characters."""
    typed = converted(article.Article, _fields(values), site.zone)
    lang = (typed.get("lang") or "").lower().replace("_", "-").split("-")[0]
    row, row_id = _known(work, "article", values)
    if lang or row is None:
        typed["lang"] = lang or _language_of(f"{typed.get('title')}{typed.get('body')}")
    checked = article.checked_fields(typed, new=row is None)
    if row is not None and not _differing(row, checked):
        return SAME, []
    wanted = row["id"] if row else row_id or work.author.new_id()
    return (CHANGED if row else NEW), [article.save_article(work.author, typed, wanted)]


def _language_of(text: str) -> str:
    return "zh" if any("\u4e00" <= char <= "\u9fff" for char in text) else "en"


def _outcome(operations: list[Operation]) -> Planned:
    return (CHANGED if operations else SAME), operations


PLANS: Mapping[str, Callable[[UnitOfWork, Mapping[str, Json], Site], Planned]] = {
    "customers": plan_customer,
    "contacts": plan_contact,
    "assets": plan_asset,
    "visits": plan_visit,
    "articles": plan_article,
}
