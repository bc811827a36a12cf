"""Finding listed words in what somebody wrote, in Chinese and in English.

A Chinese word (two characters or more) is found wherever it stands; an English one as a word or phrase, by
its stem, so that ``leak`` finds *leaking*. ``方向盘…锁死`` finds both parts of one clause with at most
``GAP_SIGNS`` signs, or ``GAP_TOKENS`` English words, between them. ``=reporter`` is found as it is spelled,
for its stem is that of *report*.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from operator import add
from typing import Any

from crmdesk.errors import InvalidInput
from crmdesk.services.knowledge.analysis import fold, normalise
from crmdesk.values import dataclass

GAP = "…"
EXACT = "="
GAP_SIGNS = 6
GAP_TOKENS = 3
TEXT_SIGNS = 10_000
"""No text is read further than this: whatever matters has been said."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A listed *word* found from *start* to *end* of the plain text; *split* when it has a gap."""

    word: str
    start: int
    end: int
    split: bool = False


@dataclass(frozen=True, slots=True)
class _Entry:
    """A word as it was listed, its first part, and the rest: signs if Chinese, a list of stems if English.

    ``spelling`` is how an exact one is spelled, empty for others.
    """

    word: str
    spelling: str
    first: Any
    rest: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class _Tokens:
    """The English words of a text, by their stems, and where they begin and end."""

    stems: list[str]
    starts: list[int]
    ends: list[int]


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """Return what finds an English word, a Chinese sign, and the end of a clause."""
    return (
        re.compile(r"[a-z0-9]+(?:'[a-z]+)?"),
        re.compile(r"[\u3400-\u9fff]"),
        re.compile(r"[,;:!?。、\n]|\.(?!\d)"),
    )


@lru_cache(maxsize=20_000)
def _stem(word: str) -> str:
    return fold(word)


def plain(text: str) -> str:
    """Return *text* as hits count its signs: one spelling of width, case and characters, and not endless."""
    return normalise(text[:TEXT_SIGNS]).replace("’", "'")


def clause_end(text: str, start: int) -> int:
    """Return where the clause that holds *start* ends in the plain *text*."""
    mark = _patterns()[2].search(text, start)
    return mark.start() if mark else len(text)


class WordFinder:
    """Finds a fixed list of words; made once, asked often, from any thread.

    Raises:
        InvalidInput: a word is too short to mean anything, or has a gap at its edge.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._chinese: dict[str, list[_Entry]] = defaultdict(list)
        self._english: dict[str, list[_Entry]] = defaultdict(list)
        for word in dict.fromkeys(words):
            self._add(word)

    def _add(self, word: str) -> None:
        spelling = plain(word[1:]) if word.startswith(EXACT) else ""
        pieces = [plain(piece).strip() for piece in word.removeprefix(EXACT).split(GAP)]
        chinese = [bool(_patterns()[1].search(piece)) for piece in pieces]
        if all(chinese) and len(pieces[0]) > 1:
            self._chinese[pieces[0][:2]].append(_Entry(word, "", pieces[0], tuple(pieces[1:])))
            return
        stems = [_tokens(piece).stems for piece in pieces]
        if any(chinese) or not all(stems):
            raise InvalidInput(
                "The word {word} cannot be looked for: Chinese words begin with two characters, English ones "
                "with a letter, and a gap stands between two parts of one language.",
                word=word,
            )
        self._english[stems[0][0]].append(_Entry(word, spelling, stems[0], tuple(stems[1:])))

    def find(self, text: str) -> list[Hit]:
        """Return the hits in *text* (see :func:`plain`), in order.

        Where words overlap, the one that begins first wins, of those the longest: ``打不着火`` hides the
        ``着火`` in it. One with a gap hides nothing and is hidden by nothing.
        """
        found = [*self._in_chinese(text), *self._in_english(text)]
        found.sort(key=lambda hit: (hit.start, -hit.end))
        hits, end = [], 0
        for hit in found:
            if hit.split:
                hits.append(hit)
            elif hit.start >= end:
                hits.append(hit)
                end = hit.end
        return hits

    def _in_chinese(self, text: str) -> Iterator[Hit]:
        known = self._chinese
        for start, pair in enumerate(map(add, text, text[1:])):
            if pair in known:
                for entry in known[pair]:
                    if text.startswith(entry.first, start) and (end := _signs_end(text, start, entry)):
                        yield Hit(entry.word, start, end, bool(entry.rest))

    def _in_english(self, text: str) -> Iterator[Hit]:
        tokens, known = _tokens(text), self._english
        for n, stem in enumerate(tokens.stems):
            if stem in known:
                for entry in known[stem]:
                    if end := _stems_end(text, tokens, n, entry):
                        yield Hit(entry.word, tokens.starts[n], end, bool(entry.rest))


def _tokens(text: str) -> _Tokens:
    found = list(_patterns()[0].finditer(text))
    return _Tokens(
        [_stem(match.group()) for match in found],
        [match.start() for match in found],
        [match.end() for match in found],
    )


def _signs_end(text: str, start: int, entry: _Entry) -> int:
    """Return where a Chinese *entry* ends, its first part at *start*; 0 if the rest does not follow."""
    end = start + len(entry.first)
    for part in entry.rest:
        at = text.find(part, end, min(clause_end(text, end), end + GAP_SIGNS + len(part)))
        if at < 0:
            return 0
        end = at + len(part)
    return end


def _stems_end(text: str, tokens: _Tokens, first: int, entry: _Entry) -> int:
    """Return where an English *entry* ends that begins at token *first*; 0 if it does not stand there."""
    stems, at = tokens.stems, first + len(entry.first)
    if stems[first:at] != entry.first:
        return 0
    for part in entry.rest:
        begins = range(at, at + GAP_TOKENS + 1)
        at = next((n + len(part) for n in begins if stems[n : n + len(part)] == part), 0)
        if not at:
            return 0
    start, end = tokens.starts[first], tokens.ends[at - 1]
    if entry.spelling and text[start:end] != entry.spelling:
        return 0
    return end if at - first == 1 or end <= clause_end(text, start) else 0
