"""What the doctor finds about the shared database, in every state it can be in."""

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from crmdesk.services.sync.address import ServerAddress
from crmdesk.services.sync.probe import Seen, days_left, probe
from tests.cluster import Database, Person, free_port


@pytest.fixture
def anna(database: Database) -> Person:
    """Somebody who may use the database."""
    return database.person("anna")


def address(database: Database, login: str = "anna", **other: Any) -> ServerAddress:
    values = {"host": "127.0.0.1", "port": database.cluster.port, "dbname": database.name}
    return ServerAddress(**{**values, "user": login, "ca": str(database.ca), **other})


def found(seen: list[Seen]) -> dict[str, str]:
    return {each.subject: each.state for each in seen}


def test_a_server_that_is_well(database: Database, anna: Person) -> None:
    device = str(uuid.uuid4())
    seen = list(probe(address(database), anna.password, device))
    assert found(seen) == {
        **dict.fromkeys(("server", "certificate", "versions of sharing", "account"), "ok"),
        "clock of the server": "ok",
        "desk at the server": "look",
    }
    with database.connect("anna") as session:
        session.execute("SELECT crm.register_device(%s, '', '')", (device,))
    assert found(list(probe(address(database), anna.password, device)))["desk at the server"] == "ok"


@pytest.mark.parametrize(
    ("login", "other", "words"),
    [
        ("anna", {"port": 0}, "does not answer"),
        ("anna", {"host": "localhost.invalid"}, "No computer is called"),
        ("ghost", {}, "does not accept this password"),
        ("anna", {"dbname": "no_such"}, "There is no database"),
    ],
)
def test_a_server_that_does_not_let_us_in(
    database: Database, anna: Person, login: str, other: dict[str, Any], words: str
) -> None:
    if "port" in other:
        other = {"port": free_port()}
    (seen,) = probe(address(database, login, **other), anna.password, str(uuid.uuid4()))
    assert (seen.state, words in seen.found) == ("bad", True), seen.found


def test_a_desk_that_was_put_off_an_old_program_and_a_clock_a_day_off(
    database: Database, anna: Person
) -> None:
    device = str(uuid.uuid4())
    with database.connect("anna") as session:
        session.execute("SELECT crm.register_device(%s, '', '')", (device,))
    with database.connect() as admin:
        admin.execute("SELECT crm.forget_device(%s)", (device,))
        admin.execute("UPDATE crm.meta SET min_client = 999, clock_shift = '1 day'")
    states = found(list(probe(address(database), anna.password, device)))
    assert {name for name, state in states.items() if state == "bad"} == {
        "versions of sharing",
        "clock of the server",
        "desk at the server",
    }


def test_a_person_without_rights(database: Database, anna: Person) -> None:
    with database.connect() as admin:
        admin.execute("UPDATE crm.person SET active = false")
    states = found(list(probe(address(database), anna.password, str(uuid.uuid4()))))
    assert states["account"] == "bad"


def test_the_days_a_certificate_has_left(database: Database) -> None:
    now = datetime.now(UTC)
    assert 28 < days_left(address(database), now) <= 30
    assert days_left(address(database), now + timedelta(days=40)) < 0
