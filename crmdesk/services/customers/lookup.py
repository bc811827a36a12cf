"""Whose number is this: candidates ranked and explained, never guessed.

The number is compared as a contact point keeps it: E.164, or the digits alone of extensions and short
numbers. What a person decided about the number (``number_choice``) weighs most, then what is open, then who
called from it of late. The work is bounded: of a number that hundreds share, :data:`POOL` contact points and
the last :data:`RECENT_CALLS` callers are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from datetime import datetime
from typing import Any
from uuid import UUID

from crmdesk.models.choice import choice_id
from crmdesk.models.screen_pop import CallerNumber, Match
from crmdesk.models.text import Text, say
from crmdesk.models.types import CustomerId
from crmdesk.services.customers.values import marks, moment_at, rows, zone_of
from crmdesk.values import dataclass

CANDIDATES = 8
"""How many people a chooser offers."""
POOL = 40
RECENT_CALLS = 8
SURE = 0.9
"""From this confidence on a person is shown without asking."""

_POINTS = f"""SELECT customer_id, contact_id, sharing, warned_at IS NOT NULL FROM contact_point
 WHERE value = ? LIMIT {POOL}"""
_POINTS_OF = """SELECT customer_id, contact_id, sharing, warned_at IS NOT NULL FROM contact_point
 WHERE customer_id IN ({}) AND +value = ?"""
_CALLS = f"""SELECT customer_id, started_at, dialled FROM call
 WHERE number_value = ? ORDER BY started_at DESC LIMIT {RECENT_CALLS}"""
_CHOICE = "SELECT mode, customer_id FROM number_choice WHERE id = ?"
_TASKS = """SELECT customer_id, max(kind = 'callback') FROM task
 WHERE customer_id IN ({}) AND state = 'open' GROUP BY customer_id"""
_HEADS = "SELECT id, name, name_alt, kind, tier FROM customer WHERE id IN ({})"
_NAMES = "SELECT id, name FROM contact WHERE id IN ({})"


@dataclass(slots=True)
class _Candidate:
    """What is known of one customer who may be calling; ``weight`` grows with each reason."""

    customer: bytes
    contacts: list[bytes] = field(default_factory=list)
    sharing: str = "unknown"
    warned: bool = False
    on_record: bool = True
    weight: float = 1.0
    reasons: list[tuple[float, Text]] = field(default_factory=list)

    def because(self, weight: float, text: Text) -> None:
        """Add a reason of that *weight*."""
        self.weight += weight
        self.reasons.append((weight, text))


@dataclass(frozen=True, slots=True)
class _Choice:
    mode: str = ""
    customer: bytes | None = None


def number_key(number: CallerNumber) -> str:
    """Return the form in which contact points and calls hold *number*; empty when nothing was sent."""
    if number.e164 is not None:
        return number.e164
    if number.kind not in ("extension", "short"):
        return ""
    return "".join(c for c in number.raw or "" if c.isascii() and c.isdigit())


def match_number(
    connection: Any, number: CallerNumber, *, now: datetime, dialled: str = ""
) -> tuple[Match, ...]:
    """Return the customers *number* may belong to, best first, at most :data:`CANDIDATES`; none: empty.

    Args:
        connection: a reader.
        number: as understood; withheld and invalid ones match nobody.
        now: the desk's moment; its zone decides what "yesterday" is.
        dialled: the line that was called, which tells people of one number apart when they differ in it.
    """
    return recognise(connection, number, now=now, dialled=dialled).matches


@dataclass(frozen=True, slots=True)
class Recognised:
    """The customers of a number, best first, and the one whom the screen may show at once.

    Shown is the one confident match, or the customer somebody said this number always belongs to; None when a
    person has to choose. Never shown are any when "always ask" was said, nor the likeliest of several.
    """

    matches: tuple[Match, ...] = ()
    shown: CustomerId | None = None


def recognise(connection: Any, number: CallerNumber, *, now: datetime, dialled: str = "") -> Recognised:
    """Do :func:`match_number` and decide who of them is shown."""
    key = number_key(number)
    if not key:
        return Recognised()
    choice = _choice(connection, key)
    calls = rows(connection, _CALLS, key)
    candidates = _candidates(connection, key, [choice.customer, *(customer for customer, *_ in calls)])
    if not candidates:
        return Recognised()
    _by_sharing(candidates.values())
    _by_calls(candidates, calls, now, dialled)
    _by_tasks(connection, candidates)
    if choice.mode == "last" and choice.customer in candidates:
        candidates[choice.customer].because(3.0, say("chosen last time for this number"))
    best = sorted(candidates.values(), key=lambda c: -_worth(c, choice))[:CANDIDATES]
    matches = _matches(connection, best, choice)
    return Recognised(matches, _shown(matches, choice))


def _shown(matches: tuple[Match, ...], choice: _Choice) -> CustomerId | None:
    if not matches or matches[0].confidence < SURE or choice.mode == "ask":
        return None
    always = choice.mode == "customer" and matches[0].customer_id.bytes == choice.customer
    return matches[0].customer_id if always or len(matches) == 1 else None


def _choice(connection: Any, key: str) -> _Choice:
    found = rows(connection, _CHOICE, choice_id(key).bytes)
    return _Choice(*found[0]) if found else _Choice()


def _candidates(connection: Any, key: str, callers: list[bytes | None]) -> dict[bytes, _Candidate]:
    """Return who has the number, and the *callers* who used it without having it on record."""
    found = rows(connection, _POINTS, key)
    further = sorted({customer for customer in callers if customer})
    if len(found) == POOL and further:
        found += rows(connection, _POINTS_OF.format(marks(len(further))), *further, key)
    candidates: dict[bytes, _Candidate] = {}
    for customer, contact, sharing, warned in found:
        held = candidates.setdefault(customer, _Candidate(customer))
        held.sharing = sharing if held.sharing == "unknown" else held.sharing
        held.warned = held.warned or bool(warned)
        if contact and contact not in held.contacts:
            held.contacts.append(contact)
    for customer in further:
        candidates.setdefault(customer, _Candidate(customer, on_record=False, weight=0.5))
    return candidates


def _by_sharing(candidates: Iterable[_Candidate]) -> None:
    for candidate in candidates:
        if candidate.sharing == "own":
            candidate.because(1.0, say("own number"))
        elif candidate.sharing == "shared":
            candidate.reasons.append((0.1, say("shared number")))


def _by_calls(
    candidates: Mapping[bytes, _Candidate], calls: list[tuple[Any, ...]], now: datetime, dialled: str
) -> None:
    """Weigh the last call of each candidate from this number."""
    seen = set()
    for customer, started, line in calls:
        if customer not in candidates or customer in seen:
            continue
        seen.add(customer)
        days = (now.date() - moment_at(started).astimezone(zone_of(now)).date()).days
        weight = 2.0 if days <= 1 else 1.0 if days <= 7 else 0.5
        candidates[customer].because(weight, _ago(days))
        if dialled and line == dialled and any(other != line for _, _, other in calls):
            candidates[customer].because(0.3, say("called the same line before"))


def _ago(days: int) -> Text:
    if days <= 0:
        return say("called today")
    return say("called yesterday") if days == 1 else say("called {n} days ago", n=days)


def _by_tasks(connection: Any, candidates: Mapping[bytes, _Candidate]) -> None:
    for customer, callback in rows(connection, _TASKS.format(marks(len(candidates))), *candidates):
        candidates[customer].because(2.5, say("open call-back") if callback else say("open task"))


def _worth(candidate: _Candidate, choice: _Choice) -> float:
    """Return the weight that counts: a decision beats everything, a wrong pop is not forgotten."""
    if choice.mode == "customer" and candidate.customer == choice.customer:
        return 1_000.0
    return candidate.weight * (0.25 if candidate.warned else 1.0)


def _matches(connection: Any, best: list[_Candidate], choice: _Choice) -> tuple[Match, ...]:
    customers = [candidate.customer for candidate in best]
    heads = {row[0]: row for row in rows(connection, _HEADS.format(marks(len(best))), *customers)}
    contacts = [contact for candidate in best for contact in candidate.contacts[:1]]
    names = dict(rows(connection, _NAMES.format(marks(len(contacts))), *contacts)) if contacts else {}
    held = [candidate for candidate in best if candidate.customer in heads]
    return tuple(
        _match(candidate, heads[candidate.customer], _confidence(candidate, held, choice), names, choice)
        for candidate in held
    )


def _match(
    candidate: _Candidate,
    head: tuple[Any, ...],
    confidence: float,
    names: Mapping[bytes, str],
    choice: _Choice,
) -> Match:
    _, name, name_alt, kind, tier = head
    return Match(
        customer_id=CustomerId(UUID(bytes=candidate.customer)),
        name=name,
        name_alt=name_alt,
        kind=kind,
        tier=tier,
        confidence=confidence,
        reasons=_reasons(candidate, choice),
        contact_name=" · ".join(names[c] for c in candidate.contacts[:1] if c in names),
    )


def _confidence(candidate: _Candidate, held: list[_Candidate], choice: _Choice) -> float:
    """Return how likely it is this customer, two decimals."""
    if choice.mode == "customer" and candidate.customer == choice.customer:
        return 0.98
    if len(held) > 1:
        return round(0.95 * _worth(candidate, choice) / sum(_worth(other, choice) for other in held), 2)
    alone = {"own": 0.97, "unknown": 0.92, "shared": 0.6}[candidate.sharing] if candidate.on_record else 0.6
    return round(alone * (0.5 if candidate.warned else 1.0), 2)


def _reasons(candidate: _Candidate, choice: _Choice) -> tuple[Text, ...]:
    """Return the reasons in words, weightiest first."""
    first = []
    if choice.mode == "customer" and candidate.customer == choice.customer:
        first.append(say("this number is always this customer"))
    if candidate.warned:
        first.append(say("number was wrong once"))
    ordered = sorted(candidate.reasons, key=lambda reason: -reason[0])
    return (*first, *(text for _, text in ordered)) or (say("number on record"),)
