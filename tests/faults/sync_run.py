"""The fault run: six people work, everything fails now and then, and at the end SQL judges.

``python -m tests.faults.sync_run --seconds 60 --seed 7`` prints what it found as one JSON object on its last
line and ends non-zero when something acknowledged was lost, applied twice, differs, is where it must not be,
broke a rule, left a gap or was never sent, when too little happened to prove anything, or when the control
run does not find what it must. As root the kernel breaks lines and disks, else the proxy does; the line says
which.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import threading
import time
from collections import Counter
from contextlib import closing
from typing import Any
from uuid import UUID

from crmdesk.services.store.connection import open_connection
from tests.faults.lines import kernel_lines_allowed
from tests.faults.sync_complaints import illegal_complaints
from tests.faults.sync_desk import marked, tell
from tests.faults.sync_faults import DECK, Faults
from tests.faults.sync_world import DeskProcess, World
from tests.oracle import differences, double, illegal, rows_there, shared_columns
from tests.pages import decrypted

MARK = re.compile(rb"sekret([a-z]+?)by(p\d|boss)z(?: ([0-9a-f]{32}))?")
"""Team, author and number of a text; without the number where a page ends in between."""
ZEROS = ("acked_lost", "double", "differing", "foreign_bytes", "illegal", "gaps", "unsent")
LEAST_A_SECOND = {"ops": 4.0, "broken": 0.5, "conflicts": 0.2}
"""A run with less of it proves little."""
EVERY_KIND_SECONDS = 40.0
"""A run that long comes through the whole deck."""


def rage(world: World, faults: Faults, seconds: float) -> None:
    """Break things for *seconds*, with a backup at a third and its restore at two thirds.

    A slow machine gets three times as long to come through the deck.
    """
    began = time.monotonic()
    done: set[str] = set()
    pause = threading.Event()
    while (passed := time.monotonic() - began) < seconds or (passed < 3 * seconds and not faults.dealt):
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
    # What never comes back after the restore is waited for no longer.
    with world.database.connect() as owner:
        owner.execute("SELECT crm.set_clock(NULL, '1 hour')")
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
        self.shown: dict[str, set[str]] = {}
        with world.database.connect() as owner:
            self.tables = shared_columns(owner)
            self.answers = dict(owner.execute("SELECT op, result FROM crm.op WHERE first").fetchall())
            self._note("double", double(owner))
            self._note("illegal", illegal(owner, self._seen()) + illegal_complaints(owner))
            self.complaints = dict(
                owner.execute("SELECT transition, count(*) FROM crm.complaint_event GROUP BY 1").fetchall()
            )
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
                # A step names its version; which fields it reads is looked at with the steps themselves.
                found = file.execute(
                    "SELECT op_id, base_revision FROM outbox WHERE base_revision > 0 AND op_id NOT IN"
                    " (SELECT id FROM operation WHERE kind = 'complaint.step')"
                )
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
            (unsent,) = file.execute("SELECT count(*) FROM outbox WHERE state = 'new'").fetchone()
            self.figures["unsent"] += unsent
            self.shown[login] = _numbers_shown(session, self.tables)
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
        """Return how often text that this person may not read stands in the bytes of his files.

        His are his teams' and what he wrote himself, and what the server shows him today: a complaint that
        was handed to him brings the words of the team it comes from.
        """
        mine, shown = self.members[desk.person.login], self.shown[desk.person.login]
        content = decrypted(desk.store_path, desk.key)
        content += b"".join(path.read_bytes() for path in sorted(desk.folder.rglob("*")) if path.is_file())
        found = Counter(tuple(part.decode() for part in each) for each in MARK.findall(content))
        foreign = {
            (team, author, number): count
            for (team, author, number), count in found.items()
            if team not in mine and author != desk.person.login and number not in shown
        }
        who = f"{desk.person.login} ({sorted(mine)})"
        self.words += [f"{who} holds {place} in {self._where(desk, place)}" for place in foreign]
        return sum(foreign.values())

    def _where(self, desk: DeskProcess, place: tuple[str, str, str]) -> list[str]:
        """Return the tables of a desk's store whose rows hold a text of a team and an author."""
        text = f"{marked(*place[:2])} {place[2]}"
        with closing(open_connection(desk.store_path, desk.key, role="reader")) as file:
            asked = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"
            tables = [name for (name,) in file.execute(asked).fetchall()]
            held = [
                name for name in tables if text in str(file.execute(f'SELECT * FROM "{name}"').fetchall())
            ]
        return held or ["no row: freed or old bytes"]

    def _note(self, name: str, found: list[str]) -> None:
        self.figures[name] += len(found)
        self.words += [f"{name}: {each}" for each in found]


