"""Whatever way a complaint goes: one owner, clocks that are right, and undoing gives everything back."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.models.calendar import BusinessTime
from crmdesk.models.clock import BREACHED, BY_REASSESSMENT, LATE, STOPPED
from crmdesk.models.complaint_file import ComplaintFile, LastEvent, Outcome, Rules, Step, going, next_due
from crmdesk.models.deadline import due
from crmdesk.models.gates import Actor
from crmdesk.models.steps import EFFECTS, take
from crmdesk.models.workflow import START
from tests.models.cases import AGENT, COMPLAINT, OTHER, PAYLOADS, REMEDY, SUPERVISOR, THIRD, workflow
from tests.models.hours import at, calendar, regimes, shop, targets, wall

RULES = Rules(workflow(), targets(), regimes(), shop(), {shop().version: shop()})
MONDAY = at("2026-03-02 10:00")
WINDOWS = {"answer_window", "appeal_window", "reopen_window"}
ENDS = {"REJECTED", "CLOSED", "WITHDRAWN", "MERGED"}


class Desk:
    """One complaint and what is done with it, each step some time after the one before."""

    def __init__(self, received: datetime = MONDAY, **logged: Any) -> None:
        self.file = ComplaintFile({})
        self.now = received
        self.count = 0
        self.level_by: list[tuple[str, int, int]] = []
        self.do("T1", received_at=received.isoformat(), **logged)

    def do(
        self, key: str, *, after: timedelta = timedelta(0), role: str = "agent", **payload: Any
    ) -> Outcome:
        self.now += after
        self.count += 1
        operation = UUID(int=1000 + self.count)
        filled = {**_payload(key, self.now), **payload}
        actor = Actor({"agent": AGENT, "supervisor": SUPERVISOR}.get(role), role)
        step = Step(self.file, actor, filled, self.now, RULES, operation)
        outcome = take(RULES.workflow.transition(key), step)
        self.level_by.append((role, self.file.fields.get("level") or 0, outcome.changed.get("level", -1)))
        self.file = _after(self.file, outcome, operation)
        return outcome

    def due(self, clock: str) -> datetime:
        return self.file.ledger.standings(self.now, RULES.measures)[clock].due

    def going(self) -> set[str]:
        return set(going(self.file.ledger))


def _payload(key: str, now: datetime) -> dict[str, Any]:
    filled = dict(PAYLOADS[key])
    for name in ("until", "contacted_at", "date"):
        if name in filled:
            filled[name] = (now + timedelta(days=3 if name == "until" else 0)).isoformat()
    return filled


def _after(file: ComplaintFile, outcome: Outcome, operation: UUID) -> ComplaintFile:
    fields = {"id": COMPLAINT, **file.fields, **outcome.changed}
    new = REMEDY if not file.remedies else UUID(int=operation.int << 32)
    added = tuple({"id": new, "done_at": None, **line} for line in outcome.granted)
    kept = tuple(
        {**row, **outcome.marked.get(row["id"], {})}
        for row in file.remedies
        if row["id"] not in outcome.taken_back
    )
    before = {name: file.fields.get(name) for name in outcome.changed}
    lines = tuple(line.n for line in outcome.ledger.lines[len(file.ledger.lines) :])
    last = LastEvent(operation, before, lines, tuple(row["id"] for row in added))
    return ComplaintFile(fields, outcome.ledger, (*added, *kept), last)


def at_work(received: datetime = MONDAY, **assessed: Any) -> Desk:
    """A complaint that is being investigated."""
    desk = Desk(received)
    desk.do("T2", after=timedelta(minutes=5))
    desk.do("T4", after=timedelta(minutes=5), **assessed)
    desk.do("T5", after=timedelta(minutes=5))
    return desk


def test_every_step_has_an_effect() -> None:
    assert set(EFFECTS) == {step.id for step in RULES.workflow.transitions}


def test_from_the_call_to_the_end() -> None:
    desk = at_work(regime="UK-8W")
    assert desk.going() == {"decide", "resolve", "update", "UK-8W/acknowledge", "UK-8W/decide"}
    desk.do("T8", after=timedelta(hours=1))
    desk.do("T9", after=timedelta(hours=1))
    assert desk.going() == {"resolve", "answer_window", "UK-8W/acknowledge"}
    assert desk.due("answer_window") == shop().close_of(desk.now, 10)
    desk.do("T11", after=timedelta(hours=1))
    assert desk.going() == {"follow_up", "UK-8W/acknowledge"}
    assert desk.due("follow_up") == shop().close_of(desk.now, 3)
    assert desk.file.fields["follow_up_at"] == shop().opening(desk.due("follow_up"))
    assert [errand.kind for errand in desk.do("T15", role="system", after=timedelta(days=3)).errands] == [
        "follow_up"
    ]
    desk.do("T16", after=timedelta(hours=1))
    assert (desk.file.fields["state"], desk.file.fields["accepted"]) == ("CLOSED", True)
    assert "reopen_window" in desk.going()


def test_phone_complaint_shortly_before_the_weekend() -> None:
    """Two minutes count on Friday; the next ones on the working Saturday, where the calendar has one."""
    friday, saturday = at("2026-02-27 17:58"), at("2026-02-28 09:00")
    assert Desk(friday, severity="S2").due("acknowledge") == saturday + timedelta(minutes=118)
    assert Desk(at("2026-03-06 17:58"), severity="S2").due("acknowledge") == at("2026-03-09 10:58")


@given(st.integers(0, 40 * 24), st.integers(1, 20 * 24 * 60))
def test_a_regime_waits_for_nobody_and_the_firm_by_what_was_waited(before: int, waited: int) -> None:
    waiting, straight = at_work(regime="UK-8W"), at_work(regime="UK-8W")
    waiting.do("T6", after=timedelta(hours=before))
    begun = waiting.now
    waiting.do("T7", after=timedelta(minutes=waited))
    straight.now = waiting.now
    assert waiting.due("UK-8W/decide") == straight.due("UK-8W/decide")
    pause = shop().between(begun, waiting.now)
    waiting.now = straight.now = waiting.now + timedelta(days=2)
    for clock in ("decide", "resolve", "update"):
        assert waiting.due(clock) == shop().add(straight.due(clock), pause)


def test_waiting_for_a_third_party_stops_no_clock() -> None:
    desk, other = at_work(), at_work()
    desk.do("T6", wait_for="third_party")
    desk.do("T7", after=timedelta(days=5))
    other.now = desk.now
    assert desk.due("decide") == other.due("decide")
    assert desk.file.fields["wait_until"] is None


def test_a_graver_severity_counts_from_receipt_and_says_why_it_is_late() -> None:
    desk = Desk()
    desk.do("T2", after=timedelta(minutes=5))
    desk.do("T4", after=timedelta(days=3), severity="S1", containment="The car stays.", role="supervisor")
    standing = desk.file.ledger.standings(desk.now, RULES.measures)["decide"]
    assert standing.due == shop().close_of(MONDAY, 1)
    assert standing.breach == BY_REASSESSMENT
    assert desk.file.fields["level"] == 1
    assert not desk.file.fields["provisional"]


def test_containment_told_stops_its_clock_and_a_lighter_severity_has_none() -> None:
    desk = Desk(severity="S1")
    assert "containment" in desk.going()
    desk.do("T2")
    desk.do("T4", severity="S3")
    assert "containment" not in desk.going()
    graver = Desk()
    graver.do("T2")
    graver.do("T4", severity="S2", role="supervisor")
    assert "containment" in graver.going()


@pytest.mark.parametrize("step", ["T5", "T8"])
def test_what_was_contained_later_stops_the_clock_then(step: str) -> None:
    desk = Desk()
    desk.do("T2")
    desk.do("T4", severity="S2", role="supervisor")
    if step == "T8":
        desk.do("T5")
        assert "containment" in desk.going()
    outcome = desk.do(step, containment="The car is fetched.")
    assert "containment" not in desk.going()
    assert outcome.changed["containment"] == "The car is fetched."
    line = next(
        each for each in desk.file.ledger.lines if (each.clock, each.event) == ("containment", "stop")
    )
    assert line.why.key == "contained"


def test_once_the_decision_is_told_nothing_is_left_to_contain() -> None:
    desk = at_work(severity="S2")
    desk.do("T8")
    assert "containment" in desk.going()
    desk.do("T9", after=timedelta(hours=1), proposal_version=1, role="supervisor")
    assert "containment" not in desk.going()


def test_containment_asked_for_by_a_graver_severity_too_late_is_no_fault_of_the_owner() -> None:
    late = Desk()
    late.do("T2", after=timedelta(minutes=5))
    late.do("T4", after=timedelta(hours=5), severity="S1", containment="The car stays.", role="supervisor")
    standing = late.file.ledger.standings(late.now, RULES.measures)["containment"]
    assert (standing.verdict, standing.breach) == (BREACHED, BY_REASSESSMENT)
    slow = Desk()
    slow.do("T2", after=timedelta(minutes=5))
    slow.do("T4", after=timedelta(hours=1), severity="S2", role="supervisor")
    slow.do("T5", after=timedelta(days=3), containment="The car is fetched.")
    standing = slow.file.ledger.standings(slow.now, RULES.measures)["containment"]
    assert (standing.verdict, standing.breach) == (BREACHED, LATE)


def test_written_acknowledgement_is_asked_for_until_it_was_written() -> None:
    spoken = Desk()
    spoken.do("T2")
    assert [each.kind for each in spoken.do("T4", regime="UK-8W").errands] == ["written_acknowledgement"]
    assert "UK-8W/acknowledge" in spoken.going()
    written = Desk()
    written.do("T2", ack_channel="letter")
    assert written.do("T4", regime="UK-8W").errands == ()
    assert "UK-8W/acknowledge" not in written.going()


def test_solved_on_the_call() -> None:
    desk = Desk()
    outcome = desk.do("T13", after=timedelta(minutes=4))
    assert desk.going() == {"follow_up"}
    fields = desk.file.fields
    assert fields["first_contact"]
    assert fields["resolved_at"] == fields["responded_at"] == fields["acknowledged_at"] == desk.now
    assert outcome.granted[0]["type"] == "refund"


def test_reopened_targets_halve_and_the_regime_goes_on_from_the_first_receipt() -> None:
    desk = at_work(regime="UK-8W")
    for key in ("T8", "T9", "T11"):
        desk.do(key, after=timedelta(hours=1))
    desk.do("T20", after=timedelta(days=4))
    span = targets().span("decide", "S3", reopened=True)
    assert span is not None
    assert desk.due("decide") == due(span, desk.now, shop()).at == shop().close_of(desk.now, 4)
    assert desk.due("UK-8W/decide") == at_work(regime="UK-8W").due("UK-8W/decide")
    assert "UK-8W/decide" in desk.going()
    assert (desk.file.fields["reopen_count"], desk.file.fields["level"]) == (1, 0)
    for key in ("T8", "T9", "T11"):
        desk.do(key, after=timedelta(hours=1))
    desk.do("T20", after=timedelta(days=4))
    assert (desk.file.fields["reopen_count"], desk.file.fields["level"]) == (2, 1)


@pytest.mark.parametrize(("steps", "failing"), [(("T8", "T9"), "T12"), (("T8", "T9", "T11"), "T14")])
def test_refused_and_failed_go_one_level_up_and_no_further_than_three(
    steps: tuple[str, ...], failing: str
) -> None:
    desk = at_work()
    for level in (1, 2, 3, 3):
        for key in steps:
            desk.do(key, after=timedelta(hours=1))
        desk.do(failing, after=timedelta(hours=1))
        assert desk.file.fields["level"] == level
        assert {"decide", "resolve", "update"} <= desk.going()


def test_ordered_is_not_done_so_resolving_goes_on() -> None:
    desk = at_work()
    desk.do("T8")
    desk.do("T9")
    desk.do("T11", remedies_state=[{"id": str(REMEDY), "order_id": "SO-1"}])
    assert "resolve" in desk.going()
    assert desk.file.remedies[0]["order_id"] == "SO-1"


def test_merging_takes_the_earlier_receipt() -> None:
    desk, target = Desk(MONDAY), at_work(MONDAY + timedelta(days=2))
    desk.now = target.now
    desk.file = replace(desk.file, target=target.file)
    outcome = desk.do("T19", role="supervisor")
    assert outcome.target is not None
    assert outcome.target.changed["received_at"] == MONDAY
    assert outcome.target.changed["next_clock"] == "decide"
    merged = outcome.target.ledger.standings(desk.now, RULES.measures)["decide"]
    assert merged.due == shop().close_of(MONDAY, 7)
    later, other = Desk(MONDAY + timedelta(days=2)), at_work(MONDAY)
    later.file = replace(later.file, target=other.file)
    assert later.do("T19", role="supervisor").target is None


def test_a_caller_who_is_told_how_it_stands_begins_the_clock_of_updates_anew() -> None:
    desk = at_work()
    first = desk.due("update")
    outcome = desk.do("C1", after=timedelta(days=1))
    assert "state" not in outcome.changed
    span = RULES.targets.span("update", "S3")
    assert span is not None
    assert desk.due("update") == due(span, desk.now, shop()).at > first
    runs = desk.file.ledger.runs()["update"]
    assert [run.standing(desk.now, RULES.measures).verdict for run in runs] == ["met", "open"]


def test_who_is_told_too_late_was_told_too_late_all_the_same() -> None:
    desk = at_work(severity="S1")
    desk.do("C1", after=timedelta(days=2))
    runs = desk.file.ledger.runs()["update"]
    assert [run.standing(desk.now, RULES.measures).verdict for run in runs] == ["breached", "open"]


def test_being_told_while_the_customer_is_waited_for_lets_no_clock_run() -> None:
    desk = at_work()
    desk.do("T6", wait_for="customer")
    desk.do("C1", after=timedelta(hours=2))
    standings = desk.file.ledger.standings(desk.now, RULES.measures)
    assert {name: standings[name].state for name in ("decide", "resolve", "update")} == dict.fromkeys(
        ("decide", "resolve", "update"), "paused"
    )
    desk.do("T7", after=timedelta(hours=1))
    told = desk.now - timedelta(hours=1)
    course = desk.file.ledger.standings(desk.now, RULES.measures)["update"].course
    assert course.since == told
    assert course.paused() == shop().between(told, desk.now) > timedelta(0)


def test_before_the_investigation_and_after_the_decision_no_clock_begins() -> None:
    desk = Desk()
    before = desk.going()
    desk.do("C1", after=timedelta(minutes=1))
    assert desk.going() == before


def test_their_deadline_is_a_second_clock() -> None:
    desk, deadline = at_work(), at("2026-04-01 12:00")
    desk.do("E2", their_deadline=deadline.isoformat())
    assert desk.due("12315/answer") == deadline
    assert next_due(desk.file.ledger) == ("update", desk.due("update"))


def test_closing_ends_what_an_outside_body_waits_for() -> None:
    desk = at_work()
    desk.do("E2", their_deadline=at("2026-12-01 12:00").isoformat())
    for step in ("T8", "T9", "T11", "T15"):
        desk.do(step)
        assert "12315/answer" in desk.going(), step
    desk.do("T16")
    assert "12315/answer" not in desk.going()


def asked_afterwards() -> Desk:
    """A complaint whose customer is to be asked by Thursday, 18:00."""
    desk = at_work()
    for step in ("T8", "T9", "T11"):
        desk.do(step)
    assert wall(desk.due("follow_up")) == "2026-03-05 18:00"
    desk.do("T15", role="system", after=at("2026-03-05 09:00") - desk.now)
    return desk


def follow_up_of(desk: Desk, closed: str, *tried: str) -> str:
    desk.now = at(closed)
    attempts = [{"time": at(each).isoformat(), "part": "morning"} for each in tried]
    desk.do("T16", attempts=attempts, survey_id=None)
    return desk.file.ledger.standings(desk.now + timedelta(days=9), RULES.measures)["follow_up"].verdict


@pytest.mark.parametrize(
    ("closed", "tried", "verdict"),
    [
        ("2026-03-05 17:59", (), "met"),
        ("2026-03-05 18:35", (), "met"),
        ("2026-03-05 23:59", (), "met"),
        ("2026-03-06 00:00", (), "breached"),
        ("2026-03-06 09:40", ("2026-03-05 14:30", "2026-03-05 18:30", "2026-03-06 09:30"), "met"),
        ("2026-03-06 18:40", ("2026-03-06 18:30", "2026-03-06 09:30", "2026-03-05 18:30"), "met"),
        ("2026-03-09 09:40", ("2026-03-06 09:30", "2026-03-06 18:30", "2026-03-09 09:30"), "breached"),
        ("2026-03-06 09:40", ("2026-02-27 09:30", "2026-03-06 09:35"), "breached"),
    ],
)
def test_whoever_tries_on_the_day_that_was_told_asks_in_time(
    closed: str, tried: tuple[str, ...], verdict: str
) -> None:
    assert follow_up_of(asked_afterwards(), closed, *tried) == verdict


def test_until_the_day_is_over_the_customer_can_be_asked_in_time_and_only_he() -> None:
    desk = asked_afterwards()
    for moment, verdict in (("2026-03-05 22:00", "open"), ("2026-03-06 00:00", "breached")):
        standing = desk.file.ledger.standings(at(moment), RULES.measures)["follow_up"]
        assert standing.verdict == verdict
    late = at_work()
    evening = late.due("decide") + timedelta(minutes=30)
    assert late.file.ledger.standings(evening, RULES.measures)["decide"].verdict == "breached"


def test_a_day_that_ends_with_business_is_no_longer_than_that() -> None:
    always = BusinessTime(calendar("Asia/Shanghai", week=(((0, 1440),),) * 7), 2026, 2026)
    assert wall(always.day_end(always.close_of(MONDAY, 1))) == "2026-03-03 23:59"


def test_one_in_five_withdrawn_is_surveyed() -> None:
    asked = 0
    for n in range(100):
        desk = Desk()
        desk.count = n
        asked += any(errand.kind == "survey" for errand in desk.do("T18").errands)
    assert asked == 20


def test_the_rated_owner_does_not_follow_up_himself_when_it_is_grave() -> None:
    for severity, other in (("S3", False), ("S2", True)):
        desk = at_work(severity=severity)
        for key in ("T8", "T9", "T11"):
            desk.do(key)
        assert [each.not_by_owner for each in desk.do("T15", role="system").errands] == [other]
    assert desk.do("T15", role="system", sampled=False).errands == ()


@st.composite
def walks(draw: st.DrawFn) -> Desk:
    """A complaint after any number of steps that its states allow."""
    desk = Desk(MONDAY + timedelta(minutes=draw(st.integers(0, 9000))), severity=draw(SEVERITY))
    for _ in range(draw(st.integers(0, 14))):
        state = desk.file.fields["state"]
        steps = [step for step in RULES.workflow.steps_from(state) if step.id not in ("U1", "T19")]
        step = draw(st.sampled_from(steps))
        role = draw(st.sampled_from(sorted({who.role for who in step.who})))
        extra: dict[str, Any] = {}
        if step.id == "H1":
            extra["to"] = str(draw(st.sampled_from((AGENT, OTHER, THIRD))))
        if step.id == "E1":
            extra["to_level"] = max(2, desk.file.fields["level"])
        if step.id == "T4":
            extra = {"severity": draw(SEVERITY), "regime": draw(st.sampled_from(("none", "UK-8W", "CN-ODR")))}
        desk.do(step.id, after=timedelta(minutes=draw(st.integers(0, 20_000))), role=role, **extra)
    return desk


SEVERITY = st.sampled_from(("S1", "S2", "S3", "S4"))


@given(walks())
def test_wherever_it_is_it_has_one_owner_and_the_clocks_of_its_state(desk: Desk) -> None:
    fields, state = desk.file.fields, desk.file.fields["state"]
    assert isinstance(fields["owner_id"], UUID)
    running = desk.going()
    if state in ENDS - {"CLOSED"}:
        assert {clock for clock in running if "/" not in clock} <= WINDOWS
    if state == "WAITING":
        assert "waiting" in running
    if state in ("INVESTIGATING", "PROPOSED"):
        assert "decide" in running
    if state in ("RESOLVED", "FOLLOW_UP"):
        assert "follow_up" in running
        assert fields["resolved_at"] is not None
    for standing in desk.file.ledger.standings(desk.now, RULES.measures).values():
        assert standing.state != STOPPED or standing.clock not in running


@given(walks())
def test_the_level_never_falls_by_itself(desk: Desk) -> None:
    for role, before, after in desk.level_by:
        assert after == -1 or after >= before or role == "supervisor"


def test_undoing_a_proposal_takes_its_remedies_back() -> None:
    desk = at_work()
    desk.do("T8")
    assert desk.file.remedies
    desk.do("U1")
    assert not list(desk.file.remedies)
    assert (desk.file.fields["state"], desk.file.fields["proposal_version"]) == ("INVESTIGATING", 1)


@given(walks(), st.data())
def test_undoing_gives_back_fields_and_clocks(desk: Desk, data: st.DataObject) -> None:
    before = desk.file
    state = before.fields["state"]
    steps = [step for step in RULES.workflow.steps_from(state) if step.undo and step.id != "T19"]
    if state == START or not steps:
        return
    standings = before.ledger.standings(desk.now, RULES.measures)
    desk.do(data.draw(st.sampled_from(steps)).id)
    desk.do("U1")
    kept = before.fields.keys() - {"proposal_version"}
    assert {name: desk.file.fields.get(name) for name in kept} == {name: before.fields[name] for name in kept}
    more = set(desk.file.fields) - set(before.fields) - {"proposal_version"}
    assert not any(desk.file.fields.get(name) for name in more)
    after = desk.file.ledger.standings(desk.now, RULES.measures)
    assert {clock: replace(each, run=0) for clock, each in after.items()} == {
        clock: replace(each, run=0) for clock, each in standings.items()
    }
    assert desk.file.remedies == before.remedies
