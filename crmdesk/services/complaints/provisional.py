"""What logging a complaint brings about by itself: how grave it probably is, and what it repeats."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID

from crmdesk.models.complaint_effects import LOG
from crmdesk.models.payload import checked
from crmdesk.models.text import Text
from crmdesk.models.wire import Json
from crmdesk.services.complaints.procedure import CENTS, Procedure, targets
from crmdesk.services.customers.values import micros, moment_at, rows
from crmdesk.values import dataclass

if TYPE_CHECKING:
    from crmdesk.services.complaints.severity import Provisional, SeverityRule

REPEATS = 20
"""No more earlier complaints are looked at than these."""

_REPEAT = """SELECT id, number, state, received_at, ifnull(repeat_of, id) FROM complaint
 WHERE {} = ? AND received_at >= ? AND received_at <= ? AND category = ? AND state <> 'MERGED'
 ORDER BY received_at DESC LIMIT ?"""


class Gravity(Protocol):
    """Whoever tells how grave something probably is."""

    def provisional(self, text: str, value: Decimal | int | None = None, repeats: int = 0) -> Provisional:
        """Return the severity of what happened."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a new complaint is about, as far as severity and repeats need it.

    Attributes:
        id: of the complaint itself, if it has one already: it does not repeat itself.
        money: the sum it is about, smallest unit; 0 when nobody named one.
    """

    id: UUID | None
    received_at: datetime
    category: str
    what_happened: str
    customer_id: UUID | None
    asset_id: UUID | None
    money: int


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier complaint of which this may be a repeat; ``root`` is the first of the row."""

    id: str
    number: str
    state: str
    received_at: datetime
    root: str


@dataclass(frozen=True, slots=True)
class Weighed:
    """How grave a matter probably is with the reasons, and what it repeats, newest first."""

    severity: str
    because: tuple[Text, ...]
    repeats: tuple[Earlier, ...]

    @property
    def repeat_of(self) -> str:
        """The first of the row that it continues, to which it is linked unless a person says otherwise."""
        return self.repeats[0].root if self.repeats else ""


@cache
def severity_rule() -> SeverityRule:
    """Return the rule a shop begins with. Reads the disk; a tenth of a second the first time."""
    from crmdesk.services.complaints.categories import starter_categories
    from crmdesk.services.complaints.severity import starter_rule

    return starter_rule(starter_categories())


def matter_of(rules: Procedure, fields: Mapping[str, Json], money: int, complaint_id: UUID | None) -> Matter:
    """Return what a complaint with the payload *fields* of its first step is about.

    Raises:
        InvalidInput: a field is missing or wrong.
    """
    told = checked(rules.rules.workflow.transition(LOG), fields, rules.codes)
    ids = {name: UUID(told[name]) if name in told else None for name in ("customer_id", "asset_id")}
    return Matter(
        id=complaint_id,
        received_at=datetime.fromisoformat(told["received_at"]),
        category=told["category"],
        what_happened=told["what_happened"],
        money=money,
        **ids,
    )


def weigh(connection: Any, matter: Matter, gravity: Gravity) -> Weighed:
    """Return what words, sum and history say of *matter*."""
    repeats = earlier(connection, matter)
    found = gravity.provisional(matter.what_happened, Decimal(matter.money) / CENTS or None, len(repeats))
    return Weighed(found.severity, found.because, repeats)


def earlier(connection: Any, matter: Matter) -> tuple[Earlier, ...]:
    """Return what *matter* would repeat: same customer or asset and category, within the window."""
    since = micros(matter.received_at - timedelta(days=targets().repeat_days))
    found: dict[bytes, tuple[Any, ...]] = {}
    for column, value in (("customer_id", matter.customer_id), ("asset_id", matter.asset_id)):
        if value and matter.category:
            of = value.bytes, since, micros(matter.received_at), matter.category, REPEATS
            found |= {row[0]: row for row in rows(connection, _REPEAT.format(column), *of)}
    if matter.id is not None:
        found.pop(matter.id.bytes, None)
    newest = sorted(found.values(), key=lambda row: (-row[3], row[0]))
    return tuple(
        Earlier(str(UUID(bytes=row_id)), number, state, moment_at(at), str(UUID(bytes=root)))
        for row_id, number, state, at, root in newest
    )
