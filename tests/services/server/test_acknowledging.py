"""What ends a clock without a step ends it at the server as at the desk: a letter sent, a remedy done."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from crmdesk.models.wire import Row
from crmdesk.services.complaints.correspondence import send_letter
from crmdesk.services.complaints.remedies import mark_remedy
from crmdesk.services.store.values import from_micros
from tests.services.complaints.house import ANNA, CALL, DORA, proposed, settled, under_regime
from tests.services.server.mirror import DEVICE, MirroredDesk, lay_out, rows_before
from tests.services.server.sender import rows_of

APPLY = "SELECT crm.apply(ROW(%s, %s, 1, %s::jsonb, NULL, %s, 'agent', %s, %s, false)::crm.operation_in)"


def on_both(desk: MirroredDesk, server: Any, kind: str, use_case: Callable[..., Any], *given: Any) -> None:
    """Do it at the desk, and what that wrote, an operation of *kind*, at the server; compare the rows."""
    before = rows_before(desk)
    desk.later(minutes=5)
    with desk.work() as work:
        use_case(work, *given)
    op, payload, at = desk.connection.execute(
        "SELECT id, payload, at FROM operation WHERE kind = ? ORDER BY n DESC LIMIT 1", (kind,)
    ).fetchone()
    lay_out(server, before)
    server.execute(APPLY, (UUID(bytes=op), kind, payload, str(ANNA), DEVICE, from_micros(at)))
    found = rows_of(server)
    for table in ("complaint", "clock_line", "letter", "remedy_line"):
        wanted: dict[UUID, Row] = {row["id"]: row for row in rows_before(desk)[table]}
        assert found.get(table, {}) == wanted, table


def send_on_both(desk: MirroredDesk, server: Any, letter: str) -> None:
    on_both(desk, server, "letter.send", send_letter, desk.rules(), UUID(letter), "letter")


def ended(desk: MirroredDesk, row: Row, count: int) -> list[tuple[str, str]]:
    """Return clock and reason of the lines after the first *count*."""
    lines = sorted(desk.rows("clock_line", row["id"]), key=lambda each: each["n"])
    return [(each["clock"], each["why"]) for each in lines[count:]]


@pytest.mark.parametrize("regime", ["UK-8W", "CN-ODR"])
def test_the_server_ends_the_clock_as_the_desk_does(desk: MirroredDesk, server: Any, regime: str) -> None:
    row = under_regime(desk, regime)
    desk.step(row, "T5", contacted_at=desk.iso())
    count = len(desk.rows("clock_line", row["id"]))
    send_on_both(desk, server, desk.letter(row, "holding"))
    assert len(desk.rows("clock_line", row["id"])) == count
    send_on_both(desk, server, desk.letter(row, "acknowledgement"))
    lines = sorted(desk.rows("clock_line", row["id"]), key=lambda each: each["n"])
    assert [each["clock"] for each in lines[count:]] == (["UK-8W/acknowledge"] if regime == "UK-8W" else [])
    send_on_both(desk, server, desk.letter(row, "acknowledgement"))


def test_the_last_remedy_that_is_done_ends_the_clocks_at_both(desk: MirroredDesk, server: Any) -> None:
    row = settled(desk, regime="CN-ODR")
    count = len(desk.rows("clock_line", row["id"]))
    first, second = (each["id"] for each in desk.rows("remedy_line", row["id"]))
    on_both(desk, server, "remedy.mark", mark_remedy, first)
    assert ended(desk, row, count) == []
    on_both(desk, server, "remedy.mark", mark_remedy, second)
    assert ended(desk, row, count) == [("resolve", "resolved"), ("CN-ODR/resolve", "resolved")]


def test_a_remedy_done_before_the_customer_said_yes_ends_nothing(desk: MirroredDesk, server: Any) -> None:
    row = desk.step(proposed(desk), "T9", proposal_version=1, call_id=str(CALL), sent_via="phone")
    count = len(desk.rows("clock_line", row["id"]))
    for remedy in desk.rows("remedy_line", row["id"]):
        on_both(desk, server, "remedy.mark", mark_remedy, remedy["id"])
    assert ended(desk, row, count) == []


def test_an_outside_body_is_answered_by_the_letter_that_tells_it_the_decision(
    desk: MirroredDesk, server: Any
) -> None:
    row = desk.step(under_regime(desk, "none"), "T5", contacted_at=desk.iso())
    theirs: dict[str, Any] = {"date": desk.iso(), "their_deadline": desk.iso(days=20)}
    row = desk.step(row, "E2", body="12315", reference="SH-2026-17", **theirs)
    count = len(desk.rows("clock_line", row["id"]))
    send_on_both(desk, server, desk.letter(row, "referral"))
    assert ended(desk, row, count) == [], "nothing is decided yet"
    row = desk.step(proposed(desk, row), "T9", proposal_version=1, call_id=str(CALL), sent_via="phone")
    count = len(desk.rows("clock_line", row["id"]))
    send_on_both(desk, server, desk.letter(row, "decision"))
    assert ended(desk, row, count) == []
    send_on_both(desk, server, desk.letter(row, "referral"))
    assert ended(desk, row, count) == [("12315/answer", "answered")]


def asked(desk: MirroredDesk, row: Row, body: str) -> Row:
    theirs: dict[str, Any] = {"date": desk.iso(), "their_deadline": desk.iso(days=20)}
    return desk.step(row, "E2", body=body, reference="SH-2026-17", **theirs)


def told(desk: MirroredDesk, row: Row) -> Row:
    version = row["proposal_version"]
    return desk.step(row, "T9", DORA, proposal_version=version, call_id=str(CALL), sent_via="phone")


def sent_ends(desk: MirroredDesk, server: Any, row: Row, letter: str) -> list[str]:
    count = len(desk.rows("clock_line", row["id"]))
    send_on_both(desk, server, letter)
    return [clock for clock, _ in ended(desk, row, count)]


def test_a_letter_written_before_the_decision_was_told_answers_nobody(
    desk: MirroredDesk, server: Any
) -> None:
    row = asked(desk, desk.step(under_regime(desk, "none"), "T5", contacted_at=desk.iso()), "12315")
    row = proposed(desk, row)
    early = desk.letter(row, "referral")
    row = told(desk, row)
    assert sent_ends(desk, server, row, early) == [], "it says that nothing is decided yet"
    late = desk.letter(row, "referral")
    assert sent_ends(desk, server, row, late) == ["12315/answer"]


def test_a_letter_written_before_the_body_asked_or_asked_again_answers_it_not(
    desk: MirroredDesk, server: Any
) -> None:
    row = told(desk, proposed(desk))
    before = desk.letter(row, "referral")
    row = asked(desk, row, "12315")
    assert sent_ends(desk, server, row, before) == []
    between = desk.letter(row, "referral")
    row = asked(desk, {**row, **desk.row("complaint", row["id"])}, "12315")
    assert sent_ends(desk, server, row, between) == []
    assert sent_ends(desk, server, row, desk.letter(row, "referral")) == ["12315/answer"]


def test_of_two_bodies_the_one_is_answered_that_had_asked_last(desk: MirroredDesk, server: Any) -> None:
    row = asked(desk, told(desk, proposed(desk)), "12315")
    first = desk.letter(row, "referral")
    row = asked(desk, row, "court")
    second = desk.letter(row, "referral")
    assert sent_ends(desk, server, row, second) == ["court/answer"]
    assert sent_ends(desk, server, row, first) == ["12315/answer"]


def test_a_decision_that_was_refused_and_a_new_one_ask_for_a_new_letter(
    desk: MirroredDesk, server: Any
) -> None:
    row = asked(desk, told(desk, proposed(desk)), "12315")
    old = desk.letter(row, "referral")
    row = desk.step(row, "T12", reason="Not enough.")
    assert sent_ends(desk, server, row, old) == []
    old = desk.letter(row, "referral")
    row = told(desk, proposed(desk, {**row, **desk.row("complaint", row["id"])}))
    assert sent_ends(desk, server, row, old) == []
    assert sent_ends(desk, server, row, desk.letter(row, "referral")) == ["12315/answer"]


def test_any_order_of_asking_deciding_writing_and_sending(desk: MirroredDesk, server: Any) -> None:
    chance, ends = random.Random(20261122), 0
    for _ in range(10):
        row = desk.step(under_regime(desk, "none"), "T5", contacted_at=desk.iso())
        row = asked(desk, row, "12315")
        row = told(desk, proposed(desk, row)) if chance.random() < 0.6 else row
        letters: list[str] = []
        for _ in range(chance.randint(6, 10)):
            desk.later(minutes=chance.randrange(600))
            row = {**desk.row("complaint_body", row["id"]), **desk.row("complaint", row["id"])}
            move = chance.choice(("ask", "write", "write", "send", "on"))
            if move == "ask":
                row = asked(desk, row, chance.choice(("12315", "court")))
            elif move == "write":
                letters.append(desk.letter(row, "referral"))
            elif move == "send" and letters:
                ends += len(sent_ends(desk, server, row, letters.pop(chance.randrange(len(letters)))))
            elif row["state"] == "RESPONDED":
                row = desk.step(row, "T12", reason="Not enough.")
            else:
                row = told(desk, proposed(desk, row))
    assert ends > 2
