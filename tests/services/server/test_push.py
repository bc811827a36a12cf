"""Operations at the server: each done or refused once, in order, whoever sends whatever."""

import json
import re
import threading
import uuid
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from crmdesk.models import asset, call, customer, note, visit
from crmdesk.models.effects import EFFECTS
from crmdesk.models.operations import Author, Operation
from crmdesk.models.outbox import VOID
from crmdesk.models.types import child_id
from crmdesk.models.wire import Json
from crmdesk.resources import resource
from crmdesk.services.server.install import SQL
from tests.cluster import Cluster, Database
from tests.services.server.sender import NOON, Sender, rows_of

ID = "01a1f7f8-33e8-7ff5-8ee2-359d4e30ab02"
OTHER = "01a1f7f8-33e8-7ff5-8ee2-359d4e30ab03"
AUTHOR = Author("somebody else", "desk", lambda: NOON)


@pytest.fixture(scope="module")
def shared(cluster: Cluster) -> Iterator[Database]:
    """One database for all tests here; each brings desks and rows of its own."""
    made = cluster.database()
    with made.connect() as admin:
        admin.execute("SELECT crm.set_clock(%s)", (NOON + timedelta(hours=1),))
    made.person("push_anna", teams=("hotline",))
    made.person("push_bert", teams=("letters",))
    made.person("push_boss", "supervisor", teams=("hotline",))
    made.person("push_audit", "auditor", teams=())
    yield made
    made.drop()


@pytest.fixture
def anna(shared: Database) -> Iterator[Sender]:
    with shared.connect("push_anna") as connection:
        yield Sender(connection)


@pytest.fixture
def bert(shared: Database) -> Iterator[Sender]:
    with shared.connect("push_bert") as connection:
        yield Sender(connection)


@pytest.fixture
def admin(shared: Database) -> Iterator[Any]:
    with shared.connect() as connection:
        yield connection


def new_customer(**more: Any) -> Operation:
    return customer.open_customer(AUTHOR, {"name": "王伟", **more}, [{"raw": "138", "value": "+86138"}])


def agent_of(admin: Any, login: str) -> str:
    return str(admin.execute("SELECT agent_id FROM crm.person WHERE login = %s", (login,)).fetchone()[0])


def entry(admin: Any, sender: Sender, n: int) -> dict[str, Any]:
    names = ("effective_at", "time_uncertain", "received_at", "result", "feed_to", "first")
    found = admin.execute(
        f"SELECT {', '.join(names)} FROM crm.op WHERE device = %s AND n = %s", (sender.device, n)
    ).fetchone()
    return dict(zip(names, found, strict=True))


def test_the_same_number_again_gets_the_same_answer(anna: Sender) -> None:
    made = new_customer()
    assert anna.push(made) == {"ok": True}
    for _ in range(2):
        assert anna.push(made, n=1) == {"ok": True, "dup": True}
    refused = anna.send("customer.create", {"id": ID})
    assert refused["rejected"] == "invalid"
    held = anna.connection.execute("SELECT last_n FROM crm.device WHERE id = %s", (anna.device,)).fetchone()
    assert held == (2,)


def test_a_number_too_far_tells_the_last_that_came(anna: Sender) -> None:
    assert anna.push(new_customer()) == {"ok": True}
    assert anna.push(new_customer(), n=3) == {"gap": 1}
    assert anna.push(new_customer(), n=2) == {"ok": True}


def test_a_number_for_another_operation_is_no_repeat(anna: Sender) -> None:
    anna.push(new_customer())
    with pytest.raises(psycopg.Error) as refused:
        anna.push(new_customer(), n=1)
    assert refused.value.sqlstate == "CR008"


def test_an_operation_sent_again_under_another_identity_is_done_once(shared: Database, anna: Sender) -> None:
    made = new_customer()
    anna.push(made)
    other = Sender(anna.connection)
    assert other.push(made) == {"ok": True, "dup": True}
    assert other.push(made, n=1) == {"ok": True, "dup": True}
    with shared.connect("push_bert") as connection:
        assert Sender(connection).push(made)["rejected"] == "denied"


