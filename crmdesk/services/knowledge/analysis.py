"""Text to terms: what is indexed of an article and what is looked up for a query.

Three steps, each a pure function::

    normalise   one spelling: width, case, traditional characters, control characters
    fold        words stemmed, Chinese runs kept whole, one space between tokens (stored, counted in)
    terms       what the index holds: character pairs of Chinese runs, every other token as it is

Pairs of characters find words of two characters without a dictionary and were the best of the engines
compared on question sets (unicode61, trigram, jieba). A word written directly before a Chinese run (A2区)
also gives a joined token. Of hyphenated codes (SUV-7) both the parts and the joined form are kept.

OpenCC and snowballstemmer are loaded when the first character or word needs them (30 and 40 ms of CPU);
:func:`warm` does it ahead of time on any thread. pypinyin (240 ms) is needed for indexing only.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import cache, lru_cache
from operator import add

WORD_LENGTH = 40
"""Longer tokens are cut: nobody types them, and a file pasted as one word must not become a term."""

PINYIN_SYLLABLES = 8
"""How many syllables one pinyin term spans."""

_FIRST_HAN = "\u3005"
_HAN = "\u3005\u3007\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"


@cache
def _patterns() -> _Patterns:
    """Return them; whole planes of Unicode take 15 ms to compile, which no start waits for (see ``warm``)."""
    return _Patterns()


class _Patterns:
    """What texts are taken apart with.

    ``control`` finds the categories Cc (without tab and line feed), Cf and Cs of the Unicode database; tests
    compare with it. Text of ``settled`` characters is folded in one pass: nearly all Chinese and English.
    """

    def __init__(self) -> None:
        self.token = re.compile(f"[{_HAN}]+|[a-z0-9]+(?:[-_./][a-z0-9]+)*|[^\\W_{_HAN}]+")
        self.joint = re.compile(r"[-_./]")
        self.run = re.compile(f"[{_HAN}]+")
        self.settled = re.compile("[\n -~·—‘’“”…、-】\u4e00-\u9fff！-～]*")
        self.control = re.compile(
            "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e"
            "\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\ud800-\udfff\ufeff\ufff9-\ufffb"
            "\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
            "\U000e0001\U000e0020-\U000e007f]"
        )


class _Simplifier(dict[int, int]):
    """Maps code points to simplified characters, asking OpenCC once per character.

    Single characters, not phrases: a query typed key by key must fold like the text it is found in.
    """

    def __missing__(self, code: int) -> int:
        simple = code
        if 0x3400 <= code <= 0x9FFF or 0xF900 <= code <= 0xFAFF or code >= 0x20000:
            convert = _opencc()
            seen = {code}
            while (after := _single(convert(chr(simple)), simple)) not in seen:
                seen.add(after)
                simple = after
        self[code] = simple
        return simple


def _single(converted: str, before: int) -> int:
    return ord(converted) if len(converted) == 1 else before


@cache
def _opencc() -> Callable[[str], str]:
    from opencc import OpenCC

    convert: Callable[[str], str] = OpenCC("t2s").convert
    return convert


@cache
def _simplifier() -> _Simplifier:
    return _Simplifier()


@cache
def _english() -> Callable[[str], str]:
    import snowballstemmer

    stem: Callable[[str], str] = snowballstemmer.stemmer("english").stemWord
    return stem


@lru_cache(maxsize=30_000)
def _stem(word: str) -> str:
    return _english()(word)


def warm() -> None:
    """Load what the first query would otherwise wait for. Any thread."""
    fold("漏油 leaking")


def strip_controls(text: str) -> str:
    """Return *text* without control, format and surrogate characters; line ends and tabs stay."""
    return _patterns().control.sub("", text)


def normalise(text: str) -> str:
    """Return *text* in the one spelling all comparisons use. Idempotent.

    Width and compatibility forms (NFKC), case, traditional characters and control characters are folded.
    """
    folded = strip_controls(text.replace("\r", "\n"))
    if folded.isascii():
        return folded.lower()
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", folded).casefold())
    simple = folded.translate(_simplifier())
    # Rare characters compose with their neighbours only after folding: then once more, until nothing moves.
    return simple if simple == text or _patterns().settled.fullmatch(text) else normalise(simple)


def simplified(text: str) -> str:
    """Return *text* with simplified characters; every character keeps its place."""
    return text if text.isascii() else text.translate(_simplifier())


def fold(text: str) -> str:
    """Return the tokens of *text*, stemmed, one space between them: the form the index stores."""
    return " ".join(_tokens(normalise(text)))


def _tokens(normalised: str) -> Iterator[str]:
    word, word_end, patterns = "", -1, _patterns()
    for match in patterns.token.finditer(normalised):
        token = match.group()
        if is_chinese(token):
            if match.start() == word_end:
                yield word[-WORD_LENGTH:] + token[0]
            yield token
            continue
        parts = patterns.joint.split(token)
        for part in parts:
            yield _word(part)
        if len(parts) > 1:
            yield "".join(parts)[:WORD_LENGTH]
        word, word_end = parts[-1], match.end()


def _word(part: str) -> str:
    return _stem(part[:WORD_LENGTH]) if part.isalpha() and part.isascii() else part[:WORD_LENGTH]


def is_chinese(token: str) -> bool:
    """Tell whether *token* is of a script without spaces between words (Chinese, Japanese, Korean).

    Its first character decides: a token never mixes scripts after such a character.
    """
    return token[:1] >= _FIRST_HAN and _patterns().run.match(token) is not None


def terms(folded: str) -> list[str]:
    """Return the terms of text that :func:`fold` made, in order, with repetitions."""
    found: list[str] = []
    for token in folded.split():
        if len(token) > 1 and is_chinese(token):
            found += map(add, token, token[1:])
        else:
            found.append(token)
    return found


def pinyin_terms(text: str) -> set[str]:
    """Return what a person may type in Latin letters for the Chinese words of *text*.

    From every character on, the syllables in full and their initials, so that ``ly`` and ``louyou`` find
    漏油 inside a longer title as prefixes of a term.
    """
    runs = _patterns().run.findall(normalise(text))
    if not runs:
        return set()
    from pypinyin import lazy_pinyin

    found: set[str] = set()
    for run in runs:
        syllables = [s for s in lazy_pinyin(run, errors="ignore") if s.isascii() and s.isalpha()]
        for start in range(len(syllables)):
            part = syllables[start : start + PINYIN_SYLLABLES]
            found.add("".join(part))
            found.add("".join(syllable[0] for syllable in part))
    return found


def model_key(name: str) -> str:
    """Return the form in which models and topics are compared: ``SUV-7`` and ``ＳＵＶ 7`` are one."""
    return "".join(char for char in normalise(name) if char.isalnum())
