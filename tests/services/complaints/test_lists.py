"""Lists of complaints: whose clock is next, what waits for a supervisor's yes, how many a customer has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.models.types import AgentId, CustomerId, TeamId
from crmdesk.models.wire import Row
from crmdesk.services.complaints import lists
from crmdesk.services.customers.profile import badges, customer_card, tally
from tests.services.complaints.house import (
    ANNA,
    BELA,
    CALL,
    CHECKLIST,
    CHEN,
    CUSTOMER,
    OTHER_TEAM,
    TEAM,
    ComplaintDesk,
)

WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}
"""Signs of full width."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    desk = ComplaintDesk(tmp_path)
    yield desk
    desk.close()


def test_my_complaints_come_by_their_next_clock_and_nobody_elses(desk: ComplaintDesk) -> None:
    slow = desk.log({"severity": "S4"})
    quick = desk.log({"severity": "S1"})
    desk.who = BELA
    desk.log()
    desk.who = ANNA
    found = lists.mine(desk.connection, AgentId(ANNA), desk.now)
    assert [line.id for line in found] == [quick["id"], slow["id"]]
    assert found[0].next_due_at == quick["next_due_at"]
    assert found[0].customer_name == "王芳"
    assert [line.overdue for line in found] == [False, False]
    desk.later(hours=1)
    assert [line.overdue for line in lists.mine(desk.connection, AgentId(ANNA), desk.now)] == [True, False]


def test_who_handed_over_sees_it_until_it_is_taken(desk: ComplaintDesk) -> None:
    anna, bela = AgentId(ANNA), AgentId(BELA)

    def mine(who: AgentId) -> list[tuple[UUID, AgentId | None]]:
        return [(line.id, line.owner_id) for line in lists.mine(desk.connection, who, desk.now)]

    quick = desk.log({"severity": "S1"})
    row = desk.step(desk.log({"severity": "S4"}), "H1", to=str(BELA), open_points="Call him.")
    assert mine(anna) == [(quick["id"], anna), (row["id"], bela)]
    assert mine(bela) == [(row["id"], bela)]
    assert mine(AgentId(CHEN)) == []
    row = desk.step(row, "E1", to_level=1, reason="press", who=CHEN)
    assert len(mine(anna)) == 2, "a step of somebody else takes nothing over"
    desk.step(row, "C1", who=BELA, what="We are looking into it.")
    assert mine(anna) == [(quick["id"], anna)]


def test_what_was_handed_over_leaves_the_list_with_its_end_its_undoing_and_its_file(
    desk: ComplaintDesk,
) -> None:
    def handed_over() -> Row:
        return desk.step(desk.log({"severity": "S4"}), "H1", to=str(BELA), open_points="Call him.")

    def mine() -> set[UUID]:
        return {line.id for line in lists.mine(desk.connection, AgentId(ANNA), desk.now)}

    ended, away, back, gone_on = (handed_over() for _ in range(4))
    assert mine() == {each["id"] for each in (ended, away, back, gone_on)}
    desk.step(ended, "T18", words="Enough.", channel="phone", who=CHEN)
    desk.connection.execute("DELETE FROM complaint_body WHERE id = ?", (away["id"].bytes,))
    desk.step(back, "H1", to=str(ANNA), open_points="Call him.", who=CHEN)
    desk.step(gone_on, "H1", to=str(CHEN), open_points="Call him.", who=BELA)
    found = lists.mine(desk.connection, AgentId(ANNA), desk.now)
    assert [(line.id, line.owner_id) for line in found] == [(back["id"], ANNA)]


def test_my_list_reads_small_indexes_alone(desk: ComplaintDesk) -> None:
    query = lists._LINE + lists._MINE + lists._BY_CLOCK
    for _ in range(2):
        found = desk.connection.execute(f"EXPLAIN QUERY PLAN {query}", (b"", b"", 10)).fetchall()
        plan = " ".join(str(row) for row in found)
        assert "INDEX ix_task_handed_over" in plan
        assert "SCAN b" not in plan
        desk.connection.execute("ANALYZE")
    assert "COVERING INDEX ix_complaint_open" in plan


def test_the_due_list_is_of_a_team_or_of_everybody_and_leaves_out_what_ended(desk: ComplaintDesk) -> None:
    ended, kept = desk.log(), desk.log()
    desk.step(ended, "T18", words="Enough.", channel="phone", who=CHEN)
    assert [line.id for line in lists.due_list(desk.connection, desk.now)] == [kept["id"]]
    assert [line.id for line in lists.due_list(desk.connection, desk.now, TeamId(TEAM))] == [kept["id"]]
    assert not lists.due_list(desk.connection, desk.now, TeamId(OTHER_TEAM))


