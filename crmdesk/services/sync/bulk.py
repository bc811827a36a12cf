"""The bulk lane: many rows to the server at once, by an administrator, without an operation for each.

Rows go by binary COPY into the server's staging tables, a batch at a time, and each batch is merged there in
one transaction (``crm.merge_load``). The load is named by the digest of what it holds: broken off, it goes on
where it stopped; done once more, it finds everything there.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid5

from crmdesk.models.agent import CODE_TABLES
from crmdesk.models.effects import ENTITIES
from crmdesk.models.wire import Row, field_types, to_json
from crmdesk.services.server.ddl import TYPES
from crmdesk.services.sync.address import PASSWORD, ServerAddress
from crmdesk.services.sync.connection import Link, connect, worded
from crmdesk.services.sync.holding import TABLES, columns
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.profile import Profile

_FIRST = (*CODE_TABLES, "customer", "contact")
ORDER: tuple[str, ...] = (*_FIRST, *(table for table in TABLES if table not in _FIRST))
"""Tables, those first that others refer to."""

BATCH_ROWS = 5_000
"""What the server merges in one transaction (``crm.merge_load``)."""
REFUSED_SHOWN = 200
_LOADS = UUID("6f7a0c35-2d0e-5b0f-8c56-0f0f3d1d7e42")

Told = Callable[[int, int], object]
"""Hears how many rows are done, and of how many."""


@dataclass(frozen=True, slots=True)
class Cargo:
    """What is to be loaded: rows by table, those first that others refer to, each table's by id.

    ``rows`` gives the rows of a table anew each time it is called, always the same ones; ``counts`` how many.
    ``digest`` names the content, in hexadecimal digits.
    """

    counts: Mapping[str, int]
    digest: str
    rows: Callable[[str], Iterable[Row]]


@dataclass(frozen=True, slots=True)
class Loaded:
    """What became of the rows: new at the server, there already, or not taken; why, of at most 200."""

    added: int
    same: int
    refused: int
    reasons: tuple[Refusal, ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """A row that was not taken: the column whose record the server has not, or ``erased``."""

    table: str
    id: UUID
    why: str


def file(profile: Profile, address: ServerAddress, tables: Mapping[str, Sequence[Row]]) -> Loaded:
    """Bring rows to the server that *profile*'s desk shares at *address*.

    Raises:
        ServerFault: see :func:`load`; ServerRefused where this person is no administrator.
    """
    password = profile.secrets.get(profile.id, PASSWORD) or ""
    with closing(connect(address, password)) as link:
        return load(link, address, cargo_of(tables))


def digest_of(tables: Sequence[str], rows: Callable[[str], Iterable[Row]]) -> tuple[dict[str, int], str]:
    """Return how many rows each table has, and the digest of all."""
    whole, counts = hashlib.sha256(), {}
    for table in tables:
        counts[table] = 0
        for row in rows(table):
            counts[table] += 1
            whole.update(json.dumps([table, to_json(row)], ensure_ascii=False).encode())
    return counts, whole.hexdigest()


def cargo_of(tables: Mapping[str, Sequence[Row]]) -> Cargo:
    """Return what loads rows that are at hand; *tables* in any order."""
    counts, digest = digest_of([table for table in ORDER if table in tables], lambda table: tables[table])
    return Cargo(counts, digest, lambda table: tables[table])


def load(link: Link, address: ServerAddress, cargo: Cargo, told: Told = lambda _done, _total: None) -> Loaded:
    """Bring *cargo* to the server, or the rest of it.

    Raises:
        ServerFault: what was merged stays; the same load goes on there.
    """
    tables, load_id = [table for table, count in cargo.counts.items() if count], _load_id(cargo)
    total = sum(cargo.counts.values())
    with worded(address), link.patient():
        begun = link.execute("SELECT crm.begin_load(%s, %s, %s)", (load_id, cargo.digest, tables)).fetchone()
        here: Mapping[str, int] = begun[0] if begun else {}
        done = 0
        for table in tables:
            for batch in _batches(link, load_id, table, cargo, here[table]):
                done += batch
                told(done, total)
        return _ended(link, load_id)


def _batches(link: Link, load_id: UUID, table: str, cargo: Cargo, here: int) -> Iterator[int]:
    """Copy what is not *here* yet and merge it, batch by batch; yield how many rows were done."""
    _merge_staged(link, load_id, table)
    yield here
    rows, number = islice(cargo.rows(table), here, None), here
    while batch := list(islice(rows, BATCH_ROWS)):
        _copy(link, load_id, table, number, batch)
        number += len(batch)
        _merge_staged(link, load_id, table)
        yield len(batch)


def _merge_staged(link: Link, load_id: UUID, table: str) -> None:
    """Have the batch that is staged merged, if one is: never more than one is."""
    link.execute("SELECT crm.merge_load(%s, %s)", (load_id, table))


def _copy(link: Link, load_id: UUID, table: str, after: int, rows: Sequence[Row]) -> None:
    names = columns(table)
    kinds = [TYPES[kind] for kind, _ in field_types(ENTITIES[table]).values()]
    listed = ", ".join(f'"{name}"' for name in names)
    query = f'COPY crm."staging_{table}" (load, row_n, {listed}) FROM STDIN (FORMAT binary)'
    with link.cursor() as cursor, cursor.copy(query) as copy:
        copy.set_types(["uuid", "bigint", *kinds])
        for n, row in enumerate(rows, after + 1):
            copy.write_row((load_id, n, *(_plain(row[name]) for name in names)))


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value


def _ended(link: Link, load_id: UUID) -> Loaded:
    ended: Any = link.execute("SELECT crm.end_load(%s)", (load_id,)).fetchone()
    refused: Any = link.execute("SELECT crm.refused_of_load(%s, %s)", (load_id, REFUSED_SHOWN)).fetchone()
    parts = (ended[0] or {}).values()
    sums = {name: sum(part[name] for part in parts) for name in ("added", "same", "refused")}
    reasons = tuple(Refusal(each["tab"], UUID(each["id"]), each["why"]) for each in refused[0])
    return Loaded(**sums, reasons=reasons)


def _load_id(cargo: Cargo) -> UUID:
    return uuid5(_LOADS, cargo.digest)
