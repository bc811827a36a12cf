"""Whatever comes in whatever order: the rows are the server's, with what it does not know yet on top."""

from __future__ import annotations

import json
import random
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from crmdesk.errors import AgentError
from crmdesk.models.customer import Customer
from crmdesk.models.effects import OF_TEAMS, apply
from crmdesk.models.operations import Author, Operation, RowsInMemory
from crmdesk.models.outbox import Answer, Pending, Pulled, revised_place
from crmdesk.models.sync_views import FieldChoice
from crmdesk.models.wire import Row, to_json
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync.outbox import unsent, waiting
from crmdesk.services.sync.refused import dismiss, refused_lines, resolve, send_again, send_as_note
from crmdesk.services.sync.replica import read_place, record_answers, take_in
from crmdesk.services.sync.sharing import begin_sharing
from tests.models.moves import MOVES, Dice, Hotline
from tests.services.sync.conftest import SERVER, SharedDesk
from tests.services.sync.model_server import ModelServer, PlaceOfRow
from tests.stores import empty_store

WORDS = st.sampled_from(["王伟", "O'Neil", "<b>x</b>", "怠速异响", "😀", "one\ntwo"])
DICE = st.builds(Dice, st.integers(0, 5), st.integers(0, 99), WORDS)
KINDS = st.sampled_from(sorted(MOVES))
COUNTED: Counter[str] = Counter()
WALKS = 10
LEAST = {
    "conflict": 25,
    "denied": 5,
    "gone": 3,
    "kept": 30,
    "foreseen": 40,
    "decided": 10,
    "restore": 10,
    "reload": 8,
    "lost": 20,
    "late": 20,
    "cut": 20,
    "power cut": 40,
    "crash": 20,
    "sight": 25,
}
"""How often each thing must have happened, or the run proves little."""


class PowerCut(Exception):
    """The machine goes off before the commit."""


def cut(use_case: Callable[..., Any]) -> Callable[..., Any]:
    """Return *use_case* with the power going off in the moment of its commit."""

    def dying(work: UnitOfWork, *arguments: Any) -> None:
        def off() -> Any:
            raise PowerCut

        work.commit = off  # type: ignore[method-assign]
        use_case(work, *arguments)

    return dying


