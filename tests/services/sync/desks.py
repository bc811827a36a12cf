"""Desks for tests: a profile with its store, shared with a test database, and its worker."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

from crmdesk.models.operations import Operation
from crmdesk.models.wire import Row
from crmdesk.services.followers import followers
from crmdesk.services.profile import Profile, new_profile
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.rows import StoredRows, shape_of
from crmdesk.services.store.sealing import Derivation
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync import sharing
from crmdesk.services.sync.address import PASSWORD, ServerAddress
from crmdesk.services.sync.first_sync import AT_ONCE, FirstCopy
from crmdesk.services.sync.worker import Pace, SyncWorker
from tests.cluster import Database, Person
from tests.stores import light


@dataclass
class TestDesk:
    """One desk of a person, and what tests do with it."""

    __test__ = False

    profile: Profile
    store: Store
    worker: SyncWorker
    person: Person

    def do(self, operation: Operation) -> Operation:
        """Do *operation* here."""

        def perform(work: UnitOfWork) -> None:
            work.do(operation)
            work.commit()

        self.store.write(perform).result()
        return operation

    def describe(self, make: Callable[..., Operation], *arguments: Any, **more: Any) -> Operation:
        """Return the operation that *make* describes, signed by this desk."""
        return make(self.store.author, *arguments, **more)

    def row(self, table: str, row_id: UUID) -> Row | None:
        """Return a row as this desk shows it."""
        return self.store.read(lambda connection: StoredRows(connection).get(table, row_id)).result()

    def rows(self, table: str) -> list[Row]:
        """Return all rows of a table as this desk shows them, by id."""
        shape = shape_of(table)

        def query(connection: Any) -> list[Row]:
            return [shape.read(row) for row in connection.execute(f"{shape.select} ORDER BY id").fetchall()]

        return self.store.read(query).result()

    def asked(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Return what a statement of SQL finds in the store."""
        found: list[tuple[Any, ...]] = self.store.read(
            lambda connection: connection.execute(statement, values).fetchall()
        ).result()
        return found

    def close(self) -> None:
        """End everything."""
        self.worker.close()
        self.store.close()
        self.profile.close()


def address_of(database: Database, login: str, port: int | None = None) -> ServerAddress:
    """Return where *database* is for *login*, through another *port* if one is given."""
    return ServerAddress("127.0.0.1", port or database.cluster.port, database.name, login, str(database.ca))


def quick() -> Pace:
    """Return a pace for tests: soon tried again, never looked without a reason."""
    return Pace(
        poll=600.0,
        poll_spread=0.0,
        first_retry=0.02,
        longest_retry=0.1,
        lasting_retry=0.1,
        chance=random.Random(7),
    )


@contextmanager
def desk(
    database: Database,
    person: Person,
    folder: Path,
    *,
    pace: Pace | None = None,
    port: int | None = None,
    adopt: bool = False,
    before: Callable[[TestDesk], object] | None = None,
    at_once: int = AT_ONCE,
) -> Iterator[TestDesk]:
    """Give a desk of *person* with an empty store, shared with *database*; nothing is connected yet."""
    with patch.object(Derivation, "fresh", light):
        profile = new_profile(folder, test=True, secrets=MemorySecrets(), environment={}).profile
    profile.secrets.set(profile.id, PASSWORD, person.password)
    store = profile.open_store(str(person.agent_id), followers)
    address = address_of(database, person.login, port)
    copy = FirstCopy(folder / "store.db.next", profile.key, page_rows=7, at_once=at_once)
    worker = SyncWorker(store, profile, address, pace=pace or quick(), copy=copy)
    made = TestDesk(profile, store, worker, person)
    try:
        if before is not None:
            before(made)
        store.write(lambda work: sharing.begin_sharing(work, address.values, adopt=adopt)).result()
        yield made
    finally:
        made.close()
