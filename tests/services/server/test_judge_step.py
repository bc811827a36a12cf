"""The server looks at each step again: what a desk decided by the rules passes, what was made up does not."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg
import pytest

from crmdesk.models.complaint_step import version_under
from crmdesk.models.operations import Operation
from crmdesk.models.wire import Row
from crmdesk.services.complaints.due import run_due
from crmdesk.services.complaints.files import actor_of, case_of, file_of
from crmdesk.services.store.rows import StoredRows
from tests.models.cases import PAYLOADS
from tests.services.complaints.house import BELA, CALL, CHECKLIST, CHEN, DORA, IDA, followed_up, survey
from tests.services.server.mirror import DEVICE, MirroredDesk, judge, lay_out, rows_before

ASSESSED: dict[str, Any] = {"severity": "S3", "regime": "none", "cause_class": "B"}
ASSESSED["impact"] = {"persons": 0, "money": 0}
PROPOSAL = {**PAYLOADS["T8"], "remedies": [{"type": "refund", "value": 100_00}]}


def at_work(desk: MirroredDesk, **assessed: Any) -> Row:
    """A complaint that is being investigated."""
    row = desk.log()
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(desk.who))
    row = desk.step(row, "T4", DORA, **{**ASSESSED, **assessed})
    return desk.step(row, "T5", contacted_at=desk.iso())


def told(desk: MirroredDesk, row: Row) -> Row:
    row = desk.step(row, "T8", **PROPOSAL)
    version = row["proposal_version"]
    return desk.step(row, "T9", DORA, proposal_version=version, call_id=str(CALL), sent_via="phone")


def solved(desk: MirroredDesk, row: Row) -> Row:
    row = told(desk, row)
    lines = [{"id": str(each["id"]), "done_at": desk.iso()} for each in desk.rows("remedy_line", row["id"])]
    return desk.step(row, "T11", accepted_by="He", how="said", remedies_state=lines)


def to_the_end(desk: MirroredDesk) -> None:
    row = at_work(desk, regime="UK-8W")
    desk.later(hours=30)
    row = desk.step(row, "C1", what="We look into it.")
    row = desk.step(row, "T6", wait_for="customer", what="An invoice.", until=desk.iso(days=2))
    desk.later(hours=2)
    row = desk.step(row, "C1", what="We wait for you.", call_id=str(CALL))
    desk.later(days=1)
    row = desk.step(row, "T7")
    row = desk.step(row, "C1", BELA, what="We look into it again.")
    row = desk.step(row, "E1", to_level=1, reason="He is a journalist.")
    row = desk.step(row, "E2", body="12315", reference="17", date=desk.iso(), their_deadline=desk.iso(days=9))
    row = desk.step(row, "T6", wait_for="third_party", what="A part.", until=desk.iso(days=2))
    row = desk.step(row, "T7", CHEN)
    row = solved(desk, row)
    failed = str(desk.rows("remedy_line", row["id"])[-1]["id"])
    row = desk.step(row, "T14", remedy_id=failed, what="Nothing came.")
    row = desk.step(row, "T8", **PROPOSAL)
    row = desk.step(row, "T10", CHEN, missing="The invoice.")
    row = told(desk, row)
    row = desk.step(row, "T12", reason="Too little.")
    row = solved(desk, row)
    row = desk.step(row, "T20", reason="recurred", text="Again.")
    row = desk.step(row, "H1", CHEN, to=str(BELA), open_points="Call.")
    texts = {"complainant": "Li Wei", "what_happened": "The brakes squealed."}
    row = desk.step(row, "D1", IDA, what="A typing error.", reason="Misspelt.", corrections=texts)
    desk.step(row, "D1", IDA, what="Given to Chen.", reason="Bela is ill.", to=str(CHEN))


def undone(desk: MirroredDesk) -> None:
    row = at_work(desk)
    for step, fields in (
        ("T6", {"wait_for": "customer", "what": "An invoice.", "until": desk.iso(days=2)}),
        ("T8", PROPOSAL),
        ("H1", {"to": str(BELA), "open_points": "Call."}),
    ):
        done = desk.step(row, step, **fields)
        row = desk.step(done, "U1", operation_id=str(done["last_operation_id"]))
    desk.step(row, "T8", **PROPOSAL)
    row = desk.log()
    done = desk.step(row, "T3", reason="query", other_route="The dealer.", letter_id=desk.letter(row))
    desk.step(done, "U1", operation_id=str(done["last_operation_id"]))


def other_ends(desk: MirroredDesk) -> None:
    row = desk.log(restricted=True, money=2500_00)
    letter = desk.letter(row)
    row = desk.step(row, "T3", CHEN, reason="not_ours", other_route="The dealer.", letter_id=letter)
    row = desk.step(row, "T21", DORA, reason="new_facts", text="An invoice.")
    row = desk.step(row, "T4", **{**ASSESSED, "severity": "S4", "regime": "CN-ODR"})
    desk.step(row, "T18", words="Leave it.", channel="phone")
    older = at_work(desk)
    desk.later(days=1)
    newer = at_work(desk)
    desk.step(older, "T19", CHEN, target_id=str(newer["id"]))
    row = desk.log({"severity": "S4"})
    fields: dict[str, Any] = {"severity": "S4", "remedies": [{"type": "apology", "value": 0}]}
    fields |= {"cause_class": "A", "checklist": CHECKLIST, "what_was_done": "Apologised."}
    fields["customer_agreed"] = True
    desk.step(row, "T13", **fields)
    row = desk.step(desk.log(), "T13", **fields, regime="UK-8W")
    theirs: dict[str, Any] = {"body": "12315", "reference": "17", "date": desk.iso()}
    row = desk.step(row, "E2", **theirs, their_deadline=desk.iso(days=9))
    row = desk.step(row, "E2", **theirs, decided="upheld")
    desk.step(row, "T20", CHEN, reason="external", text="Decided for her.")


@pytest.mark.parametrize("story", [to_the_end, undone, other_ends])
def test_what_a_desk_decides_by_the_rules_passes(
    desk: MirroredDesk, server: Any, story: Callable[[MirroredDesk], None]
) -> None:
    story(desk)
    for operation, before in desk.done:
        lay_out(server, before)
        judge(server, operation)
    assert len(desk.done) > 5


def refused(server: Any, operation: Operation, **other: Any) -> dict[str, Any]:
    """Return the refusal of *operation* with *other* in its payload."""
    with pytest.raises(psycopg.Error) as caught, server.transaction():
        judge(server, operation, **other)
    assert caught.value.sqlstate == "CR100", caught.value
    answer: dict[str, Any] = json.loads(caught.value.diag.message_detail or "")
    return answer


def last(desk: MirroredDesk, server: Any) -> Operation:
    """Lay out what was there before the desk's last step and return that step."""
    operation, before = desk.done[-1]
    lay_out(server, before)
    judge(server, operation)
    return operation


