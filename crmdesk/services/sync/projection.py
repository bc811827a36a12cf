"""The server's rows with this desk's unsent operations on them, worked out before anything is written."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from uuid import UUID

from crmdesk.models.effects import ENTITIES, apply
from crmdesk.models.operations import Operation, RowChange, Rows
from crmdesk.models.outbox import STEP, based_place, revised_place, wanted_fields
from crmdesk.models.wire import Row, from_json
from crmdesk.services.store.connection import Connection
from crmdesk.services.store.rows import StoredRows
from crmdesk.services.sync.outbox import Waiting, kept_form

PlaceOfRow = tuple[str, UUID]
_log = logging.getLogger("crmdesk.sync")


class Projection:
    """Rows as effects see them: what was laid here, else what the rows under it say.

    Args:
        under: the rows of the store.
        laid: rows that stand instead of those, None for one that is not there.
    """

    def __init__(self, under: Rows, laid: Mapping[PlaceOfRow, Row | None]) -> None:
        self._under = under
        self._laid: dict[str, dict[UUID, Row | None]] = {}
        for (table, row_id), row in laid.items():
            self.lay(table, row_id, row)

    def lay(self, table: str, row_id: UUID, row: Row | None) -> None:
        """Have *row* stand at its place."""
        self._laid.setdefault(table, {})[row_id] = row

    def get(self, table: str, row_id: UUID) -> Row | None:
        """Return one row, None when there is none."""
        laid = self._laid.get(table)
        if laid is not None and row_id in laid:
            return laid[row_id]
        return self._under.get(table, row_id)

    def where(self, table: str, column: str, value: object) -> list[Row]:
        """Return the rows whose *column* equals *value*, ordered by id."""
        found, laid = self._under.where(table, column, value), self._laid.get(table)
        if not laid:
            return found
        kept = [row for row in found if row["id"] not in laid]
        kept.extend(row for row in laid.values() if row is not None and row[column] == value)
        return sorted(kept, key=lambda row: row["id"])

    def places(self) -> Iterable[PlaceOfRow]:
        """Return where something was laid."""
        return [(table, row_id) for table, held in self._laid.items() for row_id in held]


class Relay:
    """Works out the rows of this desk: originals, what came from the server, operations on top.

    Args:
        stored: the rows as they are here now.
        kept: ``server_row``, the server's version of the rows under unsent operations.
    """

    def __init__(self, stored: StoredRows, kept: Mapping[PlaceOfRow, Row | None]) -> None:
        self.stored = stored
        self.kept = kept
        self.rows = Projection(stored, kept)
        self.under: dict[PlaceOfRow, Row | None] = {}
        self.outlooks: dict[int, tuple[str, str]] = {}
        self._foreign: dict[PlaceOfRow, dict[str, object]] = {}

    def expected(self, reached: Iterable[Waiting]) -> Projection:
        """Return the server's rows as they would be if only *reached*, ours, had happened since."""
        rows = Projection(self.stored, self.kept)
        for each in reached:
            for change in _effects(rows, each.operation)[0]:
                rows.lay(change.table, change.id, change.row)
        return rows

    def take(self, place: PlaceOfRow, row: Row | None, expected: Projection | None) -> None:
        """Lay the server's *row*; what differs from *expected* was changed by others."""
        self.rows.lay(*place, row)
        if self.kept and expected is not None and row is not None and place in self.kept:
            before = expected.get(*place) or {}
            foreign = {name: value for name, value in row.items() if before.get(name) != value}
            if foreign:
                self._foreign[place] = foreign

    def replay(self, waiting: Iterable[Waiting]) -> None:
        """Lay *waiting* on the rows, in order; tell in ``outlooks`` what cannot be."""
        for each in waiting:
            doubtful = each.state == "new" and (each.outlook == "refusal" or self._refused(each.operation))
            if doubtful:
                self._expect(each, "refusal", "")
                continue
            changes, trouble = _effects(self.rows, each.operation)
            self._expect(each, "parked" if trouble else "", trouble)
            for change in changes:
                place = (change.table, change.id)
                if place not in self.under:
                    self.under[place] = self.rows.get(*place)
                self.rows.lay(*place, change.row)

    def _refused(self, operation: Operation) -> bool:
        """Whether the server will refuse *operation*: its row is gone, or others changed what it changes.

        A step, when the complaint has another state than the one it starts from.
        """
        if operation.kind == STEP:
            return self._misses_its_state(operation)
        place = revised_place(operation)
        if place is None:
            return False
        if self.rows.get(*place) is None:
            return True
        foreign = self._foreign.get(place)
        if not foreign:
            return False
        wanted = wanted_fields(operation)
        return any(name in foreign and foreign[name] != value for name, value in wanted.items())

    def _misses_its_state(self, operation: Operation) -> bool:
        place = based_place(operation)
        head = self.rows.get(*place) if place else None
        if place is None or head is None:
            return place is not None
        payload = operation.payload
        return "state" in payload["head"] and head["state"] != payload["from_state"]

    def _expect(self, each: Waiting, outlook: str, trouble: str) -> None:
        if outlook != each.outlook:
            self.outlooks[each.n] = (outlook, trouble)

    def net_changes(self) -> list[RowChange]:
        """Return the rows that become other than they are here now."""
        places = self.rows.places()
        by_table: dict[str, list[UUID]] = {}
        for table, row_id in places:
            by_table.setdefault(table, []).append(row_id)
        for table, ids in by_table.items():
            self.stored.fetch(table, ids)
        found: list[RowChange] = []
        for table, row_id in places:
            row = self.rows.get(table, row_id)
            if row != self.stored.get(table, row_id):
                found.append(RowChange(table, row_id, row))
        return found


def _effects(rows: Rows, operation: Operation) -> tuple[tuple[RowChange, ...], str]:
    """Return what *operation* changes; when it raises nothing, and in which words."""
    try:
        return apply(rows, operation), ""
    except Exception as error:  # noqa: BLE001 - a bug in one operation must not hold up what others did
        _log.exception("the operation %s cannot be laid on the server's rows; it is parked", operation.kind)
        return (), f"{type(error).__name__}: {error}"


def kept_rows(connection: Connection) -> dict[PlaceOfRow, Row | None]:
    """Return the server's version of the rows under unsent operations."""
    found = connection.execute("SELECT table_name, row_id, row FROM server_row").fetchall()
    return {
        (table, UUID(bytes=key)): None if row is None else from_json(ENTITIES[table], json.loads(row))
        for table, key, row in found
    }


def keep_rows(
    connection: Connection,
    kept: Mapping[PlaceOfRow, Row | None],
    under: Mapping[PlaceOfRow, Row | None],
) -> None:
    """Bring ``server_row`` from *kept* to *under*."""
    connection.executemany(
        "DELETE FROM server_row WHERE table_name = ? AND row_id = ?",
        [(table, row_id.bytes) for table, row_id in kept if (table, row_id) not in under],
    )
    connection.executemany(
        "INSERT INTO server_row (table_name, row_id, rev, row) VALUES (?, ?, ?, ?)"
        " ON CONFLICT (table_name, row_id) DO UPDATE SET rev = excluded.rev, row = excluded.row",
        [
            (table, row_id.bytes, *kept_form(row))
            for (table, row_id), row in under.items()
            if (table, row_id) not in kept or kept[table, row_id] != row
        ],
    )
