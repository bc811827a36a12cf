"""What takes long can be broken off by another thread."""

from __future__ import annotations

import threading

import pytest

from crmdesk.errors import Stopped
from crmdesk.services.stop import Stop


def test_nothing_stops_unless_somebody_asks() -> None:
    stop = Stop()
    stop.check()
    with stop.ending(lambda: pytest.fail("nobody asked")):
        stop.check()
    assert not stop.asked


def test_who_waits_for_an_answer_waits_no_longer() -> None:
    stop, line_broke, waits = Stop(), threading.Event(), threading.Event()
    told: list[BaseException] = []

    def work() -> None:
        try:
            with stop.ending(line_broke.set):
                waits.set()
                line_broke.wait()
                raise OSError("the line is gone")
        except Stopped as stopped:
            told.append(stopped)

    thread = threading.Thread(target=work)
    thread.start()
    waits.wait()
    stop.ask()
    thread.join()
    assert len(told) == 1


def test_a_failure_that_nobody_asked_for_stays_one() -> None:
    with pytest.raises(OSError), Stop().ending(lambda: None):
        raise OSError("the line is gone")


def test_what_was_asked_before_does_not_begin() -> None:
    stop = Stop()
    stop.ask()
    with pytest.raises(Stopped), stop.ending(lambda: pytest.fail("it had not begun")):
        pytest.fail("it began")


def test_asking_after_the_end_breaks_nothing() -> None:
    stop = Stop()
    with stop.ending(lambda: pytest.fail("it is over")):
        pass
    stop.ask()
