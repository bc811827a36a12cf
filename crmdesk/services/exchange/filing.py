"""Rows of a file that are new, worked out as the rows they become, for the bulk lane to the server.

They are planned and applied as ever, in transactions that are taken back. What changes a record that is here
already is left to the import that follows, which goes by operations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING
from uuid import UUID

from crmdesk.errors import AgentError
from crmdesk.models.operations import RowChange
from crmdesk.models.wire import Row
from crmdesk.services.exchange.loading import NEW, PLANS
from crmdesk.services.exchange.preparing import Prepared
from crmdesk.services.store.store import Store
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

AT_ONCE = 20
"""Rows that are worked out while nobody else writes."""


@dataclass(frozen=True, slots=True)
class Filed:
    """Lines of the file whose rows are new, and what they become: rows by table, each table's by id."""

    lines: tuple[int, ...]
    tables: Mapping[str, Sequence[Row]]


def new_rows(store: Store, kind: str, rows: Sequence[Prepared]) -> Filed:
    """Return what the new ones among *rows* of *kind* become; nothing is changed."""
    lines: list[int] = []
    found: dict[tuple[str, UUID], Row] = {}
    for start in range(0, len(rows), AT_ONCE):
        part = (
            store.write(_rehearsed, kind, rows[start : start + AT_ONCE], initiator="import").result().result
        )
        for line, changes in part:
            lines.append(line)
            found.update({(change.table, change.id): change.row for change in changes if change.row})
    tables: dict[str, list[Row]] = {}
    for (table, _), row in sorted(found.items(), key=lambda each: each[0]):
        tables.setdefault(table, []).append(row)
    return Filed(tuple(lines), tables)


def _rehearsed(work: UnitOfWork, kind: str, rows: Sequence[Prepared]) -> list[tuple[int, list[RowChange]]]:
    """Return line and changes of each row that makes new records only; nothing is committed."""
    found = []
    for row in rows:
        changes = [] if row.reason else _changes(work, kind, row)
        if changes and all(change.row is not None and change.row["rev"] == 1 for change in changes):
            found.append((row.line, changes))
    return found


def _changes(work: UnitOfWork, kind: str, row: Prepared) -> list[RowChange]:
    try:
        outcome, operations = PLANS[kind](work, row.ready)
    except AgentError:
        return []
    if outcome != NEW:
        return []
    return [change for operation in operations for change in work.do(operation)]