def test_a_step_sets_its_own_fields_and_no_others(desk: MirroredDesk, server: Any) -> None:
    row = at_work(desk)
    desk.step(row, "T8", **PROPOSAL)
    made = last(desk, server)
    head, body = made.payload["head"], made.payload["body"]
    assert refused(server, made, head={**head, "severity": "S4"})["fields"] == ["severity"]
    assert refused(server, made, head={**head, "state": "RESPONDED"})["fields"] == ["state"]
    assert refused(server, made, body={**body, "finding": "not_upheld"})["fields"] == ["finding"]
    assert refused(server, made, body={k: v for k, v in body.items() if k != "cause"})["fields"] == ["cause"]
    assert refused(server, made, body={**body, "proposer_id": str(CHEN)})["rejected"] == "denied"
    assert refused(server, made, body={**body, "proposal_version": 7})["rejected"] == "conflict"


def test_a_step_is_decided_on_what_still_holds(desk: MirroredDesk, server: Any) -> None:
    row = at_work(desk)
    desk.step(row, "T8", **PROPOSAL)
    made = last(desk, server)
    server.execute("UPDATE crm.complaint SET state = 'WAITING'")
    answer = refused(server, made)
    assert (answer["rejected"], answer["fields"]) == ("conflict", ["state"])
    assert answer["current"]["state"] == "WAITING"


