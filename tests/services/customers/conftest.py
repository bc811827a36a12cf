"""A desk with a real encrypted store, filled through operations only."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from crmdesk.models import agent, asset, call, choice, customer, note, task, visit
from crmdesk.models.operations import Author, Operation
from crmdesk.models.screen_pop import CallerNumber
from crmdesk.models.types import CustomerId
from crmdesk.services.customers.search_index import CustomerSearchIndex
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork
from tests.stores import KEY, empty_store

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def caller(e164: str | None, raw: str | None = None, kind: str = "mobile") -> CallerNumber:
    """A number as the telephone hands it over."""
    return CallerNumber(raw or e164, e164, kind, raw or e164 or "")


def own_number(e164: str, **values: object) -> dict[str, object]:
    """The fields of a telephone number on record."""
    digits = "".join(c for c in e164 if c.isdigit())
    return {"raw": e164, "value": e164, "national": digits.removeprefix("86"), **values}


@dataclass
class Desk:
    """A store and the clock of its author."""

    path: Path
    now: datetime = NOON
    store: Store = field(init=False)
    reader: Any = field(init=False)

    def __post_init__(self) -> None:
        empty_store(self.path, KEY)
        author = Author("lin.yue", "desk", lambda: self.now)
        self.store = Store(self.path, KEY, author, lambda: (CustomerSearchIndex(),))
        self.reader = self.store.open_reader()

    def close(self) -> None:
        self.reader.close()
        self.store.close()

    def write(self, use_case: Callable[..., Any], *arguments: Any) -> Any:
        """Run a use case and return its result."""
        return self.store.write(use_case, *arguments).result(30).result

    def do(self, *operations: Operation) -> None:
        """Apply *operations* in one unit of work."""
        self.write(_apply_all, operations)

    @property
    def author(self) -> Author:
        return self.store.author

    def customer(self, name: str, *numbers: str | dict[str, object], **fields: object) -> CustomerId:
        """Open a customer with numbers (E.164, or the fields of a contact point)."""
        points = [own_number(n) if isinstance(n, str) else n for n in numbers]
        operation = customer.open_customer(self.author, {"name": name, **fields}, points)
        self.do(operation)
        return CustomerId(UUID(operation.payload["id"]))

    def asset(self, owner: UUID, **fields: object) -> UUID:
        """Open an asset."""
        operation = asset.open_asset(self.author, {"customer_id": owner, **fields})
        self.do(operation)
        return UUID(operation.payload["id"])

    def contact(self, company: UUID, name: str, *numbers: str, role: str = "") -> UUID:
        """Open a person of a company."""
        row_id = uuid4()
        payload = {
            "fields": {"id": row_id, "customer_id": company, "name": name, "role": role},
            "points": [own_number(n) for n in numbers],
        }
        self.do(self.author.describe("contact.save", payload))
        return row_id

    def call(
        self, number: str, owner: UUID | None = None, *, ago: timedelta = timedelta(), **fields: object
    ) -> UUID:
        """Let a call have happened *ago*."""
        row_id = uuid4()
        values = {
            "call_key": row_id.hex,
            "number_value": number,
            "customer_id": owner,
            "started_at": self.now - ago,
            **fields,
        }
        self.do(call.see_call(self.author, row_id, values))
        return row_id

    def visit(
        self, owner: UUID, car: UUID, *items: tuple[str, str], ago_days: int = 1, **fields: Any
    ) -> UUID:
        """Let a visit have happened, with items (kind, code)."""
        values = {
            "asset_id": car,
            "customer_id": owner,
            "visited_at": self.now - timedelta(days=ago_days),
            **fields,
        }
        lines = [{"kind": kind, "code": code, "text": code} for kind, code in items]
        operation = visit.record_visit(self.author, values, lines)
        self.do(operation)
        return UUID(operation.payload["id"])

    def note(self, owner: UUID, text: str) -> None:
        """Write a note."""
        self.do(note.append_note(self.author, text, customer_id=owner))

    def task(self, owner: UUID | None, **fields: object) -> None:
        """Open a task."""
        self.do(task.open_task(self.author, {"customer_id": owner, "subject": "Promised", **fields}))

    def decide(self, number: str, mode: str, owner: UUID | None = None) -> None:
        """Remember a choice for a number."""
        self.do(choice.remember_choice(self.author, number, mode, owner))

    def code(self, table: str, key: str, **fields: object) -> None:
        """Write a row of a code table."""
        self.do(agent.save_code(self.author, table, {"id": uuid4(), "key": key, **fields}))

    def later(self, **ago: float) -> None:
        """Let time pass."""
        self.now += timedelta(**ago)


def _apply_all(work: UnitOfWork, operations: tuple[Operation, ...]) -> None:
    for operation in operations:
        work.do(operation)
    work.commit()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An empty desk."""
    held = Desk(tmp_path / "desk.db")
    yield held
    held.close()


class Statements:
    """The statements a connection ran since this was made."""

    def __init__(self, connection: Any) -> None:
        self.ran: list[str] = []
        connection.set_trace_callback(self.ran.append)
        self._connection = connection

    def stop(self) -> list[str]:
        """Stop listening and return what ran, without what the search index asks itself."""
        self._connection.set_trace_callback(None)
        return [statement for statement in self.ran if not statement.startswith("--")]


DERIVED = ("SCAN page", "SCAN hit", "SCAN a", "SCAN CONSTANT ROW")
"""Steps over the few rows a query of ours gave itself; ``a`` are the assets of one customer."""


def unindexed(connection: Any, statements: list[str]) -> list[str]:
    """Return the plan steps that read a whole table, of *statements* with their values in place.

    The front of an index, left after a few rows, is no whole table.
    """
    found = []
    for statement in statements:
        front = "ORDER BY" in statement and "LIMIT" in statement
        for *_, step in connection.execute("EXPLAIN QUERY PLAN " + statement):
            if not step.startswith("SCAN") or step in DERIVED or "VIRTUAL TABLE INDEX" in step:
                continue
            if not (front and " USING INDEX " in step):
                found.append(f"{step}: {statement}")
    return found
