"""The fault run: six people work, everything fails now and then, and at the end SQL judges.

``python -m tests.faults.sync_run --seconds 60 --seed 7`` prints what it found as one JSON object on its last
line and ends non-zero when something acknowledged was lost, applied twice, differs, is where it must not be,
broke a rule, or left a gap, or when the control run does not find what it must.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from typing import Any
from uuid import UUID

import psycopg

from crmdesk.services.store.connection import open_connection
from tests.faults.points import POINTS
from tests.faults.sync_desk import tell
from tests.faults.sync_world import TEAMS, DeskProcess, World
from tests.oracle import differences, double, illegal, shared_columns
from tests.pages import decrypted

MARK = re.compile(rb"sekret([a-z]+?)by(p\d|boss)z")
ZEROS = ("acked_lost", "double", "differing", "foreign_bytes", "illegal", "gaps")
LATER = list[tuple[float, Callable[[], None]]]


class Faults:
    """Breaks things in *world* as its dice say; what is broken for a while heals by itself."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.chance = random.Random(world.seed + 1)
        self.counts: Counter[str] = Counter()
        self._later: LATER = []
        self._kinds: dict[str, tuple[int, Callable[[], None]]] = {
            "kill": (4, self.kill),
            "kill_at_point": (6, self.kill_at_point),
            "stop": (3, self.stop),
            "cut": (4, self.cut),
            "dead_line": (2, self.dead_line),
            "slow_line": (3, self.slow_line),
            "kill_backend": (1, self.kill_backend),
            "end_session": (2, self.end_session),
            "crash_server": (1, self.crash_server),
            "idle_transaction": (1, self.idle_transaction),
            "permission": (4, self.permission),
            "canary": (3, self.world.drop_canary),
        }

    def one(self) -> None:
        """Break one thing."""
        names = list(self._kinds)
        (name,) = self.chance.choices(names, [self._kinds[each][0] for each in names])
        # A server that is just being started, or somebody else's fault, takes the ground from under this one.
        with suppress(psycopg.Error):
            self._kinds[name][1]()
            self.counts[name] += 1

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
        """Start a desk again, sometimes with a wrong clock, sometimes to die at a point of its work."""
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
        desk = self._any()
        desk.signal(signal.SIGKILL)
        desk.collect()
        desk.start(FAULT_POINT=f"{self.chance.choice(POINTS)}:{self.chance.randint(1, 8)}")

    def stop(self) -> None:
        desk = self._any()
        process = desk.process
        desk.signal(signal.SIGSTOP)
        if process is not None:
            self._after(self.chance.uniform(0.5, 4.0), lambda: _go_on(process))

    def cut(self) -> None:
        self._any().line.cut()

    def dead_line(self) -> None:
        line = self._any().line
        line.dead.set()

        def mend() -> None:
            line.cut()
            line.dead.clear()

        self._after(self.chance.uniform(1.0, 6.0), mend)

    def slow_line(self) -> None:
        line = self._any().line
        line.slow.set()
        self._after(self.chance.uniform(1.0, 4.0), line.slow.clear)

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
        desk = self._any()
        teams = [self.world.teams[key] for key in TEAMS if self.chance.random() < 0.5]
        with self.world.database.connect() as owner:
            owner.execute(
                "SELECT crm.set_person(%s, NULL, 'agent', %s::uuid[], NULL)", (desk.person.login, teams)
            )


def _go_on(process: Any) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGCONT)


def _sessions(owner: Any) -> list[int]:
    found = owner.execute("SELECT pid FROM pg_stat_activity WHERE usename ~ '^p[0-9]$'").fetchall()
    return [pid for (pid,) in found]


def rage(world: World, faults: Faults, seconds: float) -> None:
    """Break things for *seconds*, with a backup at a third and its restore at two thirds."""
    began = time.monotonic()
    done: set[str] = set()
    pause = threading.Event()
    while (passed := time.monotonic() - began) < seconds:
        for name, part, deed in (
            ("backup", 1 / 3, world.take_backup),
            ("restore", 2 / 3, world.restore),
        ):
            if name not in done and passed > seconds * part:
                deed()
                done.add(name)
                faults.counts[name] += 1
        faults.heal()
        faults.one()
        pause.wait(faults.chance.uniform(0.15, 0.6))
    faults.heal(all_of_it=True)


def settle(world: World, faults: Faults) -> tuple[float, float]:
    """Let everybody rest, send all and read all; return how long the two took."""
    began = time.monotonic()
    for word in ("rest", "drain", "level", "level"):
        if word == "level":
            drained = time.monotonic()
        _all_do(world, faults, word)
    return round(drained - began, 2), round(time.monotonic() - drained, 2)


def _all_do(world: World, faults: Faults, word: str) -> None:
    for desk in world.desks:
        desk.order(word)
    for desk in world.desks:
        while not desk.await_answer(word):
            desk.collect()
            desk.start(FAULT_IDLE="1")
            desk.order(word)


