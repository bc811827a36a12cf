"""Lists of complaints as a screen shows them: segments, names, deadlines of regimes that are near."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

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
from tests.services.complaints.house import ANNA, BELA, CHEN, ComplaintDesk, under_regime
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
