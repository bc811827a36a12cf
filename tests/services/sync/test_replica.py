"""The rows of a shared desk: the server's, with what it does not know yet on top. Each rule, step by step."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from crmdesk.errors import Bug, Conflict, ServerUnfit
from crmdesk.models import effects
from crmdesk.models.agent import Agent
from crmdesk.models.changes import ChangeSet
from crmdesk.models.customer import Customer, open_customer
from crmdesk.models.note import append_note
from crmdesk.models.operations import RowChange
from crmdesk.models.operations import row_of as row_of_entity
from crmdesk.models.outbox import Answer, Pulled, PulledRow
from crmdesk.services.customers.search_index import CustomerSearchIndex
from crmdesk.services.store.unit_of_work import UnitOfWork
from crmdesk.services.sync.outbox import counts, unsent
from crmdesk.services.sync.refused import pending_lines, refused_lines
from crmdesk.services.sync.replica import read_place, record_answers, take_in
from tests.services.sync.conftest import SharedDesk
from tests.stores import KEY

PAGE, RESERVED = 4096, 80


def add_customer(desk: SharedDesk, name: str = "王伟") -> UUID:
    operation = open_customer(desk.author, {"name": name}, [{"raw": "1", "value": "+8613800138000"}])
    desk.do(operation)
    return UUID(operation.payload["id"])


def change(desk: SharedDesk, customer_id: UUID, base: int | None = None, **fields: str) -> None:
    row = desk.row("customer", customer_id)
    assert row is not None
    held = Customer(**row)
    desk.do(held.change(desk.author, fields, held.rev if base is None else base))


def add_note(desk: SharedDesk, customer_id: UUID, text: str) -> UUID:
    operation = append_note(desk.author, text, customer_id=customer_id)
    desk.do(operation)
    return UUID(operation.payload["id"])


def shared_customer(desk: SharedDesk, *others: SharedDesk) -> UUID:
    customer_id = add_customer(desk)
    for each in (desk, *others):
        each.sync()
    return customer_id


def row_of(desk: SharedDesk, customer_id: UUID) -> dict[str, Any]:
    row = desk.row("customer", customer_id)
    assert row is not None
    return row


def kept(desk: SharedDesk) -> list[tuple[Any, ...]]:
    return desk.sql("SELECT table_name, rev, row FROM server_row ORDER BY table_name")


def test_operations_are_numbered_without_gaps_and_keep_what_was_under_them(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    change(desk, customer_id, hint="one")
    change(desk, customer_id, hint="two")
    assert [each.n for each in desk.read(unsent)] == [2, 3]
    assert [each.operation.base_revision for each in desk.read(unsent)] == [1, 1], "the server's revision"
    ((table, rev, row),) = kept(desk)
    assert (table, rev, json.loads(row)["hint"]) == ("customer", 1, "")
    assert row_of(desk, customer_id)["rev"] == 3


def test_a_number_and_the_kept_row_go_with_the_change_or_not_at_all(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)

    def forgetful(work: UnitOfWork) -> None:
        customer = work.load(Customer, customer_id)
        work.do(customer.change(work.author, {"hint": "x"}, customer.rev))

    desk.store.write(forgetful).result()
    assert desk.read(unsent) == ()
    assert kept(desk) == []
    change(desk, customer_id, hint="y")
    assert [each.n for each in desk.read(unsent)] == [2]


def test_a_desk_of_its_own_writes_nothing_for_a_server(desk: SharedDesk) -> None:
    desk.sql("SELECT 1")
    desk.store.write(lambda work: (work.connection.execute("DELETE FROM sync"), work.commit())).result()
    desk.crash()
    add_customer(desk)
    assert desk.sql("SELECT count(*) FROM outbox") == desk.sql("SELECT count(*) FROM server_row") == [(0,)]


def test_what_was_answered_and_pulled_leaves_nothing_behind(desk: SharedDesk) -> None:
    customer_id = add_customer(desk)
    assert len(kept(desk)) == 2
    desk.push()
    assert len(kept(desk)) == 2, "until the pull holds it"
    desk.pull()
    assert kept(desk) == []
    assert desk.rows() == desk.server.shown()
    assert desk.sql("SELECT n, state FROM outbox") == [(1, "answered")]
    assert row_of(desk, customer_id)["rev"] == 1


def test_different_fields_merge_and_the_forecast_lies_on_the_new_row(
    desk: SharedDesk, other: SharedDesk
) -> None:
    customer_id = shared_customer(desk, other)
    change(desk, customer_id, hint="mine")
    change(other, customer_id, city="上海")
    other.sync()
    desk.pull()
    held = row_of(desk, customer_id)
    assert (held["hint"], held["city"], held["rev"]) == ("mine", "上海", 3)
    desk.sync()
    assert desk.rows() == desk.server.shown()
    assert desk.server.counted == {}


def test_an_operation_whose_field_others_changed_will_be_refused_and_the_rest_goes_on(
    desk: SharedDesk, other: SharedDesk
) -> None:
    customer_id = shared_customer(desk, other)
    change(desk, customer_id, hint="mine")
    note_id = add_note(desk, customer_id, "still there")
    change(other, customer_id, hint="theirs")
    other.sync()
    desk.pull()
    assert row_of(desk, customer_id)["hint"] == "theirs"
    assert desk.row("note", note_id) is not None
    assert desk.read(counts).doubtful == 1
    assert desk.sql("SELECT outlook FROM outbox WHERE n > 1 ORDER BY n") == [("refusal",), ("",)]
    desk.sync()
    assert desk.server.counted == {"conflict": 1}
    assert desk.rows() == desk.server.shown()
    (line,) = desk.read(refused_lines)
    assert (line.code, line.subject, line.text) == ("conflict", "王伟", "hint: mine")
    (clash,) = line.conflicts
    assert (clash.field, clash.before, clash.mine, clash.server) == ("hint", "", "mine", "theirs")


def test_the_same_value_typed_twice_is_no_clash(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id = shared_customer(desk, other)
    change(desk, customer_id, hint="same")
    change(other, customer_id, hint="same")
    other.sync()
    desk.pull()
    assert desk.read(counts).doubtful == 0
    desk.sync()
    assert desk.server.counted == {}


def test_a_second_change_of_ours_is_no_clash_with_the_first(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id = shared_customer(desk, other)
    change(desk, customer_id, hint="one")
    change(desk, customer_id, hint="two")
    change(other, customer_id, city="上海")
    other.sync()
    desk.push(1)
    desk.pull()
    assert row_of(desk, customer_id)["hint"] == "two"
    desk.sync()
    assert desk.server.counted == {}
    assert desk.server.shown()["customer", customer_id]["hint"] == "two"


def test_a_forecast_revision_never_hides_what_somebody_else_made_under_that_number(
    desk: SharedDesk, other: SharedDesk
) -> None:
    """The second change was typed over the forecast of revision 2; at the server that is another's hint."""
    customer_id = shared_customer(desk, other)
    change(other, customer_id, hint="theirs")
    other.sync()
    change(desk, customer_id, hint="mine")
    change(desk, customer_id, hint="mine, longer")
    desk.push()
    assert desk.server.counted == {"conflict": 2}
    assert desk.server.shown()["customer", customer_id]["hint"] == "theirs"


