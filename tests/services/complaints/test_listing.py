"""Lists of complaints as a screen shows them: segments, names, deadlines of regimes that are near."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crmdesk.models.complaint_step import ledger_of
from crmdesk.models.types import AgentId
from crmdesk.services.complaints.listing import (
    APPROVE,
    EVERYBODY,
    MINE,
    TEAM,
    listing,
    regime_listing,
)
from crmdesk.services.complaints.procedure import House
from tests.services.complaints.house import (
    ANNA,
    BELA,
    CHECKLIST,
    CHEN,
    ComplaintDesk,
    under_regime,
)
from tests.services.complaints.test_taking import proposed


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    desk = ComplaintDesk(tmp_path)
    yield desk
    desk.close()


def numbers(desk: ComplaintDesk, segment: str, who: AgentId | None) -> list[str]:
    return [line.number for line in listing(desk.connection, segment, who, desk.now).lines]


def test_segments_are_hers_her_teams_proposals_and_everybodys(desk: ComplaintDesk) -> None:
    waiting, other = proposed(desk, 3_000_00), desk.log()
    other = desk.step(other, "H1", to=str(BELA), open_points="Call him.")
    anna, chen = AgentId(ANNA), AgentId(CHEN)
    assert sorted(numbers(desk, MINE, anna)) == [waiting["number"], other["number"]], "not taken yet"
    assert sorted(numbers(desk, TEAM, chen)) == [waiting["number"], other["number"]]
    assert numbers(desk, APPROVE, anna) == [], "her own"
    assert numbers(desk, APPROVE, chen) == [waiting["number"]]
    assert sorted(numbers(desk, EVERYBODY, chen)) == [waiting["number"], other["number"]]


def test_who_works_alone_without_a_name_owns_all_and_says_yes_to_all(desk: ComplaintDesk) -> None:
    waiting, other = proposed(desk), desk.log()
    assert sorted(numbers(desk, MINE, None)) == [waiting["number"], other["number"]]
    assert numbers(desk, APPROVE, None) == [waiting["number"]]


def test_a_list_brings_the_names_of_its_codes_and_its_moment(desk: ComplaintDesk) -> None:
    desk.log()
    held = listing(desk.connection, MINE, AgentId(ANNA), desk.now)
    assert held.states["RECEIVED"] == ("Received", "已登记")
    assert "repair" in held.categories
    assert (held.at, held.full) == (desk.now, False)


@pytest.mark.parametrize("regime", ["none", "UK-8W", "UK-PSD", "CN-ODR"])
@pytest.mark.parametrize("severity", ["S1", "S2", "S3", "S4"])
def test_a_line_says_that_its_date_may_move_as_the_ledger_does(
    desk: ComplaintDesk, severity: str, regime: str
) -> None:
    """At the turn of the year, where the calendar knows the one and not the other."""
    desk.now = datetime(2026, 12, 29, 2, 0, tzinfo=UTC)
    desk.who = CHEN
    assessed: dict[str, Any] = {"severity": severity, "regime": regime, "cause_class": "B"}
    assessed |= {"impact": {"persons": 0, "money": 0}, "containment": "Taken off the road."}
    desk.log({"severity": severity})
    row = desk.log({"severity": severity})
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(CHEN))
    row = desk.step(row, "T4", **assessed)
    going = desk.step(row, "T5", contacted_at=desk.iso())
    until = desk.iso(days=20)
    seen = set[str]()
    for wait in (False, True):
        going = desk.step(going, "T6", wait_for="customer", what="a picture", until=until) if wait else going
        held = listing(desk.connection, EVERYBODY, AgentId(CHEN), desk.now, house=House())
        for line in held.lines:
            ledger = ledger_of(desk.rows("clock_line", line.id))
            clock = ledger.standings(desk.now, desk.rules().rules.measures)[line.next_clock]
            assert held.is_provisional(line) is clock.provisional, (line.next_clock, line.next_due_at)
            seen.add(line.next_clock)
    assert {"acknowledge", "update"} <= seen or regime != "none"


def test_dates_of_a_year_that_nobody_announced_are_marked_and_others_not(desk: ComplaintDesk) -> None:
    sure = desk.log({"severity": "S3"})
    desk.now = datetime(2026, 12, 31, 15, 50, tzinfo=UTC)
    doubted, by_clock = desk.log({"severity": "S4"}), desk.log({"severity": "S1"})
    held = listing(desk.connection, MINE, AgentId(ANNA), desk.now)
    told = {line.id: held.is_provisional(line) for line in held.lines}
    assert told == {sure["id"]: False, doubted["id"]: True, by_clock["id"]: False}


def test_a_regimes_deadline_is_near_two_business_days_before_whatever_else_is_due(
    desk: ComplaintDesk,
) -> None:
    row = under_regime(desk, "UK-SRC")
    under_regime(desk, "UK-8W")

    def near() -> list[tuple[str, str]]:
        found = regime_listing(desk.connection, MINE, AgentId(ANNA), desk.now, House())
        return [(line.number, line.next_clock) for line in found.lines]

    assert near() == [], "three business days are left"
    desk.later(days=1)
    assert near() == [(row["number"], "UK-SRC/summary")]
    found = regime_listing(desk.connection, MINE, AgentId(ANNA), desk.now, House()).lines[0]
    own = next(line for line in listing(desk.connection, MINE, AgentId(ANNA), desk.now).lines)
    assert own.next_clock != found.next_clock, "the firm's own clock is due before"
    assert found.next_due_at is not None
    assert not found.overdue
    desk.later(days=7)
    (late,) = regime_listing(desk.connection, MINE, AgentId(ANNA), desk.now, House()).lines[:1]
    assert late.overdue


def test_what_binds_an_authority_or_an_outside_body_named_is_no_deadline_of_a_regime(
    desk: ComplaintDesk,
) -> None:
    outside, theirs = desk.log(), under_regime(desk, "UK-SRC")
    deadline = desk.iso(days=1)
    desk.step(outside, "E2", body="12315", reference="7", date=desk.iso(), their_deadline=deadline, who=CHEN)
    desk.connection.execute(
        "UPDATE clock_line SET clock = 'CN-12315/accept' WHERE complaint_id = ? AND clock = 'UK-SRC/summary'",
        (theirs["id"].bytes,),
    )
    desk.later(days=1)
    assert not regime_listing(desk.connection, EVERYBODY, AgentId(CHEN), desk.now, House()).lines


def test_a_deadline_that_was_undone_or_met_is_not_near(desk: ComplaintDesk) -> None:
    row = under_regime(desk, "UK-SRC")
    met = under_regime(desk, "UK-SRC")
    desk.step(met, "T18", words="Enough.", channel="phone", who=CHEN)
    desk.step(row, "U1", operation_id=str(row["last_operation_id"]))
    desk.later(days=1)
    assert not regime_listing(desk.connection, MINE, AgentId(ANNA), desk.now, House()).lines


def test_ledgers_are_looked_up_from_the_open_ones_through_an_index(desk: ComplaintDesk) -> None:
    from crmdesk.services.complaints.listing import _REGIME_LINES

    plan = " ".join(
        str(row) for row in desk.connection.execute(f"EXPLAIN QUERY PLAN {_REGIME_LINES}").fetchall()
    )
    assert "ix_complaint_open" in plan
    assert "ix_clock_line_complaint_id" in plan
    assert "SCAN k" not in plan
