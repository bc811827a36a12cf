"""Somebody new, from the keys of an agent to the rows of the store."""

from __future__ import annotations

import json
from typing import Any

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from crmdesk.errors import Conflict
from crmdesk.ui.desk import PersonFields, WrapUp
from crmdesk.ui.views.person_form import PersonForm
from tests.app.test_pops_painted import Watched, watched

__all__ = ["watched"]


def test_an_unknown_caller_is_kept_with_number_car_and_call(watched: Watched, qtbot: QtBot) -> None:
    handle = watched.built.simulator.ring("02163457788", "Joyce Moretti", "1001", "02158208000", "hotline")
    pop = watched.expect(handle.call_key)
    assert pop.customer is None
    window = watched.program.window
    window.commands.run("new-person")
    form = window.findChild(PersonForm)
    assert isinstance(form, PersonForm)
    person = PersonFields(
        name="Joyce Moretti", phone="021 6345 7788", language="en", plate="沪A·99887", model="SUV-7"
    )
    form.fill(person)
    qtbot.keyClick(form.name_line, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    current = window.slots.current
    assert current is not None
    watched.until(lambda: current.pop.customer is not None)
    assert current.pop.customer is not None
    assert current.pop.customer.name == "Joyce Moretti"
    assert [asset.plate for asset in current.pop.customer.assets] == ["沪A·99887"]
    owner = watched.program.store.read(_owner, pop.call_id).result()
    assert owner == current.pop.customer.id.bytes


def test_who_may_be_the_same_is_told_by_number_name_and_plate(watched: Watched) -> None:
    held = watched.built.simulator.ring("13800138000", "Wang", "1001", "02158208000", "hotline")
    card = watched.expect(held.call_key).customer
    assert card is not None
    desk = watched.program.desk
    for person in (
        PersonFields(name="-", phone="138 0013 8000"),
        PersonFields(name=card.name),
        PersonFields(plate=card.assets[0].plate),
    ):
        assert card.id in [found.customer_id for found in desk.similar(person).result(10)]
    assert desk.similar(PersonFields(name="Nobody Atall", phone="none")).result(10) == ()


def test_a_change_of_the_head_seen_too_early_is_a_conflict(watched: Watched) -> None:
    held = watched.built.simulator.ring("13800138000", "Wang", "1001", "02158208000", "hotline")
    card = watched.expect(held.call_key).customer
    assert card is not None
    desk = watched.program.desk
    desk.change_customer(card.id, {"hint": "first"}, card.version).result(10)
    with pytest.raises(Conflict) as refused:
        desk.change_customer(card.id, {"hint": "second"}, card.version).result(10)
    assert refused.value.current["hint"] == "first"
    assert refused.value.fields == ("hint",)


def _owner(connection: Any, call_id: Any) -> bytes:
    row = connection.execute("SELECT customer_id FROM call WHERE id = ?", (call_id.bytes,)).fetchone()
    return bytes(row[0])


def test_how_long_a_wrap_up_took_and_why_is_kept(watched: Watched) -> None:
    held = watched.built.simulator.ring("13800138000", "Wang", "1001", "02158208000", "hotline")
    pop = watched.expect(held.call_key)
    watched.until(lambda: watched.program.store.read(_calls_of, pop.call_id).result() == 1)
    finish = WrapUp(pop.call_id, "", None, "", "", (), None, seconds=85, stretched="note")
    watched.program.desk.wrap_up(finish).result(10)
    seconds, logged = watched.program.store.read(_finish, pop.call_id).result()
    assert seconds == 85
    assert json.loads(logged)["stretched"] == "note"


def _calls_of(connection: Any, call_id: Any) -> int:
    row = connection.execute("SELECT count(*) FROM call WHERE id = ?", (call_id.bytes,)).fetchone()
    return int(row[0])


def _finish(connection: Any, call_id: Any) -> tuple[int, str]:
    (seconds,) = connection.execute(
        "SELECT wrap_up_seconds FROM call WHERE id = ?", (call_id.bytes,)
    ).fetchone()
    (payload,) = connection.execute(
        "SELECT payload FROM operation WHERE kind = 'call.wrap_up' ORDER BY n DESC LIMIT 1"
    ).fetchone()
    return int(seconds), str(payload)
