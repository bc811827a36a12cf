"""What may be done with a complaint now: each step with who may do it, its fields, and why it is refused.

The same for the window and for scripts: a form is made of the fields and their choices, and a step that
cannot be done is shown with the sentence that says why. What depends on how the form is filled in is judged
when the step is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmdesk.models import payload
from crmdesk.models.complaint_file import LEVEL_MOST, ComplaintFile, runs
from crmdesk.models.gates import GATES, MINOR, Actor, Case
from crmdesk.models.operations import Rows
from crmdesk.models.rules import TEXT_LIMIT
from crmdesk.models.sending import TOLD_BY
from crmdesk.models.text import Text
from crmdesk.models.verdict import possible, verdict
from crmdesk.models.wire import Json, Row, to_json
from crmdesk.models.workflow import Field, Transition
from crmdesk.services.complaints.approvals import is_one_of_two
from crmdesk.services.complaints.files import ADMINISTRATOR, SUPERVISOR, case_of
from crmdesk.services.complaints.outside import decided_against_us
from crmdesk.services.complaints.procedure import Procedure
from crmdesk.services.complaints.taking import APPROVE
from crmdesk.values import dataclass

ASSESS, CONTAINMENT, NEW_OWNER, EXTERNAL = "T4", "containment", "to", "external"
KNOWN_BEFORE = frozenset(
    {
        *("approvals_enough", "wait_over_for_system", "follow_up_due", "not_who_rejected"),
        *("last_operation_is_ours", "within_undo_window", "nothing_left_the_house"),
    }
)
"""Gates that look at the complaint alone: whatever is filled in, they say the same."""


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values a field can have; names only where the shop has given it some."""

    value: Json
    name_en: str = ""
    name_zh: str = ""


@dataclass(frozen=True, slots=True)
class AskedField:
    """A field of a step's form.

    Attributes:
        type: by its name in ``workflow.toml``.
        choices: values it, or a part of it, can have; empty: anything of its type.
        most: the highest number, the longest text, or for remedies the highest sum in the smallest unit.
        default: what to begin with, a JSON value, None without.
    """

    name: str
    type: str
    required: bool
    choices: tuple[Choice, ...] = ()
    most: int | None = None
    default: Json = None


@dataclass(frozen=True, slots=True)
class Allowed:
    """One step: its names, the roles that may ever do it, its fields, why it is refused now.

    ``here``: it starts from the state the complaint is in, so only something else can refuse it.
    """

    transition: str
    en: str
    zh: str
    who: tuple[str, ...]
    fields: tuple[AskedField, ...]
    refused: tuple[Text, ...]
    here: bool

    @property
    def may(self) -> bool:
        """Whether it may be done, with a form that is filled in well."""
        return not self.refused


def allowed(
    rows: Rows, connection: Any, rules: Procedure, file: ComplaintFile, actor: Actor, now: datetime
) -> tuple[Allowed, ...]:
    """Return every step there is for the complaint of *file*, in the order of the procedure.

    A file without fields is a complaint that is not logged yet: its only step is the first.
    """
    case = case_of(rows, connection, rules, file, actor, {}, now)
    lists = _Lists(rows, connection, rules, case)
    refused = {each.transition: each.refusal for each in possible(rules.rules.workflow, case)}
    logged = bool(file.fields)
    return tuple(
        Allowed(
            transition=step.id,
            en=step.en,
            zh=step.zh,
            who=tuple(dict.fromkeys(each.role for each in step.who)),
            fields=tuple(lists.field(step, field) for field in _asked(step, file, case.open_states)),
            refused=tuple(_refusals(step, case, refused)),
            here=step.id in refused,
        )
        for step in rules.rules.workflow.transitions
        if bool(step.sources) == logged
    )


def _asked(step: Transition, file: ComplaintFile, open_states: Collection[str]) -> Iterable[Field]:
    """Yield the fields of *step* that somebody can fill in.

    Containment is asked for at the assessment, then while its clock runs; a new owner while it is open.
    """
    idle: set[str] = set()
    if step.id != ASSESS and not runs(file.ledger, CONTAINMENT):
        idle.add(CONTAINMENT)
    if file.fields.get("state") not in open_states:
        idle.add(NEW_OWNER)
    return (field for field in step.payload if field.name not in idle)


