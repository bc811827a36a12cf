"""Who else is here, and older history that is on the server only."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import Qt

from crmdesk.errors import WorldFault
from crmdesk.models.screen_pop import ScreenPop
from crmdesk.models.sync_views import HistoryProgress
from crmdesk.ui.presenters.presence import PresencePresenter
from tests.ui import sample, sample_sharing
from tests.ui.conftest import Seat
from tests.ui.fake_sharing import shared
from tests.ui.test_accessibility import unnamed


def _look(seat: Seat) -> None:
    seat.window.side.shared.presence.look()
    seat.settle()


def test_a_colleague_at_the_same_record_is_a_quiet_mark(seat: Seat) -> None:
    seat.desk.sharing.present = {sample.CHEN: (sample_sharing.presence(),)}
    seat.bridge.sync_changed.emit(shared())
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    _look(seat)
    assert seat.parts.caller.presence == (("Wang Fang is writing a note here", "due"),)
    assert seat.focus() is seat.parts.note.edit(1)
    assert seat.parts.messages.isHidden()
    assert unnamed(seat.window) == []


def test_a_state_older_than_half_a_minute_turns_grey_with_its_age(seat: Seat) -> None:
    old = sample_sharing.presence("record", 40)
    seat.desk.sharing.present = {sample.CHEN: (old,)}
    seat.bridge.sync_changed.emit(shared())
    seat.ring(sample.pop())
    _look(seat)
    assert seat.parts.caller.presence == (("09:59 · Wang Fang is changing this record", "plain"),)


def test_without_an_answer_the_mark_grows_old_by_itself(seat: Seat) -> None:
    seat.desk.sharing.present = {sample.CHEN: (sample_sharing.presence("open", 0),)}
    seat.bridge.sync_changed.emit(shared())
    seat.ring(sample.pop())
    _look(seat)
    assert "Wang Fang has this customer open, too" in seat.parts.caller.presence[0]
    seat.desk.refuse["presence"] = WorldFault("The server does not answer.")
    seat.clock.go_on(60)
    _look(seat)
    assert seat.parts.caller.presence[0][1] == "plain"
    assert seat.parts.messages.isHidden()


def test_more_than_three_are_counted(seat: Seat) -> None:
    lines = tuple(sample_sharing.presence("open", 1, name) for name in ("A", "B", "C", "D", "E"))
    seat.desk.sharing.present = {sample.CHEN: lines}
    seat.bridge.sync_changed.emit(shared())
    seat.ring(sample.pop())
    _look(seat)
    assert [text for text, _ in seat.parts.caller.presence][-1] == "and 2 more"


def test_another_record_shows_nobody_of_the_last_one(seat: Seat) -> None:
    seat.desk.sharing.present = {sample.CHEN: (sample_sharing.presence(),)}
    seat.bridge.sync_changed.emit(shared())
    seat.ring(sample.pop(), "talking")
    _look(seat)
    seat.ring(sample.second_pop(), "talking")
    seat.ctrl(Qt.Key.Key_2)
    assert seat.parts.caller.presence == ()


def test_others_are_told_what_is_done_here_on_changes_only(seat: Seat) -> None:
    told = seat.desk.sharing.told
    seat.bridge.sync_changed.emit(shared())
    seat.ring(sample.pop(), "talking")
    _look(seat)
    _look(seat)
    assert told[0] == ("ready", None, "")
    assert told[-1] == ("talking", sample.CHEN, "call")
    assert len(set(told)) == len(told)
    told.clear()
    seat.key(Qt.Key.Key_F7)
    seat.commit("漏油")
    _look(seat)
    seat.ctrl(Qt.Key.Key_E)
    _look(seat)
    seat.key(Qt.Key.Key_Escape)
    seat.ctrl_shift(Qt.Key.Key_H)
    _look(seat)
    assert told == [
        ("talking", sample.CHEN, "note"),
        ("talking", sample.CHEN, "record"),
        ("talking", None, ""),
    ]


def test_others_are_told_again_every_ten_seconds(seat: Seat) -> None:
    seat.bridge.sync_changed.emit(shared())
    seat.clock.go_on(9)
    _look(seat)
    seat.clock.go_on(2)
    _look(seat)
    assert seat.desk.sharing.told == [("ready", None, "")] * 2


def test_a_server_that_cannot_be_reached_is_not_asked(seat: Seat) -> None:
    seat.bridge.sync_changed.emit(shared(connected=False))
    seat.ring(sample.pop(), "talking")
    _look(seat)
    assert seat.desk.sharing.told == []
    assert seat.desk.named("presence") == []
    assert seat.desk.named("help_requests") == []


def test_a_pc_alone_tells_and_asks_nobody(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    assert seat.desk.sharing.told == []
    assert seat.desk.named("presence") == []
    assert seat.window.findChildren(PresencePresenter) == []


def _incomplete() -> ScreenPop:
    page = replace(sample.page(total=12, size=12), complete=False, everywhere=57)
    return replace(sample.pop(), timeline=page)


def test_the_heading_tells_what_is_on_the_server_only(seat: Seat) -> None:
    seat.ring(_incomplete(), "talking")
    foot = seat.parts.timeline.foot
    assert foot is not None
    assert foot.isVisible()
    assert foot.text == "12 of 57 contacts here"
    assert foot.button.accessibleName() == "Load all"


def test_an_empty_time_line_is_no_empty_history_unless_it_is_whole(seat: Seat) -> None:
    empty = replace(sample.page(total=0, size=0), complete=False, everywhere=57)
    seat.ring(replace(sample.pop(), timeline=empty), "talking")
    timeline = seat.parts.timeline
    assert timeline.list.hint == "Nothing of the last months.\nWhat is older is on the server."
    assert timeline.foot is not None
    assert timeline.foot.text == "0 of 57 contacts here"
    timeline.begin(replace(empty, complete=True, everywhere=0))
    assert timeline.list.hint.startswith("Nothing happened yet.")


def test_a_history_that_is_whole_offers_nothing(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    assert seat.parts.timeline.foot is None
    seat.ctrl_shift(Qt.Key.Key_E)
    assert seat.desk.named("load_history") == []
    assert seat.parts.messages.text == "All there is of this customer is on this PC"


def test_one_key_loads_all_and_shows_how_far_it_is(seat: Seat) -> None:
    seat.bridge.sync_changed.emit(shared())
    seat.ring(_incomplete(), "talking")
    foot = seat.parts.timeline.foot
    assert foot is not None
    seat.desk.held.clear()
    seat.window.commands.run("load-history")
    seat.window.commands.run("load-history")
    assert foot.text == "Loading older history …"
    seat.bridge.history_progressed.emit(HistoryProgress(sample.CHEN, 31, 57))
    assert foot.text == "Loading older history: 31 of 57 · 54 %"
    assert foot.button.isHidden()
    seat.desk.held.set()
    seat.settle()
    assert seat.desk.named("load_history") == [(sample.CHEN,)]
    assert seat.desk.named("timeline")[-1] == (sample.CHEN, None, ())
    assert foot.isHidden()
    assert len(seat.parts.timeline.model.rows) == 20


def test_progress_stays_with_its_customer(seat: Seat) -> None:
    seat.ring(_incomplete(), "talking")
    seat.desk.held.clear()
    seat.window.commands.run("load-history")
    seat.ring(sample.second_pop(), "talking")
    seat.window.calls.open_number(2)
    asked = len(seat.desk.named("timeline"))
    seat.desk.held.set()
    seat.settle()
    assert len(seat.desk.named("timeline")) == asked


def test_a_server_that_is_away_is_told_in_a_sentence_and_can_be_tried_again(seat: Seat) -> None:
    seat.desk.refuse["load_history"] = WorldFault("The server does not answer. Older history comes later.")
    seat.ring(_incomplete(), "talking")
    seat.ctrl_shift(Qt.Key.Key_E)
    seat.settle()
    assert seat.parts.messages.text == "The server does not answer. Older history comes later."
    foot = seat.parts.timeline.foot
    assert foot is not None
    assert foot.text == "12 of 57 contacts here"
    assert foot.button.isVisible()
