"""The lists of complaints by keys: segments, filters, clocks at the side, marks, hand-over, decisions."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QEvent, QPoint, Qt
from PySide6.QtGui import QHelpEvent, QKeyEvent
from PySide6.QtWidgets import QApplication

from crmdesk.models.changes import ChangeSet
from crmdesk.models.wire import Row
from tests.services.complaints.house import (
    ANNA,
    BELA,
    CHEN,
    OTHER_TEAM,
    under_regime,
)
from tests.services.complaints.test_taking import proposed
from tests.ui.complaint_house import ComplaintSeat
from tests.ui.test_accessibility import unnamed


def opened(place: ComplaintSeat, who: Any = ANNA) -> Any:
    """Open the lists as *who* and return what steers them."""
    place.house.who = who
    place.seat.ctrl_shift(Qt.Key.Key_M)
    lists = place.seat.window.side.complaints.lists
    place.seat.qtbot.waitUntil(lists.view.list.hasFocus)
    place.seat.settle()
    return lists


def numbers(lists: Any) -> list[str]:
    return [line.number for line in lists.view.list.lines.rows]


def aside(lists: Any) -> str:
    return str(lists.view.pane._aside)


def look(place: ComplaintSeat, lists: Any) -> None:
    """Let the keyboard rest on its line until its clocks are there."""
    place.seat.qtbot.waitUntil(lambda: not lists._ledger.pause.isActive())
    place.seat.settle()


def test_the_lists_open_with_hers_by_the_next_clock_and_escape_goes_home(place: ComplaintSeat) -> None:
    slow, quick = place.house.log({"severity": "S4"}), place.house.log({"severity": "S1"})
    place.house.who = BELA
    place.house.log()
    lists = opened(place)
    assert numbers(lists) == [quick["number"], slow["number"]]
    assert aside(lists).startswith("2 complaints · as of ")
    first = lists._worded(lists.view.list.lines.rows[0])
    assert (first.alt, first.tone) == ("王芳", "breach")
    place.seat.key(Qt.Key.Key_Escape)
    assert place.seat.parts.stage.shown is place.seat.parts.home
    assert place.seat.focus() is place.seat.parts.home.tasks


def test_digits_choose_the_list_and_typing_filters_it(place: ComplaintSeat) -> None:
    hers = place.house.log()
    place.house.who = BELA
    other = place.house.log({"severity": "S4"})
    lists, seat = opened(place), place.seat
    seat.key(Qt.Key.Key_4)
    assert numbers(lists) == [hers["number"], other["number"]]
    assert lists._worded(lists.view.list.lines.rows[1]).below == "S4 · Received · p2 · repair"
    seat.qtbot.keyClicks(seat.focus(), "p2")
    assert numbers(lists) == [other["number"]]
    assert aside(lists).startswith("Filter: p2 · 1 complaint")
    seat.key(Qt.Key.Key_Backspace)
    seat.key(Qt.Key.Key_Backspace)
    seat.qtbot.keyClicks(seat.focus(), "/")
    seat.qtbot.keyClicks(seat.focus(), hers["number"][-1:])
    assert numbers(lists) == [hers["number"]], "after a slash digits are for the filter"
    seat.key(Qt.Key.Key_Escape)
    seat.commit("已登记")
    assert len(numbers(lists)) == 2, "states are found by their names in both languages"
    seat.key(Qt.Key.Key_Escape)
    seat.key(Qt.Key.Key_2)
    assert len(numbers(lists)) == 2
    seat.key(Qt.Key.Key_1)
    assert numbers(lists) == [hers["number"]]


def test_enter_opens_a_complaint_and_escape_comes_back_to_its_line(place: ComplaintSeat) -> None:
    place.house.log({"severity": "S1"})
    row = place.house.log({"severity": "S4"})
    lists, seat = opened(place), place.seat
    seat.key(Qt.Key.Key_Down)
    seat.key(Qt.Key.Key_Return)
    seat.settle()
    assert place.page.shown
    assert place.page.record.head.id == row["id"]
    place.house.log({"severity": "S2"})
    seat.bridge.changed.emit(ChangeSet(frozenset({"complaint"}), frozenset(), "sync"))
    seat.key(Qt.Key.Key_Escape)
    assert lists.shown
    assert lists.view.list.hasFocus()
    seat.qtbot.waitUntil(lambda: len(numbers(lists)) == 3)
    assert lists.view.list.current_line().id == row["id"]


def test_due_today_overdue_and_near_by_regime(place: ComplaintSeat) -> None:
    house, seat = place.house, place.seat
    near = under_regime(house, "UK-SRC")
    place.pass_time(days=3)
    today, later = house.log({"severity": "S1"}), house.log({"severity": "S4"})
    lists = opened(place)
    dues = lists.view.dues
    assert set(numbers(lists)) == {near["number"], today["number"], later["number"]}
    dues.setFocus()
    seat.key(Qt.Key.Key_Right)
    assert later["number"] not in numbers(lists)
    overdue = numbers(lists)
    seat.key(Qt.Key.Key_Right)
    assert today["number"] in numbers(lists)
    assert set(overdue) <= set(numbers(lists))
    seat.key(Qt.Key.Key_Right)
    assert numbers(lists) == [near["number"]]
    assert lists._worded(lists.view.list.lines.rows[0]).aside_below == "UK-SRC · Written summary"
    seat.key(Qt.Key.Key_Left)
    assert today["number"] in numbers(lists)


def test_the_clocks_of_the_line_looked_at_stand_beside_it_with_who_did_what(place: ComplaintSeat) -> None:
    regime = under_regime(place.house, "UK-8W")
    plain = place.house.log({"severity": "S4"})
    lists = opened(place)
    lists.view.list.choose_row(numbers(lists).index(regime["number"]))
    look(place, lists)
    told = [line.spoken() for line in lists.view.ledger.rows]
    assert told[0] == "Regime, UK-8W"
    assert any(line.startswith("UK-8W · Decide") for line in told)
    assert any("started" in line and "p1" in line for line in told)
    assert any("China, office hours" in line for line in told)
    lists.view.list.choose_row(numbers(lists).index(plain["number"]))
    look(place, lists)
    assert lists.view.right._heading == f"Clocks of {plain['number']}"
    viewport, other = lists.view.list.viewport(), 1 - numbers(lists).index(plain["number"])
    place_of = lists.view.list.visualRect(lists.view.list.model().index(other, 0)).center()
    QApplication.sendEvent(viewport, QHelpEvent(QEvent.Type.ToolTip, place_of, QPoint()))
    look(place, lists)
    assert lists.view.right._heading == f"Clocks of {numbers(lists)[other]}"
    QApplication.sendEvent(viewport, QEvent(QEvent.Type.Leave))
    look(place, lists)
    assert lists.view.right._heading == f"Clocks of {plain['number']}"


def hand_over(place: ComplaintSeat, reason: str) -> None:
    """Fill in the form with the second person and send it."""
    seat = place.seat
    seat.ctrl_shift(Qt.Key.Key_G)
    seat.settle()
    seat.qtbot.keyClicks(seat.focus(), "p2")
    seat.key(Qt.Key.Key_Return)
    seat.window.side.complaints.lists.view.hand_over.reason.setFocus()
    seat.qtbot.keyClicks(seat.focus(), reason)
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()


def owner(place: ComplaintSeat, row: Row) -> Any:
    return place.house.row("complaint", row["id"])["owner_id"]


def test_marked_complaints_are_handed_over_one_by_one_and_the_result_says_which_stayed(
    place: ComplaintSeat,
) -> None:
    rows = [place.house.log({"severity": "S4"}) for _ in range(4)]
    lists, seat = opened(place, CHEN), place.seat
    seat.key(Qt.Key.Key_4)
    for _ in range(3):
        seat.key(Qt.Key.Key_Insert)
    assert "3 marked" in aside(lists)
    marked = [row for row in rows if row["id"] in lists.marked]
    assert lists._worded(lists.view.list.lines.rows[0]).icon == "check"
    ended = marked[1]
    place.house.step(ended, "T18", words="Enough.", channel="phone", who=CHEN)
    hand_over(place, "Anna is ill.")
    seat.qtbot.waitUntil(lambda: not lists.hand_over.under_way)
    assert [owner(place, row) == BELA for row in marked] == [True, False, True]
    assert seat.parts.messages.text.startswith(f"2 of 3 went to p2. {ended['number']}: ")
    assert lists.marked == set()
    assert seat.focus() is lists.view.list
    (event,) = [e for e in place.house.rows("complaint_event", marked[0]["id"]) if e["transition"] == "H1"]
    assert "Anna is ill." in event["fields"]


def test_who_has_some_of_them_already_is_offered_and_gets_the_others(place: ComplaintSeat) -> None:
    mine, his = place.house.log({"severity": "S4"}), place.house.log({"severity": "S4"})
    place.house.step(his, "H1", to=str(BELA), open_points="Call him.")
    lists, seat = opened(place, CHEN), place.seat
    seat.key(Qt.Key.Key_4)
    seat.ctrl(Qt.Key.Key_A)
    seat.ctrl_shift(Qt.Key.Key_G)
    seat.settle()
    offered = {pick.text: pick.aside for pick in lists.view.hand_over.person._picks}
    assert offered == {"p1": "has 1 already", "p2": "has 1 already", "p3": "", "p4": "", "p5": ""}
    seat.key(Qt.Key.Key_Escape)
    hand_over(place, "Anna is ill.")
    seat.qtbot.waitUntil(lambda: not lists.hand_over.under_way)
    assert (owner(place, mine), owner(place, his)) == (BELA, BELA)
    assert seat.parts.messages.text == "1 of 2 went to p2. 1 was there already."


def test_the_form_says_which_of_the_marked_have_to_stay_and_why(place: ComplaintSeat) -> None:
    rows = [place.house.log({"severity": "S4"}) for _ in range(2)]
    foreign = rows[0]
    columns = (CHEN.bytes, OTHER_TEAM.bytes, foreign["id"].bytes)
    place.house.connection.execute("UPDATE complaint SET owner_id = ?, team_id = ? WHERE id = ?", columns)
    lists, seat = opened(place), place.seat
    seat.key(Qt.Key.Key_4)
    seat.ctrl(Qt.Key.Key_A)
    seat.ctrl_shift(Qt.Key.Key_G)
    seat.settle()
    form = lists.view.hand_over
    assert form._heading == "Hand over 1 complaint"
    why = "Only the owner, his team or a supervisor may do this."
    assert form.told.text() == f"1 stays where it is. {foreign['number']}: {why}"
    seat.key(Qt.Key.Key_Escape)
    lists.marked = {foreign["id"]}
    seat.ctrl_shift(Qt.Key.Key_G)
    seat.settle()
    assert form.isHidden()
    assert seat.parts.messages.text == why


def test_a_hand_over_wants_a_person_and_a_reason_and_escape_keeps_all(place: ComplaintSeat) -> None:
    row = place.house.log()
    lists, seat = opened(place), place.seat
    seat.ctrl_shift(Qt.Key.Key_G)
    seat.settle()
    form = lists.view.hand_over
    assert form.isVisible()
    assert unnamed(seat.window) == []
    seat.ctrl(Qt.Key.Key_Return)
    assert form.told.text() == "Choose who takes them over."
    seat.qtbot.keyClicks(seat.focus(), "p2")
    seat.key(Qt.Key.Key_Return)
    seat.ctrl(Qt.Key.Key_Return)
    assert form.told.text() == "Say why, and what is still open."
    assert seat.focus() is form.reason
    seat.key(Qt.Key.Key_Escape)
    assert form.isHidden()
    assert lists.shown
    assert owner(place, row) == ANNA


def test_escape_stops_a_hand_over_under_way(place: ComplaintSeat) -> None:
    rows = [place.house.log({"severity": "S4"}) for _ in range(3)]
    lists, seat = opened(place, CHEN), place.seat
    seat.key(Qt.Key.Key_4)
    seat.ctrl(Qt.Key.Key_A)
    assert len(lists.marked) == 3
    seat.ctrl_shift(Qt.Key.Key_G)
    seat.settle()
    form = lists.view.hand_over
    form.person.choose(str(BELA))
    form.reason.setText("Ill.")
    seat.desk.held.clear()
    lists.hand_over.send()
    assert form.told.text() == "1 of 3 · Esc stops"
    assert lists.close()
    seat.desk.held.set()
    seat.settle()
    assert sum(owner(place, row) == BELA for row in rows) == 1
    assert seat.parts.messages.text.startswith("1 of 3 went to p2.")


def test_a_key_begins_the_yes_and_another_sends_a_proposal_back(place: ComplaintSeat) -> None:
    row = proposed(place.house, 3_000_00)
    lists, seat = opened(place, CHEN), place.seat
    seat.key(Qt.Key.Key_3)
    assert numbers(lists) == [row["number"]]
    seat.qtbot.keyClicks(seat.focus(), "b")
    seat.settle()
    assert place.page.forms.is_open
    place.form.field("missing").to_field()
    seat.commit("Ask the workshop.")
    seat.ctrl(Qt.Key.Key_Return)
    seat.settle()
    assert place.stands(row) == "INVESTIGATING"
    seat.key(Qt.Key.Key_Escape)
    seat.qtbot.waitUntil(lambda: lists.shown and numbers(lists) == [])
    assert lists.view.list.hint == "Nothing waits for your yes."


def test_beside_what_is_to_approve_stands_what_is_proposed(place: ComplaintSeat) -> None:
    row = proposed(place.house, 3_000_00)
    lists, seat = opened(place, CHEN), place.seat
    seat.key(Qt.Key.Key_3)
    look(place, lists)
    told = [line.spoken() for line in lists.view.ledger.rows]
    assert lists.view.right._heading == f"Proposal of {row['number']}"
    assert told[0] == "Cause and finding, Upheld"
    assert "We fitted the wrong part." in told
    assert any(line.startswith("Remedies, CNY 3,000 · your limit CNY 2,000") for line in told)
    assert told.index("Clocks") > told.index("We fitted the wrong part.")
    seat.key(Qt.Key.Key_4)
    look(place, lists)
    assert lists.view.right._heading == f"Clocks of {row['number']}"
    assert lists.view.ledger.rows[0].spoken() == "Regime, No regime"


def test_letters_filter_where_nothing_is_decided(place: ComplaintSeat) -> None:
    place.house.log()
    lists, seat = opened(place), place.seat
    seat.qtbot.keyClicks(seat.focus(), "b")
    assert lists.view.list.filter_text == "b"
    assert lists.shown


def press_a(place: ComplaintSeat) -> None:
    place.seat.qtbot.keyClicks(place.seat.focus(), "a")
    place.seat.settle()


def yeses(place: ComplaintSeat, row: Row) -> list[Any]:
    return [each["approver_id"] for each in place.house.rows("approval", row["id"])]


def test_a_and_a_again_is_the_yes_and_somebody_else_tells_the_customer(place: ComplaintSeat) -> None:
    row = proposed(place.house, 1_000_00)
    lists, seat = opened(place, CHEN), place.seat
    seat.key(Qt.Key.Key_3)
    press_a(place)
    assert seat.parts.messages.text == f"Approve {row['number']}, CNY 1,000? a again says yes."
    assert yeses(place, row) == []
    press_a(place)
    assert lists.shown
    assert yeses(place, row) == [CHEN]
    assert place.stands(row) == "PROPOSED", "who tells it may be somebody else"
    assert "can tell the customer" in seat.parts.messages.text
    seat.qtbot.waitUntil(lambda: numbers(lists) == [])


def test_ctrl_enter_says_yes_too_and_escape_takes_the_question_away(place: ComplaintSeat) -> None:
    row = proposed(place.house, 3_000_00)
    lists, seat = opened(place, CHEN), place.seat
    seat.key(Qt.Key.Key_3)
    press_a(place)
    seat.key(Qt.Key.Key_Escape)
    press_a(place)
    assert yeses(place, row) == [], "what is no longer asked is not answered"
    seat.ctrl(Qt.Key.Key_Return)
    assert lists.shown
    assert yeses(place, row) == [CHEN]
    assert "A second supervisor has to approve it, too." in seat.parts.messages.text


def test_a_key_held_down_is_no_yes(place: ComplaintSeat) -> None:
    row = proposed(place.house, 1_000_00)
    lists, seat = opened(place, CHEN), place.seat
    seat.key(Qt.Key.Key_3)
    press_a(place)
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(seat.focus(), QKeyEvent(QEvent.Type.KeyPress, Qt.Key.Key_A, none, "a", True))
    seat.settle()
    assert yeses(place, row) == []
    assert lists.view.list.filter_text == ""


def test_a_yes_is_to_the_line_that_was_asked_about(place: ComplaintSeat) -> None:
    first, second = proposed(place.house, 1_000_00), proposed(place.house, 1_000_00)
    lists, seat = opened(place, CHEN), place.seat
    seat.key(Qt.Key.Key_3)
    press_a(place)
    seat.key(Qt.Key.Key_Down)
    press_a(place)
    assert numbers(lists)[1] in seat.parts.messages.text
    assert yeses(place, first) + yeses(place, second) == []


def test_a_yes_to_a_proposal_that_was_changed_meanwhile_is_refused(place: ComplaintSeat) -> None:
    row = proposed(place.house, 1_000_00)
    lists, seat = opened(place, CHEN), place.seat
    seat.key(Qt.Key.Key_3)
    press_a(place)
    place.house.connection.execute("UPDATE complaint_body SET proposal_version = 2")
    press_a(place)
    assert "The proposal was changed meanwhile." in seat.parts.messages.text
    assert yeses(place, row) == []
    assert lists.shown


def test_what_is_his_to_tell_begins_with_the_same_key(place: ComplaintSeat) -> None:
    row = proposed(place.house, 1_000_00)
    place.house.who = CHEN
    place.seat.desk.complaints.approve(row["id"], 1).result()
    lists, seat = opened(place, row["owner_id"]), place.seat
    seat.key(Qt.Key.Key_3)
    press_a(place)
    assert not lists.shown
    assert place.page.forms.is_open
    assert "proposal_version" in place.form.values()


def test_changes_are_read_at_most_once_a_second_and_not_behind_another_page(place: ComplaintSeat) -> None:
    lists, seat = opened(place), place.seat
    asked: list[None] = []
    lists._pacing._work = lambda: asked.append(None)
    for _ in range(20):
        seat.bridge.changed.emit(ChangeSet(frozenset({"complaint"}), frozenset(), "sync"))
    assert len(asked) == 1
    seat.qtbot.waitUntil(lambda: len(asked) == 2, timeout=5000)
    seat.bridge.changed.emit(ChangeSet(frozenset({"asset"}), frozenset(), "sync"))
    seat.qtbot.waitUntil(lambda: not lists._pacing._rest.isActive(), timeout=5000)
    assert len(asked) == 2
    seat.ctrl_shift(Qt.Key.Key_H)
    lists.refresh()
    assert lists._stale


def test_every_control_of_the_lists_says_its_name_and_f6_goes_through(place: ComplaintSeat) -> None:
    place.house.log()
    lists, seat = opened(place), place.seat
    look(place, lists)
    assert unnamed(seat.window) == []
    seat.key(Qt.Key.Key_F6)
    assert seat.focus() is lists.view.segments
    seat.window.commands.run("language")
    assert aside(lists).startswith("1 件投诉")
    assert lists.view.pane._heading == "投诉"
    seat.window.commands.run("language")


def test_where_nothing_is_due_it_says_which_clocks_are_shown(place: ComplaintSeat) -> None:
    place.house.log({"severity": "S4"})
    lists, seat = opened(place), place.seat
    lists.view.dues.setFocus()
    told = []
    for _ in range(3):
        seat.key(Qt.Key.Key_Right)
        seat.settle()
        told.append(lists.view.list.hint.partition("\n")[0])
    assert told == [
        "Nothing here is overdue.",
        "Nothing here is due today.",
        "No regime asks anything of us here within two business days.",
    ]
    lists.view.dues.picked.emit(0)
    seat.qtbot.keyClicks(lists.view.list, "xyz")
    assert lists.view.list.hint == "Nothing here fits.\nEsc clears what was typed."


def test_an_empty_list_says_what_to_do(place: ComplaintSeat) -> None:
    lists = opened(place)
    assert lists.view.list.hint == "No complaint is open here.\nF8 writes one down during a call."
    assert lists.view.ledger.rows == []


def test_five_thousand_lines_are_made_only_where_they_are_seen(
    place: ComplaintSeat, monkeypatch: pytest.MonkeyPatch
) -> None:
    from crmdesk.services.complaints import lists as services
    from tests.ui.fake_complaints import columns, lines_of

    lists = opened(place)
    made: list[int] = []
    real = services._line

    def counted(*given: Any) -> Any:
        made.append(1)
        return real(*given)

    monkeypatch.setattr(services, "_line", counted)
    lists._lines = lines_of([columns(n) for n in range(5000)])
    lists._fill()
    place.seat.settle()
    lists.view.list.repaint()
    assert len(lists.view.list.lines.rows) == 5000
    assert len(made) < 200
