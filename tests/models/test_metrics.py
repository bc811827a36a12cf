"""Figures are those of the definitions, worked by hand."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.models import metrics
from crmdesk.models.complaint_fact import ComplaintFact
from crmdesk.models.metrics import FAST, REPURCHASE, SILENT, SOLVED, VOICED, Share
from crmdesk.models.payload import GRADES

T0 = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
DAY = timedelta(days=1)
OPEN = ComplaintFact(id=UUID(int=1), received_at=T0, state="INVESTIGATING", severity="S3")
RESOLVED = replace(OPEN, state="RESOLVED", acknowledged_at=T0, resolved_at=T0 + 2 * DAY, accepted=True)


def wall(a: datetime, b: datetime) -> float:
    return (b - a).total_seconds()


def test_the_worked_example() -> None:
    complaints = [FAST] * 4 + [SOLVED] * 3 + [VOICED] * 3
    everybody = [*complaints, *[SILENT] * 5]
    whole, spoke = metrics.expected_repurchase(everybody), metrics.expected_repurchase(complaints)
    assert (round(whole.part, 2), whole.whole, round(100 * (whole.value or 0), 1)) == (5.92, 15, 39.5)
    assert (round(spoke.part, 2), round(100 * (spoke.value or 0), 1)) == (5.47, 54.7)
    assert round(metrics.gain_over_silence(everybody), 2) == 4.57
    assert metrics.csm([90, 60, 60, 30, 0, -30]) == Share(210, 6)
    assert metrics.csm([90, 60, 60, 30, 0, -30]).value == 35


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (OPEN, VOICED),
        (RESOLVED, FAST),
        (replace(RESOLVED, resolved_at=T0 + 3 * DAY), FAST),
        (replace(RESOLVED, resolved_at=T0 + 3 * DAY + timedelta(seconds=1)), SOLVED),
        (replace(RESOLVED, target_at=T0 + DAY), SOLVED),
        (replace(RESOLVED, target_at=T0 + 9 * DAY), FAST),
        (replace(RESOLVED, accepted=False), VOICED),
        (replace(RESOLVED, accepted=False, csm=30), FAST),
        (replace(RESOLVED, accepted=False, csm=0), VOICED),
        (replace(RESOLVED, csm=0), VOICED),
        (replace(RESOLVED, csm=90, resolved_at=T0 + 8 * DAY), SOLVED),
    ],
)
def test_how_a_complaint_went(fact: ComplaintFact, expected: str) -> None:
    assert metrics.repurchase_class(fact, T0 + 3 * DAY) == expected


@pytest.mark.parametrize(
    ("satisfaction", "days", "silent"),
    [(-60, None, True), (-30, None, False), (None, None, False), (-90, 91, True), (-90, 90, False)],
)
def test_who_is_silent(satisfaction: int | None, days: int | None, silent: bool) -> None:
    complained = None if days is None else T0 - days * DAY
    assert metrics.is_silent(satisfaction, complained, T0) is silent


def test_durations_leave_out_waiting_for_the_customer() -> None:
    fact = replace(RESOLVED, responded_at=T0 + DAY, wait_seconds=3600)
    assert metrics.seconds_to_decide(fact, wall) == 23 * 3600
    assert metrics.seconds_to_resolve(fact, wall) == 47 * 3600
    assert metrics.wall_to_resolve(fact) == 2 * DAY
    assert metrics.seconds_to_decide(OPEN, wall) is None
    assert metrics.seconds_to_resolve(OPEN, wall) is None
    assert metrics.wall_to_resolve(OPEN) is None


def test_shares() -> None:
    solved = replace(RESOLVED, first_contact=True)
    told = replace(RESOLVED, responded_at=T0 + DAY)
    back = replace(told, reopened=1, repeat_of=UUID(int=9), finding="partly")
    facts = (replace(OPEN, finding="upheld"), solved, back, replace(told, finding="not_upheld"))
    assert metrics.first_contact(facts) == Share(1, 3)
    assert metrics.first_contact_net(facts, lambda fact, until: until == T0 + 9 * DAY) == Share(0, 3)
    assert metrics.first_contact_net(facts, lambda fact, until: False) == Share(1, 3)
    assert metrics.repeats(facts) == Share(1, 4)
    assert metrics.reopened(facts) == Share(1, 3)
    assert metrics.upheld(facts) == Share(1, 2), "what is only proposed is not decided"
    assert metrics.upheld([replace(OPEN, finding="upheld", imported=True)]) == Share(1, 1)
    late = (RESOLVED, replace(RESOLVED, resolved_at=T0 + 4 * DAY), OPEN)
    assert metrics.within(late, "resolved_at", lambda fact: fact.received_at + 2 * DAY) == Share(1, 2)
    assert metrics.first_contact(()).value is None


@pytest.mark.parametrize(
    ("days", "band"),
    [(0, "3bd"), (3, "3bd"), (3.1, "10bd"), (10.1, "4w"), (28, "4w"), (56, "8w"), (57, "over")],
)
def test_ageing(days: float, band: str) -> None:
    assert metrics.ageing_band(T0, T0 + days * DAY, lambda since, count: since + count * DAY) == band


@given(
    st.lists(st.sampled_from(GRADES), min_size=1), st.lists(st.sampled_from(sorted(REPURCHASE)), min_size=1)
)
def test_means_lie_between_the_least_and_the_most(answers: list[int], classes: list[str]) -> None:
    mean = metrics.csm(answers).value
    assert mean is not None
    assert min(answers) <= mean <= max(answers)
    share = metrics.expected_repurchase(classes).value
    assert share is not None
    assert 0.09 <= round(share, 9) <= 0.82
    assert metrics.gain_over_silence(classes) >= 0


def test_what_is_no_grade_is_refused() -> None:
    with pytest.raises(ValueError, match="50"):
        metrics.csm([90, 50])
