"""How grave a new complaint probably is: the rule of impact and urgency, before anybody has assessed it.

Provisional and shown with its reasons; one key changes it. The rule errs on the grave side: one more sentence
never makes a complaint less grave, a word counts unless it is plainly denied, and S4 is given only where all
sentences speak of irritation. The words lie in ``resources/starter/danger.toml``, which explains itself.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from decimal import Decimal

from crmdesk.errors import InvalidInput
from crmdesk.models.table import Table
from crmdesk.models.text import Text, say
from crmdesk.resources import tables
from crmdesk.services.complaints.categories import Category
from crmdesk.services.complaints.denial import Denial, read_denial
from crmdesk.services.complaints.words import EXACT, Hit, WordFinder, plain
from crmdesk.values import dataclass

DANGER, DATA, PRESS, LAW = "danger", "data", "press", "law"
UNUSABLE, IRRITATION, LOSS, HARMLESS = "unusable", "irritation", "loss", "harmless"
GROUPS = (DANGER, DATA, PRESS, LAW, UNUSABLE, IRRITATION, LOSS, HARMLESS)
"""The graver first: a word that stands in two groups counts in the first."""
REASONS = 5
"""No more words than these are shown for one reason."""

_SENTENCE = re.compile(r"(?:[^.。!?;\n]|\.(?=\d))+")


@dataclass(frozen=True, slots=True)
class Provisional:
    """A severity from S1, the gravest, to S4, and why."""

    severity: str
    because: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class RuleWords:
    """The words of a rule: the group of each, what tells denials, and the things that can be at fault."""

    groups: Mapping[str, str]
    denial: Denial
    things: tuple[str, ...]


class SeverityRule:
    """The rule of a shop with its words; made once, asked from any thread."""

    def __init__(self, words: RuleWords, value_above: Decimal, repeats_from: int) -> None:
        """Take the words, and from where on value (in whole units of the currency) and repeats count."""
        self._groups = words.groups
        self._finder = WordFinder(words.groups)
        self._things = WordFinder(words.things)
        self._denial = words.denial
        self._value_above = value_above
        self._repeats_from = repeats_from

    def provisional(self, text: str, value: Decimal | int | None = None, repeats: int = 0) -> Provisional:
        """Return the severity of what happened.

        Args:
            text: what happened, in Chinese or English, as typed.
            value: what it is about in whole units of the currency; None when nobody knows.
            repeats: how many earlier complaints of the same customer or asset in the category there are.
        """
        seen = plain(text)
        hits = self._meant(seen)
        found = self._by_group(self._denial.standing(seen, hits))
        grave = _grave(found)
        if grave:
            return Provisional("S1", grave)
        heavy = (*_unusable(found), *self._value(value), *self._repeats(repeats))
        if heavy:
            return Provisional("S2", heavy)
        irritation = [hit for hit in hits if self._groups[hit.word] == IRRITATION]
        if irritation and not (value or repeats or found.get(LOSS)) and self._nothing_else(seen, irritation):
            words = _words(dict.fromkeys(hit.word for hit in irritation))
            return Provisional("S4", (say("Irritation is spoken of, and no loss: {words}.", words=words),))
        return Provisional("S3", (say("Nothing speaks for a graver or a lesser severity."),))

    def _meant(self, seen: str) -> list[Hit]:
        """Return the hits in the plain text *seen* that are no part of something harmless."""
        hits = self._finder.find(seen)
        harmless = (hit for hit in hits if self._groups[hit.word] == HARMLESS)
        covered = {place for hit in harmless for place in range(hit.start, hit.end)}
        return [hit for hit in hits if covered.isdisjoint(range(hit.start, hit.end))]

    def _nothing_else(self, seen: str, irritation: list[Hit]) -> bool:
        """Whether every sentence speaks of *irritation*, and none of a thing that can be at fault."""
        starts = [hit.start for hit in irritation]
        return not self._things.find(seen) and all(
            bisect_left(starts, sentence.start()) < bisect_left(starts, sentence.end())
            for sentence in _SENTENCE.finditer(seen)
            if sentence.group().strip()
        )

    def _by_group(self, hits: Iterable[Hit]) -> dict[str, str]:
        """Return the words found of each group, put in a row."""
        found: dict[str, dict[str, None]] = {}
        for hit in hits:
            found.setdefault(self._groups[hit.word], {})[hit.word] = None
        return {group: _words(words) for group, words in found.items()}

    def _value(self, value: Decimal | int | None) -> tuple[Text, ...]:
        if value is None or value <= self._value_above:
            return ()
        return (say("It is about more than {limit}.", limit=self._value_above),)

    def _repeats(self, repeats: int) -> tuple[Text, ...]:
        if repeats < self._repeats_from:
            return ()
        return (say("It was complained about {count} times before.", count=repeats),)


def _words(words: Iterable[str]) -> str:
    return ", ".join(word.removeprefix(EXACT) for word in list(words)[:REASONS])


def _grave(found: dict[str, str]) -> tuple[Text, ...]:
    reasons = {
        DANGER: say("Danger is spoken of: {words}.", words=found.get(DANGER)),
        DATA: say("Personal data in wrong hands are spoken of: {words}.", words=found.get(DATA)),
        PRESS: say("The press is spoken of: {words}.", words=found.get(PRESS)),
        LAW: say("An authority, a court or a lawyer is spoken of: {words}.", words=found.get(LAW)),
    }
    return tuple(reason for group, reason in reasons.items() if group in found)


def _unusable(found: dict[str, str]) -> tuple[Text, ...]:
    if UNUSABLE not in found:
        return ()
    return (say("It cannot be used at all: {words}.", words=found[UNUSABLE]),)


def read_rule(parsed: object, categories: Iterable[Category]) -> SeverityRule:
    """Return the rule of a parsed file, for a shop with these *categories*.

    Raises:
        InvalidInput: a group is missing or holds a word that cannot be looked for.
    """
    source = Table("danger", parsed)
    source.only("value_above", "repeats_from", "denial", *GROUPS)
    groups: dict[str, str] = {}
    for group in GROUPS:
        for word in _group(source.table(group)):
            groups.setdefault(word, group)
    things = tuple(word for category in categories if category.needs_asset for word in category.words)
    return SeverityRule(
        RuleWords(groups, read_denial(source.table("denial")), things),
        Decimal(source.number("value_above", 0, 1_000_000_000)),
        source.number("repeats_from", 1, 100),
    )


def starter_rule(categories: Iterable[Category]) -> SeverityRule:
    """Return the rule a shop with these *categories* begins with. Reads the disk.

    Raises:
        FileFault: the file cannot be read.
        InvalidInput: it says something that cannot be.
    """
    return read_rule(tables("starter", "danger.toml"), categories)


def _group(table: Table) -> tuple[str, ...]:
    table.only("en", "zh")
    words = table.texts("en") + table.texts("zh")
    if not words:
        raise InvalidInput("{place}: {name} must not be empty.", **table.at("en"))
    return words
