"""What waits for an agent: open tasks by due time, the latest calls, news of the knowledge base.

Each list reads the front of one index; how much history there is does not matter.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from crmdesk.models.text import say
from crmdesk.models.types import AgentId, ArticleId, CallId, CustomerId, TaskId
from crmdesk.models.worklist import Answer, CallLine, TaskLine, Worklist
from crmdesk.services.customers.values import identity, micros, moment, moment_at, rows

CALLS = 20
NEWS = 5
NEWEST = 40
"""So many of the newest articles are looked through for those in the agent's language."""
PASSAGE = 160

_TASK = """SELECT t.id, t.kind, t.subject, t.customer_id, ifnull(c.name, ''), t.number_value, t.due_at,
 ifnull(nullif(a.name_zh, ''), ifnull(nullif(a.name_en, ''), ifnull(a.login, ''))), t.attempts, t.rev,
 t.complaint_id, ifnull(t.errand, '')
 FROM task AS t LEFT JOIN customer AS c ON c.id = t.customer_id LEFT JOIN agent AS a ON a.id = t.owner_id"""
_DUE = "t.due_at IS NOT NULL ORDER BY t.due_at LIMIT ?"
_UNDATED = "t.due_at IS NULL LIMIT ?"
_ANYBODY = _TASK + " WHERE t.state = 'open' AND "
_OWN = _TASK + " WHERE t.owner_id = ? AND t.state = 'open' AND "
_UNOWNED = (
    _TASK
    + " WHERE t.owner_id IS NULL AND t.state = 'open'"
    + " AND (t.team_id IS NULL OR t.team_id = (SELECT team_id FROM agent WHERE id = ?))"
    # Of one of a restricted complaint that another team handles by now there is nothing to read.
    + " AND (t.complaint_id IS NULL OR t.errand IS NOT NULL OR t.subject <> '') AND "
)
_CALL = """SELECT k.id, k.started_at, k.direction, k.number_value, k.number_raw, k.customer_id,
 ifnull(c.name, ''), k.result, k.state, k.talk_seconds, k.disposition
 FROM call AS k LEFT JOIN customer AS c ON c.id = k.customer_id"""
_CALLS_OF = f"{_CALL} WHERE k.agent_id = ? ORDER BY k.started_at DESC LIMIT {CALLS}"
_CALLS_UNOWNED = f"{_CALL} WHERE k.agent_id IS NULL ORDER BY k.started_at DESC LIMIT {CALLS}"
_CALLS_ALL = f"{_CALL} ORDER BY k.started_at DESC LIMIT {CALLS}"
_ARTICLES = f"""SELECT id, title, lang, safety, say_this, body, version FROM article
 WHERE state = 'published' ORDER BY updated_at DESC LIMIT {NEWEST}"""


def worklist(
    connection: Any, agent_id: AgentId | None, *, now: datetime, limit: int = 50, language: str = ""
) -> Worklist:
    """Return what waits for *agent_id*: his tasks and calls, and those that nobody (of his team) owns.

    Without an agent it is everybody's.

    Args:
        connection: a reader.
        agent_id: who is signed in, None when nobody is.
        now: the desk's moment: tasks due before it are overdue.
        limit: tasks at most.
        language: news in it come first (zh or en); empty: the newest first, whatever their language.
    """
    return Worklist(
        agent_id=agent_id,
        tasks=tuple(_task(row, micros(now)) for row in _open_tasks(connection, agent_id, limit)),
        calls=tuple(_call(row) for row in _latest_calls(connection, agent_id)),
        news=tuple(_article(row) for row in _news(connection, language)),
    )


def _open_tasks(connection: Any, agent_id: AgentId | None, limit: int) -> list[tuple[Any, ...]]:
    """Return rows of ``_TASK`` by due time, undated ones last."""
    sources = ((_OWN, agent_id.bytes), (_UNOWNED, agent_id.bytes)) if agent_id else ((_ANYBODY,),)
    found: list[tuple[Any, ...]] = []
    for condition in (_DUE, _UNDATED):
        batch = [row for start, *who in sources for row in rows(connection, start + condition, *who, limit)]
        found += sorted(batch, key=lambda row: (row[6] or 0, row[0]))
        if len(found) >= limit:
            break
    return found[:limit]


def _task(row: tuple[Any, ...], now: int) -> TaskLine:
    row_id, kind, subject, customer, name, number, due, owner, attempts, rev, complaint, errand = row
    who = identity(customer)
    return TaskLine(
        id=TaskId(UUID(bytes=row_id)),
        kind=kind,
        subject=subject,
        customer_id=CustomerId(who) if who else None,
        customer_name=name,
        number=number,
        due_at=moment(due),
        overdue=due is not None and due < now,
        owner=owner,
        attempts=attempts,
        version=rev,
        complaint_id=identity(complaint),
        errand=errand,
    )


def _latest_calls(connection: Any, agent_id: AgentId | None) -> list[tuple[Any, ...]]:
    if agent_id is None:
        return rows(connection, _CALLS_ALL)
    found = rows(connection, _CALLS_OF, agent_id.bytes) + rows(connection, _CALLS_UNOWNED)
    return sorted(found, key=lambda row: (row[1], row[0]), reverse=True)[:CALLS]


def _call(row: tuple[Any, ...]) -> CallLine:
    row_id, at, direction, value, raw, customer, name, result, state, talk, disposition = row
    who = identity(customer)
    return CallLine(
        id=CallId(UUID(bytes=row_id)),
        at=moment_at(at),
        direction=direction,
        number=value or raw,
        customer_id=CustomerId(who) if who else None,
        customer_name=name,
        result=result or state,
        talk_seconds=talk,
        disposition=disposition,
    )


def _news(connection: Any, language: str) -> list[tuple[Any, ...]]:
    newest = rows(connection, _ARTICLES)
    return sorted(newest, key=lambda row: bool(language) and row[2] != language)[:NEWS]


def _article(row: tuple[Any, ...]) -> Answer:
    row_id, title, lang, safety, say_this, body, version = row
    return Answer(
        article_id=ArticleId(UUID(bytes=row_id)),
        title=title,
        passage=" ".join((say_this or body)[: 2 * PASSAGE].split())[:PASSAGE],
        why=(say("new") if version == 1 else say("changed"),),
        lang=lang,
        safety=bool(safety),
    )
