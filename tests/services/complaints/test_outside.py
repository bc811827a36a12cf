"""A body outside decides against us: whoever opens the complaint then is led to take it up again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import Denied
from crmdesk.models.complaint_step import ledger_of
from crmdesk.models.wire import Row
from crmdesk.services.complaints.due import act_on
from crmdesk.services.complaints.procedure import House
from crmdesk.services.complaints.record import complaint_record
from crmdesk.services.complaints.record_view import ComplaintRecord
from tests.services.complaints.house import (
    CALL,
    CHEN,
    ComplaintDesk,
    followed_up,
    proposed,
    settled,
    survey,
    under_regime,
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    made = ComplaintDesk(tmp_path)
    yield made
    made.close()


def letter_from(desk: ComplaintDesk, row: Row, **said: Any) -> Row:
    """Write down a letter of the market authority."""
    return desk.step(row, "E2", body="12315", reference="SH-17", date=desk.iso(), **said)


def record(desk: ComplaintDesk, row: Row, who: UUID = CHEN) -> ComplaintRecord:
    desk.who = who
    return complaint_record(desk.connection, row["id"], House(), desk.author, desk.now)


def asked(desk: ComplaintDesk, row: Row) -> list[tuple[UUID | None, UUID | None]]:
    """Return whose errand it is to take it up: owner and team."""
    tasks = [each for each in desk.rows("task", row["id"]) if each["errand"] == "outside_decision"]
    return [(each["owner_id"], each["team_id"]) for each in tasks if each["state"] == "open"]


def closed(desk: ComplaintDesk) -> Row:
    row = followed_up(desk)
    row = {**row, **desk.row("complaint_body", row["id"]), **desk.row("complaint", row["id"])}
    return desk.step(row, "T16", survey_id=survey(desk, row, 60), root_cause="wrong_part")


def rejected(desk: ComplaintDesk) -> Row:
    row = desk.log()
    fields: dict[str, Any] = {"reason": "query", "other_route": "The dealer.", "letter_id": desk.letter(row)}
    return desk.step(row, "T3", **fields)


@pytest.mark.parametrize("decided", ["upheld", "partly"])
@pytest.mark.parametrize(
    ("ended", "step"),
    [(settled, "T20"), (closed, "T20"), (followed_up, "T17"), (rejected, "T21")],
    ids=["resolved", "closed", "followed up", "rejected"],
)
def test_the_next_thing_is_to_take_it_up_again(
    desk: ComplaintDesk, ended: Any, step: str, decided: str
) -> None:
    row = ended(desk)
    row = letter_from(desk, {**row, **desk.row("complaint", row["id"])}, decided=decided)
    assert record(desk, row).next_step == step
    assert record(desk, row).decided_outside
    assert asked(desk, row) == [(None, row["team_id"])], "of the team, not of who decided it"


@pytest.mark.parametrize("said", [{}, {"decided": "not_upheld"}])
def test_what_they_do_not_decide_against_us_changes_nothing(desk: ComplaintDesk, said: Any) -> None:
    row = letter_from(desk, closed(desk), **said)
    assert (record(desk, row).next_step, asked(desk, row)) == ("", [])


def test_while_somebody_works_on_it_the_next_step_stays(desk: ComplaintDesk) -> None:
    row = letter_from(
        desk, desk.step(under_regime(desk, "none"), "T5", contacted_at=desk.iso()), decided="upheld"
    )
    assert (record(desk, row).next_step, asked(desk, row)) == ("T8", [])
    row = desk.step(proposed(desk, row), "T9", proposal_version=1, call_id=str(CALL), sent_via="phone")
    lines = desk.rows("remedy_line", row["id"])
    done = [{"id": str(each["id"]), "done_at": desk.iso()} for each in lines]
    row = desk.step(row, "T11", accepted_by="王芳", how="said", remedies_state=done)
    assert record(desk, row).next_step == "", "we knew of it when we decided"


def test_the_form_begins_with_the_reason_and_its_step_ends_the_errand(desk: ComplaintDesk) -> None:
    row = letter_from(desk, closed(desk), decided="upheld")
    step = record(desk, row).step("T20")
    assert step is not None
    assert next(field for field in step.fields if field.name == "reason").default == "external"
    row = desk.step(row, "T20", CHEN, reason="external", text="SH-17 decided for her.")
    assert (row["state"], row["reopen_why"]) == ("INVESTIGATING", "external")
    assert (record(desk, row).next_step, asked(desk, row)) == ("T8", [])
    assert not record(desk, row).decided_outside
    plain = record(desk, row).step("T20")
    assert plain is not None
    assert next(field for field in plain.fields if field.name == "reason").default is None


def test_months_later_only_a_supervisor_can_and_his_team_is_asked(desk: ComplaintDesk) -> None:
    row = closed(desk)
    desk.later(days=90)
    row = letter_from(desk, row, decided="upheld")
    with pytest.raises(Denied):
        desk.step(row, "T20", reason="external", text="Decided for her.")
    assert asked(desk, row) == [(None, row["team_id"])]
    desk.step(row, "T20", CHEN, reason="external", text="Decided for her.")


def test_time_going_on_does_not_make_it_forgotten(desk: ComplaintDesk) -> None:
    row = letter_from(desk, settled(desk), decided="upheld")
    desk.later(days=30)
    with desk.work() as work:
        act_on(work, desk.rules(), row["id"])
    row = {**row, **desk.row("complaint", row["id"])}
    assert row["state"] in {"FOLLOW_UP", "CLOSED"}
    assert record(desk, row).next_step in {"T17", "T20"}
    assert len(asked(desk, row)) == 1


def test_their_decision_ends_the_clock_of_our_answer_and_stands_in_the_history(desk: ComplaintDesk) -> None:
    row = letter_from(desk, settled(desk), their_deadline=desk.iso(days=9))

    def answer() -> str:
        ledger = ledger_of(desk.rows("clock_line", row["id"]))
        return ledger.standings(desk.now, desk.rules().rules.measures)["12315/answer"].state

    assert answer() == "running"
    row = letter_from(desk, row, decided="not_upheld")
    assert answer() == "stopped"
    assert record(desk, row).events[0].words == "not_upheld"
