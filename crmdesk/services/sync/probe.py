"""What can be said of the shared database from here, for somebody who looks why something does not work.

Asks by a connection of its own and changes nothing. One finding a subject, with what to do about it.
"""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from crmdesk.errors import CrmdeskError
from crmdesk.models.wire import Json
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.sync.address import ServerAddress
    from crmdesk.services.sync.connection import Link

GOOD, LOOK, BAD = "ok", "look", "bad"
KNOCK_SECONDS = 5.0
SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""PostgreSQL's question whether it speaks TLS (protocol 3.0, SSLRequest)."""

FEW_DAYS, SKEW_MS = 21, 120_000
DAY_SECONDS = 86_400


@dataclass(frozen=True, slots=True)
class Seen:
    """One thing looked at: its state (ok, look, bad), what was found, and what to do."""

    subject: str
    state: str
    found: str
    advice: str = ""


def probe(address: ServerAddress, password: str, device: str) -> Iterator[Seen]:
    """Yield what is found about the server of *address*, for the desk with the id *device*."""
    from crmdesk.services.sync.connection import connect, worded

    try:
        with closing(connect(address, password)) as link:
            version = link.info.server_version
            yield Seen("server", GOOD, f"{address} answers: PostgreSQL {version // 10_000}.{version % 100}")
            yield _certificate(address)
            with worded(address):
                yield from _inside(link, device)
    except CrmdeskError as refused:
        yield Seen("server", BAD, str(refused).rstrip("."))


def days_left(address: ServerAddress, now: datetime) -> float:
    """Return for how many days the server's certificate holds from *now*.

    Raises:
        OSError: the server cannot be reached, or its certificate is not good.
    """
    context = ssl.create_default_context(cafile=address.ca or None)
    with socket.create_connection((address.host, address.port), KNOCK_SECONDS) as line:
        line.sendall(SSL_REQUEST)
        if line.recv(1) != b"S":
            raise OSError("the server does not speak TLS")
        with context.wrap_socket(line, server_hostname=address.host) as safe:
            shown = safe.getpeercert() or {}
    until = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(shown["notAfter"])), UTC)
    return (until - now).total_seconds() / DAY_SECONDS


def _certificate(address: ServerAddress) -> Seen:
    try:
        days = days_left(address, datetime.now(UTC))
    except OSError as error:
        return Seen("certificate", LOOK, f"it could not be looked at ({error})")
    words = f"holds for {days:.0f} days"
    if days < FEW_DAYS:
        return Seen("certificate", LOOK, words, "The administrator renews it in time.")
    return Seen("certificate", GOOD, words)


def _inside(link: Link, device: str) -> Iterator[Seen]:
    scope = _asked(link, "SELECT crm.my_scope()")
    yield _versions(scope)
    yield _person(scope)
    yield _clock(link)
    yield _device(link, device)


def _versions(scope: Mapping[str, Json]) -> Seen:
    from crmdesk.services.sync.pull import CLIENT, OLDEST_SERVER_SCHEMA

    schema, least = int(scope["schema"]), int(scope["min_client"] or 0)
    words = f"server {schema}, this desk {CLIENT}, oldest desk that may write {least}"
    if least > CLIENT:
        return Seen("versions of sharing", BAD, words, "Install the newer crmdesk; nothing typed is lost.")
    if schema < OLDEST_SERVER_SCHEMA:
        return Seen(
            "versions of sharing", BAD, words, "The administrator runs: crmdesk admin server upgrade."
        )
    return Seen("versions of sharing", GOOD, words)


def _person(scope: Mapping[str, Json]) -> Seen:
    if scope.get("role") is None or scope.get("agent_id") is None:
        return Seen(
            "account",
            BAD,
            f"{scope.get('login')} is nobody there",
            "The administrator adds you: crmdesk admin user add.",
        )
    kind = ", a test database" if scope.get("test") else ""
    return Seen("account", GOOD, f"{scope['login']}, {scope['role']}, {len(scope['teams'])} teams{kind}")


def _clock(link: Link) -> Seen:
    from crmdesk.services.sync.session import measured_offset

    ahead = measured_offset(link, lambda: datetime.now(UTC))
    words = f"the server's is {ahead / 1_000:+.1f} s from this computer's"
    if abs(ahead) > SKEW_MS:
        return Seen("clock of the server", BAD, words, "Set the clock right: times of calls depend on it.")
    return Seen("clock of the server", GOOD, words)


def _device(link: Link, device: str) -> Seen:
    found = link.execute("SELECT tag, state, last_n FROM crm.device WHERE id = %s", (device,)).fetchone()
    if found is None:
        return Seen("desk at the server", LOOK, "not known there yet", "It says hello with the next round.")
    tag, state, last_n = found
    if state != "active":
        return Seen(
            "desk at the server",
            BAD,
            f"{tag} was put off by the administrator",
            "At its next contact this desk destroys what it holds.",
        )
    return Seen("desk at the server", GOOD, f"{tag}, {last_n} operations taken")


def _asked(link: Link, statement: str) -> Mapping[str, Json]:
    row = link.execute(statement).fetchone()
    held: Mapping[str, Json] = row[0] if row else {}
    return held
