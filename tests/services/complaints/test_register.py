"""The register: every complaint on one line, and no change of a file goes unseen by who knows its head."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crmdesk.errors import FileFault
from crmdesk.services.complaints.register import (
    COLUMNS,
    Chain,
    Part,
    register_part,
    verified,
)
from tests.services.complaints.house import ANNA, CHECKLIST, CHEN, ComplaintDesk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    desk = ComplaintDesk(tmp_path)
    yield desk
    desk.close()


def part(desk: ComplaintDesk, limit: int = 100, **more: Any) -> Part:
    return register_part(desk.connection, desk.now, "CNY", limit, **more)


def lines(desk: ComplaintDesk) -> list[dict[str, str]]:
    return [dict(zip(COLUMNS[:-1], line, strict=True)) for line in part(desk).lines]


def written(cells: list[tuple[str, ...]]) -> list[tuple[str, ...]]:
    chain = Chain()
    return [COLUMNS, *((*line, chain.add(line)) for line in cells), chain.end()]


def file_of(desk: ComplaintDesk) -> list[tuple[str, ...]]:
    return written(list(part(desk).lines))


def test_each_complaint_stands_on_one_line_with_its_dates_and_what_came_of_it(desk: ComplaintDesk) -> None:
    row = desk.log()
    row = desk.step(
        row,
        "T13",
        severity="S4",
        remedies=[{"type": "refund", "value": 50_50}, {"type": "apology", "value": 0}],
        customer_agreed=True,
        cause_class="B",
        checklist=CHECKLIST,
        what_was_done="Paid back.",
    )
    (line,) = lines(desk)
    assert (line["number"], line["state"], line["severity"]) == ("C26-K7Q-0001", "RESOLVED", "S4")
    assert (line["received_at"], line["acknowledged_at"]) == ("2026-03-04T02:00:00Z", "2026-03-04T02:00:01Z")
    assert (line["remedies"], line["remedy_total"]) == ("refund; apology", "50.50 CNY")
    assert (line["acceptance"], line["breaches"], line["version"]) == ("accepted", "", "2")
    assert line["last_operation_id"] == str(row["last_operation_id"])
    assert "王芳" not in str(line)
    assert "squeal" not in str(line)


def test_one_that_was_rejected_counts_as_not_accepted(desk: ComplaintDesk) -> None:
    row = desk.log()
    desk.step(row, "T3", CHEN, reason="not_ours", other_route="the maker", letter_id=desk.letter(row))
    desk.log()
    assert [line["acceptance"] for line in lines(desk)] == ["not accepted", "undecided"]
    sealed = verified(file_of(desk))
    assert (sealed.rows, sealed.not_accepted) == (2, 1)


def test_missed_dates_are_told_also_after_the_end_and_without_a_calendar(desk: ComplaintDesk) -> None:
    row = desk.log()
    desk.later(days=2)
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    desk.step(row, "T18", words="Enough.", channel="phone")
    assert lines(desk)[0]["breaches"] == "acknowledge late; contact late"
    desk.later(days=4_000)
    assert lines(desk)[0]["breaches"] == "acknowledge late; contact late"


def test_a_severity_that_puts_the_date_into_the_past_is_told_as_such(desk: ComplaintDesk) -> None:
    row = desk.step(desk.log(), "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    desk.later(days=1, hours=6)
    desk.step(
        row,
        "T4",
        CHEN,
        severity="S1",
        impact={"persons": 1, "money": 0},
        regime="none",
        cause_class="A",
        containment="Stopped.",
    )
    assert "contact by_reassessment" in lines(desk)[0]["breaches"].split("; ")


def test_parts_join_to_the_whole_in_order_of_receipt(desk: ComplaintDesk) -> None:
    for hours in (3, 1, 2, 1):
        desk.log({"received_at": desk.iso(hours=-hours)})
    whole, after = part(desk).lines, None
    found: list[tuple[str, ...]] = []
    while True:
        piece = part(desk, 2, after=after)
        found += piece.lines
        after = piece.after
        if after is None:
            break
    assert tuple(found) == whole
    received = [line[COLUMNS.index("received_at")] for line in whole]
    assert received == sorted(received)
    assert len(set(whole)) == 4


def test_a_span_of_days_holds_what_was_received_in_it(desk: ComplaintDesk) -> None:
    for hours in (0, 30):
        desk.log({"received_at": desk.iso(hours=-hours)})
    span = (datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 3, 5, tzinfo=UTC))
    assert [line[0] for line in part(desk, received=span).lines] == ["C26-K7Q-0001"]


def test_what_another_team_keeps_is_on_its_line_only_as_far_as_everybody_sees_it(desk: ComplaintDesk) -> None:
    row = desk.log()
    desk.connection.execute("DELETE FROM complaint_body WHERE id = ?", (row["id"].bytes,))
    (line,) = lines(desk)
    assert (line["whole"], line["remedy_total"], line["number"]) == ("no", "", "C26-K7Q-0001")


@pytest.mark.parametrize("n", [1, 2, 3])
def test_no_line_can_be_changed_taken_put_in_or_moved(desk: ComplaintDesk, n: int) -> None:
    for _ in range(3):
        desk.log()
    whole = file_of(desk)
    assert verified(whole).rows == 3
    changed = (*whole[n][:3], "S1", *whole[n][4:])
    for wrong in (
        [*whole[:n], changed, *whole[n + 1 :]],
        [*whole[:n], *whole[n + 1 :]],
        [*whole[:n], whole[n], *whole[n:]],
        [*whole[:n], *reversed(whole[n : n + 2]), *whole[n + 2 :]] if n < 3 else whole[:-1],
        [*whole, whole[n]],
        [("x", *COLUMNS[1:]), *whole[1:]],
        [],
    ):
        with pytest.raises(FileFault):
            verified(wrong)


def test_one_written_anew_has_another_head(desk: ComplaintDesk) -> None:
    desk.log()
    cells = list(part(desk).lines)
    forged = [(*cells[0][:3], "S1", *cells[0][4:])]
    assert verified(written(forged)).head != verified(written(cells)).head
    assert len(verified(written(cells)).head) == 64


def test_an_empty_register_is_one_too() -> None:
    assert verified(written([])).rows == 0
