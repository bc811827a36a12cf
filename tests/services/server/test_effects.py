"""Any operations: the server's rows are those that every desk forecasts, field by field."""

import itertools
import json
import random
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from crmdesk.errors import AgentError
from crmdesk.models import agent, call, note, visit
from crmdesk.models.effects import EFFECTS, ENTITIES
from crmdesk.models.operations import Operation
from crmdesk.models.wire import Json, Row, from_json, to_json
from tests.cluster import Cluster
from tests.models.complaint_moves import COMPLAINT_MOVES, TEAMS, log_complaint, step_taken
from tests.models.moves import AGENT, MOVES, START, Dice, Hotline, Move
from tests.services.server.sender import CHANGED, Expected, Sender, rows_of

FILE = Path(__file__).resolve().parents[2] / "data" / "effects.json"
DESKS = tuple(uuid.UUID(int=n) for n in (1, 2, 3))
SPACES = "\t\v \x1c\x85\xa0\u1680\u2003\u2028\u2029\u202f\u205f\u3000\u200b\ufeff"
AWKWARD = (
    *("王伟", "O'Neil; DROP", "<b>x</b>", " ", "\x00", "😀", "e\u0301", "İstanbul", "ß", "\\u0000", '"'),
    *("{a,b}", "NULL", "%s", "　 客户说：\n\n　第二行\u2028", "字" * 300, "x" * 119 + "😀😀 tail\nrest"),
)
WORDS = (
    st.text(min_size=1, max_size=12)
    | st.text(alphabet=SPACES + "\n中x😀é", min_size=1, max_size=12)
    | st.sampled_from(AWKWARD)
)
DICE = st.builds(Dice, st.integers(0, 9), st.integers(0, 99), WORDS)
CODES = (("complaint_category", uuid.UUID(int=201), "repair"), ("cause", uuid.UUID(int=202), "wrong_part"))
"""What the moves on complaints name."""


def see_busy_call(world: Hotline, dice: Dice) -> Operation:
    """A call with a queue and legs, one of them told twice."""
    values = {
        "queue": dice.one("", "sales", "service"),
        "number_value": dice.one("", dice.number),
        "identified_by": dice.one("", "number"),
        "customer_id": dice.one(None, dice.pick(world.customers)),
        "state": dice.one("ended", "ended", "ringing"),
        "result": dice.one("missed", "no_answer", "answered"),
        "direction": dice.one("in", "in", "out"),
        "started_at": START + timedelta(microseconds=dice.a * 100_001),
        "topic": dice.word,
    }
    legs = [
        {"leg_key": "1", "extension": "1001", "result": dice.one("", "answered", "missed")},
        {"leg_key": dice.one("1", "2"), "rang_at": START + timedelta(seconds=dice.b)},
        {"leg_key": "1", "agent_id": dice.one(None, world.customers[0]), "result": dice.one("", "rejected")},
    ]
    return call.see_call(world.author, dice.call, values, legs[: dice.a % 4])


def save_team(world: Hotline, dice: Dice) -> Operation:
    values = {"id": dice.pick(world.points), "queue": dice.one("", "sales", "service"), "key": dice.word}
    return agent.save_code(world.author, "team", values)


def save_agent(world: Hotline, dice: Dice) -> Operation:
    languages = dice.one([], ["zh"], ["zh", dice.word], ["", '"', "{", "a,b", "NULL"])
    values = {"id": dice.pick(world.points), "languages": languages, "active": bool(dice.a % 2)}
    return agent.save_code(world.author, "agent", values)


def record_long_visit(world: Hotline, dice: Dice) -> Operation:
    values = {
        "asset_id": dice.pick(world.assets),
        "customer_id": dice.pick(world.customers),
        "visited_at": START - timedelta(days=dice.b % 3, microseconds=dice.a),
        "mileage_km": dice.one(None, 0, dice.a),
        "next_service_km": dice.one(None, 0, 30_000),
        "summary": dice.one("", dice.word),
        "note": dice.word * dice.one(1, 60),
        "outlet": dice.word,
    }
    items = [{"text": dice.word + str(n), "quantity": n} for n in range(dice.a)]
    operation = visit.record_visit(world.author, values, items)
    world.visits.append(uuid.UUID(operation.payload["id"]))
    return operation