class AnyOrder(RuleBasedStateMachine):
    """One real desk, a model of the server, and somebody else who works there directly."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        path = empty_store(self.folder / "store.db")
        self.server = ModelServer()
        self.world = Hotline()
        self.desk = SharedDesk(path, "one", self.server, self.world.tick)
        self.desk.store.write(begin_sharing, SERVER).result()
        self.world.author = self.desk.author
        self.other = Author(str(UUID(int=9)), "two", self.world.tick)
        self.other_n = 0
        self.base: dict[PlaceOfRow, Row] = {}
        self.made: dict[UUID, Operation] = {}
        self.late: list[Answer] = []
        self.broken = False

    @initialize()
    def somebody_worked_there_before(self) -> None:
        for n, kind in enumerate(["customer.create", "customer.create", "asset.create", "task.open"]):
            self.others_work(kind, Dice(len(self.world.customers) - 1, n, "王伟"))
        self.server.stamp()
        self.pull(stamped=True)
        self.server.back_up()

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.desk.store.close()
            shutil.rmtree(self.folder)
            COUNTED.update(self.server.counted)

    # What people do.

    @rule(kind=KINDS, dice=DICE, looked=st.integers(0, 5))
    def edit(self, kind: str, dice: Dice, looked: int) -> None:
        with suppress(AgentError):
            operation = MOVES[kind](self.world, dice)
            place = revised_place(operation)
            if place is not None and looked:
                row = self.desk.row(*place)
                operation = replace(operation, base_revision=row["rev"] if row else 1)
            self.desk.do(operation)
            self.made[operation.id] = operation

    @rule(dice=DICE)
    def type_a_hint(self, dice: Dice) -> None:
        self.change_hint(dice, self.desk.row, self.here)

    def here(self, operation: Operation) -> None:
        self.desk.do(operation)
        self.made[operation.id] = operation

    @rule(dice=DICE)
    def others_type_a_hint(self, dice: Dice) -> None:
        self.change_hint(dice, self.server.state.rows.get, self.there)

    def change_hint(
        self, dice: Dice, row_of: Callable[[str, UUID], Row | None], do: Callable[[Operation], None]
    ) -> None:
        row = row_of("customer", self.world.customers[1 + dice.a % 2])
        if row is not None:
            customer = Customer(**row)
            author = self.other if do == self.there else self.desk.author
            do(customer.change(author, {"hint": f"{dice.word[:1]}{dice.b}"}, customer.rev))

    @rule(kind=KINDS, dice=DICE)
    def others_work(self, kind: str, dice: Dice) -> None:
        mine, self.world.author = self.world.author, self.other
        with suppress(AgentError):
            operation = MOVES[kind](self.world, dice)
            place = revised_place(operation)
            if place is not None and (row := self.server.state.rows.get(*place)):
                operation = replace(operation, base_revision=row["rev"])
            self.there(operation)
        self.world.author = mine

    def there(self, operation: Operation) -> None:
        known = self.server.state.devices.get("two")
        self.server.push("two", Pending((known.last_n if known else 0) + 1, operation, again=False))

    @rule(dice=DICE)
    def decide_what_was_refused(self, dice: Dice) -> None:
        lines = self.desk.read(refused_lines)
        if not lines:
            return
        line = lines[dice.a % len(lines)]
        with suppress(AgentError):
            if line.conflicts and dice.b % 4:
                take = dice.one("mine", "server", "typed")
                choices = {each.field: FieldChoice(take, "2026-11-20") for each in line.conflicts}
                self.desk.store.write(resolve, line.op_id, choices).result()
            elif dice.b % 3 == 0:
                self.desk.store.write(send_again, line.op_id).result()
            elif dice.b % 3 == 1:
                self.desk.store.write(send_as_note, line.op_id, self.world.customers[-1]).result()
            else:
                self.desk.store.write(dismiss, line.op_id).result()
            COUNTED["decided"] += 1

    # What the line does.

    @rule(count=st.integers(1, 4))
    def push(self, count: int) -> None:
        self.desk.store.write(record_answers, self.answers(count, "told")).result()

    @rule(count=st.integers(1, 4))
    def push_and_hear_nothing(self, count: int) -> None:
        self.answers(count, "lost")

    @rule(count=st.integers(1, 4))
    def push_and_hear_later(self, count: int) -> None:
        self.late.extend(self.answers(count, "late"))

    @rule(count=st.integers(1, 4))
    def push_and_die(self, count: int) -> None:
        if answers := self.answers(count, "cut"):
            self.die(record_answers, answers)

    @rule()
    def sync(self) -> None:
        self.push(100)
        self.pull(stamped=True)

    def answers(self, count: int, fate: str) -> list[Answer]:
        self.reconnect()
        answers = [Answer(each.n, self.server.push("one", each)) for each in self.desk.read(unsent, count)]
        COUNTED[fate] += len(answers)
        return answers

    @precondition(lambda self: self.late)
    @rule(count=st.integers(1, 3))
    def hear_late(self, count: int) -> None:
        if self.late:
            self.desk.store.write(record_answers, self.late[:count]).result()
            del self.late[: count - 1]

    @rule(stamped=st.booleans())
    def pull(self, *, stamped: bool) -> None:
        pulled = self.pulled(stamped=stamped)
        self.desk.store.write(take_in, pulled).result()
        self.note_base(pulled)

    @rule(stamped=st.booleans())
    def pull_and_die(self, *, stamped: bool) -> None:
        self.die(take_in, self.pulled(stamped=stamped))

    def pulled(self, *, stamped: bool) -> Pulled:
        self.reconnect()
        if stamped:
            self.server.stamp()
        place = self.desk.read(read_place)
        pulled = None if place.stale else self.server.pull("one", place.cursor, place.fp or b"begun")
        return pulled or self.server.everything("one", place.cursor)

    def note_base(self, pulled: Pulled) -> None:
        if pulled.reload:
            COUNTED["reload"] += 1
            self.base = {}
        for each in pulled.rows:
            if each.row is None:
                self.base.pop((each.table, each.id), None)
            else:
                self.base[each.table, each.id] = each.row

    def die(self, use_case: Callable[..., Any], *arguments: Any) -> None:
        with pytest.raises(PowerCut):
            self.desk.store.write(cut(use_case), *arguments).result()
        COUNTED["power cut"] += 1
        self.desk.crash()

    @rule()
    def crash(self) -> None:
        self.desk.crash()
        COUNTED["crash"] += 1

    def reconnect(self) -> None:
        """After a restore the line is cut; the desk asks what the server remembers before anything else."""
        if self.broken:
            self.desk.connect()
            self.broken = False

    # What happens to the server.

    @rule()
    def back_up(self) -> None:
        self.server.back_up()

    @rule()
    def restore(self) -> None:
        if self.server.restore():
            self.broken = True
            self.late.clear()

    @rule(kind=KINDS)
    def rights_change(self, kind: str) -> None:
        self.server.denies ^= {kind}

    @rule(at=st.integers(0, 50))
    def sight_changes(self, at: int) -> None:
        places = sorted(
            (table, row_id) for table, held in self.server.state.rows.tables.items() for row_id in held
        )
        if places:
            self.server.hide(places[at % len(places)])
            COUNTED["sight"] += 1

    # What holds.

    @invariant()
    def rows_are_the_servers_with_what_waits_on_top(self) -> None:
        place = self.desk.read(read_place)
        if place.stale:
            return
        rows = RowsInMemory()
        for (table, row_id), row in self.base.items():
            rows.tables.setdefault(table, {})[row_id] = row
        for each in self.desk.read(lambda connection: list(waiting(connection, place.reached))):
            if each.outlook == "refusal":
                COUNTED["foreseen"] += 1
            else:
                rows.changed(apply(rows, each.operation))
        wanted = {(t, i): row for t, held in rows.tables.items() for i, row in held.items()}
        assert self.desk.rows() == wanted

    def settle(self) -> None:
        """In the end everything is sent and heard, and nothing typed is missing."""
        self.server.denies.clear()
        self.late.clear()
        self.broken = True
        for _ in range(3):
            self.reconnect()
            while self.desk.read(unsent, 1):
                self.push(100)
            self.pull(stamped=True)
            self.rows_are_the_servers_with_what_waits_on_top()
        assert self.desk.rows() == self.server.shown()
        assert self.desk.sql("SELECT * FROM server_row") == []
        self.nothing_is_lost()
        self.log_and_history_hold()
        self.indexes_hold()

    def nothing_is_lost(self) -> None:
        done = {op_id for _, op_id in self.server.state.done}
        kept = {
            UUID(bytes=key): (payload, text)
            for key, payload, text in self.desk.sql("SELECT op_id, payload, text FROM not_accepted")
        }
        for op_id, operation in self.made.items():
            if op_id not in done:
                COUNTED["kept"] += 1
                payload, text = kept[op_id]
                assert json.loads(payload) == to_json(operation.payload)
                assert str(operation.payload.get("text", "")) in text

    def log_and_history_hold(self) -> None:
        numbers = [n for (n,) in self.desk.sql("SELECT n FROM outbox ORDER BY n")]
        assert numbers == list(range(1, len(numbers) + 1))
        rows = {(t, i.bytes): to_json(row) for (t, i), row in self.desk.rows().items()}
        told: dict[tuple[str, bytes], dict[str, Any]] = {}
        entries = self.desk.sql("SELECT table_name, row_id, rev, before, after FROM history ORDER BY n")
        for table, row_id, rev, before, after in entries:
            known = told.setdefault((table, row_id), {})
            was = json.loads(before)
            assert {name: known.get(name, was[name]) for name in was} == was
            known.update(json.loads(after))
            # Of rows of teams it tells which fields changed, and no word.
            assert table not in OF_TEAMS or not any(value is not None for value in known.values())
            if rev == 0:
                del told[table, row_id]
        for place, known in told.items():
            held = dict.fromkeys(rows[place]) if place[0] in OF_TEAMS else rows[place]
            assert {name: held[name] for name in known} == known

    def indexes_hold(self) -> None:
        def check(work: UnitOfWork) -> None:
            for name in ("contact_point_fts", "asset_fts"):
                work.connection.execute(f"INSERT INTO {name} ({name}, rank) VALUES ('integrity-check', 1)")

        self.desk.store.write(check).result()
        assert self.desk.sql("SELECT seq FROM customer ORDER BY seq") == self.desk.sql(
            "SELECT seq FROM customer_search ORDER BY seq"
        )


def walk(chance: random.Random, steps: int) -> None:
    """Take *steps* by chance: unlike the search of hypothesis, this goes everywhere about equally often."""
    machine = AnyOrder()
    machine.somebody_worked_there_before()

    def dice() -> Dice:
        return Dice(chance.randrange(6), chance.randrange(100), chance.choice(["王伟", "O'Neil", "one\ntwo"]))

    def kind() -> str:
        return chance.choice(sorted(MOVES))

    choices: list[Callable[[], None]] = [
        *[lambda: machine.edit(kind(), dice(), 1)] * 4,
        *[lambda: machine.type_a_hint(dice())] * 2,
        *[lambda: machine.others_type_a_hint(dice())] * 2,
        *[lambda: machine.others_work(kind(), dice())] * 2,
        *[lambda: machine.decide_what_was_refused(dice())] * 2,
        *[lambda: machine.push(chance.randrange(1, 4))] * 2,
        lambda: machine.push_and_hear_nothing(chance.randrange(1, 4)),
        lambda: machine.push_and_hear_later(chance.randrange(1, 4)),
        lambda: machine.push_and_die(chance.randrange(1, 4)),
        lambda: machine.hear_late(chance.randrange(1, 4)),
        *[lambda: machine.pull(stamped=chance.random() < 0.5)] * 2,
        lambda: machine.pull_and_die(stamped=chance.random() < 0.5),
        machine.sync,
        machine.crash,
        machine.back_up,
        machine.restore,
        lambda: machine.rights_change(kind()),
        lambda: machine.sight_changes(chance.randrange(50)),
    ]
    try:
        for _ in range(steps):
            chance.choice(choices)()
            machine.rows_are_the_servers_with_what_waits_on_top()
    finally:
        machine.teardown()


@pytest.mark.slow
def test_any_order_of_edits_pushes_pulls_answers_cuts_and_restores() -> None:
    run_state_machine_as_test(
        AnyOrder,
        settings=settings(max_examples=40, stateful_step_count=30, deadline=None, derandomize=True),
    )


@pytest.mark.slow
def test_long_ways_through_everything_that_can_happen() -> None:
    COUNTED.clear()
    for seed in range(WALKS):
        walk(random.Random(seed), 120)
    missing = {name: COUNTED[name] for name, least in LEAST.items() if COUNTED[name] < least}
    assert missing == {}, dict(COUNTED)
