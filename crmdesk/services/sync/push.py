"""Sending what waits: in the order of its numbers, each operation once, whatever gets lost on the way.

A number that is sent again gets the answer it had, so after a lost answer the same call is simply made again.
Many operations travel together: the server does them in one transaction, each in a subtransaction of its own.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

import psycopg

from crmdesk.models.outbox import Answer, Pending
from crmdesk.models.types import Clock
from crmdesk.models.wire import Json
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.connection import Link, fault_of, nonsense, worded
from crmdesk.values import dataclass

BATCH = 50
"""Operations that travel together, as many as the server takes; their answers are kept together, too."""

PUSH = "SELECT crm.push_many(%s::uuid, %s::bigint, %s::jsonb)"
NOT_BACK = "55000"
"""The SQLSTATE of an operation that has to wait after a restore."""
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

    The rest was not answered and is sent again; ``trouble`` is what stopped it when nothing was answered.
    """

    answers: tuple[Answer, ...]
    gap: int | None = None
    trouble: psycopg.Error | None = None


def send(link: Link, sender: Sender, pending: Sequence[Pending], address: ServerAddress) -> Sent:
    """Send *pending*, at most ``BATCH``, together; return the answers up to the first that failed to come.

    Raises:
        ServerFault: an answer is none of crmdesk's.
    """
    sent = json.dumps([_sent(sender, each) for each in pending], ensure_ascii=False)
    try:
        row = link.execute(PUSH, (sender.device, sender.offset_ms, sent)).fetchone()
    except psycopg.Error as error:
        return Sent((), trouble=error)
    told = row[0] if row else None
    if not isinstance(told, list) or not 0 < len(told) <= len(pending):
        raise nonsense(address, "push")
    results = [_understood(each, address) for each in told]
    answers = tuple(
        Answer(each.n, result) for each, result in zip(pending, results, strict=False) if "gap" not in result
    )
    gap = results[-1].get("gap")
    return Sent(answers, gap=None if gap is None else int(gap))


def waits_for_others(sent: Sent) -> bool:
    """Whether what stopped *sent* is that other desks still bring back what it builds upon."""
    return sent.trouble is not None and sent.trouble.sqlstate == NOT_BACK


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


def _sent(sender: Sender, pending: Pending) -> dict[str, Json]:
    """Return an operation as the server's ``crm.operation_sent`` has it."""
    operation = pending.operation
    return {
        "n": pending.n,
        "op": str(operation.id),
        "kind": operation.kind,
        "version": operation.version,
        "payload": _text(operation.payload),
        "base_rev": operation.base_revision,
        "at": operation.at.isoformat(),
        "age_ms": _age_ms(sender.clock(), operation.at),
        "again": pending.again,
    }


def _text(payload: Mapping[str, Json]) -> str:
    """Return *payload* as JSON; half a character is escaped, so that the server can read and refuse it."""
    text = json.dumps(dict(payload), ensure_ascii=False)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(dict(payload))
    return text


def _age_ms(now: datetime, at: datetime) -> int:
    """Return how long ago *at* was by the desk's clock; never negative."""
    return max(0, (now - at) // _MILLISECOND)


def _understood(answer: Json, address: ServerAddress) -> dict[str, Json]:
    if isinstance(answer, dict) and ("ok" in answer or "rejected" in answer or "gap" in answer):
        return answer
    raise nonsense(address, "push")
