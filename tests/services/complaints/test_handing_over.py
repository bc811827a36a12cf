"""Who may take complaints over, and which of them cannot go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from crmdesk.models.agent import save_code
from crmdesk.models.wire import Row
from crmdesk.services.complaints.handing_over import HandOverOffer, hand_over_offer
from tests.services.complaints.house import ANNA, BELA, CHEN, DORA, EMIL, OTHER_TEAM, ComplaintDesk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    desk = ComplaintDesk(tmp_path)
    yield desk
    desk.close()


def offer(desk: ComplaintDesk, *rows: Row, who: UUID = CHEN) -> HandOverOffer:
    desk.who = who
    ids = [row["id"] for row in rows]
    return hand_over_offer(desk.connection, desk.rules(), desk.author, ids, desk.now)


def reasons(made: HandOverOffer) -> list[tuple[str, str]]:
    return [(each.number, each.why.template) for each in made.staying]


def test_everybody_who_works_on_complaints_may_take_them(desk: ComplaintDesk) -> None:
    made = offer(desk, desk.log(), desk.log())
    assert [each.id for each in made.takers] == [ANNA, BELA, CHEN, DORA, EMIL], "no administrator"
    assert made.takers[0].name_en == "p1"
    assert made.staying == ()


def test_who_left_the_house_takes_nothing_over(desk: ComplaintDesk) -> None:
    with desk.work() as work:
        work.do(save_code(work.author, "agent", {"id": str(BELA), "login": "p2", "active": False}))
        work.commit()
    assert BELA not in {each.id for each in offer(desk, desk.log()).takers}


def test_each_that_cannot_go_says_why(desk: ComplaintDesk) -> None:
    goes, ended, elsewhere = desk.log(), desk.log(), desk.log(restricted=True)
    desk.step(ended, "T18", words="Enough.", channel="phone", who=CHEN)
    desk.connection.execute("DELETE FROM complaint_body WHERE id = ?", (elsewhere["id"].bytes,))
    made = offer(desk, goes, ended, elsewhere, {"id": uuid4()})
    assert reasons(made) == [
        (ended["number"], "This cannot be done in the state {state}."),
        (elsewhere["number"], "Another team handles this complaint."),
        ("", "This {what} is not here any more."),
    ]


def test_an_agent_hands_over_his_own_and_his_teams_only(desk: ComplaintDesk) -> None:
    mine, mates, theirs = desk.log(), desk.log(), desk.log()
    mates = desk.step(mates, "H1", to=str(BELA), open_points="Call him.")
    columns = (EMIL.bytes, OTHER_TEAM.bytes, theirs["id"].bytes)
    desk.connection.execute("UPDATE complaint SET owner_id = ?, team_id = ? WHERE id = ?", columns)
    made = offer(desk, mine, mates, theirs, who=ANNA)
    assert reasons(made) == [
        (theirs["number"], "Only the owner, his team or a supervisor may do this."),
    ]
    assert offer(desk, mine, theirs, who=CHEN).staying == ()


def test_a_thousand_are_looked_up_in_a_few_queries(desk: ComplaintDesk) -> None:
    row = desk.log()
    asked: list[str] = []
    desk.connection.set_trace_callback(asked.append)
    hand_over_offer(desk.connection, desk.rules(), desk.author, [row["id"]] * 1000, desk.now)
    desk.connection.set_trace_callback(None)
    assert sum("complaint_body" in each for each in asked) == 2
