"""A store on a real encrypted file, empty."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from crmdesk.models.operations import Author
from crmdesk.models.types import utc_now
from crmdesk.services.followers import followers
from crmdesk.services.store.schema import ensure_schema
from crmdesk.services.store.store import Store
from tests.faults.full_disk import KEY


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("empty") / "store.db"
    ensure_schema(path, KEY)
    return path


@pytest.fixture
def path(empty: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(empty, tmp_path / "store.db"))


class ClosingStore(Store):
    """A store that may be closed in the test and once more at its end."""

    closed = False

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            super().close()


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    held = ClosingStore(path, KEY, Author("agent", "desk", utc_now), followers)
    yield held
    held.close()
