"""The panel by keys: what waits, what was refused, and a choice for each field in conflict."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from crmdesk.errors import Conflict
from crmdesk.models.sync_views import FieldChoice
from crmdesk.ui.views.sharing_panel import SharingPanel
from tests.ui import sample, sample_sharing
from tests.ui.conftest import Seat
from tests.ui.fake_sharing import shared
from tests.ui.test_accessibility import unnamed


@pytest.fixture
def panel(seat: Seat) -> SharingPanel:
    """The panel, open over a call, with something in each list."""
    sharing = seat.desk.sharing
    sharing.waiting = sample_sharing.pending()
    sharing.not_accepted = (sample_sharing.conflicting(), *sample_sharing.refused())
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F7)
    seat.bridge.sync_changed.emit(shared(pending=3, refused=3))
    seat.ctrl_shift(Qt.Key.Key_S)
    return seat.window.side.shared.panel.view


def test_everything_is_told(seat: Seat, panel: SharingPanel) -> None:
    assert [line.text for line in panel.pending_lines.rows] == ["Note", "Record changed", "Task"]
    assert panel.pending_lines.rows[1].aside_below == "sent once more"
    assert [line.below for line in panel.refused_lines.rows] == [
        "This record was erased at the wish of the person.",
        "You may not do that.",
    ]
    assert "答应明天回电" in panel.text.toPlainText()
    values = [(c.label, c.before, c.yours, c.theirs) for c in panel.clashes.clashes.rows]
    assert values[1] == ("Tier", "Gold", "Platinum", "Silver")
    assert values[0][1:] == ("下午三点以后联系", "晚上七点后联系", "请致电其丈夫 139 0177 6620")
    assert seat.focus() is panel.clashes
    assert unnamed(seat.window) == []


def test_escape_gives_the_keyboard_back_to_the_note(seat: Seat, panel: SharingPanel) -> None:
    seat.key(Qt.Key.Key_Escape)
    assert panel.isHidden()
    assert seat.focus() is seat.parts.note.edit(1)


def test_the_key_of_the_panel_closes_it_again(seat: Seat, panel: SharingPanel) -> None:
    seat.ctrl_shift(Qt.Key.Key_S)
    assert panel.isHidden()
    assert seat.focus() is seat.parts.note.edit(1)


def test_a_call_is_opened_below_no_panel(seat: Seat, panel: SharingPanel) -> None:
    seat.ring(sample.second_pop())
    assert panel.isVisible()
    assert seat.focus() is panel.clashes
    seat.ctrl(Qt.Key.Key_Down)
    assert panel.isHidden()


def test_one_key_for_each_field_and_ctrl_enter_sends(seat: Seat, panel: SharingPanel) -> None:
    seat.key(Qt.Key.Key_1)
    assert panel.clashes.current_row() == 1
    seat.key(Qt.Key.Key_2)
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    choices = {"hint": FieldChoice("mine"), "tier": FieldChoice("server")}
    assert seat.desk.named("resolve") == [(sample.made_id("op-6"), choices)]
    assert panel.clashes.clashes.rows == []
    assert seat.desk.named("wrap_up") == []


def test_three_types_a_value_anew(seat: Seat, panel: SharingPanel) -> None:
    seat.key(Qt.Key.Key_3)
    assert seat.focus() is panel.anew
    assert panel.anew.text() == "晚上七点后联系"
    seat.commit("请先发短信")
    seat.key(Qt.Key.Key_Return)
    assert seat.focus() is panel.clashes
    assert panel.clashes.clashes.rows[0].typed == "请先发短信"
    seat.key(Qt.Key.Key_2)
    seat.ctrl(Qt.Key.Key_Return)
    (asked,) = seat.desk.named("resolve")
    assert asked[1]["hint"] == FieldChoice("typed", "请先发短信")


def test_escape_gives_up_typing_only(seat: Seat, panel: SharingPanel) -> None:
    seat.key(Qt.Key.Key_3)
    seat.key(Qt.Key.Key_Escape)
    assert panel.isVisible()
    assert seat.focus() is panel.clashes
    assert panel.clashes.clashes.rows[0].taken == ""


def test_nothing_is_sent_while_a_field_has_no_choice(seat: Seat, panel: SharingPanel) -> None:
    seat.key(Qt.Key.Key_1)
    seat.ctrl(Qt.Key.Key_Return)
    assert seat.desk.named("resolve") == []
    assert "Choose for each field" in seat.parts.messages.text


def test_choices_live_through_news_from_the_server(seat: Seat, panel: SharingPanel) -> None:
    seat.key(Qt.Key.Key_1)
    line = seat.desk.sharing.not_accepted[0]
    newer = (line.conflicts[0], replace(line.conflicts[1], server="gold"))
    seat.desk.sharing.not_accepted = (replace(line, conflicts=newer),)
    seat.bridge.sync_changed.emit(shared(refused=1))
    seat.settle()
    rows = panel.clashes.clashes.rows
    assert (rows[0].taken, rows[1].theirs) == ("yours", "Gold")


def test_a_field_that_changed_again_is_asked_again(seat: Seat, panel: SharingPanel) -> None:
    seat.desk.refuse["resolve"] = Conflict("Somebody changed {names} meanwhile.", current={}, names="hint")
    seat.key(Qt.Key.Key_1)
    seat.key(Qt.Key.Key_1)
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert "Somebody changed hint meanwhile." in seat.parts.messages.text
    assert len(panel.clashes.clashes.rows) == 2


def test_a_text_that_was_not_accepted_becomes_a_note(seat: Seat, panel: SharingPanel) -> None:
    panel.refused.setFocus()
    panel.refused.choose_row(1)
    seat.key(Qt.Key.Key_Return)
    assert seat.focus() is panel.target.box
    assert [line.text for line in panel.target.lines.rows] == ["Huatai Logistics Co., Ltd.", "陈静怡"]
    seat.key(Qt.Key.Key_Down)
    seat.key(Qt.Key.Key_Return)
    seat.settle()
    assert seat.desk.named("send_as_note") == [(sample.made_id("op-5"), sample.CHEN)]
    assert [line.alt for line in panel.refused_lines.rows] == ["周建平"]
    assert seat.focus() is panel.refused


def test_any_customer_can_be_found_for_the_note(seat: Seat, panel: SharingPanel) -> None:
    panel.refused.setFocus()
    seat.key(Qt.Key.Key_Return)
    seat.qtbot.keyClicks(panel.target.box, "chengjia")
    seat.qtbot.waitUntil(lambda: len(panel.target.lines.rows) == 3)
    seat.settle()
    seat.key(Qt.Key.Key_PageDown)
    seat.key(Qt.Key.Key_Return)
    assert seat.desk.named("send_as_note") == [(sample.made_id("op-4"), sample.FLEET)]


def test_escape_goes_back_from_the_choice_of_a_customer_to_the_text(seat: Seat, panel: SharingPanel) -> None:
    panel.refused.setFocus()
    seat.key(Qt.Key.Key_Return)
    seat.key(Qt.Key.Key_Escape)
    assert seat.focus() is panel.refused
    assert panel.text.isVisible()


def test_reason_and_text_can_be_copied(seat: Seat, panel: SharingPanel) -> None:
    panel.refused.setFocus()
    seat.ctrl(Qt.Key.Key_C)
    copied = QGuiApplication.clipboard().text()
    assert copied.startswith("This record was erased")
    assert copied.endswith("答应明天回电。")


def test_a_line_is_put_away_with_the_same_key_twice(seat: Seat, panel: SharingPanel) -> None:
    panel.refused.setFocus()
    seat.key(Qt.Key.Key_Delete)
    assert seat.desk.named("dismiss") == []
    seat.key(Qt.Key.Key_Delete)
    seat.settle()
    assert seat.desk.named("dismiss") == [(sample.made_id("op-4"),)]
    assert len(panel.refused_lines.rows) == 1


def test_empty_lists_say_that_all_is_well(seat: Seat) -> None:
    seat.bridge.sync_changed.emit(shared())
    seat.ctrl_shift(Qt.Key.Key_S)
    panel = seat.window.side.shared.panel.view
    assert panel.refused.hint == "Everything sent so far was accepted."
    assert panel.pending.hint == "Nothing waits: the server has everything."
    assert not panel.clashes.isVisible()
    assert seat.focus() is panel.refused


def test_in_a_low_window_the_panel_stays_inside(seat: Seat, panel: SharingPanel) -> None:
    seat.window.resize(960, 600)
    seat.qtbot.waitUntil(lambda: panel.width() <= 960)
    assert panel.geometry().bottom() < seat.window.height()
    assert panel.geometry().left() >= 0
    assert panel.clashes.height() < 100
    assert not panel.pending.isVisible()
    seat.window.resize(1440, 900)
    seat.qtbot.waitUntil(panel.pending.isVisible)
