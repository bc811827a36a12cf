"""Answers before anything is typed: what fits the caller's product and topics, from the prepared sets."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Any
from uuid import UUID

from crmdesk.models.text import Text, say
from crmdesk.models.types import ArticleId
from crmdesk.services.knowledge import ranking
from crmdesk.services.knowledge.prepared import ANY, GENERAL, Remembered, sets_of
from crmdesk.services.knowledge.search import QUERY_LENGTH, search
from crmdesk.values import dataclass

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
    remembered: Remembered | None = None,
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
        remembered: what the caller keeps of the sets from one time to the next; brought up to date here.
    """
    limit = max(1, min(limit, 50))
    said = text.strip()[-QUERY_LENGTH:]
    found = _by_text(connection, said, model, language, limit) if said else []
    if len(found) < limit:
        sets = Remembered() if remembered is None else remembered
        if remembered is not None:
            remembered.bring_up_to(connection)
        known = {each.article_id for each in found}
        wanted = tuple(sets_of(model, tuple(topics)[:TOPICS]))
        found += _from_sets(connection, sets, wanted, language, known, limit - len(found))
    return found


def _by_text(connection: Any, text: str, model: str, language: str, limit: int) -> list[Suggestion]:
    hits = search(connection, text, limit=limit, language=language, models=(model,))
    return [
        Suggestion(hit.article_id, hit.external_id, hit.title, hit.passage, hit.why, hit.lang, hit.safety)
        for hit in hits
    ]


def _from_sets(
    connection: Any,
    sets: Remembered,
    wanted: Sequence[tuple[str, str]],
    language: str,
    known: set[ArticleId],
    count: int,
) -> list[Suggestion]:
    found: list[Suggestion] = []
    for lang in _languages(connection, sets, language):
        places = _places(connection, sets, wanted, lang, count + len(known))
        _read_articles(connection, sets, places)
        for seq, (key, topic) in places.items():
            article = sets.articles[seq]
            if article is None or article[0] in known:
                continue
            known.add(article[0])
            article_id, external_id, title, passage, own_lang, safety = article
            why = _reasons(key, topic, lang == language)
            found.append(Suggestion(article_id, external_id, title, passage, why, own_lang, safety))
            if len(found) == count:
                return found
    return found


def _languages(connection: Any, sets: Remembered, first: str) -> Iterator[str]:
    """Yield *first*, then the other languages of published articles."""
    yield first
    if sets.languages is None:
        sets.languages = tuple(_published_languages(connection))
    yield from (lang for lang in sets.languages if lang != first)


def _published_languages(connection: Any) -> Iterator[str]:
    """Yield the languages of published articles, by skipping along the key."""
    lang = ""
    while row := connection.execute(
        "SELECT lang FROM suggestion WHERE model = ? AND topic = ? AND lang > ? ORDER BY lang LIMIT 1",
        (ANY, ANY, lang),
    ).fetchone():
        lang = row[0]
        yield lang


def _places(
    connection: Any, sets: Remembered, keys: Iterable[tuple[str, str]], lang: str, count: int
) -> dict[int, tuple[str, str]]:
    """Return the *count* best articles by number, each with the closest set that holds it."""
    best: dict[int, tuple[str, str]] = {}
    for key in keys:
        place = (*key, lang, count)
        if place not in sets.heads:
            found = connection.execute(_HEAD_OF_SET, place).fetchall()
            sets.heads[place] = tuple(seq for (seq,) in found)
        for seq in sets.heads[place]:
            best.setdefault(seq, key)
            if len(best) == count:
                return best
    return best


def _read_articles(connection: Any, sets: Remembered, places: Collection[int]) -> None:
    """Have in *sets* what is shown of the articles with these numbers, None of one that is gone."""
    missing = [seq for seq in places if seq not in sets.articles]
    if not missing:
        return
    rows = connection.execute(
        "SELECT seq, id, external_id, title, lang, safety, substr(say_this, 1, 300), substr(body, 1, 300)"
        f" FROM article WHERE seq IN ({', '.join('?' * len(missing))})",
        tuple(missing),
    ).fetchall()
    sets.articles.update(dict.fromkeys(missing))
    for seq, id_, external_id, title, lang, safety, say_this, body in rows:
        passage = ranking.passage(say_this or body or "", ())
        sets.articles[seq] = (
            ArticleId(UUID(bytes=id_)),
            external_id or "",
            title,
            passage,
            lang,
            bool(safety),
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
