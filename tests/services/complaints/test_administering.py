"""What an administrator may put right in a complaint: who owns it, and what was mistyped."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import Conflict, CrmdeskError, Denied, InvalidInput
from crmdesk.models.agent import save_code
from crmdesk.models.payload import CORRECTED
from crmdesk.models.wire import Row
from crmdesk.services.complaints.allowed import AskedField, allowed
from crmdesk.services.complaints.facts import fact_from_events, fact_of
from crmdesk.services.complaints.files import actor_of, file_of
from crmdesk.services.store.rows import StoredRows
from tests.services.complaints.house import (
    ANNA,
    BELA,
    CHEN,
    IDA,
    OTHER_TEAM,
    ComplaintDesk,
    under_regime,
)

TOLD = {"what": "Anna is on leave.", "reason": "Her week."}
SAME = frozenset({"rev", "last_operation_id", "last_step_at"})
"""Fields that every step moves on."""
HANDED = frozenset({"owner_id", "team_id", "handed_over_by", "hand_overs", "author"})


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    made = ComplaintDesk(tmp_path)
    yield made
    made.close()


def administer(desk: ComplaintDesk, row: Row, **fields: Any) -> Row:
    return desk.step(row, "D1", IDA, **{**TOLD, **fields})


def refused(desk: ComplaintDesk, kind: type[CrmdeskError], row: Row, why: str, **fields: Any) -> None:
    with pytest.raises(kind, match=why):
        administer(desk, row, **fields)


def changed(before: Row, after: Row) -> set[str]:
    return {name for name in after if before[name] != after[name]} - SAME


def last_event(desk: ComplaintDesk, row: Row) -> Row:
    return max(desk.rows("complaint_event", row["id"]), key=lambda each: int(each["version"]))


def asked(desk: ComplaintDesk, row: Row, who: UUID = IDA) -> dict[str, AskedField]:
    """The fields of an administrator's form for a complaint."""
    desk.who = who
    rows = StoredRows(desk.connection)
    actor = actor_of(rows, desk.connection, desk.author)
    steps = allowed(rows, desk.connection, desk.rules(), file_of(rows, row["id"]), actor, desk.now)
    return {field.name: field for step in steps if step.transition == "D1" for field in step.fields}


def ended(desk: ComplaintDesk) -> Row:
    return desk.step(desk.log(), "T18", CHEN, words="Enough.", channel="phone")


def test_a_new_owner_gets_it_as_by_a_hand_over(desk: ComplaintDesk) -> None:
    with desk.work() as work:
        work.do(save_code(work.author, "agent", {"id": str(BELA), "team_id": str(OTHER_TEAM)}))
        work.commit()
    by_hand, by_administrator = under_regime(desk, "UK-8W"), under_regime(desk, "UK-8W")
    handed = desk.step(by_hand, "H1", CHEN, to=str(BELA), open_points="Call him.")
    given = administer(desk, by_administrator, to=str(BELA))
    assert changed(by_administrator, given) == changed(by_hand, handed) == HANDED
    assert {name: given[name] for name in HANDED} == {name: handed[name] for name in HANDED}
    assert (given["owner_id"], given["team_id"], given["handed_over_by"]) == (BELA, OTHER_TEAM, ANNA)
    for row in (by_hand, by_administrator):
        (task,) = (each for each in desk.rows("task", row["id"]) if each["errand"] == "taken_over")
        assert (task["owner_id"], task["team_id"]) == (BELA, OTHER_TEAM)
        events = desk.rows("complaint_event", row["id"])
        told = fact_from_events(events, (), desk.rules().rules.time)
        held = StoredRows(desk.connection)
        fields = file_of(held, row["id"]).fields
        assert told.handed_over == fact_of(fields).handed_over == 1


def test_a_new_owner_is_somebody_else_who_takes_steps(desk: ComplaintDesk) -> None:
    row = desk.log()
    refused(desk, InvalidInput, row, "handles no complaints. Choose another owner", to=str(IDA))
    refused(desk, Denied, row, "He owns it already", to=str(ANNA))
    assert administer(desk, row, to=str(CHEN))["owner_id"] == CHEN


