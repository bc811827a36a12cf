"""A desk that is open: the window takes in scripts and hooks, `rpc --live` takes hooks without one."""

import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.blackbox.conftest import COMMAND, PATIENCE_SECONDS, Desk, Rpc


def wait_for(path: Path, process: subprocess.Popen[bytes]) -> None:
    """Wait until *path* is there: the sign of *process* that it listens."""
    pause = threading.Event()
    for _ in range(PATIENCE_SECONDS * 20):
        if path.exists():
            return
        assert process.poll() is None, f"ended with {process.returncode} before it listened"
        pause.wait(0.05)
    raise TimeoutError(path)


@pytest.fixture
def window(desk: Desk) -> Iterator[subprocess.Popen[bytes]]:
    """The window of the desk, on a screen nobody sees."""
    quiet = subprocess.DEVNULL
    environment = {**desk.environment, "QT_QPA_PLATFORM": "offscreen"}
    process = subprocess.Popen(COMMAND, env=environment, stdin=quiet, stdout=quiet)
    wait_for(desk.path / "attach.json", process)
    yield process
    process.kill()
    process.wait(PATIENCE_SECONDS)


@pytest.mark.usefixtures("window")
def test_scripts_and_hooks_reach_the_open_window(desk: Desk) -> None:
    with desk.rpc() as first, desk.rpc() as second:
        first.ask("subscribe", topics=["changed", "popped"])
        made = second.ask("customer.create", name="张三", phones=["13800138000"])["customer"]
        assert made["id"] in first.next()["params"]["ids"]
        assert desk.run("call", "138", "0013", "8000", "--id", "h1").returncode == 0
        popped, kept = None, False
        while popped is None or not kept:
            news = first.next()
            popped = news["params"] if news["method"] == "popped" else popped
            kept = kept or "call" in news["params"].get("kinds", ())
        assert popped["match"]["customer_id"] == made["id"]
        assert second.ask("call.pop", external_id="h1")["customer"]["name"] == "张三"
    assert first.process.returncode == 0
    for address in (f"customer/{made['id']}", "complaint/C26-K7Q-0042", "call?from=%2B8613800138000"):
        assert desk.run("open", f"crmdesk://{address}").returncode == 0, address
    for nonsense in ("crmdesk://complaint/../x", "https://example.com"):
        done = desk.run("open", nonsense)
        assert (done.returncode, done.stderr.count(b"\n")) == (1, 1), nonsense


def test_a_killed_window_loses_nothing_and_is_no_hindrance(
    desk: Desk, window: subprocess.Popen[bytes]
) -> None:
    rpc = desk.rpc()
    rpc.ask("customer.create", name="Ann")
    window.kill()
    window.wait(PATIENCE_SECONDS)
    with pytest.raises(EOFError):
        rpc.next()
    assert rpc.process.wait(PATIENCE_SECONDS) == 1
    rpc.end()
    with desk.rpc() as alone:
        assert alone.ask("system.info")["counts"]["customer"] == 1


def test_hooks_reach_a_desk_without_a_window(desk: Desk) -> None:
    with Rpc(desk.environment, "--live") as rpc:
        rpc.ask("subscribe", topics=["popped"])
        wait_for(desk.path / "hook.json", rpc.process)
        assert desk.run("call", "13800138000", "--name", "Zhang San", "--id", "h1").returncode == 0
        popped = rpc.next()["params"]
        assert (popped["external_id"], popped["caller_name"]) == ("h1", "Zhang San")
        assert desk.run("call", "--id", "h1", "--event", "ended").returncode == 0


def test_a_window_that_is_told_to_end_closes_its_doors(desk: Desk, window: subprocess.Popen[bytes]) -> None:
    wait_for(desk.path / "hook.json", window)
    window.send_signal(signal.SIGTERM)
    assert window.wait(PATIENCE_SECONDS) == 0
    assert not (desk.path / "attach.json").exists()
    assert not (desk.path / "hook.json").exists()


def test_a_refused_window_says_why_like_every_command(desk: Desk) -> None:
    desk.path.joinpath("store.db").unlink()
    done = desk.run(QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 1
    assert done.stderr.decode().startswith("crmdesk: The store at")
