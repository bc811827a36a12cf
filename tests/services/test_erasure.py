"""A person is taken out of a whole profile, and decrypted pages show that no byte of him is left."""

from __future__ import annotations

import json
import random
import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import AgentError, DiskFull, StoreFault
from crmdesk.logs import FILE_NAME
from crmdesk.models.asset import open_asset
from crmdesk.models.call import see_call
from crmdesk.models.choice import remember_choice
from crmdesk.models.customer import open_customer
from crmdesk.models.effects import ENTITIES
from crmdesk.models.note import append_note
from crmdesk.models.operations import Author, Operation
from crmdesk.models.screen_pop import NoteDraft
from crmdesk.models.task import open_task
from crmdesk.models.visit import record_visit
from crmdesk.models.wire import field_types
from crmdesk.services import renewal
from crmdesk.services.customers.erase import IN_COMPLAINT, OWNED
from crmdesk.services.customers.kept import KEPT, OF_COMPLAINT
from crmdesk.services.customers.search import find
from crmdesk.services.erasure import Erasure, Wanted
from crmdesk.services.followers import followers
from crmdesk.services.profile import Profile, new_profile, open_profile
from crmdesk.services.store.backup import NIGHTLY, nightly, restore
from crmdesk.services.store.drafts import drafts_key
from crmdesk.services.store.keys import MemorySecrets
from crmdesk.services.store.store import Store
from crmdesk.services.store.unit_of_work import UnitOfWork
from tests.models.complaint_moves import COMPLAINT_MOVES, NOBODY
from tests.models.moves import Dice, Hotline
from tests.pages import decrypted

CANARY = "Zhangcanary"
NUMBER = "+8613800138099"
PLATE = "沪CNRY99"
PASSPHRASE = "a long passphrase"
HIS_CALLS = 12
_WORDS = {
    "complaint": "number external_id state severity external regime channel category language outlet"
    " next_clock wait_for",
    "complaint_body": "author remedy_wanted ack_channel cause_class cause finding sent_via accepted_how"
    " reopen_why ended_channel",
    "complaint_event": "author transition from_state to_state device remedies",
    "clock_line": "author clock event why why_values calendar",
    "remedy_line": "author type",
    "approval": "author",
    "letter": "author kind language sent_via",
    "survey": "author again defection",
    "corrective_action": "author cause state",
}
FIGURES = {(table, name) for table, names in _WORDS.items() for name in names.split()}
"""What stays of complaints: keys of lists, numbers, dates, and who worked on them."""
STEPS = 60


def _names_complaint(operation: Operation, hotline: Hotline) -> bool:
    """Whether it says with which complaint it belongs."""
    return operation.payload["fields"].get("complaint_id") in map(str, hotline.complaints)