def _numbers_shown(session: Any, tables: dict[str, tuple[str, ...]]) -> set[str]:
    """Return the numbers of all marked texts that the server shows to the person of *session*."""
    rows = "".join(str(list(rows_there(session, table, names).values())) for table, names in tables.items())
    return {number.decode() for _, _, number in MARK.findall(rows.encode())}


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


def run(seed: int, seconds: float, *, kernel: bool) -> tuple[dict[str, Any], list[str]]:
    """Return the figures of one run, and in words what was wrong; *kernel*: see :class:`World`."""
    with World(seed, kernel=kernel) as world:
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
        refused = Counter(str(each["rejected"]) for each in verdict.answers.values() if "rejected" in each)
        found = control(world, verdict, faults)
        if words:
            for desk in world.desks:
                words += _last_words(desk)
        return {
            "seed": seed,
            "seconds": seconds,
            "lines": world.desks[0].line.mode,
            "disks": world.small[0].disk.mode,
            "faults": {**faults.counts, "died_at_point": said["dies"], "sent_twice": said["twice"]},
            "broken": faults.counts.total(),
            "slowest": faults.slowest,
            "ops": said["did"],
            "not_kept": dict(
                Counter(each[1] for desk in world.desks for each in desk.said if each[0] == "not")
            ),
            "ok": sum("ok" in each for each in verdict.answers.values()),
            "refused": dict(refused),
            "conflicts": refused["conflict"],
            "steps": verdict.complaints,
            **verdict.figures,
            "drain_s": drain_s,
            "converge_s": converge_s,
            "canaries": world.canaries,
            "found_in_control": found,
        }, words


def _last_words(desk: DeskProcess) -> list[str]:
    lines = desk.log.read_text(errors="replace").splitlines()[-15:] if desk.log.exists() else []
    return [f"{desk.person.login} said: {line}" for line in lines]


def shortcomings(figures: dict[str, Any]) -> list[str]:
    """Return in words what makes a run fail, and what makes it prove too little."""
    seconds = figures["seconds"]
    told = [f"{name} is {figures[name]}" for name in ZEROS if figures[name]]
    told += [
        f"only {figures[name]} {name} in {seconds} s"
        for name, least in LEAST_A_SECOND.items()
        if figures[name] < least * seconds
    ]
    if seconds >= EVERY_KIND_SECONDS:
        told += [f"no {name} came up" for name in DECK if not figures["faults"].get(name)]
    if not figures["found_in_control"]:
        told.append("the search for foreign text finds nothing without the policies either")
    return told


def main() -> int:
    """Run, print, judge."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=20261120)
    parser.add_argument(
        "--lines",
        choices=("kernel", "proxy", "best"),
        default="best",
        help="what breaks lines and disks: the kernel (root only), or the proxy and limits on files",
    )
    given = parser.parse_args()
    kernel = given.lines == "kernel" or (given.lines == "best" and kernel_lines_allowed())
    figures, words = run(given.seed, given.seconds, kernel=kernel)
    words += shortcomings(figures)
    for line in words[:200]:
        tell(line)
    tell(json.dumps(figures))
    return 1 if words else 0


if __name__ == "__main__":
    sys.exit(main())
