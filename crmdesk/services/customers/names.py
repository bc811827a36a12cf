"""Names to terms: what the index holds of a name, and what a query asks it for.

A name is found by any part of it. The index holds, from every character or word on, the rest of the name
(so a part is the beginning of a term), in characters, in pinyin and in initials::

    张建国        张建国 建国 国   zhangjianguo jianguo guo   INITIALS+zjg INITIALS+jg   zhangjg
    James Li     jamesli li

and the whole name once more behind ``WHOLE``, so that 张伟 comes before 张伟强. A character read in two
ways (单 dan, shan; 曾 zeng, ceng) gives both. Readings are those of pypinyin's character table, read
without its phrases (40 instead of 240 ms), surnames corrected.
"""

from __future__ import annotations

import importlib.util
import json
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from crmdesk.errors import Bug
from crmdesk.services.knowledge.analysis import is_chinese, normalise

INITIALS = "\ue001"
WHOLE = "\ue002"

SYLLABLES = 8
"""How many characters one term spans: nobody types more of a name."""
SPELT_OUT = 4
"""Names longer than this are those of companies: only their first character keeps several readings."""
WORDS_JOINED = 3
WORD_LENGTH = 40

_SURNAMES = """
单 shan 仇 qiu 解 xie 曾 zeng 任 ren 盖 ge 查 zha 朴 piao 覃 qin 缪 miao 区 ou 乐 yue 翟 zhai 尉 yu 员 yun
宓 mi 谌 chen 隗 wei 逄 pang 句 gou 秘 bi 种 chong 繁 po 祭 zhai 万 wan 长 zhang 召 shao 折 she 黑 he 洗 xian
冼 xian 葛 ge 燕 yan 华 hua 纪 ji
"""
"""How characters are read when they begin a name, where that differs from the usual."""

_PIECE = re.compile(r"[^\W_]+")


def pieces(normalised: str) -> list[str]:
    """Return the runs of Chinese characters and the other words of a normalised text, in order."""
    found: list[str] = []
    for word in _PIECE.findall(normalised):
        if word.isascii():
            found.append(word[:WORD_LENGTH])
        else:
            runs = groupby(word.replace("ü", "v"), key=_is_han)
            found += ["".join(run)[: None if han else WORD_LENGTH] for han, run in runs]
    return found


@lru_cache(maxsize=4_000)
def name_terms(line: str) -> frozenset[str]:
    """Return the terms of one normalised name."""
    held = pieces(line)
    found: set[str] = set()
    words: list[str] = []
    for piece in held:
        if is_chinese(piece):
            found.update(piece[start : start + SYLLABLES] for start in range(len(piece)))
            found.update(_spoken(piece))
        else:
            words.append(piece)
    for start in range(len(words)):
        found.add("".join(words[start : start + WORDS_JOINED])[:WORD_LENGTH])
    if held:
        found.update(_whole(held))
    return frozenset(found)


def search_terms(names: str) -> set[str]:
    """Return the terms of several normalised names, one a line."""
    return set().union(*[name_terms(line) for line in names.split("\n")])


def searchable(names: Iterable[str]) -> list[str]:
    """Return *names* as the index keeps them: normalised, each one line, repetitions left out."""
    lines = [" ".join(normalise(name).split()) for name in names]
    return list(dict.fromkeys(line for line in lines if line))


def _whole(held: list[str]) -> Iterator[str]:
    yield WHOLE + "".join(held)[:WORD_LENGTH]
    if len(held) == 1 and is_chinese(held[0]) and len(held[0]) <= SYLLABLES:
        for spelt in _spoken_from(held[0], True, True):
            yield WHOLE + spelt.removeprefix(INITIALS)


def _spoken(run: str) -> Iterator[str]:
    """Yield what may be typed in Latin letters from every character of *run* on."""
    several = len(run) <= SPELT_OUT
    for start in range(len(run)):
        yield from _spoken_from(run[start : start + SYLLABLES], start == 0, several or start == 0)


@lru_cache(maxsize=20_000)
def _spoken_from(part: str, begins: bool, several: bool) -> tuple[str, ...]:
    """Return what may be typed for *part*; *begins* a name or not, in *several* readings or the usual one."""
    ways = spellings(part, surname=begins)
    found: list[str] = []
    for syllables in ways if several else ways[:1]:
        found.append("".join(syllables))
        if len(syllables) > 1:
            initials = "".join([syllable[0] for syllable in syllables])
            found.append(INITIALS + initials)
            if begins and len(syllables) <= SPELT_OUT:
                found.append(syllables[0] + initials[1:])
    return tuple(found)


@lru_cache(maxsize=5_000)
def spellings(run: str, *, surname: bool) -> tuple[tuple[str, ...], ...]:
    """Return the ways to read *run*: as usual, and with another reading at one place.

    Characters without a reading (kana, hangul) end it. Empty when the first has none.
    """
    read: list[tuple[str, ...]] = []
    for place, character in enumerate(run):
        ways = readings(character, surname=surname and place == 0)
        if not ways:
            break
        read.append(ways if place == 0 or len(run) <= SPELT_OUT else ways[:1])
    usual = tuple(ways[0] for ways in read)
    others = (
        (*usual[:place], other, *usual[place + 1 :]) for place, ways in enumerate(read) for other in ways[1:]
    )
    return (usual, *others) if usual else ()


@lru_cache(maxsize=30_000)
def readings(character: str, *, surname: bool = False) -> tuple[str, ...]:
    """Return how *character* may be read, likeliest first, without tones; at most three ways."""
    listed = _table().get(str(ord(character)), "").split(",")
    plain = [way for reading in listed if reading for way in _plain(reading)]
    if surname and character in _surnames():
        plain.insert(0, _surnames()[character])
    return tuple(dict.fromkeys(plain))[: 3 if surname else 2]


def _plain(reading: str) -> list[str]:
    """Return *reading* without tone; ü is typed v, u or yu."""
    marked = unicodedata.normalize("NFD", reading)
    if "u\u0308" in marked or "ü" in marked:
        bare = _letters(marked.replace("u\u0308", "v"))
        return [bare, bare.replace("v", "u"), bare.replace("v", "yu")]
    return [_letters(marked)]


def _letters(marked: str) -> str:
    return "".join(c for c in marked if "a" <= c <= "z")


@lru_cache(maxsize=30_000)
def _is_han(character: str) -> bool:
    return is_chinese(character)


@cache
def _surnames() -> Mapping[str, str]:
    words = _SURNAMES.split()
    return dict(zip(words[::2], words[1::2], strict=True))


@cache
def _table() -> Mapping[str, str]:
    """Return pypinyin's readings by code point."""
    package = importlib.util.find_spec("pypinyin")
    if package is None or package.origin is None:
        raise Bug("The table of pinyin is missing from this installation.")
    content = (Path(package.origin).parent / "pinyin_dict.json").read_text(encoding="utf-8")
    table: dict[str, str] = json.loads(content)
    return table
