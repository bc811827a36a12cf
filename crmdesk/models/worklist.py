"""What the first screen shows: the worklist of an agent, immutable as :mod:`crmdesk.models.screen_pop`.

A module of its own, because the first window waits for nothing it does not show.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from crmdesk.models.text import Text
from crmdesk.models.types import AgentId, ArticleId, CallId, CustomerId, TaskId
from crmdesk.values import dataclass


@dataclass(frozen=True, slots=True)
class Answer:
    """An article of the knowledge base that may fit."""

    article_id: ArticleId
    title: str
    passage: str
    why: tuple[Text, ...]
    lang: str
    safety: bool = False


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A call-back or task in the worklist; ``errand`` is what the procedure of its complaint asks for."""

    id: TaskId
    kind: str
    subject: str
    customer_id: CustomerId | None
    customer_name: str
    number: str
    due_at: datetime | None
    overdue: bool
    owner: str
    attempts: int
    version: int
    complaint_id: UUID | None = None
    errand: str = ""


@dataclass(frozen=True, slots=True)
class CallLine:
    """A call in the log; ``state`` is ringing, talking, ended; ``result`` says what became of it."""

    id: CallId
    at: datetime
    direction: str
    number: str
    customer_id: CustomerId | None
    customer_name: str
    result: str
    talk_seconds: int | None
    disposition: str


@dataclass(frozen=True, slots=True)
class Worklist:
    """What waits for this agent: tasks by due time, recent calls, news of the knowledge base."""

    agent_id: AgentId | None
    tasks: tuple[TaskLine, ...]
    calls: tuple[CallLine, ...]
    news: tuple[Answer, ...]


@dataclass(frozen=True, slots=True)
class DispositionChoice:
    """A way a call can end; ``closing`` when nothing is left to do."""

    key: str
    name_en: str
    name_zh: str
    closing: bool
