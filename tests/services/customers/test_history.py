"""What a pop tells of a history is what the rows say; how a time line lies in the file."""

from datetime import timedelta
from random import Random
from uuid import UUID, uuid4

import pytest

from crmdesk.models.types import CustomerId
from crmdesk.services.customers.profile import customer_card, tally
from crmdesk.services.customers.timeline import RECENT, newest_lines, timeline_page
from crmdesk.services.customers.values import DAY, micros

from .conftest import Desk, unindexed

NUMBER = "+8613800138000"


def happen(desk: Desk, random: Random, owners: list[CustomerId], cars: list[list[UUID]]) -> None:
    """Let anything happen to one of *owners*."""
    whose = random.randrange(len(owners))
    owner, ago, kind = owners[whose], random.uniform(0, 500), random.random()
    if kind < 0.5:
        direction, topic = random.choice(("in", "out")), random.choice(("", "oil_leak", "brake", "noise"))
        call = desk.call(
            NUMBER, random.choice((owner, None)), ago=timedelta(days=ago), direction=direction, topic=topic
        )
        if random.random() < 0.5:
            to = random.choice((owner, random.choice(owners), None))
            desk.do(desk.author.describe("call.assign", {"id": call, "customer_id": to, "by": "chosen"}))
    elif kind < 0.8 and cars[whose]:
        items = [("work", "oil_change")] if random.random() < 0.4 else [("fault", "oil_leak")]
        desk.visit(
            owner,
            random.choice(cars[whose]),
            *items,
            ago_days=int(ago),
            outlet=f"O{random.random()}",
            summary=f"S{random.random()}",
            mileage_km=random.randrange(90_000),
        )
    else:
        desk.note(owner, "written")


@pytest.mark.parametrize("seed", range(4))
def test_a_history_is_told_as_the_rows_have_it(desk: Desk, seed: int) -> None:
    random = Random(seed)
    owners = [desk.customer(f"C{n}") for n in range(3)]
    cars = [[desk.asset(owner, plate=f"P{n}{c}") for c in range(n)] for n, owner in enumerate(owners)]
    for _ in range(90):
        happen(desk, random, owners, cars)
    for owner in owners:
        _compare_lines(desk, owner)
        _compare_visits(desk, owner)


def _compare_lines(desk: Desk, owner: CustomerId) -> None:
    lines = desk.reader.execute("SELECT id, at, kind, direction, topic, customer_id FROM interaction")
    own = [line for line in lines if line[5] == owner.bytes]
    own.sort(key=lambda line: (line[1], line[0]), reverse=True)
    counted, total = tally(desk.reader, owner, now=desk.now)
    page, topics = newest_lines(desk.reader, owner, limit=20, total=total)
    assert page == timeline_page(desk.reader, owner, limit=20)
    assert [UUID(entry.id).bytes for entry in page.items] == [line[0] for line in own[:20]]
    assert topics == tuple(line[4] for line in own[:RECENT] if line[4])
    assert (total, page.total) == (len(own), len(own))
    contacts = [line for line in own if line[2] not in ("note", "task")]
    for days, told in ((30, counted.contacts_30), (90, counted.contacts_90), (365, counted.contacts_365)):
        assert told == sum(line[1] >= micros(desk.now) - days * DAY for line in contacts)


def _compare_visits(desk: Desk, owner: CustomerId) -> None:
    card = customer_card(desk.reader, owner, now=desk.now)
    assert card is not None
    for asset in card.assets:
        visits = desk.reader.execute(
            "SELECT id, visited_at, outlet, summary, mileage_km FROM service_visit WHERE asset_id = ?",
            (asset.id.bytes,),
        ).fetchall()
        oil = {
            visit
            for (visit,) in desk.reader.execute(
                "SELECT visit_id FROM visit_item WHERE asset_id = ? AND code = 'oil_change'",
                (asset.id.bytes,),
            )
        }
        latest = max(visits, key=lambda visit: visit[1], default=None)
        assert asset.last_visit in {
            f"{visit[2]} · {visit[3]}" if visit else "" for visit in [latest, *_same_time(visits, latest)]
        }
        changes = [visit for visit in visits if visit[0] in oil]
        last = max(changes, key=lambda visit: visit[1], default=None)
        ends = {f"{visit[2]} · {visit[4]} km" for visit in _same_time(changes, last)}
        assert asset.last_oil_change == "" if last is None else asset.last_oil_change[13:] in ends


def _same_time(visits: list[tuple[object, ...]], one: tuple[object, ...] | None) -> list[tuple[object, ...]]:
    return [visit for visit in visits if one is not None and visit[1] == one[1]]


def test_a_line_of_nobody_finds_its_customer_and_loses_him_again(desk: Desk) -> None:
    owner = desk.customer("张伟")
    call = desk.call(NUMBER)
    assert timeline_page(desk.reader, owner).total == 0
    for to, total in ((owner, 1), (None, 0), (owner, 1)):
        desk.do(desk.author.describe("call.assign", {"id": call, "customer_id": to, "by": "chosen"}))
        assert timeline_page(desk.reader, owner).total == total
        with_rows = desk.write(lambda work: work.row("interaction", call))
        assert with_rows["customer_id"] == to
    assert desk.reader.execute("SELECT count(*) FROM interaction").fetchone() == (1,)


def test_lines_are_read_from_one_place(desk: Desk) -> None:
    """Neither the page nor a line by its id looks through the table."""
    plans = [
        desk.reader.execute(f"EXPLAIN QUERY PLAN {query}", (uuid4().bytes,)).fetchall()[0][3]
        for query in (
            "SELECT summary FROM interaction WHERE customer_id = ? ORDER BY at DESC, id DESC LIMIT 21",
            "SELECT summary FROM interaction WHERE id = ?",
        )
    ]
    assert plans == [
        "SEARCH interaction USING PRIMARY KEY (customer_id=?)",
        "SEARCH interaction USING INDEX ix_interaction_id (id=?)",
    ]
    assert unindexed(desk.reader, ["SELECT count(*) FROM interaction WHERE customer_id = x''"]) == []
