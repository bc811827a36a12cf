"""What is broken during a fault run: dealt like cards, so that each kind comes up in every minute."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import psycopg

from tests.faults.lines import WAYS, BadLine
from tests.faults.points import FILE_POINTS, FORM_POINTS, POINTS
from tests.faults.small_disk import limit_files, unlimit_files
from tests.faults.sync_world import TEAMS, DeskProcess, World

DECK = {
    "kill": 3,
    "kill_at_point": 5,
    "kill_at_file": 3,
    "kill_at_form": 4,
    "stop": 3,
    "cut": 3,
    "delay": 2,
    "loss": 3,
    "trickle": 2,
    "drop_in": 1,
    "drop_out": 1,
    "drop_both": 2,
    "kill_backend": 1,
    "end_session": 2,
    "crash_server": 1,
    "idle_transaction": 1,
    "permission": 3,
    "put_off": 1,
    "full_disk": 1,
    "quota": 2,
    "clock": 2,
    "canary": 3,
}
"""How often each kind comes up in one pass."""
LOSS = 0.25
TRICKLE_BITS = 64_000
DELAY_SECONDS = 0.05


class Faults:
    """Breaks things in *world* as its dice say; what is broken for a while heals by itself."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.chance = random.Random(world.seed + 1)
        self.counts: Counter[str] = Counter()
        self.slowest = (0.0, "")
        self._deck: list[str] = []
        self._later: list[tuple[float, Callable[[], None]]] = []

    def one(self) -> None:
        """Break one thing."""
        if not self._deck:
            self._deck = [name for name, count in DECK.items() for _ in range(count)]
            self.chance.shuffle(self._deck)
        name = self._deck.pop()
        # A server that is just being started, or somebody else's fault, takes the ground from under this one.
        began = time.monotonic()
        with suppress(psycopg.Error):
            getattr(self, name)()
            self.counts[name] += 1
        self.slowest = max(self.slowest, (round(time.monotonic() - began, 1), name))

    @property
    def dealt(self) -> bool:
        """Whether each kind came up."""
        return self.counts.keys() >= DECK.keys()

    def heal(self, *, all_of_it: bool = False) -> None:
        """Mend what is due; bring back who is gone."""
        due = [each for each in self._later if all_of_it or each[0] <= time.monotonic()]
        self._later = [each for each in self._later if each not in due]
        for _, mend in due:
            mend()
        for desk in self.world.desks:
            if desk.gone():
                self.revive(desk, quiet=all_of_it)

    def revive(self, desk: DeskProcess, *, quiet: bool = False) -> None:
        """Start a desk again, sometimes with a wrong clock."""
        desk.collect()
        dice = self.chance.random()
        told = {} if dice < 0.7 or quiet else {"CRMDESK_CLOCK": "+1d" if dice < 0.85 else "-1d"}
        if told:
            self.counts["clock"] += 1
        desk.start(**told)

    def _after(self, seconds: float, mend: Callable[[], None]) -> None:
        self._later.append((time.monotonic() + seconds, mend))

    def _any(self) -> DeskProcess:
        return self.chance.choice(self.world.desks)

    def kill(self) -> None:
        self._any().signal(signal.SIGKILL)

    def kill_at_point(self) -> None:
        """Have a desk begin anew that dies at a named point of its work."""
        self._kill_at(self.chance.choice(POINTS), self.chance.randint(1, 8))

    def kill_at_file(self) -> None:
        """The same at a point of its work with contents of files."""
        self._kill_at(self.chance.choice(FILE_POINTS), self.chance.randint(1, 2))

    def kill_at_form(self) -> None:
        """The same while somebody writes a complaint down with files."""
        self._kill_at(self.chance.choice(FORM_POINTS), 1)

    def _kill_at(self, point: str, time: int) -> None:
        desk = self._any()
        desk.signal(signal.SIGKILL)
        desk.collect()
        desk.start(FAULT_POINT=f"{point}:{time}")

    def stop(self) -> None:
        desk = self._any()
        process = desk.process
        desk.signal(signal.SIGSTOP)
        if process is not None:
            self._after(self.chance.uniform(0.5, 5.0), lambda: _go_on(process))

    def cut(self) -> None:
        self._any().line.cut()

    def delay(self) -> None:
        """There is no netem in every kernel: the proxy is slow."""
        line = self._bad_line()
        line.delay_seconds = DELAY_SECONDS

    def loss(self) -> None:
        self._bad_line().lose(LOSS)

    def trickle(self) -> None:
        self._bad_line().throttle(TRICKLE_BITS)

    def drop_in(self) -> None:
        self._bad_line().mute("in")

    def drop_out(self) -> None:
        self._bad_line().mute("out")

    def drop_both(self) -> None:
        self._bad_line().mute(*WAYS)

    def _bad_line(self) -> BadLine:
        """Return a line that is well again after a while; what was held up comes late, or never."""
        line, late = self._any().line, self.chance.random() < 0.5

        def mend() -> None:
            if not late:
                line.cut()
            line.heal()

        self._after(self.chance.uniform(1.0, 6.0), mend)
        return line

    def kill_backend(self) -> None:
        with self.world.database.connect() as owner:
            pids = _sessions(owner)
        if pids:
            os.kill(self.chance.choice(pids), signal.SIGKILL)

    def end_session(self) -> None:
        with self.world.database.connect() as owner:
            if pids := _sessions(owner):
                owner.execute("SELECT pg_terminate_backend(%s)", (self.chance.choice(pids),))

    def crash_server(self) -> None:
        self.world.cluster.stop(signal.SIGQUIT)
        self.world.cluster.start()

    def idle_transaction(self) -> None:
        """Somebody with a SQL prompt holds the lock of stampers and goes for coffee."""
        session = self.world.database.connect(self._any().person.login, autocommit=False)
        session.execute("SET lock_timeout = '100ms'")
        session.execute("SELECT crm.stamp()")
        self._after(8.0, session.close)

    def permission(self) -> None:
        """Somebody goes over to other teams; without any an administrator could put nothing right."""
        desk = self._any()
        kept = desk.person.teams if desk.person.role == "administrator" else ()
        teams = [self.world.teams[key] for key in TEAMS if key in kept or self.chance.random() < 0.5]
        self._set_person(desk.person.login, teams)

    def put_off(self) -> None:
        """Somebody may not work here for a while."""
        login = self._any().person.login
        self._after(self.chance.uniform(1.0, 3.0), lambda: self._let_back(login))
        with self.world.database.connect() as owner:
            owner.execute("SELECT crm.disable_person(%s)", (login,))

    def _let_back(self, login: str) -> None:
        try:
            self._set_person(login, None)
        except psycopg.Error:
            self._after(1.0, lambda: self._let_back(login))

    def _set_person(self, login: str, teams: object) -> None:
        with self.world.database.connect() as owner:
            owner.execute("SELECT crm.set_person(%s, NULL, NULL, %s::uuid[], NULL)", (login, teams))

    def full_disk(self) -> None:
        desk = self.chance.choice(self.world.small)
        if desk.process is not None:
            pid = desk.process.pid
            desk.disk.fill(pid)
            self._after(self.chance.uniform(2.0, 6.0), lambda: desk.disk.free(pid))

    def quota(self) -> None:
        """Somebody's files may not grow: whatever lies beyond the limit fails to be written."""
        process = self._any().process
        if process is not None:
            pid = process.pid
            limit_files(pid)
            self._after(self.chance.uniform(0.5, 3.0), lambda: unlimit_files(pid))

    def clock(self) -> None:
        """The clock of a computer at work jumps by a day, and back."""
        desk, (there, back) = self._any(), self.chance.choice(("+-", "-+"))
        desk.order(f"clock {there}1d")
        self._after(self.chance.uniform(1.0, 5.0), lambda: desk.order(f"clock {back}1d"))

    def canary(self) -> None:
        self.world.drop_canary()


def _go_on(process: Any) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)


def _sessions(owner: Any) -> list[int]:
    found = owner.execute("SELECT pid FROM pg_stat_activity WHERE usename ~ '^p[0-9]$'").fetchall()
    return [pid for (pid,) in found]