def test_what_has_ended_keeps_its_owner(desk: ComplaintDesk) -> None:
    row, goes = ended(desk), desk.log()
    refused(desk, Denied, row, "What has ended keeps its owner", to=str(BELA))
    assert "to" not in asked(desk, row)
    assert "to" in asked(desk, goes)


@pytest.mark.parametrize("who", [ANNA, CHEN])
def test_nobody_but_an_administrator_does_it(desk: ComplaintDesk, who: Any) -> None:
    row = desk.log()
    for given in ({}, {"to": str(BELA)}, {"corrections": {"complainant": "Li Wei"}}):
        with pytest.raises(Denied, match="Your role may not do this"):
            desk.step(row, "D1", who, **TOLD, **given)


def test_what_was_done_and_why_are_always_told(desk: ComplaintDesk) -> None:
    row = desk.log()
    for missing in TOLD:
        refused(desk, InvalidInput, row, "Please fill in", to=str(BELA), **{missing: " "})


@pytest.mark.parametrize("state", ["RECEIVED", "WITHDRAWN"])
def test_a_mistyped_text_is_put_right_and_nothing_else(desk: ComplaintDesk, state: str) -> None:
    wrong: dict[str, Any] = {"complainant": "Li Wie", "third_party": "Ma Hong", "outlet": "Nroth"}
    row = desk.log(**wrong)
    if state == "WITHDRAWN":
        row = desk.step(row, "T18", CHEN, words="Enough.", channel="phone")
    lines, tasks = desk.rows("clock_line", row["id"]), desk.rows("task", row["id"])
    facts = "The brakes squealed twice."
    right = {"complainant": " Li\nWei ", "third_party": "", "what_happened": f" {facts} ", "outlet": "North"}
    done = administer(desk, row, corrections=right)
    assert changed(row, done) == set(CORRECTED)
    cleaned = {"complainant": "Li Wei", "third_party": "", "what_happened": facts, "outlet": "North"}
    assert {name: done[name] for name in CORRECTED} == cleaned
    event = last_event(desk, row)
    assert json.loads(event["after"]) == cleaned
    assert json.loads(event["before"]) == {**wrong, "what_happened": row["what_happened"]}
    assert (event["from_state"], event["to_state"]) == (state, state)
    assert desk.rows("clock_line", row["id"]) == lines
    assert desk.rows("task", row["id"]) == tasks


def test_corrections_are_texts_of_the_intake(desk: ComplaintDesk) -> None:
    row = desk.log()
    parts = "corrections must have the parts complainant, third_party, what_happened, outlet"
    refused(desk, InvalidInput, row, parts, corrections={"severity": "S4"})
    refused(desk, InvalidInput, row, "corrections must be text", corrections={"complainant": None})
    refused(desk, InvalidInput, row, "200 characters at most", corrections={"outlet": "x" * 201})
    refused(desk, Denied, row, "in 10 characters at least", corrections={"what_happened": "It leaks!"})
    refused(desk, Denied, row, "in 10 characters at least", corrections={"what_happened": ""})
    assert changed(row, administer(desk, row, corrections={})) == set()


def test_two_who_correct_the_same_text_do_not_do_it_unseen(desk: ComplaintDesk) -> None:
    row = desk.log()
    administer(desk, row, corrections={"outlet": "North"})
    desk.connection.execute("UPDATE complaint_event SET device = 'another' WHERE transition = 'D1'")
    refused(desk, Conflict, row, "was changed meanwhile: outlet", corrections={"outlet": "South"})


def test_the_form_begins_with_what_stands_there(desk: ComplaintDesk) -> None:
    row = desk.log(complainant="Li Wie")
    field = asked(desk, row)["corrections"]
    assert field.default == {
        "complainant": "Li Wie",
        "third_party": "",
        "what_happened": row["what_happened"],
        "outlet": "",
    }
    assert tuple(choice.value for choice in field.choices) == CORRECTED
    assert asked(desk, row, ANNA)["corrections"].default is None, "not told twice to who may not use it"
