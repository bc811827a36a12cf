"""Joining the process that has a profile open, so that both use one store lane.

The open process listens on a Unix socket in the profile's folder, or, where there is none or its path would
be too long, on a random port of the loopback. ``attach.json`` (0600) tells where, with a token that is
drawn anew each time. Whoever connects sends the token on a line of its own, gets ``attached``, and then
talks lines.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import logging
import os
import secrets
import socket
import threading
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol

from crmdesk.errors import StoreFault

ADDRESS_FILE = "attach.json"
SOCKET_FILE = "attach.sock"
UNIX_PATH_LIMIT = 100
"""Bytes a socket's path may have; 108 on Linux, 104 on macOS."""

GREETING = b"attached\n"
SHAKE_SECONDS = 5.0
GONE = "The window that had this profile open was closed. Run the command again."
LONGEST_LINE = 16 * 1024 * 1024 + 2
_log = logging.getLogger("crmdesk.attach")


class Conversation(Protocol):
    """What answers one visitor's lines."""

    def take(self, line: bytes) -> None:
        """Work off one line."""

    def close(self) -> None:
        """The visitor has gone."""


Converse = Callable[[Callable[[bytes], None]], Conversation]
"""Begins a conversation, given how to send a line."""


class AttachServer:
    """Lets other processes of the same person join; each visitor has a thread of his own.

    Args:
        folder: the profile's folder.
        converse: begins a conversation; called on the visitor's thread.
    """

    def __init__(self, folder: Path, converse: Converse) -> None:
        self._folder = folder
        self._converse = converse
        self._token = secrets.token_hex(32)
        self._listener: socket.socket | None = None
        self._threads: list[threading.Thread] = []
        self._visitors: set[socket.socket] = set()
        self._guard = threading.Lock()

    def start(self) -> None:
        """Begin to listen."""
        self._listener, address = _listen(self._folder)
        _write_private(
            self._folder / ADDRESS_FILE, json.dumps({**address, "token": self._token, "pid": os.getpid()})
        )
        self._spawn(self._welcome, self._listener)

    def stop(self) -> None:
        """Send all visitors away and join their threads; safe to call twice."""
        listener, self._listener = self._listener, None
        if listener is None:
            return
        _hang_up(listener)
        with self._guard:
            for visitor in self._visitors:
                _hang_up(visitor)
        for thread in list(self._threads):
            thread.join()
        for name in (ADDRESS_FILE, SOCKET_FILE):
            (self._folder / name).unlink(missing_ok=True)

    def _spawn(self, work: Callable[[socket.socket], None], held: socket.socket) -> None:
        thread = threading.Thread(target=work, args=(held,), name="attach", daemon=True)
        with self._guard:
            self._threads = [each for each in self._threads if each.is_alive()] + [thread]
        thread.start()

    def _welcome(self, listener: socket.socket) -> None:
        while self._listener is not None:
            try:
                visitor, _ = listener.accept()
            except OSError:
                break
            if self._admitted(visitor):
                self._spawn(self._serve, visitor)
        listener.close()

    def _admitted(self, visitor: socket.socket) -> bool:
        """Note who came in; send away at once who came while the door was being closed."""
        with self._guard:
            if self._listener is not None:
                self._visitors.add(visitor)
                return True
        visitor.close()
        return False

    def _serve(self, visitor: socket.socket) -> None:
        try:
            with visitor, visitor.makefile("rb") as lines:
                visitor.settimeout(SHAKE_SECONDS)
                if not hmac.compare_digest(lines.readline(200).strip(), self._token.encode()):
                    return
                visitor.settimeout(None)
                visitor.sendall(GREETING)
                self._talk(visitor, lines)
        except OSError as error:
            _log.debug("a visitor left: %s", error)
        finally:
            with self._guard:
                self._visitors.discard(visitor)

    def _talk(self, visitor: socket.socket, lines: IO[bytes]) -> None:
        conversation = self._converse(visitor.sendall)
        try:
            while line := lines.readline(LONGEST_LINE):
                conversation.take(line)
        finally:
            conversation.close()


class Attached:
    """A line to the process that has the profile open."""

    def __init__(self, connection: socket.socket, lines: IO[bytes]) -> None:
        self._connection = connection
        self._lines = lines

    def send(self, line: bytes) -> None:
        """Send one line; raise StoreFault when the other side has ended."""
        try:
            self._connection.sendall(line)
        except OSError as error:
            raise StoreFault(GONE) from error

    def receive(self) -> bytes:
        """Return the next line; empty when the other side ended, however it did."""
        try:
            return self._lines.readline()
        except OSError:
            return b""

    def finish(self) -> None:
        """Say that nothing more will be sent; answers still come."""
        with contextlib.suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        """Hang up."""
        self._lines.close()
        self._connection.close()


def attach(folder: Path) -> Attached | None:
    """Return a line to the process that has the profile at *folder* open, None when nobody answers there.

    Raises:
        StoreFault: others can read where the process listens, so its token may be known to them.
    """
    address = _read_address(folder)
    if address is None:
        return None
    connection = _connect(folder, address)
    if connection is None:
        return None
    lines = connection.makefile("rb")
    try:
        connection.sendall(str(address["token"]).encode() + b"\n")
        if lines.readline(len(GREETING)) == GREETING:
            connection.settimeout(None)
            return Attached(connection, lines)
    except OSError:
        _log.debug("the process that listened at %s is gone", folder)
    lines.close()
    connection.close()
    return None


def _read_address(folder: Path) -> dict[str, Any] | None:
    try:
        with (folder / ADDRESS_FILE).open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & 0o077:
                raise StoreFault("Others can read {path}. Delete it.", path=folder / ADDRESS_FILE)
            held = json.loads(file.read())
    except (OSError, ValueError):
        return None
    return held if isinstance(held, dict) and "token" in held else None


def _listen(folder: Path) -> tuple[socket.socket, dict[str, object]]:
    path = folder / SOCKET_FILE
    if hasattr(socket, "AF_UNIX") and len(os.fsencode(path)) <= UNIX_PATH_LIMIT:
        path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.bind(str(path))
        path.chmod(0o600)
        listener.listen()
        return listener, {"socket": SOCKET_FILE}
    listener = socket.create_server(("127.0.0.1", 0))
    return listener, {"port": listener.getsockname()[1]}


def _connect(folder: Path, address: dict[str, Any]) -> socket.socket | None:
    try:
        if "port" in address:
            return socket.create_connection(("127.0.0.1", int(address["port"])), SHAKE_SECONDS)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    except (OSError, ValueError):
        return None
    connection.settimeout(SHAKE_SECONDS)
    try:
        connection.connect(str(folder / SOCKET_FILE))
    except OSError:
        connection.close()
        return None
    return connection


def _hang_up(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        # Not connected any more: what was wanted.
        return


def _write_private(path: Path, text: str) -> None:
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