def test_only_an_active_desk_of_ones_own_may_push(admin: Any, anna: Sender, bert: Sender) -> None:
    for device, state in ((bert.device, "CR001"), (uuid.uuid4(), "CR007")):
        with pytest.raises(psycopg.Error) as refused:
            anna.push(new_customer(), device=device, n=1)
        assert refused.value.sqlstate == state
    admin.execute("SELECT crm.forget_device(%s)", (anna.device,))
    with pytest.raises(psycopg.Error) as refused:
        anna.push(new_customer())
    assert refused.value.sqlstate == "CR002"


def test_the_author_is_who_sits_there(admin: Any, anna: Sender) -> None:
    made = note.append_note(AUTHOR, "谁写的？", customer_id=uuid.UUID(ID))
    assert anna.push(made) == {"ok": True}
    row = rows_of(anna.connection)["note"][uuid.UUID(made.payload["id"])]
    assert row["author"] == agent_of(admin, "push_anna")
    for name in ("author", "actor", "agent", "login"):
        forged = {**made.payload, "id": OTHER, name: agent_of(admin, "push_bert")}
        assert anna.send("note.append", forged)["rejected"] == "denied"
    who = admin.execute("SELECT DISTINCT login FROM crm.audit WHERE device = %s", (anna.device,)).fetchall()
    assert who == [("push_anna",)]


def test_an_auditor_changes_nothing_and_an_agent_no_code_table(shared: Database, anna: Sender) -> None:
    team = {"table": "team", "fields": {"id": ID, "key": "x"}}
    assert anna.send("code.save", team)["rejected"] == "denied"
    with shared.connect("push_audit") as connection:
        assert Sender(connection).push(new_customer())["rejected"] == "denied"
    with shared.connect("push_boss") as connection:
        assert Sender(connection).send("code.save", team) == {"ok": True}


def test_nobody_reaches_an_effect_by_himself(anna: Sender) -> None:
    inner = anna.connection.execute(
        "SELECT p.oid::regprocedure::text FROM pg_proc p WHERE p.pronamespace = 'crm'::regnamespace"
        " AND p.proname ~ '^(apply|read_|lay_|new_|save_|refuse|begin_op|end_op|done_or|move_notes)'"
        " AND has_function_privilege(p.oid, 'EXECUTE')"
    ).fetchall()
    assert inner == []
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        anna.connection.execute("UPDATE crm.customer SET name = 'x'")


