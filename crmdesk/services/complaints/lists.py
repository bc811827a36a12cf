"""Lists of complaints, each read from the front of one index: whose clock is next, what waits for a yes.

A line is of the head only, which every desk holds; due dates are those of the last step. Of a restricted
complaint that another team handles there are number, state and owner.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, overload
from uuid import UUID

from crmdesk.models.types import AgentId, CustomerId, TeamId
from crmdesk.models.wire import Row
from crmdesk.services.customers.values import identity, marks, micros, moment, moment_at, rows
from crmdesk.services.store.complaint_index import HANDED_OVER, OPEN, OPEN_COMPLAINT
from crmdesk.values import dataclass

LIMIT = 5000
RECENT = timedelta(days=90)
NAMED = 100
"""Lines whose customers' names are read with the list: a name costs more than the line."""
COLUMNS = ("id", *OPEN_COMPLAINT, "hidden")
"""What is read of a line, in this order."""
_AT = {name: n for n, name in enumerate(COLUMNS)}
_DUE, _NUMBER, _STATE, _SEVERITY, _CATEGORY, _OWNER, _CUSTOMER, _HIDDEN = (
    _AT[name]
    for name in (
        *("next_due_at", "number", "state", "severity", "category", "owner_id", "customer_id", "hidden"),
    )
)
_UNSEEN = "c.restricted AND NOT EXISTS (SELECT 1 FROM complaint_body AS b WHERE b.id = c.id)"
_LINE = f"""SELECT c.id, {", ".join(f"c.{name}" for name in OPEN_COMPLAINT)}, {_UNSEEN}
 FROM complaint AS c WHERE c.{OPEN}"""
_OWNERS = "SELECT id, CASE WHEN name_en || name_zh = '' THEN login ELSE name_en END, name_zh FROM agent"
_MARKS = 500
# CROSS: from those tasks to their complaints, not through all bodies there are.
_HANDED_OVER = f"""SELECT b.id FROM task AS t INDEXED BY ix_task_handed_over
 CROSS JOIN complaint_body AS b ON b.id = t.complaint_id
 WHERE t.{HANDED_OVER.replace(" AND ", " AND t.")} AND b.handed_over_by = ?"""
