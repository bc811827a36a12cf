"""`crmdesk import --server` for complaints: it ends when the server has judged each of them."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any

from crmdesk.cli import exchange
from crmdesk.services.exchange.preparing import Prepared


class Server:
    """A desk whose server does not accept the complaint of one line."""

    def __init__(self, unwanted: int) -> None:
        self.unwanted = unwanted
        self.here: set[int] = set()
        self.sent = True
        self.calls: list[str] = []

    def call(self, method: str, params: Mapping[str, Any]) -> Any:
        """Answer as a desk does."""
        self.calls.append(method)
        if method == "sync.run":
            refused = len(self.here & {self.unwanted})
            self.here.discard(self.unwanted)
            return {"refused": refused}
        lines = [row["line"] for row in params["rows"]]
        told = [
            {"line": line, "outcome": "same" if line in self.here else "new", "reason": ""} for line in lines
        ]
        self.here |= set() if params["dry_run"] else set(lines)
        return {"rows": told}


def test_what_the_server_does_not_accept_is_told_by_its_line() -> None:
    server, refused = Server(unwanted=3), list[dict[str, Any]]()
    given = argparse.Namespace(kind="complaints", server=True, dry_run=False)
    rows = [Prepared(line, {}) for line in (2, 3, 4)]
    counts = exchange._take(server, given, rows, refused)
    assert counts == {"new": 2, "changed": 0, "same": 0}
    assert refused == [{"line": 3, "reason": exchange.NOT_ACCEPTED}]
    assert server.here == {2, 4}
    assert server.calls[0] == "sync.run", "what is there already is looked at first"
