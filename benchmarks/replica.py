"""What sharing costs the store of a desk: a save that also goes to the outbox, and taking in what others did.

``save`` prints a durable save of a note alone and shared, in turns, and shared with many operations waiting.
``take_in`` prints pulls of 5 000 rows of each table in one transaction, new and then changed, search indexes
following; ``limit`` is the same rows by plain SQL into a bare encrypted file.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

if TYPE_CHECKING:
    from crmdesk.models.outbox import PulledRow
    from crmdesk.services.store.store import Store

KEY = bytes(range(32))
WARM_UP = 20
SERVER = {"address": "crm.example"}
TEXT = "客户反映怠速时有异响，已预约周四上午检查；to be called back after five. "


def main() -> None:
    """Run both parts."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--saves", type=int, default=300)
    parser.add_argument("--rows", type=int, default=5_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        measure_saves(Path(folder), arguments.saves)
    with tempfile.TemporaryDirectory() as folder:
        measure_rows(Path(folder), arguments.rows)


@contextmanager
def opened(path: Path, *, shared: bool) -> Iterator[Store]:
    """Give a new store, warm."""
    from crmdesk.models.operations import Author
    from crmdesk.models.types import utc_now
    from crmdesk.services.followers import followers
    from crmdesk.services.store.schema import ensure_schema
    from crmdesk.services.store.store import Store
    from crmdesk.services.sync.sharing import begin_sharing

    ensure_schema(path, KEY)
    with closing(Store(path, KEY, Author("agent", "desk", utc_now), followers)) as store:
        store.warm().result()
        if shared:
            store.write(begin_sharing, SERVER).result()
        yield store


def measure_saves(folder: Path, saves: int) -> None:
    """Save in turns at a desk of its own and at a shared one; print both."""
    from benchmarks.measure import Timings, report
    from benchmarks.store import add_customer, add_note, timed

    alone, shared = Timings(), Timings()
    with opened(folder / "alone", shared=False) as one, opened(folder / "shared", shared=True) as other:
        of_one = one.write(add_customer).result().result
        of_other = other.write(add_customer).result().result
        for n in range(WARM_UP + saves):
            timed(alone, partial(one.write, add_note, of_one, TEXT * (1 + n % 3)))
            timed(shared, partial(other.write, add_note, of_other, TEXT * (1 + n % 3)))
    for timings in (alone, shared):
        del timings.wall_ms[:WARM_UP], timings.cpu_ms[:WARM_UP]
    alone_cpu = round(sorted(alone.cpu_ms)[len(alone.cpu_ms) // 2], 3)
    report("save shared, limit: alone", shared, alone, limit_cpu_p50_ms=alone_cpu, waiting=saves)


def measure_rows(folder: Path, count: int) -> None:
    """Take in *count* rows of each table, new and then changed; print rows a second."""
    from crmdesk.models.outbox import Pulled
    from crmdesk.services.store.connection import open_connection
    from crmdesk.services.store.schema import ensure_schema
    from crmdesk.services.sync.replica import read_place, take_in

    ensure_schema(folder / "bare", KEY)
    with (
        opened(folder / "ours", shared=True) as store,
        closing(open_connection(folder / "bare", KEY, role="writer")) as bare,
    ):
        for rev in (1, 2):
            for table, rows in made(count, rev).items():
                place = store.read(read_place).result()
                pulled = Pulled(place.cursor, place.cursor + count, b"fp", {}, 0, rows)
                wall, cpu = time.perf_counter(), time.process_time()
                store.write(take_in, pulled).result()
                line: dict[str, Any] = {"bench": "take_in", "table": table, "rows": count, "new": rev == 1}
                line["rows_per_second"] = round(count / (time.perf_counter() - wall))
                line["rows_per_cpu_second"] = round(count / (time.process_time() - cpu))
                if rev == 1:
                    line["limit_rows_per_second"] = round(count / plainly(bare, table, rows))
                print(json.dumps(line))


def made(count: int, rev: int) -> dict[str, list[PulledRow]]:
    """Return rows of the tables that change most, as the server gives them in revision *rev*."""
    from crmdesk.models.call import Call
    from crmdesk.models.customer import ContactPoint, Customer
    from crmdesk.models.interaction import Interaction
    from crmdesk.models.note import Note
    from crmdesk.models.operations import row_of
    from crmdesk.models.outbox import PulledRow

    at, found = datetime(2026, 11, 20, tzinfo=UTC), dict[str, list[PulledRow]]()
    for n in range(count):
        key, owner, moment = UUID(int=n + 1), UUID(int=n + 1), at - timedelta(seconds=n)
        number, topic = f"+86138{n:08d}", f"topic{rev}"
        told: dict[str, Any] = {"id": key, "rev": rev, "customer_id": owner}
        for table, entity in (
            (
                "customer",
                Customer(id=key, rev=rev, name=f"王伟{n}", hint=topic, created_at=at, updated_at=at),
            ),
            (
                "contact_point",
                ContactPoint(**told, raw=number, value=number, national=number[3:], label=topic),
            ),
            ("call", Call(**told, number_value=number, started_at=moment, topic=topic)),
            ("interaction", Interaction(**told, at=moment, subject=TEXT, topic=topic)),
            ("note", Note(**told, text=TEXT, author=topic, at=moment)),
        ):
            found.setdefault(table, []).append(PulledRow(table, key, row_of(entity)))
    return found


def plainly(bare: Any, table: str, rows: list[PulledRow]) -> float:
    """Return the seconds that plain SQL needs for *rows* in one transaction, values ready."""
    from crmdesk.services.store.rows import shape_of

    shape = shape_of(table)
    values = [shape.all_stored(each.row) for each in rows if each.row is not None]
    began = time.perf_counter()
    bare.execute("BEGIN IMMEDIATE")
    bare.executemany(shape.insert, values)
    bare.execute("COMMIT")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
