"""Articles as the table ``article`` holds them, for index, suggestions and import."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from crmdesk.values import dataclass

ARTICLE_COLUMNS = (
    "seq, id, external_id, lang, title, body, say_this, do_this, safety, models, topics, keywords, state,"
    " updated_at"
)


@dataclass(frozen=True, slots=True)
class ArticleRow:
    """An article as it stands in the table ``article``; ``seq`` is its number there."""

    seq: int
    id: bytes
    external_id: str
    lang: str
    title: str
    body: str
    say_this: str = ""
    do_this: str = ""
    safety: str = ""
    models: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    keywords: str = ""
    state: str = "published"
    updated_at: int = 0


def read_article(connection: Any, article_id: bytes) -> ArticleRow | None:
    """Return the article with that id, None when there is none."""
    row = connection.execute(f"SELECT {ARTICLE_COLUMNS} FROM article WHERE id = ?", (article_id,)).fetchone()
    return None if row is None else article_row(row)


def article_row(row: Sequence[Any]) -> ArticleRow:
    """Make an :class:`ArticleRow` of the columns ``seq, id, external_id … updated_at`` (in its order)."""
    return ArticleRow(
        seq=row[0],
        id=row[1],
        external_id=row[2] or "",
        lang=row[3],
        title=row[4],
        body=row[5] or "",
        say_this=row[6] or "",
        do_this=row[7] or "",
        safety=row[8] or "",
        models=_names(row[9]),
        topics=_names(row[10]),
        keywords=row[11] or "",
        state=row[12],
        updated_at=row[13] or 0,
    )


def _names(stored: str | None) -> tuple[str, ...]:
    return tuple(str(name) for name in json.loads(stored)) if stored else ()
