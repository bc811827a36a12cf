"""Operations that travel together: each as if it came alone, and none done that was not answered."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from crmdesk.models import customer
from crmdesk.models.operations import Author, Operation
from crmdesk.models.outbox import Pending
from crmdesk.services.sync import push
from crmdesk.services.sync.address import ServerAddress
from tests.cluster import Database
from tests.services.server.sender import NOON, Sender, rows_of

AUTHOR = Author("somebody else", "desk", lambda: NOON)
GONE = {"id": str(uuid.UUID(int=7)), "disposition": "x", "wrap_up_seconds": 1, "topic": ""}


@pytest.fixture
def anna(database: Database) -> Iterator[Sender]:
    database.person("anna")
    with database.connect("anna") as connection:
        yield Sender(connection)


def made(count: int) -> list[Operation]:
    return [customer.open_customer(AUTHOR, {"name": f"王{n}"}) for n in range(count)]


def sent(operation: Operation, n: int, **other: Any) -> dict[str, Any]:
    return {
        "n": n,
        "op": str(operation.id),
        "kind": operation.kind,
        "version": 1,
        "payload": json.dumps(dict(operation.payload)),
        "at": NOON.isoformat(),
        "age_ms": 0,
        **other,
    }


def push_many(desk: Sender, operations: list[dict[str, Any]]) -> list[dict[str, Any]]:
    answer: list[dict[str, Any]] = desk.connection.execute(
        "SELECT crm.push_many(%s, 0, %s::jsonb)", (desk.device, json.dumps(operations))
    ).fetchone()[0]
    return answer


def last_n(desk: Sender) -> int:
    found = desk.connection.execute("SELECT last_n FROM crm.device WHERE id = %s", (desk.device,))
    return int(found.fetchone()[0])


def test_each_is_answered_and_the_same_call_again_gets_the_same_answers(anna: Sender) -> None:
    one, other = made(2)
    refused = sent(one, 2, op=str(uuid.uuid4()), payload="{}")
    asked = [sent(one, 1), refused, sent(other, 3)]
    answers = push_many(anna, asked)
    assert [each.get("rejected", "ok") for each in answers] == ["ok", "invalid", "ok"]
    assert push_many(anna, asked) == [{**each, "dup": True} for each in answers]
    assert (len(rows_of(anna.connection)["customer"]), last_n(anna)) == (2, 3)


def test_a_known_beginning_is_told_again_and_the_rest_is_done(anna: Sender) -> None:
    asked = [sent(each, n) for n, each in enumerate(made(4), 1)]
    push_many(anna, asked[:2])
    answers = push_many(anna, asked)
    assert answers == [{"ok": True, "dup": True}] * 2 + [{"ok": True}] * 2
    assert len(rows_of(anna.connection)["customer"]) == 4


def test_a_number_that_is_missing_ends_the_call(anna: Sender) -> None:
    one, other = made(2)
    assert push_many(anna, [sent(one, 1), sent(other, 3)]) == [{"ok": True}, {"gap": 1}]
    assert last_n(anna) == 1


def test_what_has_to_wait_ends_the_call_and_undoes_nothing(anna: Sender, database: Database) -> None:
    with database.connect() as owner:
        owner.execute("INSERT INTO crm.journal (at, what) VALUES (crm.now(), 'after restore')")
    one, other = made(2)
    waits = sent(one, 2, op=str(uuid.uuid4()), kind="call.wrap_up", payload=json.dumps(GONE), again=True)
    asked = [sent(one, 1), waits, sent(other, 3)]
    assert push_many(anna, asked) == [{"ok": True}]
    assert last_n(anna) == 1
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        push_many(anna, asked[1:])
    assert (len(rows_of(anna.connection)["customer"]), last_n(anna)) == (1, 1)


def test_a_call_takes_fifty(anna: Sender) -> None:
    asked = [sent(each, n) for n, each in enumerate(made(push.BATCH + 1), 1)]
    assert push_many(anna, asked) == [{"ok": True}] * push.BATCH
    assert last_n(anna) == push.BATCH


def test_what_no_text_can_hold_is_refused_and_stops_nobody(anna: Sender, database: Database) -> None:
    plain, *odd = made(3)
    odd = [
        Operation(each.id, each.kind, 1, {**each.payload, "fields": {"name": word}}, None, "", "", NOON)
        for each, word in zip(odd, ("a\x00b", "half \ud83d"), strict=True)
    ]
    pending = [Pending(n, each, False) for n, each in enumerate([*odd, plain], 1)]
    done = push.send(
        anna.connection,
        push.Sender(anna.device, lambda: NOON, 0),
        pending,
        ServerAddress.from_dsn(database.dsn("anna")),
    )
    assert [each.result.get("rejected", "ok") for each in done.answers] == ["invalid", "invalid", "ok"]
