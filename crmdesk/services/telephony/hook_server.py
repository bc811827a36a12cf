"""The door for other programs of the same person: HTTP on 127.0.0.1, and how to knock at it.

Port and token stand in a file of the profile that only its owner may read. Requests with an ``Origin``
header come from a web page and are refused, as are foreign ``Host`` names and large bodies. ``POST /call``
takes a call as JSON (see `hook.call_from_json`), ``POST /open`` takes ``{"address": "crmdesk://…"}``. What
reads HTTP (`hook_requests`) is loaded with the first that knocks: a start does not wait for it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from socketserver import BaseRequestHandler, ThreadingTCPServer
from typing import Any

from crmdesk.services.telephony.hook import HookCall

HOOK_FILE = "hook.json"
KNOCK_SECONDS = 1.0

_log = logging.getLogger("crmdesk.telephony")


class HookServer:
    """Listens on a random port of 127.0.0.1, on its own threads.

    Args:
        profile: folder that gets the file with port and token.
        on_call: takes a call and returns its key; errors of crmdesk become the answer.
        on_open: takes a crmdesk:// address to show.
    """

    def __init__(
        self,
        profile: Path,
        on_call: Callable[[HookCall], str],
        on_open: Callable[[str], None] | None = None,
    ) -> None:
        self._file = profile / HOOK_FILE
        self._token = secrets.token_urlsafe(32)
        self._door = Door(self._token, on_call, on_open)
        self._thread = threading.Thread(
            target=self._door.serve_forever, args=(0.1,), name="crmdesk-hook", daemon=True
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._door.server_address[1])

    def start(self) -> None:
        """Write the file and begin to listen. Raises OSError when the file cannot be written."""
        _write_private(self._file, {"port": self.port, "token": self._token})
        self._thread.start()

    def stop(self) -> None:
        """Remove the file, close the door and join the threads; safe to call twice."""
        known = _read_private(self._file)
        if known is not None and known.get("token") == self._token:
            self._file.unlink(missing_ok=True)
        if self._thread.is_alive():
            self._door.shutdown()
            self._thread.join()
        self._door.server_close()


class Door(ThreadingTCPServer):
    """The listening socket, what opens it, and what takes what comes in."""

    allow_reuse_address = True
    daemon_threads = False
    block_on_close = True

    def __init__(
        self, token: str, on_call: Callable[[HookCall], str], on_open: Callable[[str], None] | None
    ) -> None:
        super().__init__(("127.0.0.1", 0), BaseRequestHandler)
        self.token = token
        self.on_call = on_call
        self.on_open = on_open

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Answer one connection, on a thread of its own."""
        from crmdesk.services.telephony.hook_requests import HookRequest

        HookRequest(request, client_address, self)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what a request broke on; the answer was given or nobody waits for it."""
        _log.exception("A hook request failed")


def send_to_running(profile: Path, call: HookCall, timeout_seconds: float = KNOCK_SECONDS) -> bool:
    """Hand *call* to the running window of *profile*; False when there is none or it does not take it."""
    return _knock(profile, "/call", call.as_json(), timeout_seconds)


def open_in_running(profile: Path, address: str, timeout_seconds: float = KNOCK_SECONDS) -> bool:
    """Let the running window of *profile* show a crmdesk:// address; False when there is none."""
    return _knock(profile, "/open", {"address": address}, timeout_seconds)


def _knock(profile: Path, place: str, body: dict[str, Any], timeout_seconds: float) -> bool:
    known = _read_private(profile / HOOK_FILE)
    if known is None or not isinstance(known.get("port"), int):
        return False
    from http import HTTPStatus
    from http.client import HTTPConnection, HTTPException

    connection = HTTPConnection("127.0.0.1", known["port"], timeout=timeout_seconds)
    headers = {"Authorization": f"Bearer {known.get('token')}", "Content-Type": "application/json"}
    with contextlib.closing(connection):
        try:
            connection.request("POST", place, json.dumps(body).encode(), headers)
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, HTTPException):
            return False


def _write_private(path: Path, content: dict[str, Any]) -> None:
    """Write a file that nobody but its owner could read at any moment."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(content, stream)
    fresh.replace(path)


def _read_private(path: Path) -> dict[str, Any] | None:
    """Return the content of the file, None when there is none, it is damaged or others may read it."""
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            return None
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) else None
