"""What people and telephones do, as moves a generator can make up: one for each kind of operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID, uuid5

from crmdesk.models import agent, article, asset, call, choice, customer, note, task, visit
from crmdesk.models.operations import Author, Operation, RowsInMemory
from tests.models.complaint_moves import COMPLAINT_MOVES

START = datetime(2026, 11, 20, 8, tzinfo=UTC)
SPACE = UUID(int=7)
AGENT = UUID(int=8)


@dataclass
class Hotline:
    """What exists so far, and a clock that ticks a second each time somebody looks at it.

    ``memory``: complaints as the desk remembers them.
    """

    now: datetime = START
    customers: list[UUID] = field(default_factory=lambda: [UUID(int=1)])
    assets: list[UUID] = field(default_factory=lambda: [UUID(int=2)])
    visits: list[UUID] = field(default_factory=lambda: [UUID(int=3)])
    tasks: list[UUID] = field(default_factory=lambda: [UUID(int=4)])
    articles: list[UUID] = field(default_factory=lambda: [UUID(int=5)])
    points: list[UUID] = field(default_factory=lambda: [UUID(int=6)])
    complaints: list[UUID] = field(default_factory=list)
    letters: list[UUID] = field(default_factory=list)
    memory: RowsInMemory = field(default_factory=RowsInMemory)
    author: Author = field(init=False)

    def __post_init__(self) -> None:
        self.author = Author(str(AGENT), "desk", self.tick)

    def tick(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now


@dataclass(frozen=True)
class Dice:
    """The numbers and words of one move."""

    a: int
    b: int
    word: str

    def pick(self, choices: list[UUID]) -> UUID:
        return choices[self.a % len(choices)]

    def one(self, *choices: Any) -> Any:
        return choices[self.b % len(choices)]

    @property
    def number(self) -> str:
        return f"+86138{self.b % 3:08d}"

    @property
    def call(self) -> UUID:
        return call.call_id("site", str(self.a % 4))

    @property
    def base(self) -> int | None:
        return self.b % 4 or None


Move = Callable[[Hotline, Dice], Operation]


def create_customer(world: Hotline, dice: Dice) -> Operation:
    values = {
        "name": dice.word,
        "kind": dice.one("person", "company"),
        "first_business_on": date(2020, 2, 29),
    }
    points = [{"raw": dice.number, "value": dice.number, "sharing": "own"}] * (dice.b % 3)
    operation = customer.open_customer(world.author, values, points)
    world.customers.append(UUID(operation.payload["id"]))
    return operation


def change_customer(world: Hotline, dice: Dice) -> Operation:
    changes = {dice.one("name", "hint", "city"): dice.word, "do_not_call": bool(dice.a % 2)}
    held = customer.Customer(id=dice.pick(world.customers), created_at=START, updated_at=START)
    return held.change(world.author, changes, dice.base)


def add_point(world: Hotline, dice: Dice) -> Operation:
    world.points.append(world.author.new_id())
    values = {"id": world.points[-1], "customer_id": dice.pick(world.customers), "raw": dice.word}
    return world.author.describe("contact_point.add", {**values, "value": dice.number})


def change_point(world: Hotline, dice: Dice) -> Operation:
    changes = {"sharing": dice.one("own", "shared"), "label": dice.word}
    return world.author.describe(
        "contact_point.change", {"id": dice.pick(world.points), "changes": changes}, base_revision=dice.base
    )


def drop_point(world: Hotline, dice: Dice) -> Operation:
    return world.author.describe("contact_point.drop", {"id": dice.pick(world.points)})


def save_contact(world: Hotline, dice: Dice) -> Operation:
    owner = dice.pick(world.customers)
    fields = {"id": uuid5(owner, str(dice.b % 2)), "customer_id": owner, "name": dice.word}
    points = [{"raw": dice.number, "value": dice.number}]
    return world.author.describe("contact.save", {"fields": fields, "points": points})


def create_asset(world: Hotline, dice: Dice) -> Operation:
    values = {"customer_id": dice.pick(world.customers), "plate": f"沪A{dice.b:05d}", "model": dice.word}
    if dice.b % 2:
        values["mileage_km"] = dice.b
    operation = asset.open_asset(world.author, values)
    world.assets.append(UUID(operation.payload["id"]))
    return operation


def change_asset(world: Hotline, dice: Dice) -> Operation:
    changes = dice.one({"mileage_km": dice.b}, {"model": dice.word}, {"warranty_until": None})
    held = asset.Asset(id=dice.pick(world.assets), customer_id=SPACE)
    return held.change(world.author, changes, dice.base)


def record_visit(world: Hotline, dice: Dice) -> Operation:
    values = {
        "asset_id": dice.pick(world.assets),
        "customer_id": dice.pick(world.customers),
        "visited_at": START - timedelta(days=dice.b),
        "mileage_km": dice.one(None, dice.a),
        "next_service_on": dice.one(None, date(2027, 1, 1)),
    }
    items = [{"kind": dice.one("work", "part", "fault"), "code": "oil", "text": dice.word}] * (dice.a % 3)
    operation = visit.record_visit(world.author, values, items)
    world.visits.append(UUID(operation.payload["id"]))
    return operation


def change_visit(world: Hotline, dice: Dice) -> Operation:
    held = visit.ServiceVisit(id=dice.pick(world.visits), asset_id=SPACE, customer_id=SPACE, visited_at=START)
    changes = dice.one({"note": dice.word}, {"mileage_km": dice.a}, {"summary": dice.word})
    return held.change(world.author, changes, dice.base)


def see_call(world: Hotline, dice: Dice) -> Operation:
    values = {
        "number_raw": dice.number,
        "number_value": dice.one("", dice.number),
        "state": dice.one("ringing", "talking", "ended"),
        "result": dice.one("", "answered", "abandoned", "missed"),
        "customer_id": dice.one(None, dice.pick(world.customers)),
        "started_at": START + timedelta(seconds=dice.b),
        "ended_at": dice.one(None, START + timedelta(minutes=dice.b)),
        "talk_seconds": dice.one(None, dice.b),
    }
    legs = [{"leg_key": str(dice.b % 2), "extension": "1001", "result": dice.one("", "answered")}]
    return call.see_call(world.author, dice.call, values, legs * (dice.a % 2))


def wrap_up(world: Hotline, dice: Dice) -> Operation:
    return call.wrap_up(world.author, {"id": dice.call}, dice.word, dice.b, dice.one("", "engine"))


def assign(world: Hotline, dice: Dice) -> Operation:
    owner = dice.one(None, dice.pick(world.customers))
    payload = {"id": dice.call, "customer_id": owner, "by": dice.one("chosen", "corrected")}
    return world.author.describe("call.assign", payload)


def verify(world: Hotline, dice: Dice) -> Operation:
    return world.author.describe("call.verify", {"id": dice.call, "facts": [dice.word] * (dice.a % 2)})


def append_note(world: Hotline, dice: Dice) -> Operation:
    known = dice.one({"call_id": dice.call}, {"customer_id": dice.pick(world.customers)})
    team = uuid5(SPACE, "team") if dice.b % 5 == 0 else None
    return note.append_note(world.author, dice.word, row_id=uuid5(SPACE, str(dice.a)), team_id=team, **known)


def open_task(world: Hotline, dice: Dice) -> Operation:
    values = {"subject": dice.word, "customer_id": dice.pick(world.customers), "call_id": dice.call}
    operation = task.open_task(world.author, values, uuid5(SPACE, str(dice.a)))
    world.tasks.append(UUID(operation.payload["id"]))
    return operation


def change_task(world: Hotline, dice: Dice) -> Operation:
    held = task.Task(id=dice.pick(world.tasks), created_at=START)
    changes = dice.one({"state": "done"}, {"state": "open"}, {"note": dice.word}, {"attempts": dice.b})
    return held.change(world.author, changes, dice.base)


def save_article(world: Hotline, dice: Dice) -> Operation:
    known = dice.one(None, dice.pick(world.articles))
    values = {"title": dice.word, "body": dice.word, "models": ["excelle"] * (dice.a % 2)}
    operation = article.save_article(world.author, values, known)
    world.articles.append(UUID(operation.payload["id"]))
    return operation


def mark_article(world: Hotline, dice: Dice) -> Operation:
    verdict = dice.one("used", "unhelpful")
    use = uuid5(SPACE, str(dice.a))
    return article.mark_article(world.author, dice.pick(world.articles), verdict, dice.call, use)


def remember_choice(world: Hotline, dice: Dice) -> Operation:
    mode = dice.one("ask", "customer", "last")
    return choice.remember_choice(world.author, dice.number, mode, dice.pick(world.customers))


def save_code(world: Hotline, dice: Dice) -> Operation:
    table = dice.one(*agent.CODE_TABLES)
    return agent.save_code(world.author, table, {"id": uuid5(SPACE, str(dice.a % 2)), "name_zh": dice.word})


MOVES: Mapping[str, Move] = MappingProxyType(
    {
        "customer.create": create_customer,
        "customer.change": change_customer,
        "contact_point.add": add_point,
        "contact_point.change": change_point,
        "contact_point.drop": drop_point,
        "contact.save": save_contact,
        "asset.create": create_asset,
        "asset.change": change_asset,
        "visit.record": record_visit,
        "visit.change": change_visit,
        "call.seen": see_call,
        "call.wrap_up": wrap_up,
        "call.assign": assign,
        "call.verify": verify,
        "note.append": append_note,
        "task.open": open_task,
        "task.change": change_task,
        "article.save": save_article,
        "article.mark": mark_article,
        "choice.remember": remember_choice,
        "code.save": save_code,
        **COMPLAINT_MOVES,
    }
)