def _refusals(step: Transition, case: Case, permitted: Mapping[str, Text | None]) -> Iterable[Text]:
    """Yield why *step* cannot be done, whatever is filled in."""
    if step.id not in permitted:
        found = verdict(step, case).refusal
        if found is not None:
            yield found
        return
    lacks = permitted[step.id]
    if lacks is not None:
        yield lacks
    begun = _with_defaults(step, case)
    for name in step.gates:
        refusal = GATES[name](begun) if name in KNOWN_BEFORE else None
        if refusal is not None and not (step.id == APPROVE and is_one_of_two(case)):
            yield refusal


def _with_defaults(step: Transition, case: Case) -> Case:
    given = {field.name: _default(field.name, case) for field in step.payload}
    return replace(case, payload={name: value for name, value in given.items() if value is not None})


_FIXED: Mapping[str, tuple[Json, ...]] = MappingProxyType(
    {
        **payload.CHOICES,
        "level": tuple(range(1, LEVEL_MOST + 1)),
        "checklist": payload.CHECKLIST,
        "remedies": payload.REMEDIES,
        "remedy_wanted": payload.REMEDIES,
        "attempts": payload.DAY_PARTS,
        "corrections": payload.CORRECTED,
    }
)
_MOST: Mapping[str, int] = MappingProxyType(
    {
        "text": TEXT_LIMIT,
        "level": LEVEL_MOST,
        "times": payload.LINES_LIMIT,
        "attempts": payload.LINES_LIMIT,
        "remedies_state": payload.LINES_LIMIT,
    }
)
_ON_THE_CALL = "T13"
_PEOPLE = frozenset({"owner", NEW_OWNER})
_OF_COMPLAINT: Mapping[str, str] = MappingProxyType({"letter_id": "letter", "survey_id": "survey"})


class _Lists:
    """What the fields of one complaint can be chosen from; the shop's lists are read once, when asked for."""

    def __init__(self, rows: Rows, connection: Any, rules: Procedure, case: Case) -> None:
        self._rows = rows
        self._connection = connection
        self._rules = rules
        self._case = case
        self._read: dict[str, tuple[Choice, ...]] = {}

    def field(self, step: Transition, field: Field) -> AskedField:
        """Return *field* of *step* with its choices, its limit and what to begin with."""
        choices, default = self._choices(step, field), _default(field.name, self._case)
        if field.type == "regime":
            default = self._regime()
        if field.type == "reopen_reason" and self._decided_outside():
            default = EXTERNAL
        if field.type in _FIXED and choices and default not in [each.value for each in choices]:
            default = default if isinstance(default, list | dict) else None
        return AskedField(
            name=field.name,
            type=field.type,
            required=field.required,
            choices=choices,
            most=self._most(step, field),
            default=default,
        )

    def _choices(self, step: Transition, field: Field) -> tuple[Choice, ...]:
        if field.type in _FIXED:
            values = [value for value in _FIXED[field.type] if self._may_give(step, field.name, value)]
            return tuple(Choice(value) for value in values)
        if field.name in _OF_COMPLAINT:
            return self._children(_OF_COMPLAINT[field.name], TOLD_BY.get(step.id, ()))
        if field.name == "remedy_id" or field.type == "remedies_state":
            return tuple(Choice(str(row["id"])) for row in self._case.remedies)
        if field.type == "regime":
            regimes = self._rules.rules.regimes.values()
            return (Choice("none"), *(Choice(each.key, each.name_en, each.name_zh) for each in regimes))
        name = "agent" if field.name in _PEOPLE else field.type
        return self._listed(name) if name in _LISTS else ()

    def _regime(self) -> Json:
        """Return what was chosen, else what complaints fall under in this house."""
        chosen = self._case.has("regime")
        return chosen if chosen in self._rules.rules.regimes else self._rules.house.regime or chosen

    def _decided_outside(self) -> bool:
        """Whether what ended here is to be taken up again because a body outside decided so."""
        of = self._case.has("id") if self._case.has("external") else None
        return of is not None and decided_against_us(self._rows.where("complaint_event", "complaint_id", of))

    def _may_give(self, step: Transition, name: str, value: Json) -> bool:
        """Whether the actor's role may choose *value*; a role that may not do the step at all: any."""
        if step.id == _ON_THE_CALL and name == "severity":
            return value in MINOR
        ours = [each for each in step.who if each.role == self._case.actor.role]
        limits = [dict(each.given).get(name) for each in ours]
        return not ours or any(limit is None or value in limit for limit in limits)

    def _most(self, step: Transition, field: Field) -> int | None:
        if field.type == "remedies" and step.id == _ON_THE_CALL:
            limits = self._case.limits
            most = limits.supervisor if self._case.actor.role == SUPERVISOR else limits.agent
            return max(0, most - self._case.granted)
        return payload.MONEY_LIMIT if field.type == "remedies" else _MOST.get(field.type)

    def _children(self, table: str, kinds: tuple[str, ...]) -> tuple[Choice, ...]:
        of = self._case.has("id")
        found = self._rows.where(table, "complaint_id", of) if of else []
        return tuple(Choice(str(row["id"])) for row in found if not kinds or row["kind"] in kinds)

    def _listed(self, name: str) -> tuple[Choice, ...]:
        if name not in self._read:
            sql, convert = _LISTS[name]
            found = self._connection.execute(sql).fetchall()
            self._read[name] = tuple(Choice(convert(value), en, zh) for value, en, zh in found)
        return self._read[name]


