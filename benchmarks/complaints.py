"""Opening the record of a complaint among a million, and asking for the open ones by their next clock.

A record is opened as the window does it: one snapshot with head, body, steps with their ledger, remedies,
log, what may be done and why not the rest. ``limit`` is the same statements on a bare connection, nothing
made of their rows. The list is `complaint.list` of the interface: the open ones, the first 50 by due date.

A few complaints are taken through the procedure and then copied: ``--deep`` of them with everything, spread
over all; the others with head and body. The full size is ``complaints.py --complaints 1000000 --deep 10000
--open 5000 --folder DIR`` (kept in DIR and used again).
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

KEY = bytes(range(32))
CHILDREN = ("complaint_event", "clock_line", "remedy_line", "note", "task", "survey", "approval")
SHARED = ("team", "agent", "complaint_category", "cause")
EACH = ("complaint", "complaint_body")
"""Of these tables every complaint has a row."""
BEGIN_MS, YEARS_MS = 1_614_823_200_000, 5 * 365 * 86_400_000
"""When the first complaint was received, five years before the desk's present, and how long they go on."""
CAUSES = 50
WARM_UP = 10
PAGE = 50


def main() -> None:
    """Build the store if it is not there, then open one record after the other."""
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--complaints", type=int, default=20_000)
    parser.add_argument("--deep", type=int, default=2_000)
    parser.add_argument("--open", type=int, default=1_000)
    parser.add_argument("--asks", type=int, default=300)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--folder", type=Path, help="keep the store in this folder and use it again")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        sizes = (arguments.complaints, arguments.deep, arguments.open, arguments.seed)
        path = folder / f"complaints-{'-'.join(map(str, sizes))}.db"
        begun = time.perf_counter()
        built = None
        if not path.exists():
            _build(path, arguments)
            built = round(time.perf_counter() - begun)
        _measure(path, arguments, built)


def _measure(path: Path, arguments: argparse.Namespace, built: int | None) -> None:
    from benchmarks.measure import Timings, percentile, report
    from crmdesk.models.complaint import Complaint
    from crmdesk.models.operations import Author
    from crmdesk.services.complaints.procedure import House, workflow
    from crmdesk.services.complaints.record import complaint_record
    from crmdesk.services.rpc.complaint_records import BEHIND, HEAD
    from crmdesk.services.rpc.listing import Listing
    from crmdesk.services.store.connection import open_connection
    from tests.services.complaints.house import BEGIN, CHEN

    author = Author(str(CHEN), "desk-1", lambda: BEGIN)
    chance = random.Random(arguments.seed + 1)
    records, lists, limit = Timings(), Timings(), Timings()
    states = tuple(state.key for state in workflow().states if state.open)
    listing = Listing("complaint", Complaint, HEAD, "due_at", BEHIND)
    asked = {"filter": {"state": states}, "order": "due_at", "limit": PAGE, "after": None}
    with closing(open_connection(path, KEY, role="reader")) as reader:
        deep = [row[0] for row in reader.execute("SELECT DISTINCT complaint_id FROM remedy_line").fetchall()]
        wanted = [UUID(bytes=each) for each in chance.choices(deep, k=arguments.asks + WARM_UP)]
        for n, row_id in enumerate(wanted):
            opening = partial(complaint_record, reader, row_id, House(), author, BEGIN)
            if n < WARM_UP:
                opening()
                continue
            records.run(opening)
            statements = _statements(reader, opening)
            limit.run(partial(_send, reader, statements))
            lists.run(lambda: listing.page(reader, asked, lambda rows: [row["id"] for row in rows]))
        events = reader.execute("SELECT count(*) FROM complaint_event").fetchone()[0]
    report(
        "complaints",
        records,
        limit,
        statements=len(statements),
        list_p50_ms=percentile(lists.wall_ms, 0.5),
        list_p99_ms=percentile(lists.wall_ms, 0.99),
        list_cpu_p50_ms=percentile(lists.cpu_ms, 0.5),
        complaints=arguments.complaints,
        deep=arguments.deep,
        open=arguments.open,
        events=events,
        store_mb=path.stat().st_size >> 20,
        build_seconds=built,
    )


def _send(reader: Any, statements: list[str]) -> None:
    for each in statements:
        reader.execute(each).fetchall()


def _statements(reader: Any, work: Any) -> list[str]:
    """Do *work*; return the statements it sent, with their values in them."""
    found: list[str] = []
    reader.set_trace_callback(found.append)
    try:
        work()
    finally:
        reader.set_trace_callback(None)
    return [each for each in found if each.lstrip().upper().startswith("SELECT")]


def _build(path: Path, arguments: argparse.Namespace) -> None:
    """Lay out a store of the wanted size; it is there when it is whole."""
    from crmdesk.services.store.bulk import BulkLoader

    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        shared, prototypes = _prototypes(Path(folder))
        made = Path(folder) / "made.db"
        with BulkLoader(made, KEY, large=True) as loader:
            for table, rows in shared.items():
                loader.connection.execute(f"DELETE FROM {table}")
                loader.rows(table, rows)
            for table, copies in _copies(prototypes, arguments):
                loader.rows(table, copies)
            loader.finish()
        made.rename(path)


