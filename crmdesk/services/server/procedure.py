"""Fill the server's tables of the procedure: states, steps, targets, regimes and calendars as rows.

The desk reads the same files; here they become rows, so that the rules in SQL judge by the same definition. A
table that holds what it should is left alone. Versions of calendars that are not in the file any more stay:
ledgers name them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from crmdesk.models.calendar import BusinessTime
from crmdesk.models.payload import CHOICES
from crmdesk.models.regime import Regime, Sentence
from crmdesk.models.targets import Targets
from crmdesk.models.text import Text, say
from crmdesk.models.workflow import Workflow
from crmdesk.services.complaints.procedure import CENTS, calendars, regimes, targets, workflow

Rows = Mapping[str, tuple[tuple[Any, ...], ...]]
"""Table → its rows, values in the order of the columns."""

_CALENDARS = ("calendar", "business_interval")
"""Tables whose rows of other versions stay."""


def fill(work: Any) -> Iterator[Text]:
    """Bring the tables level with the files of this program; yield what changed. Run as the owner."""
    changed = sorted(table for table, rows in _wanted().items() if _filled(work, table, rows))
    for time in calendars():
        changed += fill_calendar(work, time)
    if changed:
        yield say("The procedure was loaded: {names}.", names=", ".join(sorted(set(changed))))


def fill_calendar(work: Any, time: BusinessTime) -> list[str]:
    """Bring the rows of one calendar's version level; return the tables that changed."""
    return [table for table, rows in _calendar(time).items() if _filled(work, table, rows)]


def _wanted() -> Rows:
    return {**_steps(workflow()), **_targets(targets()), **_regimes(regimes())}


def _steps(procedure: Workflow) -> Rows:
    steps = procedure.transitions
    return {
        "procedure_state": tuple((each.key, each.open) for each in procedure.states),
        "procedure_transition": tuple(
            (
                *(step.id, list(step.sources), step.target, list(step.gates), sorted(step.reads)),
                *(_json(dict(step.sets)), step.undo, sorted(step.emptied), sorted(step.errands)),
            )
            for step in steps
        ),
        "procedure_permission": tuple(
            (
                *(step.id, n, who.role, who.own, list(who.severities)),
                *(_json({field: list(values) for field, values in who.given}), who.gate),
            )
            for step in steps
            for n, who in enumerate(step.who, 1)
        ),
        "procedure_field": tuple(
            (step.id, n, field.name, field.type, field.required)
            for step in steps
            for n, field in enumerate(step.payload, 1)
        ),
        "procedure_choice": tuple((name, _json(list(choices))) for name, choices in CHOICES.items()),
    }


def _targets(table: Targets) -> Rows:
    return {
        "procedure_limit": tuple(
            (currency, limit.agent * CENTS, limit.supervisor * CENTS)
            for currency, limit in table.limits.items()
        ),
        "procedure_window": ((True, table.reopen_days, table.answer_business_days),),
        "target": tuple(
            (clock, severity, span.amount, span.unit)
            for (clock, severity), span in table.spans.items()
            if span
        ),
        "level_rule": tuple(
            (
                *(severity, level, rule.span.amount if rule.span else None),
                *(rule.span.unit if rule.span else None, rule.percent, rule.days_after, rule.days_before),
            )
            for severity, rules in table.levels.items()
            for level, rule in enumerate(rules, 1)
            if rule
        ),
        "follow_up_share": tuple(table.follow_up_percent.items()),
    }


def _regimes(known: Mapping[str, Regime]) -> Rows:
    return {
        "regime": tuple(
            (
                *(each.key, each.name_en, each.written_acknowledgement, each.source),
                *(each.valid_from, each.valid_until, each.checked_on, each.settled_early),
            )
            for each in known.values()
        ),
        "regime_clock": tuple(
            (
                *(each.key, n, clock.clock, clock.span.amount, clock.span.unit, clock.counts_from),
                *(clock.ours, clock.extended.amount if clock.extended else None, clock.holding_suffices),
            )
            for each in known.values()
            for n, clock in enumerate(each.clocks, 1)
        ),
        "regime_sentence": tuple(
            (each.key, n, sentence.en, sentence.zh, letter)
            for each in known.values()
            for n, (letter, sentence) in enumerate(_sentences(each), 1)
        ),
    }


def _sentences(regime: Regime) -> Iterator[tuple[str, Sentence]]:
    """Yield what letters must say, each with its kind: for all that decide, or for a holding one."""
    yield from (("decision", each) for each in regime.sentences)
    yield from (("holding", each) for each in regime.holding_sentences)


def _calendar(time: BusinessTime) -> Rows:
    calendar = time.calendar
    years = None if calendar.known_years is None else sorted(calendar.known_years)
    head = (time.version, calendar.key, calendar.edition, calendar.zone, *time.years, *time.bounds, years)
    rows = tuple(
        (each.version, each.day, each.opens, each.closes, each.seconds_before) for each in time.rows()
    )
    return {"calendar": (head,), "business_interval": rows}


def _filled(work: Any, table: str, rows: tuple[tuple[Any, ...], ...]) -> bool:
    """Make *table* hold *rows*, those of one version for a calendar's; return whether it held others."""
    where, values = ("", ()) if table not in _CALENDARS else (" WHERE version = %s", (rows[0][0],))
    held = work.execute(f"SELECT * FROM crm.{table}{where}", values).fetchall()
    if _same(held, rows):
        return False
    work.execute(f"DELETE FROM crm.{table}{where}", values)
    with work.cursor().copy(f"COPY crm.{table} FROM STDIN") as copy:
        for row in rows:
            copy.write_row(row)
    return True


def _same(held: list[tuple[Any, ...]], rows: tuple[tuple[Any, ...], ...]) -> bool:
    """Return whether the table holds these rows; those of calendars, many, are compared as they are."""
    try:
        return len(held) == len(rows) and set(held) == set(rows)
    except TypeError:  # a list or JSON among the values
        return _sorted(held) == _sorted(rows)


def _sorted(rows: Iterable[tuple[Any, ...]]) -> list[str]:
    """Return *rows* in one order and one form: JSON comes back parsed, moments in the session's zone."""
    return sorted(repr([_plain(each) for each in row]) for row in rows)


def _plain(value: object) -> object:
    if isinstance(value, (dict, list)):
        return _json(value)
    return value.astimezone(UTC) if isinstance(value, datetime) else value


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, sort_keys=True)
