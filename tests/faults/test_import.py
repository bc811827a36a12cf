"""kill -9 of an import, or of the window beside it: what was told to be in is in, a repeat does the rest."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from crmdesk.services.attach import attach
from crmdesk.services.profile import new_profile, open_profile
from crmdesk.services.store.keys import KeyFileSecrets
from tests.faults.desk_beside import PARTS_DIE_AFTER

ROWS = 1_000
pytestmark = pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="processes are killed as POSIX does")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """A profile and a file of customers."""
    new_profile(tmp_path / "desk", secrets=KeyFileSecrets(tmp_path / "keys"), environment={}).profile.close()
    lines = (
        json.dumps({"external_id": f"K{n}", "name": f"N{n}", "phones": f"138{n:08}"}) for n in range(ROWS)
    )
    (tmp_path / "customers.jsonl").write_text("\n".join(lines))
    return tmp_path


def environment(place: Path) -> dict[str, str]:
    held = {"CRMDESK_PROFILE": str(place / "desk"), "CRMDESK_KEY_FILE": str(place / "keys")}
    return {**os.environ, **held}


@contextmanager
def window(place: Path, *words: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has the profile open and lets others join, as a window does."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.faults.desk_beside", str(place), *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(place),
    )
    assert process.stdin is not None
    assert process.stdout is not None
    with process:
        assert process.stdout.readline() == "open\n"
        try:
            yield process
        finally:
            process.stdin.close()


def importing(place: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "crmdesk", "import", "customers", str(place / "customers.jsonl")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(place),
    )


def summary(place: Path) -> dict[str, int]:
    with importing(place) as process:
        out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err
    told: dict[str, int] = json.loads(out)
    return told


def held(place: Path) -> int:
    """Return how many customers the store holds, which must be whole."""
    with open_profile(place / "desk", secrets=KeyFileSecrets(place / "keys"), wait_seconds=20) as profile:
        store = profile.open_store("")
        try:
            assert store.read(lambda c: c.execute("PRAGMA integrity_check").fetchone()[0]).result() == "ok"
            doubled = "SELECT count(*) - count(DISTINCT external_id) FROM customer"
            assert store.read(lambda c: c.execute(doubled).fetchone()[0]).result() == 0
            count: int = store.read(
                lambda c: c.execute("SELECT count(*) FROM customer").fetchone()[0]
            ).result()
        finally:
            store.close()
    return count


def test_a_killed_import_is_finished_by_the_next_one(place: Path) -> None:
    with window(place) as desk:
        assert desk.stdout is not None
        process = importing(place)
        assert desk.stdout.readline() == "row\n"
        process.kill()
        process.communicate()
        line = attach(place / "desk")
        assert line is not None, "the window lives on"
        line.close()
        told = summary(place)
    assert 0 < told["same"] < ROWS
    assert told["new"] == ROWS - told["same"]
    assert held(place) == ROWS


def test_what_was_told_to_be_in_survives_the_window(place: Path) -> None:
    with window(place, "dies") as desk:
        process = importing(place)
        _, err = process.communicate(timeout=60)
        desk.wait(timeout=60)
    assert desk.returncode == -signal.SIGKILL
    assert process.returncode == 1
    assert "was closed. Run the command again" in err
    acknowledged = int(err.split(" rows are in")[0].rpartition(" ")[2])
    kept = held(place)
    assert 200 <= acknowledged <= kept == PARTS_DIE_AFTER
    told = summary(place)
    assert (told["same"], told["new"]) == (kept, ROWS - kept)
