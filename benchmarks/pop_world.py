"""A desk with a million customers and ten million interactions, written straight as stored rows.

Every call and visit on a time line has its own row, visits have two items; histories are of 0 to 500 entries,
most of them short. Search indexes over customers are left out: no pop reads them.
"""

from __future__ import annotations

import hashlib
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import chain, cycle
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from crmdesk.resources import resource
from crmdesk.services.customers.search_index import suspend
from crmdesk.services.demo.codes import article_rows, code_id, code_rows
from crmdesk.services.demo_content import DemoContent, demo_vin, load_demo_content
from crmdesk.services.knowledge.index import reindex_all
from crmdesk.services.profile import Profile, new_profile, open_profile
from crmdesk.services.store import migrations
from crmdesk.services.store.bulk import BulkLoader, rows_by_table
from crmdesk.services.store.keys import KeyFileSecrets
from crmdesk.services.store.values import to_micros

YEARS = 5
LONGEST = 500
CHUNK = 100_000
CALLS_SHARE, VISITS_SHARE = 45, 20
SHARED_EVERY = 20
"""Of so many customers two share a landline."""
SEED = 7
STEPS = Path(migrations.__path__[0]) / "versions"
Numbers = NDArray[np.int64]
Rows = dict[str, list[tuple[object, ...]]]


@dataclass(frozen=True, slots=True)
class World:
    """A filled profile; ``history`` holds the length of each customer's history."""

    profile: Profile
    history: Numbers
    build_seconds: float | None


def mobile_of(customer: int, prefixes: tuple[str, ...]) -> str:
    """Return the national digits of a customer's own number."""
    place, prefix = divmod(customer, len(prefixes))
    return f"{prefixes[prefix]}{place * 48_271 % 100_000_000:08d}"


def landline_of(customer: int) -> str:
    """Return the national digits of the number that a customer shares with the next one."""
    return f"215{customer * 48_271 % 10_000_000:07d}"


def open_world(folder: Path, customers: int, interactions: int) -> World:
    """Return the world of that size, built in *folder* or used again from it."""
    place = folder / f"pop-{customers}-{interactions}-{_fingerprint()}"
    secrets = KeyFileSecrets(place.with_suffix(".keys"))
    counts = place.with_suffix(".npy")
    if counts.exists():
        return World(open_profile(place, secrets=secrets, wait_seconds=5), np.load(counts), None)
    if place.exists():
        shutil.rmtree(place)
    folder.mkdir(parents=True, exist_ok=True)
    content = load_demo_content(resource("demo"))
    settings = {
        "extension": "1001",
        "agent": content.company.agents[0].login,
        "zone": content.company.time_zone,
    }
    profile = new_profile(place, settings=settings, secrets=secrets).profile
    begun = time.perf_counter()
    history = _histories(customers, interactions)
    fill(profile, content, history)
    np.save(counts, history)
    return World(profile, history, time.perf_counter() - begun)


def _fingerprint() -> str:
    """Return what changes with the schema, so that an older store is not taken for a new one."""
    return hashlib.sha256(b"".join(step.read_bytes() for step in sorted(STEPS.glob("*.sql")))).hexdigest()[:8]


def _histories(customers: int, interactions: int) -> Numbers:
    """Return how many entries each customer has: most few, some hundreds, together *interactions*."""
    chance = np.random.default_rng(SEED)
    weights = chance.lognormal(0.0, 1.45, customers)
    history = np.zeros(customers, dtype=np.int64)
    while (left := interactions - int(history.sum())) > 0:
        open_ones = np.where(history < LONGEST, weights, 0.0)
        history += chance.multinomial(left, open_ones / open_ones.sum())
        np.minimum(history, LONGEST, out=history)
    return history


