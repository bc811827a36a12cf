"""Letters are made of what the store knows, kept as printed, and marked when they leave the house."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import Denied, InvalidInput, NotFound
from crmdesk.models.agent import save_code
from crmdesk.models.wire import Row
from crmdesk.services.complaints import letters
from crmdesk.services.complaints.correspondence import (
    LetterDraft,
    draft_letter,
    kept_letter,
    make_letter,
    send_letter,
    wording_missing,
)
from crmdesk.services.complaints.letter_case import LetterWanted, Sender, fitting_kind, sender_of
from crmdesk.services.complaints.letter_text import read_text
from crmdesk.services.complaints.letter_words import letter_words
from crmdesk.services.complaints.press import Press, printed
from crmdesk.services.complaints.procedure import House, procedure
from crmdesk.services.store.rows import StoredRows
from crmdesk.settings import Settings
from tests.services.complaints.house import ANNA, CHECKLIST, CHEN, CUSTOMER, ComplaintDesk, under_regime

HOUSE = Sender("Our house", ("1600 Century Avenue", "Shanghai"), "+86 21 5820 8001", "service@house.example")
DIGEST = "0" * 64
REMEDY = {"type": "refund", "value": 412_00, "due": "2026-03-09T02:00:00+00:00"}
NOTHING = {"type": "none", "value": 0, "due": "2026-03-09T02:00:00+00:00"}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[ComplaintDesk]:
    desk = ComplaintDesk(tmp_path)
    with desk.work() as work:
        fields = {
            "name_alt": "Wang Fang",
            "address": "500 Zhangyang Road",
            "city": "Shanghai",
        }
        work.do(work.author.describe("customer.change", {"id": CUSTOMER, "changes": fields}))
        names = {"name_en": "Anna Collins", "name_zh": "李安娜", "extension": "4213"}
        work.do(save_code(work.author, "agent", {**desk.row("agent", ANNA), "id": str(ANNA), **names}))
        work.commit()
    yield desk
    desk.close()


def proposed(desk: ComplaintDesk, regime: str = "none", **proposal: Any) -> Row:
    row = desk.log()
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    impact = {"persons": 0, "money": 0}
    row = desk.step(row, "T4", CHEN, severity="S3", impact=impact, regime=regime, cause_class="B")
    row = desk.step(row, "T5", CHEN, contacted_at=desk.iso())
    given = {
        "cause": "wrong_part",
        "cause_class": "B",
        "finding": "upheld",
        "remedies": [REMEDY],
        "reason_text": "We fitted the wrong part.",
        **proposal,
    }
    return desk.step(row, "T8", **given)


def draft(desk: ComplaintDesk, row: Row, kind: str = "", language: str = "en", **said: Any) -> LetterDraft:
    wanted = LetterWanted(complaint_id=row["id"], kind=kind, language=language, **said)
    rows = StoredRows(desk.connection)
    return draft_letter(rows, desk.connection, desk.rules(), HOUSE, wanted, desk.now)


def make(desk: ComplaintDesk, row: Row, kind: str, plain: str | None = None, **said: Any) -> UUID:
    wanted = LetterWanted(complaint_id=row["id"], kind=kind, language="en", **said)
    text = draft(desk, row, kind, **said).plain if plain is None else plain
    with desk.work() as work:
        return make_letter(work, desk.rules(), HOUSE, wanted, text, DIGEST)


def test_a_decision_names_everybody_and_everything_from_the_store(desk: ComplaintDesk) -> None:
    found = draft(desk, proposed(desk))
    case = found.case
    assert (found.kind, found.lacks) == ("decision", None)
    assert (case.number, case.company, case.contact) == (
        "C26-K7Q-0001",
        "Our house",
        ("+86 21 5820 8001", "service@house.example"),
    )
    assert (case.name, case.address) == ("Wang Fang", ("500 Zhangyang Road", "Shanghai"))
    assert (case.owner_name, case.owner_phone) == ("Anna Collins", "+86 21 5820 8001, extension 4213")
    assert case.answer_by == date(2026, 3, 18)
    (remedy,) = case.remedies
    assert (remedy.kind, remedy.value, remedy.currency, remedy.due) == (
        "refund",
        412_00,
        "CNY",
        date(2026, 3, 9),
    )
    assert "We uphold your complaint." in found.plain
    assert "Refund: CNY 412.00, by 9 March 2026" in found.plain.replace("\u00a0", " ")


def test_a_chinese_letter_is_in_chinese_to_the_last_name(desk: ComplaintDesk) -> None:
    case = draft(desk, proposed(desk), language="zh").case
    assert (case.name, case.owner_name) == ("王芳", "李安娜")
    assert case.owner_phone == "+86 21 5820 8001 转 4213"
    assert case.address == ("Shanghai", "500 Zhangyang Road")
    assert (case.remedies[0].kind, case.remedy_wanted) == ("退款", "退款")


def test_a_city_that_stands_in_the_address_is_not_written_twice(desk: ComplaintDesk) -> None:
    desk.connection.execute("UPDATE customer SET address = '浦东张杨路500号，Shanghai'")
    assert draft(desk, proposed(desk)).case.address == ("浦东张杨路500号，Shanghai",)


def test_without_a_choice_the_complainants_language_is_taken(desk: ComplaintDesk) -> None:
    assert draft(desk, desk.log(), language="").case.language == "zh"
    assert draft(desk, desk.log(language="en"), language="").case.language == "en"


def test_who_speaks_for_the_customer_is_not_written_to_at_his_address(desk: ComplaintDesk) -> None:
    case = draft(desk, desk.log(complainant="Li Lei", third_party="husband")).case
    assert (case.name, case.address) == ("Li Lei", ())


def test_an_extension_alone_is_not_named_as_a_telephone(desk: ComplaintDesk) -> None:
    row = proposed(desk)
    rows, wanted = StoredRows(desk.connection), LetterWanted(complaint_id=row["id"], kind="decision")
    found = draft_letter(rows, desk.connection, desk.rules(), Sender("Our house"), wanted, desk.now)
    assert found.case.owner_phone == ""


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"state": "RECEIVED"}, "acknowledgement"),
        ({"state": "WAITING"}, "holding"),
        ({"state": "PROPOSED"}, "decision"),
        ({"state": "RESOLVED"}, "closing"),
        ({"state": "RESOLVED", "first_contact": True}, "summary"),
        ({"state": "INVESTIGATING", "external": "12315"}, "referral"),
        ({"state": "PROPOSED", "external": "12315"}, "decision"),
    ],
)
def test_the_letter_that_fits_the_state(fields: Row, kind: str) -> None:
    assert fitting_kind({"external": "", "first_contact": False, **fields}) == kind


def test_a_house_that_never_closes_names_the_day_that_ends_with_the_date(desk: ComplaintDesk) -> None:
    house = House(calendar="always", zone="UTC")
    desk.rules = lambda: procedure(desk.connection, house)  # type: ignore[method-assign]
    row = proposed(desk)
    assert draft(desk, row, "decision").case.answer_by == date(2026, 3, 14), "the 14th ends at the deadline"
    assert draft(desk, row, "holding", reason="We look.").case.next_date == date(2026, 3, 9)


def test_an_acknowledgement_promises_the_next_date_of_the_clocks(desk: ComplaintDesk) -> None:
    row = desk.log()
    assert draft(desk, row, "acknowledgement").case.next_date == date(2026, 3, 5)
    desk.later(days=30)
    late = draft(desk, row, "acknowledgement").case
    assert late.next_date is not None
    assert late.next_date > late.written_on


def test_no_letter_promises_a_day_that_is_over(desk: ComplaintDesk) -> None:
    row = proposed(desk)
    desk.later(days=60)
    for kind in ("acknowledgement", "holding", "decision"):
        promised = draft(desk, row, kind).case.next_date
        assert promised is None or promised > date(2026, 5, 1)


def test_what_a_letter_lacks_is_named_with_the_field_that_helps(desk: ComplaintDesk) -> None:
    row = desk.log()
    found = draft(desk, row, "rejection")
    assert (found.plain, found.field) == ("", "reason")
    assert found.lacks is not None
    found = draft(desk, row, "rejection", reason="It is not about us.")
    assert found.field == "route"
    found = draft(desk, row, "rejection", reason="It is not about us.", route="The dealer, 1 Main Street.")
    assert found.lacks is None
    assert "The dealer, 1 Main Street." in found.plain


def test_the_regimes_way_outside_stands_in_the_decision(desk: ComplaintDesk) -> None:
    row = proposed(desk, "UK-8W")
    plain = draft(desk, row).plain
    assert "Exchange Tower" in plain
    assert draft(desk, row, route="Another house.").case.outside_route == "Another house."


def test_a_letter_without_what_the_regime_demands_is_not_kept(desk: ComplaintDesk) -> None:
    row = proposed(desk, "UK-8W")
    found = draft(desk, row)
    spoilt = found.plain.replace("within six months", "some day")
    assert wording_missing("decision", found.case, spoilt) == (
        "You must do so within six months of the date of this letter.",
    )
    with pytest.raises(InvalidInput, match="must still say: You must do so within six months"):
        make(desk, row, "decision", spoilt)
    assert desk.rows("letter", row["id"]) == []


def test_a_letter_is_kept_as_it_was_printed_and_once(desk: ComplaintDesk) -> None:
    row = proposed(desk)
    wanted = LetterWanted(complaint_id=row["id"], kind="decision", language="en")
    plain = draft(desk, row).plain.replace("Dear", "Dearest")
    for _ in range(2):
        with desk.work() as work:
            made = make_letter(work, desk.rules(), HOUSE, wanted, plain, DIGEST, UUID(int=77))
    (letter,) = desk.rows("letter", row["id"])
    assert made == letter["id"] == UUID(int=77)
    assert (letter["text"], letter["language"], letter["digest"]) == (plain, "en", DIGEST)
    assert (letter["author"], letter["sent_at"], letter["made_at"]) == (str(ANNA), None, desk.now)


def test_a_digest_that_is_none_is_refused(desk: ComplaintDesk) -> None:
    row = proposed(desk)
    wanted = LetterWanted(complaint_id=row["id"], kind="decision", language="en")
    with desk.work() as work, pytest.raises(InvalidInput, match="SHA-256"):
        make_letter(work, desk.rules(), HOUSE, wanted, draft(desk, row).plain, "abc")


def test_a_letter_leaves_the_house_once(desk: ComplaintDesk) -> None:
    row = proposed(desk, remedies=[NOTHING])
    letter_id = make(desk, row, "decision")
    for channel in ("letter", "mail"):
        with desk.work() as work:
            send_letter(work, desk.rules(), letter_id, channel)
    letter = desk.row("letter", letter_id)
    assert (letter["sent_via"], letter["sent_at"]) == ("letter", desk.now)
    told = "SELECT count(*) FROM operation WHERE kind = 'letter.send'"
    assert desk.connection.execute(told).fetchone()[0] == 1
    with desk.work() as work, pytest.raises(InvalidInput):
        send_letter(work, desk.rules(), letter_id, "pigeon")
    with desk.work() as work, pytest.raises(NotFound):
        send_letter(work, desk.rules(), UUID(int=99), "letter")


def test_what_a_letter_told_is_not_taken_back(desk: ComplaintDesk) -> None:
    row = desk.log()
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="letter", owner=str(ANNA))
    letter_id = make(desk, row, "acknowledgement")
    done = str(row["last_operation_id"])
    with desk.work() as work:
        send_letter(work, desk.rules(), letter_id, "letter")
    with pytest.raises(Denied, match="A letter or mail went out"):
        desk.step(row, "U1", operation_id=done)
    desk.connection.execute("UPDATE letter SET sent_at = sent_at - 86400000000")
    row = desk.step(row, "U1", operation_id=done)
    assert row["state"] == "RECEIVED", "a letter that left before it says nothing of it"


def test_the_step_that_tells_by_a_letter_marks_that_it_left(desk: ComplaintDesk) -> None:
    row = proposed(desk, remedies=[NOTHING])
    letter_id = make(desk, row, "decision")
    row = desk.step(row, "T9", CHEN, proposal_version=1, letter_id=str(letter_id), sent_via="mail")
    assert row["state"] == "RESPONDED"
    letter = desk.row("letter", letter_id)
    assert (letter["sent_via"], letter["sent_at"]) == ("mail", desk.now)


def test_no_step_tells_by_the_letter_of_another_complaint(desk: ComplaintDesk) -> None:
    other = make(desk, proposed(desk, remedies=[NOTHING]), "decision")
    row = proposed(desk, remedies=[NOTHING])
    with pytest.raises(NotFound):
        desk.step(row, "T9", CHEN, proposal_version=1, letter_id=str(other), sent_via="mail")
    assert desk.row("complaint", row["id"])["state"] == "PROPOSED"
    assert desk.row("letter", other)["sent_at"] is None


def test_a_step_names_a_letter_that_was_made(desk: ComplaintDesk) -> None:
    row = desk.log()
    with pytest.raises(NotFound, match=r"no such letter\. Make it first") as refused:
        desk.step(row, "T3", CHEN, reason="not_ours", other_route="the maker", letter_id=str(CUSTOMER))
    assert refused.value.fields == ("letter_id",)
    with pytest.raises(NotFound, match="about another complaint"):
        desk.step(row, "T3", CHEN, reason="not_ours", other_route="x", letter_id=desk.letter(desk.log()))
    assert desk.row("complaint", row["id"])["state"] == "RECEIVED"


def test_sending_does_what_the_procedure_asked_for_in_writing(desk: ComplaintDesk) -> None:
    row = desk.log()
    row = desk.step(row, "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    impact = {"persons": 0, "money": 0}
    row = desk.step(row, "T4", CHEN, severity="S3", impact=impact, regime="UK-8W", cause_class="B")
    errands = [task["errand"] for task in desk.rows("task", row["id"])]
    assert errands == ["written_acknowledgement"]
    row = desk.step(row, "E1", CHEN, to_level=2, reason="The press asks.")
    letter_id = make(desk, row, "acknowledgement")
    assert {task["state"] for task in desk.rows("task", row["id"])} == {"open"}
    with desk.work() as work:
        send_letter(work, desk.rules(), letter_id, "letter")
    states = {task["errand"]: task["state"] for task in desk.rows("task", row["id"])}
    assert states == {"written_acknowledgement": "done", "escalated": "open"}


def test_a_kept_letter_makes_the_same_file_again(desk: ComplaintDesk) -> None:
    row = desk.log()
    desk.later(days=2)
    said = {"reason": "It is not about us.", "route": "The dealer, 1 Main Street."}
    found = draft(desk, row, "rejection", **said)
    first = printed("rejection", found.case, read_text(found.plain, "en"))
    letter_id = make(desk, row, "rejection", **said)
    desk.later(days=3)
    kept = kept_letter(StoredRows(desk.connection), desk.connection, desk.rules(), HOUSE, letter_id)
    again = printed(kept.kind, kept.case, kept.text, kept=True)
    assert again.digest == first.digest == hashlib.sha256(first.pdf).hexdigest()
    assert first.pdf == letters.pdf("rejection", found.case)


def test_the_press_prints_in_a_process_of_its_own(desk: ComplaintDesk) -> None:
    found = draft(desk, proposed(desk, "UK-8W"))
    text = read_text(found.plain, "en")
    press = Press()
    try:
        there = press.print("decision", found.case, text).result(60)
        assert there == printed("decision", found.case, text)
        refused = press.print("decision", found.case, read_text("# Nothing", "en"))
        with pytest.raises(InvalidInput, match="must still say"):
            refused.result(60)
        assert press.print("decision", found.case, text).result(60) == there
    finally:
        press.close()


def test_the_house_is_read_from_the_settings() -> None:
    values = {
        "company": "Our house",
        "company_address": "1600 Century Avenue；Shanghai; ",
        "company_phone": "1",
    }
    assert sender_of(Settings(values)) == Sender("Our house", ("1600 Century Avenue", "Shanghai"), "1", "")


def test_every_remedy_and_body_has_a_word_in_both_languages() -> None:
    from crmdesk.models.payload import BODIES, REMEDIES

    for language in ("en", "zh"):
        words = letter_words(language)
        assert all(words.called("remedies", each) for each in REMEDIES if each != "none")
        assert all(words.called("bodies", each) for each in BODIES if each != "media")


@pytest.mark.parametrize(("begin", "told"), [("2026-03-04", False), ("2026-12-31", True)])
def test_a_letter_says_of_a_date_in_a_year_without_holidays_that_it_may_move(
    desk: ComplaintDesk, begin: str, told: bool
) -> None:
    desk.now = datetime.fromisoformat(f"{begin}T02:00:00+00:00")
    row = desk.log({"severity": "S3"})
    doubt = "public holidays of that time have not been announced"
    holding: dict[str, Any] = {"reason": "We ask the maker.", "route": "The consumer council."}
    assert (doubt in draft(desk, row, "acknowledgement").plain) is told
    assert (doubt in draft(desk, row, "holding", **holding).plain) is told
    own: dict[str, Any] = {**holding, "next_on": date(2027, 3, 1)}
    assert doubt not in draft(desk, row, "holding", **own).plain, "a day that somebody promises stands"


def test_the_longer_time_of_a_holding_reply_is_told_with_its_doubt(desk: ComplaintDesk) -> None:
    desk.now = datetime.fromisoformat("2026-12-01T02:00:00+00:00")
    row = under_regime(desk, "UK-PSD")
    written = draft(desk, row, "holding", reason="We ask the maker.", route="The Ombudsman.")
    assert written.case.next_date == date(2027, 1, 19)
    assert written.case.next_moves
