"""Complaints of another system come in by an administrator's hand alone, marked as such, and once."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from crmdesk.models.operations import Author, Operation
from crmdesk.services.complaints.importing import Foreign, describe_import
from tests.cluster import Database
from tests.models.complaint_moves import rules
from tests.models.moves import START
from tests.services.server.sender import Sender, rows_of

TOLD = {
    "number": "C26-K7Q-0042",
    "external_id": "R-17",
    "state": "RESPONDED",
    "severity": "S3",
    "category": "repair",
    "what_happened": "It squeals again after the third visit.",
    "received_at": START,
}
PEOPLE = {"ida": "administrator", "chen": "supervisor", "anna": "agent"}


@pytest.fixture
def senders(database: Database) -> Iterator[dict[str, Sender]]:
    """A desk for each of the people."""
    with ExitStack() as stack:
        with database.connect() as admin:
            admin.execute("SELECT crm.set_clock(%s)", (START.replace(month=12),))
        made = {}
        for login, role in PEOPLE.items():
            database.person(login, role)
            made[login] = Sender(stack.enter_context(database.connect(login)))
            made[login].connection.execute("SET timezone = 'UTC'")
        yield made


def told(**other: Any) -> Operation:
    """An import as a desk describes it."""
    author = Author("", "", lambda: START.replace(month=12))
    return describe_import(author, rules().rules, uuid.uuid4(), Foreign({**TOLD, **other}))


def altered(operation: Operation, **head: Any) -> Operation:
    """The same with other fields of the head; None takes one out."""
    fields = {
        name: value for name, value in {**operation.payload["head"], **head}.items() if value is not None
    }
    return replace(operation, id=uuid.uuid4(), payload={**operation.payload, "head": fields})


@pytest.mark.parametrize("login", ["chen", "anna"])
def test_nobody_else_takes_one_over(senders: dict[str, Sender], login: str) -> None:
    answer = senders[login].push(told())
    assert answer["rejected"] == "denied"
    assert answer["why"] == "Only an administrator takes over complaints of another system."
    assert "complaint" not in rows_of(senders["ida"].connection)


def test_an_administrator_takes_one_over_as_it_was_told(senders: dict[str, Sender]) -> None:
    operation = told()
    assert senders["ida"].push(operation) == {"ok": True}
    ((_, head),) = rows_of(senders["anna"].connection)["complaint"].items()
    assert {name: head[name] for name in ("number", "external_id", "state", "imported")} == {
        "number": "C26-K7Q-0042",
        "external_id": "R-17",
        "state": "RESPONDED",
        "imported": True,
    }
    assert head["received_at"] == START


def test_what_does_not_say_that_it_was_taken_over_is_refused(senders: dict[str, Sender]) -> None:
    for head, name in (
        ({"imported": False}, "imported"),
        ({"imported": None}, "imported"),
        ({"state": "SETTLED"}, "state"),
        ({"state": None}, "state"),
    ):
        answer = senders["ida"].push(altered(told(), **head))
        assert (answer["rejected"], answer["fields"]) == ("invalid", [name])


def test_one_of_the_same_source_comes_in_once(senders: dict[str, Sender]) -> None:
    assert senders["ida"].push(told()) == {"ok": True}
    answer = senders["ida"].push(told())
    assert (answer["rejected"], answer["fields"]) == ("invalid", ["external_id"])
    assert answer["values"] == {"number": "C26-K7Q-0042"}
    assert senders["ida"].push(told(external_id="R-18")) == {"ok": True}
    nameless = {"external_id": "", "number": "C26-K7Q-0050"}
    assert [senders["ida"].push(told(**nameless)) for _ in range(2)] == [{"ok": True}] * 2
    numbers = sorted(row["number"] for row in rows_of(senders["anna"].connection)["complaint"].values())
    assert numbers == ["C26-K7Q-0042", "C26-K7Q-0042B", "C26-K7Q-0050", "C26-K7Q-0050B"]
