"""Complaints of other systems: taken over as they are told, or refused with a reason; nothing is invented."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crmdesk.cli.exchange import _exported
from crmdesk.models.complaint_fact import ComplaintFact
from crmdesk.services.complaints.facts import fact_from_events, fact_of
from crmdesk.services.complaints.files import fields_of
from crmdesk.services.complaints.procedure import business_time
from crmdesk.services.exchange.columns import KINDS, plan_of, values_of
from crmdesk.services.exchange.preparing import Site, prepare
from crmdesk.services.exchange.tables import read_sheet
from crmdesk.services.exchange.texts import read_text
from crmdesk.services.exchange.writing import write
from crmdesk.services.profile import Profile, open_profile
from crmdesk.services.rpc.desk import Desk, close_desk, open_desk
from crmdesk.services.starter import furnish
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.telephony.numbers import NumberParser, SiteRules
from tests.services.rpc.conftest import NOW, Talk

COMPLAINTS = KINDS["complaints"]
TOLD = {
    "external_id": "K-1",
    "state": "RESPONDED",
    "category": "repair_again",
    "what_happened": "刹车异响，第三次进站",
    "received_at": "2026-11-02 09:30",
    "acknowledged_at": "2026-11-02 10:00",
    "responded_at": "2026-11-30T01:00:00Z",
    "severity": "S3",
    "remedies": [
        {"type": "refund", "value": "100.50 CNY", "granted_at": "2026-11-30T01:00:00Z", "order_id": "R-7"}
    ],
}


@pytest.fixture
def desk(profile: Profile) -> Iterator[Desk]:
    furnish(profile, "anna")
    opened = open_desk(profile)
    yield opened
    close_desk(opened)


@pytest.fixture
def other(tmp_path: Path, template: tuple[Path, MemorySecrets]) -> Iterator[Talk]:
    """A conversation with a second desk that holds nothing but its codes."""
    shutil.copytree(template[0], tmp_path / "other")
    with open_profile(tmp_path / "other", secrets=template[1], environment={"CRMDESK_CLOCK": NOW}) as profile:
        furnish(profile, "bela")
        opened = open_desk(profile)
        conversation = Talk(opened)
        yield conversation
        conversation.session.close()
        close_desk(opened)


def take(talk: Talk, *rows: dict[str, Any], dry: bool = False) -> list[str]:
    """Import *rows*; return what became of each. Made ready here, as the command does it, if they can be."""
    parse = NumberParser(SiteRules()).parse
    site = Site(parse, ZoneInfo("Asia/Shanghai"))
    made = [prepare("complaints", line, row, site) for line, row in enumerate(rows, 2)]
    sent = [
        {"line": each.line, "values": row} if each.reason else {"line": each.line, "ready": each.ready}
        for each, row in zip(made, rows, strict=True)
    ]
    taken = talk("exchange.import", kind="complaints", rows=sent, dry_run=dry)["rows"]
    return [f"{each['outcome']} {each['reason']}".strip() for each in taken]


def only(talk: Talk) -> Any:
    (item,) = talk("complaint.list")["items"]
    return item


def test_state_dates_and_texts_are_as_they_were_told(talk: Talk) -> None:
    assert take(talk, TOLD) == ["new"]
    seen = only(talk)
    assert {
        name: seen[name] for name in ("external_id", "state", "category", "what_happened", "imported")
    } == {
        "external_id": "K-1",
        "state": "RESPONDED",
        "category": "repair_again",
        "what_happened": "刹车异响，第三次进站",
        "imported": True,
    }
    assert (seen["received_at"], seen["acknowledged_at"]) == ("2026-11-02T01:30:00Z", "2026-11-02T02:00:00Z")
    assert seen["responded_at"] == "2026-11-30T01:00:00Z"
    assert seen["remedy_total"] == {"amount": "100.50", "currency": "CNY"}
    (line,) = seen["remedies"]
    assert (line["granted_at"], line["done_at"], line["order_id"]) == ("2026-11-30T01:00:00Z", None, "R-7")
    assert seen["number"].startswith("C26-")
    assert (seen["version"], seen["logged_at"]) == (1, NOW)


def test_what_was_not_told_stays_empty(talk: Talk) -> None:
    take(talk, {name: TOLD[name] for name in ("state", "category", "what_happened", "received_at")})
    seen = only(talk)
    assert [seen[name] for name in ("acknowledged_at", "responded_at", "resolved_at", "closed_at")] == [
        None
    ] * 4
    assert (seen["channel"], seen["remedy_wanted"], seen["owner"], seen["team"]) == ("", "", None, None)
    assert seen["remedies"] == []


def test_history_says_that_it_was_imported_and_nothing_else_happens(talk: Talk, desk: Desk) -> None:
    take(talk, {**TOLD, "state": "INVESTIGATING", "severity": "S1"})
    (event,) = talk("complaint.history", id=only(talk)["id"])["items"]
    assert (event["transition"], event["name"], event["to_state"]) == ("import", "Imported", "INVESTIGATING")
    assert talk("task.list")["items"] == []


def test_clocks_are_worked_out_from_the_dates_that_are_there(talk: Talk) -> None:
    take(talk, TOLD)
    held = {each["clock"]: each for each in talk("complaint.clocks", id=only(talk)["id"])["clocks"]}
    assert set(held) == {"acknowledge", "decide", "resolve"}
    assert (held["acknowledge"]["state"], held["acknowledge"]["verdict"]) == ("stopped", "met")
    assert (held["decide"]["verdict"], held["decide"]["breach"]) == ("breached", "late")
    assert held["resolve"]["state"] == "running"
    assert only(talk)["due_clock"] == "resolve"


def test_a_clock_that_ended_nobody_knows_when_is_left_out(talk: Talk) -> None:
    take(talk, {**TOLD, "state": "CLOSED"})
    held = {each["clock"] for each in talk("complaint.clocks", id=only(talk)["id"])["clocks"]}
    assert held == {"acknowledge", "decide"}
    assert only(talk)["due_at"] is None


def test_a_regime_that_is_named_counts_from_the_receipt(talk: Talk) -> None:
    take(talk, {**TOLD, "regime": "CN-ODR"})
    held = {each["clock"]: each for each in talk("complaint.clocks", id=only(talk)["id"])["clocks"]}
    assert held["CN-ODR/resolve"]["state"] == "running"


def test_what_is_older_than_the_calendar_keeps_its_dates_and_has_no_clocks(talk: Talk) -> None:
    assert take(talk, {**TOLD, "received_at": "2009-05-01"}) == ["new"]
    assert talk("complaint.clocks", id=only(talk)["id"])["clocks"] == []
    assert only(talk)["received_at"] == "2009-04-30T16:00:00Z"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"received_at": ""}, "Please fill in received_at"),
        ({"state": None}, "Please fill in state"),
        ({"what_happened": " "}, "Please fill in what_happened"),
        ({"state": "OPEN"}, "state must be one of: RECEIVED, "),
        ({"severity": "high"}, "severity must be one of: S1, S2, S3, S4; this is 'high'"),
        ({"category": "Mortgage"}, "category: Mortgage is not in the list"),
        ({"cause": "nobody knows"}, "cause: nobody knows is not in the list"),
        ({"regime": "XX"}, "regime: XX is not in the list"),
        ({"received_at": "yesterday"}, "received_at cannot be 'yesterday'"),
        ({"received_at": "2026-11-21"}, "It cannot have been received later than now"),
        ({"customer_id": "K9"}, "There is no customer K9; import those first"),
        ({"asset_id": "A9"}, "There is no asset A9; import those first"),
        ({"owner": "nobody"}, "There is no owner nobody"),
        ({"level": 4}, "level must be a whole number from 0 to 3"),
        ({"money": "12.345"}, "money cannot be '12.345'"),
        ({"money": "12 USD"}, "money must be in CNY"),
        ({"remedies": [{"type": "hug"}]}, "type must be one of: apology"),
        ({"remedies": ["refund"]}, "remedies is no JSON list"),
        ({"number": "2020/17"}, "2020/17 is no number of crmdesk. Map it to external_id"),
        ({"what_happened": "x" * 100_001}, "100000 characters at most"),
    ],
)
def test_a_row_that_cannot_be_is_refused_with_its_reason(talk: Talk, changes: Any, words: str) -> None:
    (said,) = take(talk, {**TOLD, **changes})
    assert said.startswith("refused")
    assert words in said
    assert talk("complaint.list")["items"] == []


def test_twice_is_once_also_when_work_has_gone_on(talk: Talk) -> None:
    told = {**TOLD, "level": 1}
    assert take(talk, told, told) == ["new", "same"]
    seen = only(talk)
    fields = {"to_level": 2, "reason": "press"}
    talk("complaint.transition", id=seen["id"], transition="E1", fields=fields)
    before = only(talk)
    assert before["level"] == 2
    assert take(talk, told) == ["same"]
    assert only(talk) == before


def test_a_complaint_that_is_here_is_not_changed_by_a_file(talk: Talk) -> None:
    take(talk, TOLD)
    before = only(talk)
    (said,) = take(talk, {**TOLD, "state": "CLOSED", "what_happened": "别的话"})
    assert "is here already, and differs in: state, what_happened" in said
    assert only(talk) == before


def test_a_row_without_any_id_is_known_by_its_content(talk: Talk) -> None:
    plain = {name: value for name, value in TOLD.items() if name != "external_id"}
    assert take(talk, plain) == ["new"]
    assert take(talk, plain, {**plain, "what_happened": "另一件事"}) == ["same", "new"]


def test_a_number_of_our_shape_is_kept_and_a_double_is_told_apart(talk: Talk) -> None:
    rows = [{**TOLD, "external_id": name, "number": "C26-K7Q-0042"} for name in ("a", "b")]
    assert take(talk, *rows) == ["new", "new"]
    assert sorted(item["number"] for item in talk("complaint.list")["items"]) == [
        "C26-K7Q-0042",
        "C26-K7Q-0042B",
    ]


def test_a_number_of_another_shape_becomes_the_sources_id(talk: Talk) -> None:
    plain = {name: value for name, value in TOLD.items() if name != "external_id"}
    assert take(talk, {**plain, "number": "2020/17"}) == ["new"]
    assert only(talk)["external_id"] == "2020/17"
    assert take(talk, {**plain, "number": "2020/17"}) == ["same"]


def test_a_look_changes_nothing_and_gives_out_no_number(talk: Talk) -> None:
    assert take(talk, TOLD, dry=True) == ["new"]
    assert talk("complaint.list")["items"] == []
    take(talk, TOLD)
    assert only(talk)["number"].endswith("-0001")


def test_who_is_no_administrator_of_a_shared_desk_takes_over_nothing(talk: Talk, desk: Desk) -> None:
    def share(work: Any) -> None:
        work.connection.execute("INSERT INTO sync (name, value) VALUES ('server', 'x')")
        work.commit()

    desk.store.write(share).result()
    (said,) = take(talk, TOLD)
    assert "Only an administrator" in said


def test_figures_from_the_log_are_those_of_the_rows(talk: Talk, desk: Desk) -> None:
    counted = {"reopen_count": 2, "hand_overs": 3, "wait_seconds": 600, "first_contact": True}
    dates = {"resolved_at": "2026-11-30", "closed_at": "2026-12-01", "contacted_at": "2026-11-03"}
    take(talk, {**TOLD, **counted, **dates, "state": "CLOSED"})
    row_id = UUID(only(talk)["id"])

    def facts(connection: Any) -> tuple[ComplaintFact, ComplaintFact]:
        rows = StoredRows(connection)
        events, remedies = (
            rows.where(name, "complaint_id", row_id) for name in ("complaint_event", "remedy_line")
        )
        time = business_time("cn-default")
        return fact_of(fields_of(rows, row_id)), fact_from_events(events, remedies, time)

    stored, told = desk.store.read(facts).result()
    assert told == stored
    assert (stored.reopened, stored.handed_over, stored.wait_seconds) == (2, 3, 600)


def test_words_of_a_file_are_mapped_to_ours(tmp_path: Path) -> None:
    columns = ("nr", "text", "status", "datum")
    mapping: dict[str, Any] = {
        "external_id": "nr",
        "what_happened": "text",
        "received_at": "datum",
        "state": {"column": "status", "values": {"offen": "RECEIVED", "zu": "CLOSED"}},
        "category": {"value": "repair"},
    }
    plan = plan_of(COMPLAINTS, columns, mapping)
    file = tmp_path / "c.csv"
    file.write_text("nr,text,status,datum\n1,kaputt,zu,2026-01-01\n2,laut,weg,2026-01-01\n")
    first, second = read_sheet(read_text(file), file).lines
    assert values_of(COMPLAINTS, plan, first) == {
        "category": "repair",
        "external_id": "1",
        "what_happened": "kaputt",
        "state": "CLOSED",
        "received_at": "2026-01-01",
    }
    with pytest.raises(Exception, match=r"The mapping of state has no word for 'weg' in status"):
        values_of(COMPLAINTS, plan, second)
    mapping["state"] = {"column": "status", "values": {"*": "RECEIVED"}}
    assert values_of(COMPLAINTS, plan_of(COMPLAINTS, columns, mapping), second)["state"] == "RECEIVED"


MOMENTS = st.integers(1_704_067_200, 1_798_761_600).map(
    lambda at: datetime.fromtimestamp(at, UTC).isoformat()
)
PAST = st.integers(1_704_067_200, 1_779_235_200).map(lambda at: datetime.fromtimestamp(at, UTC).isoformat())
TEXTS = st.text(max_size=40)
SAID = st.text("ab,;\"'\n\t=+@ é漏油🙂", min_size=1, max_size=30).filter(lambda text: bool(text.strip()))
MONEY = st.integers(0, 10**8).map(lambda units: f"{units // 100}.{units % 100:02d}")
LINES = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["refund", "apology"]), "value": MONEY},
        optional={"due": MOMENTS, "done_at": MOMENTS, "granted_at": MOMENTS, "order_id": SAID},
    ),
    max_size=3,
)
ROW = st.fixed_dictionaries(
    {
        "state": st.sampled_from(["RECEIVED", "WAITING", "RESPONDED", "CLOSED", "REJECTED", "MERGED"]),
        "category": st.sampled_from(["repair_again", "price"]),
        "what_happened": SAID,
        "received_at": PAST,
    },
    optional={
        "external_id": SAID.map(lambda text: text.strip()),
        "severity": st.sampled_from(["S1", "S4"]),
        "level": st.integers(0, 3),
        "channel": st.sampled_from(["phone", "web"]),
        "unidentified": st.booleans(),
        "sampled": st.booleans(),
        "acknowledged_at": MOMENTS,
        "responded_at": MOMENTS,
        "resolved_at": MOMENTS,
        "closed_at": MOMENTS,
        "wait_until": MOMENTS,
        "logged_at": MOMENTS,
        "owner": st.uuids().map(str),
        "repeat_of": st.uuids().map(str),
        "complainant": TEXTS,
        "reason_text": TEXTS,
        "finding": st.sampled_from(["upheld", "partly"]),
        "cause": st.sampled_from(["a_wear_early"]),
        "regime": st.sampled_from(["none", "CN-ODR"]),
        "money": MONEY,
        "csm": st.integers(-90, 90),
        "remedies": LINES,
        "wait_seconds": st.integers(0, 10**9),
    },
)


IDS = count(1)
"""Each example has complaints of its own, so both profiles are empty of them."""


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROW, min_size=1, max_size=8))
@pytest.mark.parametrize("suffix", ["csv", "jsonl"])
def test_export_and_import_into_an_empty_profile_are_inverse(
    talk: Talk, other: Talk, tmp_path: Path, rows: list[dict[str, Any]], suffix: str
) -> None:
    ids = [str(UUID(int=next(IDS))) for _ in rows]
    assert set(take(talk, *({**row, "id": row_id} for row, row_id in zip(rows, ids, strict=True)))) == {"new"}
    items = talk("complaint.list", filter={"id": ids}, limit=500)["items"]
    file = tmp_path / f"complaints.{suffix}"
    assert write(COMPLAINTS, map(_exported, items), file) == len(rows)
    sheet = read_sheet(read_text(file), file)
    plan = plan_of(COMPLAINTS, sheet.columns, {})
    assert plan.unused == ()
    assert set(take(other, *(values_of(COMPLAINTS, plan, line) for line in sheet.lines))) == {"new"}
    copies = {each["id"]: _exported(each) for each in other("complaint.list", filter={"id": ids})["items"]}
    for item in map(_exported, items):
        kept = {name: item[name] for name in COMPLAINTS.fields if name in item}
        copied = {name: copies[item["id"]][name] for name in kept}
        assert json.dumps(copied, sort_keys=True) == json.dumps(kept, sort_keys=True)