FIELDS: dict[str, Json] = {"name": "x"}
HOSTILE: list[tuple[str, str | dict[str, Json]]] = [
    ("customer.create", "no json"),
    ("customer.create", "[]"),
    ("customer.create", "null"),
    ("customer.create", "{}"),
    ("customer.create", "{" * 100_000),
    ("customer.create", "[" * 100_000),
    ("customer.create", '{"id": "' + "x" * 9_000_000 + '"}'),
    ("customer.create", '{"id": "\\u0000"}'),
    ("customer.create", '{"id": "' + ID + '", "fields": {"name": "\\ud800"}, "points": []}'),
    ("customer.create", '{"id": "' + ID + '", "fields": {"name": "\\udc00x"}, "points": []}'),
    ("customer.create", '{"id": "' + ID + '", "fields": {"name": "a\\u0000b"}, "points": []}'),
    ("customer.create", {"id": ID, "fields": {"name": 5}, "points": []}),
    ("customer.create", {"id": ID, "fields": {"name": None}, "points": []}),
    ("customer.create", {"id": ID, "fields": {"name": ["x"]}, "points": []}),
    ("customer.create", {"id": ID, "fields": {"rev": 7}, "points": []}),
    ("customer.create", {"id": ID, "fields": {"id": OTHER}, "points": []}),
    ("customer.create", {"id": ID, "fields": {"key_account": "yes"}, "points": []}),
    ("customer.create", {"id": ID, "fields": {"first_business_on": "today"}, "points": []}),
    ("customer.create", {"id": ID, "fields": {"first_business_on": "2026-02-30"}, "points": []}),
    ("customer.create", {"id": ID, "fields": {"first_business_on": "0000-01-01"}, "points": []}),
    ("customer.create", {"id": ID, "fields": {"name; DROP TABLE crm.feed": "x"}, "points": []}),
    ("customer.create", {"id": ID, "fields": "x", "points": []}),
    ("customer.create", {"id": ID, "fields": FIELDS, "points": {}}),
    ("customer.create", {"id": ID, "fields": FIELDS, "points": [None]}),
    ("customer.create", {"id": ID, "fields": FIELDS, "points": [{"id": OTHER}]}),
    ("customer.create", {"id": ID, "fields": FIELDS, "points": [{}] * 1001}),
    ("customer.create", {"id": ID, "fields": FIELDS}),
    ("customer.create", {"id": "x", "fields": FIELDS, "points": []}),
    ("customer.create", {"id": 7, "fields": FIELDS, "points": []}),
    ("customer.create", {"id": None, "fields": FIELDS, "points": []}),
    ("customer.create", {"id": ID, "fields": FIELDS, "points": [], "more": 1}),
    ("asset.create", {"id": ID, "fields": {"customer_id": ID, "mileage_km": 10**400}}),
    ("asset.create", '{"id": "' + ID + '", "fields": {"customer_id": "' + ID + '", "mileage_km": 1e999999}}'),
    ("asset.create", {"id": ID, "fields": {"customer_id": ID, "mileage_km": 2**63}}),
    ("asset.create", {"id": ID, "fields": {"customer_id": ID, "mileage_km": 1.5}}),
    ("asset.create", {"id": ID, "fields": {"customer_id": ID, "mileage_km": "7"}}),
    ("asset.create", {"id": ID, "fields": {"plate": "x"}}),
    ("asset.create", {"id": ID, "fields": {"customer_id": ID, "mileage_at": "2026-11-20T08:00:00Z"}}),
    ("call.seen", {"id": ID, "fields": {"started_at": "now"}, "legs": []}),
    ("call.seen", {"id": ID, "fields": {"started_at": "infinity"}, "legs": []}),
    ("call.seen", {"id": ID, "fields": {"started_at": "2026-11-20 08:00:00"}, "legs": []}),
    ("call.seen", {"id": ID, "fields": {"started_at": "2026-11-20T24:00:00Z"}, "legs": []}),
    ("call.seen", {"id": ID, "fields": {"started_at": "9999-12-31T23:59:60Z"}, "legs": []}),
    ("call.seen", {"id": ID, "fields": {}, "legs": [{"leg_key": "1"}]}),
    ("call.seen", {"id": ID, "fields": {"verified": "x"}, "legs": []}),
    ("call.seen", {"id": ID, "fields": {"verified": [None]}, "legs": []}),
    ("call.verify", {"id": ID, "facts": [[]]}),
    ("call.wrap_up", {"id": ID, "disposition": None, "wrap_up_seconds": 1, "topic": ""}),
    ("call.wrap_up", {"id": ID}),
    ("note.append", {"id": ID, "call_id": None, "customer_id": ID}),
    ("note.append", {"id": ID, "call_id": "x", "customer_id": ID, "text": "x"}),
    ("visit.record", {"id": ID, "fields": {"asset_id": ID, "customer_id": ID}, "items": []}),
    (
        "visit.record",
        {
            "id": ID,
            "fields": {"asset_id": ID, "customer_id": ID, "visited_at": "2026-11-20T08:00:00Z"},
            "items": [{"code": "oil"}],
        },
    ),
    ("article.mark", {"id": ID, "article_id": ID, "call_id": None, "verdict": "rev"}),
    ("article.mark", {"id": ID, "article_id": ID, "call_id": None, "verdict": "used", "at": "now"}),
    ("article.save", {"id": ID, "fields": {"version": 9}}),
    ("choice.remember", {"id": ID, "value": "x", "mode": "ask", "customer_id": "x"}),
    ("task.open", {"id": ID, "fields": {"state": "half done"}}),
    ("article.save", {"id": ID, "fields": {"state": "Published"}}),
    ("choice.remember", {"id": ID, "value": "x", "mode": "never", "customer_id": None}),
    ("customer.create", {"id": ID, "fields": {"name": "x", "tier": "diamond"}, "points": []}),
    ("task.open", {"id": ID, "fields": {"done_at": "2026-11-20T08:00:00Z"}}),
    ("contact.save", {"fields": {"name": "x"}}),
    ("contact_point.add", {"raw": "x"}),
]


