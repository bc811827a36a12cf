"""kill -9 while somebody types: the store is whole, no kept note is gone, a second of text at most is."""

import random
import signal
from pathlib import Path

import pytest

from tests.faults.typist import Life, live_and_die, prepare

KILLS = 6


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are killed as POSIX does")
def test_nothing_that_was_kept_is_lost_by_kill_9(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    prepare(folder)
    chance = random.Random(20261120)
    lives = [live_and_die(folder, chance) for _ in range(KILLS)]
    assert sum(life.typed for life in lives) > 100 and sum(life.acknowledged for life in lives) > 0
    for life in lives:
        assert is_acceptable(life), life


def is_acceptable(life: Life) -> bool:
    return life.intact and life.lost_notes == 0 and life.lost_seconds < 1.0


@pytest.mark.parametrize(
    "life", [Life(3, 90, 1, 0.0, True), Life(3, 90, 0, 1.2, True), Life(3, 90, 0, 0.1, False)]
)
def test_the_check_would_notice(life: Life) -> None:
    assert not is_acceptable(life)
