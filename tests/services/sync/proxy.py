"""A line between desk and server that can be cut, go dead, or lose what a pooler loses."""

from __future__ import annotations

import selectors
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Self

_SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"


class Line:
    """Passes bytes on between a port of its own and the server's; use as a context manager.

    ``dead`` set: nothing is passed on any more, and nobody is told, as when a cable is pulled. *listener*
    takes the desks' connections, by default at a port of this machine.
    """

    def __init__(self, port: int, listener: socket.socket | None = None) -> None:
        self.server_port = port
        self.dead = threading.Event()
        self._listener = listener or socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()
        for thread in self._threads:
            thread.join()

    def cut(self) -> None:
        """Break all that goes through it now."""
        for each in list(self._open):
            try:
                each.shutdown(socket.SHUT_RDWR)
            except OSError:
                continue

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        thread = threading.Thread(target=work, args=arguments, name="line")
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                desk, _ = self._listener.accept()
            except OSError:
                return
            self._start(self._carry, desk)

    def _carry(self, desk: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self.server_port))
        except OSError:
            desk.close()
            return
        with desk, server:
            self._open += [desk, server]
            try:
                self._pass_on(desk, server)
            except OSError:
                return

    def _pass_on(self, desk: socket.socket, server: socket.socket) -> None:
        with selectors.DefaultSelector() as ready:
            ready.register(desk, selectors.EVENT_READ, server)
            ready.register(server, selectors.EVENT_READ, desk)
            while True:
                for key, _ in ready.select():
                    source = key.fileobj
                    assert isinstance(source, socket.socket)
                    part = source.recv(1 << 16)
                    if not part:
                        return
                    if not self.dead.is_set():
                        key.data.sendall(part)


class Pooler(Line):
    """A line that swallows what the server notifies, as a pooler in transaction mode does.

    It shows the server's own certificate, so that the desk takes it for the server.
    """

    def __init__(self, port: int, certificate: Path, key: Path, ca: Path) -> None:
        super().__init__(port)
        self.swallowed = 0
        self._to_desk = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._to_desk.load_cert_chain(certificate, key)
        self._to_server = ssl.create_default_context(cafile=str(ca))

    def _pass_on(self, desk: socket.socket, server: socket.socket) -> None:
        desk.recv(len(_SSL_REQUEST), socket.MSG_WAITALL)
        desk.sendall(b"S")
        server.sendall(_SSL_REQUEST)
        server.recv(1)
        with (
            self._to_desk.wrap_socket(desk, server_side=True) as near,
            self._to_server.wrap_socket(server, server_hostname="127.0.0.1") as far,
        ):
            self._open += [near, far]
            back = threading.Thread(target=self._answers, args=(far, near), name="line")
            back.start()
            try:
                while part := near.recv(1 << 16):
                    far.sendall(part)
            finally:
                for each in (near, far):
                    try:
                        each.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        continue
                back.join()

    def _answers(self, far: ssl.SSLSocket, near: ssl.SSLSocket) -> None:
        held = b""
        try:
            while part := far.recv(1 << 16):
                held += part
                while len(held) >= 5 and len(held) > (size := int.from_bytes(held[1:5], "big")):
                    message, held = held[: size + 1], held[size + 1 :]
                    if message[:1] == b"A":
                        self.swallowed += 1
                    else:
                        near.sendall(message)
        except OSError:
            return