def test_a_field_it_reads_was_changed_by_somebody_else(desk: MirroredDesk, server: Any) -> None:
    row = desk.log()
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(desk.who))
    desk.step(row, "T4", DORA, **ASSESSED)
    made = last(desk, server)
    server.execute(
        "INSERT INTO crm.complaint_event (id, complaint_id, version, at, device, after)"
        " VALUES (gen_random_uuid(), %s, %s, now(), 'another', '{\"severity\": \"S2\"}')",
        (row["id"], row["rev"] + 1),
    )
    server.execute("UPDATE crm.complaint SET rev = rev + 1")
    assert refused(server, made)["fields"] == ["severity"]
    harmless = json.dumps({"external": "court"})
    server.execute("UPDATE crm.complaint_event SET after = %s WHERE device = 'another'", (harmless,))
    judge(server, made)


def test_a_due_date_is_the_one_that_targets_and_calendar_give(desk: MirroredDesk, server: Any) -> None:
    desk.log()
    made = last(desk, server)
    lines = made.payload["lines"]
    moved = {**lines[0], "due": "2027-03-04T02:00:00Z"}
    answer = refused(server, made, lines=[moved, *lines[1:]])
    assert (answer["rejected"], answer["fields"]) == ("invalid", ["due"])
    assert refused(server, made, lines=[{**lines[0], "provisional": True}, *lines[1:]])["fields"] == ["due"]
    since = {**lines[0], "since": "2026-03-03T02:00:00Z", "due": "2026-03-03T07:00:00Z"}
    assert refused(server, made, lines=[since, *lines[1:]])["fields"] == ["due"]
    judge(server, made, lines=[{**moved, "calendar": "cn-default/99"}, *lines[1:]])
    assert refused(server, made, lines=lines[1:])["fields"] == ["clock"]


def test_when_a_customer_was_tried_first_stands_among_the_attempts(desk: MirroredDesk, server: Any) -> None:
    row = solved(desk, at_work(desk))
    with desk.work() as work:
        desk.now = row["follow_up_at"]
        run_due(work, desk.rules())
    row = {**row, **desk.row("complaint", row["id"])}
    parts = ("morning", "afternoon", "evening")
    tried = [{"time": desk.iso(hours=4 * n + 1), "part": part} for n, part in enumerate(parts)]
    desk.later(days=3)
    desk.step(row, "T16", attempts=tried, root_cause="wrong_part")
    made = last(desk, server)
    lines = made.payload["lines"]
    (asked,) = (each for each in lines if each["clock"] == "follow_up")
    assert asked["why_values"][2] == "asked"
    assert datetime.fromisoformat(asked["why_values"][3]) == datetime.fromisoformat(tried[0]["time"])
    for moment in ("2026-03-05T02:00:00+00:00", row["resolved_at"].isoformat()):
        forged = {**asked, "why_values": [*asked["why_values"][:3], moment]}
        others = [forged if each is asked else each for each in lines]
        assert refused(server, made, lines=others)["fields"] == ["due"]


def test_nobody_is_asked_later_than_the_clock_of_asking_allows(desk: MirroredDesk, server: Any) -> None:
    row = solved(desk, at_work(desk))
    made = last(desk, server)
    head = made.payload["head"]
    judge(server, made, head={**head, "follow_up_at": row["next_due_at"].isoformat()})
    for late in ("2026-12-01T00:00:00Z", None):
        assert refused(server, made, head={**head, "follow_up_at": late})["fields"] == ["follow_up_at"]


def test_a_severity_told_later_moves_what_was_paused_as_it_was(desk: MirroredDesk, server: Any) -> None:
    desk.log()
    newer = at_work(desk)
    older = desk.log({"received_at": desk.iso(days=-20)})
    row = desk.step(newer, "T6", wait_for="customer", what="An invoice.", until=desk.iso(days=2))
    desk.later(hours=30)
    row = desk.step(row, "T7")
    desk.step(older, "T19", CHEN, target_id=str(row["id"]))
    made = last(desk, server)
    lines = made.payload["target"]["lines"]
    assert {line["event"] for line in lines} == {"recompute"}
    wrong = {**made.payload["target"], "lines": [{**lines[0], "due": lines[1]["due"]}, *lines[1:]]}
    assert refused(server, made, target=wrong)["fields"] == ["due"]


