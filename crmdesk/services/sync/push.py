"""Sending what waits: in the order of its numbers, each operation once, whatever gets lost on the way.

A number that is sent again gets the answer it had, so after a lost answer the same call is simply made again.
Many operations travel together, each a transaction of its own at the server.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import psycopg

from crmdesk.models.outbox import Answer, Pending
from crmdesk.models.types import Clock
from crmdesk.models.wire import Json
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.connection import Link, fault_of, nonsense, worded
from crmdesk.values import dataclass

BATCH = 200
"""Operations that travel together; their answers are kept in one transaction here."""

PUSH = (
    "SELECT crm.push(%s::uuid, %s::bigint, %s::uuid, %s::text, %s::integer, %s::text, %s::bigint,"
    " %s::timestamptz, %s::bigint, %s::bigint, %s::boolean)"
)
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who sends: the desk's id, its clock, and how far the server's is ahead (milliseconds)."""

    device: UUID
    clock: Clock
    offset_ms: int


@dataclass(frozen=True, slots=True)
class Sent:
    """The answers that came, in order; ``gap`` is the number after which the server wants to go on.

    ``trouble`` is what stopped the rest; it was not answered and is sent again.
    """

    answers: tuple[Answer, ...]
    gap: int | None = None
    trouble: psycopg.Error | None = None


def send(link: Link, sender: Sender, pending: Sequence[Pending], address: ServerAddress) -> Sent:
    """Send *pending* together; return the answers up to the first that failed to come.

    Raises:
        ServerFault: an answer is none of crmdesk's.
    """
    answers: list[Answer] = []
    for n, outcome in _outcomes(link, sender, pending):
        if isinstance(outcome, psycopg.Error):
            return Sent(tuple(answers), trouble=outcome)
        result = _understood(outcome, address)
        if "gap" in result:
            return Sent(tuple(answers), gap=int(result["gap"]))
        answers.append(Answer(n, result))
    return Sent(tuple(answers))


def fault(sent: Sent, address: ServerAddress) -> Exception | None:
    """Return what stopped *sent*, in words; None when nothing did."""
    return None if sent.trouble is None else fault_of(sent.trouble, address)


def stamp(link: Link, address: ServerAddress) -> Json:
    """Have what is committed numbered; return what the server's ``stamp`` tells.

    Raises:
        ServerBusy: somebody held the lock for too long; his session is ended, so trying again helps.
    """
    with worded(address):
        try:
            row = link.execute("SELECT crm.stamp()").fetchone()
        except psycopg.errors.LockNotAvailable:
            link.execute("SELECT crm.reap()")
            raise
    told = row[0] if row else None
    if not isinstance(told, dict) or not isinstance(told.get("seq"), int):
        raise nonsense(address, "stamp")
    return told


def _outcomes(
    link: Link, sender: Sender, pending: Sequence[Pending]
) -> list[tuple[int, Json | psycopg.Error]]:
    """Return what became of each of *pending*, up to the first error."""
    found: list[tuple[int, Json | psycopg.Error]] = []
    if len(pending) == 1:
        return [(pending[0].n, _one(link, sender, pending[0]))]
    try:
        with link.pipeline() as pipeline:
            asked = []
            for each in pending:
                asked.append((each.n, link.execute(PUSH, _arguments(sender, each))))
                # Without it all statements were one transaction.
                pipeline.sync()
            for n, cursor in asked:
                found.append((n, _fetched(cursor)))
                if isinstance(found[-1][1], psycopg.Error):
                    break
    except psycopg.Error as error:
        if not found or not isinstance(found[-1][1], psycopg.Error):
            found.append((0, error))
    return found


def _one(link: Link, sender: Sender, pending: Pending) -> Json | psycopg.Error:
    try:
        return _fetched(link.execute(PUSH, _arguments(sender, pending)))
    except psycopg.Error as error:
        return error


def _fetched(cursor: psycopg.Cursor[Any]) -> Json | psycopg.Error:
    try:
        row = cursor.fetchone()
    except psycopg.Error as error:
        return error
    return row[0] if row else None


def _arguments(sender: Sender, pending: Pending) -> tuple[object, ...]:
    operation = pending.operation
    return (
        sender.device,
        pending.n,
        operation.id,
        operation.kind,
        operation.version,
        json.dumps(dict(operation.payload), ensure_ascii=False),
        operation.base_revision,
        operation.at,
        sender.offset_ms,
        _age_ms(sender.clock(), operation.at),
        pending.again,
    )


def _age_ms(now: datetime, at: datetime) -> int:
    """Return how long ago *at* was by the desk's clock; never negative."""
    return max(0, (now - at) // _MILLISECOND)


def _understood(answer: Json, address: ServerAddress) -> dict[str, Json]:
    if isinstance(answer, dict) and ("ok" in answer or "rejected" in answer or "gap" in answer):
        return answer
    raise nonsense(address, "push")
