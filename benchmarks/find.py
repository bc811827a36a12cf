"""Find anything, per key, at a million customers.

The store holds customers, numbers and vehicles only. What is looked for is drawn from them, in every way a
person may know a customer, typed key by key: each query is the beginning of it, of a random length. The raw
limit is the same SQL on a bare connection.
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import cache, partial
from itertools import accumulate
from pathlib import Path
from typing import Any

from benchmarks.measure import Timings, report
from crmdesk.models.asset import Asset
from crmdesk.models.customer import ContactPoint, Customer
from crmdesk.models.types import new_id
from crmdesk.services.customers.search import find
from crmdesk.services.customers.search_index import rebuild, suspend
from crmdesk.services.store.bulk import BulkLoader, columns_of, stored
from crmdesk.services.store.connection import open_connection

KEY = bytes(range(32))
QUERIES = 2_000
START_MS = 1_700_000_000_000
NOW = datetime(2026, 11, 20, tzinfo=UTC)
NAMES = Path(__file__).resolve().parent.parent / "resources" / "demo" / "names.json"
PLATES = ("沪A", "京N", "粤B", "浙A", "苏E", "川A", "鄂A", "渝B")


class People:
    """Draws customers, their numbers and vehicles as stored rows."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._made = 0
        self._names = json.loads(NAMES.read_text(encoding="utf-8"))
        self._surnames = self._names["surnames"]
        self._weights = list(accumulate(name["weight"] for name in self._surnames))
        self._blank = {
            "customer": stored(Customer(id=new_id(0), created_at=NOW, updated_at=NOW)),
            "contact_point": stored(ContactPoint(id=new_id(0), customer_id=new_id(0))),
            "asset": stored(Asset(id=new_id(0), customer_id=new_id(0))),
        }

    def rows(self, customers: int) -> Iterator[tuple[str, tuple[object, ...]]]:
        """Yield (table, row) for so many customers: each a vehicle, half of them a second number."""
        for n in range(customers):
            owner = self._id()
            yield "customer", self._row("customer", id=owner, **self._name())
            for place in range(1 + n % 2):
                yield "contact_point", self._row("contact_point", **self._number(owner, place))
            yield "asset", self._row("asset", **self._vehicle(owner))

    def _name(self) -> dict[str, object]:
        draw = self._chance.random()
        if draw < 0.08:
            stem, trade = (self._chance.choice(self._names[k]) for k in ("company_stems", "company_trades"))
            return {"kind": "company", "name": f"{stem['zh']}{trade['zh']}有限公司", "name_alt": stem["en"]}
        tier = self._chance.choices(("", "silver", "gold", "platinum"), (62, 22, 12, 4))[0]
        if draw < 0.15:
            first = self._chance.choice(self._names["latin_first_names"])["name"]
            return {"name": f"{first} {self._chance.choice(self._names['latin_last_names'])}", "tier": tier}
        surname = self._chance.choices(self._surnames, cum_weights=self._weights)[0]
        given = self._chance.choices(self._names["given_names"], k=2)
        if self._chance.random() < 0.4 or len(given[0]["zh"] + given[1]["zh"]) > 2:
            given = given[:1]
        name = surname["zh"] + "".join(part["zh"] for part in given)
        spelt = "".join(part["pinyin"] for part in given).capitalize()
        return {"name": name, "name_alt": f"{surname['pinyin']} {spelt}", "tier": tier}

    def _number(self, owner: bytes, place: int) -> dict[str, object]:
        if place and self._chance.random() < 0.3:
            address = f"user{self._chance.randrange(10**7)}@example.com"
            values: dict[str, object] = {"kind": "email", "raw": address, "value": address}
        else:
            digits = (
                self._chance.choice(self._names["mobile_prefixes"]) + f"{self._chance.randrange(10**8):08d}"
            )
            values = {"raw": digits, "value": "+86" + digits, "national": digits}
        return {"id": self._id(), "customer_id": owner, "position": place, **values}

    def _vehicle(self, owner: bytes) -> dict[str, object]:
        plate = self._chance.choice(PLATES) + "".join(self._chance.choices("ABCDEFGH0123456789" * 2, k=5))
        vin = "L0DS7A2B" + self._chance.choice("KLMNPR") + "D" + f"{self._chance.randrange(10**7):07d}"
        return {"id": self._id(), "customer_id": owner, "plate": plate, "plate_key": plate, "vin": vin}

    def _id(self) -> bytes:
        self._made += 1
        return new_id(START_MS + self._made).bytes

    def _row(self, table: str, **values: object) -> tuple[object, ...]:
        row = list(self._blank[table])
        for name, value in values.items():
            row[_places(table)[name]] = value
        return tuple(row)


@cache
def _places(table: str) -> dict[str, int]:
    return {name: place for place, name in enumerate(columns_of(table))}


