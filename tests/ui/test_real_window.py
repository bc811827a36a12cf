"""A real window under a real window manager: calls ring while a person types, and no letter is lost."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

_TOOLS = ("Xvfb", "openbox", "xdotool")
_TEXT = "the caller finds oil under the car again and wants an answer today, third visit this month END"

pytestmark = [
    pytest.mark.display,
    pytest.mark.slow,
    pytest.mark.skipif(
        any(shutil.which(tool) is None for tool in _TOOLS), reason="needs Xvfb, openbox and xdotool"
    ),
]


@pytest.fixture
def display() -> Iterator[dict[str, str]]:
    """A display without a screen, with a window manager; the environment to use it."""
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1600x1000x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as told:
        number = told.readline().strip()
    environment = {**os.environ, "DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
    manager = subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL)
    yield environment
    for process in (manager, server):
        process.terminate()
        process.wait(10)


def test_calls_ring_while_somebody_types_and_no_letter_is_lost(display: dict[str, str]) -> None:
    root = Path(__file__).resolve().parents[2]
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.ui.real_window"],
        cwd=root,
        env=display,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        assert json.loads(child.stdout.readline()) == {"ready": True}
        subprocess.run(["xdotool", "type", "--delay", "30", _TEXT], env=display, check=True, timeout=60)
        seen = json.loads(child.stdout.readline())
    finally:
        child.stdout.close()
        child.kill()
        child.wait(10)
    assert seen["note"] == _TEXT
    assert seen["kept"] and seen["active"]
    assert seen["rung"] >= 5
