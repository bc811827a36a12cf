"""Each bug that sharing is known to breed is planted once, and the same story that passes without it fails.

Stories are scripted: who does what when, and where a desk is cut off. What is right is judged by SQL.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from crmdesk.errors import CrmdeskError
from crmdesk.models.customer import Customer, open_customer
from crmdesk.models.note import append_note
from crmdesk.models.operations import Operation
from crmdesk.models.outbox import Answer, Pulled
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync import intake, pull, replica, session
from tests.cluster import Database, Person, team_id
from tests.faults.points import POINTS, plant
from tests.oracle import differences, double, illegal, shared_columns
from tests.pages import decrypted
from tests.services.server.rows import mutate
from tests.services.sync.desks import TestDesk, desk

CANARY = "canary-51c0de"
PUSH = "crm.push_many(uuid, bigint, jsonb)"
IN_ORDER = "crm.push_in_order(uuid, bigint, crm.operation_sent[])"


class CutOff(Exception):
    """The desk died here."""


@dataclass
class Blade:
    """Cuts a desk off at the first time the point *at* is reached."""

    at: str = ""
    cuts: int = 0

    def reached(self, point: str) -> None:
        """Die if this is the point."""
        if point == self.at:
            self.at = ""
            self.cuts += 1
            raise CutOff


@dataclass
class House:
    """Two desks of two people in different teams, and the database they share."""

    database: Database
    one: TestDesk
    other: TestDesk
    patch: pytest.MonkeyPatch
    blade: Blade = field(default_factory=Blade)
    seen: dict[UUID, int] = field(default_factory=dict)

    def rounds(self, *desks: TestDesk) -> None:
        """Let *desks* do a round each, in order."""
        for each in desks:
            each.worker.run_once()

    def customer(self) -> UUID:
        """Have a customer on both desks."""
        made = self.one.do(self.one.describe(open_customer, {"name": "Zhang San", "kind": "person"}))
        self.rounds(self.one, self.other)
        return UUID(made.payload["id"])

    def note(self, at: TestDesk, customer: UUID, text: str, team: str = "") -> Operation:
        """Write a note, for one team if it is named."""
        teams = {"team_id": team_id(team)} if team else {}
        return at.do(at.describe(append_note, text, customer_id=customer, **teams))

    def change(self, at: TestDesk, customer: UUID, **changes: object) -> Operation:
        """Change a customer as he is shown there."""

        def perform(work: UnitOfWork) -> Operation:
            held = work.load(Customer, customer)
            operation = held.change(work.author, changes, held.rev)
            work.do(operation)
            work.commit()
            return operation

        done = at.store.write(perform).result().result
        self.seen[done.id] = done.base_revision or 0
        return done

    def wrong(self) -> list[str]:
        """Return all that SQL finds wrong with server and desks, once both have everything."""
        with self.database.connect() as owner:
            tables = shared_columns(owner)
            found = double(owner) + illegal(owner, self.seen) + self.lost(owner)
        for each in (self.one, self.other):
            with (
                closing(each.store.open_reader()) as file,
                self.database.connect(each.person.login) as session,
            ):
                found += differences(file, session, tables)
        return found

    def lost(self, owner: Any) -> list[str]:
        """Return the operations that a desk holds for answered and the server does not know."""
        known = {op.bytes for (op,) in owner.execute("SELECT op FROM crm.op")}
        answered = [op for at in (self.one, self.other) for op in _answered(at)]
        return [f"{op.hex()}: acknowledged and lost" for op in answered if op not in known]

    def not_accepted(self) -> list[Any]:
        """Return what was refused to either."""
        return [
            row for at in (self.one, self.other) for row in at.asked("SELECT code, why FROM not_accepted")
        ]


def _answered(at: TestDesk) -> list[bytes]:
    return [op for (op,) in at.asked("SELECT op_id FROM outbox WHERE state = 'answered'")]


@pytest.fixture
def house(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    anna, ben = database.person("anna"), database.person("ben", teams=("workshop",))
    with desk(database, anna, tmp_path / "a") as one, desk(database, ben, tmp_path / "b") as other:
        yield House(database, one, other, monkeypatch)


planted = pytest.mark.parametrize("planted", [False, True], ids=["sound", "planted"])


class Stranger:
    """Somebody whose program sends by itself, as slowly as it likes."""

    def __init__(self, database: Database, person: Person) -> None:
        self.session = database.connect(person.login, autocommit=False)
        self.device, self.n = uuid4(), 0
        self.session.execute("SELECT crm.register_device(%s, NULL, 'slow')", (self.device,))
        self.session.commit()

    def push_customer(self, name: str) -> None:
        """Send a new customer; the caller commits."""
        self.n += 1
        payload = {"id": str(uuid4()), "fields": {"name": name, "kind": "person"}, "points": []}
        (told,) = self.session.execute(
            "SELECT crm.push(%s, %s, %s, 'customer.create', 1, %s::text, NULL, now(), 0, 0)",
            (self.device, self.n, uuid4(), json.dumps(payload)),
        ).fetchone()
        assert told == {"ok": True}


def late_commit(house: House) -> list[str]:
    """A change that was begun first is committed last; desks have read on meanwhile."""
    customer = house.customer()
    with closing(Stranger(house.database, house.other.person).session) as slow_session:
        slow_session.rollback()
        slow = Stranger(house.database, house.other.person)
        slow.push_customer("Li Si")
        for n in range(3):
            house.note(house.one, customer, f"quick {n}")
            house.rounds(house.one, house.other)
        slow.session.commit()
        slow.session.close()
    house.rounds(house.one, house.other)
    return house.wrong()


@planted
def test_a_serial_number_as_cursor_is_found_out(house: House, planted: bool) -> None:
    if planted:
        with house.database.connect() as owner:
            owner.execute("SET ROLE crm_owner")
            owner.execute("CREATE SEQUENCE crm.serial START 1000")
            owner.execute("ALTER TABLE crm.feed ALTER COLUMN seq SET DEFAULT nextval('crm.serial')")
            owner.execute(
                "CREATE OR REPLACE FUNCTION crm.stamp() RETURNS jsonb LANGUAGE sql SECURITY DEFINER AS $$"
                " INSERT INTO crm.tick SELECT max(seq), sha256('x'), now(), 0, 0, '0' FROM crm.feed"
                " HAVING max(seq) IS NOT NULL ON CONFLICT DO NOTHING;"
                " SELECT jsonb_build_object('stamped', 0, 'seq', max(seq)) FROM crm.tick $$"
            )
    assert bool(late_commit(house)) is planted


@planted
def test_a_floor_that_is_the_highest_number_is_found_out(house: House, planted: bool) -> None:
    if planted:
        mutate(
            house.database,
            "crm.stamp()",
            "IF last.next_xid > own THEN",
            "IF true THEN last.floor := drawn;",
        )
    assert bool(late_commit(house)) is planted


def cut_everywhere(house: House, points: tuple[str, ...] = POINTS) -> list[str]:
    """Each desk is cut off once at each point of a round, and goes on from what its file holds."""
    customer, found = house.customer(), list[str]()
    plant(house.blade.reached, house.patch.setattr)
    for point in points:
        house.rounds(house.other)
        house.change(house.other, customer, hint=f"before {point}")
        house.rounds(house.other)
        house.blade.at = point
        with suppress(CutOff):
            house.note(house.one, customer, f"cut at {point}")
            house.change(house.one, customer, name_alt=f"cut at {point}")
            house.rounds(house.one)
        house.one.worker.close_line()
        house.blade.at = ""
        with house.database.connect() as owner:
            found += house.lost(owner)
        house.rounds(house.one, house.other, house.one)
        found += [f"{point}: {each}" for each in house.wrong()]
    return found + [str(each) for each in house.not_accepted()]


def test_a_desk_that_is_cut_off_at_any_point_loses_and_doubles_nothing(house: House) -> None:
    assert cut_everywhere(house) == []
    assert house.blade.cuts >= len(POINTS) - 2, "the points of a restore are not on this way"


def test_applying_an_operation_twice_is_found_out(house: House) -> None:
    mutate(
        house.database,
        IN_ORDER,
        "IF sent.n <= desk.last_n THEN",
        "IF sent.n <= desk.last_n THEN DELETE FROM crm.op WHERE device = p_device AND n = sent.n;"
        " entry.n := sent.n - 1; END IF; IF false THEN",
    )
    mutate(house.database, IN_ORDER, "sent.op <> ALL (known)", "true")
    assert cut_everywhere(house, ("push.after", "answers.before"))


def test_an_acknowledgement_before_the_answer_is_found_out(house: House) -> None:
    plant(house.blade.reached, house.patch.setattr)
    conversation: Any = session
    send = conversation.send

    def eager(link: Any, sender: Any, waiting: Any, address: Any) -> Any:
        early = [Answer(each.n, {"ok": True}) for each in waiting]
        house.one.store.write(replica.record_answers, early).result()
        return send(link, sender, waiting, address)

    customer = house.customer()
    house.patch.setattr(session, "send", eager)
    house.note(house.one, customer, "is it there?")
    house.blade.at = "push.before"
    with pytest.raises(CutOff):
        house.rounds(house.one)
    with house.database.connect() as owner:
        assert house.lost(owner)


def test_a_cursor_that_moves_before_its_rows_is_found_out(house: House) -> None:
    take_in = replica.take_in

    def hasty(work: UnitOfWork, pulled: Pulled) -> None:
        replica._move_on(work, pulled)
        work.commit()
        take_in(work, replace(pulled, since=pulled.head))

    house.patch.setattr(replica, "take_in", hasty)
    assert cut_everywhere(house, ("pull.after",))


@planted
def test_a_change_of_teams_that_is_ignored_is_found_out(house: House, planted: bool) -> None:
    if planted:
        house.patch.setattr(intake, "WHO", ())
    customer = house.customer()
    house.note(house.one, customer, "for the hotline", "hotline")
    house.note(house.other, customer, "for the workshop", "workshop")
    house.rounds(house.one, house.other)
    house.database.person("ben", teams=("hotline",))
    house.rounds(house.other, house.one)
    assert bool(house.wrong()) is planted


@planted
def test_a_policy_that_was_dropped_is_found_out_in_the_bytes_of_the_file(house: House, planted: bool) -> None:
    if planted:
        with house.database.connect() as owner:
            for table in ("note", "feed"):
                owner.execute(f"ALTER TABLE crm.{table} DISABLE ROW LEVEL SECURITY")
    customer = house.customer()
    house.note(house.one, customer, f"{CANARY} for the hotline", "hotline")
    house.rounds(house.one, house.other)
    store = house.other.profile
    assert (CANARY.encode() in decrypted(store.store_path, store.key)) is planted
    own = house.one.profile
    assert CANARY.encode() in decrypted(own.store_path, own.key), "the search finds what is there"


def test_text_is_gone_from_the_bytes_of_the_file_with_the_right_to_it(house: House) -> None:
    customer = house.customer()
    house.note(house.one, customer, f"{CANARY} for the hotline", "hotline")
    house.database.person("ben", teams=("workshop", "hotline"))
    house.rounds(house.one, house.other)
    held = house.other.profile
    assert CANARY.encode() in decrypted(held.store_path, held.key)
    house.database.person("ben", teams=("workshop",))
    house.rounds(house.other)
    assert CANARY.encode() not in decrypted(held.store_path, held.key)


@planted
def test_a_server_that_looks_at_no_revision_is_found_out(house: House, planted: bool) -> None:
    if planted:
        mutate(
            house.database,
            "crm.refuse_clash(crm.operation_in, text, jsonb, jsonb, jsonb)",
            "IF clash IS NOT NULL THEN",
            "IF false THEN",
        )
    customer = house.customer()
    house.change(house.one, customer, hint="rings twice")
    house.change(house.other, customer, hint="rings once")
    house.rounds(house.one, house.other, house.one)
    assert bool(house.wrong()) is planted
    assert bool(house.not_accepted()) is not planted


@planted
def test_a_passing_fault_that_is_recorded_is_found_out(house: House, planted: bool) -> None:
    customer = house.customer()
    if planted:
        mutate(
            house.database,
            "crm.done_or_refused(crm.operation_in, text, boolean)",
            "'XX') AND state <> '42501' THEN",
            "'XX') AND false THEN",
        )
    with house.database.connect() as owner:
        owner.execute(f"ALTER FUNCTION {PUSH} SET lock_timeout = '50ms'")
    house.change(house.one, customer, hint="rings twice")
    with house.database.connect(autocommit=False) as busy:
        busy.execute("SELECT 1 FROM crm.customer FOR UPDATE")
        with suppress(CrmdeskError):
            house.rounds(house.one)
        busy.rollback()
    house.rounds(house.one, house.other)
    assert bool(house.not_accepted()) is planted


def restored(house: House, meanwhile: Callable[[], None]) -> None:
    """Put a backup taken now in the place of the database after *meanwhile* happened."""
    for each in (house.one, house.other):
        each.worker.close_line()
    database, backup = house.database, house.database.copy()
    meanwhile()
    for each in (house.one, house.other):
        each.worker.close_line()
    with database.cluster.connect() as admin:
        admin.execute(f'ALTER DATABASE "{database.name}" RENAME TO "{database.name}_lost"')
        admin.execute(f'ALTER DATABASE "{backup.name}" RENAME TO "{database.name}"')
        admin.execute(f'DROP DATABASE "{database.name}_lost" WITH (FORCE)')


@planted
def test_a_desk_that_sends_nothing_again_after_a_restore_is_found_out(house: House, planted: bool) -> None:
    customer = house.customer()

    def meanwhile() -> None:
        house.note(house.one, customer, "after the backup")
        house.rounds(house.one, house.other)

    restored(house, meanwhile)
    if planted:
        house.patch.setattr(replica, "_forget", lambda _work, _last_n: None)
    with house.database.connect() as owner:
        owner.execute("SELECT crm.set_clock(NULL, '-3 seconds')")  # what goes again gets another moment
    house.rounds(house.one, house.other, house.one)
    assert bool(house.wrong()) is planted
    with house.database.connect() as owner:
        assert bool(owner.execute("SELECT 1 FROM crm.note").fetchall()) is not planted


@planted
def test_a_restore_that_nobody_notices_is_found_out(house: House, planted: bool) -> None:
    house.customer()

    def strangers(names: str) -> None:
        stranger = Stranger(house.database, house.one.person)
        for name in names:
            stranger.push_customer(name)
        stranger.session.commit()
        stranger.session.close()

    def meanwhile() -> None:
        strangers("ABC")
        house.rounds(house.one, house.other)

    restored(house, meanwhile)
    strangers("DEFGHI")
    if planted:
        told = pull._told
        house.patch.setattr(pull, "_told", lambda *asked: replace(told(*asked), forked=False))
    house.rounds(house.one, house.other)
    assert bool(house.wrong()) is planted
