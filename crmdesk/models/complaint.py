"""Complaints as they are kept: the head everybody sees, and the body, which follows team and role.

Names of fields are those by which the procedure (``resources/workflow.toml``) and its gates know them. Money
is whole numbers of the smallest unit of the site's currency; moments are UTC.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from crmdesk.values import dataclass


@dataclass(kw_only=True)
class ComplaintCategory:
    """What a complaint is about; two levels: one without ``parent`` heads those that name it."""

    id: UUID
    rev: int = 1
    key: str = ""
    parent: str = ""
    name_en: str = ""
    name_zh: str = ""
    needs_asset: bool = False
    position: int = 0


@dataclass(kw_only=True)
class Cause:
    """A cause in the tree: class A, B or C on top; ``leaf`` when it can be chosen as what was found."""

    id: UUID
    rev: int = 1
    key: str = ""
    parent: str = ""
    cause_class: str = ""
    name_en: str = ""
    name_zh: str = ""
    leaf: bool = True
    position: int = 0


SHOWN_OF_RESTRICTED = frozenset(
    {"id", "rev", "number", "state", "owner_id", "team_id", "restricted"}
    | {"received_at", "logged_at", "last_step_at", "closed_at"}
)
"""What those who do not handle a restricted complaint get of its head: that there is one, and whom to ask."""


@dataclass(kw_only=True)
class Complaint:
    """The head of a complaint: what whoever gets the caller on the line must know.

    ``next_clock`` and ``next_due_at`` are the clock that is due next, as of the last step; ``rev`` counts the
    steps, so it is the version that a step names. ``restricted``: see :data:`SHOWN_OF_RESTRICTED`.
    ``external_id``: what it is called in the system it came from.
    """

    id: UUID
    rev: int = 1
    number: str = ""
    state: str = "RECEIVED"
    severity: str = "S3"
    provisional: bool = True
    level: int = 0
    external: str = ""
    regime: str = "none"
    channel: str = ""
    category: str = ""
    language: str = ""
    customer_id: UUID | None = None
    asset_id: UUID | None = None
    call_id: UUID | None = None
    outlet: str = ""
    unidentified: bool = False
    owner_id: UUID | None = None
    team_id: UUID | None = None
    received_at: datetime
    logged_at: datetime
    next_clock: str = ""
    next_due_at: datetime | None = None
    wait_for: str = ""
    wait_until: datetime | None = None
    answer_until: datetime | None = None
    follow_up_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    repeat_of: UUID | None = None
    merged_into: UUID | None = None
    reopen_count: int = 0
    first_contact: bool = False
    restricted: bool = False
    imported: bool = False
    last_operation_id: UUID | None = None
    last_step_at: datetime | None = None
    external_id: str = ""


@dataclass(kw_only=True)
class ComplaintBody:
    """What was said, found and decided; its id is the complaint's.

    ``team_id`` None: everybody reads it; else the team, its supervisors and the owner (``author``).
    ``remedy_total``: sum of the remedies granted, smallest unit. ``wait_seconds``: business time spent
    waiting for the customer.
    """

    id: UUID
    rev: int = 1
    team_id: UUID | None = None
    author: str = ""
    complainant: str = ""
    third_party: str = ""
    what_happened: str = ""
    remedy_wanted: str = ""
    ack_channel: str = ""
    acknowledged_at: datetime | None = None
    contacted_at: datetime | None = None
    cause_class: str = ""
    persons: int = 0
    money: int = 0
    containment: str = ""
    wait_what: str = ""
    cause: str = ""
    finding: str = ""
    reason_text: str = ""
    internal_reason: str = ""
    proposal_version: int = 0
    proposer_id: UUID | None = None
    remedy_total: int = 0
    missing: str = ""
    responded_at: datetime | None = None
    sent_via: str = ""
    refused_why: str = ""
    accepted: bool = False
    accepted_by: str = ""
    accepted_how: str = ""
    what_was_done: str = ""
    sampled: bool | None = None
    survey_id: UUID | None = None
    csm: int | None = None
    score: int | None = None
    declined: bool = False
    corrective_action: bool | None = None
    corrective_reason: str = ""
    reopen_why: str = ""
    rejected_by: UUID | None = None
    ended_why: str = ""
    ended_channel: str = ""
    other_route: str = ""
    external_reference: str = ""
    external_at: datetime | None = None
    handed_over_by: UUID | None = None
    hand_overs: int = 0
    wait_seconds: int = 0


@dataclass(kw_only=True)
class ComplaintEvent:
    """One step that was done, with everything that undoing and auditing need; never changed.

    Its id is the operation's. ``fields`` is the payload, ``before`` the changed fields as they were,
    ``after`` as they became: JSON. ``first_line`` to ``last_line``: the ledger lines it added, 0 to 0: none.
    """

    id: UUID
    rev: int = 1
    complaint_id: UUID
    team_id: UUID | None = None
    author: str = ""
    transition: str = ""
    from_state: str = ""
    to_state: str = ""
    version: int = 1
    at: datetime
    device: str = ""
    fields: str = "{}"
    before: str = "{}"
    after: str = "{}"
    first_line: int = 0
    last_line: int = 0
    remedies: tuple[str, ...] = ()
    left_the_house: bool = False


@dataclass(kw_only=True)
class ClockLine:
    """A line of the ledger of a complaint's clocks; see :mod:`crmdesk.models.clock`.

    ``why_values``: names and values in turns.
    """

    id: UUID
    rev: int = 1
    complaint_id: UUID
    team_id: UUID | None = None
    author: str = ""
    n: int = 1
    clock: str = ""
    event: str = ""
    at: datetime
    since: datetime
    due: datetime
    why: str = ""
    why_values: tuple[str, ...] = ()
    calendar: str = ""
    provisional: bool = False
    undoes: int | None = None


@dataclass(kw_only=True)
class RemedyLine:
    """Something the customer gets. ``void``: proposed, but replaced or undone by the step ``voided_by``."""

    id: UUID
    rev: int = 1
    complaint_id: UUID
    team_id: UUID | None = None
    author: str = ""
    position: int = 0
    type: str = "none"
    value: int = 0
    due: datetime | None = None
    proposal_version: int = 0
    granted_at: datetime | None = None
    order_id: str = ""
    done_at: datetime | None = None
    failed_at: datetime | None = None
    void: bool = False
    voided_by: UUID | None = None


@dataclass(kw_only=True)
class Approval:
    """A supervisor's yes to a proposal as it was under ``proposal_version``."""

    id: UUID
    rev: int = 1
    complaint_id: UUID
    team_id: UUID | None = None
    author: str = ""
    approver_id: UUID | None = None
    proposal_version: int = 0
    at: datetime


