"""The table of who is where is not logged: a copy of a database must still work after the next crash."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator

import psycopg
import pytest

from crmdesk.services.server import install
from tests.cluster import Cluster, Database


@pytest.fixture
def copied(database: Database, cluster: Cluster) -> Iterator[Database]:
    """A copy made by template, as a restored backup may be, with a desk that said where it is."""
    database.person("wang")
    tell(database)
    with cluster.connect() as admin:
        admin.execute("CHECKPOINT")
    made = database.copy()
    yield made
    made.drop()


def tell(database: Database) -> None:
    """Say from a desk of wang's that he is ready."""
    device = uuid.uuid5(uuid.NAMESPACE_DNS, "wang")
    with database.connect("wang") as desk:
        desk.execute("SELECT crm.register_device(%s, NULL, '')", (device,))
        desk.execute("SELECT crm.tell_presence(%s, 'ready')", (device,))


def crash(cluster: Cluster) -> None:
    cluster.stop(signal.SIGQUIT)
    cluster.start()


def test_after_a_restore_and_a_crash_presence_needs_no_hand(copied: Database, cluster: Cluster) -> None:
    install.after_restore(copied.owner_dsn, password=copied.password())
    with copied.connect() as owner:
        assert owner.execute("SELECT count(*) FROM crm.presence").fetchone() == (0,)
    tell(copied)
    crash(cluster)
    tell(copied)
    with copied.connect() as owner:
        assert owner.execute("SELECT count(*) FROM crm.presence").fetchone() == (1,)
        assert owner.execute("SELECT crm.run_due()").fetchone() is not None


def test_a_table_that_was_spoilt_on_the_way_is_made_anew(copied: Database, cluster: Cluster) -> None:
    """Unlogged files are in no log: what a copy or a crash does to them nobody puts right by itself."""
    with copied.connect() as owner:
        found = owner.execute("SELECT pg_relation_filepath('crm.presence_pkey')").fetchone()[0]
    cluster.stop()
    for name in (found, f"{found}_init"):
        (cluster.data / name).write_bytes(b"")
    cluster.start()
    with pytest.raises(psycopg.Error):
        tell(copied)
    install.after_restore(copied.owner_dsn, password=copied.password())
    tell(copied)
    crash(cluster)
    tell(copied)
