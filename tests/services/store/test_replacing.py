"""Another file takes the store's place only when the old one is whole without its log: a crash may come."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from crmdesk.errors import StoreBusy
from crmdesk.models.customer import open_customer
from crmdesk.models.operations import Author
from crmdesk.models.types import utc_now
from crmdesk.services.followers import followers
from crmdesk.services.store import connection
from crmdesk.services.store.connection import open_connection
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork
from tests.stores import KEY, empty_store


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(connection, "BUSY_TIMEOUT_MS", 20)
    made = Store(empty_store(tmp_path / "store.db"), KEY, Author("", "desk", utc_now), followers)
    yield made
    made.close()


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    return empty_store(tmp_path / "store.db.next")


def write(store: Store, name: str) -> None:
    def save(work: UnitOfWork) -> None:
        work.do(open_customer(work.author, {"name": name, "kind": "person"}, ()))
        work.commit()

    store.write(save).result()


def take(_old: Any, work: UnitOfWork) -> None:
    work.do(open_customer(work.author, {"name": "new", "kind": "person"}, ()))
    work.commit()


def names(path: Path) -> list[str]:
    with closing(open_connection(path, KEY, role="reader")) as file:
        return [name for (name,) in file.execute("SELECT name FROM customer ORDER BY name").fetchall()]


def test_whoever_goes_on_reading_keeps_the_new_file_away(store: Store, beside: Path) -> None:
    write(store, "first")
    with closing(store.open_reader()) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM customer").fetchone()
        write(store, "second")
        with pytest.raises(StoreBusy, match="try again in a moment"):
            store.replace(beside, take).result()
    write(store, "third")
    assert names(store.path) == ["first", "second", "third"]
    store.replace(beside, take).result()
    assert "first" not in names(store.path)
