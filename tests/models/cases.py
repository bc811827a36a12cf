"""Complaints for tests: one whose next step lacks nothing, and what can be otherwise about it."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from functools import cache
from typing import Any
from uuid import UUID

from crmdesk.models.gates import GATES, Actor, Case, LastStep, Limits
from crmdesk.models.payload import TYPES, Codes, checked
from crmdesk.models.workflow import Transition, Workflow, workflow_of
from crmdesk.resources import resource

NOW = datetime(2026, 3, 4, 10, 0, tzinfo=UTC)
AGENT, SUPERVISOR, OTHER, THIRD, ADMINISTRATOR = (UUID(int=n) for n in range(1, 6))
TEAM, COMPLAINT, CUSTOMER, REMEDY, STEP, RECORD = (UUID(int=n) for n in range(11, 17))
IDS = {"agent": AGENT, "supervisor": SUPERVISOR, "administrator": ADMINISTRATOR, "system": None}
CODES = Codes(
    categories=frozenset({"repair"}),
    causes=frozenset({"wrong_part"}),
    remedies_wanted=frozenset({"refund"}),
    regimes=frozenset({"UK-8W"}),
)


@cache
def workflow() -> Workflow:
    """The procedure as it ships."""
    with resource("workflow.toml").open("rb") as file:
        return workflow_of(tomllib.load(file), GATES, TYPES)


def iso(days: float = 0) -> str:
    return (NOW + timedelta(days=days)).isoformat()


def _remedies(value: int) -> list[dict[str, Any]]:
    return [{"type": "refund", "value": value, "due": iso(3)}]


_CHECKLIST = dict.fromkeys(("ours", "facts", "in_time", "undecided", "not_query"), True)
_EAST = timezone(timedelta(hours=8))
_ATTEMPTS = [{"time": iso(-n), "part": part} for n, part in enumerate(("morning", "afternoon", "evening"))]

PAYLOADS: dict[str, dict[str, Any]] = {
    "T1": {
        "received_at": iso(),
        "channel": "phone",
        "category": "repair",
        "remedy_wanted": "refund",
        "what_happened": "The brakes squeal again.",
        "customer_id": str(CUSTOMER),
    },
    "T2": {"checklist": _CHECKLIST, "ack_channel": "phone", "owner": str(AGENT)},
    "T3": {"reason": "not_ours", "other_route": "The dealer in charge.", "letter_id": str(RECORD)},
    "T4": {
        "severity": "S3",
        "impact": {"persons": 0, "money": 0},
        "regime": "none",
        "cause_class": "B",
    },
    "T5": {"contacted_at": iso(-0.1)},
    "T6": {"wait_for": "customer", "what": "A picture of the invoice.", "until": iso(3)},
    "T7": {},
    "T8": {
        "cause": "wrong_part",
        "cause_class": "B",
        "finding": "upheld",
        "remedies": _remedies(100_00),
        "reason_text": "We fitted the wrong part.",
    },
    "T9": {"proposal_version": 2, "letter_id": str(RECORD), "sent_via": "letter"},
    "T10": {"missing": "The invoice."},
    "T11": {
        "accepted_by": "Mr Wang",
        "how": "said",
        "remedies_state": [{"id": str(REMEDY), "done_at": iso(-1)}],
    },
    "T12": {"reason": "He wants the whole sum."},
    "T13": {
        "severity": "S3",
        "remedies": _remedies(100_00),
        "customer_agreed": True,
        "cause_class": "B",
        "checklist": _CHECKLIST,
        "what_was_done": "Refunded the part.",
    },
    "T14": {"remedy_id": str(REMEDY), "what": "The money did not come."},
    "T15": {"sampled": True},
    "T16": {"survey_id": str(RECORD), "root_cause": "wrong_part"},
    "T17": {"score": -60},
    "T18": {"words": "Leave it.", "channel": "phone"},
    "T19": {"target_id": str(RECORD)},
    "T20": {"reason": "recurred", "text": "It squeals again."},
    "T21": {"reason": "new_facts", "text": "He found the invoice."},
    "C1": {"what": "Lin Yue looks after it. You hear more tomorrow."},
    "E1": {"to_level": 2, "reason": "The press called."},
    "E2": {"body": "12315", "reference": "SH-2026-17", "date": iso(-1)},
    "H1": {"to": str(THIRD), "open_points": "Call him back on Friday."},
    "U1": {"operation_id": str(STEP)},
    "D1": {"what": "The name was misspelt.", "reason": "Typing error."},
}
"""What lacks nothing, by transition."""


def complete(step: Transition, state: str, role: str) -> Case:
    """A complaint in *state* with which *role* could take *step*, if state and role are right for it."""
    last = LastStep(STEP, IDS[role], "desk", NOW - timedelta(seconds=10), True, False)
    return Case(
        complaint=_complaint(state, IDS[role]) if state else {},
        actor=Actor(IDS[role], role, "desk", frozenset({TEAM})),
        payload=checked(step, PAYLOADS[step.id], CODES),
        now=NOW,
        limits=Limits(),
        remedies=({"id": REMEDY, "type": "refund", "value": 100_00, "done_at": None},),
        granted=0 if step.id == "T13" else 100_00,
        target={"id": RECORD, "customer_id": CUSTOMER, "state": "INVESTIGATING"},
        last=last,
        open_states=frozenset(state.key for state in workflow().states if state.open),
    )


def _complaint(state: str, proposer: UUID | None) -> dict[str, Any]:
    return {
        "id": COMPLAINT,
        "state": state,
        "customer_id": CUSTOMER,
        "severity": "S3",
        "level": 0,
        "owner_id": AGENT,
        "team_id": TEAM,
        "proposal_version": 2,
        "proposer_id": proposer,
        "wait_until": NOW + timedelta(days=1),
        "answer_until": NOW + timedelta(days=1),
        "follow_up_at": NOW - timedelta(hours=1),
        "sampled": True,
        "csm": 60,
        "rejected_by": OTHER,
        "resolved_at": NOW - timedelta(days=2),
        "closed_at": None,
    }


Change = Callable[[Case], Case]


def _has(**fields: Any) -> Change:
    return lambda case: replace(case, complaint={**case.complaint, **fields})


def _given(**fields: Any) -> Change:
    return lambda case: replace(case, payload={**case.payload, **fields})


def _without(*names: str) -> Change:
    def change(case: Case) -> Case:
        return replace(case, payload={k: v for k, v in case.payload.items() if k not in names})

    return change


def _both(*changes: Change) -> Change:
    def change(case: Case) -> Case:
        for each in changes:
            case = each(case)
        return case

    return change


def _case(**fields: Any) -> Change:
    return lambda case: replace(case, **fields)


def _last(**fields: Any) -> Change:
    return lambda case: replace(case, last=replace(case.last, **fields))  # type: ignore[type-var]


def _checklist(**fields: bool) -> Change:
    return _given(checklist={**_CHECKLIST, **fields})


def _target(**fields: Any) -> Change:
    return lambda case: replace(case, target={**(case.target or {}), **fields})


CIRCUMSTANCES: Mapping[str, Change] = {
    "nobody_named": _without("customer_id"),
    "unidentified_with_call": _both(_without("customer_id"), _given(unidentified=True, call_id=str(RECORD))),
    "unidentified_without_call": _both(_without("customer_id"), _given(unidentified=True)),
    "received_tomorrow": _given(received_at=iso(1)),
    "nine_characters": _given(what_happened="It leaks!"),
    "ten_characters": _given(what_happened="刹车异响，第三次来修。"[:10]),
    "of_another_team": _has(owner_id=OTHER, team_id=UUID(int=99)),
    "owner_is_a_team_mate": _has(owner_id=OTHER),
    "not_ours": _checklist(ours=False),
    "only_a_query": _checklist(not_query=False),
    "reason_query": _given(reason="query"),
    "reason_external": _given(reason="external"),
    "assessed_S1": _given(severity="S1", containment="The car stays here."),
    "assessed_S1_without_containment": _given(severity="S1"),
    **{f"assessed_{severity}": _given(severity=severity) for severity in ("S2", "S3", "S4")},
    **{f"solved_as_{severity}": _given(severity=severity) for severity in ("S1", "S2", "S4")},
    **{f"is_{severity}": _has(severity=severity) for severity in ("S1", "S2", "S4")},
    "no_contact": _without("contacted_at"),
    "one_attempt": _both(_without("contacted_at"), _given(attempts=[iso(-1)])),
    "one_attempt_told_in_two_zones": _both(
        _without("contacted_at"),
        _given(attempts=[iso(-1), (NOW - timedelta(days=1)).astimezone(_EAST).isoformat()]),
    ),
    "two_attempts": _both(_without("contacted_at"), _given(attempts=[iso(-1), iso(-0.5)])),
    "until_yesterday": _given(until=iso(-1)),
    "wait_is_over": _has(wait_until=NOW),
    "no_remedy_line": _given(remedies=[]),
    "none_beside_a_refund": _given(remedies=[*_remedies(1), {"type": "none", "value": 0}]),
    **{f"granted_{sum_}": _case(granted=sum_ * 100) for sum_ in (200, 201, 2000, 2001)},
    **{f"refund_{sum_}": _given(remedies=_remedies(sum_ * 100)) for sum_ in (200, 201, 2001)},
    "proposed_by_another": _has(proposer_id=OTHER),
    "another_supervisor_approved": _case(approvals=frozenset({(THIRD, 2)})),
    "two_supervisors_approved": _case(approvals=frozenset({(THIRD, 2), (ADMINISTRATOR, 2)})),
    "two_approved_one_an_older_version": _case(approvals=frozenset({(THIRD, 2), (ADMINISTRATOR, 1)})),
    "two_approved_one_the_proposer": _case(approvals=frozenset({(THIRD, 2), (OTHER, 2)})),
    "he_approved_before": _case(approvals=frozenset({(SUPERVISOR, 2)})),
    "proposer_approved": _case(approvals=frozenset({(OTHER, 2)})),
    "older_version_approved": _case(approvals=frozenset({(THIRD, 1)})),
    "proposal_changed_since": _has(proposal_version=3),
    "neither_letter_nor_call": _without("letter_id"),
    "told_in_a_call": _both(_without("letter_id"), _given(call_id=str(RECORD))),
    "regime_sentence_missing": _case(wording_missing=("referral right",)),
    "window_over": _both(_given(how="window_over"), _without("accepted_by"), _has(answer_until=NOW)),
    "window_still_open": _given(how="window_over"),
    "nobody_said_to_accept": _without("accepted_by"),
    "remedy_neither_done_nor_ordered": _given(remedies_state=[{"id": str(REMEDY)}]),
    "remedy_ordered": _given(remedies_state=[{"id": str(REMEDY), "order_id": "SO-17"}]),
    "customer_disagrees": _given(customer_agreed=False),
    "remedy_of_another_complaint": _given(remedy_id=str(UUID(int=77))),
    "follow_up_tomorrow": _has(follow_up_at=NOW + timedelta(days=1)),
    "corrective_action": _given(corrective_action={"decided": False, "reason": "A single case."}),
    "score_below_zero": _case(csm=-30),
    "score_of_zero": _case(csm=0),
    "nobody_asked": _without("survey_id"),
    "three_attempts_at_three_parts": _both(_without("survey_id"), _given(attempts=_ATTEMPTS)),
    "three_attempts_at_two_parts": _both(
        _without("survey_id"), _given(attempts=[*_ATTEMPTS[:2], {**_ATTEMPTS[0], "time": iso(-5)}])
    ),
    "customer_declined": _both(_without("survey_id"), _given(declined=True)),
    "cause_not_confirmed": _without("root_cause"),
    "cause_seen_2_times": _case(cause_seen=2),
    "cause_seen_3_times": _case(cause_seen=3),
    "not_sampled": _both(_has(sampled=False), _without("survey_id", "root_cause")),
    "scored_minus_30": _given(score=-30),
    "scored_0": _given(score=0),
    "customer_asks": _given(asked=True),
    "target_of_another_customer": _target(customer_id=OTHER),
    "class_action": _given(class_action=True),
    "target_closed": _target(state="CLOSED"),
    "target_is_itself": _target(id=COMPLAINT),
    "target_unknown": _case(target=None),
    "ended_30_days_ago": _has(resolved_at=NOW - timedelta(days=30)),
    "ended_31_days_ago": _has(resolved_at=NOW - timedelta(days=31)),
    "he_rejected_it": _has(rejected_by=SUPERVISOR),
    "from_level_2": _has(level=2),
    "from_level_3": _has(level=3),
    "to_the_owner": _given(to=str(AGENT)),
    "to_another": _given(to=str(THIRD)),
    "facts_corrected": _given(
        corrections={"what_happened": "It rattles", "outlet": "North", "third_party": ""}
    ),
    "facts_corrected_in_nine_characters": _given(corrections={"what_happened": "It leaks!"}),
    "facts_corrected_to_nothing": _given(corrections={"what_happened": ""}),
    "complainant_corrected": _given(corrections={"complainant": ""}),
    "after_60_seconds": _last(at=NOW - timedelta(seconds=60)),
    "after_61_seconds": _last(at=NOW - timedelta(seconds=61)),
    "done_by_another": _last(actor_id=OTHER),
    "done_at_another_desk": _last(device="elsewhere"),
    "another_step_since": _last(operation_id=RECORD),
    "a_letter_went_out": _last(left_the_house=True),
    "last_step_cannot_be_undone": _last(can_undo=False),
}
