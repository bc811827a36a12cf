"""An administrator's way in: whatever is wrong becomes a sentence, and no impostor gets a password."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from crmdesk.errors import (
    ServerBusy,
    ServerFault,
    ServerRefused,
    ServerUnfit,
    ServerUnreachable,
    ServerUntrusted,
)
from crmdesk.services.server import connect as connecting
from crmdesk.services.server.connect import connect, fault_of_connecting, fault_of_work, parsed, worded_work
from tests.authority import Authority
from tests.cluster import HOST, SUPERUSER, Cluster, free_port

NOTHING: dict[str, str] = {}


def refused(dsn: str, password: str | None, kind: type[ServerFault], sentence: str) -> None:
    with pytest.raises(kind, match=sentence) as met:
        connect(dsn, password=password, environment=NOTHING)
    assert "password=" not in str(met.value)
    assert not password or password not in str(met.value)


@pytest.fixture
def dsn(cluster: Cluster) -> str:
    return cluster.conninfo(SUPERUSER, "postgres")


def test_with_the_right_password_one_is_in(cluster: Cluster, dsn: str) -> None:
    with closing(connect(dsn, password=cluster.passwords[SUPERUSER])) as session:
        assert session.execute("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()").fetchone() == (
            True,
        )
        assert session.info.parameter_status("application_name") == "crmdesk admin"


def test_libpq_finds_the_password_by_the_environment(
    cluster: Cluster, dsn: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGPASSFILE", str(cluster.passfile))
    connect(dsn).close()
    monkeypatch.delenv("PGPASSFILE")
    monkeypatch.setenv("PGPASSWORD", cluster.passwords[SUPERUSER])
    connect(dsn).close()


class Kept:
    """One password, as the keyring would give it."""

    def __init__(self, word: str) -> None:
        self.word = word
        self.asked: list[tuple[str, str]] = []

    def get(self, profile: str, name: str) -> str | None:
        self.asked.append((profile, name))
        return self.word

    def set(self, profile: str, name: str, value: str) -> None:
        raise AssertionError

    def delete(self, profile: str, name: str) -> None:
        raise AssertionError


def test_the_keyring_is_asked_last(cluster: Cluster, dsn: str) -> None:
    kept = Kept(cluster.passwords[SUPERUSER])
    connect(dsn, secrets=kept, environment=NOTHING).close()
    assert kept.asked == [(connecting.SECRETS_OF_ADMINISTRATORS, f"{SUPERUSER}@{HOST}/postgres")]
    connect(dsn, password=kept.word, secrets=Kept("wrong"), environment=NOTHING).close()


def test_a_wrong_password_and_none(dsn: str) -> None:
    refused(dsn, "not-it", ServerRefused, "does not accept this password for postgres")
    refused(dsn, None, ServerRefused, "asks for the password of postgres")


def test_an_unknown_account_is_told_like_a_wrong_password(cluster: Cluster) -> None:
    refused(
        cluster.conninfo("nobody-here", "postgres"), "xyzzy", ServerRefused, "does not accept this password"
    )


def test_no_such_database(cluster: Cluster) -> None:
    dsn = cluster.conninfo(SUPERUSER, "missing")
    refused(dsn, cluster.passwords[SUPERUSER], ServerRefused, "There is no database missing on 127.0.0.1")


def test_nobody_answers(cluster: Cluster) -> None:
    dsn = f"postgresql://{SUPERUSER}@{HOST}:{free_port()}/postgres?sslrootcert={cluster.ca}"
    refused(dsn, "word", ServerUnreachable, "does not answer on port")


def test_nobody_is_called_that(cluster: Cluster) -> None:
    dsn = f"postgresql://{SUPERUSER}@nowhere.invalid/postgres?sslrootcert={cluster.ca}"
    refused(dsn, "word", ServerUnreachable, "No computer is called nowhere.invalid")


def test_a_foreign_authority(cluster: Cluster, tmp_path: Path) -> None:
    foreign = Authority(tmp_path, "foreign authority")
    dsn = cluster.conninfo(SUPERUSER, "postgres", sslrootcert=str(foreign.root))
    refused(
        dsn, cluster.passwords[SUPERUSER], ServerUntrusted, "comes from an authority this desk does not know"
    )


def test_a_missing_authority(cluster: Cluster, tmp_path: Path) -> None:
    dsn = cluster.conninfo(SUPERUSER, "postgres", sslrootcert=str(tmp_path / "none.pem"))
    refused(dsn, cluster.passwords[SUPERUSER], ServerUntrusted, "The CA file .* cannot be read")


@pytest.fixture
def restored(cluster: Cluster) -> Iterator[Cluster]:
    """The server, with its true certificate again afterwards."""
    yield cluster
    cluster.stop()
    cluster.show_certificate("server", (HOST, "localhost"))
    cluster.start()


def test_an_expired_certificate(restored: Cluster, dsn: str) -> None:
    restored.stop()
    restored.show_certificate("old", (HOST,), days=-1)
    restored.start()
    refused(dsn, restored.passwords[SUPERUSER], ServerUntrusted, "has expired")


def test_the_certificate_of_another_computer(restored: Cluster, dsn: str) -> None:
    restored.stop()
    restored.show_certificate("other", ("other.example",))
    restored.start()
    refused(dsn, restored.passwords[SUPERUSER], ServerUntrusted, "belongs to another computer")


def test_a_server_without_tls_gets_no_password(cluster: Cluster) -> None:
    """Somebody who answers "no TLS" sees neither password nor user."""
    with socket.create_server((HOST, 0)) as listening:
        dsn = (
            f"postgresql://{SUPERUSER}@{HOST}:{listening.getsockname()[1]}/postgres?sslrootcert={cluster.ca}"
        )
        heard = answer_no_tls(listening, dsn)
    assert SUPERUSER.encode() not in heard


def answer_no_tls(listening: socket.socket, dsn: str) -> bytes:
    import threading

    heard = bytearray()

    def serve() -> None:
        talk, _ = listening.accept()
        with talk:
            talk.settimeout(5)
            heard.extend(talk.recv(8))
            talk.sendall(b"N")
            heard.extend(talk.recv(1024))

    thread = threading.Thread(target=serve)
    thread.start()
    refused(dsn, "word", ServerUntrusted, "does not speak TLS")
    thread.join()
    return bytes(heard)


def test_a_server_that_has_no_room(cluster: Cluster) -> None:
    cluster.passwords["crowd"] = "crowd-word"
    with cluster.connect() as admin:
        admin.execute("CREATE ROLE crowd LOGIN PASSWORD 'crowd-word' CONNECTION LIMIT 2")
    dsn = cluster.conninfo("crowd", "postgres")
    with ExitStack() as held:
        for _ in range(2):
            held.enter_context(closing(connect(dsn, password="crowd-word")))
        refused(dsn, "crowd-word", ServerBusy, "takes no more connections")


def test_an_account_that_may_not_log_in(cluster: Cluster) -> None:
    with cluster.connect() as admin:
        admin.execute("CREATE ROLE barred NOLOGIN PASSWORD 'barred-word'")
    refused(cluster.conninfo("barred", "postgres"), "barred-word", ServerRefused, "does not let barred in")


def test_a_database_one_may_not_use(cluster: Cluster) -> None:
    database = cluster.database()
    cluster.passwords["stranger"] = "stranger-word"
    with cluster.connect() as admin:
        admin.execute("CREATE ROLE stranger LOGIN PASSWORD 'stranger-word'")
    refused(database.dsn("stranger"), "stranger-word", ServerRefused, "may not use the database")
    database.drop()


def test_a_server_that_is_too_old(cluster: Cluster, dsn: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "OLDEST_SERVER", 990_000)
    refused(dsn, cluster.passwords[SUPERUSER], ServerUnfit, r"runs PostgreSQL \d+; crmdesk needs 15 or later")


def test_a_full_disk_while_working(cluster: Cluster, dsn: str) -> None:
    """The server's own error, as it raises it when a file cannot grow."""
    with closing(connect(dsn, password=cluster.passwords[SUPERUSER])) as session:
        with (
            pytest.raises(ServerBusy, match="disk of the server"),
            worded_work(parsed(dsn)),
        ):
            session.execute(
                "DO $$BEGIN RAISE EXCEPTION 'could not extend file: No space left on device'"
                " USING ERRCODE = 'disk_full'; END$$"
            )
        assert session.execute("SELECT 1").fetchone() == (1,)


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("53300", ServerBusy),
        ("53200", ServerBusy),
        ("55P03", ServerBusy),
        ("40001", ServerBusy),
        ("57P01", ServerUnreachable),
        ("08006", ServerUnreachable),
        ("42501", ServerRefused),
        ("58030", ServerBusy),
    ],
)
def test_what_the_world_is_to_blame_for_while_working(
    cluster: Cluster, state: str, kind: type[ServerFault]
) -> None:
    with (
        closing(
            connect(cluster.conninfo(SUPERUSER, "postgres"), password=cluster.passwords[SUPERUSER])
        ) as session,
        pytest.raises(kind),
        worded_work({"host": HOST, "user": SUPERUSER}),
    ):
        session.execute(f"DO $$BEGIN RAISE EXCEPTION 'why' USING ERRCODE = '{state}'; END$$")


