"""What the fields of a transition may hold, each type by its name in ``workflow.toml``.

Values are JSON values, as operations carry them; moments are ISO 8601 with a zone, money whole numbers of the
smallest unit (cents, 分). Each check returns the value cleaned, in JSON types again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.rules import NAME_LIMIT, TEXT_LIMIT, clean_line, clean_text, within
from crmdesk.models.wire import Json
from crmdesk.models.workflow import SEVERITIES, Transition
from crmdesk.values import dataclass

FIRST_YEAR, LAST_YEAR = 1970, 2199
"""Years in which anything told in a step may lie."""
_NO_ZONE, _MINUTE = timedelta(hours=15), timedelta(minutes=1)
CHANNELS = ("phone", "mail", "visit", "web", "letter", "other")
CHECKLIST = ("ours", "facts", "in_time", "undecided", "not_query")
CAUSE_CLASSES = ("A", "B", "C")
FINDINGS = ("upheld", "partly", "not_upheld")
REMEDIES = (
    *("apology", "explanation", "repair", "replacement", "refund", "discount", "compensation"),
    *("voucher", "gift", "process_change", "none"),
)
WAIT_FOR = ("customer", "third_party")
ACCEPTED_HOW = ("said", "written", "window_over")
REJECT_REASONS = ("query", "not_ours", "no_facts", "out_of_time", "decided_before", "other")
REOPEN_REASONS = ("not_satisfied", "recurred", "remedy_failed", "new_facts", "external")
APPEAL_REASONS = ("new_facts", "review")
BODIES = ("12315", "ombudsman", "adr", "court", "media")
FACTS = "what_happened"
CORRECTED = ("complainant", "third_party", FACTS, "outlet")
"""Texts of the intake that an administrator may correct: all of one line but the facts."""
DAY_PARTS = ("morning", "afternoon", "evening")
GRADES = (90, 60, 30, 0, -30, -60, -90)
"""The seven grades of satisfaction, best first."""
MONEY_LIMIT = 100_000_000_00
LINES_LIMIT = 50


@dataclass(frozen=True, slots=True)
class Codes:
    """What a shop has defined: keys of categories, leaves of the tree of causes, remedies wanted, regimes."""

    categories: frozenset[str]
    causes: frozenset[str]
    remedies_wanted: frozenset[str]
    regimes: frozenset[str]


Check = Callable[[str, Json, Codes], Json]
"""Gets the field's name, its value, and the codes; returns the value cleaned or raises InvalidInput."""


def checked(step: Transition, values: Mapping[str, Json], codes: Codes) -> dict[str, Json]:
    """Return *values* cleaned as the payload of *step*; empty ones are left out.

    Raises:
        InvalidInput: a field is unknown, missing, or not of its type; ``fields`` names it.
    """
    known = {field.name for field in step.payload}
    unknown = tuple(sorted(set(values) - known))
    if unknown:
        raise InvalidInput("There is no field {names} here.", fields=unknown, names=", ".join(unknown))
    result: dict[str, Json] = {}
    for field in step.payload:
        value = values.get(field.name)
        cleaned = None if value is None else TYPES[field.type](field.name, value, codes)
        if cleaned not in (None, "", [], {}):
            result[field.name] = cleaned
        elif field.required:
            raise InvalidInput("Please fill in {name}.", fields=(field.name,), name=field.name)
    return result


def _fault(name: str, template: str, **values: object) -> InvalidInput:
    return InvalidInput(template, fields=(name,), name=name, **values)


def _text(name: str, value: Json, _codes: Codes) -> str:
    if not isinstance(value, str):
        raise _fault(name, "{name} must be text.")
    return within(name, clean_text(value), TEXT_LIMIT).strip()


def _flag(name: str, value: Json, _codes: Codes) -> bool:
    if not isinstance(value, bool):
        raise _fault(name, "{name} must be yes or no.")
    return value


def _time(name: str, value: Json, _codes: Codes) -> str:
    return _moment(name, value).isoformat()


def _moment(name: str, value: Json) -> datetime:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        moment = None
    if moment is None or not _is_zone(moment.utcoffset()):
        raise _fault(name, "{name} must be a time with its zone, for example 2026-03-01T09:30+08:00.")
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise _fault(name, "{name} must lie between {first} and {last}.", first=FIRST_YEAR, last=LAST_YEAR)
    return moment


def _is_zone(offset: timedelta | None) -> bool:
    """Whether some place on earth may differ so much from UTC; the server reads whole minutes."""
    return offset is not None and abs(offset) < _NO_ZONE and not offset % _MINUTE


def _times(name: str, value: Json, codes: Codes) -> list[str]:
    return [_time(name, each, codes) for each in _list(name, value)]


def _id(name: str, value: Json, _codes: Codes) -> str:
    try:
        return str(UUID(value))
    except (ValueError, TypeError, AttributeError):
        raise _fault(name, "{name} must be the id of a record.") from None


def _whole(low: int, high: int) -> Check:
    def check(name: str, value: Json, _codes: Codes) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise _fault(name, "{name} must be a whole number from {low} to {high}.", low=low, high=high)
        return value

    return check


def _one_of(*choices: Json) -> Check:
    def check(name: str, value: Json, _codes: Codes) -> Json:
        if not any(type(value) is type(choice) and value == choice for choice in choices):
            raise _fault(name, "{name} must be one of: {choices}.", choices=", ".join(map(str, choices)))
        return value

    return check


