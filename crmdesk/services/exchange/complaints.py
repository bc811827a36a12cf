"""Complaints in files: a row made ready, and what becomes of it.

A complaint that is here already is never changed by an import: work has gone on since. Without a number of
our shape a complaint gets one, and what it was called is kept as the source's id.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import tzinfo
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.errors import Denied, InvalidInput
from crmdesk.models import payload
from crmdesk.models.complaint import Complaint, ComplaintBody, RemedyLine
from crmdesk.models.complaint_effects import IMPORT
from crmdesk.models.complaint_number import read_number
from crmdesk.models.operations import Operation
from crmdesk.models.rules import clean_line, clean_text, within
from crmdesk.models.wire import Json, Row, field_types, from_json, to_json
from crmdesk.models.workflow import SEVERITIES
from crmdesk.services.complaints.importing import Foreign, describe_import, refuse_unknown_codes
from crmdesk.services.complaints.procedure import CENTS, House, procedure, workflow
from crmdesk.services.complaints.taking import give_number, tag_of
from crmdesk.services.exchange.columns import COMPLAINTS
from crmdesk.services.exchange.convert import converted
from crmdesk.services.sync.outbox import is_shared
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.store.unit_of_work import UnitOfWork

NEW, SAME = "new", "same"
ADMINISTRATOR = "administrator"
MONEY = ("money", "remedy_total")
BEHIND: Mapping[str, str] = MappingProxyType({"owner": "owner_id", "team": "team_id"})
ELSEWHERE = frozenset(
    {"id", "remedies", "customer_id", "asset_id", "owner", "team", "repeat_of", "merged_into"}
)
"""Fields that are not simply a value of the complaint."""
LINE_FIELDS = ("type", "due", "proposal_version", "granted_at", "order_id", "done_at", "failed_at")
_PAID = re.compile(r"(\d{1,12})(?:\.(\d{1,2}))?\s*([A-Z]{3})?")
_WORDS: Mapping[str, Callable[[], tuple[str, ...]]] = MappingProxyType(
    {
        "state": lambda: tuple(state.key for state in workflow().states),
        "severity": lambda: SEVERITIES,
        "external": lambda: payload.BODIES,
        "remedy_wanted": lambda: payload.REMEDIES,
        "cause_class": lambda: payload.CAUSE_CLASSES,
        "finding": lambda: payload.FINDINGS,
        "wait_for": lambda: payload.WAIT_FOR,
        "accepted_how": lambda: payload.ACCEPTED_HOW,
        **dict.fromkeys(("channel", "ack_channel", "sent_via", "ended_channel"), lambda: payload.CHANNELS),
    }
)
_NUMBERS: Mapping[str, tuple[int, int]] = MappingProxyType(
    {
        "level": (0, 3),
        "csm": (-90, 90),
        "score": (-90, 90),
        **dict.fromkeys(("reopen_count", "persons", "proposal_version", "hand_overs"), (0, 1_000_000)),
        "wait_seconds": (0, 1 << 40),
    }
)
_LINES = frozenset(field_types(Complaint)) | {"complainant", "third_party", "cause", "accepted_by"}
"""Texts of one line."""


@dataclass(frozen=True, slots=True)
class Importing:
    """By whom complaints are taken over: the house, and the tag with which its own numbers begin."""

    house: House
    tag: str


def ready_complaint(
    values: Mapping[str, Json], zone: tzinfo, currency: str
) -> tuple[Row, list[Json], dict[str, str]]:
    """Return the fields of a complaint by column, its remedies, and what it names.

    Raises:
        InvalidInput: one that is needed is missing, or one is none of its kind.
    """
    values = {name: value for name, value in values.items() if value not in ("", None)}
    typed: Row = {}
    for entity in (Complaint, ComplaintBody):
        known = {name for name in field_types(entity) if name in COMPLAINTS.fields}
        held = {name: values[name] for name in known - ELSEWHERE - set(MONEY) if name in values}
        typed |= converted(entity, held, zone)
    fields = {name: _checked(name, value) for name, value in typed.items()}
    fields |= {name: read_paid(name, values[name], currency) for name in MONEY if name in values}
    fields = {name: value for name, value in fields.items() if value not in ("", None)}
    missing = [group[0] for group in COMPLAINTS.needed if not fields.get(group[0])]
    if missing:
        raise InvalidInput("Please fill in {name}.", fields=tuple(missing), name=", ".join(missing))
    links = {
        name: clean_line(str(values[name])) for name in ELSEWHERE - {"id", "remedies"} if values.get(name)
    }
    lines = [_line(each, zone, currency) for each in _listed(values.get("remedies"))]
    return fields, to_json(lines), links


def _checked(name: str, value: Any) -> Any:
    if name in _WORDS and value and value not in _WORDS[name]():
        choices = ", ".join(_WORDS[name]())
        raise InvalidInput(
            "{name} must be one of: {choices}; this is {value}.",
            fields=(name,),
            name=name,
            choices=choices,
            value=repr(value)[:80],
        )
    if name in _NUMBERS and value is not None and not _NUMBERS[name][0] <= value <= _NUMBERS[name][1]:
        low, high = _NUMBERS[name]
        raise InvalidInput(
            "{name} must be a whole number from {low} to {high}.",
            fields=(name,),
            name=name,
            low=low,
            high=high,
        )
    if isinstance(value, str):
        return within(name, (clean_line if name in _LINES else clean_text)(value)).strip()
    return value


def read_paid(name: str, value: Json, currency: str) -> int:
    """Return money of a file in the smallest unit: ``150.00``, ``150.00 CNY``, or amount and currency."""
    if isinstance(value, Mapping):
        value = f"{value.get('amount')} {value.get('currency')}"
    match = _PAID.fullmatch(str(value).strip())
    if match is None or isinstance(value, bool):
        raise InvalidInput("{name} cannot be {value}.", fields=(name,), name=name, value=repr(value)[:80])
    if match[3] not in (None, currency):
        raise InvalidInput(
            "{name} must be {wanted}.",
            fields=(name,),
            name=name,
            wanted=f"in {currency}, the site's currency",
        )
    return int(match[1]) * CENTS + int((match[2] or "0").ljust(2, "0"))


def _listed(value: Json) -> list[Json]:
    lines = value or []
    if not isinstance(lines, list) or not all(isinstance(each, Mapping) for each in lines):
        raise InvalidInput("{name} is no JSON list.", fields=("remedies",), name="remedies")
    return lines


def _line(given: Mapping[str, Json], zone: tzinfo, currency: str) -> Row:
    """Return one remedy, typed."""
    known = {name: given[name] for name in LINE_FIELDS if given.get(name) is not None}
    typed = converted(RemedyLine, known, zone)
    if typed.get("type") not in payload.REMEDIES:
        choices = ", ".join(payload.REMEDIES)
        raise InvalidInput(
            "{name} must be one of: {choices}.", fields=("remedies",), name="type", choices=choices
        )
    return {**typed, "value": read_paid("remedies", given.get("value") or "0", currency)}


def plan_complaint(
    work: UnitOfWork, ready: Mapping[str, Any], importing: Importing
) -> tuple[str, list[Operation]]:
    """Plan a complaint: taken over when it is new, the same when it is here as it was given.

    Raises:
        Denied: only an administrator of a shared desk may.
        InvalidInput: it names what is not here, or it is here otherwise.
    """
    _refuse_others(work)
    known = procedure(work.connection, importing.house)
    fields: Row = {**_typed(ready["fields"]), **_linked(work, ready["links"])}
    if fields["received_at"] > work.author.now():
        raise InvalidInput(
            "It cannot have been received later than now. Check the time of receipt.", fields=("received_at",)
        )
    codes = {"category": known.codes.categories, "cause": known.codes.causes}
    refuse_unknown_codes(fields, {**codes, "regime": known.codes.regimes | {"none"}})
    lines = [from_json(RemedyLine, each) for each in ready["items"]]
    row, row_id, fields = _known(work, ready["known"], fields)
    if row is not None:
        _refuse_changed(work, row, fields)
        return SAME, []
    fields["number"] = _number(work, importing, fields)
    return NEW, [describe_import(work.author, known.rules, row_id, Foreign(fields, lines))]


def _refuse_others(work: UnitOfWork) -> None:
    author = work.author
    row = work.row("agent", UUID(author.actor)) if author.actor else None
    if is_shared(work.connection) and (row is None or row["role"] != ADMINISTRATOR):
        raise Denied("Only an administrator takes over complaints of another system.")


def _typed(fields: Mapping[str, Json]) -> Row:
    head = {name: value for name, value in fields.items() if name in field_types(Complaint)}
    body = {name: value for name, value in fields.items() if name not in head}
    return {**from_json(ComplaintBody, body), **from_json(Complaint, head)}


def _linked(work: UnitOfWork, links: Mapping[str, str]) -> Row:
    """Return the ids of what a complaint names: by id, or as the source or the shop calls it."""
    found: Row = {}
    for name, given in links.items():
        row_id = _LOOK[name](work, given)
        if row_id is None:
            raise InvalidInput(
                "There is no {what} {given}; import those first.",
                fields=(name,),
                what=name.removesuffix("_id").replace("_", " "),
                given=given[:80],
            )
        found[BEHIND.get(name, name)] = row_id
    return found


def _by(table: str, column: str) -> Callable[[UnitOfWork, str], UUID | None]:
    """Return what finds a row that has to be here, by its id or by *column*."""

    def look(work: UnitOfWork, given: str) -> UUID | None:
        row = work.row(table, UUID(given)) if _is_id(given) else None
        rows = [row] if row else work.rows(table, column, given)
        return rows[0]["id"] if rows else None

    return look


def _as_told(table: str, column: str) -> Callable[[UnitOfWork, str], UUID | None]:
    """Return what takes an id as it is, of who left or what is yet to come, else looks for *column*."""

    def look(work: UnitOfWork, given: str) -> UUID | None:
        if _is_id(given):
            return UUID(given)
        rows = work.rows(table, column, given)
        return rows[0]["id"] if rows else None

    return look


_LOOK: Mapping[str, Callable[[Any, str], UUID | None]] = MappingProxyType(
    {
        "customer_id": _by("customer", "external_id"),
        "asset_id": _by("asset", "external_id"),
        "owner": _as_told("agent", "login"),
        "team": _as_told("team", "key"),
        "repeat_of": _as_told("complaint", "external_id"),
        "merged_into": _as_told("complaint", "external_id"),
    }
)


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _known(work: UnitOfWork, known: Mapping[str, Any], fields: Row) -> tuple[Row | None, UUID, Row]:
    """Return the complaint that is meant if it is here, the id of a new one, and the fields to keep."""
    number = fields.get("number", "")
    if number and read_number(number) is None:
        if fields.get("external_id", number) != number:
            raise InvalidInput(
                "{name}: {value} is no number of crmdesk. Map it to external_id.",
                fields=("number",),
                name="number",
                value=number[:80],
            )
        fields = {**fields, "external_id": number}
        known = known if "id" in known else {"external_id": number}
    if "id" in known:
        row_id = UUID(str(known["id"]))
        return work.row("complaint", row_id), row_id, fields
    if fields.get("external_id"):
        rows = work.rows("complaint", "external_id", fields["external_id"])
        return (rows[0] if rows else None), work.author.new_id(), fields
    row_id = UUID(str(known["content"]))
    return work.row("complaint", row_id), row_id, fields


def _number(work: UnitOfWork, importing: Importing, fields: Row) -> str:
    """Return the number it keeps, else a new one; writing it tells it apart from one that another carries."""
    number = read_number(fields.get("number", ""))
    if number is None:
        tag = tag_of(work.connection, importing.tag)
        return give_number(work.connection, fields["received_at"], importing.house.tzinfo, tag)
    return str(number)


def _refuse_changed(work: UnitOfWork, head: Row, fields: Row) -> None:
    """Refuse a row that says something else than what is here, or than what was taken over once."""
    body = work.row("complaint_body", head["id"]) or {}
    held = {**body, **head}
    taken = next(
        (
            each
            for each in work.rows("complaint_event", "complaint_id", head["id"])
            if each["transition"] == IMPORT
        ),
        None,
    )
    if taken is not None:
        held = {**held, **_typed(json.loads(taken["after"]))}
    same = {name for name in fields if held.get(name) == fields[name]}
    other = sorted(set(fields) - same - {"number"})
    if other:
        raise InvalidInput(
            "The complaint {number} is here already, and differs in: {names}. An import does not change it.",
            fields=tuple(other),
            number=head["number"],
            names=", ".join(other),
        )
