"""Lists: ``{filter, order, limit, after}`` in, ``{items, next, complete}`` out, the same for every record.

Filter keys are field names: one value or a list of them (any); dates, moments and numbers also as
``<field>_from`` and ``<field>_to``, both included. ``next`` is opaque and fetches what follows.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.wire import Json, Row, field_types
from crmdesk.services.rpc.kinds import (
    BY_TYPE,
    FLAG,
    TEXT,
    Field,
    Kind,
    any_of_list,
    choice,
    integer,
    list_of,
    nullable,
    record,
)
from crmdesk.services.rpc.rows import column, select, stored
from crmdesk.values import dataclass

MOST = 500
USUAL = 50
RANGED = (date, datetime, int)


@dataclass(frozen=True, slots=True)
class Listing:
    """What can be listed of a table: filter and order by *names*, first by *order* (``-`` = falling).

    *columns*: where the column behind a name is not called like it.
    """

    table: str
    entity: type
    names: tuple[str, ...]
    order: str = "id"
    columns: Mapping[str, str] = field(default_factory=dict)

    def column(self, name: str) -> str:
        """Return the column behind the wire's field *name*."""
        return self.columns.get(name) or column(name)

    def params(self) -> tuple[Field, ...]:
        """Return the parameters of a list method."""
        orders = [sign + name for name in self._sortable() for sign in ("", "-")]
        return (
            Field("filter", record(*self._filters()), "field names; _from and _to are included", default={}),
            Field("order", choice(orders), "a field name, - before it for falling", default=self.order),
            Field("limit", integer(1, MOST), "at most this many", default=USUAL),
            Field("after", nullable(TEXT), "`next` of the part before"),
        )

    def _types(self) -> Mapping[str, type]:
        held = field_types(self.entity)
        return {name: held[self.column(name)][0] for name in self.names}

    def _sortable(self) -> list[str]:
        return [name for name, kind in self._types().items() if kind not in (tuple, bool)]

    def _filters(self) -> list[Field]:
        found = []
        for name, kind in self._types().items():
            if kind is tuple:
                continue
            found.append(Field(name, any_of_list(BY_TYPE[kind]) if kind is not bool else FLAG))
            if kind in RANGED:
                found += [Field(f"{name}_from", BY_TYPE[kind]), Field(f"{name}_to", BY_TYPE[kind])]
        return found

    def page(
        self, connection: Any, given: Mapping[str, Any], tell: Callable[[Sequence[Row]], list[Json]]
    ) -> Json:
        """Return one part of the list; *tell* turns its rows into items."""
        parts, values = self._conditions(given["filter"])
        name = given["order"].lstrip("-")
        falling = given["order"].startswith("-")
        sort = self._sort_key(name)
        if given.get("after"):
            parts.append(f"({sort}, id) {'<' if falling else '>'} (?, ?)")
            values += _unpacked(given["after"], given["order"])
        where = f"WHERE {' AND '.join(parts)}" if parts else ""
        way = "DESC" if falling else "ASC"
        order = f"ORDER BY {sort} {way}, id {way}"
        # Ids first: an index that holds filter and order spares reading the rows that are not shown.
        rest = f"WHERE id IN (SELECT id FROM {self.table} {where} {order} LIMIT ?) {order}"
        rows = select(connection, self.table, self.entity, rest, [*values, given["limit"] + 1])
        shown, more = rows[: given["limit"]], len(rows) > given["limit"]
        following = _packed(shown[-1], self.column(name), given["order"]) if more else None
        return {"items": tell(shown), "next": following, "complete": True}

    def _sort_key(self, name: str) -> str:
        optional = field_types(self.entity)[self.column(name)][1]
        return f"ifnull({self.column(name)}, '')" if optional else self.column(name)

    def _conditions(self, wanted: Mapping[str, Any]) -> tuple[list[str], list[object]]:
        parts: list[str] = []
        values: list[object] = []
        for key, value in wanted.items():
            if key in self.names:
                many = value if isinstance(value, tuple) else (value,)
                parts.append(f"{self.column(key)} IN ({', '.join('?' * len(many))})")
                values += many
                continue
            name, _, end = key.rpartition("_")
            parts.append(f"{self.column(name)} {'>=' if end == 'from' else '<='} ?")
            values.append(value)
        return parts, values


def page_of(item: Kind) -> Kind:
    """Return the type of one part of a list of *item*."""
    return record(
        Field("items", list_of(item), required=True),
        Field("next", nullable(TEXT), "give it as `after` for what follows; null at the end", required=True),
        Field("complete", FLAG, "false: older history is only on the server", required=True),
    )


def _packed(row: Row, name: str, order: str) -> str:
    value = stored(row[name])
    if isinstance(value, bytes):
        value = {"id": value.hex()}
    text = json.dumps([order, "" if value is None else value, row["id"].hex], ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode()


def _unpacked(token: str, order: str) -> list[object]:
    """Return sort value and id after which the list goes on; refuse a token of another list."""
    try:
        held_order, value, row_id = json.loads(base64.urlsafe_b64decode(token.encode()))
        if held_order != order:
            raise ValueError
        return [bytes.fromhex(value["id"]) if isinstance(value, dict) else value, UUID(row_id)]
    except (ValueError, TypeError, KeyError, binascii.Error):
        raise InvalidInput(
            "This `after` does not belong to this list; begin again without it.", fields=("after",)
        ) from None
