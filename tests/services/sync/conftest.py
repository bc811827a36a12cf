"""A shared desk on a real encrypted file, and a model of the server beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pytest

from crmdesk.models.effects import ENTITIES
from crmdesk.models.operations import Author, Operation
from crmdesk.models.outbox import Answer
from crmdesk.models.wire import Row
from crmdesk.services.followers import followers
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.rows import shape_of
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import Follower, UnitOfWork
from crmdesk.services.sync.outbox import unsent
from crmdesk.services.sync.replica import read_place, record_answers, server_forgot, take_in
from crmdesk.services.sync.sharing import begin_sharing
from tests.services.sync.model_server import ModelServer, PlaceOfRow
from tests.stores import KEY, empty_store

START = datetime(2026, 11, 20, 8, tzinfo=UTC)
SPACE = UUID(int=12)
SERVER = {"address": "crm.example:5432", "database": "crm"}


class SharedDesk:
    """One desk and its store; each method is one step after which the desk may be cut off."""

    def __init__(self, path: Path, device: str, server: ModelServer, clock: Callable[[], datetime]) -> None:
        self.path = path
        self.device = device
        self.server = server
        self.author = Author(str(uuid5(SPACE, device)), device, clock)
        self.followers: Callable[[], Sequence[Follower]] = followers
        self.store = self._open()

    def _open(self) -> Store:
        return Store(self.path, KEY, self.author, self.followers)

    def crash(self) -> None:
        """End without warning and begin again: nothing lives on but the file."""
        self.store.close()
        self.store = self._open()

    def do(self, operation: Operation) -> None:
        def save(work: UnitOfWork) -> None:
            work.do(operation)
            work.commit()

        self.store.write(save).result()

    def read(self, query: Callable[..., Any], *arguments: Any) -> Any:
        return self.store.read(query, *arguments).result()

    def sql(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        return list(self.read(lambda c: c.execute(statement, values).fetchall()))

    def push(self, limit: int = 100, *, lose_answers: bool = False) -> int:
        """Send what waits; return how many answers came."""
        answers = [Answer(each.n, self.server.push(self.device, each)) for each in self.read(unsent, limit)]
        if lose_answers:
            return 0
        self.store.write(record_answers, answers).result()
        return len(answers)

    def connect(self) -> None:
        """Ask what the server remembers."""
        known = self.server.state.devices.get(self.device)
        self.store.write(server_forgot, known.last_n if known else 0).result()

    def pull(self) -> None:
        place = self.read(read_place)
        self.server.stamp()
        pulled = None if place.stale else self.server.pull(self.device, place.cursor, place.fp or b"begun")
        self.store.write(take_in, pulled or self.server.everything(self.device, place.cursor)).result()

    def sync(self) -> None:
        """Send, then fetch, until nothing waits."""
        self.connect()
        while self.push():
            pass
        self.pull()

    def row(self, table: str, row_id: UUID) -> Row | None:
        return self.rows().get((table, row_id))

    def rows(self) -> dict[PlaceOfRow, Row]:
        return dict(self.read(all_rows))


def all_rows(connection: Connection) -> dict[PlaceOfRow, Row]:
    found: dict[PlaceOfRow, Row] = {}
    for table in ENTITIES:
        shape = shape_of(table)
        for stored in connection.execute(shape.select).fetchall():
            row = shape.read(stored)
            found[table, row["id"]] = row
    return found


@pytest.fixture
def server() -> ModelServer:
    return ModelServer()


@pytest.fixture
def clock() -> Callable[[], datetime]:
    moments = iter(START + timedelta(seconds=n) for n in range(1_000_000))
    return lambda: next(moments)


@pytest.fixture
def join(
    tmp_path: Path, server: ModelServer, clock: Callable[[], datetime]
) -> Iterator[Callable[[str], SharedDesk]]:
    """Give a function that puts a new desk on the server."""
    desks: list[SharedDesk] = []

    def make(device: str) -> SharedDesk:
        path = empty_store(tmp_path / f"{device}.db")
        desk = SharedDesk(path, device, server, clock)
        desks.append(desk)
        desk.store.write(begin_sharing, SERVER).result()
        return desk

    yield make
    for desk in desks:
        desk.store.close()


@pytest.fixture
def desk(join: Callable[[str], SharedDesk]) -> SharedDesk:
    return join("one")


@pytest.fixture
def other(join: Callable[[str], SharedDesk]) -> SharedDesk:
    return join("two")
