"""A complaint is written down from a call: what is known, what is guessed, what is kept, what is read out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from crmdesk.errors import Denied, InvalidInput
from crmdesk.models.agent import save_code
from crmdesk.models.complaint_step import ledger_of
from crmdesk.services.complaints.intake import (
    Logged,
    Sense,
    assess,
    log_complaint,
    offer,
    spelt,
    starter_sense,
)
from crmdesk.services.complaints.intake_sheet import Sheet, Solution, cents, from_draft, lacking, to_draft
from crmdesk.services.complaints.procedure import House
from tests.services.complaints.house import ANNA, BEGIN, CALL, CHEN, CUSTOMER, ComplaintDesk

SHEET_ID = UUID(int=1 << 90)
WORDS = "The engine leaks oil again, third visit to the workshop for the same fault."
SOLVED = Solution(
    done="Explained, and a voucher sent.", remedies=(("voucher", "150"),), agreed=True, cause_class="B"
)
CATEGORIES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("quality", {"name_en": "Product quality", "name_zh": "产品质量"}),
    ("quality_engine", {"parent": "quality", "name_en": "Engine", "name_zh": "发动机", "needs_asset": True}),
    ("service_staff", {"name_en": "Staff", "name_zh": "服务人员"}),
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    desk = ComplaintDesk(tmp_path)
    with desk.work() as work:
        for n, (key, more) in enumerate(CATEGORIES):
            work.do(
                save_code(
                    work.author, "complaint_category", {"id": str(UUID(int=500 + n)), "key": key, **more}
                )
            )
        work.commit()
    yield desk
    desk.close()


@pytest.fixture(scope="module")
def sense() -> Sense:
    return starter_sense()


def sheet(desk: ComplaintDesk, **changes: Any) -> Sheet:
    made = Sheet(
        complaint_id=str(SHEET_ID),
        received_at=desk.now.isoformat(),
        customer_id=str(CUSTOMER),
        call_id=str(CALL),
        channel="phone",
        category="quality_engine",
        what_happened=WORDS,
        severity="S3",
        language="zh",
    )
    return replace(made, **changes)


def log(desk: ComplaintDesk, of: Sheet) -> Logged:
    with desk.work() as work:
        return log_complaint(work, of, House(), "K7Q")


def count(desk: ComplaintDesk, table: str) -> int:
    return int(desk.connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])


def test_the_form_is_offered_what_there_is_and_what_is_likely(desk: ComplaintDesk, sense: Sense) -> None:
    made = offer(desk.connection, sheet(desk, category=""), sense, House(), desk.author, spelt)
    assert [each.key for each in made.categories] == ["quality_engine", "repair", "service_staff"]
    engine = made.categories[0]
    assert (engine.head_zh, engine.needs_asset) == ("产品质量", True)
    assert {"fdj", "fadongji", "engine", "发动机"} <= set(engine.typed)
    assert made.assessment.guesses[0].key == "quality_engine"
    assert (made.name, made.limit, made.currency) == ("王芳", 200_00, "CNY")


def test_a_supervisor_is_offered_his_own_limit(desk: ComplaintDesk, sense: Sense) -> None:
    desk.who = CHEN
    assert offer(desk.connection, sheet(desk), sense, House(), desk.author, spelt).limit == 2_000_00


def test_earlier_complaints_of_the_category_are_found_for_ninety_days(
    desk: ComplaintDesk, sense: Sense
) -> None:
    first = desk.log({"category": "quality_engine"})
    desk.log({"category": "service_staff"})
    desk.later(days=90)
    (found,) = assess(desk.connection, sheet(desk), sense).repeats
    assert (found.id, found.number, found.state) == (str(first["id"]), first["number"], "RECEIVED")
    desk.later(seconds=1)
    assert assess(desk.connection, sheet(desk), sense).repeats == ()


def test_a_second_repeat_is_grave_and_names_the_first_complaint_of_the_row(
    desk: ComplaintDesk, sense: Sense
) -> None:
    first = desk.log({"category": "quality_engine"})
    desk.later(days=1)
    second = desk.log({"category": "quality_engine"}, repeat_of=first["id"])
    desk.later(days=1)
    found = assess(desk.connection, sheet(desk), sense)
    assert [each.id for each in found.repeats] == [str(second["id"]), str(first["id"])]
    assert {each.root for each in found.repeats} == {str(first["id"])}
    assert found.severity == "S2"


@pytest.mark.parametrize(("worth", "severity"), [("", "S3"), ("2000", "S3"), ("2,000.01", "S2"), ("x", "S3")])
def test_what_it_is_worth_counts_for_the_severity(
    desk: ComplaintDesk, sense: Sense, worth: str, severity: str
) -> None:
    assert assess(desk.connection, sheet(desk, worth=worth), sense).severity == severity


def test_what_is_restricted_and_what_it_is_worth_is_kept(desk: ComplaintDesk) -> None:
    row_id = log(desk, sheet(desk, restricted=True, worth="2,500")).id
    assert desk.row("complaint", row_id)["restricted"]
    assert desk.row("complaint_body", row_id)["money"] == 2500_00


def test_what_is_saved_already_is_no_repeat_of_itself(desk: ComplaintDesk, sense: Sense) -> None:
    log(desk, sheet(desk))
    assert assess(desk.connection, sheet(desk), sense).repeats == ()


def test_it_is_kept_with_a_number_and_a_sentence_to_read_out(desk: ComplaintDesk) -> None:
    kept = log(desk, sheet(desk, complainant="李强", third_party="丈夫，已取得同意", outlet="PD-01"))
    row, body = desk.row("complaint", kept.id), desk.row("complaint_body", kept.id)
    assert (row["number"], row["outlet"], row["language"]) == ("C26-K7Q-0001", "PD-01", "zh")
    assert (body["complainant"], body["third_party"]) == ("李强", "丈夫，已取得同意")
    assert str(kept.readout.values[0][1]).replace("\u00a0", "") == "C26, K7Q, 0001"
    assert "15:00 today" in kept.readout.in_words()
    assert kept.due_at == BEGIN + timedelta(hours=5), "four hours of business and the break at noon"


@pytest.mark.parametrize("solution", [None, SOLVED])
def test_a_date_in_a_year_without_holidays_is_read_out_with_its_doubt(
    desk: ComplaintDesk, solution: Solution | None
) -> None:
    for day, moves in ((BEGIN, False), (datetime(2026, 12, 31, 9, 30, tzinfo=UTC), True)):
        desk.now = day
        given = replace(sheet(desk, solution=solution), complaint_id=str(uuid4()))
        kept = log(desk, given)
        assert kept.provisional is moves
        assert kept.readout.in_words().endswith("holidays are not announced yet.") is moves


def test_the_same_sheet_again_makes_no_second_complaint(desk: ComplaintDesk) -> None:
    assert log(desk, sheet(desk)).number == log(desk, sheet(desk)).number
    assert count(desk, "complaint") == 1


def test_clocks_count_from_the_call_and_not_from_typing(desk: ComplaintDesk) -> None:
    called = desk.now
    desk.later(hours=1)
    kept = log(desk, sheet(desk, received_at=called.isoformat()))
    assert kept.due_at == called + timedelta(hours=5)


def test_somebody_unidentified_complains_by_his_call(desk: ComplaintDesk) -> None:
    kept = log(desk, sheet(desk, customer_id=""))
    row = desk.row("complaint", kept.id)
    assert (row["unidentified"], row["customer_id"], row["call_id"]) == (True, None, CALL)


def test_solved_on_the_call_is_one_transaction(desk: ComplaintDesk) -> None:
    kept = log(desk, sheet(desk, solution=SOLVED))
    row, body = desk.row("complaint", kept.id), desk.row("complaint_body", kept.id)
    assert (kept.state, row["first_contact"], body["remedy_total"]) == ("RESOLVED", True, 150_00)
    assert body["what_was_done"] == "Explained, and a voucher sent."
    events = sorted(desk.rows("complaint_event", kept.id), key=lambda row: row["version"])
    assert [event["transition"] for event in events] == ["T1", "T13"]
    assert "acknowledge" not in {
        clock
        for clock, course in ledger_of(desk.rows("clock_line", kept.id)).runs().items()
        if not course[-1].stop
    }
    assert "settled" in kept.readout.in_words()


def test_a_remedy_beyond_the_own_limit_keeps_nothing_at_all(desk: ComplaintDesk) -> None:
    dear = replace(SOLVED, remedies=(("voucher", "150"), ("refund", "51")))
    with pytest.raises(Denied, match="more than you may grant alone"):
        log(desk, sheet(desk, solution=dear))
    assert (count(desk, "complaint"), count(desk, "complaint_event")) == (0, 0)
    assert log(desk, sheet(desk)).number == "C26-K7Q-0001", "the number is not used up"


def test_what_a_repeat_was_granted_counts_for_the_limit(desk: ComplaintDesk) -> None:
    first = log(desk, sheet(desk, solution=SOLVED))
    again = sheet(desk, complaint_id=str(UUID(int=7 << 90)), repeat_of=str(first.id), solution=SOLVED)
    with pytest.raises(Denied, match="more than you may grant alone"):
        log(desk, again)


def test_what_is_not_accepted_is_not_solved(desk: ComplaintDesk) -> None:
    with pytest.raises(Denied, match="check-list of acceptance does not hold: facts"):
        log(desk, sheet(desk, solution=replace(SOLVED, unmet=("facts",))))


def test_the_same_car_under_another_owner_repeats_too(desk: ComplaintDesk, sense: Sense) -> None:
    car = str(UUID(int=77))
    first = desk.log(
        {
            "category": "quality_engine",
            "asset_id": car,
            "unidentified": True,
            "customer_id": None,
            "call_id": str(CALL),
        }
    )
    desk.later(days=1)
    found = assess(desk.connection, sheet(desk, asset_id=car), sense)
    assert [each.id for each in found.repeats] == [str(first["id"])]


def test_a_category_that_is_gone_is_refused_with_its_field(desk: ComplaintDesk) -> None:
    with pytest.raises(InvalidInput) as refused:
        log(desk, sheet(desk, category="gone"))
    assert refused.value.fields == ("category",)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"customer_id": "", "call_id": ""}, "customer"),
        ({"what_happened": "  leaks   "}, "what_happened"),
        ({"category": ""}, "category"),
        ({"channel": ""}, "channel"),
        ({"complainant": "李强"}, "third_party"),
        ({"worth": "a lot"}, "worth"),
        ({"worth": "100000000.01"}, "worth"),
        ({"solution": replace(SOLVED, done="")}, "done"),
        ({"solution": replace(SOLVED, remedies=(("voucher", "201"),))}, "remedies"),
        ({"solution": replace(SOLVED, remedies=(("voucher", "a lot"),))}, "remedies"),
        ({"solution": replace(SOLVED, cause_class="")}, "cause_class"),
        ({"solution": replace(SOLVED, agreed=False)}, "agreed"),
        ({"solution": replace(SOLVED, unmet=("facts",))}, "unmet"),
        ({"solution": SOLVED, "severity": "S2"}, "severity"),
    ],
)
def test_what_lacks_is_told_at_its_field(desk: ComplaintDesk, changes: dict[str, Any], field: str) -> None:
    assert list(lacking(sheet(desk, **changes), 200_00)) == [field]


def test_a_whole_sheet_lacks_nothing(desk: ComplaintDesk) -> None:
    assert lacking(sheet(desk, solution=SOLVED), 200_00) == {}
    assert lacking(sheet(desk, customer_id="")) == {}


@pytest.mark.parametrize(
    ("typed", "held"),
    [
        ("", 0),
        ("150", 150_00),
        (" 99.50 ", 99_50),
        ("1,200", 1200_00),
        ("1,234,567.5", 1_234_567_50),
        ("¥ 20", 20_00),
        ("￥１２，５００．５０", 12_500_50),
        ("150.", 150_00),
        (".5", 50),
        ("-1", None),
        ("1.005", None),
        ("99,50", None),
        ("1,2000", None),
        ("1_000", None),
        ("1e3", None),
        ("1e999999", None),
        ("9" * 5000, None),
        (".", None),
        ("NaN", None),
        ("Infinity", None),
        ("x", None),
    ],
)
def test_sums_are_read_as_people_type_them(typed: str, held: int | None) -> None:
    assert cents(typed) == held


def test_a_draft_gives_the_sheet_back(desk: ComplaintDesk) -> None:
    held = sheet(desk, solution=replace(SOLVED, unmet=("facts",)), restricted=True, worth="99.50")
    assert from_draft(to_draft(held)) == held
    assert from_draft({**to_draft(held), "of_a_later_edition": 1}) == held


def test_received_is_the_moment_of_the_call(desk: ComplaintDesk) -> None:
    kept = log(desk, sheet(desk))
    assert desk.row("complaint", kept.id)["received_at"] == datetime.fromisoformat(sheet(desk).received_at)
    assert desk.row("complaint", kept.id)["owner_id"] == ANNA
