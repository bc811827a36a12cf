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
from itertools import cycle
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from crmdesk.models.effects import ENTITIES
from crmdesk.resources import resource
from crmdesk.services.customers.search_index import suspend
from crmdesk.services.demo.codes import article_rows, code_id, code_rows
from crmdesk.services.demo_content import DemoContent, demo_vin, load_demo_content
from crmdesk.services.knowledge.index import reindex_all
from crmdesk.services.profile import Profile, new_profile, open_profile
from crmdesk.services.store.bulk import BulkLoader, columns_of, rows_by_table
from crmdesk.services.store.keys import KeyFileSecrets
from crmdesk.services.store.schema import HEAD
from crmdesk.services.store.values import to_micros

YEARS = 5
LONGEST = 500
CHUNK = 100_000
CALLS_SHARE, VISITS_SHARE = 45, 20
SHARED_EVERY = 20
"""Of so many customers two share a landline."""
SEED = 7
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
    names = ";".join(",".join(columns_of(table)) for table in ENTITIES)
    return hashlib.sha256(f"{HEAD} {names}".encode()).hexdigest()[:8]


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
        for batch in writer.interactions():
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
        self._now = datetime.now(ZoneInfo(content.company.time_zone))
        self._end = to_micros(self._now) - 3_600_000_000
        self._start = self._end - YEARS * 365 * 86_400_000_000
        self._agents = [code_id("agent", agent.login).bytes for agent in content.company.agents]
        self._outlets = [(code_id("outlet", o.code).bytes, o.name_zh) for o in content.company.outlets]
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

    def interactions(self) -> Iterator[Rows]:
        """Yield time lines in the order they happened, with the calls and visits they show."""
        chance = np.random.default_rng(SEED + 1)
        owners = np.repeat(np.arange(len(self._history)), self._history)
        chance.shuffle(owners)
        step = (self._end - self._start) // max(1, len(owners))
        for first in range(0, len(owners), CHUNK):
            chosen = owners[first : first + CHUNK].tolist()
            drawn = chance.integers(0, 100_000, len(chosen)).tolist()
            yield self._batch(first, chosen, drawn, step)

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

    def _batch(self, first: int, owners: list[int], drawn: list[int], step: int) -> Rows:
        batch: Rows = {"interaction": [], "call": [], "service_visit": [], "visit_item": []}
        for n, (owner, draw) in enumerate(zip(owners, drawn, strict=True), first):
            at, share = self._start + n * step, draw % 100
            if share < CALLS_SHARE:
                self._call(batch, n, owner, draw, at)
            elif share < CALLS_SHARE + VISITS_SHARE:
                self._visit(batch, n, owner, draw, at)
            else:
                topic, subject, note = self._words["task"][draw % len(self._words["task"])]
                batch["interaction"].append(
                    (
                        _line(n, at),
                        1,
                        _id("customer", owner),
                        None,
                        "note",
                        "",
                        at,
                        subject,
                        note,
                        "林悦",
                        "",
                        topic,
                    )
                )
        return batch

    def _call(self, batch: Rows, n: int, owner: int, draw: int, at: int) -> None:
        topic, subject, note = self._words["call"][draw % len(self._words["call"])]
        row_id, customer, car = _line(n, at), _id("customer", owner), _id("asset", owner)
        direction = "out" if draw % 9 == 0 else "in"
        batch["interaction"].append(
            (row_id, 1, customer, car, "call", direction, at, subject, note, "林悦", "answered", topic)
        )
        number = mobile_of(owner, self._content.names.mobile_prefixes)
        answered, ended = at + 9_000_000, at + 209_000_000
        agent = self._agents[draw % len(self._agents)]
        seen = (row_id, 1, f"1.{n}", direction, number, "+86" + number, "", "02158208000", "hotline")
        whose = (customer, None, car, "number", "ended", "answered")
        times = (at, answered, ended, "caller", 4, 5, 200, None, 20)
        batch["call"].append((*seen, *whose, *times, "resolved", topic, agent, "[]"))

    def _visit(self, batch: Rows, n: int, owner: int, draw: int, at: int) -> None:
        topic, subject, note = self._words["visit"][draw % len(self._words["visit"])]
        row_id, customer, car = _line(n, at), _id("customer", owner), _id("asset", owner)
        outlet, name = self._outlets[draw % len(self._outlets)]
        batch["interaction"].append(
            (row_id, 1, customer, car, "visit", "", at, subject, "更换机油机滤 · 机油滤清器", name, "", "")
        )
        mileage = 5_000 + n % 60_000
        batch["service_visit"].append(
            (
                row_id,
                1,
                car,
                customer,
                outlet,
                name,
                at,
                mileage,
                subject,
                note,
                "2026-12-01",
                mileage + 10_000,
                "",
            )
        )
        work = ("oil_change", "更换机油机滤") if draw % 2 else ("brake_pads", "更换刹车片")
        for place, (kind, code, text) in enumerate((("work", *work), ("fault", topic, subject))):
            batch["visit_item"].append((_line(n, at, place), 1, row_id, car, kind, code, text, 1, place, at))


def _id(kind: str, n: int, place: int = 0) -> bytes:
    """Return the id of row *n* of a kind; ids of one kind rise with it."""
    mark = {"customer": 1, "point": 2, "asset": 3}[kind]
    return ((n << 8 | place) << 64 | 7 << 60 | 2 << 62 | mark).to_bytes(16, "big")


def _line(n: int, at: int, place: int = 0) -> bytes:
    """Return the id of what happened at *at* (microseconds), ordered by time as UUIDs version 7 are."""
    return (at // 1000 << 80 | 7 << 76 | 2 << 62 | n << 8 | place).to_bytes(16, "big")


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
