"""A store on a real encrypted file, empty."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from crmdesk.models.operations import Author
from crmdesk.models.types import utc_now
from crmdesk.services.followers import followers
from crmdesk.services.store.store import Store
from tests.faults.full_disk import KEY
from tests.stores import empty_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return empty_store(tmp_path / "store.db", KEY)


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