def test_any_merge_counts_all_that_runs_from_the_receipt_from_the_earlier_one(
    desk: MirroredDesk, server: Any
) -> None:
    chance, with_regime = random.Random(20261122), 0
    for _ in range(12):
        regime = chance.choice(("none", "UK-8W", "UK-PSD", "CN-ODR"))
        row = at_work(desk, regime=regime)
        sooner = {"days": -chance.randint(1, 40), "minutes": chance.randrange(600)}
        older = desk.log({"received_at": desk.iso(**sooner)})
        if chance.random() < 0.6:
            row = desk.step(row, "T6", wait_for="customer", what="A bill.", until=desk.iso(days=9))
            desk.later(hours=chance.randrange(60))
            row = desk.step(row, "T7") if chance.random() < 0.5 else row
        elif chance.random() < 0.5:
            row = desk.step(told(desk, row), "T12", reason="Too little.")
        desk.step(older, "T19", CHEN, target_id=str(row["id"]))
        made = last(desk, server)
        target = made.payload["target"]
        lines = target["lines"]
        with_regime += any("/" in line["clock"] for line in lines)
        if lines:
            assert refused(server, made, target={**target, "lines": lines[:-1]})["fields"] == ["due"]
        assert refused(server, made, target=None)["fields"] == ["received_at"]
    assert with_regime > 3


def test_undoing_gives_back_what_was_and_nothing_else(desk: MirroredDesk, server: Any) -> None:
    row = at_work(desk)
    done = desk.step(row, "H1", to=str(BELA), open_points="Call.")
    desk.step(done, "U1", operation_id=str(done["last_operation_id"]))
    made = last(desk, server)
    head = made.payload["head"]
    assert refused(server, made, head={**head, "owner_id": str(CHEN)})["fields"] == ["owner_id"]
    assert refused(server, made, head={**head, "severity": "S4"})["fields"] == ["severity"]


def test_what_a_letter_told_is_not_taken_back(desk: MirroredDesk, server: Any) -> None:
    done = desk.step(desk.log(), "T2", checklist=CHECKLIST, ack_channel="letter", owner=str(desk.who))
    desk.step(done, "U1", operation_id=str(done["last_operation_id"]))
    made = last(desk, server)
    server.execute(
        "INSERT INTO crm.letter (id, complaint_id, author, kind, language, text, digest, made_at, sent_at)"
        " VALUES (gen_random_uuid(), %s, '', 'acknowledgement', 'en', 'x', %s, %s, %s)",
        (done["id"], "0" * 64, made.at, made.at),
    )
    assert refused(server, made)["why"] == "A letter or mail went out by this step, so it cannot be undone."
    server.execute("UPDATE crm.letter SET sent_at = sent_at - interval '1 day'")
    judge(server, made)


def test_undoing_a_proposal_does_not_give_its_version_out_again(desk: MirroredDesk, server: Any) -> None:
    done = desk.step(at_work(desk), "T8", **PROPOSAL)
    desk.step(done, "U1", operation_id=str(done["last_operation_id"]))
    made = last(desk, server)
    assert "proposal_version" not in made.payload["body"]
    body = {**made.payload["body"], "proposal_version": 0}
    assert refused(server, made, body=body)["fields"] == ["proposal_version"]


def test_what_no_gate_lets_pass_is_illegal_in_the_desks_words(desk: MirroredDesk, server: Any) -> None:
    row = at_work(desk)
    desk.step(row, "T8", **PROPOSAL)
    made = last(desk, server)
    fields = {**made.payload["fields"], "remedies": [{"type": "none", "value": 0}] * 2}
    answer = refused(server, made, fields=fields)
    assert (answer["rejected"], answer["why"]) == (
        "illegal",
        "Either no remedy or some: take the line none out.",
    )
    with pytest.raises(psycopg.Error, match="Your role may not do this"):
        judge(server, made, role="administrator")


def test_a_letter_that_a_step_names_is_one_about_this_complaint(desk: MirroredDesk, server: Any) -> None:
    other, row = desk.log(), desk.log()
    elsewhere, letter = desk.letter(other), desk.letter(row)
    desk.step(row, "T3", CHEN, reason="not_ours", other_route="The dealer.", letter_id=letter)
    made = last(desk, server)
    fields = made.payload["fields"]
    for named, code in ((elsewhere, "invalid"), (str(CALL), "gone")):
        answer = refused(server, made, fields={**fields, "letter_id": named})
        assert (answer["rejected"], answer["fields"]) == (code, ["letter_id"])


