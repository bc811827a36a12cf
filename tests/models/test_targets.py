"""The table of targets, cell by cell as the procedure's page has it, and what follows from it."""

from __future__ import annotations

import copy
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from crmdesk.errors import InvalidInput
from crmdesk.models.deadline import Course, Span, due
from crmdesk.models.targets import (
    CLOCKS,
    COUNTED_FROM,
    SEVERITIES,
    LevelRule,
    Targets,
    read_targets,
)
from tests.models.hours import at, parsed, shop, targets, wall

PAGE = Path(__file__).resolve().parent.parent / "data" / "targets_expected.csv"


def _cells() -> list[dict[str, str]]:
    with PAGE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _told(table: Targets) -> Iterator[tuple[str, str, str, str]]:
    """Say the table in the words of the page's file: row, severity, amount, unit."""
    for (clock, severity), span in table.spans.items():
        yield clock, severity, *_span(span)
    for severity, rules in table.levels.items():
        for n, rule in enumerate(rules, 1):
            yield f"level {n}", severity, *_level(rule)
    for severity, percent in table.follow_up_percent.items():
        yield "sample", severity, str(percent), "percent"
    for limit in table.limits.values():
        yield "limit", "agent", str(limit.agent), "money"
        yield "limit", "supervisor", str(limit.supervisor), "money"
    yield "window", "reopen", str(table.reopen_days), "days"
    yield "window", "repeat", str(table.repeat_days), "days"
    yield "window", "answer", str(table.answer_business_days), "business_days"


def _span(span: Span | None) -> tuple[str, str]:
    return (str(span.amount), span.unit) if span else ("", "none")


def _level(rule: LevelRule | None) -> tuple[str, str]:
    if rule is None or rule.span:
        return _span(rule.span if rule else None)
    given = {name: getattr(rule, name) for name in ("percent", "days_after", "days_before")}
    ((name, amount),) = ((name, amount) for name, amount in given.items() if amount is not None)
    return str(amount), name


def test_every_cell_is_the_pages() -> None:
    counted = [cell for cell in _cells() if cell["unit"]]
    page = {(cell["row"], cell["severity"], cell["amount"], cell["unit"]) for cell in counted}
    assert set(_told(targets())) == page
    assert len(page) == len(counted) == len(CLOCKS) * 4 + 12 + 4 + 2 + 3


def test_what_counts_from_what_is_the_pages() -> None:
    page = {cell["severity"]: cell["text"] for cell in _cells() if cell["row"] == "from"}
    assert page == COUNTED_FROM


def test_the_rule_of_each_severity_is_told() -> None:
    page = {cell["severity"]: cell["text"] for cell in _cells() if cell["row"] == "rule"}
    ours = {key: severity.rule_en for key, severity in targets().severities.items()}
    plain = {key: text.replace("value > 2 000", "value above 2 000") for key, text in page.items()}
    plain = {key: text.replace("2nd", "second") for key, text in plain.items()}
    assert ours == plain | {"S3": "whatever is nothing else"}
    assert all(each.name_zh and each.rule_zh for each in targets().severities.values())


def _decide(severity: str, received: str) -> Course:
    span = targets().span("decide", severity)
    assert span
    since = at(received)
    return Course(since, due(span, since, shop()).at, shop())


@pytest.mark.parametrize(
    ("severity", "received", "regime_due", "moments"),
    [
        ("S1", "2026-11-20 10:00", None, ["2026-11-20 10:00", "2026-11-20 12:00", "2026-11-23 18:00"]),
        ("S1", "2026-11-20 22:00", None, ["2026-11-20 22:00", "2026-11-23 11:00", "2026-11-23 18:00"]),
        # 3 BD = 4 h + 3 days of 8 h = 28 h; 75 % of it are 21 h.
        ("S2", "2026-11-16 14:00", None, ["2026-11-19 10:00", "2026-11-19 18:00", "2026-11-23 18:00"]),
        ("S3", "2026-11-16 14:00", None, ["2026-11-25 18:00", "2026-11-30 18:00", None]),
        (
            *("S3", "2026-11-16 14:00", "2026-11-30 18:00"),
            ["2026-11-25 18:00", "2026-11-30 18:00", "2026-11-23 18:00"],
        ),
        ("S4", "2026-11-16 14:00", "2026-11-30 18:00", ["2026-11-30 18:00", None, "2026-11-23 18:00"]),
        ("S4", "2026-11-16 14:00", None, ["2026-11-30 18:00", None, None]),
    ],
)
def test_levels_come_when_the_page_says(
    severity: str, received: str, regime_due: str | None, moments: list[str | None]
) -> None:
    course = _decide(severity, received)
    body = at(regime_due) if regime_due else None
    found = targets().level_moments(severity, course.since, course, body, shop())
    assert [wall(moment) if moment else None for moment in found] == moments


