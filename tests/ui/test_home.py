"""The worklist, the finder, the strip and the edges between threads."""

from __future__ import annotations

import subprocess
import sys
import threading
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta

from PySide6.QtCore import QObject, Qt, QTimer
from pytestqt.qtbot import QtBot

from crmdesk.errors import NotFound
from crmdesk.models.changes import ChangeSet
from crmdesk.models.text import say
from crmdesk.ui.bridge import Bridge
from crmdesk.ui.desk import CallState
from crmdesk.ui.desk_status import DeskStatus
from crmdesk.ui.look import Look
from crmdesk.ui.moments import Moments
from crmdesk.ui.operations import Operations
from crmdesk.ui.pacing import NextDue
from tests.ui import sample
from tests.ui.conftest import SHANGHAI, Seat
from tests.ui.fake_complaints import columns


def test_the_first_screen_is_the_worklist_and_can_be_typed_into(seat: Seat) -> None:
    assert len(seat.parts.home.tasks.lines.rows) == 5
    assert len(seat.parts.home.calls.lines.rows) == 6
    assert seat.focus() is seat.parts.box


def test_typing_in_a_list_filters_it_and_escape_shows_all(seat: Seat) -> None:
    seat.parts.home.tasks.setFocus()
    seat.qtbot.keyClicks(seat.focus(), "huatai")
    assert [line.text for line in seat.parts.home.tasks.lines.rows] == ["Huatai Logistics Co., Ltd."] * 2
    seat.key(Qt.Key.Key_Backspace)
    assert seat.parts.home.tasks.filter_text == "huata"
    seat.key(Qt.Key.Key_Escape)
    assert len(seat.parts.home.tasks.lines.rows) == 5
    seat.commit("陈")
    assert [line.text for line in seat.parts.home.tasks.lines.rows] == ["陈静怡"]


def test_input_methods_reach_a_list_that_is_filtered_and_no_other(seat: Seat) -> None:
    composes = Qt.WidgetAttribute.WA_InputMethodEnabled
    for pane, filtered in ((seat.parts.home.tasks, True), (seat.parts.timeline.list, False)):
        pane.choose_row(1)
        assert pane.testAttribute(composes) is filtered
        pane.setFocus()
        assert pane.testAttribute(composes) is filtered


def test_enter_on_a_call_back_dials_and_opens_the_customer(seat: Seat) -> None:
    seat.parts.home.tasks.setFocus()
    seat.key(Qt.Key.Key_Return)
    assert seat.desk.named("call_back") == [("138 1234 5678", sample.CHEN)]
    assert seat.desk.named("customer_record") == [(sample.CHEN,)]
    assert seat.parts.stage.shown is seat.parts.record
    assert seat.parts.note.isHidden()
    seat.key(Qt.Key.Key_Escape)
    seat.key(Qt.Key.Key_Escape)
    assert seat.parts.home.isVisible()


def test_delete_finishes_a_task_and_the_list_is_fetched_again(seat: Seat) -> None:
    before = len(seat.desk.named("worklist"))
    seat.parts.home.tasks.setFocus()
    seat.parts.home.tasks.choose_row(2)
    seat.key(Qt.Key.Key_Delete)
    seat.settle()
    assert [asked[1] for asked in seat.desk.named("finish_task")] == [1]
    assert len(seat.desk.named("worklist")) == before + 1


def test_my_complaints_stand_below_the_tasks_by_their_next_clock(seat: Seat) -> None:
    home = seat.parts.home
    assert "complaints" not in home.__dict__, "nobody who owns none sees a list of them"
    late = columns(-2, severity="S1", level=1, next_clock="UK-8W/decide")
    seat.desk.complaints.found["mine"] = [late, columns(-1), columns(3)]
    seat.bridge.changed.emit(ChangeSet(frozenset({"complaint"}), frozenset(), "sync"))
    seat.qtbot.waitUntil(lambda: "complaints" in home.__dict__ and home.complaints.isVisible())
    grave, overdue, quiet = home.complaints.lines.rows
    assert (grave.text, grave.alt, grave.tone) == ("C26-K7Q-9998", "陈静怡", "breach")
    assert grave.below == "S1 · Level 1 · Investigating · Repaired in vain"
    assert (grave.aside, grave.aside_below) == ("Today 08:00", "overdue · UK-8W · Decide")
    assert (overdue.tone, overdue.aside_below) == ("due", "overdue · Decide")
    assert (quiet.tone, quiet.aside, quiet.aside_below) == ("plain", "Today 13:00", "Decide")
    seat.window.words.use("zh")
    assert home.complaints.lines.rows[1].below == "S3 · 调查中 · 多次维修"
    assert home.complaints in seat.window.commands._panes()


