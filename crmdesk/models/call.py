"""Calls and their legs, with queue, ring, talk, hold and wrap-up times apart.

One call is one row on all desks: its id is derived from the telephone system's own (:func:`call_id`), so
seeing it again adds what is new and never makes a second one.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from crmdesk.models.interaction import shown
from crmdesk.models.operations import Author, Operation, RowChange, Rows, fresh, patched
from crmdesk.models.rules import clean_line, not_negative, within
from crmdesk.models.task import CALL_BACK_WITHIN, Task
from crmdesk.models.wire import Row, from_json
from crmdesk.values import dataclass

NAMESPACE = UUID("6f0c1d0e-6f1b-5c0a-9a53-3c8f3a5f7a10")
UNANSWERED = frozenset({"abandoned", "no_answer", "missed"})


@dataclass(kw_only=True)
class Call:
    """One call; ``state`` is ringing, talking or ended, ``result`` what became of it (answered, missed …).

    ``identified_by`` says how the customer was found: number, chosen, corrected, or empty while nobody is.
    """

    id: UUID
    rev: int = 1
    call_key: str = ""
    direction: str = "in"
    number_raw: str = ""
    number_value: str = ""
    caller_name: str = ""
    dialled: str = ""
    queue: str = ""
    customer_id: UUID | None = None
    contact_id: UUID | None = None
    asset_id: UUID | None = None
    identified_by: str = ""
    state: str = "ringing"
    result: str = ""
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str = ""
    queue_seconds: int | None = None
    ring_seconds: int | None = None
    talk_seconds: int | None = None
    hold_seconds: int | None = None
    wrap_up_seconds: int | None = None
    disposition: str = ""
    topic: str = ""
    agent_id: UUID | None = None
    verified: tuple[str, ...] = ()


@dataclass(kw_only=True)
class CallLeg:
    """One telephone's part in a call; ``result`` is answered, missed, elsewhere, rejected or empty."""

    id: UUID
    rev: int = 1
    call_id: UUID
    leg_key: str = ""
    extension: str = ""
    agent_id: UUID | None = None
    rang_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    result: str = ""


def call_id(source: str, call_key: str) -> UUID:
    """Return the id of the call that *source* (site and telephone system, or device) calls *call_key*."""
    return uuid5(NAMESPACE, f"{source}\x00{call_key}")


def leg_id(call: UUID, leg_key: str) -> UUID:
    """Return the id of one leg of a call."""
    return uuid5(call, leg_key)


def see_call(
    author: Author, row_id: UUID, values: Mapping[str, Any], legs: Iterable[Mapping[str, Any]] = ()
) -> Operation:
    """Describe what the telephone tells of a call; saying it twice changes nothing."""
    row = from_json(Call, {k: v for k, v in values.items() if v not in (None, "")})
    for name in ("number_raw", "caller_name", "dialled", "queue", "call_key"):
        if name in row:
            row[name] = clean_line(row[name])[:255]
    known = [{**from_json(CallLeg, leg), "id": leg_id(row_id, str(leg["leg_key"]))} for leg in legs]
    return author.describe("call.seen", {"id": row_id, "fields": row, "legs": known})


def wrap_up(
    author: Author, call: Row, disposition: str, seconds: int | None, topic: str = "", stretched: str = ""
) -> Operation:
    """Describe how the agent finished *call*: disposition key, wrap-up seconds, topic.

    *stretched* says why more time was taken than is usual; it stands in the log of operations, in no row.
    """
    not_negative("wrap_up_seconds", seconds)
    payload = {
        "id": call["id"],
        "disposition": clean_line(disposition),
        "wrap_up_seconds": seconds,
        "topic": within("topic", clean_line(topic), 100),
    }
    if stretched:
        payload["stretched"] = within("stretched", clean_line(stretched), 100)
    return author.describe("call.wrap_up", payload)


