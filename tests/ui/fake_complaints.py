"""Lists of complaints as the services would answer, for tests of the window that need no store."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from datetime import timedelta
from typing import Any

from crmdesk.services.complaints.listing import Listing
from crmdesk.services.complaints.lists import COLUMNS, Lines
from crmdesk.services.complaints.procedure import workflow
from crmdesk.services.customers.values import micros
from tests.ui import sample

LIN = sample.made_id("lin")
CATEGORIES = {"repair_again": ("Repaired in vain", "多次维修"), "quality_engine": ("Engine", "发动机")}


def columns(n: int, **values: object) -> tuple[Any, ...]:
    """Return the columns of line *n*; it is due *n* hours from now."""
    held: dict[str, object] = {
        "id": sample.made_id(f"complaint {n}").bytes,
        "next_due_at": micros(sample.NOW + timedelta(hours=n)),
        "owner_id": LIN.bytes,
        "team_id": None,
        "state": "INVESTIGATING",
        "severity": "S3",
        "level": 0,
        "external": "",
        "number": f"C26-K7Q-{n % 10_000:04}",
        "category": "repair_again",
        "customer_id": sample.CHEN.bytes,
        "next_clock": "decide",
        "wait_for": "",
        "wait_until": None,
        "received_at": micros(sample.NOW - timedelta(days=2)),
        "repeat_of": None,
        "reopen_count": 0,
        "restricted": 0,
        "rev": 1,
        "hidden": 0,
    }
    return tuple({**held, **values}[name] for name in COLUMNS)


def lines_of(found: Sequence[tuple[Any, ...]]) -> Lines:
    """Return lines with the names of who owns them and who complains."""
    return Lines(found, {LIN.bytes: ("Lin Yue", "林悦")}, {sample.CHEN.bytes: "陈静怡"}, sample.NOW)


class FakeComplaints:
    """Answers with ``found``, the columns of lines by segment; ``run`` remembers what it was asked."""

    def __init__(self, run: Callable[..., Future[Any]]) -> None:
        self._run = run
        self.found: dict[str, list[tuple[Any, ...]]] = {}

    def listed(self, segment: str, *, by_regime: bool = False, limit: int = 5000) -> Future[Listing]:
        """See :class:`crmdesk.ui.complaint_desk.Complaints`."""

        def made() -> Listing:
            states = {state.key: (state.en, state.zh) for state in workflow().states}
            lines = lines_of(self.found.get(segment, [])[:limit])
            return Listing(segment, lines, states, CATEGORIES, sample.NOW, len(lines) >= limit)

        return self._run("listed", made, segment, by_regime, limit)

    def customer_names(self, lines: Lines) -> Future[Mapping[bytes, str]]:
        """See :class:`crmdesk.ui.complaint_desk.Complaints`."""
        return self._run("customer_names", lambda: lines.customers)
