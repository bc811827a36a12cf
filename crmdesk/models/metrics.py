"""Figures of complaints, each defined once, over rows of facts.

A share is None when there is nothing to divide by: nothing known is not nought.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta

from crmdesk.models.complaint_fact import FINDINGS_UPHELD, ComplaintFact
from crmdesk.models.payload import GRADES
from crmdesk.values import dataclass

FAST, SOLVED, VOICED, SILENT = "fast", "solved", "voiced", "silent"
REPURCHASE = {FAST: 0.82, SOLVED: 0.54, VOICED: 0.19, SILENT: 0.09}
"""Share of customers who buy again, by how their complaint went (McKinsey, an old survey): no forecast."""
PLEASED_FROM = 30
UNHAPPY_SILENT_TO = -60
AGEING_DAYS = (("4w", 28), ("8w", 56))
AGEING_BUSINESS_DAYS = (("3bd", 3), ("10bd", 10))
SILENT_AFTER = timedelta(days=90)
NET_WITHIN = timedelta(days=7)
BusinessSeconds = Callable[[datetime, datetime], float]
"""Business seconds between two moments, by the complaint's calendar."""


@dataclass(frozen=True, slots=True)
class Share:
    """Part of a whole; ``value`` is None when the whole is empty."""

    part: float
    whole: int

    @property
    def value(self) -> float | None:
        """The part divided by the whole."""
        return self.part / self.whole if self.whole else None


def csm(answers: Iterable[int]) -> Share:
    """Return the satisfaction ΣX/N over answered items, each one of the seven grades; ``whole`` is N.

    Raises:
        ValueError: an answer is no grade.
    """
    given = tuple(answers)
    strange = sorted(set(given) - set(GRADES))
    if strange:
        raise ValueError(f"no grades: {strange}")
    return Share(sum(given), len(given))


def repurchase_class(fact: ComplaintFact, fast_until: datetime) -> str:
    """Return how a complaint went for the expected repurchase.

    Args:
        fact: the complaint.
        fast_until: the third business day after its receipt.
    """
    content = fact.accepted or (fact.csm is not None and fact.csm >= PLEASED_FROM)
    if fact.resolved_at is None or not content or (fact.csm is not None and fact.csm < PLEASED_FROM):
        return VOICED
    limit = fast_until if fact.target_at is None else min(fast_until, fact.target_at)
    return FAST if fact.resolved_at <= limit else SOLVED


def is_silent(satisfaction: int | None, complained_at: datetime | None, now: datetime) -> bool:
    """Return whether a surveyed customer is unhappy and says nothing: no complaint in 90 days."""
    quiet = complained_at is None or now - complained_at > SILENT_AFTER
    return quiet and satisfaction is not None and satisfaction <= UNHAPPY_SILENT_TO


def expected_repurchase(classes: Iterable[str]) -> Share:
    """Return the mean share of customers who buy again, over complaints and unhappy silent customers."""
    found = tuple(classes)
    return Share(sum(REPURCHASE[each] for each in found), len(found))


def gain_over_silence(classes: Sequence[str]) -> float:
    """Return how many more customers buy again than if those who complained had kept silent."""
    spoke = [each for each in classes if each != SILENT]
    return sum(REPURCHASE[each] - REPURCHASE[SILENT] for each in spoke)


def seconds_to_decide(fact: ComplaintFact, business: BusinessSeconds) -> float | None:
    """Return the business seconds from receipt to the decision, without waiting for the customer."""
    if fact.responded_at is None:
        return None
    return business(fact.received_at, fact.responded_at) - fact.wait_seconds


def seconds_to_resolve(fact: ComplaintFact, business: BusinessSeconds) -> float | None:
    """Return the business seconds from receipt to the remedy, without waiting for the customer."""
    if fact.resolved_at is None:
        return None
    return business(fact.received_at, fact.resolved_at) - fact.wait_seconds


def wall_to_resolve(fact: ComplaintFact) -> timedelta | None:
    """Return the time the customer felt, from receipt to the remedy."""
    return None if fact.resolved_at is None else fact.resolved_at - fact.received_at


def first_contact(facts: Collection[ComplaintFact]) -> Share:
    """Return the gross first-contact resolution: solved on the call of all accepted."""
    accepted = [fact for fact in facts if fact.acknowledged_at is not None or fact.first_contact]
    return Share(sum(fact.first_contact for fact in accepted), len(accepted))


def first_contact_net(
    facts: Collection[ComplaintFact], came_again: Callable[[ComplaintFact, datetime], bool]
) -> Share:
    """Return the net first-contact resolution: without those who made contact again within seven days.

    Args:
        facts: the complaints.
        came_again: whether customer or asset made contact in the category until the moment given.
    """
    gross = first_contact(facts)
    again = sum(
        came_again(fact, fact.resolved_at + NET_WITHIN)
        for fact in facts
        if fact.first_contact and fact.resolved_at is not None
    )
    return Share(gross.part - again, gross.whole)


def repeats(facts: Collection[ComplaintFact]) -> Share:
    """Return the share that has an earlier complaint of the same kind in 90 days."""
    return Share(sum(fact.repeat_of is not None for fact in facts), len(facts))


def reopened(facts: Collection[ComplaintFact]) -> Share:
    """Return the share of those resolved that came back."""
    resolved = [fact for fact in facts if fact.resolved_at is not None or fact.reopened]
    return Share(sum(fact.reopened > 0 for fact in resolved), len(resolved))


def upheld(facts: Collection[ComplaintFact]) -> Share:
    """Return the share of those decided that was upheld, wholly or partly; what is only proposed is not."""
    decided = [fact for fact in facts if fact.finding and (fact.responded_at is not None or fact.imported)]
    return Share(sum(fact.finding in FINDINGS_UPHELD for fact in decided), len(decided))


def within(facts: Collection[ComplaintFact], at: str, due: Callable[[ComplaintFact], datetime]) -> Share:
    """Return the share of those whose moment *at* (a field) came that came by *due*."""
    moments = [(getattr(fact, at), due(fact)) for fact in facts if getattr(fact, at) is not None]
    return Share(sum(moment <= limit for moment, limit in moments), len(moments))


def ageing_band(received_at: datetime, now: datetime, close_of: Callable[[datetime, int], datetime]) -> str:
    """Return the band in which an open complaint is: 3bd, 10bd, 4w, 8w or over.

    Args:
        received_at: when it came.
        now: the present moment.
        close_of: closing time of the n-th business day after a moment.
    """
    for band, days in AGEING_BUSINESS_DAYS:
        if now <= close_of(received_at, days):
            return band
    for band, days in AGEING_DAYS:
        if now <= received_at + timedelta(days=days):
            return band
    return "over"
