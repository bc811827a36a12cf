"""Who is where, and requests for help: seen by colleagues, kept by nobody."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from tests.cluster import Database, Person
from tests.services.server.rows import add_customer


@dataclass(frozen=True)
class Desk:
    """One person at his desk."""

    person: Person
    session: Any
    id: uuid.UUID

    def one(self, statement: str, *values: object) -> Any:
        return self.session.execute(statement, values).fetchone()[0]

    def rows(self, statement: str, *values: object) -> list[Any]:
        found: list[Any] = self.session.execute(statement, values).fetchall()
        return found

    def at(self, customer: uuid.UUID | None, doing: str = "open", state: str = "ready") -> None:
        self.session.execute("SELECT crm.tell_presence(%s, %s, %s, %s)", (self.id, state, customer, doing))

    def ask(self, kind: str, to: uuid.UUID, request: uuid.UUID | None = None, **more: Any) -> uuid.UUID:
        made = request or uuid.uuid4()
        self.session.execute(
            "SELECT crm.ask_help(%s, %s, %s, %s, NULL, %s, %s)",
            (made, kind, to, more.get("customer"), more.get("note", ""), more.get("urgent", False)),
        )
        return made

    def help(self) -> list[tuple[Any, ...]]:
        return self.rows("SELECT mine, from_name_en, to_name_en, state, taken_by_en, note FROM crm.my_help()")


class Office:
    """People at their desks; everything is closed with the test."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.desks: list[Desk] = []

    def desk(self, login: str, role: str = "agent", teams: tuple[str, ...] = ("hotline",)) -> Desk:
        person = self.database.person(login, role, teams)
        made = Desk(person, self.database.connect(login), uuid.uuid4())
        made.session.execute("SELECT crm.register_device(%s, NULL, '')", (made.id,))
        self.desks.append(made)
        return made

    def close(self) -> None:
        for desk in self.desks:
            desk.session.close()


@pytest.fixture
def office(database: Database) -> Any:
    made = Office(database)
    yield made
    made.close()


def test_colleagues_at_a_customer_are_shown_without_myself(office: Office) -> None:
    wang, li = office.desk("wang"), office.desk("li")
    customer, other = uuid.uuid4(), uuid.uuid4()
    wang.at(customer, "note")
    li.at(customer)
    shown = "SELECT name_en, doing FROM crm.present_at(%s)"
    assert li.rows(shown, customer) == [("wang", "note")]
    assert wang.rows(shown, customer) == [("li", "open")]
    assert wang.rows(shown, other) == []
    wang.at(None, "")
    assert li.rows(shown, customer) == []


def test_since_is_when_it_began_and_seen_when_it_was_last_said(office: Office) -> None:
    wang, li = office.desk("wang"), office.desk("li")
    customer = uuid.uuid4()
    shown = "SELECT since, seen_at FROM crm.present_at(%s)"
    wang.at(customer)
    ((first, _),) = li.rows(shown, customer)
    wang.at(customer)
    ((again, seen),) = li.rows(shown, customer)
    wang.at(customer, "note")
    ((changed, _),) = li.rows(shown, customer)
    assert first == again < seen < changed


def test_what_a_desk_said_long_ago_is_not_shown(office: Office) -> None:
    wang, li = office.desk("wang"), office.desk("li")
    customer = uuid.uuid4()
    wang.at(customer)
    with office.database.connect() as owner:
        owner.execute("UPDATE crm.presence SET seen_at = seen_at - interval '2 minutes'")
    assert li.rows("SELECT * FROM crm.present_at(%s)", customer) == []


def test_nobody_speaks_for_another_desk(office: Office) -> None:
    wang, li = office.desk("wang"), office.desk("li")
    with pytest.raises(psycopg.Error) as met:
        wang.session.execute("SELECT crm.tell_presence(%s, 'ready')", (li.id,))
    assert met.value.sqlstate == "CR001"
    with pytest.raises(psycopg.errors.CheckViolation):
        wang.session.execute("SELECT crm.tell_presence(%s, 'dancing')", (wang.id,))
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        wang.session.execute("SELECT * FROM crm.presence")


def test_helpers_are_supervisors_then_teams_then_colleagues(office: Office) -> None:
    wang = office.desk("wang")
    office.desk("li").at(None, "", "talking")
    office.desk("zhao", "supervisor").at(None, "", "ready")
    office.desk("eye", "auditor")
    found = wang.rows("SELECT kind, name_en, role, state FROM crm.helpers()")
    assert found == [
        ("person", "zhao", "supervisor", "ready"),
        ("team", "hotline", "", "ready"),
        ("person", "li", "agent", "talking"),
    ]


def test_who_is_asked_sees_the_request_and_the_first_one_takes_it(office: Office) -> None:
    wang, li, sun, far = (
        office.desk("wang"),
        office.desk("li"),
        office.desk("sun"),
        office.desk("far", teams=("legal",)),
    )
    with office.database.connect() as owner:
        customer = add_customer(owner, "Zhang San")
    request = wang.ask("team", wang.person.teams["hotline"], customer=customer, note="brakes", urgent=True)
    assert wang.ask("team", wang.person.teams["hotline"], request) == request
    assert wang.help() == [(True, "wang", "hotline", "waiting", "", "brakes")]
    assert li.help() == sun.help() == [(False, "wang", "hotline", "waiting", "", "brakes")]
    assert li.one("SELECT customer_name FROM crm.my_help()") == "Zhang San"
    assert far.help() == []
    li.session.execute("SELECT crm.take_help(%s)", (request,))
    li.session.execute("SELECT crm.take_help(%s)", (request,))
    assert wang.help() == [(True, "wang", "hotline", "taken", "li", "brakes")]
    for desk, state in ((sun, "CR010"), (far, "CR006"), (wang, "CR006")):
        with pytest.raises(psycopg.Error) as met:
            desk.session.execute("SELECT crm.take_help(%s)", (request,))
        assert met.value.sqlstate == state


