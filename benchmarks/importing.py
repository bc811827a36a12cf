"""Files into the store: rows a second of CPU, and what an open window feels of it.

``rows``: customers with numbers, vehicles, visits and articles into a store that nobody has open, read from
JSON lines as `crmdesk import` reads them; CPU of the whole process less that of one importing a single row.

``beside``: the shipped program and window, calls from the telephone system of ``pop.py``, and
`crmdesk import` in a process of its own; in turns without and with it, the same number of calls each. A note
is typed between the calls: from its first key until the draft is on the disk, of which the autosave waits
200 ms. CPU of a pop is that of the telephone's and the window's thread until the paint.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import uuid4

if TYPE_CHECKING:
    from benchmarks.measure import Timings
    from benchmarks.pop import Bench, Shown
    from benchmarks.pop_world import World
    from crmdesk.app.program import Program
    from crmdesk.services.demo_content import DemoContent

SEED = 11
TYPED = 1
"""Drafts kept between two calls."""
WARM_UP = 5
MANY = {"customers": 100_000, "articles": 20_000}
"""Rows of the file imported beside the window: more than it takes meanwhile."""


def main() -> None:
    """Run what the command line asks for."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", nargs="?", choices=("rows", "beside", "all"), default="all")
    parser.add_argument("--rows", type=int, default=5_000, help="customers, vehicles and visits, each")
    parser.add_argument("--articles", type=int, default=500)
    parser.add_argument("--customers", type=int, default=20_000, help="those the window has before")
    parser.add_argument("--interactions", type=int, default=200_000)
    parser.add_argument("--calls", type=int, default=60, help="calls of one turn")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--kind", choices=tuple(MANY), default="customers", help="what is imported")
    given = parser.parse_args()
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    with tempfile.TemporaryDirectory() as temporary:
        if given.what in ("rows", "all"):
            usual = dict.fromkeys(("customers", "assets", "visits"), given.rows)
            measure_rows(Path(temporary), {**usual, "articles": given.articles})
        if given.what in ("beside", "all"):
            measure_beside(Path(temporary), given)


class Source:
    """Records of another program, made up: the same ones each time."""

    def __init__(self, content: DemoContent, prefix: str = "") -> None:
        self._content = content
        self._chance = Random(SEED)
        self.prefix = prefix

    def customers(self, n: int) -> dict[str, Any]:
        """Return a customer: a mobile number, some with a landline, some with an address."""
        names, chance = self._content.names, self._chance
        surname, given = chance.choice(names.surnames), chance.choice(names.given_names)
        phones = [f"13{n % 10}{chance.randrange(10**8):08}"]
        if n % 4 == 0:
            phones.append(f"021-{50_000_000 + n % 10_000_000}")
        return {
            "external_id": f"{self.prefix}C{n:07}",
            "name": surname.zh + given.zh,
            "name_alt": f"{surname.pinyin} {given.pinyin}",
            "tier": ("", "", "silver", "gold")[n % 4],
            "city": "上海",
            "address": f"世纪大道{n % 2_000 + 1}号",
            "first_business_on": f"20{n % 20 + 5:02}-03-04",
            "phones": phones,
            "emails": [f"user{n}@example.com"] if n % 3 == 0 else [],
        }

    def assets(self, n: int) -> dict[str, Any]:
        """Return the vehicle of customer *n*."""
        return {
            "external_id": f"{self.prefix}A{n:07}",
            "customer_id": f"{self.prefix}C{n:07}",
            "model": "SUV-7",
            "plate": f"沪A{n:05}",
            "vin": f"LSGAB52C0C{n:07}",
            "mileage_km": f"{n % 200},000",
            "built_on": "2021/5/6",
        }

    def visits(self, n: int) -> dict[str, Any]:
        """Return a visit of vehicle *n* with one item."""
        story = self._content.history[n % len(self._content.history)]
        return {
            "external_id": f"{self.prefix}V{n:07}",
            "asset_id": f"{self.prefix}A{n:07}",
            "visited_at": "2025-03-01 09:30",
            "summary": story.subject,
            "note": story.note[:280],
            "mileage_km": n % 200_000,
            "items": [{"kind": "work", "text": "更换机油机滤", "code": "oil_change", "quantity": 1}],
        }

    def articles(self, n: int) -> dict[str, Any]:
        """Return an article of the demo company under a title of its own."""
        told = self._content.articles[n % len(self._content.articles)]
        return {
            "external_id": f"{self.prefix}R{n:05}",
            "lang": told.lang,
            "title": f"{told.title} {n}",
            "body": told.body,
        }


