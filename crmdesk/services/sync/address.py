"""Where the shared database is and as whom this desk goes there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from crmdesk.errors import InvalidInput, StoreFault
from crmdesk.models.wire import Json
from crmdesk.values import dataclass

PASSWORD = "server"  # noqa: S105 - a name
"""Name of the password among a profile's secrets."""

DEFAULT_PORT = 5432
DEFAULT_DATABASE = "crmdesk"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A database on a server, the account there, and the CA file that says who the server is.

    The password is no part of it: it lies among the profile's secrets as :data:`PASSWORD`.
    """

    host: str
    port: int
    dbname: str
    user: str
    ca: str = ""

    @staticmethod
    def from_dsn(dsn: str, *, user: str = "", ca: str = "") -> ServerAddress:
        """Return the address that *dsn* (libpq's URL or key=value form) names.

        *user* and *ca* go before what the DSN says.

        Raises:
            InvalidInput: it is no DSN, carries a password, or names no host or no person.
        """
        from crmdesk.services.server.connect import parsed

        told = parsed(dsn)
        return _checked(
            ServerAddress(
                told.get("host", ""),
                _port(told.get("port", "")),
                told.get("dbname", DEFAULT_DATABASE),
                user or told.get("user", ""),
                ca or told.get("sslrootcert", ""),
            )
        )

    @staticmethod
    def from_words(words: str, user: str, ca: str = "") -> ServerAddress:
        """Return the address typed as host, host:port or host:port/database; a DSN is taken, too.

        Raises:
            InvalidInput: it names no host, or no port but something else.
        """
        plain = words.strip()
        if "://" in plain or "=" in plain:
            return ServerAddress.from_dsn(plain, user=user, ca=ca)
        place, _, database = plain.partition("/")
        host, port = _split(place)
        return _checked(ServerAddress(host, _port(port), database or DEFAULT_DATABASE, user.strip(), ca))

    @staticmethod
    def from_values(values: Mapping[str, Json]) -> ServerAddress:
        """Return the address a store keeps as *values*.

        Raises:
            StoreFault: they are none.
        """
        try:
            told = {name: str(values[name]) for name in ("host", "dbname", "user", "ca")}
            return ServerAddress(port=int(values["port"]), **told)
        except (ValueError, TypeError, KeyError) as error:
            raise StoreFault(
                "This desk has forgotten where its shared database is. Join it again; nothing is lost."
            ) from error

    @property
    def values(self) -> dict[str, Json]:
        """What a store keeps of it."""
        return {**self.told, "port": self.port, "ca": self.ca}

    @property
    def told(self) -> dict[str, Any]:
        """The address in libpq's names, for connections and for sentences about them."""
        return {"host": self.host, "port": str(self.port), "dbname": self.dbname, "user": self.user}

    def __str__(self) -> str:
        """Return it for people."""
        return f"{self.user}@{self.host}:{self.port}/{self.dbname}"


def _checked(address: ServerAddress) -> ServerAddress:
    if not address.host or "," in address.host or address.host.startswith("/"):
        raise InvalidInput("A server's address begins with the name of one computer.", fields=("address",))
    if not address.user:
        raise InvalidInput("Please fill in {name}.", fields=("user",), name="user")
    if address.ca and not Path(address.ca).is_file():
        raise InvalidInput("There is no file {path}.", fields=("ca_file",), path=address.ca)
    return address


def _split(place: str) -> tuple[str, str]:
    """Return host and port of *place*; an IPv6 address with a port stands in brackets."""
    if place.startswith("["):
        host, _, rest = place[1:].partition("]")
        return host, rest.removeprefix(":")
    host, colon, port = place.rpartition(":")
    return (host, port) if colon and ":" not in host else (place, "")


def _port(words: str) -> int:
    if not words:
        return DEFAULT_PORT
    if not words.isascii() or not words.isdigit() or not 0 < int(words) < 1 << 16:
        raise InvalidInput("{port} is no port: a number from 1 to 65535.", fields=("address",), port=words)
    return int(words)