def _code(of: Callable[[Codes], frozenset[str]], *also: str) -> Check:
    def check(name: str, value: Json, codes: Codes) -> str:
        if not isinstance(value, str) or (value not in of(codes) and value not in also):
            raise _fault(name, "{name}: {value} is not in the list. Choose one of it.", value=_short(value))
        return value

    return check


def _checklist(name: str, value: Json, codes: Codes) -> dict[str, bool]:
    table = _table(name, value, CHECKLIST)
    return {key: _flag(name, table.get(key, False), codes) for key in CHECKLIST}


def _impact(name: str, value: Json, codes: Codes) -> dict[str, int]:
    table = _table(name, value, ("persons", "money"))
    return {
        "persons": _whole(0, 1_000_000)(name, table.get("persons", 0), codes),
        "money": _whole(0, MONEY_LIMIT)(name, table.get("money", 0), codes),
    }


def _remedies(name: str, value: Json, codes: Codes) -> list[dict[str, Json]]:
    return [_remedy(name, each, codes) for each in _list(name, value)]


def _remedy(name: str, value: Json, codes: Codes) -> dict[str, Json]:
    table = _table(name, value, ("type", "value", "due"))
    line: dict[str, Json] = {
        "type": _one_of(*REMEDIES)(name, table.get("type"), codes),
        "value": _whole(0, MONEY_LIMIT)(name, table.get("value", 0), codes),
    }
    if table.get("due") is not None:
        line["due"] = _time(name, table["due"], codes)
    return line


def _remedies_state(name: str, value: Json, codes: Codes) -> list[dict[str, Json]]:
    result = []
    for each in _list(name, value):
        table = _table(name, each, ("id", "done_at", "order_id"))
        line: dict[str, Json] = {"id": _id(name, table.get("id"), codes)}
        if table.get("done_at") is not None:
            line["done_at"] = _time(name, table["done_at"], codes)
        if table.get("order_id") is not None:
            line["order_id"] = within(name, clean_line(str(table["order_id"])), 200)
        result.append(line)
    return result


def _attempts(name: str, value: Json, codes: Codes) -> list[dict[str, Json]]:
    result = []
    for each in _list(name, value):
        table = _table(name, each, ("time", "part"))
        part = _one_of(*DAY_PARTS)(name, table.get("part"), codes)
        result.append({"time": _time(name, table.get("time"), codes), "part": part})
    return result


def _corrective_action(name: str, value: Json, codes: Codes) -> dict[str, Json]:
    table = _table(name, value, ("decided", "reason"))
    reason = _text(name, table.get("reason", ""), codes)
    if not reason:
        raise _fault(name, "{name}: say why a corrective action is decided or not.")
    return {"decided": _flag(name, table.get("decided"), codes), "reason": reason}


def _corrections(name: str, value: Json, codes: Codes) -> dict[str, Json]:
    """Return the new texts; an empty one takes out what should not stand there."""
    table = _table(name, value, CORRECTED)
    texts = {part: _text(name, text, codes) for part, text in table.items()}
    return {
        part: text if part == FACTS else within(name, clean_line(text), NAME_LIMIT)
        for part, text in texts.items()
    }


def _table(name: str, value: Json, known: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not set(value) <= set(known):
        raise _fault(name, "{name} must have the parts {parts}.", parts=", ".join(known))
    return value


def _list(name: str, value: Json) -> list[Json]:
    if not isinstance(value, list | tuple) or len(value) > LINES_LIMIT:
        raise _fault(name, "{name} must be a list of at most {limit} lines.", limit=LINES_LIMIT)
    return list(value)


def _short(value: Json) -> str:
    return clean_line(str(value))[:40]


CHOICES: Mapping[str, tuple[Json, ...]] = MappingProxyType(
    {
        "score": GRADES,
        "channel": CHANNELS,
        "severity": SEVERITIES,
        "cause_class": CAUSE_CLASSES,
        "finding": FINDINGS,
        "wait_for": WAIT_FOR,
        "accepted_how": ACCEPTED_HOW,
        "reject_reason": REJECT_REASONS,
        "reopen_reason": REOPEN_REASONS,
        "appeal_reason": APPEAL_REASONS,
        "external_body": BODIES,
    }
)
"""The types that are one of a few values."""

TYPES: Mapping[str, Check] = MappingProxyType(
    {
        "text": _text,
        "bool": _flag,
        "time": _time,
        "times": _times,
        "id": _id,
        "count": _whole(1, 1_000_000),
        "level": _whole(1, 3),
        **{name: _one_of(*choices) for name, choices in CHOICES.items()},
        "category": _code(lambda codes: codes.categories),
        "cause": _code(lambda codes: codes.causes),
        "remedy_wanted": _code(lambda codes: codes.remedies_wanted, "none"),
        "regime": _code(lambda codes: codes.regimes, "none"),
        "checklist": _checklist,
        "impact": _impact,
        "remedies": _remedies,
        "remedies_state": _remedies_state,
        "attempts": _attempts,
        "corrective_action": _corrective_action,
        "corrections": _corrections,
    }
)
"""All types there are, by the names that ``workflow.toml`` uses."""