def written(folder: Path, source: Source, kind: str, count: int) -> Path:
    """Write *count* records of *kind* as JSON lines."""
    path = folder / f"{source.prefix}{kind}-{count}.jsonl"
    make = getattr(source, kind)
    with path.open("w", encoding="utf-8") as file:
        for n in range(count):
            file.write(json.dumps(make(n), ensure_ascii=False) + "\n")
    return path


def _content() -> DemoContent:
    from crmdesk.resources import resource
    from crmdesk.services.demo_content import load_demo_content

    return load_demo_content(resource("demo"))


def measure_rows(folder: Path, counts: dict[str, int]) -> None:
    """Measure rows a second of CPU of each kind, in a store that nobody has open."""
    from benchmarks.measure import machine
    from crmdesk.services.profile import new_profile
    from crmdesk.services.store.keys import KeyFileSecrets

    place = Place(folder / "desk", folder / "keys")
    settings = {"zone": "Asia/Shanghai"}
    new_profile(place.profile, settings=settings, secrets=KeyFileSecrets(place.keys)).profile.close()
    least = min(place.importing("customers", _one(folder)).cpu for _ in range(2))
    source, told = Source(_content()), {}
    for kind, count in counts.items():
        taken = place.importing(kind, written(folder, source, kind, count))
        cpu = taken.cpu - least
        told[kind] = {
            "rows": count,
            "cpu_ms_a_row": round(cpu * 1000 / count, 3),
            "rows_a_cpu_second": round(count / cpu),
            "rows_a_second": round(count / taken.wall),
        }
        print(kind, told[kind], file=sys.stderr)
    print(json.dumps({"bench": "import rows", **told, "machine": machine()}))


def _one(folder: Path) -> Path:
    """Write a file of one customer: importing it costs what a start of the command costs."""
    path = folder / "one.jsonl"
    path.write_text(json.dumps({"external_id": "one", "name": "Ann"}), encoding="utf-8")
    return path


@dataclass(frozen=True, slots=True)
class Taken:
    """CPU and wall seconds of a command."""

    cpu: float
    wall: float


@dataclass(frozen=True, slots=True)
class Place:
    """A profile and the file with its keys, as commands are told of them."""

    profile: Path
    keys: Path

    def importing(self, kind: str, path: Path) -> Taken:
        """Import the file at *path* with nobody at the desk."""
        before, begun = os.times(), time.perf_counter()
        with self.begun(kind, path) as command:
            if command.wait():
                raise SystemExit("the import failed")
        after = os.times()
        cpu = after.children_user + after.children_system - before.children_user - before.children_system
        return Taken(cpu, time.perf_counter() - begun)

    def begun(self, kind: str, path: Path) -> subprocess.Popen[bytes]:
        """Begin an import in a process of its own."""
        places = {"CRMDESK_PROFILE": str(self.profile), "CRMDESK_KEY_FILE": str(self.keys)}
        return subprocess.Popen(
            [sys.executable, "-m", "crmdesk", "import", kind, str(path)],
            env={**os.environ, **places},
            stdout=subprocess.DEVNULL,
        )


@dataclass(slots=True)
class Felt:
    """What an agent felt: of each call until the paint, of each draft until it was durable; milliseconds."""

    pops: Timings
    saves: list[float] = field(default_factory=list)
    seconds: float = 0.0
    rows: int = 0
    cpu: float = 0.0

    def told(self) -> dict[str, float]:
        """Return the figures."""
        from benchmarks.measure import percentile

        found: dict[str, float] = {"calls": len(self.pops.wall_ms), "saves": len(self.saves)}
        measured = {"pop_ms": self.pops.wall_ms, "pop_cpu_ms": self.pops.cpu_ms, "save_ms": self.saves}
        for name, values in measured.items():
            for share in (0.5, 0.99):
                found[f"{name}_p{share * 100:.0f}"] = percentile(values, share)
            found[f"{name}_most"] = percentile(values, 1.0)
        found["rows_a_second"] = round(self.rows / self.seconds) if self.rows else 0
        found["window_cpu_a_second"] = round(self.cpu / self.seconds, 3)
        return found


