"""Lines between desk and server that fail as networks do.

As root each desk lives in a network namespace of its own, in which the kernel loses, drops and slows down
packets on the way to the proxy at the other end of the line. Elsewhere the proxy alone stands for the kernel:
what would be sent again comes late.
"""

from __future__ import annotations

import ctypes
import os
import random
import shutil
import socket
import subprocess
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

from tests.services.sync.proxy import Line

T = TypeVar("T")
WAYS = ("in", "out")
"""To the desk, and from it."""
SENT_AGAIN_SECONDS = (0.2, 1.0)
"""How late comes what was lost."""
_NETWORK = 0x40000000


class BadLine(Line):
    """A line through a proxy that may be slow, lossy, mute in one way or both, or closed to newcomers."""

    mode = "proxy"

    def __init__(self, port: int, listener: socket.socket | None = None) -> None:
        super().__init__(port, listener)
        self.closed = threading.Event()
        self.delay_seconds = 0.0
        self._loss = 0.0
        self._bits_a_second = 0.0
        self._flows = {way: threading.Event() for way in WAYS}
        self._chance = random.Random(port)
        self.heal()

    def __exit__(self, *_: object) -> None:
        """Let go of everything that is held up, then end."""
        self.heal()
        super().__exit__()

    @property
    def command(self) -> list[str]:
        """What the command of a program begins with that is to use this line."""
        return []

    def use(self, work: Callable[[], T]) -> T:
        """Return what *work* returns when this process uses the line."""
        return work()

    def lose(self, share: float) -> None:
        """Lose that share of what is sent."""
        self._loss = share

    def throttle(self, bits_a_second: float) -> None:
        """Carry no more than that."""
        self._bits_a_second = bits_a_second

    def mute(self, *ways: str) -> None:
        """Carry nothing *ways*, and tell nobody."""
        for way in ways:
            self._flows[way].clear()

    def heal(self) -> None:
        """Carry everything again, also what was held up."""
        self.delay_seconds = self._loss = self._bits_a_second = 0.0
        for flow in self._flows.values():
            flow.set()

    def _carry(self, desk: socket.socket) -> None:
        if self.closed.is_set():
            desk.close()
            return
        # As a server does: who is gone without a word is noticed.
        desk.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in ((socket.TCP_KEEPIDLE, 2), (socket.TCP_KEEPINTVL, 1), (socket.TCP_KEEPCNT, 3)):
            desk.setsockopt(socket.IPPROTO_TCP, option, value)
        super()._carry(desk)

    def _pass_on(self, desk: socket.socket, server: socket.socket) -> None:
        back = threading.Thread(target=self._one_way, args=(server, desk, "in"), name="line")
        back.start()
        self._one_way(desk, server, "out")
        back.join()

    def _one_way(self, source: socket.socket, target: socket.socket, way: str) -> None:
        try:
            while part := source.recv(1 << 14):
                self._hold_up(len(part))
                self._flows[way].wait()
                target.sendall(part)
        except OSError:
            pass
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _hold_up(self, size: int) -> None:
        seconds = self.delay_seconds
        if self._bits_a_second:
            seconds += size * 8 / self._bits_a_second
        if self._chance.random() < self._loss:
            seconds += self._chance.uniform(*SENT_AGAIN_SECONDS)
        if seconds:
            threading.Event().wait(seconds)


class KernelLine(BadLine):
    """The same in a network namespace with nothing but a loopback: the kernel loses, drops and slows down."""

    mode = "namespaces"

    def __init__(self, port: int, name: str) -> None:
        self.name = name
        _run("ip", "netns", "add", name)
        # Small packets as on a wire, so that a share of them is lost, not a share of the exchanges.
        _run("ip", "-n", name, "link", "set", "lo", "mtu", "1500", "up")
        super().__init__(port, _inside(name, lambda: socket.create_server(("127.0.0.1", 0))))

    def __exit__(self, *_: object) -> None:
        """End the line and its namespace."""
        super().__exit__()
        _run("ip", "netns", "del", self.name)

    @property
    def command(self) -> list[str]:
        """What the command of a program begins with that is to use this line."""
        return ["ip", "netns", "exec", self.name]

    def use(self, work: Callable[[], T]) -> T:
        """Return what *work* returns in the namespace."""
        return _inside(self.name, work)

    def lose(self, share: float) -> None:
        """Lose that share of the packets."""
        self._rule("-A", "INPUT", "-m", "statistic", "--mode", "random", "--probability", str(share))

    def throttle(self, bits_a_second: float) -> None:
        """Carry no more than that."""
        shape = f"tbf rate {int(bits_a_second)}bit burst 5kb latency 400ms"
        _run("tc", "-n", self.name, "qdisc", "replace", "dev", "lo", "root", *shape.split())

    def mute(self, *ways: str) -> None:
        """Drop all packets *ways*."""
        for way in ways:
            port = "--sport" if way == "in" else "--dport"
            self._rule("-A", "INPUT", "-p", "tcp", port, str(self.port))

    def heal(self) -> None:
        """Carry everything again."""
        super().heal()
        _run(*self.command, "iptables", "-w", "-F")
        with suppress(subprocess.CalledProcessError):
            _run("tc", "-n", self.name, "qdisc", "del", "dev", "lo", "root")

    def _rule(self, *words: str) -> None:
        _run(*self.command, "iptables", "-w", *words, "-j", "DROP")


def line_to(port: int, number: int, *, kernel: bool) -> BadLine:
    """Return the line with that *number* to the server's *port*; *kernel*: through a namespace."""
    return KernelLine(port, f"crmdesk-{os.getpid()}-{number}") if kernel else BadLine(port)


def kernel_lines_allowed() -> bool:
    """Whether this machine lets us make namespaces, lose packets in them and slow them down."""
    if os.geteuid() != 0 or not all(map(shutil.which, ("ip", "tc", "iptables"))):
        return False
    try:
        with KernelLine(1, f"crmdesk-{os.getpid()}-try") as line:
            line.lose(0.5)
            line.throttle(64_000)
            line.mute(*WAYS)
    except (OSError, subprocess.CalledProcessError):
        return False
    return True


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _inside(name: str, work: Callable[[], T]) -> T:
    """Return what *work* returns in the namespace *name*; what it opens stays there."""

    def enter() -> T:
        library: Any = ctypes.CDLL(None, use_errno=True)
        place = os.open(f"/run/netns/{name}", os.O_RDONLY)
        try:
            # Only this thread changes over, and it ends.
            if library.setns(place, _NETWORK) != 0:
                raise OSError(f"the namespace {name} cannot be entered")
            return work()
        finally:
            os.close(place)

    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(enter).result()
