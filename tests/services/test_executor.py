"""Lanes keep the order, readers keep a snapshot, and nobody who asks too late breaks the closing."""

import threading
from pathlib import Path
from typing import Any

from crmdesk.services.executor import Lane, Readers
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.schema import ensure_schema

KEY = bytes(range(32))


def test_a_lane_works_in_order_on_one_thread() -> None:
    lane, seen = Lane("test"), list[tuple[int, str]]()
    for n in range(20):
        lane.run(lambda n=n: seen.append((n, threading.current_thread().name)))
    lane.close()
    assert [n for n, _ in seen] == list(range(20))
    assert len({name for _, name in seen}) == 1


def test_a_lane_tells_whether_somebody_waits() -> None:
    lane, asked = Lane("test"), list[bool]()
    more = threading.Event()

    def first() -> None:
        asked.append(lane.wanted)
        more.set()
        queued.wait()
        asked.append(lane.wanted)

    queued = threading.Event()
    lane.run(first)
    more.wait()
    last = lane.run(lambda: asked.append(lane.wanted))
    queued.set()
    last.result()
    assert asked == [False, True, False]
    assert not lane.wanted
    lane.close()


def test_what_comes_after_the_close_is_cancelled() -> None:
    lane = Lane("test")
    lane.close()
    done: list[bool] = []
    late = lane.run(lambda: done.append(True))
    late.add_done_callback(lambda future: done.append(future.cancelled()))
    assert late.cancelled()
    assert done == [True]


def test_a_reader_sees_one_state_while_somebody_writes(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    ensure_schema(path, KEY)
    writer = open_connection(path, KEY, role="writer")
    readers = Readers("test", lambda: open_connection(path, KEY, role="reader"))
    counted, written = threading.Event(), threading.Event()

    def twice(connection: Any) -> tuple[int, int]:
        query = "SELECT count(*) FROM setting WHERE name LIKE 'test%'"
        first = connection.execute(query).fetchone()[0]
        counted.set()
        written.wait(10)
        return first, connection.execute(query).fetchone()[0]

    both = readers.run(twice)
    assert counted.wait(10)
    writer.execute("INSERT INTO setting (name, value) VALUES ('test', '1')")
    written.set()
    assert both.result() == (0, 0)
    readers.close()
    writer.close()