def append_long_note(world: Hotline, dice: Dice) -> Operation:
    text = dice.word + dice.one(" ", "\n", "\u3000", "x") * dice.b + dice.word * dice.b
    return note.append_note(world.author, text, customer_id=dice.pick(world.customers))


ALL: dict[str, Move] = {
    **MOVES,
    "busy call": see_busy_call,
    "team": save_team,
    "agent": save_agent,
    "long visit": record_long_visit,
    "long note": append_long_note,
}
SEQUENCES = st.lists(st.tuples(st.sampled_from(sorted(ALL)), DICE), min_size=1, max_size=25)


@pytest.fixture(scope="module")
def desk(cluster: Cluster) -> Iterator[tuple[Any, str]]:
    """The connection of somebody who may do everything, nothing there yet, and his id."""
    database = cluster.database()
    boss = database.person("effects_boss", "supervisor", teams=())
    with database.connect() as admin:
        admin.execute("TRUNCATE crm.agent, crm.feed, crm.audit, crm.audit_value")
        for team in TEAMS:
            admin.execute("INSERT INTO crm.member (login, team) VALUES (%s, %s)", (boss.login, team))
        for table, row_id, key in CODES:
            admin.execute(f"INSERT INTO crm.{table} (id, key) VALUES (%s, %s)", (row_id, key))
        admin.execute("SELECT crm.set_clock(%s)", (START + timedelta(days=30),))
    with database.connect(boss.login, autocommit=False) as connection:
        connection.execute("SET timezone = 'UTC'")
        connection.commit()
        yield connection, str(boss.agent_id)
    database.drop()


def described(moves: list[tuple[str, Dice]], actor: str) -> Iterator[Operation]:
    world = Hotline()
    world.author = replace(world.author, actor=actor)
    for kind, dice in moves:
        try:
            yield ALL[kind](world, dice)
        except AgentError:
            continue


def essence(answer: dict[str, Json]) -> dict[str, Json]:
    names = ("rejected", "fields") if answer.get("rejected") == "conflict" else ("rejected", "ok")
    return {name: answer[name] for name in names if name in answer}


def test_every_kind_takes_part() -> None:
    assert set(EFFECTS) <= set(ALL)


def compared(desk: tuple[Any, str], operations: Iterable[Operation]) -> Expected:
    """Push *operations* from three desks in turns; compare each answer and in the end all rows."""
    connection, actor = desk
    expected = Expected(actor, rows_of(connection))
    senders = [Sender(connection, device) for device in DESKS]
    try:
        for operation, sender in zip(operations, itertools.cycle(senders), strict=False):
            answer = sender.push(operation)
            if operation.kind == "complaint.step":
                expected.step(operation, sender.device, answer)
                continue
            assert essence(answer) == expected.answer(operation, sender.device), (operation, answer)
            if answer.get("rejected") == "conflict" and operation.kind in CHANGED:
                table = CHANGED[operation.kind]
                row_id = uuid.UUID(operation.payload["id"])
                assert from_json(ENTITIES[table], answer["current"]) == expected.tables[table][row_id]
        assert list(differences(rows_of(connection), expected.tables)) == []
    finally:
        connection.rollback()
    return expected


def differences(
    held: dict[str, dict[uuid.UUID, Row]], wanted: dict[str, dict[uuid.UUID, Row]]
) -> Iterator[tuple[str, uuid.UUID, str, object, object]]:
    """Yield table, id and field of what is not the same, with both values."""
    for table in sorted(held.keys() | wanted.keys()):
        ours, theirs = wanted.get(table, {}), held.get(table, {})
        for row_id in sorted(ours.keys() | theirs.keys()):
            mine, yours = ours.get(row_id, {}), theirs.get(row_id, {})
            for name in sorted(mine.keys() | yours.keys()):
                if yours.get(name) != mine.get(name):
                    yield table, row_id, name, yours.get(name), mine.get(name)


@settings(max_examples=150, deadline=None, phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink))
@given(moves=SEQUENCES)
def test_any_operations_give_equal_rows(desk: tuple[Any, str], moves: list[tuple[str, Dice]]) -> None:
    compared(desk, described(moves, desk[1]))


