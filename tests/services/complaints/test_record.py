"""One complaint as the window shows it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import NotFound
from crmdesk.models.complaint_number import read_number
from crmdesk.models.note import append_note
from crmdesk.services.complaints.procedure import House
from crmdesk.services.complaints.record import complaint_record, numbered
from crmdesk.services.complaints.record_view import ComplaintRecord, Named
from tests.services.complaints.house import ANNA, CHECKLIST, CHEN, DORA, ComplaintDesk

LISTS_OF_THE_HOUSE = {"agent", "cause", "complaint_category"}
"""What has few rows, and is read whole."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    made = ComplaintDesk(tmp_path)
    yield made
    made.close()


def read(desk: ComplaintDesk, complaint_id: UUID) -> ComplaintRecord:
    return complaint_record(desk.connection, complaint_id, House(), desk.author, desk.now)


def investigated(desk: ComplaintDesk) -> dict[str, Any]:
    """Return a complaint of S3 that is being investigated."""
    row = desk.log()
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    row = desk.step(
        row, "T4", severity="S3", impact={"persons": 1, "money": 0}, regime="none", cause_class="B"
    )
    return dict(desk.step(row, "T5", contacted_at=desk.iso()))


def test_a_fresh_complaint_says_who_what_and_the_obvious_next_step(desk: ComplaintDesk) -> None:
    record = read(desk, desk.log()["id"])
    assert (record.state.name_en, record.next_step) == ("Received", "T2")
    assert record.customer.name == "王芳"
    assert record.body is not None
    assert record.body.what_happened.startswith("The brakes")
    assert record.owner is not None and record.owner.key == "p1"
    assert record.next_clock is not None and record.next_clock.clock == "acknowledge"
    step = record.step("T2")
    assert step is not None and step.may


def test_clocks_tell_their_ledger_and_stand_by_due_date(desk: ComplaintDesk) -> None:
    row = investigated(desk)
    row = desk.step(row, "T6", wait_for="customer", what="photos", until=desk.iso(days=2))
    desk.later(days=1)
    record = read(desk, row["id"])
    running = [clock for clock in record.clocks if clock.state != "stopped"]
    assert [clock.due for clock in running] == sorted(clock.due for clock in running)
    assert all(clock.state == "stopped" for clock in record.clocks[len(running) :])
    decide = next(clock for clock in record.clocks if clock.clock == "decide")
    assert (decide.state, [line.event for line in decide.lines]) == (
        "paused",
        ["start", "recompute", "pause"],
    )
    assert decide.paused_seconds > 0


def test_a_ledger_names_the_calendar_it_was_worked_out_with(desk: ComplaintDesk) -> None:
    line = read(desk, desk.log()["id"]).clocks[0].lines[0]
    assert (line.by, line.calendar) == ("cn-default/1", Named("1", "China, office hours", "中国，办公时间"))


def test_history_is_newest_first_with_words_and_changes(desk: ComplaintDesk) -> None:
    row = investigated(desk)
    desk.step(row, "T6", wait_for="customer", what="photos of the pan", until=desk.iso(days=2))
    record = read(desk, row["id"])
    assert [event.transition for event in record.events] == ["T6", "T5", "T4", "T2", "T1"]
    assert record.events[0].words == "photos of the pan"
    assert ("state", "INVESTIGATING", "WAITING") in record.events[0].changed
    assert record.events[0].who is not None and record.events[0].who.key == "p1"


def test_notes_of_the_complaint_are_its_log(desk: ComplaintDesk) -> None:
    row = desk.log()
    with desk.work() as work:
        work.do(append_note(work.author, "Rang the workshop.", complaint_id=row["id"]))
        work.commit()
    assert [line.text for line in read(desk, row["id"]).log] == ["Rang the workshop."]