@dataclass(kw_only=True)
class Letter:
    """A letter made for a complaint: its text as it was printed. ``sent_at`` None: it has not left the house.

    ``digest`` is the SHA-256 of the PDF as hex digits; the same text makes the same file again.
    """

    id: UUID
    rev: int = 1
    complaint_id: UUID
    team_id: UUID | None = None
    author: str = ""
    kind: str = ""
    language: str = ""
    text: str = ""
    digest: str = ""
    made_at: datetime
    sent_at: datetime | None = None
    sent_via: str = ""


@dataclass(kw_only=True)
class Survey:
    """What a customer answered: item and grade in turns in ``answers``; ``csm`` is their mean, rounded."""

    id: UUID
    rev: int = 1
    complaint_id: UUID | None = None
    customer_id: UUID | None = None
    team_id: UUID | None = None
    author: str = ""
    at: datetime
    answers: tuple[str, ...] = ()
    csm: int | None = None
    again: str = ""
    defection: str = ""
    words: str = ""


@dataclass(kw_only=True)
class CorrectiveAction:
    """What is done so that a cause does not come back, and whether it worked on ``check_at``."""

    id: UUID
    rev: int = 1
    complaint_id: UUID | None = None
    team_id: UUID | None = None
    author: str = ""
    cause: str = ""
    what: str = ""
    owner_id: UUID | None = None
    opened_at: datetime
    due_at: datetime | None = None
    check_at: datetime | None = None
    state: str = "open"
    result: str = ""