@pytest.mark.parametrize("kind", ["", "customer", "customer.create; DROP", VOID, "x" * 5000])
def test_what_this_server_does_not_know_is_told_so(anna: Sender, kind: str) -> None:
    told = anna.send(kind, {})
    assert told["rejected"] == "unknown_kind"
    assert len(told["values"]["kind"]) <= 100
    newer = anna.send("customer.create", {"id": ID, "fields": FIELDS, "points": []}, version=2)
    assert newer["rejected"] == "unknown_kind"
    assert anna.push(new_customer()) == {"ok": True}


def test_a_hostile_payload_is_refused_in_words_and_stops_no_queue(admin: Any, anna: Sender) -> None:
    before = rows_of(admin)
    for kind, payload in HOSTILE:
        told = anna.send(kind, payload)
        assert told.get("rejected") == "invalid", (kind, str(payload)[:200], told)
        assert told["why"].endswith(".") and "error" not in told["why"], (kind, payload, told)
        told["why"].format(**told["values"])
    assert rows_of(admin) == before
    for n, (kind, _payload) in enumerate(HOSTILE, 1):
        assert entry(admin, anna, n)["result"]["rejected"] == "invalid", kind
        assert entry(admin, anna, n)["feed_to"] is None
    assert anna.push(new_customer()) == {"ok": True}


@pytest.mark.parametrize("kind", sorted(EFFECTS))
def test_an_empty_or_foreign_payload_of_each_kind_is_refused(anna: Sender, kind: str) -> None:
    stray: list[dict[str, Json]] = [{}, {"id": ID, "unknown": 1}, {"fields": []}]
    for payload in (*stray, {"fields": {}, "changes": {}, "table": "feed"}):
        assert anna.send(kind, payload)["rejected"] in {"invalid", "denied"}


@pytest.mark.parametrize(
    ("kind", "payload"),
    [
        ("customer.change", {"id": ID, "changes": {"name": "x"}}),
        ("contact_point.change", {"id": ID, "changes": {"label": "x"}}),
        ("contact_point.add", {"id": ID, "customer_id": ID, "raw": "x"}),
        ("asset.change", {"id": ID, "changes": {"model": "x"}}),
        ("visit.change", {"id": ID, "changes": {"note": "x"}}),
        ("task.change", {"id": ID, "changes": {"note": "x"}}),
        ("call.wrap_up", {"id": ID, "disposition": "", "wrap_up_seconds": None, "topic": ""}),
        ("call.assign", {"id": ID, "customer_id": None, "by": "chosen"}),
        ("call.verify", {"id": ID, "facts": []}),
    ],
)
def test_what_is_gone_is_told_so_but_waits_after_a_restore(
    admin: Any, anna: Sender, kind: str, payload: Json
) -> None:
    assert anna.send(kind, payload)["rejected"] == "gone"
    restored(admin)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
        anna.send(kind, payload, again=True)
    held = admin.execute("SELECT last_n FROM crm.device WHERE id = %s", (anna.device,)).fetchone()
    assert held == (1,), "the waiting operation keeps its place in the queue"
    admin.execute("SELECT crm.set_clock(%s)", (NOON + timedelta(hours=1, minutes=31),))
    anna.n = 1
    told = anna.send(kind, payload, again=True)
    admin.execute("SELECT crm.set_clock(%s)", (NOON + timedelta(hours=1),))
    assert told["rejected"] == "gone", "what never comes back holds nobody up"


def restored(admin: Any) -> None:
    """Have the server know that it was restored just now."""
    admin.execute("INSERT INTO crm.journal (at, what) VALUES (crm.now(), 'after restore')")


def test_after_a_restore_nothing_is_laid_beside_what_is_missing(admin: Any, anna: Sender) -> None:
    restored(admin)
    lost = uuid.uuid4()
    waiting = [
        note.append_note(AUTHOR, "x", call_id=lost),
        Operation(uuid.uuid4(), "contact_point.drop", 1, {"id": str(lost)}, None, "", "", NOON),
        visit.record_visit(
            AUTHOR, {"asset_id": lost, "customer_id": lost, "visited_at": NOON, "mileage_km": 9}
        ),
    ]
    for operation in waiting:
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState):
            anna.push(operation, n=1, again=True)
        anna.n = 0
    for operation in waiting:
        assert anna.push(operation) == {"ok": True}


