"""From a ringing number to one immutable :class:`~crmdesk.models.screen_pop.ScreenPop`, in one snapshot.

Nobody known: an empty chooser and no record is made. One likely person: his record. Several: the chooser,
each with the reasons. All reads of a pop happen on the caller's connection inside the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from crmdesk.models.screen_pop import CallerNumber, Counters, CustomerCard, Match, ScreenPop, TimelinePage
from crmdesk.models.text import Text, say
from crmdesk.models.types import CallId, CustomerId
from crmdesk.models.worklist import Answer
from crmdesk.services.customers.lookup import recognise
from crmdesk.services.customers.profile import badges, customer_card, tally, verify_facts
from crmdesk.services.customers.timeline import newest_lines
from crmdesk.services.knowledge.prepared import Remembered
from crmdesk.services.knowledge.views import suggested
from crmdesk.values import dataclass

ANSWERS = 5
HISTORY = 20
RECENT_TOPICS = 3
CHINESE_REGIONS = frozenset({"CN", "TW", "HK", "MO", ""})
EMPTY_PAGE = TimelinePage((), None, 0)


@dataclass(frozen=True, slots=True)
class Ring:
    """A call as it reaches an extension, with its number understood; ``region`` is ISO 3166 or empty."""

    call_id: CallId
    call_key: str
    extension: str
    direction: str
    reason: str
    rang_at: datetime
    number: CallerNumber
    region: str = ""
    caller_name: str = ""
    dialled: str = ""
    queue: str = ""


def build_pop(
    connection: Any, ring: Ring, *, now: datetime, language: str, remembered: Remembered | None = None
) -> ScreenPop:
    """Return what the screen shows for *ring*.

    Args:
        connection: a reader inside a transaction.
        ring: the call.
        now: the desk's present moment.
        language: the language of answers for callers nobody knows (zh or en).
        remembered: what the caller keeps of the suggestion sets from pop to pop.
    """
    found = recognise(connection, ring.number, now=now, dialled=ring.dialled)
    pop = _without_customer(ring, found.matches)
    if found.shown is not None:
        return with_customer(connection, pop, found.shown, now=now, remembered=remembered)
    spoken = language if ring.region in CHINESE_REGIONS else "en"
    return replace(pop, answers=_answers(connection, None, (), spoken, remembered))


def with_customer(
    connection: Any,
    pop: ScreenPop,
    customer_id: CustomerId,
    *,
    now: datetime,
    remembered: Remembered | None = None,
) -> ScreenPop:
    """Return *pop* showing the customer *customer_id*: found alone, chosen, or put right."""
    card = customer_card(connection, customer_id, now=now)
    if card is None:
        return pop
    call_id = pop.call_id if pop.reason != "opened" else None
    counted, total = tally(connection, customer_id, now=now, call_id=call_id)
    timeline, recent = newest_lines(connection, customer_id, limit=HISTORY, total=total)
    return replace(
        pop,
        customer=card,
        counters=counted,
        badges=badges(card, counted, now=now),
        timeline=timeline,
        answers=_answers(connection, card, _topics(card, recent), card.language, remembered),
        verify=verify_facts(card),
        warning=_warning(card, pop.number),
    )


def record_view(connection: Any, customer_id: CustomerId, *, now: datetime) -> ScreenPop | None:
    """Return the record of a customer opened by hand, in the shape of a pop without a call; None if gone."""
    ring = Ring(
        call_id=CallId(customer_id),
        call_key="",
        extension="",
        direction="",
        reason="opened",
        rang_at=now,
        number=CallerNumber(None, None, "unknown", ""),
    )
    pop = with_customer(connection, _without_customer(ring, ()), customer_id, now=now)
    return pop if pop.customer else None


def _without_customer(ring: Ring, matches: tuple[Match, ...]) -> ScreenPop:
    return ScreenPop(
        call_id=ring.call_id,
        call_key=ring.call_key,
        extension=ring.extension,
        direction=ring.direction,
        reason=ring.reason,
        rang_at=ring.rang_at,
        number=ring.number,
        caller_name=ring.caller_name,
        dialled=ring.dialled,
        queue=ring.queue,
        matches=matches,
        customer=None,
        badges=(),
        counters=Counters(),
        timeline=EMPTY_PAGE,
        answers=(),
    )


def _answers(
    connection: Any,
    card: CustomerCard | None,
    topics: Sequence[str],
    language: str,
    remembered: Remembered | None,
) -> tuple[Answer, ...]:
    return suggested(
        connection,
        model=card.assets[0].model if card and card.assets else "",
        topics=topics,
        language=language if language == "zh" else "en",
        limit=ANSWERS,
        remembered=remembered,
    )


def _topics(card: CustomerCard, recent: Sequence[str]) -> tuple[str, ...]:
    """Return what this customer has had to do with of late: repeated faults, then *recent* topics."""
    repeated = [fault.code for asset in card.assets for fault in asset.repeat_faults]
    return tuple(dict.fromkeys([*repeated, *recent[:RECENT_TOPICS]]))


def _warning(card: CustomerCard, number: CallerNumber) -> Text | None:
    display = next((p for p in card.numbers if p.warned and p.display == number.display), None)
    return (
        say("This number was wrong for {name} once: ask who is calling.", name=card.name) if display else None
    )
