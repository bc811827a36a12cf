"""The one connection of a desk to the shared database, and a sentence for whatever goes wrong with it.

The server proves who it is before the password is used: certificate of the known authority for that very
host, TLS 1.2 or later, SCRAM bound to that channel. A dead line is noticed by both sides within seconds: by
TCP's own probes while nothing is said, by the lack of an answer otherwise.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg import errors
from psycopg.abc import PQGen

from crmdesk.errors import (
    CrmdeskError,
    ServerBusy,
    ServerFault,
    ServerRefused,
    ServerUnfit,
    ServerUnreachable,
)
from crmdesk.services.server.connect import OLDEST_SERVER, fault_of_connecting, fault_of_work
from crmdesk.services.sync.address import ServerAddress

RV = TypeVar("RV")

CONNECT_SECONDS = 5
PATIENCE_SECONDS = 5.0
"""How long an answer may take before the line counts as dead."""
BULK_PATIENCE_SECONDS = 60.0
"""The same where much is read at once."""

SETTINGS = {
    "sslmode": "verify-full",
    "channel_binding": "require",
    "ssl_min_protocol_version": "TLSv1.2",
    "gssencmode": "disable",
    "target_session_attrs": "read-write",
    "connect_timeout": str(CONNECT_SECONDS),
    "keepalives": "1",
    "keepalives_idle": "2",
    "keepalives_interval": "1",
    "keepalives_count": "3",
    "tcp_user_timeout": "3000",
    "application_name": "crmdesk desk",
}
AT_SERVER = (
    "SET tcp_keepalives_idle = 2",
    "SET tcp_keepalives_interval = 1",
    "SET tcp_keepalives_count = 3",
    "SET tcp_user_timeout = 3000",
    "SET client_connection_check_interval = 3000",
    "SET TimeZone = 'UTC'",
    "SET search_path = pg_catalog",
    "SET lock_timeout = '3s'",
)
"""What a session of a desk sets: the server notices a dead line as soon as the desk, and frees its locks."""

OURS: dict[str, str] = {
    "CR001": "This desk is known to the server as somebody else's, or not at all. Ask the administrator.",
    "CR002": "The server has put this desk off, or it is somebody else's. Ask the administrator.",
    "CR003": "{user} may not work with crmdesk on {host}: {why} The administrator knows what to do.",
    "CR004": "{user} may not do this on the server {host}: {why}",
}
"""Errors that crmdesk's own functions raise at the server, by SQLSTATE: each a refusal."""

NOT_OURS, OURS_ALWAYS = "3F000", "crm.my_scope"
"""No such schema; the function that every version of our server has."""

SKEWED, MISSING_RIGHT = "42", "42501"
"""The class of what a statement names and the server has not; one of it is about rights."""

OUTDATED = (
    "The database {database} on {host} does not fit what is asked of it ({why}): the server needs an upgrade."
    " The administrator runs: crmdesk admin server upgrade. What was typed waits here."
)

UNFIT = (
    "The database {database} on {host} is not crmdesk's, or was altered by hand: {why}."
    " The administrator runs: crmdesk admin server check"
)


class Link(psycopg.Connection[Any]):
    """A connection that does not wait for ever: an answer that fails to come in time breaks it."""

    patience = PATIENCE_SECONDS

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """Wait for what *gen* yields, at most *timeout* or the patience of this connection."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        try:
            return super().wait(gen, interval, self.patience)
        except errors._WaitTimeout:
            self.pgconn.finish()
            raise psycopg.OperationalError("no answer in time") from None

    @contextmanager
    def patient(self) -> Iterator[None]:
        """Allow longer for answers: much is read at once."""
        before, self.patience = self.patience, BULK_PATIENCE_SECONDS
        try:
            yield
        finally:
            self.patience = before

    def interrupt(self) -> None:
        """Break the line, whoever waits for an answer on it; any thread."""
        with (
            suppress(OSError, psycopg.Error),
            socket.fromfd(self.fileno(), socket.AF_INET, socket.SOCK_STREAM) as line,
        ):
            line.shutdown(socket.SHUT_RDWR)


def connect(address: ServerAddress, password: str, *, wait_seconds: int = CONNECT_SECONDS) -> Link:
    """Return a connection of a desk, in autocommit mode.

    Raises:
        ServerFault: one of its kinds, with a sentence that says what to do.
    """
    settings = {**SETTINGS, **address.told, "connect_timeout": str(wait_seconds)}
    if address.ca:
        settings["sslrootcert"] = address.ca
    if not password:
        raise ServerRefused(
            "The password of {user} for the server {host} is not in the keyring. Join the server again.",
            **address.told,
        )
    try:
        link = Link.connect("", autocommit=True, password=password, **settings)
    except psycopg.Error as error:
        raise fault_of_connecting(error, {**address.told, "sslrootcert": address.ca}) from error
    try:
        with worded(address):
            _settle(link, address)
    except BaseException:
        link.close()
        raise
    return link


def _settle(link: Link, address: ServerAddress) -> None:
    if link.info.server_version < OLDEST_SERVER:
        raise ServerUnfit(
            "The server {host} runs PostgreSQL {version}; crmdesk needs 15 or later.",
            host=address.host,
            version=link.info.server_version // 10_000,
        )
    link.execute("; ".join(AT_SERVER))


@contextmanager
def worded(address: ServerAddress) -> Iterator[None]:
    """Turn whatever a connection at work raises into a failure of ours, with a sentence."""
    try:
        yield
    except psycopg.Error as error:
        raise fault_of(error, address) from error


def fault_of(error: psycopg.Error, address: ServerAddress) -> CrmdeskError:
    """Return the fault that *error*, met while a connection works, is for a person."""
    state = error.sqlstate or ""
    why = error.diag.message_primary or " ".join(str(error).split())[-200:]
    values = {**address.told, "database": address.dbname, "why": why}
    if state in OURS:
        return ServerRefused(OURS[state], **values)
    if state == NOT_OURS or OURS_ALWAYS in why:
        return ServerUnfit(UNFIT, **values)
    if state.startswith(SKEWED) and state != MISSING_RIGHT:
        return ServerUnfit(OUTDATED, **values)
    return fault_of_work(error, address.told) or nonsense(address, why)


def nonsense(address: ServerAddress, why: object) -> ServerFault:
    """Return the fault of a server that answers what no crmdesk server would."""
    return ServerUnfit(UNFIT, host=address.host, database=address.dbname, why=why)


def is_transient(error: Exception) -> bool:
    """Whether trying again soon may help."""
    return isinstance(error, (ServerUnreachable, ServerBusy))
