"""A PostgreSQL server of our own for tests: TLS, SCRAM, one database a test, gone with the session.

It starts with the first test that asks for the fixture ``cluster`` or ``database``; with xdist every worker
has its own. Databases are copies of one that ``install.init`` prepared. Nothing of it survives the session,
not even when the session is killed: the server gets a signal with its parent's death.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import itertools
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import psutil
import pytest

from tests.authority import Authority

SUPERUSER = "postgres"
TEMPLATE = "crmdesk_template"
HOST = "127.0.0.1"
START_SECONDS = 30
QUICK = 1
"""Rounds of SCRAM that are enough for tests: half of what a connection costs are PostgreSQL's 4096."""
SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "120",
    "max_wal_size": "128MB",
    "shared_buffers": "64MB",
    "autovacuum_naptime": "10min",
    "jit": "off",
    "ssl": "on",
    "log_min_messages": "error",
    "password_encryption": "scram-sha-256",
}
RULES = """\
local   all all              reject
hostssl all all 127.0.0.1/32 scram-sha-256
"""
_NAMES = uuid.UUID("3c6a1d6e-5f0c-4a53-9d52-6f3a63b1a0c4")


@dataclass(frozen=True)
class Person:
    """Somebody with an account: ``teams`` by key, their ids made from the keys."""

    login: str
    password: str
    role: str
    agent_id: uuid.UUID
    teams: Mapping[str, uuid.UUID]


