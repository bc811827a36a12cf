"""The small prior of what agents made of an article."""

from hypothesis import given
from hypothesis import strategies as st

from crmdesk.services.knowledge.feedback import WEIGHT, prior

COUNTS = st.integers(0, 10**9)


@given(COUNTS, COUNTS)
def test_prior_is_small(used: int, unhelpful: int) -> None:
    assert 1 - WEIGHT <= prior(used, unhelpful) <= 1 + WEIGHT


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_use_helps_and_complaints_hurt(used: int, unhelpful: int) -> None:
    assert prior(used + 1, unhelpful) > prior(used, unhelpful) > prior(used, unhelpful + 1)


def test_without_feedback_nothing_changes() -> None:
    assert prior(0, 0) == 1
