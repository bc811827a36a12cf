"""Connections of an administrator to the shared PostgreSQL, and sentences for whatever goes wrong there.

A DSN never carries a password. It is given by the caller (from standard input), or libpq finds it by
``PGPASSWORD`` or ``PGPASSFILE``, or it lies among the secrets of this computer.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from crmdesk.errors import (
    CrmdeskError,
    InvalidInput,
    ServerBusy,
    ServerFault,
    ServerRefused,
    ServerUnfit,
    ServerUnreachable,
    ServerUntrusted,
)
from crmdesk.services.server.certificates import is_expired

if TYPE_CHECKING:
    import psycopg

    from crmdesk.services.store.keys import Secrets

SECRETS_OF_ADMINISTRATORS = "server-administrator"
"""Under this name the passwords of administrators lie in the keyring, by account@host/database."""

CONNECT_SECONDS = 10
OLDEST_SERVER = 150_000
DEFAULTS: Mapping[str, str] = {
    "sslmode": "verify-full",
    "connect_timeout": str(CONNECT_SECONDS),
    "keepalives_idle": "5",
    "keepalives_interval": "2",
    "keepalives_count": "2",
    "tcp_user_timeout": "5000",
    "application_name": "crmdesk admin",
}
"""What a DSN leaves open: the server proves who it is, and a dead line is noticed."""

_AT_CONNECT: tuple[tuple[tuple[str, ...], type[ServerFault], str, str], ...] = (
    (
        ("no password supplied",),
        ServerRefused,
        "The server {host} asks for the password of {user}. Give it by PGPASSFILE, PGPASSWORD, the keyring or"
        " standard input.",
        "password",
    ),
    (
        ("password authentication failed",),
        ServerRefused,
        "The server {host} does not accept this password for {user}.",
        "password",
    ),
    (
        ("is not permitted to log in", "no pg_hba.conf entry", "pg_hba.conf rejects"),
        ServerRefused,
        "The server {host} does not let {user} in from this computer.",
        "user",
    ),
    (
        ("too many clients", "too many connections", "connection slots are reserved"),
        ServerBusy,
        "The server {host} takes no more connections just now. Try again later or raise max_connections.",
        "",
    ),
    (
        ("starting up", "shutting down", "in recovery mode", "not yet accepting"),
        ServerBusy,
        "The server {host} is starting or stopping. Try again in a moment.",
        "",
    ),
    (
        ("permission denied for database",),
        ServerRefused,
        "{user} may not use the database {database} on {host}.",
        "user",
    ),
    (
        ("does not match host name",),
        ServerUntrusted,
        "The certificate shown at {host} belongs to another computer. Check the address; do not go on.",
        "address",
    ),
    (
        ("certificate verify failed", "unknown ca", "self-signed certificate"),
        ServerUntrusted,
        "The certificate of the server {host} comes from an authority this desk does not know. Name the right"
        " CA file.",
        "ca_file",
    ),
    (
        ("root certificate file", "could not read root certificate", "could not load root certificate"),
        ServerUntrusted,
        "The CA file for the server {host} cannot be read. Name it as sslrootcert.",
        "ca_file",
    ),
    (
        ("channel binding", "does not support ssl", "requires ssl", "no encryption"),
        ServerUntrusted,
        "The server {host} does not speak TLS the way crmdesk asks. The administrator switches ssl on.",
        "address",
    ),
    (
        ("translate host name", "name or service not known", "name resolution"),
        ServerUnreachable,
        "No computer is called {host}. Check the address.",
        "address",
    ),
    (
        ("connection refused", "timeout expired", "connection timed out", "no route", "unreachable"),
        ServerUnreachable,
        "The server {host} does not answer on port {port}.",
        "address",
    ),
    (
        ("does not exist",),
        ServerRefused,
        "There is no database {database} on {host}.",
        "address",
    ),
)
"""Words of libpq and the server while connecting, who is to blame, our sentence, and the field concerned
where an address is typed; first match."""

_EXPIRED = "The certificate of the server {host} has expired. The administrator renews it."

_AT_WORK: tuple[tuple[str, type[ServerFault], str], ...] = (
    ("53100", ServerBusy, "The disk of the server {host} is full. The administrator makes room."),
    ("53300", ServerBusy, "The server {host} takes no more connections just now. Try again later."),
    ("53", ServerBusy, "The server {host} has run out of memory or another resource. Try again later."),
    (
        "55000",
        ServerBusy,
        "The server {host} was restored: other desks still bring back what is missing there. This goes on by"
        " itself within half an hour.",
    ),
    ("55P03", ServerBusy, "Somebody holds what this needs on the server {host}. Try again in a moment."),
    ("40", ServerBusy, "Somebody changed the same on the server {host} at the same time. Try again."),
    ("57014", ServerBusy, "The server {host} took too long and was stopped. Try again later."),
    ("57", ServerUnreachable, "The server {host} ended the connection."),
    ("08", ServerUnreachable, "The connection to the server {host} broke."),
    ("42501", ServerRefused, "{user} may not do this on the server {host}: {why}"),
    ("58", ServerBusy, "The server {host} has trouble with its disk or files. The administrator looks."),
)
"""Beginnings of SQLSTATE, who is to blame, and our sentence; first match."""
_NO_RIGHT = (
    "{user} may not do this on the server {host}. Whoever owns its database does it, or gives the right."
)
"""Instead of naming a table: the server's own refusals begin so."""
_OF_THE_SERVER = ("permission denied", "must be owner")


