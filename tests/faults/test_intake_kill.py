"""kill -9 while a complaint is being written down: the last form that was kept is there, whole."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from crmdesk.services.complaints.intake_sheet import from_draft
from crmdesk.services.profile import Profile
from tests.faults.intake_typist import ABOUT, intakes, sheet
from tests.faults.typist import ROOT, closing_profile, prepare

KILLS = 4


def typed_until_killed(folder: Path, lines: int) -> int:
    """Let somebody type until so many versions were kept, kill him; return the last one promised."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.faults.intake_typist", str(folder)], cwd=ROOT, stdout=subprocess.PIPE
    ) as typist:
        assert typist.stdout is not None
        seen = [int(typist.stdout.readline()) for _ in range(lines)]
        typist.send_signal(signal.SIGKILL)
        rest = typist.stdout.read().split()
    return max(seen[-1], *(int(each) for each in rest)) if rest else seen[-1]


def kept_version(profile: Profile) -> int:
    """Return how many keys the form that is there has; it must be whole."""
    with intakes(profile) as desk:
        (held,) = desk.unfinished().result()
    found = from_draft(held["sheet"])
    version = len(found.what_happened)
    assert held["key"] == ABOUT
    assert found == sheet(version)
    return version


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are killed as POSIX does")
def test_a_complaint_half_written_survives_kill_9(tmp_path: Path) -> None:
    folder = tmp_path / "desk"
    prepare(folder)
    for n in range(KILLS):
        promised = typed_until_killed(folder, 5 + 9 * n)
        with closing_profile(folder) as profile:
            assert kept_version(profile) >= promised
