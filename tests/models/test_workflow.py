"""The procedure is the one that was written down by hand, and no fault in its definition goes unnoticed."""

import csv
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crmdesk.errors import InvalidInput
from crmdesk.models.gates import GATES
from crmdesk.models.payload import TYPES, checked
from crmdesk.models.verdict import possible, verdict
from crmdesk.models.workflow import ROLES, START, Workflow, workflow_of
from tests.models.cases import CIRCUMSTANCES, CODES, PAYLOADS, complete, workflow

EXPECTED = Path(__file__).parents[1] / "data" / "workflow_expected.csv"
PROCEDURE = workflow()
STATES = (START, *(state.key for state in PROCEDURE.states))


def expected() -> list[tuple[str, str, str, str, bool]]:
    with EXPECTED.open(encoding="utf-8", newline="") as file:
        return [
            (row["transition"], START if state == "START" else state, row["role"], row["circumstances"], yes)
            for row in csv.DictReader(file)
            for yes in [{"yes": True, "no": False}[row["verdict"]]]
            for state in row["states"].split()
        ]


LINES = expected()


@pytest.mark.parametrize(
    ("step_id", "state", "role", "circumstances", "may"),
    LINES,
    ids=[" ".join(map(str, each)) for each in LINES],
)
def test_a_step_may_be_done_as_written_down(
    step_id: str, state: str, role: str, circumstances: str, *, may: bool
) -> None:
    step = PROCEDURE.transition(step_id)
    case = complete(step, state, role)
    for name in circumstances.split():
        case = CIRCUMSTANCES[name](case)
    assert verdict(step, case).may is may


def test_what_is_not_written_down_may_not_be_done() -> None:
    written = {(step, state, role) for step, state, role, _, _ in LINES}
    tried = 0
    for step, state, role in product(PROCEDURE.transitions, STATES, ROLES):
        if (step.id, state, role) not in written:
            assert not verdict(step, complete(step, state, role)).may, (step.id, state, role)
            tried += 1
    assert tried > 900


def test_what_is_offered_is_what_state_and_role_allow() -> None:
    written = {(step, state, role) for step, state, role, _, may in LINES if may}
    for state, role in product(STATES, ("agent", "supervisor", "administrator")):
        steps = PROCEDURE.steps_from(state)
        case = complete(steps[0], state, role)
        offered = {each.transition for each in possible(PROCEDURE, case) if each.may}
        assert offered >= {step.id for step in steps if (step.id, state, role) in written}


def test_what_may_be_undone_is_what_was_written_down() -> None:
    assert {step.id for step in PROCEDURE.transitions if step.undo} == {
        *("T2", "T3", "T4", "T5", "T6", "T8", "T16", "T19", "H1")
    }


def test_thirteen_states_and_the_open_ones() -> None:
    assert len(PROCEDURE.states) == 13
    assert {state.key for state in PROCEDURE.states if not state.open} == {
        *("REJECTED", "CLOSED", "WITHDRAWN", "MERGED")
    }


def reached(start: str, without: str = "") -> set[str]:
    """Return the states that steps lead to from *start*, however many, when one may not be taken."""
    found, ahead = set[str](), [start]
    while ahead:
        state = ahead.pop()
        steps = [step for step in PROCEDURE.transitions if step.starts_from(state) and step.id != without]
        new = {step.target for step in steps if step.target} - found
        found |= new
        ahead += new
    return found


def test_no_path_closes_but_through_due_and_close() -> None:
    assert reached(START) == {state.key for state in PROCEDURE.states}, "every state can be come to"
    for needed in ("T15", "T16"):
        assert "CLOSED" not in reached(START, without=needed), needed


@pytest.mark.parametrize(
    ("end", "onwards"), [("REJECTED", {"T21": "ACKNOWLEDGED"}), ("WITHDRAWN", {}), ("MERGED", {})]
)
def test_the_other_ends_are_ends_of_their_own(end: str, onwards: dict[str, str]) -> None:
    steps = [step for step in PROCEDURE.transitions if step.starts_from(end)]
    assert {step.id: step.target for step in steps if step.target} == onwards
    assert not PROCEDURE.is_open(end)


def test_undoing_leads_to_no_end_that_was_not_there() -> None:
    """What was undone is back where it began, so a step that begins at an end would lead there."""
    undone = [step for step in PROCEDURE.transitions if step.undo]
    assert not {state for step in undone for state in step.sources if not PROCEDURE.is_open(state)}