def test_days_after_a_deadline_at_midnight_count_from_the_day_that_ends_with_it() -> None:
    """A shop that never closes has its deadlines at 24:00, which is the first moment of the next day."""
    always, zone = shop("always"), "UTC"
    since = at("2026-11-16 14:00", zone)
    span = targets().span("decide", "S2")
    assert span
    course = Course(since, due(span, since, always).at, always)
    assert wall(course.due, zone) == "2026-11-20 00:00", "the end of the 19th"
    levels = targets().level_moments("S2", since, course, None, always)
    assert wall(levels[2], zone) == "2026-11-22 00:00", "the end of the 21st, two days on"  # type: ignore[arg-type]


def test_a_reopened_complaint_has_half_the_time_rounded_up() -> None:
    halves = [targets().span("decide", severity, reopened=True) for severity in SEVERITIES]
    assert [span.amount for span in halves if span] == [1, 2, 4, 5]
    assert targets().span("acknowledge", "S1", reopened=True) == Span(15, "clock_minutes")
    assert targets().span("containment", "S4", reopened=True) is None


def _changed(path: str, value: object) -> dict[str, Any]:
    file = copy.deepcopy(parsed("targets.toml"))
    *folders, name = path.split("/")
    table = file
    for folder in folders:
        table = table[folder]
    table[name] = value
    return file


@pytest.mark.parametrize(
    ("path", "value", "sentence"),
    [
        ("clocks/decide/S1", "soon", "targets, clocks, decide: S1 must be a time such as .* this is 'soon'"),
        ("clocks/decide/S1", "0 BD", "S1 must be a time"),
        ("clocks/decide/S1", "3 BD, clock", "S1 must be a time"),
        ("clocks/decide/S1", "1 day", "S1 must be a time"),
        ("clocks/decide/S5", "1 BD", "clocks, decide: S5 is not known here"),
        ("clocks/decide/from", "birth", "clocks, decide: from must be one of"),
        ("clocks/decide/from", "resolved_at", "clocks, decide: from must be one of: received_at"),
        ("clocks/follow_up/S4", "-", "clocks, follow_up: S4 must say when the customer is asked"),
        ("clocks/dream", {}, "clocks: dream is not known here"),
        ("clocks/decide", None, "clocks: decide is missing"),
        ("levels/S2", ["75 %", "100 %"], "levels: S2 must say when levels 1, 2 and 3 come"),
        ("levels/S2", ["75 %", "100 %", "never"], "levels: S2 must be a time"),
        ("limits/CNY", {"agent": 200, "supervisor": 100}, "limits, CNY: supervisor must be .* from 200"),
        ("limits/CNY", {"agent": -1, "supervisor": 100}, "limits, CNY: agent must be"),
        ("windows/reopen_days", 0, "windows: reopen_days must be"),
        ("follow_up_percent/S4", 101, "follow_up_percent: S4 must be"),
        ("severities/S1/name_zh", "", "severities, S1: name_zh must be a text"),
        ("edition", "two", "targets: edition must be"),
        ("speed", 1, "targets: speed is not known here"),
    ],
)
def test_each_fault_names_its_place(path: str, value: object, sentence: str) -> None:
    with pytest.raises(InvalidInput, match=sentence):
        read_targets(_changed(path, value))
