"""Erasing a person leaves no value of his on the server, an unbroken chain, and desks that owe their word."""

from __future__ import annotations

import hashlib
import json
import subprocess
import uuid
from typing import Any

import psycopg
import pytest

from crmdesk.models.effects import ENTITIES
from crmdesk.models.wire import field_types
from crmdesk.services.customers.kept import KEPT
from tests.cluster import Database
from tests.services.server.rows import MOMENT, add_customer, add_note, stamp_all
from tests.services.server.test_totals import Waiter

CANARY = "Zhang-Canary"
NUMBER = "+8613800138099"


def leave_a_dropped_point(session: Any, customer: uuid.UUID) -> None:
    """Write a number, change and drop it again; and a call from his number that is nobody's."""
    dropped = uuid.uuid4()
    session.execute(
        "INSERT INTO crm.contact_point (id, customer_id, raw) VALUES (%s, %s, '')", (dropped, customer)
    )
    session.execute("UPDATE crm.contact_point SET raw = %s, rev = 2 WHERE id = %s", (CANARY, dropped))
    session.execute("UPDATE crm.contact_point SET raw = 'x', rev = 3 WHERE id = %s", (dropped,))
    session.execute("DELETE FROM crm.contact_point WHERE id = %s", (dropped,))
    session.execute(
        "INSERT INTO crm.call (id, number_value, started_at) VALUES (gen_random_uuid(), %s, %s)",
        (NUMBER, MOMENT),
    )


def leave_traces(session: Any, customer: uuid.UUID, file: uuid.UUID) -> None:
    """Write an answer that repeats him, a request for help and a file of his."""
    session.execute(
        "INSERT INTO crm.op (device, n, op, kind, result, received_at, effective_at, time_uncertain)"
        " VALUES (gen_random_uuid(), 1, gen_random_uuid(), 'customer.change',"
        " jsonb_build_object('rejected', 'conflict', 'current',"
        " jsonb_build_object('id', %s::text, 'name', %s::text)), now(), now(), false)",
        (customer, CANARY),
    )
    session.execute(
        "INSERT INTO crm.help_request (id, from_agent, to_kind, to_id, customer_id, note, asked_at)"
        " VALUES (gen_random_uuid(), gen_random_uuid(), 'team', gen_random_uuid(), %s, %s, now())",
        (customer, CANARY),
    )
    content = CANARY.encode()
    session.execute(
        "INSERT INTO crm.attachment (id, customer_id, name, size, digest, at)"
        " VALUES (%s, %s, %s, %s, %s, now())",
        (file, customer, f"{CANARY}.txt", len(content), hashlib.sha256(content).hexdigest()),
    )
    session.execute("INSERT INTO crm.attachment_piece VALUES (%s, 0, %s)", (file, content))
    session.execute("INSERT INTO crm.attachment_whole VALUES (%s, 'wang', now())", (file,))


