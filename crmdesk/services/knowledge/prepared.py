"""Suggestion sets: the best articles per model and topic, kept ready so that a call's pop only reads them.

``suggestion`` lists every published article once under each of its models and topics, and under ``*`` for
"any", best first by primary key; a set is the head of one range of that key. It is changed together with the
article, so the sets are never stale and preparing one article anew is idempotent. Articles about no model in
particular stand under the model ``''``. Each change makes a new edition, so readers may keep what they read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from typing import Any

from crmdesk.services.knowledge.analysis import model_key
from crmdesk.services.knowledge.articles import ArticleRow
from crmdesk.services.knowledge.feedback import read_priors
from crmdesk.values import dataclass

ANY = "*"
GENERAL = ""
REMEMBERED = 2_000
"""Sets, or articles, kept in memory at most: some two megabytes."""

SUGGESTION_SCHEMA: tuple[str, ...] = (
    """CREATE TABLE suggestion (
        model TEXT NOT NULL, -- key of a model, '' = general articles, '*' = all
        topic TEXT NOT NULL, -- key of a topic, '*' = all
        lang TEXT NOT NULL,
        score REAL NOT NULL, -- by feedback, 1 = none
        updated_at INTEGER NOT NULL,
        seq INTEGER NOT NULL, -- article.seq
        PRIMARY KEY (model, topic, lang, score DESC, updated_at DESC, seq)
    ) WITHOUT ROWID""",
    "CREATE INDEX suggestion_seq ON suggestion (seq)",
)


def prepare_suggestions(connection: Any, article: ArticleRow) -> None:
    """Bring the suggestion sets in line with *article*: after a change of it or of its feedback."""
    forget_suggestions(connection, article.seq)
    if article.state != "published":
        return
    score = read_priors(connection, [article.id]).get(article.id, 1.0)
    models = {key for model in article.models if (key := model_key(model))} or {GENERAL}
    topics = {key for topic in article.topics if (key := model_key(topic))}
    connection.executemany(
        "INSERT INTO suggestion VALUES (?, ?, ?, ?, ?, ?)",
        [
            (model, topic, article.lang, score, article.updated_at, article.seq)
            for model in sorted(models | {ANY})
            for topic in sorted(topics | {ANY})
        ],
    )


def forget_suggestions(connection: Any, seq: int) -> None:
    """Take article number *seq* out of all suggestion sets."""
    connection.execute("DELETE FROM suggestion WHERE seq = ?", (seq,))
    connection.execute("UPDATE knowledge_total SET edition = edition + 1")


@dataclass(slots=True)
class Remembered:
    """What one reader of one store read of the sets; one thread uses it at a time.

    ``heads`` are the first articles of a set by (model, topic, language, how many), ``articles`` what is
    shown of an article by its number, ``languages`` those of all published articles; None: not read.
    """

    edition: int = 0
    heads: dict[tuple[str, str, str, int], tuple[int, ...]] = field(default_factory=dict)
    articles: dict[int, Any] = field(default_factory=dict)
    languages: tuple[str, ...] | None = None

    def bring_up_to(self, connection: Any) -> None:
        """Forget everything when *connection* sees another edition, or when it has become too much."""
        edition: int = connection.execute("SELECT edition FROM knowledge_total").fetchone()[0]
        if edition != self.edition or max(len(self.heads), len(self.articles)) > REMEMBERED:
            self.edition, self.languages = edition, None
            self.heads.clear()
            self.articles.clear()


def sets_of(model: str, topics: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    """Yield (model, topic) keys of the sets that fit *model* and *topics*, the closest first."""
    own = model_key(model)
    wanted = [key for topic in topics if (key := model_key(topic))]
    for name in (own, GENERAL) if own else (GENERAL,):
        yield from ((name, topic) for topic in wanted)
    if own:
        yield own, ANY
    yield GENERAL, ANY
    yield from ((ANY, topic) for topic in wanted)
    yield ANY, ANY