def test_a_request_can_be_taken_back_until_somebody_comes(office: Office) -> None:
    wang, li = office.desk("wang"), office.desk("li")
    one, other = wang.ask("person", li.person.agent_id), wang.ask("person", li.person.agent_id)
    li.session.execute("SELECT crm.take_help(%s)", (one,))
    for request in (one, other, other):
        wang.session.execute("SELECT crm.cancel_help(%s)", (request,))
    assert sorted(line[3] for line in wang.help()) == ["cancelled", "taken"]
    with pytest.raises(psycopg.Error) as met:
        li.session.execute("SELECT crm.cancel_help(%s)", (other,))
    assert met.value.sqlstate == "CR006"
    with pytest.raises(psycopg.Error) as met:
        li.session.execute("SELECT crm.take_help(%s)", (other,))
    assert met.value.sqlstate == "CR010"


def test_nobody_to_ask(office: Office) -> None:
    wang = office.desk("wang")
    for kind, to in (
        ("person", uuid.uuid4()),
        ("person", wang.person.agent_id),
        ("team", wang.person.agent_id),
    ):
        with pytest.raises(psycopg.Error, match="nobody to ask"):
            wang.ask(kind, to)


def test_a_request_nobody_answers_is_over_and_later_gone(office: Office) -> None:
    wang, li = office.desk("wang"), office.desk("li")
    wang.ask("person", li.person.agent_id)
    with office.database.connect() as owner:
        owner.execute("UPDATE crm.help_request SET asked_at = asked_at - interval '40 minutes'")
        assert li.help()[0][3] == "over"
        owner.execute("UPDATE crm.help_request SET asked_at = asked_at - interval '24 hours'")
    assert li.help() == []
    assert li.one("SELECT crm.run_due()")["help"] == 1


def test_help_wakes_the_desks_and_leaves_no_trace_in_feed_and_audit(office: Office) -> None:
    wang, li = office.desk("wang"), office.desk("li")
    hints: list[str] = []
    li.session.add_notify_handler(lambda note: hints.append(note.payload))
    li.session.execute("LISTEN crm")
    with office.database.connect() as owner:
        counts = "SELECT (SELECT count(*) FROM crm.feed), (SELECT count(*) FROM crm.audit)"
        before = owner.execute(counts).fetchone()
        wang.ask("person", li.person.agent_id)
        wang.at(uuid.uuid4())
        assert owner.execute(counts).fetchone() == before
    li.session.execute("SELECT 1")
    assert hints == ["help"]


def test_views_are_kept_once_and_read_by_auditors(office: Office) -> None:
    wang, boss, eye = office.desk("wang"), office.desk("boss", "administrator"), office.desk("eye", "auditor")
    with office.database.connect() as owner:
        owner.execute("GRANT crm_administrator TO boss")
        owner.execute("GRANT crm_auditor TO eye")
    customer = uuid.uuid4()
    views = (
        f'[{{"customer_id": "{customer}", "at": "2026-11-20T09:58:00Z", "why": "call"}},'
        f'{{"customer_id": "{customer}", "at": "2999-01-01T00:00:00Z"}}]'
    )
    assert wang.one("SELECT crm.record_views(%s, %s::jsonb)", wang.id, views) == 2
    assert (
        wang.one("SELECT crm.record_views(%s, %s::jsonb)", wang.id, f"[{views[1:-1].partition(',{')[0]}]")
        == 0
    )
    for reader in (boss, eye):
        found = reader.rows("SELECT login, why, at <= received_at FROM crm.viewed ORDER BY at")
        assert found == [("wang", "call", True), ("wang", "", True)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        wang.session.execute("SELECT * FROM crm.viewed")
    with pytest.raises(psycopg.Error) as met:
        wang.session.execute("SELECT crm.record_views(%s, '[]')", (boss.id,))
    assert met.value.sqlstate == "CR001"


def test_what_has_served_its_time_goes_and_the_chain_stays_whole(office: Office) -> None:
    wang = office.desk("wang")
    views = f'[{{"customer_id": "{uuid.uuid4()}", "at": "2020-01-01T00:00:00Z"}}]'
    wang.one("SELECT crm.record_views(%s, %s::jsonb)", wang.id, views)
    with office.database.connect() as owner:
        for _ in range(4):
            add_customer(owner)
            owner.execute("SELECT crm.stamp()")
        done = {"help": 0, "views": 1, "pointers": 0, "complaints": 0}
        assert wang.one("SELECT crm.run_due()") == done
        owner.execute("SELECT crm.set_clock(NULL, '61 days')")
        pointers = owner.execute("SELECT count(*) FROM crm.feed WHERE seq IS NOT NULL").fetchone()[0]
        assert wang.one("SELECT crm.run_due()")["pointers"] == pointers
        assert owner.execute("SELECT count(*) FROM crm.tick").fetchone() == (1,)
        add_customer(owner)
        assert owner.execute("SELECT crm.stamp()").fetchone()[0]["seq"] == pointers + 1
        assert owner.execute("SELECT * FROM crm.broken_audit()").fetchall() == []
