"""Contents of attachments: sent behind everything else, fetched when looked at, gone with their rows."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from crmdesk.errors import CrmdeskError, NotFound, ServerFault
from crmdesk.models.customer import open_customer
from crmdesk.models.note import append_note
from crmdesk.services.attachments import room
from crmdesk.services.attachments.cabinet import PIECE_BYTES
from crmdesk.services.attachments.desk import attachments_of, keep_file, limits_of
from crmdesk.services.attachments.filing import (
    AttachedFile,
    attached_files,
    known_files,
    sealed_file,
)
from crmdesk.services.customers.erase import erase
from crmdesk.services.profile import open_profile
from crmdesk.services.store.keys import STORE_KEY, KeyFileSecrets
from crmdesk.services.sync import contents
from crmdesk.services.sync.address import PASSWORD
from crmdesk.services.sync.contents import fetch_content
from crmdesk.services.sync.history import load_file
from crmdesk.services.sync.refused import dismiss, refused_lines
from crmdesk.services.sync.sharing import begin_sharing, stop_sharing
from tests.cluster import Database
from tests.pages import decrypted
from tests.services.server.rows import mutate
from tests.services.sync.desks import TestDesk, address_of, desk
from tests.services.sync.proxy import Line
from tests.services.sync.test_complaint_files import end_long_ago, evict
from tests.services.sync.test_two_desks_complaints import Team, team

__all__ = ["team"]

CONTENT = random.Random(9).randbytes(4 * PIECE_BYTES + 77)
SECONDS = 20


@dataclass
class Pair:
    """Anna and Ben, and a customer both have."""

    database: Database
    anna: TestDesk
    ben: TestDesk
    customer: UUID


@pytest.fixture
def pair(database: Database, tmp_path: Path) -> Iterator[Pair]:
    with ExitStack() as stack:
        people = [database.person(login) for login in ("anna", "ben")]
        anna, ben = (stack.enter_context(desk(database, who, tmp_path / who.login)) for who in people)
        made = anna.do(anna.describe(open_customer, {"name": "Zhang San", "kind": "person"}, []))
        for each in (anna, ben):
            each.worker.run_once()
        yield Pair(database, anna, ben, UUID(made.payload["id"]))


def keep(at: TestDesk, record: UUID, content: bytes = CONTENT, name: str = "film.bin") -> UUID:
    return keep_file(at.store, at.profile.cabinet, limits_of(at.profile.settings), record, content, name)


def files(at: TestDesk, record: UUID) -> tuple[AttachedFile, ...]:
    return at.store.read(attached_files, record).result()


def states(at: TestDesk, record: UUID) -> list[str]:
    return [each.state for each in files(at, record)]


def read(at: TestDesk, file_id: UUID) -> bytes:
    given = attachments_of(at.profile, at.store)
    try:
        return given.read(file_id).result()
    finally:
        given.close()


def fetch(at: TestDesk, database: Database, file_id: UUID, port: int | None = None) -> list[int]:
    """Fetch a content; return how many bytes were here, as it was told."""
    told: list[int] = []
    address = address_of(database, at.person.login, port)
    fetch_content(at.store, at.profile, address, file_id, lambda done, _total: told.append(done))
    return told


def at_server(database: Database, file_id: UUID) -> dict[int, int]:
    """The pieces the server has, and the transactions that wrote them."""
    with database.connect() as owner:
        found = owner.execute(
            "SELECT i, xmin::text::bigint FROM crm.attachment_piece WHERE attachment = %s ORDER BY i",
            (file_id,),
        )
        return dict(found.fetchall())


def test_what_one_attaches_offline_the_other_looks_at(pair: Pair) -> None:
    told: list[frozenset[UUID]] = []
    file_id = keep(pair.anna, pair.customer)
    assert states(pair.anna, pair.customer) == ["not_sent"]
    pair.anna.store.on_change(lambda changes: told.append(changes.ids))
    pair.anna.worker.run_once()
    assert states(pair.anna, pair.customer) == ["here"]
    assert frozenset({file_id}) in told
    pair.ben.worker.run_once()
    assert states(pair.ben, pair.customer) == ["only_there"]
    assert not pair.ben.profile.cabinet.holds(file_id)
    assert hashlib.sha256(read(pair.ben, file_id)).digest() == hashlib.sha256(CONTENT).digest()
    assert states(pair.ben, pair.customer) == ["here"]
    pair.database.drop()
    assert read(pair.ben, file_id) == CONTENT, "from here on without the server"


def test_a_file_without_content_goes_and_comes(pair: Pair) -> None:
    file_id = keep(pair.anna, pair.customer, b"")
    pair.anna.worker.run_once()
    pair.ben.worker.run_once()
    assert states(pair.anna, pair.customer) == ["here"]
    assert read(pair.ben, file_id) == b""


def test_a_content_that_is_not_sent_yet_is_told_as_such(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    file_id = keep(pair.anna, pair.customer)
    with monkeypatch.context() as patched:
        patched.setattr(contents, "waiting", lambda _connection: ())
        pair.anna.worker.run_once()
    pair.ben.worker.run_once()
    with pytest.raises(NotFound, match="has not reached the server yet: the desk that attached it"):
        read(pair.ben, file_id)
    pair.anna.worker.run_once()
    assert read(pair.ben, file_id) == CONTENT


@contextmanager
def stopped_before(database: Database, file_id: UUID, i: int) -> Iterator[None]:
    """Let the server take pieces before the *i*-th, and hold up that one until the block ends."""
    with database.connect(autocommit=False) as owner:
        owner.execute("INSERT INTO crm.attachment_piece VALUES (%s, %s, 'x')", (file_id, i))
        yield
        owner.rollback()


def wait_for_pieces(database: Database, file_id: UUID, count: int) -> dict[int, int]:
    ended = threading.Event()
    for _ in range(SECONDS * 50):
        if len(found := at_server(database, file_id)) >= count:
            return found
        ended.wait(0.02)
    raise AssertionError("the pieces did not come")


def test_kill_9_while_sending_loses_nothing_and_sends_nothing_twice(pair: Pair, tmp_path: Path) -> None:
    anna, database = pair.anna, pair.database
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(contents, "waiting", lambda _connection: ())
        file_id = keep(anna, pair.customer)
        anna.worker.run_once()
    keys = KeyFileSecrets(tmp_path / "keys")
    for name in (STORE_KEY, PASSWORD):
        keys.set(anna.profile.id, name, anna.profile.secrets.get(anna.profile.id, name) or "")
    told = {
        "keys": str(tmp_path / "keys"),
        "folder": str(anna.profile.path),
        "actor": str(anna.person.agent_id),
        "address": dict(address_of(database, "anna").values),
    }
    anna.close()
    command = [sys.executable, "-m", "tests.services.sync.content_sender", json.dumps(told)]
    with stopped_before(database, file_id, 2):
        child = subprocess.Popen(command)
        before = wait_for_pieces(database, file_id, 2)
        os.kill(child.pid, signal.SIGKILL)
        child.wait(SECONDS)
    assert sorted(before) == [0, 1]
    assert subprocess.run(command, timeout=60, check=False).returncode == 0
    after = at_server(database, file_id)
    assert sorted(after) == [0, 1, 2, 3, 4]
    assert {i: after[i] for i in before} == before
    with open_profile(anna.profile.path, secrets=keys, environment={}) as profile:
        store = profile.open_store()
        assert [each.state for each in store.read(attached_files, pair.customer).result()] == ["here"]
        store.close()
    pair.ben.worker.run_once()
    assert read(pair.ben, file_id) == CONTENT


def test_a_cut_line_stops_neither_sending_nor_fetching_for_good(
    pair: Pair, database: Database, tmp_path: Path
) -> None:
    person = database.person("cara")
    with Line(database.cluster.port) as line, desk(database, person, tmp_path / "c", port=line.port) as cara:
        cara.worker.run_once()
        file_id = keep(cara, pair.customer)
        put = contents.Contents._put

        def cut_at_2(self: Any, link: Any, sealed: Any, i: int) -> bool:
            if i == 2:
                line.cut()
            return put(self, link, sealed, i)

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(contents.Contents, "_put", cut_at_2)
            cara.worker.run_once()
        before = at_server(database, file_id)
        assert sorted(before) == [0, 1]
        assert states(cara, pair.customer) == ["not_sent"]
        cara.worker.close_line()
        cara.worker.run_once()
        after = at_server(database, file_id)
        assert {i: after[i] for i in before} == before
        assert len(after) == 5
    with Line(database.cluster.port) as line:
        pair.ben.worker.run_once()
        come = pair.ben.profile.cabinet.come

        def cut_after_2(sealed: Any, piece: bytes, i: int) -> None:
            come(sealed, piece, i)
            if i == 1:
                line.cut()

        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(pair.ben.profile.cabinet, "come", cut_after_2)
            with pytest.raises(ServerFault):
                fetch(pair.ben, database, file_id, line.port)
    assert states(pair.ben, pair.customer) == ["only_there"]
    assert fetch(pair.ben, database, file_id)[0] == 2 * PIECE_BYTES
    assert read(pair.ben, file_id) == CONTENT


def test_an_operation_goes_before_the_next_piece(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    file_id = keep(pair.anna, pair.customer)
    put = contents.Contents._put

    def write_meanwhile(self: Any, link: Any, sealed: Any, i: int) -> bool:
        done = put(self, link, sealed, i)
        if i == 1:
            pair.anna.do(pair.anna.describe(append_note, "He calls again.", customer_id=pair.customer))
        return done

    monkeypatch.setattr(contents.Contents, "_put", write_meanwhile)
    pair.anna.worker.run_once()
    assert sorted(at_server(pair.database, file_id)) == [0, 1]
    pair.anna.worker.run_once()
    assert states(pair.anna, pair.customer) == ["here"]
    pair.ben.worker.run_once()
    assert [row["text"] for row in pair.ben.rows("note")] == ["He calls again."]


@pytest.mark.parametrize(("slow", "pieces"), [(True, 1), (False, 5)])
def test_on_a_slow_line_contents_wait_for_the_end_of_a_call(
    pair: Pair, monkeypatch: pytest.MonkeyPatch, slow: bool, pieces: int
) -> None:
    monkeypatch.setattr(contents, "SLOW_SECONDS", -1.0 if slow else 1e9)
    call = pair.anna.store.author.new_id()
    agent, now = pair.anna.person.agent_id, pair.anna.store.author.now()
    fields = {"call_key": "1", "agent_id": agent, "started_at": now, "state": "talking"}
    pair.anna.do(pair.anna.store.author.describe("call.seen", {"id": call, "fields": fields, "legs": []}))
    file_id = keep(pair.anna, pair.customer)
    pair.anna.worker.run_once()
    assert len(at_server(pair.database, file_id)) == pieces
    ended = {**fields, "ended_at": now, "state": "ended"}
    pair.anna.do(pair.anna.store.author.describe("call.seen", {"id": call, "fields": ended, "legs": []}))
    pair.anna.worker.run_once()
    assert len(at_server(pair.database, file_id)) == 5


def test_a_file_damaged_here_is_refused_and_holds_up_no_other(pair: Pair) -> None:
    damaged, sound = keep(pair.anna, pair.customer), keep(pair.anna, pair.customer, b"sound")
    path = pair.anna.profile.attachments_path / damaged.hex
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    pair.anna.worker.run_once()
    one, other = files(pair.anna, pair.customer)
    assert (one.state, other.state) == ("refused", "here")
    assert "damaged or was altered on this computer" in str(one.why)
    pair.ben.worker.run_once()
    assert read(pair.ben, sound) == b"sound"


@pytest.mark.parametrize("erased", [False, True])
def test_what_the_server_refused_stays_until_it_is_put_away(pair: Pair, erased: bool) -> None:
    anna = pair.anna

    limit = "of_record CONSTANT bigint := 200"
    mutate(pair.database, "crm.refuse_unfit_file(crm.attachment)", limit, limit.replace("200", "0"))
    file_id = keep(anna, pair.customer, b"one too many", "x.txt")
    assert anna.worker.run_once().refused == 1
    (last,) = [each for each in files(anna, pair.customer) if each.id == file_id]
    assert last.state == "refused"
    assert "more than 0 MB together" in str(last.why)
    assert read(anna, file_id) == b"one too many"
    assert room.sweep(anna.store, anna.profile) == 0
    (line,) = anna.store.read(refused_lines).result()
    assert (line.text, line.customer_id) == ("x.txt", pair.customer)
    if erased:
        anna.store.write(lambda work: (erase(work, pair.customer), work.commit())).result()
    else:
        anna.store.write(dismiss, line.op_id).result()
    assert file_id not in anna.store.read(known_files).result()
    assert room.sweep(anna.store, anna.profile) == 1
    assert not anna.profile.cabinet.holds(file_id)
    with pytest.raises(NotFound):
        anna.store.read(sealed_file, file_id).result()


def test_who_loses_the_complaint_loses_its_files_and_their_keys(team: Team) -> None:
    complaint = team.investigated()
    file_id = keep(team.anna, complaint, b"Zhangcanary", "Zhangcanary.pdf")
    team.settle()
    assert read(team.ben, file_id) == b"Zhangcanary"
    with pytest.raises(CrmdeskError):
        read(team.tom, file_id)
    assert team.tom.rows("attachment") == []
    (key,) = team.ben.asked("SELECT file_key FROM attachment_file")[0]
    pages = decrypted(team.ben.store.path, team.ben.profile.key)
    assert key in pages
    assert b"Zhangcanary" in pages
    team.step(team.anna, complaint, "H1", to=str(team.tom.person.agent_id), open_points="Look at the brakes.")
    team.settle()
    assert team.ben.rows("attachment") == []
    assert team.ben.store.read(known_files).result() == ()
    pages = decrypted(team.ben.store.path, team.ben.profile.key)
    assert key not in pages
    assert b"Zhangcanary" not in pages
    assert room.sweep(team.ben.store, team.ben.profile) == 1
    assert list(team.ben.profile.attachments_path.iterdir()) == []
    assert read(team.tom, file_id) == b"Zhangcanary"


def test_contents_leave_with_the_file_of_a_complaint_and_come_with_it(
    team: Team, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    complaint = team.investigated()
    file_id = keep(team.anna, complaint)
    team.settle()
    with monkeypatch.context() as patched:
        patched.setattr(contents, "waiting", lambda _connection: ())
        unsent = keep(team.anna, complaint)
        end_long_ago(team, database, complaint)
    for _ in range(2):
        evict(team.anna, days=88)
    assert team.anna.store.read(known_files).result() == (unsent,), "what only this desk has stays"
    assert room.sweep(team.anna.store, team.anna.profile) == 1
    team.anna.worker.run_once()
    assert len(at_server(database, unsent)) == 5
    evict(team.ben, days=88)
    assert team.ben.rows("attachment") == []
    address = address_of(database, team.ben.person.login)
    load_file(team.ben.store, team.ben.profile, address, complaint)
    assert {row["id"] for row in team.ben.rows("attachment")} == {file_id, unsent}
    assert read(team.ben, file_id) == CONTENT


def test_an_erased_persons_files_leave_every_desk(pair: Pair) -> None:
    file_id = keep(pair.anna, pair.customer)
    pair.anna.worker.run_once()
    pair.ben.worker.run_once()
    assert read(pair.ben, file_id) == CONTENT
    with pair.database.connect() as owner:
        owner.execute("SELECT crm.erase_customer(%s)", (pair.customer,))
    for each in (pair.anna, pair.ben):
        each.worker.close_line()
        each.worker.run_once()
        assert each.rows("attachment") == []
        assert each.store.read(known_files).result() == ()
        assert list(each.profile.attachments_path.iterdir()) == []
    assert at_server(pair.database, file_id) == {}


def test_beyond_its_room_goes_what_was_not_looked_at_for_longest(pair: Pair) -> None:
    anna = pair.anna
    first, second, third = (keep(anna, pair.customer, bytes(100)) for _ in range(3))
    assert anna.store.read(room.surplus, 0).result() == (), "what only this desk has never goes"
    anna.worker.run_once()
    read(anna, first)
    anna.store.write(lambda work: work.commit()).result()
    assert set(anna.store.read(room.surplus, 0).result()) == {first, second, third}
    assert anna.store.read(room.surplus, 250).result() == (second,)
    anna.store.write(room.let_go, (second,)).result()
    anna.profile.cabinet.drop(second)
    assert states(anna, pair.customer) == ["here", "only_there", "here"]
    assert read(anna, second) == bytes(100)


def test_after_a_restore_whoever_holds_a_content_brings_it_again(pair: Pair) -> None:
    file_id = keep(pair.anna, pair.customer)
    pair.anna.worker.run_once()
    pair.ben.worker.run_once()
    assert read(pair.ben, file_id) == CONTENT
    with pair.database.connect() as owner:
        owner.execute("DELETE FROM crm.attachment_whole")
        owner.execute("DELETE FROM crm.attachment_piece")
    pair.ben.store.write(
        lambda work: (
            work.connection.execute("UPDATE sync SET value = '1' WHERE name = 'stale'"),
            work.commit(),
        )
    ).result()
    pair.ben.worker.run_once()
    assert len(at_server(pair.database, file_id)) == 5


def test_what_goes_along_in_bulk_keeps_its_contents_until_its_rows_come_back(pair: Pair) -> None:
    anna = pair.anna
    file_id = keep(anna, pair.customer)
    anna.store.write(lambda work: stop_sharing(work, unsent=True)).result()
    ((last,),) = anna.asked("SELECT max(n) FROM operation")
    anna.store.write(lambda work: begin_sharing(work, {"address": "x"}, after=last)).result()
    assert anna.rows("attachment") == []
    assert room.sweep(anna.store, anna.profile) == 0
    assert anna.store.read(known_files).result() == (file_id,)


def test_whoever_leaves_the_server_holds_the_only_copy(pair: Pair) -> None:
    anna = pair.anna
    file_id = keep(anna, pair.customer)
    anna.worker.run_once()
    assert anna.store.read(room.surplus, 0).result() == (file_id,)
    anna.store.write(stop_sharing).result()
    assert anna.store.read(room.surplus, 0).result() == ()
    assert states(anna, pair.customer) == ["here"]


def test_contents_are_carried_into_the_store_of_a_large_first_copy(
    database: Database, tmp_path: Path
) -> None:
    person, made = database.person("anna"), []

    def before(at: TestDesk) -> None:
        operation = at.do(at.describe(open_customer, {"name": "Zhang San", "kind": "person"}, []))
        made.append((UUID(operation.payload["id"]), keep(at, UUID(operation.payload["id"]))))

    with database.connect() as owner:
        owner.execute(
            "INSERT INTO crm.team (id, key) SELECT gen_random_uuid(), n::text FROM generate_series(1, 40) n"
        )
    with desk(database, person, tmp_path / "a", adopt=True, before=before, at_once=5) as anna:
        while anna.worker.run_once().first_sync is not None:
            pass
        ((customer, file_id),) = made
        assert states(anna, customer) == ["here"]
        assert len(at_server(database, file_id)) == 5
        assert read(anna, file_id) == CONTENT