def test_a_clash_tells_the_row_and_other_fields_merge(anna: Sender, bert: Sender) -> None:
    made = new_customer()
    anna.push(made)
    held = customer.Customer(id=uuid.UUID(made.payload["id"]), created_at=NOON, updated_at=NOON)
    assert bert.push(held.change(AUTHOR, {"hint": "loud", "city": "上海"}, 1)) == {"ok": True}
    assert anna.push(held.change(AUTHOR, {"name": "Wang"}, 1)) == {"ok": True}
    told = anna.push(held.change(AUTHOR, {"hint": "deaf", "tier": "gold"}, 1))
    assert (told["rejected"], told["fields"], told["values"]) == ("conflict", ["hint"], {"names": "hint"})
    assert (told["current"]["hint"], told["current"]["rev"], told["current"]["tier"]) == ("loud", 3, "")
    assert anna.push(held.change(AUTHOR, {"hint": "loud"}, 1)) == {"ok": True}, "the same value clashes not"
    unseen = anna.push(held.change(AUTHOR, {"city": "北京"}, 99))
    assert (unseen["rejected"], unseen["fields"]) == ("conflict", ["city"])


def test_what_waits_for_a_lock_is_not_recorded(admin: Any, anna: Sender, bert: Sender) -> None:
    made = new_customer()
    anna.push(made)
    held = customer.Customer(id=uuid.UUID(made.payload["id"]), created_at=NOON, updated_at=NOON)
    change = held.change(AUTHOR, {"hint": "x"}, None)
    bert.connection.execute("SET lock_timeout = '50ms'")
    with admin.transaction():
        admin.execute("SELECT 1 FROM crm.customer WHERE id = %s FOR UPDATE", (held.id,))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            bert.push(change, n=1)
    assert bert.connection.execute(
        "SELECT last_n FROM crm.device WHERE id = %s", (bert.device,)
    ).fetchone() == (0,)
    assert bert.push(change) == {"ok": True}


def test_two_desks_tell_of_one_call_at_once(shared: Database) -> None:
    """A row that another desk makes at this very moment is merged into, not refused."""
    connections = [shared.connect("push_anna") for _ in range(2)]
    senders = [Sender(connection) for connection in connections]
    start, answers = threading.Barrier(2), []

    def tell(sender: Sender) -> None:
        for n in range(40):
            seen = call.see_call(AUTHOR, call.call_id("push", str(n)), {"started_at": NOON, "topic": "x"})
            start.wait(10)
            answers.append(sender.push(replace(seen, id=uuid.uuid4())))

    threads = [threading.Thread(target=tell, args=(sender,)) for sender in senders]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert answers == [{"ok": True}] * 80
    for connection in connections:
        connection.close()


def test_a_note_of_another_team_moves_with_its_call(shared: Database, anna: Sender, bert: Sender) -> None:
    seen = call.see_call(AUTHOR, call.call_id("push", "team"), {"started_at": NOON})
    letters = shared.person("push_bert", teams=("letters",)).teams["letters"]
    hidden = note.append_note(AUTHOR, "律师来信", call_id=uuid.UUID(seen.payload["id"]), team_id=letters)
    for operation in (seen, hidden):
        assert bert.push(operation) == {"ok": True}
    row_id = uuid.UUID(hidden.payload["id"])
    assert row_id not in rows_of(anna.connection).get("note", {})
    owner = str(uuid.uuid4())
    assert anna.send("call.assign", {"id": seen.payload["id"], "customer_id": owner, "by": "chosen"}) == {
        "ok": True
    }
    moved = rows_of(bert.connection)["note"][row_id]
    assert (str(moved["customer_id"]), moved["rev"], moved["text"]) == (owner, 2, "律师来信")
    anna.connection.execute("SELECT set_config('crm.moving', %s, false)", (seen.payload["id"],))
    assert row_id not in rows_of(anna.connection).get("note", {})