class Verdict:
    """What SQL says of server and desks after everybody went home."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.words: list[str] = []
        self.figures: dict[str, int] = dict.fromkeys(ZEROS, 0)
        with world.database.connect() as owner:
            self.tables = shared_columns(owner)
            self.answers = dict(owner.execute("SELECT op, result FROM crm.op WHERE first").fetchall())
            self._note("double", double(owner))
            self._note("illegal", illegal(owner, self._seen()))
            self.members = {
                login: {key for key, team in world.teams.items() if team in teams}
                for login, teams in owner.execute(
                    "SELECT p.login::text, array_remove(array_agg(m.team), NULL) FROM crm.person p"
                    " LEFT JOIN crm.member m USING (login) GROUP BY 1"
                )
            }
        for desk in world.desks:
            self._judge(desk)

    def _seen(self) -> dict[UUID, int]:
        seen: dict[UUID, int] = {}
        for desk in self.world.desks:
            with closing(open_connection(desk.store_path, desk.key, role="reader")) as file:
                found = file.execute("SELECT op_id, base_revision FROM outbox WHERE base_revision > 0")
                seen |= {UUID(bytes=op): rev for op, rev in found.fetchall()}
        return seen

    def _judge(self, desk: DeskProcess) -> None:
        login = desk.person.login
        did = [UUID(words[1]) for words in desk.said if words[0] == "did"]
        with (
            closing(open_connection(desk.store_path, desk.key, role="reader")) as file,
            self.world.database.connect(login) as session,
        ):
            refused = {UUID(bytes=op) for (op,) in file.execute("SELECT op_id FROM not_accepted").fetchall()}
            self._note("differing", [f"{login}: {each}" for each in differences(file, session, self.tables)])
        self._note(
            "acked_lost",
            [
                f"{login}: {op} is nowhere"
                for op in did
                if op not in refused and "ok" not in self.answers.get(op, {})
            ],
        )
        told = Counter(words[0] for words in desk.said)
        self.figures["gaps"] += told["gap"]
        self._note("double", [f"{login}: {words}" for words in desk.said if words[0] == "unequal"])
        self.figures["foreign_bytes"] += self.foreign(desk)

    def foreign(self, desk: DeskProcess) -> int:
        """Return how often text that this person may not read stands in the bytes of his files."""
        mine = self.members[desk.person.login]
        content = decrypted(desk.store_path, desk.key)
        content += b"".join(path.read_bytes() for path in sorted(desk.folder.rglob("*")) if path.is_file())
        found = Counter(MARK.findall(content))
        foreign = {
            (team.decode(), author.decode()): count
            for (team, author), count in found.items()
            if team.decode() not in mine and author.decode() != desk.person.login
        }
        self.words += [f"{desk.person.login} ({sorted(mine)}) holds {place}" for place in foreign]
        return sum(foreign.values())

    def _note(self, name: str, found: list[str]) -> None:
        self.figures[name] += len(found)
        self.words += [f"{name}: {each}" for each in found]


def control(world: World, verdict: Verdict, faults: Faults) -> int:
    """Switch the policies off, let the boss write and one desk read; return how much is found then."""
    with world.database.connect() as owner:
        for table in ("note", "feed"):
            owner.execute(f"ALTER TABLE crm.{table} DISABLE ROW LEVEL SECURITY")
    world.drop_canary()
    desk = world.desks[0]
    desk.collect()
    desk.start(FAULT_IDLE="1")
    desk.order("level")
    desk.await_answer("level")
    _send_home(desk)
    found = verdict.foreign(desk)
    verdict.words.clear()
    return found


def _send_home(desk: DeskProcess) -> None:
    desk.order("end")
    desk.collect()


def run(seed: int, seconds: float) -> tuple[dict[str, Any], list[str]]:
    """Return the figures of one run, and in words what was wrong."""
    with World(seed) as world:
        faults = Faults(world)
        for desk in world.desks:
            desk.start()
        for desk in world.desks:
            desk.await_answer("ready")
        rage(world, faults, seconds)
        drain_s, converge_s = settle(world, faults)
        for desk in world.desks:
            _send_home(desk)
        verdict = Verdict(world)
        words = list(verdict.words)
        said = Counter(each[0] for desk in world.desks for each in desk.said)
        refused = sum("rejected" in result for result in verdict.answers.values())
        found = control(world, verdict, faults)
        if words:
            for desk in world.desks:
                words += _last_words(desk)
        return {
            "seed": seed,
            "seconds": seconds,
            "faults": {**faults.counts, "sent_twice": said["twice"]},
            "ops": said["did"],
            "refused": refused,
            **verdict.figures,
            "drain_s": drain_s,
            "converge_s": converge_s,
            "canaries": world.canaries,
            "found_in_control": found,
        }, words


def _last_words(desk: DeskProcess) -> list[str]:
    log = desk.folder.with_name(desk.folder.name + ".log")
    lines = log.read_text(errors="replace").splitlines()[-15:] if log.exists() else []
    return [f"{desk.person.login} said: {line}" for line in lines]


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=20261120)
    given = parser.parse_args()
    figures, words = run(given.seed, given.seconds)
    for line in words[:200]:
        tell(line)
    sound = not any(figures[name] for name in ZEROS) and figures["found_in_control"] > 0
    tell(json.dumps(figures))
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
