"""Clocks: ``clocks.py``: how one complaint's clocks stand, waited for 50 times in two years.

The raw limit measured beside it is the same number of searches in a sorted list of moments.
"""

from __future__ import annotations

import sys
from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from crmdesk.models.calendar import BusinessTime
    from crmdesk.models.clock import Ledger

PAUSES = 50
RUNS = 300
RECEIVED = datetime(2025, 1, 6, 2, 0, tzinfo=UTC)


def main() -> None:
    """Lay the ledger out, then ask it again and again."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    import tomllib

    from benchmarks.measure import Timings, report
    from crmdesk.models.calendar import BusinessTime, read_calendars
    from crmdesk.resources import resource

    parsed = tomllib.loads(resource("calendars.toml").read_text(encoding="utf-8"))
    calendar = read_calendars(parsed)["cn-default"]
    unfolding = Timings()
    time = BusinessTime(calendar, 2024, 2029)
    for _ in range(10):
        unfolding.run(lambda: list(time.rows()))
    ledger = _ledger(time)
    at = RECEIVED + timedelta(days=730)
    measures = {time.version: time}
    ours, limit = Timings(), Timings()
    opens = [row.opens for row in time.rows()]
    for _ in range(RUNS):
        standings = ours.run(lambda: ledger.standings(at, measures))
        limit.run(lambda: [bisect_right(opens, at) for _ in range(4 * PAUSES)])
    report(
        "clocks.standings",
        ours,
        limit,
        cpu_min_ms=round(min(ours.cpu_ms), 3),
        limit_cpu_min_ms=round(min(limit.cpu_ms), 3),
        lines=len(ledger.lines),
        clocks=len(standings),
        unfold_6_years_cpu_ms=round(min(unfolding.cpu_ms), 1),
    )


def _ledger(time: BusinessTime) -> Ledger:
    """Return two clocks of the firm and one of a regime, waited for ``PAUSES`` times."""
    from crmdesk.models.clock import CUSTOMER, Ledger, Why, regime_clock
    from crmdesk.models.deadline import BUSINESS_DAYS, WEEKS, Span, due

    ledger, why, measures = Ledger(), Why("received"), {time.version: time}
    spans = {
        "decide": Span(7, BUSINESS_DAYS),
        "resolve": Span(10, BUSINESS_DAYS),
        regime_clock("UK-8W", "decide"): Span(8, WEEKS),
    }
    for clock, span in spans.items():
        ledger = ledger.start(clock, RECEIVED, RECEIVED, due(span, RECEIVED, time), why)
    for n in range(PAUSES):
        at = RECEIVED + timedelta(days=14 * n, hours=3)
        ledger = ledger.wait(at, CUSTOMER, Why("wait"))
        ledger = ledger.resume(at + timedelta(days=9, hours=5), measures, Why("continue"))
    return ledger


if __name__ == "__main__":
    main()
