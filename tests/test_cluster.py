"""The test server itself: it proves who it is, lets nobody in without a password, and comes back."""

import signal

import psycopg
import pytest

from tests.authority import Authority
from tests.cluster import HOST, Cluster


def test_it_speaks_tls_and_knows_its_superuser(cluster: Cluster) -> None:
    with cluster.connect() as session:
        row = session.execute(
            "SELECT ssl, current_setting('server_version_num')::int"
            " FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
        ).fetchone()
    assert row[0] is True
    assert row[1] >= 150_000


def test_nobody_comes_in_without_his_password_or_without_tls(cluster: Cluster) -> None:
    for conninfo in (
        cluster.conninfo("postgres", "postgres"),
        cluster.conninfo("postgres", "postgres", sslmode="disable", channel_binding="disable"),
    ):
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(conninfo, password="wrong")


def test_another_authority_is_not_believed(
    cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> None:
    foreign = Authority(tmp_path_factory.mktemp("foreign"), "foreign authority")
    conninfo = cluster.conninfo("postgres", "postgres", sslrootcert=str(foreign.root))
    with pytest.raises(psycopg.OperationalError, match="certificate"):
        psycopg.connect(conninfo, password=cluster.passwords["postgres"])


def test_databases_are_apart_and_a_crash_keeps_them(cluster: Cluster) -> None:
    one, other = cluster.empty_database(), cluster.empty_database()
    with one.connect() as session:
        session.execute("CREATE TABLE kept (n int)")
        session.execute("INSERT INTO kept VALUES (7)")
    port = cluster.port
    cluster.stop(signal.SIGQUIT)
    with pytest.raises(psycopg.OperationalError):
        cluster.connect()
    cluster.start()
    with one.connect() as session, other.connect() as elsewhere:
        assert session.execute("SELECT n FROM kept").fetchone() == (7,)
        assert elsewhere.execute("SELECT to_regclass('kept')").fetchone() == (None,)
    assert (cluster.port, HOST) == (port, "127.0.0.1")
    one.drop()
    other.drop()
