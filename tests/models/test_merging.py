"""A complaint merged into counts from the earlier receipt of both, a regime's clocks as well."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.models.clock import BY_REASSESSMENT, RECOMPUTE, Ledger, Why
from crmdesk.models.complaint_file import Outcome, extensions, from_receipt
from crmdesk.models.deadline import due
from tests.models.hours import shop
from tests.models.test_steps import MONDAY, RULES, Desk, at_work, walks

DAY = timedelta(days=1)
REGIMES = st.sampled_from(("none", "UK-8W", "UK-PSD", "EU-PSD2", "CN-ODR"))


def merged(target: Desk, days: float) -> Outcome | None:
    """Merge a complaint received so many days earlier into *target*; return what becomes of that."""
    earlier = target.file.fields["received_at"] - timedelta(days=days)
    source = Desk(earlier)
    source.now = target.now
    source.file = replace(source.file, target=target.file)
    return source.do("T19", role="supervisor").target


def dues(ledger: Ledger) -> dict[str, object]:
    return {clock: runs[-1].last.due for clock, runs in ledger.runs().items() if runs[-1].stop is None}


@pytest.mark.parametrize("regime", ["UK-8W", "UK-PSD", "EU-PSD2", "CN-ODR"])
def test_the_regimes_dates_are_those_of_a_complaint_received_then(regime: str) -> None:
    target, then = at_work(MONDAY + 2 * DAY, regime=regime), at_work(MONDAY, regime=regime)
    outcome = merged(target, 2)
    assert outcome is not None
    assert outcome.changed["received_at"] == MONDAY
    wanted = {clock: at for clock, at in dues(then.file.ledger).items() if clock != "update"}
    assert {clock: at for clock, at in dues(outcome.ledger).items() if clock != "update"} == wanted
    assert dues(outcome.ledger)["update"] == target.due("update"), "told since, whenever it was received"


def test_the_longer_time_of_a_holding_reply_stays_and_counts_from_the_earlier_receipt() -> None:
    target, clock = at_work(MONDAY + 2 * DAY, regime="UK-PSD"), "UK-PSD/decide"
    ledger = target.file.ledger
    for name, later in extensions(ledger, RULES, target.now).items():
        ledger = ledger.extend(name, target.now, later, Why("holding_reply"))
    target.file = replace(target.file, ledger=ledger)
    outcome = merged(target, 2)
    assert outcome is not None
    assert dues(outcome.ledger)[clock] == shop().close_of(MONDAY, 35)


def test_what_is_late_by_it_is_late_by_reassessment() -> None:
    outcome = merged(at_work(MONDAY + 80 * DAY, regime="UK-8W"), 80)
    assert outcome is not None
    standings = outcome.ledger.standings(MONDAY + 81 * DAY, RULES.measures)
    assert standings["UK-8W/decide"].breach == BY_REASSESSMENT


@given(walks(), st.floats(0.01, 60))
def test_only_what_runs_from_the_receipt_is_counted_anew_and_no_line_is_changed(
    target: Desk, days: float
) -> None:
    fields, before = target.file.fields, target.file.ledger
    outcome = merged(target, days)
    assert outcome is not None
    added = outcome.ledger.lines[len(before.lines) :]
    assert outcome.ledger.lines[: len(before.lines)] == before.lines
    running = {clock: runs[-1] for clock, runs in before.runs().items() if runs[-1].stop is None}
    wanted = {
        clock
        for clock, run in running.items()
        if from_receipt(RULES.regimes, clock) and run.last.since == fields["received_at"]
    }
    assert {line.clock for line in added} == wanted
    earlier = outcome.changed["received_at"]
    for line in added:
        assert (line.event, line.since, line.why.key) == (RECOMPUTE, earlier, "merged")
        if "/" in line.clock:
            regime, _, name = line.clock.partition("/")
            span = next(each.span for each in RULES.regimes[regime].clocks if each.clock == name)
            assert line.due == due(span, earlier, shop()).at


@given(REGIMES)
def test_a_target_that_was_received_first_is_left_alone(regime: str) -> None:
    assert merged(at_work(regime=regime), -1) is None