def test_an_expectation_that_was_wrong_is_laid_once_the_server_did_it(
    desk: SharedDesk, other: SharedDesk
) -> None:
    customer_id = shared_customer(desk, other)
    change(desk, customer_id, hint="mine")
    change(other, customer_id, hint="theirs")
    other.sync()
    desk.pull()
    assert desk.read(counts).doubtful == 1
    change(other, customer_id, hint="mine")
    other.sync()
    desk.push()
    assert desk.server.counted == {}
    assert desk.read(counts).doubtful == 0
    assert row_of(desk, customer_id)["hint"] == "mine"


def test_a_lost_answer_is_asked_for_again_and_nothing_is_done_twice(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    note_id = add_note(desk, customer_id, "once")
    desk.push(lose_answers=True)
    desk.pull()
    assert kept(desk) == [], "the pull holds it already"
    assert desk.row("note", note_id) is not None
    assert [each.n for each in desk.read(unsent)] == [2]
    desk.sync()
    assert len(desk.server.state.done) == 2
    assert desk.read(unsent) == ()


def test_a_refusal_whose_answer_was_lost_still_reaches_the_person(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.server.denies = {"note.append"}
    note_id = add_note(desk, customer_id, "all of my text")
    desk.push(lose_answers=True)
    desk.pull()
    assert desk.row("note", note_id) is None
    desk.sync()
    (line,) = desk.read(refused_lines)
    assert (line.text, line.code, str(line.reason)) == ("all of my text", "denied", "You may not do that.")
    assert line.customer_id == customer_id


def test_an_answer_that_comes_twice_changes_nothing(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.server.denies = {"note.append"}
    add_note(desk, customer_id, "text")
    (pending,) = desk.read(unsent)
    answer = Answer(pending.n, desk.server.push(desk.device, pending))
    for _ in range(2):
        desk.store.write(record_answers, [answer]).result()
    desk.store.write(record_answers, [Answer(pending.n, {"ok": True})]).result()
    assert len(desk.read(refused_lines)) == 1
    assert desk.sql("SELECT state FROM outbox WHERE n = 2") == [("refused",)]


def test_what_was_refused_falls_back_to_the_servers_row_and_later_ones_stay(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.server.denies = {"customer.change"}
    change(desk, customer_id, hint="no")
    note_id = add_note(desk, customer_id, "yes")
    told: list[ChangeSet] = []
    desk.store.on_change(told.append)
    desk.push()
    assert row_of(desk, customer_id)["hint"] == ""
    assert desk.row("note", note_id) is not None
    assert told[-1].ids == {customer_id}


def test_what_falls_back_is_the_row_as_it_came_last(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id = shared_customer(desk, other)
    change(desk, customer_id, hint="no")
    change(other, customer_id, city="上海")
    other.sync()
    desk.pull()
    desk.server.denies = {"customer.change"}
    desk.push()
    held = row_of(desk, customer_id)
    assert (held["hint"], held["city"], held["rev"]) == ("", "上海", 2)


def test_a_row_that_went_vanishes_with_index_entries_and_history(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id = shared_customer(desk, other)
    change(other, customer_id, hint="秘密")
    other.sync()
    desk.pull()
    desk.server.hide(("customer", customer_id))
    desk.pull()
    assert desk.row("customer", customer_id) is None
    assert desk.sql("SELECT count(*) FROM customer_search") == [(0,)]
    assert desk.sql("SELECT count(*) FROM customer_fts WHERE customer_fts MATCH 'wangwei'") == [(0,)]
    assert desk.sql("SELECT count(*) FROM history WHERE row_id = ?", customer_id.bytes) == [(0,)]
    assert desk.sql("SELECT count(*) FROM history WHERE after LIKE '%秘密%'") == [(0,)]


def test_of_a_row_that_went_no_byte_is_left(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id = shared_customer(desk, other)
    note_id = add_note(other, customer_id, "Xanthophyllite 龘龖鬱")
    other.sync()
    desk.pull()
    assert "龘龖鬱".encode() in decrypted(desk), "the control: it was here"
    desk.server.hide(("note", note_id))
    desk.server.hide(("interaction", note_id))
    desk.pull()
    assert desk.path.with_name(desk.path.name + "-wal").stat().st_size == 0
    assert not [word for word in ("龘龖鬱", "Xanthophyllite") if word.encode() in decrypted(desk)]


def decrypted(desk: SharedDesk) -> bytes:
    """Every page of the file and its log: AES-256-CBC with the raw key; IV and HMAC at the page's end."""
    pages: list[bytes] = []
    log = desk.path.with_name(desk.path.name + "-wal").read_bytes()
    frames = [log[at + 24 : at + 24 + PAGE] for at in range(32, len(log), PAGE + 24)]
    data = desk.path.read_bytes()
    for n, page in enumerate([data[at : at + PAGE] for at in range(0, len(data), PAGE)] + frames):
        body = page[16 if n == 0 else 0 : PAGE - RESERVED]
        vector = page[PAGE - RESERVED : PAGE - RESERVED + 16]
        cipher = Cipher(algorithms.AES(KEY), modes.CBC(vector)).decryptor()
        pages.append(cipher.update(body) + cipher.finalize())
    return b"".join(pages)


def test_an_operation_on_a_row_that_went_waits_for_its_refusal(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    change(desk, customer_id, hint="mine")
    desk.server.hide(("customer", customer_id))
    desk.pull()
    assert desk.row("customer", customer_id) is None
    assert desk.read(counts).doubtful == 1
    (line,) = desk.read(pending_lines)
    assert line.text == "hint: mine"
    assert str(line.what).startswith("Customer changed – will not be accepted")


def test_a_replay_that_raises_is_parked_and_the_pull_goes_on(
    desk: SharedDesk, other: SharedDesk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    customer_id = shared_customer(desk, other)
    add_note(desk, customer_id, "text")
    change(desk, customer_id, city="北京")
    change(other, customer_id, hint="theirs")
    other.sync()
    whole = dict(effects.EFFECTS)

    def broken(*_: Any) -> Any:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(effects, "EFFECTS", {**whole, "note.append": broken})
    desk.pull()
    assert "parked" in caplog.text
    caplog.clear()
    assert desk.sql("SELECT outlook, trouble FROM outbox WHERE n = 2") == [
        ("parked", "ZeroDivisionError: a bug")
    ]
    assert desk.read(counts).parked == 1
    assert str(desk.read(pending_lines)[0].what).startswith("Note written – not shown here")
    held = row_of(desk, customer_id)
    assert (held["hint"], held["city"]) == ("theirs", "北京")
    monkeypatch.setattr(effects, "EFFECTS", whole)
    desk.sync()
    assert desk.read(counts).parked == 0
    assert desk.rows() == desk.server.shown()


class Watching(CustomerSearchIndex):
    """An index that notes what it was told."""

    def __init__(self) -> None:
        self.told: list[Sequence[RowChange]] = []

    def follow(self, connection: Any, changes: Sequence[RowChange]) -> None:
        super().follow(connection, changes)
        self.told.append(tuple(changes))


def test_indexes_hear_of_net_changes_only(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id = shared_customer(desk, other)
    change(desk, customer_id, hint="mine")
    desk.push()
    change(other, customer_id, city="上海")
    add_note(other, customer_id, "other")
    watching = Watching()
    desk.followers = lambda: (watching,)
    desk.crash()
    desk.pull()
    assert watching.told == [], "the forecast was right: nothing is to be written"
    other.sync()
    desk.pull()
    assert sorted({change.table for change in watching.told[-1]}) == ["customer", "interaction", "note"]
    assert len(watching.told) == 1


def test_a_pull_is_one_transaction_and_the_cursor_comes_with_it(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id = shared_customer(desk, other)
    change(other, customer_id, hint="new")
    other.sync()
    before = desk.read(read_place)
    pulled = desk.server.pull(desk.device, before.cursor, before.fp)
    assert pulled is not None
    broken = replace(pulled, rows=[*pulled.rows, PulledRow("customer", UUID(int=9), {"id": UUID(int=9)})])
    with pytest.raises(ServerUnfit, match="without rev"):
        desk.store.write(take_in, broken).result()
    assert desk.read(read_place) == before
    assert row_of(desk, customer_id)["hint"] == ""
    desk.store.write(take_in, pulled).result()
    assert desk.read(read_place).cursor == pulled.head
    assert row_of(desk, customer_id)["hint"] == "new"


def test_rows_for_another_tick_are_refused(desk: SharedDesk) -> None:
    shared_customer(desk)
    place = desk.read(read_place)
    with pytest.raises(Bug, match="follow tick 0"):
        desk.store.write(take_in, Pulled(0, 9, b"x", {}, place.reached, [])).result()
    with pytest.raises(Bug, match="forgot"):
        desk.store.write(take_in, Pulled(place.cursor, 9, b"x", {}, place.reached - 1, [])).result()


def test_lists_of_the_driver_become_tuples(desk: SharedDesk, other: SharedDesk) -> None:
    shared_customer(desk, other)
    row_id = UUID(int=77)
    row = {**row_of_entity(Agent(id=row_id, login="li")), "languages": ["zh", "en"]}
    place = desk.read(read_place)
    pulled = Pulled(
        place.cursor, place.cursor + 1, b"fp", {}, place.reached, [PulledRow("agent", row_id, row)]
    )
    desk.store.write(take_in, pulled).result()
    assert desk.row("agent", row_id) == {**row, "languages": ("zh", "en")}


def test_somebody_who_looked_before_the_pull_learns_what_changed(desk: SharedDesk, other: SharedDesk) -> None:
    customer_id = shared_customer(desk, other)
    change(other, customer_id, hint="theirs")
    other.sync()
    desk.pull()
    with pytest.raises(Conflict) as caught:
        change(desk, customer_id, base=1, hint="mine")
    assert caught.value.fields == ("hint",)
    change(desk, customer_id, base=1, city="上海")
    (pending,) = desk.read(unsent)
    assert pending.operation.base_revision == 2, "what is here was compared with all up to revision 2"


def test_fingerprints_of_ticks_are_kept(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    add_note(desk, customer_id, "x")
    desk.sync()
    assert desk.sql("SELECT seq, fp FROM witness") == [
        (seq, fp) for seq, fp in desk.server.state.ticks if seq
    ]
