"""A holding letter extends a regime's clock at the server as at the desk, by the server's own reckoning."""

from __future__ import annotations

import json
import random
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
import pytest

from crmdesk.errors import AgentError
from crmdesk.models.calendar import BusinessTime
from crmdesk.models.clock import regime_clock
from crmdesk.models.deadline import due
from crmdesk.models.regime import RECEIPT
from crmdesk.models.wire import Row
from crmdesk.services.complaints.procedure import House, business_time, regimes
from crmdesk.services.server import procedure
from tests.services.complaints.house import ANNA, BEGIN, CALL, DORA, proposed, under_regime
from tests.services.server.mirror import DEVICE, MirroredDesk, judge, lay_out, rows_before
from tests.services.server.test_acknowledging import ended, send_on_both
from tests.services.server.test_complaints_due import recounted_here

PSD = "UK-PSD/decide"
EXTENDED = [(PSD, "holding_reply")]
UNDER = ("UK-PSD", "UK-PSD", "EU-PSD2", "UK-8W", "none")
RUNS = 15
TOLD = {"call_id": str(CALL), "sent_via": "phone"}
TIME = business_time(House().calendar)
SEND = (
    "SELECT crm.apply_letter_send("
    "ROW(%s, 'letter.send', 1, %s::jsonb, NULL, %s, 'agent', %s, %s, false)::crm.operation_in)"
)


def line_of(desk: MirroredDesk, row: Row) -> Row:
    lines = [each for each in desk.rows("clock_line", row["id"]) if each["clock"] == PSD]
    return max(lines, key=lambda each: each["n"])


def test_the_server_extends_the_clock_as_the_desk_does_once(desk: MirroredDesk, server: Any) -> None:
    row = desk.step(under_regime(desk, "UK-PSD"), "T5", contacted_at=desk.iso())
    count = len(desk.rows("clock_line", row["id"]))
    send_on_both(desk, server, desk.letter(row, "holding"))
    assert ended(desk, row, count) == EXTENDED
    send_on_both(desk, server, desk.letter(row, "holding"))
    assert ended(desk, row, count) == EXTENDED


@pytest.mark.parametrize(("late", "extended"), [(0, EXTENDED), (1, [])])
def test_to_the_microsecond_when_it_is_due(
    desk: MirroredDesk, server: Any, late: int, extended: list[tuple[str, str]]
) -> None:
    row = under_regime(desk, "UK-PSD")
    count = len(desk.rows("clock_line", row["id"]))
    letter = desk.letter(row, "holding")
    desk.now = line_of(desk, row)["due"] - timedelta(minutes=5) + timedelta(microseconds=late)
    send_on_both(desk, server, letter)
    assert ended(desk, row, count) == extended


MET = [("UK-8W/decide", "holding_reply")]
RIGHT = regimes()["UK-8W"].holding_sentences[0]


@pytest.mark.parametrize(
    ("text", "met"), [(f"Dear Ms Wang\n{RIGHT.en}", MET), ("Dear Ms Wang", []), (RIGHT.zh, [])]
)
def test_the_server_meets_the_clock_by_what_the_letter_says(
    desk: MirroredDesk, server: Any, text: str, met: list[tuple[str, str]]
) -> None:
    row = desk.step(under_regime(desk, "UK-8W"), "T5", contacted_at=desk.iso())
    count = len(desk.rows("clock_line", row["id"]))
    send_on_both(desk, server, desk.letter(row, "holding", text))
    assert ended(desk, row, count) == met
    send_on_both(desk, server, desk.letter(row, "holding", text))
    assert ended(desk, row, count) == met


@pytest.mark.parametrize(("late", "met"), [(0, MET), (1, [])])
def test_to_the_microsecond_until_week_eight(
    desk: MirroredDesk, server: Any, late: int, met: list[tuple[str, str]]
) -> None:
    row = under_regime(desk, "UK-8W")
    lines = desk.rows("clock_line", row["id"])
    (eight,) = (each["due"] for each in lines if each["clock"] == "UK-8W/decide")
    letter = desk.letter(row, "holding", RIGHT.en)
    desk.now = eight - timedelta(minutes=5) + timedelta(microseconds=late)
    send_on_both(desk, server, letter)
    assert ended(desk, row, len(lines)) == met


@pytest.mark.parametrize("met", [[], ["UK-8W/decide"]])
def test_the_server_says_itself_what_is_met(desk: MirroredDesk, server: Any, met: list[str]) -> None:
    row = under_regime(desk, "UK-8W")
    texts = ("Dear Ms Wang", RIGHT.en)
    letters = [desk.letter(row, "holding", text) for text in texts]
    lay_out(server, rows_before(desk))
    stopped = "SELECT count(*) FROM crm.clock_line WHERE why = 'holding_reply' AND event = 'stop'"
    for n, letter in enumerate(letters):
        payload = json.dumps({"id": letter, "sent_via": "mail", "met": met})
        server.execute(SEND, (UUID(int=77 + n), payload, str(ANNA), DEVICE, desk.now))
        assert server.execute(stopped).fetchone() == (n,), "the first does not say where else he may turn"