def test_what_a_new_proposal_replaces_does_not_count_against_the_limit(desk: ComplaintDesk) -> None:
    row = investigated(desk)
    remedies = [{"type": "voucher", "value": 15000}]
    row = desk.step(
        row,
        "T8",
        cause="wrong_part",
        cause_class="B",
        finding="upheld",
        remedies=remedies,
        reason_text="Ours.",
    )
    proposed = read(desk, row["id"])
    assert (proposed.granted, [line.value for line in proposed.remedies]) == (0, [15000])
    assert proposed.limit_own == 20000
    row = desk.step(row, "T9", proposal_version=1, call_id=str(UUID(int=22)), sent_via="phone")
    assert read(desk, row["id"]).granted == 0, "the customer may refuse it"
    ordered = [{"id": str(line.id), "order_id": "SO-1"} for line in proposed.remedies]
    desk.step(row, "T11", accepted_by="王芳", how="said", remedies_state=ordered)
    assert read(desk, row["id"]).granted == 15000


def test_links_lead_both_ways(desk: ComplaintDesk) -> None:
    first = desk.log()
    second = desk.log(repeat_of=first["id"])
    third = desk.log()
    desk.step(third, "T19", CHEN, target_id=str(first["id"]))
    links = {(link.relation, link.number) for link in read(desk, first["id"]).links}
    assert links == {("repeated_by", second["number"]), ("merged_from", third["number"])}
    assert [link.relation for link in read(desk, second["id"]).links] == ["repeats"]
    assert [link.relation for link in read(desk, third["id"]).links] == ["merged_into"]


def test_without_the_body_only_the_head_is_told_and_whom_to_ask(desk: ComplaintDesk) -> None:
    row = desk.log(restricted=True)
    desk.veil(row["id"])
    record = read(desk, row["id"])
    assert (record.body, record.steps, record.events) == (None, (), ())
    assert record.owner is not None and record.owner.key == "p1"
    assert (record.category, record.customer.name) == ((), "")


def test_a_complaint_that_is_not_here(desk: ComplaintDesk) -> None:
    with pytest.raises(NotFound):
        read(desk, UUID(int=99))


def test_the_role_decides_what_is_offered(desk: ComplaintDesk) -> None:
    row = investigated(desk)
    desk.who = DORA
    record = read(desk, row["id"])
    assert record.supervisor
    assert record.limit_own == record.limit_supervisor
    merge = record.step("T19")
    assert merge is not None and merge.may
    desk.who = ANNA
    merge = read(desk, row["id"]).step("T19")
    assert merge is not None and [text.template for text in merge.refused] == ["Your role may not do this."]


def test_complaints_are_found_by_number_as_people_type_it(desk: ComplaintDesk) -> None:
    row = desk.log()
    number = read_number("c26 k7q 0001")
    assert number is not None
    (found,) = numbered(desk.connection, number)
    assert (found.id, found.number, found.customer) == (row["id"], "C26-K7Q-0001", "王芳")
    wrong = read_number("C26-K7Q-0002")
    assert wrong is not None and numbered(desk.connection, wrong) == ()


def test_everything_that_grows_is_read_through_indexes(desk: ComplaintDesk) -> None:
    row = investigated(desk)
    asked: list[str] = []
    desk.connection.set_trace_callback(asked.append)
    read(desk, row["id"])
    desk.connection.set_trace_callback(None)
    plans = [plan[3] for sql in asked for plan in desk.connection.execute(f"EXPLAIN QUERY PLAN {sql}")]
    assert {plan.split()[1] for plan in plans if plan.startswith("SCAN")} <= LISTS_OF_THE_HOUSE
    assert len(asked) < 50


def test_business_days_ahead_are_told_for_hints(desk: ComplaintDesk) -> None:
    record = read(desk, desk.log()["id"])
    assert record.closes[0] > desk.now
    assert all(a < b for a, b in zip(record.closes, record.closes[1:], strict=False))
    assert record.closes[0] - desk.now < timedelta(days=2)
