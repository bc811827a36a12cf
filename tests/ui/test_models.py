"""Item models obey Qt's rules and fetch by page."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from crmdesk.models.screen_pop import TimelineEntry
from crmdesk.ui.itemmodels.rows import RowsModel
from crmdesk.ui.itemmodels.timeline import TimelineModel
from tests.ui import sample
from tests.ui.conftest import Seat

_FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


def _timeline() -> TimelineModel:
    def spoken(entry: TimelineEntry) -> str:
        return entry.subject

    return TimelineModel(spoken, lambda at: at.date())


def test_a_list_of_rows_is_a_model(qtbot: QtBot) -> None:
    model: RowsModel[str] = RowsModel(str)
    tester = QAbstractItemModelTester(model, _FATAL)
    model.show(["a", "b", "c"])
    model.replace(1, "x")
    model.show([])
    model.show(["d"])
    assert tester.model() is model
    assert model.data(model.index(0)) == "d"


def test_the_time_line_asks_for_one_page_at_a_time(qtbot: QtBot) -> None:
    model = _timeline()
    tester = QAbstractItemModelTester(model, _FATAL)
    wanted: list[str] = []
    model.page_wanted.connect(wanted.append)
    model.begin(sample.page(total=45))
    wanted.clear()
    model.give_up()
    model.fetchMore(QModelIndex())
    model.fetchMore(QModelIndex())
    assert wanted == ["20"]
    assert not model.canFetchMore(QModelIndex())
    model.append(sample.page(total=45, start=20))
    model.append(sample.page(total=45, start=40))
    assert model.rowCount() == 45
    assert not model.canFetchMore(QModelIndex())
    assert tester.model() is model


def test_days_are_told_once_each(qtbot: QtBot) -> None:
    model = _timeline()
    model.begin(sample.page(total=20))
    told = [day for day in model.days if day is not None]
    assert told == sorted(set(told), reverse=True)
    assert len(model.days) == 20


def test_a_page_that_fails_can_be_asked_for_again(qtbot: QtBot) -> None:
    model = _timeline()
    model.begin(sample.page(total=45))
    model.fetchMore(QModelIndex())
    model.give_up()
    assert model.canFetchMore(QModelIndex())


def test_scrolling_to_the_end_brings_the_rest(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    bar = seat.parts.timeline.list.verticalScrollBar()

    def all_there() -> bool:
        bar.setValue(bar.maximum())
        return len(seat.parts.timeline.model.rows) == 57

    seat.qtbot.waitUntil(all_there)
    assert [asked[1] for asked in seat.desk.named("timeline")] == ["20", "40"]


def test_a_filter_asks_the_services_and_all_comes_back(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.parts.timeline.kinds_chosen.emit(("visit",))
    seat.settle()
    assert {entry.kind for entry in seat.parts.timeline.model.rows} == {"visit"}


def test_an_answer_for_another_record_is_dropped(seat: Seat) -> None:
    seat.ring(sample.pop(), "talking")
    seat.ring(sample.second_pop(), "talking")
    seat.desk.held.clear()
    seat.window.slots.current = seat.window.slots.at(1)
    seat.parts.timeline.kinds_chosen.emit(("visit",))
    seat.window.calls.open_number(2)
    seat.desk.held.set()
    seat.settle()
    assert len(seat.parts.timeline.model.rows) == 20
