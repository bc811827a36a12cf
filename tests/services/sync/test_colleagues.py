"""Who else is here, and help: two desks over a real server, asked between rounds of sharing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from crmdesk.errors import Conflict, CrmdeskError, NotFound, ServerUnreachable
from crmdesk.models.customer import open_customer
from crmdesk.models.sync_views import HelpWanted
from crmdesk.models.types import CustomerId
from crmdesk.services.sync.colleagues import Colleagues
from crmdesk.services.sync.connection import Link
from crmdesk.services.sync.questions import Questions
from tests.cluster import Database, team_id
from tests.services.sync.desks import TestDesk, desk

SECONDS = 20.0


@pytest.fixture
def both(database: Database, tmp_path: Path) -> Iterator[tuple[TestDesk, TestDesk]]:
    """An agent and a supervisor, both level and listening."""
    anna, ben = database.person("anna"), database.person("ben", role="supervisor")
    with desk(database, anna, tmp_path / "a") as one, desk(database, ben, tmp_path / "b") as other:
        for each in (one, other):
            each.worker.start()
            each.worker.run_once()
        yield one, other


def _others(at: TestDesk, language: str = "en") -> Colleagues:
    device = UUID(at.profile.identity.device)
    return Colleagues(at.worker.questions.ask, at.worker.address, device, lambda: language, at.worker.show)


def _done(future: Future[Any]) -> Any:
    return future.result(SECONDS)


def _customer(at: TestDesk) -> CustomerId:
    made = at.do(at.describe(open_customer, {"name": "Zhang San", "kind": "person"}, []))
    at.worker.run_once()
    return CustomerId(UUID(made.payload["id"]))


def test_a_colleague_at_the_same_record_is_seen(both: tuple[TestDesk, TestDesk]) -> None:
    anna, ben = both
    customer = _customer(anna)
    _done(_others(anna).tell("talking", customer, "note"))
    (line,) = _done(_others(ben).present(customer))
    assert (line.agent_id, line.doing) == (anna.person.agent_id, "note")
    assert line.since <= line.seen_at
    assert _done(_others(anna).present(customer)) == ()
    _done(_others(anna).tell("ready", None, ""))
    assert _done(_others(ben).present(customer)) == ()


def test_supervisors_are_told_first_with_their_state(both: tuple[TestDesk, TestDesk]) -> None:
    anna, ben = both
    _done(_others(ben).tell("paused", None, ""))
    found = _done(_others(anna).helpers())
    assert (found[0].kind, found[0].id, found[0].role, found[0].state) == (
        "person",
        ben.person.agent_id,
        "supervisor",
        "paused",
    )
    assert (found[1].kind, found[1].id) == ("team", team_id("hotline"))


def test_help_is_asked_taken_once_and_seen_by_who_asked(both: tuple[TestDesk, TestDesk]) -> None:
    anna, ben = both
    customer = _customer(anna)
    wanted = HelpWanted("team", team_id("hotline"), customer, None, "he shouts", urgent=True)
    asked = _done(_others(anna).ask_help(wanted))
    assert (asked.mine, asked.state, asked.note, asked.customer_name) == (
        True,
        "waiting",
        "he shouts",
        "Zhang San",
    )
    (seen,) = _done(_others(ben).requests())
    assert (seen.id, seen.mine, seen.urgent, seen.customer_id) == (asked.id, False, True, customer)
    _done(_others(ben).take_help(asked.id))
    (after,) = _done(_others(anna).requests())
    assert (after.state, bool(after.taken_by), after.taken_at is not None) == ("taken", True, True)


def test_help_that_was_taken_back_is_taken_by_nobody(both: tuple[TestDesk, TestDesk]) -> None:
    anna, ben = both
    asked = _done(_others(anna).ask_help(HelpWanted("person", ben.person.agent_id)))
    _done(_others(anna).cancel_help(asked.id))
    with pytest.raises(Conflict):
        _done(_others(ben).take_help(asked.id))
    with pytest.raises(NotFound):
        _done(_others(ben).take_help(uuid4()))


def test_questions_make_no_rounds(both: tuple[TestDesk, TestDesk]) -> None:
    _, ben = both
    before = ben.worker.status.last_pull_at
    ben.worker.questions._wake()  # the echo of a question that was answered before it woke anybody
    for _ in range(5):
        _done(_others(ben).requests())
    assert ben.worker.status.last_pull_at == before


def test_a_change_made_while_questions_are_asked_is_sent_all_the_same(
    both: tuple[TestDesk, TestDesk],
) -> None:
    anna, ben = both
    sent = threading.Event()
    anna.worker.on_status(lambda status: sent.set() if not status.pending else None)
    anna.do(anna.describe(open_customer, {"name": "Li Si", "kind": "person"}, []))
    future = _others(anna).requests()
    anna.worker.kick()
    _done(future)
    assert sent.wait(SECONDS)
    ben.worker.run_once()
    assert [row["name"] for row in ben.rows("customer")] == ["Li Si"]


def test_without_a_connection_a_question_fails_at_once(database: Database, tmp_path: Path) -> None:
    with desk(database, database.person("anna"), tmp_path / "a") as anna, pytest.raises(ServerUnreachable):
        _others(anna).requests().result(0)


class _Line:
    """A connection as far as questions look at it."""

    closed = False


def test_every_question_gets_an_answer_of_its_own() -> None:
    woken: list[bool] = []
    questions, line = Questions(lambda: woken.append(True)), cast("Link", _Line())
    questions.open()
    fine = questions.ask(lambda _: 1)
    wrong: Future[None] = questions.ask(_raising(NotFound("There is no {what}.", what="x")))
    odd: Future[None] = questions.ask(_raising(ValueError("odd")))
    assert (len(woken), questions.waiting) == (3, True)
    questions.answer(line)
    assert fine.result(0) == 1
    for future, kind in ((wrong, NotFound), (odd, ValueError)):
        assert isinstance(future.exception(0), kind)
    assert not questions.waiting


def test_a_question_that_breaks_the_connection_ends_it_and_the_rest_fail() -> None:
    questions, line = Questions(lambda: None), _Line()
    questions.open()
    first: Future[None] = questions.ask(_raising(ServerUnreachable("Gone.")))
    second = questions.ask(lambda _: 1)
    line.closed = True
    with pytest.raises(ServerUnreachable):
        questions.answer(cast("Link", line))
    questions.close()
    for future in (first, second, questions.ask(lambda _: 2)):
        assert isinstance(future.exception(0), ServerUnreachable)


def _raising(error: Exception) -> Any:
    def question(_: Link) -> None:
        raise error

    return question


def test_failures_are_sentences() -> None:
    questions = Questions(lambda: None)
    error = questions.ask(lambda _: 1).exception(0)
    assert isinstance(error, CrmdeskError)
    assert str(error) == "The server cannot be reached at present."
