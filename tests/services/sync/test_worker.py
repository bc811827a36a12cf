"""The thread that keeps a desk level: woken by hints, going on after faults, ending when it is told to."""

from __future__ import annotations

import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from crmdesk.errors import DeviceForgotten, ServerFault, ServerRefused, ServerUnreachable
from crmdesk.models.customer import open_customer
from crmdesk.models.note import append_note
from crmdesk.models.sync_views import SyncStatus
from crmdesk.models.types import CustomerId
from crmdesk.services.sync.address import PASSWORD
from crmdesk.services.sync.colleagues import Colleagues
from crmdesk.services.sync.connection import connect
from crmdesk.services.sync.destroy import destroy
from crmdesk.services.sync.hearing import Hearing, Waker
from crmdesk.services.sync.lock import LOCKED, LoginLock
from crmdesk.services.sync.worker import SKEW_MS, SyncWorker
from tests.cluster import Database
from tests.services.sync.desks import TestDesk, address_of, desk, quick
from tests.services.sync.proxy import Line, Pooler

SECONDS = 20.0


class Watch:
    """Waits for a state of sharing."""

    def __init__(self, worker: SyncWorker) -> None:
        self._news = threading.Condition()
        self._worker = worker
        self.seen: list[SyncStatus] = []
        worker.on_status(self._take)

    def _take(self, status: SyncStatus) -> None:
        with self._news:
            self.seen.append(status)
            self._news.notify_all()

    def until(self, test: Callable[[SyncStatus], bool]) -> None:
        """Wait until the status meets *test*."""
        with self._news:
            assert self._news.wait_for(lambda: test(self._worker.status), SECONDS), self._worker.status


def _note(at: TestDesk, text: str) -> None:
    at.do(at.describe(append_note, text, customer_id=at.rows("customer")[0]["id"]))


def _customer(at: TestDesk) -> None:
    at.do(at.describe(open_customer, {"name": "Li Si", "kind": "person"}))


def _watched(at: TestDesk) -> Watch:
    """Start the worker, wait until it is connected; changes of the store wake it."""
    watch = Watch(at.worker)
    at.store.on_change(at.worker.changed)
    at.worker.start()
    watch.until(lambda status: status.connected)
    return watch


class Arrivals:
    """Waits for notes on a desk."""

    def __init__(self, at: TestDesk) -> None:
        self._desk = at
        self._news = threading.Condition()
        at.store.on_change(lambda _changes: self._told())

    def _told(self) -> None:
        with self._news:
            self._news.notify_all()

    def until(self, count: int) -> None:
        """Wait until so many notes are here."""
        with self._news:
            assert self._news.wait_for(lambda: len(self._desk.rows("note")) >= count, SECONDS)


@pytest.fixture
def both(database: Database, tmp_path: Path) -> Iterator[tuple[TestDesk, TestDesk]]:
    anna, ben = database.person("anna"), database.person("ben")
    with desk(database, anna, tmp_path / "a") as one, desk(database, ben, tmp_path / "b") as other:
        yield one, other


def test_a_hint_brings_what_another_desk_did_without_a_look_of_its_own(
    both: tuple[TestDesk, TestDesk],
) -> None:
    one, other = both
    _customer(one)
    _watched(one)
    _watched(other)
    arrivals = Arrivals(other)
    for n in range(5):
        _note(one, f"call {n}")
        arrivals.until(n + 1)
    assert one.rows("note") == other.rows("note")


def _open(at: TestDesk, customer_id: UUID) -> None:
    """Open the record of a customer, as the window tells it."""
    device = UUID(at.profile.identity.device)
    others = Colleagues(at.worker.questions.ask, at.worker.address, device, lambda: "en", at.worker.show)
    others.tell("ready", CustomerId(customer_id), "open").result(SECONDS)


class Unlucky(random.Random):
    """Dice that always have a desk wait for longer than a test may take."""

    def uniform(self, a: float, b: float) -> float:
        return 600.0


def test_whoever_has_the_customer_open_waits_for_nobody_after_a_hint(
    database: Database, tmp_path: Path
) -> None:
    pace = replace(quick(), chance=Unlucky())
    with (
        desk(database, database.person("anna"), tmp_path / "a") as one,
        desk(database, database.person("ben"), tmp_path / "b", pace=pace) as other,
    ):
        _customer(one)
        _watched(one)
        _watched(other)
        _open(other, one.rows("customer")[0]["id"])
        arrivals = Arrivals(other)
        with database.connect() as owner:
            owner.execute("SELECT setval('crm.hinted', 0)")  # this hint goes out at once
        _note(one, "about him")
        arrivals.until(1)


