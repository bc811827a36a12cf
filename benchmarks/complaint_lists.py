"""Lists of complaints: 5 000 open ones among a million, by their next clock, as the window asks for them.

``limit`` is the columns of the same lines, fetched from their index and made into nothing. The store is built
once below ``--folder`` (a million complaints of 200 000 customers: 2 minutes, 800 MB), in bulk and with the
indexes laid afterwards; each open complaint has a ledger of five clocks, one of them a regime's.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

KEY = bytes(range(32))
STATES = ("RECEIVED", "ACKNOWLEDGED", "ASSESSED", "INVESTIGATING", "WAITING", "PROPOSED", "RESPONDED")
CLOCKS = ("acknowledge", "assess", "update", "decide", "UK-8W/decide")
OWNERS = 200
WARM_UP = 5


def main() -> None:
    """Build the store if it is not there, then ask again and again."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--complaints", type=int, default=1_000_000)
    parser.add_argument("--customers", type=int, default=200_000)
    parser.add_argument("--open", type=int, default=5_000)
    parser.add_argument("--asks", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "crmdesk-complaint-lists"
    )
    arguments = parser.parse_args()
    name = f"lists-{arguments.complaints}-{arguments.customers}-{arguments.open}-{arguments.seed}.db"
    path: Path = arguments.folder / name
    if not path.exists():
        arguments.folder.mkdir(parents=True, exist_ok=True)
        _build(path, arguments)
    _measure(path, arguments.asks, arguments.complaints)


def _measure(path: Path, asks: int, complaints: int) -> None:
    from benchmarks.measure import Timings, report
    from crmdesk.models.types import AgentId
    from crmdesk.services.complaints.listing import APPROVE, EVERYBODY, MINE, listing, regime_listing
    from crmdesk.services.complaints.lists import customer_names
    from crmdesk.services.complaints.procedure import House
    from crmdesk.services.store.complaint_index import OPEN, OPEN_COMPLAINT
    from crmdesk.services.store.connection import open_connection
    from tests.services.complaints.house import ANNA, BEGIN, CHEN

    bare = f"SELECT {', '.join(OPEN_COMPLAINT)} FROM complaint WHERE {OPEN} ORDER BY next_due_at LIMIT 5000"
    who = AgentId(ANNA)
    with closing(open_connection(path, KEY, role="reader")) as reader:
        whole = listing(reader, EVERYBODY, who, BEGIN).lines
        questions: dict[str, Callable[[], Sequence[Any]]] = {
            "due_list": lambda: listing(reader, EVERYBODY, who, BEGIN).lines,
            "names": lambda: list(customer_names(reader, whole)),
            "filter": lambda: whole.with_text("17", frozenset()),
            "mine": lambda: listing(reader, MINE, who, BEGIN, 50).lines,
            "approvals": lambda: listing(reader, APPROVE, AgentId(CHEN), BEGIN).lines,
            "regime": lambda: regime_listing(reader, EVERYBODY, who, BEGIN, House()).lines,
        }
        for name, ask in questions.items():
            ours, limit = Timings(), Timings()
            for _ in range(WARM_UP):
                ask()
            for _ in range(asks):
                found = ours.run(ask)
                limit.run(lambda: reader.execute(bare).fetchall())
            report(
                f"complaint_lists.{name}",
                ours,
                limit,
                cpu_min_ms=round(min(ours.cpu_ms), 2),
                limit_cpu_min_ms=round(min(limit.cpu_ms), 2),
                lines=len(found),
                complaints=complaints,
            )


def _build(path: Path, arguments: argparse.Namespace) -> None:
    """Lay out a store like a shop of *arguments* has after years."""
    from crmdesk.services.store.connection import open_connection
    from tests.services.complaints.house import ComplaintDesk, under_regime

    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        desk = ComplaintDesk(Path(folder))
        under_regime(desk, "UK-8W")
        desk.close()
        made = Path(folder) / "store.db"
        with closing(open_connection(made, KEY, role="writer")) as connection:
            _fill(connection, arguments, random.Random(arguments.seed))
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        made.rename(path)


def _fill(connection: Any, arguments: argparse.Namespace, chance: random.Random) -> None:
    indexes = connection.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL"
        " AND tbl_name IN ('complaint', 'complaint_body', 'clock_line', 'customer')"
    ).fetchall()
    connection.execute("BEGIN IMMEDIATE")
    for name, _ in indexes:
        connection.execute(f"DROP INDEX {name}")
    customers = _ids(arguments.customers, chance)
    _copy(connection, "customer", ({"id": each, "name": f"客户 {n}"} for n, each in enumerate(customers)))
    opened = set(chance.sample(range(arguments.complaints), arguments.open))
    ids = _ids(arguments.complaints, chance)
    owners = [row[0] for row in connection.execute("SELECT id FROM agent").fetchall()]
    owners += [chance.randbytes(16) for _ in range(OWNERS - len(owners))]
    heads = _heads(ids, opened, owners, customers, chance)
    _copy(connection, "complaint", heads)
    _copy(connection, "complaint_body", ({"id": each} for each in ids))
    _copy(connection, "clock_line", _ledgers([ids[n] for n in sorted(opened)], chance))
    for _, sql in indexes:
        connection.execute(sql)
    connection.execute("COMMIT")
    connection.execute("ANALYZE")


def _ids(count: int, chance: random.Random) -> list[bytes]:
    """Return ids in the order of time, as those of version 7 are."""
    return sorted(chance.randbytes(16) for _ in range(count))


def _heads(
    ids: list[bytes], opened: set[int], owners: list[bytes], customers: list[bytes], chance: random.Random
) -> Iterator[Mapping[str, Any]]:
    from crmdesk.services.customers.values import micros
    from tests.services.complaints.house import BEGIN

    for n, row_id in enumerate(ids):
        is_open = n in opened
        due = micros(BEGIN + timedelta(minutes=chance.randint(-20_000, 20_000))) if is_open else None
        yield {
            "id": row_id,
            "number": f"C26-K7Q-{n:07}",
            "state": chance.choice(STATES) if is_open else "CLOSED",
            "severity": chance.choice(("S1", "S2", "S3", "S3", "S3", "S4")),
            "customer_id": chance.choice(customers),
            "owner_id": chance.choice(owners),
            "received_at": micros(BEGIN - timedelta(minutes=chance.randint(0, 1_500_000))),
            "next_clock": chance.choice(CLOCKS) if is_open else "",
            "next_due_at": due,
        }


def _ledgers(ids: list[bytes], chance: random.Random) -> Iterator[Mapping[str, Any]]:
    from crmdesk.services.customers.values import micros
    from tests.services.complaints.house import BEGIN

    for row_id in ids:
        for n, clock in enumerate(CLOCKS, 1):
            due = micros(BEGIN + timedelta(minutes=chance.randint(-20_000, 40_000)))
            values = {"id": chance.randbytes(16), "complaint_id": row_id, "n": n, "clock": clock}
            yield {**values, "event": "start", "due": due}


def _copy(connection: Any, table: str, wanted: Iterator[Mapping[str, Any]]) -> None:
    """Insert rows of *table* like its first one but for what is *wanted*."""
    found = connection.execute(f"SELECT * FROM {table} LIMIT 1")
    columns = [each[0] for each in found.description]
    like = dict(zip(columns, found.fetchone(), strict=True))
    like.pop("seq", None)
    names = list(like)
    connection.executemany(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
        ([values.get(name, like[name]) for name in names] for values in wanted),
    )


if __name__ == "__main__":
    main()