def build(path: Path, customers: int) -> float:
    """Fill a new store with *customers*; return the seconds it took."""
    begun = time.perf_counter()
    people = People(1)
    with BulkLoader(path, KEY, large=True) as loader:
        suspend(loader.connection)
        waiting: dict[str, list[tuple[object, ...]]] = {"customer": [], "contact_point": [], "asset": []}
        for n, (table, row) in enumerate(people.rows(customers)):
            waiting[table].append(row)
            if n % 200_000 == 0:
                _write(loader, waiting)
        _write(loader, waiting)
        loaded = time.perf_counter()
        loader.finish(_index)
    print(f"rows {loaded - begun:.0f} s, indexes {time.perf_counter() - loaded:.0f} s", file=sys.stderr)
    return time.perf_counter() - begun


def _write(loader: BulkLoader, waiting: dict[str, list[tuple[object, ...]]]) -> None:
    for table, rows in waiting.items():
        loader.rows(table, rows)
        rows.clear()


def _index(connection: Any) -> None:
    connection.execute("BEGIN IMMEDIATE")
    rebuild(connection)
    connection.execute("COMMIT")


class Knowledge:
    """Draws what a person may type who knows something of a customer."""

    def __init__(self, connection: Any, seed: int) -> None:
        self._connection = connection
        self._chance = random.Random(seed)
        self._last = connection.execute("SELECT max(seq) FROM customer").fetchone()[0]

    def query(self) -> tuple[str, str]:
        """Return (way, text): the beginning of something known, at least two characters of it."""
        way, text = self._known()
        fewest = {"digits": 4, "plate": 3, "VIN": 4}.get(way, 1)
        return way, text[: self._chance.randint(min(fewest, len(text)), max(len(text), 1))]

    def _known(self) -> tuple[str, str]:
        seq = self._chance.randint(1, self._last)
        name, name_alt, owner = self._connection.execute(
            "SELECT name, name_alt, id FROM customer WHERE seq = ?", (seq,)
        ).fetchone()
        spelt = name_alt or name
        initials = "".join(c for c in spelt if c.isupper()).lower()
        ways: dict[str, Callable[[], str]] = {
            "name": lambda: name,
            "part of name": lambda: name[self._chance.randrange(max(1, len(name) - 1)) :],
            "pinyin": lambda: spelt.replace(" ", "").lower(),
            "pinyin in words": spelt.lower,
            "initials": lambda: initials,
            "digits": lambda: self._part("SELECT value FROM contact_point WHERE customer_id = ?", owner, 3),
            "plate": lambda: self._part("SELECT plate_key FROM asset WHERE customer_id = ?", owner, 0),
            "VIN": lambda: self._part("SELECT vin FROM asset WHERE customer_id = ?", owner, 10),
            "nobody": lambda: "".join(self._chance.choices("abcdeghijlmnouwxyz 0123456789", k=8)),
        }
        way = self._chance.choice(list(ways))
        return way, ways[way]()

    def _part(self, statement: str, owner: bytes, start: int) -> str:
        (text,) = self._connection.execute(statement, (owner,)).fetchone()
        return str(text)[start + self._chance.randrange(3) :]


class Recorder:
    """A connection that keeps what is asked of it."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self.asked: list[tuple[str, Any]] = []

    def execute(self, statement: str, values: Any = ()) -> Any:
        """Ask, and keep what was asked."""
        self.asked.append((statement, values))
        return self._connection.execute(statement, values)


def run(customers: int, store: Path | None, queries: int = QUERIES) -> None:
    """Measure *queries* on a store of *customers*, built in the folder *store* or used again from it."""
    with tempfile.TemporaryDirectory() as temporary:
        path = (store or Path(temporary)) / f"customers-{customers}.db"
        path.parent.mkdir(parents=True, exist_ok=True)
        seconds = None if path.exists() else round(build(path, customers), 1)
        reader, bare = (open_connection(path, KEY, role="reader") for _ in range(2))
        ours, limit, ways = _measure(reader, bare, queries)
        for way, timings in sorted(ways.items()):
            worst = max(timings.wall_ms)
            print(f"{way:16} n {len(timings.wall_ms):5}  worst {worst:7.2f} ms", file=sys.stderr)
        size_mb = path.stat().st_size >> 20
        report("find", ours, limit, customers=customers, store_mb=size_mb, build_seconds=seconds)
        reader.close()
        bare.close()


def _measure(reader: Any, bare: Any, queries: int) -> tuple[Timings, Timings, dict[str, Timings]]:
    knowledge = Knowledge(bare, 2)
    ours, limit = Timings(), Timings()
    ways: dict[str, Timings] = {}
    find(reader, "张伟")
    for _ in range(queries):
        way, text = knowledge.query()
        recorder = Recorder(reader)
        ours.run(partial(find, recorder, text))
        ways.setdefault(way, Timings()).wall_ms.append(ours.wall_ms[-1])
        limit.run(partial(_ask, bare, recorder.asked))
    return ours, limit, ways


def _ask(connection: Any, asked: list[tuple[str, Any]]) -> None:
    for statement, values in asked:
        connection.execute(statement, values).fetchall()
