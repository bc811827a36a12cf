"""The door for other programs of the same person: HTTP on 127.0.0.1, and how to knock at it.

Port and token stand in a file of the profile that only its owner may read. Requests with an ``Origin``
header come from a web page and are refused, as are foreign ``Host`` names and large bodies. ``POST /call``
takes a call as JSON (see `hook.call_from_json`), ``POST /open`` takes ``{"address": "crmdesk://…"}``.
"""

from __future__ import annotations

import contextlib
import hmac
import http.client
import json
import logging
import os
import secrets
import stat
import threading
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from crmdesk.errors import CrmdeskError
from crmdesk.services.telephony.hook import HookCall, call_from_json

HOOK_FILE = "hook.json"
MAX_BODY_BYTES = 4096
REQUEST_SECONDS = 2.0
KNOCK_SECONDS = 1.0
NOT_FROM_PAGES = "Requests from web pages are not taken."
NOT_KNOWN = "The token is missing or wrong; it stands in the file hook.json of the profile."
TOO_LARGE = "The request is too large or has no length."
NO_JSON = "The request is no JSON."
NO_SUCH_PLACE = "There is only POST /call and POST /open."

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
        self._door = _Door(self._token, on_call, on_open)
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


class _Door(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True

    def __init__(
        self, token: str, on_call: Callable[[HookCall], str], on_open: Callable[[str], None] | None
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Request)
        self.token = token
        self.on_call = on_call
        self.on_open = on_open

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Log what a request broke on; the answer was given or nobody waits for it."""
        _log.exception("A hook request failed")


class _Request(BaseHTTPRequestHandler):
    server: _Door
    timeout = REQUEST_SECONDS
    server_version = "crmdesk"
    sys_version = ""

    def do_POST(self) -> None:
        """Take a call or an address."""
        status, answer = self._outcome()
        self._reply(status, answer)

    def do_GET(self) -> None:
        """Say what there is; nothing is told or changed without a body."""
        self._reply(HTTPStatus.METHOD_NOT_ALLOWED, {"error": NO_SUCH_PLACE})

    do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = do_GET

    def _outcome(self) -> tuple[HTTPStatus, dict[str, Any]]:
        refusal = self._refusal()
        if refusal is not None:
            return refusal[0], {"error": refusal[1]}
        length = int(self.headers["Content-Length"])
        try:
            body = json.loads(self.rfile.read(length))
        except (ValueError, RecursionError):
            return HTTPStatus.BAD_REQUEST, {"error": NO_JSON}
        try:
            return self._perform(body)
        except CrmdeskError as error:
            return HTTPStatus.BAD_REQUEST, {"error": str(error)}

    def _refusal(self) -> tuple[HTTPStatus, str] | None:
        """Return why this request is not taken, None when it is."""
        if self.headers.get("Origin") is not None:
            return HTTPStatus.FORBIDDEN, NOT_FROM_PAGES
        port = self.server.server_address[1]
        if self.headers.get("Host", "") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
            return HTTPStatus.FORBIDDEN, NOT_FROM_PAGES
        given = self.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self.server.token.encode()):
            return HTTPStatus.UNAUTHORIZED, NOT_KNOWN
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and int(length[:9]) <= MAX_BODY_BYTES):
            self.close_connection = True
            return HTTPStatus.REQUEST_ENTITY_TOO_LARGE, TOO_LARGE
        return None

    def _perform(self, body: object) -> tuple[HTTPStatus, dict[str, Any]]:
        if self.path == "/call":
            return HTTPStatus.OK, {"accepted": True, "call": self.server.on_call(call_from_json(body))}
        if self.path == "/open" and isinstance(body, dict) and self.server.on_open is not None:
            self.server.on_open(str(body.get("address", "")))
            return HTTPStatus.OK, {"accepted": True}
        return HTTPStatus.NOT_FOUND, {"error": NO_SUCH_PLACE}

    def _reply(self, status: HTTPStatus, answer: dict[str, Any]) -> None:
        data = json.dumps(answer, ensure_ascii=False).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: numbers in a request must not reach the log."""


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
    connection = http.client.HTTPConnection("127.0.0.1", known["port"], timeout=timeout_seconds)
    headers = {"Authorization": f"Bearer {known.get('token')}", "Content-Type": "application/json"}
    with contextlib.closing(connection):
        try:
            connection.request("POST", place, json.dumps(body).encode(), headers)
            return connection.getresponse().status == HTTPStatus.OK
        except (OSError, http.client.HTTPException):
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
