"""Any sequence of operations: the log replayed from nothing gives the rows of the store, all of them."""

import json
import shutil
from contextlib import closing
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.errors import AgentError
from crmdesk.models.effects import EFFECTS, ENTITIES, OF_TEAMS, apply, replay
from crmdesk.models.operations import Operation, RowsInMemory
from crmdesk.models.wire import Row, to_json
from crmdesk.services.followers import followers
from crmdesk.services.store.connection import Connection, open_connection
from crmdesk.services.store.rows import shape_of
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.store.values import from_micros
from tests.models.moves import MOVES, Dice, Hotline
from tests.stores import KEY, empty_store

WORDS = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["王伟", "O'Neil; DROP", "<b>x</b>", " ", "\x00", "😀"]
)
DICE = st.builds(Dice, st.integers(0, 9), st.integers(0, 99), WORDS)
SEQUENCES = st.lists(st.tuples(st.sampled_from(sorted(MOVES)), DICE), min_size=1, max_size=30)


def test_every_kind_of_operation_takes_part() -> None:
    assert set(MOVES) == set(EFFECTS)


def played(world: Hotline, moves: list[tuple[str, Dice]], work: UnitOfWork) -> int:
    """Make the moves; what is refused changes nothing. Returns how many were accepted."""
    accepted = 0
    for kind, dice in moves:
        try:
            work.do(MOVES[kind](world, dice))
            accepted += 1
        except AgentError:
            continue
    work.commit()
    return accepted


def logged(connection: Connection) -> tuple[Operation, ...]:
    rows = connection.execute(
        "SELECT id, kind, version, payload, base_revision, actor, device, at FROM operation ORDER BY n"
    )
    return tuple(
        Operation(UUID(bytes=key), kind, version, json.loads(payload), base, actor, device, from_micros(at))
        for key, kind, version, payload, base, actor, device, at in rows
    )


def stored(connection: Connection) -> dict[str, dict[UUID, Row]]:
    found: dict[str, dict[UUID, Row]] = {}
    for table in ENTITIES:
        shape = shape_of(table)
        rows = {row["id"]: row for row in map(shape.read, connection.execute(shape.select))}
        if rows:
            found[table] = rows
    return found


def is_private(table: str, row: Row) -> bool:
    """Whether the history keeps no word of a row: it is a team's, or a restricted complaint."""
    return table in OF_TEAMS or bool(row.get("restricted"))


def by_history(
    connection: Connection, rows: dict[str, dict[UUID, Row]]
) -> dict[tuple[str, bytes], dict[str, Any]]:
    """The *rows* as the history tells them, field by field."""
    told: dict[tuple[str, bytes], dict[str, Any]] = {}
    query = "SELECT table_name, row_id, rev, before, after FROM history ORDER BY n"
    for table, row_id, rev, before, after in connection.execute(query):
        if is_private(table, rows.get(table, {}).get(UUID(bytes=row_id), {})):
            assert not any({**json.loads(before), **json.loads(after)}.values())
            continue
        row = told.setdefault((table, row_id), {})
        assert {name: row.get(name) for name in json.loads(before)} == json.loads(before)
        if rev == 0:
            del told[table, row_id]
        else:
            row.update(json.loads(after))
            assert row["rev"] == rev
    return {
        place: {name: value for name, value in row.items() if value is not None}
        for place, row in told.items()
    }


@settings(max_examples=40)
@given(moves=SEQUENCES)
def test_log_rows_and_history_tell_the_same(
    tmp_path_factory: pytest.TempPathFactory, moves: list[tuple[str, Dice]]
) -> None:
    path = empty_store(tmp_path_factory.mktemp("store") / "store.db")
    world = Hotline()
    with closing(Store(path, KEY, world.author, followers)) as store:
        accepted = store.write(lambda work: played(world, moves, work)).result().result
    with closing(open_connection(path, KEY, role="reader")) as connection:
        log = logged(connection)
        rows = stored(connection)
        assert len(log) == accepted
        replayed = replay(log).tables
        assert rows == {table: held for table, held in replayed.items() if held}
        assert by_history(connection, rows) == {
            (table, row_id.bytes): to_json({k: v for k, v in row.items() if v is not None})
            for table, held in rows.items()
            for row_id, row in held.items()
            if not is_private(table, row)
        }
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    shutil.rmtree(path.parent)


@settings(max_examples=150)
@given(moves=SEQUENCES)
def test_an_effect_is_pure_and_twice_is_the_same(moves: list[tuple[str, Dice]]) -> None:
    world, rows = Hotline(), RowsInMemory()
    for kind, dice in moves:
        try:
            operation = MOVES[kind](world, dice)
        except AgentError:
            continue
        before = {table: dict(held) for table, held in rows.tables.items()}
        changes = apply(rows, operation)
        assert changes == apply(rows, operation)
        assert rows.tables == before
        assert len({(change.table, change.id) for change in changes}) == len(changes)
        rows.changed(changes)


@settings(max_examples=150)
@given(moves=st.lists(DICE, min_size=1, max_size=12), again=st.integers(0, 11))
def test_what_the_telephone_says_twice_changes_nothing(moves: list[Dice], again: int) -> None:
    world, rows = Hotline(), RowsInMemory()
    told: list[Dice] = []
    for dice in moves:
        rows.changed(apply(rows, MOVES["call.seen"](world, dice)))
        told.append(dice)
    before = {table: dict(held) for table, held in rows.tables.items()}
    rows.changed(apply(rows, MOVES["call.seen"](world, told[-1])))
    assert rows.tables == before, "the last event, heard again"
    once = rows.tables["call"].keys()
    rows.changed(apply(rows, MOVES["call.seen"](world, told[again % len(told)])))
    assert rows.tables["call"].keys() == once, "an older event, heard again, makes no second call"


@settings(max_examples=150)
@given(events=st.lists(DICE, min_size=2, max_size=6), order=st.randoms(use_true_random=False))
def test_a_call_never_goes_back(events: list[Dice], order: Any) -> None:
    world, rows = Hotline(), RowsInMemory()
    order.shuffle(events)
    rank = {"ringing": 0, "talking": 1, "ended": 2}
    reached: dict[UUID, int] = {}
    for dice in events:
        rows.changed(apply(rows, MOVES["call.seen"](world, dice)))
        state = rank[rows.tables["call"][dice.call]["state"]]
        assert state >= reached.get(dice.call, 0)
        reached[dice.call] = state
