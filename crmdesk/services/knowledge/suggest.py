"""Answers before anything is typed: what fits the caller's product and topics, from the prepared sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from crmdesk.models.text import Text, say
from crmdesk.models.types import ArticleId
from crmdesk.services.knowledge import ranking
from crmdesk.services.knowledge.prepared import ANY, GENERAL, sets_of
from crmdesk.services.knowledge.search import QUERY_LENGTH, search


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An article that may answer the call, best first; ``why`` are short reasons."""

    article_id: ArticleId
    external_id: str
    title: str
    passage: str
    why: tuple[Text, ...]
    lang: str
    safety: bool


def suggest(
    connection: Any,
    *,
    model: str,
    topics: Sequence[str],
    text: str = "",
    language: str,
    limit: int = 5,
) -> list[Suggestion]:
    """Return *limit* articles for a call, fewer only when fewer are published.

    What *text* finds comes first; the rest is filled from the prepared sets: own model and topic, general
    articles of the topic, own model, general, anything; then the same in the other language.

    Args:
        connection: a reader of the store.
        model: what the caller owns, '' when unknown.
        topics: of the open case, the last contact, the last visit; the most telling first.
        text: the note so far or what was typed; of a long one its end counts.
        language: the caller's, e.g. ``zh``.
        limit: 1 to 50.
    """
    limit = max(1, min(limit, 50))
    said = text.strip()[-QUERY_LENGTH:]
    found = _by_text(connection, said, model, language, limit) if said else []
    if len(found) < limit:
        known = {each.article_id for each in found}
        found += _from_sets(connection, model, tuple(topics), language, known, limit - len(found))
    return found


def _by_text(connection: Any, text: str, model: str, language: str, limit: int) -> list[Suggestion]:
    hits = search(connection, text, limit=limit, language=language, models=(model,))
    return [
        Suggestion(hit.article_id, hit.external_id, hit.title, hit.passage, hit.why, hit.lang, hit.safety)
        for hit in hits
    ]


def _from_sets(
    connection: Any, model: str, topics: tuple[str, ...], language: str, known: set[ArticleId], count: int
) -> list[Suggestion]:
    found: list[Suggestion] = []
    languages = (language, *(other for other in _languages(connection) if other != language))
    for lang in languages:
        for key, topic in sets_of(model, topics):
            for row in _set(connection, key, topic, lang, count + len(known)):
                article_id = ArticleId(UUID(bytes=row[0]))
                if article_id in known:
                    continue
                known.add(article_id)
                found.append(_suggestion(row, _reasons(key, topic, lang == language)))
                if len(found) == count:
                    return found
    return found


def _languages(connection: Any) -> Iterator[str]:
    """Yield the languages of published articles, by skipping along the key."""
    lang = ""
    while row := connection.execute(
        "SELECT lang FROM suggestion WHERE model = ? AND topic = ? AND lang > ? ORDER BY lang LIMIT 1",
        (ANY, ANY, lang),
    ).fetchone():
        lang = row[0]
        yield lang


def _set(connection: Any, model: str, topic: str, lang: str, count: int) -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT a.id, a.external_id, a.title, a.lang, a.safety, substr(a.say_this, 1, 300),"
        " substr(a.body, 1, 300) FROM suggestion AS s JOIN article AS a ON a.seq = s.seq"
        " WHERE s.model = ? AND s.topic = ? AND s.lang = ?"
        " ORDER BY s.score DESC, s.updated_at DESC, s.seq LIMIT ?",
        (model, topic, lang, count),
    ).fetchall()
    return rows


def _suggestion(row: tuple[Any, ...], why: tuple[Text, ...]) -> Suggestion:
    id_, external_id, title, lang, safety, say_this, body = row
    return Suggestion(
        article_id=ArticleId(UUID(bytes=id_)),
        external_id=external_id or "",
        title=title,
        passage=ranking.passage(say_this or body or "", ()),
        why=why,
        lang=lang,
        safety=bool(safety),
    )


def _reasons(model: str, topic: str, own_language: bool) -> tuple[Text, ...]:
    reasons = []
    if model not in (ANY, GENERAL):
        reasons.append(say("about this model"))
    if topic != ANY:
        reasons.append(say("about this topic"))
    if not own_language:
        reasons.append(say("in another language"))
    return tuple(reasons) or (say("often needed"),)
