"""Regimes: the deadlines, wordings and duties that a law, a regulator or a scheme puts on a complaint.

They are data with a source and the day somebody last read it; a shop picks and edits them. None of this is
legal advice. A regime's clock never pauses, and what binds an authority is shown, not counted as our duty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime

from crmdesk.errors import InvalidInput
from crmdesk.models.calendar import BusinessTime
from crmdesk.models.deadline import BUSINESS_DAYS, CALENDAR_DAYS, WEEKS, Due, Span, due
from crmdesk.models.table import Table
from crmdesk.values import dataclass

FIRM, AUTHORITY = "firm", "authority"
RECEIPT, BODY, DEMAND = "receipt", "body", "demand"
"""What a clock may count from: our receipt, the body's letter to us or to it, the customer's demand."""

REGIME_CLOCKS = (
    *("acknowledge", "decide", "resolve", "summary", "answer", "paper"),  # ours
    *("accept", "outcome", "tell"),  # the authority's
)
"""What may be bound: written acknowledgement, decision, settlement, written summary, answer to the body,
paper for a refund; the body's acceptance, its outcome, its telling the parties."""

REGIME_UNITS = (BUSINESS_DAYS, CALENDAR_DAYS, WEEKS)
LANGUAGES = ("en", "zh")


@dataclass(frozen=True, slots=True, kw_only=True)
class RegimeClock:
    """One deadline of a regime.

    ``extended`` is the longer span that a holding reply opens; where ``holding_suffices`` such a reply, sent
    in time and saying all it must, meets it. A clock that is no ``duty`` closes a short cut when it ends:
    missing it is no breach. ``counts_from`` is receipt, body, demand, or an earlier clock.
    """

    clock: str
    span: Span
    extended: Span | None = None
    holding_suffices: bool = False
    binds: str = FIRM
    duty: bool = True
    counts_from: str = RECEIPT
    note_en: str = ""
    note_zh: str = ""

    def allowed(self, *, longer: bool) -> Span:
        """Return how long it may take, *longer* where a holding reply opened that."""
        return self.extended if longer and self.extended else self.span

    @property
    def ours(self) -> bool:
        """Whether missing it is a breach of ours."""
        return self.duty and self.binds == FIRM


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence that a decision letter must hold, in both languages."""

    en: str
    zh: str

    def in_language(self, language: str) -> str:
        """Return it in *language*, ``en`` or ``zh``."""
        return self.zh if language == "zh" else self.en


@dataclass(frozen=True, slots=True)
class Counter:
    """Something that gives the customer a right once it has come to ``at_least``."""

    key: str
    at_least: int
    name_en: str
    name_zh: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """One regime; ``valid_from`` is None where the source read does not tell.

    ``sentences`` stand in each letter that decides, ``holding_sentences`` in one that says it takes longer.
    ``settled_early`` is the key of the regime that holds instead for what is settled at once, empty for none.
    """

    key: str
    name_en: str
    name_zh: str
    clocks: tuple[RegimeClock, ...]
    written_acknowledgement: bool
    sentences: tuple[Sentence, ...]
    holding_sentences: tuple[Sentence, ...] = ()
    counters: tuple[Counter, ...]
    retention_years: int | None
    source: str
    valid_from: date | None
    valid_until: date | None
    checked_on: date
    settled_early: str = ""
    note_en: str = ""
    note_zh: str = ""

    def wants(self, clock: str) -> bool:
        """Whether it has a deadline for *clock*, one of :data:`REGIME_CLOCKS`."""
        return any(each.clock == clock for each in self.clocks)

    def in_force(self, day: date) -> bool:
        """Whether the regime binds what is received on *day*, as far as its source tells."""
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )

    def deadlines(
        self, since: datetime, time: BusinessTime, counts_from: str = RECEIPT
    ) -> Iterator[tuple[RegimeClock, Due]]:
        """Yield the clocks that count from *counts_from*, which was at *since*, with their deadlines."""
        mine = (each for each in self.clocks if each.counts_from == counts_from)
        return ((each, due(each.span, since, time)) for each in mine)

    def missing_sentences(self, letter: str, language: str) -> tuple[str, ...]:
        """Return what a *letter* that decides must still say, in *language*."""
        return not_said(self.sentences, letter, language)


def not_said(sentences: Iterable[Sentence], letter: str, language: str) -> tuple[str, ...]:
    """Return those of *sentences* that *letter* lacks; white space and line ends do not matter."""
    said = _folded(letter)
    wanted = (each.in_language(language) for each in sentences)
    return tuple(each for each in wanted if _folded(each) not in said)


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()


def read_regimes(parsed: object) -> dict[str, Regime]:
    """Return the regimes of a parsed file by their keys.

    Raises:
        InvalidInput: with the regime, the line of the table and the key.
    """
    file = Table("regimes", parsed)
    found = {key: read_regime(key, file.table(key)) for key in file}
    for key, regime in found.items():
        if regime.settled_early not in ("", *found):
            raise InvalidInput(
                "{place}: {name} must be the key of a regime of this file.",
                **file.table(key).at("settled_early"),
            )
    return found


def settled_under(regimes: Mapping[str, Regime], key: str) -> Regime | None:
    """Return the regime that holds for a complaint under *key* that was settled at once, None for none."""
    known = regimes.get(key)
    return regimes.get(known.settled_early, known) if known else None


def read_regime(key: str, table: Table) -> Regime:
    """Return one regime from its *table*."""
    table.only(
        *("name_en", "name_zh", "clocks", "written_acknowledgement", "sentences", "holding_sentences"),
        *("counters", "settled_early"),
        *("retention_years", "source", "valid_from", "valid_until", "checked_on", "note_en", "note_zh"),
    )
    clocks = tuple(_read_clock(line) for line in table.tables("clocks"))
    _check_order(table, clocks)
    valid_from, valid_until = table.day_or_none("valid_from"), table.day_or_none("valid_until")
    if valid_from and valid_until and valid_until < valid_from:
        raise InvalidInput(
            "{place}: {name} lies before the day from which it is valid.", **table.at("valid_until")
        )
    return Regime(
        key=key,
        name_en=table.text("name_en"),
        name_zh=table.text("name_zh"),
        clocks=clocks,
        written_acknowledgement=table.flag("written_acknowledgement", False),
        sentences=tuple(_read_sentence(line) for line in table.tables("sentences")),
        holding_sentences=tuple(_read_sentence(line) for line in table.tables("holding_sentences")),
        counters=tuple(_read_counter(line) for line in table.tables("counters")),
        retention_years=table.number("retention_years", 1, 100) if "retention_years" in table else None,
        source=table.text("source"),
        valid_from=valid_from,
        valid_until=valid_until,
        checked_on=table.day("checked_on"),
        settled_early=table.text("settled_early", ""),
        note_en=table.text("note_en", ""),
        note_zh=table.text("note_zh", ""),
    )


def _check_order(table: Table, clocks: tuple[RegimeClock, ...]) -> None:
    seen: set[str] = set()
    for n, each in enumerate(clocks, 1):
        line = Table(f"{table.place}, clocks line {n}", {})
        if each.clock in seen:
            raise InvalidInput("{place}: {name} is there twice.", **line.at("clock"))
        if each.counts_from not in seen.union((RECEIPT, BODY, DEMAND)):
            raise InvalidInput(
                "{place}: {name} must be receipt, body, demand or a clock of an earlier line.",
                **line.at("from"),
            )
        seen.add(each.clock)


def _read_clock(line: Table) -> RegimeClock:
    line.only(
        *("clock", "amount", "extended_amount", "holding_suffices", "unit", "binds", "duty", "from"),
        *("note_en", "note_zh"),
    )
    unit = line.choice("unit", REGIME_UNITS)
    amount = line.number("amount", 1, 1000)
    longer = line.number("extended_amount", amount + 1, 1000) if "extended_amount" in line else None
    suffices = line.flag("holding_suffices", False)
    if longer and suffices:
        raise InvalidInput(
            "{place}: {name} is for clocks without extended_amount; leave one of the two out.",
            **line.at("holding_suffices"),
        )
    return RegimeClock(
        clock=line.choice("clock", REGIME_CLOCKS),
        span=Span(amount, unit),
        extended=Span(longer, unit) if longer else None,
        holding_suffices=suffices,
        binds=line.choice("binds", (FIRM, AUTHORITY)),
        duty=line.flag("duty", True),
        counts_from=line.text("from", RECEIPT),
        note_en=line.text("note_en", ""),
        note_zh=line.text("note_zh", ""),
    )


def _read_sentence(line: Table) -> Sentence:
    line.only(*LANGUAGES)
    return Sentence(line.text("en"), line.text("zh"))


def _read_counter(line: Table) -> Counter:
    line.only("key", "at_least", "name_en", "name_zh")
    return Counter(
        line.text("key"), line.number("at_least", 1, 10_000), line.text("name_en"), line.text("name_zh")
    )
