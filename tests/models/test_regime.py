"""Regimes as data: what the procedure's page says of each, and what a shop may get wrong."""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

import pytest

from crmdesk.errors import InvalidInput
from crmdesk.models.deadline import UNITS
from crmdesk.models.regime import AUTHORITY, BODY, FIRM, Regime, read_regimes, settled_under
from tests.models.hours import at, parsed, regimes, shop, wall

PAGE = {
    "UK-SRC": [("summary", 3, None, "business_days", FIRM)],
    "UK-8W": [("acknowledge", 5, None, "business_days", FIRM), ("decide", 8, None, "weeks", FIRM)],
    "UK-PSD": [("acknowledge", 5, None, "business_days", FIRM), ("decide", 15, 35, "business_days", FIRM)],
    "EU-PSD2": [("decide", 15, 35, "business_days", FIRM)],
    "UK-REC": [],
    "US-CFPB": [("answer", 15, 60, "calendar_days", FIRM)],
    "CN-12315": [
        ("accept", 7, None, "business_days", AUTHORITY),
        ("outcome", 45, None, "business_days", AUTHORITY),
        ("tell", 7, None, "business_days", AUTHORITY),
    ],
    "CN-OLD": [
        ("accept", 7, None, "business_days", AUTHORITY),
        ("outcome", 60, None, "calendar_days", AUTHORITY),
    ],
    "CN-ODR": [("resolve", 10, None, "business_days", FIRM)],
    "CN-CAR": [("paper", 15, None, "business_days", FIRM)],
    "CN-CAR-2022": [],
    "EU-ADR": [("answer", 20, 30, "business_days", FIRM)],
    "EU-ADR-13": [("outcome", 90, None, "calendar_days", AUTHORITY)],
}
"""Typed from the page by hand: clock, amount, extended, unit, whom it binds."""


def test_every_regime_of_the_page_is_there_with_its_clocks() -> None:
    ours = {
        key: [
            (
                *(each.clock, each.span.amount, each.extended.amount if each.extended else None),
                *(each.span.unit, each.binds),
            )
            for each in regime.clocks
        ]
        for key, regime in regimes().items()
    }
    assert ours == PAGE


def test_what_is_settled_at_once_falls_under_another_regime_where_the_page_says_so() -> None:
    found = {key: settled_under(regimes(), key) for key in regimes()}
    assert {key: other.key for key, other in found.items() if other and other.key != key} == {
        "UK-8W": "UK-SRC",
        "UK-PSD": "UK-SRC",
    }
    assert {key for key, other in found.items() if other and other.wants("summary")} == {
        *("UK-8W", "UK-PSD", "UK-SRC")
    }
    assert settled_under(regimes(), "none") is None


def test_a_regime_that_is_not_there_cannot_hold_instead() -> None:
    broken = copy.deepcopy(parsed("regimes.toml"))
    broken["UK-8W"]["settled_early"] = "UK-XYZ"
    with pytest.raises(InvalidInput, match=r"UK-8W.*settled_early must be the key of"):
        read_regimes(broken)


@pytest.mark.parametrize("regime", regimes().values(), ids=lambda regime: regime.key)
def test_every_regime_says_where_it_is_from(regime: Regime) -> None:
    assert regime.source
    assert regime.checked_on >= date(2026, 11, 1)
    assert regime.name_en
    assert regime.name_zh
    assert bool(regime.note_en) == bool(regime.note_zh)
    assert all(each.span.unit in UNITS for each in regime.clocks)


def test_what_the_page_says_beside_the_clocks() -> None:
    assert [key for key, each in regimes().items() if each.written_acknowledgement] == ["UK-8W", "UK-PSD"]
    assert {key: each.retention_years for key, each in regimes().items() if each.retention_years} == {
        "UK-REC": 3
    }
    assert [key for key, each in regimes().items() if each.counters] == ["CN-CAR", "CN-CAR-2022"]
    assert {each.key: each.at_least for each in regimes()["CN-CAR"].counters}["severe_repairs"] == 2
    assert not regimes()["UK-SRC"].clocks[0].ours
    assert regimes()["UK-8W"].clocks[1].ours
    assert not regimes()["CN-12315"].clocks[1].ours
    clocks = [(key, each) for key, regime in regimes().items() for each in regime.clocks]
    assert [(key, each.clock) for key, each in clocks if each.holding_suffices] == [("UK-8W", "decide")]
    assert regimes()["UK-8W"].holding_sentences, "with the way to the ombudsman"


