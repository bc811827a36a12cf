"""The knowledge base as the window and the pop show it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from crmdesk.errors import NotFound
from crmdesk.models.screen_pop import Article
from crmdesk.models.types import ArticleId
from crmdesk.models.worklist import Answer
from crmdesk.services.knowledge.articles import read_article
from crmdesk.services.knowledge.prepared import Remembered
from crmdesk.services.knowledge.search import Hit, search
from crmdesk.services.knowledge.suggest import Suggestion, suggest
from crmdesk.services.store.values import from_micros


def suggested(
    connection: Any,
    *,
    model: str,
    topics: Sequence[str],
    language: str,
    limit: int,
    text: str = "",
    remembered: Remembered | None = None,
) -> tuple[Answer, ...]:
    """Return the answers for a call, before and while something is typed (*text*)."""
    found = suggest(
        connection,
        model=model,
        topics=topics,
        text=text,
        language=language,
        limit=limit,
        remembered=remembered,
    )
    return tuple(_answer(each) for each in found)


def answers(
    connection: Any, query: str, *, models: Sequence[str], language: str, limit: int
) -> tuple[Answer, ...]:
    """Return what *query* finds; articles in *language* first, the others after them."""
    hits = search(connection, query, limit=limit, models=models)
    own = [hit for hit in hits if hit.lang == language]
    return tuple(_answer(hit) for hit in [*own, *(hit for hit in hits if hit.lang != language)])


def article(connection: Any, article_id: ArticleId) -> Article:
    """Return one article as it is read; raise NotFound when it is gone."""
    row = read_article(connection, article_id.bytes)
    if row is None:
        raise NotFound("This {what} is not here any more.", what="article")
    return Article(
        article_id=ArticleId(UUID(bytes=row.id)),
        external_id=row.external_id,
        title=row.title,
        lang=row.lang,
        safety=row.safety,
        say_this=row.say_this,
        do_this=row.do_this,
        body=row.body,
        models=row.models,
        topics=row.topics,
        updated_at=from_micros(row.updated_at),
    )


def _answer(found: Suggestion | Hit) -> Answer:
    return Answer(found.article_id, found.title, found.passage, found.why, found.lang, found.safety)