def seen(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``call.seen``: merge what one desk heard into the call, its legs and its time line."""
    payload = operation.payload
    row_id = UUID(payload["id"])
    news = from_json(Call, payload["fields"])
    row = rows.get("call", row_id)
    if row is None:
        first = fresh("call", Call(**{"id": row_id, "started_at": operation.at, **news}))
        yield first
        call = first.row or {}
    else:
        call = yield from _merged(row, news)
    for leg in payload["legs"]:
        yield from _merged_leg(rows, row_id, from_json(CallLeg, leg))
    yield from _on_time_line(rows, call)
    yield from _call_back(rows, call, operation)


def _merged(row: Row, news: Row) -> Generator[RowChange, None, Row]:
    """Yield the change that lays *news* over the call, if they tell anything new; return the call then."""
    if row["identified_by"]:
        news = {k: v for k, v in news.items() if k not in ("customer_id", "identified_by")}
    newer = {k: v for k, v in _forward(row, news).items() if row[k] != v}
    if not newer:
        return row
    change = patched("call", row, newer)
    yield change
    return change.row or row


def _forward(row: Row, news: Row) -> Row:
    """Drop what would turn a call back: an ended call does not ring again, the first start stays."""
    order = {"ringing": 0, "talking": 1, "ended": 2}
    kept = dict(news)
    if "state" in kept and order.get(kept["state"], 0) < order.get(row["state"], 0):
        del kept["state"]
    kept["started_at"] = min(row["started_at"], kept.get("started_at", row["started_at"]))
    return kept


def _merged_leg(rows: Rows, call: UUID, leg: Row) -> Iterable[RowChange]:
    row = rows.get("call_leg", leg["id"])
    if row is None:
        yield fresh("call_leg", CallLeg(**{**leg, "call_id": call}))
    else:
        news = {k: v for k, v in leg.items() if v not in (None, "") and row[k] != v}
        if news:
            yield patched("call_leg", row, news)


def _on_time_line(rows: Rows, call: Row) -> Iterable[RowChange]:
    yield from shown(
        rows,
        {
            "id": call["id"],
            "customer_id": call["customer_id"],
            "kind": "call",
            "direction": call["direction"],
            "at": call["started_at"],
            "state": call["result"] or call["state"],
            "topic": call["topic"],
        },
    )


def _call_back(rows: Rows, call: Row, operation: Operation) -> Iterable[RowChange]:
    """Yield the one call-back that an inbound call nobody answered makes."""
    if call["state"] != "ended" or call["direction"] != "in" or call["result"] not in UNANSWERED:
        return
    row_id = uuid5(call["id"], "callback")
    if rows.get("task", row_id) is None and call["number_value"]:
        yield fresh(
            "task",
            Task(
                id=row_id,
                kind="callback",
                subject="",
                customer_id=call["customer_id"],
                call_id=call["id"],
                number_value=call["number_value"],
                team_id=_team_of(rows, call["queue"]),
                due_at=(call["ended_at"] or operation.at) + timedelta(minutes=CALL_BACK_WITHIN),
                created_at=operation.at,
            ),
        )


def _team_of(rows: Rows, queue: str) -> UUID | None:
    """Return the team that owns the calls of *queue*: its own, else the one for all queues."""
    teams = rows.where("team", "queue", queue) or rows.where("team", "queue", "")
    return teams[0]["id"] if teams else None


def wrapped_up(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``call.wrap_up``: disposition, time and topic of the call, and of its line."""
    payload = operation.payload
    row = rows.get("call", UUID(payload["id"]))
    if row is None:
        return
    news = {"disposition": payload["disposition"], "wrap_up_seconds": payload["wrap_up_seconds"]}
    if payload["topic"]:
        news["topic"] = payload["topic"]
    change = patched("call", row, news)
    yield change
    line = rows.get("interaction", row["id"])
    if line and payload["topic"]:
        yield patched("interaction", line, {"topic": payload["topic"]})


def assigned(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``call.assign``: the call and what was written in it go to another customer, or to none."""
    payload = operation.payload
    row = rows.get("call", UUID(payload["id"]))
    if row is None:
        return
    owner = UUID(payload["customer_id"]) if payload["customer_id"] else None
    yield patched("call", row, {"customer_id": owner, "identified_by": payload["by"], "asset_id": None})
    line = rows.get("interaction", row["id"])
    if line:
        yield patched("interaction", line, {"customer_id": owner, "asset_id": None})
    for table in ("note", "task"):
        for held in rows.where(table, "call_id", row["id"]):
            yield patched(table, held, {"customer_id": owner})
    if payload["by"] == "corrected" and row["customer_id"]:
        for point in rows.where("contact_point", "customer_id", row["customer_id"]):
            if point["value"] == row["number_value"]:
                yield patched("contact_point", point, {"warned_at": operation.at})


def verified(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``call.verify``: which facts the caller confirmed."""
    row = rows.get("call", UUID(operation.payload["id"]))
    if row:
        yield patched("call", row, {"verified": tuple(operation.payload["facts"])})
