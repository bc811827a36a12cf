"""Which columns a kind of record has, and how a file's columns become its fields.

Column names are the field names of the interface. A list is one column with a JSON list (or values with ``;``
between them), or numbered columns ``phones.1``, ``phones.2`` …. A mapping ``{field: column}`` renames; where
the words of a file are others than ours, ``{field: {"column": …, "values": {theirs: ours}}}`` (``*``: all the
rest), and ``{field: {"value": …}}`` gives what holds for the whole file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from crmdesk.errors import FileFault, InvalidInput
from crmdesk.models.wire import Json
from crmdesk.services.exchange.tables import Line

ALL_THE_REST = "*"
_NUMBERED = re.compile(r"(?P<name>[a-z_]+)\.(?P<place>[1-9]\d{0,2})")
_BETWEEN = re.compile(r"[;；\n]")


@dataclass(frozen=True, slots=True)
class Exchanged:
    """A kind of record as files hold it. ``needed``: of each group at least one column has to be there."""

    name: str
    fields: tuple[str, ...]
    needed: tuple[tuple[str, ...], ...]
    lists: frozenset[str] = frozenset()
    objects: frozenset[str] = frozenset()
    """Lists whose items are objects; in CSV always one JSON list."""


COMPLAINTS = Exchanged(
    "complaints",
    (
        *("id", "external_id", "number", "state", "severity", "provisional", "level", "external", "regime"),
        *("channel", "category", "language", "customer_id", "asset_id", "outlet", "unidentified", "owner"),
        *("team", "received_at", "logged_at", "acknowledged_at", "contacted_at", "responded_at"),
        *("resolved_at", "closed_at", "wait_for", "wait_until", "answer_until", "follow_up_at", "repeat_of"),
        *("merged_into", "reopen_count", "first_contact", "restricted", "complainant", "third_party"),
        *("what_happened", "remedy_wanted", "ack_channel", "cause_class", "persons", "money"),
        *("containment", "wait_what", "cause", "finding", "reason_text", "internal_reason"),
        *("proposal_version", "proposer_id", "remedy_total", "remedies", "missing", "sent_via"),
        *("refused_why", "accepted", "accepted_by", "accepted_how", "what_was_done", "sampled", "csm"),
        *("score", "declined", "corrective_action", "corrective_reason", "reopen_why", "rejected_by"),
        *("ended_why", "ended_channel", "other_route", "external_reference", "external_at"),
        *("handed_over_by", "hand_overs", "wait_seconds"),
    ),
    (("received_at",), ("state",), ("category",), ("what_happened",)),
    frozenset({"remedies"}),
    frozenset({"remedies"}),
)
_REACHED = ("phones", "emails")
_ALL = (
    Exchanged(
        "customers",
        (
            *("id", "external_id", "kind", "name", "name_alt", "language", "tier", "key_account"),
            *("preferred_channel", "do_not_call", "hint", "address", "city", "first_business_on", *_REACHED),
        ),
        (("name",),),
        frozenset(_REACHED),
    ),
    Exchanged(
        "contacts",
        ("id", "external_id", "customer_id", "name", "name_alt", "role", *_REACHED),
        (("customer_id",), ("name",)),
        frozenset(_REACHED),
    ),
    Exchanged(
        "assets",
        (
            *("id", "external_id", "customer_id", "kind", "model", "plate", "vin", "mileage_km", "built_on"),
            *("warranty_until", "next_service_on", "next_service_km"),
        ),
        (("customer_id",), ("plate", "vin", "model")),
    ),
    Exchanged(
        "visits",
        (
            *("id", "external_id", "asset_id", "visited_at", "outlet", "mileage_km", "summary", "note"),
            *("next_service_on", "next_service_km", "items"),
        ),
        (("asset_id",), ("visited_at",)),
        frozenset({"items"}),
        frozenset({"items"}),
    ),
    Exchanged(
        "articles",
        (
            *("id", "external_id", "lang", "title", "body", "say_this", "do_this", "safety", "models"),
            *("topics", "keywords", "state"),
        ),
        (("title", "body"),),
        frozenset({"models", "topics"}),
    ),
)
KINDS: Mapping[str, Exchanged] = MappingProxyType({kind.name: kind for kind in (*_ALL, COMPLAINTS)})
"""What can be imported and exported, by name."""

ALIASES = MappingProxyType({"phone": "phones", "mobile": "phones", "email": "emails"})


@dataclass(frozen=True, slots=True)
class Plan:
    """Which column feeds which field: single ones, numbered ones of a list; ``unused`` columns feed none.

    ``words``: of a field, our word for each of the file's. ``whole``: what holds for the whole file.
    """

    single: Mapping[str, str]
    numbered: Mapping[str, tuple[str, ...]]
    unused: tuple[str, ...]
    words: Mapping[str, Mapping[str, str]]
    whole: Mapping[str, str]


Mapped = str | Mapping[str, Any]
"""A column, or a table with ``column`` and ``values``, or with ``value``."""


def read_mapping(path: Path) -> dict[str, Mapped]:
    """Return a mapping ``{field: column}`` from a JSON file; raise FileFault for anything else."""
    try:
        held = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise FileFault("The mapping {path} cannot be read.", path=path) from error
    except (ValueError, RecursionError) as error:
        raise FileFault("The mapping {path} is no JSON: {words}.", path=path, words=error) from error
    if not isinstance(held, dict) or not all(_is_mapped(each) for each in held.values()):
        raise FileFault('A mapping is JSON like {{"name": "客户姓名", "phones.1": "手机"}}.')
    return held


def _is_mapped(each: object) -> bool:
    if not isinstance(each, dict):
        return isinstance(each, str)
    if set(each) == {"value"}:
        return isinstance(each["value"], str)
    words = each.get("values")
    return (
        set(each) == {"column", "values"}
        and isinstance(each["column"], str)
        and isinstance(words, dict)
        and all(isinstance(word, str) for word in words.values())
    )


def plan_of(kind: Exchanged, columns: Sequence[str], given: Mapping[str, Mapped]) -> Plan:
    """Return which of *columns* feeds which field of *kind*.

    Raises:
        InvalidInput: the mapping names a field or column that does not exist.
        FileFault: a column that is needed is missing.
    """
    mapping = {
        name: each if isinstance(each, str) else each.get("column", "") for name, each in given.items()
    }
    tables = {name: each for name, each in given.items() if not isinstance(each, str)}
    whole = {name: str(each["value"]) for name, each in tables.items() if "value" in each}
    mapping = {name: column for name, column in mapping.items() if name not in whole}
    _refuse_wrong_mapping(kind, columns, mapping, whole)
    renamed = {column: field for field, column in mapping.items()}
    single: dict[str, str] = {}
    numbered: dict[str, dict[int, str]] = {}
    unused: list[str] = []
    for column in columns:
        field = renamed.get(column) or _field_of(column)
        match = _NUMBERED.fullmatch(field)
        if match and match["name"] in kind.lists - kind.objects:
            numbered.setdefault(match["name"], {})[int(match["place"])] = column
        elif field in kind.fields and field not in whole and mapping.get(field, column) == column:
            single[field] = column
        elif column:
            unused.append(column)
    _refuse_missing(kind, {*single, *numbered, *whole}, columns)
    ordered = {name: tuple(places[n] for n in sorted(places)) for name, places in numbered.items()}
    words = {name: each["values"] for name, each in tables.items() if "values" in each}
    return Plan(single, ordered, tuple(unused), words, whole)


def _field_of(column: str) -> str:
    plain = column.strip().lower().replace(" ", "_")
    return ALIASES.get(plain, plain)


def _refuse_wrong_mapping(
    kind: Exchanged, columns: Sequence[str], mapping: Mapping[str, str], whole: Mapping[str, str]
) -> None:
    fields = [name for name in (*mapping, *whole) if name.split(".")[0] not in kind.fields]
    if fields:
        raise InvalidInput(
            "The mapping names fields that {kind} do not have: {names}. They have: {known}.",
            kind=kind.name,
            names=", ".join(fields),
            known=", ".join(kind.fields),
        )
    absent = [column for column in mapping.values() if column not in columns]
    if absent:
        raise InvalidInput(
            "The mapping names columns that the file does not have: {names}. It has: {known}.",
            names=", ".join(absent),
            known=", ".join(columns),
        )


def _refuse_missing(kind: Exchanged, fed: set[str], columns: Sequence[str]) -> None:
    for group in kind.needed:
        if not fed & set(group):
            raise FileFault(
                "To import {kind} the file needs the column {names}. It has: {known}. Expected are: {wanted}."
                " Name other columns with --mapping.",
                kind=kind.name,
                names=" or ".join(group),
                known=", ".join(columns) or "no columns",
                wanted=", ".join(kind.fields),
            )


def values_of(kind: Exchanged, plan: Plan, line: Line) -> dict[str, Json]:
    """Return the fields of one line; empty cells are left out, so they take nothing away.

    Raises:
        InvalidInput: a cell that should hold a JSON list does not.
    """
    found: dict[str, Json] = dict(plan.whole)
    for field, column in plan.single.items():
        value = line.values.get(column)
        if value is None or value == "":
            continue
        if field in plan.words:
            value = _our_word(field, column, str(value).strip(), plan.words[field])
        found[field] = _listed(kind, field, value) if field in kind.lists else value
    for field, columns in plan.numbered.items():
        cells = [str(line.values.get(column) or "").strip() for column in columns]
        held = [*found.get(field, ()), *(cell for cell in cells if cell)]
        if held:
            found[field] = held
    if "id" in found and "external_id" in kind.fields and "external_id" not in plan.single:
        # Without a column for it, the file's id is the source's own.
        found["external_id"] = str(found.pop("id"))
    return found


def _our_word(field: str, column: str, word: str, words: Mapping[str, str]) -> str:
    ours = words.get(word, words.get(ALL_THE_REST))
    if ours is None:
        raise InvalidInput(
            "The mapping of {name} has no word for {word} in {column}.",
            fields=(field,),
            name=field,
            word=repr(word)[:80],
            column=column,
        )
    return ours


def _listed(kind: Exchanged, field: str, value: Json) -> Json:
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            raise InvalidInput("{name} is no JSON list.", fields=(field,), name=field) from None
    if field in kind.objects:
        raise InvalidInput("{name} is no JSON list.", fields=(field,), name=field)
    return [part.strip() for part in _BETWEEN.split(value) if part.strip()]