def binaries() -> Path | None:
    """Return the folder of the newest installed PostgreSQL server, None when there is none."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    if found:
        return max(found, key=lambda folder: int(folder.parent.name))
    beside = shutil.which("initdb")
    return Path(beside).resolve().parent if beside else None


def free_port() -> int:
    """Return a TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def verifier(password: str, rounds: int) -> str:
    """Return what PostgreSQL keeps of an ASCII password after so many rounds (RFC 5803)."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode("ascii"), salt, rounds)
    client, server = (hmac.digest(salted, word, "sha256") for word in (b"Client Key", b"Server Key"))
    told = (base64.b64encode(each).decode() for each in (salt, hashlib.sha256(client).digest(), server))
    return "SCRAM-SHA-256${}:{}${}:{}".format(rounds, *told)


@dataclass
class Cluster:
    """One running server with its folder, authority and passwords; these are kept in *rounds* of SCRAM."""

    bin: Path
    folder: Path
    port: int = 0
    process: subprocess.Popen[bytes] | None = None
    passwords: dict[str, str] = field(default_factory=dict)
    rounds: int = 4096
    _count: Iterator[int] = field(default_factory=itertools.count)
    _kept: Any = None

    def __post_init__(self) -> None:
        self.authority = Authority(self.folder)
        self.passwords[SUPERUSER] = secrets.token_hex(8)

    @property
    def ca(self) -> Path:
        """The certificate that clients trust."""
        return self.authority.root

    @property
    def passfile(self) -> Path:
        """All passwords in libpq's form, for ``PGPASSFILE``."""
        path = self.folder / "pgpass"
        path.write_text("".join(f"*:*:*:{user}:{word}\n" for user, word in self.passwords.items()))
        path.chmod(0o600)
        return path

    def create(self) -> None:
        """Make the data folder and start."""
        words = self.folder / "superuser"
        words.write_text(self.passwords[SUPERUSER])
        self.own(words)
        self._run(
            *("initdb", "--pgdata", str(self.data), "--username", SUPERUSER, "--pwfile", str(words)),
            *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C.UTF-8"),
            *("--no-sync", "--no-instructions"),
        )
        (self.data / "pg_hba.conf").write_text(RULES)
        self.show_certificate("server", (HOST, "localhost"))
        self.start()
        with self._admin() as admin:
            kept = verifier(self.passwords[SUPERUSER], self.rounds)
            admin.execute(f"ALTER ROLE {SUPERUSER} PASSWORD '{kept}'")

    def show_certificate(self, stem: str, hosts: tuple[str, ...], days: int = 30) -> None:
        """Let the server show another certificate of our authority from its next start on."""
        self.show_files(*self.authority.issue(stem, hosts, days))

    def show_files(self, certificate: Path, key: Path) -> None:
        """Let the server show this certificate from its next start on."""
        self.own(certificate)
        self.own(key)
        lines = {**SETTINGS, "ssl_cert_file": str(certificate), "ssl_key_file": str(key)}
        text = "".join(f"{name} = '{value}'\n" for name, value in lines.items())
        (self.data / "postgresql.auto.conf").write_text(text)

    @property
    def data(self) -> Path:
        """The server's data folder."""
        return self.folder / "data"

    def start(self) -> None:
        """Start the server on its port and wait until it takes connections."""
        self.port = self.port or free_port()
        log = (self.folder / "server.log").open("ab")
        with log:
            command = self._as_owner("postgres", "-D", str(self.data), "-p", str(self.port))
            self.process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)
        for _ in range(START_SECONDS * 50):
            if self._ready():
                return
            try:
                self.process.wait(0.02)
            except subprocess.TimeoutExpired:
                continue
            break
        text = (self.folder / "server.log").read_text(errors="replace")
        raise RuntimeError(f"The test server did not start:\n{text[-2000:]}")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: SIGINT ends sessions, SIGQUIT is a crash."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None
        if self.process is not None and self.process.poll() is None:
            everybody = [self._watched(), *self._watched().children(recursive=True)]
            self.process.send_signal(how)
            try:
                self.process.wait(START_SECONDS)
            except subprocess.TimeoutExpired:
                # Told to end while it was still coming up, it may not hear.
                for each in everybody:
                    with contextlib.suppress(psutil.NoSuchProcess):
                        each.kill()
                self.process.wait(START_SECONDS)
        self.process = None

    def _watched(self) -> psutil.Process:
        assert self.process is not None
        return psutil.Process(self.process.pid)

    def conninfo(self, user: str, database: str, **more: str) -> str:
        """Return a DSN without a password; the server must prove who it is."""
        how = {"sslmode": "verify-full", "sslrootcert": str(self.ca), "channel_binding": "require", **more}
        return f"postgresql://{quote(user)}@{HOST}:{self.port}/{database}?{urlencode(how)}"

    def connect(self, user: str = SUPERUSER, database: str = "postgres", **more: Any) -> Any:
        """Return a psycopg connection in autocommit mode; the caller closes it."""
        import psycopg

        password = self.passwords[user]
        more.setdefault("autocommit", True)
        return psycopg.connect(self.conninfo(user, database), password=password, **more)

    @contextlib.contextmanager
    def _admin(self) -> Iterator[Any]:
        """Give the superuser's connection that is kept to make and drop databases."""
        if self._kept is None or self._kept.closed:
            self._kept = self.connect()
        yield self._kept

    def empty_database(self, name: str | None = None, template: str = "template1") -> Database:
        """Return a new database nobody prepared."""
        name = name or f"desk_{next(self._count)}"
        with self._admin() as admin:
            # A third quicker than through the log, where nothing waits for the disk.
            admin.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY file_copy')
        return Database(self, name)

    def database(self, name: str | None = None, template: str = TEMPLATE) -> Database:
        """Return a new database with crmdesk's schema and nobody in it; a copy of *template*."""
        from crmdesk.services.server.install import database_rights

        if template == TEMPLATE:
            self._prepare()
        made = self.empty_database(name, template)
        with made.connect() as admin:
            database_rights(admin)
            if template == TEMPLATE:
                admin.execute("UPDATE crm.meta SET server_id = gen_random_uuid()")
        return made

    def drop(self, name: str) -> None:
        """Remove a database, ending its sessions."""
        with self._admin() as admin:
            admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _prepare(self) -> None:
        from crmdesk.services.server.install import init

        with self._admin() as admin:
            known = admin.execute("SELECT 1 FROM pg_database WHERE datname = %s", (TEMPLATE,)).fetchone()
        if known is None:
            made = self.empty_database(TEMPLATE)
            init(made.owner_dsn, test=True, password=self.passwords[SUPERUSER])

    def _ready(self) -> bool:
        try:
            state = (self.data / "postmaster.pid").read_text().splitlines()
        except OSError:
            return False
        return len(state) >= 8 and state[7].strip() == "ready"

    def own(self, path: Path) -> None:
        """Give *path* to the account the server runs as."""
        if os.geteuid() == 0:
            account = pwd.getpwnam(_account())
            os.chown(path, account.pw_uid, account.pw_gid)

    def _run(self, *command: str) -> None:
        done = subprocess.run(
            self._as_owner(*command), cwd=self.folder, capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr)

    def _as_owner(self, program: str, *arguments: str) -> list[str]:
        """Return the command as somebody who is not root, ending with its parent."""
        prefix = ["setpriv", "--pdeathsig", "INT"] if shutil.which("setpriv") else []
        if os.geteuid() == 0:
            account = pwd.getpwnam(_account())
            prefix += [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
        return [*prefix, str(self.bin / program), *arguments]


@dataclass(frozen=True)
class Database:
    """One database of the test server."""

    cluster: Cluster
    name: str

    @property
    def ca(self) -> Path:
        """The certificate that clients trust."""
        return self.cluster.ca

    @property
    def owner_dsn(self) -> str:
        """DSN of the server's superuser, without the password."""
        return self.dsn(SUPERUSER)

    def dsn(self, user: str) -> str:
        """Return the DSN of *user*, without the password."""
        return self.cluster.conninfo(user, self.name)

    def password(self, user: str = SUPERUSER) -> str:
        """Return the password of *user*."""
        return self.cluster.passwords[user]

    def connect(self, user: str = SUPERUSER, **more: Any) -> Any:
        """Return a psycopg connection in autocommit mode as *user*; the caller closes it."""
        return self.cluster.connect(user, self.name, **more)

    def copy(self, name: str | None = None) -> Database:
        """Return a copy as it stands now, like a restored backup; nobody may be connected to this one."""
        return self.cluster.database(name, template=self.name)

    def drop(self) -> None:
        """Remove the database, ending its sessions."""
        self.cluster.drop(self.name)

    def person(
        self,
        login: str,
        role: str = "agent",
        teams: tuple[str, ...] = ("hotline",),
        password: str | None = None,
    ) -> Person:
        """Return an account with *role* in *teams* (keys; made when absent), ready to connect."""
        word = password or self.cluster.passwords.get(login) or secrets.token_hex(8)
        self.cluster.passwords[login] = word
        ids = {key: team_id(key) for key in teams}
        agent_id = uuid.uuid5(_NAMES, f"agent/{login}")
        with self.connect() as admin, admin.transaction():
            known = admin.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (login,)).fetchone()
            verb = "ALTER" if known else "CREATE"
            kept = verifier(word, self.cluster.rounds)
            admin.execute(f"{verb} ROLE \"{login}\" LOGIN PASSWORD '{kept}'")
            admin.execute(f'GRANT crm_agent TO "{login}"')
            for key, row_id in ids.items():
                admin.execute(
                    "INSERT INTO crm.team (id, rev, key, queue, name_en, name_zh)"
                    " VALUES (%s, 1, %s, '', %s, %s) ON CONFLICT DO NOTHING",
                    (row_id, key, key, key),
                )
            admin.execute(
                "SELECT crm.set_person(%s::name, %s::uuid, %s::text, %s::uuid[], NULL::numeric)",
                (login, agent_id, role, list(ids.values())),
            )
        return Person(login, word, role, agent_id, ids)


def team_id(key: str) -> uuid.UUID:
    """Return the id that tests give the team *key*."""
    return uuid.uuid5(_NAMES, f"team/{key}")


def _account() -> str:
    """Somebody to run the server as when we are root, who may not."""
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_name
        except KeyError:
            continue
    raise RuntimeError("This machine has no account to run a test server as.")


def running_cluster(rounds: int = 4096) -> Iterator[Cluster]:
    """Yield a started cluster; stop it and remove its folder afterwards."""
    folder_of_binaries = binaries()
    if folder_of_binaries is None:
        pytest.skip("no PostgreSQL server is installed on this machine")
    folder = Path(tempfile.mkdtemp(prefix="crmdesk-pg-"))
    made = Cluster(folder_of_binaries, folder, rounds=rounds)
    made.own(folder)
    try:
        made.create()
        yield made
    finally:
        made.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The test server of this session; it starts when the first test asks for it."""
    yield from running_cluster(QUICK)


@pytest.fixture
def database(cluster: Cluster) -> Iterator[Database]:
    """A database of its own with crmdesk's schema and nobody in it."""
    made = cluster.database()
    yield made
    made.drop()
