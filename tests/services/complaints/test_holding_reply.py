"""A holding letter that is sent in time gives a regime's clock its longer time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from crmdesk.models.complaint_step import ledger_of
from crmdesk.models.wire import Row
from crmdesk.services.complaints.correspondence import draft_letter, send_letter
from crmdesk.services.complaints.due import run_due
from crmdesk.services.complaints.letter_case import LetterWanted, Sender
from crmdesk.services.complaints.procedure import regimes
from tests.models.hours import wall
from tests.services.complaints.house import ANNA, ComplaintDesk, under_regime

CLOCK = "UK-PSD/decide"
REFERRAL_RIGHT = regimes()["UK-8W"].holding_sentences[0].en
FIRST, LONGER = "2026-03-25 18:00", "2026-04-23 18:00"
"""Fifteen and thirty-five business days after the fourth of March; the sixth of April is free."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    made = ComplaintDesk(tmp_path)
    yield made
    made.close()


def sent(desk: ComplaintDesk, row: Row, kind: str = "holding", text: str = "Dear Ms Wang") -> list[Row]:
    """Send a letter; return the lines that came by it."""
    letter, before = desk.letter(row, kind, text), len(desk.rows("clock_line", row["id"]))
    with desk.work() as work:
        send_letter(work, desk.rules(), UUID(letter), "letter")
    return sorted(desk.rows("clock_line", row["id"]), key=lambda each: each["n"])[before:]


def due(desk: ComplaintDesk, row: Row, clock: str = CLOCK) -> str:
    lines = [each for each in desk.rows("clock_line", row["id"]) if each["clock"] == clock]
    return wall(max(lines, key=lambda each: each["n"])["due"])


def test_the_letter_writes_a_line_with_the_later_date_once(desk: ComplaintDesk) -> None:
    row = under_regime(desk, "UK-PSD")
    assert due(desk, row) == FIRST
    desk.later(days=10)
    own = due(desk, row, "decide")
    (line,) = sent(desk, row)
    assert (line["clock"], line["event"], line["at"], line["why"]) == (
        *(CLOCK, "extend", desk.now),
        "holding_reply",
    )
    assert (wall(line["due"]), line["calendar"], line["author"]) == (
        *(LONGER, desk.rules().rules.time.version),
        str(ANNA),
    )
    assert due(desk, row, "decide") == own, "what the house promises itself stays"
    assert sent(desk, row) == []


def test_the_clock_that_is_due_next_is_another_then(desk: ComplaintDesk) -> None:
    row = desk.step(under_regime(desk, "EU-PSD2"), "T5", contacted_at=desk.iso())
    row = desk.step(row, "T6", wait_for="customer", what="An invoice.", until=desk.iso(days=40))
    assert (row["next_clock"], wall(row["next_due_at"])) == ("EU-PSD2/decide", FIRST)
    sent(desk, row)
    head = desk.row("complaint", row["id"])
    assert (head["next_clock"], wall(head["next_due_at"])) == ("waiting", "2026-04-13 10:00")
    assert head["rev"] == row["rev"] + 1
    row = desk.step({**row, **head}, "T7")
    numbers = sorted(each["n"] for each in desk.rows("clock_line", row["id"]))
    assert numbers == list(range(1, len(numbers) + 1)), "steps go on from it"


def test_too_late_it_extends_nothing(desk: ComplaintDesk) -> None:
    row = under_regime(desk, "UK-PSD")
    lines = {each["clock"]: each for each in desk.rows("clock_line", row["id"])}
    desk.now = lines[CLOCK]["due"] + timedelta(seconds=1)
    assert sent(desk, row) == []
    assert due(desk, row) == FIRST


@pytest.mark.parametrize(
    ("regime", "kind"), [("UK-8W", "holding"), ("CN-ODR", "holding"), ("UK-PSD", "summary")]
)
def test_other_regimes_and_other_letters_leave_no_longer_time(
    desk: ComplaintDesk, regime: str, kind: str
) -> None:
    assert sent(desk, under_regime(desk, regime), kind) == []
    told = "SELECT payload FROM operation WHERE kind = 'letter.send'"
    ((payload,),) = desk.connection.execute(told).fetchall()
    assert "extended" not in payload


