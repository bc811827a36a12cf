"""Pages of a time line: order, cursor, kinds, totals and cost."""

from datetime import timedelta

import pytest

from crmdesk.errors import InvalidInput
from crmdesk.services.customers.timeline import timeline_page

from .conftest import Desk, Statements, unindexed

MOBILE = "+8613800138000"


def test_nobody_has_an_empty_page(desk: Desk) -> None:
    page = timeline_page(desk.reader, desk.customer("张伟"))
    assert (page.items, page.after, page.total) == ((), None, 0)


def test_newest_first_with_what_it_was(desk: Desk) -> None:
    owner = desk.customer("张伟", MOBILE)
    car = desk.asset(owner, model="SUV-7")
    desk.visit(owner, car, ("work", "oil_change"), ago_days=3, outlet="Pudong", summary="Oil change")
    desk.call(MOBILE, owner, ago=timedelta(days=2), state="ended", result="answered")
    desk.note(owner, "Prefers mornings\nand e-mail")
    visit, call, note = reversed(timeline_page(desk.reader, owner).items)
    assert (visit.kind, visit.subject, visit.who, visit.asset_id) == ("visit", "Oil change", "Pudong", car)
    assert (call.kind, call.direction, call.state) == ("call", "in", "answered")
    assert (note.kind, note.subject, note.summary, note.at) == (
        "note",
        "Prefers mornings",
        "and e-mail",
        desk.now,
    )


def test_pages_follow_each_other_without_gap_or_repeat(desk: Desk) -> None:
    owner = desk.customer("张伟")
    for n in range(25):
        desk.later(minutes=n % 3 == 0)
        desk.note(owner, f"note {n}")
    whole = [entry.id for entry in timeline_page(desk.reader, owner, limit=100).items]
    seen: list[str] = []
    after: str | None = None
    while True:
        page = timeline_page(desk.reader, owner, after=after, limit=7)
        assert page.total == 25
        seen += [entry.id for entry in page.items]
        after = page.after
        if after is None:
            break
    assert seen == whole
    assert len(set(seen)) == 25


def test_new_lines_do_not_shift_the_next_page(desk: Desk) -> None:
    owner = desk.customer("张伟")
    for n in range(4):
        desk.later(minutes=1)
        desk.note(owner, f"note {n}")
    first = timeline_page(desk.reader, owner, limit=2)
    desk.later(minutes=1)
    desk.note(owner, "new")
    second = timeline_page(desk.reader, owner, after=first.after, limit=2)
    assert [entry.subject for entry in (*first.items, *second.items)] == [
        "note 3",
        "note 2",
        "note 1",
        "note 0",
    ]


def test_only_the_kinds_asked_for(desk: Desk) -> None:
    owner = desk.customer("张伟")
    desk.note(owner, "a note")
    desk.call(MOBILE, owner)
    desk.call(MOBILE, owner, ago=timedelta(days=1))
    page = timeline_page(desk.reader, owner, kinds=("call",), limit=1)
    assert [entry.kind for entry in page.items] == ["call"]
    assert page.total == 2
    assert timeline_page(desk.reader, owner, kinds=("call",), after=page.after).after is None


@pytest.mark.parametrize("after", ["x", "1.2.3", "zz.00", "f" * 40 + ".00", "1.xyz"])
def test_foreign_cursor_is_refused(desk: Desk, after: str) -> None:
    with pytest.raises(InvalidInput):
        timeline_page(desk.reader, desk.customer("张伟"), after=after)


def test_long_history_costs_two_indexed_reads_and_one_of_what_is_known(desk: Desk) -> None:
    owner = desk.customer("张伟")
    for n in range(60):
        desk.call(MOBILE, owner, ago=timedelta(days=n))
    first = timeline_page(desk.reader, owner)
    trace = Statements(desk.reader)
    page = timeline_page(desk.reader, owner, after=first.after, kinds=("call", "visit"))
    ran = trace.stop()
    assert len(page.items) == 20
    assert len(ran) == 3
    assert unindexed(desk.reader, ran) == []
