"""A durable save through the unit of work, and kill -9 while somebody types.

A save is a note on a customer: its row, its line on the time line, the log and the history, with the search
indexes following. ``limit`` is the same rows by plain SQL on a bare connection, saved in turns with ours. CPU
is that of the whole process. The second line tells of the kills: how much typed text was lost at worst.

The full run is ``store.py --kills 100``.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from benchmarks.measure import Timings
    from crmdesk.services.store.unit_of_work import UnitOfWork

KEY = bytes(range(32))
WARM_UP = 20
NOTE = "客户反映怠速时有异响，已预约周四上午检查；to be called back after five. "


def main() -> None:
    """Run what the command line asks for."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--saves", type=int, default=300)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=20261120)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kills = measure_kills(Path(folder) / "desk", arguments.kills, arguments.seed)
    print(json.dumps(kills))
    with tempfile.TemporaryDirectory() as folder:
        measure_saves(Path(folder), arguments.saves, kills)


def measure_kills(folder: Path, kills: int, seed: int) -> dict[str, Any]:
    """Kill a typist again and again in one profile; return what was lost."""
    from tests.faults.typist import live_and_die, prepare

    prepare(folder)
    chance = random.Random(seed)
    lives = [live_and_die(folder, chance) for _ in range(kills)]
    return {
        "kills": kills,
        "seed": seed,
        "notes_kept": sum(life.acknowledged for life in lives),
        "keys_typed": sum(life.typed for life in lives),
        "notes_lost": sum(life.lost_notes for life in lives),
        "damaged": sum(not life.intact for life in lives),
        "worst_lost_ms": round(max(life.lost_seconds for life in lives) * 1000),
    }


def measure_saves(folder: Path, saves: int, kills: dict[str, Any]) -> None:
    """Save in turns through the unit of work and by plain SQL; print the result."""
    from benchmarks.measure import Timings, report
    from crmdesk.models.operations import Author
    from crmdesk.models.types import utc_now
    from crmdesk.services.followers import followers
    from crmdesk.services.store.connection import open_connection
    from crmdesk.services.store.schema import ensure_schema
    from crmdesk.services.store.store import Store

    for name in ("ours", "bare"):
        ensure_schema(folder / name, KEY)
    ours, limit, changes = Timings(), Timings(), Timings()
    store = Store(folder / "ours", KEY, Author("agent", "desk", utc_now), followers)
    with closing(store), closing(open_connection(folder / "bare", KEY, role="writer")) as bare:
        store.warm().result()
        customer_id = store.write(add_customer).result().result
        for n in range(WARM_UP + saves):
            note_id = timed(ours, partial(store.write, add_note, customer_id, NOTE * (1 + n % 3)))
            rows = store.read(rows_of, note_id).result()
            timed_bare(limit, bare, rows)
            timed(changes, partial(store.write, change_customer, customer_id, f"hint {n}"))
    for timings in (ours, limit, changes):
        del timings.wall_ms[:WARM_UP], timings.cpu_ms[:WARM_UP]
    change = round(sorted(changes.wall_ms)[len(changes.wall_ms) // 2], 3)
    limit_cpu = round(sorted(limit.cpu_ms)[len(limit.cpu_ms) // 2], 3)
    report("store", ours, limit, limit_cpu_p50_ms=limit_cpu, change_p50_ms=change, kills=kills)


def timed(timings: Timings, save: Callable[[], Any]) -> Any:
    """Keep wall and CPU of *save*, which gives a future; return its result."""
    wall, cpu = time.perf_counter(), time.process_time()
    outcome = save().result()
    timings.cpu_ms.append((time.process_time() - cpu) * 1000)
    timings.wall_ms.append((time.perf_counter() - wall) * 1000)
    return outcome.result


def timed_bare(timings: Timings, bare: Any, rows: list[tuple[str, tuple[Any, ...]]]) -> None:
    """Keep wall and CPU of writing *rows* by plain statements in one transaction."""
    wall, cpu = time.perf_counter(), time.process_time()
    bare.execute("BEGIN IMMEDIATE")
    for statement, values in rows:
        bare.execute(statement, values)
    bare.execute("COMMIT")
    timings.cpu_ms.append((time.process_time() - cpu) * 1000)
    timings.wall_ms.append((time.perf_counter() - wall) * 1000)


def rows_of(connection: Any, note_id: UUID) -> list[tuple[str, tuple[Any, ...]]]:
    """Return the rows that saving the note made, as statements with their values."""
    key = note_id.bytes
    (operation,) = connection.execute("SELECT operation_id FROM history WHERE row_id = ?", (key,)).fetchone()
    wanted = (
        ("operation", "id", operation),
        ("note", "id", key),
        ("interaction", "id", key),
        ("history", "operation_id", operation),
    )
    found: list[tuple[str, tuple[Any, ...]]] = []
    for table, column, value in wanted:
        for row in connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", (value,)).fetchall():
            found.append((f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row))
    return found


def add_customer(work: UnitOfWork) -> UUID:
    """Make the customer all notes are about."""
    from crmdesk.models.customer import open_customer

    operation = open_customer(work.author, {"name": "王伟"}, [{"raw": "1", "value": "+8613800138000"}])
    work.do(operation)
    work.commit()
    return UUID(operation.payload["id"])


def add_note(work: UnitOfWork, customer_id: UUID, text: str) -> UUID:
    """Save a note."""
    from crmdesk.models.note import append_note

    operation = append_note(work.author, text, customer_id=customer_id)
    work.do(operation)
    work.commit()
    return UUID(operation.payload["id"])


def change_customer(work: UnitOfWork, customer_id: UUID, hint: str) -> None:
    """Save a change of one field."""
    from crmdesk.models.customer import Customer

    customer = work.load(Customer, customer_id)
    work.do(customer.change(work.author, {"hint": hint}, customer.rev))
    work.commit()


if __name__ == "__main__":
    main()
