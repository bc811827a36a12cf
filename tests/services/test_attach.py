"""Joining the process that has a profile open: who may, what travels, how it ends."""

import json
import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from crmdesk.errors import StoreFault
from crmdesk.services.attach import ADDRESS_FILE, SOCKET_FILE, AttachServer, attach


class Echo:
    """A conversation that answers each line with itself in capitals."""

    closed = 0

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._send = send

    def take(self, line: bytes) -> None:
        self._send(line.upper())

    def close(self) -> None:
        Echo.closed += 1


@pytest.fixture(params=["unix", "loopback"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A profile's folder: with a path short enough for a Unix socket, and with one that is not."""
    path = tmp_path if request.param == "unix" else tmp_path / ("long" * 40)
    path.mkdir(exist_ok=True)
    return path


@pytest.fixture
def server(folder: Path) -> Iterator[AttachServer]:
    """A server that listens."""
    started = AttachServer(folder, Echo)
    started.start()
    yield started
    started.stop()


def test_lines_travel_both_ways_for_several_visitors(server: AttachServer, folder: Path) -> None:
    lines = [attach(folder), attach(folder)]
    for n, line in enumerate(lines):
        assert line is not None
        line.send(f"hello {n}\n".encode())
    for n, line in enumerate(lines):
        assert line is not None
        assert line.receive() == f"HELLO {n}\n".encode()
        line.close()


def test_what_was_sent_before_the_end_is_still_answered(server: AttachServer, folder: Path) -> None:
    line = attach(folder)
    assert line is not None
    line.send(b"one\ntwo\n")
    line.finish()
    assert [line.receive(), line.receive(), line.receive()] == [b"ONE\n", b"TWO\n", b""]
    line.close()


def test_only_its_owner_can_read_where_it_listens(server: AttachServer, folder: Path) -> None:
    assert stat.S_IMODE((folder / ADDRESS_FILE).stat().st_mode) == 0o600
    if (folder / SOCKET_FILE).exists():
        assert stat.S_IMODE((folder / SOCKET_FILE).stat().st_mode) == 0o600


def test_a_wrong_token_is_sent_away(server: AttachServer, folder: Path) -> None:
    address = json.loads((folder / ADDRESS_FILE).read_text())
    (folder / ADDRESS_FILE).write_text(json.dumps({**address, "token": "0" * 64}))
    assert attach(folder) is None


def test_an_address_others_can_read_is_refused(server: AttachServer, folder: Path) -> None:
    os.chmod(folder / ADDRESS_FILE, 0o644)
    with pytest.raises(StoreFault, match="Others can read"):
        attach(folder)


def test_when_it_stops_visitors_hear_the_end_and_nobody_joins(server: AttachServer, folder: Path) -> None:
    line = attach(folder)
    assert line is not None
    before = Echo.closed
    server.stop()
    assert line.receive() == b""
    with pytest.raises(StoreFault, match="was closed"):
        for _ in range(100):
            line.send(b"hello\n")
    line.finish()
    line.close()
    assert Echo.closed == before + 1
    assert attach(folder) is None
    assert not (folder / ADDRESS_FILE).exists()


@pytest.mark.parametrize(
    "content", ["", "nonsense", "[]", "{}", '{"token": "x", "port": 1}', '{"token": "x", "port": "no"}']
)
def test_what_a_killed_process_left_is_no_hindrance(tmp_path: Path, content: str) -> None:
    (tmp_path / ADDRESS_FILE).write_text(content)
    (tmp_path / ADDRESS_FILE).chmod(0o600)
    assert attach(tmp_path) is None


def test_a_dead_socket_is_replaced(tmp_path: Path) -> None:
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    dead.bind(str(tmp_path / SOCKET_FILE))
    dead.close()
    server = AttachServer(tmp_path, Echo)
    server.start()
    line = attach(tmp_path)
    assert line is not None
    line.close()
    server.stop()


def test_nobody_there(tmp_path: Path) -> None:
    assert attach(tmp_path) is None
