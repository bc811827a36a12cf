"""Operations pushed to a server of our own: one by one, and fifty in a call as desks send them.

The operations are those of an agent's day: calls seen ringing, answered and ended, notes, wrap-ups, customers
made and changed, tasks. ``limit`` is a bare INSERT of the same payloads over the same connection, in turns
with ours: one by one, and many on their way, each a transaction. The server is a private one over TLS without
fsync, on this machine. ``server_cpu_ms`` is what its process spends on an operation of those that came
together, and on a bare INSERT, since the wall also counts whoever else works here; ``stamp_cpu_ms`` is for
numbering what one operation changed, which is done after each call and not part of the rates.
``two_desks_per_s`` is what two desks get through together that send at the same time, fifty in a call each.

Budget: at least 300 operations a second one by one, and 2 000 of those that travel together.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from crmdesk.models.operations import Author, Operation

NOTE = "客户反映怠速时有异响，已预约周四上午检查；to be called back after five. "
PUSH = "SELECT crm.push_many(%s, 0, %s::jsonb)"
ACCOUNTS = ("push_agent", "push_other")
TOGETHER = 50
BARE = "INSERT INTO public.bare (id, kind, payload, at) VALUES (%s, %s, %s, %s)"
PREPARATION = (
    "CREATE TABLE public.bare (id uuid PRIMARY KEY, kind text, payload jsonb, at timestamptz)",
    "GRANT USAGE ON SCHEMA public TO crm_agent",
    "GRANT INSERT ON public.bare TO crm_agent",
)
Statement = tuple[str, tuple[object, ...]]


def main() -> None:
    """Run what the command line asks for."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--calls", type=int, default=150, help="calls a round; some seven operations each")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with server() as database:
        measure(database, arguments.calls, arguments.rounds)


@contextmanager
def server() -> Iterator[Any]:
    """Yield a database with crmdesk's schema, one agent and a bare table, on a server of our own."""
    from tests.cluster import running_cluster

    with contextmanager(running_cluster)() as cluster:
        database = cluster.database()
        for login in ACCOUNTS:
            database.person(login)
        with database.connect() as admin:
            for statement in PREPARATION:
                admin.execute(statement)
        yield database


