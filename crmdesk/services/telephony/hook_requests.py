"""What is said at the door of `hook_server`: one HTTP request, refused or taken, and its answer."""

from __future__ import annotations

import hmac
import json
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

from crmdesk.errors import CrmdeskError
from crmdesk.services.telephony.hook import call_from_json

if TYPE_CHECKING:
    from crmdesk.services.telephony.hook_server import Door

MAX_BODY_BYTES = 4096
REQUEST_SECONDS = 2.0
NOT_FROM_PAGES = "Requests from web pages are not taken."
NOT_KNOWN = "The token is missing or wrong; it stands in the file hook.json of the profile."
TOO_LARGE = "The request is too large or has no length."
NO_JSON = "The request is no JSON."
NO_SUCH_PLACE = "There is only POST /call and POST /open."


class HookRequest(BaseHTTPRequestHandler):
    """One request at a :class:`~crmdesk.services.telephony.hook_server.Door`."""

    server: Door
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
