"""The procedure of complaints as data: states, transitions, who may do them, what must hold before.

Made of ``resources/workflow.toml``, which the server is loaded with, too: one definition, two enforcers. What
it may say is a closed list; a fault in it is told when it is loaded, never when a complaint meets it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from crmdesk.errors import InvalidInput
from crmdesk.values import dataclass

ROLES = ("agent", "supervisor", "administrator", "system")
SEVERITIES = ("S1", "S2", "S3", "S4")
START = ""
"""The state of a complaint that is not logged yet."""
BY_ACTOR = "@actor"
"""Where the value of a field comes from that names whoever takes the step."""
SET_BY_EVERY_STEP = frozenset({"state", "next_clock", "next_due_at"})
"""Fields that every step may set: the state as the transition says, and the clock that is due next."""


@dataclass(frozen=True, slots=True)
class State:
    """One state; out of one that is not open a complaint only comes by appeal, reopening or undoing."""

    key: str
    en: str
    zh: str
    open: bool


@dataclass(frozen=True, slots=True)
class Permission:
    """Who may do a transition: one role, on the conditions that are set.

    Attributes:
        role: one of :data:`ROLES`.
        own: only the owner or somebody of the owner's team.
        severities: only while the complaint has one of these; empty: any.
        given: field of the payload → values with which the role may do it.
        gate: the gate that must hold for this role, empty without.
    """

    role: str
    own: bool = False
    severities: tuple[str, ...] = ()
    given: tuple[tuple[str, tuple[str, ...]], ...] = ()
    gate: str = ""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a payload: the name of its type, and whether it must be given."""

    name: str
    type: str
    required: bool


@dataclass(frozen=True, slots=True)
class Transition:
    """One step of the procedure.

    Attributes:
        sources: keys of the states it starts from; empty for the first step.
        target: key of the state it leads to; empty where the state stays or is worked out.
        gates: names of the predicates that must hold, in the order in which a person is told of them.
        server_only: those of the gates that the desk can only forecast.
        reads: fields of the complaint that the gates look at.
        sets: field of the complaint that the step may change → where its value comes from: a field of the
            payload, a part of one (``impact.money``), :data:`BY_ACTOR`, or empty when it is worked out.
        emptied: fields among them that become empty when that field of the payload is not filled in; others
            stay as they are then.
        errands: what it may ask of people, by names of errands of a task.
        undo: may be undone by the same person at the same desk within a minute.
    """

    id: str
    en: str
    zh: str
    sources: tuple[str, ...]
    target: str
    who: tuple[Permission, ...]
    gates: tuple[str, ...]
    server_only: frozenset[str]
    reads: frozenset[str]
    payload: tuple[Field, ...]
    sets: tuple[tuple[str, str], ...]
    emptied: frozenset[str]
    errands: frozenset[str]
    undo: bool

    def starts_from(self, state: str) -> bool:
        """Return whether a complaint in *state* (:data:`START` before it is logged) can take this step."""
        return state in self.sources if self.sources else state == START


@dataclass(frozen=True, slots=True)
class Workflow:
    """The whole procedure; made by :func:`workflow_of`."""

    version: int
    states: tuple[State, ...]
    transitions: tuple[Transition, ...]

    def state(self, key: str) -> State:
        """Return a state by its key; KeyError when there is none."""
        return {state.key: state for state in self.states}[key]

    def transition(self, key: str) -> Transition:
        """Return a transition by its id; KeyError when there is none."""
        return {step.id: step for step in self.transitions}[key]

    def is_open(self, key: str) -> bool:
        """Return whether a complaint in the state *key* still waits for somebody."""
        return self.state(key).open

    def steps_from(self, state: str) -> tuple[Transition, ...]:
        """Return the transitions that start from *state*, in the order of the procedure."""
        return tuple(step for step in self.transitions if step.starts_from(state))


_TABLES = frozenset({"version", "state", "transition"})


def workflow_of(source: Mapping[str, Any], gates: Collection[str], types: Collection[str]) -> Workflow:
    """Return the procedure that *source* (a parsed ``workflow.toml``) describes.

    Args:
        source: tables ``state`` and ``transition``.
        gates: the names of all predicates there are.
        types: the names of all types a field of a payload can have.

    Raises:
        InvalidInput: something in it is unknown, twice or missing; the sentence names the place.
    """
    _only("its tables", source, _TABLES, _TABLES)
    states = tuple(_state(table) for table in source["state"])
    workflow = Workflow(
        version=source["version"],
        states=states,
        transitions=tuple(_transition(table) for table in source["transition"]),
    )
    _refuse_twice("state", [state.key for state in states])
    _refuse_twice("transition", [step.id for step in workflow.transitions])
    for step in workflow.transitions:
        _check(step, {state.key for state in states}, gates, types)
    _refuse_unreachable(workflow)
    return workflow


