"""Taking along a store that was filled without operations: a demo, or rows that were loaded as a whole.

What the server has already is matched first: code tables by key, people by login, records by the number of
the system they come from. Everything else goes by the bulk lane under its own id. Records that may be the
same person or car (one number, one VIN) are told, never put together: that is for people to decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import Denied
from crmdesk.models.agent import CODE_TABLES
from crmdesk.models.effects import ENTITIES
from crmdesk.models.sync_views import Duplicate
from crmdesk.models.wire import Row
from crmdesk.services.store.connection import Connection, open_connection
from crmdesk.services.store.rows import shape_of
from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.bulk import ORDER, Cargo, Loaded, Told, digest_of, load
from crmdesk.services.sync.connection import Link, connect, worded
from crmdesk.services.sync.holding import at_server, columns
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.profile import Profile

SIGNED: Mapping[str, str] = {
    "note": "author",
    "attachment": "author",
    "article_use": "agent",
    "number_choice": "by",
    "interaction": "who",
}
"""Columns of text that name an agent by his id."""

ASKED_AT_ONCE = 10_000
SHOWN = 1_000
"""Duplicates that are listed; all are counted."""
PAGE_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class Matches:
    """What the server has already: ``ids`` from ours to its, ``points`` numbers of its matched customers."""

    ids: Mapping[UUID, UUID] = field(default_factory=dict)
    agents: Mapping[str, str] = field(default_factory=dict)
    points: frozenset[tuple[UUID, str]] = frozenset()


@dataclass(frozen=True, slots=True)
class Plan:
    """What taking along would do: rows to be sent and matched ones by table, and possible duplicates."""

    sent: Mapping[str, int]
    matched: Mapping[str, int]
    duplicates: tuple[Duplicate, ...]
    duplicate_count: int
    cargo: Cargo


def is_loaded_as_a_whole(connection: Connection) -> bool:
    """Whether rows are here that no operation made, so that no operation can bring them to the server."""
    return any(
        connection.execute(
            f"SELECT 1 FROM {table} AS t WHERE NOT EXISTS (SELECT 1 FROM history AS h"
            " WHERE h.row_id = t.id AND h.table_name = ?) LIMIT 1",
            (table,),
        ).fetchone()
        for table in ENTITIES
    )


def refuse_all_but_administrators(role: str) -> None:
    """Refuse to take along in bulk what this person may not.

    Raises:
        Denied: rows were loaded as a whole here, and *role* is another one.
    """
    if role != "administrator":
        raise Denied(
            "Part of the data on this PC was loaded as a whole. An administrator takes it along: join once"
            " with an administrator's account, or begin with what the server has.",
            fields=("adopt",),
        )


def bring(
    profile: Profile, copy: Path, address: ServerAddress, password: str, told: Told
) -> tuple[Loaded, int]:
    """Bring all rows of the store's *copy* to the server.

    Returns what became of them, and the copy's last operation: later ones were done meanwhile.

    Raises:
        ServerFault: what was merged stays at the server; the same once more goes on.
    """
    with (
        closing(open_connection(copy, profile.key, role="reader")) as source,
        closing(connect(address, password)) as link,
    ):
        cargo = planned(source, link, address).cargo
        (last,) = source.execute("SELECT coalesce(max(n), 0) FROM operation").fetchone()
        return load(link, address, cargo, told), last


def planned(source: Connection, link: Link, address: ServerAddress) -> Plan:
    """Return what would become of the rows of *source* at the server; nothing changes.

    Raises:
        ServerFault: one of its kinds.
    """
    with worded(address), link.patient():
        matches = _matches(source, link)
        duplicates = list(_duplicates(source, link, matches))
    counts, digest = digest_of(ORDER, lambda table: _rows(source, table, matches))
    all_rows = {t: source.execute(f"SELECT count(*) FROM {t}").fetchone()[0] for t in ORDER}
    return Plan(
        sent={table: count for table, count in counts.items() if count},
        matched={
            table: all_rows[table] - counts[table] for table in ORDER if all_rows[table] > counts[table]
        },
        duplicates=tuple(duplicates[:SHOWN]),
        duplicate_count=len(duplicates),
        cargo=Cargo(counts, digest, lambda table: _rows(source, table, matches)),
    )


def _rows(source: Connection, table: str, matches: Matches) -> Iterator[Row]:
    """Yield the rows of *table* that the server has not, in the order of our ids, its ids in them."""
    shape, last = shape_of(table), b""
    while True:
        page = source.execute(
            f"{shape.select} WHERE id > ? ORDER BY id LIMIT {PAGE_ROWS}", (last,)
        ).fetchall()
        if not page:
            return
        for stored in page:
            row = shape.read(stored)
            last = row["id"].bytes
            if table == "article_feedback" or row["id"] not in matches.ids:
                adapted = _adapted(table, row, matches)
                if table != "contact_point" or (adapted["customer_id"], row["value"]) not in matches.points:
                    yield adapted


def _adapted(table: str, row: Row, matches: Matches) -> Row:
    """Return *row* as the server is to have it."""
    ids = matches.ids
    adapted = {
        name: ids.get(value, value) if isinstance(value, UUID) else value for name, value in row.items()
    }
    if (signed := SIGNED.get(table)) is not None:
        adapted[signed] = matches.agents.get(row[signed], row[signed])
    if table == "agent":
        # Whoever has no account there is a name in old entries and can be asked nothing.
        adapted |= {"active": False, "role": "agent"}
    return adapted


def _matches(source: Connection, link: Link) -> Matches:
    ids: dict[UUID, UUID] = {}
    for table in CODE_TABLES:
        ids |= _same(source, link, table, "login" if table == "agent" else "key")
    agents = {str(ours): str(theirs) for ours, theirs in _same(source, link, "agent", "login").items()}
    customers = _same(source, link, "customer", "external_id")
    for table in ENTITIES:
        if "external_id" in columns(table):
            ids |= _same(source, link, table, "external_id")
    points = frozenset(
        (customer, value)
        for part in _parts(list(customers.values()))
        for customer, value in link.execute(
            "SELECT p.customer_id, p.value FROM crm.contact_point AS p WHERE p.customer_id = ANY (%s)",
            (part,),
        ).fetchall()
    )
    return Matches(ids, agents, points)


def _same(source: Connection, link: Link, table: str, column: str) -> dict[UUID, UUID]:
    """Return the server's id for each of our rows of *table* that it has under another one, by *column*."""
    held = source.execute(f"SELECT {column}, id FROM {table} WHERE {column} <> ''").fetchall()
    found: dict[str, UUID] = {}
    for part in _parts([value for value, _ in held]):
        found |= dict(_at_server(link, table, column, part))
    ours = [(UUID(bytes=key), found[value]) for value, key in held if value in found]
    return {here: there for here, there in ours if here != there}