def _prototypes(folder: Path) -> tuple[dict[str, list[Any]], list[dict[str, list[Any]]]]:
    """Take some complaints through the procedure; return the shared rows, and the rows of each."""
    from crmdesk.services import calls
    from crmdesk.services.store.bulk import columns_of
    from tests.services.complaints.house import CUSTOMER, ComplaintDesk

    desk = ComplaintDesk(folder)
    made = []
    for decided in (False, True):
        row = _handled(desk, decided=decided)
        with desk.work() as work:
            calls.append_note(work, "The customer wants to hear by Friday." * 3, complaint_id=row["id"])
        made.append(row["id"])
    shared = {name: _rows(desk.connection, name, columns_of(name), "1", ()) for name in SHARED}
    shared["customer"] = _rows(
        desk.connection, "customer", columns_of("customer"), "id = ?", (CUSTOMER.bytes,)
    )
    found = []
    for row_id in made:
        rows = {
            name: _rows(desk.connection, name, columns_of(name), "id = ?", (row_id.bytes,))
            for name in ("complaint", "complaint_body")
        }
        for name in CHILDREN:
            rows[name] = _rows(desk.connection, name, columns_of(name), "complaint_id = ?", (row_id.bytes,))
        found.append(rows)
    desk.close()
    return shared, found


def _handled(desk: Any, *, decided: bool) -> Any:
    """Return a complaint that was waited for and proposed twice, and *decided*."""
    from tests.services.complaints.house import ANNA, CHECKLIST, CHEN, TEAM

    row = desk.step(desk.log(), "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(ANNA))
    impact = {"persons": 0, "money": 0}
    row = desk.step(row, "T4", CHEN, severity="S3", impact=impact, regime="CN-ODR", cause_class="B")
    row = desk.step(row, "T5", CHEN, contacted_at=desk.iso())
    for missing in ("the invoice", ""):
        row = desk.step(row, "T6", wait_for="customer", what="a picture", until=desk.iso(days=1))
        row = desk.step(row, "T7")
        remedies = [{"type": "refund", "value": 100_00}, {"type": "apology", "value": 0}]
        proposal = {"cause": "wrong_part", "cause_class": "B", "finding": "upheld", "reason_text": "Wrong."}
        row = desk.step(row, "T8", remedies=remedies, **proposal)
        if missing:
            row = desk.step(row, "T10", CHEN, missing=missing)
    if not decided:
        return row
    row = desk.step(row, "T9", proposal_version=2, call_id=str(TEAM), sent_via="phone")
    lines = [line for line in desk.rows("remedy_line", row["id"]) if not line["void"]]
    done = [{"id": str(line["id"]), "done_at": desk.iso()} for line in lines]
    return desk.step(row, "T11", accepted_by="王芳", how="said", remedies_state=done)


def _rows(
    connection: Any, table: str, columns: tuple[str, ...], where: str, values: tuple[object, ...]
) -> list[Any]:
    return list(
        connection.execute(f"SELECT {', '.join(columns)} FROM {table} WHERE {where}", values).fetchall()
    )


def _copies(
    prototypes: list[dict[str, list[Any]]], arguments: argparse.Namespace
) -> Iterator[tuple[str, Iterator[tuple[object, ...]]]]:
    """Yield tables with rows: copies of the prototypes, each complaint with ids of its own."""
    chance = random.Random(arguments.seed)
    step = YEARS_MS // arguments.complaints
    ids = [
        (BEGIN_MS + n * step).to_bytes(6, "big") + chance.randbytes(10) for n in range(arguments.complaints)
    ]
    deep = set(chance.sample(range(arguments.complaints), min(arguments.deep, arguments.complaints)))
    opened = set(chance.sample(range(arguments.complaints), min(arguments.open, arguments.complaints)))
    for name in ("complaint", "complaint_body", *CHILDREN):
        yield name, _copied(name, prototypes, ids, deep, opened)


def _copied(
    table: str, prototypes: list[dict[str, list[Any]]], ids: list[bytes], deep: set[int], opened: set[int]
) -> Iterator[tuple[object, ...]]:
    """Yield the rows of *table* of every complaint; those that are not deep have head and body."""
    from crmdesk.services.store.bulk import columns_of

    columns = columns_of(table)
    place = {name: at for at, name in enumerate(columns)}
    for n, row_id in enumerate(ids):
        rows = prototypes[n not in opened][table]
        for row in rows if n in deep or table in EACH else ():
            yield _own(table, row, row_id, n, place, is_open=n in opened)


def _own(
    table: str, row: Any, row_id: bytes, n: int, place: dict[str, int], *, is_open: bool
) -> tuple[object, ...]:
    """Return *row* as the one of the complaint *row_id*."""
    made = list(row)
    if table == "complaint":
        made[place["id"]] = row_id
        made[place["number"]] = f"C26-K7Q-{n:07}"
        received, last = place["received_at"], place["last_operation_id"]
        made[received] = int.from_bytes(row_id[:6], "big") * 1000
        made[last] = _mixed(row[last], row_id)
        made[place["state"]] = row[place["state"]] if is_open else "CLOSED"
        made[place["next_due_at"]] = row[received] + n * 1_000_000 if is_open else None
    elif table == "complaint_body":
        made[place["id"]] = row_id
        made[place["cause"]] = row[place["cause"]] if n % CAUSES == 0 else f"cause_{n % CAUSES}"
    else:
        made[place["id"]] = _mixed(row[place["id"]], row_id)
        made[place["complaint_id"]] = row_id
    return tuple(made)


def _mixed(one: bytes, other: bytes) -> bytes:
    """Return an id made of two, the same each time."""
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


if __name__ == "__main__":
    main()