def connect(
    dsn: str,
    *,
    password: str | None = None,
    secrets: Secrets | None = None,
    environment: Mapping[str, str] = os.environ,
) -> psycopg.Connection[Any]:
    """Return a connection in autocommit mode to the server of *dsn*, PostgreSQL 15 or later.

    Args:
        dsn: libpq's URL or key=value form without a password; the server must prove who it is unless the
            DSN names another ``sslmode``.
        password: given by the caller; else libpq looks at *environment*, else *secrets* are asked.
        secrets: where the keyring's passwords are.
        environment: looked at for ``PGPASSWORD`` and ``PGPASSFILE``.

    Raises:
        InvalidInput: the DSN is none, or carries a password.
        ServerFault: one of its kinds, with a sentence that says what to do.
    """
    import psycopg

    told = parsed(dsn)
    word = password or _kept_password(told, secrets, environment)
    settings = {**DEFAULTS, **told, **({"password": word} if word else {})}
    with worded_connecting(told):
        connection = psycopg.connect("", autocommit=True, **settings)  # type: ignore[arg-type]
    if connection.info.server_version < OLDEST_SERVER:
        version = connection.info.server_version
        connection.close()
        raise ServerUnfit(
            "The server {host} runs PostgreSQL {version}; crmdesk needs 15 or later.",
            host=told.get("host", ""),
            version=version // 10_000,
        )
    return connection


def parsed(dsn: str) -> dict[str, str]:
    """Return the parts of *dsn*.

    Raises:
        InvalidInput: it is no DSN, or carries a password.
    """
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        told = {name: str(value) for name, value in conninfo_to_dict(dsn).items()}
    except psycopg.ProgrammingError:
        raise InvalidInput(
            "A server's address is like postgresql://name@host/database.", fields=("dsn",)
        ) from None
    if "password" in told:
        raise InvalidInput(
            "A server's address carries no password. Give it by PGPASSFILE, PGPASSWORD, the keyring or"
            " standard input.",
            fields=("dsn",),
        )
    return told


@contextmanager
def worded_connecting(told: Mapping[str, str]) -> Iterator[None]:
    """Turn what goes wrong while connecting as *told* (parts of a DSN) into a ServerFault."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise fault_of_connecting(error, told) from error


@contextmanager
def worded_work(told: Mapping[str, str]) -> Iterator[None]:
    """Turn what the world is to blame for while a connection works into a ServerFault.

    Anything else (a wrong statement, a broken constraint) passes unchanged: it is ours.
    """
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        fault = fault_of_work(error, told)
        if fault is None:
            raise
        raise fault from error


def fault_of_connecting(error: BaseException, told: Mapping[str, str]) -> CrmdeskError:
    """Return the fault that *error*, met while connecting as *told*, is for a person."""
    said = " ".join(str(error).split())
    values = _values(told)
    if "certificate verify failed" in said and is_expired(told):
        return ServerUntrusted(_EXPIRED, fields=("address",), **values)
    for words, kind, sentence, field in _AT_CONNECT:
        if any(word in said.lower() for word in words):
            return kind(sentence, fields=(field,) if field else (), **values)
    return ServerUnreachable("The server {host} cannot be used: {why}", why=said[-200:], **values)


def fault_of_work(error: BaseException, told: Mapping[str, str]) -> CrmdeskError | None:
    """Return the fault that *error* is for a person, None when the world is not to blame."""
    import psycopg

    values = _values(told)
    state = getattr(error, "sqlstate", None) or ""
    for beginning, kind, sentence in _AT_WORK:
        if state.startswith(beginning):
            why = getattr(getattr(error, "diag", None), "message_primary", None) or str(error)
            return kind(_NO_RIGHT if why.startswith(_OF_THE_SERVER) else sentence, why=why, **values)
    if not state and isinstance(error, psycopg.OperationalError):
        return ServerUnreachable("The connection to the server {host} broke.", **values)
    return None


def _values(told: Mapping[str, str]) -> dict[str, Any]:
    return {
        "host": told.get("host") or told.get("hostaddr") or "localhost",
        "port": told.get("port", "5432"),
        "user": told.get("user", ""),
        "database": told.get("dbname", told.get("user", "")),
    }


def _kept_password(
    told: Mapping[str, str], secrets: Secrets | None, environment: Mapping[str, str]
) -> str | None:
    if secrets is None or "PGPASSWORD" in environment or "PGPASSFILE" in environment:
        return None
    return secrets.get(SECRETS_OF_ADMINISTRATORS, "{user}@{host}/{database}".format_map(_values(told)))