@pytest.mark.parametrize(
    ("key", "day", "binds"),
    [
        ("CN-OLD", date(2019, 12, 31), True),
        ("CN-OLD", date(2020, 1, 1), False),
        ("CN-12315", date(2019, 12, 31), False),
        ("CN-12315", date(2020, 1, 1), True),
        ("EU-ADR", date(2026, 11, 20), False),
        ("US-CFPB", date(1999, 1, 1), True),
    ],
)
def test_a_regime_binds_while_it_is_in_force(key: str, day: date, binds: bool) -> None:
    assert regimes()[key].in_force(day) is binds


def test_deadlines_that_count_from_receipt() -> None:
    received = at("2026-11-20 17:58")
    ten = dict(regimes()["CN-ODR"].deadlines(received, shop()))
    assert [(clock.clock, wall(due.at)) for clock, due in ten.items()] == [("resolve", "2026-12-04 18:00")]
    eight = [wall(due.at) for _, due in regimes()["UK-8W"].deadlines(received, shop())]
    assert eight == ["2026-11-27 18:00", "2027-01-15 23:59"]


def test_deadlines_that_count_from_the_bodys_letter() -> None:
    letter = at("2026-11-20 12:00")
    assert list(regimes()["US-CFPB"].deadlines(letter, shop())) == []
    found = [wall(due.at) for _, due in regimes()["US-CFPB"].deadlines(letter, shop(), BODY)]
    assert found == ["2026-12-05 23:59"]


def test_a_letter_lacks_what_it_does_not_say() -> None:
    regime = regimes()["UK-8W"]
    first, second = (each.en for each in regime.sentences)
    assert regime.missing_sentences("We are sorry.", "en") == (first, second)
    broken = first.upper().replace(" ", "\n  ")
    assert regime.missing_sentences(f"We are sorry. {broken}", "en") == (second,)
    assert regime.missing_sentences(f"{first}{second}", "en") == ()
    assert regime.missing_sentences(f"{first}{second}", "zh") == tuple(each.zh for each in regime.sentences)


def _changed(
    regime: str, name: str, value: object, line: int | None = None, of: str = "clocks"
) -> dict[str, Any]:
    file = copy.deepcopy(parsed("regimes.toml"))
    table = file[regime] if line is None else file[regime][of][line - 1]
    table[name] = value
    return file


@pytest.mark.parametrize(
    ("file", "sentence"),
    [
        (_changed("UK-8W", "amount", 0, 2), "regimes, UK-8W, clocks line 2: amount must be"),
        (_changed("UK-8W", "unit", "fortnights", 2), "UK-8W, clocks line 2: unit must be one of"),
        (_changed("UK-8W", "binds", "nobody", 1), "UK-8W, clocks line 1: binds must be one of"),
        (_changed("UK-8W", "clock", "dream", 1), "UK-8W, clocks line 1: clock must be one of"),
        (_changed("UK-8W", "clock", "acknowledge", 2), "UK-8W, clocks line 2: clock is there twice"),
        (_changed("UK-8W", "weeks", 8, 2), "UK-8W, clocks line 2: weeks is not known here"),
        (_changed("UK-PSD", "extended_amount", 15, 2), "UK-PSD, clocks line 2: extended_amount .* from 16"),
        (_changed("UK-PSD", "holding_suffices", True, 2), "line 2: holding_suffices is for clocks without"),
        (_changed("UK-8W", "holding_suffices", 1, 2), "line 2: holding_suffices must be true or false"),
        (_changed("UK-PSD", "duty", "yes", 2), "UK-PSD, clocks line 2: duty must be true or false"),
        (_changed("CN-12315", "from", "tell", 2), "CN-12315, clocks line 2: from must be receipt, body"),
        (_changed("UK-8W", "en", "", 2, "sentences"), "UK-8W, sentences line 2: en must be a text"),
        (_changed("CN-CAR", "at_least", 0, 3, "counters"), "CN-CAR, counters line 3: at_least must be"),
        (_changed("UK-8W", "clocks", [5]), "UK-8W, clocks line 1 must be a table"),
        (_changed("UK-8W", "clocks", 5), "UK-8W: clocks must be a list"),
        (_changed("UK-8W", "source", " "), "UK-8W: source must be a text"),
        (_changed("UK-8W", "checked_on", None), "UK-8W: checked_on is missing"),
        (_changed("UK-8W", "valid_from", "2026-13-01"), "UK-8W: valid_from must be a date"),
        (_changed("CN-OLD", "valid_until", "2014-03-14"), "CN-OLD: valid_until lies before"),
        (_changed("UK-REC", "retention_years", 0), "UK-REC: retention_years must be"),
        (_changed("UK-REC", "fine", 1), "UK-REC: fine is not known here"),
    ],
)
def test_each_fault_names_the_regime_the_line_and_the_key(file: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        read_regimes(file)
