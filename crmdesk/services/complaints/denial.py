"""Telling what is said from what is denied: "no smoke", "没有冒烟或起火", "Smoke: none.".

Careful: a denial counts only directly before the word in the same clause, with nothing but fillers between,
or as the whole answer to a question. A question alone ("有没有冒烟", "any smoke?") denies nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from crmdesk.models.table import Table
from crmdesk.services.complaints.words import Hit, clause_end, plain

_CLAUSE = "[,;:!?。\n]|\\.(?!\\d)"


class Denial:
    """Finds out which of the words found in a text stand; made once, asked from any thread."""

    def __init__(
        self,
        denials: Iterable[str],
        fillers: Iterable[str],
        turned: Iterable[str],
        answers: Iterable[str],
        said: Iterable[str],
    ) -> None:
        """Take words of denial, what may follow them, what turns them round, and how one answers."""
        between = rf"(?:\s*{_one_of(fillers)})*\s*$"
        self._denied = re.compile(_one_of(denials) + between)
        self._turned = re.compile(_one_of(turned) + between)
        self._joined = re.compile(rf"\s*(?:或者|或是|或|和|以及|及|与|、|/|\bor\b|\bnor\b){between}")
        told = rf"(?:\s*{_one_of(said)})"
        self._answered = re.compile(
            rf"(?:[?:]{told}*|,{told}+)\s*(?:,\s*)?{_one_of(answers)}\s*(?:{_CLAUSE}|$)"
        )
        self._clause = re.compile(_CLAUSE)

    def standing(self, text: str, hits: Iterable[Hit]) -> list[Hit]:
        """Return those *hits*, in their order, that the plain *text* does not deny."""
        standing: list[Hit] = []
        denied_to = -1
        for hit in hits:
            joined = denied_to >= 0 and self._joined.fullmatch(text, denied_to, hit.start)
            if joined or self._denies(text, hit):
                denied_to = hit.end
            else:
                standing.append(hit)
        return standing

    def _denies(self, text: str, hit: Hit) -> bool:
        if self._answered.match(text, clause_end(text, hit.end)):
            return True
        before = self._clause_before(text, hit.start)
        return bool(self._denied.search(before)) and not self._turned.search(before)

    def _clause_before(self, text: str, start: int) -> str:
        marks = list(self._clause.finditer(text, max(0, start - 60), start))
        return text[marks[-1].end() if marks else max(0, start - 60) : start]


def read_denial(table: Table) -> Denial:
    """Return how the *table* of a file says denials are told.

    Raises:
        InvalidInput: it says nothing of something, or something of nothing.
    """
    table.only("en", "zh", "fillers_en", "fillers_zh", "turned", "answers", "said")
    return Denial(
        table.texts("en") + table.texts("zh"),
        table.texts("fillers_en") + table.texts("fillers_zh"),
        table.texts("turned"),
        table.texts("answers"),
        table.texts("said"),
    )


def _one_of(words: Iterable[str]) -> str:
    """Return a pattern for any of *words*, the longest first; English ones as whole words."""
    plain_words = sorted(map(plain, words), key=len, reverse=True)
    return (
        "(?:" + "|".join(rf"\b{re.escape(w)}\b" if w.isascii() else re.escape(w) for w in plain_words) + ")"
    )
