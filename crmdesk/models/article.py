"""Articles of the knowledge base, and what agents made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.operations import Author, Operation, RowChange, Rows, fresh, patched
from crmdesk.models.rules import clean_line, clean_text, one_of, required_line, within
from crmdesk.models.wire import Row, from_json
from crmdesk.values import dataclass

LANGUAGES = ("zh", "en")
STATES = ("draft", "published", "retired")
VERDICTS = ("used", "unhelpful")
EDITABLE = frozenset(
    {
        "external_id",
        "lang",
        "title",
        "body",
        "say_this",
        "do_this",
        "safety",
        "models",
        "topics",
        "keywords",
        "state",
    }
)
BODY_LIMIT = 200_000
MOST_NAMES = 50
"""Models or topics of one article at most."""


@dataclass(kw_only=True)
class Article:
    """One answer: safety line, what to say, what to do, and the whole text; plain text, never markup."""

    id: UUID
    rev: int = 1
    external_id: str = ""
    lang: str = "zh"
    title: str = ""
    body: str = ""
    say_this: str = ""
    do_this: str = ""
    safety: str = ""
    models: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    keywords: str = ""
    state: str = "published"
    version: int = 1
    created_at: datetime
    updated_at: datetime


@dataclass(kw_only=True)
class ArticleUse:
    """An agent used an article in a call, or found that it did not help."""

    id: UUID
    rev: int = 1
    article_id: UUID
    call_id: UUID | None = None
    agent: str = ""
    verdict: str = "used"
    at: datetime


@dataclass(kw_only=True)
class ArticleFeedback:
    """How often an article was used and found unhelpful; its id is the article's."""

    id: UUID
    rev: int = 1
    used: int = 0
    unhelpful: int = 0


def save_article(
    author: Author, values: Mapping[str, Any], row_id: UUID | None = None, base_revision: int | None = None
) -> Operation:
    """Describe an article, new or in a new version of the one that was looked at as of *base_revision*."""
    return author.describe(
        "article.save",
        {"id": row_id or author.new_id(), "fields": checked_fields(values, new=row_id is None)},
        base_revision=base_revision,
    )


def checked_fields(values: Mapping[str, Any], *, new: bool) -> Row:
    """Return the fields of an article cleaned; refuse one without title or text, and too many names."""
    foreign = tuple(name for name in values if name not in EDITABLE)
    if foreign:
        raise InvalidInput("There is no field {names} here.", fields=foreign, names=", ".join(foreign))
    row = from_json(Article, values)
    one_of("lang", row.get("lang", "zh"), LANGUAGES)
    one_of("state", row.get("state", "published"), STATES)
    for name in ("body", "say_this", "do_this"):
        if name in row:
            row[name] = within(name, clean_text(row[name]), BODY_LIMIT)
    for name in ("title", "safety", "keywords", "external_id"):
        if name in row:
            row[name] = within(name, clean_line(row[name]), 2_000)
    for name in ("models", "topics"):
        if name in row:
            row[name] = _names(name, row[name])
    if (new or "title" in row) and not (row.get("title") or row.get("body")):
        required_line("title", "")
    return row


def _names(name: str, values: Iterable[str]) -> tuple[str, ...]:
    """Return *values* as single lines, each once, without empty ones."""
    names = tuple(dict.fromkeys(line for each in values if (line := within(name, clean_line(each), 200))))
    if len(names) > MOST_NAMES:
        raise InvalidInput(
            "An article can have at most {most} {field}.", fields=(name,), most=MOST_NAMES, field=name
        )
    return names


def saved(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``article.save``: a new article, or the next version of one."""
    row_id = UUID(operation.payload["id"])
    fields = from_json(Article, operation.payload["fields"])
    row = rows.get("article", row_id)
    if row is None:
        yield fresh("article", Article(id=row_id, created_at=operation.at, updated_at=operation.at, **fields))
    elif any(row[name] != value for name, value in fields.items()):
        yield patched("article", row, {**fields, "version": row["version"] + 1, "updated_at": operation.at})


def mark_article(
    author: Author, article_id: UUID, verdict: str, call_id: UUID | None = None, row_id: UUID | None = None
) -> Operation:
    """Describe that an article was used in a call, or did not help."""
    one_of("verdict", verdict, VERDICTS)
    payload = {
        "id": row_id or author.new_id(),
        "article_id": article_id,
        "call_id": call_id,
        "verdict": verdict,
    }
    return author.describe("article.mark", payload)


def marked(rows: Rows, operation: Operation) -> Iterable[RowChange]:
    """Effect of ``article.mark``: the use, and the article's counters."""
    payload = operation.payload
    values = from_json(ArticleUse, payload)
    if rows.get("article_use", values["id"]) is not None:
        return
    yield fresh("article_use", ArticleUse(**values, agent=operation.actor, at=operation.at))
    counters = rows.get("article_feedback", values["article_id"])
    column = values["verdict"]
    if counters:
        yield patched("article_feedback", counters, {column: counters[column] + 1})
    else:
        yield fresh("article_feedback", ArticleFeedback(id=values["article_id"], **{column: 1}))
