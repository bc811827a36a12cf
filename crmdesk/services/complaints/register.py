"""The register for an auditor: one line a complaint, each with a digest that rests on all lines before it.

The digest of a line is SHA-256 over the digest before it and the line's cells; the first rests on the names
of the columns. The last line holds the count and the head of the chain. Whoever has written the head down can
tell that no line was changed, left out, put in or moved since; the file alone proves only that it is whole.
Names and texts are not in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from crmdesk.errors import FileFault
from crmdesk.models.clock import BY_REASSESSMENT, LATE, THE_CUSTOMERS_OWN, Ledger, Run
from crmdesk.models.complaint_step import ledger_of
from crmdesk.models.wire import Row, to_json
from crmdesk.services.complaints.procedure import CENTS
from crmdesk.services.store.rows import shape_of
from crmdesk.services.store.values import to_micros
from crmdesk.values import dataclass

SCHEME = "crmdesk register 1"
END = "END"
"""Stands in the first cell of the last line."""
REJECTED = "REJECTED"
ACCEPTED, NOT_ACCEPTED, UNDECIDED = "accepted", "not accepted", "undecided"
_HEAD = (
    *("number", "external_id", "state", "severity", "level", "category", "channel", "regime", "external"),
    *("received_at", "logged_at"),
)
_BODY = ("acknowledged_at", "contacted_at", "responded_at")
_ENDED = ("resolved_at", "closed_at")
_FOUND = ("finding", "cause", "cause_class")
COLUMNS = (
    *(*_HEAD, "acceptance", *_BODY, *_ENDED, *_FOUND, "remedies", "remedy_total", "csm", "breaches"),
    *("reopen_count", "imported", "version", "last_operation_id", "whole", "digest"),
)
ACCEPTANCE = COLUMNS.index("acceptance")
_FIRST, _LAST = -(1 << 62), 1 << 62
"""Before and after any moment, in µs."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some lines without their digests; ``after`` gets what follows, None at the end."""

    lines: tuple[tuple[str, ...], ...]
    after: tuple[datetime, UUID] | None


@dataclass(frozen=True, slots=True)
class Sealed:
    """What a whole register comes to; ``head`` is the last digest, hex."""

    rows: int
    not_accepted: int
    head: str


class Chain:
    """The digests of a register, line by line; ``head`` is the latest one."""

    def __init__(self) -> None:
        self.head = _digest(SCHEME, COLUMNS)
        self.rows = 0
        self.not_accepted = 0

    def add(self, cells: Sequence[str]) -> str:
        """Return the digest of a line without it."""
        self.head = _digest(self.head, cells)
        self.rows += 1
        self.not_accepted += cells[ACCEPTANCE] == NOT_ACCEPTED
        return self.head

    def sealed(self) -> Sealed:
        """Return what it comes to."""
        return Sealed(self.rows, self.not_accepted, self.head)

    def end(self) -> tuple[str, ...]:
        """Return the last line."""
        told = (END, str(self.rows), str(self.not_accepted))
        return (*told, *[""] * (len(COLUMNS) - len(told) - 1), self.head)