def test_after_midnight_what_was_due_tomorrow_is_due_today(seat: Seat) -> None:
    home = seat.parts.home
    seat.desk.complaints.found["mine"] = [columns(25)]
    seat.window.home._ask_complaints()
    seat.settle()
    assert home.complaints.lines.rows[0].aside == "Tomorrow 11:00"
    day = seat.window.home._day
    assert day is not None
    timer = day._timer
    assert timer.isActive()
    assert timer.interval() == 15 * 60_000, "four looks an hour; the last of them at midnight"
    seat.clock.go_on((13 * 60 + 50) * 60)
    before = len(seat.desk.named("worklist"))
    timer.timeout.emit()
    assert 0 < timer.interval() < 11 * 60_000, "ten minutes before midnight it waits for midnight"
    assert len(seat.desk.named("worklist")) == before, "the day is the same"
    seat.clock.go_on(10 * 60)
    timer.timeout.emit()
    seat.qtbot.waitUntil(lambda: home.complaints.lines.rows[0].aside == "Today 11:00")
    assert len(seat.desk.named("worklist")) == before + 1
    assert timer.isActive()


def test_who_comes_back_on_another_day_reads_it_at_once(seat: Seat) -> None:
    home, found = seat.parts.home, seat.desk.complaints.found
    found["mine"] = [columns(25)]
    seat.window.home._ask_complaints()
    seat.settle()
    seat.ring(sample.pop())
    seat.clock.go_on(24 * 3600)
    seat.parts.stage.present(home)
    seat.qtbot.waitUntil(lambda: home.complaints.lines.rows[0].aside == "Today 11:00")


def test_a_list_of_complaints_keeps_the_keyboard_on_its_own_and_goes_with_the_last(seat: Seat) -> None:
    home, found = seat.parts.home, seat.desk.complaints.found
    found["mine"] = [columns(1), columns(2)]
    seat.window.home._ask_complaints()
    seat.settle()
    home.complaints.setFocus()
    home.complaints.choose_row(1)
    found["mine"] = [columns(0), columns(1), columns(2, rev=2)]
    seat.window.home._ask_complaints()
    seat.settle()
    assert home.complaints.current_row() == 2
    found["mine"] = []
    seat.window.home._ask_complaints()
    seat.settle()
    assert home.complaints.isHidden() or not home.complaints.isVisible()
    assert seat.focus() is home.tasks


def test_many_changes_ask_for_complaints_once_a_second(seat: Seat) -> None:
    before = len(seat.desk.named("listed"))
    for _ in range(20):
        seat.bridge.changed.emit(ChangeSet(frozenset({"complaint"}), frozenset(), "sync"))
        seat.settle()
    assert len(seat.desk.named("listed")) - before <= 1
    seat.qtbot.waitUntil(lambda: len(seat.desk.named("listed")) > before, timeout=5000)


def test_a_task_of_a_complaint_says_what_it_asks_for_and_opens_it(seat: Seat) -> None:
    of = sample.made_id("complaint")
    asked = replace(sample.worklist().tasks[2], subject="C26-K7Q-0042", complaint_id=of, errand="follow_up")
    home = seat.parts.home
    home.show_worklist(replace(sample.worklist(), tasks=(asked,)))
    (line,) = home.tasks.lines.rows
    assert (line.icon, line.below) == ("complaint", "Follow-up call · C26-K7Q-0042")
    wanted: list[object] = []
    seat.window.home.complaint_wanted.disconnect()
    seat.window.home.complaint_wanted.connect(wanted.append)
    home.tasks.setFocus()
    seat.key(Qt.Key.Key_Return)
    assert wanted == [of]
    assert seat.desk.named("customer_record") == []


