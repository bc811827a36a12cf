"""How a command reaches a desk: through the process that has the profile open, else by opening it alone."""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from crmdesk.errors import (
    Bug,
    Conflict,
    CrmdeskError,
    Denied,
    InvalidInput,
    NotFound,
    StoreBusy,
    StoreFault,
    WorldFault,
)

if TYPE_CHECKING:
    from crmdesk.services.attach import Attached
    from crmdesk.services.profile import Profile
    from crmdesk.services.rpc.session import Session

PATIENCE_SECONDS = 10.0
"""How long a third party waits for the profile."""

STEP_SECONDS = 0.2


class Client(Protocol):
    """Calls methods of the interface, wherever they run."""

    def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """Return the result; failures are raised as crmdesk's own."""


def folder(given: argparse.Namespace) -> Path:
    """Return the profile's folder that the command line or the environment names."""
    from crmdesk.services.profile import profile_path

    return profile_path(given.profile, os.environ)


def reach(path: Path, patience_seconds: float = PATIENCE_SECONDS) -> Attached | Profile:
    """Return a line to the process that has the profile open, or the profile opened alone.

    Raises:
        StoreBusy: somebody has it open the whole time and does not let others join.
        StoreFault: it cannot be opened.
    """
    from crmdesk.services.attach import attach
    from crmdesk.services.profile import open_profile, read_identity

    read_identity(path)
    deadline = time.monotonic() + patience_seconds
    while True:
        line = attach(path)
        if line is not None:
            return line
        try:
            return open_profile(path)
        except StoreBusy:
            if time.monotonic() >= deadline:
                raise
        time.sleep(STEP_SECONDS)


@contextmanager
def client(path: Path) -> Iterator[Client]:
    """Give a client of the desk at *path*, for the block."""
    from crmdesk.services.attach import Attached

    reached = reach(path)
    if isinstance(reached, Attached):
        try:
            yield LineClient(reached)
        finally:
            reached.close()
        return
    with alone(reached) as begin:
        session = begin(lambda _line: None)
        try:
            yield session
        finally:
            session.close()


@contextmanager
def alone(profile: Profile, *, live: bool = False) -> Iterator[Callable[[Callable[[bytes], None]], Session]]:
    """Give what begins sessions on the desk of *profile*, and close both after the block.

    *live*: the desk keeps level with its server by itself.
    """
    from crmdesk.logs import log_file
    from crmdesk.services.rpc.desk import close_desk, open_desk
    from crmdesk.services.rpc.methods import all_methods
    from crmdesk.services.rpc.session import Session

    with profile, log_file(profile.logs_path):
        desk = open_desk(profile, live=live)
        methods = all_methods()
        try:
            yield lambda send: Session(desk, methods, send)
        finally:
            close_desk(desk)


class LineClient:
    """Calls methods over the line to another process."""

    def __init__(self, line: Attached) -> None:
        self._line = line
        self._count = 0

    def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """Return the result; failures are raised as crmdesk's own."""
        from crmdesk.services.attach import GONE
        from crmdesk.services.rpc.protocol import line_of

        self._count += 1
        request = {"jsonrpc": "2.0", "id": self._count, "method": method, "params": dict(params)}
        self._line.send(line_of(request))
        while answer := self._line.receive():
            held = json.loads(answer)
            if held.get("id") == self._count:
                return _result(held)
        raise StoreFault(GONE)


def _result(answer: dict[str, Any]) -> Any:
    if "error" not in answer:
        return answer["result"]
    message, data = answer["error"]["message"], answer["error"].get("data", {})
    fields = tuple(data.get("fields", ()))
    if data.get("kind") == "conflict":
        raise Conflict("{message}", current=data["current"], fields=fields, message=message)
    families: dict[str, type[CrmdeskError]] = {
        "invalid": InvalidInput,
        "denied": Denied,
        "not_found": NotFound,
        "environment": WorldFault,
    }
    raise families.get(data.get("kind", ""), Bug)("{message}", fields=fields, message=message)
