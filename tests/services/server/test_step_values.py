"""What a step works out the server looks at again: fields, sums, counts, and what it asks of people."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from crmdesk.models.operations import Operation
from crmdesk.models.steps import SURVEY_EVERY
from crmdesk.models.wire import Json
from tests.models.cases import workflow
from tests.services.complaints.house import BELA, CALL, CHECKLIST, CHEN, CUSTOMER, DORA
from tests.services.server.mirror import MirroredDesk, judge, lay_out
from tests.services.server.test_judge_step import (
    ASSESSED,
    PROPOSAL,
    at_work,
    last,
    other_ends,
    refused,
    solved,
    to_the_end,
    undone,
)

TOLD_AT_INTAKE = frozenset(
    {
        "number",
        "team_id",
        "complainant",
        "third_party",
        "outlet",
        "language",
        "repeat_of",
        "restricted",
        "money",
    }
)
LATER = "follow_up_at"
"""When the customer is asked: any day from when it was resolved until that clock is over."""


def other(value: Json) -> Json:
    """Return another value of the same kind."""
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value + 700_00
    if value and value[10] == "T":
        return (datetime.fromisoformat(value) + timedelta(minutes=1)).isoformat()
    return str(uuid.UUID(int=5)) if value else ("x" if value == "" else "2026-03-04T02:00:00Z")


def forgeries(made: Operation) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each field that the step worked out, with a head or body that says otherwise or nothing."""
    worked_out = {
        name for name, source in workflow().transition(made.payload["transition"]).sets if not source
    }
    for part in ("head", "body"):
        said = made.payload[part]
        for name in sorted(worked_out & set(said) - TOLD_AT_INTAKE):
            if name != LATER or said[name] is None:
                yield name, {part: {**said, name: other(said[name])}}
                yield name, {part: {key: value for key, value in said.items() if key != name}}


@pytest.mark.parametrize("story", [to_the_end, undone, other_ends])
def test_what_a_step_works_out_it_cannot_make_up(desk: MirroredDesk, server: Any, story: Any) -> None:
    story(desk)
    tried = set()
    for made, before in desk.done:
        if made.payload["transition"] == "U1":
            continue
        lay_out(server, before)
        for name, forged in forgeries(made):
            answer = refused(server, made, **forged)
            assert answer["rejected"] in ("invalid", "conflict"), (made.payload["transition"], name)
            assert set(answer["fields"]) <= {name, "owner_id", "tasks", "due"}, (name, answer)
            tried.add((made.payload["transition"], name))
    assert len(tried) > 8


def tasks_of(made: Operation) -> Iterator[list[dict[str, Any]]]:
    """Yield what *made* does not ask of anybody."""
    tasks = made.payload["tasks"]
    step = made.payload["transition"]
    somebodys = {"id": str(CALL), "kind": "task", "errand": "reminder", "customer_id": str(CUSTOMER)}
    yield [*tasks, somebodys]
    if tasks:
        task = tasks[0]
        yield [{**task, "errand": "follow_up"}]
        yield [{**task, "kind": "promise"}]
        yield [{**task, "note": "Do it at once."}]
        yield [{**task, "subject": "C26-K7Q-9999"}]
        yield [{**task, "customer_id": None}]
    if tasks and step != "E2":  # a desk may have seen it in another state, when it did not end here
        yield []
    if tasks and step != "E1":
        yield [tasks[0], {**tasks[0], "id": str(CALL)}]
    if tasks and made.payload["lines"]:
        yield [{**tasks[0], "due_at": other(tasks[0]["due_at"])}]
    if tasks and step in ("H1", "D1"):
        yield [{**tasks[0], "owner_id": str(DORA)}]


@pytest.mark.parametrize("story", [to_the_end, undone, other_ends])
def test_a_step_asks_of_people_what_it_brings_and_no_more(
    desk: MirroredDesk, server: Any, story: Any
) -> None:
    story(desk)
    asked = set()
    for made, before in desk.done:
        lay_out(server, before)
        for forged in tasks_of(made):
            answer = refused(server, made, tasks=forged)
            assert answer["fields"] in (["tasks"], ["level"]), (made.payload["transition"], forged)
        asked |= {task["errand"] for task in made.payload["tasks"]}
    assert asked


def test_what_the_stories_ask_of_people_is_nearly_all_there_is(desk: MirroredDesk, server: Any) -> None:
    """Of the others one is by time, and one has its test below."""
    to_the_end(desk)
    other_ends(desk)
    asked = {task["errand"] for made, _ in desk.done for task in made.payload["tasks"]}
    known = {errand for step in workflow().transitions for errand in step.errands}
    assert known - asked <= {"follow_up", "survey", "written_acknowledgement", "outside_decision"}


