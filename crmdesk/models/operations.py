"""Operations: every change described once, applied the same everywhere.

An operation says what a person did (kind, version, payload), on which revision he looked, when, and at
which desk. :func:`crmdesk.models.effects.apply` turns it into rows: pure, deterministic, the same on every
desk and on the server, so a log of operations replayed from nothing gives the rows back. Deciding whether
somebody *may* do a thing is the entities' part and happens before; an effect never refuses what was once
accepted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from crmdesk.models.types import Clock, new_id
from crmdesk.models.wire import Json, Row, field_types, to_json
from crmdesk.values import dataclass


@dataclass(frozen=True, slots=True)
class Operation:
    """One change: ``payload`` holds JSON values, ``base_revision`` the revision the person looked at."""

    id: UUID
    kind: str
    version: int
    payload: Mapping[str, Json]
    base_revision: int | None
    actor: str
    device: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row as it stands after an operation; ``row`` None when the row is gone."""

    table: str
    id: UUID
    row: Row | None


class Rows(Protocol):
    """The rows an effect may look at."""

    def get(self, table: str, row_id: UUID) -> Row | None:
        """Return one row, None when there is none."""

    def where(self, table: str, column: str, value: object) -> list[Row]:
        """Return the rows whose *column* equals *value*, ordered by id."""


Effect = Callable[[Rows, Operation], Iterable[RowChange]]


@dataclass(frozen=True, slots=True)
class Author:
    """Who acts, at which desk, by which clock: what turns a decision into an operation.

    ``actor`` is the agent's id as text (empty: nobody signed in), ``device`` the desk's id.
    """

    actor: str
    device: str
    clock: Clock

    def now(self) -> datetime:
        """Return the desk's present moment, UTC."""
        return self.clock()

    def new_id(self) -> UUID:
        """Return an id for a new row, ordered by the desk's clock."""
        return new_id(int(self.clock().timestamp() * 1000))

    def describe(
        self,
        kind: str,
        payload: Mapping[str, object],
        *,
        base_revision: int | None = None,
        operation_id: UUID | None = None,
    ) -> Operation:
        """Return the operation *kind* with *payload*, made now by this author."""
        return Operation(
            id=operation_id or self.new_id(),
            kind=kind,
            version=1,
            payload=to_json(payload),
            base_revision=base_revision,
            actor=self.actor,
            device=self.device,
            at=self.now(),
        )


class RowsInMemory:
    """Rows held in dictionaries: for replays, tests and forecasts.

    ``changed()`` lays row changes over them.
    """

    def __init__(self) -> None:
        self.tables: dict[str, dict[UUID, Row]] = {}

    def get(self, table: str, row_id: UUID) -> Row | None:
        """Return one row, None when there is none."""
        return self.tables.get(table, {}).get(row_id)

    def where(self, table: str, column: str, value: object) -> list[Row]:
        """Return the rows whose *column* equals *value*, ordered by id."""
        held = self.tables.get(table, {})
        return [held[key] for key in sorted(held) if held[key][column] == value]

    def changed(self, changes: Iterable[RowChange]) -> None:
        """Lay *changes* over the rows."""
        for change in changes:
            held = self.tables.setdefault(change.table, {})
            if change.row is None:
                held.pop(change.id, None)
            else:
                held[change.id] = change.row


def row_of(entity: Any) -> Row:
    """Return the columns of *entity* (a dataclass) as a row."""
    return {name: getattr(entity, name) for name in field_types(entity.__class__)}


def fresh(table: str, entity: Any) -> RowChange:
    """Return the change that writes *entity* as a new row of *table*, revision 1."""
    return RowChange(table, entity.id, {**row_of(entity), "rev": 1})


def patched(table: str, row: Row, changes: Mapping[str, object]) -> RowChange:
    """Return the change that lays *changes* over *row* and counts its revision up."""
    return RowChange(table, row["id"], {**row, **changes, "rev": row["rev"] + 1})
