"""The desk's clock: what the computer's does, a row is never older than the last; tests set it."""

import logging
from datetime import UTC, datetime, timedelta

import pytest

from crmdesk.errors import Denied, InvalidInput
from crmdesk.services.clock import DeskClock, read_clock

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Computer:
    """A computer whose clock and whose passing seconds are ours to move."""

    def __init__(self) -> None:
        self.clock = NOON
        self.passed = 0.0

    def pass_time(self, seconds: float) -> None:
        self.clock += timedelta(seconds=seconds)
        self.passed += seconds

    def desk_clock(self, *, settable: bool = False) -> DeskClock:
        return DeskClock(settable=settable, system=lambda: self.clock, elapsed=lambda: self.passed)


@pytest.fixture
def computer() -> Computer:
    return Computer()


def test_time_goes_on_and_never_stands(computer: Computer) -> None:
    clock = computer.desk_clock()
    first, second = clock(), clock()
    computer.pass_time(1)
    assert first == NOON
    assert first < second < clock() == NOON + SECOND


def test_a_clock_that_jumps_back_makes_no_older_moments(computer: Computer) -> None:
    clock = computer.desk_clock()
    last = clock()
    computer.clock -= timedelta(hours=3)
    moments = [clock() for _ in range(5)]
    assert last < moments[0] and moments == sorted(set(moments))
    computer.pass_time(4 * 3600)
    assert clock() == NOON + timedelta(hours=1)


def test_a_restart_after_a_jump_goes_on_after_the_last_row(computer: Computer) -> None:
    clock = computer.desk_clock()
    clock.not_before(NOON + timedelta(hours=2))
    assert clock() > NOON + timedelta(hours=2)


def test_a_row_written_a_year_ahead_by_mistake_does_not_stop_time(computer: Computer) -> None:
    clock = computer.desk_clock()
    clock.not_before(NOON + timedelta(days=365))
    assert clock() == NOON


@pytest.mark.parametrize(("jump", "lines"), [(299, 0), (301, 1), (-299, 0), (-301, 1)])
def test_a_jump_of_more_than_five_minutes_is_logged_once(
    computer: Computer, caplog: pytest.LogCaptureFixture, jump: int, lines: int
) -> None:
    clock = computer.desk_clock()
    with caplog.at_level(logging.WARNING, "crmdesk.clock"):
        computer.pass_time(7_200)
        clock()
        computer.clock += timedelta(seconds=jump)
        clock()
        clock()
    assert len(caplog.records) == lines


def test_a_test_clock_freezes_and_shifts(computer: Computer) -> None:
    clock = computer.desk_clock(settable=True)
    assert clock.set("+3d") == NOON + timedelta(days=3)
    computer.pass_time(10)
    assert clock() == NOON + timedelta(days=3, seconds=10)
    assert clock.set("2026-11-20T17:58:00+08:00") == datetime(2026, 11, 20, 9, 58, tzinfo=UTC)
    computer.pass_time(10)
    assert clock() == clock() == datetime(2026, 11, 20, 9, 58, tzinfo=UTC)
    assert clock.set("-90s") == datetime(2026, 11, 20, 9, 56, 30, tzinfo=UTC)
    assert clock.set("2020-01-01T00:00:00Z").year == 2020, "a clock set by hand may go back"


def test_only_a_test_clock_can_be_set(computer: Computer) -> None:
    with pytest.raises(Denied):
        computer.desk_clock().set("+3d")


@pytest.mark.parametrize(
    "words",
    ["", "tomorrow", "3d", "+3y", "2026-11-20T09:58:00", "2026-13-01T00:00:00Z", "+999999w", "+1.5h"],
)
def test_words_that_are_no_time_are_refused(words: str) -> None:
    with pytest.raises(InvalidInput):
        read_clock(words)


@pytest.mark.parametrize(
    "words", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "1969-12-31T00:00:00Z"]
)
def test_a_moment_no_calendar_needs_changes_nothing(words: str) -> None:
    clock = DeskClock(settable=True)
    clock.set("2026-11-20T09:58:00Z")
    with pytest.raises(InvalidInput):
        clock.set(words)
    assert clock() == datetime(2026, 11, 20, 9, 58, tzinfo=UTC)


@pytest.mark.parametrize("begin", ["2026-11-20T09:58:00Z", "+1s"])
def test_a_clock_pushed_on_and_on_stays_a_clock(begin: str) -> None:
    clock = DeskClock(settable=True)
    clock.set(begin)
    with pytest.raises(InvalidInput):
        for _ in range(100):
            clock.set("+4999w")
    assert clock().year <= 2200
    assert clock.set("-1d").year <= 2200