def withdrawn(desk: MirroredDesk, *, surveyed: bool) -> None:
    """Withdraw one that is surveyed all the same, or not: that hangs on the id of the step."""
    while True:
        desk.step(desk.log(), "T18", words="Leave it.", channel="phone")
        if (desk.done[-1][0].id.int % SURVEY_EVERY == 0) is surveyed:
            return


@pytest.mark.parametrize("surveyed", [True, False])
def test_one_in_five_that_are_withdrawn_is_surveyed(
    desk: MirroredDesk, server: Any, *, surveyed: bool
) -> None:
    withdrawn(desk, surveyed=surveyed)
    made = last(desk, server)
    assert [task["errand"] for task in made.payload["tasks"]] == ["survey"] * surveyed
    for forged in tasks_of(made):
        assert refused(server, made, tasks=forged)["fields"] == ["tasks"]


def test_which_one_is_surveyed_is_worked_out_alike(server: Any) -> None:
    chance = random.Random(20261122)
    ids = [uuid.UUID(int=chance.getrandbits(128)) for _ in range(500)]
    told = server.execute("SELECT crm.is_surveyed(u) FROM unnest(%s) u", (ids,)).fetchall()
    assert [one for (one,) in told] == [each.int % SURVEY_EVERY == 0 for each in ids]


def test_who_must_write_owes_it_until_a_letter_went(desk: MirroredDesk, server: Any) -> None:
    row = desk.step(desk.log(), "T2", checklist=CHECKLIST, ack_channel="phone", owner=str(desk.who))
    desk.step(row, "T4", **{**ASSESSED, "regime": "UK-8W"})
    made = last(desk, server)
    (task,) = made.payload["tasks"]
    assert task["errand"] == "written_acknowledgement"
    assert refused(server, made, tasks=[])["fields"] == ["tasks"]
    server.execute(
        "INSERT INTO crm.letter (id, complaint_id, author, kind, language, text, digest, made_at, sent_at)"
        " VALUES (gen_random_uuid(), %s, '', 'acknowledgement', 'en', 'x', %s, %s, %s)",
        (row["id"], "0" * 64, made.at, made.at),
    )
    judge(server, made, tasks=[])
    judge(server, made)
    server.execute("UPDATE crm.complaint_body SET ack_channel = 'mail'")
    assert refused(server, made)["fields"] == ["tasks"]


def test_what_others_moved_meanwhile_lies_between(desk: MirroredDesk, server: Any) -> None:
    """A remedy that another desk marked as done stays beside a new proposal; this desk did not know."""
    row = desk.step(at_work(desk), "T8", **PROPOSAL)
    row = desk.step(row, "T10", CHEN, missing="The invoice.")
    desk.step(row, "T8", **PROPOSAL)
    made = last(desk, server)
    body = made.payload["body"]
    assert body["remedy_total"] == 100_00
    both = {**body, "remedy_total": 200_00}
    assert refused(server, made, body=both)["fields"] == ["remedy_total"]
    server.execute("UPDATE crm.remedy_line SET done_at = now()")
    judge(server, made)
    judge(server, made, body=both)
    assert refused(server, made, body={**body, "remedy_total": 99_99})["fields"] == ["remedy_total"]


def test_the_time_waited_is_business_time(desk: MirroredDesk, server: Any) -> None:
    row = at_work(desk)
    row = desk.step(row, "T6", wait_for="customer", what="An invoice.", until=desk.iso(days=5))
    desk.later(days=2)
    desk.step(row, "T7")
    made = last(desk, server)
    body = made.payload["body"]
    assert 0 < body["wait_seconds"] < 2 * 86_400
    forged = {**body, "wait_seconds": 2 * 86_400}
    assert refused(server, made, body=forged)["fields"] == ["wait_seconds"]
    server.execute("UPDATE crm.clock_line SET calendar = 'cn-default/99' WHERE calendar <> ''")
    judge(server, made, body=forged)
    forged = {**body, "wait_seconds": 2 * 86_400 + 2}
    assert refused(server, made, body=forged)["fields"] == ["wait_seconds"], (
        "longer than the clock on the wall"
    )
    assert refused(server, made, body={**body, "wait_seconds": -1})["fields"] == ["wait_seconds"]


def test_nobody_is_asked_before_it_was_resolved(desk: MirroredDesk, server: Any) -> None:
    solved(desk, at_work(desk))
    made = last(desk, server)
    head = {**made.payload["head"], LATER: desk.iso(days=-1)}
    assert refused(server, made, head=head)["fields"] == [LATER]


def test_a_task_of_a_desk_whose_clock_is_wrong_is_not_believed(desk: MirroredDesk, server: Any) -> None:
    desk.step(desk.log(), "H1", CHEN, to=str(BELA), open_points="Call.")
    made = last(desk, server)
    late = [{**made.payload["tasks"][0], "due_at": desk.iso(days=30)}]
    server.execute("UPDATE crm.meta SET test = false")
    judge(server, made)
    assert refused(server, made, tasks=late)["fields"] == ["at"]
