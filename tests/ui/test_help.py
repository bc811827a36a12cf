"""F4: asking for help, and coming when somebody asks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt

from crmdesk.errors import Conflict
from crmdesk.models.sync_views import HelpWanted
from crmdesk.ui.views.help_pane import HelpPane
from crmdesk.ui.views.help_strip import HelpStrip
from tests.ui import sample, sample_sharing
from tests.ui.conftest import Seat
from tests.ui.fake_desk import FakeDesk
from tests.ui.fake_sharing import shared
from tests.ui.test_accessibility import unnamed

REQUEST = sample_sharing.request()


@pytest.fixture
def seat(take_seat: Callable[..., Seat]) -> Seat:
    """A desk that shares a database."""
    seat = take_seat()
    seat.bridge.sync_changed.emit(shared())
    seat.settle()
    return seat


def _pane(seat: Seat) -> HelpPane:
    (pane,) = seat.window.findChildren(HelpPane)
    return pane


def _strip(seat: Seat) -> HelpStrip:
    (strip,) = seat.window.findChildren(HelpStrip)
    return strip


def _shift_f4(seat: Seat) -> None:
    seat.key(Qt.Key.Key_F4, Qt.KeyboardModifier.ShiftModifier)


def _calling(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.commit("客户要求退车")
    seat.key(Qt.Key.Key_F4)


def test_two_keys_ask_the_first_supervisor_with_call_and_note(seat: Seat) -> None:
    _calling(seat)
    assert _pane(seat).helpers.lines.rows[0].text == "赵敏 Zhao Min"
    assert _pane(seat).about.text() == "Goes along: your name, 陈静怡, the note so far"
    assert unnamed(seat.window) == []
    seat.key(Qt.Key.Key_Return)
    wanted = HelpWanted(
        "person", sample.made_id("zhao"), sample.CHEN, sample.pop().call_id, "客户要求退车", False
    )
    assert seat.desk.named("ask_help") == [(wanted,)]
    assert seat.parts.messages.text == "Asked: 赵敏 Zhao Min. F4 shows who comes."
    assert seat.focus() is seat.parts.note.edit(1)


def test_a_team_is_found_by_typing_and_asked_urgently(seat: Seat) -> None:
    _calling(seat)
    seat.qtbot.keyClicks(seat.focus(), "hotline")
    assert len(_pane(seat).helpers.lines.rows) == 1
    seat.ctrl(Qt.Key.Key_Return)
    (asked,) = seat.desk.named("ask_help")
    assert (asked[0].kind, asked[0].to, asked[0].urgent) == ("team", sample.made_id("team"), True)


def test_states_older_than_half_a_minute_are_grey(seat: Seat) -> None:
    seat.key(Qt.Key.Key_F4)
    rows = {line.text: line for line in _pane(seat).helpers.lines.rows}
    assert (rows["赵敏 Zhao Min"].aside, rows["赵敏 Zhao Min"].tone) == ("Ready", "good")
    assert (rows["周浩然 Zhou Haoran"].aside, rows["周浩然 Zhou Haoran"].tone) == ("Ready · 09:57", "plain")
    assert (rows["何静 He Jing"].aside, rows["何静 He Jing"].tone) == ("Not here", "plain")


def test_the_agent_sees_who_comes(seat: Seat) -> None:
    own = sample_sharing.own_request()
    _calling(seat)
    seat.key(Qt.Key.Key_Return)
    seat.bridge.help_changed.emit((replace(own, state="taken", taken_by="罗倩 Luo Qian"),))
    assert seat.parts.messages.text == "罗倩 Luo Qian is coming"
    seat.key(Qt.Key.Key_F4)
    assert seat.focus() is _pane(seat).requests
    assert [line.below for line in _pane(seat).request_lines.rows] == ["罗倩 Luo Qian is coming"]


def test_delete_takes_a_request_back(seat: Seat) -> None:
    seat.bridge.help_changed.emit((sample_sharing.own_request(),))
    seat.key(Qt.Key.Key_F4)
    seat.key(Qt.Key.Key_Delete)
    seat.settle()
    assert seat.desk.named("cancel_help") == [(sample.made_id("help-own"),)]
    assert _pane(seat).request_lines.rows == []
    assert seat.focus() is _pane(seat).helpers


def test_escape_clears_the_filter_first_and_keeps_the_call(seat: Seat) -> None:
    _calling(seat)
    seat.qtbot.keyClicks(seat.focus(), "luo")
    seat.key(Qt.Key.Key_Escape)
    assert len(_pane(seat).helpers.lines.rows) == 5
    seat.key(Qt.Key.Key_Escape)
    assert _pane(seat).isHidden()
    assert seat.focus() is seat.parts.note.edit(1)


def test_a_supervisor_sees_a_strip_that_takes_no_keyboard(seat: Seat) -> None:
    seat.parts.box.setFocus()
    seat.bridge.help_changed.emit((REQUEST,))
    strip = _strip(seat)
    assert strip.isVisible()
    for part in ("周浩然 Zhou Haoran (1003) asks for help", "王磊", "第三次漏油"):
        assert part in strip.text
    assert seat.focus() is seat.parts.box


def test_requests_from_before_the_window_are_shown(take_seat: Callable[..., Seat], desk: FakeDesk) -> None:
    desk.sharing.requests = (REQUEST,)
    seat = take_seat()
    seat.bridge.sync_changed.emit(shared())
    seat.settle()
    assert _strip(seat).isVisible()


def test_shift_f4_tells_that_one_comes_and_opens_the_record(seat: Seat) -> None:
    seat.bridge.help_changed.emit((REQUEST,))
    _shift_f4(seat)
    seat.settle()
    assert seat.desk.named("take_help") == [(REQUEST.id,)]
    assert seat.desk.named("customer_record") == [(sample.WANG,)]
    assert _strip(seat).isHidden()


def test_a_click_on_the_strip_goes_there_too(seat: Seat) -> None:
    seat.bridge.help_changed.emit((REQUEST,))
    seat.qtbot.mouseClick(_strip(seat), Qt.MouseButton.LeftButton)
    assert seat.desk.named("take_help") == [(REQUEST.id,)]


def test_somebody_was_quicker(seat: Seat) -> None:
    seat.desk.refuse["take_help"] = Conflict("{name} comes already.", current={}, name="罗倩")
    seat.bridge.help_changed.emit((REQUEST,))
    _shift_f4(seat)
    seat.settle()
    assert seat.parts.messages.text == "罗倩 comes already."
    assert seat.desk.named("customer_record") == []


def test_a_request_that_somebody_took_leaves_the_strip(seat: Seat) -> None:
    seat.bridge.help_changed.emit((REQUEST,))
    seat.bridge.help_changed.emit((replace(REQUEST, state="taken", taken_by="罗倩"),))
    assert _strip(seat).isHidden()


def test_escape_quiets_a_request_but_not_the_next(seat: Seat) -> None:
    seat.bridge.help_changed.emit((REQUEST,))
    seat.parts.home.tasks.setFocus()
    seat.key(Qt.Key.Key_Escape)
    assert _strip(seat).isHidden()
    seat.bridge.help_changed.emit((REQUEST,))
    assert _strip(seat).isHidden()
    seat.bridge.help_changed.emit((replace(REQUEST, id=sample.made_id("next")), REQUEST))
    assert _strip(seat).isVisible()


def test_a_request_whose_state_is_old_turns_grey(seat: Seat) -> None:
    seat.bridge.help_changed.emit((replace(REQUEST, urgent=True),))
    assert "urgently" in _strip(seat).text
    assert _strip(seat).tone == "breach"
    seat.clock.go_on(60)
    seat.window.side.shared.help.draw()
    assert _strip(seat).tone == "plain"


def test_nobody_asks(seat: Seat) -> None:
    _shift_f4(seat)
    assert seat.parts.messages.text == "Nobody asks for help at present"