def measure(database: Any, calls: int, rounds: int) -> None:
    """Push rounds of operations in each way; print the result."""
    from benchmarks.measure import Timings, report
    from crmdesk.models.operations import Author
    from crmdesk.models.types import utc_now

    author = Author("", "", utc_now)
    ours, limit = Timings(), Timings()
    many, many_bare, numbered = Rate(), Rate(), Rate()
    two: list[float] = []
    with database.connect(ACCOUNTS[0]) as connection, database.connect(ACCOUNTS[1]) as other:
        desk, beside = Desk(connection), Desk(other)
        for _ in range(rounds):
            for statement in desk.pushes(day(author, calls // 3), 1):
                ours.run(lambda: connection.execute(*statement).fetchone())  # noqa: B023 - run at once
            for statement in bare(day(author, calls // 3)):
                limit.run(lambda: connection.execute(*statement))  # noqa: B023 - run at once
            for statement in desk.pushes(day(author, calls), TOGETHER):
                many.run(connection, [statement], TOGETHER)
                numbered.run(connection, [("SELECT crm.stamp()", ())], TOGETHER)
            many_bare.run(connection, bare(day(author, calls)))
            sent = [each.pushes(day(author, calls), TOGETHER) for each in (desk, beside)]
            two.append(at_once((connection, other), sent) * TOGETHER)
            connection.execute("SELECT crm.stamp()")
    with database.connect() as admin:
        refused = admin.execute("SELECT count(*) FROM crm.op WHERE result ? 'rejected'").fetchone()[0]
    report(
        "push",
        ours,
        limit,
        one_by_one_per_s=round(len(ours.wall_ms) / sum(ours.wall_ms) * 1000),
        limit_one_by_one_per_s=round(len(limit.wall_ms) / sum(limit.wall_ms) * 1000),
        together_per_s=many.per_s,
        two_desks_per_s=round(statistics.median(two)),
        limit_pipelined_per_s=many_bare.per_s,
        server_cpu_ms=many.cpu_ms,
        stamp_cpu_ms=numbered.cpu_ms,
        limit_server_cpu_ms=many_bare.cpu_ms,
        refused=refused,
    )


class Rate:
    """How many operations a second went through, and the server's CPU for one: the median of the runs."""

    def __init__(self) -> None:
        self._runs: list[tuple[float, float]] = []

    def run(self, connection: Any, statements: Sequence[Statement], each: int = 1) -> None:
        """Run *statements*, *each* operations in one of them, and count."""
        cpu, begun = cpu_seconds(connection.info.backend_pid), time.perf_counter()
        with connection.pipeline() as pipeline:
            for statement in statements:
                connection.execute(*statement)
                pipeline.sync()
        count, seconds = len(statements) * each, time.perf_counter() - begun
        self._runs.append((count / seconds, (cpu_seconds(connection.info.backend_pid) - cpu) / count * 1000))

    @property
    def per_s(self) -> int:
        """Operations a second."""
        return round(statistics.median(rate for rate, _ in self._runs))

    @property
    def cpu_ms(self) -> float:
        """CPU of the server for an operation."""
        return round(statistics.median(cpu for _, cpu in self._runs), 3)


def at_once(connections: Sequence[Any], batches: Sequence[Sequence[Statement]]) -> float:
    """Run a batch over each connection at the same time; return how many statements a second went through."""

    def run(connection: Any, statements: Sequence[Statement]) -> None:
        with connection.pipeline() as pipeline:
            for statement in statements:
                connection.execute(*statement)
                pipeline.sync()

    with ThreadPoolExecutor(len(connections)) as pool:
        begun = time.perf_counter()
        for done in [pool.submit(run, *each) for each in zip(connections, batches, strict=True)]:
            done.result()
        return sum(map(len, batches)) / (time.perf_counter() - begun)


def cpu_seconds(pid: int) -> float:
    """Return the CPU time that the process of a session has used, exact to microseconds."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9


class Desk:
    """One registered desk and its numbers."""

    def __init__(self, connection: Any) -> None:
        self.device = uuid.uuid4()
        self.n = 0
        connection.execute("SELECT crm.register_device(%s, NULL, 'bench')", (self.device,))

    def pushes(self, operations: Sequence[Operation], together: int) -> list[Statement]:
        """Return the statements that push *operations* under the next numbers, *together* in each."""
        made: list[Statement] = []
        for first in range(0, len(operations) - together + 1, together):
            sent = [self._sent(each) for each in operations[first : first + together]]
            made.append((PUSH, (self.device, json.dumps(sent, ensure_ascii=False))))
        return made

    def _sent(self, operation: Operation) -> dict[str, object]:
        self.n += 1
        return {
            "n": self.n,
            "op": str(operation.id),
            "kind": operation.kind,
            "version": 1,
            "payload": json.dumps(dict(operation.payload), ensure_ascii=False),
            "base_rev": operation.base_revision,
            "at": operation.at.isoformat(),
            "age_ms": 0,
        }


def bare(operations: Sequence[Operation]) -> list[Statement]:
    """Return the statements that do nothing but keep the payloads."""
    return [
        (BARE, (each.id, each.kind, json.dumps(dict(each.payload), ensure_ascii=False), each.at))
        for each in operations
    ]


def day(author: Author, calls: int) -> list[Operation]:
    """Return what an agent does in a day of *calls*."""
    from crmdesk.models import customer, task

    done: list[Operation] = []
    for n in range(calls):
        number = f"+86138{n:08d}"
        made = customer.open_customer(author, {"name": "王伟"}, [{"raw": number, "value": number}] * (n % 2))
        owner = UUID(made.payload["id"])
        done += [made, *call_of(author, owner, number, n)]
        if n % 3 == 0:
            held = customer.Customer(id=owner, created_at=author.now(), updated_at=author.now())
            done.append(held.change(author, {"hint": "loud", "city": "上海"}, 1))
            done.append(task.open_task(author, {"subject": "回电", "customer_id": owner}))
    return done


def call_of(author: Author, owner: UUID, number: str, n: int) -> list[Operation]:
    """Return a call from ringing to wrap-up."""
    from crmdesk.models import call, note

    row_id = call.call_id("bench", str(uuid.uuid4()))
    values = {"number_raw": number, "number_value": number, "customer_id": owner, "started_at": author.now()}
    states: list[Callable[[], dict[str, object]]] = [
        lambda: {"state": "ringing"},
        lambda: {"state": "talking", "answered_at": author.now()},
        lambda: {"state": "ended", "result": "answered", "ended_at": author.now(), "talk_seconds": 60},
    ]
    legs = [{"leg_key": "1", "extension": "1001"}]
    seen = [call.see_call(author, row_id, {**values, **state()}, legs) for state in states]
    text = note.append_note(author, NOTE * (1 + n % 3), call_id=row_id)
    return [*seen, text, call.wrap_up(author, {"id": row_id}, "resolved", 20, "engine")]


if __name__ == "__main__":
    main()