def test_news_are_read_in_place_and_left_with_escape(seat: Seat) -> None:
    seat.parts.home.news.setFocus()
    seat.key(Qt.Key.Key_Return)
    assert seat.focus() is seat.parts.home.article
    seat.key(Qt.Key.Key_Escape)
    assert seat.focus() is seat.parts.home.news


def test_changes_of_others_refresh_the_worklist_only_when_it_is_seen(seat: Seat) -> None:
    before = len(seat.desk.named("worklist"))
    seat.bridge.changed.emit(ChangeSet(frozenset({"asset"}), frozenset(), "sync"))
    seat.settle()
    assert len(seat.desk.named("worklist")) == before
    seat.ring(sample.pop(), "talking")
    seat.bridge.changed.emit(ChangeSet(frozenset({"task"}), frozenset(), "sync"))
    seat.settle()
    assert len(seat.desk.named("worklist")) == before
    seat.ctrl_shift(Qt.Key.Key_H)
    assert len(seat.desk.named("worklist")) == before + 1


def test_a_record_open_by_hand_shows_what_others_change(seat: Seat) -> None:
    seat.window.commands.open_customer(sample.CHEN)
    seat.settle()
    seat.bridge.changed.emit(ChangeSet(frozenset({"customer"}), frozenset({sample.CHEN}), "sync"))
    seat.settle()
    assert len(seat.desk.named("customer_record")) == 2


def test_the_finder_keeps_only_the_newest_answer(seat: Seat) -> None:
    seat.ctrl(Qt.Key.Key_K)
    seat.desk.held.clear()
    seat.qtbot.keyClicks(seat.focus(), "chen")
    seat.qtbot.waitUntil(lambda: bool(seat.desk.named("find")))
    seat.qtbot.keyClicks(seat.focus(), "zzz")
    seat.qtbot.waitUntil(lambda: seat.desk.named("find")[-1] == ("chenzzz",))
    seat.desk.held.set()
    seat.settle()
    assert [row.text for row in seat.parts.finder.model.rows] == ["New person: chenzzz"]


def test_marks_of_the_status_line(seat: Seat) -> None:
    spoken = seat.parts.status.accessibleDescription
    assert "This PC alone" in spoken()
    seat.bridge.status_changed.emit(DeskStatus("Lin Yue", shared=None))
    assert "alone" not in spoken()
    status = DeskStatus("Lin Yue", "1001", "failed", say("The call is over {n}", n=1), shared=True)
    seat.bridge.status_changed.emit(status)
    for part in ("Lin Yue · 1001", "Telephone not reachable", "The call is over 1", "Shared database"):
        assert part in spoken()


def test_a_call_taken_at_once_shows_no_strip(seat: Seat) -> None:
    seat.window.showMinimized()
    seat.window.show_pop(sample.pop())
    seat.bridge.call_changed.emit(CallState("call-1", "talking", sample.NOW))
    turned: list[bool] = []
    QTimer.singleShot(0, lambda: turned.append(True))
    seat.qtbot.waitUntil(lambda: bool(turned))
    assert not seat.parts.strip.isVisible()


def test_a_minimised_window_shows_the_strip_without_becoming_active(seat: Seat) -> None:
    seat.window.showMinimized()
    seat.window.show_pop(sample.pop())
    strip = seat.parts.strip
    seat.qtbot.waitUntil(strip.isVisible)
    assert strip.windowFlags() & Qt.WindowType.WindowDoesNotAcceptFocus
    assert strip.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)
    seat.bridge.call_changed.emit(CallState("call-1", "talking", sample.NOW))
    assert not strip.isVisible()
    seat.window.show_pop(sample.second_pop())
    seat.qtbot.waitUntil(strip.isVisible)
    seat.qtbot.mouseClick(strip, Qt.MouseButton.LeftButton)
    seat.qtbot.waitUntil(seat.window.isActiveWindow)
    assert not strip.isVisible()


def test_work_is_done_elsewhere_and_results_arrive_on_the_gui_thread(qtbot: QtBot) -> None:
    bridge = Bridge()
    operations = Operations(bridge)
    seen: list[tuple[int, str]] = []
    gui = threading.current_thread().name

    def receive(value: int) -> None:
        seen.append((value, threading.current_thread().name))

    future: Future[int] = Future()
    operations.run(future, receive)
    worker = threading.Thread(target=lambda: future.set_result(7), name="worker")
    with qtbot.waitSignal(operations.idle):
        worker.start()
    worker.join()
    assert seen == [(7, gui)]


