"""A server in a few lines, as the oracle of the desk store: rows, feed, ticks, dense numbers, rights.

It does what the real one promises and nothing else: operations one after another, each once, refused when
their base revision or right does not hold; a feed of places numbered after the fact; a backup to go back to.
"""

from __future__ import annotations

import copy
import hashlib
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from crmdesk.models.effects import EFFECTS, ENTITIES, apply
from crmdesk.models.operations import Operation, RowsInMemory
from crmdesk.models.outbox import Pending, Pulled, PulledRow, Range, revised_place, wanted_fields
from crmdesk.models.wire import Row, to_json

PlaceOfRow = tuple[str, UUID]
Rows = dict[PlaceOfRow, Row]


@dataclass
class Device:
    """What the server knows of one desk."""

    last_n: int = 0
    results: dict[int, dict[str, Any]] = field(default_factory=dict)
    feed_to: dict[int, int] = field(default_factory=dict)
    """How long the feed was after each number."""


@dataclass
class State:
    """All that a backup brings back."""

    rows: RowsInMemory = field(default_factory=RowsInMemory)
    feed: list[tuple[str, UUID]] = field(default_factory=list)
    ticks: list[tuple[int, bytes]] = field(default_factory=lambda: [(0, b"begun")])
    devices: dict[str, Device] = field(default_factory=dict)
    changed: dict[tuple[str, UUID, int], tuple[str, frozenset[str]]] = field(default_factory=dict)
    """Which desk changed which fields, by table, id and the revision it made."""
    done: list[tuple[str, UUID]] = field(default_factory=list)
    hidden: set[PlaceOfRow] = field(default_factory=set)


class ModelServer:
    """The server; ``denies`` are kinds of operation that it refuses for want of a right."""

    def __init__(self) -> None:
        self.state = State()
        self.denies: set[str] = set()
        self.counted: dict[str, int] = {}
        self._backups: list[State] = []
        self._restores = 0

    def push(self, device: str, pending: Pending) -> dict[str, Any]:
        """Do one operation, or say again what became of it."""
        known = self.state.devices.setdefault(device, Device())
        if pending.n <= known.last_n:
            return {**known.results[pending.n], "dup": True}
        if pending.n > known.last_n + 1:
            self._count("gap")
            return {"gap": known.last_n}
        operation = replace(pending.operation, device=device)
        result = self._refusal(operation)
        if result is None:
            self._do(operation)
            result = {"ok": True}
        else:
            self._count(str(result["rejected"]))
        known.last_n = pending.n
        known.results[pending.n] = result
        known.feed_to[pending.n] = len(self.state.feed)
        return dict(result)

    def _count(self, what: str) -> None:
        self.counted[what] = self.counted.get(what, 0) + 1

    def _do(self, operation: Operation) -> None:
        assert ("", operation.id) not in self.state.done, "an operation was done twice"
        self.state.done.append(("", operation.id))
        for change in apply(self.state.rows, operation):
            before = self.state.rows.get(change.table, change.id) or {}
            if change.row is not None:
                fields = frozenset(k for k, v in change.row.items() if before.get(k) != v)
                place = (change.table, change.id, change.row["rev"])
                self.state.changed[place] = (operation.device, fields)
            self.state.rows.changed([change])
            self.state.feed.append((change.table, change.id))

    def _refusal(self, operation: Operation) -> dict[str, Any] | None:
        if operation.kind not in EFFECTS:
            return {"rejected": "unknown_kind", "why": "Not known."}
        if operation.kind in self.denies:
            return {"rejected": "denied", "why": "You may not do that."}
        place = revised_place(operation)
        if place is None:
            return None
        row = self.state.rows.get(*place)
        if row is None:
            return {"rejected": "gone", "why": "It is gone."}
        base = operation.base_revision or 0
        others = set(wanted_fields(operation)) if base > row["rev"] else self._foreign(operation, base)
        clash = sorted(f for f, v in wanted_fields(operation).items() if f in others and row[f] != v)
        if not clash:
            return None
        return {"rejected": "conflict", "why": "Changed.", "fields": clash, "current": to_json(row)}

    def _foreign(self, operation: Operation, base: int) -> set[str]:
        place = revised_place(operation)
        return {
            name
            for (table, row_id, rev), (device, fields) in self.state.changed.items()
            if (table, row_id) == place and rev > base and device != operation.device
            for name in fields
        }

    def stamp(self) -> None:
        """Number what the feed holds since the last tick."""
        head, fp = self.state.ticks[-1]
        if len(self.state.feed) > head:
            grown = hashlib.sha256(fp + repr((self._restores, self.state.feed[head:])).encode()).digest()
            self.state.ticks.append((len(self.state.feed), grown))

    def pull(self, device: str, since: int, fp: bytes) -> Pulled | None:
        """Return what changed since a tick; None when that tick is of another history."""
        if dict(self.state.ticks).get(since) != fp:
            return None
        head, now = self.state.ticks[-1]
        places = dict.fromkeys(self.state.feed[since:head])
        rows = [PulledRow(t, i, self.shown().get((t, i))) for t, i in places]
        return Pulled(since, head, now, {}, self.reached(device), rows)

    def everything(self, device: str, since: int) -> Pulled:
        """Return all rows, for a desk that stands at the tick *since* of whatever history."""
        head, now = self.state.ticks[-1]
        rows = [PulledRow(t, i, row) for (t, i), row in self.shown().items()]
        ranges = tuple(Range(table) for table in ENTITIES)
        return Pulled(since, head, now, {}, self.reached(device), rows, complete=ranges, reload=True)

    def reached(self, device: str) -> int:
        """Return the largest number of a desk whose effects are all in the last tick."""
        head = self.state.ticks[-1][0]
        known = self.state.devices.get(device, Device())
        return max((n for n, length in known.feed_to.items() if length <= head), default=0)

    def shown(self) -> Rows:
        """Return the rows that the desk may see."""
        return {
            (table, row_id): row
            for table, held in self.state.rows.tables.items()
            for row_id, row in held.items()
            if (table, row_id) not in self.state.hidden
        }

    def hide(self, place: PlaceOfRow) -> None:
        """Take the right to see a row away, or give it back; whoever lost it hears of it, too."""
        self.state.hidden ^= {place}
        self.state.feed.append(place)

    def back_up(self) -> None:
        """Keep the state to go back to."""
        self._backups.append(copy.deepcopy(self.state))

    def restore(self) -> bool:
        """Go back to the last backup; return whether there was one."""
        if not self._backups:
            return False
        self.state = self._backups.pop()
        self._restores += 1
        self._count("restore")
        return True