def test_lines_are_found_by_number_name_owner_severity_and_codes(desk: ComplaintDesk) -> None:
    first, second = desk.log({"severity": "S1"}), desk.log({"severity": "S4"})
    desk.step(second, "H1", to=str(BELA), open_points="Call him.")
    lines = lists.due_list(desk.connection, desk.now)

    def found(text: str, *codes: str) -> list[str]:
        return [line.number for line in lines.with_text(text, frozenset(codes))]

    one, two = first["number"], second["number"]
    assert found(one[-4:].lower()) == [one]
    assert found("王芳") == [one, two]
    assert found("p2") == [two]
    assert found("s4") == [two]
    assert found(one.translate(WIDE)) == [one], "as an input method for Chinese may write it"
    assert found("no such", "repair") == [one, two]
    assert found("no such", "RECEIVED") == [one, two]
    assert found("no such") == []


def test_names_of_customers_come_with_the_first_lines_and_the_rest_when_asked_for(
    desk: ComplaintDesk, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        desk.log()
    desk.log({"customer_id": None, "unidentified": True, "call_id": str(CALL)})
    monkeypatch.setattr(lists, "NAMED", 0)
    lines = lists.due_list(desk.connection, desk.now)
    assert [line.customer_name for line in lines] == [""] * 4
    assert not lines.with_text("王芳", frozenset())
    named = lines.with_names(lists.customer_names(desk.connection, lines))
    assert sorted(line.customer_name for line in named) == ["", "王芳", "王芳", "王芳"]
    assert len(named.with_text("王芳", frozenset())) == 3
    assert named[:2].due_before(desk.now + timedelta(days=9)).customers == named.customers


def test_lines_due_before_a_moment_and_those_without_a_clock_never(desk: ComplaintDesk) -> None:
    quick, slow, idle = (desk.log({"severity": each}) for each in ("S1", "S4", "S4"))
    desk.connection.execute("UPDATE complaint SET next_due_at = NULL WHERE id = ?", (idle["id"].bytes,))
    lines = lists.due_list(desk.connection, desk.now)
    due = quick["next_due_at"]
    assert [line.id for line in lines] == [quick["id"], slow["id"], idle["id"]]
    assert [line.id for line in lines.due_before(due)] == []
    assert [line.id for line in lines.due_before(due + timedelta(seconds=1))] == [quick["id"]]
    assert len(lines.due_before(due + timedelta(days=99))) == 2


def test_a_restricted_complaint_of_another_team_says_neither_who_nor_what(desk: ComplaintDesk) -> None:
    row = desk.log(restricted=True)
    (line,) = lists.due_list(desk.connection, desk.now)
    assert (line.customer_name, line.category) == ("王芳", "repair")
    desk.veil(row["id"])
    (line,) = lists.due_list(desk.connection, desk.now)
    assert (line.customer_name, line.customer_id, line.category) == ("", None, "")
    assert (line.number, line.owner_en) == (row["number"], "p1")
    held = lists.due_list(desk.connection, desk.now)
    assert not held.with_text("王芳", frozenset({"repair"}))


def test_lists_of_open_ones_read_their_small_index(desk: ComplaintDesk) -> None:
    desk.connection.execute("ANALYZE")
    query = lists._LINE + lists._BY_CLOCK
    plan = " ".join(
        str(row) for row in desk.connection.execute(f"EXPLAIN QUERY PLAN {query}", (10,)).fetchall()
    )
    assert "COVERING INDEX ix_complaint_open" in plan


def test_counts_of_a_customer(desk: ComplaintDesk) -> None:
    old = desk.log()
    desk.step(old, "T18", words="Enough.", channel="phone", who=CHEN)
    desk.later(days=100)
    row = desk.log()
    held = lists.counts(desk.connection, CustomerId(CUSTOMER), desk.now)
    assert (held.ever, held.open, held.recent, held.grave) == (2, 1, 1, False)
    assert held.last_at == row["received_at"]
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    desk.step(row, "E1", to_level=1, reason="press")
    assert lists.counts(desk.connection, CustomerId(CUSTOMER), desk.now).grave


def test_who_gets_the_call_sees_the_open_complaint_and_how_grave_it_is(desk: ComplaintDesk) -> None:
    customer = CustomerId(CUSTOMER)

    def marks() -> list[tuple[str, str]]:
        card = customer_card(desk.connection, customer, now=desk.now)
        assert card is not None
        counted, _total = tally(desk.connection, customer, now=desk.now, call_id=None)
        return [(str(each.text), each.tone) for each in badges(card, counted, now=desk.now)]

    assert marks() == []
    row = desk.log()
    assert marks() == [(f"Complaint {row['number']} open", "due")]
    desk.log({"severity": "S1"})
    assert marks() == [("2 complaints open", "breach")], "and no task of the procedure counts as an issue"
    found, _total = tally(desk.connection, customer, now=desk.now, call_id=None)
    assert (found.contacts_30, found.open_issues) == (0, 0)
