"""Articles for the words a person types, at a cost that is known before it is paid.

A query is answered in two stages. First the index entries ("postings") of its terms are read, rarest term
first, until *budget* entries were read; of a term that no longer fits only the newest articles. Every entry
adds the term's rarity to its article. Then the best candidates alone are read and ranked by all terms with
:mod:`~crmdesk.services.knowledge.ranking`. The last word may be incomplete: it stands for the words it
begins. Latin letters are looked for as pinyin too.

Plain SQL on a reader's connection; query text never becomes SQL or FTS syntax, only bound, quoted terms made
of letters and digits.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from crmdesk.models.text import Text, say
from crmdesk.models.types import ArticleId
from crmdesk.services.knowledge import ranking
from crmdesk.services.knowledge.analysis import fold, is_chinese, model_key, normalise, terms
from crmdesk.services.knowledge.feedback import read_priors
from crmdesk.services.knowledge.index import NAMED, SPOKEN
from crmdesk.values import dataclass

BUDGET = 2_500
"""Postings read for one query at most."""

QUERY_LENGTH = 400
"""Characters of a query that count; a caller's whole note may be asked for."""

_TERMS = 48
_CANDIDATES = 48
_SURE = 20
"""So many candidates are always ranked, further ones only if they come near the first."""
_BEHIND = 0.4
_CANDIDATES_OF_ALL_LANGUAGES = 240
_BEGINNINGS = 12
"""How many words an incomplete word stands for."""
_BEGINNINGS_SEEN = 160
_FAINT = 0.15
"""Terms weaker than this share of the strongest do not choose candidates, they only rank them."""
_ALIKE = 600
_FEW = 100
"""So many postings of a term are simply read."""
_TERM_COUNT = "SELECT articles FROM knowledge_term WHERE term = ?"
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Hit:
    """An article found, best first; ``why`` are short reasons; ``passage`` one line of 160 characters."""

    article_id: ArticleId
    external_id: str
    title: str
    passage: str
    score: float
    why: tuple[Text, ...]
    lang: str
    safety: bool = False