def test_others_go_first_until_a_hint_names_the_customer_shown(database: Database) -> None:
    shown, waker = uuid4(), Waker()
    anna = database.person("anna")
    with (
        closing(waker),
        database.connect() as owner,
        connect(address_of(database, "anna"), anna.password) as link,
    ):
        hearing = Hearing(link, address_of(database, "anna"))
        hearing.begin()
        owner.execute("SELECT pg_notify('crm', %s)", (f"{uuid4()} {uuid4()}",))
        assert hearing.wait(waker, 600.0)
        began = time.monotonic()
        hearing.let_others_first(waker, 0.05, shown)
        hearing.let_others_first(waker, 0.05, None)
        assert time.monotonic() - began >= 0.1
        owner.execute("SELECT pg_notify('crm', %s)", (f"{str(uuid4())[-12:]} {str(shown)[-12:]}",))
        hearing.let_others_first(waker, 600.0, shown)
        hearing.forget()
        waker.wake()
        hearing.let_others_first(waker, 600.0, shown)


def test_where_hints_are_swallowed_a_desk_finds_out_and_asks_more_often(
    database: Database, tmp_path: Path
) -> None:
    folder, anna = database.cluster.folder, database.person("anna")
    pace = replace(quick(), deaf_poll=(0.02, 0.03))
    with ExitStack() as stack:
        pooler = stack.enter_context(
            Pooler(database.cluster.port, folder / "server.crt", folder / "server.key", database.ca)
        )
        deaf = stack.enter_context(desk(database, anna, tmp_path / "a", pace=pace, port=pooler.port))
        other = stack.enter_context(desk(database, database.person("ben"), tmp_path / "b"))
        _customer(other)
        other.worker.run_once()
        _watched(deaf)
        arrivals = Arrivals(deaf)
        _note(other, "unheard")
        other.worker.run_once()
        arrivals.until(1)
        assert pooler.swallowed >= 1


def test_reading_and_writing_go_on_without_the_server_and_all_agree_when_it_is_back(
    both: tuple[TestDesk, TestDesk], database: Database
) -> None:
    one, other = both
    _customer(one)
    first, second = _watched(one), _watched(other)
    database.cluster.stop(signal.SIGQUIT)
    try:
        for watch in (first, second):
            watch.until(lambda status: not status.connected and status.trouble is not None)
        _note(one, "written without a server")
        assert len(one.rows("note")) == 1
        first.until(lambda status: status.pending == 1)
    finally:
        database.cluster.start()
    first.until(lambda status: status.connected and status.pending == 0)
    other.worker.retry()
    Arrivals(other).until(1)
    assert one.rows("note") == other.rows("note")


