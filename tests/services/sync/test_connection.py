"""Whatever is wrong with server, line or account becomes one sentence, and nothing typed is lost by it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from crmdesk.errors import (
    InvalidInput,
    ServerBusy,
    ServerFault,
    ServerRefused,
    ServerUnfit,
    ServerUnreachable,
    ServerUntrusted,
)
from crmdesk.models.customer import open_customer
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.connection import connect, is_transient
from tests.authority import Authority
from tests.cluster import Cluster, Database, free_port
from tests.services.sync.desks import TestDesk, address_of, desk


@contextmanager
def _shown(cluster: Cluster, certificate: Path, key: Path) -> Iterator[None]:
    """Let the server show another certificate meanwhile."""
    cluster.stop()
    cluster.show_files(certificate, key)
    cluster.start()
    try:
        yield
    finally:
        cluster.stop()
        cluster.show_files(cluster.folder / "server.crt", cluster.folder / "server.key")
        cluster.start()


@pytest.fixture
def one(database: Database, tmp_path: Path) -> Iterator[TestDesk]:
    with desk(database, database.person("anna"), tmp_path / "a") as made:
        made.do(made.describe(open_customer, {"name": "Wang Wu", "kind": "person"}))
        yield made


def _refused(kind: type[ServerFault], words: str, at: TestDesk) -> None:
    """A round fails with *words*; what waits stays, and is told."""
    with pytest.raises(kind, match=words):
        at.worker.run_once()
    status = at.worker.status
    assert not status.connected
    assert status.trouble is not None
    assert status.pending == at.asked("SELECT count(*) FROM outbox WHERE state = 'new'")[0][0] == 1
    assert len(at.rows("customer")) == 1


def test_a_wrong_password(database: Database) -> None:
    database.person("anna")
    with pytest.raises(ServerRefused, match="does not accept this password for anna") as caught:
        connect(address_of(database, "anna"), "wrong")
    assert not is_transient(caught.value)


def test_no_password(database: Database) -> None:
    with pytest.raises(ServerRefused, match="is not in the keyring"):
        connect(address_of(database, "anna"), "")


def test_an_expired_certificate(database: Database) -> None:
    anna, cluster = database.person("anna"), database.cluster
    with (
        _shown(cluster, *cluster.authority.issue("expired", ("127.0.0.1",), days=-1)),
        pytest.raises(ServerUntrusted, match="expired"),
    ):
        connect(address_of(database, "anna"), anna.password)


def test_the_certificate_of_another_computer(database: Database) -> None:
    anna, cluster = database.person("anna"), database.cluster
    with (
        _shown(cluster, *cluster.authority.issue("other", ("elsewhere.example",))),
        pytest.raises(ServerUntrusted, match="belongs to another computer"),
    ):
        connect(address_of(database, "anna"), anna.password)


def test_a_foreign_authority(database: Database, tmp_path: Path) -> None:
    anna = database.person("anna")
    address = address_of(database, "anna")
    foreign = ServerAddress(
        address.host, address.port, address.dbname, "anna", str(Authority(tmp_path, "foreign").root)
    )
    with pytest.raises(ServerUntrusted, match="authority this desk does not know"):
        connect(foreign, anna.password)


def test_no_such_database(database: Database) -> None:
    anna = database.person("anna")
    address = ServerAddress("127.0.0.1", database.cluster.port, "nowhere", "anna", str(database.ca))
    with pytest.raises(ServerRefused, match="There is no database nowhere"):
        connect(address, anna.password)


def test_nobody_listens() -> None:
    with pytest.raises(ServerUnreachable, match="does not answer on port") as caught:
        connect(ServerAddress("127.0.0.1", free_port(), "crmdesk", "anna"), "secret")
    assert is_transient(caught.value)


def test_no_connection_left(database: Database, one: TestDesk) -> None:
    with database.connect() as admin:
        admin.execute('ALTER ROLE "anna" CONNECTION LIMIT 0')
    try:
        _refused(ServerBusy, "takes no more connections", one)
    finally:
        with database.connect() as admin:
            admin.execute('ALTER ROLE "anna" CONNECTION LIMIT -1')
    assert one.worker.run_once().accepted == 1


def test_a_server_that_is_full_of_connections(database: Database, one: TestDesk) -> None:
    """Not the person's own limit, but the server's ``max_connections``."""
    database.person("throng")
    with ExitStack() as crowd:
        with database.connect() as admin:
            (most,) = admin.execute("SELECT current_setting('max_connections')::int").fetchone()
        full, told = False, ""
        while not full and most:
            most -= 1
            try:
                crowd.enter_context(database.connect("throng"))
            except psycopg.OperationalError as error:
                told = str(error)  # on a slow machine also a time-out, after which there is room still
                full = "slots are reserved" in told or "too many clients" in told
        assert full, f"the control: nobody else gets in, {told}"
        _refused(ServerBusy, "takes no more connections", one)
    assert one.worker.run_once().accepted == 1


def test_a_database_closed_for_a_restore(database: Database, one: TestDesk) -> None:
    with database.connect() as admin:
        admin.execute(f'ALTER DATABASE "{database.name}" CONNECTION LIMIT 0')
    _refused(ServerBusy, "takes no more connections", one)
    with database.connect() as admin:
        admin.execute(f'ALTER DATABASE "{database.name}" CONNECTION LIMIT -1')
    assert one.worker.run_once().accepted == 1


def test_a_certificate_that_has_ended_keeps_a_desk_out_until_it_is_renewed(
    database: Database, one: TestDesk
) -> None:
    cluster = database.cluster
    with _shown(cluster, *cluster.authority.issue("expired", ("127.0.0.1",), days=-1)):
        _refused(ServerUntrusted, "has expired. The administrator renews it", one)
    assert one.worker.run_once().accepted == 1


def test_the_servers_disk_is_full(database: Database, one: TestDesk) -> None:
    with database.connect() as admin:
        admin.execute(
            "CREATE FUNCTION crm.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
            " RAISE EXCEPTION 'could not extend file' USING ERRCODE = '53100'; END $$"
        )
        admin.execute(
            "CREATE TRIGGER full_disk BEFORE INSERT ON crm.customer FOR EACH ROW EXECUTE FUNCTION crm.full()"
        )
    _refused(ServerBusy, "disk of the server 127.0.0.1 is full", one)
    with database.connect() as admin:
        admin.execute("DROP TRIGGER full_disk ON crm.customer")
    assert one.worker.run_once().accepted == 1


def test_a_table_altered_by_hand(database: Database, one: TestDesk) -> None:
    one.worker.run_once()
    with database.connect() as admin:
        admin.execute("UPDATE crm.customer SET rev = rev + 1")
        admin.execute("ALTER TABLE crm.customer RENAME COLUMN hint TO remark")
    with pytest.raises(ServerUnfit, match=r"hint does not exist.*: the server needs an upgrade"):
        one.worker.run_once()
    assert len(one.rows("customer")) == 1


@pytest.mark.parametrize("answer", ['"hello"', "[]", '{"role": "agent"}', "null"])
def test_a_server_that_answers_nonsense(database: Database, one: TestDesk, answer: str) -> None:
    with database.connect() as admin:
        admin.execute(
            "CREATE OR REPLACE FUNCTION crm.my_scope() RETURNS jsonb LANGUAGE sql"
            f" AS $$ SELECT '{answer}'::jsonb $$"
        )
    _refused(ServerUnfit, "is not crmdesk's, or was altered by hand", one)


def test_something_else_that_answers_there() -> None:
    with _talker(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port, pytest.raises(ServerFault) as caught:
        connect(ServerAddress("127.0.0.1", port, "crmdesk", "anna"), "secret")
    assert str(caught.value).startswith("The server 127.0.0.1")


def test_a_server_without_tls() -> None:
    with _talker(b"N") as port, pytest.raises(ServerUntrusted, match="does not speak TLS"):
        connect(ServerAddress("127.0.0.1", port, "crmdesk", "anna"), "secret")


def test_a_newer_server_wants_a_newer_program_and_takes_what_was_typed(
    database: Database, one: TestDesk
) -> None:
    with database.connect() as admin:
        admin.execute("UPDATE crm.meta SET min_client = 99")
    with pytest.raises(ServerUnfit, match="too old for the server"):
        one.worker.run_once()
    status = one.worker.status
    assert (status.connected, status.pending) == (False, 0)
    with database.connect() as admin:
        assert admin.execute("SELECT count(*) FROM crm.customer").fetchone() == (1,)


def test_addresses_are_understood_or_refused(tmp_path: Path) -> None:
    ca = tmp_path / "ca.pem"
    ca.write_text("")
    known = {
        "db.example": ("db.example", 5432, "crmdesk"),
        "db.example:6000": ("db.example", 6000, "crmdesk"),
        " db.example:6000/desk ": ("db.example", 6000, "desk"),
        "[fe80::1]:6000": ("fe80::1", 6000, "crmdesk"),
        "fe80::1": ("fe80::1", 5432, "crmdesk"),
        "postgresql://ben@db.example:7/x": ("db.example", 7, "x"),
        "host=db.example dbname=x": ("db.example", 5432, "x"),
    }
    for words, parts in known.items():
        found = ServerAddress.from_words(words, "anna", str(ca))
        assert (found.host, found.port, found.dbname, found.user) == (*parts, "anna")
        assert ServerAddress.from_values(found.values) == found
    for words in ("", ":5432", "db:x", "db:0", "db:70000", "a,b", "postgresql://a:secret@b/c", "db:٣"):
        with pytest.raises(InvalidInput):
            ServerAddress.from_words(words, "anna", str(ca))
    with pytest.raises(InvalidInput, match="There is no file"):
        ServerAddress.from_words("db", "anna", str(tmp_path / "none.pem"))
    with pytest.raises(InvalidInput):
        ServerAddress.from_words("db", " ")


@contextmanager
def _talker(words: bytes) -> Iterator[int]:
    """Give the port of somebody who says *words* to whoever comes, and hangs up."""
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        with suppress(OSError):
            while True:
                visitor, _ = listener.accept()
                with visitor:
                    visitor.recv(100)
                    visitor.sendall(words)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()
