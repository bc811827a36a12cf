"""The fault run: eight people work, everything fails now and then, and at the end SQL judges.

``python -m tests.faults.sync_run --seconds 60 --seed 7`` prints what it found as one JSON object on its last
line and ends non-zero when something acknowledged was lost, applied twice, differs, is where it must not be,
stays of whom was erased, broke a rule, left a gap or was never sent, when the content of a file is not whole,
when too little happened to prove anything, or when the control run does not find what it must. As root the
kernel breaks lines and disks, else the proxy does; the line says which.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from collections import Counter
from functools import partial
from typing import Any

from tests.faults.lines import kernel_lines_allowed
from tests.faults.points import COPY_POINTS, FILE_POINTS, FORM_POINTS
from tests.faults.sync_desk import tell
from tests.faults.sync_faults import DECK, Faults
from tests.faults.sync_files import given_way
from tests.faults.sync_verdict import ZEROS, Verdict
from tests.faults.sync_world import DeskProcess, World

LEAST_A_SECOND = {"ops": 4.0, "broken": 0.5, "conflicts": 0.2}
"""A run with less of it proves little."""
STEPS = "SELECT transition, count(*) FROM crm.complaint_event GROUP BY 1"
SENT = "SELECT count(*) FROM crm.attachment_whole WHERE login <> 'boss'"
FILES = f"""
SELECT (SELECT count(*) FROM crm.complaint WHERE restricted), (SELECT count(*) FROM crm.attachment), ({SENT})
"""
LEAST_DONE = {
    "D1": 1,
    "U1": 1,
    "import": 1,
    "restricted": 2,
    "files": 6,
    "sent_meanwhile": 1,
    "opened": 4,
    "hidden": 3,
    "erased": 2,
    "confirmed": 5,
    "died_in_files": 1,
    "forms": 2,
    "died_in_forms": 1,
    "first_copies": 1,
    "died_in_first_copy": len(COPY_POINTS),
}
"""Nor does a run that comes through the whole deck with less of these."""
EVERY_KIND_SECONDS = 40.0
"""A run that long comes through the whole deck."""


def rage(world: World, faults: Faults, seconds: float) -> None:
    """Break things for *seconds*, with a backup at a third and its restore at two thirds; erase some people.

    Between the two nobody is erased who has complaints: one that was open at the backup would be so again. So
    each waits for the one before.

    A slow machine gets three times as long to come through the deck, and to do enough of each kind.
    """
    began = time.monotonic()
    done: list[str] = []
    deeds = (
        ("let_in", 1 / 12, world.let_in),
        ("erase", 1 / 4, world.erase),
        ("backup", 1 / 3, world.take_backup),
        ("erase_after_backup", 1 / 2, partial(world.erase, without_complaints=True)),
        ("restore", 2 / 3, world.restore),
        ("erase_after_restore", 4 / 5, world.erase),
    )
    pause = threading.Event()

    def through() -> bool:
        return faults.dealt and len(done) == len(deeds) and not too_little(done_so_far(world))

    while (passed := time.monotonic() - began) < seconds or (passed < 3 * seconds and not through()):
        for name, part, deed in deeds[len(done) :]:
            if passed <= seconds * part or deed() is False:
                break
            done.append(name)
            faults.counts[name] += 1
        faults.heal()
        faults.one()
        pause.wait(faults.chance.uniform(0.15, 0.6))
    faults.heal(all_of_it=True)


def settle(world: World, faults: Faults) -> tuple[float, float]:
    """Let everybody rest, send all and read all; return how long the two took."""
    began = time.monotonic()
    # What never comes back after the restore is waited for no longer.
    with world.owner() as owner:
        owner.execute("SELECT crm.set_clock(NULL, '1 hour')")
        (world.sent_meanwhile,) = owner.execute(SENT).fetchone()
    for word in ("rest", "drain", "level", "level"):
        if word == "level":
            drained = time.monotonic()
        _all_do(world, faults, word)
    levelled = time.monotonic()
    for word in ("send", "look", "tidy"):
        _all_do(world, faults, word)
    return round(drained - began, 2), round(levelled - drained, 2)


def _all_do(world: World, faults: Faults, word: str) -> None:
    for desk in world.desks:
        desk.order(word)
    for desk in world.desks:
        while not desk.await_answer(word):
            desk.collect()
            desk.start(FAULT_IDLE="1")
            desk.order(word)


def control(world: World, verdict: Verdict) -> tuple[int, int]:
    """Switch the policies off, let the boss write and one desk read; return how much is found then.

    The second figure tells how many of the contents that were hidden are given out.
    """
    with world.database.connect() as owner:
        for table in ("note", "feed", "attachment"):
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
    given_out = 0
    for login, file_id in verdict.hidden:
        with world.database.connect(login) as session:
            given_out += bool(given_way(session, file_id))
    return found, given_out


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
        # Nobody can choose a category that has not come yet.
        _all_do(world, faults, "level")
        rage(world, faults, seconds)
        drain_s, converge_s = settle(world, faults)
        for desk in world.desks:
            _send_home(desk)
        verdict = Verdict(world)
        words = list(verdict.words)
        found, given_out = control(world, verdict)
        if words:
            # What is wrong comes last: of a long print the end is what is kept.
            words = [line for desk in world.desks for line in _last_words(desk)] + words
        return {
            "seed": seed,
            "seconds": seconds,
            "lines": world.desks[0].line.mode,
            "disks": world.small[0].disk.mode,
            "slowest": faults.slowest,
            **_happened(world, faults, verdict),
            **verdict.figures,
            "drain_s": drain_s,
            "converge_s": converge_s,
            "canaries": world.canaries,
            "found_in_control": found,
            "given_out_in_control": given_out,
        }, words


def _happened(world: World, faults: Faults, verdict: Verdict) -> dict[str, Any]:
    """Return how much of what happened, and was done."""
    told = [each for desk in world.desks for each in desk.said]
    said = Counter(each[0] for each in told)
    refused = Counter(str(each["rejected"]) for each in verdict.answers.values() if "rejected" in each)
    done = {
        **done_so_far(world),
        "sent_meanwhile": world.sent_meanwhile,
        "hidden": len(verdict.hidden),
        "confirmed": len(verdict.confirmed),
    }
    return {
        "faults": {**faults.counts, "died_at_point": said["dies"], "sent_twice": said["twice"]},
        "broken": faults.counts.total(),
        "ops": said["did"],
        "not_kept": dict(Counter(each[1] for each in told if each[0] == "not")),
        "ok": sum("ok" in each for each in verdict.answers.values()),
        "refused": dict(refused),
        "conflicts": refused["conflict"],
        "steps": verdict.complaints,
        "done": done,
    }


def done_so_far(world: World) -> dict[str, int]:
    """Return how much was done of what is done while things fail; see ``LEAST_DONE``."""
    told = [each for desk in world.desks for each in list(desk.said)]
    with world.owner() as owner:
        steps = dict(owner.execute(STEPS).fetchall())
        (restricted, files, sent) = owner.execute(FILES).fetchone()
    return {
        **{name: steps.get(name, 0) for name in ("D1", "U1", "import")},
        "restricted": restricted,
        "files": files,
        "sent_meanwhile": sent,
        "opened": sum(each[0] == "opened" for each in told),
        "erased": len(world.erased),
        "died_in_files": sum(each[0] == "dies" and each[1] in FILE_POINTS for each in told),
        "forms": sum(each[0] == "saved" for each in told),
        "died_in_forms": sum(each[0] == "dies" and each[1] in FORM_POINTS for each in told),
        "first_copies": sum(each[0] == "copied" for each in told),
        "died_in_first_copy": len({each[1] for each in told if each[0] == "dies"}.intersection(COPY_POINTS)),
    }


def too_little(done: dict[str, int]) -> list[str]:
    """Return in words of what too little was done; *done* holds some of the names of ``LEAST_DONE``."""
    return [
        f"only {done[name]} {name}" for name, least in LEAST_DONE.items() if done.get(name, least) < least
    ]


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
        told += too_little(figures["done"])
    if not figures["found_in_control"]:
        told.append("the search for foreign text finds nothing without the policies either")
    if seconds >= EVERY_KIND_SECONDS and not figures["given_out_in_control"]:
        told.append("hidden contents of files are not given out without the policies either")
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
    for line in words[-300:]:
        tell(line)
    tell(json.dumps(figures))
    return 1 if words else 0


if __name__ == "__main__":
    sys.exit(main())
