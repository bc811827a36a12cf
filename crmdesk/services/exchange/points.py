"""Numbers and addresses as given, made contact points: raw, as compared, and digits to search."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from crmdesk.errors import InvalidInput
from crmdesk.models.customer import checked_point
from crmdesk.models.operations import Author, Operation
from crmdesk.models.rules import clean_line
from crmdesk.models.wire import Row
from crmdesk.services.telephony.numbers import ParsedNumber

Parse = Callable[[str | None], ParsedNumber]
ADDRESS_LIMIT = 320
"""Characters of an e-mail address at most (RFC 5321)."""


def phone_point(raw: str, parse: Parse, source: str = "") -> Row:
    """Return the values of a contact point for the number *raw*; refuse what is no number at all."""
    line = clean_line(raw)
    parsed = parse(line)
    if not parsed.national_digits:
        raise InvalidInput("{raw} is no telephone number.", fields=("phones",), raw=line or '""')
    value = parsed.e164 or parsed.national_digits
    point = {"kind": "phone", "raw": line, "value": value, "national": parsed.national_digits}
    return checked_point({**point, "source": source})


def email_point(raw: str, source: str = "") -> Row:
    """Return the values of a contact point for the address *raw*; refuse what cannot be one."""
    line = clean_line(raw)
    name, at, host = line.rpartition("@")
    if not (name and at and "." in host.strip(".")) or " " in line or len(line) > ADDRESS_LIMIT:
        raise InvalidInput("{raw} is no e-mail address.", fields=("emails",), raw=line[:80] or '""')
    return checked_point({"kind": "email", "raw": line, "value": line.lower(), "source": source})


def points_given(values: Mapping[str, Any], parse: Parse, source: str = "") -> list[Row]:
    """Return the contact points for ``phones`` and ``emails`` in *values*, each value once."""
    found = [phone_point(raw, parse, source) for raw in values.get("phones", ())]
    found += [email_point(raw, source) for raw in values.get("emails", ())]
    return list({(point["kind"], point["value"]): point for point in reversed(found)}.values())[::-1]


def added(
    author: Author, owner: Mapping[str, UUID], wanted: Iterable[Row], known: Sequence[Row]
) -> list[Operation]:
    """Return the operations that add those *wanted* points that are not among the *known* ones.

    *owner* holds ``customer_id`` and, for a person of a company, ``contact_id``.
    """
    held = {(point["kind"], point["value"]) for point in known}
    last = max((point["position"] for point in known), default=-1)
    missing = [point for point in wanted if (point["kind"], point["value"]) not in held]
    return [
        author.describe(
            "contact_point.add", {**point, **owner, "id": author.new_id(), "position": last + 1 + n}
        )
        for n, point in enumerate(missing)
    ]


def dropped(
    author: Author, wanted: Iterable[Row], known: Sequence[Row], kinds: Sequence[str]
) -> list[Operation]:
    """Return the operations that drop those *known* points of *kinds* that are not *wanted* any more."""
    kept = {(point["kind"], point["value"]) for point in wanted}
    gone = [p for p in known if p["kind"] in kinds and (p["kind"], p["value"]) not in kept]
    return [author.describe("contact_point.drop", {"id": point["id"]}) for point in gone]
