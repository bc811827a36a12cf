"""What every test gets: a quiet screen, a clean environment, steady random data, no thread left behind."""

import gc
import os
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.cluster import cluster, database

__all__ = ["cluster", "database"]

# Before anything imports Qt. A test that needs a real window starts its own Xvfb and says so to its child.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
for _name in [name for name in os.environ if name.startswith("CRMDESK_")]:
    del os.environ[_name]

MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30


def _fits(folder: Path) -> bool:
    """Tell whether all that tests write has room there, and may be run where it is a program."""
    if not os.access(folder, os.W_OK):
        return False
    there = os.statvfs(folder)
    return there.f_bavail * there.f_frsize > ROOM_BYTES and not there.f_flag & os.ST_NOEXEC


# Stores and servers of tests lie in memory where there is room: nothing waits for a disk.
if "TMPDIR" not in os.environ and _fits(MEMORY):
    os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)

settings.register_profile(
    "steady",
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("steady")

THREAD_GRACE_SECONDS = 3.0
_HARNESS_THREADS = ("pytest_timeout", "execnet", "hypothesis")


def pytest_collection_finish() -> None:
    """Leave what collecting made out of every look for garbage: that takes up to a fifth off a run."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    """Fail a test that leaves a thread running: whoever starts one stops and joins it."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + THREAD_GRACE_SECONDS
    for thread in _left_behind(before):
        thread.join(max(0.0, deadline - time.monotonic()))
    left = _left_behind(before)
    if left:
        pytest.fail("threads left running: " + ", ".join(sorted(thread.name for thread in left)))


@pytest.fixture(autouse=True)
def views_go_in_their_own_thread(request: pytest.FixtureRequest) -> Iterator[None]:
    """Look for garbage of a test with views here, after it: in another thread Qt would crash."""
    if "qapp" not in request.fixturenames:
        yield
        return
    gc.disable()
    yield
    gc.collect(1)
    gc.enable()


@pytest.fixture
def light_recovery(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let new profiles and backups take no time for keys from words."""
    from crmdesk.services.store.sealing import Derivation
    from tests.stores import light

    monkeypatch.setattr(Derivation, "fresh", light)


@pytest.fixture
def private_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """A home folder of its own, so that nothing of the person who runs the tests is read or written."""
    home = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("HOME", str(home))
    for name in ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_STATE_HOME"):
        monkeypatch.setenv(name, str(home / name.lower()))


def _left_behind(before: set[threading.Thread]) -> list[threading.Thread]:
    """Threads started since `before`; Qt's pool threads show up as dummies and belong to Qt."""
    return [
        thread
        for thread in set(threading.enumerate()) - before
        if thread.is_alive()
        and not isinstance(thread, threading._DummyThread)
        and not thread.name.startswith(_HARNESS_THREADS)
    ]
