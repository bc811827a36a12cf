"""What holds of any complaint, whoever does what: the promises of the procedure that need their own proof.

The others are proved where their parts are: no way to the end but through follow-up in ``test_workflow``, one
owner and levels in ``test_steps``, pauses and regimes in ``test_clock``, two desks offline in
``tests/services/sync``, letters in ``test_letters``, figures from the log in ``test_facts``.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from crmdesk.models.gates import Actor, LastStep
from crmdesk.models.verdict import verdict
from tests.models.cases import ADMINISTRATOR, AGENT, NOW, OTHER, STEP, SUPERVISOR, THIRD, complete, workflow

PEOPLE = (AGENT, SUPERVISOR, OTHER, THIRD, ADMINISTRATOR)
SUMS = st.sampled_from((0, 200_00, 200_01, 2_000_00, 2_000_01, 10**7))
ROLES = st.sampled_from(("agent", "supervisor"))


@settings(max_examples=400)
@given(
    ROLES,
    st.sampled_from(PEOPLE),
    st.sampled_from(PEOPLE),
    st.sampled_from(("S1", "S2", "S3", "S4")),
    SUMS,
    st.frozensets(st.tuples(st.sampled_from(PEOPLE), st.integers(1, 3)), max_size=5),
)
def test_nobody_approves_his_own_beyond_his_limit_and_two_do_above_the_supervisors(
    role: str,
    actor: UUID,
    proposer: UUID,
    severity: str,
    granted: int,
    approvals: frozenset[tuple[UUID, int]],
) -> None:
    step = workflow().transition("T9")
    case = complete(step, "PROPOSED", role)
    case = replace(
        case,
        actor=Actor(actor, role, "desk"),
        complaint={**case.complaint, "severity": severity, "proposer_id": proposer},
        granted=granted,
        approvals=approvals,
    )
    yes = {who for who, version in approvals if version == 2} | ({actor} if role == "supervisor" else set())
    others = yes - {proposer}
    limit = 200_00 if role == "agent" else 2_000_00
    alone = actor == proposer and severity in ("S3", "S4") and granted <= limit
    told = verdict(step, case).may
    assert told is (alone or len(others) >= (1 if granted <= 2_000_00 else 2))
    if told and granted > 2_000_00:
        assert len(others) >= 2
    if told and not alone:
        assert others, "somebody else than the proposer said yes"


@given(st.sampled_from(("agent", "supervisor", "system")), st.integers(0, 3), st.integers(1, 3))
def test_a_level_falls_by_a_supervisor_alone(role: str, level: int, to_level: int) -> None:
    step = workflow().transition("E1")
    case = complete(step, "INVESTIGATING", role)
    case = replace(
        case, complaint={**case.complaint, "level": level}, payload={**case.payload, "to_level": to_level}
    )
    assert verdict(step, case).may is (to_level > level or (to_level < level and role == "supervisor"))


@settings(max_examples=200)
@given(
    ROLES,
    st.timedeltas(timedelta(0), timedelta(minutes=3)),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)
def test_undoing_is_for_ones_own_last_step_within_its_minute(
    role: str, ago: timedelta, own: bool, here: bool, can: bool, left: bool
) -> None:
    step = workflow().transition("U1")
    case = complete(step, "INVESTIGATING", role)
    doer = case.actor.id if own else OTHER
    last = LastStep(STEP, doer, "desk" if here else "elsewhere", NOW - ago, can, left)
    may = own and here and can and not left and ago <= timedelta(seconds=60)
    assert verdict(step, replace(case, last=last)).may is may
