"""Two desks at a real server: every kind of operation, offline and online, in orders made by chance."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from crmdesk.errors import AgentError
from crmdesk.models.effects import OF_TEAMS
from crmdesk.models.outbox import revised_place
from crmdesk.models.wire import Row
from crmdesk.services.sync.holding import MOMENTS, TABLES, window_start
from tests.cluster import Database
from tests.models.moves import MOVES, Dice, Hotline
from tests.services.sync.desks import TestDesk, desk

WORDS = ["王伟", "O'Neil", "<b>x</b>", "怠速异响", "one\ntwo"]


@pytest.fixture
def both(database: Database, tmp_path: Path) -> Iterator[tuple[TestDesk, TestDesk]]:
    anna = database.person("anna", role="supervisor")
    ben = database.person("ben", role="supervisor")
    with desk(database, anna, tmp_path / "a") as one, desk(database, ben, tmp_path / "b") as other:
        yield one, other


def make(at: TestDesk, world: Hotline, chance: random.Random) -> bool:
    """Do something at a desk; return whether the desk itself allowed it."""
    kind = chance.choice([*MOVES, "customer.change", "customer.change", "task.change"])
    world.author = at.store.author
    with suppress(AgentError):
        dice = Dice(chance.randrange(4), chance.randrange(100), chance.choice(WORDS))
        operation = MOVES[kind](world, dice)
        place = revised_place(operation)
        if place is not None:
            row = at.row(*place)
            operation = replace(operation, base_revision=row["rev"] if row else 1)
        at.do(operation)
        return True
    return False


def for_all(at: TestDesk, table: str) -> list[Row]:
    """Return the rows of a table that every desk holds: for all teams, and not older than the window."""
    begin = window_start(at.store.author.now(), 80)
    return [
        row
        for row in at.rows(table)
        if (table not in OF_TEAMS or row["team_id"] is None)
        and (table not in MOMENTS or row[MOMENTS[table]] >= begin)
    ]


def settle(*desks: TestDesk) -> None:
    for each in (*desks, *desks):
        each.worker.run_once()


@pytest.mark.slow
def test_any_order_ends_in_the_same_rows(both: tuple[TestDesk, TestDesk]) -> None:
    one, other = both
    chance, world, counted = random.Random(20261121), Hotline(), Counter[str]()
    for _ in range(30):
        for at in (one, other):
            counted["done"] += sum(make(at, world, chance) for _ in range(chance.randrange(8)))
            if chance.random() < 0.4:
                done = at.worker.run_once()
                counted["refused"] += done.refused
    settle(one, other)
    for table in TABLES:
        assert for_all(one, table) == for_all(other, table), table
    for at in both:
        assert at.asked("SELECT * FROM server_row") == []
        assert at.asked("SELECT count(*) FROM outbox WHERE state = 'new'") == [(0,)]
        (counted_here,) = at.asked("SELECT count(*) FROM not_accepted")
        counted["kept"] += counted_here[0]
        assert at.worker.run_once().rows == 0, "nothing is left to be said"
        assert at.asked("SELECT count(*) FROM outbox WHERE outlook <> ''") == [(0,)]
    assert counted["done"] > 100
    assert counted["kept"] > 10


@pytest.mark.parametrize("fields", [("hint", "hint"), ("hint", "city")])
def test_what_waited_together_is_no_clash_with_itself(
    both: tuple[TestDesk, TestDesk], fields: tuple[str, str]
) -> None:
    one, _ = both
    world = Hotline()
    world.author = one.store.author
    one.do(MOVES["customer.create"](world, Dice(0, 0, "王伟")))
    one.worker.run_once()
    for n, field in enumerate(fields):
        row = one.row("customer", world.customers[-1])
        assert row is not None
        operation = world.author.describe(
            "customer.change",
            {"id": world.customers[-1], "changes": {field: f"value {n}"}},
            base_revision=row["rev"],
        )
        one.do(operation)
    done = one.worker.run_once()
    assert (done.accepted, done.refused) == (2, 0)
    assert one.asked("SELECT rev FROM customer") == [(3,)]


def test_nobody_overwrites_unseen_what_took_the_revision_of_his_forecast(
    both: tuple[TestDesk, TestDesk],
) -> None:
    one, other = both
    world = Hotline()
    world.author = one.store.author
    one.do(MOVES["customer.create"](world, Dice(0, 0, "王伟")))
    settle(one, other)
    customer = world.customers[-1]
    for at, hint in ((other, "theirs"), (one, "mine"), (one, "mine, longer")):
        row = at.row("customer", customer)
        assert row is not None
        at.do(
            at.store.author.describe(
                "customer.change", {"id": customer, "changes": {"hint": hint}}, base_revision=row["rev"]
            )
        )
    other.worker.run_once()
    assert one.worker.run_once().refused == 2
    assert one.row("customer", customer) == other.row("customer", customer)
    assert (one.row("customer", customer) or {})["hint"] == "theirs"
