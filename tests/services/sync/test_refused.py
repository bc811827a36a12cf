"""What was not accepted stays whole, and goes to the server again only as a person decided."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import Conflict, InvalidInput, NotFound
from crmdesk.models.article import save_article
from crmdesk.models.asset import Asset, open_asset
from crmdesk.models.effects import EFFECTS
from crmdesk.models.note import append_note
from crmdesk.models.sync_views import FieldChoice, RefusedLine
from crmdesk.services.sync.outbox import counts
from crmdesk.services.sync.refused import (
    dismiss,
    pending_lines,
    refused_lines,
    resolve,
    send_again,
    send_as_note,
)
from crmdesk.services.sync.words import WHAT, typed_text
from tests.services.sync.conftest import SharedDesk
from tests.services.sync.test_replica import add_note, change, row_of, shared_customer

THEIRS = FieldChoice("server")
MINE = FieldChoice("mine")


def clash(desk: SharedDesk, other: SharedDesk) -> tuple[UUID, RefusedLine]:
    """Two people change the hint of one customer, the one here his city as well; it is not accepted."""
    customer_id = shared_customer(desk, other)
    change(desk, customer_id, hint="mine", city="上海")
    change(other, customer_id, hint="theirs")
    other.sync()
    desk.sync()
    (line,) = desk.read(refused_lines)
    return customer_id, line


def settle(desk: SharedDesk, use_case: Callable[..., None], *arguments: Any) -> None:
    desk.store.write(use_case, *arguments).result()


def test_every_kind_of_operation_has_its_words() -> None:
    assert set(WHAT) == set(EFFECTS)


def test_mine_goes_as_a_new_operation_over_the_present_revision(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id, line = clash(desk, other)
    settle(desk, resolve, line.op_id, {"hint": MINE})
    assert desk.read(refused_lines) == ()
    desk.sync()
    held = desk.server.shown()["customer", customer_id]
    assert (held["hint"], held["city"]) == ("mine", "上海")
    assert desk.server.counted == {"conflict": 1}
    assert desk.rows() == desk.server.shown()


def test_the_servers_value_is_not_sent_but_the_other_fields_are(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id, line = clash(desk, other)
    settle(desk, resolve, line.op_id, {"hint": THEIRS})
    desk.sync()
    held = desk.server.shown()["customer", customer_id]
    assert (held["hint"], held["city"]) == ("theirs", "上海")


def test_what_is_typed_anew_goes_instead(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id, line = clash(desk, other)
    settle(desk, resolve, line.op_id, {"hint": FieldChoice("typed", "both of us")})
    desk.sync()
    assert desk.server.shown()["customer", customer_id]["hint"] == "both of us"


def test_a_field_without_a_choice_is_asked_for(desk: SharedDesk, other: SharedDesk) -> None:
    _, line = clash(desk, other)
    with pytest.raises(InvalidInput, match="hint"):
        settle(desk, resolve, line.op_id, {})
    assert len(desk.read(refused_lines)) == 1


def test_typed_values_become_what_the_field_holds(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id = shared_customer(desk, other)
    desk.do(open_asset(desk.author, {"customer_id": str(customer_id), "mileage_km": 5}))
    desk.sync()
    other.sync()
    (asset_id,) = [row_id for table, row_id in desk.rows() if table == "asset"]
    for each, mileage in ((other, 100), (desk, 200)):
        row = each.row("asset", asset_id)
        assert row is not None
        each.do(Asset(**row).change(each.author, {"mileage_km": mileage}, row["rev"]))
    other.sync()
    desk.sync()
    (line,) = desk.read(refused_lines)
    with pytest.raises(InvalidInput, match="cannot hold"):
        settle(desk, resolve, line.op_id, {"mileage_km": FieldChoice("typed", "a lot")})
    settle(desk, resolve, line.op_id, {"mileage_km": FieldChoice("typed", "150")})
    desk.sync()
    assert desk.server.shown()["asset", asset_id]["mileage_km"] == 150


def test_values_that_changed_again_are_shown_before_anything_is_sent(
    desk: SharedDesk, other: SharedDesk
) -> None:
    customer_id, line = clash(desk, other)
    change(other, customer_id, hint="newer")
    other.sync()
    desk.pull()
    with pytest.raises(Conflict) as caught:
        settle(desk, resolve, line.op_id, {"hint": MINE})
    assert caught.value.fields == ("hint",)
    (shown,) = desk.read(refused_lines)
    assert [(each.field, each.mine, each.server) for each in shown.conflicts] == [("hint", "mine", "newer")]
    settle(desk, resolve, line.op_id, {"hint": MINE})
    desk.sync()
    assert desk.server.shown()["customer", customer_id]["hint"] == "mine"


def test_a_field_that_was_in_no_conflict_may_come_into_one(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id, line = clash(desk, other)
    change(other, customer_id, city="北京")
    other.sync()
    desk.pull()
    with pytest.raises(Conflict):
        settle(desk, resolve, line.op_id, {"hint": MINE})
    (shown,) = desk.read(refused_lines)
    assert [(each.field, each.server) for each in shown.conflicts] == [("hint", "theirs"), ("city", "北京")]


def test_an_answer_whose_row_is_not_here_yet_is_waited_for(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id = shared_customer(desk, other)
    change(desk, customer_id, hint="mine")
    change(other, customer_id, hint="theirs")
    other.sync()
    desk.push()
    (line,) = desk.read(refused_lines)
    with pytest.raises(Conflict, match="not here yet"):
        settle(desk, resolve, line.op_id, {"hint": MINE})
    desk.pull()
    settle(desk, resolve, line.op_id, {"hint": MINE})


def test_the_whole_text_can_become_a_note(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id = shared_customer(desk, other)
    desk.server.denies = {"article.save"}
    body = "怠速异响 " * 24_000
    desk.do(save_article(desk.author, {"title": "T", "body": body}))
    desk.sync()
    (line,) = desk.read(refused_lines)
    assert body.strip() in line.text
    settle(desk, send_as_note, line.op_id, customer_id)
    desk.sync()
    notes = [row["text"] for (table, _), row in desk.server.shown().items() if table == "note"]
    assert sum(map(len, notes)) >= len(body.strip())
    assert len(notes) == 2
    assert desk.read(refused_lines) == ()


def test_what_was_denied_can_be_sent_again(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.server.denies = {"note.append"}
    note_id = add_note(desk, customer_id, "text")
    desk.sync()
    desk.server.denies = set()
    (line,) = desk.read(refused_lines)
    settle(desk, send_again, line.op_id)
    desk.sync()
    assert ("note", note_id) in desk.server.shown()
    assert desk.read(refused_lines) == ()


def test_what_is_put_away_stays_in_the_store(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.server.denies = {"note.append"}
    add_note(desk, customer_id, "for ever")
    desk.sync()
    (line,) = desk.read(refused_lines)
    settle(desk, dismiss, line.op_id)
    assert desk.read(refused_lines) == ()
    assert desk.read(counts).refused == 0
    assert desk.sql("SELECT text, resolution FROM not_accepted") == [("for ever", "dismissed")]
    with pytest.raises(NotFound):
        settle(desk, dismiss, line.op_id)


def test_one_whose_row_is_gone_cannot_be_chosen_but_noted(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id, line = clash(desk, other)
    desk.server.hide(("customer", customer_id))
    desk.pull()
    with pytest.raises(NotFound):
        settle(desk, resolve, line.op_id, {"hint": MINE})
    assert len(desk.read(refused_lines)) == 1
    settle(desk, send_as_note, line.op_id, customer_id)


def test_what_waits_is_told_with_all_that_was_typed(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.do(append_note(desk.author, "first\nsecond", customer_id=customer_id))
    change(desk, customer_id, hint="先生")
    first, second = desk.read(pending_lines)
    assert (first.n, first.text, first.subject, first.again) == (2, "first\nsecond", "王伟", False)
    assert (str(second.what), second.text) == ("Customer changed", "hint: 先生")
    assert second.at - first.at < timedelta(minutes=1)
    assert row_of(desk, customer_id)["hint"] == "先生"


def test_typed_text_holds_every_field_but_ids() -> None:
    payload = {
        "id": "x",
        "fields": {"name": "王伟", "hint": "", "customer_id": "y"},
        "points": [{"raw": "138", "value": "+86138"}, {"raw": "139"}],
        "models": ["a", "b"],
    }
    assert typed_text("customer.create", payload) == "name: 王伟\nraw: 138\nraw: 139\nmodels: a, b"
