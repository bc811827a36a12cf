"""JSON-RPC 2.0 on the wire: one object per line, and how each failure is told.

Source: the JSON-RPC 2.0 specification; codes from -32000 downwards are ours (``docs/api.md``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from math import isfinite
from typing import Any

from crmdesk.errors import AgentError, Conflict, CrmdeskError, Denied, InvalidInput, NotFound, WorldFault
from crmdesk.models.wire import Json, to_json
from crmdesk.values import dataclass

UNREADABLE, NO_REQUEST, NO_METHOD, INVALID = -32700, -32600, -32601, -32602
CONFLICT, DENIED, NOT_FOUND, ENVIRONMENT, BUG = -32001, -32002, -32004, -32010, -32603
LINE_LIMIT = 16 * 1024 * 1024
"""Bytes of one line at most."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request; a notification has no id (``wants_answer`` False)."""

    method: str
    params: Mapping[str, Json]
    id: str | int | float | None
    wants_answer: bool


class Refusal(Exception):
    """A line that is no request, or a method nobody has: the error to answer, and to which id."""

    def __init__(self, code: int, message: str, request_id: Json = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.request_id = request_id


def parse(line: bytes) -> Request:
    """Return the request in *line*; raise Refusal for anything else."""
    if len(line) > LINE_LIMIT:
        raise Refusal(UNREADABLE, "This line is too long; 16 MB fit.")
    try:
        value = json.loads(line.decode("utf-8"), parse_constant=_refuse_constant, parse_float=_finite)
    except (ValueError, RecursionError) as error:
        raise Refusal(UNREADABLE, f"This line is no JSON: {error}.") from None
    if not isinstance(value, dict):
        raise Refusal(NO_REQUEST, "A request is one JSON object on one line.")
    request_id = value.get("id")
    if isinstance(request_id, bool) or not isinstance(request_id, (str, int, float, type(None))):
        raise Refusal(NO_REQUEST, "The id of a request is text or a number.")
    method, params = value.get("method"), value.get("params")
    if value.get("jsonrpc", "2.0") != "2.0" or not isinstance(method, str):
        raise Refusal(NO_REQUEST, 'A request has "jsonrpc": "2.0" and a "method".', request_id)
    if params is not None and not isinstance(params, dict):
        raise Refusal(INVALID, "Parameters are an object of named values.", request_id)
    return Request(method, params or {}, request_id, "id" in value)


def _refuse_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON value")


def _finite(text: str) -> float:
    """Refuse what Python reads as infinite (``1e400``): no answer could hold it."""
    number = float(text)
    if not isfinite(number):
        raise ValueError(f"{text[:40]} is too large a number")
    return number


def success(request_id: Json, result: Json) -> dict[str, Json]:
    """Return the answer that carries *result*."""
    return {"jsonrpc": "2.0", "id": request_id, "result": result}


def refusal(refused: Refusal) -> dict[str, Json]:
    """Return the answer to a line that could not be taken as a request."""
    return _error(refused.request_id, refused.code, refused.message, {"kind": "invalid", "fields": []})


def failure(request_id: Json, error: BaseException) -> dict[str, Json]:
    """Return the answer that tells *error*; what we did not word ourselves is a bug."""
    if isinstance(error, Conflict):
        data = {"current": to_json(_as_told(error.current)), "fields": list(error.fields)}
        return _error(request_id, CONFLICT, str(error), {"kind": "conflict", **data})
    if isinstance(error, (AgentError, WorldFault)):
        code = next(code for family, code in _CODES if isinstance(error, family))
        return _error(request_id, code, str(error), {"kind": error.kind, "fields": list(error.fields)})
    words = str(error) if isinstance(error, CrmdeskError) else "Something went wrong inside; see the log."
    return _error(request_id, BUG, words, {"kind": "bug", "fields": []})


def _as_told(current: Mapping[str, Any]) -> dict[str, Any]:
    return {"version" if name == "rev" else name: value for name, value in current.items()}


_CODES: tuple[tuple[type[CrmdeskError], int], ...] = (
    (Denied, DENIED),
    (NotFound, NOT_FOUND),
    (InvalidInput, INVALID),
    (WorldFault, ENVIRONMENT),
    (AgentError, INVALID),
)


def _error(request_id: Json, code: int, message: str, data: dict[str, Json]) -> dict[str, Json]:
    return {"jsonrpc": "2.0", "id": request_id, "error": {"code": code, "message": message, "data": data}}


def notification(topic: str, params: Json) -> dict[str, Json]:
    """Return a message without id about *topic*."""
    return {"jsonrpc": "2.0", "method": topic, "params": params}


def line_of(message: Mapping[str, Json]) -> bytes:
    """Return *message* as one line of UTF-8."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode("utf-8", errors="replace") + b"\n"
