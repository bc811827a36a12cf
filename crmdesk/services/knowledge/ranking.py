"""How well an article answers a query: BM25 over weighted fields, and the passage that shows it.

Pure functions over folded texts (see :mod:`~crmdesk.services.knowledge.analysis`). One configuration for all
languages and collections; its figures stand in ``benchmarks/results.md``. Source of the formula: Robertson,
Zaragoza, Taylor, "Simple BM25 extension to multiple weighted fields", 2004.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from crmdesk.services.knowledge.analysis import simplified, strip_controls
from crmdesk.values import dataclass

SATURATION = 1.2
TITLE_WEIGHT, NAMES_WEIGHT = 8.0, 4.0
TITLE_LENGTH_EFFECT, BODY_LENGTH_EFFECT = 0.5, 0.9
"""Of the logarithm for bodies: a long help page is not as much worse as it is longer."""
SPOKEN_WHOLE, SPOKEN_START = 4.0, 2.0
FITS_MODEL, OTHER_MODEL = 1.3, 0.6
PASSAGE_LENGTH = 160
"""Characters of a passage at most."""
SEARCHED_LENGTH = 2_000
"""Characters of a text in which a passage is looked for."""
_PLACES_PER_WORD = 8


@dataclass(frozen=True, slots=True)
class Fields:
    """The folded texts of one article, each with a space at both ends, and their lengths in terms."""

    title: str
    names: str
    pinyin: str
    body: str
    title_length: int
    body_length: int


@dataclass(frozen=True, slots=True)
class Averages:
    """The collection: number of articles, mean lengths in terms."""

    articles: int
    title_length: float
    body_length: float


@dataclass(frozen=True, slots=True)
class Needle:
    """One thing looked for: the text to count in the fields, its rarity, what to mark in a passage.

    ``spoken`` needles are looked for in the pinyin only; ``surface`` is empty when nothing can be marked.
    """

    text: str
    rarity: float
    spoken: bool = False
    surface: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """The score of one article and where the needles were found."""

    score: float
    in_body: bool
    in_title: bool
    in_names: bool
    in_pinyin: bool


def rarity(holding: int, articles: int) -> float:
    """Return the weight of a term that *holding* of *articles* articles hold (inverse document frequency)."""
    holding = min(holding, articles)
    return math.log(1 + (articles - holding + 0.5) / (holding + 0.5))


def match(fields: Fields, needles: Sequence[Needle], averages: Averages) -> Match:
    """Return how well an article with *fields* answers a query of *needles*."""
    title_weight = TITLE_WEIGHT / _length_factor(
        fields.title_length, averages.title_length, TITLE_LENGTH_EFFECT
    )
    body_weight = 1 / _length_factor(_slowed(fields.body_length, averages.body_length), 1, BODY_LENGTH_EFFECT)
    title, names, body, pinyin = fields.title, fields.names, fields.body, fields.pinyin
    score = 0.0
    in_body = in_title = in_names = in_pinyin = False
    for needle in needles:
        text = needle.text
        if needle.spoken:
            if text in pinyin:
                in_pinyin = True
                weight = SPOKEN_WHOLE if f"{text} " in pinyin else SPOKEN_START
                score += needle.rarity * weight / (SATURATION + weight)
            continue
        weight = body.count(text) * body_weight
        in_body = in_body or weight > 0
        if text in title:
            in_title = True
            weight += title.count(text) * title_weight
        if text in names:
            in_names = True
            weight += NAMES_WEIGHT
        if weight:
            score += needle.rarity * weight / (SATURATION + weight)
    return Match(score, in_body, in_title, in_names, in_pinyin)


def _length_factor(length: float, mean: float, effect: float) -> float:
    return 1 - effect + effect * length / mean if mean else 1.0


def _slowed(length: int, mean: float) -> float:
    """Return *length* as a share of *mean*, growing with its logarithm; 1 stays 1."""
    return math.log1p((math.e - 1) * length / mean) if mean else 1.0


def model_factor(article_models: str, wanted: Sequence[str]) -> float:
    """Return the factor for an article about *article_models* (keys between spaces) when *wanted* are asked.

    Articles about no model in particular are left alone, those about other models only step back.
    """
    if not wanted or not article_models:
        return 1.0
    return FITS_MODEL if any(f" {key} " in article_models for key in wanted) else OTHER_MODEL


def passage(text: str, needles: Sequence[Needle]) -> str:
    """Return the part of *text* that says most about *needles*, one line of ``PASSAGE_LENGTH`` at most.

    Without a hit it is the beginning. The text itself is shown, not its folded form.
    """
    head = " ".join(text[:SEARCHED_LENGTH].split())
    if len(head) <= PASSAGE_LENGTH:
        return strip_controls(head)
    start = _best_start(head, needles) if needles else 0
    end = min(len(head), start + PASSAGE_LENGTH - 2)
    return ("…" if start else "") + strip_controls(head[start:end]).strip() + ("…" if end < len(head) else "")


def _best_start(text: str, needles: Sequence[Needle]) -> int:
    """Return where the window with the rarest distinct words begins, a little before its first word."""
    searched = text.lower()
    if len(searched) != len(text):
        searched = text
    # Most texts are simplified already; folding every character costs more than all the rest here.
    places = sorted(_places(searched, needles) or _places(simplified(searched), needles))
    best, best_at = 0.0, 0
    width = PASSAGE_LENGTH - 30
    for i, (at, _, _) in enumerate(places):
        seen: dict[str, float] = {}
        for other, word, weight in places[i : i + 24]:
            if other > at + width:
                break
            seen[word] = weight
        value = sum(seen.values())
        if value > best + 1e-9:
            best, best_at = value, at
    return _sentence_start(text, best_at)


def _places(text: str, needles: Sequence[Needle]) -> list[tuple[int, str, float]]:
    found = []
    for needle in needles:
        word = needle.surface
        at = text.find(word) if word else -1
        for _ in range(_PLACES_PER_WORD):
            if at < 0:
                break
            found.append((at, word, needle.rarity))
            at = text.find(word, at + 1)
    return found


def _sentence_start(text: str, at: int) -> int:
    """Return the start of the sentence around *at* if it is near, otherwise of the word."""
    near = max(0, at - 40)
    before = max(text.rfind(mark, near, at) for mark in "。！？；.!?;")
    if before >= 0:
        start = before + 1
    elif near == 0:
        return 0
    else:
        start = max(at - 12, text.rfind(" ", near, at) + 1)
    while start < at and text[start] == " ":
        start += 1
    return min(start, max(0, len(text) - PASSAGE_LENGTH + 2))
