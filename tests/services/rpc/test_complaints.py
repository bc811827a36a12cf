"""`complaint.*`, `survey.*`, `letter.*` and the notes of complaints: the interface for scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

import pytest
from jsonschema import Draft202012Validator

from crmdesk.errors import Conflict, Denied, InvalidInput, NotFound
from crmdesk.models.agent import save_code
from crmdesk.services.profile import Profile
from crmdesk.services.rpc.desk import Desk, close_desk, open_desk
from crmdesk.services.starter import furnish
from tests.services.rpc.conftest import NOW, Talk

CHECKLIST = dict.fromkeys(("ours", "facts", "in_time", "undecided", "not_query"), True)
REFUND = {"type": "refund", "value": {"amount": "100.50", "currency": "CNY"}}
UNKNOWN = "01a1ffa8-4972-776c-bd24-f0e2555c1eff"
Ask = Callable[..., Any]


def save(desk: Desk, table: str, **values: Any) -> str:
    """Save a row of a code table; return its id."""
    row_id = str(values.pop("id", None) or UUID(int=sum(map(ord, table + str(values.get("key"))))))

    def write(work: Any) -> None:
        work.do(save_code(work.author, table, {"id": row_id, **values}))
        work.commit()

    desk.store.write(write).result()
    return row_id


@pytest.fixture
def desk(profile: Profile) -> Iterator[Desk]:
    """The desk of somebody who works here alone, and so leads himself."""
    furnish(profile, "anna")
    opened = open_desk(profile)
    yield opened
    close_desk(opened)


@pytest.fixture
def ask(talk: Talk, desk: Desk) -> Ask:
    """Asks a method of a desk that handles complaints, and holds the answer against its description."""
    save(desk, "complaint_category", key="t_repair", name_en="Repair", name_zh="维修")
    save(desk, "cause", key="t_wrong_part", cause_class="B", leaf=True, name_en="Wrong part")
    described = talk("rpc.describe")["methods"]

    def asked(method: str, **params: Any) -> Any:
        result = talk(method, **params)
        Draft202012Validator(described[method]["params"]).validate(params)
        Draft202012Validator(described[method]["result"]).validate(result)
        return result

    return asked


def me(ask: Ask) -> str:
    return str(ask("agent.list")["items"][0]["id"])


def opened(ask: Ask, **fields: Any) -> Any:
    customer = fields.pop("customer_id", None) or ask("customer.create", name="王芳")["customer"]["id"]
    given = {
        "received_at": "2026-11-20T09:50:00Z",
        "channel": "phone",
        "category": "t_repair",
        "what_happened": "The brakes squeal again after the third visit.",
        "remedy_wanted": "refund",
        "customer_id": customer,
    }
    return ask("complaint.open", **{**given, **fields})


def test_reading_a_complaint_is_written_down_as_opening_it_is(
    ask: Ask, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = opened(ask)["complaint"]
    told: list[tuple[UUID, str]] = []
    monkeypatch.setattr(desk.parts.views, "opened", lambda *seen: told.append(seen))
    ask("complaint.get", id=file["id"])
    assert told == [(UUID(file["customer_id"]), f"complaint {file['number']}")]


def step(ask: Ask, file: Any, transition: str, **fields: Any) -> Any:
    seen = file["complaint"]
    return ask(
        "complaint.transition",
        id=seen["id"],
        transition=transition,
        from_state=seen["state"],
        base_version=seen["version"],
        fields=fields,
    )


def assessed(ask: Ask, severity: str = "S3") -> Any:
    file = step(ask, opened(ask), "T2", checklist=CHECKLIST, ack_channel="phone", owner=me(ask))
    impact = {"persons": 1, "money": {"amount": "1200.5", "currency": "CNY"}}
    fields = {"severity": severity, "impact": impact, "regime": "none", "cause_class": "B"}
    return step(ask, file, "T4", **fields, containment="The car stays here.")


def proposed(ask: Ask, amount: str = "100.50", severity: str = "S3") -> Any:
    file = step(ask, assessed(ask, severity), "T5", contacted_at=NOW)
    money = {"amount": amount, "currency": "CNY"}
    return step(
        ask,
        file,
        "T8",
        cause="t_wrong_part",
        cause_class="B",
        finding="upheld",
        remedies=[{"type": "refund", "value": money}],
        reason_text="We fitted the wrong part.",
    )


def called(ask: Ask) -> str:
    ring = {"external_id": "c1", "from": "13800138000"}
    return str(ask("call.ring", **ring)["call"]["id"])


def of(file: Any, transition: str) -> Any:
    return next(each for each in file["allowed"] if each["transition"] == transition)


def test_a_complaint_is_logged_with_its_number_and_what_may_be_done(ask: Ask) -> None:
    file = opened(ask, complainant="他的儿子", language="zh")
    seen = file["complaint"]
    assert (seen["state"], seen["version"], seen["severity"], seen["level"]) == ("RECEIVED", 1, "S3", 0)
    assert seen["number"].startswith("C26-")
    assert seen["owner"] == me(ask)
    assert seen["complainant"] == "他的儿子"
    assert seen["due_clock"] == "acknowledge"
    assert seen["due_at"] > seen["received_at"]
    assert ask("complaint.get", id=seen["id"]) == file


def test_every_step_is_told_and_the_forbidden_ones_say_why(ask: Ask) -> None:
    file = opened(ask)
    told = [each["transition"] for each in file["allowed"]]
    assert told == [*(f"T{n}" for n in range(2, 22)), "C1", "E1", "E2", "H1", "U1", "D1"]
    may = {each["transition"] for each in file["allowed"] if not each["refused_because"]}
    assert may == {"T2", "T3", "T13", "T18", "T19", "C1", "E1", "E2", "H1"}
    assert of(file, "T9")["refused_because"] == ["This cannot be done in the state RECEIVED."]
    assert of(file, "D1")["refused_because"] == ["Your role may not do this."]
    assert of(file, "U1")["refused_because"] == ["Only your own last step, made at this desk, can be undone."]


def test_a_form_can_be_made_of_the_fields(ask: Ask) -> None:
    (log,) = ask("complaint.blank")["allowed"]
    fields = {each["name"]: each for each in log["fields"]}
    assert "t_repair" in fields["category"]["choices"]
    assert fields["received_at"]["default"] == NOW
    assert (fields["what_happened"]["required"], fields["what_happened"]["max"]) == (True, 100_000)
    fields = {each["name"]: each for each in of(opened(ask), "T2")["fields"]}
    assert fields["owner"]["choices"] == [me(ask)]
    assert fields["owner"]["default"] == me(ask)
    solved = {each["name"]: each for each in of(opened(ask), "T13")["fields"]}
    assert solved["severity"]["choices"] == ["S3", "S4"]
    assert solved["remedies"]["max"] == {"amount": "2000.00", "currency": "CNY"}
    proposal = {each["name"]: each for each in of(proposed(ask), "T9")["fields"]}
    assert proposal["proposal_version"]["default"] == 1


def test_money_crosses_the_border_as_amount_and_currency(ask: Ask) -> None:
    file = proposed(ask)
    assert file["complaint"]["money"] == {"amount": "1200.50", "currency": "CNY"}
    assert file["complaint"]["remedy_total"] == REFUND["value"]
    assert [line["value"] for line in file["complaint"]["remedies"]] == [REFUND["value"]]
    newest = ask("complaint.history", id=file["complaint"]["id"])["items"][0]
    assert newest["changed"]["remedy_total"]["after"] == REFUND["value"]
    assert newest["fields"]["remedies"][0]["value"] == REFUND["value"]


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"amount": "1.005", "currency": "CNY"}, "remedies[0].value.amount"),
        ({"amount": "-1", "currency": "CNY"}, "remedies[0].value.amount"),
        ({"amount": 5, "currency": "CNY"}, "remedies[0].value.amount"),
        ({"amount": "5", "currency": "USD"}, "remedies[0].value.currency"),
        (500, "remedies[0].value"),
        ("500", "remedies[0].value"),
    ],
)
def test_what_is_no_money_of_this_site_is_refused(ask: Ask, value: Any, field: str) -> None:
    file = opened(ask)
    remedies = [{"type": "refund", "value": value}]
    with pytest.raises(InvalidInput) as refused:
        step(ask, file, "T13", severity="S3", remedies=remedies, customer_agreed=True)
    assert refused.value.fields == (field,)


def test_the_way_to_the_decision_with_approval_and_answer(ask: Ask) -> None:
    file = proposed(ask)
    file = step(ask, file, "T9", proposal_version=1, call_id=called(ask), sent_via="phone")
    assert file["complaint"]["state"] == "RESPONDED"
    done = [{"id": file["complaint"]["remedies"][0]["id"], "done_at": NOW}]
    file = step(ask, file, "T11", accepted_by="王芳", how="said", remedies_state=done)
    assert (file["complaint"]["state"], file["complaint"]["due_clock"]) == ("RESOLVED", "follow_up")
    assert file["complaint"]["remedies"][0]["done_at"] == NOW
    assert ask("complaint.list", filter={"state": "RESOLVED"})["items"] == [file["complaint"]]


def test_solving_on_the_call_is_one_form(ask: Ask) -> None:
    file = step(
        ask,
        opened(ask),
        "T13",
        severity="S4",
        remedies=[REFUND],
        customer_agreed=True,
        cause_class="B",
        checklist=CHECKLIST,
        what_was_done="Paid back at once.",
    )
    assert (file["complaint"]["state"], file["complaint"]["first_contact"]) == ("RESOLVED", True)


def test_what_the_procedure_forbids_is_denied_with_its_reason(ask: Ask) -> None:
    file = proposed(ask, "2500.00")
    with pytest.raises(Denied, match="Nobody approves a proposal of his own beyond his limit"):
        step(ask, file, "T9", proposal_version=1, call_id=called(ask), sent_via="phone")
    assert of(file, "T9")["refused_because"] == [
        "Nobody approves a proposal of his own beyond his limit. Ask another supervisor."
    ]
    with pytest.raises(Denied, match="supervisor who did not propose"):
        ask("complaint.approve", id=file["complaint"]["id"], proposal_version=1)
    with pytest.raises(Denied, match="in the state PROPOSED"):
        ask("complaint.transition", id=file["complaint"]["id"], transition="T7")
    assert ask("complaint.get", id=file["complaint"]["id"]) == file


def test_a_stale_step_is_a_conflict_that_shows_the_complaint_as_it_is(ask: Ask) -> None:
    old = assessed(ask)
    step(ask, old, "T5", contacted_at=NOW)
    with pytest.raises(Conflict) as refused:
        step(ask, old, "T18", words="Never mind.", channel="phone")
    assert refused.value.fields == ("state",)
    assert refused.value.current["state"] == "INVESTIGATING"
    assert refused.value.current["due_at"]
    assert refused.value.current["version"] == old["complaint"]["version"] + 1


def test_an_unknown_field_and_a_missing_one_are_named(ask: Ask) -> None:
    file = opened(ask)
    with pytest.raises(InvalidInput) as refused:
        step(ask, file, "T18", words="Enough.")
    assert refused.value.fields == ("channel",)
    with pytest.raises(InvalidInput) as refused:
        step(ask, file, "T18", words="Enough.", channel="phone", colour="red")
    assert refused.value.fields == ("colour",)


@pytest.mark.parametrize("name", ["customer_id", "asset_id", "call_id", "repeat_of"])
def test_a_complaint_leads_to_records_that_are_here(ask: Ask, name: str) -> None:
    with pytest.raises(NotFound) as refused:
        opened(ask, **{name: UNKNOWN})
    assert refused.value.fields == (name,)
    assert ask("complaint.list")["items"] == []


def test_an_owner_and_a_survey_have_to_be_here(ask: Ask) -> None:
    file = opened(ask)
    with pytest.raises(NotFound) as refused:
        step(ask, file, "T2", checklist=CHECKLIST, ack_channel="phone", owner=UNKNOWN)
    assert refused.value.fields == ("owner",)
    with pytest.raises(NotFound):
        ask("complaint.get", id=UNKNOWN)


def test_an_administrator_gives_it_to_somebody_and_puts_right_what_was_mistyped(ask: Ask, desk: Desk) -> None:
    bela = save(desk, "agent", id=UNKNOWN, login="bela", role="agent")
    file = opened(ask, complainant="Li Wie")
    assert next(f for f in of(file, "D1")["fields"] if f["name"] == "corrections")["default"] is None
    save(desk, "agent", id=me(ask), login="anna", role="administrator")
    file = ask("complaint.get", id=file["complaint"]["id"])
    assert of(file, "D1")["refused_because"] == []
    (field,) = (each for each in of(file, "D1")["fields"] if each["name"] == "corrections")
    assert field["choices"] == ["complainant", "third_party", "what_happened", "outlet"]
    assert field["default"]["complainant"] == "Li Wie"
    told = {"what": "The name.", "reason": "He rang."}
    done = step(ask, file, "D1", **told, to=bela, corrections={"complainant": "Li Wei"})
    assert (done["complaint"]["complainant"], done["complaint"]["owner"]) == ("Li Wei", bela)
    event = ask("complaint.history", id=done["complaint"]["id"])["items"][0]
    assert event["changed"]["complainant"] == {"before": "Li Wie", "after": "Li Wei"}
    assert event["reason"] == "He rang."
    with pytest.raises(InvalidInput, match="must have the parts"):
        step(ask, done, "D1", **told, corrections={"severity": "S4"})
    with pytest.raises(NotFound):
        step(ask, done, "D1", **told, to=str(UUID(int=5)))


def test_the_same_request_is_done_once(ask: Ask) -> None:
    file = opened(ask, request_id="one")
    seen = file["complaint"]
    again = opened(ask, customer_id=seen["customer_id"], request_id="one")
    assert again == file
    params = {"id": seen["id"], "transition": "E1", "fields": {"to_level": 1, "reason": "press"}}
    first = ask("complaint.transition", **params, request_id="two")
    assert ask("complaint.transition", **params, request_id="two") == first
    assert first["complaint"]["version"] == 2
    assert len(ask("complaint.list")["items"]) == 1


def test_the_same_id_is_one_complaint(ask: Ask) -> None:
    first = opened(ask, id=UNKNOWN)
    again = opened(ask, id=UNKNOWN, customer_id=first["complaint"]["customer_id"])
    assert again["complaint"]["number"] == first["complaint"]["number"]


def test_clocks_tell_how_they_stand_and_why(ask: Ask) -> None:
    file = assessed(ask)
    held = {each["clock"]: each for each in ask("complaint.clocks", id=file["complaint"]["id"])["clocks"]}
    assert (held["acknowledge"]["state"], held["acknowledge"]["verdict"]) == ("stopped", "met")
    assert (held["decide"]["state"], held["decide"]["verdict"]) == ("running", "open")
    assert held["decide"]["since"] == "2026-11-20T09:50:00Z"
    assert [line["event"] for line in held["acknowledge"]["lines"]] == ["start", "stop"]
    due = min(each["due_at"] for each in held.values() if each["state"] == "running")
    assert file["complaint"]["due_at"] == due


def test_history_tells_who_did_what_when_and_what_changed(ask: Ask) -> None:
    file = step(ask, opened(ask), "E1", to_level=2, reason="a journalist asks")
    told = ask("complaint.history", id=file["complaint"]["id"])
    newest, first = told["items"]
    assert (told["complete"], told["next"]) == (True, None)
    assert (newest["transition"], newest["version_before"], newest["version_after"]) == ("E1", 1, 2)
    assert newest["changed"]["level"] == {"before": 0, "after": 2}
    assert newest["reason"] == "a journalist asks"
    assert (newest["at"], newest["at_local"]) == (NOW, "2026-11-20T17:58:00+08:00")
    assert newest["who"] == me(ask)
    assert newest["who_name"]
    assert newest["device"]
    assert (first["transition"], first["version_before"]) == ("T1", 0)
    page = ask("complaint.history", id=file["complaint"]["id"], limit=1)
    assert page["next"] == 2
    rest = ask("complaint.history", id=file["complaint"]["id"], limit=1, after=page["next"])
    assert [each["transition"] for each in rest["items"]] == ["T1"]


def test_lists_are_filtered_by_the_names_of_the_interface(ask: Ask, desk: Desk) -> None:
    one, other = opened(ask), opened(ask)
    ask(
        "complaint.transition",
        id=other["complaint"]["id"],
        transition="E1",
        fields={"to_level": 3, "reason": "x"},
    )
    found = ask("complaint.list", filter={"owner": me(ask), "level_to": 0}, order="due_at")
    assert [item["id"] for item in found["items"]] == [one["complaint"]["id"]]
    assert found["complete"] is True
    both = ask("complaint.list", filter={"state": ["RECEIVED", "CLOSED"]}, order="-number", limit=1)
    rest = ask(
        "complaint.list", filter={"state": ["RECEIVED", "CLOSED"]}, order="-number", after=both["next"]
    )
    numbers = [item["number"] for item in (*both["items"], *rest["items"])]
    assert numbers == sorted(numbers, reverse=True)
    assert len(numbers) == 2
    with pytest.raises(InvalidInput):
        ask("complaint.list", filter={"owner_id": me(ask)})


def test_of_another_teams_complaint_only_the_head_is_told(ask: Ask, desk: Desk) -> None:
    file = opened(ask)
    row_id = UUID(file["complaint"]["id"])

    def hide(work: Any) -> None:
        work.connection.execute("DELETE FROM complaint_body WHERE id = ?", (row_id.bytes,))
        work.commit()

    desk.store.write(hide).result()
    seen = ask("complaint.get", id=str(row_id))
    assert seen["complaint"]["what_happened"] is None
    assert seen["complaint"]["category"] == "t_repair"
    assert seen["allowed"] == []
    assert seen["complaint"]["number"] in seen["hidden_because"]
    assert "ask its owner" in seen["hidden_because"]
    with pytest.raises(NotFound):
        ask("complaint.history", id=str(row_id))
    assert ask("complaint.list")["items"][0]["what_happened"] is None


def test_of_another_teams_restricted_complaint_only_number_state_and_owner_are_told(
    ask: Ask, desk: Desk
) -> None:
    file = opened(ask, restricted=True)
    row_id = UUID(file["complaint"]["id"])
    assert file["complaint"]["category"] == "t_repair"

    def hide(work: Any) -> None:
        work.connection.execute("DELETE FROM complaint_body WHERE id = ?", (row_id.bytes,))
        work.commit()

    desk.store.write(hide).result()
    seen = ask("complaint.get", id=str(row_id))["complaint"]
    assert seen["number"] == file["complaint"]["number"]
    assert (seen["state"], seen["owner"]) == ("RECEIVED", me(ask))
    assert (seen["category"], seen["customer_id"], seen["channel"]) == (None, None, None)


def test_the_history_of_one_that_another_was_merged_into_is_whole(ask: Ask) -> None:
    file = opened(ask)
    earlier = opened(ask, received_at="2026-11-19T09:50:00Z", customer_id=file["complaint"]["customer_id"])
    step(ask, earlier, "T19", target_id=file["complaint"]["id"])
    after = ask("complaint.get", id=file["complaint"]["id"])["complaint"]
    assert after["received_at"] == "2026-11-19T09:50:00Z"
    told = ask("complaint.history", id=file["complaint"]["id"])
    assert ([event["transition"] for event in told["items"]], told["complete"]) == (["T1"], True)


def test_a_note_goes_into_the_complaints_log_for_its_team(ask: Ask) -> None:
    file = opened(ask)
    note = ask("note.append", complaint_id=file["complaint"]["id"], text="He wants to hear by Friday.")
    assert note["complaint_id"] == file["complaint"]["id"]
    assert note["team_id"] == file["complaint"]["team"]
    after = ask("complaint.get", id=file["complaint"]["id"])
    assert after["notes"] == [note]
    assert after["complaint"]["version"] == file["complaint"]["version"]
    with pytest.raises(NotFound):
        ask("note.append", complaint_id=UNKNOWN, text="x")


def test_a_survey_is_the_mean_of_its_grades_and_the_complaints_satisfaction(ask: Ask) -> None:
    file = opened(ask)
    grades = {"speed": 90, "courtesy": 60, "result": 60, "price": 30, "effort": 0, "words": -30}
    made = ask("survey.record", complaint_id=file["complaint"]["id"], answers=grades, again="yes")
    assert (made["csm"], made["answers"], made["again"]) == (35, grades, "yes")
    assert made["customer_id"] == file["complaint"]["customer_id"]
    assert ask("complaint.get", id=file["complaint"]["id"])["complaint"]["csm"] == 35
    assert ask("survey.get", id=made["id"]) == made
    assert ask("survey.list", filter={"csm_from": 35})["items"] == [made]
    for wrong in (91, False, 90.0, "60", None):
        with pytest.raises(InvalidInput, match="one of 90, 60, 30"):
            ask("survey.record", complaint_id=file["complaint"]["id"], answers={"speed": wrong})
    with pytest.raises(InvalidInput):
        ask("survey.record", answers={"speed": 90})


def test_letters_are_listed_as_they_were_printed(ask: Ask, desk: Desk) -> None:
    file = opened(ask)
    fields = {"complaint_id": file["complaint"]["id"], "kind": "acknowledgement", "language": "en"}

    def make(work: Any) -> None:
        made = {"id": UNKNOWN, "fields": {**fields, "text": "Dear Ms Wang", "digest": "00"}}
        work.do(work.author.describe("letter.make", made))
        work.commit()

    desk.store.write(make).result()
    (letter,) = ask("letter.list", filter={"complaint_id": file["complaint"]["id"]})["items"]
    assert (letter["text"], letter["sent_at"]) == ("Dear Ms Wang", None)
    assert ask("letter.get", id=UNKNOWN) == letter


def test_a_remedy_that_was_ordered_is_marked_done_later(ask: Ask) -> None:
    file = step(ask, proposed(ask), "T9", proposal_version=1, sent_via="phone", call_id=called(ask))
    (remedy,) = file["complaint"]["remedies"]
    ordered = [{"id": remedy["id"], "order_id": "SO-1"}]
    file = step(ask, file, "T11", accepted_by="王芳", how="said", remedies_state=ordered)
    clocks = ask("complaint.clocks", id=file["complaint"]["id"])["clocks"]
    assert "resolve" in {each["clock"] for each in clocks if each["state"] == "running"}
    done = ask("remedy.mark", id=remedy["id"])
    assert (done["done_at"], done["order_id"], done["value"]) == (NOW, "SO-1", REFUND["value"])
    clocks = ask("complaint.clocks", id=file["complaint"]["id"])["clocks"]
    assert "resolve" not in {each["clock"] for each in clocks if each["state"] == "running"}
    assert ask("remedy.mark", id=remedy["id"], done_at="2026-11-20T08:00:00Z") == done, (
        "the first word counts"
    )
    with pytest.raises(InvalidInput, match="later than now"):
        ask("remedy.mark", id=remedy["id"], done_at="2026-11-21T08:00:00Z")
    with pytest.raises(NotFound, match="This remedy is not here any more"):
        ask("remedy.mark", id=UNKNOWN)
