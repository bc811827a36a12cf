"""What an agent does with a call, by keys."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QTextCursor
from PySide6.QtWidgets import QApplication

from crmdesk.errors import DiskFull
from crmdesk.models.screen_pop import NoteDraft
from tests.ui import sample
from tests.ui.conftest import Seat


def test_alt_digits_choose_from_anywhere_with_reasons_shown(seat: Seat) -> None:
    seat.ring(sample.shared_pop())
    assert [row.name for row in seat.parts.chooser.model.rows] == [
        "陈静怡",
        "王磊",
        "华泰物流有限公司",
        "赵敏",
    ]
    assert seat.parts.chooser.model.rows[0].reasons == "open task · called yesterday"
    seat.parts.box.setFocus()
    seat.alt(Qt.Key.Key_3)
    assert [asked[1] for asked in seat.desk.named("choose")] == [sample.FLEET]
    assert seat.parts.record.middle.shown is seat.parts.timeline
    assert seat.parts.band.cards[0].name == "Huatai Logistics Co., Ltd."


def test_plain_digits_choose_only_in_the_chooser(seat: Seat) -> None:
    seat.ring(sample.shared_pop())
    seat.key(Qt.Key.Key_F7)
    seat.key(Qt.Key.Key_2)
    assert seat.desk.named("choose") == []
    assert seat.note() == "2"
    seat.parts.chooser.list.setFocus()
    seat.key(Qt.Key.Key_2)
    assert [asked[1] for asked in seat.desk.named("choose")] == [sample.WANG]


def test_always_ask_and_only_this_are_one_key_each(seat: Seat) -> None:
    seat.ring(sample.shared_pop())
    seat.ctrl_shift(Qt.Key.Key_K)
    assert seat.desk.named("always_ask") == [("+862158208123",)]
    seat.alt(Qt.Key.Key_1)
    seat.ctrl_shift(Qt.Key.Key_O)
    assert seat.desk.named("only_this") == [("+862158208123", sample.CHEN)]


def test_not_him_keeps_the_note_and_asks_again(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit("其实是她先生的车")
    seat.ctrl_shift(Qt.Key.Key_W)
    assert seat.desk.named("not_him")[0][1] is None
    assert seat.parts.record.middle.shown is seat.parts.chooser
    assert seat.note() == "其实是她先生的车"
    assert seat.desk.named("save_draft")[-1][0].text == "其实是她先生的车"


def test_an_unknown_caller_is_told_by_his_number_and_attached_by_finding_him(seat: Seat) -> None:
    seat.ring(sample.unknown_pop(), "talking")
    card = seat.parts.band.cards[0]
    assert (card.name, card.alt) == ("Unknown caller", "Shanghai landline")
    seat.ctrl(Qt.Key.Key_K)
    seat.qtbot.keyClicks(seat.focus(), "chen")
    seat.qtbot.waitUntil(lambda: len(seat.parts.finder.model.rows) > 2)
    seat.key(Qt.Key.Key_Return)
    assert [asked[1] for asked in seat.desk.named("choose")] == [sample.CHEN]
    assert seat.parts.band.cards[0].name == "陈静怡"


def test_each_slot_keeps_note_cursor_search_and_article(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit("first call")
    seat.parts.note.edit(1).moveCursor(QTextCursor.MoveOperation.StartOfLine)
    seat.key(Qt.Key.Key_F3)
    seat.qtbot.keyClicks(seat.focus(), "oil")
    seat.qtbot.waitUntil(lambda: len(seat.parts.answers.model.rows) == 1)
    seat.ring(sample.second_pop(), "talking")
    seat.ctrl(Qt.Key.Key_2)
    assert seat.parts.answers.search.text() == ""
    assert len(seat.parts.answers.model.rows) == 5
    seat.key(Qt.Key.Key_F7)
    seat.commit("second call")
    seat.ctrl(Qt.Key.Key_1)
    assert QApplication.focusWidget() is seat.parts.note.edit(1)
    seat.commit("the ")
    assert (seat.note(1), seat.note(2)) == ("the first call", "second call")
    assert seat.parts.answers.search.text() == "oil"
    assert len(seat.parts.answers.model.rows) == 1


def test_typing_is_saved_as_a_draft_while_it_goes_on(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit("车底")
    seat.qtbot.waitUntil(lambda: bool(seat.desk.named("save_draft")), timeout=1000)
    seat.commit("漏油")
    seat.qtbot.waitUntil(lambda: len(seat.desk.named("save_draft")) == 2, timeout=1000)
    first, last = (asked[0] for asked in seat.desk.named("save_draft"))
    assert (first.text, last.text, last.cursor) == ("车底", "车底漏油", 4)
    assert first.draft_id == last.draft_id
    assert last.call_id == str(sample.pop().call_id)


def test_a_draft_that_cannot_be_saved_says_so_and_stays(seat: Seat) -> None:
    seat.desk.refuse["save_draft"] = DiskFull(
        "The disk is full. Free some space; what you typed is kept and saved then."
    )
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit("要求今天答复")
    seat.ctrl(Qt.Key.Key_S)
    assert seat.parts.messages.text.startswith("The disk is full")
    assert not seat.parts.messages.isHidden()
    assert seat.note() == "要求今天答复"
    seat.key(Qt.Key.Key_Escape)
    assert seat.parts.messages.isHidden()
    assert seat.note() == "要求今天答复"


def test_escape_never_discards(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit("bleibt")
    seat.key(Qt.Key.Key_F9)
    assert not seat.parts.follow_up.isHidden()
    seat.parts.follow_up.subject.setText("call again")
    for _ in range(5):
        seat.key(Qt.Key.Key_Escape)
    assert seat.parts.follow_up.isHidden()
    assert seat.note() == "bleibt"
    assert seat.parts.stage.shown is seat.parts.record
    seat.key(Qt.Key.Key_F9)
    assert seat.parts.follow_up.subject.text() == "call again"


def test_two_keys_finish_the_easy_call(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit("已答复")
    seat.key(Qt.Key.Key_F12)
    assert seat.desk.named("wrap_up") == []
    seat.ring(sample.pop(), "ended")
    seat.key(Qt.Key.Key_F12)
    (closed,) = (asked[0] for asked in seat.desk.named("wrap_up"))
    assert (closed.disposition, closed.text, closed.customer_id) == ("resolved", "已答复", sample.CHEN)
    assert seat.parts.band.cards == ()
    assert seat.parts.stage.shown is seat.parts.home
    assert seat.note() == ""


def test_a_refused_wrap_up_keeps_the_call_and_can_be_tried_again(seat: Seat) -> None:
    seat.desk.refuse["wrap_up"] = DiskFull(
        "The disk is full. Free some space; what you typed is kept and saved then."
    )
    seat.ring(sample.pop(), "talking", "ended")
    seat.key(Qt.Key.Key_F7)
    seat.commit("nota bene")
    seat.key(Qt.Key.Key_F12)
    assert seat.note() == "nota bene"
    del seat.desk.refuse["wrap_up"]
    seat.key(Qt.Key.Key_F12)
    assert len(seat.desk.named("wrap_up")) == 2
    assert seat.parts.band.cards == ()


def test_an_answer_used_goes_into_the_note_and_guesses_the_disposition(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F3)
    seat.key(Qt.Key.Key_Down)
    seat.key(Qt.Key.Key_Down)
    seat.ctrl(Qt.Key.Key_Return)
    article = sample.article(sample.answers()[1].article_id)
    assert seat.note() == article.say_this + "\n"
    assert seat.desk.named("mark_article") == [(article.article_id, "used", sample.pop().call_id)]
    assert seat.parts.wrap_up.box.currentText() == "Information given"


def test_an_article_is_read_with_enter_and_left_with_escape(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F3)
    seat.key(Qt.Key.Key_Return)
    assert seat.parts.answers.reading
    text = seat.parts.answers.article.toPlainText()
    assert text.index("Safety first") < text.index("Say this") < text.index("Do this")
    seat.key(Qt.Key.Key_Escape)
    assert not seat.parts.answers.reading


def test_a_second_escape_clears_the_search_box(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F3)
    seat.qtbot.keyClicks(seat.focus(), "oil")
    seat.qtbot.waitUntil(lambda: len(seat.parts.answers.model.rows) == 1)
    seat.key(Qt.Key.Key_Return)
    seat.key(Qt.Key.Key_Escape)
    assert seat.parts.answers.search.text() == "oil"
    seat.key(Qt.Key.Key_Escape)
    assert seat.parts.answers.search.text() == ""
    assert len(seat.parts.answers.model.rows) == 5


def test_a_promise_rides_on_the_wrap_up(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F9)
    seat.commit("告知拖车时间")
    seat.ctrl(Qt.Key.Key_Return)
    assert seat.parts.wrap_up.box.currentText() == "Call-back promised"
    seat.ring(sample.pop(), "ended")
    seat.key(Qt.Key.Key_F12)
    (closed,) = (asked[0] for asked in seat.desk.named("wrap_up"))
    assert closed.follow_up is not None
    assert (closed.follow_up.kind, closed.follow_up.subject) == ("callback", "告知拖车时间")
    assert closed.disposition == "callback_promised"


def test_the_wrap_up_counts_25_seconds_and_can_be_stretched(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking", "ended", wait=0.5)
    seat.window.calls.tick()
    assert seat.parts.wrap_up._timer == "24 s"
    seat.ctrl_shift(Qt.Key.Key_T)
    assert seat.parts.wrap_up._timer == "84 s"


def test_a_tick_of_the_verification_is_stored_with_the_call(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.ctrl_shift(Qt.Key.Key_V)
    seat.key(Qt.Key.Key_Space)
    assert seat.desk.named("verify") == [(sample.pop().call_id, "Licence plate of the car?", True)]
    seat.key(Qt.Key.Key_Space)
    assert seat.desk.named("verify")[-1][2] is False


def test_a_note_of_before_a_crash_is_back_with_its_cursor(seat: Seat) -> None:
    call_id = str(sample.made_id("restored"))
    seat.desk.kept = (NoteDraft("draft-7", call_id, "半句话还在", 2, sample.NOW),)
    seat.window.notes.take_over()
    seat.settle()
    assert seat.note() == "半句话还在"
    assert seat.parts.note.edit(1).textCursor().position() == 2
    assert seat.parts.band.cards[0].state == "Wrap-up"
    seat.key(Qt.Key.Key_F12)
    (closed,) = (asked[0] for asked in seat.desk.named("wrap_up"))
    assert (closed.draft_id, closed.text) == ("draft-7", "半句话还在")


def test_without_a_call_f12_pauses_and_takes_calls_again(seat: Seat) -> None:
    seat.key(Qt.Key.Key_F12)
    seat.key(Qt.Key.Key_F12)
    assert seat.desk.named("set_ready") == [(False,), (True,)]


def test_another_record_can_be_read_during_a_call_and_the_note_stays_the_calls(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit("asks for the fleet")
    seat.window.commands.open_customer(sample.FLEET)
    seat.settle()
    assert seat.parts.caller.list.facts.rows[0].text == "Huatai Logistics Co., Ltd."
    assert seat.note() == "asks for the fleet"
    assert seat.parts.band.cards[0].name == "陈静怡"
    seat.key(Qt.Key.Key_F9)
    seat.commit("call the fleet")
    seat.ctrl(Qt.Key.Key_Return)
    slot = seat.window.slots.current
    assert slot is not None and slot.follow_up is not None
    assert slot.follow_up.customer_id == sample.CHEN
    for _ in range(3):
        seat.key(Qt.Key.Key_Escape)
    assert seat.parts.caller.list.facts.rows[0].text == "陈静怡"


def test_more_time_guesses_why_and_both_go_with_the_call(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking", "ended")
    assert seat.parts.wrap_up.reason.isHidden()
    seat.ctrl_shift(Qt.Key.Key_T)
    reason = seat.parts.wrap_up.reason
    assert reason.currentText() == "Note to write"
    reason.setFocus()
    seat.key(Qt.Key.Key_Down)
    seat.clock.go_on(30)
    seat.key(Qt.Key.Key_F12)
    (asked,) = seat.desk.named("wrap_up")
    assert (asked[0].stretched, asked[0].seconds) == ("entry", 31)


def test_in_the_usual_time_nothing_is_said_of_it(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking", "ended")
    seat.key(Qt.Key.Key_F12)
    (asked,) = seat.desk.named("wrap_up")
    assert (asked[0].stretched, asked[0].seconds) == ("", 1)