def test_a_line_that_went_dead_is_noticed_and_replaced(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    with (
        Line(database.cluster.port) as line,
        desk(database, anna, tmp_path / "a", port=line.port) as one,
    ):
        _customer(one)
        watch = _watched(one)
        line.dead.set()
        _note(one, "into the dead line")
        watch.until(lambda status: not status.connected)
        assert one.worker.status.pending == 1
        line.dead.clear()
        watch.until(lambda status: status.connected and status.pending == 0)


def test_a_round_without_a_thread_tells_why_it_cannot_be(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    with Line(database.cluster.port) as line:
        port = line.port
        with desk(database, anna, tmp_path / "a", port=port) as one:
            one.worker.run_once()
            line.cut()
            with pytest.raises(ServerUnreachable):
                one.worker.run_once()
            assert one.worker.run_once().tick > 0


def test_three_refusals_lock_the_desk_and_destroy_nothing(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    with desk(database, anna, tmp_path / "a") as one:
        _customer(one)
        one.profile.secrets.set(one.profile.id, PASSWORD, "wrong")
        watch = Watch(one.worker)
        one.worker.start()
        watch.until(lambda status: status.trouble == LOCKED)
        assert one.worker.locked
        assert len(one.rows("customer")) == 1
        one.profile.secrets.set(one.profile.id, PASSWORD, anna.password)
        one.worker.retry()
        watch.until(lambda status: status.connected and status.pending == 0)


def test_the_lock_outlives_the_program(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    with desk(database, anna, tmp_path / "a") as one:
        _customer(one)
        one.profile.secrets.set(one.profile.id, PASSWORD, "wrong")
        for _ in range(2):
            with pytest.raises(ServerRefused):
                one.worker.run_once()
        one.worker.close()
        again = SyncWorker(one.store, one.profile, one.worker.address, pace=quick())
        assert not again.locked, "two refusals before the restart"
        with pytest.raises(ServerRefused):
            again.run_once()
        assert LoginLock(one.store).held
        again.close()
        one.profile.secrets.set(one.profile.id, PASSWORD, anna.password)
        with Line(database.cluster.port) as line:
            address = replace(one.worker.address, port=line.port)
            once_more = SyncWorker(one.store, one.profile, address, pace=quick())
            watch = Watch(once_more)
            once_more.start()
            watch.until(lambda status: status.trouble == LOCKED)
            assert not line._open, "nothing is tried, whatever the password is"
            once_more.retry()
            watch.until(lambda status: status.connected and status.pending == 0)
            once_more.close()
        assert not LoginLock(one.store).held


def test_a_forgotten_desk_destroys_key_then_files_and_confirms(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    with desk(database, anna, tmp_path / "a") as one:
        _customer(one)
        one.worker.run_once()
        with database.connect() as admin:
            admin.execute("UPDATE crm.device SET state = 'forgotten'")
        one.worker.close_line()
        steps: list[bool] = []

        def gone() -> None:
            destroy(one.profile, one.store.close)
            steps.append(one.profile.store_path.exists())

        one.worker.on_forgotten(gone)
        with pytest.raises(DeviceForgotten):
            one.worker.run_once()
        assert steps == [False]
        with database.connect() as admin:
            assert admin.execute("SELECT state FROM crm.device").fetchall() == [("confirmed",)]
        with pytest.raises(DeviceForgotten):
            one.worker.run_once()


def test_a_clock_that_is_off_is_told_and_measured(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    with desk(database, anna, tmp_path / "a") as one:
        one.worker.run_once()
        assert str(one.worker.status.trouble) == "None"
        one.profile.clock.set("+1d")
        _customer(one)
        assert one.worker.run_once().accepted == 1
        assert "1440 minutes" in str(one.worker.status.trouble)
        with database.connect() as admin:
            row = admin.execute("SELECT effective_at - received_at, time_uncertain FROM crm.op").fetchone()
        assert abs(row[0]) < timedelta(milliseconds=SKEW_MS)
        assert row[1] is True


def test_a_copied_profile_becomes_a_desk_of_its_own(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    with desk(database, anna, tmp_path / "a") as one:
        _customer(one)
        one.worker.run_once()
        _note(one, "not sent before the copy")
        one.worker.close_line()
        one.profile.identity = replace(
            one.profile.identity, device="00000000-0000-4000-8000-00000000000a", tag="WXYZ"
        )
        assert one.worker.run_once().accepted == 1
        with database.connect() as admin:
            assert admin.execute("SELECT last_n FROM crm.device ORDER BY registered_at").fetchall() == [
                (1,),
                (1,),
            ]


def test_a_server_that_is_not_there_is_refused_in_words(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    with Line(database.cluster.port) as line:
        port = line.port
    with desk(database, anna, tmp_path / "a", port=port) as one:
        with pytest.raises(ServerUnreachable, match="does not answer on port"):
            one.worker.run_once()
        assert one.worker.status.connected is False


def test_somebody_without_rights_is_refused_in_words(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    with database.connect() as admin:
        admin.execute("UPDATE crm.person SET active = false")
    with (
        desk(database, anna, tmp_path / "a") as one,
        pytest.raises(ServerRefused, match="nobody there knows this account") as told,
    ):
        one.worker.run_once()
    assert told.value.fields == ("user",)


def test_a_database_that_is_not_crmdesks_is_refused_in_words(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    with database.connect() as admin:
        admin.execute("DROP FUNCTION crm.my_scope() CASCADE")
    with (
        desk(database, anna, tmp_path / "a") as one,
        pytest.raises(ServerFault, match="is not crmdesk's, or was altered by hand"),
    ):
        one.worker.run_once()


def test_the_address_knows_no_password(database: Database) -> None:
    assert database.password("postgres") not in repr(address_of(database, "anna"))
