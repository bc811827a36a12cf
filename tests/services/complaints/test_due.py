"""What time does at a desk that works alone: once, in nobody's name, and only what is due."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import pytest

from crmdesk.errors import InvalidInput
from crmdesk.models.clock import Ledger
from crmdesk.models.complaint_file import ComplaintFile, Step
from crmdesk.models.complaint_step import ledger_of
from crmdesk.models.deadline import BUSINESS_MINUTES, Span
from crmdesk.models.gates import Actor
from crmdesk.models.steps import take
from crmdesk.models.timetable import sampled
from crmdesk.models.wire import Row
from crmdesk.services.complaints import taking
from crmdesk.services.complaints.due import DueClock, find_due, run_due
from crmdesk.services.complaints.files import file_of
from crmdesk.services.complaints.procedure import Editions, House, Procedure
from crmdesk.services.complaints.record import complaint_record
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.settings import Settings
from tests.models.cases import PAYLOADS
from tests.models.hours import wall
from tests.services.complaints.house import ANNA, CALL, CHECKLIST, CHEN, DORA, EMIL, ComplaintDesk
from tests.services.complaints.test_procedure import SHORT

if TYPE_CHECKING:
    from crmdesk.services.store.store import Store

ASSESSED: dict[str, Any] = {"severity": "S3", "regime": "none", "cause_class": "B"}
ASSESSED["impact"] = {"persons": 0, "money": 0}
REFUND: list[dict[str, Any]] = [{"type": "refund", "value": 100_00}]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    made = ComplaintDesk(tmp_path)
    yield made
    made.close()


def id_sampled(*, yes: bool) -> UUID:
    """An id that is in the sample of 20 %, or is not."""
    return next(made for n in itertools.count(5000) if sampled(made := UUID(int=n), 20) is yes)


def at_work(desk: ComplaintDesk, row_id: UUID | None = None, **assessed: Any) -> Row:
    fields = {
        **PAYLOADS["T1"],
        "received_at": desk.now.isoformat(),
        "customer_id": None,
        "unidentified": True,
        "call_id": str(CALL),
    }
    with desk.work() as work:
        row = taking.open_complaint(work, desk.rules(), "K7Q", fields, taking.Intake(), row_id)
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    row = desk.step(row, "T4", DORA, **{**ASSESSED, **assessed})
    return desk.step(row, "T5", contacted_at=desk.iso())


def resolved(desk: ComplaintDesk, row_id: UUID | None = None, **assessed: Any) -> Row:
    row = at_work(desk, row_id, **assessed)
    row = desk.step(row, "T8", DORA, **{**PAYLOADS["T8"], "remedies": REFUND})
    row = desk.step(row, "T9", CHEN, proposal_version=1, call_id=str(CALL), sent_via="phone")
    lines = [{"id": str(each["id"]), "done_at": desk.iso()} for each in desk.rows("remedy_line", row["id"])]
    return desk.step(row, "T11", accepted_by="He", how="said", remedies_state=lines)


def run(desk: ComplaintDesk) -> int:
    with desk.work() as work:
        return run_due(work, desk.rules())


def tasks(desk: ComplaintDesk, row: Row, errand: str) -> list[Row]:
    return [each for each in desk.rows("task", row["id"]) if each["errand"] == errand]


def events(desk: ComplaintDesk, row: Row, transition: str) -> list[Row]:
    return [each for each in desk.rows("complaint_event", row["id"]) if each["transition"] == transition]


def test_a_wait_ends_at_its_date_in_nobodys_name_and_once(desk: ComplaintDesk) -> None:
    row = at_work(desk)
    before = row["next_due_at"]
    desk.step(row, "T6", wait_for="customer", what="An invoice.", until=desk.iso(days=2))
    desk.later(days=2, seconds=-10)
    run(desk)
    assert events(desk, row, "T7") == []
    desk.later(seconds=10)
    run(desk)
    assert desk.row("complaint", row["id"])["state"] == "INVESTIGATING"
    assert desk.row("complaint", row["id"])["next_due_at"] > before
    assert [event["author"] for event in events(desk, row, "T7")] == [""]
    assert run(desk) == 0


@pytest.mark.parametrize(
    ("severity", "in_sample", "state"),
    [
        ("S3", False, "FOLLOW_UP"),
        ("S4", True, "FOLLOW_UP"),
        ("S4", False, "CLOSED"),
    ],
)
def test_who_is_to_be_asked_is_and_who_is_not_is_closed(
    desk: ComplaintDesk, severity: str, in_sample: bool, state: str
) -> None:
    row = resolved(desk, id_sampled(yes=in_sample), severity=severity)
    desk.now = row["follow_up_at"] - timedelta(seconds=1)
    run(desk)
    assert desk.row("complaint", row["id"])["state"] == "RESOLVED"
    desk.later(seconds=1)
    run(desk)
    assert desk.row("complaint", row["id"])["state"] == state
    assert len(tasks(desk, row, "follow_up")) == (state == "FOLLOW_UP")
    assert run(desk) == 0


def test_who_asks_on_the_day_that_was_told_is_in_time(desk: ComplaintDesk) -> None:
    row = resolved(desk)
    told = row["next_due_at"]
    assert (row["next_clock"], wall(told)) == ("follow_up", "2026-03-09 18:00")
    assert wall(row["follow_up_at"]) == "2026-03-09 09:00"
    desk.now = row["follow_up_at"]
    run(desk)
    (task,) = tasks(desk, row, "follow_up")
    assert task["due_at"] == told
    desk.now = told - timedelta(seconds=1)
    row = {**desk.row("complaint_body", row["id"]), **desk.row("complaint", row["id"])}
    desk.step(row, "T16", declined=True, root_cause="wrong_part")
    ledger = ledger_of(desk.rows("clock_line", row["id"]))
    assert ledger.standings(desk.now, desk.rules().rules.measures)["follow_up"].verdict == "met"


def test_nobody_is_asked_before_it_is_resolved(desk: ComplaintDesk) -> None:
    """A clock of hours is due on the day it begins, whose opening is long past."""
    rules = desk.rules()
    spans = {**rules.rules.targets.spans, ("follow_up", "S3"): Span(240, BUSINESS_MINUTES)}
    targets = replace(rules.rules.targets, spans=spans)
    row = resolved(desk)
    file = replace(file_of(StoredRows(desk.connection), row["id"]), ledger=Ledger())
    step = Step(
        file,
        Actor(None, "system"),
        {"how": "said", "accepted_by": "He", "remedies_state": []},
        desk.now,
        replace(rules.rules, targets=targets),
        ANNA,
    )
    outcome = take(rules.rules.workflow.transition("T11"), step)
    assert outcome.changed["follow_up_at"] == desk.now


def test_a_level_comes_by_time_to_whom_it_names(desk: ComplaintDesk) -> None:
    row = at_work(desk)
    due = next(line for line in desk.rows("clock_line", row["id"]) if line["clock"] == "decide")["due"]
    desk.now = due - timedelta(seconds=1)
    run(desk)
    assert desk.row("complaint", row["id"])["level"] == 0
    desk.later(seconds=1)
    run(desk)
    assert desk.row("complaint", row["id"])["level"] == 1
    assert {task["owner_id"] for task in tasks(desk, row, "escalated")} == {CHEN, DORA, EMIL}
    assert run(desk) == 0
    head = desk.row("complaint", row["id"])
    head = desk.step(head, "E1", CHEN, to_level=3, reason="The press.")
    head = desk.step(head, "E1", CHEN, to_level=1, reason="They lost interest.")
    assert run(desk) == 0
    desk.later(days=10)
    run(desk)
    assert desk.row("complaint", row["id"])["level"] == 2


def test_what_a_supervisor_lowers_does_not_rise_again_by_what_is_past(desk: ComplaintDesk) -> None:
    row = at_work(desk)
    desk.step(row, "E1", CHEN, to_level=3, reason="The press.")
    desk.later(days=16)
    run(desk)
    head = desk.step(desk.row("complaint", row["id"]), "E1", CHEN, to_level=1, reason="They lost interest.")
    run(desk)
    assert desk.row("complaint", row["id"])["level"] == 1, "level 2 was due days ago, and is his to judge"
    desk.step(head, "E1", CHEN, to_level=2, reason="They came back.")
    run(desk)
    assert desk.row("complaint", row["id"])["level"] == 2
    assert len(events(desk, row, "E1")) == 3


def test_the_owner_is_reminded_once_for_each_share_and_of_the_latest_alone(desk: ComplaintDesk) -> None:
    row = at_work(desk)
    assert (row["next_clock"], tasks(desk, row, "reminder")) == ("update", [])
    desk.now = row["next_due_at"] - timedelta(hours=1)
    run(desk)
    run(desk)
    (told,) = tasks(desk, row, "reminder")
    assert (told["note"], told["owner_id"], told["due_at"]) == ("update 75 %", ANNA, row["next_due_at"])
    assert told["subject"] == row["number"]
    desk.now = row["next_due_at"]
    run(desk)
    assert {each["note"] for each in tasks(desk, row, "reminder")} == {"update 75 %", "update 100 %"}


def test_what_came_from_another_system_is_left_in_peace(desk: ComplaintDesk) -> None:
    row = at_work(desk)
    desk.connection.execute("UPDATE complaint SET imported = 1")
    desk.later(days=40)
    assert run(desk) == 0
    assert tasks(desk, row, "reminder") == []


def test_what_is_known_of_a_complaint_holds_until_a_step_changes_it(desk: ComplaintDesk) -> None:
    row = at_work(desk)
    known: dict[UUID, Any] = {}
    assert find_due(desk.connection, desk.rules(), desk.now, known) == []
    (version, at) = known[row["id"]]
    assert version == row["rev"]
    assert find_due(desk.connection, desk.rules(), at, {**known}) == [row["id"]]
    desk.step(row, "T18", DORA, words="Leave it.", channel="phone")
    assert find_due(desk.connection, desk.rules(), at, known) == []
    assert known == {}


def test_a_shared_desk_leaves_it_to_the_server(desk: ComplaintDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work(desk)
    desk.later(days=30)
    monkeypatch.setattr("crmdesk.services.complaints.due.is_shared", lambda _: True)
    assert run(desk) == 0


def test_while_the_customer_is_waited_for_nothing_rises(desk: ComplaintDesk) -> None:
    row = at_work(desk)
    desk.step(row, "T6", wait_for="customer", what="An invoice.", until=desk.iso(days=40))
    desk.later(days=25)
    run(desk)
    assert desk.row("complaint", row["id"])["level"] == 0
    assert {each["note"] for each in tasks(desk, row, "reminder")} == {"waiting 50 %"}


def test_once_the_decision_is_told_no_level_comes_by_time(desk: ComplaintDesk) -> None:
    row = at_work(desk)
    row = desk.step(row, "T8", DORA, **{**PAYLOADS["T8"], "remedies": REFUND})
    desk.step(row, "T9", CHEN, proposal_version=1, call_id=str(CALL), sent_via="phone")
    desk.later(days=25)
    run(desk)
    assert desk.row("complaint", row["id"])["level"] == 0


def test_a_new_edition_of_the_calendar_works_out_what_runs_anew_once(desk: ComplaintDesk) -> None:
    row = resolved(desk)
    done = desk.rows("clock_line", row["id"])
    row = at_work(desk, severity="S2", regime="CN-ODR")
    row = desk.step(row, "T6", wait_for="customer", what="An invoice.", until=desk.iso(days=1))
    desk.later(hours=2)
    row = desk.step(row, "T7")
    old = desk.rules()
    editions = Editions({old.rules.time.version: old.rules.time, SHORT.version: SHORT}, SHORT)
    rules = replace(old, rules=replace(old.rules, time=SHORT, measures=editions))
    with desk.work() as work:
        assert run_due(work, rules) > 0
        assert run_due(work, rules) == 0
    lines = recounted(desk, row["id"])
    assert [each["clock"] for each in lines] == [
        "decide",
        "resolve",
        "containment",
        "CN-ODR/resolve",
        "update",
    ]
    assert {(each["calendar"], each["event"], each["author"]) for each in lines} == {
        (SHORT.version, "recompute", "")
    }
    dues = {each["clock"]: wall(each["due"]) for each in lines}
    assert dues["decide"] == "2026-03-10 12:00", "three business days and the two hours of the wait"
    assert dues["CN-ODR/resolve"] == "2026-03-18 14:00", "no wait stops a regime"
    head = desk.row("complaint", row["id"])
    assert head["next_due_at"] == min(each["due"] for each in lines)
    assert len(events(desk, row, "calendar")) == 1
    shown = complaint_record(desk.connection, row["id"], House(), desk.author, desk.now).events
    assert "Dates by a new calendar" in {event.name.name_en for event in shown}
    ended = recounted(desk, done[0]["complaint_id"])
    assert [each["clock"] for each in ended] == ["follow_up"], "what has ended stays as it was"


@pytest.mark.parametrize(("days_after", "asked_from"), [(0, "2026-03-09 10:00"), (4.5, "2026-03-09 10:00")])
def test_who_is_asked_afterwards_is_asked_on_the_day_of_the_new_calendar(
    desk: ComplaintDesk, days_after: float, asked_from: str
) -> None:
    row = resolved(desk)
    assert wall(row["follow_up_at"]) == "2026-03-09 09:00"
    old = desk.rules()
    editions = Editions({old.rules.time.version: old.rules.time, SHORT.version: SHORT}, SHORT)
    rules = replace(old, rules=replace(old.rules, time=SHORT, measures=editions))
    desk.later(days=days_after)
    with desk.work() as work:
        run_due(work, rules)
    head = desk.row("complaint", row["id"])
    assert (wall(head["follow_up_at"]), wall(head["next_due_at"])) == (asked_from, "2026-03-09 14:00")
    assert tasks(desk, row, "follow_up") == []
    desk.now = head["follow_up_at"]
    with desk.work() as work:
        run_due(work, rules)
    assert [task["due_at"] for task in tasks(desk, row, "follow_up")] == [head["next_due_at"]]


def recounted(desk: ComplaintDesk, complaint_id: UUID) -> list[Row]:
    """The lines that a new edition of the calendar brought, in their order."""
    lines = [each for each in desk.rows("clock_line", complaint_id) if each["why"] == "calendar"]
    return sorted(lines, key=lambda each: each["n"])


class LoneStore:
    """The store of a desk as a :class:`DueClock` asks it, counting what it is asked to write."""

    def __init__(self, desk: ComplaintDesk) -> None:
        self._desk = desk
        self.written: list[UUID] = []

    def read(self, query: Callable[..., Any], *arguments: Any) -> Future[Any]:
        return done(query(self._desk.connection, *arguments))

    def write(self, use_case: Callable[..., Any], *arguments: Any) -> Future[Any]:
        self.written.append(arguments[-1])
        with self._desk.work() as work:
            return done(SimpleNamespace(result=use_case(work, *arguments)))


def done(result: Any) -> Future[Any]:
    made: Future[Any] = Future()
    made.set_result(result)
    return made


def due_clock(desk: ComplaintDesk, store: LoneStore) -> DueClock:
    return DueClock(Settings(), lambda: desk.now, cast("Store", store))


def of_a_frequent_cause(desk: ComplaintDesk) -> list[UUID]:
    """Three complaints outside the sample, whose cause asks for a decision: time cannot close them."""
    lately = int(desk.now.timestamp() * 1000) << 80
    ids = (made for n in itertools.count(lately) if not sampled(made := UUID(int=n), 20))
    rows = [resolved(desk, next(ids), severity="S4") for _ in range(3)]
    desk.now = max(row["follow_up_at"] for row in rows)
    return [row["id"] for row in rows]


def test_what_only_a_person_can_do_is_not_tried_every_half_minute(desk: ComplaintDesk) -> None:
    ids = of_a_frequent_cause(desk)
    store = LoneStore(desk)
    clock = due_clock(desk, store)
    clock.look()
    desk.later(seconds=30)
    clock.look()
    assert {desk.row("complaint", row_id)["state"] for row_id in ids} == {"FOLLOW_UP"}
    store.written.clear()
    desk.later(seconds=30)
    assert clock.look() == 0
    assert store.written == []
    desk.connection.execute("UPDATE complaint_body SET cause = 'another' WHERE id = ?", (ids[0].bytes,))
    desk.later(minutes=10)
    clock.look()
    assert desk.row("complaint", ids[0])["state"] == "CLOSED", "it is tried again, but seldom"


def test_a_complaint_that_cannot_go_on_keeps_no_other_waiting(
    desk: ComplaintDesk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    first, second = sorted(resolved(desk)["id"] for _ in range(2))
    desk.now = desk.row("complaint", second)["follow_up_at"]

    def out_of_the_calendar(work: UnitOfWork, rules: Procedure, file: ComplaintFile, *step: Any) -> bool:
        if file.fields["id"] == first:
            raise InvalidInput("The calendar is worked out for 2010 to 2039 only.")
        return taking.take_by_time(work, rules, file, *step)

    monkeypatch.setattr("crmdesk.services.complaints.due.take_by_time", out_of_the_calendar)
    due_clock(desk, LoneStore(desk)).look()
    assert desk.row("complaint", second)["state"] == "FOLLOW_UP"
    assert str(first) in caplog.text
    caplog.clear()
