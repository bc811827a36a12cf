"""One complaint as figures see it: a narrow row without text."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from crmdesk.values import dataclass

FINDINGS_UPHELD = ("upheld", "partly")


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplaintFact:
    """What figures need of one complaint.

    Moments are UTC, None while it did not come to that; money is whole numbers of the smallest unit.

    Attributes:
        contacted_at: the owner's first conversation with the customer.
        responded_at: the decision was told; the last time if it came back.
        wait_seconds: business seconds spent waiting for the customer, until the decision.
        first_contact: solved on the call (T13).
        accepted: the customer took the decision: said, written or with T13; by silence it is not.
        csm: satisfaction by survey, None without.
        target_at: when it should have been resolved by its severity.
        imported: came from another program, so gates and clocks were not ours.
    """

    id: UUID
    received_at: datetime
    state: str
    severity: str
    category: str = ""
    cause: str = ""
    cause_class: str = ""
    finding: str = ""
    regime: str = "none"
    channel: str = ""
    customer_id: UUID | None = None
    asset_id: UUID | None = None
    outlet_id: UUID | None = None
    owner_id: UUID | None = None
    team_id: UUID | None = None
    acknowledged_at: datetime | None = None
    contacted_at: datetime | None = None
    responded_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    target_at: datetime | None = None
    wait_seconds: int = 0
    remedy_value: int = 0
    level: int = 0
    external: str = ""
    first_contact: bool = False
    accepted: bool = False
    reopened: int = 0
    handed_over: int = 0
    touches: int = 0
    csm: int | None = None
    repeat_of: UUID | None = None
    imported: bool = False
