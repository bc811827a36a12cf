"""A large first copy is made by a process of its own, which may be killed on either side."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

import psutil
import pytest

from crmdesk.errors import ServerBusy, ServerRefused
from crmdesk.models.customer import open_customer
from crmdesk.models.note import append_note
from crmdesk.services.store.files import FileLock
from crmdesk.services.sync import copying
from crmdesk.services.sync.connection import connect
from crmdesk.services.sync.copying import COMMAND, CopyElsewhere
from crmdesk.services.sync.holding import TABLES
from crmdesk.services.sync.worker import SyncWorker
from tests.cluster import Database
from tests.services.sync.desks import TestDesk, desk, quick
from tests.services.sync.test_totals import make_old, same_as_there, told


def elsewhere(at: TestDesk, password: str | None = None) -> CopyElsewhere:
    path = at.store.path.with_name("store.db.next")
    return CopyElsewhere(
        path, at.profile.key, at.worker.address, password or at.person.password, page_rows=3, at_once=10
    )


@contextmanager
def two(database: Database, folder: Path, customers: int = 40) -> Iterator[tuple[TestDesk, TestDesk]]:
    """A desk that filled the server, and one that will copy it by another process."""
    anna, ben = database.person("anna"), database.person("ben")
    with desk(database, anna, folder / "a") as one, desk(database, ben, folder / "b") as other:
        for n in range(customers):
            made = one.do(one.describe(open_customer, {"name": f"Customer {n}", "kind": "person"}))
            one.do(one.describe(append_note, f"note {n}", customer_id=UUID(made.payload["id"])))
        one.worker.run_once()
        other.worker.close()
        address = other.worker.address
        other.worker = SyncWorker(other.store, other.profile, address, pace=quick(), copy=elsewhere(other))
        yield one, other


def same(one: TestDesk, other: TestDesk) -> bool:
    return all(one.rows(table) == other.rows(table) for table in TABLES)


def copiers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children() if COMMAND in each.cmdline()]


def test_another_process_copies_and_shows_no_secret(database: Database, tmp_path: Path) -> None:
    with two(database, tmp_path) as (one, other):
        make_old(database, "note 0")
        parts: list[float] = []
        shown: list[str] = []

        def look(part: float | None) -> None:
            if part:
                parts.append(part)
                for each in copiers():
                    shown.extend([*each.cmdline(), *each.environ().values()])

        other.worker.on_status(lambda status: look(status.first_sync))
        other.do(other.describe(open_customer, {"name": "Typed meanwhile", "kind": "person"}))
        other.worker.run_once()
        assert parts == sorted(parts)
        assert parts[-1] <= 1.0
        assert shown
        for secret in (other.person.password, other.profile.key.hex()):
            assert not any(secret in word for word in shown)
        assert copiers() == []
        assert other.store.edition == 1
        assert sorted(path.name for path in other.store.path.parent.glob("*.next*")) == ["store.db.next.lock"]
        one.worker.run_once()
        old = one.asked("SELECT customer_id FROM note WHERE text = 'note 0'")[0][0]
        assert told(other, UUID(bytes=old)) == (0, 1, False)
        assert same_as_there(other, database)
        assert len(other.rows("customer")) == len(one.rows("customer")) == 41
        assert other.worker.check() == 0


def test_a_copier_that_is_killed_is_gone_on_with(database: Database, tmp_path: Path) -> None:
    with two(database, tmp_path) as (one, other):
        killed: list[float] = []

        def kill_once(part: float | None) -> None:
            if part and not killed:
                for each in copiers():
                    killed.append(part)
                    each.kill()

        other.worker.on_status(lambda status: kill_once(status.first_sync))
        with pytest.raises(ServerBusy, match="broken off"):
            other.worker.run_once()
        assert killed
        assert (other.store.path.parent / "store.db.next").exists()
        parts: list[float] = []
        other.worker.on_status(lambda status: parts.append(status.first_sync or 0.0))
        other.worker.run_once()
        assert next(part for part in parts if part) >= killed[0]
        assert same(one, other)


def test_a_copier_ends_with_whoever_wanted_the_copy(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with two(database, tmp_path) as (one, other):
        first: list[psutil.Process] = []
        original = copying.started

        def remembered() -> object:
            process = original()
            first.append(psutil.Process(process.pid))
            return process

        monkeypatch.setattr(copying, "started", remembered)

        def leave_once(part: float | None) -> None:
            # What the end of this process would do to the other one: its standard input ends.
            process = other.worker._copy._process  # type: ignore[union-attr]
            if part and len(first) == 1 and process is not None:
                process._process.stdin.close()

        other.worker.on_status(lambda status: leave_once(status.first_sync))
        with pytest.raises(ServerBusy, match="broken off"):
            other.worker.run_once()
        assert not first[0].is_running()
        other.worker.run_once()
        assert same(one, other)


def test_whoever_waited_for_a_copier_to_end_is_alone_with_the_file(
    database: Database, tmp_path: Path
) -> None:
    with two(database, tmp_path) as (_, other):
        path = other.store.path.with_name("store.db.next.lock")
        lock, waiting = FileLock(path), list[Future[bool]]()

        def wait_once(part: float | None) -> None:
            if part and not waiting:
                waiting.append(people.submit(lock.acquire, 20))

        with ThreadPoolExecutor() as people:
            other.worker.on_status(lambda status: wait_once(status.first_sync))
            other.worker.run_once()
            assert waiting[0].result()
        try:
            assert not FileLock(path).acquire()
        finally:
            lock.release()


def test_why_a_copier_gave_up_is_told_in_its_words(database: Database, tmp_path: Path) -> None:
    with two(database, tmp_path, customers=12) as (_, other):
        other.worker._copy = elsewhere(other, password="another")
        with pytest.raises(ServerRefused) as caught:
            other.worker.run_once()
        with pytest.raises(ServerRefused) as here:
            connect(other.worker.address, "another")
        assert str(caught.value) == str(here.value)
        other.worker._copy = elsewhere(other)
        other.worker.run_once()
        assert other.store.edition == 1