def test_a_result_that_is_there_already_still_comes_later(qtbot: QtBot) -> None:
    operations = Operations(Bridge())
    future: Future[int] = Future()
    future.set_result(1)
    seen: list[int] = []
    with qtbot.waitSignal(operations.idle):
        operations.run(future, seen.append)
        assert seen == []
    assert seen == [1]


def test_failures_go_to_whoever_deals_with_them_else_to_the_strip(qtbot: QtBot) -> None:
    operations = Operations(Bridge())
    told: list[object] = []
    mine: list[object] = []
    operations.failed.connect(told.append)
    for failed in (None, mine.append):
        future: Future[int] = Future()
        future.set_exception(NotFound("There is no such customer any more."))
        with qtbot.waitSignal(operations.idle):
            operations.run(future, failed=failed)
    assert len(told) == len(mine) == 1


def test_after_closing_nothing_crosses(qtbot: QtBot) -> None:
    bridge = Bridge()
    seen: list[object] = []
    future: Future[int] = Future()
    bridge.when_done(future, seen.append)
    bridge.close()
    future.set_result(1)
    qtbot.wait(1)
    assert seen == []


def test_everything_the_window_asked_was_done_off_the_gui_thread(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.key(Qt.Key.Key_F3)
    seat.qtbot.keyClicks(seat.focus(), "oil")
    seat.settle()
    assert seat.desk.threads == {"fake-desk_0"}


def test_the_first_window_imports_nothing_heavy() -> None:
    heavy = ("numpy", "pyqtgraph", "sqlalchemy", "reportlab", "alembic", "pypinyin", "phonenumbers")
    code = f"import sys, crmdesk.ui.main_window; print([n for n in {heavy!r} if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_times_are_told_in_the_zone_of_the_site(seat: Seat) -> None:
    line = seat.parts.home.calls.lines.rows[0]
    assert line.aside == "Today 09:43"
    seat.clock.now += timedelta(days=1)
    seat.window.words.use("zh")
    assert seat.parts.home.calls.lines.rows[0].aside == "昨天 09:43"


def test_another_language_fetches_news_in_it(seat: Seat) -> None:
    before = len(seat.desk.named("worklist"))
    seat.ctrl_shift(Qt.Key.Key_L)
    assert len(seat.desk.named("worklist")) == before + 1


def test_what_becomes_overdue_on_a_screen_left_open_is_asked_for_again(seat: Seat) -> None:
    home, dues = seat.window.home, [task.due_at for task in sample.worklist().tasks]
    first = min(due for due in dues if due is not None and due > seat.clock.now)
    asked = len(seat.desk.named("worklist"))
    due = home.findChild(NextDue)
    assert isinstance(due, NextDue)
    seat.clock.go_on((first - seat.clock.now).total_seconds() - 1)
    due.look()
    seat.settle()
    assert len(seat.desk.named("worklist")) == asked, "not yet"
    seat.clock.go_on(2)
    due.look()
    seat.settle()
    assert len(seat.desk.named("worklist")) == asked + 1
    assert seat.desk.named("listed"), "and its complaints"


def test_the_next_moment_is_waited_for_and_no_other(look: Look, qtbot: QtBot) -> None:
    now = [sample.NOW]
    parent = QObject()
    due = NextDue(Moments(look.words, lambda: now[0], SHANGHAI), parent)
    told: list[str] = []
    due.passed.connect(lambda: told.append("passed"))
    (timer,) = due.findChildren(QTimer)
    due.wait_for([None, sample.NOW - timedelta(hours=1), sample.NOW + timedelta(minutes=5), None])
    assert timer.interval() == 301_000
    now[0] += timedelta(minutes=5, seconds=1)
    due.look()
    due.look()
    assert told == ["passed"]
    assert not timer.isActive()
    due.wait_for([now[0] + timedelta(days=1)])
    assert timer.interval() == 15 * 60_000, "a desk that slept knows it soon"
    due.wait_for([])
    assert not timer.isActive()