def test_only_closing_leads_to_closed_and_only_due_leads_there() -> None:
    assert [step.id for step in PROCEDURE.transitions if step.target == "CLOSED"] == ["T16"]
    assert PROCEDURE.transition("T16").sources == ("FOLLOW_UP",)
    assert [step.id for step in PROCEDURE.transitions if step.target == "FOLLOW_UP"] == ["T15"]


def _source() -> dict[str, Any]:
    state = {"en": "x", "zh": "x", "open": True}
    step = {"en": "x", "zh": "x", "who": [{"role": "agent"}], "gates": ["facts_told"], "reads": []}
    return {
        "version": 1,
        "state": [{"key": "A", **state}, {"key": "B", **state}],
        "transition": [
            {"id": "T1", "from": [], "to": "A", "payload": {"what": "text*"}, **step},
            {"id": "T2", "from": ["A"], "to": "B", **step},
        ],
    }


FAULTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "its tables: transitions is not known": lambda source: source.update(transitions=[]),
    "its tables: transition is missing": lambda source: source.pop("transition"),
    "there is no state C here": lambda source: source["transition"][1].update({"from": ["C"]}),
    "there is no role boss here": lambda source: source["transition"][1].update(who=[{"role": "boss"}]),
    "there is no gate nonsense here": lambda source: source["transition"][1].update(gates=["nonsense"]),
    "there is no gate undone here": lambda source: source["transition"][1].update(
        who=[{"role": "agent", "gate": "undone"}]
    ),
    "there is no gate other_owner here": lambda source: source["transition"][1].update(
        server_only=["other_owner"]
    ),
    "there is no type texts here": lambda source: source["transition"][0].update(payload={"what": "texts"}),
    "there is no severity S9 here": lambda source: source["transition"][1].update(
        who=[{"role": "agent", "severity": ["S9"]}]
    ),
    "there is no field why here": lambda source: source["transition"][1].update(
        who=[{"role": "agent", "given": {"why": ["x"]}}]
    ),
    "nobody may do it": lambda source: source["transition"][1].update(who=[]),
    "no way leads to B": lambda source: source["transition"].pop(),
    "colour is not known": lambda source: source["transition"][0].update(colour="red"),
    "zh is missing": lambda source: source["transition"][0].pop("zh"),
    "the state A stands there twice": lambda source: source["state"].append(source["state"][0]),
    "the transition T1 stands there twice": lambda source: source["transition"].append(
        source["transition"][0]
    ),
}


def _load(source: dict[str, Any]) -> Workflow:
    return workflow_of(source, GATES, TYPES)


@pytest.mark.parametrize("sentence", FAULTS)
def test_a_fault_in_the_definition_is_told_when_it_is_loaded(sentence: str) -> None:
    source = _source()
    assert _load(source).transition("T2").target == "B"
    FAULTS[sentence](source)
    with pytest.raises(InvalidInput) as told:
        _load(source)
    assert sentence in str(told.value)


@pytest.mark.parametrize("step", PROCEDURE.transitions, ids=lambda step: step.id)
def test_what_must_be_given_is_asked_for_by_name(step: Any) -> None:
    for field in step.payload:
        values = {name: value for name, value in PAYLOADS[step.id].items() if name != field.name}
        if field.required:
            with pytest.raises(InvalidInput) as told:
                checked(step, values, CODES)
            assert told.value.fields == (field.name,)
        else:
            checked(step, values, CODES)


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=20), st.lists(st.integers(), max_size=3),
    st.dictionaries(st.sampled_from(["type", "time", "ours", "id", "x"]), st.text(max_size=5), max_size=3),
)  # fmt: skip


@given(st.sampled_from(PROCEDURE.transitions), st.data())
def test_whatever_is_given_is_taken_cleaned_or_refused_by_name(step: Any, data: st.DataObject) -> None:
    names = [field.name for field in step.payload]
    if not names:
        return
    name = data.draw(st.sampled_from(names))
    try:
        cleaned = checked(step, {**PAYLOADS[step.id], name: data.draw(JUNK)}, CODES)
    except InvalidInput as refusal:
        assert refusal.fields == (name,)
    else:
        assert checked(step, cleaned, CODES) == cleaned


def test_a_field_that_is_not_there_is_refused() -> None:
    with pytest.raises(InvalidInput) as told:
        checked(PROCEDURE.transition("T10"), {"missing": "x", "colour": "red"}, CODES)
    assert told.value.fields == ("colour",)