def test_what_was_seen_is_worked_out_alike(desk: MirroredDesk, server: Any) -> None:
    """What lay under a version somebody saw: a desk's own steps counted on, and others that slipped in."""
    row = desk.log()
    chance, found = random.Random(3), set()
    for _ in range(150):
        ours = [chance.random() < 0.5 for _ in range(chance.randint(1, 9))]
        server.execute("DELETE FROM crm.complaint_event")
        for version, own in enumerate(ours, 1):
            server.execute(
                "INSERT INTO crm.complaint_event (id, complaint_id, version, at, device)"
                " VALUES (gen_random_uuid(), %s, %s, now(), %s)",
                (row["id"], version, str(DEVICE) if own else "another"),
            )
        known = [version for version, mine in enumerate(ours, 1) if mine]
        for seen in range(1, len(ours) + 1):
            (told,) = server.execute(
                "SELECT crm.version_under(%s, %s, %s)", (row["id"], seen, DEVICE)
            ).fetchone()
            assert told == version_under(seen, known), (ours, seen)
            found.add(seen - told)
    assert len(found) > 3
    assert version_under(5, [2, 3]) == 5, "nothing slipped in"
    assert version_under(5, [3, 6]) == 4, "version 5 did"
    assert version_under(6, [6, 7]) == 4, "version 5 did, under two steps of one's own"


def test_a_step_promises_what_its_payload_says_and_no_more(desk: MirroredDesk, server: Any) -> None:
    row = desk.step(at_work(desk), "T8", **PROPOSAL)
    made = last(desk, server)
    (line,) = made.payload["granted"]
    assert refused(server, made, granted=[{**line, "value": 90_000_00}])["fields"] == ["granted"]
    assert refused(server, made, granted=[line, {**line, "id": str(CALL)}])["fields"] == ["granted"]
    assert refused(server, made, granted=[])["fields"] == ["granted"]
    desk.step(row, "C1", what="We are at it.")
    made = last(desk, server)
    assert refused(server, made, granted=[line])["fields"] == ["granted"]
    assert refused(server, made, taken_back=[line["id"]])["fields"] == ["taken_back"]
    mark = {line["id"]: {"done_at": desk.iso()}}
    assert refused(server, made, marked=mark)["fields"] == ["marked"]
    target = {"id": str(row["id"]), "head": {"received_at": desk.iso(days=-9)}, "lines": []}
    assert refused(server, made, target=target)["fields"] == ["target"]


def test_a_step_marks_the_remedies_it_names(desk: MirroredDesk, server: Any) -> None:
    row = solved(desk, at_work(desk))
    made = last(desk, server)
    assert refused(server, made, marked={})["fields"] == ["marked"]
    (line,) = desk.rows("remedy_line", row["id"])
    desk.step(row, "T14", remedy_id=str(line["id"]), what="It never came.")
    made = last(desk, server)
    assert refused(server, made, marked={})["fields"] == ["marked"]
    kept = {str(line["id"]): {"done_at": desk.iso(), "failed_at": desk.iso()}}
    assert refused(server, made, marked=kept)["fields"] == ["marked"]


def test_a_merge_gives_the_earlier_receipt_of_both(desk: MirroredDesk, server: Any) -> None:
    first = desk.log({"received_at": desk.iso(hours=-20)})
    second = desk.log()
    desk.step(first, "T19", CHEN, target_id=str(second["id"]))
    made = last(desk, server)
    target = made.payload["target"]
    for wrong in ({**target, "id": str(first["id"])}, {**target, "head": {"received_at": desk.iso(days=-9)}}):
        assert refused(server, made, target=wrong)["fields"] == ["target"]
    renamed = {**target, "head": {**target["head"], "severity": "S4"}}
    assert refused(server, made, target=renamed)["fields"] == ["target"]
    gone = desk.row("complaint", first["id"])
    desk.step(gone, "U1", CHEN, operation_id=str(gone["last_operation_id"]))
    made = last(desk, server)
    target = made.payload["target"]
    assert datetime.fromisoformat(target["head"]["received_at"]) == second["received_at"]
    kept = {**target, "head": {**target["head"], "received_at": first["received_at"].isoformat()}}
    assert refused(server, made, target=kept)["fields"] == ["target"]