@pytest.mark.parametrize(
    ("at", "offset", "age", "effective", "uncertain"),
    [
        (NOON, 0, 0, NOON, False),
        (NOON, 60_000, 1, NOON + timedelta(minutes=1), False),
        (NOON, -400_000, 1, NOON - timedelta(seconds=400), True),
        (NOON, 0, None, NOON, True),
        (NOON, 0, 86_400_001, NOON, True),
        (NOON + timedelta(days=9), 0, 0, NOON + timedelta(hours=1), True),
        (NOON - timedelta(days=2), 0, 0, NOON - timedelta(days=2), True),
        (None, 0, 0, NOON + timedelta(hours=1), True),
        ("infinity", 0, 0, NOON + timedelta(hours=1), True),
        ("-infinity", 0, 0, NOON + timedelta(hours=1), True),
        (NOON, 2**62, 0, NOON + timedelta(hours=1), True),
        (NOON, -(2**62), 0, NOON + timedelta(hours=1), True),
        (NOON, None, 0, NOON, False),
    ],
)
def test_effective_time(
    admin: Any,
    anna: Sender,
    at: Any,
    offset: int | None,
    age: int | None,
    effective: datetime,
    uncertain: bool,
) -> None:
    assert anna.push(new_customer(), at=at, offset=offset, age=age) == {"ok": True}
    held = entry(admin, anna, 1)
    assert (held["effective_at"], held["time_uncertain"]) == (effective, uncertain)
    assert held["received_at"] == NOON + timedelta(hours=1)


def test_time_never_goes_back_at_a_desk(admin: Any, anna: Sender) -> None:
    anna.push(new_customer())
    anna.push(new_customer(), at=NOON - timedelta(minutes=2))
    assert entry(admin, anna, 2)["effective_at"] == NOON


def test_a_payload_as_jsonb_is_the_same(anna: Sender) -> None:
    made = new_customer()
    answer = anna.connection.execute(
        "SELECT crm.push(%s, 1, %s, %s, 1, %s::jsonb, NULL, %s, 0, 0)",
        (anna.device, made.id, made.kind, json.dumps(dict(made.payload)), made.at),
    ).fetchone()[0]
    assert answer == {"ok": True}
    point = child_id(made.id, "point")
    assert rows_of(anna.connection)["contact_point"][point]["raw"] == "138"


def test_ids_are_those_of_python(admin: Any) -> None:
    for name in ("", "point/0", "callback", "客户/😀", "x" * 55, "x" * 39, "x" * 40, "x" * 1000, "\x01\x7f"):
        space = uuid.uuid4()
        found = admin.execute("SELECT crm.uuid5(%s, %s), crm.child_id(%s, %s, 7)", (space, name, space, name))
        assert found.fetchone() == (uuid.uuid5(space, name), child_id(space, name, 7))


def test_a_desk_knows_how_far_the_server_shows_its_operations(admin: Any, anna: Sender) -> None:
    anna.push(new_customer())
    anna.send("customer.create", {})
    last = entry(admin, anna, 1)["feed_to"]
    assert admin.execute("SELECT max(n) FROM crm.audit WHERE device = %s", (anna.device,)).fetchone() == (
        last,
    )
    anna.connection.execute("SELECT crm.stamp()")
    assert anna.connection.execute("SELECT crm.reached(%s)", (anna.device,)).fetchone() == (2,)


def test_overwriting_by_a_new_record_is_refused(anna: Sender) -> None:
    made = new_customer()
    anna.push(made)
    again = replace(new_customer(), payload={**new_customer().payload, "id": made.payload["id"]})
    assert anna.push(again)["rejected"] == "invalid"
    car = asset.open_asset(AUTHOR, {"customer_id": ID, "model": "x"})
    assert anna.push(car) == {"ok": True}
    assert anna.push(replace(car, id=uuid.uuid4()))["rejected"] == "invalid"


def test_every_refusal_is_a_sentence_that_is_translated() -> None:
    catalogue = json.loads(resource("i18n", "zh_CN.json").read_text(encoding="utf-8"))
    told = {
        (code, re.sub(r"'\s*'", "", why))
        for path in SQL.glob("*.sql")
        for code, why in re.findall(
            r"crm\.(?:refuse|refusal)\(\s*'(\w+)',\s*'([^']+(?:'\s*'[^']+)*)'",
            path.read_text(encoding="utf-8"),
        )
    }
    assert len(told) > 10
    assert {code for code, _why in told} <= {
        "conflict",
        "denied",
        "illegal",
        "gone",
        "invalid",
        "unknown_kind",
    }
    assert {why for _code, why in told} <= set(catalogue)
