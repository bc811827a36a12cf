"""What stands in the form of a new complaint, filled from the call and by the agent, and what it lacks.

Everything is text, flag or a pair of texts, as a form holds it and a draft keeps it; ids are their texts,
moments ISO 8601 in UTC.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from crmdesk.models.gates import FACTS_AT_LEAST, MINOR
from crmdesk.models.payload import CHECKLIST, MONEY_LIMIT
from crmdesk.models.text import Text, say
from crmdesk.models.wire import Json
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.complaints.provisional import Matter
    from crmdesk.services.complaints.taking import Intake

NOTHING = "none"
CENTS = 100
_SUM = re.compile(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{0,12})(?:\.([0-9]{0,2}))?")
_NO_SUM = say("A sum is a number, for example 150 or 99.50.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """How it was settled on the call: ``remedies`` are kinds and sums as typed, ``unmet`` what fails."""

    done: str = ""
    remedies: tuple[tuple[str, str], ...] = ()
    agreed: bool = False
    cause_class: str = ""
    unmet: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldFile:
    """A file that waits for the complaint to be saved; its content lies sealed at this desk already."""

    id: str
    name: str
    media_type: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A complaint as it is being written down.

    Attributes:
        complaint_id: given by the form, so that saving twice makes one complaint.
        customer_id: who complains; empty while nobody is identified, then the call stands for him.
        complainant: who speaks, if not the customer; ``third_party`` says how he is related and who agreed.
        restricted: only those who handle it see more than its number and state.
        worth: the sum it is about, as typed; empty when nobody named one.
        files: what will be attached to it.
        solution: how it was solved on the call, None when it is to be handled.
    """

    complaint_id: str
    received_at: str
    customer_id: str = ""
    call_id: str = ""
    asset_id: str = ""
    outlet: str = ""
    language: str = ""
    channel: str = ""
    category: str = ""
    what_happened: str = ""
    remedy_wanted: str = NOTHING
    severity: str = ""
    complainant: str = ""
    third_party: str = ""
    repeat_of: str = ""
    restricted: bool = False
    worth: str = ""
    files: tuple[HeldFile, ...] = ()
    solution: Solution | None = None


def lacking(sheet: Sheet, limit: int | None = None) -> dict[str, Text]:
    """Return by field what must be mended before *sheet* can be saved, the first field first.

    Args:
        sheet: as it stands.
        limit: what this person may grant alone, smallest unit of the currency; None when it is not known yet.
    """
    found: dict[str, Text] = {}
    if not sheet.customer_id and not sheet.call_id:
        found["customer"] = say("Say who complains: find the customer with Ctrl+K, or open it from a call.")
    if len(sheet.what_happened.strip()) < FACTS_AT_LEAST:
        found["what_happened"] = say(
            "Tell what happened in {count} characters at least.", count=FACTS_AT_LEAST
        )
    if not sheet.category:
        found["category"] = say("Choose what it is about.")
    if not sheet.channel:
        found["channel"] = say("Choose how it came in.")
    worth = cents(sheet.worth)
    if worth is None or worth > MONEY_LIMIT:
        found["worth"] = _NO_SUM
    if sheet.complainant.strip() and not sheet.third_party.strip():
        found["third_party"] = say("Say how he is related to the customer, and that the customer agrees.")
    if sheet.solution is not None:
        found |= _unsolved(sheet.solution, sheet.severity, limit)
    return found


def _unsolved(solution: Solution, severity: str, limit: int | None) -> dict[str, Text]:
    found: dict[str, Text] = {}
    if severity not in MINOR:
        found["severity"] = say("Only S3 and S4 are solved on the call. Accept it and assess it.")
    if not solution.done.strip():
        found["done"] = say("Say what was done.")
    sums = [cents(value) for _, value in solution.remedies]
    if None in sums:
        found["remedies"] = _NO_SUM
    elif limit is not None and sum(filter(None, sums)) > limit:
        found["remedies"] = say("This is more than you may grant alone. Propose it instead.")
    if not solution.cause_class:
        found["cause_class"] = say("Choose why it happened.")
    if not solution.agreed:
        found["agreed"] = say("The customer has to agree.")
    if solution.unmet:
        found["unmet"] = say(
            "It is not accepted like this. Save it without solving it; somebody decides on it."
        )
    return found


