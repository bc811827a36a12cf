"""From a save on one desk to its row in another desk's store, with ten desks at a server of our own.

All desks live in this process, each with its encrypted store, its thread and its line over TLS; a desk waits
a random moment after a hint, as in a house of that size. ``limit`` is a bare INSERT with NOTIFY in one
session and the SELECT of the one that hears it, in turns with ours. Then what an idle desk costs the server,
and what an empty look for news costs after many pointers under a snapshot that somebody holds open.

Budget: p50 60 ms, p99 250 ms with 10 desks; the empty look 1 ms.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

SECONDS = 30.0


def main() -> None:
    """Run what the command line asks for."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--desks", type=int, default=10)
    parser.add_argument("--saves", type=int, default=60)
    parser.add_argument("--idle-seconds", type=float, default=30.0)
    parser.add_argument("--pointers", type=int, default=20_000)
    given = parser.parse_args()

    from benchmarks.measure import Timings, report
    from tests.cluster import running_cluster

    ours, limit = Timings(), Timings()
    with contextmanager(running_cluster)() as cluster, tempfile.TemporaryDirectory() as folder:
        database = cluster.database()
        with house(database, given.desks, Path(folder)) as desks, bare(database) as limit_of:
            travel(desks, limit_of, given.saves, ours, limit)
            idle = cost_of_idling(database, given.desks, given.idle_seconds)
        probe = cost_of_looking(database, given.pointers)
    report("sync", ours, limit, desks=given.desks, **idle, **probe)


@contextmanager
def house(database: Any, count: int, folder: Path) -> Iterator[list[Any]]:
    """Yield so many desks, connected and level, each of its own person."""
    from crmdesk.models.customer import open_customer
    from crmdesk.services.sync.worker import Pace
    from tests.services.sync.desks import desk

    with ExitStack() as stack:
        desks = []
        for n in range(count):
            person = database.person(f"desk{n}")
            desks.append(stack.enter_context(desk(database, person, folder / f"{n}", pace=Pace())))
        desks[0].do(desks[0].describe(open_customer, {"name": "王伟", "kind": "person"}))
        for each in desks:
            each.worker.run_once()
        for each in desks:
            each.store.on_change(each.worker.changed)
            each.worker.start()
            each.worker.run_once()
        yield desks


class Arrival:
    """Waits until a note is in a desk's store."""

    def __init__(self, desk: Any) -> None:
        self._here = threading.Event()
        self._wanted = ""
        desk.store.on_change(self._changed)

    def expect(self, row_id: str) -> None:
        """Begin to look for it."""
        self._here.clear()
        self._wanted = row_id

    def wait(self) -> None:
        """Wait for it."""
        if not self._here.wait(SECONDS):
            raise SystemExit("a save did not arrive")

    def _changed(self, changes: Any) -> None:
        if any(str(each) == self._wanted for each in changes.ids):
            self._here.set()


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


def travel(desks: list[Any], limit_of: Any, saves: int, ours: Any, limit: Any) -> None:
    """Save on one desk after the other, wait for the row on the next."""
    from crmdesk.models.note import append_note

    arrivals = [Arrival(each) for each in desks]
    customer = desks[0].rows("customer")[0]["id"]
    pause = threading.Event()
    for n in range(saves):
        here, there = desks[n % len(desks)], (n + 1) % len(desks)
        operation = here.describe(append_note, f"save {n}", customer_id=customer)
        arrivals[there].expect(operation.payload["id"])

        def save(here: Any = here, operation: Any = operation, there: int = there) -> None:
            here.do(operation)
            arrivals[there].wait()

        ours.run(save)
        limit.run(limit_of)
        pause.wait(0.3)  # the desks come to rest; hints are not held back by the one before


def cost_of_idling(database: Any, desks: int, seconds: float) -> dict[str, float]:
    """Return what one desk that has nothing to do costs the server."""
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
        before, cpu = _transactions(owner), _cpu(pids)
        threading.Event().wait(seconds)
        spent = _cpu(pids) - cpu
        threading.Event().wait(2.0)  # the server's own figures are that late
        done = _transactions(owner) - before
        private = [psutil.Process(pid).memory_full_info().uss for pid in pids]
    return {
        "idle_transactions_per_min": round(done / desks / seconds * 60, 1),
        "idle_server_cpu_ms_per_min": round(spent * 1000 / desks / seconds * 60, 2),
        "idle_backend_private_mb": round(sum(private) / len(private) / 1e6, 1),
        "idle_connections": round(len(pids) / desks, 1),
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