@dataclass(frozen=True, slots=True)
class Cost:
    """What a query cost: index entries read (budget at most), of which terms, and articles ranked."""

    postings: int
    terms: tuple[str, ...]
    candidates: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The hits of a query and their cost."""

    hits: list[Hit]
    cost: Cost


@dataclass(frozen=True, slots=True)
class _Sought:
    """A needle with the lists of the index that lead to it: (term of the index, articles in it)."""

    needle: ranking.Needle
    lists: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Ranked:
    seq: int
    score: float
    match: ranking.Match
    fits: bool


def search(
    connection: Any,
    query: str,
    *,
    limit: int = 10,
    language: str | None = None,
    models: Sequence[str] = (),
    budget: int = BUDGET,
) -> list[Hit]:
    """Return the published articles that answer *query* best, at most *limit*.

    Args:
        connection: a reader of the store.
        query: what was typed, any characters; the last word may be incomplete.
        limit: 1 to 100.
        language: only articles in this language; None for all.
        models: models of the caller's products: articles about them go up, about others down.
        budget: index entries read at most.
    """
    return answer(connection, query, limit=limit, language=language, models=models, budget=budget).hits


def answer(
    connection: Any,
    query: str,
    *,
    limit: int = 10,
    language: str | None = None,
    models: Sequence[str] = (),
    budget: int = BUDGET,
) -> Answered:
    """Do :func:`search` and tell what it cost."""
    averages = _averages(connection)
    sought = list(_seek(connection, query, averages.articles))
    scores, read, postings = _collect(connection, sought, budget)
    needles = [each.needle for each in sought]
    wanted = [key for model in models if (key := model_key(model))]
    ranked = _rank(connection, scores, needles, averages, language, wanted)
    limit = max(1, min(limit, 100))
    best = heapq.nlargest(limit + 5, ranked, key=lambda each: each.score)
    hits = _hits(connection, best, needles, limit)
    return Answered(hits, Cost(postings, read, len(ranked)))


def _averages(connection: Any) -> ranking.Averages:
    row = connection.execute("SELECT articles, title_terms, body_terms FROM knowledge_total").fetchone()
    articles = max(1, row[0])
    return ranking.Averages(row[0], row[1] / articles, row[2] / articles)


def _seek(connection: Any, query: str, articles: int) -> Iterator[_Sought]:
    """Yield what to look for: complete words, the beginning of a word, pinyin."""
    text = normalise(query[:QUERY_LENGTH]).replace("\n", " ").lstrip()
    words = list(dict.fromkeys(terms(fold(text))))[:_TERMS]
    typing = text[-1:].isalnum()
    if len(text) == 1 and is_chinese(text):
        yield from _beginning(connection, text, text, articles)
        return
    for word in words:
        lists = _lists(connection, word)
        if lists:
            holding = max(n for _, n in lists)
            yield _Sought(_needle(word, ranking.rarity(holding, articles)), lists)
        elif typing and word == words[-1]:
            yield from _beginning(connection, text, word, articles)
    if not any(is_chinese(word) for word in words):
        yield from _spoken(connection, text, articles)


def _needle(word: str, weight: float) -> ranking.Needle:
    if len(word) > 1 and is_chinese(word):
        return ranking.Needle(word, weight, surface=word)
    surface = word[:-1] if len(word) > 3 and word.endswith("i") else word
    return ranking.Needle(f" {word} ", weight, surface=surface)


def _lists(connection: Any, word: str) -> tuple[tuple[str, int], ...]:
    """Return the lists of *word*; that of its titles apart when reading them all may cost too much."""
    row = connection.execute(_TERM_COUNT, (word,)).fetchone()
    if row is None or row[0] <= _FEW:
        return ((word, row[0]),) if row else ()
    named = connection.execute(_TERM_COUNT, (NAMED + word,)).fetchone()
    return ((NAMED + word, named[0]), (word, row[0])) if named else ((word, row[0]),)


def _beginning(connection: Any, text: str, word: str, articles: int) -> Iterator[_Sought]:
    """Yield the words that begin with the last word of *text*, as one thing sought.

    An inflected word half typed (``overheatin``) is longer than its stem: then up to three letters are
    taken back.
    """
    last = text.rsplit(maxsplit=1)[-1]
    typed = last if last.isascii() and last.isalnum() else word
    for length in range(len(typed), max(0, len(typed) - 4), -1):
        start = typed[:length]
        if length < len(typed) and length < 4:
            return
        lists = (*_expand(connection, start), *_expand(connection, NAMED + start))
        if lists:
            weight = ranking.rarity(max(n for _, n in lists), articles)
            before = "" if is_chinese(start) else " "
            yield _Sought(ranking.Needle(before + start, weight, surface=start), lists)
            return


def _spoken(connection: Any, text: str, articles: int) -> Iterator[_Sought]:
    """Yield the words of *text* as pinyin; among several, only those that are no words by themselves."""
    parts = list(dict.fromkeys(part for part in text.split() if part.isascii() and part.isalpha()))
    for part in parts:
        if len(parts) > 1 and _lists(connection, fold(part)):
            continue
        lists = _expand(connection, SPOKEN + part)
        if lists:
            weight = ranking.rarity(max(n for _, n in lists), articles)
            yield _Sought(ranking.Needle(f" {part}", weight, spoken=True), lists)


def _expand(connection: Any, start: str) -> tuple[tuple[str, int], ...]:
    """Return terms beginning with *start*: itself, then those of most articles among the first seen."""
    rows = connection.execute(
        "SELECT term, articles FROM knowledge_term WHERE term >= ? AND term < ? LIMIT ?",
        (start, start + _LAST_CHARACTER, _BEGINNINGS_SEEN),
    ).fetchall()
    rows.sort(key=lambda row: (row[0] != start, -row[1]))
    return tuple((row[0], row[1]) for row in rows[:_BEGINNINGS])


def _collect(
    connection: Any, sought: Sequence[_Sought], budget: int
) -> tuple[dict[int, float], tuple[str, ...], int]:
    """Read index entries within *budget*; return summed rarity per article, terms and entries read."""
    lists = sorted((size, term, each.needle.rarity) for each in sought for term, size in each.lists)
    faint = _FAINT * max((weight for _, _, weight in lists), default=0.0)
    # Of one thing alone every entry says the same: the newest articles will do.
    left = budget if len(sought) > 1 else min(budget, _ALIKE)
    scores: dict[int, float] = {}
    read: list[str] = []
    postings = 0
    for size, term, weight in lists:
        enough = len(scores) >= _CANDIDATES
        if left <= 0 or (enough and (size > left or weight < faint)):
            break
        rows = connection.execute(
            "SELECT rowid FROM knowledge_fts WHERE knowledge_fts MATCH ? ORDER BY rowid DESC LIMIT ?",
            (f'"{term}"', left),
        ).fetchall()
        left -= len(rows)
        postings += len(rows)
        read.append(term)
        for (seq,) in rows:
            scores[seq] = scores.get(seq, 0.0) + weight
    return scores, tuple(read), postings


def _rank(
    connection: Any,
    scores: dict[int, float],
    needles: Sequence[ranking.Needle],
    averages: ranking.Averages,
    language: str | None,
    models: Sequence[str],
) -> list[_Ranked]:
    """Read the best candidates and score them by all needles, in no order."""
    count = _CANDIDATES if language is None else _CANDIDATES_OF_ALL_LANGUAGES
    candidates = heapq.nlargest(count, scores, key=scores.__getitem__)
    if language is None and len(candidates) > _SURE:
        # What is far behind after the first stage does not come back in the second.
        behind = _BEHIND * scores[candidates[0]]
        candidates = candidates[:_SURE] + [seq for seq in candidates[_SURE:] if scores[seq] >= behind]
    ranked: list[_Ranked] = []
    for begin in range(0, len(candidates), _CANDIDATES):
        for row in _documents(connection, candidates[begin : begin + _CANDIDATES]):
            if language is not None and row[1] != language:
                continue
            match = ranking.match(ranking.Fields(*row[3:]), needles, averages)
            factor = ranking.model_factor(row[2], models)
            ranked.append(_Ranked(row[0], match.score * factor, match, factor > 1))
        if len(ranked) >= _CANDIDATES // 2:
            break
    return ranked


def _documents(connection: Any, seqs: Sequence[int]) -> list[tuple[Any, ...]]:
    # Always the same number of marks, so that the statement is prepared once.
    marks = ", ".join("?" * _CANDIDATES)
    padded = (*seqs, *(-1 for _ in range(_CANDIDATES - len(seqs))))
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT seq, lang, models, title, names, pinyin, body, title_length, body_length"
        f" FROM knowledge_document WHERE seq IN ({marks})",
        padded,
    ).fetchall()
    return rows


def _hits(
    connection: Any, ranked: Sequence[_Ranked], needles: Sequence[ranking.Needle], limit: int
) -> list[Hit]:
    """Read the articles of *ranked*, weigh in the feedback, cut the passages; best first."""
    articles = _articles(connection, [each.seq for each in ranked])
    priors = read_priors(connection, [article[1] for article in articles.values()])
    weighed = [
        (each.score * priors.get(articles[each.seq][1], 1.0), each) for each in ranked if each.seq in articles
    ]
    weighed.sort(key=lambda entry: -entry[0])
    hits = []
    for score, each in weighed[:limit]:
        _, id_, external_id, title, lang, safety, *texts = articles[each.seq]
        hits.append(
            Hit(
                article_id=ArticleId(UUID(bytes=id_)),
                external_id=external_id or "",
                title=title,
                passage=ranking.passage(
                    "\n".join(filter(None, texts)), needles if each.match.in_body else ()
                ),
                score=score,
                why=_reasons(each),
                lang=lang,
                safety=bool(safety),
            )
        )
    return hits


def _articles(connection: Any, seqs: Sequence[int]) -> dict[int, tuple[Any, ...]]:
    marks = ", ".join("?" * len(seqs))
    rows = connection.execute(
        "SELECT seq, id, external_id, title, lang, safety <> '', say_this, do_this, substr(body, 1, ?)"
        f" FROM article WHERE seq IN ({marks})",
        (ranking.SEARCHED_LENGTH, *seqs),
    )
    return {row[0]: row for row in rows}


def _reasons(ranked: _Ranked) -> tuple[Text, ...]:
    reasons = []
    if ranked.fits:
        reasons.append(say("about this model"))
    if ranked.match.in_title:
        reasons.append(say("in the title"))
    elif ranked.match.in_pinyin:
        reasons.append(say("pinyin of the title"))
    if ranked.match.in_names:
        reasons.append(say("keyword"))
    return tuple(reasons) or (say("in the text"),)
