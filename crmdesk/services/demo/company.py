"""The demo company in a store: hundreds of customers, thousands of visits and calls, in a few seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from crmdesk.services.customers.search_index import rebuild, suspend
from crmdesk.services.demo.chance import Chance
from crmdesk.services.demo.codes import article_rows, code_id, code_rows
from crmdesk.services.demo.fleet import Car, Fleet
from crmdesk.services.demo.people import Client, People, Phone
from crmdesk.services.demo.stars import STARS, Cast, DemoCaller
from crmdesk.services.demo.stories import Stories
from crmdesk.services.demo.talks import Calls
from crmdesk.services.demo_content import DemoContent
from crmdesk.services.knowledge.index import reindex_all
from crmdesk.services.store.bulk import BulkLoader, rows_by_table

CUSTOMERS = 400
STAR_CUSTOMERS = 9
CALLERS = 60
"""Ordinary customers who may ring."""


@dataclass(frozen=True, slots=True)
class DemoCompany:
    """What was filled in: whose desk it is, who may ring, rows by table."""

    agent_id: UUID
    extension: str
    callers: tuple[DemoCaller, ...]
    counts: Mapping[str, int]


def fill_demo(
    store_path: Path,
    key: bytes,
    content: DemoContent,
    *,
    now: datetime,
    customers: int = CUSTOMERS,
    seed: int = 1,
) -> DemoCompany:
    """Fill the store at *store_path*, made when it is not there, with the demo company as it is at *now*.

    The same arguments give the same rows, ids included. CPU: a few seconds for the usual number.

    Raises:
        StoreFault: somebody works in this store already.
    """
    generator = Generator(content, now, seed)
    # Made before the store is opened: entities not yet mapped onto tables are made in half the time.
    rows = rows_by_table(generator.rows(customers))
    callers = (*STARS, *generator.callers())
    with BulkLoader(store_path, key) as loader:
        suspend(loader.connection)
        counts = {table: loader.rows(table, held) for table, held in rows.items()}
        loader.finish(build_search_indexes)
    agent = content.company.agents[0]
    return DemoCompany(
        code_id("agent", agent.login),
        agent.extension,
        callers,
        MappingProxyType(counts),
    )


def build_search_indexes(connection: Any) -> None:
    """Build the search indexes over customers and articles of a filled store."""
    connection.execute("BEGIN IMMEDIATE")
    rebuild(connection)
    connection.execute("COMMIT")
    for _ in reindex_all(connection):
        pass


class Generator:
    """Makes the rows of the demo company.

    Args:
        content: words, names, models.
        now: nothing happens later.
        seed: the same seed makes the same rows.
    """

    def __init__(self, content: DemoContent, now: datetime, seed: int) -> None:
        self._content = content
        self._now = now
        self._chance = chance = Chance(seed, ZoneInfo(content.company.time_zone))
        self._people = People(content, chance, now)
        self._fleet = Fleet(content, chance, now)
        self._calls = Calls(content, chance, now)
        self._stories = Stories(content, chance, now, self._fleet, self._calls)
        self._cast = Cast(content, chance, now, self._people, self._fleet, self._calls, self._stories)
        self._clients: list[Client] = []

    def rows(self, customers: int) -> Iterator[object]:
        """Yield the rows of a company with about so many customers, stars included."""
        yield from code_rows(self._content)
        yield from article_rows(self._content, self._now)
        yield from self._cast.rows()
        cars: list[Car] = []
        for n in range(customers - STAR_CUSTOMERS):
            client = self._client()
            cars_here = self._cars(client)
            for car in cars_here:
                yield from self._stories.life(car)
                yield car.asset
            cars += cars_here
            self._share_number(client, n)
            self._clients.append(client)
        for client in self._clients:
            yield from client.rows()
        yield from self._stories.strangers(customers // 8)
        yield from self._stories.today(cars, self._content.company.agents[0].login)
        yield from self._calls.feedback()

    def callers(self) -> tuple[DemoCaller, ...]:
        """Return ordinary customers who may ring, after :meth:`rows`."""
        drawn = self._chance.several(self._clients, CALLERS)
        return tuple(_caller(client) for client in drawn)

    def _client(self) -> Client:
        make = self._chance.weighted((People.person, People.foreigner, People.company), _SHARES.__getitem__)
        return make(self._people)

    def _cars(self, client: Client) -> list[Car]:
        most = 5 if client.customer.kind == "company" else 2 if self._chance.happens(0.15) else 1
        return [self._fleet.car(client) for _ in range(self._chance.between(1, most))]

    def _share_number(self, client: Client, n: int) -> None:
        """Let some people share a number: families one telephone, employees their company's switchboard."""
        if not self._clients or client.customer.kind == "company":
            return
        before = self._clients[-1]
        if n % 16 == 0 or (before.customer.kind == "company" and n % 2):
            point = before.points[0]
            company = before.customer.kind == "company"
            point.sharing = "shared"
            label = ("work" if company else "home") if client.english else ("单位" if company else "家人")
            self._people.give(client, Phone(point.value, point.national, point.raw), label, own=False)


_SHARES = MappingProxyType({People.person: 82, People.foreigner: 9, People.company: 9})


def _caller(client: Client) -> DemoCaller:
    point = client.number
    sent = Phone(point.value, point.national, point.raw).sent
    return DemoCaller("", sent, client.customer.name if client.english else "", client.english)
