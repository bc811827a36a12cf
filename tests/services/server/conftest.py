"""A server with nothing of other tests in it, and a desk whose complaints are laid out on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import Cluster
from tests.services.server.mirror import MirroredDesk


@pytest.fixture(scope="module")
def base(cluster: Cluster) -> Iterator[Any]:
    """A connection of the owner to a database in which no test leaves anything.

    Not longer than the module: tests of others restart the server.
    """
    database = cluster.database()
    with database.connect() as connection:
        connection.execute("SET timezone = 'UTC'")
        yield connection
    database.drop()


@pytest.fixture
def server(base: Any) -> Iterator[Any]:
    """The same within a transaction that is rolled back; rows need not refer to others."""
    with base.transaction(force_rollback=True):
        base.execute("SET LOCAL session_replication_role = replica")
        yield base


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[MirroredDesk]:
    """A desk that handles complaints and remembers its steps."""
    made = MirroredDesk(tmp_path)
    yield made
    made.close()