_MINE = f" AND (c.owner_id = ? OR c.id IN ({_HANDED_OVER}))"
_BY_CLOCK = " ORDER BY c.next_due_at IS NULL, c.next_due_at LIMIT ?"
_COUNTS = f"""SELECT count(*), ifnull(sum({OPEN}), 0), ifnull(sum(received_at >= ?), 0), max(received_at),
 ifnull(max(CASE WHEN {OPEN} THEN severity = 'S1' OR level > 0 END), 0)
 FROM complaint WHERE customer_id = ?"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintLine:
    """One complaint in a list; moments are UTC, names as they stand."""

    id: UUID
    number: str
    state: str
    severity: str
    level: int
    external: str
    category: str
    customer_id: CustomerId | None
    customer_name: str
    owner_id: AgentId | None
    owner_en: str
    owner_zh: str
    team_id: TeamId | None
    next_clock: str
    next_due_at: datetime | None
    wait_for: str
    wait_until: datetime | None
    received_at: datetime
    repeat_of: UUID | None
    reopen_count: int
    version: int
    overdue: bool


@dataclass(frozen=True, slots=True)
class ComplaintCounts:
    """How many complaints a customer has; ``recent``: in 90 days; ``grave``: S1 or escalated, and open."""

    ever: int
    open: int
    recent: int
    last_at: datetime | None
    grave: bool


class Lines(Sequence[ComplaintLine]):
    """Lines by their next clock, those without one last.

    Each is made of its columns when it is looked at: of 5 000 a screen shows thirty.

    Args:
        found: the columns of each line, see :data:`COLUMNS`.
        owners: names in English and Chinese by id, one of them perhaps empty.
        customers: names by id; one that is not known yet is empty.
        now: lines due before it are overdue.
    """

    def __init__(
        self,
        found: Sequence[tuple[Any, ...]],
        owners: Mapping[bytes, tuple[str, str]],
        customers: Mapping[bytes, str],
        now: datetime,
    ) -> None:
        self._found = found
        self._owners = owners
        self._customers = customers
        self._now = now

    def __len__(self) -> int:
        return len(self._found)

    @overload
    def __getitem__(self, place: int) -> ComplaintLine: ...
    @overload
    def __getitem__(self, place: slice) -> Lines: ...
    def __getitem__(self, place: int | slice) -> ComplaintLine | Lines:
        if isinstance(place, slice):
            return self._of(self._found[place])
        values = self._found[place]
        owner = self._owners.get(values[_OWNER], ("", ""))
        return _line(values, self._customers.get(values[_CUSTOMER], ""), owner, self._now)

    def due_before(self, at: datetime) -> Lines:
        """Return the lines that are due before *at*."""
        until, end = micros(at), len(self._found)
        return self[: bisect_left(range(end), until, key=lambda n: self._due(n, until))]

    def with_text(self, text: str, codes: frozenset[str]) -> Lines:
        """Return the lines with *text*, of any width, in number or names, or with one of *codes*."""
        wanted = unicodedata.normalize("NFKC", text).casefold()
        owners = {
            owner for owner, names in self._owners.items() if any(wanted in name.casefold() for name in names)
        }
        customers = {customer for customer, name in self._customers.items() if wanted in name.casefold()}
        return self._of(
            [
                row
                for row in self._found
                if wanted in row[_NUMBER].casefold()
                or wanted == row[_SEVERITY].casefold()
                or row[_STATE] in codes
                or row[_OWNER] in owners
                or (not row[_HIDDEN] and (row[_CATEGORY] in codes or row[_CUSTOMER] in customers))
            ]
        )

    def place_of(self, complaint_id: UUID) -> int:
        """Return the number of a line, -1 when it is not among these."""
        wanted = complaint_id.bytes
        return next((n for n, row in enumerate(self._found) if row[0] == wanted), -1)

    def in_state(self, state: str) -> Lines:
        """Return the lines in *state*."""
        return self._of([row for row in self._found if row[_STATE] == state])

    def with_clocks(self, clocks: Mapping[bytes, tuple[str, int]]) -> Lines:
        """Return the lines named in *clocks* with the clock (name, due in µs) given there, and by it."""
        found = []
        for row in self._found:
            clock = clocks.get(row[0])
            if clock is not None:
                values = [*row]
                values[_AT["next_clock"]], values[_DUE] = clock
                found.append(tuple(values))
        return self._of(sorted(found, key=lambda row: row[_DUE]))

    def with_names(self, customers: Mapping[bytes, str]) -> Lines:
        """Return the same lines with these names of customers."""
        return Lines(self._found, self._owners, customers, self._now)

    @property
    def customers(self) -> Mapping[bytes, str]:
        """The names of customers that are known, by id."""
        return self._customers

    def customer_ids(self) -> list[bytes]:
        """Return whose names belong to these lines, each once, in the order of the store."""
        return sorted({row[_CUSTOMER] for row in self._found} - {None})

    def _due(self, n: int, until: int) -> int:
        due: int | None = self._found[n][_DUE]
        return until if due is None else due

    def _of(self, found: Sequence[tuple[Any, ...]]) -> Lines:
        return Lines(found, self._owners, self._customers, self._now)


def mine(connection: Any, agent_id: AgentId, now: datetime, limit: int = LIMIT) -> Lines:
    """Return the open complaints of *agent_id* by their next clock: owned, or handed over and not taken yet.

    Of the latter those whose file is here: what went to another team has left the list.
    """
    return open_lines(connection, _MINE, now, agent_id.bytes, agent_id.bytes, limit=limit)


def due_list(connection: Any, now: datetime, team_id: TeamId | None = None, limit: int = LIMIT) -> Lines:
    """Return the open complaints of *team_id* by their next clock; of everybody without a team."""
    if team_id is None:
        return open_lines(connection, "", now, limit=limit)
    return open_lines(connection, " AND c.team_id = ?", now, team_id.bytes, limit=limit)


def counts(connection: Any, customer_id: CustomerId, now: datetime) -> ComplaintCounts:
    """Return how many complaints a customer has; reads his own entries of one index."""
    found = rows(connection, _COUNTS, micros(now - RECENT), customer_id.bytes)
    ever, open_, recent, last, grave = found[0]
    return ComplaintCounts(ever, open_, recent, moment(last), bool(grave))


def open_lines(connection: Any, only: str, now: datetime, *values: object, limit: int = LIMIT) -> Lines:
    """Return the open complaints, named ``c``, for which *only* holds with *values*, by their next clock."""
    owners = {row_id: (en, zh) for row_id, en, zh in rows(connection, _OWNERS)}
    found = Lines(rows(connection, _LINE + only + _BY_CLOCK, *values, limit), owners, {}, now)
    return found.with_names(customer_names(connection, found[:NAMED]))


def customer_names(connection: Any, lines: Lines) -> Mapping[bytes, str]:
    """Return the names of the customers of *lines*; those of 5 000 cost four times what the lines do."""
    wanted, names = lines.customer_ids(), dict[bytes, str]()
    for n in range(0, len(wanted), _MARKS):
        batch = wanted[n : n + _MARKS]
        names |= rows(connection, f"SELECT id, name FROM customer WHERE id IN ({marks(len(batch))})", *batch)
    return names


def _line(
    values: tuple[Any, ...], customer_name: str, owner: tuple[str, str], now: datetime
) -> ComplaintLine:
    held: Row = dict(zip(COLUMNS, values, strict=True))
    if held["hidden"]:
        held |= {"category": "", "customer_id": None}
    due = moment(held["next_due_at"])
    customer, owner_id, team = (identity(held[name]) for name in ("customer_id", "owner_id", "team_id"))
    return ComplaintLine(
        id=UUID(bytes=held["id"]),
        number=held["number"],
        state=held["state"],
        severity=held["severity"],
        level=held["level"],
        external=held["external"],
        category=held["category"],
        customer_id=CustomerId(customer) if customer else None,
        customer_name="" if held["hidden"] else customer_name,
        owner_id=AgentId(owner_id) if owner_id else None,
        owner_en=owner[0],
        owner_zh=owner[1],
        team_id=TeamId(team) if team else None,
        next_clock=held["next_clock"],
        next_due_at=due,
        wait_for=held["wait_for"],
        wait_until=moment(held["wait_until"]),
        received_at=moment_at(held["received_at"]),
        repeat_of=identity(held["repeat_of"]),
        reopen_count=held["reopen_count"],
        version=held["rev"],
        overdue=due is not None and due < now,
    )
