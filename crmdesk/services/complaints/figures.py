"""A few figures over the complaints of this desk: satisfaction, first contact, upheld, reopened, repurchase.

Each is defined once in :mod:`crmdesk.models.metrics`; here only rows are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from crmdesk.models.complaint_fact import ComplaintFact
from crmdesk.models.metrics import (
    FAST,
    SILENT,
    SOLVED,
    VOICED,
    Share,
    csm,
    expected_repurchase,
    first_contact,
    gain_over_silence,
    is_silent,
    reopened,
    repurchase_class,
    upheld,
)
from crmdesk.models.wire import Row
from crmdesk.services.complaints.facts import fact_of
from crmdesk.services.complaints.follow_up import FAST_BUSINESS_DAYS
from crmdesk.services.complaints.procedure import Procedure
from crmdesk.services.store.rows import shape_of
from crmdesk.services.store.values import from_micros, to_micros
from crmdesk.values import dataclass

CLASSES = (FAST, SOLVED, VOICED, SILENT)
PERIOD = timedelta(days=90)
MOST = 20_000
"""No more complaints are read than this: a desk shows its own, reports are the server's."""
_LAST_COMPLAINT = "SELECT max(received_at) FROM complaint WHERE customer_id = ?"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is known of the complaints received in a period, for those who handle them.

    Attributes:
        count: how many complaints were looked at.
        satisfaction: ΣX of the grades given, and N, how many there are.
        classes: how many complaints, or silent customers, are of each class of expected repurchase.
        repurchase: expected repurchase of all; ``voiced_repurchase``: without the silent ones.
        gain: how many more buy again than if those who complained had kept silent.
    """

    since: datetime
    until: datetime
    count: int
    satisfaction: Share
    first_contact: Share
    upheld: Share
    reopened: Share
    classes: tuple[tuple[str, int], ...]
    repurchase: Share
    voiced_repurchase: Share
    gain: float


def figures(connection: Any, rules: Procedure, until: datetime, since: datetime | None = None) -> Figures:
    """Return the figures of complaints received from *since* (90 days before) to *until*.

    Only complaints whose body this person may read are in it.
    """
    since = since or until - PERIOD
    facts = tuple(_facts(connection, since, until))
    surveys = _surveys(connection, since, until)
    classes = [_class(fact, rules) for fact in facts]
    silent = [SILENT] * sum(1 for _ in _silent(connection, surveys, until))
    return Figures(
        since=since,
        until=until,
        count=len(facts),
        satisfaction=csm(grade for survey in surveys for grade in _grades(survey)),
        first_contact=first_contact(facts),
        upheld=upheld(facts),
        reopened=reopened(facts),
        classes=tuple((each, [*classes, *silent].count(each)) for each in CLASSES),
        repurchase=expected_repurchase([*classes, *silent]),
        voiced_repurchase=expected_repurchase(classes),
        gain=gain_over_silence(classes),
    )


def _class(fact: ComplaintFact, rules: Procedure) -> str:
    return repurchase_class(fact, rules.rules.time.close_of(fact.received_at, FAST_BUSINESS_DAYS))


def _facts(connection: Any, since: datetime, until: datetime) -> Iterable[ComplaintFact]:
    """Yield the complaints received in the period, head and body by one statement."""
    head, body = shape_of("complaint"), shape_of("complaint_body")
    columns = [*(f"c.{name}" for name in head.columns), *(f"b.{name}" for name in body.columns)]
    found = connection.execute(
        f"SELECT {', '.join(columns)} FROM complaint AS c JOIN complaint_body AS b ON b.id = c.id"
        " WHERE c.received_at >= ? AND c.received_at < ? ORDER BY c.received_at LIMIT ?",
        (to_micros(since), to_micros(until), MOST),
    )
    for stored in found.fetchall():
        width = len(head.columns)
        yield fact_of({**body.read(stored[width:]), **head.read(stored[:width])})


def _surveys(connection: Any, since: datetime, until: datetime) -> list[Row]:
    shape = shape_of("survey")
    found = connection.execute(
        f"{shape.select} WHERE at >= ? AND at < ? ORDER BY at", (to_micros(since), to_micros(until))
    )
    return [shape.read(stored) for stored in found.fetchall()]


def _grades(survey: Row) -> Iterable[int]:
    """Return the grades of a survey; items and grades stand in turns."""
    return (int(grade) for grade in survey["answers"][1::2])


def _silent(connection: Any, surveys: Sequence[Row], now: datetime) -> Iterable[UUID]:
    """Yield customers whose last answer was bad and who did not complain for long."""
    latest = {row["customer_id"]: row["csm"] for row in surveys if row["customer_id"]}
    for customer, satisfaction in latest.items():
        (at,) = connection.execute(_LAST_COMPLAINT, (customer.bytes,)).fetchone()
        if is_silent(satisfaction, from_micros(at) if at is not None else None, now):
            yield customer
