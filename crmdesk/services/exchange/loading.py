"""Ready rows into the store: each is new, changed, the same, or refused with a reason.

A row is known by its own ``id``, else by the source's ``external_id``, else (cars) by VIN or plate, else by
its content; so a second import of the same file changes nothing, and an import that was cut off is finished
by running it again. Nothing is taken away: what a file does not say stays as it is, numbers are only added.

Beside a window, transactions take as many rows as fit into :data:`BUDGET_MS`, learnt from the one before, and
end when somebody else wants the store; where nobody waits for it they take all rows, since making durable
costs more than a few rows do. All of a row's checks are made before its first change, so a refused row
leaves no trace.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from crmdesk.errors import AgentError, InvalidInput, StoreFault
from crmdesk.models import article, asset, customer, visit
from crmdesk.models.operations import Operation
from crmdesk.models.wire import Json, Row, from_json, to_json
from crmdesk.services.exchange.points import added
from crmdesk.services.exchange.preparing import NAMESPACE, SOURCE, Prepared
from crmdesk.services.store.store import Store

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

BUDGET_MS = 15.0
"""How long a transaction beside a window holds the write lock, more or less."""

FIRST_ROWS = 8
"""Rows of its first transaction."""

NEW, CHANGED, SAME, REFUSED = "new", "changed", "same", "refused"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of the row that began in line ``line``; ``reason`` when it was refused."""

    line: int
    outcome: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Part:
    """What became of the rows of one transaction, and how long it held the write lock."""

    taken: list[Taken]
    locked_ms: float


Ready = Mapping[str, Json]
Planned = tuple[str, list[Operation]]
"""What will become of a row, and the operations that do it."""
Planner = Callable[["UnitOfWork", Ready], Planned]


def load(
    store: Store, plan: Planner, rows: Sequence[Prepared], *, dry: bool, considerate: bool = False
) -> list[Taken]:
    """Take *rows* in short transactions as *plan* has them; with *dry* only say what would happen.

    Returns what became of the rows, of fewer than given when the store could not be written any more: those
    are in, taking the others again goes on or says why not.

    *considerate*: somebody works at this desk. Transactions are shorter and end when somebody else wants the
    store; after each the thread rests as long as that took, so that a call pops and typing is kept meanwhile.

    Raises:
        StoreFault: the store could not be written; none of the rows is in.
    """
    found: list[Taken] = []
    size = FIRST_ROWS if considerate else len(rows)
    while len(found) < len(rows):
        begun = time.perf_counter()
        future = store.write(
            _part, plan, rows[len(found) : len(found) + size], lambda: store.wanted, dry, initiator=SOURCE
        )
        if found and isinstance(future.exception(), StoreFault):
            break
        part = future.result().result
        found += part.taken
        if considerate:
            size = max(1, int(min(len(part.taken) * BUDGET_MS / part.locked_ms, 2 * size)))
            time.sleep(time.perf_counter() - begun)
    return found


def _part(
    work: UnitOfWork, plan: Planner, rows: Sequence[Prepared], wanted: Callable[[], bool], dry: bool
) -> Part:
    """Take *rows*, or fewer when the store is *wanted* meanwhile; in one transaction, kept unless *dry*."""
    begun = time.perf_counter()
    taken: list[Taken] = []
    with work.together():
        for row in rows:
            taken.append(_take(work, plan, row))
            if wanted():
                break
    if not dry:
        work.commit()
    return Part(taken, (time.perf_counter() - begun) * 1000)


def _take(work: UnitOfWork, plan: Planner, row: Prepared) -> Taken:
    if row.reason:
        return Taken(row.line, REFUSED, row.reason)
    try:
        outcome, operations = plan(work, row.ready)
    except AgentError as refused:
        return Taken(row.line, REFUSED, str(refused))
    for operation in operations:
        work.do(operation)
    return Taken(row.line, outcome)


def _known(work: UnitOfWork, table: str, ready: Ready) -> tuple[Row | None, UUID | None]:
    """Return the row that *ready* is about, and the id a new one gets; None: a fresh one."""
    known = ready["known"]
    if "external_id" in known:
        rows = work.rows(table, "external_id", known["external_id"])
        return (rows[0] if rows else None), None
    named = known.get("id") or known.get("content")
    if not named:
        raise InvalidInput("Please fill in {name}.", fields=("known",), name="known")
    row_id = UUID(str(named))
    return work.row(table, row_id), row_id


def _differing(row: Row, fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if row[name] != value}


