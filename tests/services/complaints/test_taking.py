"""A complaint goes through the procedure at a desk of its own, and nothing that is not allowed is written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import Conflict, Denied, InvalidInput
from crmdesk.models.complaint_step import ledger_of
from crmdesk.models.effects import replay
from crmdesk.models.gates import Actor
from crmdesk.models.operations import Operation
from crmdesk.models.wire import Row
from crmdesk.services.complaints import taking
from crmdesk.services.complaints.allowed import allowed
from crmdesk.services.complaints.files import file_of
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.store.values import from_micros
from tests.services.complaints.house import ANNA, BELA, CHECKLIST, CHEN, DORA, EMIL, TEAM, ComplaintDesk

REMEDY = [{"type": "refund", "value": 100_00, "due": "2026-03-09T00:00:00+00:00"}]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    desk = ComplaintDesk(tmp_path)
    yield desk
    desk.close()


def investigated(desk: ComplaintDesk, severity: str = "S3") -> Row:
    row = desk.log()
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    impact = {"persons": 0, "money": 0}
    row = desk.step(
        row, "T4", CHEN, severity=severity, impact=impact, regime="none", cause_class="B", containment="x"
    )
    return desk.step(row, "T5", CHEN, contacted_at=desk.iso())


def proposed(desk: ComplaintDesk, value: int = 100_00, severity: str = "S3") -> Row:
    row = investigated(desk, severity)
    return desk.step(
        row,
        "T8",
        cause="wrong_part",
        cause_class="B",
        finding="upheld",
        remedies=[{**REMEDY[0], "value": value}],
        reason_text="We fitted the wrong part.",
    )


def count(desk: ComplaintDesk, table: str) -> int:
    return int(desk.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def everything(desk: ComplaintDesk) -> dict[str, list[Any]]:
    names = [
        name
        for (name,) in desk.connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
        ).fetchall()
    ]
    return {name: desk.connection.execute(f'SELECT * FROM "{name}"').fetchall() for name in names}


def test_the_main_line_from_the_call_to_the_end(desk: ComplaintDesk) -> None:
    row = proposed(desk)
    assert row["number"] == "C26-K7Q-0001"
    assert (row["state"], row["owner_id"], row["team_id"]) == ("PROPOSED", ANNA, TEAM)
    row = desk.step(row, "T9", proposal_version=1, call_id=str(TEAM), sent_via="phone")
    (remedy,) = desk.rows("remedy_line", row["id"])
    assert remedy["granted_at"] == desk.now
    done = [{"id": str(remedy["id"]), "done_at": desk.iso()}]
    row = desk.step(row, "T11", accepted_by="王芳", how="said", remedies_state=done)
    assert row["state"] == "RESOLVED"
    assert row["next_clock"] == "follow_up"
    events = desk.rows("complaint_event", row["id"])
    assert [e["transition"] for e in sorted(events, key=lambda e: e["version"])] == (
        ["T1", "T2", "T4", "T5", "T8", "T9", "T11"]
    )


def test_each_number_is_given_once_and_may_be_told_at_once(desk: ComplaintDesk) -> None:
    assert [desk.log()["number"][-4:] for _ in range(3)] == ["0001", "0002", "0003"]


def test_the_ledger_in_the_store_is_the_one_that_was_decided(desk: ComplaintDesk) -> None:
    row = investigated(desk)
    ledger = ledger_of(desk.rows("clock_line", row["id"]))
    assert [line.n for line in ledger.lines] == list(range(1, len(ledger.lines) + 1))
    assert {"acknowledge", "decide", "resolve", "update"} <= set(ledger.runs())
    assert row["next_due_at"] == min(
        each.due
        for each in ledger.standings(desk.now, desk.rules().rules.measures).values()
        if each.state != "stopped"
    )


def test_an_agent_beyond_his_limit_is_told_to_ask_a_supervisor(desk: ComplaintDesk) -> None:
    row = proposed(desk, 300_00)
    with pytest.raises(Denied, match="approval of a supervisor"):
        desk.step(row, "T9", proposal_version=1, call_id=str(TEAM), sent_via="phone")
    assert desk.step(row, "T9", CHEN, proposal_version=1, call_id=str(TEAM), sent_via="phone")["state"] == (
        "RESPONDED"
    )


def test_above_the_limit_two_supervisors_say_yes_and_the_first_yes_is_kept(desk: ComplaintDesk) -> None:
    row = proposed(desk, 3_000_00)
    told: dict[str, Any] = {"proposal_version": 1, "call_id": str(TEAM), "sent_via": "phone"}
    row = desk.step(row, "T9", CHEN, **told)
    assert row["state"] == "PROPOSED"
    assert count(desk, "approval") == 1
    row = desk.step(row, "T9", CHEN, **told)
    assert (row["state"], count(desk, "approval")) == ("PROPOSED", 1)
    assert desk.step(row, "T9", DORA, **told)["state"] == "RESPONDED"


@pytest.mark.parametrize(
    ("value", "severity", "needed"), [(300_00, "S3", 1), (50_00, "S1", 1), (3_000_00, "S3", 2)]
)
def test_with_the_yes_of_all_who_are_needed_the_agent_tells_the_decision(
    desk: ComplaintDesk, value: int, severity: str, needed: int
) -> None:
    row = proposed(desk, value, severity)
    told: dict[str, Any] = {"proposal_version": 1, "call_id": str(TEAM), "sent_via": "phone"}
    for who in (CHEN, DORA)[:needed]:
        with pytest.raises(Denied, match="approval of a supervisor"):
            desk.step(row, "T9", **told)
        desk.who = who
        with desk.work() as work:
            taking.approve(work, desk.rules(), row["id"], 1)
        desk.who = ANNA
    assert desk.step(row, "T9", **told)["state"] == "RESPONDED"


def asked_for(desk: ComplaintDesk, row: Row, step: str) -> list[str]:
    """The fields of the form of a step."""
    rows, actor = StoredRows(desk.connection), Actor(CHEN, "supervisor")
    found = allowed(rows, desk.connection, desk.rules(), file_of(rows, row["id"]), actor, desk.now)
    return [field.name for each in found if each.transition == step for field in each.fields]


def test_containment_is_asked_for_where_its_clock_still_runs(desk: ComplaintDesk) -> None:
    row = desk.log({"severity": "S3"})
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    assert "containment" in asked_for(desk, row, "T4")
    impact = {"persons": 0, "money": 0}
    grave = {"severity": "S2", "impact": impact, "regime": "none", "cause_class": "B"}
    row = desk.step(row, "T4", CHEN, **grave)
    assert ("containment" in asked_for(desk, row, "T5"), "containment" in asked_for(desk, row, "T8")) == (
        True,
        True,
    )
    row = desk.step(row, "T5", contacted_at=desk.iso(), containment="The car is fetched.")
    assert row["containment"] == "The car is fetched."
    assert "containment" not in asked_for(desk, row, "T8")


@pytest.mark.parametrize(("step", "field"), [("T2", "owner"), ("H1", "to")])
def test_who_takes_no_steps_is_offered_no_complaint(desk: ComplaintDesk, step: str, field: str) -> None:
    row = desk.log({"severity": "S3"})
    rows, actor = StoredRows(desk.connection), Actor(CHEN, "supervisor")
    found = allowed(rows, desk.connection, desk.rules(), file_of(rows, row["id"]), actor, desk.now)
    (asked,) = [one for each in found if each.transition == step for one in each.fields if one.name == field]
    assert [choice.value for choice in asked.choices] == [
        str(each) for each in (ANNA, BELA, CHEN, DORA, EMIL)
    ]


def test_a_rejection_can_be_taken_back_until_its_letter_has_left_the_house(desk: ComplaintDesk) -> None:
    row = desk.log()
    letter = desk.letter(row)
    told: dict[str, Any] = {"reason": "query", "other_route": "The tax office.", "letter_id": letter}
    done = desk.step(row, "T3", **told)
    row = desk.step(done, "U1", operation_id=str(done["last_operation_id"]))
    assert row["state"] == "RECEIVED", "the letter was made, and lies here"
    done = desk.step(row, "T3", **told)
    desk.who = CHEN
    with desk.work() as work:
        work.do(desk.author.describe("letter.send", {"id": UUID(letter), "sent_via": "mail"}))
        work.commit()
    desk.who = ANNA
    with pytest.raises(Denied, match="A letter or mail went out"):
        desk.step(done, "U1", operation_id=str(done["last_operation_id"]))


def test_a_yes_to_a_proposal_that_was_taken_back_does_not_count_for_the_next(desk: ComplaintDesk) -> None:
    row = proposed(desk, 300_00)
    desk.who = CHEN
    with desk.work() as work:
        taking.approve(work, desk.rules(), row["id"], 1)
    desk.who = ANNA
    row = desk.step(row, "U1", operation_id=str(row["last_operation_id"]))
    again: dict[str, Any] = {"cause": "wrong_part", "cause_class": "B", "finding": "upheld"}
    again |= {"remedies": [{**REMEDY[0], "value": 1_900_00}], "reason_text": "x"}
    row = desk.step(row, "T8", **again)
    assert row["proposal_version"] == 2
    with pytest.raises(Denied, match="approval of a supervisor"):
        desk.step(row, "T9", proposal_version=2, call_id=str(TEAM), sent_via="phone")


def test_a_yes_to_an_older_proposal_does_not_count(desk: ComplaintDesk) -> None:
    row = proposed(desk, 3_000_00)
    told: dict[str, Any] = {"call_id": str(TEAM), "sent_via": "phone"}
    row = desk.step(row, "T9", CHEN, proposal_version=1, **told)
    row = desk.step(row, "T10", DORA, missing="the invoice")
    row = desk.step(
        row,
        "T8",
        cause="wrong_part",
        cause_class="B",
        finding="upheld",
        remedies=[{**REMEDY[0], "value": 4_000_00}],
        reason_text="More than we thought.",
    )
    assert row["remedy_total"] == 4_000_00
    assert sum(not line["void"] for line in desk.rows("remedy_line", row["id"])) == 1
    row = desk.step(row, "T9", DORA, proposal_version=2, **told)
    assert row["state"] == "PROPOSED"
    assert desk.step(row, "T9", EMIL, proposal_version=2, **told)["state"] == "RESPONDED"


def test_undo_gives_back_fields_ledger_and_remedies(desk: ComplaintDesk) -> None:
    row = investigated(desk)
    before = desk.rules(), row
    done = desk.step(
        row,
        "T8",
        cause="wrong_part",
        cause_class="B",
        finding="upheld",
        remedies=REMEDY,
        reason_text="We fitted the wrong part.",
    )
    desk.later(seconds=30)
    back = desk.step(done, "U1", operation_id=str(done["last_operation_id"]))
    moved = {"rev", "last_operation_id", "last_step_at", "proposal_version"}
    assert {k: v for k, v in back.items() if k not in moved} == {
        k: v for k, v in before[1].items() if k not in moved
    }
    assert all(line["void"] for line in desk.rows("remedy_line", row["id"]))
    events = desk.rows("complaint_event", row["id"])
    assert {"T8", "U1"} <= {event["transition"] for event in events}, "history keeps both"


def test_undoing_a_second_proposal_gives_back_the_first_and_no_other(desk: ComplaintDesk) -> None:
    """One that was undone before stays undone."""
    row = proposed(desk, 100_00)
    row = desk.step(row, "U1", operation_id=str(row["last_operation_id"]))
    again: dict[str, Any] = {
        "cause": "wrong_part",
        "cause_class": "B",
        "finding": "upheld",
        "reason_text": "x",
    }
    row = desk.step(row, "T8", remedies=[{**REMEDY[0], "value": 200_00}], **again)
    row = desk.step(row, "T10", CHEN, missing="the invoice")
    row = desk.step(row, "T8", remedies=[{**REMEDY[0], "value": 300_00}], **again)
    row = desk.step(row, "U1", operation_id=str(row["last_operation_id"]))
    lines = {line["value"]: line["void"] for line in desk.rows("remedy_line", row["id"])}
    assert lines == {100_00: True, 200_00: False, 300_00: True}
    assert row["remedy_total"] == 200_00


def test_a_step_taken_by_another_owner_cannot_be_undone(desk: ComplaintDesk) -> None:
    row = investigated(desk)
    row = desk.step(row, "T6", wait_for="customer", what="a picture", until=desk.iso(days=3))
    with pytest.raises(Denied, match="your own last step"):
        desk.step(row, "U1", BELA, operation_id=str(row["last_operation_id"]))
    desk.later(seconds=61)
    with pytest.raises(Denied, match="for a minute"):
        desk.step(row, "U1", operation_id=str(row["last_operation_id"]))


def test_a_step_from_a_state_that_no_longer_holds_is_refused_with_the_present_one(
    desk: ComplaintDesk,
) -> None:
    old = investigated(desk)
    desk.step(old, "T6", wait_for="customer", what="a picture", until=desk.iso(days=3))
    with pytest.raises(Conflict) as refused:
        desk.step(old, "T18", words="Enough of it.", channel="phone")
    assert refused.value.current["state"] == "WAITING"


def test_what_a_step_does_not_read_may_have_changed(desk: ComplaintDesk) -> None:
    old = investigated(desk)
    desk.step(old, "E1", to_level=2, reason="press")
    row = desk.step(old, "T6", wait_for="customer", what="a picture", until=desk.iso(days=3))
    assert (row["state"], row["level"]) == ("WAITING", 2)
    with pytest.raises(Conflict, match="level"):
        desk.step({**old, "state": "WAITING"}, "E1", to_level=3, reason="again")


def test_a_refused_step_writes_nothing(desk: ComplaintDesk) -> None:
    row = desk.log()
    before = everything(desk)
    with pytest.raises(Denied):
        desk.step(row, "T4", severity="S3", impact={}, regime="none", cause_class="B")
    with pytest.raises(InvalidInput):
        desk.step(row, "T2", checklist=CHECKLIST, ack_channel="pigeon", owner=str(ANNA))
    assert everything(desk) == before


def test_handing_over_leaves_one_owner_and_follows_his_team(desk: ComplaintDesk) -> None:
    row = investigated(desk)
    row = desk.step(row, "H1", to=str(BELA), open_points="Call him on Monday.")
    assert (row["owner_id"], row["handed_over_by"]) == (BELA, ANNA)
    (task,) = [t for t in desk.rows("task", row["id"]) if t["errand"] == "taken_over"]
    assert task["owner_id"] == BELA


def test_a_complaint_shows_in_the_time_line_with_its_state(desk: ComplaintDesk) -> None:
    row = investigated(desk)
    line = desk.row("interaction", row["id"])
    assert (line["kind"], line["subject"], line["state"]) == ("complaint", row["number"], "INVESTIGATING")
    assert line["who"] == "", "a name, or nothing: ids mean nothing to people"


def test_merging_takes_the_earlier_receipt_and_its_clocks(desk: ComplaintDesk) -> None:
    early = desk.log()
    desk.later(days=2)
    late = desk.log()
    desk.step(early, "T19", CHEN, target_id=str(late["id"]))
    target = desk.row("complaint", late["id"])
    assert target["received_at"] == early["received_at"]
    assert target["next_due_at"] < late["next_due_at"]
    gone = desk.row("complaint", early["id"])
    assert (gone["state"], gone["merged_into"]) == ("MERGED", late["id"])


def test_undoing_a_merge_gives_the_other_its_receipt_and_its_clocks_back(desk: ComplaintDesk) -> None:
    early, between = desk.log(), None
    desk.later(days=1)
    between = desk.log()
    desk.later(days=1)
    late = desk.log()
    desk.step(between, "T19", CHEN, target_id=str(late["id"]))
    before = desk.row("complaint", late["id"])
    gone = desk.step(early, "T19", CHEN, target_id=str(late["id"]))
    assert desk.row("complaint", late["id"])["received_at"] == early["received_at"]
    back = desk.step(gone, "U1", CHEN, operation_id=str(gone["last_operation_id"]))
    assert (back["state"], back["merged_into"]) == ("RECEIVED", None)
    after = desk.row("complaint", late["id"])
    moved = ("received_at", "next_clock", "next_due_at")
    assert {name: after[name] for name in moved} == {name: before[name] for name in moved}
    assert after["received_at"] == between["received_at"], "that one is still merged"
    lines = ledger_of(desk.rows("clock_line", late["id"]))
    assert {run[-1].last.since for run in lines.runs().values()} == {between["received_at"]}


def test_the_log_replayed_gives_the_rows_back(desk: ComplaintDesk) -> None:
    row = proposed(desk)
    desk.step(row, "T9", CHEN, proposal_version=1, call_id=str(TEAM), sent_via="phone")
    logged = desk.connection.execute(
        "SELECT id, kind, version, payload, base_revision, actor, device, at FROM operation ORDER BY id"
    ).fetchall()
    operations = tuple(
        Operation(
            UUID(bytes=row_id), kind, version, json.loads(payload), base, actor, device, from_micros(at)
        )
        for row_id, kind, version, payload, base, actor, device, at in logged
    )
    rows = replay(operations)
    stored = StoredRows(desk.connection)
    for table in ("complaint", "complaint_body", "complaint_event", "clock_line", "remedy_line"):
        assert rows.tables[table], table
        for key, held in rows.tables[table].items():
            assert stored.get(table, key) == held, table


def test_what_is_restricted_goes_to_nobody_without_a_team(desk: ComplaintDesk) -> None:
    desk.connection.execute("UPDATE agent SET team_id = NULL WHERE id = ?", (BELA.bytes,))
    row = desk.log(restricted=True)
    with pytest.raises(InvalidInput, match="belongs to none"):
        desk.step(row, "H1", to=str(BELA), open_points="Call him.")
    assert desk.row("complaint", row["id"])["owner_id"] == ANNA
    plain = desk.step(desk.log(), "H1", to=str(BELA), open_points="Call him.")
    assert (plain["owner_id"], plain["team_id"]) == (BELA, None)
    desk.who = BELA
    with pytest.raises(InvalidInput, match="belongs to none"):
        desk.log(restricted=True)
    desk.connection.execute("DELETE FROM team")
    assert desk.log(restricted=True)["restricted"], "a house without teams keeps it to itself"