def test_any_complaints_and_any_letters(desk: MirroredDesk, server: Any) -> None:
    chance, extended = random.Random(1), 0
    for _ in range(RUNS):
        desk.now = BEGIN + timedelta(days=chance.randrange(3 * 365), minutes=chance.randrange(1440))
        row = under_regime(desk, chance.choice(UNDER))
        count = len(desk.rows("clock_line", row["id"]))
        with suppress(AgentError):
            row = desk.step(row, "T5", contacted_at=desk.iso())
            row = desk.step(row, "T6", wait_for="customer", what="A bill.", until=desk.iso(days=9))
        for _ in range(chance.randint(1, 3)):
            desk.later(days=chance.randrange(15), minutes=chance.randrange(1440))
            kind, text = chance.choice(("holding", "holding", "summary")), chance.choice(("Dear", RIGHT.en))
            send_on_both(desk, server, desk.letter(row, kind, text))
        extended += any(why == "holding_reply" for _, why in ended(desk, row, count))
    assert 2 < extended < RUNS


def test_once_it_is_decided_nothing_is_extended(desk: MirroredDesk, server: Any) -> None:
    row = desk.step(proposed(desk, regime="UK-PSD"), "T9", DORA, proposal_version=1, **TOLD)
    count = len(desk.rows("clock_line", row["id"]))
    send_on_both(desk, server, desk.letter(row, "holding"))
    assert ended(desk, row, count) == []


def test_longer_dates_of_all_regimes_at_any_moment(server: Any) -> None:
    chance = random.Random(20261122)
    asked = {
        regime_clock(key, each.clock): each.extended
        for key, regime in regimes().items()
        for each in regime.clocks
        if each.counts_from == RECEIPT
    }
    (version,) = server.execute("SELECT crm.calendar_in_force()").fetchone()
    assert version == TIME.version
    for clock, span in asked.items():
        for _ in range(100):
            since = BEGIN + timedelta(seconds=chance.randrange(-(10**8), 10**8))
            told = server.execute(
                "SELECT d.at, d.provisional, d.calendar FROM crm.extended_due(%s, %s, %s) d",
                (clock, since, version),
            ).fetchone()
            wanted = due(span, since, TIME) if span else None
            assert told == ((wanted.at, wanted.provisional, wanted.calendar) if wanted else (None,) * 3)
    assert sum(span is not None for span in asked.values()) == 2
    told = server.execute("SELECT crm.extended_due('US-CFPB/answer', %s, %s)", (BEGIN, version)).fetchone()
    assert told == (None,), "what an outside body asks is not moved by a letter to the customer"


@pytest.mark.parametrize(
    "told", [{}, {"extended": []}, {"extended": [{"clock": PSD, "due": "2039-01-01T00:00:00Z"}]}]
)
def test_the_server_works_the_date_out_itself(desk: MirroredDesk, server: Any, told: dict[str, Any]) -> None:
    """Whatever a desk expects, and also when it did not know that a regime binds by now."""
    row = under_regime(desk, "UK-PSD")
    letter = desk.letter(row, "holding")
    lay_out(server, rows_before(desk))
    payload = json.dumps({"id": letter, "sent_via": "mail", **told})
    server.execute(SEND, (UUID(int=77), payload, str(ANNA), DEVICE, desk.now))
    found = server.execute("SELECT clock, due FROM crm.clock_line WHERE event = 'extend'").fetchall()
    longer = regimes()["UK-PSD"].clocks[1].extended
    assert longer
    assert found == [(PSD, due(longer, row["received_at"], TIME).at)]


def test_a_new_calendar_counts_the_longer_time_at_both(desk: MirroredDesk, server: Any) -> None:
    row = under_regime(desk, "UK-PSD")
    send_on_both(desk, server, desk.letter(row, "holding"))
    short = replace(TIME.calendar, edition=9, week=(((600, 840),),) * 5 + ((), ()))
    newer = BusinessTime(short, 2023, 2030)
    procedure.fill_calendar(server, newer)
    lay_out(server, rows_before(desk))
    server.execute("SELECT crm.set_clock(%s)", (desk.now,))
    server.execute("SELECT crm.run_complaints_due(500)")
    told = server.execute(
        "SELECT clock, due, calendar, provisional FROM crm.clock_line WHERE why = 'calendar'"
    ).fetchall()
    dues = {clock: tuple(rest) for clock, *rest in told}
    longer = regimes()["UK-PSD"].clocks[1].extended
    assert longer
    assert dues[PSD][0] == due(longer, row["received_at"], newer).at
    assert recounted_here(desk, row["id"], newer) == dues


def test_a_step_starts_the_clock_again_with_the_longer_time_and_extends_none(
    desk: MirroredDesk, server: Any
) -> None:
    row = desk.step(under_regime(desk, "UK-PSD"), "T5", contacted_at=desk.iso())
    send_on_both(desk, server, desk.letter(row, "holding"))
    longer = line_of(desk, row)["due"]
    head = desk.row("complaint", row["id"])
    row = desk.step(proposed(desk, {**row, **head}), "T9", DORA, proposal_version=1, **TOLD)
    desk.step(row, "T12", reason="Not enough.")
    operation, before = desk.done[-1]
    assert line_of(desk, row)["due"] == longer
    lay_out(server, before)
    judge(server, operation, role="agent")
    lines = operation.payload["lines"]
    for wrong in ({"due": "2026-03-25T10:00:00Z"}, {"event": "extend"}):
        forged = [{**each, **(wrong if each["clock"] == PSD else {})} for each in lines]
        assert forged != lines
        with pytest.raises(psycopg.Error, match="is not the one that the targets"), server.transaction():
            judge(server, operation, role="agent", lines=forged)
