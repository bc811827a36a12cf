"""F8 by keys: a complaint beside the call in seconds, nothing typed is lost, the number is told at once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox

from crmdesk.errors import Denied, InvalidInput, StoreFault
from crmdesk.services.complaints.intake_sheet import Sheet
from crmdesk.ui.views.complaint_intake import ComplaintIntake
from tests.ui import sample
from tests.ui.conftest import Seat
from tests.ui.fake_intakes import CATEGORIES, EARLIER, OIL, FakeIntakes

NOTE = "车底又漏油，第三次了，要求退还工时费"


def intakes(seat: Seat) -> FakeIntakes:
    return seat.desk.intakes


def form(seat: Seat) -> ComplaintIntake:
    (found,) = seat.window.findChildren(ComplaintIntake)
    return found


def talk(seat: Seat, note: str = NOTE) -> None:
    """A known caller, and a note of what she says."""
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit(note)


def f8(seat: Seat) -> ComplaintIntake:
    seat.key(Qt.Key.Key_F8)
    seat.settle()
    return form(seat)


def save(seat: Seat) -> list[Sheet]:
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    return intakes(seat).logged


def written(box: QComboBox) -> str:
    return box.currentText()


def test_two_keys_make_a_complaint_of_the_call(seat: Seat) -> None:
    intakes(seat).found = OIL
    talk(seat)
    f8(seat)
    (sheet,) = save(seat)
    pop = sample.pop()
    assert sheet.what_happened == NOTE
    assert (sheet.customer_id, sheet.call_id) == (str(sample.CHEN), str(pop.call_id))
    assert sheet.received_at == pop.rang_at.isoformat()
    assert (sheet.category, sheet.asset_id, sheet.outlet) == (
        "quality_engine",
        str(sample.made_id("suv")),
        "PD-01",
    )
    assert (sheet.channel, sheet.language, sheet.severity, sheet.remedy_wanted) == (
        "phone",
        "zh",
        "S3",
        "none",
    )
    assert sheet.repeat_of == EARLIER.root


def test_the_form_takes_the_keyboard_and_hides_no_history(seat: Seat) -> None:
    talk(seat)
    made = f8(seat)
    assert seat.focus() is made.fields.what
    assert made.fields.what.toPlainText() == NOTE
    assert seat.parts.timeline.list.isVisible()
    assert seat.parts.note.isVisible()
    assert "陈静怡" in made.fields.who.text()
    seat.key(Qt.Key.Key_F8)
    assert made.isHidden()
    assert seat.focus() is seat.parts.note.edit(1)


def test_the_number_and_the_sentence_for_the_caller_are_there_at_once(seat: Seat) -> None:
    intakes(seat).found = OIL
    talk(seat)
    made = f8(seat)
    save(seat)
    assert made.number.text() == "C26-K7Q-0042"
    assert made.readout.text() == "您的投诉已登记，编号是 C 2 6。我们马上处理。", "in the caller's language"
    assert made.next.text() == "Next: Today 15:00"
    assert not made.shows_form
    seat.key(Qt.Key.Key_F8)
    assert made.isHidden()
    seat.key(Qt.Key.Key_F8)
    assert made.number.isVisible(), "it can be looked at again"


def test_what_is_typed_is_kept_from_the_first_key_and_until_it_is_saved(seat: Seat) -> None:
    intakes(seat).found = OIL
    seat.ring(sample.pop(), "talking")
    f8(seat)
    assert intakes(seat).held == {}
    seat.commit("刹车异响，每天早上都有")
    key = f"call {sample.pop().call_id}"
    seat.qtbot.waitUntil(lambda: key in intakes(seat).held)
    assert intakes(seat).held[key]["sheet"]["what_happened"] == "刹车异响，每天早上都有"
    save(seat)
    assert intakes(seat).held == {}


def test_typing_that_was_saved_already_is_not_kept_once_more(seat: Seat) -> None:
    intakes(seat).found = OIL
    talk(seat)
    f8(seat)
    seat.commit("，请尽快处理")
    (sheet,) = save(seat)
    assert sheet.what_happened.endswith("，请尽快处理")
    seat.window.side.complaints.flush()
    seat.settle()
    assert intakes(seat).held == {}


def test_escape_closes_and_never_discards(seat: Seat) -> None:
    talk(seat, "")
    made = f8(seat)
    seat.commit("仪表黑屏")
    seat.key(Qt.Key.Key_Tab)
    seat.key(Qt.Key.Key_Escape)
    assert made.isHidden()
    assert intakes(seat).held, "kept at once, not only after the pause"
    f8(seat)
    assert made.fields.what.toPlainText() == "仪表黑屏"


def test_after_a_power_cut_f8_brings_it_back(take_seat: Callable[..., Seat], seat: Seat) -> None:
    intakes(seat).found = OIL
    talk(seat)
    f8(seat)
    seat.commit("，非常不满")
    seat.key(Qt.Key.Key_Escape)
    again = take_seat()
    assert "not finished" in again.parts.messages.text
    made = f8(again)
    assert made.fields.what.toPlainText() == NOTE + "，非常不满"
    (sheet,) = save(again)
    assert sheet.customer_id == str(sample.CHEN)


def test_a_sheet_saved_twice_is_one_complaint(seat: Seat) -> None:
    intakes(seat).found = OIL
    seat.desk.refuse["log_complaint"] = StoreFault("The disk is full.")
    talk(seat)
    f8(seat)
    save(seat)
    del seat.desk.refuse["log_complaint"]
    save(seat)
    ids = {asked[0].complaint_id for asked in seat.desk.named("log_complaint")}
    assert len(seat.desk.named("log_complaint")) == 2 and len(ids) == 1


@pytest.mark.parametrize(
    ("note", "field", "sentence"),
    [
        ("漏油", "what_happened", "Tell what happened in 10 characters at least."),
        (NOTE, "category", "Choose what it is about."),
    ],
)
def test_what_lacks_is_said_at_its_field(seat: Seat, note: str, field: str, sentence: str) -> None:
    talk(seat, note)
    made = f8(seat)
    assert save(seat) == []
    assert made.fields.notes[field].text() == sentence
    assert made.fields.notes[field].isVisible()
    expected = made.fields.what if field == "what_happened" else made.fields.filters["category"].line
    assert seat.focus() is expected


def test_a_refusal_of_the_services_is_said_and_nothing_is_lost(seat: Seat) -> None:
    intakes(seat).found = OIL
    seat.desk.refuse["log_complaint"] = InvalidInput(
        "{name}: {value} is not in the list. Choose one of it.",
        fields=("category",),
        name="category",
        value="x",
    )
    talk(seat)
    made = f8(seat)
    save(seat)
    assert made.told.text() == "Category: x is not in the list. Choose one of it."
    assert seat.focus() is made.fields.filters["category"].line
    assert made.fields.what.toPlainText() == NOTE
    assert intakes(seat).held


def test_a_category_is_found_by_pinyin_initials(seat: Seat) -> None:
    talk(seat)
    made = f8(seat)
    seat.key(Qt.Key.Key_Tab)
    seat.qtbot.keyClicks(seat.focus(), "fwry")
    assert [pick.key for pick in made.fields.filters["category"].model.rows] == ["service_staff"]
    seat.key(Qt.Key.Key_Return)
    assert made.fields.filters["category"].line.text() == "Staff · Service"
    (sheet,) = save(seat)
    assert (sheet.category, sheet.asset_id) == ("service_staff", ""), "staff is about no car"


def test_leaving_the_box_takes_what_is_marked(seat: Seat) -> None:
    talk(seat)
    made = f8(seat)
    seat.key(Qt.Key.Key_Tab)
    seat.qtbot.keyClicks(seat.focus(), "repai")
    seat.key(Qt.Key.Key_Tab)
    assert made.fields.filters["category"].key == "repair_again"
    assert made.fields.filters["category"].list.isHidden()


def test_a_chosen_category_is_not_guessed_away(seat: Seat) -> None:
    talk(seat)
    made = f8(seat)
    seat.key(Qt.Key.Key_Tab)
    seat.qtbot.keyClicks(seat.focus(), "staff")
    seat.key(Qt.Key.Key_Return)
    intakes(seat).found = OIL
    made.fields.what.setFocus()
    seat.commit("。")
    seat.qtbot.waitUntil(lambda: bool(seat.desk.named("assess_intake")))
    seat.settle()
    assert made.fields.filters["category"].key == "service_staff"


def test_words_are_looked_at_while_they_are_typed(seat: Seat) -> None:
    talk(seat, "")
    made = f8(seat)
    intakes(seat).found = OIL
    seat.commit(NOTE)
    seat.qtbot.waitUntil(lambda: made.fields.filters["category"].key == "quality_engine")
    assert made.fields.because.text().startswith("S3: Nothing speaks")
    assert made.fields.notes["repeat_of"].text() == "1 earlier complaint of this kind in 90 days"


def test_one_key_sets_the_severity(seat: Seat) -> None:
    intakes(seat).found = OIL
    talk(seat)
    made = f8(seat)
    seat.alt(Qt.Key.Key_2)
    assert written(made.fields.boxes["severity"]).startswith("S2")
    seat.qtbot.waitUntil(lambda: bool(intakes(seat).held))
    (sheet,) = save(seat)
    assert sheet.severity == "S2"


def test_solved_on_the_call_in_the_same_form(seat: Seat) -> None:
    intakes(seat).found = OIL
    talk(seat)
    made = f8(seat)
    seat.ctrl(Qt.Key.Key_R)
    solution = made.fields.solution
    assert seat.focus() is solution.done
    assert solution.allowed.text() == "You may promise CNY 200 alone."
    seat.commit("已道歉并赠送代金券")
    seat.key(Qt.Key.Key_Tab)
    solution.kinds[0].setFocus()
    for _ in range(8):
        seat.key(Qt.Key.Key_Down)
    seat.key(Qt.Key.Key_Tab)
    seat.qtbot.keyClicks(seat.focus(), "250")
    assert (solution.allowed.tone, "more than you may promise" in solution.allowed.text()) == ("breach", True)
    assert save(seat) == []
    assert solution.notes["remedies"].text() == "This is more than you may grant alone. Propose it instead."
    solution.sums[0].setFocus()
    solution.sums[0].selectAll()
    seat.qtbot.keyClicks(seat.focus(), "150")
    assert solution.allowed.tone == "good"
    assert save(seat) == []
    assert solution.notes["cause_class"].text() == "Choose why it happened."
    assert seat.focus() is solution.cause
    seat.key(Qt.Key.Key_Down)
    seat.key(Qt.Key.Key_Down)
    seat.key(Qt.Key.Key_Tab)
    seat.key(Qt.Key.Key_Space)
    (sheet,) = save(seat)
    assert sheet.solution is not None
    assert (sheet.solution.remedies, sheet.solution.agreed) == ((("voucher", "150"),), True)
    assert (sheet.solution.cause_class, sheet.solution.unmet) == ("B", ())


def test_a_refused_solution_is_said_below_the_form(seat: Seat) -> None:
    intakes(seat).found = OIL
    seat.desk.refuse["log_complaint"] = Denied("This is more than you may grant alone. Propose it instead.")
    talk(seat)
    made = f8(seat)
    save(seat)
    assert made.told.text() == "This is more than you may grant alone. Propose it instead."
    assert made.told.isVisible()


def test_somebody_unidentified_complains_by_his_call(seat: Seat) -> None:
    intakes(seat).found = OIL
    seat.ring(sample.unknown_pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit(NOTE)
    made = f8(seat)
    assert made.fields.who.text().startswith("Not identified")
    (sheet,) = save(seat)
    assert (sheet.customer_id, sheet.call_id) == ("", str(sample.unknown_pop().call_id))


def test_who_is_identified_meanwhile_is_taken_over(seat: Seat) -> None:
    intakes(seat).found = OIL
    seat.ring(sample.shared_pop(), "talking")
    made = f8(seat)
    seat.commit(NOTE)
    seat.qtbot.waitUntil(lambda: bool(intakes(seat).held))
    seat.parts.note.edit(1).setFocus()
    seat.alt(Qt.Key.Key_1)
    seat.settle()
    assert "陈静怡" in made.fields.who.text()
    assert made.isVisible()
    made.fields.what.setFocus()
    (sheet,) = save(seat)
    assert (sheet.customer_id, sheet.what_happened) == (str(sample.CHEN), NOTE)
    assert sheet.asset_id == str(sample.made_id("suv"))


def test_somebody_speaks_for_the_customer(seat: Seat) -> None:
    intakes(seat).found = OIL
    talk(seat)
    made = f8(seat)
    made.fields.more.setFocus()
    seat.key(Qt.Key.Key_Space)
    made.fields.lines["complainant"].setFocus()
    seat.commit("李强")
    assert save(seat) == []
    assert made.fields.notes["third_party"].isVisible()
    seat.commit("丈夫，陈女士在旁同意")
    (sheet,) = save(seat)
    assert (sheet.complainant, sheet.third_party) == ("李强", "丈夫，陈女士在旁同意")


def test_it_is_restricted_and_its_worth_told_out_of_the_way_by_keys(seat: Seat) -> None:
    intakes(seat).found = OIL
    talk(seat)
    made = f8(seat)
    assert not made.fields.restricted.isVisible()
    made.fields.more.setFocus()
    seat.key(Qt.Key.Key_Space)
    made.fields.lines["worth"].setFocus()
    seat.commit("2500")
    seat.qtbot.waitUntil(
        lambda: any(name == "assess_intake" and given[0].worth == "2500" for name, given in seat.desk.asked)
    )
    seat.key(Qt.Key.Key_Tab)
    assert seat.focus() is made.fields.restricted
    seat.key(Qt.Key.Key_Space)
    (sheet,) = save(seat)
    assert (sheet.restricted, sheet.worth) == (True, "2500")


def test_without_a_call_it_is_asked_how_it_came_in(seat: Seat) -> None:
    intakes(seat).found = OIL
    seat.window.commands.open_customer(sample.WANG)
    seat.settle()
    made = f8(seat)
    seat.commit("来信反映发动机漏油两个月")
    assert save(seat) == []
    assert seat.focus() is made.fields.boxes["channel"]
    for _ in range(5):
        seat.key(Qt.Key.Key_Down)
    (sheet,) = save(seat)
    assert (sheet.channel, sheet.call_id, sheet.customer_id) == ("letter", "", str(sample.WANG))


def test_without_anybody_f8_says_what_to_do(seat: Seat) -> None:
    seat.key(Qt.Key.Key_F8)
    assert "Ctrl+K" in seat.parts.messages.text
    assert seat.window.findChildren(ComplaintIntake) == []


def test_two_calls_keep_two_forms_apart(seat: Seat) -> None:
    talk(seat, "")
    made = f8(seat)
    seat.commit("第一件")
    seat.ring(sample.second_pop())
    assert seat.focus() is made.fields.what, "a call takes nobody's keyboard"
    seat.ctrl(Qt.Key.Key_2)
    assert made.isHidden()
    f8(seat)
    assert made.fields.what.toPlainText() == ""
    seat.commit("second")
    seat.ctrl(Qt.Key.Key_1)
    f8(seat)
    assert made.fields.what.toPlainText() == "第一件"
    assert len(intakes(seat).held) == 2


def test_nothing_is_saved_while_an_input_method_composes(seat: Seat) -> None:
    intakes(seat).found = OIL
    talk(seat)
    made = f8(seat)
    seat.compose("lou")
    seat.ctrl(Qt.Key.Key_Return)
    seat.key(Qt.Key.Key_F8)
    assert intakes(seat).logged == [] and made.isVisible()
    seat.commit("漏")
    assert len(save(seat)) == 1


def test_one_more_complaint_of_the_same_call(seat: Seat) -> None:
    intakes(seat).found = OIL
    talk(seat)
    made = f8(seat)
    (first,) = save(seat)
    assert seat.focus() is seat.parts.note.edit(1), "the call goes on"
    made.another.setFocus()
    seat.key(Qt.Key.Key_Space)
    assert made.shows_form and made.fields.what.toPlainText() == ""
    seat.commit("另外，客服态度很差，让我等了一小时")
    _, second = save(seat)
    assert second.complaint_id != first.complaint_id


def test_tab_goes_as_one_reads(seat: Seat) -> None:
    intakes(seat).found = OIL
    talk(seat)
    made = f8(seat)
    fields = made.fields
    seen = [seat.focus()]
    for _ in range(6):
        seat.key(Qt.Key.Key_Tab)
        seen.append(seat.focus())
    assert seen == [
        fields.what,
        fields.filters["category"].line,
        fields.boxes["asset_id"],
        fields.filters["outlet"].line,
        fields.boxes["remedy_wanted"],
        fields.boxes["severity"],
        fields.boxes["repeat_of"],
    ]


def test_the_language_changes_in_the_form_too(seat: Seat) -> None:
    intakes(seat).found = OIL
    talk(seat)
    made = f8(seat)
    seat.window.commands.run("language")
    assert made.fields.filters["category"].line.text() == "发动机 · 产品质量"
    assert made.fields.solved.text() == "当场解决  Ctrl+R"
    assert save(seat)[0].category == CATEGORIES[0].key
    assert made.fields.because.text() and "Nothing" not in made.fields.because.text()


def test_closing_the_window_keeps_what_was_typed(seat: Seat) -> None:
    talk(seat, "")
    f8(seat)
    seat.commit("关窗前的最后一句话")
    seat.window.close()
    seat.qtbot.waitUntil(lambda: bool(intakes(seat).held))
    (kept,) = intakes(seat).held.values()
    assert kept["sheet"]["what_happened"] == "关窗前的最后一句话"


def test_a_draft_that_cannot_be_read_is_left_alone(take_seat: Callable[..., Seat], desk: Any) -> None:
    desk.intakes.held["call x"] = {"sheet": {}, "of": "another edition"}
    seat = take_seat()
    assert seat.parts.messages.isHidden()
    assert "call x" in desk.intakes.held


def test_another_moment_of_receipt_can_be_typed(seat: Seat) -> None:
    intakes(seat).found = OIL
    talk(seat)
    made = f8(seat)
    made.fields.more.setFocus()
    seat.key(Qt.Key.Key_Space)
    line = made.fields.lines["received_at"]
    assert line.text() == "2026-11-20 10:00"
    line.setFocus()
    line.selectAll()
    seat.qtbot.keyClicks(line, "2026-11-19 16:30")
    (sheet,) = save(seat)
    assert sheet.received_at == "2026-11-19T08:30:00+00:00"


def test_the_caller_unlike_the_screen_may_speak_english(seat: Seat) -> None:
    intakes(seat).found = OIL
    seat.ring(replace(sample.pop(), customer=replace(sample.card(), language="en")), "talking")
    made = f8(seat)
    seat.commit("Oil under the car again, third visit")
    save(seat)
    assert made.readout.text().startswith("Your complaint is recorded.")