def test_what_we_are_to_blame_for_stays_what_it_is(cluster: Cluster, dsn: str) -> None:
    with (
        closing(connect(dsn, password=cluster.passwords[SUPERUSER])) as session,
        pytest.raises(psycopg.errors.SyntaxError),
        worded_work(parsed(dsn)),
    ):
        session.execute("SELEC 1")
    assert fault_of_work(ValueError(), {}) is None


def test_a_session_that_was_ended_is_told(cluster: Cluster, dsn: str) -> None:
    with closing(connect(dsn, password=cluster.passwords[SUPERUSER])) as session:
        with cluster.connect() as admin:
            admin.execute("SELECT pg_terminate_backend(%s, 5000)", (session.info.backend_pid,))
        with pytest.raises(ServerUnreachable), worded_work(parsed(dsn)):
            session.execute("SELECT 1")


def test_unknown_words_are_passed_on() -> None:
    fault = fault_of_connecting(psycopg.OperationalError("etwas ganz anderes"), {"host": "db"})
    assert re.fullmatch(r"The server db cannot be used: etwas ganz anderes", str(fault))


def test_every_sentence_is_translated() -> None:
    import json

    from crmdesk.resources import resource

    known: dict[str, Any] = json.loads(resource("i18n", "zh_CN.json").read_text(encoding="utf-8"))
    used = {row[2] for row in (*connecting._AT_CONNECT, *connecting._AT_WORK)}
    assert (used | {connecting._EXPIRED}) - known.keys() == set()