def test_with_the_way_outside_it_meets_the_eight_weeks_and_our_own_clocks_run_on(desk: ComplaintDesk) -> None:
    row = desk.step(under_regime(desk, "UK-8W"), "T5", contacted_at=desk.iso())
    row = desk.step(row, "T6", wait_for="customer", what="An invoice.", until=desk.iso(days=80))
    desk.later(days=50)
    assert sent(desk, row, text="We need more time.") == [], "it does not say where else he may turn"
    (line,) = sent(desk, row, text=REFERRAL_RIGHT)
    assert (line["clock"], line["event"], line["at"], line["why"]) == (
        *("UK-8W/decide", "stop", desk.now),
        "holding_reply",
    )
    ledger = ledger_of(desk.rows("clock_line", row["id"]))
    standings = ledger.standings(desk.now, desk.rules().rules.measures)
    assert (standings["UK-8W/decide"].verdict, standings["decide"].verdict) == ("met", "open")
    assert desk.row("complaint", row["id"])["next_clock"] == "UK-8W/acknowledge"
    assert sent(desk, row, text=REFERRAL_RIGHT) == []


def test_after_week_eight_it_meets_nothing(desk: ComplaintDesk) -> None:
    row = under_regime(desk, "UK-8W")
    desk.later(weeks=8, hours=14)
    assert sent(desk, row, text=REFERRAL_RIGHT) == []


def test_what_was_met_already_or_is_late_by_now_is_not_met_again(desk: ComplaintDesk) -> None:
    """The operation is done once more upon the server's rows, on which the clock may have ended."""
    row = under_regime(desk, "UK-8W")
    desk.later(weeks=9)
    before = len(desk.rows("clock_line", row["id"]))
    with desk.work() as work:
        payload = {"id": desk.letter(row, "holding"), "sent_via": "mail", "met": ["UK-8W/decide", "UK-8W/no"]}
        work.do(work.author.describe("letter.send", payload))
        work.commit()
    assert len(desk.rows("clock_line", row["id"])) == before


def test_what_was_sent_before_another_desk_extended_it_extends_nothing(desk: ComplaintDesk) -> None:
    """The operation is done once more upon the server's rows, which know of the other letter by then."""
    row = under_regime(desk, "UK-PSD")
    sent(desk, row)
    later = {"clock": CLOCK, "due": desk.iso(days=90), "calendar": "cn-default/1", "provisional": False}
    with desk.work() as work:
        payload = {"id": desk.letter(row, "holding"), "sent_via": "mail", "extended": [later]}
        work.do(work.author.describe("letter.send", payload))
        work.commit()
    assert due(desk, row) == LONGER


def test_time_reminds_and_escalates_by_the_later_date(desk: ComplaintDesk) -> None:
    """A level comes five business days before the regime's date: by the first one it would have come."""
    row = under_regime(desk, "UK-PSD")
    row = desk.step(row, "T5", contacted_at=desk.iso())
    sent(desk, row)
    desk.later(days=18)
    with desk.work() as work:
        run_due(work, desk.rules())
    assert desk.row("complaint", row["id"])["level"] == 1


def drafted(desk: ComplaintDesk, row: Row, language: str = "en", reason: str = "The bank is asked.") -> str:
    wanted = LetterWanted(complaint_id=row["id"], kind="holding", language=language, reason=reason)
    with desk.work() as work:
        draft = draft_letter(work.stored, desk.connection, desk.rules(), Sender(), wanted, desk.now)
    return draft.plain.replace("\u00a0", " ")


@pytest.mark.parametrize("regime", ["UK-PSD", "EU-PSD2"])
def test_the_letter_names_the_end_of_the_longer_time_also_when_it_is_sent_again(
    desk: ComplaintDesk, regime: str
) -> None:
    row = under_regime(desk, regime)
    desk.later(days=12)
    for _ in range(2):
        assert "We expect to give you our decision by 23 April 2026." in drafted(desk, row)
        assert "我们预计于2026年4月23日前向您答复处理结果。" in drafted(desk, row, "zh")
        sent(desk, row)
        desk.later(days=20)


def test_without_a_longer_time_the_letter_names_when_the_customer_is_told_next(desk: ComplaintDesk) -> None:
    row = under_regime(desk, "UK-8W")
    assert "by 6 March 2026." in drafted(desk, row)
    late = under_regime(desk, "UK-PSD")
    desk.later(days=30)
    assert "by 13 April 2026." in drafted(desk, late), "too late for the longer time: within five days"
