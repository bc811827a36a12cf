"""Two open windows and one server: each shows the other's work, both go on alone and agree again."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.blackbox.conftest import COMMAND, PATIENCE_SECONDS, Desk, Rpc
from tests.blackbox.test_open_desk import wait_for
from tests.blackbox.test_two_desks import House, prepared
from tests.cluster import Cluster, running_cluster

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """A server that may be stopped."""
    yield from running_cluster()


class Seats:
    """Joined desks with their windows open."""

    def __init__(self, house: House) -> None:
        self._house = house
        self.windows: list[subprocess.Popen[bytes]] = []

    def open(self, name: str) -> Desk:
        """Join a desk and open its window on a screen nobody sees."""
        desk = self._house.desk(name)
        self._house.join(desk, name)
        environment = {**desk.environment, "QT_QPA_PLATFORM": "offscreen"}
        quiet = subprocess.DEVNULL
        window = subprocess.Popen(COMMAND, env=environment, stdin=quiet, stdout=quiet, stderr=quiet)
        self.windows.append(window)
        wait_for(desk.path / "attach.json", window)
        return desk

    def close(self) -> None:
        """End the windows."""
        for window in self.windows:
            window.kill()
            window.wait(PATIENCE_SECONDS)


@pytest.fixture
def seats(own_cluster: Cluster, tmp_path: Path) -> Iterator[Seats]:
    """Seats at a prepared server with anna and bob."""
    house = prepared(own_cluster, tmp_path, "--test")
    house.hire("anna")
    house.hire("bob")
    made = Seats(house)
    yield made
    made.close()


def until(look: Callable[[], Any]) -> Any:
    """Ask again and again until there is something to see."""
    pause = threading.Event()
    for _ in range(PATIENCE_SECONDS * 10):
        if seen := look():
            return seen
        pause.wait(0.1)
    raise TimeoutError


def named(rpc: Rpc, name: str) -> Callable[[], Any]:
    """Return a look for customers of that name."""
    return lambda: rpc.ask("customer.search", query=name)["items"]


def test_windows_share_go_on_alone_and_agree_again(seats: Seats, own_cluster: Cluster) -> None:
    anna, bob = seats.open("anna"), seats.open("bob")
    with anna.rpc() as one, bob.rpc() as two:
        for rpc in (one, two):
            until(partial(connected, rpc))
        made = one.ask("customer.create", name="张三", phones=["13800138000"])["customer"]
        (found,) = until(named(two, "张三"))
        assert found["customer_id"] == made["id"]
        one.ask("call.ring", external_id="c1", **{"from": "13800138000"})
        one.ask("call.wrap_up", external_id="c1", note="刹车异响", customer_id=made["id"])
        until(lambda: two.ask("customer.timeline", id=made["id"])["items"])

        own_cluster.stop()
        until(lambda: not connected(two))
        one.ask("customer.create", name="李四", phones=["13900139000"])
        two.ask("customer.create", name="王五", phones=["13700137000"])
        two.ask("note.append", customer_id=made["id"], text="offline written")
        assert one.ask("sync.status")["pending"] >= 1
        assert two.ask("sync.status")["pending"] >= 2

        own_cluster.start()
        until(named(one, "王五"))
        until(named(two, "李四"))
        until(lambda: any("offline written" in line["subject"] for line in history(one, made["id"])))
        for rpc in (one, two):
            until(partial(level, rpc))
        assert one.ask("sync.refused")["items"] == two.ask("sync.refused")["items"] == []
        assert history(one, made["id"]) == history(two, made["id"])


def connected(rpc: Rpc) -> bool:
    """Return whether a desk has its server."""
    return bool(rpc.ask("system.info")["server"]["connected"])


def level(rpc: Rpc) -> bool:
    """Return whether a desk has sent all it did."""
    return bool(rpc.ask("sync.status")["pending"] == 0)


def history(rpc: Rpc, customer: str) -> list[dict[str, Any]]:
    """Return the time line of a customer."""
    items: list[dict[str, Any]] = rpc.ask("customer.timeline", id=customer)["items"]
    return items