def fill(profile: Profile, content: DemoContent, history: Numbers) -> None:
    """Fill the store of a new *profile*."""
    writer = _Writer(content, history)
    with BulkLoader(profile.store_path, profile.key, large=True) as loader:
        suspend(loader.connection)
        begun = time.perf_counter()
        now = datetime.now(UTC)
        for table, rows in rows_by_table([*code_rows(content), *article_rows(content, now)]).items():
            loader.rows(table, rows)
        for batch in writer.customers():
            for table, rows in batch.items():
                loader.rows(table, rows)
        _tell("customers", begun)
        for batch in chain(writer.happenings(), writer.lines()):
            for table, rows in batch.items():
                loader.rows(table, rows)
        _tell("interactions", begun)
        loader.finish(lambda connection: sum(1 for _ in reindex_all(connection)))
        _tell("indexes", begun)


def _tell(what: str, begun: float) -> None:
    print(f"{what} after {time.perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)


class _Writer:
    """Makes rows in batches."""

    def __init__(self, content: DemoContent, history: Numbers) -> None:
        self._content = content
        self._history = history
        chance = np.random.default_rng(SEED + 1)
        self._owners: Numbers = np.repeat(np.arange(len(history)), history)
        chance.shuffle(self._owners)
        self._draws: Numbers = chance.integers(0, 100_000, len(self._owners))
        self._now = datetime.now(ZoneInfo(content.company.time_zone))
        self._end = to_micros(self._now) - 3_600_000_000
        self._start = self._end - YEARS * 365 * 86_400_000_000
        self._agents = [bytearray(code_id("agent", agent.login).bytes) for agent in content.company.agents]
        self._outlets = [
            (bytearray(code_id("outlet", o.code).bytes), o.name_zh) for o in content.company.outlets
        ]
        self._models = [model for model in content.company.models if model.powertrain != "electric"]
        self._words = {
            kind: [
                (t.fault, t.subject, t.note[:280])
                for t in content.history
                if (t.kind, t.lang) == (kind, "zh")
            ]
            for kind in ("call", "visit", "task")
        }

    def customers(self) -> Iterator[Rows]:
        """Yield customers with numbers and vehicles."""
        random = Random(SEED)
        count = len(self._history)
        for first in range(0, count, CHUNK):
            batch: Rows = {"customer": [], "contact_point": [], "asset": []}
            for n in range(first, min(first + CHUNK, count)):
                batch["customer"].append(self._customer(n, random))
                batch["contact_point"] += self._points(n, count)
                batch["asset"] += self._assets(n)
            yield batch

    def lines(self) -> Iterator[Rows]:
        """Yield time lines in the order they lie in the file: customer by customer."""
        order = np.argsort(self._owners, kind="stable")
        for first in range(0, len(order), CHUNK):
            yield {"interaction": list(self._time_line(_Events(self, order[first : first + CHUNK])))}

    def happenings(self) -> Iterator[Rows]:
        """Yield the calls and visits that the time lines show, in the order they happened."""
        for first in range(0, len(self._owners), CHUNK):
            n = np.arange(first, min(first + CHUNK, len(self._owners)))
            share = self._draws[n] % 100
            calls, visits = share < CALLS_SHARE, (share >= CALLS_SHARE) & (share < CALLS_SHARE + VISITS_SHARE)
            stays = _Events(self, n[visits])
            yield {
                "call": list(self._calls(_Events(self, n[calls]))),
                "service_visit": list(self._visits(stays)),
                "visit_item": list(self._items(stays)),
            }

    def told(self, n: Numbers) -> tuple[Numbers, Numbers, Numbers]:
        """Return (customer, draw, microsecond) of what happened *n*-th."""
        step = (self._end - self._start) // max(1, len(self._owners))
        return self._owners[n], self._draws[n], self._start + n * step

    def _customer(self, n: int, random: Random) -> tuple[object, ...]:
        names = self._content.names
        surname, given = random.choice(names.surnames), random.choice(names.given_names)
        company = n % 50 == 17
        name = (
            f"{random.choice(names.company_stems).zh}{n % 1000}物流有限公司"
            if company
            else surname.zh + given.zh
        )
        at = self._start + n
        return (
            _id("customer", n),
            1,
            "company" if company else "person",
            name,
            f"{surname.pinyin} {given.pinyin}",
            "en" if n % 10 == 3 else "zh",
            ("", "", "", "silver", "gold", "platinum")[n % 6],
            int(n % 40 == 0),
            "",
            0,
            "" if n % 8 else "请晚上六点以后联系。",
            "",
            "上海",
            "2021-05-04",
            f"C{n:07d}",
            at,
            at,
        )

    def _points(self, n: int, count: int) -> Iterator[tuple[object, ...]]:
        own = mobile_of(n, self._content.names.mobile_prefixes)
        yield _point(n, 0, own, f"{own[:3]} {own[3:7]} {own[7:]}", "own")
        place = n % SHARED_EVERY
        if place < 2 and n - place + 1 < count:
            shared = landline_of(n - place)
            yield _point(n, 1, shared, f"021-{shared[2:]}", "shared")
        if n % 3 == 0:
            address = f"user{n}@example.com"
            yield (
                _id("point", n, 2),
                1,
                _id("customer", n),
                None,
                "email",
                address,
                address,
                "",
                "",
                "",
                "own",
                None,
                2,
            )

    def _assets(self, n: int) -> Iterator[tuple[object, ...]]:
        for place in range(2 if n % 7 == 0 else 1):
            model = self._models[(n + place) % len(self._models)]
            plate = f"沪{chr(65 + n % 24)}{n % 90_000 + 10_000 + place}"
            due = date(2026, 6, 1) + timedelta(days=n % 400)
            yield (
                _id("asset", n, place),
                1,
                _id("customer", n),
                "vehicle",
                model.code,
                plate,
                plate,
                demo_vin(model, 2022 + n % 4, n % 1_000_000),
                20_000 + n % 60_000,
                self._end,
                "2022-03-01",
                "2027-01-01",
                due.isoformat(),
                30_000 + n % 60_000,
                f"V{n:07d}{place}",
            )

    def _time_line(self, events: _Events) -> Iterator[tuple[object, ...]]:
        calls, visits, notes = (self._words[kind] for kind in ("call", "visit", "task"))
        parts = "更换机油机滤 · 机油滤清器"
        for row_id, customer, vehicle, at, draw in events.cells():
            share, car = draw % 100, vehicle or None
            if share < CALLS_SHARE:
                topic, subject, note = calls[draw % len(calls)]
                kind, direction, state, who = "call", "in" if draw % 9 else "out", "answered", "林悦"
            elif share < CALLS_SHARE + VISITS_SHARE:
                _, subject, _ = visits[draw % len(visits)]
                kind, direction, state, who = "visit", "", "", self._outlets[draw % len(self._outlets)][1]
                topic, note = "", parts
            else:
                topic, subject, note = notes[draw % len(notes)]
                kind, direction, state, who = "note", "", "", "林悦"
                car = None
            yield row_id, 1, customer, car, kind, direction, at, subject, note, who, state, topic

    def _calls(self, events: _Events) -> Iterator[tuple[object, ...]]:
        words, prefixes = self._words["call"], self._content.names.mobile_prefixes
        numbers = (mobile_of(owner, prefixes) for owner in events.owners.tolist())
        places = events.n.tolist()
        for (row_id, customer, car, at, draw), n, number in zip(events.cells(), places, numbers, strict=True):
            direction, agent = "in" if draw % 9 else "out", self._agents[draw % len(self._agents)]
            topic = words[draw % len(words)][0]
            seen = (row_id, 1, f"1.{n}", direction, number, "+86" + number, "", "02158208000", "hotline")
            whose = (customer, None, car, "number", "ended", "answered")
            times = (at, at + 9_000_000, at + 209_000_000, "caller", 4, 5, 200, None, 20)
            yield (*seen, *whose, *times, "resolved", topic, agent, "[]")

    def _visits(self, events: _Events) -> Iterator[tuple[object, ...]]:
        words, outlets = self._words["visit"], self._outlets
        for (row_id, customer, car, at, draw), n in zip(events.cells(), events.n.tolist(), strict=True):
            _, subject, note = words[draw % len(words)]
            outlet, name = outlets[draw % len(outlets)]
            mileage = 5_000 + n % 60_000
            stay = (row_id, 1, car, customer, outlet, name, at, mileage, subject, note)
            yield (*stay, "2026-12-01", mileage + 10_000, "")

    def _items(self, events: _Events) -> Iterator[tuple[object, ...]]:
        """Yield what was done at each visit, and the fault that was found."""
        words = self._words["visit"]
        second = _lines(events.n, events.at, 1)
        for (row_id, _customer, car, at, draw), other in zip(events.cells(), second, strict=True):
            topic, subject, _ = words[draw % len(words)]
            work = ("oil_change", "更换机油机滤") if draw % 2 else ("brake_pads", "更换刹车片")
            yield row_id, 1, row_id, car, "work", *work, 1, 0, at
            yield other, 1, row_id, car, "fault", topic, subject, 1, 1, at


class _Events:
    """Some of what happened, by the numbers *n* of it."""

    def __init__(self, writer: _Writer, n: Numbers) -> None:
        self.n = n
        self.owners, self.draws, self.at = writer.told(n)

    def cells(self) -> Iterator[tuple[bytearray, bytearray, bytearray, int, int]]:
        """Yield (id, customer, vehicle, moment, draw) of each."""
        customers, cars = _ids("customer", self.owners), _ids("asset", self.owners)
        ids = _lines(self.n, self.at, 0)
        return zip(ids, customers, cars, self.at.tolist(), self.draws.tolist(), strict=True)


def _id(kind: str, n: int, place: int = 0) -> bytearray:
    """Return the id of row *n* of a kind; ids of one kind rise with it."""
    mark = {"customer": 1, "point": 2, "asset": 3}[kind]
    return bytearray(((n << 8 | place) << 64 | 7 << 60 | 2 << 62 | mark).to_bytes(16, "big"))


def _ids(kind: str, n: Numbers) -> list[bytearray]:
    """Return :func:`_id` of many rows."""
    low = int.from_bytes(_id(kind, 0)[8:], "big")
    return _joined(n.astype(np.uint64) << np.uint64(8), np.full(len(n), low, np.uint64))


def _lines(n: Numbers, at: Numbers, place: int) -> list[bytearray]:
    """Return ids of what happened at *at* (microseconds), ordered by time as UUIDs version 7 are."""
    high = (at // 1000).astype(np.uint64) << np.uint64(16) | np.uint64(7 << 12)
    return _joined(high, n.astype(np.uint64) << np.uint64(8) | np.uint64(2 << 62 | place))


def _joined(high: NDArray[np.uint64], low: NDArray[np.uint64]) -> list[bytearray]:
    """Return the 16 bytes of each pair; the driver takes bytearrays four times as fast as bytes."""
    content = bytearray(np.stack((high, low), axis=1).astype(">u8").tobytes())
    return [content[at : at + 16] for at in range(0, len(content), 16)]


def _point(n: int, place: int, national: str, raw: str, sharing: str) -> tuple[object, ...]:
    value = "+86" + national
    return (
        _id("point", n, place),
        1,
        _id("customer", n),
        None,
        "phone",
        raw,
        value,
        national,
        "手机",
        "",
        sharing,
        None,
        place,
    )


def caller_numbers(world: World, content: DemoContent, calls: int) -> Iterator[tuple[str, str]]:
    """Yield (kind, number as sent): known customers by Zipf's law over their histories, shared, unknown.

    Nobody rings twice.
    """
    chance = np.random.default_rng(SEED + 2)
    count = len(world.history)
    ranked = np.argsort(-world.history, kind="stable")
    weights = 1.0 / np.arange(1, count + 1)
    known = min(calls, count // 2)
    people = iter(ranked[chance.choice(count, known, replace=False, p=weights / weights.sum())].tolist())
    pairs = iter((chance.permutation(count // SHARED_EVERY) * SHARED_EVERY).tolist())
    kinds = cycle(("known",) * 8 + ("shared",) + ("known",) * 8 + ("unknown", "shared", "known"))
    for n, kind in zip(range(calls), kinds, strict=False):
        if kind == "known":
            yield kind, mobile_of(next(people), content.names.mobile_prefixes)
        elif kind == "shared":
            yield kind, "0" + landline_of(next(pairs))
        else:
            yield kind, "" if n % 4 == 0 else f"0216{n * 7_919 % 10_000_000:07d}"