_LISTS: Mapping[str, tuple[str, Callable[[Any], Json]]] = MappingProxyType(
    {
        "category": ("SELECT key, name_en, name_zh FROM complaint_category ORDER BY position, key", str),
        "cause": ("SELECT key, name_en, name_zh FROM cause WHERE leaf ORDER BY position, key", str),
        "agent": (
            "SELECT id, CASE WHEN name_en || name_zh = '' THEN login ELSE name_en END, name_zh"
            " FROM agent WHERE active AND role <> 'administrator' ORDER BY extension, login",
            lambda held: str(UUID(bytes=bytes(held))),
        ),
    }
)


def _default(name: str, case: Case) -> Json:
    """Return what the field *name* begins with, None when nothing suggests itself."""
    make = _DEFAULTS.get(name)
    if make is None or (not case.complaint and name != "received_at"):
        return None
    return to_json(make(case)) or None


def _of(name: str) -> Callable[[Case], Any]:
    return lambda case: case.has(name)


def _intake(case: Case) -> Row:
    """Return the texts of the intake for who may correct them, nothing for others."""
    held = {name: case.has(name) or "" for name in payload.CORRECTED}
    return held if case.actor.role == ADMINISTRATOR else {}


def _remedies_state(case: Case) -> list[Row]:
    known = ((row["id"], row["done_at"], row["order_id"]) for row in case.remedies)
    return [
        {"id": row_id, **({"done_at": done} if done else {}), **({"order_id": order} if order else {})}
        for row_id, done, order in known
    ]


_DEFAULTS: Mapping[str, Callable[[Case], Any]] = MappingProxyType(
    {
        "received_at": lambda case: case.now,
        "owner": lambda case: case.has("owner_id") or case.actor.id,
        "ack_channel": _of("channel"),
        "channel": _of("channel"),
        "sent_via": _of("channel"),
        "severity": _of("severity"),
        "impact": lambda case: {"persons": case.has("persons") or 0, "money": case.has("money") or 0},
        "cause": _of("cause"),
        "cause_class": _of("cause_class"),
        "root_cause": _of("cause"),
        "finding": _of("finding"),
        "reason_text": _of("reason_text"),
        "proposal_version": _of("proposal_version"),
        "survey_id": _of("survey_id"),
        "remedies_state": _remedies_state,
        "corrections": _intake,
        "operation_id": _of("last_operation_id"),
        "to_level": lambda case: min(LEVEL_MOST, (case.has("level") or 0) + 1),
    }
)