def _at_server(link: Link, table: str, column: str, values: Sequence[str]) -> list[tuple[str, UUID]]:
    wanted = f'k."{column}" = ANY (%(values)s)'
    if column == "external_id":
        # By the index that the bulk lane has; the text itself is in none.
        wanted += (
            " AND k.external_id <> '' AND hashtextextended(k.external_id, 0) = ANY (ARRAY("
            "SELECT hashtextextended(v, 0) FROM unnest(%(values)s::text[]) AS v))"
        )
    found: list[tuple[str, UUID]] = link.execute(
        f'SELECT k."{column}", k.id FROM {at_server(table)} AS k WHERE {wanted} ORDER BY k.id DESC',
        {"values": list(values)},
    ).fetchall()
    return found


def _duplicates(source: Connection, link: Link, matches: Matches) -> Iterator[Duplicate]:
    """Yield what may be one person or one car, here and there."""
    for why, table, column in (("number", "contact_point", "value"), ("vin", "asset", "vin")):
        here = source.execute(
            f"SELECT t.{column}, t.customer_id, c.name FROM {table} AS t"
            f" JOIN customer AS c ON c.id = t.customer_id WHERE t.{column} <> '' ORDER BY t.{column}"
        ).fetchall()
        for part in _parts(here):
            there = _named(link, table, column, [value for value, _, _ in part])
            for value, key, name in part:
                ours = UUID(bytes=key)
                for customer, theirs in there.get(value, ()):
                    if matches.ids.get(ours, ours) != customer:
                        yield Duplicate(why, value, name, theirs)
    held = {
        UUID(bytes=key): (value, name)
        for value, key, name in source.execute(
            "SELECT external_id, id, name FROM customer WHERE external_id <> ''"
        ).fetchall()
    }
    names = dict(
        row
        for part in _parts([matches.ids[ours] for ours in held if ours in matches.ids])
        for row in link.execute(
            "SELECT k.id, k.name FROM crm.customer AS k WHERE k.id = ANY (%s)", (part,)
        ).fetchall()
    )
    for ours, (value, name) in held.items():
        if ours in matches.ids:
            yield Duplicate("external_id", value, name, names.get(matches.ids[ours], ""))


def _named(link: Link, table: str, column: str, values: Sequence[str]) -> dict[str, list[tuple[UUID, str]]]:
    found: dict[str, list[tuple[UUID, str]]] = {}
    for value, customer, name in link.execute(
        f'SELECT DISTINCT k."{column}", c.id, c.name FROM {at_server(table)} AS k'
        f' JOIN crm.customer AS c ON c.id = k.customer_id WHERE k."{column}" = ANY (%s)',
        (list(values),),
    ).fetchall():
        found.setdefault(value, []).append((customer, name))
    return found


def _parts(values: Sequence[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(values), ASKED_AT_ONCE):
        yield list(values[start : start + ASKED_AT_ONCE])
