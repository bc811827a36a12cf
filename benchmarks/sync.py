"""From a save on one desk to its row in another desk's store, with ten desks at a server of our own.

Each desk is a process (``_sync_desk.py``) with its encrypted store, its thread and its line over TLS. One
saves; a second has that customer open, so the row becomes visible there; a third has not, and waits a random
moment after the hint, as in a house of that size. The others do all that desks do, at a lower priority: in a
house each has a computer of its own. ``limit`` is a bare INSERT with NOTIFY in one session and the SELECT of
the one that hears it, in turns with ours. Then what an idle desk costs, and what an empty look for news costs
after many pointers under a snapshot that somebody holds open.

Budget: p50 60 ms, p99 250 ms with 10 desks; the empty look 1 ms.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).resolve().parent.parent
SECONDS = 120.0
MEASURED = 3


def main() -> None:
    """Run what the command line asks for."""
    sys.path.insert(0, str(ROOT))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--desks", type=int, default=10)
    parser.add_argument("--saves", type=int, default=60)
    parser.add_argument("--idle-seconds", type=float, default=30.0)
    parser.add_argument("--pointers", type=int, default=20_000)
    given = parser.parse_args()

    from benchmarks.measure import Timings, percentile, report
    from tests.cluster import running_cluster

    ours, others, limit = Timings(), Timings(), Timings()
    with contextmanager(running_cluster)() as cluster, tempfile.TemporaryDirectory() as folder:
        database = cluster.database()
        with house(database, max(given.desks, MEASURED), Path(folder)) as desks, bare(database) as limit_of:
            travel(desks, limit_of, given.saves, (ours, others, limit))
            idle = cost_of_idling(database, desks, given.idle_seconds)
        probe = cost_of_looking(database, given.pointers)
    elsewhere = {
        "elsewhere_p50_ms": percentile(others.wall_ms, 0.5),
        "elsewhere_p99_ms": percentile(others.wall_ms, 0.99),
    }
    report("sync", ours, limit, desks=len(desks), **elsewhere, **idle, **probe)


class Desk:
    """A desk in a process of its own."""

    def __init__(self, told: dict[str, Any]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks._sync_desk"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.pid = self._process.pid
        self._here: dict[str, float] = {}
        self._news = threading.Condition()
        self._said: dict[str, list[str]] = {}
        self._ear = threading.Thread(target=self._listen, daemon=True)
        self._ear.start()
        self.order(json.dumps(told))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.order("end")
        self._process.wait(SECONDS)

    def order(self, line: str) -> None:
        """Tell it something."""
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def answer(self, word: str) -> list[str]:
        """Wait until it says *word*; return what it says with it."""
        with self._news:
            if not self._news.wait_for(lambda: word in self._said, SECONDS):
                raise SystemExit(f"a desk does not say {word}")
            return self._said.pop(word)

    def came(self, row_id: str) -> float:
        """Wait until the row is there; return when that was."""
        with self._news:
            if not self._news.wait_for(lambda: row_id in self._here, SECONDS):
                raise SystemExit("a save did not arrive")
            return self._here[row_id]

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            word, *more = line.split()
            with self._news:
                if word == "came":
                    self._here.setdefault(more[0], float(more[1]))
                else:
                    self._said[word] = more
                self._news.notify_all()


@contextmanager
def house(database: Any, count: int, folder: Path) -> Iterator[list[Desk]]:
    """Yield so many desks, connected and level, each of its own person."""
    with ExitStack() as stack:
        desks = []
        for n in range(count):
            person = database.person(f"desk{n}")
            address = {"host": "127.0.0.1", "port": database.cluster.port, "dbname": database.name}
            address |= {"user": person.login, "ca": str(database.ca)}
            told = {"folder": str(folder / str(n)), "address": address, "password": person.password}
            told |= {"agent": str(person.agent_id), "quiet": n >= MEASURED}
            desks.append(stack.enter_context(Desk(told)))
        for each in desks:
            each.answer("ready")
        yield desks


@contextmanager
def bare(database: Any) -> Iterator[Any]:
    """Yield the same way without crmdesk: a row written and notified, read by the one who hears it."""
    with database.connect() as writer, database.connect() as reader:
        writer.execute("CREATE TABLE public.bare (id serial PRIMARY KEY, text text)")
        reader.execute("LISTEN bare")

        def once() -> None:
            writer.execute(
                "WITH w AS (INSERT INTO public.bare (text) VALUES ('x') RETURNING id)"
                " SELECT pg_notify('bare', id::text) FROM w"
            )
            (told,) = list(reader.notifies(timeout=SECONDS, stop_after=1))
            reader.execute("SELECT text FROM public.bare WHERE id = %s", (int(told.payload),)).fetchone()

        yield once


def travel(desks: list[Desk], limit_of: Any, saves: int, timings: tuple[Any, Any, Any]) -> None:
    """Save on the first desk; see when the row is on the second, which shows him, and on the third."""
    ours, others, limit = timings
    writer, shown, elsewhere = desks[:MEASURED]
    writer.order("customer")
    (customer,) = writer.answer("customer")
    for each in (shown, elsewhere):
        each.came(customer)
    shown.order(f"show {customer}")
    shown.answer("shown")
    pause, chance = threading.Event(), random.Random(7)
    for n in range(saves):
        writer.order(f"save {customer} save{n}")
        note, began = writer.answer("saved")
        ours.wall_ms.append((shown.came(note) - float(began)) * 1000)
        others.wall_ms.append((elsewhere.came(note) - float(began)) * 1000)
        limit.run(limit_of)
        # The desks come to rest; hints are not held back by the one before.
        pause.wait(chance.uniform(0.3, 0.5))


def cost_of_idling(database: Any, desks: list[Desk], seconds: float) -> dict[str, float]:
    """Return what one desk that has nothing to do costs the server, and its own computer."""
    import psutil

    with database.connect() as owner:
        pids = [
            pid
            for (pid,) in owner.execute(
                "SELECT pid FROM pg_stat_activity WHERE usename LIKE 'desk%' AND datname = current_database()"
            )
        ]
        threading.Event().wait(3.0)
        owner.execute("SELECT pg_stat_clear_snapshot()")
        here = [each.pid for each in desks]
        before, cpu, own = _transactions(owner), _cpu(pids), _cpu(here)
        threading.Event().wait(seconds)
        spent, own = _cpu(pids) - cpu, _cpu(here) - own
        threading.Event().wait(2.0)  # the server's own figures are that late
        done = _transactions(owner) - before
        private = [psutil.Process(pid).memory_full_info().uss for pid in pids]
    return {
        "idle_transactions_per_min": round(done / len(desks) / seconds * 60, 1),
        "idle_server_cpu_ms_per_min": round(spent * 1000 / len(desks) / seconds * 60, 2),
        "idle_desk_cpu_ms_per_min": round(own * 1000 / len(desks) / seconds * 60, 1),
        "idle_backend_private_mb": round(sum(private) / len(private) / 1e6, 1),
        "idle_connections": round(len(pids) / len(desks), 1),
    }


def _transactions(owner: Any) -> int:
    found = owner.execute(
        "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = current_database()"
    ).fetchone()
    return int(found[0])


def _cpu(pids: list[int]) -> float:
    import psutil

    used = [psutil.Process(pid).cpu_times() for pid in pids]
    return float(sum(each.user + each.system for each in used))


def cost_of_looking(database: Any, pointers: int) -> dict[str, float]:
    """Return what an empty ``crm.stamp()`` takes before and after *pointers* under an open snapshot."""
    with database.connect() as session, database.connect(autocommit=False) as dump:
        while session.execute("SELECT crm.stamp()").fetchone()[0]["stamped"]:
            pass
        before = _look(session)
        dump.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        dump.execute("SELECT count(*) FROM crm.feed")
        for _ in range(pointers // 500):
            session.execute(
                "SELECT crm.point('customer', gen_random_uuid(), NULL, '{}') FROM generate_series(1, 500)"
            )
            session.execute("SELECT crm.stamp()")
        return {
            "probe_fresh_ms": before,
            "probe_p50_ms": _look(session),
            "probe_limit_p50_ms": _look(session, "SELECT 1"),
        }


def _look(session: Any, statement: str = "SELECT crm.stamp()") -> float:
    from benchmarks.measure import percentile

    took = []
    for _ in range(300):
        begun = time.perf_counter()
        session.execute(statement).fetchone()
        took.append((time.perf_counter() - begun) * 1000)
    return percentile(took, 0.5)


if __name__ == "__main__":
    main()
