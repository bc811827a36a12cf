"""What a step names fits: letter, survey and owner, and times that are over."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import CrmdeskError, Denied, InvalidInput, NotFound
from crmdesk.models.wire import Row
from crmdesk.services.complaints.allowed import allowed
from crmdesk.services.complaints.files import actor_of, file_of
from crmdesk.services.store.rows import StoredRows
from tests.services.complaints.house import (
    ANNA,
    BELA,
    CALL,
    CHECKLIST,
    CHEN,
    IDA,
    ComplaintDesk,
    followed_up,
    proposed,
    survey,
)

CLOSED = {"root_cause": "wrong_part"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    made = ComplaintDesk(tmp_path)
    yield made
    made.close()


def choices(desk: ComplaintDesk, row: Row, step: str, field: str) -> list[Any]:
    rows = StoredRows(desk.connection)
    actor = actor_of(rows, desk.connection, desk.author)
    found = allowed(rows, desk.connection, desk.rules(), file_of(rows, row["id"]), actor, desk.now)
    asked = (one for each in found if each.transition == step for one in each.fields if one.name == field)
    return [choice.value for one in asked for choice in one.choices]


def refused(
    desk: ComplaintDesk, kind: type[CrmdeskError], row: Row, step: str, why: str, **fields: Any
) -> None:
    with pytest.raises(kind, match=why):
        desk.step(row, step, **fields)


def test_a_decision_is_told_by_a_letter_that_tells_it(desk: ComplaintDesk) -> None:
    row = proposed(desk)
    acknowledged, decided = desk.letter(row, "acknowledgement"), desk.letter(row, "decision")
    told: dict[str, Any] = {"proposal_version": 1, "sent_via": "mail"}
    assert choices(desk, row, "T9", "letter_id") == [decided]
    why = "does not tell the decision"
    refused(desk, InvalidInput, row, "T9", why, **told, letter_id=acknowledged)
    assert desk.step(row, "T9", **told, letter_id=decided)["state"] == "RESPONDED"


def test_a_rejection_is_told_by_the_letter_that_rejects(desk: ComplaintDesk) -> None:
    row = desk.log()
    acknowledged = desk.letter(row, "acknowledgement")
    given: dict[str, Any] = {"reason": "query", "other_route": "The maker."}
    refused(desk, InvalidInput, row, "T3", "does not tell", **given, letter_id=acknowledged)
    assert desk.step(row, "T3", **given, letter_id=desk.letter(row))["state"] == "REJECTED"


def test_a_bad_score_is_closed_by_a_supervisor_whatever_survey_is_named(desk: ComplaintDesk) -> None:
    other = survey(desk, desk.log(), 90)
    row = followed_up(desk)
    good = survey(desk, row, 60)
    survey(desk, row, -60)
    refused(desk, NotFound, row, "T16", "another complaint", survey_id=other, **CLOSED)
    refused(desk, NotFound, row, "T16", "not here", survey_id=str(UUID(int=7)), **CLOSED)
    refused(desk, Denied, row, "T16", "supervisor closes", survey_id=good, **CLOSED)
    assert desk.step(row, "T16", CHEN, survey_id=good, **CLOSED)["state"] == "CLOSED"


def test_who_takes_no_steps_owns_no_complaint(desk: ComplaintDesk) -> None:
    row = desk.log()
    why = "handles no complaints. Choose another owner"
    acknowledged = {"checklist": CHECKLIST, "ack_channel": "phone"}
    refused(desk, InvalidInput, row, "T2", why, **acknowledged, owner=str(IDA))
    refused(desk, InvalidInput, row, "H1", why, to=str(IDA), open_points="x")
    desk.connection.execute("UPDATE agent SET active = 0 WHERE id = ?", (BELA.bytes,))
    refused(desk, InvalidInput, row, "H1", why, to=str(BELA), open_points="x")
    assert desk.step(row, "H1", to=str(CHEN), open_points="x")["owner_id"] == CHEN


def test_nobody_has_spoken_with_the_customer_tomorrow(desk: ComplaintDesk) -> None:
    row = desk.step(desk.log(), "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    impact = {"persons": 0, "money": 0}
    row = desk.step(row, "T4", severity="S3", impact=impact, regime="none", cause_class="B")
    why = "has to have spoken"
    refused(desk, Denied, row, "T5", why, contacted_at=desk.iso(days=1))
    refused(desk, Denied, row, "T5", why, attempts=[desk.iso(hours=-1), desk.iso(days=1)])
    assert desk.step(row, "T5", contacted_at=desk.iso(minutes=1))["state"] == "INVESTIGATING"


def test_nobody_was_asked_and_nothing_was_done_tomorrow(desk: ComplaintDesk) -> None:
    row = desk.step(proposed(desk), "T9", proposal_version=1, call_id=str(CALL), sent_via="phone")
    done = [
        {"id": str(each["id"]), "done_at": desk.iso(days=1)} for each in desk.rows("remedy_line", row["id"])
    ]
    told = {"accepted_by": "王芳", "how": "said"}
    refused(desk, Denied, row, "T11", "done or ordered first", **told, remedies_state=done)
    row = followed_up(desk)
    parts = zip(("morning", "afternoon", "evening"), (-2, -1, 1), strict=True)
    tried = [{"part": part, "time": desk.iso(days=days)} for part, days in parts]
    refused(desk, Denied, row, "T16", "Ask the customer first", attempts=tried, **CLOSED)


def test_nobody_is_called_when_the_level_falls(desk: ComplaintDesk) -> None:
    row = desk.step(desk.log(), "E1", to_level=2, reason="He shouts.")
    called = len(desk.rows("task", row["id"]))
    assert called
    desk.step(row, "E1", CHEN, to_level=1, reason="He is calm again.")
    assert len(desk.rows("task", row["id"])) == called