class World:
    """A profile with many customers, one of whom is to be erased."""

    def __init__(self, profile: Profile, secrets: MemorySecrets) -> None:
        self.profile = profile
        self.secrets = secrets
        self.store = profile.open_store("agent", followers)
        self.dice = random.Random(5)
        self.his = UUID(int=0)
        self.calls: list[UUID] = []

    def id(self) -> UUID:
        return UUID(bytes=self.dice.randbytes(16), version=4)

    def fill(self, others: int = 70) -> None:
        """Write everything in no order, so that pages split around his rows."""
        people = [(f"Li {n}", f"+86139{n:08}", f"沪A{n:05}") for n in range(others)]
        people.insert(others // 2, (CANARY, NUMBER, PLATE))
        known = [self.store.write(self._add, *each).result().result for each in people]
        self.his = known[others // 2][0]
        jobs = [one for one in known for _ in range(2)] + [known[others // 2]] * HIS_CALLS
        self.dice.shuffle(jobs)
        for customer, asset, number in jobs:
            self.store.write(self._talk, customer, asset, number).result()
        self.store.write(self._complain, known[0][0], "somebody").result()
        self.store.write(self._complain, self.his, CANARY).result()

    def _complain(self, work: UnitOfWork, customer: UUID, word: str) -> None:
        """Do steps of all kinds on complaints of a customer."""
        hotline, dice = Hotline(customers=[customer]), random.Random(7)
        kinds = [kind for kind in COMPLAINT_MOVES for _ in range(4 if kind == "complaint.step" else 1)]
        for _ in range(STEPS):
            move = COMPLAINT_MOVES[dice.choice(kinds)]
            with suppress(AgentError):
                made = move(hotline, Dice(dice.randrange(10), dice.randrange(100), word))
                named = made.kind not in ("letter.make", "action.save") or _names_complaint(made, hotline)
                if named and str(NOBODY) not in repr(made.payload):
                    work.do(made)
        work.commit()

    def _add(self, work: UnitOfWork, name: str, number: str, plate: str) -> tuple[UUID, UUID, str]:
        author = work.author
        point = {"kind": "phone", "raw": number, "value": number, "national": number[3:]}
        made = open_customer(author, {"name": name, "hint": f"{name} likes tea"}, [point], self.id())
        work.do(made)
        customer, asset = UUID(made.payload["id"]), self.id()
        fields = {"customer_id": customer, "kind": "car", "model": "Aster", "plate": plate}
        work.do(open_asset(author, fields, asset))
        work.commit()
        return customer, asset, number

    def _talk(self, work: UnitOfWork, customer: UUID, asset: UUID, number: str) -> None:
        author, call = work.author, self.id()
        name = CANARY if number == NUMBER else "somebody"
        told = {
            "call_key": str(call),
            "number_raw": number,
            "number_value": number,
            "caller_name": name,
            "customer_id": customer,
            "state": "ended",
            "result": "missed",
        }
        work.do(see_call(author, call, told))
        work.do(
            append_note(
                author,
                f"{name} rang about " + "y" * self.dice.randint(5, 60),
                call_id=call,
                customer_id=customer,
            )
        )
        work.do(open_task(author, {"subject": f"call {name}", "customer_id": customer}, self.id()))
        visit = {
            "asset_id": asset,
            "customer_id": customer,
            "visited_at": "2026-11-01T08:00:00Z",
            "summary": f"oil for {name}",
        }
        work.do(record_visit(author, visit, [{"kind": "work", "text": f"for {name}"}], self.id()))
        work.do(remember_choice(author, number, "last", customer))
        work.commit()
        if number == NUMBER:
            self.calls.append(call)

    def bytes_left(self) -> int:
        """How often he stands on the pages of store and drafts, freed ones and logs included."""
        pages = decrypted(self.store.path, self.profile.key)
        if self.profile.drafts_path.exists():
            pages += decrypted(self.profile.drafts_path, drafts_key(self.profile.key))
        return sum(pages.count(each.encode()) for each in (CANARY, NUMBER, NUMBER[3:], PLATE, PLATE[1:]))

    def erasure(self, **more: Any) -> Erasure:
        return Erasure(self.profile, self.store, more.pop("copy", renewal.copied), **more)

    def asked(self, statement: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.store.read(lambda c: c.execute(statement).fetchall()).result()
        return found

    def of_his_complaints(self) -> dict[str, int]:
        """How many rows there are that hang on his complaints and hold something of him, by table."""
        his = f"(SELECT id FROM complaint WHERE customer_id = x'{self.his.hex}')"
        found = {
            table: self.asked(f"SELECT count(*) FROM {table} WHERE complaint_id IN {his}")[0][0]
            for table in ("complaint_event", "letter", "task")
        }
        found |= {
            table: self.asked(f"SELECT count(*) FROM {table} WHERE id IN {his}")[0][0]
            for table in ("complaint", "complaint_body")
        }
        for table, held in (("remedy_line", "order_id <> ''"), ("corrective_action", "what || result <> ''")):
            of_his = f"SELECT count(*) FROM {table} WHERE complaint_id IN {his} AND {held}"
            found[table] = self.asked(of_his)[0][0]
        for table in ("survey", "attachment"):
            of_his = f"complaint_id IN {his} OR customer_id = x'{self.his.hex}'"
            found[table] = self.asked(f"SELECT count(*) FROM {table} WHERE {of_his}")[0][0]
        return found

    def others(self) -> dict[str, Any]:
        """All rows but his, by table."""
        return {table: sorted(map(repr, self.asked(f"SELECT * FROM {table}"))) for table in ENTITIES}


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, MemorySecrets, UUID, list[UUID]]:
    """A profile filled once."""
    path, secrets = tmp_path_factory.mktemp("filled") / "desk", MemorySecrets()
    world = World(new_profile(path, test=True, secrets=secrets, environment={}).profile, secrets)
    world.fill()
    world.store.close()
    world.profile.close()
    return path, secrets, world.his, world.calls


@pytest.fixture
def world(tmp_path: Path, filled: tuple[Path, MemorySecrets, UUID, list[UUID]]) -> Iterator[World]:
    path, secrets, his, calls = filled
    shutil.copytree(path, tmp_path / "desk")
    made = World(open_profile(tmp_path / "desk", secrets=secrets, environment={}), secrets)
    made.his, made.calls = his, calls
    yield made
    made.store.close()
    made.profile.close()


def test_erasing_takes_everything_of_him_and_nothing_of_others(world: World) -> None:
    before, complaints = world.others(), world.of_his_complaints()
    done = world.erasure().take_out(Wanted("one", world.his))
    assert {table for table in complaints if table in KEPT} == KEPT.keys() - {"call"}
    assert dict(done.rows) == {
        "contact_point": 1,
        "note": HIS_CALLS + 2,
        "task": 2 * (HIS_CALLS + 2) + complaints.pop("task"),
        "interaction": 2 * (HIS_CALLS + 2) + complaints["complaint"],
        "number_choice": 1,
        "service_visit": HIS_CALLS + 2,
        "visit_item": HIS_CALLS + 2,
        "asset": 1,
        "customer": 1,
        "call": HIS_CALLS + 2,
        **complaints,
    }
    after = world.others()
    for table in ENTITIES:
        assert not any(CANARY in row or NUMBER in row for row in after[table]), table
        if table not in KEPT:
            assert set(after[table]) <= set(before[table]), "rows of others are as they were"
            assert len(before[table]) - len(after[table]) == done.rows.get(table, 0)
        else:
            assert len(after[table]) == len(before[table]), "calls and complaints stay as figures"
            assert len(set(before[table]) - set(after[table])) == done.rows[table]
    for table in ("operation", "history", "request", "customer_search"):
        assert not [row for row in world.asked(f"SELECT * FROM {table}") if CANARY in repr(row)], table
    assert not world.store.read(find, CANARY).result().items
    assert world.store.read(find, "Li 7").result().items
    again = world.erasure().take_out(Wanted("one", world.his, tuple(done.calls)))
    assert (dict(again.rows), again.traces) == ({}, 0)


def test_every_table_that_says_whose_a_row_is_is_thought_of() -> None:
    """Whoever adds a table with a customer in it says here, and in 85_erase.sql, what becomes of its rows."""
    named = {table for table, entity in ENTITIES.items() if "customer_id" in field_types(entity)}
    assert named == {*OWNED, *(table for table, empty in KEPT.items() if "customer_id" in empty)}


def test_every_table_of_complaints_is_thought_of() -> None:
    """Rows of a complaint go, stay without him, or hold nothing of him: figures and the ids of who worked."""
    named = {table for table, entity in ENTITIES.items() if "complaint_id" in field_types(entity)}
    assert named == {*OF_COMPLAINT, *IN_COMPLAINT, "clock_line", "approval"}
    written = {
        (table, name)
        for table in ("complaint", "complaint_body", *named - {*IN_COMPLAINT})
        for name, (kind, _) in field_types(ENTITIES[table]).items()
        if kind in (str, tuple) and name not in KEPT.get(table, {})
    }
    assert written == FIGURES


def test_what_will_go_is_told_before_and_nothing_changes(world: World) -> None:
    before = world.others()
    erasure = world.erasure()
    foreseen = erasure.foreseen(world.his)
    assert world.others() == before
    assert erasure.take_out(Wanted("one", world.his)) == foreseen


def test_a_log_without_him_still_gives_the_calls(world: World) -> None:
    """A desk that shares later takes its log along: each row must come from an operation of it."""
    world.erasure().take_out(Wanted("one", world.his))
    strange = [
        table
        for table in ENTITIES
        if world.asked(
            f"SELECT 1 FROM {table} AS t WHERE NOT EXISTS (SELECT 1 FROM history AS h JOIN operation AS o"
            f" ON o.id = h.operation_id WHERE h.row_id = t.id AND h.table_name = '{table}')"
        )
    ]
    assert strange == []


def test_no_byte_of_him_is_left_in_store_and_drafts(world: World) -> None:
    drafts = world.profile.open_drafts()
    draft = NoteDraft("d", str(world.calls[0]), f"{CANARY} said", 3, datetime(2026, 11, 20, tzinfo=UTC))
    drafts.save(draft).result()
    drafts.save(NoteDraft("e", "another call", "keep me", 3, draft.saved_at)).result()
    assert world.bytes_left() > 500, "the control must find him"
    rows = {table: len(held) for table, held in world.others().items()}
    erasure, wanted = world.erasure(), Wanted("one", world.his)
    done = erasure.take_out(wanted)
    assert world.store.read(renewal.state).result().due == ("one",)
    assert erasure.cleaned([wanted]) == {"one"}
    assert [each.text for each in drafts.open_drafts().result()] == ["keep me"]
    drafts.close()
    assert world.bytes_left() == 0
    assert decrypted(world.store.path, world.profile.key).count(b"Li 7 likes") >= 1
    held = {table: len(rows) for table, rows in world.others().items()}
    assert held == {t: n - (done.rows.get(t, 0) if t not in KEPT else 0) for t, n in rows.items()}
    assert world.asked("PRAGMA integrity_check") == [("ok",)]
    assert world.store.path.stat().st_mode & 0o777 == 0o600
    assert "Li 7" in [each.name for each in world.store.read(find, "Li 7").result().items]
    assert not list(world.store.path.parent.glob("*.anew*"))
    erasure.finish(["one"])
    assert world.asked("SELECT * FROM setting WHERE name = 'renewal'") == []


def test_what_people_do_meanwhile_is_carried_over(world: World) -> None:
    """Everything may change while the fresh file is made: rows, log, outbox, settings."""
    author = Author("agent", "desk", world.profile.clock)
    late: list[UUID] = []

    def change(work: UnitOfWork) -> None:
        made = open_customer(author, {"name": "Late Comer"}, [{"kind": "phone", "raw": "1", "value": "1"}])
        work.do(made)
        late.append(UUID(made.payload["id"]))
        (name,) = work.connection.execute("SELECT id FROM customer WHERE name = 'Li 3'").fetchone()
        row = work.row("customer", UUID(bytes=name))
        assert row is not None
        work.do(author.describe("customer.change", {"id": row["id"], "changes": {"name": "Renamed"}}))
        (point,) = work.connection.execute("SELECT id FROM contact_point WHERE raw LIKE '%00004'").fetchone()
        work.do(author.describe("contact_point.drop", {"id": UUID(bytes=point)}))
        work.connection.execute("INSERT INTO sync (name, value) VALUES ('x', 'y')")
        work.connection.execute("DELETE FROM number_choice WHERE value LIKE '%00005'")
        work.connection.execute("INSERT INTO setting (name, value) VALUES ('a', '1')")
        work.commit()

    def copy(path: Path, beside: Path, key: bytes) -> None:
        renewal.copied(path, beside, key)
        world.store.write(change).result()
        expected.update({table: world.asked(f"SELECT * FROM {table}") for table in tables})

    tables = [*world.store.read(renewal.carried).result(), *ENTITIES]
    expected: dict[str, Any] = {}
    erasure, wanted = world.erasure(copy=copy), Wanted("one", world.his)
    erasure.take_out(wanted)
    assert erasure.cleaned([wanted]) == {"one"}
    for table in tables:
        found = world.asked(f"SELECT * FROM {table}")
        if table == "setting":
            found, expected[table] = (
                [row for row in rows if row[0] == "a"] for rows in (found, expected[table])
            )
        skip = 1 if "seq" in (name for _, name, *_ in world.asked(f"PRAGMA table_info({table})")) else 0
        ours, wanted_rows = (sorted(repr(row[skip:]) for row in rows) for rows in (found, expected[table]))
        assert ours == wanted_rows, table
    assert [hit.name for hit in world.store.read(find, "Renamed").result().items] == ["Renamed"]
    assert [hit.name for hit in world.store.read(find, "Late Comer").result().items] == ["Late Comer"]
    assert not world.store.read(find, "13900000004").result().items
    assert world.bytes_left() == 0
    world.store.write(lambda work: work.connection.execute("SELECT 1")).result()


def test_every_table_is_carried_over_or_follows(world: World) -> None:
    carried = world.store.read(renewal.carried).result()
    known = {"operation", "history", "request", "setting", "outbox", "not_accepted", "server_row", "coverage"}
    assert known | {"sync", "witness"} <= carried.keys()
    assert carried["server_row"] == ("table_name", "row_id")
    assert all(carried.values()), "each has a key"
    found = {name for (name,) in world.asked("SELECT name FROM sqlite_master WHERE type = 'table'")}
    follows = found - carried.keys() - ENTITIES.keys()
    assert all("_fts" in name or name.startswith(renewal.FOLLOWS) for name in follows)


def test_copies_backups_and_log_lose_him_too(world: World, tmp_path: Path) -> None:
    profile, folder = world.profile, tmp_path / "backups"
    profile.secrets.set(profile.id, NIGHTLY, PASSPHRASE)
    profile.change_settings("agent", {"backup_folder": str(folder)})
    for day in (18, 19):
        nightly(profile, folder, datetime(2026, 11, day, tzinfo=UTC))
    foreign = folder / "crmdesk-00000000-2026-11-19.crmdesk-backup"
    foreign.write_bytes(b"somebody else's")
    copy = world.store.path.with_name("store.db.before-joining")
    shutil.copy(world.store.path, copy)
    old = world.store.path.with_name("store.db.schema-0000")
    shutil.copy(world.store.path, old)
    _set_schema(old, profile.key, "0000")
    broken = world.store.path.with_name("store.db.damaged-1")
    broken.write_bytes(b"no database")
    lock = world.store.path.with_name("store.db.next.lock")
    lock.touch()
    log = profile.logs_path / FILE_NAME
    log.write_text(f"a line of {CANARY} with {NUMBER}\nanother line\n", encoding="utf-8")
    erasure, wanted = world.erasure(), Wanted("one", world.his)
    erasure.take_out(wanted)
    assert erasure.cleaned([wanted]) == {"one"}
    assert log.read_text(encoding="utf-8") == "a line of ‹erased› with ‹erased›\nanother line\n"
    assert decrypted(copy, profile.key).count(CANARY.encode()) == 0
    assert decrypted(copy, profile.key).count(b"Li 7 likes") >= 1
    assert (old.exists(), broken.exists(), foreign.exists()) == (False, True, True)
    assert lock.exists(), "somebody may hold it"
    (fresh,) = (path for path in folder.iterdir() if path != foreign)
    restore(fresh, PASSPHRASE, tmp_path / "restored", MemorySecrets())
    assert decrypted(tmp_path / "restored" / "store.db", profile.key).count(CANARY.encode()) == 0


def _set_schema(path: Path, key: bytes, version: str) -> None:
    from crmdesk.services.store.connection import open_connection

    connection = open_connection(path, key, role="writer")
    connection.execute("UPDATE alembic_version SET version_num = ?", (version,))
    connection.close()


def test_while_backups_cannot_be_written_he_does_not_count_as_gone(world: World, tmp_path: Path) -> None:
    profile, folder = world.profile, tmp_path / "backups"
    profile.secrets.set(profile.id, NIGHTLY, PASSPHRASE)
    profile.change_settings("agent", {"backup_folder": str(folder)})
    nightly(profile, folder, datetime(2026, 11, 18, tzinfo=UTC))
    profile.secrets.delete(profile.id, NIGHTLY)
    erasure, wanted = world.erasure(), Wanted("one", world.his)
    erasure.take_out(wanted)
    assert erasure.cleaned([wanted]) == frozenset()
    profile.secrets.set(profile.id, NIGHTLY, PASSPHRASE)
    fails = world.erasure(copy=lambda *_: pytest.fail("the store was written anew already"))
    assert fails.cleaned([wanted]) == {"one"}


def test_a_large_store_is_written_anew_in_the_background(world: World) -> None:
    erasure, wanted = world.erasure(is_small=lambda _path: False), Wanted("one", world.his)
    erasure.take_out(wanted)
    assert erasure.cleaned([wanted]) == frozenset()
    erasure.wait()
    assert erasure.cleaned([wanted]) == {"one"}
    assert world.bytes_left() == 0


def test_what_is_in_the_way_is_said_and_nothing_is_lost(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    erasure, wanted = world.erasure(), Wanted("one", world.his)
    erasure.take_out(wanted)
    rows = world.others()
    monkeypatch.setattr(renewal, "free_bytes", lambda _path: 1_000)
    with pytest.raises(DiskFull, match="MB of free space"):
        erasure.clean([wanted])
    monkeypatch.undo()
    with pytest.raises(StoreFault, match="could not be written anew"):
        renewal.renew(world.store, world.profile.key, _fails)
    assert world.others() == rows
    assert not list(world.store.path.parent.glob("*.anew*"))
    assert erasure.cleaned([wanted]) == {"one"}


def _fails(_path: Path, _beside: Path, _key: bytes) -> None:
    raise StoreFault("The store could not be written anew ({code}).", code=1)


def test_a_process_of_its_own_makes_the_fresh_file(world: World, tmp_path: Path) -> None:
    beside = tmp_path / "fresh.db"
    renewal.copied_in_child(world.store.path, beside, world.profile.key)
    assert decrypted(beside, world.profile.key).count(b"Li 7 likes") >= 1
    with pytest.raises(StoreFault, match="could not be written anew"):
        renewal.copied_in_child(tmp_path / "absent" / "store.db", tmp_path / "absent" / "x", b"")


def test_a_store_replaced_meanwhile_is_tried_again(world: World) -> None:
    erasure, wanted = world.erasure(), Wanted("one", world.his)
    erasure.take_out(wanted)

    def copy(path: Path, beside: Path, key: bytes) -> None:
        renewal.copied(path, beside, key)
        other = beside.with_name("store.db.next")
        renewal.copied(path, other, key)
        world.store.replace(other, _take_it).result()

    with pytest.raises(StoreFault, match="replaced while"):
        renewal.renew(world.store, world.profile.key, copy)
    assert erasure.cleaned([wanted]) == {"one"}
    assert json.loads(world.asked("SELECT value FROM setting WHERE name = 'renewal'")[0][0])["due"] == []


def _take_it(_old: Any, work: UnitOfWork) -> None:
    work.commit()


def test_the_store_can_be_used_and_closed_afterwards(world: World) -> None:
    erasure, wanted = world.erasure(), Wanted("one", world.his)
    erasure.take_out(wanted)
    erasure.cleaned([wanted])
    store: Store = world.store
    author = store.author
    store.write(lambda work: (work.do(open_customer(author, {"name": "After"})), work.commit())).result()
    assert store.read(find, "After").result().items
    erasure.close()