def _state(table: Mapping[str, Any]) -> State:
    _only("state", table, {"key", "en", "zh", "open"}, {"key", "en", "zh", "open"})
    return State(table["key"], table["en"], table["zh"], table["open"])


_KNOWN = frozenset(
    {"id", "en", "zh", "from", "to", "who", "gates", "server_only", "reads", "payload", "sets"}
    | {"errands", "undo"}
)


def _transition(table: Mapping[str, Any]) -> Transition:
    name = str(table.get("id", "?"))
    _only(name, table, _KNOWN, {"id", "en", "zh", "from", "who", "gates", "reads"})
    sets = table.get("sets", {})
    return Transition(
        id=name,
        en=table["en"],
        zh=table["zh"],
        sources=tuple(table["from"]),
        target=table.get("to", ""),
        who=tuple(_permission(name, each) for each in table["who"]),
        gates=tuple(table["gates"]),
        server_only=frozenset(table.get("server_only", ())),
        reads=frozenset(table["reads"]),
        payload=tuple(
            Field(field, kind.removesuffix("*"), kind.endswith("*"))
            for field, kind in table.get("payload", {}).items()
        ),
        sets=tuple((field, source.removesuffix("?")) for field, source in sets.items()),
        emptied=frozenset(field for field, source in sets.items() if source.endswith("?")),
        errands=frozenset(table.get("errands", ())),
        undo=table.get("undo", False),
    )


def _permission(name: str, table: Mapping[str, Any]) -> Permission:
    _only(name, table, {"role", "own", "severity", "given", "gate"}, {"role"})
    return Permission(
        role=table["role"],
        own=table.get("own", False),
        severities=tuple(table.get("severity", ())),
        given=tuple((field, tuple(values)) for field, values in table.get("given", {}).items()),
        gate=table.get("gate", ""),
    )


def _check(step: Transition, states: set[str], gates: Collection[str], types: Collection[str]) -> None:
    fields = {field.name for field in step.payload}
    asked = {*step.gates, *(each.gate for each in step.who if each.gate)}
    for what, used, known in (
        ("state", {*step.sources, *([step.target] if step.target else [])}, states),
        ("role", {each.role for each in step.who}, set(ROLES)),
        ("severity", {each for who in step.who for each in who.severities}, set(SEVERITIES)),
        ("field", {field for who in step.who for field, _ in who.given}, fields),
        ("field", {source.partition(".")[0] for _, source in step.sets}, {*fields, BY_ACTOR, ""}),
        ("gate", asked, set(gates)),
        ("gate", set(step.server_only), set(step.gates)),
        ("type", {field.type for field in step.payload}, set(types)),
    ):
        unknown = sorted(used - known)
        if unknown:
            raise InvalidInput(
                "workflow.toml, {place}: there is no {what} {names} here.",
                place=step.id,
                what=what,
                names=", ".join(unknown),
            )
    if not step.who:
        raise InvalidInput("workflow.toml, {place}: nobody may do it; name a role.", place=step.id)


def _refuse_unreachable(workflow: Workflow) -> None:
    """Refuse a procedure with a state that no complaint ever comes to."""
    reached, waiting = set[str](), [START]
    while waiting:
        for step in workflow.steps_from(waiting.pop()):
            if step.target and step.target not in reached:
                reached.add(step.target)
                waiting.append(step.target)
    missing = sorted({state.key for state in workflow.states} - reached)
    if missing:
        raise InvalidInput(
            "workflow.toml: no way leads to {names}. Add a transition or take the state out.",
            names=", ".join(missing),
        )


def _only(place: str, table: Mapping[str, Any], known: Collection[str], needed: Collection[str]) -> None:
    unknown, missing = sorted(set(table) - set(known)), sorted(set(needed) - set(table))
    if unknown:
        raise InvalidInput(
            "workflow.toml, {place}: {names} is not known.", place=place, names=", ".join(unknown)
        )
    if missing:
        raise InvalidInput(
            "workflow.toml, {place}: {names} is missing.", place=place, names=", ".join(missing)
        )


def _refuse_twice(what: str, names: list[str]) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(
            "workflow.toml: the {what} {names} stands there twice.", what=what, names=", ".join(twice)
        )
