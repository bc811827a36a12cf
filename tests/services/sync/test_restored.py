"""A server or a desk that was restored from a backup: numbers, and what goes again."""

from __future__ import annotations

from dataclasses import replace

from crmdesk.models.outbox import VOID
from crmdesk.services.customers.erase import erase
from crmdesk.services.sync.outbox import prune, unsent
from crmdesk.services.sync.refused import dismiss, refused_lines
from crmdesk.services.sync.replica import read_place, server_forgot
from tests.services.sync.conftest import START, SharedDesk
from tests.services.sync.model_server import ModelServer
from tests.services.sync.test_replica import add_customer, add_note, shared_customer


def test_a_restored_server_gets_what_it_forgot_and_nothing_it_refused(
    desk: SharedDesk, other: SharedDesk
) -> None:
    customer_id = shared_customer(desk, other)
    desk.server.back_up()
    kept_note = add_note(desk, customer_id, "kept")
    lost_note = add_note(other, customer_id, "by somebody who does not come back")
    other.sync()
    desk.sync()
    assert desk.row("note", lost_note) is not None
    desk.server.denies = {"note.append"}
    add_note(desk, customer_id, "refused")
    desk.sync()
    desk.server.denies = set()
    (line,) = desk.read(refused_lines)
    desk.store.write(dismiss, line.op_id).result()
    late = add_note(desk, customer_id, "not yet sent")
    assert desk.server.restore()
    desk.connect()
    assert desk.read(read_place).stale
    assert desk.read(read_place).reached == 1
    assert [(each.n, each.again, each.operation.kind) for each in desk.read(unsent)] == [
        (2, True, "note.append"),
        (3, True, VOID),
        (4, False, "note.append"),
    ]
    desk.sync()
    assert desk.row("note", lost_note) is None
    assert {("note", kept_note), ("note", late)} <= set(desk.server.shown())
    assert desk.rows() == desk.server.shown()
    assert not desk.read(read_place).stale
    assert desk.read(refused_lines) == (), "put away once, and not told again"
    assert desk.sql("SELECT n, state FROM outbox ORDER BY n")[1:] == [
        (2, "answered"),
        (3, "refused"),
        (4, "answered"),
    ]


def test_what_was_erased_since_the_backup_goes_again_as_nothing(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.server.back_up()
    add_note(desk, customer_id, "about him")
    desk.sync()
    desk.store.write(lambda work: (erase(work, customer_id), work.commit())).result()
    kept = add_customer(desk, "somebody else")
    assert desk.server.restore()
    desk.connect()
    assert [each.operation.kind for each in desk.read(unsent)] == [VOID, "customer.create"]
    desk.sync()
    assert ("customer", kept) in desk.server.shown()
    assert desk.read(refused_lines) == ()
    assert desk.sql("SELECT state FROM outbox ORDER BY n") == [("answered",), ("refused",), ("answered",)]


def test_a_gap_is_healed_like_a_restore(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    desk.server.back_up()
    add_note(desk, customer_id, "one")
    desk.sync()
    add_note(desk, customer_id, "two")
    assert desk.server.restore()
    desk.push()
    assert desk.server.counted == {"restore": 1, "gap": 1}
    assert [each.n for each in desk.read(unsent)] == [2, 3]
    desk.sync()
    assert desk.rows() == desk.server.shown()


def test_numbers_that_were_put_away_are_filled(desk: SharedDesk, server: ModelServer) -> None:
    customer_id = shared_customer(desk)
    for text in ("a", "b", "c"):
        add_note(desk, customer_id, text)
    desk.sync()
    desk.author = replace(desk.author, clock=lambda: START.replace(year=2027))
    desk.crash()
    assert desk.store.write(prune, 4).result().result == 3
    assert desk.sql("SELECT n FROM outbox") == [(4,)]
    desk.store.write(server_forgot, 1).result()
    assert [(each.n, each.operation.kind) for each in desk.read(unsent)] == [
        (2, VOID),
        (3, VOID),
        (4, "note.append"),
    ]
    assert len({each.operation.id for each in desk.read(unsent)}) == 3
    desk.server.state.devices[desk.device].last_n = 1
    desk.server.state.done.clear()
    assert desk.push() == 3
    assert desk.read(refused_lines) == ()
    assert desk.sql("SELECT state FROM outbox ORDER BY n") == [("refused",), ("refused",), ("answered",)]


def test_a_desk_restored_from_its_backup_numbers_after_the_server(desk: SharedDesk) -> None:
    customer_id = shared_customer(desk)
    add_note(desk, customer_id, "waits")
    desk.store.write(server_forgot, 7).result()
    add_note(desk, customer_id, "new")
    assert [each.n for each in desk.read(unsent)] == [8, 9]
    desk.store.write(server_forgot, 20).result()
    assert [each.n for each in desk.read(unsent)] == [21, 22]
