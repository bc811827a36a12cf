"""Figures come out the same from the rows as they stand and from the log of the steps."""

from __future__ import annotations

from collections import Counter

import pytest

from crmdesk.models import metrics
from crmdesk.services.complaints.facts import fact_from_events, fact_of
from tests.models.hours import shop
from tests.services.complaints.generated import Generated, generated

COUNT, PARTS = 10_000, 20


def differing(one: Generated) -> dict[str, tuple[object, object]]:
    stored, told = fact_of(one.fields), fact_from_events(one.events, one.remedies, shop())
    names = stored.__slots__
    return {
        n: (getattr(stored, n), getattr(told, n)) for n in names if getattr(stored, n) != getattr(told, n)
    }


@pytest.mark.parametrize("part", range(PARTS))
def test_the_log_of_ten_thousand_complaints_tells_the_figures_that_are_stored(part: int) -> None:
    each = COUNT // PARTS
    done: Counter[str] = Counter()
    stored, told = [], []
    for one in generated(each, part * each):
        assert differing(one) == {}, sorted(row["version"] for row in one.events)
        stored.append(fact_of(one.fields))
        told.append(fact_from_events(one.events, one.remedies, shop()))
        done.update(row["transition"] for row in one.events)
    assert {"T9", "T11", "T13", "T15", "T16", "T17", "T20", "H1", "U1", "T18"} <= set(done)
    assert min(done[key] for key in ("T7", "T16", "T17", "U1")) > each // 150, done
    for figure in (metrics.first_contact, metrics.reopened, metrics.upheld, metrics.repeats):
        assert figure(stored) == figure(told)
    assert metrics.upheld(stored).part > 0


def test_a_row_changed_behind_the_back_of_the_procedure_shows() -> None:
    one = next(each for each in generated(50) if each.fields["wait_seconds"] > 0)
    assert differing(one) == {}
    one.rows.tables["complaint_body"][one.id]["wait_seconds"] += 60
    assert set(differing(one)) == {"wait_seconds"}