def cents(typed: str) -> int | None:
    """Return a sum as typed in the smallest unit, 0 when nothing was, None when it is no sum.

    Commas part thousands and nothing else: ``99,50`` may not become 9 950.
    """
    plain = unicodedata.normalize("NFKC", typed).replace("¥", "").strip()
    match = _SUM.fullmatch(plain)
    if match is None or plain == ".":
        return None
    return int(match[1].replace(",", "") or 0) * CENTS + int((match[2] or "").ljust(2, "0"))


def matter(sheet: Sheet, category: str) -> Matter:
    """Return what *sheet* is about as one of *category*; what is no sum counts as none."""
    from crmdesk.services.complaints.provisional import Matter

    return Matter(
        id=UUID(sheet.complaint_id),
        received_at=datetime.fromisoformat(sheet.received_at),
        category=category,
        what_happened=sheet.what_happened,
        customer_id=_id(sheet.customer_id),
        asset_id=_id(sheet.asset_id),
        money=cents(sheet.worth) or 0,
    )


def first_step(sheet: Sheet) -> dict[str, Json]:
    """Return the payload of T1."""
    given = {
        "received_at": sheet.received_at,
        "channel": sheet.channel,
        "category": sheet.category,
        "what_happened": sheet.what_happened,
        "remedy_wanted": sheet.remedy_wanted,
        "customer_id": sheet.customer_id,
        "call_id": sheet.call_id,
        "asset_id": sheet.asset_id,
        "severity": sheet.severity,
    }
    held: dict[str, Json] = {name: value for name, value in given.items() if value}
    return held if sheet.customer_id else {**held, "unidentified": True}


def beside(sheet: Sheet) -> Intake:
    """Return what a complaint has besides the payload of T1."""
    from crmdesk.services.complaints.taking import Intake

    return Intake(
        complainant=sheet.complainant.strip(),
        third_party=sheet.third_party.strip(),
        outlet=sheet.outlet,
        language=sheet.language,
        repeat_of=_id(sheet.repeat_of),
        restricted=sheet.restricted,
        money=cents(sheet.worth) or 0,
    )


def solving(sheet: Sheet) -> dict[str, Json] | None:
    """Return the payload of T13, None when nothing was solved."""
    solution = sheet.solution
    if solution is None:
        return None
    lines = [{"type": kind, "value": cents(value) or 0} for kind, value in solution.remedies if kind]
    return {
        "severity": sheet.severity,
        "remedies": lines or [{"type": NOTHING, "value": 0}],
        "customer_agreed": solution.agreed,
        "cause_class": solution.cause_class,
        "checklist": {key: key not in solution.unmet for key in CHECKLIST},
        "what_was_done": solution.done,
    }


def to_draft(sheet: Sheet) -> dict[str, Json]:
    """Return *sheet* as a draft keeps it."""
    return asdict(sheet)


def from_draft(kept: Mapping[str, Any]) -> Sheet:
    """Return the sheet that a draft keeps; what this edition does not know is left out."""
    known = {name: value for name, value in kept.items() if name in _names(Sheet)}
    solution = known.pop("solution", None)
    known["files"] = tuple(_held(each) for each in known.get("files", ()))
    return Sheet(**known, solution=_solution(solution) if solution else None)


def _id(held: str) -> UUID | None:
    return UUID(held) if held else None


def _held(kept: Mapping[str, Any]) -> HeldFile:
    return HeldFile(**{name: value for name, value in kept.items() if name in _names(HeldFile)})


def _solution(kept: Mapping[str, Any]) -> Solution:
    known = {name: value for name, value in kept.items() if name in _names(Solution)}
    known["remedies"] = tuple((str(kind), str(value)) for kind, value in known.get("remedies", ()))
    known["unmet"] = tuple(known.get("unmet", ()))
    return Solution(**known)


def _names(of: type) -> set[str]:
    return {field.name for field in fields(of)}