def complain(session: Any, customer: uuid.UUID, team: uuid.UUID | None, state: str = "CLOSED") -> uuid.UUID:
    """Write a complaint of a customer, with something of him wherever there can be, and return its id."""
    complaint = uuid.uuid4()
    moments = {
        "received_at": MOMENT,
        "logged_at": MOMENT,
        "at": MOMENT,
        "made_at": MOMENT,
        "opened_at": MOMENT,
    }
    for table, empty in KEPT.items():
        known = field_types(ENTITIES[table])
        row: dict[str, Any] = {name: at for name, at in moments.items() if name in known}
        row |= {
            name: CANARY if value == "" else f'{{"x": "{CANARY}"}}'
            for name, value in empty.items()
            if known[name][0] is str
        }
        row |= {
            name: value
            for name, value in {
                "number": "C26-K7Q-0001",
                "state": state,
                "customer_id": customer,
                "complaint_id": complaint,
                "team_id": team,
                "answers": [CANARY],
            }.items()
            if name in known
        }
        if table == "call":
            continue
        if table == "corrective_action":
            row["state"] = "open"
        row["id"] = complaint if table in ("complaint", "complaint_body") else uuid.uuid4()
        marks = ", ".join(["%s"] * len(row))
        session.execute(f"INSERT INTO crm.{table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
    note = add_note(session, CANARY, team)
    session.execute("UPDATE crm.note SET complaint_id = %s, rev = 2 WHERE id = %s", (complaint, note))
    return complaint


def furnish(session: Any, team: uuid.UUID) -> tuple[uuid.UUID, uuid.UUID]:
    """Write a customer with everything that can hang on one; return him and a call of his."""
    customer, call, asset, visit = add_customer(session, CANARY), uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
    session.execute(
        "INSERT INTO crm.contact_point (id, customer_id, raw, value) VALUES (gen_random_uuid(), %s, %s, %s)",
        (customer, NUMBER, NUMBER),
    )
    leave_a_dropped_point(session, customer)
    session.execute(
        "INSERT INTO crm.contact (id, customer_id, name) VALUES (gen_random_uuid(), %s, %s)",
        (customer, CANARY),
    )
    session.execute(
        "INSERT INTO crm.asset (id, customer_id, plate) VALUES (%s, %s, %s)", (asset, customer, CANARY)
    )
    session.execute(
        "INSERT INTO crm.service_visit (id, asset_id, customer_id, visited_at, note)"
        " VALUES (%s, %s, %s, %s, %s)",
        (visit, asset, customer, MOMENT, CANARY),
    )
    session.execute(
        "INSERT INTO crm.visit_item (id, visit_id, asset_id, text, at)"
        " VALUES (gen_random_uuid(), %s, %s, %s, %s)",
        (visit, asset, CANARY, MOMENT),
    )
    session.execute(
        "INSERT INTO crm.call (id, number_raw, number_value, caller_name, customer_id, asset_id, started_at)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (call, NUMBER, NUMBER, CANARY, customer, asset, MOMENT),
    )
    session.execute(
        "INSERT INTO crm.interaction (id, customer_id, at, subject, summary) VALUES (%s, %s, %s, %s, %s)",
        (call, customer, MOMENT, CANARY, CANARY),
    )
    session.execute(
        "INSERT INTO crm.task (id, subject, customer_id, number_value, created_at)"
        " VALUES (gen_random_uuid(), %s, %s, %s, %s)",
        (CANARY, customer, NUMBER, MOMENT),
    )
    session.execute(
        "INSERT INTO crm.number_choice (id, value, at) VALUES (gen_random_uuid(), %s, %s)", (NUMBER, MOMENT)
    )
    note = add_note(session, CANARY, team)
    session.execute(
        "UPDATE crm.note SET customer_id = %s, call_id = %s, rev = 2 WHERE id = %s", (customer, call, note)
    )
    complain(session, customer, team)
    leave_traces(session, customer, asset)
    stamp_all(session)
    return customer, call


def everything(database: Database) -> str:
    """All rows of all tables, as a dump shows them."""
    cluster = database.cluster
    done = subprocess.run(
        [str(cluster.bin / "pg_dump"), "--data-only", "--inserts", database.owner_dsn],
        env={"PGPASSWORD": database.password(), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def shows(dump: str) -> bool:
    return any(word in dump for word in (CANARY, NUMBER, CANARY.encode().hex()))


def test_nothing_of_him_is_left_and_the_chain_is_whole(database: Database) -> None:
    wang = database.person("wang", teams=("legal",))
    with database.connect() as owner:
        customer, call = furnish(owner, wang.teams["legal"])
        other = add_customer(owner, "Li Si")
        assert shows(everything(database)), "the control must find him"
        report = owner.execute("SELECT crm.erase_customer(%s)", (customer,)).fetchone()[0]
        stamp_all(owner)
        assert not shows(everything(database))
        assert owner.execute("SELECT * FROM crm.broken_audit()").fetchall() == []
        assert owner.execute("SELECT customer_id, number_value FROM crm.call").fetchall() == [(None, "")] * 2
        assert owner.execute("SELECT id FROM crm.customer").fetchall() == [(other,)]
        assert (
            owner.execute("SELECT crm.erase_customer(%s)", (customer,)).fetchone()[0]["erasure"]
            == report["erasure"]
        )
        told = owner.execute(
            "SELECT count(DISTINCT pk) FROM crm.feed WHERE pk = ANY (%s)", ([customer, call],)
        )
        assert told.fetchone() == (2,)
        figures = owner.execute("SELECT number, state, customer_id FROM crm.complaint").fetchall()
        assert figures == [("C26-K7Q-0001", "CLOSED", None)]
    assert report["rows"] == 13 + 7, "and his complaint, five rows of its file and a note"


def test_as_long_as_a_complaint_is_open_its_customer_stays(database: Database) -> None:
    with database.connect() as owner:
        customer = add_customer(owner, CANARY)
        complaint = complain(owner, customer, None, "WAITING")
        with pytest.raises(psycopg.Error, match="The complaint C26-K7Q-0001 is still open"):
            owner.execute("SELECT crm.erase_customer(%s)", (customer,))
        assert shows(everything(database))
        owner.execute("UPDATE crm.complaint SET state = 'WITHDRAWN' WHERE id = %s", (complaint,))
        owner.execute("SELECT crm.erase_customer(%s)", (customer,))
        assert not shows(everything(database))
        with pytest.raises(psycopg.Error, match="erased at his own wish"):
            owner.execute(
                "INSERT INTO crm.letter (id, complaint_id, made_at) VALUES (gen_random_uuid(), %s, %s)",
                (complaint, MOMENT),
            )


def test_each_desk_is_told_and_confirms(database: Database) -> None:
    wang = database.person("wang")
    database.person("li")
    desks = {"wang": uuid.uuid4(), "li": uuid.uuid4()}
    with database.connect() as owner, database.connect("wang") as at_wang, database.connect("li") as at_li:
        for session, login in ((at_wang, "wang"), (at_li, "li")):
            session.execute("SELECT crm.register_device(%s, NULL, '')", (desks[login],))
        customer, call = furnish(owner, wang.teams["hotline"])
        report = owner.execute("SELECT crm.erase_customer(%s)", (customer,)).fetchone()[0]
        assert report["desks"] == 2
        (told,) = at_wang.execute("SELECT crm.my_erasures(%s)", (desks["wang"],)).fetchone()[0]
        assert told["erasure"] == report["erasure"]
        assert {str(customer), str(call)} <= set(told["row_ids"])
        assert at_wang.execute("SELECT crm.my_erasures(%s)", (desks["li"],)).fetchone()[0] == []
        with pytest.raises(psycopg.Error, match="nothing like that to confirm"):
            at_wang.execute("SELECT crm.confirm_erasure(%s, %s)", (desks["li"], report["erasure"]))
        at_wang.execute("SELECT crm.confirm_erasure(%s, %s)", (desks["wang"], report["erasure"]))
        assert at_wang.execute("SELECT crm.my_erasures(%s)", (desks["wang"],)).fetchone()[0] == []
        tag = owner.execute("SELECT tag FROM crm.device WHERE login = 'li'").fetchone()[0]
        state = owner.execute("SELECT confirmed, open_tags FROM crm.erasures()").fetchone()
        assert state == (1, [tag])
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            at_wang.execute("SELECT crm.erasures()")


def test_what_an_offline_desk_still_sends_about_him_is_refused(database: Database) -> None:
    wang = database.person("wang")
    with database.connect() as owner, database.connect("wang") as session:
        desk = uuid.uuid4()
        session.execute("SELECT crm.register_device(%s, NULL, '')", (desk,))
        customer, _ = furnish(owner, wang.teams["hotline"])
        owner.execute("SELECT crm.erase_customer(%s)", (customer,))
        late = {
            "id": str(uuid.uuid4()),
            "call_id": None,
            "customer_id": str(customer),
            "text": CANARY,
            "team_id": None,
        }
        answer = session.execute(
            "SELECT crm.push(%s, 1, %s, 'note.append', 1, %s::text, NULL, now(), 0, 0)",
            (desk, uuid.uuid4(), json.dumps(late)),
        ).fetchone()[0]
        assert answer["rejected"] == "gone"
        assert not shows(everything(database))
        new = add_customer(owner, "Wang Wu")
        assert owner.execute("SELECT name FROM crm.customer WHERE id = %s", (new,)).fetchone() == ("Wang Wu",)


PUSH = "SELECT crm.push(%s, %s, gen_random_uuid(), %s, 1, %s::text, NULL, now(), 0, 0)"


def patience(database: Database, span: str) -> None:
    """Say how long those who connect from now on wait for a lock before they look who waits for whom."""
    with database.connect() as owner:
        owner.execute(f"ALTER DATABASE {database.name} SET deadlock_timeout = '{span}'")


def test_an_erasure_lets_a_desk_pass_that_waits_for_it_and_begins_anew(database: Database) -> None:
    """The desk has his record and wants his call; the erasure has the call and wants the record."""
    wang = database.person("wang")
    with database.connect() as owner:
        customer, call = furnish(owner, wang.teams["hotline"])
    change = json.dumps({"id": str(customer), "changes": {"name": CANARY}})
    verify = json.dumps({"id": str(call), "facts": ["name"]})
    device = uuid.uuid4()
    patience(database, "1min")
    with database.connect("wang") as desk, database.connect() as between:
        desk.execute("SELECT crm.register_device(%s, NULL, '')", (device,))
        patience(database, "20ms")
        with desk.transaction():
            answer = desk.execute(PUSH, (device, 1, "customer.change", change)).fetchone()[0]
            assert answer == {"ok": True}
            with between.transaction():
                between.execute(
                    "SELECT FROM crm.contact_point WHERE customer_id = %s FOR UPDATE", (customer,)
                )
                erasing = Waiter(database, "SELECT crm.erase_customer(%s, 'His wish.')", customer)
                values = (device, 2, "call.verify", verify)
                verifying = Waiter(database, PUSH, *values, session=desk)
            verifying.finish()
        erasing.finish()
    assert verifying.failure is None
    assert verifying.answer == ({"ok": True},)
    assert erasing.failure is None
    assert erasing.answer[0]["tables"]["customer"] == 1
    assert not shows(everything(database))


def test_nobody_takes_a_complaint_up_again_while_its_customer_goes(database: Database) -> None:
    with database.connect() as owner, database.connect() as other:
        customer = add_customer(owner, CANARY)
        complaint = complain(owner, customer, None)
        with other.transaction():
            other.execute("UPDATE crm.complaint SET state = 'INVESTIGATING' WHERE id = %s", (complaint,))
            erasing = Waiter(database, "SELECT crm.erase_customer(%s)", customer)
        erasing.finish()
    assert "The complaint C26-K7Q-0001 is still open" in str(erasing.failure)
    assert shows(everything(database))


def test_only_the_owner_erases(database: Database) -> None:
    database.person("boss", "administrator")
    with database.connect() as owner:
        owner.execute("GRANT crm_administrator TO boss")
        customer = add_customer(owner)
    with database.connect("boss") as boss, pytest.raises(psycopg.errors.InsufficientPrivilege):
        boss.execute("SELECT crm.erase_customer(%s)", (customer,))
