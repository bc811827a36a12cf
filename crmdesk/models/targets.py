"""The firm's own targets by severity, its limits and windows, and when a complaint climbs by itself.

Read from ``resources/targets.toml``, whose cells are written as the procedure's table writes them; a shop
edits a copy. S1 is the gravest severity.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from crmdesk.errors import InvalidInput
from crmdesk.models.calendar import BusinessTime
from crmdesk.models.deadline import CLOCK_MINUTES, Course, Span, due, read_span
from crmdesk.models.table import Table
from crmdesk.values import dataclass

SEVERITIES = ("S1", "S2", "S3", "S4")
FOLLOW_UP = "follow_up"
COUNTED_FROM: Mapping[str, str] = MappingProxyType(
    {
        "acknowledge": "received_at",
        "assess": "acknowledged_at",
        "containment": "received_at",
        "contact": "received_at",
        "update": "last_update_at",
        "decide": "received_at",
        "resolve": "received_at",
        FOLLOW_UP: "resolved_at",
    }
)
"""What each clock counts from: receipt, T2, the last contact logged as update, T11 or T13. The steps say so;
the file tells it to who reads it, and may say nothing else."""
CLOCKS = tuple(COUNTED_FROM)

LEVELS = 3

_LEVEL = re.compile(r"(?:(\d{1,3}) %|\+(\d{1,3}) BD|regime [-−](\d{1,3}) BD)")


@dataclass(frozen=True, slots=True)
class Severity:
    """How grave: the name, and the rule of impact and urgency in words."""

    key: str
    name_en: str
    name_zh: str
    rule_en: str
    rule_zh: str


@dataclass(frozen=True, slots=True)
class LevelRule:
    """When a level comes by itself; exactly one of the four is given.

    ``span`` after receipt, ``percent`` of the decide target, ``days_after`` its due date, ``days_before`` the
    regime's deadline; days are business days.
    """

    span: Span | None = None
    percent: int | None = None
    days_after: int | None = None
    days_before: int | None = None

    def moment(
        self, received_at: datetime, decide: Course, regime_due: datetime | None, time: BusinessTime
    ) -> datetime | None:
        """Return when the level comes; None when it hangs on a regime and there is none."""
        if self.span is not None:
            return due(self.span, received_at, time).at
        if self.percent is not None:
            return decide.moment(self.percent)
        if self.days_after is not None:
            return time.after(decide.due, self.days_after)
        if self.days_before is not None and regime_due is not None:
            return time.back(regime_due, self.days_before)
        return None


@dataclass(frozen=True, slots=True)
class Limit:
    """Up to which sum of remedies somebody decides alone, in whole units of the currency."""

    agent: int
    supervisor: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The whole table; ``spans`` by clock and severity, None where the table has a dash."""

    edition: int
    severities: Mapping[str, Severity]
    spans: Mapping[tuple[str, str], Span | None]
    levels: Mapping[str, tuple[LevelRule | None, ...]]
    limits: Mapping[str, Limit]
    reopen_days: int
    repeat_days: int
    answer_business_days: int
    follow_up_percent: Mapping[str, int]

    def span(self, clock: str, severity: str, *, reopened: bool = False) -> Span | None:
        """Return how long *clock* may run; half of it once the complaint is reopened."""
        span = self.spans[clock, severity]
        return span.halved() if span and reopened else span

    def level_moments(
        self,
        severity: str,
        received_at: datetime,
        decide: Course,
        regime_due: datetime | None,
        time: BusinessTime,
    ) -> tuple[datetime | None, ...]:
        """Return when levels 1, 2 and 3 come by themselves, None for one that does not."""
        return tuple(
            rule.moment(received_at, decide, regime_due, time) if rule else None
            for rule in self.levels[severity]
        )


def read_targets(parsed: object) -> Targets:
    """Return the targets of a parsed file.

    Raises:
        InvalidInput: with the place in the file.
    """
    file = Table("targets", parsed)
    file.only("edition", "severities", "clocks", "levels", "limits", "windows", "follow_up_percent")
    clocks, levels, windows = file.table("clocks"), file.table("levels"), file.table("windows")
    clocks.only(*CLOCKS)
    levels.only(*SEVERITIES)
    windows.only("reopen_days", "repeat_days", "answer_business_days")
    limits, shares = file.table("limits"), file.table("follow_up_percent")
    shares.only(*SEVERITIES)
    return Targets(
        edition=file.number("edition", 1, 1_000_000),
        severities={key: _read_severity(key, file.table("severities").table(key)) for key in SEVERITIES},
        spans={
            (clock, severity): span
            for clock in CLOCKS
            for severity, span in _read_spans(clocks.table(clock), clock).items()
        },
        levels={severity: _read_levels(levels, severity) for severity in SEVERITIES},
        limits={currency: _read_limit(limits.table(currency)) for currency in limits},
        reopen_days=windows.number("reopen_days", 1, 3660),
        repeat_days=windows.number("repeat_days", 1, 3660),
        answer_business_days=windows.number("answer_business_days", 1, 250),
        follow_up_percent={severity: shares.number(severity, 0, 100) for severity in SEVERITIES},
    )


def _read_severity(key: str, table: Table) -> Severity:
    table.only("name_en", "name_zh", "rule_en", "rule_zh")
    return Severity(key, *(table.text(name) for name in ("name_en", "name_zh", "rule_en", "rule_zh")))


def _read_spans(table: Table, clock: str) -> dict[str, Span | None]:
    table.only("from", *SEVERITIES)
    table.choice("from", (COUNTED_FROM[clock],))
    spans = {severity: read_span(table, severity) for severity in SEVERITIES}
    never = next((severity for severity, span in spans.items() if clock == FOLLOW_UP and span is None), None)
    if never is not None:
        raise InvalidInput(
            "{place}: {name} must say when the customer is asked; whom follow_up_percent leaves out is not.",
            **table.at(never),
        )
    return spans


def _read_limit(table: Table) -> Limit:
    table.only("agent", "supervisor")
    agent = table.number("agent", 0, 10**12)
    return Limit(agent, table.number("supervisor", agent, 10**12))


def _read_levels(table: Table, severity: str) -> tuple[LevelRule | None, ...]:
    texts = table.texts(severity)
    if len(texts) != LEVELS:
        raise InvalidInput("{place}: {name} must say when levels 1, 2 and 3 come.", **table.at(severity))
    return tuple(_read_level(table, severity, text) for text in texts)


def _read_level(table: Table, severity: str, text: str) -> LevelRule | None:
    if text == "at once":
        return LevelRule(span=Span(0, CLOCK_MINUTES))
    match = _LEVEL.fullmatch(text)
    if match is None:
        span = read_span(Table(table.place, {severity: text}), severity)
        return LevelRule(span=span) if span else None
    percent, after, before = (int(group) if group else None for group in match.groups())
    return LevelRule(percent=percent, days_after=after, days_before=before)