def measure_beside(folder: Path, given: argparse.Namespace) -> None:
    """Measure calls and typing in an open window, in turns without and with an import."""
    from PySide6.QtCore import qInstallMessageHandler

    from benchmarks.measure import Timings, machine
    from benchmarks.pop import SECRET, Bench, Telephone, _only_grave
    from benchmarks.pop_world import caller_numbers, open_world
    from crmdesk.app.program import Program
    from crmdesk.app.window import application
    from crmdesk.services.telephony.ami_client import AmiSettings

    content = _content()
    world = open_world(folder, given.customers, given.interactions)
    _index_names(world)
    files = [
        written(folder, Source(content, f"T{turn}"), given.kind, MANY[given.kind])
        for turn in range(given.turns)
    ]
    app = application()
    qInstallMessageHandler(_only_grave)
    line = content.company.lines[0]
    felt = {"without": Felt(Timings()), "with": Felt(Timings())}
    with Telephone("1001", line.number, line.queue) as telephone:
        program = Program(app, world.profile, AmiSettings("127.0.0.1", telephone.port, "crmdesk", SECRET))
        bench = Bench(program, telephone)
        try:
            bench.start(app)
            bench.to_front()
            numbers = caller_numbers(world, content, 2 * (given.calls + WARM_UP) * given.turns)
            agent = Agent(bench, program, (number for _kind, number in numbers))
            for path in files:
                agent.work(WARM_UP, Felt(Timings()))
                agent.work(given.calls, felt["without"])
                with _beside(_place_of(world), given.kind, path, agent):
                    agent.work(WARM_UP, Felt(Timings()))
                    agent.work(given.calls, felt["with"])
        finally:
            program.window.close()
            program.close()
    told = {name: each.told() for name, each in felt.items()}
    for name, figures in told.items():
        print(name, figures, file=sys.stderr)
    print(json.dumps({"bench": "import beside", "kind": given.kind, **told, "machine": machine()}))


def _index_names(world: World) -> None:
    """Build the indexes that the world of the pop benchmark leaves out."""
    from crmdesk.services.customers.search_index import rebuild
    from crmdesk.services.store.connection import open_connection

    connection = open_connection(world.profile.store_path, world.profile.key, role="bulk")
    connection.execute("BEGIN IMMEDIATE")
    rebuild(connection)
    connection.execute("COMMIT")
    connection.close()


def _place_of(world: World) -> Place:
    return Place(world.profile.path, world.profile.path.with_suffix(".keys"))


@contextmanager
def _beside(place: Place, kind: str, path: Path, agent: Agent) -> Iterator[None]:
    """Import beside the window, for the block; it has begun to arrive when the block does."""
    before = agent.held()
    importing = place.begun(kind, path)
    try:
        agent.wait(lambda: agent.held() > before)
        yield
        if importing.poll() is not None:
            raise SystemExit("the import ended before the calls did; it needs a longer file")
    finally:
        importing.kill()
        importing.wait()


class Agent:
    """Takes calls and types."""

    def __init__(self, bench: Bench, program: Program, numbers: Iterator[str]) -> None:
        self._bench = bench
        self._program = program
        self._numbers = numbers

    def work(self, calls: int, felt: Felt) -> None:
        """Take *calls* and keep what was felt."""
        rows, begun, cpu = self.held(), time.perf_counter(), time.process_time()
        for _ in range(calls):
            shown = self._bench.ring(next(self._numbers))
            felt.pops.wall_ms.append((shown.moments[-1] - shown.moments[0]) * 1000)
            felt.pops.cpu_ms.append(shown.cpu_ms)
            for _ in range(TYPED):
                felt.saves.append(self._type(shown))
        felt.seconds += time.perf_counter() - begun
        felt.cpu += time.process_time() - cpu
        felt.rows += self.held() - rows

    def held(self) -> int:
        """Return how many operations the store holds."""
        query = "SELECT count(*) FROM operation WHERE kind <> 'call.seen'"
        found = self._program.store.read(lambda connection: connection.execute(query).fetchone()[0])
        self.wait(found.done)
        count: int = found.result()
        return count

    def wait(self, happened: Callable[[], bool]) -> None:
        """Let the window live until *happened*."""
        self._bench._wait(happened)

    def _type(self, shown: Shown) -> float:
        """Type into a note; return the milliseconds from its first key until it is durable."""
        from PySide6.QtCore import QTimer

        from crmdesk.models.screen_pop import NoteDraft
        from crmdesk.ui.views.note import AUTOSAVE_MS

        draft = NoteDraft(str(uuid4()), str(shown.pop.call_id), "客户反映发动机异响。", 9, datetime.now(UTC))
        durable: list[float] = []

        def keep() -> None:
            saved = self._program.desk.save_draft(draft)
            saved.add_done_callback(lambda _: durable.append(time.perf_counter()))

        begun = time.perf_counter()
        QTimer.singleShot(AUTOSAVE_MS, keep)
        self.wait(lambda: bool(durable))
        return (durable[0] - begun) * 1000


if __name__ == "__main__":
    main()