def _owner(work: UnitOfWork, table: str, ready: Ready) -> Row:
    """Return the customer or asset that a row belongs to, named by its own id or the source's."""
    given = ready["of"]
    row = work.row(table, UUID(given)) if _is_id(given) else None
    rows = [row] if row else work.rows(table, "external_id", given)
    if not rows:
        raise InvalidInput(
            "There is no {what} {given}; import those first.",
            fields=(f"{table}_id",),
            what=table,
            given=given[:80],
        )
    return rows[0]


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def plan_customer(work: UnitOfWork, ready: Ready) -> Planned:
    """Plan a customer with his numbers and addresses."""
    fields, points = ready["fields"], ready["points"]
    row, row_id = _known(work, "customer", ready)
    if row is None:
        return NEW, [customer.open_customer(work.author, fields, points, row_id)]
    changes = _differing(row, customer.checked_fields(fields))
    operations = [work.author.describe("customer.change", {"id": row["id"], "changes": changes})]
    known = work.rows("contact_point", "customer_id", row["id"])
    more = added(work.author, {"customer_id": row["id"]}, points, known)
    return _outcome([*(operations if changes else ()), *more])


def plan_contact(work: UnitOfWork, ready: Ready) -> Planned:
    """Plan a person of a company; the source's id is kept in the person's own."""
    points = ready["points"]
    typed = from_json(customer.Contact, ready["fields"])
    typed["customer_id"] = _owner(work, "customer", ready)["id"]
    typed["id"] = _contact_id(ready["known"].get("external_id", ""), typed)
    row = work.row("contact", typed["id"])
    if row is None:
        return NEW, [work.author.describe("contact.save", {"fields": typed, "points": points})]
    operations = [work.author.describe("contact.save", {"fields": typed})] if _differing(row, typed) else []
    owner = {"customer_id": typed["customer_id"], "contact_id": typed["id"]}
    more = added(work.author, owner, points, work.rows("contact_point", "contact_id", typed["id"]))
    return _outcome([*operations, *more])


def _contact_id(named: str, typed: Mapping[str, Any]) -> UUID:
    if _is_id(named):
        return UUID(named)
    text = named or json.dumps(to_json(dict(typed)), ensure_ascii=False, sort_keys=True)
    return uuid5(NAMESPACE, f"contact\x00{text}")


def plan_asset(work: UnitOfWork, ready: Ready) -> Planned:
    """Plan an asset of a customer."""
    fields = {**ready["fields"], "customer_id": _owner(work, "customer", ready)["id"]}
    row, row_id = _known(work, "asset", ready)
    checked = asset.checked_fields(fields)
    if row is None and "content" in ready["known"]:
        row = _same_car(work, checked)
    if row is None:
        return NEW, [asset.open_asset(work.author, fields, row_id)]
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


def plan_visit(work: UnitOfWork, ready: Ready) -> Planned:
    """Plan a service visit of an asset; its owner is the asset's."""
    owner = _owner(work, "asset", ready)
    fields = {**ready["fields"], "asset_id": owner["id"], "customer_id": owner["customer_id"]}
    row, row_id = _known(work, "service_visit", ready)
    if row is None:
        return NEW, [visit.record_visit(work.author, fields, ready["items"], row_id)]
    wanted = {name: value for name, value in fields.items() if name in visit.EDITABLE}
    held = work.load(visit.ServiceVisit, row["id"])
    checked = held.change(work.author, wanted, None).payload["changes"]
    changes = _differing(row, from_json(visit.ServiceVisit, checked))
    return _outcome([held.change(work.author, changes, None)] if changes else [])


def plan_article(work: UnitOfWork, ready: Ready) -> Planned:
    """Plan an article; a new one without a language gets that of its characters."""
    fields = ready["fields"]
    row, row_id = _known(work, "article", ready)
    if row is None and "lang" not in fields:
        fields = {"lang": _language_of(f"{fields.get('title')}{fields.get('body')}"), **fields}
    checked = article.checked_fields(fields, new=row is None)
    if row is not None and not _differing(row, checked):
        return SAME, []
    wanted = row["id"] if row else row_id or work.author.new_id()
    return (CHANGED if row else NEW), [article.save_article(work.author, fields, wanted)]


def _language_of(text: str) -> str:
    return "zh" if any("\u4e00" <= char <= "\u9fff" for char in text) else "en"


def _outcome(operations: list[Operation]) -> Planned:
    return (CHANGED if operations else SAME), operations


PLANS: Mapping[str, Planner] = MappingProxyType(
    {
        "customers": plan_customer,
        "contacts": plan_contact,
        "assets": plan_asset,
        "visits": plan_visit,
        "articles": plan_article,
    }
)
