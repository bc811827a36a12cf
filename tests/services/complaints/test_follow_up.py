"""A customer is tried in three parts of the day, his answers are kept, and the errand ends with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from crmdesk.errors import Conflict, InvalidInput, NotFound
from crmdesk.models.metrics import FAST, SOLVED, VOICED
from crmdesk.models.wire import Row
from crmdesk.services.complaints.actions import ActionFields, save_action
from crmdesk.services.complaints.due import act_on
from crmdesk.services.complaints.follow_up import (
    FollowUpSheet,
    answered,
    attempts_of,
    follow_up_sheet,
    nearest_grade,
    nobody_answered,
    what_follows,
)
from crmdesk.services.complaints.surveys import Answers
from crmdesk.services.store.rows import StoredRows
from tests.services.complaints.house import ANNA, CHECKLIST, CHEN, TEAM, ComplaintDesk

SHANGHAI = ZoneInfo("Asia/Shanghai")
REMEDY = {"type": "refund", "value": 100_00, "due": "2026-03-09T00:00:00+00:00"}
SURVEY = UUID(int=501)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    desk = ComplaintDesk(tmp_path)
    yield desk
    desk.close()


def followed_up(desk: ComplaintDesk) -> Row:
    """Take a complaint to its follow-up."""
    row = desk.log()
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    impact = {"persons": 0, "money": 0}
    row = desk.step(row, "T4", CHEN, severity="S3", impact=impact, regime="none", cause_class="B")
    row = desk.step(row, "T5", CHEN, contacted_at=desk.iso())
    proposal: dict[str, Any] = {"cause": "wrong_part", "cause_class": "B", "finding": "upheld"}
    row = desk.step(row, "T8", **proposal, remedies=[REMEDY], reason_text="We fitted the wrong part.")
    row = desk.step(row, "T9", proposal_version=1, call_id=str(TEAM), sent_via="phone")
    (remedy,) = desk.rows("remedy_line", row["id"])
    done = [{"id": str(remedy["id"]), "done_at": desk.iso()}]
    row = desk.step(row, "T11", accepted_by="王芳", how="said", remedies_state=done)
    desk.now = row["follow_up_at"]
    with desk.work() as work:
        assert act_on(work, desk.rules(), row["id"])
    return {**desk.row("complaint_body", row["id"]), **desk.row("complaint", row["id"])}


def sheet(desk: ComplaintDesk, row: Row) -> FollowUpSheet:
    return follow_up_sheet(StoredRows(desk.connection), desk.rules(), row["id"], desk.now)


def try_once(desk: ComplaintDesk, row: Row, version: int | None = None) -> Row:
    with desk.work() as work:
        return nobody_answered(work, desk.rules(), row["id"], version)


def errands(desk: ComplaintDesk, row: Row) -> list[str]:
    return [task["state"] for task in desk.rows("task", row["id"]) if task["errand"] == "follow_up"]


def test_three_attempts_in_three_parts_of_the_day_close_without_an_answer(desk: ComplaintDesk) -> None:
    row = followed_up(desk)
    desk.now = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
    tried = []
    for _ in range(3):
        assert not sheet(desk, row).tried
        task = try_once(desk, row)
        tried.append(task["due_at"].astimezone(SHANGHAI).strftime("%d %H:%M"))
        desk.now = max(task["due_at"], desk.now)
    found = sheet(desk, row)
    assert [attempt.part for attempt in found.attempts] == ["morning", "afternoon", "evening"]
    assert tried[:2] == ["10 14:30", "10 18:30"]
    assert (found.tried, found.next_at) == (True, None)
    given = [{"time": each.at.isoformat(), "part": each.part} for each in found.attempts]
    row = desk.step(row, "T16", CHEN, attempts=given, root_cause="wrong_part")
    assert row["state"] == "CLOSED"
    assert errands(desk, row) == ["done"]


def test_twice_in_the_morning_is_one_part_of_the_day(desk: ComplaintDesk) -> None:
    row = followed_up(desk)
    desk.now = datetime(2026, 3, 10, 1, 0, tzinfo=UTC)
    for _ in range(3):
        try_once(desk, row)
        desk.later(minutes=20)
    found = sheet(desk, row)
    assert len(found.attempts) == 3
    assert not found.tried


def test_the_evening_goes_on_in_the_next_morning(desk: ComplaintDesk) -> None:
    row = followed_up(desk)
    desk.now = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
    due = try_once(desk, row)["due_at"].astimezone(SHANGHAI)
    assert due.strftime("%d %H:%M") == "11 09:30"


def test_an_attempt_on_an_old_view_of_the_task_is_refused(desk: ComplaintDesk) -> None:
    row = followed_up(desk)
    seen = sheet(desk, row).task_version
    try_once(desk, row, seen)
    desk.later(hours=5)
    with pytest.raises(Conflict):
        try_once(desk, row, seen)


def test_other_words_in_the_note_of_the_task_are_no_attempts() -> None:
    note = "Ask for Mr Li\n2026-03-10T01:00:00+00:00 morning\n2026-03-10 is a holiday"
    (attempt,) = attempts_of(note, SHANGHAI)
    assert attempt.part == "morning"


def test_answers_end_the_errand_and_are_kept_once(desk: ComplaintDesk) -> None:
    row = followed_up(desk)
    grades = {"result": 90, "speed": 60, "manner": 30}
    for _ in range(2):
        with desk.work() as work:
            answered(work, row["id"], Answers(grades=grades, again="yes", words="谢谢"), SURVEY)
    (survey,) = desk.rows("survey", row["id"])
    assert (survey["csm"], survey["again"], survey["words"]) == (60, "yes", "谢谢")
    assert errands(desk, row) == ["done"]
    assert desk.row("complaint_body", row["id"])["csm"] == 60
    row = desk.step(row, "T16", CHEN, survey_id=str(SURVEY), root_cause="wrong_part")
    assert row["state"] == "CLOSED"


def test_nothing_answered_is_no_answer(desk: ComplaintDesk) -> None:
    row = followed_up(desk)
    with desk.work() as work, pytest.raises(InvalidInput, match="Choose a grade"):
        answered(work, row["id"], Answers(grades={}, words=" "))
    assert errands(desk, row) == ["open"]


def test_who_is_not_satisfied_goes_on_and_the_errand_ends(desk: ComplaintDesk) -> None:
    row = followed_up(desk)
    step, fields = what_follows(-45)
    assert (step, fields) == ("T17", {"score": -60})
    row = desk.step(row, step, **fields)
    assert (row["state"], row["reopen_count"]) == ("INVESTIGATING", 1)
    assert errands(desk, row) == ["done"]


def test_what_an_answer_leads_to() -> None:
    assert what_follows(-30) == ("T17", {"score": -30})
    assert what_follows(-29) == ("T16", {})
    assert what_follows(None) == ("T16", {})
    assert [nearest_grade(csm) for csm in (90, 76, 75, 15, 14, -31, -90)] == [90, 90, 60, 0, 0, -30, -90]


def test_the_outlook_changes_with_the_answer(desk: ComplaintDesk) -> None:
    row = followed_up(desk)
    found = sheet(desk, row)
    assert found.closes
    assert [found.outlook(csm) for csm in (None, 60, 30, 29, -90)] == [FAST, FAST, FAST, VOICED, VOICED]
    late = desk.row("complaint", row["id"])["resolved_at"]
    slow = replace(found, fast_until=late.replace(year=2025))
    assert slow.outlook(60) == SOLVED


def action(desk: ComplaintDesk, **changes: Any) -> ActionFields:
    given: dict[str, Any] = {"what": "A second person signs.", "owner_id": CHEN}
    dates = {"due_at": datetime(2026, 4, 1, tzinfo=UTC), "check_at": datetime(2026, 6, 1, tzinfo=UTC)}
    return ActionFields(**{**given, **dates, **changes})


def test_a_corrective_action_is_saved_and_its_effect_written_down(desk: ComplaintDesk) -> None:
    row = followed_up(desk)
    with desk.work() as work:
        action_id = save_action(work, row["id"], action(desk))
    with desk.work() as work:
        save_action(work, row["id"], action(desk, state="worked", result="None since."), action_id)
    (held,) = desk.rows("corrective_action", row["id"])
    assert (held["cause"], held["owner_id"], held["state"]) == ("wrong_part", CHEN, "worked")
    assert (held["result"], held["check_at"]) == ("None since.", datetime(2026, 6, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"what": " "}, "what"),
        ({"owner_id": None}, "owner_id"),
        ({"due_at": None}, "due_at"),
        ({"check_at": None}, "check_at"),
        ({"check_at": datetime(2026, 3, 1, tzinfo=UTC)}, "check_at"),
        ({"state": "worked"}, "result"),
        ({"state": "forgotten"}, "state"),
    ],
)
def test_a_corrective_action_that_binds_nobody_is_refused(
    desk: ComplaintDesk, changes: dict[str, Any], field: str
) -> None:
    row = desk.log()
    with desk.work() as work, pytest.raises(InvalidInput) as refused:
        save_action(work, row["id"], action(desk, **changes))
    assert refused.value.fields == (field,)


def test_a_corrective_action_belongs_to_its_complaint(desk: ComplaintDesk) -> None:
    row, other = desk.log(), desk.log()
    with desk.work() as work:
        action_id = save_action(work, row["id"], action(desk))
    with desk.work() as work, pytest.raises(NotFound):
        save_action(work, other["id"], action(desk), action_id)
    with desk.work() as work, pytest.raises(NotFound):
        save_action(work, row["id"], action(desk, owner_id=UUID(int=999)))
