"""Answers before anything is typed: what fits the caller's product and topics, from the prepared sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from crmdesk.models.text import Text, say
from crmdesk.models.types import ArticleId
from crmdesk.services.knowledge import ranking
from crmdesk.services.knowledge.prepared import ANY, GENERAL, sets_of
from crmdesk.services.knowledge.search import QUERY_LENGTH, search

TOPICS = 30
"""How many topics of a call are looked at."""

_HEAD_OF_SET = """SELECT seq FROM suggestion WHERE model = ? AND topic = ? AND lang = ?
 ORDER BY score DESC, updated_at DESC, seq LIMIT ?"""


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
    for lang in _languages(connection, language):
        places = _places(connection, sets_of(model, topics[:TOPICS]), lang, count + len(known))
        rows = _articles(connection, places)
        for seq, (key, topic) in places.items():
            row = rows.get(seq)
            if row is None or (article_id := ArticleId(UUID(bytes=row[0]))) in known:
                continue
            known.add(article_id)
            found.append(_suggestion(row, _reasons(key, topic, lang == language)))
            if len(found) == count:
                return found
    return found


def _languages(connection: Any, first: str) -> Iterator[str]:
    """Yield *first*, then the other languages of published articles, by skipping along the key."""
    yield first
    lang = ""
    while row := connection.execute(
        "SELECT lang FROM suggestion WHERE model = ? AND topic = ? AND lang > ? ORDER BY lang LIMIT 1",
        (ANY, ANY, lang),
    ).fetchone():
        lang = row[0]
        if lang != first:
            yield lang


def _places(
    connection: Any, keys: Iterable[tuple[str, str]], lang: str, count: int
) -> dict[int, tuple[str, str]]:
    """Return the *count* best articles by number, each with the closest set that holds it."""
    best: dict[int, tuple[str, str]] = {}
    for key in keys:
        for (seq,) in connection.execute(_HEAD_OF_SET, (*key, lang, count)).fetchall():
            best.setdefault(seq, key)
            if len(best) == count:
                return best
    return best


def _articles(connection: Any, places: Collection[int]) -> dict[int, tuple[Any, ...]]:
    """Return what is shown of the articles with these numbers."""
    rows = connection.execute(
        "SELECT seq, id, external_id, title, lang, safety, substr(say_this, 1, 300), substr(body, 1, 300)"
        f" FROM article WHERE seq IN ({', '.join('?' * len(places))})",
        tuple(places),
    )
    return {seq: tuple(row) for seq, *row in rows.fetchall()}


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
