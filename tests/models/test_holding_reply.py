"""What a holding reply does to clocks: a regime's gets its longer time, once, and only before it is late."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from crmdesk.models.clock import EXTEND, Ledger, Why, regime_clock
from crmdesk.models.complaint_file import ComplaintFile, Rules, Step, extensions, met_by_reply
from crmdesk.models.deadline import Due, due
from crmdesk.models.gates import Actor
from crmdesk.models.steps import recount
from tests.models.cases import workflow
from tests.models.hours import at, regimes, shop, targets, wall
from tests.models.test_steps import at_work

RULES = Rules(workflow(), targets(), regimes(), shop(), {shop().version: shop()})
RECEIVED = at("2026-03-02 10:00")
MOMENT, DAY = timedelta(microseconds=1), timedelta(days=1)
WHY = Why("holding_reply")
PSD = "UK-PSD/decide"
EIGHT = "UK-8W/decide"
REFERRAL_RIGHT = regimes()["UK-8W"].holding_sentences[0]


def under(regime: str) -> Ledger:
    """A ledger in which every clock of *regime* runs, whatever it counts from."""
    ledger = Ledger()
    for each in regimes()[regime].clocks:
        name, when = regime_clock(regime, each.clock), due(each.span, RECEIVED, shop())
        ledger = ledger.start(name, RECEIVED, RECEIVED, when, Why("assessed"))
    return ledger


def replied(ledger: Ledger, moment: datetime) -> Ledger:
    for clock, later in extensions(ledger, RULES, moment).items():
        ledger = ledger.extend(clock, moment, later, WHY)
    return ledger


@pytest.mark.parametrize("regime", sorted(regimes()))
def test_who_may_take_longer_by_a_holding_reply(regime: str) -> None:
    """The rules on payments: seven weeks, and a day for Qingming. No body's date is moved by a letter."""
    found = {clock: wall(later.at) for clock, later in extensions(under(regime), RULES, RECEIVED).items()}
    longer = {f"{regime}/decide": "2026-04-21 18:00"} if regime in ("UK-PSD", "EU-PSD2") else {}
    assert found == longer


def test_only_in_time_only_once_and_only_while_it_runs() -> None:
    ledger = under("UK-PSD")
    first = ledger.runs()[PSD][-1].last.due
    assert wall(first) == "2026-03-23 18:00"
    assert extensions(ledger, RULES, first + MOMENT) == {}, "late is late"
    longer = replied(ledger, first)
    assert [(line.clock, line.event, wall(line.due)) for line in longer.lines[len(ledger.lines) :]] == [
        (PSD, EXTEND, "2026-04-21 18:00")
    ]
    assert replied(longer, first) == longer
    assert not longer.may_extend(PSD, first, Due(at("2026-12-01 18:00")))
    assert ledger.may_extend(PSD, first, Due(at("2026-12-01 18:00")))
    ended = ledger.stop_unpaused(PSD, RECEIVED, Why("decided"))
    assert extensions(ended, RULES, RECEIVED) == {}
    undone = longer.undo([len(longer.lines)], first, Why("undone"))
    assert replied(undone, first) != undone, "what was taken back does not count"


def test_another_calendar_counts_the_longer_time() -> None:
    ledger = replied(under("UK-PSD"), RECEIVED)
    stale = Ledger(tuple(replace(line, calendar="shop/0", due=line.due - DAY) for line in ledger.lines))
    step = Step(ComplaintFile({}, stale), Actor(None, "system"), {}, RECEIVED, RULES, UUID(int=1))
    anew = recount(step).ledger.lines[len(stale.lines) :]
    assert {line.clock: wall(line.due) for line in anew}[PSD] == "2026-04-21 18:00"


def test_a_regime_goes_on_with_the_longer_time_when_the_customer_refuses() -> None:
    desk = at_work(regime="UK-PSD")
    first = desk.due(PSD)
    desk.file = replace(desk.file, ledger=replied(desk.file.ledger, desk.now))
    longer = desk.due(PSD)
    desk.do("T8", after=timedelta(days=30))
    desk.do("T9", role="supervisor")
    assert PSD not in desk.going()
    desk.do("T12")
    assert PSD in desk.going()
    assert first < desk.due(PSD) == longer


@pytest.mark.parametrize("regime", sorted(regimes()))
def test_whose_rule_a_holding_reply_meets(regime: str) -> None:
    """The eight weeks: a final response, or why there is none with the way to the ombudsman."""
    said = " ".join(f"{each.en} {each.zh}" for each in regimes()[regime].holding_sentences)
    found = met_by_reply(under(regime), RULES, RECEIVED, said, "en")
    assert found == ((EIGHT,) if regime == "UK-8W" else ())


def test_it_says_the_way_outside_and_leaves_in_time() -> None:
    ledger = under("UK-8W")
    week_eight = ledger.runs()[EIGHT][-1].last.due
    assert wall(week_eight) == "2026-04-27 23:59"
    for language in ("en", "zh"):
        said = f"We need more time.\n{REFERRAL_RIGHT.in_language(language)}"
        assert met_by_reply(ledger, RULES, week_eight, said, language) == (EIGHT,)
        assert met_by_reply(ledger, RULES, week_eight + MOMENT, said, language) == ()
        assert met_by_reply(ledger, RULES, week_eight, "We need more time.", language) == ()
    assert met_by_reply(ledger, RULES, week_eight, REFERRAL_RIGHT.zh, "en") == ()


@pytest.mark.parametrize("weeks", [1, 9])
def test_what_was_met_does_not_begin_again_when_the_customer_refuses(weeks: int) -> None:
    desk = at_work(regime="UK-8W")
    ledger = desk.file.ledger.stop_unpaused(EIGHT, desk.now, WHY)
    desk.file = replace(desk.file, ledger=ledger)
    assert desk.file.ledger.standings(desk.now, RULES.measures)[EIGHT].verdict == "met"
    desk.do("T8", after=timedelta(weeks=weeks))
    desk.do("T9", role="supervisor")
    desk.do("T12")
    assert EIGHT not in desk.going()
    assert desk.file.ledger.standings(desk.now, RULES.measures)[EIGHT].verdict == "met"
    decided = at_work(regime="UK-8W")
    for step in ("T8", "T9", "T12"):
        decided.do(step, role="supervisor")
    assert EIGHT in decided.going(), "a decision that is refused is none"