def test_a_long_day_gives_equal_rows(desk: tuple[Any, str]) -> None:
    """Enough of everything: each kind done, fields merged and clashed, rows missed."""
    done = list(described(random_moves(20261121, 1000), desk[1]))
    assert {operation.kind for operation in done} == set(EFFECTS)
    counts = compared(desk, done).counts
    assert counts["ok"] > 400
    assert counts["conflict"] > 10
    assert counts["gone"] > 20
    assert counts["invalid"] > 10


def test_whole_files_of_complaints_give_equal_rows(desk: tuple[Any, str]) -> None:
    """Complaints from receipt on, with remedies, letters, surveys and all that is decided too late."""
    often = [*sorted(COMPLAINT_MOVES), *["complaint.step"] * 8]
    for seed in (1, 2):
        done = list(described(random_moves(seed, 300, often), desk[1]))
        expected = compared(desk, done)
        assert len({row["transition"] for row in expected.tables["complaint_event"].values()}) > 12
        assert expected.counts["ok"] > 150
        assert expected.counts["conflict"] > 20


def test_proposals_that_take_the_place_of_one_another_give_equal_rows(desk: tuple[Any, str]) -> None:
    world, dice = Hotline(), Dice(0, 3, "x")
    world.author = replace(world.author, actor=desk[1])
    logged = log_complaint(world, dice)
    keys = ("T2", "T4", "T5", "T8", "T10", "T8", "T10", "T8", "T9")
    complaint = uuid.UUID(logged.payload["id"])
    done = [logged, *(step_taken(world, dice, complaint, key, {}) for key in keys)]
    expected = compared(desk, done)
    assert expected.counts == {"ok": len(done)}
    lines = expected.tables["remedy_line"].values()
    assert sorted((row["rev"], row["void"]) for row in lines) == [(2, False), (2, True), (2, True)]


def random_moves(seed: int, count: int, kinds: Sequence[str] = sorted(ALL)) -> list[tuple[str, Dice]]:
    """Return the same *count* moves for the same *seed*."""
    chance = random.Random(seed)
    return [
        (chance.choice(kinds), Dice(chance.randrange(10), chance.randrange(100), chance.choice(AWKWARD)))
        for _ in range(count)
    ]


VECTORS = json.loads(FILE.read_text(encoding="utf-8")) if FILE.exists() else {}


@pytest.mark.parametrize("name", sorted(VECTORS))
def test_rows_written_down_once_stay_what_they_are(desk: tuple[Any, str], name: str) -> None:
    """What both sides made of these operations when they were written down; neither may drift."""
    vector = VECTORS[name]
    operations = [
        Operation(uuid.UUID(key), kind, 1, payload, base, "", "", datetime.fromisoformat(at))
        for key, kind, payload, base, at in vector["operations"]
    ]
    expected = compared(desk, operations)
    assert written(expected, desk[1]) == {"answers": vector["answers"], "rows": vector["rows"]}


def written(expected: Expected, actor: str) -> dict[str, Json]:
    """Return answers and rows as they stand in the file, the person's id taken out."""
    rows = {
        table: [to_json(held[key]) for key in sorted(held)]
        for table, held in sorted(expected.tables.items())
        if table not in (code for code, _, _ in CODES)
    }
    text = json.dumps({"answers": expected.answers, "rows": rows}, ensure_ascii=False)
    told: dict[str, Json] = json.loads(text.replace(actor, "AGENT"))
    return told


def main() -> None:
    """Write the vectors anew, by the effects in Python: only when an effect is meant to change."""
    vectors = {}
    for name, seed, count in (("morning", 1, 60), ("noon", 2, 60), ("evening", 3, 60)):
        # Steps of complaints are for the server to judge.
        kinds = sorted(ALL.keys() - COMPLAINT_MOVES.keys())
        operations = list(described(random_moves(seed, count, kinds), str(AGENT)))
        expected = Expected("AGENT")
        for operation, device in zip(operations, itertools.cycle(DESKS), strict=False):
            expected.answer(operation, device)
        told = [
            [str(each.id), each.kind, dict(each.payload), each.base_revision, each.at.isoformat()]
            for each in operations
        ]
        vectors[name] = {"operations": told, **written(expected, "AGENT")}
    FILE.write_text(json.dumps(vectors, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