def _digest(before: str, cells: Sequence[str]) -> str:
    text = json.dumps([before, *cells], ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def verified(lines: Iterable[Sequence[str]]) -> Sealed:
    """Return what a register comes to, its first line the columns.

    Raises:
        FileFault: it is none, or not as it was written; the sentence names the line.
    """
    told = iter(lines)
    if tuple(next(told, ())) != COLUMNS:
        raise FileFault("This is no register of crmdesk: its columns are others.")
    chain = Chain()
    for n, line in enumerate(told, 2):
        if line and line[0] == END:
            _refuse_more(n, line, chain, told)
            return chain.sealed()
        if len(line) != len(COLUMNS) or chain.add(line[:-1]) != line[-1]:
            raise FileFault(
                "The register is not as it was written: line {line} does not fit those before it.", line=n
            )
    raise FileFault("The register breaks off after line {line}: its end is missing.", line=chain.rows + 1)


def _refuse_more(n: int, end: Sequence[str], chain: Chain, rest: Iterator[Sequence[str]]) -> None:
    if tuple(end) != chain.end() or next(rest, None) is not None:
        raise FileFault("The register is not as it was written: its end in line {line} does not fit.", line=n)


def register_part(
    connection: Any,
    now: datetime,
    currency: str,
    limit: int,
    after: tuple[datetime, UUID] | None = None,
    received: tuple[datetime | None, datetime | None] = (None, None),
) -> Part:
    """Return lines of the complaints received in a span, the earliest first, by the rows as they stand.

    Args:
        connection: a reader.
        now: by which clocks that run are judged.
        currency: of the house.
        limit: lines at most.
        after: as the part before says.
        received: first and last moment, both included; None: all there are.
    """
    heads = _heads(connection, limit, after, received)
    if not heads:
        return Part((), None)
    ids = [row["id"] for row in heads]
    bodies = {row["id"]: row for row in _of(connection, "complaint_body", "id", ids)}
    remedies, clocks = (
        _grouped(_of(connection, name, "complaint_id", ids)) for name in ("remedy_line", "clock_line")
    )
    lines = tuple(
        _line(
            row, bodies.get(row["id"]), remedies.get(row["id"], []), clocks.get(row["id"], []), now, currency
        )
        for row in heads
    )
    last = heads[-1] if len(heads) == limit else None
    return Part(lines, (last["received_at"], last["id"]) if last else None)


def _heads(
    connection: Any,
    limit: int,
    after: tuple[datetime, UUID] | None,
    received: tuple[datetime | None, datetime | None],
) -> list[Row]:
    shape, (since, until) = shape_of("complaint"), received
    place = (to_micros(after[0]), after[1].bytes) if after else (to_micros(since) if since else _FIRST, b"")
    found = connection.execute(
        f"{shape.select} WHERE (received_at, id) > (?, ?) AND received_at <= ?"
        " ORDER BY received_at, id LIMIT ?",
        (*place, to_micros(until) if until else _LAST, limit),
    ).fetchall()
    return [shape.read(stored) for stored in found]


def _of(connection: Any, table: str, column: str, ids: Sequence[UUID]) -> list[Row]:
    shape, marks = shape_of(table), ", ".join("?" * len(ids))
    found = connection.execute(f"{shape.select} WHERE {column} IN ({marks})", [each.bytes for each in ids])
    return [shape.read(stored) for stored in found.fetchall()]


def _grouped(rows: Iterable[Row]) -> dict[UUID, list[Row]]:
    found: dict[UUID, list[Row]] = {}
    for row in rows:
        found.setdefault(row["complaint_id"], []).append(row)
    return found


def _line(
    head: Row, body: Row | None, remedies: Sequence[Row], clocks: Sequence[Row], now: datetime, currency: str
) -> tuple[str, ...]:
    """Return the cells of a complaint without the digest; those of a body that is for others are empty."""
    inside = body or dict.fromkeys((*_BODY, *_FOUND, "csm"))
    kept = sorted((row for row in remedies if not row["void"]), key=lambda row: row["position"])
    units = body["remedy_total"] if body else None
    cells = (
        *(head[name] for name in _HEAD),
        acceptance(head, body),
        *(inside[name] for name in _BODY),
        *(head[name] for name in _ENDED),
        *(inside[name] for name in _FOUND),
        "; ".join(row["type"] for row in kept),
        "" if units is None else f"{units // CENTS}.{units % CENTS:02d} {currency}",
        inside["csm"],
        "; ".join(breaches(ledger_of(clocks), now)),
        *(head[name] for name in ("reopen_count", "imported", "rev", "last_operation_id")),
        body is not None,
    )
    return tuple("" if cell is None else _text(cell) for cell in cells)


def _text(cell: object) -> str:
    return ("yes" if cell else "no") if isinstance(cell, bool) else str(to_json(cell))


def acceptance(head: Row, body: Row | None) -> str:
    """Return whether a complaint was accepted as one."""
    if head["state"] == REJECTED:
        return NOT_ACCEPTED
    return ACCEPTED if body and body["acknowledged_at"] else UNDECIDED


def breaches(ledger: Ledger, now: datetime) -> list[str]:
    """Return the clocks of ours and of regimes that were missed, and how; in any of their runs."""
    ours = {clock: runs for clock, runs in ledger.runs().items() if clock not in THE_CUSTOMERS_OWN}
    late = {clock: [run for run in runs if _late(run, now)] for clock, runs in ours.items()}
    return [
        f"{clock} {BY_REASSESSMENT if all(run.reassessed for run in runs) else LATE}"
        for clock, runs in sorted(late.items())
        if runs
    ]


def _late(run: Run, now: datetime) -> bool:
    """Whether a run of a clock missed its date; needs no calendar, as each line has the date it came to."""
    until = run.stop.at if run.stop else now
    return run.overdue or (run.paused_at is None and until > run.last.due)