def test_a_check_list_holds_when_each_point_of_it_does(desk: MirroredDesk, server: Any) -> None:
    desk.step(desk.log(), "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(desk.who))
    made = last(desk, server)
    answer = refused(server, made, fields={**made.payload["fields"], "checklist": {"ours": True}})
    assert (answer["rejected"], answer["values"]["names"]) == (
        "illegal",
        "facts, in_time, undecided, not_query",
    )


def test_a_survey_that_a_step_names_is_one_about_this_complaint(desk: MirroredDesk, server: Any) -> None:
    row = followed_up(desk)
    good, bad = survey(desk, desk.log(), 90), survey(desk, row, -60)
    chosen = {"survey_id": str(bad), "root_cause": "wrong_part"}
    desk.step(desk.row("complaint", row["id"]), "T16", CHEN, **chosen)
    made = last(desk, server)
    other = {**made.payload["fields"], "survey_id": str(good)}
    assert refused(server, made, fields=other)["why"].startswith("This survey is about another complaint")
    with pytest.raises(psycopg.Error) as caught, server.transaction():
        judge(server, made, "agent")
    assert "below zero" in str(caught.value.diag.message_detail)


def test_who_takes_no_steps_owns_no_complaint_at_the_server_either(desk: MirroredDesk, server: Any) -> None:
    desk.step(desk.log(), "H1", CHEN, to=str(BELA), open_points="x")
    made = last(desk, server)
    for change in ("role = 'administrator'", "role = 'auditor'", "active = false"):
        with server.transaction(force_rollback=True):
            server.execute(f"UPDATE crm.agent SET {change} WHERE id = %s", (BELA,))
            assert refused(server, made)["fields"] == ["to"]


def test_a_decision_is_told_by_the_letter_that_tells_it(desk: MirroredDesk, server: Any) -> None:
    row = desk.log()
    letter = desk.letter(row)
    desk.step(row, "T3", DORA, reason="not_ours", other_route="The maker.", letter_id=letter)
    made = last(desk, server)
    server.execute("UPDATE crm.letter SET kind = 'acknowledgement'")
    assert refused(server, made)["fields"] == ["letter_id"]
    server.execute("UPDATE crm.letter SET kind = 'rejection'")
    judge(server, made)


def test_what_was_done_lies_not_ahead(desk: MirroredDesk, server: Any) -> None:
    row, ahead = at_work(desk), desk.iso(days=1)
    made = last(desk, server)
    assert refused(server, made, fields={"contacted_at": ahead})["rejected"] == "illegal"
    tried = [desk.iso(hours=-1), ahead]
    assert refused(server, made, fields={"attempts": tried})["rejected"] == "illegal"
    solved(desk, row)
    made = last(desk, server)
    later = [{**each, "done_at": ahead} for each in made.payload["fields"]["remedies_state"]]
    fields = {**made.payload["fields"], "remedies_state": later}
    assert refused(server, made, fields=fields)["rejected"] == "illegal"
    row = followed_up(desk)
    parts = zip(("morning", "afternoon", "evening"), (-3, -2, -1), strict=True)
    tried_at = [{"part": part, "time": desk.iso(days=days)} for part, days in parts]
    desk.step(row, "T16", CHEN, attempts=tried_at, root_cause="wrong_part")
    made = last(desk, server)
    late = [*tried_at[:2], {**tried_at[2], "time": desk.iso(days=1)}]
    assert refused(server, made, fields={**made.payload["fields"], "attempts": late})["rejected"] == "illegal"


def test_what_is_only_proposed_in_a_repeat_counts_there_alone(desk: MirroredDesk, server: Any) -> None:
    first = desk.step(at_work(desk), "T8", **PROPOSAL)
    again = desk.log(repeat_of=first["id"])
    third = desk.log(repeat_of=again["id"])

    def granted(row: Row) -> int:
        lay_out(server, rows_before(desk))
        (told,) = server.execute(
            "SELECT crm.granted(c) FROM crm.complaint c WHERE c.id = %s", (row["id"],)
        ).fetchone()
        stored = StoredRows(desk.connection)
        file = file_of(stored, row["id"])
        actor = actor_of(stored, desk.connection, desk.author)
        case = case_of(stored, desk.connection, desk.rules(), file, actor, {}, desk.now)
        assert case.granted == told
        return int(told)

    assert [granted(row) for row in (first, again, third)] == [100_00, 0, 0]
    version = first["proposal_version"]
    desk.step(first, "T9", DORA, proposal_version=version, call_id=str(CALL), sent_via="phone")
    assert [granted(row) for row in (first, again, third)] == [100_00] * 3
